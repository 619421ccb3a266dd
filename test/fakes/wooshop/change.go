package wooshop

import (
	"fmt"
	"math/big"
	"math/rand/v2"
)

// SetCurrency sells in another currency, and shows prices with so many decimals.
// Prices stay the numbers that they were; nothing tells of it.
func (s *Shop) SetCurrency(currency string, decimals int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.o.Currency, s.decimals = currency, decimals
}

// Currency returns what [Shop.SetCurrency] set last, or [Options] did.
func (s *Shop) Currency() (currency string, decimals int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.o.Currency, s.decimals
}

// SetWeightUnit weighs in another unit: weights stay the numbers that they were.
func (s *Shop) SetWeightUnit(unit string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.o.WeightUnit = unit
}

// SetPlainPermalinks changes where everything is, the API included: with plain
// permalinks it is at ?rest_route= only. No product is modified by it.
func (s *Shop) SetPlainPermalinks(plain bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.o.PlainPermalinks = plain
}

// ShowTaxes has the shop show prices with taxes, of 19 in a hundred, that were
// entered without, or as they were entered. REST v3 says the entered ones either
// way; price_html and the Store API say what is shown.
func (s *Shop) ShowTaxes(shown bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taxed = shown
}

// withTax is a price as the shop shows it.
func (s *Shop) withTax(price *big.Rat) *big.Rat {
	if !s.taxed {
		return price
	}
	return new(big.Rat).Mul(price, big.NewRat(119, 100))
}

func (s *Shop) taxSettings() (calc, display string) {
	if s.taxed {
		return "yes", "incl"
	}
	return "no", "excl"
}

// SetHookSecret has a webhook sign with another secret, as somebody pastes it.
func (s *Shop) SetHookSecret(id int, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h, ok := s.hooks[id]; ok {
		h.Secret, h.modified = secret, s.clock()
	}
}

// RandomSetting changes one random setting and says which.
func (s *Shop) RandomSetting(r *rand.Rand) string {
	switch r.IntN(5) {
	case 0:
		currency, decimals := pick(r, "EUR", "USD", "GBP"), 2
		if r.IntN(4) == 0 {
			currency, decimals = "KWD", 3
		}
		s.SetCurrency(currency, decimals)
		return fmt.Sprintf("currency %s with %d decimals", currency, decimals)
	case 1:
		unit := pick(r, "kg", "lbs", "g")
		s.SetWeightUnit(unit)
		return "weights in " + unit
	case 2:
		shown := r.IntN(2) == 0
		s.ShowTaxes(shown)
		return fmt.Sprintf("taxes are shown: %v", shown)
	}
	plain := r.IntN(2) == 0
	s.SetPlainPermalinks(plain)
	return fmt.Sprintf("plain permalinks: %v", plain)
}
