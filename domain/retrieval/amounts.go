package retrieval

import (
	"strconv"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
)

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
	at := 0
	for i, w := range q.words {
		if w.end <= start+1 {
			last = w.token
		}
		if w.start >= end && next == "" && strings.TrimSpace(q.text[end:w.start]) == "" {
			next, at = w.token, i
		}
	}
	if spending(last) {
		return false
	}
	if signed {
		return true
	}
	if sizes(last) || unit(next) || next != "in" && measuring(next) || next == "in" && at == len(q.words)-1 {
		return false // 15 in: "in" is a unit where nothing comes after it
	}
	return firm || next == "" || q.filler(at) || boundary(next) || q.vocabulary.names[next] && len(q.vocabulary.terms[q.token(at+1)]) > 0 || q.negator(at) >= 0
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

// sizes reports whether a number after the word t is a size, an age or a mark.
func sizes(t string) bool {
	switch t {
	case "size", "aged", "age", "weight", "weighing", "width", "height", "length", "diameter", "waist", "grosse", "rated", "rating":
		return true
	}
	return false
}

// adulthood is the age up to which a number after children is one.
const adulthood = 18

// isAge reports whether a bound that begins at the byte start, of digits without
// a currency, is how old somebody is: "toys for kids under 3", "creams for women
// over 40". "Jackets for women under 100" and "gifts for children under 30" are
// about money, as most bounds in a shop are. most is set for an upper bound.
func (q *reading) isAge(start int, digits string, most bool) bool {
	who := ""
	for _, w := range q.words {
		if w.end <= start+1 {
			who = w.token
		}
	}
	years, err := strconv.Atoi(digits)
	if err != nil {
		return false
	}
	switch who {
	case "kid", "child", "baby", "toddler", "boy", "girl", "kind", "kinder", "enfant", "bebe", "nino", "nina", "bambino", "bambina", "bambini", "kinderen":
		return years <= adulthood
	case "woman", "man", "men", "people", "adult", "someone", "anyone", "person", "frau", "frauen", "mann", "manner", "dame", "damen", "herren", "personen":
		return !most && years < 100
	}
	return false
}

// unit reports whether t says that the number before it is no price.
func unit(t string) bool {
	switch t {
	case "cm", "mm", "m", "km", "meter", "metre", "inch", "ft", "foot", "kg", "g", "gram", "gramm", "gramme", "mg", "kilo", "kilogram", "kilogramm", "lb", "lbs", "pound", "oz", "ounce",
		"l", "ml", "cl", "liter", "litre", "w", "watt", "kw", "v", "volt", "mah", "ah", "hz", "gb", "tb", "mb", "lumen", "lm", "bar", "psi", "rpm",
		"second", "minute", "hour", "day", "week", "month", "year", "stunde", "tage", "tag", "woche", "jahr", "jahre", "monate", "old",
		"percent", "prozent", "degree", "grad", "people", "person", "personen", "piece", "pc", "stuck", "pack", "item", "time", "star", "review", "cent",
		"pocket", "x", "litern", "cup", "serving", "tog", "denier", "gsm", "carat", "karat", "mph", "kmh":
		return true
	}
	return false
}

// measuring reports whether t is a unit that quantities are compared in.
func measuring(t string) bool {
	_, _, ok := unitOf(t)
	return ok
}

// parse reads digits as an amount of the shop's currency, unless a sign says
// that it is another one, of which so much is worth something else altogether.
func (m money) parse(digits string, signs ...string) (catalog.Money, bool) {
	for _, s := range signs {
		if s != "" && !m.is(strings.ToLower(s)) && !m.near(strings.ToLower(s)) {
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

// near reports whether sign and m are of currencies of which one is worth about
// one of the other. Who asks a shop with prices in euros for what is under $30 is
// better served with what is under €30 than with everything.
func (m money) near(sign string) bool {
	const alike = "EUR USD GBP CHF CAD AUD NZD SGD"
	of, _, _ := strings.Cut(currencies(sign), " ")
	return strings.Contains(alike, m.currency) && strings.Contains(alike, of)
}

// is reports whether sign can mean m's currency.
func (m money) is(sign string) bool { return strings.Contains(currencies(sign), m.currency) }

// currencies returns what sign can mean, the likeliest first.
func currencies(sign string) string {
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
	return is
}
