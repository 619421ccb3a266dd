package retrieval

import (
	"regexp"
	"strings"
)

const (
	number   = `(\d{1,3}(?:[.,'’]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,3})?)`
	currency = `(€|\$|£|¥|₹|zł|euros?\b|eur\b|usd\b|dollars?\b|bucks\b|gbp\b|pounds?\b|quid\b|chf\b|francs?\b|franken\b|sek\b|nok\b|dkk\b|kr\b|kron[ae]r?\b|kronor\b|pln\b|zloty\b|jpy\b|yen\b|inr\b|rupees?\b|cad\b|aud\b|nzd\b)?`
	amount   = currency + `\s?` + number + `\s?` + currency
	before   = `(?:^|[^\pL\pN])`
)

var (
	rangePhrase = regexp.MustCompile(`(?i)` + before + `(?:(between|from|zwischen|von)\s+)?` + amount + `\s*(?:-|–|—|and|to|und|bis)\s*` + amount)
	boundPhrase = regexp.MustCompile(`(?i)` + before + `(` + strings.Join([]string{
		`(?:no|not) (?:more|higher) than`, `nicht (?:mehr|teurer) als`, `(?:not|nothing|nichts) (?:over|above|exceeding|more than|higher than|über)`, `(?:no|not) (?:less|lower) than`, // before those that they contain
		`under`, `below`, `less than`, `cheaper than`, `lower than`, `beneath`, `unter`, `weniger als`, `günstiger als`, `billiger als`, `<=?`,
		`up to`, `at most`, `max\.?(?:imum)?`, `maximal`, `höchstens`, `within`, `bis(?: zu)?`, `budget`, `≤`,
		`over`, `above`, `more than`, `more expensive than`, `über`, `mehr als`, `teurer als`, `>=?`,
		`at least`, `min\.?(?:imum)?`, `mindestens`, `from`, `starting at`, `ab`, `≥`,
	}, `|`) + `)\s*:?\s*(?:of |is |a |price of |prices of )*` + amount)
	afterPhrase = regexp.MustCompile(`(?i)` + before + amount + `\s+(or|oder|and|und) (less|under|below|cheaper|lower|weniger|günstiger|more|over|above|mehr)\b`)

	spendPhrase = regexp.MustCompile(`(?i)` + before + `(?:have|got|spend|habe|ausgeben)(?: only| just| about| nur)? ` + amount + `(?: left)?(?: to spend)?`)
	shopPhrase  = regexp.MustCompile(`(?i)` + before + `((?:in|from|at|of) (?:your|the|this) (?:shop|store|range|catalogu?e|assortment|webshop)|(?:in|aus) (?:eurem|ihrem|deinem|dem) (?:shop|laden|sortiment))\b`)
	stockPhrase = regexp.MustCompile(`(?i)` + before + `((?:currently |still |now )?(?:in[ -]stock|on stock|available(?: now)?|ready to ship)|auf lager|(?:sofort )?(?:verfügbar|lieferbar))\b`)
	salePhrase  = regexp.MustCompile(`(?i)` + before + `(on sale|in (?:the )?sale|on (?:special )?offer|on discount|at a discount|discounted|marked down|reduced(?: in price)?|sale (?:items?|products?)|reduziert(?:e[rns]?)?|im (?:angebot|sale))\b`)
	lowPhrase   = regexp.MustCompile(`(?i)` + before + `((?:the )?(?:cheapest|lowest[- ]priced?|least expensive|most affordable|günstigste[rns]?|billigste[rns]?))\b`)
	highPhrase  = regexp.MustCompile(`(?i)` + before + `((?:the )?(?:most expensive|priciest|dearest|highest[- ]priced?|teuerste[rns]?))\b`)
	onePhrase   = regexp.MustCompile(`(?i)^\s*(?:(?:is|are|was|were) (?:the|this|that|these|those|it|they|he|she|your)\b|when (?:will|is|are)\b|(?:ist|sind) (?:der|die|das|dieser?|dieses)\b|wann\b)`)
)

