package extractive

import (
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// fitting leaves out the products that are not within bounds. If none is, all
// stay, and near is true.
func fitting(bounds retrieval.Filter, picked []source) (fit []source, near bool) {
	products := 0
	for _, s := range picked {
		// A card has no offers of its own but the range of their prices: what
		// either end of it passes, some variation may pass.
		ok := !s.product || bounds.Match(catalog.KindProduct, "", s.Title, factsOf(*s.Card), s.Card.AsOf)
		if ok {
			fit = append(fit, s)
		}
		if ok && s.product {
			products++
		}
	}
	if products == 0 {
		return picked, true
	}
	return fit, false
}

// boundsOf returns the price, sale and stock by which a question bounds the
// products that were picked, the zero Filter if it does not, or there are none;
// and the words of what it asks for without.
func boundsOf(text string, picked []source) (bounds retrieval.Filter, without []string) {
	var facts []catalog.Facts
	for _, s := range picked {
		if s.product {
			facts = append(facts, factsOf(*s.Card))
		}
	}
	if len(facts) == 0 {
		return retrieval.Filter{}, nil
	}
	f := retrieval.Understand(text, retrieval.NewVocabulary(facts...)).Filter
	return retrieval.Filter{MinPrice: f.MinPrice, MaxPrice: f.MaxPrice, Below: f.Below, InStock: f.InStock, OnSale: f.OnSale}, f.Without
}

// unsay takes the score from what s says of what was asked for without: who
// wants neither red nor blue is not told of the red one.
func (s source) unsay(without []string) {
	for i := range s.units {
		p := &s.units[i]
		said := " " + retrieval.TitleKey(p.text) + " "
		if s.product && slices.ContainsFunc(without, func(word string) bool {
			key := retrieval.TitleKey(word)
			return key != "" && strings.Contains(said, " "+key+" ")
		}) {
			p.score = 0
		}
	}
}

// leaveOut takes the score from the variations of s whose price is outside of
// the bounds: they are not what was asked for.
func (s source) leaveOut(bounds retrieval.Filter) {
	if !s.product {
		return
	}
	for i := range s.units {
		p := &s.units[i]
		if !p.item {
			continue
		}
		money := priceIn(p.text, s.Card.Price.Min)
		over := bounds.MaxPrice.IsSet() && (money.Cmp(bounds.MaxPrice) > 0 || bounds.Below && money.Cmp(bounds.MaxPrice) == 0)
		if money.IsSet() && (over || bounds.MinPrice.IsSet() && money.Cmp(bounds.MinPrice) < 0) {
			p.score = 0
		}
	}
}

// priceIn returns the price in a variation's line of chat.FactLines, in the
// currency of like; not set if there is none.
func priceIn(line string, like catalog.Money) catalog.Money {
	for part := range strings.SplitSeq(line, ", ") {
		digits := strings.TrimSuffix(strings.TrimLeft(part, "€$£¥"), " "+like.Currency)
		if m, err := catalog.ParseMoney(digits, like.Currency, like.Exponent); err == nil && m.String() == part {
			return m
		}
	}
	return catalog.Money{}
}

// factsOf returns what a card tells as facts: the two ends of its price range
// as offers.
func factsOf(c chat.Card) catalog.Facts {
	f := catalog.Facts{SKUs: []string{c.SKU}, Attributes: c.Attributes}
	for _, pair := range [][2]catalog.Money{{c.Price.Min, c.Price.RegularMin}, {c.Price.Max, c.Price.RegularMax}} {
		o := catalog.Offer{Regular: pair[0], Stock: c.Stock}
		if c.Price.OnSale && pair[1].IsSet() {
			o.Regular, o.Sale = pair[1], pair[0]
		}
		if o.Regular.IsSet() {
			f.Offers = append(f.Offers, o)
		}
	}
	return f
}
