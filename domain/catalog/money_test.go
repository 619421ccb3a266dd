package catalog_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/quick"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
)

func TestParseMoney(t *testing.T) {
	for _, c := range []struct {
		text     string
		exponent uint8
		minor    int64 // -1: an error
	}{
		{"299.00", 2, 29900},
		{"299", 2, 29900},
		{".5", 2, 50},
		{"0", 2, 0},
		{"1299,90", 2, 129990},
		{"12.3400", 2, 1234},
		{" 7.00 ", 2, 700},
		{"1500", 0, 1500},
		{"1500.00", 0, 1500},
		{"1.234", 3, 1234},
		{"12.345", 2, -1},
		{"1,299.90", 2, -1},
		{"1.299,90", 2, -1},
		{"-5", 2, -1},
		{"+5", 2, -1},
		{"5 EUR", 2, -1},
		{"1e3", 2, -1},
		{".", 2, -1},
		{"99999999999999999999", 2, -1},
		{"٣", 2, -1},
		{"NaN", 2, -1},
	} {
		m, err := catalog.ParseMoney(c.text, "EUR", c.exponent)
		switch {
		case c.minor < 0 && !errors.Is(err, catalog.ErrBadMoney):
			t.Errorf("%q: got %v, %v, want ErrBadMoney", c.text, m, err)
		case c.minor >= 0 && (err != nil || m != catalog.Money{Minor: c.minor, Currency: "EUR", Exponent: c.exponent}):
			t.Errorf("%q: got %+v, %v, want %d", c.text, m, err, c.minor)
		}
	}
	if m, err := catalog.ParseMoney(" ", "EUR", 2); err != nil || m.IsSet() {
		t.Errorf("an empty text: got %+v, %v, want not set", m, err)
	}
	if _, err := catalog.ParseMoney("5", "", 2); !errors.Is(err, catalog.ErrBadMoney) {
		t.Errorf("no currency: got %v", err)
	}
}

// What Decimal writes, ParseMoney reads.
func TestDecimalRoundTrip(t *testing.T) {
	err := quick.Check(func(minor uint32, exponent uint8) bool {
		m := catalog.Money{Minor: int64(minor), Currency: "EUR", Exponent: exponent % 5}
		got, err := catalog.ParseMoney(m.Decimal(), "EUR", m.Exponent)
		return err == nil && got == m
	}, nil)
	if err != nil {
		t.Error(err)
	}
}

func TestMoneyString(t *testing.T) {
	for want, m := range map[string]catalog.Money{
		"€19.90": {Minor: 1990, Currency: "EUR", Exponent: 2}, "$0.05": {Minor: 5, Currency: "USD", Exponent: 2}, "£1.00": {Minor: 100, Currency: "GBP", Exponent: 2},
		"¥1500": {Minor: 1500, Currency: "JPY"}, "190 SEK": {Minor: 190, Currency: "SEK"}, "1.234 KWD": {Minor: 1234, Currency: "KWD", Exponent: 3}, "": {},
	} {
		if m.String() != want {
			t.Errorf("got %q, want %q", m.String(), want)
		}
	}
}

func TestMoneyCmp(t *testing.T) {
	a, b := catalog.Money{Minor: 20, Currency: "EUR", Exponent: 1}, catalog.Money{Minor: 200, Currency: "EUR", Exponent: 2}
	if a.Cmp(b) != 0 || b.Cmp(a) != 0 {
		t.Error("2.0 is not 2.00")
	}
	b.Minor++
	if a.Cmp(b) != -1 || b.Cmp(a) != 1 {
		t.Error("2.0 is not below 2.01")
	}
}

// A sale holds from its first instant up to and without its last, and a "sale"
// that is no cheaper is none.
func TestPriceRangeByTheClock(t *testing.T) {
	eur := func(cents int64) catalog.Money { return catalog.Money{Minor: cents, Currency: "EUR", Exponent: 2} }
	from := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	to := from.Add(72 * time.Hour)
	f := catalog.Facts{Offers: []catalog.Offer{
		{Regular: eur(5000), Sale: eur(4000), SaleFrom: from, SaleTo: to, Stock: catalog.OutOfStock},
		{Regular: eur(6000), Sale: eur(6000), Stock: catalog.OnBackorder},
		{Stock: catalog.InStock}, // no price: cannot be bought
	}}
	for at, want := range map[time.Time]string{
		from.Add(-time.Nanosecond): "€50.00 €60.00 false", from: "€40.00 €60.00 true",
		to.Add(-time.Nanosecond): "€40.00 €60.00 true", to: "€50.00 €60.00 false",
	} {
		r := f.PriceRange(at)
		if got := fmt.Sprint(r.Min, " ", r.Max, " ", r.OnSale); got != want {
			t.Errorf("at %v: got %s, want %s", at, got, want)
		}
		if r.OnSale && (r.RegularMin != eur(5000) || r.RegularMax != eur(6000)) || !r.OnSale && r.RegularMin.IsSet() {
			t.Errorf("at %v: regular %v to %v", at, r.RegularMin, r.RegularMax)
		}
	}
	if f.Stock() != catalog.InStock {
		t.Errorf("stock is %v, want the best of all", f.Stock())
	}
	if r := (catalog.Facts{}).PriceRange(from); r.Min.IsSet() || r.OnSale {
		t.Errorf("no offers: got %+v", r)
	}
}

func ExampleParseMoney() {
	m, err := catalog.ParseMoney("1299,90", "EUR", 2)
	fmt.Println(m, err)
	// Output: €1299.90 <nil>
}
