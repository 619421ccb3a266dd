package retrieval

import (
	"slices"
	"strings"
	"unicode"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// decide makes the filter from what was read.
func (q *reading) decide() {
	f := &q.out.Filter
	policy := slices.ContainsFunc(q.words, func(w word) bool { return policyWord(w.token) })
	wanted := slices.ContainsFunc(q.terms, func(t termSpan) bool { return !t.excluded })
	one := len(q.out.Codes) > 0 || q.out.Sort == ByRelevance && onePhrase.MatchString(q.text)
	// Who asks for free shipping over 50 does not look for products over 50;
	// "mugs under 30 with free shipping" does.
	terms := policy && !wanted && !q.negated && (f.MinPrice.IsSet() || !f.MaxPrice.IsSet())
	switch {
	case one:
		q.noFilter("no filter: the question is about one product")
	case q.out.Sort == ByRelevance && q.asksHow():
		q.noFilter("no filter: the question asks how something is done")
	case terms:
		q.noFilter("no filter: the question is about the shop's terms")
	case q.title:
		price := Filter{MinPrice: f.MinPrice, MaxPrice: f.MaxPrice, Below: f.Below}
		q.noFilter("no filter but the price: the question names a product")
		q.out.Filter, q.gone = price, q.prices
	default:
		q.attributes()
		q.quantities()
		if len(q.gone) > 0 || q.negated || len(f.Attributes) > 0 || q.hasBrand() || !q.unexplained() {
			q.kindsOfThings()
		}
		q.brands()
		q.exclusions()
	}
	q.out.Text = q.rest(q.gone)
	if q.out.Text != "" && !q.out.Filter.IsZero() {
		said := slices.Concat(q.gone, q.said, q.fillers())
		for _, w := range q.words {
			if anyThing(w.token) { // the newest camping gear need not be called gear
				said = append(said, w.span)
			}
		}
		q.out.Open = q.rest(said)
	} else {
		q.out.Open = q.out.Text
	}
	q.out.Pages, q.out.Terms = policy || q.unexplained(), policy
}

// noFilter drops the filter and gives its words back to the search.
func (q *reading) noFilter(why string) {
	q.out.Filter, q.out.Sort, q.gone, q.said = Filter{}, ByRelevance, nil, nil
	q.out.Because = slices.DeleteFunc(q.out.Because, func(s string) bool { return !strings.HasPrefix(s, "code ") })
	q.because(why)
}

// attributes filters by the attribute values that the question names. What can
// be the value of several attributes is looked for in all of them.
func (q *reading) attributes() {
	f := &q.out.Filter
	for _, t := range q.terms {
		if t.excluded {
			continue
		}
		var names, values []string
		for _, term := range t.terms {
			if term.kind == termAttribute && !traces(term.name) {
				if !containsFold(names, term.name) {
					names = append(names, term.name)
				}
				values = append(values, term.value)
			}
		}
		if len(names) == 0 {
			continue
		}
		q.says(t.from-q.nameBefore(t), t.to)
		name := names[0]
		for _, n := range names {
			for _, term := range t.terms {
				values = append(values, q.vocabulary.shades(n, TitleKey(term.value))...)
			}
		}
		if len(names) > 1 {
			name = ""
		}
		slices.Sort(values)
		values = slices.Compact(values)
		label := name
		if label == "" {
			label = strings.Join(names, " or ")
		}
		q.because(label + ": " + strings.Join(values, " or "))
		if i := slices.IndexFunc(f.Attributes, func(a catalog.Attribute) bool { return strings.EqualFold(a.Name, name) && name != "" }); i >= 0 {
			f.Attributes[i].Values = append(f.Attributes[i].Values, values...)
			continue
		}
		f.Attributes = append(f.Attributes, catalog.Attribute{Name: name, Values: values})
	}
}

// quantities filters by the values that are as much as the question says: "4 l
// or 8 l" by both, "over 4 l and under 8 l" by those that are in both.
func (q *reading) quantities() {
	exact := make(map[string]int) // where the filter has it
	for _, m := range q.measures {
		var names, values []string
		for _, t := range m.terms {
			if t.name != "" && !containsFold(names, t.name) {
				names = append(names, t.name)
			}
			values = append(values, t.value)
		}
		slices.Sort(values)
		a := catalog.Attribute{Values: slices.Compact(values)}
		switch len(names) {
		case 0:
			names = []string{"title"}
		case 1:
			a.Name = names[0]
		}
		q.because(strings.Join(names, " or ") + ": " + strings.Join(a.Values, " or "))
		if at, ok := exact[strings.Join(names, " or ")]; ok && m.exact {
			has := &q.out.Filter.Attributes[at]
			has.Values = append(has.Values, a.Values...)
			continue
		}
		if m.exact {
			exact[strings.Join(names, " or ")] = len(q.out.Filter.Attributes)
		}
		q.out.Filter.Attributes = append(q.out.Filter.Attributes, a)
	}
}

// says marks the words from i up to j as said by the filter.
func (q *reading) says(i, j int) {
	q.said = append(q.said, span{q.words[i].start, q.words[j-1].end})
}

// nameBefore returns how many words before t are its attribute's name.
func (q *reading) nameBefore(t termSpan) int {
	n := 0
	for t.from-n > 0 && t.named(q.token(t.from-n-1)) {
		n++
	}
	return n
}

// hasBrand reports whether the question asks for a brand.
func (q *reading) hasBrand() bool {
	return slices.ContainsFunc(q.terms, func(t termSpan) bool {
		return !t.excluded && slices.ContainsFunc(t.terms, func(x term) bool { return x.kind == termBrand })
	})
}

// kindsOfThings filters by category where the question is a list of wishes:
// "the cheapest jacket", "jackets under 100". It must be what the question is
// about: a coffee grinder is not a coffee, and a bag for a laptop is no laptop.
func (q *reading) kindsOfThings() {
	for _, t := range q.terms {
		if t.excluded || !q.isHead(t) {
			continue
		}
		whole := slices.ContainsFunc(t.terms, func(x term) bool { return x.kind == termCategory && !x.part })
		if !whole && q.compound(t) {
			continue
		}
		for _, term := range t.terms {
			if term.kind == termCategory && term.part != whole && !slices.Contains(q.out.Filter.Categories, term.value) {
				q.out.Filter.Categories = append(q.out.Filter.Categories, term.value)
				q.because("category " + term.value)
			}
		}
		switch {
		case len(q.out.Filter.Categories) == 0:
			continue
		case whole:
			q.says(t.from, t.to)
		default:
			q.out.Head = q.key(t.from, t.to)
		}
		return
	}
}

// isHead reports whether t ends the noun phrase: what follows is the end of
// the question, a word like "under" or "with", or something read already.
func (q *reading) isHead(t termSpan) bool {
	next := q.token(t.to)
	if next == "" || q.filler(t.to) || boundary(next) || anyThing(next) {
		return true
	}
	at := q.words[t.to].start
	if slices.ContainsFunc(q.gone, func(s span) bool { return s.start <= at && at < s.end }) {
		return true
	}
	return slices.ContainsFunc(q.terms, func(o termSpan) bool {
		return o.from-q.nameBefore(o) == t.to && !slices.ContainsFunc(o.terms, func(x term) bool { return x.kind == termCategory })
	})
}

// anyThing reports whether t says no more than the category before it: camping
// gear.
func anyThing(t string) bool {
	switch t {
	case "gear", "equipment", "good", "range", "collection", "option", "ausrustung", "waren", "zeug", "sachen":
		return true
	}
	return false
}

// compound reports whether the word before t makes another thing of it: a
// sleeping bag is none of Backpacks & Bags.
func (q *reading) compound(t termSpan) bool {
	if before := q.token(t.from - 1); before == "" || q.filler(t.from-1) || boundary(before) || q.isGone(t.from-1, t.from) {
		return false
	}
	return !slices.ContainsFunc(q.terms, func(o termSpan) bool {
		return o.to == t.from && slices.ContainsFunc(o.terms, func(x term) bool {
			return x.kind != termCategory || slices.ContainsFunc(t.terms, func(y term) bool { return y.kind == termCategory && x.value == y.value })
		})
	})
}

// brands filters by brand, unless the word is an attribute's value, too: a shop
// that writes its brands as attributes does so.
func (q *reading) brands() {
	for _, t := range q.terms {
		if t.excluded || slices.ContainsFunc(t.terms, func(x term) bool { return x.kind == termAttribute }) {
			continue
		}
		for _, term := range t.terms {
			if term.kind == termBrand && !slices.Contains(q.out.Filter.Brands, term.value) {
				q.says(t.from, t.to)
				q.out.Filter.Brands = append(q.out.Filter.Brands, term.value)
				q.because("brand " + term.value)
			}
		}
	}
}

func (q *reading) exclusions() {
	for _, t := range q.terms {
		if t.excluded {
			first, last := q.words[t.from], q.words[t.to-1]
			word := strings.ToLower(q.text[first.start:last.end])
			if !slices.Contains(q.out.Filter.Without, word) {
				q.out.Filter.Without = append(q.out.Filter.Without, word)
				q.because("without " + word)
			}
		}
	}
}

// rest returns the question without what the filter says better.
func (q *reading) rest(gone []span) string {
	left := []byte(q.text)
	for _, s := range gone {
		for i := s.start; i < s.end; i++ {
			left[i] = ' '
		}
	}
	fields := strings.Fields(string(left))
	fields = slices.DeleteFunc(fields, func(f string) bool {
		return !strings.ContainsFunc(f, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
	})
	if len(QueryTokens(strings.Join(fields, " "))) == 0 || len(gone) > 0 && q.onlyFillers(gone) {
		return ""
	}
	return strings.Join(fields, " ")
}

// onlyFillers reports whether no word but those of gone says anything.
func (q *reading) onlyFillers(gone []span) bool {
	for i, w := range q.words {
		if !q.filler(i) && !slices.ContainsFunc(gone, func(s span) bool { return s.start <= w.start && w.end <= s.end }) {
			return false
		}
	}
	return true
}

// fillers returns where the words of other languages stand that say nothing;
// those of English are never searched.
func (q *reading) fillers() []span {
	var out []span
	for i, w := range q.words {
		if !stopWord(w.token) && q.filler(i) {
			out = append(out, w.span)
		}
	}
	return out
}

// unexplained reports whether the question has a word that is neither in the
// filter nor in every question, so that a filter may hide what it is about.
func (q *reading) unexplained() bool {
	for i, w := range q.words {
		known := q.filler(i) || anyThing(w.token) || len(q.prices) > 0 && priceWord(w.token) ||
			slices.ContainsFunc(q.gone, func(s span) bool { return s.start <= w.start && w.end <= s.end }) ||
			slices.ContainsFunc(q.terms, func(t termSpan) bool { return t.from <= i && i < t.to || t.named(w.token) })
		if !known {
			return true
		}
	}
	return false
}

// priceWord reports whether t says that an amount is a price.
func priceWord(t string) bool {
	switch t {
	case "only", "cost", "costing", "price", "priced", "worth", "spend", "budget", "euro", "eur", "money", "kosten", "kostet", "preis":
		return true
	}
	return false
}

// named reports whether token is of the name of the attribute that t is.
func (t termSpan) named(token string) bool {
	return slices.ContainsFunc(t.terms, func(x term) bool {
		return x.kind == termAttribute && slices.Contains(strings.Fields(attributeKey(x.name)), nameToken(token))
	})
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(x string) bool { return strings.EqualFold(x, s) })
}

// policyWord reports whether t is what a shop's pages speak of and no product
// is called.
func policyWord(t string) bool {
	switch t {
	case "shipping", "ship", "shipped", "delivery", "deliver", "delivered", "return", "returning", "refund", "exchange", "warranty", "guarantee",
		"payment", "paypal", "klarna", "invoice", "cancel", "cancellation", "vat", "privacy", "policy", "voucher", "coupon",
		"versand", "lieferung", "liefern", "ruckgabe", "retoure", "umtausch", "garantie", "zahlung", "bezahlen", "gutschein", "widerruf":
		return true
	}
	return false
}
