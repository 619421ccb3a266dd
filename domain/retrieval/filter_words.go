package retrieval

import (
	"strings"
)

// String returns f in words, for people: "in stock, below EUR 30.00, Colour:
// Blue or Navy". It is "" for a filter that lets everything through.
func (f Filter) String() string {
	var parts []string
	add := func(text string) { parts = append(parts, text) }
	if len(f.Kinds) > 0 {
		add("kind: " + anyOf(kindNames(f.Kinds)))
	}
	if !f.Language.IsZero() {
		add(f.Language.String())
	}
	if f.InStock {
		add("in stock")
	}
	if f.OnSale {
		add("on sale")
	}
	if f.MinPrice.IsSet() {
		add("at least " + f.MinPrice.String())
	}
	switch {
	case f.MaxPrice.IsSet() && f.Below:
		add("below " + f.MaxPrice.String())
	case f.MaxPrice.IsSet():
		add("at most " + f.MaxPrice.String())
	}
	switch {
	case f.MinWeight.IsSet() && f.Heavier:
		add("heavier than " + f.MinWeight.String())
	case f.MinWeight.IsSet():
		add("of at least " + f.MinWeight.String())
	}
	switch {
	case f.MaxWeight.IsSet() && f.Lighter:
		add("lighter than " + f.MaxWeight.String())
	case f.MaxWeight.IsSet():
		add("of at most " + f.MaxWeight.String())
	}
	for _, a := range f.Attributes {
		name := a.Name
		if name == "" {
			name = "any attribute"
		}
		add(name + ": " + anyOf(a.Values))
	}
	if len(f.Brands) > 0 {
		add("brand: " + anyOf(f.Brands))
	}
	if len(f.Categories) > 0 {
		add("category: " + anyOf(f.Categories))
	}
	if len(f.Without) > 0 {
		add("without " + anyOf(f.Without))
	}
	if len(f.Free) > 0 {
		add("says that it is without " + strings.Join(f.Free, " and "))
	}
	return strings.Join(parts, ", ")
}

func anyOf(words []string) string { return strings.Join(words, " or ") }
