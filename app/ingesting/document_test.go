package ingesting_test

import (
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// A product without age, rating and weight has the revision that it had before
// there were these fields: an upgrade stores nothing anew of it. Each of them makes
// another one.
func TestRevisionOfFactsThatCameLater(t *testing.T) {
	d := retrieval.Document{
		ID: "product:1", Kind: catalog.KindProduct, Title: "Oak table", URL: "https://shop.example.com/product/oak-table/", Body: "It stands.", Shown: true,
		Facts: catalog.Facts{
			SKUs: []string{"OAK-1"}, Brands: []string{"Fjord"}, Categories: []string{"Tables"},
			Offers: []catalog.Offer{{SKU: "OAK-1", Regular: catalog.Money{Minor: 1000, Currency: "EUR", Exponent: 2}, Stock: catalog.InStock}},
		},
	}
	const before = "788f60714b8c72e34bb2b4f43621b633"
	if got := ingesting.Revision(d); got != before {
		t.Errorf("got %s, want %s", got, before)
	}
	seen := map[string]string{before: "nothing"}
	for name, change := range map[string]func(*catalog.Facts){
		"published":      func(f *catalog.Facts) { f.Published = time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC) },
		"rating":         func(f *catalog.Facts) { f.Rating = catalog.Rating{Hundredths: 450, Count: 2} },
		"another rating": func(f *catalog.Facts) { f.Rating = catalog.Rating{Hundredths: 450, Count: 3} },
		"weight":         func(f *catalog.Facts) { f.Weight = catalog.Weight{Milligrams: 1000, Unit: "g"} },
	} {
		other := d
		change(&other.Facts)
		got := ingesting.Revision(other)
		if as, twice := seen[got]; twice {
			t.Errorf("%s has the revision of %s", name, as)
		}
		seen[got] = name
	}
}
