package chat

import (
	"regexp"
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
)

var (
	// outOf and inOf are claims about stock.
	outOf = regexp.MustCompile(`(?i)(?:^|[^\p{L}])(?:out[ -]of[ -]stock|sold out|no longer in stock|(?:not|n't|neither|none)(?: [\p{L}]+){0,2} in stock|not (?:currently )?available|unavailable|ausverkauft|vergriffen|(?:nicht|nicht mehr)(?: [\p{L}]+){0,1} (?:vorrätig|lieferbar|verfügbar|auf lager)|en rupture|rupture de stock|épuisée?s?|pas en stock|agotad[oa]s?|sin existencias|esaurit[oaie]|non disponibil[ei]|uitverkocht|niet (?:op voorraad|leverbaar)|slutsåld|ej i lager|udsolgt|wyprzedan\p{L}*)`)
	notIn = regexp.MustCompile(`(?i)n't(?: [\p{L}]+){0,2} (?:in stock|available)`)
	inOf  = regexp.MustCompile(`(?i)(?:^|[^\p{L}])(?:in stock|ready to ship|available now|available to order|auf lager|vorrätig|lieferbar|en stock|en existencia|disponibile|op voorraad|i lager|på lager|na stanie)`)
	// of says what something is not available as: nothing about stock.
	of = regexp.MustCompile(`(?i)^ (?:in|as|for|with|at|on|online|to)(?:[^\p{L}]|$)`)
	// wondering comes before a stock state that is not claimed.
	wondering = regexp.MustCompile(`(?i)(?:^|[^\p{L}])(?:if|when|once|whether|until|unless|as soon as|wenn|sobald|falls|ob|bis|si|dès que|quand|cuando|quando|als|zodra)(?: [\p{L}'-]+){0,6}[ ]*$`)
	// left is how many pieces there are.
	left = regexp.MustCompile(`(?i)(?:^|[^\p{L}\d])(?:\d+|one|two|three|four|five|six|a few|few|ein paar|wenige)(?: [\p{L}]+){0,2} (?:left|remaining|übrig|restants?)(?:[^\p{L}]|$)|\d+ (?:(?:pieces?|units?|items?|pcs|stück|exemplar\p{L}*) )?(?:are |is )?(?:in stock|auf lager|en stock)`)
)

// stockHolds reports whether what c says of stock is true of every product that
// it is about, or of one at least if it does not say of which.
func (c claim) stockHolds() bool {
	for _, m := range left.FindAllString(c.text, -1) {
		said := strings.ToLower(strings.Trim(m, " .,;:!?()\n"))
		if !c.any(func(f facts) bool { return strings.Contains(f.text, said) }) {
			return false
		}
	}
	at := outOf.FindStringIndex(c.text)
	if at == nil {
		at = notIn.FindStringIndex(c.text)
	}
	saysOut := at != nil && !(strings.HasSuffix(strings.ToLower(c.text[:at[1]]), "available") && of.MatchString(c.text[at[1]:]))
	saysIn := false
	if at == nil {
		at = inOf.FindStringIndex(c.text)
		saysIn = at != nil
	}
	if !saysOut && !saysIn || wondering.MatchString(tail(c.text[:at[0]])) {
		return true
	}
	about := slices.DeleteFunc(slices.Clone(c.facts), func(f facts) bool { return !f.meant })
	if len(about) == 0 {
		// A rule of the shop's, or of what stands in the sentence before.
		return saysOut || c.any(func(f facts) bool {
			return f.card != nil && f.card.Stock == catalog.InStock || f.card == nil && inOf.MatchString(f.text)
		})
	}
	for _, f := range about {
		if !f.stockIs(saysIn, strings.ToLower(c.text)) {
			return false
		}
	}
	return true
}

// stockIs reports whether a product is in stock, or out of it, as far as the
// lower-case sentence says of which variations.
func (f facts) stockIs(in bool, sentence string) bool {
	if f.card.Stock == 0 {
		return true // nobody knows; the text may
	}
	lines := f.variations(sentence)
	if in {
		return f.card.Stock == catalog.InStock && (len(lines) == 0 || slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "in stock") }))
	}
	if len(lines) > 0 {
		return slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "out of stock") })
	}
	// A product with variations may have both: its text holds each one's.
	return f.card.Stock == catalog.OutOfStock || strings.Contains(f.text, "out of stock")
}

// variations returns the lines of FactLines that are of the variations which
// sentence names best, none if it names none.
func (f facts) variations(sentence string) []string {
	var values []string
	for _, a := range f.card.Attributes {
		for _, v := range a.Values {
			if v = strings.ToLower(plain(v)); len(spans(sentence, v)) > 0 {
				values = append(values, v)
			}
		}
	}
	most := 0
	var lines []string
	for line := range strings.SplitSeq(f.text, "\n") {
		if !strings.HasPrefix(line, "- ") || len(values) == 0 {
			continue
		}
		n := 0
		for _, v := range values {
			if len(spans(line, v)) > 0 {
				n++
			}
		}
		switch {
		case n == 0 || n < most:
		case n > most:
			most, lines = n, []string{line}
		default:
			lines = append(lines, line)
		}
	}
	return lines
}
