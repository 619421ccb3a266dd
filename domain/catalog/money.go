package catalog

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Money is an amount in a shop's currency, in minor units. Exponent is the
// shop's number of decimals (2 for euros and cents, 0 for yen), which is a
// setting of the shop and not a property of the currency. The zero Money is
// "not set", which is not the same as a price of nothing.
type Money struct {
	Minor    int64
	Currency string // ISO 4217; a Money with no Currency is not set
	Exponent uint8
}

// IsSet reports whether m is an amount, be it zero.
func (m Money) IsSet() bool { return m.Currency != "" }

// Cmp returns -1, 0 or +1 as m is less than, equal to or more than o. Amounts
// with other exponents are compared by value; the currencies must be the same.
func (m Money) Cmp(o Money) int {
	a, b := m.Minor, o.Minor
	for e := m.Exponent; e < o.Exponent; e++ {
		a *= 10
	}
	for e := o.Exponent; e < m.Exponent; e++ {
		b *= 10
	}
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Decimal returns the amount without its currency, such as 19.90.
func (m Money) Decimal() string {
	if m.Exponent == 0 {
		return strconv.FormatInt(m.Minor, 10)
	}
	sign, n := "", m.Minor
	if n < 0 {
		sign, n = "-", -n
	}
	s := strconv.FormatInt(n, 10)
	for len(s) <= int(m.Exponent) {
		s = "0" + s
	}
	cut := len(s) - int(m.Exponent)
	return sign + s[:cut] + "." + s[cut:]
}

// String returns the amount as a shopper reads it, such as €19.90 or 190 SEK.
func (m Money) String() string {
	if !m.IsSet() {
		return ""
	}
	switch m.Currency {
	case "EUR":
		return "€" + m.Decimal()
	case "USD":
		return "$" + m.Decimal()
	case "GBP":
		return "£" + m.Decimal()
	case "JPY":
		return "¥" + m.Decimal()
	}
	return m.Decimal() + " " + m.Currency
}

// ErrBadMoney is matched by the errors of ParseMoney.
var ErrBadMoney = errors.New("not a price")

// maxMinor keeps every later sum and comparison of amounts inside an int64.
const maxMinor = 1_000_000_000_000_000

// ParseMoney reads a decimal amount as WooCommerce writes it, such as "299.00",
// ".5" or "1299,90" (a shop's decimal comma). It reads exactly: more decimals
// than exponent are an error unless they are zeros. An empty text is not set
// and no error.
func ParseMoney(text, currency string, exponent uint8) (Money, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Money{}, nil
	}
	bad := func(why string) (Money, error) {
		return Money{}, fmt.Errorf("%w: %q %s", ErrBadMoney, text, why)
	}
	if currency == "" {
		return bad("has no currency")
	}
	whole, frac, found := strings.Cut(text, ".")
	if !found {
		whole, frac, _ = strings.Cut(text, ",")
	}
	if whole == "" && frac == "" {
		return bad("has no digits")
	}
	for len(frac) > int(exponent) {
		if frac[len(frac)-1] != '0' {
			return bad(fmt.Sprintf("has more than %d decimals", exponent))
		}
		frac = frac[:len(frac)-1]
	}
	digits := whole + frac + strings.Repeat("0", int(exponent)-len(frac))
	if strings.Trim(digits, "0123456789") != "" {
		return bad("is not a plain decimal number without thousands separators")
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if digits == "" || err != nil || n > maxMinor {
		return bad("is out of range")
	}
	return Money{Minor: n, Currency: currency, Exponent: exponent}, nil
}
