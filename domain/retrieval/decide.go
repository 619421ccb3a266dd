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
	case terms:
		q.noFilter("no filter: the question is about the shop's terms")
	case q.title:
		price := Filter{MinPrice: f.MinPrice, MaxPrice: f.MaxPrice, Below: f.Below}
		q.noFilter("no filter but the price: the question names a product")
		q.out.Filter, q.gone = price, q.prices
	default:
		q.attributes()
		if q.out.Sort != ByRelevance || f.MinPrice.IsSet() || f.MaxPrice.IsSet() || f.InStock || f.OnSale {
			q.kindsOfThings()
		}
		q.brands()
		q.exclusions()
	}
	q.out.Text = q.rest()
	q.out.Pages = policy || q.unexplained()
}

// noFilter drops the filter and gives its words back to the search.
func (q *reading) noFilter(why string) {
	q.out.Filter, q.out.Sort, q.gone = Filter{}, ByRelevance, nil
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
			if term.kind == termAttribute {
				if !containsFold(names, term.name) {
					names = append(names, term.name)
				}
				values = append(values, term.value)
			}
		}
		if len(names) == 0 {
			continue
		}
		name := names[0]
		for _, n := range names {
			values = append(values, q.vocabulary.shades(n, q.key(t.from, t.to))...)
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

// kindsOfThings filters by category where the question is a list of wishes:
// "the cheapest jacket", "jackets under 100". It must be what the question is
// about: a coffee grinder is not a coffee, and a bag for a laptop is no laptop.
func (q *reading) kindsOfThings() {
	for _, t := range q.terms {
		if t.excluded || !q.isHead(t) {
			continue
		}
		for _, term := range t.terms {
			if term.kind == termCategory && !slices.Contains(q.out.Filter.Categories, term.value) {
				q.out.Filter.Categories = append(q.out.Filter.Categories, term.value)
				q.because("category " + term.value)
			}
		}
		if len(q.out.Filter.Categories) > 0 {
			return
		}
	}
}

// isHead reports whether t ends the noun phrase: what follows is the end of
// the question, a word like "under" or "with", or something read already.
func (q *reading) isHead(t termSpan) bool {
	next := q.token(t.to)
	if next == "" || stopWord(next) || boundary(next) {
		return true
	}
	at := q.words[t.to].start
	if slices.ContainsFunc(q.gone, func(s span) bool { return s.start <= at && at < s.end }) {
		return true
	}
	return slices.ContainsFunc(q.terms, func(o termSpan) bool {
		return o.from == t.to && !slices.ContainsFunc(o.terms, func(x term) bool { return x.kind == termCategory })
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
func (q *reading) rest() string {
	left := []byte(q.text)
	for _, s := range q.gone {
		for i := s.start; i < s.end; i++ {
			left[i] = ' '
		}
	}
	fields := strings.Fields(string(left))
	fields = slices.DeleteFunc(fields, func(f string) bool {
		return !strings.ContainsFunc(f, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
	})
	if len(QueryTokens(strings.Join(fields, " "))) == 0 || onlyStopWords(fields) && len(q.gone) > 0 {
		return ""
	}
	return strings.Join(fields, " ")
}

func onlyStopWords(fields []string) bool {
	return !slices.ContainsFunc(fields, func(f string) bool {
		return slices.ContainsFunc(Tokens(f), func(t string) bool { return !stopWord(t) })
	})
}

// unexplained reports whether the question has a word that is neither in the
// filter nor in every question, so that a filter may hide what it is about.
func (q *reading) unexplained() bool {
	for i, w := range q.words {
		known := stopWord(w.token) ||
			slices.ContainsFunc(q.gone, func(s span) bool { return s.start <= w.start && w.end <= s.end }) ||
			slices.ContainsFunc(q.terms, func(t termSpan) bool { return t.from <= i && i < t.to || t.named(w.token) })
		if !known {
			return true
		}
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
