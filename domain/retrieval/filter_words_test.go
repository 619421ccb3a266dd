package retrieval_test

import (
	"reflect"
	"testing"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

func TestFilterInWords(t *testing.T) {
	thirty := catalog.Money{Minor: 3000, Currency: "EUR", Exponent: 2}
	whole := retrieval.Filter{
		Kinds: []catalog.Kind{catalog.KindPage, catalog.KindFAQ}, MinPrice: catalog.Money{Minor: 1000, Currency: "EUR", Exponent: 2}, MaxPrice: thirty, Below: true,
		Language: retrieval.Language{Locale: "de-AT", Kinds: []catalog.Kind{catalog.KindPage}}, InStock: true, OnSale: true, Attributes: []catalog.Attribute{{Name: "Colour", Values: []string{"Blue", "Navy"}}, {Values: []string{"XL"}}},
		Brands: []string{"Acme"}, Categories: []string{"Jackets"}, Without: []string{"leather"}, Free: []string{"gluten", "nut"},
		MinWeight: catalog.ParseWeight("500 g"), Heavier: true, MaxWeight: catalog.ParseWeight("2 kg"), Lighter: true,
	}
	for _, c := range []struct {
		f    retrieval.Filter
		want string
	}{
		{retrieval.Filter{}, ""},
		{retrieval.Filter{MaxPrice: thirty}, "at most " + thirty.String()},
		{retrieval.Filter{MinWeight: catalog.ParseWeight("1 lb"), MaxWeight: catalog.ParseWeight("2 kg")}, "of at least 1 lbs, of at most 2 kg"},
		{whole, "kind: page or faq, in de: page, in stock, on sale, at least " + whole.MinPrice.String() + ", below " + thirty.String() +
			", heavier than 500 g, lighter than 2 kg, Colour: Blue or Navy, any attribute: XL, brand: Acme, category: Jackets, without leather, says that it is without gluten and nut"},
	} {
		if got := c.f.String(); got != c.want {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
	}
	// A field that is added later must be said, too.
	v := reflect.ValueOf(whole)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("field %s is not in this test", v.Type().Field(i).Name)
		}
	}
}
