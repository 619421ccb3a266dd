package catalog_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
)

var asOf = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func eur(minor int64) catalog.Money {
	return catalog.Money{Minor: minor, Currency: "EUR", Exponent: 2}
}

func plain(html string) string { return strings.NewReplacer("<p>", "", "</p>", "").Replace(html) }

func jacket() catalog.Product {
	attr := func(name string, values ...string) catalog.Attribute {
		return catalog.Attribute{Name: name, Values: values}
	}
	return catalog.Product{
		ID: "1", Type: catalog.Variable, Name: "Rain Jacket", SKU: "RJ", Status: catalog.Published, Visibility: catalog.Everywhere,
		Short: "<p>Dry.</p>", Description: "<p>Dry all day.</p>",
		Brands: []string{"Fjell"}, Categories: []string{"Clothing > Jackets"}, Weight: "0.4 kg",
		Attributes: []catalog.Attribute{attr("Colour", "Blue"), attr("Size", "S", "M")},
		Offer:      catalog.Offer{Regular: eur(99900)},
		Variations: []catalog.Variation{
			{ID: "2", Status: catalog.Published, Image: "https://shop.example.com/b.jpg", Offer: catalog.Offer{
				SKU: "RJ-B", Regular: eur(14900), Stock: catalog.InStock, Attributes: []catalog.Attribute{attr("colour", "Blue"), attr("Size")},
			}},
			{ID: "3", Status: catalog.Private, Offer: catalog.Offer{SKU: "RJ-SECRET", Regular: eur(100), Attributes: []catalog.Attribute{attr("Colour", "Gold")}}},
			{ID: "4", Status: catalog.Published, Offer: catalog.Offer{SKU: "RJ-R", Attributes: []catalog.Attribute{attr("Colour", "Red")}}},
		},
	}
}

func TestShown(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*catalog.Product)
		want   bool
	}{
		"as it is":         {func(*catalog.Product) {}, true},
		"catalogue only":   {func(p *catalog.Product) { p.Visibility = catalog.InCatalog }, true},
		"search only":      {func(p *catalog.Product) { p.Visibility = catalog.InSearch }, true},
		"hidden":           {func(p *catalog.Product) { p.Visibility = catalog.Hidden }, false},
		"no visibility":    {func(p *catalog.Product) { p.Visibility = 0 }, false},
		"other visibility": {func(p *catalog.Product) { p.Visibility = 99 }, false},
		"draft":            {func(p *catalog.Product) { p.Status = catalog.Draft }, false},
		"private":          {func(p *catalog.Product) { p.Status = catalog.Private }, false},
		"scheduled":        {func(p *catalog.Product) { p.Status = catalog.Scheduled }, false},
		"trashed":          {func(p *catalog.Product) { p.Status = catalog.Trashed }, false},
		"no status":        {func(p *catalog.Product) { p.Status = 0 }, false},
		"password":         {func(p *catalog.Product) { p.Protected = true }, false},
		"no id":            {func(p *catalog.Product) { p.ID = "" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := jacket()
			c.change(&p)
			if got := p.Shown(); got != c.want {
				t.Errorf("Shown is %v, want %v", got, c.want)
			}
			if got := len(p.ShownVariations()) > 0; got != c.want {
				t.Errorf("variations shown: %v, want %v: those of a hidden product are hidden", got, c.want)
			}
			if got := p.Text(plain) != ""; got != c.want {
				t.Errorf("has text: %v, want %v", got, c.want)
			}
			if got := !reflect.DeepEqual(p.Facts(asOf), catalog.Facts{}); got != c.want {
				t.Errorf("has facts: %v, want %v", got, c.want)
			}
		})
	}
}

func TestFactsOfVariable(t *testing.T) {
	f := jacket().Facts(asOf)
	if len(f.Offers) != 1 || f.Offers[0].SKU != "RJ-B" {
		t.Fatalf("offers are %+v, want the one variation that is published and has a price", f.Offers)
	}
	if got := f.Offers[0].Attributes; len(got) != 1 || got[0].Name != "colour" {
		t.Errorf("attributes of the offer are %v: one without values means any and is left out", got)
	}
	if want := []string{"RJ", "RJ-B", "RJ-R"}; !reflect.DeepEqual(f.SKUs, want) {
		t.Errorf("SKUs are %v, want %v", f.SKUs, want)
	}
	want := []catalog.Attribute{{Name: "Colour", Values: []string{"Blue", "Red"}}, {Name: "Size", Values: []string{"S", "M"}}}
	if !reflect.DeepEqual(f.Attributes, want) {
		t.Errorf("attributes are %v, want %v", f.Attributes, want)
	}
	if f.ImageURL != "https://shop.example.com/b.jpg" {
		t.Errorf("image is %q, want the first variation's, as the product has none", f.ImageURL)
	}
	if r := f.PriceRange(asOf); r.Min != eur(14900) || r.Max != eur(14900) {
		t.Errorf("price is %v to %v: the price at a variable product itself counts for nothing", r.Min, r.Max)
	}
}

