package woocommerce_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/test/fakes/wooshop"
)

// When a product was first offered, its rating and its weight are facts; a date
// that cannot be one, and a rating of nobody, are none.
func TestAgeRatingAndWeight(t *testing.T) {
	for name, c := range map[string]struct {
		fields, published, rating, weight string
	}{
		"all": {
			`"date_created":"2026-05-04T12:00:00","date_created_gmt":"2026-05-04T10:00:00","average_rating":"4.67","rating_count":12,"weight":"1.2"`,
			"2026-05-04T10:00:00Z", "4.67 of 5 (12 ratings)", "1.2 lbs",
		},
		"numbers for texts":  {`"average_rating":4.5,"rating_count":"2","weight":0.5`, "0001-01-01T00:00:00Z", "4.50 of 5 (2 ratings)", "0.5 lbs"},
		"rated by nobody":    {`"average_rating":"0.00","rating_count":0,"weight":""`, "0001-01-01T00:00:00Z", "", ""},
		"no dates":           {`"date_created_gmt":"0000-00-00T00:00:00"`, "0001-01-01T00:00:00Z", "", ""},
		"Unix's zero":        {`"date_created_gmt":"1970-01-01T00:00:00"`, "0001-01-01T00:00:00Z", "", ""},
		"null":               {`"date_created_gmt":null,"average_rating":null,"rating_count":null,"weight":null`, "0001-01-01T00:00:00Z", "", ""},
		"what cannot be one": {`"average_rating":"very good","rating_count":"many","weight":"light"`, "0001-01-01T00:00:00Z", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := woocommerce.ParseProduct([]byte(`{"id":1,"type":"simple","status":"publish","catalog_visibility":"visible","name":"Table",`+c.fields+`}`),
				woocommerce.RESTConfig{Currency: "USD", Exponent: 2, WeightUnit: "lbs"})
			if err != nil {
				t.Fatal(err)
			}
			f := p.Facts(time.Now())
			if at := f.Published.Format(time.RFC3339); at != c.published || f.Rating.String() != c.rating || f.Weight.String() != c.weight {
				t.Errorf("got %s, %q, %q", at, f.Rating, f.Weight)
			}
		})
	}
}

// What a shop sells how often is its own business: it is neither asked for nor
// read.
func TestSalesAreNotAskedFor(t *testing.T) {
	m := newMarket(t, wooshop.Options{TLS: true}, nil)
	id := m.Create(wooshop.Product{Name: "Table", Regular: "10"})
	m.Order(id, 3)
	if _, err := m.shop().Read(t.Context(), []string{strconv.Itoa(id)}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.shop().Light(t.Context(), "", true, func(catalog.Product) error { return nil }); err != nil {
		t.Fatal(err)
	}
	for _, asked := range m.Asked() {
		if strings.Contains(fmt.Sprint(asked), "total_sales") {
			t.Errorf("asked for %v", asked)
		}
	}
}
