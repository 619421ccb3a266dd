package retrieval

import (
	"regexp"
	"slices"
	"strings"
)

const (
	number   = `(\d{1,3}(?:[.,'’]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,3})?)`
	currency = `(€|\$|£|¥|₹|zł|euros?\b|eur\b|usd\b|dollars?\b|bucks\b|gbp\b|pounds?\b|quid\b|chf\b|francs?\b|franken\b|sek\b|nok\b|dkk\b|kr\b|kron[ae]r?\b|kronor\b|pln\b|zloty\b|jpy\b|yen\b|inr\b|rupees?\b|cad\b|aud\b|nzd\b)?`
	amount   = currency + `\s?` + number + `\s?` + currency
	before   = `(?:^|[^\pL\pN])`
)

var (
	rangePhrase = regexp.MustCompile(`(?i)` + before + `(?:(` + priceNouns + `)?:?\s*(` + rangeStarts + `)?\s*)` + amount + `\s*(?:` + rangeLinks + `)\s*` + amount)
	boundPhrase = regexp.MustCompile(`(?i)` + before + `(` + strings.Join([]string{`<=|>=|` + lessCues, upToCues, overCues, fromCues}, `|`) + `)\s*:?\s*(?:` + cueLinks + `\s+)*` + amount +
		`(?:\s+(` + goOnAfter + `)\b)?`)
	afterPhrase = regexp.MustCompile(`(?i)` + before + amount + `(?:\s?(\+)\s?` + currency + `|\s*,?\s*(?:(` + lessAfter + `)|(` + moreAfter + `))\b)`)

	spendPhrase = regexp.MustCompile(`(?i)` + before + `(?:have|got|spend|habe|ausgeben)(?: only| just| about| nur)? ` + amount + `(?: left)?(?: to spend)?`)
	shopPhrase  = regexp.MustCompile(`(?i)` + before + `((?:in|from|at|of) (?:your|the|this) (?:shop|store|range|catalogu?e|assortment|webshop)|(?:in|aus) (?:eurem|ihrem|deinem|dem) (?:shop|laden|sortiment))\b`)
	onePhrase   = regexp.MustCompile(`(?i)^\s*(?:(?:is|are|was|were) (?:the|this|that|these|those|it|they|he|she|your)\b|when (?:will|is|are)\b|(?:ist|sind) (?:der|die|das|dieser?|dieses)\b|wann\b)`)
)

// priceNouns say of the numbers behind them that they are prices.
const priceNouns = `(?:price|budget|preis|prix|precio|prezzo|prijs)(?: range)?(?: is| of| from| between)?`

// readPrices finds price bounds.
func (q *reading) readPrices() {
	shop := q.vocabulary.currency()
	if shop.currency == "" {
		return
	}
	f := &q.out.Filter
	for _, m := range rangePhrase.FindAllStringSubmatchIndex(q.text, -1) {
		sub := func(i int) string { return submatch(q.text, m, i) }
		signs := []string{sub(3), sub(5), sub(6), sub(8)}
		signed := strings.Join(signs, "") != ""
		// "from 9 to 5" are hours and "40-42" are sizes.
		if sub(1) == "" && !betweenWord(sub(2)) && !signed || sub(3) == "" && q.sizeBefore(m[8]) || !q.isPrice(m[0], m[1], signed, true) || !signed && q.isAge(m[0], sub(7), true) {
			continue
		}
		lo, ok1 := shop.parse(sub(4), signs...)
		hi, ok2 := shop.parse(sub(7), signs...)
		if !ok1 || !ok2 {
			q.because("not an amount in " + shop.currency + ": " + strings.TrimSpace(q.text[m[0]:m[1]]))
			continue
		}
		if hi.Cmp(lo) < 0 {
			lo, hi = hi, lo
		}
		f.MinPrice, f.MaxPrice, f.Below = lo, hi, false
		q.took(m)
		q.because("price from " + lo.String() + " to " + hi.String())
	}
	for _, m := range boundPhrase.FindAllStringSubmatchIndex(q.text, -1) {
		sub := func(i int) string { return submatch(q.text, m, i) }
		c := cueOf(sub(1))
		c.weak = weakCue.MatchString(sub(1)) && sub(5) == ""
		if from := q.denying(m[2]); from >= 0 {
			c, m[0] = c.not(), q.words[from].start
		}
		q.bound(m, c, sub(3), sub(2), sub(4))
	}
	for _, m := range spendPhrase.FindAllStringSubmatchIndex(q.text, -1) {
		sub := func(i int) string { return submatch(q.text, m, i) }
		if sub(1)+sub(3) != "" {
			q.bound(m, cue{max: true, firm: true}, sub(2), sub(1), sub(3))
		}
	}
	for _, m := range afterPhrase.FindAllStringSubmatchIndex(q.text, -1) {
		sub := func(i int) string { return submatch(q.text, m, i) }
		q.bound(m, cue{max: sub(6) != "", weak: sub(4) != ""}, sub(2), sub(1), sub(3), sub(5))
	}
}

