package retrieval

import (
	"slices"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// Filter says what a document must be like. The zero Filter lets all through.
// Price, Stock and Attributes must hold for one and the same offer, and so must
// the absence of what Without names: a jacket that is blue in one variation and
// cheap in another is not a cheap blue jacket.
//
// A product that lacks a field is judged by its title: one without a brand is of
// the brand that its title says, one that is in no category but "Uncategorized"
// is of the category whose name its title says, and an attribute that neither it
// nor its offers have has the value in its title. What a field says counts more
// than a title. What has no offers, such as a page, has no field either. A weight
// is the product's: one without has none of those asked for.
type Filter struct {
	Kinds      []catalog.Kind      // one of these; none for any
	Language   Language            // in which it is written
	MinPrice   catalog.Money       // inclusive; not set for none
	MaxPrice   catalog.Money       // inclusive unless Below
	Below      bool                // MaxPrice itself is too much
	InStock    bool                // in stock, not on backorder
	OnSale     bool                // on sale at the time of the query
	MinWeight  catalog.Weight      // inclusive unless Heavier; not set for none
	MaxWeight  catalog.Weight      // inclusive unless Lighter; not set for none
	Heavier    bool                // MinWeight itself is too little
	Lighter    bool                // MaxWeight itself is too much
	Attributes []catalog.Attribute // for each name, one of its values; no name is any name
	Brands     []string            // one of these
	Categories []string            // one of these, or one below it
	Without    []string            // none of these words in title, unless it says "without", brands, categories or attributes
	Free       []string            // its title or attributes say that it is without each of these tokens: "gluten free"
}

// IsZero reports whether f lets everything through.
func (f Filter) IsZero() bool {
	return len(f.Kinds) == 0 && f.Language.IsZero() && !f.ConstrainsOffer() && !f.MinWeight.IsSet() && !f.MaxWeight.IsSet() &&
		len(f.Brands) == 0 && len(f.Categories) == 0 && len(f.Without) == 0 && len(f.Free) == 0
}

// ConstrainsOffer reports whether f asks for anything that only an offer has,
// so that pages and products without a price fall out.
func (f Filter) ConstrainsOffer() bool {
	return f.MinPrice.IsSet() || f.MaxPrice.IsSet() || f.InStock || f.OnSale || len(f.Attributes) > 0
}

// Speaks reports whether a value that f asks for has word, as "ohne Akku" has Akku.
func (f Filter) Speaks(word string) bool {
	return slices.ContainsFunc(f.Attributes, func(a catalog.Attribute) bool { return anyHasWords(a.Values, word) })
}

// Unbounded returns f without its bounds on price and weight, and whether it has any.
func (f Filter) Unbounded() (loose Filter, bounded bool) {
	bounded = f.MinPrice.IsSet() || f.MaxPrice.IsSet() || f.MinWeight.IsSet() || f.MaxWeight.IsSet()
	f.MinPrice, f.MaxPrice, f.Below = catalog.Money{}, catalog.Money{}, false
	f.MinWeight, f.MaxWeight, f.Heavier, f.Lighter = catalog.Weight{}, catalog.Weight{}, false, false
	return f, bounded
}

// Match reports whether a document with the given kind, locale, title and facts
// passes f at the time now. The locale is as in a Document.
func (f Filter) Match(kind catalog.Kind, locale, title string, facts catalog.Facts, now time.Time) bool {
	if len(f.Kinds) > 0 && !slices.Contains(f.Kinds, kind) || !f.Language.Match(kind, locale) {
		return false
	}
	named := title
	if kind != catalog.KindProduct {
		named = "" // a page about a brand is none of its products
	}
	if len(f.Brands) > 0 && !branded(named, facts, f.Brands) || len(f.Categories) > 0 && !filed(named, facts, f.Categories) {
		return false
	}
	if f.excludes(title, facts) || !saysFree(title, facts, f.Free) || !f.weighs(facts.Weight) {
		return false
	}
	if !f.ConstrainsOffer() && (len(f.Without) == 0 || len(facts.Offers) == 0) {
		return true
	}
	return slices.ContainsFunc(facts.Offers, func(o catalog.Offer) bool { return f.MatchOffer(title, facts, o, now) })
}

// MatchOffer reports whether o, an offer of a product with the given title and facts,
// has the price, stock and attributes that f asks for at the time now, and
// nothing that f is without.
func (f Filter) MatchOffer(title string, facts catalog.Facts, o catalog.Offer, now time.Time) bool {
	price := o.Price(now)
	if f.MinPrice.IsSet() && (!sameMoney(price, f.MinPrice) || price.Cmp(f.MinPrice) < 0) {
		return false
	}
	if f.MaxPrice.IsSet() {
		if !sameMoney(price, f.MaxPrice) {
			return false
		}
		if c := price.Cmp(f.MaxPrice); c > 0 || c == 0 && f.Below {
			return false
		}
	}
	if f.InStock && o.Stock != catalog.InStock {
		return false
	}
	if f.OnSale && !o.OnSale(now) {
		return false
	}
	for _, want := range f.Attributes {
		if !offerHas(facts, o, want) && !titledAs(title, facts, want) && !brandedAs(facts, want) {
			return false
		}
	}
	return !slices.ContainsFunc(f.Without, func(word string) bool { return offerIs(facts, o, word) })
}

// weighs reports whether w is as f asks. What has no weight is neither light nor
// heavy.
func (f Filter) weighs(w catalog.Weight) bool {
	if m := f.MinWeight; m.IsSet() && (w.Milligrams < m.Milligrams || w.Milligrams == m.Milligrams && f.Heavier) {
		return false
	}
	m := f.MaxWeight
	return !m.IsSet() || w.IsSet() && (w.Milligrams < m.Milligrams || w.Milligrams == m.Milligrams && !f.Lighter)
}

func sameMoney(a, b catalog.Money) bool { return a.IsSet() && a.Currency == b.Currency }

// offerHas reports whether o has one of want's values: its own value decides;
// where it has none (any value goes), the product's values do.
func offerHas(facts catalog.Facts, o catalog.Offer, want catalog.Attribute) bool {
	named := func(a catalog.Attribute) bool { return want.Name == "" || strings.EqualFold(a.Name, want.Name) }
	own := false
	for _, a := range o.Attributes {
		if named(a) && len(a.Values) > 0 {
			if anyFold(want.Values, a.Values) {
				return true
			}
			own = true
		}
	}
	if own && want.Name != "" {
		return false
	}
	return slices.ContainsFunc(facts.Attributes, func(a catalog.Attribute) bool {
		return named(a) && !states(o, a.Name) && anyFold(want.Values, a.Values)
	})
}

// states reports whether o itself says what its attribute of that name is.
func states(o catalog.Offer, name string) bool {
	return slices.ContainsFunc(o.Attributes, func(a catalog.Attribute) bool {
		return strings.EqualFold(a.Name, name) && len(a.Values) > 0
	})
}

// chosen reports whether the attribute of that name is the shopper's choice:
// some offer states it, so that not all values hold at once.
func chosen(facts catalog.Facts, name string) bool {
	return slices.ContainsFunc(facts.Offers, func(o catalog.Offer) bool { return states(o, name) })
}

// excludes reports whether f is without something that the document has
// whichever of its offers is taken.
func (f Filter) excludes(title string, facts catalog.Facts) bool {
	return slices.ContainsFunc(f.Without, func(word string) bool {
		return titleHas(title, word) || anyHasWords(facts.Brands, word) || anyHasWords(facts.Categories, word) ||
			slices.ContainsFunc(facts.Attributes, func(a catalog.Attribute) bool {
				return !chosen(facts, a.Name) && anySays(a.Values, word)
			})
	})
}

// offerIs reports whether o is what word says by an attribute that the shopper
// chooses. Where o takes any value, it is only if all values are.
func offerIs(facts catalog.Facts, o catalog.Offer, word string) bool {
	if slices.ContainsFunc(o.Attributes, func(a catalog.Attribute) bool { return anySays(a.Values, word) }) {
		return true
	}
	return slices.ContainsFunc(facts.Attributes, func(a catalog.Attribute) bool {
		return len(a.Values) > 0 && chosen(facts, a.Name) && !states(o, a.Name) &&
			!slices.ContainsFunc(a.Values, func(v string) bool { return !hasWords(v, word) })
	})
}

func inCategory(path, want string) bool {
	return slices.ContainsFunc(strings.Split(path, " > "), func(part string) bool { return strings.EqualFold(strings.TrimSpace(part), want) })
}

func anyFold(want, have []string) bool {
	return slices.ContainsFunc(want, func(w string) bool {
		return slices.ContainsFunc(have, func(h string) bool { return strings.EqualFold(w, h) })
	})
}

// anySays reports whether one of the values says word, and not that something is
// without.
func anySays(values []string, word string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return titleHas(v, word) })
}

func anyHasWords(texts []string, words string) bool {
	return slices.ContainsFunc(texts, func(t string) bool { return hasWords(t, words) })
}

// hasWords reports whether words stand in text one after the other: red is not
// in bordered.
func hasWords(text, words string) bool {
	want := TitleKey(words)
	return want != "" && strings.Contains(" "+TitleKey(text)+" ", " "+want+" ")
}
