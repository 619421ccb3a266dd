package retrieval

import (
	"slices"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// Unmet is a quantity that a question asks for and nothing in the shop has, by
// field or title: 180 mm in a shop whose grinders have 125 and 230.
type Unmet struct {
	of      string // the unit
	written string // with its number, as it is asked
}

// Contradicts reports whether p, which was found for the question without its
// quantity, is of another size than u asks for: it is a product that all other words of
// text are the title of, and says how much of the same it has. Nothing that is called
// so has as much, then.
func (u Unmet) Contradicts(p Passage, text string) bool {
	want := QueryTokens(text)
	for _, t := range Tokens(u.written) {
		want = slices.DeleteFunc(want, func(w string) bool { return w == t })
	}
	if p.Kind != catalog.KindProduct || len(want) == 0 || !hasAll(Tokens(p.Title), want) {
		return false
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
