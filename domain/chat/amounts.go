package chat

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// currency is an ISO 4217 code, or what stands for several: "$", "kr", "¥"; ""
// is not known.
type currency string

// fits reports whether an amount in c can be one in o.
func (c currency) fits(o currency) bool {
	if c == o || c == "" || o == "" || c == cent || o == cent {
		return true
	}
	several := map[currency][]currency{
		"$":  {"USD", "CAD", "AUD", "NZD", "HKD", "SGD", "MXN", "TWD", "ARS", "CLP", "COP", "BRL"},
		"kr": {"SEK", "NOK", "DKK", "ISK"},
		"¥":  {"JPY", "CNY"},
	}
	return slices.Contains(several[c], o) || slices.Contains(several[o], c)
}

// cent is a hundredth of any currency.
const cent currency = "cent"

// currencyOf returns the currency that word names, as it is written. Codes that
// are words of a language, too, count in upper case only.
func currencyOf(word string) (currency, bool) {
	switch strings.ToLower(word) {
	case "eur", "euro", "euros", "euron", "евро", "ευρώ":
		return "EUR", true
	case "usd":
		return "USD", true
	case "dollar", "dollars", "dólares", "dollari", "buck", "bucks", "доллар", "долларов":
		return "$", true
	case "gbp", "pound", "pounds", "pfund", "livres", "quid":
		return "GBP", true
	case "chf", "franken", "franc", "francs", "sfr", "fr":
		return "CHF", true
	case "jpy", "yen":
		return "JPY", true
	case "cny", "rmb", "yuan":
		return "CNY", true
	case "sek":
		return "SEK", true
	case "nok":
		return "NOK", true
	case "dkk":
		return "DKK", true
	case "isk":
		return "ISK", true
	case "kr", "kronor", "kroner", "krona", "krone", "kronen", "crowns":
		return "kr", true
	case "pln", "zł", "zloty", "złotych":
		return "PLN", true
	case "czk", "kč", "korun", "koruna":
		return "CZK", true
	case "huf", "forint":
		return "HUF", true
	case "bgn", "лв":
		return "BGN", true
	case "cad":
		return "CAD", true
	case "aud":
		return "AUD", true
	case "nzd":
		return "NZD", true
	case "hkd":
		return "HKD", true
	case "sgd":
		return "SGD", true
	case "inr", "rs", "rupee", "rupees", "rupien":
		return "INR", true
	case "rub", "руб", "рублей", "рубля", "roubles", "rubles", "rubel":
		return "RUB", true
	case "uah", "грн":
		return "UAH", true
	case "tl", "lira", "liras":
		return "TRY", true
	case "brl", "reais":
		return "BRL", true
	case "mxn", "pesos":
		return "MXN", true
	case "zar", "rand":
		return "ZAR", true
	case "krw":
		return "KRW", true
	case "thb", "baht":
		return "THB", true
	case "ils", "shekels":
		return "ILS", true
	case "aed", "dirham", "dirhams":
		return "AED", true
	case "kwd":
		return "KWD", true
	case "bhd":
		return "BHD", true
	case "omr":
		return "OMR", true
	case "jod":
		return "JOD", true
	case "cent", "cents", "ct", "cts", "pence", "penny", "rappen", "rp", "centimes", "centime", "céntimos", "centesimi", "øre", "öre":
		return cent, true
	}
	switch word {
	case "TRY", "RON", "HRK", "RSD", "ALL", "GEL", "MAD", "EGP", "SAR", "QAR", "TND", "DZD", "NGN", "KES", "GHS", "PHP", "IDR", "MYR", "VND", "TWD", "ARS", "CLP", "COP", "PEN", "UYU", "BTC", "ETH":
		return currency(word), true
	}
	return "", false
}

// unspaced are words for currencies in scripts that put no spaces between words.
var unspaced = regexp.MustCompile(`^(?:円|元|圆|원|ユーロ|ドル|유로|欧元)`)

func unspacedOf(word string) currency {
	switch word {
	case "円":
		return "JPY"
	case "元", "圆":
		return "CNY"
	case "원":
		return "KRW"
	case "ユーロ", "유로", "欧元":
		return "EUR"
	case "ドル":
		return "$"
	}
	return ""
}

func symbolOf(sign string) currency {
	switch sign {
	case "€":
		return "EUR"
	case "$":
		return "$"
	case "£":
		return "GBP"
	case "¥":
		return "¥"
	case "₹":
		return "INR"
	case "₽":
		return "RUB"
	case "₺":
		return "TRY"
	case "₩":
		return "KRW"
	case "₴":
		return "UAH"
	case "₪":
		return "ILS"
	case "฿":
		return "THB"
	case "₫":
		return "VND"
	case "₦":
		return "NGN"
	case "₱":
		return "PHP"
	case "¢":
		return cent
	case "₣":
		return "CHF"
	}
	return currency(sign)
}

