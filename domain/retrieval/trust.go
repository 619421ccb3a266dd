package retrieval

import (
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// A field may hide a product from a shopper only where it is kept with care. How
// it is kept shows in the shop itself: a title that says "brass tray" of a
// product whose colour is said to be "Gold" is one more that a filter for brass
// would hide, and "Premium" may be a brand, but most titles with that word are
// of others. A shop without such titles keeps its fields well, as far as anybody
// can tell.
//
// In the demo's shop all titles agree with their fields. In the catalogue of the
// ESCI set 61 of 100 do with colours, 51 with categories and 75 with brands, as
// they are counted here: fields that sellers fill as they like.

// field is one of the fields that a filter may ask for.
type field struct {
	kind termKind
	name string // of an attribute, in lower case
}

func (t term) field() field { return field{t.kind, strings.ToLower(t.name)} }

// agreement counts titles that say a value of a field.
type agreement struct {
	said   int // of products that have the field
	agreed int // those whose field says it, too
}

const (
	// benefit is how many titles that agree each field is given in advance, so
	// that a few names such as Blue Lagoon Mug prove nothing.
	benefit = 50
	// leastAgreed is the share of titles that must agree with a field.
	leastAgreed = 0.9
	// titleWords bounds the words of a value that is looked for in titles, and
	// titleStarts the places where it is: a title of a hundred words is a text.
	titleWords  = 3
	titleStarts = 40
)

// decides reports whether a filter may be made of t.
func (v Vocabulary) decides(t term) bool {
	n := v.agreements[t.field()]
	return float64(n.agreed+benefit) >= leastAgreed*float64(n.said+benefit)
}

// compare counts what a product's title, given by its TitleKey, says of the
// fields of f by words that v knows by now. Numbers and letters are left out:
// they mean many things.
func (v *Vocabulary) compare(title string, f catalog.Facts) {
	said := make(map[field]map[string]bool)
	eachPhrase(title, func(phrase string) {
		for _, t := range v.terms[phrase] {
			if t.part || !slices.ContainsFunc(strings.Fields(phrase), plainWord) {
				continue
			}
			if said[t.field()] == nil {
				said[t.field()] = make(map[string]bool)
			}
			said[t.field()][phrase] = true
		}
	})
	for at, phrases := range said {
		has := at.values(f)
		if len(has) == 0 {
			continue
		}
		n := v.agreements[at]
		for phrase := range phrases {
			n.said++
			if anyHasWords(has, phrase) {
				n.agreed++
			}
		}
		v.agreements[at] = n
	}
}

// values returns what f says in the field.
func (at field) values(f catalog.Facts) []string {
	switch at.kind {
	case termBrand:
		return f.Brands
	case termCategory:
		return f.Categories
	case termAttribute:
	}
	var out []string
	for _, a := range f.Attributes {
		if strings.EqualFold(a.Name, at.name) {
			out = append(out, a.Values...)
		}
	}
	return out
}

// eachPhrase calls do with each run of up to titleWords words of title.
func eachPhrase(title string, do func(phrase string)) {
	for range titleStarts {
		end := 0
		for range titleWords {
			next := strings.IndexByte(title[end:], ' ')
			if next < 0 {
				do(title)
				break
			}
			do(title[:end+next])
			end += next + 1
		}
		var more bool
		if _, title, more = strings.Cut(title, " "); !more {
			return
		}
	}
}
