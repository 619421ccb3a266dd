package retrieval_test

import (
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

func TestFilterMatch(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	is := func(name string, values ...string) []catalog.Attribute {
		return []catalog.Attribute{{Name: name, Values: values}}
	}
	jacket := catalog.Facts{
		Brands: []string{"Peak"}, Categories: []string{"Clothing > Jackets"},
		Attributes: append(is("Colour", "Blue", "Red"), is("Material", "Leather")...),
		Offers: []catalog.Offer{
			{Attributes: is("colour", "Blue"), Regular: eur(9000), Stock: catalog.InStock},
			{Attributes: is("Colour", "Red"), Regular: eur(2500), Sale: eur(2000), SaleTo: now, Stock: catalog.OutOfStock},
		},
	}
	anyColour := catalog.Facts{
		Attributes: is("Colour", "Blue", "Red"),
		Offers:     []catalog.Offer{{Attributes: is("Colour", "Blue"), Regular: eur(100)}, {Regular: eur(200)}},
	}
	page := catalog.Facts{}
	bare := catalog.Facts{Categories: []string{"Uncategorized"}, Offers: []catalog.Offer{{Regular: eur(100)}}}
	for _, c := range []struct {
		name  string
		f     retrieval.Filter
		title string
		facts catalog.Facts
		want  bool
	}{
		{"nothing asked", retrieval.Filter{}, "x", page, true},
		{"kind", retrieval.Filter{Kinds: []catalog.Kind{catalog.KindPage}}, "x", jacket, false},
		{"a price a page has not", retrieval.Filter{MaxPrice: eur(1)}, "x", page, false},
		{"one offer is cheap", retrieval.Filter{MaxPrice: eur(2500)}, "x", jacket, true},
		{"the bound itself", retrieval.Filter{MaxPrice: eur(2500), Below: true}, "x", jacket, false},
		{"blue is not cheap", retrieval.Filter{MaxPrice: eur(2500), Attributes: is("Colour", "Blue")}, "x", jacket, false},
		{"blue is in stock", retrieval.Filter{InStock: true, Attributes: is("Colour", "BLUE")}, "x", jacket, true},
		{"red is not in stock", retrieval.Filter{InStock: true, Attributes: is("Colour", "Red")}, "x", jacket, false},
		{"under any name", retrieval.Filter{InStock: true, Attributes: is("", "Blue")}, "x", jacket, true},
		{"under any name, but not that one", retrieval.Filter{InStock: true, Attributes: is("", "Red")}, "x", jacket, false},
		{"the product's own attribute", retrieval.Filter{Attributes: is("Material", "leather")}, "x", jacket, true},
		{"any value", retrieval.Filter{MinPrice: eur(200), Attributes: is("Colour", "Red")}, "x", anyColour, true},
		{"the sale is over", retrieval.Filter{OnSale: true}, "x", jacket, false},
		{"another currency", retrieval.Filter{MaxPrice: catalog.Money{Minor: 999999, Currency: "USD", Exponent: 2}}, "x", jacket, false},
		{"brand", retrieval.Filter{Brands: []string{"peak"}}, "x", jacket, true},
		{"category above", retrieval.Filter{Categories: []string{"clothing"}}, "x", jacket, true},
		{"part of a category's name", retrieval.Filter{Categories: []string{"Jack"}}, "x", jacket, false},
		{"without, in the title", retrieval.Filter{Without: []string{"rain"}}, "Rain jacket", jacket, false},
		{"without is a whole word", retrieval.Filter{Without: []string{"red"}}, "Bordered rug", page, true},
		{"without finds the plural", retrieval.Filter{Without: []string{"jacket"}}, "x", jacket, false},
		{"without a brand", retrieval.Filter{Without: []string{"Peak"}}, "x", jacket, false},
		{"without a material that it is made of", retrieval.Filter{Without: []string{"leather"}}, "x", jacket, false},
		{"without a colour that need not be chosen", retrieval.Filter{Without: []string{"red"}}, "x", jacket, true},
		{"the other colour is too dear", retrieval.Filter{Without: []string{"red"}, MaxPrice: eur(2500)}, "x", jacket, false},
		{"without all its colours", retrieval.Filter{Without: []string{"red", "blue"}}, "x", jacket, false},
		{"any value leaves a choice", retrieval.Filter{Without: []string{"blue"}}, "x", anyColour, true},
		{"a brand in the title of what has none", retrieval.Filter{Brands: []string{"Fjord"}}, "Fjord mug", bare, true},
		{"a brand in the title of another's", retrieval.Filter{Brands: []string{"Fjord"}}, "Fjord mug", jacket, false},
		{"a category in the title of what is in none", retrieval.Filter{Categories: []string{"Mugs & Cups"}}, "Steel mug", bare, true},
		{"a category in the title of what is in another", retrieval.Filter{Categories: []string{"Mugs & Cups"}}, "Steel mug", jacket, false},
		{"a colour in the title of what has none", retrieval.Filter{Attributes: is("Colour", "Blue")}, "Blue mug", bare, true},
		{"a colour in the title of what has others", retrieval.Filter{Attributes: is("Colour", "Green")}, "Green mug", jacket, false},
		{"a size in the title of what has none", retrieval.Filter{Attributes: is("Size", "42")}, "Mug 42", bare, false},
		{"nothing of it in the title", retrieval.Filter{Brands: []string{"Fjord"}, Categories: []string{"Mugs"}, Attributes: is("Colour", "Blue")}, "Cup", bare, false},
		{"without, and the title says so", retrieval.Filter{Without: []string{"handle"}}, "Bag without handles", page, true},
		{"without, and the title says free", retrieval.Filter{Without: []string{"sugar"}}, "Sugar-free tea", page, true},
		{"without nothing", retrieval.Filter{Without: []string{"", "?"}}, "x", jacket, true},
	} {
		if got := c.f.Match(catalog.KindProduct, "", c.title, c.facts, now); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// What is not wanted is not wanted in a compound, either.
func TestWithoutCompounds(t *testing.T) {
	for _, c := range []struct {
		without, title string
		out            bool
	}{
		{"nuts", "Hazelnut Spread", true},
		{"nuts", "Peanut Butter", true},
		{"nuts", "Bar, no nuts", false},
		{"nuts", "Smooth Almond Butter", true},
		{"nuts", "Nutmeg", false},
		{"nüsse", "Haselnussmus", true},
		{"nuss", "Erdnussbutter", true},
		{"noix", "Pâte de noisettes", true},
		{"wolle", "Wollpullover", true},
		{"kabel", "Kabelloser Kopfhörer", false},
		{"zucker", "Aufstrich zuckerreduziert", false},
		{"corn", "Unicorn Mug", false},
		{"lace", "Necklace", false},
		{"milk", "Buttermilk", true},
		{"wool", "Lambswool Scarf", true},
		{"leder", "Lederhandschuhe", true},
		{"gluten", "Glutenfreie Pasta", false},
		{"red", "Layered Jacket", false},
		{"ink", "Pink Printer", false},
		{"ice", "Device", false},
	} {
		f := retrieval.Filter{Without: []string{c.without}}
		if got := !f.Match(catalog.KindProduct, "", c.title, catalog.Facts{}, time.Time{}); got != c.out {
			t.Errorf("without %s, %s: left out %v, want %v", c.without, c.title, got, c.out)
		}
	}
}
