package retrieval

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// quantity is a number of a unit: 0.5 l is 500 of "ml". An attribute whose
// values are bare numbers counts what it is called: Persons 3 is 3 of "person".
type quantity struct {
	of string
	n  float64
}

// measured is an attribute's value that is a quantity.
type measured struct {
	quantity
	term
}

// maxMeasured bounds how many such values a vocabulary knows.
const maxMeasured = 5000

// unitOf returns the base unit of a unit's token and how many of it make one.
func unitOf(token string) (base string, factor float64, ok bool) {
	switch token {
	case "ml", "milliliter", "millilitre":
		return "ml", 1, true
	case "cl":
		return "ml", 10, true
	case "dl":
		return "ml", 100, true
	case "l", "liter", "litre", "litern", "litro", "ltr":
		return "ml", 1000, true
	case "mm":
		return "mm", 1, true
	case "cm", "centimeter", "centimetre":
		return "mm", 10, true
	case "m", "meter", "metre", "metro":
		return "mm", 1000, true
	case "inch", "in", "zoll":
		return "mm", 25.4, true
	case "ft", "foot":
		return "mm", 304.8, true
	case "mg":
		return "g", 0.001, true
	case "g", "gram", "gramm", "gramme":
		return "g", 1, true
	case "kg", "kilo", "kilogram", "kilogramm":
		return "g", 1000, true
	case "lb", "lbs", "pound":
		return "g", 453.59237, true
	case "oz", "ounce":
		return "g", 28.349523, true
	case "mah":
		return "mah", 1, true
	case "ah":
		return "mah", 1000, true
	case "lm", "lumen":
		return "lm", 1, true
	case "w", "watt":
		return "w", 1, true
	case "kw", "kilowatt":
		return "w", 1000, true
	case "v", "volt":
		return "v", 1, true
	case "hz", "hertz":
		return "hz", 1, true
	case "mb":
		return "mb", 1, true
	case "gb", "gigabyte":
		return "mb", 1000, true
	case "tb", "terabyte":
		return "mb", 1_000_000, true
	case "person", "people", "personen", "persona", "personne":
		return "person", 1, true
	}
	return "", 0, false
}

const unitWords = `(ml|millilit(?:er|re)s?|cl|dl|l|lit(?:er|re)s?|litern|litros?|ltr|mm|cm|centimet(?:er|re)s?|m|met(?:er|re)s?|metros?|inch(?:es)?|in|zoll|ft|feet|foot|` +
	`mg|g|grams?|gramm|grammes?|kg|kilos?|kilograms?|kilogramm|lbs?|pounds?|oz|ounces?|mah|ah|lm|lumens?|w|watts?|kw|kilowatts?|v|volts?|hz|hertz|` +
	`mb|gb|gigabytes?|tb|terabytes?|persons?|people|personen|personas|personnes)`

var (
	quantityValue  = regexp.MustCompile(`(?i)^[^\d]*` + number + `\s?-?` + unitWords + `$`)
	quantityPhrase = regexp.MustCompile(`(?i)` + before + `(?:(` + strings.Join([]string{
		`(?:no|not) (?:more|larger|bigger|longer|heavier) than`, `nicht mehr als`, `(?:no|not) (?:less|smaller|shorter|lighter) than`,
		`under`, `below`, `less than`, `smaller than`, `lighter than`, `shorter than`, `fewer than`, `unter`, `weniger als`, `kleiner als`, `leichter als`, `kürzer als`, `<=?`,
		`up to`, `at most`, `max\.?(?:imum)?`, `maximal`, `höchstens`, `bis(?: zu)?`, `≤`,
		`over`, `above`, `more than`, `larger than`, `bigger than`, `greater than`, `longer than`, `heavier than`, `über`, `mehr als`, `größer als`, `schwerer als`, `länger als`, `>=?`,
		`at least`, `min\.?(?:imum)?`, `mindestens`, `from`, `between`, `zwischen`, `von`, `ab`, `≥`,
	}, `|`) + `)\s*:?\s*(?:of |a |an )*)?(?:` + number + `\s?` + unitWords + `?\s*(?:-|–|to|and|und|bis)\s*)?` + number + `\s?-?` + unitWords + `\b(?:\s+(or|oder|and|und) (more|larger|bigger|over|above|up|mehr|größer|less|smaller|under|below|weniger|kleiner)\b)?`)
)

// quantityOf reads a number and a unit.
func quantityOf(digits, unit string) (quantity, bool) {
	base, factor, ok := unitOf(singular(strings.ToLower(unit)))
	if !ok {
		base, factor, ok = unitOf(strings.ToLower(unit))
	}
	n, err := strconv.ParseFloat(plainDigits(digits), 64)
	return quantity{base, n * factor}, ok && err == nil
}