// ofThings reports whether the bound that begins at the byte start follows the
// name of a category, and its number is nothing that the shop has as a value: the
// 50 of "jackets from 50" is a price in a shop without such a size.
func (q *reading) ofThings(start int, number string) bool {
	for i, w := range q.words {
		if w.start >= start || i+1 < len(q.words) && q.words[i+1].start <= start {
			continue
		}
		is := func(kind termKind) func(t term) bool { return func(t term) bool { return t.kind == kind } }
		return slices.ContainsFunc(q.vocabulary.terms[w.token], is(termCategory)) && !slices.ContainsFunc(q.vocabulary.terms[number], is(termAttribute))
	}
	return false
}

// sizeBefore reports whether the number at the byte start is of what stands
// before it: in "size 42 up to 110 €" no range begins.
func (q *reading) sizeBefore(start int) bool {
	last := ""
	for _, w := range q.words {
		if w.end <= start {
			last = w.token
		}
	}
	return sizes(last) || q.vocabulary.names[nameToken(last)]
}

// betweenWord reports whether a range after word is never one of hours or sizes.
func betweenWord(word string) bool {
	first, _, _ := strings.Cut(strings.ToLower(word), " ")
	return wordIn("between btw zwischen entre tra fra tussen", first)
}

// bound takes one price bound, if it is one.
func (q *reading) bound(m []int, c cue, digits string, signs ...string) {
	what := strings.TrimSpace(strings.Trim(q.text[m[0]:m[1]], "(,;:"))
	signed := strings.Join(signs, "") != ""
	for _, s := range q.prices {
		if m[0] < s.end && s.start < m[1] {
			return // a part of what was read already
		}
	}
	// "within 30" and "from 50" are days and sizes unless they say euros.
	if c.weak && !signed && !q.ofThings(m[0], digits) {
		return
	}
	if !q.isPrice(m[0], m[1], signed, c.firm) || !signed && q.isAge(m[0], digits, c.max) {
		return
	}
	shop, f := q.vocabulary.currency(), &q.out.Filter
	price, ok := shop.parse(digits, signs...)
	if !ok {
		q.because("not an amount in " + shop.currency + ": " + what)
		return
	}
	q.took(m)
	switch {
	case c.max:
		f.MaxPrice, f.Below = price, c.strict
		if c.strict {
			q.because("price below " + price.String())
		} else {
			q.because("price up to " + price.String())
		}
	case c.strict:
		price.Minor++ // amounts are whole numbers of minor units
		f.MinPrice = price
		q.because("price from " + price.String())
	default:
		f.MinPrice = price
		q.because("price from " + price.String())
	}
}

func (q *reading) took(m []int) {
	s := span{m[0], m[1]}
	q.prices = append(q.prices, s)
	q.gone = append(q.gone, s)
}

func submatch(text string, m []int, i int) string {
	if m[2*i] < 0 {
		return ""
	}
	return text[m[2*i]:m[2*i+1]]
}

// compare takes the price of the product at t as a bound, if the words before
// it say so: "cheaper than the Glo stove".
func (q *reading) compare(t titleSpan) bool {
	i := t.from - 1
	for i >= 0 && (stopWord(q.token(i)) && q.token(i) != "than" || q.token(i) == "price" || q.token(i) == "der" || q.token(i) == "die" || q.token(i) == "das") {
		i--
	}
	if t2 := q.token(i); t2 != "than" && t2 != "al" && t2 != "als" || i < 1 || !t.low.IsSet() {
		return false
	}
	from, f := i-1, &q.out.Filter
	switch q.token(i - 1) {
	case "cheaper", "less", "lower", "gunstiger", "billiger", "weniger":
		f.MaxPrice, f.Below = t.low, true
		q.because("price below " + t.low.String() + ", what is named")
	case "expensive":
		switch q.token(i - 2) {
		case "less":
			f.MaxPrice, f.Below = t.low, true
			q.because("price below " + t.low.String() + ", what is named")
		case "more":
			f.MinPrice = t.high
			f.MinPrice.Minor++
			q.because("price above " + t.high.String() + ", what is named")
		default:
			return false
		}
		from--
	case "dearer", "pricier", "costlier", "more", "teurer", "mehr":
		f.MinPrice = t.high
		f.MinPrice.Minor++
		q.because("price above " + t.high.String() + ", what is named")
	default:
		return false
	}
	s := span{q.words[from].start, q.words[t.to-1].end}
	q.prices, q.gone = append(q.prices, s), append(q.gone, s)
	return true
}