var (
	wordAfter  = regexp.MustCompile(`^\p{L}+`)
	wordBefore = regexp.MustCompile(`\p{L}+$`)
	symbol     = regexp.MustCompile(`^\p{Sc}`)
	symbolEnd  = regexp.MustCompile(`\p{Sc}$`)
	noCents    = regexp.MustCompile(`^[.,]-+`) // 89,- and 89.-
	thousands  = regexp.MustCompile(`(?i)^ ?(?:k|thousand|grand|million|mio|mill|tsd|tausend|mille|mil|тыс)(?:[^\p{L}]|$)`)
)

// currencyAfter returns the currency at the beginning of s, which is plain, and
// how long it is with what stands before it.
func currencyAfter(s string) (currency, int, bool) {
	rest := strings.TrimPrefix(s, noCents.FindString(s))
	trimmed := strings.TrimLeft(rest, " \n(-")
	if len(rest)-len(trimmed) > 3 {
		return "", 0, false
	}
	lead := len(s) - len(trimmed)
	if sign := symbol.FindString(trimmed); sign != "" {
		return symbolOf(sign), lead + len(sign), true
	}
	word := wordAfter.FindString(trimmed)
	if w := unspaced.FindString(word); w != "" {
		return unspacedOf(w), lead + len(w), true
	}
	if strings.EqualFold(word, "us") && strings.HasPrefix(trimmed[len(word):], "$") {
		return "$", lead + len(word) + 1, true
	}
	c, ok := currencyOf(word)
	return c, lead + len(word), ok
}

// currencyBefore returns the currency at the end of s, which is plain, and where
// it begins.
func currencyBefore(s string) (currency, int, bool) {
	trimmed := strings.TrimRight(s, " \n.:)-")
	if len(s)-len(trimmed) > 3 {
		return "", 0, false
	}
	if sign := symbolEnd.FindString(trimmed); sign != "" {
		return symbolOf(sign), len(trimmed) - len(sign), true
	}
	word := wordBefore.FindString(trimmed)
	if strings.EqualFold(word, "fr") && !strings.HasPrefix(s[len(trimmed):], ".") {
		return "", 0, false // a day of the week
	}
	c, ok := currencyOf(word)
	return c, len(trimmed) - len(word), ok
}

