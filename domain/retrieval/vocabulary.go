package retrieval

import (
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// Vocabulary is what a shop calls things: the only words from which Understand
// makes filters. The zero Vocabulary knows none. Add changes it; everything
// else only reads it and may run concurrently.
type Vocabulary struct {
	terms  map[string][]term   // by their tokens
	codes  map[string]string   // SKUs and GTINs as the shop writes them, by CodeKey
	titles map[string][]string // tokens of the values that the title's product has, by TitleKey
	parts  map[string]bool     // tokens of attribute values, such as the leather of Full-grain leather
	// most is how many tokens the longest term or title has.
	most   int
	prices map[money]int // how many offers are priced in it
}

// money is how a shop writes amounts.
type money struct {
	currency string
	exponent uint8
}

// term is one thing that words can mean.
type term struct {
	kind  termKind
	name  string // of an attribute
	value string // as the shop writes it
}

type termKind uint8

const (
	termAttribute termKind = iota + 1
	termBrand
	termCategory
)

// NewVocabulary returns the vocabulary of a shop whose documents have these
// facts.
func NewVocabulary(facts ...catalog.Facts) Vocabulary {
	var v Vocabulary
	for _, f := range facts {
		v.Add("", f)
	}
	return v
}

// Add teaches v a document's facts and, if it is not empty, its title. In a
// question that names it, a word of the title that is not true of the product
// is no filter: a Blue Lagoon Mug need not be blue.
func (v *Vocabulary) Add(title string, f catalog.Facts) {
	if v.terms == nil {
		v.terms = make(map[string][]term)
		v.codes = make(map[string]string)
		v.titles = make(map[string][]string)
		v.parts = make(map[string]bool)
		v.prices = make(map[money]int)
	}
	for _, b := range f.Brands {
		v.learn(term{kind: termBrand, value: strings.TrimSpace(b)})
	}
	for _, path := range f.Categories {
		for part := range strings.SplitSeq(path, " > ") {
			v.learn(term{kind: termCategory, value: strings.TrimSpace(part)})
		}
	}
	attributes := slices.Clone(f.Attributes)
	for _, o := range f.Offers {
		attributes = append(attributes, o.Attributes...)
		v.learnCode(o.SKU)
		v.learnCode(o.GTIN)
		for _, m := range []catalog.Money{o.Regular, o.Sale} {
			if m.IsSet() {
				v.prices[money{m.Currency, m.Exponent}]++
			}
		}
	}
	var values []string
	for _, a := range attributes {
		for _, value := range a.Values {
			v.learn(term{kind: termAttribute, name: a.Name, value: strings.TrimSpace(value)})
			values = append(values, TitleKey(value))
			if !measures(a.Name) {
				for _, part := range Tokens(value) {
					v.parts[part] = true
				}
			}
		}
	}
	for _, code := range f.SKUs {
		v.learnCode(code)
	}
	for _, code := range f.GTINs {
		v.learnCode(code)
	}
	if key := TitleKey(title); key != "" {
		v.titles[key] = append(v.titles[key], values...)
		v.most = max(v.most, min(maxTermTokens, strings.Count(key, " ")+1))
	}
}

// maxTermTokens bounds the words of a term: what is longer is a sentence and
// nobody's name for something.
const maxTermTokens = 12

func (v *Vocabulary) learn(t term) {
	key := TitleKey(t.value)
	n := strings.Count(key, " ") + 1
	if key == "" || n > maxTermTokens || slices.Contains(v.terms[key], t) {
		return
	}
	v.terms[key] = append(v.terms[key], t)
	v.most = max(v.most, n)
}

func (v *Vocabulary) learnCode(code string) {
	code = strings.TrimSpace(code)
	if key := CodeKey(code); key != "" {
		if _, ok := v.codes[key]; !ok {
			v.codes[key] = code
		}
	}
}

// currency returns the currency in which most of the shop's prices are, ""
// if it has none.
func (v Vocabulary) currency() money {
	var best money
	for m, n := range v.prices {
		switch most := v.prices[best]; {
		case n > most, n == most && (m.currency < best.currency || m.currency == best.currency && m.exponent < best.exponent):
			best = m
		}
	}
	return best
}

// shades returns all values of the attributes of that name that end in value:
// who wants blue is shown navy blue, too. Only colours work that way; extra
// large is not large.
func (v Vocabulary) shades(name, key string) []string {
	if !isColour(name) {
		return nil
	}
	var out []string
	for k, terms := range v.terms {
		if !strings.HasSuffix(k, " "+key) {
			continue
		}
		for _, t := range terms {
			if t.kind == termAttribute && strings.EqualFold(t.name, name) {
				out = append(out, t.value)
			}
		}
	}
	return out
}

func isColour(name string) bool {
	switch key := attributeKey(name); key {
	case "colour", "farbe", "couleur", "kleur", "colore":
		return true
	default:
		return strings.HasSuffix(key, " colour")
	}
}

// measures reports whether the words of an attribute's values say how much of
// something there is and not what it is: extra of Extra large.
func measures(name string) bool {
	for t := range strings.FieldsSeq(attributeKey(name)) {
		switch t {
		case "size", "grosse", "taille", "maat", "taglia", "talla", "length", "width", "height", "volume", "capacity", "weight", "fit", "lange", "breite":
			return true
		}
	}
	return false
}

// attributeKey returns the tokens of an attribute's name, in one spelling.
func attributeKey(name string) string {
	name = strings.TrimPrefix(strings.ToLower(name), "pa_")
	tokens := Tokens(name)
	for i, t := range tokens {
		tokens[i] = nameToken(t)
	}
	return strings.Join(tokens, " ")
}
