package retrieval

import (
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// Unmet is a quantity or a size that a question asks for and nothing in the shop has,
// by field or title: 180 mm in a shop whose grinders have 125 and 230.
type Unmet struct {
	of      string // the unit; "" for a size
	written string // with its number, as it is asked
}

// Contradicts reports whether p, which was found for the question without its
// quantity, is of another size than u asks for: it is a product that all other words of
// text are the title of, and says how much of the same it has. Nothing that is called
// so has as much, then. also is what counts as words of the text.
func (u Unmet) Contradicts(p Passage, text string, also ...Alternative) bool {
	title, unsaid := Tokens(p.Title), Tokens(u.written)
	want := slices.DeleteFunc(QueryTokens(text), func(t string) bool { return slices.Contains(unsaid, t) })
	if p.Kind != catalog.KindProduct || len(want) == 0 || slices.ContainsFunc(want, func(t string) bool { return !saysWord(title, t, also) }) {
		return false
	}
	if u.of == "" {
		return slices.ContainsFunc(p.Facts.Attributes, func(a catalog.Attribute) bool { return sizeAttribute(attributeKey(a.Name)) && len(a.Values) > 0 })
	}
	other := false
	eachTitled(p.Title, func(q quantity, _ string) { other = other || q.of == u.of })
	for _, a := range p.Facts.Attributes {
		for _, v := range a.Values {
			q, ok := valueQuantity(v)
			other = other || ok && q.of == u.of
		}
	}
	return other
}

// Meets reports whether p says in its title that it is of the size that u asks for:
// diapers of size 3, which no field has.
func (u Unmet) Meets(p Passage) bool {
	return u.of == "" && p.Kind == catalog.KindProduct && hasWords(p.Title, u.written)
}

// readSizes finds a size that nothing in the shop has, where things have sizes:
// size 13.
func (q *reading) readSizes() {
	for i := range q.words {
		name, value := nameToken(q.token(i)), q.token(i+1)
		if value == "" || !sizeAttribute(name) || !q.vocabulary.sized() || !sizeValue(value) || q.isGone(i, i+2) ||
			slices.ContainsFunc(q.terms, func(t termSpan) bool { return t.from <= i+1 && i+1 < t.to }) {
			continue
		}
		end := i + 1
		if ageUnit(q.folded(end + 1)) {
			end++
		}
		q.out.Unmet = append(q.out.Unmet, Unmet{written: q.text[q.words[i].start:q.words[end].end]})
	}
}

// sizeValue reports whether t can be no word: 13, 6.5 or xxl.
func sizeValue(t string) bool {
	return len(t) <= 4 && strings.Trim(t, "0123456789.,/-") == "" || wordIn("xxs xxxs xs xl xxl xxxl 2xl 3xl 4xl 5xl", t)
}

// sized reports whether the shop has things that come in sizes.
func (v Vocabulary) sized() bool {
	for name := range v.names {
		if sizeAttribute(name) {
			return true
		}
	}
	return false
}

// ageUnit reports whether word, which is folded, counts the age of children, by
// which their clothes are sized.
func ageUnit(word string) bool {
	return wordIn("month months year years yr yrs mois an ans monat monate jahr jahre mes meses ano anos mese mesi anno anni maand maanden jaar", word)
}

// AgesOnly reports whether all values are ages of children.
func AgesOnly(values []string) bool {
	return !slices.ContainsFunc(values, func(v string) bool {
		age := false
		eachWord(v, func(_, _ int, w string) { age = age || ageUnit(w) })
		return !age
	})
}
