package retrieval

import (
	"slices"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// Vocabulary is what a shop calls things: the only words from which Understand
// makes filters. The zero Vocabulary knows none. Add changes it; everything
// else only reads it and may run concurrently.
type Vocabulary struct {
	// At is when a question is asked, for the prices that it compares with
	// ("cheaper than the Glo stove"): a sale may have begun since Add.
	At time.Time

	terms  map[string][]term // by their tokens
	codes  map[string]string // SKUs and GTINs as the shop writes them, by CodeKey
	models map[string]model  // codes that are attributes, by CodeKey
	titles map[string]titled // by TitleKey
	parts  map[string][]term // attributes by tokens of their values, such as the leather of Full-grain leather; the value is empty
	sizes  map[string]bool   // categories with a size of theirs, by sizeKey
	// measured are the values that are quantities, each once.
	measured []measured
	// titled are those that titles say, each as it is written once; metric and
	// imperial are the attributes with values in such units.
	titled           []measured
	written          map[string]bool
	metric, imperial map[string]bool
	claims           map[string]bool // what some product says that it is without
	grams            map[string]bool // those of them that are so many grams
	// most is how many tokens the longest term or title has.
	most   int
	prices map[money]int // how many offers are priced in it
	// languages are of the shop and of who asks, for words in another form than
	// the shop's own; forms are those, by language and stem.
	languages []string
	forms     map[string][]string
	// names are the words with which the names of attributes begin.
	names map[string]bool
	// offered is how many products can be bought, weighed how many of them say what
	// they weigh, and portioned how many have an attribute that is so many grams.
	offered, weighed, portioned int
	// agreements say how well the titles of products agree with their fields.
	agreements map[field]agreement
}

// titled is what is known of the products of one title.
type titled struct {
	values    []string // tokens of the values, categories and brands that they have
	low, high catalog.Money
	// dated are the prices of those of them that a sale changes by the clock, which
	// are not in low and high: see at.
	dated []catalog.Facts
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
	part  bool   // the words are only a part of a category's name: tent of Tents & Tarps
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
		v.models = make(map[string]model)
		v.grams = make(map[string]bool)
		v.titles = make(map[string]titled)
		v.sizes = make(map[string]bool)
		v.parts = make(map[string][]term)
		v.agreements = make(map[field]agreement)
		v.prices = make(map[money]int)
		v.forms = make(map[string][]string)
		v.names = make(map[string]bool)
		v.written = make(map[string]bool)
		v.claims = make(map[string]bool)
		v.metric, v.imperial = make(map[string]bool), make(map[string]bool)
	}
	v.compare(TitleKey(title), f)
	var values, categories []string
	for _, b := range f.Brands {
		v.learnName(term{kind: termBrand, value: strings.TrimSpace(b)})
		values = append(values, TitleKey(b))
	}
	for _, path := range f.Categories {
		for part := range strings.SplitSeq(path, " > ") {
			part = strings.TrimSpace(part)
			v.learnName(term{kind: termCategory, value: part})
			values, categories = append(values, TitleKey(part)), append(categories, part)
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
	for _, a := range attributes {
		if first, _, _ := strings.Cut(attributeKey(a.Name), " "); first != "" && plainWord(first) {
			v.names[first] = true
		}
		for _, value := range a.Values {
			t := term{kind: termAttribute, name: a.Name, value: strings.TrimSpace(value)}
			if v.learn(TitleKey(t.value), t) {
				v.learnQuantity(t)
			}
			values = append(values, TitleKey(value))
			switch {
			case !measures(a.Name):
				for _, part := range Tokens(value) {
					if of := (term{kind: termAttribute, name: a.Name}); !slices.Contains(v.parts[part], of) {
						v.parts[part] = append(v.parts[part], of)
					}
				}
			case len(value) <= 4:
				for _, c := range categories {
					v.sizes[sizeKey(c, value)] = true
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
	v.learnModels(f)
	v.learnTitled(title, f)
	v.learnClaims(title, f)
	v.weigh(f, attributes)
	if key := TitleKey(title); key != "" {
		t := v.titles[key]
		t.values = append(t.values, values...)
		if prices, dated := clocked(f); dated {
			t.dated = append(t.dated, prices)
		} else {
			t.price(f.PriceRange(time.Time{}))
		}
		v.titles[key] = t
		v.most = max(v.most, min(maxTermTokens, strings.Count(key, " ")+1))
	}
}

// maxTermTokens bounds the words of a term: what is longer is a sentence and
// nobody's name for something.
const maxTermTokens = 12

// clocked returns what f says of prices, and whether these depend on the time.
func clocked(f catalog.Facts) (prices catalog.Facts, dated bool) {
	for _, o := range f.Offers {
		prices.Offers = append(prices.Offers, catalog.Offer{Regular: o.Regular, Sale: o.Sale, SaleFrom: o.SaleFrom, SaleTo: o.SaleTo})
		dated = dated || o.Sale.IsSet() && !(o.SaleFrom.IsZero() && o.SaleTo.IsZero())
	}
	return prices, dated
}

// at returns t with what its products cost at a time.
func (t titled) at(now time.Time) titled {
	for _, f := range t.dated {
		t.price(f.PriceRange(now))
	}
	return t
}

// price widens what t costs by r.
func (t *titled) price(r catalog.PriceRange) {
	if !r.Min.IsSet() {
		return
	}
	if !t.low.IsSet() || sameMoney(r.Min, t.low) && r.Min.Cmp(t.low) < 0 {
		t.low = r.Min
	}
	if !t.high.IsSet() || sameMoney(r.Max, t.high) && r.Max.Cmp(t.high) > 0 {
		t.high = r.Max
	}
}

// learn adds t under key and reports whether it is new.
func (v *Vocabulary) learn(key string, t term) bool {
	n := strings.Count(key, " ") + 1
	if key == "" || n > maxTermTokens || slices.Contains(v.terms[key], t) {
		return false
	}
	if len(v.terms[key]) == 0 {
		v.learnForms(key, t.value)
	}
	v.terms[key] = append(v.terms[key], t)
	v.most = max(v.most, n)
	return true
}

// learnName adds a brand or category, also with a word for the sign between its
// parts, and a category by each of its parts: who asks for a tent looks in Tents
// & Tarps.
func (v *Vocabulary) learnName(t term) {
	v.learn(TitleKey(t.value), t)
	parts := CategoryNames(t.value)
	if len(parts) < 2 {
		return
	}
	for _, word := range []string{"", "and", "und", "et", "y", "en"} {
		v.learn(TitleKey(strings.Join(parts, " "+word+" ")), t)
	}
	for _, p := range parts {
		if key := TitleKey(p); t.kind == termCategory && len(key) >= 3 && !stopWord(key) {
			v.learn(key, term{kind: termCategory, value: t.value, part: true})
		}
	}
}

// CategoryNames returns the names that a category's is made of: Tents and Tarps
// of Tents & Tarps. A name of one is itself.
func CategoryNames(name string) []string {
	return strings.FieldsFunc(strings.NewReplacer(" and ", "&", " und ", "&", " et ", "&", " y ", "&", ", ", "&", " + ", "&", "/", "&").Replace(name),
		func(r rune) bool { return r == '&' })
}

func sizeKey(category, size string) string {
	return strings.ToLower(category) + "\x00" + strings.ToUpper(size)
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

// shades returns all values of the attributes of that name that are of a kind
// with key: who wants blue is shown navy blue, too, and who wants wool merino
// wool. Only colours and materials work that way; extra large is not large.
func (v Vocabulary) shades(name, key string) []string {
	colour, material := isColour(name), isMaterial(name)
	if !colour && !material {
		return nil
	}
	var out []string
	for k, terms := range v.terms {
		if !(colour && strings.HasSuffix(k, " "+key) || material && strings.Contains(" "+k+" ", " "+key+" ")) {
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

func isMaterial(name string) bool {
	for t := range strings.FieldsSeq(attributeKey(name)) {
		switch t {
		case "material", "fabric", "filling", "fill", "composition", "stoff", "fullung", "matiere", "materiale", "materiaal", "tejido", "tessuto": //nolint:misspell // Dutch
			return true
		}
	}
	return false
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