// readPrices finds price bounds.
func (q *reading) readPrices() {
	shop := q.vocabulary.currency()
	if shop.currency == "" {
		return
	}
	f := &q.out.Filter
	for _, m := range rangePhrase.FindAllStringSubmatchIndex(q.text, -1) {
		sub := func(i int) string { return submatch(q.text, m, i) }
		signs := []string{sub(2), sub(4), sub(5), sub(7)}
		signed := strings.Join(signs, "") != ""
		// "from 9 to 5" are hours and "40-42" are sizes.
		if between := strings.ToLower(sub(1)); between != "between" && between != "zwischen" && !signed || !q.isPrice(m[0], m[1], signed, true) {
			continue
		}
		lo, ok1 := shop.parse(sub(3), signs...)
		hi, ok2 := shop.parse(sub(6), signs...)
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
		q.bound(m, cueOf(sub(1)), sub(3), sub(2), sub(4))
	}
	for _, m := range spendPhrase.FindAllStringSubmatchIndex(q.text, -1) {
		sub := func(i int) string { return submatch(q.text, m, i) }
		if sub(1)+sub(3) != "" {
			q.bound(m, cue{max: true, firm: true}, sub(2), sub(1), sub(3))
		}
	}
	for _, m := range afterPhrase.FindAllStringSubmatchIndex(q.text, -1) {
		sub := func(i int) string { return submatch(q.text, m, i) }
		c := cue{max: true}
		switch strings.ToLower(sub(5)) {
		case "more", "over", "above", "mehr":
			c = cue{}
		}
		q.bound(m, c, sub(2), sub(1), sub(3))
	}
}

// cue is what the words before an amount make of it.
type cue struct {
	max    bool
	strict bool // the amount itself is outside
	firm   bool // says a price even before a word like "colours" would follow
}

func cueOf(words string) cue {
	switch w := strings.ToLower(strings.Join(strings.Fields(words), " ")); w {
	case "under", "below", "less than", "cheaper than", "lower than", "beneath", "unter", "weniger als", "günstiger als", "billiger als", "<":
		return cue{max: true, strict: true, firm: true}
	case "up to", "at most", "max", "max.", "maximum", "maximal", "höchstens", "within", "bis", "bis zu", "≤", "<=",
		"no more than", "not more than", "no higher than", "not higher than", "nicht mehr als", "nicht teurer als", "not over", "not above", "not exceeding",
		"nothing over", "nothing above", "nothing exceeding", "nothing more than", "nothing higher than", "nichts über", "not über", "nichts above":
		return cue{max: true}
	case "budget":
		return cue{max: true, firm: true}
	case "over", "above", "more than", "über", "mehr als", ">":
		return cue{strict: true}
	case "more expensive than", "teurer als":
		return cue{strict: true, firm: true}
	}
	return cue{} // at least, from, no less than
}

// bound takes one price bound, if it is one.
func (q *reading) bound(m []int, c cue, digits string, signs ...string) {
	what := strings.TrimSpace(strings.TrimLeft(q.text[m[0]:m[1]], "(,;:"))
	signed := strings.Join(signs, "") != ""
	for _, s := range q.prices {
		if m[0] < s.end && s.start < m[1] {
			return // a part of what was read already
		}
	}
	// "within 30" and "from 50" are days and sizes unless they say euros.
	if w := strings.ToLower(what); !signed && (strings.HasPrefix(w, "within") || strings.HasPrefix(w, "from") || strings.HasPrefix(w, "bis ") || strings.HasPrefix(w, "ab ")) {
		return
	}
	if !q.isPrice(m[0], m[1], signed, c.firm) {
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

// readPhrases finds stock, sale and superlatives.
func (q *reading) readPhrases() {
	q.gone = append(q.gone, q.phrases(shopPhrase)...)
	for _, s := range q.phrases(stockPhrase) {
		q.out.Filter.InStock = true
		q.gone = append(q.gone, s)
		q.because("in stock")
	}
	for _, s := range q.phrases(salePhrase) {
		q.out.Filter.OnSale = true
		q.gone = append(q.gone, s)
		q.because("on sale")
	}
	for _, s := range q.phrases(lowPhrase) {
		q.out.Sort = CheapestFirst
		q.gone = append(q.gone, s)
		q.because(CheapestFirst.String())
	}
	for _, s := range q.phrases(highPhrase) {
		q.out.Sort = DearestFirst
		q.gone = append(q.gone, s)
		q.because(DearestFirst.String())
	}
}

// phrases returns where phrase stands and is not denied.
func (q *reading) phrases(phrase *regexp.Regexp) []span {
	var out []span
	for _, m := range phrase.FindAllStringSubmatchIndex(q.text, -1) {
		s := span{m[2], m[3]}
		if !q.denied(s.start) {
			out = append(out, s)
		}
	}
	return out
}

// denied reports whether the words before start say the contrary, or ask when.
func (q *reading) denied(start int) bool {
	last := ""
	for _, w := range q.words {
		if w.start < start {
			last = w.token
		}
	}
	switch last {
	case "not", "isnt", "arent", "wasnt", "nicht", "never", "back", "no", "longer", "un":
		return true
	}
	return false
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
