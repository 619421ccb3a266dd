package wooshop

import (
	"math/big"
	"strings"
	"time"
)

// number reads a price as it was entered; nil if there is none, or it is none.
func number(price string) *big.Rat {
	r, ok := new(big.Rat).SetString(strings.TrimSpace(price))
	if !ok {
		return nil
	}
	return r
}

// lower reports whether a is a price below b.
func lower(a, b string) bool {
	x, y := number(a), number(b)
	return x != nil && y != nil && x.Cmp(y) < 0
}

// saleRuns reports whether a sale price holds at now: from its first second to
// its last, that included.
func saleRuns(regular, sale string, from, to, now time.Time) bool {
	return lower(sale, regular) && (from.IsZero() || !now.Before(from)) && (to.IsZero() || now.Unix() <= to.Unix())
}

func priceNow(regular, sale string, from, to, now time.Time) string {
	if saleRuns(regular, sale, from, to, now) {
		return sale
	}
	return regular
}

// symbol is a currency's, as an entity.
func symbol(currency string) string {
	switch currency {
	case "EUR":
		return "&euro;"
	case "USD":
		return "&#36;"
	case "GBP":
		return "&pound;"
	case "JPY":
		return "&yen;"
	}
	return currency
}

// shown is a price with the shop's decimals.
func (s *Shop) shown(price string) string { return s.withTax(number(price)).FloatString(s.decimals) }

func (s *Shop) amount(price string, hidden bool) string {
	aria := ""
	if hidden {
		aria = ` aria-hidden="true"`
	}
	return `<span class="woocommerce-Price-amount amount"` + aria + `><bdi><span class="woocommerce-Price-currencySymbol" translate="no">` +
		symbol(s.o.Currency) + `</span>` + s.shown(price) + `</bdi></span>`
}

// priceHTML is what a theme shows: one price, an old and a new one, or a range.
func (s *Shop) priceHTML(regular, sale string, onSale bool) string {
	switch {
	case number(regular) == nil:
		return ""
	case !onSale:
		return s.amount(regular, false)
	}
	plain := func(p string) string { return symbol(s.o.Currency) + s.shown(p) }
	return `<del aria-hidden="true">` + s.amount(regular, false) + `</del> <span class="screen-reader-text">Original price was: ` + plain(regular) +
		`.</span><ins aria-hidden="true">` + s.amount(sale, false) + `</ins><span class="screen-reader-text">Current price is: ` + plain(sale) + `.</span>`
}

func (s *Shop) rangeHTML(low, high string) string {
	switch {
	case number(low) == nil:
		return ""
	case number(low).Cmp(number(high)) == 0:
		return s.amount(low, false)
	}
	return s.amount(low, true) + ` <span aria-hidden="true">&ndash;</span> ` + s.amount(high, true) + `<span class="screen-reader-text">Price range: ` +
		symbol(s.o.Currency) + s.shown(low) + ` through ` + symbol(s.o.Currency) + s.shown(high) + `</span>`
}