func TestFactsByType(t *testing.T) {
	for _, c := range []struct {
		typ      catalog.Type
		offers   int
		external bool
	}{{catalog.Simple, 1, false}, {catalog.External, 1, true}, {catalog.Grouped, 0, false}, {catalog.Variable, 0, false}} {
		p := catalog.Product{ID: "1", SKU: "A", GTIN: "200", Type: c.typ, Name: "x", Status: catalog.Published, Visibility: catalog.Everywhere, Offer: catalog.Offer{Regular: eur(100)}}
		f := p.Facts(asOf)
		if len(f.Offers) != c.offers || f.External != c.external {
			t.Errorf("type %d: %d offers, external %v; want %d, %v", c.typ, len(f.Offers), f.External, c.offers, c.external)
		}
		if c.offers == 1 && (f.Offers[0].SKU != "A" || f.Offers[0].GTIN != "200") {
			t.Errorf("type %d: offer %+v lacks the product's SKU and GTIN", c.typ, f.Offers[0])
		}
		if p.Offer.Regular = (catalog.Money{}); len(p.Facts(asOf).Offers) != 0 {
			t.Errorf("type %d: something without a price is offered", c.typ)
		}
	}
}

func TestTextHasNoPriceAndNoBlocksOfItsOwn(t *testing.T) {
	p := jacket()
	p.Dimensions = "1 cm\n# x"
	if got, want := p.Text(plain), "Weight: 0.4 kg\nDimensions: 1 cm # x\n\nDry.\n\nDry all day."; got != want {
		t.Errorf("text is %q, want %q", got, want)
	}
}

func TestPageAndFAQ(t *testing.T) {
	pg := catalog.Page{ID: "1", Title: "Shipping", Status: catalog.Published, HTML: "<p>Fast.</p>"}
	if got := pg.Text(plain); got != "Fast." {
		t.Errorf("text of a page is %q", got)
	}
	for _, change := range []func(*catalog.Page){
		func(p *catalog.Page) { p.Status = catalog.Draft }, func(p *catalog.Page) { p.Protected = true }, func(p *catalog.Page) { p.Status = 0 },
	} {
		hidden := pg
		change(&hidden)
		if hidden.Shown() || hidden.Text(plain) != "" {
			t.Errorf("shown: %+v", hidden)
		}
	}
	if f := (catalog.FAQ{ID: "1", Question: "Why?"}); f.Shown() {
		t.Error("a question without an answer is shown")
	}
	if f := (catalog.FAQ{ID: "1", Question: "Why?", Answer: "<p>So.</p>"}); f.Text(plain) != "So." {
		t.Errorf("text of a FAQ is %q", f.Text(plain))
	}
}

// Whatever a product is like, facts and text come from what is shown only.
func TestHiddenNeverLeaks(t *testing.T) {
	text := func(string) string { return "description" }
	check := func(status, visibility uint8, protected bool, vstatus []uint8) bool {
		p := catalog.Product{ID: "1", Type: catalog.Variable, Name: "n", Status: catalog.Status(status % 7), Visibility: catalog.Visibility(visibility % 6), Protected: protected}
		shown := 0
		for i, s := range vstatus {
			v := catalog.Variation{ID: fmt.Sprint(i), Status: catalog.Status(s % 7), Offer: catalog.Offer{SKU: fmt.Sprint("v", i), Regular: eur(1)}}
			p.Variations = append(p.Variations, v)
			if v.Status == catalog.Published {
				shown++
			}
		}
		f := p.Facts(asOf)
		if !p.Shown() {
			return len(f.Offers) == 0 && len(f.SKUs) == 0 && p.Text(text) == ""
		}
		return p.Text(text) != "" && p.Status == catalog.Published && !protected && len(f.Offers) == shown && len(f.SKUs) == shown
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

func ExampleProduct_Text() {
	p := catalog.Product{
		ID: "10", Type: catalog.Simple, Name: "Coffee table", SKU: "ASE-01", Status: catalog.Published, Visibility: catalog.Everywhere,
		Description: "<p>Oiled oak.</p>", Weight: "18.5 kg",
	}
	fmt.Println(p.Text(func(html string) string { return strings.NewReplacer("<p>", "", "</p>", "").Replace(html) }))
	// Output:
	// Weight: 18.5 kg
	//
	// Oiled oak.
}

func ExampleProduct_Facts() {
	p := catalog.Product{
		ID: "10", Type: catalog.Simple, Name: "Coffee table", SKU: "ASE-01", Status: catalog.Published, Visibility: catalog.Everywhere,
		Offer: catalog.Offer{Regular: eur(34990), Sale: eur(29900), Stock: catalog.InStock},
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	f := p.Facts(now)
	fmt.Println(f.PriceRange(now).Min, f.Stock())
	// Output: €299.00 instock
}
