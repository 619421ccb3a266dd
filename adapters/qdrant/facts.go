package qdrant

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/qdrant/go-client/qdrant"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// Fields of a point's payload by which facts are filtered. They let through what
// retrieval.Filter.Match may let through and little else; Match itself decides,
// by fieldFacts.
const (
	fieldKind       = "kind"
	fieldLanguage   = "language" // see language.go; points from before have none
	fieldTitle      = "title"    // its retrieval.TitleKey
	fieldCodes      = "codes"    // retrieval.CodeKey of retrieval.Codes
	fieldBrands     = "brands"
	fieldCategories = "categories" // each part of each path
	fieldOffers     = "offers"
	fieldFacts      = "facts" // JSON of factsJSON

	offerLow        = "low" // the lowest price that it can have, of regular and sale
	offerHigh       = "high"
	offerCurrency   = "currency"
	offerStock      = "stock"
	offerSale       = "sale" // it has a sale price
	offerAttributes = "attributes"
)

// factsJSON is what Match is asked with.
type factsJSON struct {
	Kind   catalog.Kind
	Locale string
	Title  string
	Facts  catalog.Facts
}

// factsPayload returns the fields of e's facts: the same for all of its chunks.
func factsPayload(e retrieval.Entry) (map[string]*qdrant.Value, error) {
	facts, err := json.Marshal(factsJSON{e.Kind, e.Locale, e.Title, e.Facts})
	if err != nil {
		return nil, fmt.Errorf("%w: facts: %w", ports.ErrInvalid, err)
	}
	f := e.Facts
	var offers []*qdrant.Value
	for _, o := range f.Offers {
		offers = append(offers, offerValue(f, o))
	}
	var parts []string
	for _, path := range f.Categories {
		for part := range strings.SplitSeq(path, " > ") {
			parts = append(parts, fold(strings.TrimSpace(part)))
		}
	}
	return map[string]*qdrant.Value{
		fieldKind:       qdrant.NewValueInt(int64(e.Kind)),
		fieldLanguage:   qdrant.NewValueString(languageWord(e.Locale)),
		fieldTitle:      qdrant.NewValueString(retrieval.TitleKey(e.Title)),
		fieldCodes:      keywords(retrieval.Codes(f), retrieval.CodeKey),
		fieldBrands:     keywords(f.Brands, fold),
		fieldCategories: keywords(parts, fold),
		fieldOffers:     qdrant.NewValueFromList(offers...),
		fieldFacts:      qdrant.NewValueString(string(facts)),
	}, nil
}

func offerValue(f catalog.Facts, o catalog.Offer) *qdrant.Value {
	low, high := math.Inf(1), math.Inf(-1)
	currency := ""
	for _, m := range []catalog.Money{o.Regular, o.Sale} {
		if m.IsSet() {
			low, high, currency = min(low, amount(m)), max(high, amount(m)), m.Currency
		}
	}
	out := map[string]*qdrant.Value{
		offerStock: qdrant.NewValueInt(int64(o.Stock)), offerSale: qdrant.NewValueBool(o.Sale.IsSet()),
		offerAttributes: keywords(offerWords(f, o), func(s string) string { return s }),
	}
	if currency != "" {
		out[offerLow], out[offerHigh], out[offerCurrency] = qdrant.NewValueDouble(low), qdrant.NewValueDouble(high), qdrant.NewValueString(currency)
	}
	return qdrant.NewValueFromFields(out)
}

// offerWords returns what can be asked of the offer's attributes, as attribute
// writes it: whatever value MatchOffer lets it pass with, and the name of each
// without a value.
func offerWords(f catalog.Facts, o catalog.Offer) []string {
	var out []string
	for _, a := range slices.Concat(f.Attributes, o.Attributes) {
		if has := attribute(a.Name, ""); len(a.Values) > 0 && !slices.Contains(out, has) {
			out = append(out, has)
		}
		for _, v := range a.Values {
			for _, name := range []string{a.Name, ""} {
				word := attribute(name, v)
				one := retrieval.Filter{Attributes: []catalog.Attribute{{Name: name, Values: []string{v}}}}
				if !slices.Contains(out, word) && one.MatchOffer("", f, o, time.Time{}) {
					out = append(out, word)
				}
			}
		}
	}
	return out
}

// attribute returns an attribute's name and value as one keyword.
func attribute(name, value string) string { return fold(name) + "\n" + fold(value) }

// amount returns m as Qdrant compares it: a float, which is not exact, so that
// those who ask must leave some room.
func amount(m catalog.Money) float64 { return float64(m.Minor) / math.Pow10(int(m.Exponent)) }

// keywords returns the different words that key makes of texts, without "".
func keywords(texts []string, key func(string) string) *qdrant.Value {
	var out []string
	var values []*qdrant.Value
	for _, t := range texts {
		if k := key(t); k != "" && !slices.Contains(out, k) {
			out, values = append(out, k), append(values, qdrant.NewValueString(k))
		}
	}
	return qdrant.NewValueFromList(values...)
}

