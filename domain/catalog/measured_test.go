package catalog_test

import (
	"fmt"
	"testing"
	"testing/quick"

	"github.com/aiwoochat/woochat/domain/catalog"
)

func TestNewRating(t *testing.T) {
	for _, c := range []struct {
		average string
		count   int64
		want    string
	}{
		{"4.67", 12, "4.67 of 5 (12 ratings)"},
		{"5.00", 1, "5.00 of 5 (1 rating)"},
		{"4,5", 2, "4.50 of 5 (2 ratings)"},
		{"3", 7, "3.00 of 5 (7 ratings)"},
		{"0.00", 0, ""}, // as WooCommerce says that nobody has rated
		{"4.50", 0, ""},
		{"4.50", -1, ""},
		{"0.00", 3, ""},
		{"5.01", 3, ""},
		{"NaN", 3, ""},
		{"", 3, ""},
		{"good", 3, ""},
	} {
		r := catalog.NewRating(c.average, c.count)
		if r.String() != c.want || r.IsSet() != (c.want != "") {
			t.Errorf("%q of %d: %q, want %q", c.average, c.count, r, c.want)
		}
	}
}

func TestParseWeight(t *testing.T) {
	for s, want := range map[string]string{
		"1.2 kg": "1.2 kg", "18.5 kg": "18.5 kg", "420 g": "420 g", "0.5 lbs": "0.5 lbs", "1 lb": "1 lbs", "16 oz": "16 oz", "0.018 kg": "0.018 kg",
		"": "", "1.2": "", "kg": "", "1.2 stone": "", "0 kg": "", "-1 kg": "", "NaN kg": "", "Inf kg": "", "1e300 kg": "", "0.0000001 g": "",
	} {
		w := catalog.ParseWeight(s)
		if w.String() != want || w.IsSet() != (want != "") {
			t.Errorf("%q: %q, want %q", s, w, want)
		}
	}
	if pound, ounces := catalog.ParseWeight("1 lbs"), catalog.ParseWeight("16 oz"); pound.Milligrams != ounces.Milligrams {
		t.Errorf("a pound is %d mg, sixteen ounces are %d", pound.Milligrams, ounces.Milligrams)
	}
}

// TestWeightsAreWrittenAsTheyAreRead reads back what is written, for any number
// of grams up to a tonne.
func TestWeightsAreWrittenAsTheyAreRead(t *testing.T) {
	back := func(n uint32) bool {
		for _, unit := range []string{"kg", "g", "lbs", "oz"} {
			w := catalog.ParseWeight(fmt.Sprintf("%g %s", float64(n%1_000_000+1)/1000, unit))
			if again := catalog.ParseWeight(w.String()); again.String() != w.String() {
				return false
			}
		}
		return true
	}
	if err := quick.Check(back, nil); err != nil {
		t.Error(err)
	}
}
