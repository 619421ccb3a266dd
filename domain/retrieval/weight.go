package retrieval

import (
	"slices"
	"strconv"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// weighs reports whether the shop says what its products weigh: of at least half of
// those that can be bought. A bound would hide the others.
func (v Vocabulary) weighs() bool { return v.weighed > 0 && v.weighed*2 >= v.offered }

// weigh counts a product, which has these attributes.
func (v *Vocabulary) weigh(f catalog.Facts, attributes []catalog.Attribute) {
	if len(f.Offers) == 0 {
		return
	}
	v.offered++
	if f.Weight.IsSet() {
		v.weighed++
	}
	if len(v.grams) > 0 && slices.ContainsFunc(attributes, func(a catalog.Attribute) bool {
		return slices.ContainsFunc(a.Values, func(value string) bool { return v.grams[value] })
	}) {
		v.portioned++
	}
}

// isWeight reports whether l, which the question states at s, is what the product
// weighs. terms are the attributes that are as much: one that is called a weight
// says it better, and so does any other one if most products have it and the
// question does not speak of weighing, since coffee by 500 g weighs more with its
// tin. A number without a bound is a part of a name: a gas canister 230 g.
func (q *reading) isWeight(s span, l limits, terms []term) bool {
	of := l.hi.of
	if !l.most {
		of = l.lo.of
	}
	v := q.vocabulary
	if of != "g" || !v.weighs() || l.least && l.most && l.lo == l.hi {
		return false
	}
	if slices.ContainsFunc(terms, func(t term) bool { return slices.ContainsFunc(strings.Fields(attributeKey(t.name)), weightWord) }) {
		return false
	}
	return len(terms) == 0 || v.portioned*2 < v.weighed || slices.ContainsFunc(q.words, func(w word) bool {
		return w.start < s.end && weightWord(w.token)
	})
}

// priced reports whether the number at the byte at was read as a price: pounds may
// be money.
func (q *reading) priced(at int) bool {
	return slices.ContainsFunc(q.prices, func(p span) bool { return p.start <= at && at < p.end })
}

// weightWord reports whether t speaks of weighing.
func weightWord(t string) bool {
	switch t {
	case "weight", "weigh", "weighing", "weighed", "lighter", "heavier", "gewicht", "wiegt", "wiegen", "leichter", "schwerer", "poid", "poids", "pese", "pesent", "leger", "legere", "lourd", "lourde",
		"peso", "pesa", "pesan", "pesano", "ligero", "ligera", "pesado", "pesada", "leggero", "leggera", "pesante", "weegt", "wegen", "lichter", "zwaarder":
		return true
	}
	return false
}

// weighing returns where a bound on the weight begins that stands at start: with
// the words before it that say no more than that it is one, as in "that weigh less
// than 2 kg", "with a weight under 2 kg".
func (q *reading) weighing(start int) int {
	begins := start
	for i, w := range slices.Backward(q.words) {
		switch t := q.token(i); {
		case w.start >= start:
		case weightWord(t):
			begins = w.start
		case !stopWord(t):
			return begins
		}
	}
	return begins
}

// weight filters by what a product weighs.
func (q *reading) weight(l limits) {
	f := &q.out.Filter
	if l.least {
		f.MinWeight, f.Heavier = l.lo.weight(), l.above
		q.because("weight " + Filter{MinWeight: f.MinWeight, Heavier: f.Heavier}.String())
	}
	if l.most {
		f.MaxWeight, f.Lighter = l.hi.weight(), l.below
		q.because("weight " + Filter{MaxWeight: f.MaxWeight, Lighter: f.Lighter}.String())
	}
}

// weight returns q, which is in grams.
func (q quantity) weight() catalog.Weight {
	number, unit := q.n, "g"
	if q.n >= 1000 {
		number, unit = q.n/1000, "kg"
	}
	return catalog.ParseWeight(strconv.FormatFloat(number, 'f', -1, 64) + " " + unit)
}
