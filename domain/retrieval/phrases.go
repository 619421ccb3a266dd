package retrieval

import (
	"regexp"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
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
		`(?:no|not) (?:more|higher) than`, `nicht (?:mehr|teurer) als`, `not (?:over|above|exceeding)`, `(?:no|not) (?:less|lower) than`, // before those that they contain
		`under`, `below`, `less than`, `cheaper than`, `lower than`, `beneath`, `unter`, `weniger als`, `günstiger als`, `billiger als`, `<=?`,
		`up to`, `at most`, `max\.?(?:imum)?`, `maximal`, `höchstens`, `within`, `bis(?: zu)?`, `budget`, `≤`,
		`over`, `above`, `more than`, `more expensive than`, `über`, `mehr als`, `teurer als`, `>=?`,
		`at least`, `min\.?(?:imum)?`, `mindestens`, `from`, `starting at`, `ab`, `≥`,
	}, `|`) + `)\s*:?\s*(?:of |is |a |price of |prices of )*` + amount)
	afterPhrase = regexp.MustCompile(`(?i)` + before + amount + `\s+(or|oder|and|und) (less|under|below|cheaper|lower|weniger|günstiger|more|over|above|mehr)\b`)

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
		"no more than", "not more than", "no higher than", "not higher than", "nicht mehr als", "nicht teurer als", "not over", "not above", "not exceeding":
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

// isPrice reports whether the amount that ends at end is money: it has a
// currency, or nothing around it says that it is a size, a time or a number of
// things. firm is set if the words before it speak of prices.
func (q *reading) isPrice(start, end int, signed, firm bool) bool {
	end = start + len(strings.TrimRight(q.text[start:end], " \t\r\n"))
	rest := q.text[end:]
	if rest != "" && !signed {
		switch c := rest[0]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '%', c == '"', c == '/':
			return false
		case c == '-' && len(rest) > 1 && rest[1] != ' ':
			return false
		case strings.HasPrefix(rest, "°"), strings.HasPrefix(rest, "″"), strings.HasPrefix(rest, " %"), strings.HasPrefix(rest, " °"):
			return false
		}
	}
	if rest != "" && signed && rest[0] >= '0' && rest[0] <= '9' {
		return false
	}
	var last, next string
	for _, w := range q.words {
		if w.end <= start+1 {
			last = w.token
		}
		if w.start >= end && next == "" && strings.TrimSpace(q.text[end:w.start]) == "" {
			next = w.token
		}
	}
	if spending(last) {
		return false
	}
	if signed {
		return true
	}
	if ages(last) || unit(next) {
		return false
	}
	return firm || next == "" || stopWord(next) || boundary(next)
}

// spending reports whether an amount after the word t is what an order comes
// to, not what a product costs: "free shipping on orders over 50".
func spending(t string) bool {
	switch t {
	case "order", "purchase", "basket", "cart", "total", "spend", "spending", "bestellung", "bestellungen", "shipping", "delivery":
		return true
	}
	return false
}

// ages reports whether a number after the word t is an age or a size.
func ages(t string) bool {
	switch t {
	case "size", "woman", "man", "men", "people", "adult", "someone", "anyone", "person", "kid", "child", "baby", "toddler", "boy", "girl", "aged", "age",
		"weight", "weighing", "width", "height", "length", "diameter", "waist", "grosse", "rated", "rating", "kinder":
		return true
	}
	return false
}

// unit reports whether t says that the number before it is no price.
func unit(t string) bool {
	switch t {
	case "cm", "mm", "m", "km", "meter", "metre", "inch", "ft", "foot", "kg", "g", "gram", "gramm", "kilo", "lb", "lbs", "pound", "oz", "ounce",
		"l", "ml", "cl", "liter", "litre", "w", "watt", "kw", "v", "volt", "mah", "ah", "hz", "gb", "tb", "mb", "lumen", "bar", "psi", "rpm",
		"second", "minute", "hour", "day", "week", "month", "year", "stunde", "tage", "tag", "woche", "jahr", "jahre", "monate", "old",
		"percent", "prozent", "degree", "grad", "people", "person", "personen", "piece", "pc", "stuck", "pack", "item", "time", "star", "review", "cent",
		"pocket", "x", "litern", "cup", "serving", "tog", "denier", "gsm", "carat", "karat", "mph", "kmh":
		return true
	}
	return false
}

// parse reads digits as an amount of the shop's currency, unless a sign says
// that it is another one.
func (m money) parse(digits string, signs ...string) (catalog.Money, bool) {
	for _, s := range signs {
		if s != "" && !m.is(strings.ToLower(s)) {
			return catalog.Money{}, false
		}
	}
	digits = strings.NewReplacer("'", "", "’", "").Replace(digits)
	if at := strings.LastIndexAny(digits, ".,"); at >= 0 {
		whole, frac := digits[:at], digits[at+1:]
		grouped := strings.ContainsAny(whole, ".,")
		whole = strings.NewReplacer(".", "", ",", "").Replace(whole)
		switch {
		case len(frac) == 3 && (m.exponent < 3 || grouped && strings.Count(digits, digits[at:at+1]) > 1):
			digits = whole + frac // 1.299
		default:
			digits = whole + "." + frac
		}
	}
	price, err := catalog.ParseMoney(digits, m.currency, m.exponent)
	return price, err == nil && price.IsSet()
}

// is reports whether sign can mean m's currency.
func (m money) is(sign string) bool {
	var is string
	switch sign {
	case "€", "euro", "euros", "eur":
		is = "EUR"
	case "$", "dollar", "dollars", "bucks":
		is = "USD CAD AUD NZD SGD HKD MXN TWD"
	case "£", "pound", "pounds", "quid", "gbp":
		is = "GBP"
	case "¥", "yen", "jpy":
		is = "JPY"
		if sign == "¥" {
			is = "JPY CNY"
		}
	case "₹", "rupee", "rupees", "inr":
		is = "INR"
	case "zł", "zloty", "pln":
		is = "PLN"
	case "chf", "franc", "francs", "franken":
		is = "CHF"
	case "kr", "krona", "kronor", "kroner", "krone", "kronar":
		is = "SEK NOK DKK ISK"
	default:
		is = strings.ToUpper(sign)
	}
	return strings.Contains(is, m.currency)
}

func submatch(text string, m []int, i int) string {
	if m[2*i] < 0 {
		return ""
	}
	return text[m[2*i]:m[2*i+1]]
}

// readPhrases finds stock, sale and superlatives.
func (q *reading) readPhrases() {
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