// plainDigits returns a number as a person writes it with a decimal point and
// without separators of thousands: 10,000 is ten thousand, 0,75 is 0.75.
func plainDigits(digits string) string {
	digits = strings.NewReplacer("'", "", "’", "").Replace(digits)
	at := strings.LastIndexAny(digits, ".,")
	if at < 0 {
		return digits
	}
	whole, frac := strings.NewReplacer(".", "", ",", "").Replace(digits[:at]), digits[at+1:]
	if len(frac) == 3 && strings.Trim(whole, "0") != "" {
		return whole + frac
	}
	return whole + "." + frac
}

// learnQuantity adds the value of an attribute to what can be compared.
func (v *Vocabulary) learnQuantity(t term) {
	if len(v.measured) >= maxMeasured || len(t.value) > 60 {
		return
	}
	var q quantity
	if m := quantityValue.FindStringSubmatch(t.value); m != nil {
		var ok bool
		if q, ok = quantityOf(m[1], m[2]); !ok {
			return
		}
	} else {
		base, factor, ok := unitOf(attributeKey(t.name))
		n, err := strconv.ParseFloat(plainDigits(t.value), 64)
		if !ok || err != nil {
			return
		}
		q = quantity{base, n * factor}
	}
	v.measured = append(v.measured, measured{q, t})
}

// measure is a bound on quantities that a question states.
type measure struct {
	span
	terms []term
	exact bool // as much as that, and no bound: 4 l or 8 l
}

// readQuantities finds numbers with units that an attribute of the shop has. What
// was read as a price is none if only "in" says so: under 200 in red.
func (q *reading) readQuantities() {
	if len(q.vocabulary.measured) == 0 {
		return
	}
	for _, m := range quantityPhrase.FindAllStringSubmatchIndex(q.text, -1) {
		sub := func(i int) string { return submatch(q.text, m, i) }
		hi, ok := quantityOf(sub(4), sub(5))
		if !ok || sub(5) == "in" && slices.ContainsFunc(q.prices, func(s span) bool { return s.start < m[9] && m[8] < s.end }) {
			continue
		}
		lo, ranged := hi, sub(2) != ""
		if ranged {
			unit := sub(3)
			if unit == "" {
				unit = sub(5)
			}
			if lo, ok = quantityOf(sub(2), unit); !ok || lo.of != hi.of {
				continue
			}
		}
		if lo.n > hi.n {
			lo, hi = hi, lo
		}
		terms := q.vocabulary.quantities(boundOf(sub(1), sub(7), ranged, lo, hi))
		exact := sub(1) == "" && sub(7) == "" && !ranged
		if len(terms) == 0 {
			continue
		}
		start := m[0]
		if r := q.text[start:]; r != "" && (r[0] == ' ' || r[0] == ',') {
			start++
		}
		q.measures = append(q.measures, measure{span{start, m[1]}, terms, exact})
		q.gone = append(q.gone, span{start, m[1]})
	}
}

// boundOf returns what a quantity must be like that a question speaks of in
// these words: cue before it, and after behind it.
func boundOf(words, after string, ranged bool, lo, hi quantity) func(quantity) bool {
	same := func(a, b float64) bool { return a-b < 1e-9*(a+b) && b-a < 1e-9*(a+b) }
	c := cueOf(words)
	switch strings.ToLower(strings.Join(strings.Fields(words), " ")) {
	case "smaller than", "lighter than", "shorter than", "fewer than", "kleiner als", "leichter als", "kürzer als":
		c = cue{max: true, strict: true}
	case "larger than", "bigger than", "greater than", "longer than", "heavier than", "größer als", "schwerer als", "länger als":
		c = cue{strict: true}
	case "not larger than", "not bigger than", "not longer than", "not heavier than", "no larger than", "no bigger than", "no longer than", "no heavier than":
		c = cue{max: true}
	case "", "between", "zwischen", "von":
		if ranged {
			break
		}
		switch strings.ToLower(after) {
		case "more", "larger", "bigger", "over", "above", "up", "mehr", "größer":
			c = cue{}
		case "less", "smaller", "under", "below", "weniger", "kleiner":
			c = cue{max: true}
		default:
			ranged = true // lo is hi
		}
	}
	return func(x quantity) bool {
		switch {
		case x.of != hi.of:
			return false
		case ranged:
			return (x.n >= lo.n || same(x.n, lo.n)) && (x.n <= hi.n || same(x.n, hi.n))
		case same(x.n, hi.n):
			return !c.strict
		case c.max:
			return x.n < hi.n
		}
		return x.n > hi.n
	}
}

// quantities returns the values that are as is reports.
func (v Vocabulary) quantities(is func(quantity) bool) []term {
	var out []term
	for _, m := range v.measured {
		if is(m.quantity) && !slices.Contains(out, m.term) {
			out = append(out, m.term)
		}
	}
	return out
}