// endsInCurrency reports whether s ends in a currency whose amount is yet to
// come.
func endsInCurrency(s string) bool {
	s = plain(s)
	_, begins, ok := currencyBefore(s + ".")
	if !ok {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(strings.TrimRight(s[:begins], " -.,"))
	return !unicode.IsDigit(before)
}

// number is a number in a plain text, and what it counts.
type number struct {
	text     string
	from, to int
	currency currency // if money
	money    bool     // with a currency, or spelled as a price
	scaled   bool     // 60k, 60 thousand: the value is not text's
	percent  bool
	unit     bool // of a measure
}

var (
	numeral = regexp.MustCompile(`\d{1,3}(?: \d{3})+(?:[.,]\d{1,2})?|\d[\d.,']*\d|\d`)
	// priced is a number that is written as prices are.
	priced   = regexp.MustCompile(`[.,]\d{2}$`)
	percents = regexp.MustCompile(`(?i)^ ?(?:%|(?:per ?cent|pct|prozent|pour ?cent|por ?ciento|per ?cento|procent\p{L}*|процент\p{L}*)(?:[^\p{L}]|$))`)
	unit     = regexp.MustCompile(`(?i)^[ -]?(?:(?:mm|cm|dm|km|m|mg|g|kg|ml|cl|dl|l|lit(?:er|re)s?|inch(?:es)?|ft|feet|oz|lbs?|grams?|gramm|kilos?|met(?:er|re)s?|days?|weeks?|months?|years?|hours?|hrs?|h|min|minutes?|minuten|sec|seconds?|tagen?|tage|wochen?|monaten?|monate|jahren?|jahre|stunden?|jours?|semaines?|mois|ans|heures?|días?|dagen|giorni|stück|pieces?|pcs|packs?|times|points?|stars?|watts?|mah|wh|gb|tb|mb|hz|uhr|am|pm)(?:[^\p{L}]|$)|°|["'x])`)
	// starred is a number of stars, and ofFive what comes after one: 4.60 of 5 is
	// a rating and no price.
	starred = regexp.MustCompile(`^[1-5](?:[.,]\d{1,2})?$`)
	ofFive  = regexp.MustCompile(`(?i)^ ?(?:/|(?:out )?of|von|sur|de|su|van) ?5(?:[^\d.,]|[.,](?:\D|$)|$)`)
	// leads to a price although no currency is there.
	leads = regexp.MustCompile(`(?i)(?:costs?|costing|priced(?: at)?|prices?|sells? for|selling for|pays?|paying|for (?:only|just)|kostet|kosten|preis|nur|coûtent|coûte|prix|cuesta|cuestan|precio|costa|costano|prezzo|kost|prijs)(?: is| are| was| ist| est| es| è|:|=)?(?: only| just| about| around| ca\.| nur| now| currently| aktuell| de| di|:)* ?$`)
	// ends is what comes after a price that has no currency.
	ends = regexp.MustCompile(`(?i)^(?:[ .,;:!?)|\n]*$|[.,;:!?)|] | (?:now|today|each|per|incl|including|plus|instead|only|apiece|a piece|jetzt|heute|inkl|pro|statt)(?:[^\p{L}]|$))`)
	// joins two numbers of one currency.
	joins    = regexp.MustCompile(`(?i)^ ?(?:-|/|to|bis|à|until|hasta|tot|a) ?$`)
	joinsAnd = regexp.MustCompile(`(?i)^ ?(?:and|or|und|oder|et|ou|y|o|e|en) ?$`)
	between  = regexp.MustCompile(`(?i)(?:between|zwischen|entre|tra|tussen) ?$`)
)

// numbersIn returns the numbers of a plain text in their order.
func numbersIn(text string) []number {
	var out []number
	taken := 0 // where the last currency that followed its number ends
	for _, at := range numeral.FindAllStringIndex(text, -1) {
		n := number{text: text[at[0]:at[1]], from: at[0], to: at[1]}
		before, after := tail(text[:n.from]), text[n.to:]
		n.percent = percents.MatchString(after)
		n.unit = unit.MatchString(after) || starred.MatchString(n.text) && ofFive.MatchString(after)
		n.scaled = thousands.MatchString(after)
		if n.scaled {
			after = strings.TrimPrefix(after, strings.TrimRight(thousands.FindString(after), " .,;!?)"))
		}
		if c, begins, ok := currencyBefore(before); ok && n.from-len(before)+begins >= taken {
			n.currency, n.money, n.from = c, true, n.from-len(before)+begins
		} else if c, length, ok := currencyAfter(after); ok && !belongsToNext(after, length) {
			n.currency, n.money = c, true
			taken = len(text) - len(after) + length
		} else if len(n.text) <= 2 && strings.HasPrefix(after, "p") && outside(after[1:], false) {
			n.currency, n.money = cent, true
		}
		switch {
		case n.money || n.percent:
		case noCents.MatchString(after):
			n.money = true
		case n.unit:
		case priced.MatchString(n.text), leads.MatchString(before) && ends.MatchString(after):
			n.money = true
		}
		out = append(out, n)
	}
	for i := range out {
		n := &out[i]
		if n.money || n.percent {
			continue
		}
		if i > 0 && out[i-1].currency != "" {
			gap := text[out[i-1].to:n.from]
			if len(gap) < near && (joins.MatchString(gap) && !n.unit || joinsAnd.MatchString(gap) && ends.MatchString(text[n.to:])) {
				n.currency, n.money = out[i-1].currency, true
			}
		}
		if i+1 < len(out) && out[i+1].currency != "" {
			gap := text[n.to:out[i+1].from]
			if len(gap) < near && (joins.MatchString(gap) || joinsAnd.MatchString(gap) && between.MatchString(tail(text[:n.from]))) {
				n.currency, n.money = out[i+1].currency, true
			}
		}
	}
	return out
}

// near is how far from a number, in bytes, words can still be about it: what
// comes of a text must not cost more than in proportion to its length.
const near = 64

// tail returns the end of s that is near.
func tail(s string) string {
	from := max(0, len(s)-near)
	for from < len(s) && !utf8.RuneStart(s[from]) {
		from++
	}
	return s[from:]
}

// belongsToNext reports whether the currency that is the first length bytes of
// after is that of the number behind it: 4 €5.
func belongsToNext(after string, length int) bool {
	return strings.HasPrefix(after, " ") && length < len(after) && '0' <= after[length] && after[length] <= '9'
}

// claimed returns the amounts that n can mean where somebody states it: three
// digits behind a point are thousands, since few prices have three decimals.
func (n number) claimed() []int64 {
	vs := readings(n.text)
	if len(vs) == 2 {
		vs = vs[1:]
	}
	return n.inCents(vs)
}

// meant returns all amounts that n can mean.
func (n number) meant() []int64 { return n.inCents(readings(n.text)) }

func (n number) inCents(vs []int64) []int64 {
	if n.currency == cent {
		for i := range vs {
			vs[i] /= 100
		}
	}
	return vs
}

// readings returns the amounts that a number as people write it can mean, in
// ten-thousandths: 1,299.90 and 1.299,90 are one, 1.299 may be two.
func readings(s string) []int64 {
	s = strings.NewReplacer("'", "", "’", "", " ", "", " ", "").Replace(s)
	s = strings.TrimRight(s, ".,")
	last := strings.LastIndexAny(s, ".,")
	whole, ok := scaled(strings.NewReplacer(".", "", ",", "").Replace(s), "")
	if last < 0 {
		if !ok {
			return nil
		}
		return []int64{whole}
	}
	var out []int64
	dec, decOK := scaled(strings.NewReplacer(".", "", ",", "").Replace(s[:last]), s[last+1:])
	if decOK && len(s)-last-1 <= 4 {
		out = append(out, dec)
	}
	if ok && len(s)-last-1 == 3 {
		out = append(out, whole)
	}
	return out
}

func scaled(whole, frac string) (int64, bool) {
	if len(frac) > 4 || len(whole) > 14 {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+frac+strings.Repeat("0", 4-len(frac)), 10, 64)
	return n, err == nil
}
