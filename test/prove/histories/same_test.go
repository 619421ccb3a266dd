package histories

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/test/fakes/wooshop"
)

// TestDifferencesAreSeen changes what a shopper may see in each of its fields:
// the comparison must tell.
func TestDifferencesAreSeen(t *testing.T) {
	in := imported(t, 5)
	truth := in.shop.Truth()
	if d := in.differences(t, truth); len(d) > 0 {
		t.Fatalf("differences to begin with: %q", d)
	}
	if d := in.differences(t, truth[1:]); len(d) == 0 {
		t.Error("one thing too many is not seen")
	}
	more := append(slices.Clone(truth), wooshop.Seen{Kind: "product", ID: "9999", Title: "New"})
	if d := in.differences(t, more); len(d) == 0 {
		t.Error("a thing that is missing is not seen")
	}
	tried := map[string]bool{}
	for i := range truth {
		fields := reflect.TypeFor[wooshop.Seen]()
		for f := range fields.NumField() {
			name := fields.Field(f).Name
			page := truth[i].Kind != "product"
			if name == "Kind" || page && name != "ID" && name != "Title" && name != "URL" && name != "Words" {
				continue
			}
			for how := range 2 {
				changed := slices.Clone(truth)
				v := reflect.ValueOf(&changed[i]).Elem().Field(f)
				if !alter(v, how) || name == "Type" && truth[i].Type != "external" {
					continue
				}
				tried[name] = true
				if d := in.differences(t, changed); len(d) == 0 {
					t.Errorf("%s %s: another %s is not seen: %v", truth[i].Kind, truth[i].ID, name, v)
				}
			}
		}
		for o := range truth[i].Offers {
			offer := reflect.TypeFor[wooshop.SeenOffer]()
			for f := range offer.NumField() {
				changed := slices.Clone(truth)
				changed[i].Offers = slices.Clone(truth[i].Offers)
				v := reflect.ValueOf(&changed[i].Offers[o]).Elem().Field(f)
				if alter(v, 0) {
					tried["offer "+offer.Field(f).Name] = true
					if d := in.differences(t, changed); len(d) == 0 && !(offer.Field(f).Name == "Quantity" && !truth[i].Offers[o].Counted) {
						t.Errorf("product %s: another %s of an offer is not seen", truth[i].ID, offer.Field(f).Name)
					}
				}
			}
		}
	}
	for _, name := range []string{"ID", "Title", "URL", "Words", "Brands", "Categories", "Tags", "Attributes", "Image", "Offers", "SKUs", "GTINs", "Weight", "Published", "Stars", "Ratings", "offer Regular", "offer Sale", "offer SaleTo", "offer Stock", "offer Quantity", "offer Counted", "offer Chosen"} {
		if !tried[name] {
			t.Errorf("%s was never changed", name)
		}
	}
}

// alter gives a field another value: one more, or one less. It reports whether
// it could.
func alter(v reflect.Value, how int) bool {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)))
	case v.Kind() == reflect.String && how == 0:
		v.SetString("7 w0x")
	case v.Kind() == reflect.Bool:
		v.SetBool(!v.Bool())
	case v.Kind() == reflect.Int:
		v.SetInt(v.Int() + 1)
	case v.Kind() == reflect.Slice && how == 1 && v.Len() > 0:
		v.Set(v.Slice(1, v.Len()))
	case v.Kind() == reflect.Slice && how == 0:
		one := reflect.New(v.Type().Elem()).Elem()
		switch one.Kind() {
		case reflect.String:
			one.SetString("more w0x")
		case reflect.Array:
			one.Index(0).SetString("Name")
			one.Index(1).SetString("w0x")
		case reflect.Struct:
			one.FieldByName("Regular").SetString("77")
		}
		v.Set(reflect.Append(v.Slice3(0, v.Len(), v.Len()), one))
	default:
		return false
	}
	return true
}
