package retrieval_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// sellers is a shop of 80 products whose titles say what their fields do not,
// of so many out of ten.
func sellers(wrong int) retrieval.Vocabulary {
	var v retrieval.Vocabulary
	for i := range 80 {
		brand, colour, category := "Peak", "Brass", "Trays"
		if i%10 < wrong {
			brand, colour, category = "Best Trade", "A-gold", "Decor"
		}
		v.Add(fmt.Sprintf("Peak Brass Trays, %d", i), catalog.Facts{
			Brands: []string{brand}, Categories: []string{category}, Attributes: []catalog.Attribute{
				{Name: "Color", Values: []string{colour}}, {Name: "Size", Values: []string{"40"}},
			},
			Offers: []catalog.Offer{{Regular: eur(1000)}},
		})
	}
	return v
}

// A field with which titles do not agree makes no filter: neither for what is
// wanted nor against what is not. Prices and stock are facts in any shop, and so
// are fields that no title speaks of.
func TestFieldsThatDoNotDecide(t *testing.T) {
	question := "peak brass trays size 40 under 30 in stock"
	for wrong, want := range map[int]string{
		0: "<30.00 stock Color=Brass Size=40 brand=Peak category=Trays", 1: "<30.00 stock Color=Brass Size=40 brand=Peak category=Trays",
		3: "<30.00 stock Size=40 pages", 9: "<30.00 stock Size=40 pages",
	} {
		u := retrieval.Understand(question, sellers(wrong))
		if got := show(u); got != want {
			t.Errorf("%d of 10 wrong: got %s, want %s", wrong, got, want)
		}
		if why := strings.Join(u.Because, "; "); strings.Contains(why, "searched, not filtered: brass") != (wrong > 1) {
			t.Errorf("%d of 10 wrong: because %s", wrong, why)
		}
	}
	if u := retrieval.Understand("trays without brass", sellers(0)); show(u) != "category=Trays -brass" || u.Text != "trays" {
		t.Errorf("kept with care: %s | %s", show(u), u.Text)
	}
	if u := retrieval.Understand("trays without brass", sellers(9)); show(u) != "pages" || u.Text != "trays without brass" {
		t.Errorf("filled as they like: %s | %s", show(u), u.Text)
	}
}

// A few names that say a colour are no proof against the field.
func TestNamesAreNoProof(t *testing.T) {
	v := sellers(0)
	for i := range 5 {
		v.Add(fmt.Sprintf("Brass Band Mug %d", i), catalog.Facts{Attributes: []catalog.Attribute{{Name: "Color", Values: []string{"White"}}}, Offers: []catalog.Offer{{Regular: eur(900)}}})
	}
	if got := show(retrieval.Understand("brass trays", v)); got != "Color=Brass category=Trays" {
		t.Errorf("got %s", got)
	}
}

// A brand that a shop writes as an attribute of some products is that of those, too,
// of which it is the brand.
func TestBrandsWrittenAsAttributes(t *testing.T) {
	price := []catalog.Offer{{Regular: catalog.Money{Minor: 100, Currency: "EUR", Exponent: 2}}}
	for _, c := range []struct {
		name  string
		facts catalog.Facts
		want  bool
	}{
		{"Marque", catalog.Facts{Brands: []string{"Arboris"}, Offers: price}, true},
		{"pa_marque", catalog.Facts{Brands: []string{"arboris"}, Offers: price}, true},
		{"Marque", catalog.Facts{Attributes: []catalog.Attribute{{Name: "Marque", Values: []string{"Arboris"}}}, Offers: price}, true},
		{"Marque", catalog.Facts{Brands: []string{"Rouli"}, Offers: price}, false},
		{"Couleur", catalog.Facts{Brands: []string{"Arboris"}, Offers: price}, false},
	} {
		f := retrieval.Filter{Attributes: []catalog.Attribute{{Name: c.name, Values: []string{"Arboris"}}}}
		if got := f.Match(catalog.KindProduct, "", "Hochet", c.facts, time.Time{}); got != c.want {
			t.Errorf("%s, %+v: got %v, want %v", c.name, c.facts, got, c.want)
		}
	}
}
