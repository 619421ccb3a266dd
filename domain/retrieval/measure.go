package retrieval

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
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
	case "inch", "in", "zoll", `"`, "″", "”", "''":
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

// quantityNumber is a number, or a part of one.
const quantityNumber = `(\d/\d{1,2}|[½¼¾]|half(?: of)?(?: an?)?|halbe?[rnsm]?|\d{1,3}(?:[.,'’]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,3})?)`

const unitWords = `(ml|millilit(?:er|re)s?|cl|dl|l|lit(?:er|re)s?|litern|litros?|ltr|mm|cm|centimet(?:er|re)s?|m|met(?:er|re)s?|metros?|inch(?:es)?|in|zoll|ft|feet|foot|` +
	`mg|g|grams?|gramm|grammes?|kg|kilos?|kilograms?|kilogramm|lbs?|pounds?|oz|ounces?|mah|ah|lm|lumens?|w|watts?|kw|kilowatts?|v|volts?|hz|hertz|` +
	`mb|gb|gigabytes?|tb|terabytes?|persons?|people|personen|personas|personnes)`

var (
	quantityValue  = regexp.MustCompile(`(?i)^(?:[^\d½¼¾]*[^\d½¼¾\pL])?` + quantityNumber + `(\s?-?` + unitWords + `|\s?["″”]|'')$`)
	quantityPhrase = regexp.MustCompile(`(?i)` + before + `(?:(` + strings.Join([]string{
		`(?:no|not) (?:more|larger|bigger|longer|heavier) than`, `nicht mehr als`, `(?:no|not) (?:less|smaller|shorter|lighter) than`,
		`under`, `below`, `less than`, `smaller than`, `lighter than`, `shorter than`, `fewer than`, `unter`, `weniger als`, `kleiner als`, `leichter als`, `kürzer als`, `<=?`,
		`up to`, `at most`, `max\.?(?:imum)?`, `maximal`, `höchstens`, `bis(?: zu)?`, `≤`,
		`over`, `above`, `more than`, `larger than`, `bigger than`, `greater than`, `longer than`, `heavier than`, `über`, `mehr als`, `größer als`, `schwerer als`, `länger als`, `>=?`,
		`at least`, `min\.?(?:imum)?`, `mindestens`, `from`, `between`, `zwischen`, `von`, `ab`, `≥`,
		`plus l(?:éger|égère)s? que`, `plus lourde?s? que`, `(?:de )?moins de`, `sous`, `(?:de )?plus de`, `jusqu['’]à`, `au plus`, `au moins`, `entre`, // French
		`más ligero?a?s? que`, `más pesado?a?s? que`, `(?:de )?menos de`, `(?:de )?más de`, `hasta`, `como máximo`, `al menos`, `como mínimo`, // Spanish
		`più legger[oaie] di`, `più pesant[ei] di`, `(?:di )?meno di`, `(?:di )?più di`, `fino a`, `al massimo`, `almeno`, `tra`, `fra`, // Italian
		`lichter dan`, `zwaarder dan`, `(?:van )?minder dan`, `onder(?: de)?`, `(?:van )?meer dan`, `tot`, `maximaal`, `hooguit`, `minstens`, `tussen`, // Dutch
	}, `|`) + `)\s*:?\s*(?:of |a |an )*)?(?:` + quantityNumber + `\s?` + unitWords + `?\s*(?:-|–|to|and|und|bis|et|à|y|e|en|tot)\s*)?` + quantityNumber + `\s?-?` + unitWords + `\b(?:\s+(or|oder|and|und) (more|larger|bigger|over|above|up|mehr|größer|less|smaller|under|below|weniger|kleiner)\b)?`)
)

// quantityOf reads a number and a unit.
func quantityOf(digits, unit string) (quantity, bool) {
	unit = strings.TrimLeft(unit, " -")
	base, factor, ok := unitOf(singular(strings.ToLower(unit)))
	if !ok {
		base, factor, ok = unitOf(strings.ToLower(unit))
	}
	n, err := strconv.ParseFloat(plainDigits(fraction(digits)), 64)
	return quantity{base, n * factor}, ok && err == nil
}

