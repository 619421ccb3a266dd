package retrieval

import (
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// Where a product lacks a field, its title says what it is: a shop that has
// begun to keep brands hides none of those that it has not reached yet.

// branded reports whether a product is of one of the brands: by its own, or, if
// it has none, by its title.
func branded(title string, facts catalog.Facts, brands []string) bool {
	if len(facts.Brands) > 0 {
		return anyFold(brands, facts.Brands)
	}
	return slices.ContainsFunc(brands, func(b string) bool { return hasWords(title, b) })
}

// brandedAs reports whether want is a brand that a shop writes as an attribute of
// some products, and as the brand of these.
func brandedAs(facts catalog.Facts, want catalog.Attribute) bool {
	return BrandAttribute(want.Name) && anyFold(want.Values, facts.Brands)
}

// BrandAttribute reports whether an attribute of that name says the brand.
func BrandAttribute(name string) bool {
	return wordIn("brand brands marke hersteller marque fabricant marca fabricante produttore merk fabrikant manufacturer maker", attributeKey(name))
}

// HasAttribute reports whether a product has an attribute of one of these names,
// with whatever value, itself or by one of its offers.
func HasAttribute(facts catalog.Facts, names []catalog.Attribute) bool {
	has := func(list []catalog.Attribute) bool {
		return slices.ContainsFunc(list, func(a catalog.Attribute) bool {
			return slices.ContainsFunc(names, func(n catalog.Attribute) bool { return n.Name == "" || strings.EqualFold(n.Name, a.Name) })
		})
	}
	return has(facts.Attributes) || slices.ContainsFunc(facts.Offers, func(o catalog.Offer) bool { return has(o.Attributes) })
}

// filed reports whether a product is in one of the categories, or below it; one
// that is in none is where its title says.
func filed(title string, facts catalog.Facts, categories []string) bool {
	if slices.ContainsFunc(facts.Categories, func(path string) bool { return !Unsorted(path) }) {
		return slices.ContainsFunc(facts.Categories, func(path string) bool {
			return slices.ContainsFunc(categories, func(want string) bool { return inCategory(path, want) })
		})
	}
	return slices.ContainsFunc(categories, func(want string) bool {
		return slices.ContainsFunc(CategoryNames(want), func(name string) bool { return hasWords(title, name) })
	})
}

// Unsorted reports whether a category is the one in which WooCommerce puts what
// is in none (its name in a shop in English or German).
func Unsorted(path string) bool {
	return strings.EqualFold(path, "Uncategorized") || strings.EqualFold(path, "Uncategorised") || strings.EqualFold(path, "Unkategorisiert")
}

// titledAs reports whether a product without the attribute has one of its values
// in its title. Numbers and letters in a title are no sizes, unless they say how
// much of something it is.
func titledAs(title string, facts catalog.Facts, want catalog.Attribute) bool {
	if want.Name == "" {
		return titleMeasures(title, facts, want.Values)
	}
	if slices.ContainsFunc(facts.Attributes, func(a catalog.Attribute) bool { return strings.EqualFold(a.Name, want.Name) && len(a.Values) > 0 }) {
		return false
	}
	return slices.ContainsFunc(want.Values, func(v string) bool { return slices.ContainsFunc(Tokens(v), plainWord) && hasWords(title, v) }) ||
		titleMeasures(title, facts, want.Values)
}

// titleHas reports whether a title says that a product is or has what word says,
// and not that it is without: hazelnut butter has nuts.
func titleHas(title, word string) bool {
	tokens := Tokens(title)
	if !hasWords(title, word) && !slices.ContainsFunc(tokens, func(t string) bool { return madeOfWord(t, TitleKey(word)) }) {
		return false
	}
	return !slices.ContainsFunc(tokens, lacking) && !hasWords(title, word+" free") && !hasWords(title, "no "+word) && !hasWords(title, "non "+word)
}

// madeOfWord reports whether token is a compound that ends or begins with word, as
// far as that shows without knowing either. It is asked only about what is not
// wanted, where one too many is better left out than shown to an allergic person.
func madeOfWord(token, word string) bool {
	if wordIn("nut nuss nusse noix noot noten", word) {
		return nutty(token)
	}
	if before, ok := strings.CutSuffix(token, word); ok && (len(word) > minHead || wordIn("milk wool fish milch", word)) && len(before) >= minPart {
		return true
	}
	stem := word
	if len(word) > minHead {
		stem = strings.TrimSuffix(word, "e") // Wollpullover, of Wolle
	}
	behind, ok := strings.CutPrefix(token, stem)
	return ok && len(stem) >= minHead && len(word) > minHead && len(behind) >= minModified && !lessens(behind)
}

// nutty reports whether token is a nut or made of nuts. There is no other kind of
// thing of which shoppers are warned so often, and none that has so many names.
func nutty(token string) bool {
	before, ok := strings.CutSuffix(token, "nut")
	return ok && len(before) >= minPart || strings.Contains(token, "nuss") ||
		wordIn("almond cashew pistachio pecan macadamia mandel mandeln cashewkerne pistazie pistazien noix noisette noisettes amande amandes pistache pistaches cacahuete cacahuetes pinda hazelnoot walnoot amandel", token)
}

// lessens reports whether what stands behind a word says that there is none of it,
// or little: kabellos, zuckerreduziert.
func lessens(behind string) bool {
	return slices.ContainsFunc([]string{"fre", "los", "less", "arm", "reduz", "reduc", "like"}, func(s string) bool { return strings.HasPrefix(behind, s) })
}
