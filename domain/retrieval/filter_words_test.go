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
		Brands: []string{"Acme"}, Categories: []string{"Jackets"}, Without: []string{"leather"},
	}
	for _, c := range []struct {
		f    retrieval.Filter
		want string
	}{
		{retrieval.Filter{}, ""},
		{retrieval.Filter{MaxPrice: thirty}, "at most " + thirty.String()},
		{whole, "kind: page or faq, in de: page, in stock, on sale, at least " + whole.MinPrice.String() + ", below " + thirty.String() +
			", Colour: Blue or Navy, any attribute: XL, brand: Acme, category: Jackets, without leather"},
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