// fraction returns a part of a number as a decimal: 0.5 for ½, 1/2 and half. All
// else it returns as it is.
func fraction(digits string) string {
	switch d := strings.ToLower(digits); {
	case d == "½", strings.HasPrefix(d, "half"), strings.HasPrefix(d, "halb"):
		return "0.5"
	case d == "¼":
		return "0.25"
	case d == "¾":
		return "0.75"
	}
	over, under, ok := strings.Cut(digits, "/")
	a, err1 := strconv.ParseFloat(over, 64)
	b, err2 := strconv.ParseFloat(under, 64)
	if !ok || err1 != nil || err2 != nil || b == 0 {
		return digits
	}
	return strconv.FormatFloat(a/b, 'f', 6, 64)
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
	q, ok := valueQuantity(t.value)
	if !ok {
		base, factor, ok := unitOf(attributeKey(t.name))
		n, err := strconv.ParseFloat(plainDigits(t.value), 64)
		if !ok || err != nil {
			return
		}
		q = quantity{base, n * factor}
	}
	v.measured = append(v.measured, measured{q, t})
	if imperial(unitBehind(t.value)) {
		v.imperial[t.name] = true
	} else {
		v.metric[t.name] = true
	}
	if q.of == "g" {
		v.grams[t.value] = true
	}
}

// measure is a bound on quantities that a question states.
type measure struct {
	span
	terms []term
	exact bool // as much as that, and no bound: 4 l or 8 l
}

