package sqlite

import (
	"reflect"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// What was stored before a product had an age, a rating and a weight is read as
// one of which nobody said them.
func TestFactsOfAnOlderVersion(t *testing.T) {
	const stored = `{"v":1,"data":{"skus":["OAK-1"],"brands":["Fjord"],"offers":[{"sku":"OAK-1","regular":{"minor":1000,"currency":"EUR","exponent":2},"stock":1}],"as_of":"2026-11-23T12:00:00Z"}}`
	got, err := factsOfJSON(stored)
	if err != nil {
		t.Fatal(err)
	}
	want := catalog.Facts{
		SKUs: []string{"OAK-1"}, Brands: []string{"Fjord"}, AsOf: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
		Offers: []catalog.Offer{{SKU: "OAK-1", Regular: catalog.Money{Minor: 1000, Currency: "EUR", Exponent: 2}, Stock: catalog.InStock}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if text, err := factsToJSON(got); err != nil || text != stored {
		t.Errorf("written again: %s, %v", text, err)
	}
}