// fold returns a text that is the same for all texts that are equal under
// strings.EqualFold.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// filtered returns the conditions that a point must meet if f lets it through at
// all. What f is without or wants products to say that they are free of, when a
// sale runs, and what a product weighs, of which points that an older version put
// say nothing here, is left to Match.
func filtered(f retrieval.Filter) []*qdrant.Condition {
	var out []*qdrant.Condition
	if len(f.Kinds) > 0 {
		out = append(out, ofKinds(f.Kinds))
	}
	if !f.Language.IsZero() {
		out = append(out, inLanguage(f.Language))
	}
	if len(f.Brands) > 0 {
		out = append(out, orTitled(qdrant.NewMatchKeywords(fieldBrands, folded(f.Brands)...), f.Brands))
	}
	if len(f.Categories) > 0 {
		var names []string
		for _, c := range f.Categories {
			names = append(names, retrieval.CategoryNames(c)...)
		}
		out = append(out, orTitled(qdrant.NewMatchKeywords(fieldCategories, folded(f.Categories)...), names))
	}
	for _, a := range f.Attributes {
		of := orTitled(qdrant.NewMatchKeywords(fieldOffers+"[]."+offerAttributes, attributes(a)...), a.Values)
		if retrieval.BrandAttribute(a.Name) {
			of = qdrant.NewFilterAsCondition(&qdrant.Filter{Should: []*qdrant.Condition{of, qdrant.NewMatchKeywords(fieldBrands, folded(a.Values)...)}})
		}
		out = append(out, of)
	}
	if of := offerConditions(f); len(of) > 0 {
		out = append(out, qdrant.NewNestedFilter(fieldOffers, &qdrant.Filter{Must: of}))
	}
	return out
}

func ofKinds(kinds []catalog.Kind) *qdrant.Condition {
	numbers := make([]int64, len(kinds))
	for i, k := range kinds {
		numbers[i] = int64(k)
	}
	return qdrant.NewMatchInts(fieldKind, numbers...)
}

// room is by how much a price may miss a bound and still be looked at: floats
// are not exact.
const room = 1e-9

// offerConditions returns what one and the same offer must meet.
func offerConditions(f retrieval.Filter) []*qdrant.Condition {
	var out []*qdrant.Condition
	if m := f.MinPrice; m.IsSet() {
		out = append(out, qdrant.NewMatchKeyword(offerCurrency, m.Currency),
			qdrant.NewRange(offerHigh, &qdrant.Range{Gte: new(amount(m) - room*math.Abs(amount(m)))}))
	}
	if m := f.MaxPrice; m.IsSet() {
		out = append(out, qdrant.NewMatchKeyword(offerCurrency, m.Currency),
			qdrant.NewRange(offerLow, &qdrant.Range{Lte: new(amount(m) + room*math.Abs(amount(m)))}))
	}
	if f.InStock {
		out = append(out, qdrant.NewMatchInt(offerStock, int64(catalog.InStock)))
	}
	if f.OnSale {
		out = append(out, qdrant.NewMatchBool(offerSale, true))
	}
	for _, a := range f.Attributes {
		if a.Name == "" {
			continue // of whatever attribute, or of the title: of the point, and for Match
		}
		has := qdrant.NewMatchKeywords(offerAttributes, attributes(a)...)
		// What lacks it may have it in its title.
		lacks := qdrant.NewFilterAsCondition(&qdrant.Filter{MustNot: []*qdrant.Condition{qdrant.NewMatchKeyword(offerAttributes, attribute(a.Name, ""))}})
		out = append(out, qdrant.NewFilterAsCondition(&qdrant.Filter{Should: []*qdrant.Condition{has, lacks}}))
	}
	return out
}

func attributes(a catalog.Attribute) []string {
	words := make([]string, len(a.Values))
	for i, v := range a.Values {
		words[i] = attribute(a.Name, v)
	}
	return words
}

// orTitled returns the condition that a point meets has, or that one of names
// stands in its title: a product that lacks a field is judged by its title.
// Without a full-text index such a match "will work as exact substring match"
// (search/filtering, Full Text Match), or asks for all words in any order, as
// Qdrant's engine (qdrant-edge 0.9.0) does: each finds the words and a few more.
func orTitled(has *qdrant.Condition, names []string) *qdrant.Condition {
	either := []*qdrant.Condition{has}
	for _, n := range names {
		if key := retrieval.TitleKey(n); key != "" {
			either = append(either, qdrant.NewMatchText(fieldTitle, key))
		}
	}
	return qdrant.NewFilterAsCondition(&qdrant.Filter{Should: either})
}

func folded(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = fold(t)
	}
	return out
}