// readQuantities finds numbers with units that an attribute of the shop has, and
// bounds on the weight. What was read as a price is none if only "in" says so:
// under 200 in red.
func (q *reading) readQuantities() {
	if len(q.vocabulary.measured)+len(q.vocabulary.titled) == 0 && !q.vocabulary.weighs() {
		return
	}
	for _, m := range quantityPhrase.FindAllStringSubmatchIndex(q.text, -1) {
		sub := func(i int) string { return submatch(q.text, m, i) }
		hi, ok := quantityOf(sub(4), sub(5))
		if !ok || sub(5) == "in" && slices.ContainsFunc(q.prices, func(s span) bool { return s.start < m[9] && m[8] < s.end }) {
			continue
		}
		if hi.of == "g" && wordIn("pound pounds", strings.ToLower(strings.TrimLeft(sub(5), " -"))) && q.priced(m[8]) {
			continue // where prices are in pounds, pounds are money
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
		limits := boundOf(sub(1), sub(7), ranged, lo, hi)
		terms := q.vocabulary.quantities(limits.hold, sub(5))
		exact := sub(1) == "" && sub(7) == "" && !ranged
		if exact && len(terms) > 0 && !q.priced(m[8]) && !slices.ContainsFunc(terms, func(t term) bool { return t.name != "" }) {
			// Titles alone say it, and not all of them: it is preferred, not asked for.
			for _, t := range terms {
				q.out.Sized = append(q.out.Sized, t.value)
			}
			q.because("first what is called " + anyOf(q.out.Sized))
			continue
		}
		start := m[0]
		if r := q.text[start:]; r != "" && (r[0] == ' ' || r[0] == ',') {
			start++
		}
		at := span{start, m[1]}
		switch {
		case !q.priced(m[8]) && q.isWeight(at, limits, terms):
			q.weight(limits)
			at.start = q.weighing(at.start)
		case len(terms) > 0:
			q.measures = append(q.measures, measure{at, terms, exact})
		case exact && !q.priced(m[8]):
			q.out.Unmet = append(q.out.Unmet, Unmet{of: hi.of, written: strings.TrimSpace(q.text[m[8]:m[1]])})
			continue
		default:
			continue
		}
		q.gone = append(q.gone, at)
	}
}

// limits are what a quantity must be between.
type limits struct {
	lo, hi       quantity
	least, most  bool // there is a lower one, an upper one
	above, below bool // it itself is too little, too much
}

// boundOf returns what a quantity must be like that a question speaks of in
// these words: cue before it, and after behind it.
func boundOf(words, after string, ranged bool, lo, hi quantity) limits {
	c := cueOf(words)
	switch strings.ToLower(strings.Join(strings.Fields(words), " ")) {
	case "smaller than", "lighter than", "shorter than", "fewer than", "kleiner als", "leichter als", "kürzer als":
		c = cue{max: true, strict: true}
	case "larger than", "bigger than", "greater than", "longer than", "heavier than", "größer als", "schwerer als", "länger als":
		c = cue{strict: true}
	case "not larger than", "not bigger than", "not longer than", "not heavier than", "no larger than", "no bigger than", "no longer than", "no heavier than",
		"jusqu'à", "jusqu’à", "au plus", "hasta", "como máximo", "fino a", "al massimo", "tot", "maximaal", "hooguit":
		c = cue{max: true}
	case "moins de", "de moins de", "de menos de", "di meno di", "van minder dan", "sous", "menos de", "meno di", "minder dan", "onder", "onder de", "lichter dan", "plus léger que", "plus légers que", "plus légère que", "plus légères que",
		"más ligero que", "más ligera que", "más ligeros que", "más ligeras que", "più leggero di", "più leggera di", "più leggeri di", "più leggere di":
		c = cue{max: true, strict: true}
	case "plus de", "de plus de", "de más de", "di più di", "van meer dan", "más de", "più di", "meer dan", "zwaarder dan", "plus lourd que", "plus lourde que", "plus lourds que", "plus lourdes que",
		"más pesado que", "más pesada que", "más pesados que", "más pesadas que", "più pesante di", "più pesanti di":
		c = cue{strict: true}
	case "", "between", "zwischen", "von", "entre", "tra", "fra", "tussen":
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
	switch {
	case ranged:
		return limits{lo: lo, hi: hi, least: true, most: true}
	case c.max:
		return limits{hi: hi, most: true, below: c.strict}
	}
	return limits{lo: hi, least: true, above: c.strict}
}

// hold reports whether x is between them.
func (l limits) hold(x quantity) bool {
	if l.least {
		if c := x.compare(l.lo); x.of != l.lo.of || c < 0 || c == 0 && l.above {
			return false
		}
	}
	if l.most {
		if c := x.compare(l.hi); x.of != l.hi.of || c > 0 || c == 0 && l.below {
			return false
		}
	}
	return true
}

// compare returns -1, 0 or +1 as q is less than, as much as or more than o, which is
// of the same unit.
func (q quantity) compare(o quantity) int {
	switch d := 1e-9 * (q.n + o.n); {
	case q.n-o.n > d:
		return 1
	case o.n-q.n > d:
		return -1
	}
	return 0
}

// quantities returns the values that are as is reports, where the question gives
// them in this unit: of those that attributes and titles give in both inches and
// centimetres, or what is alike, only those in the kind of unit that is asked for.
func (v Vocabulary) quantities(is func(quantity) bool, unit string) []term {
	var alike, others []term
	add := func(same bool, t term) {
		list := &others
		if same {
			list = &alike
		}
		if !slices.Contains(*list, t) {
			*list = append(*list, t)
		}
	}
	of := v.metric
	if imperial(unit) {
		of = v.imperial
	}
	for _, m := range v.measured {
		if is(m.quantity) {
			add(of[m.name], m.term)
		}
	}
	for _, m := range v.titled {
		if is(m.quantity) {
			add(imperial(unitBehind(m.value)) == imperial(unit), m.term)
		}
	}
	if len(alike) > 0 {
		return alike
	}
	return others
}

// unitBehind returns what stands behind the number of a value.
func unitBehind(value string) string {
	return strings.TrimLeft(strings.TrimLeftFunc(value, func(r rune) bool { return !unicode.IsDigit(r) }), "0123456789.,/'’ -")
}
