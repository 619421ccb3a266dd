package catalog

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// Facts returns what is known about p as fields, as the shop said it at asOf.
// A product that is not shown has none. Variations that are not shown, or have
// no price and so cannot be bought, are no offers; a Variable product without
// any is offered by nothing, whatever price stands at the product itself, and
// so is a Grouped one, whose members are products of their own.
func (p Product) Facts(asOf time.Time) Facts {
	if !p.Shown() {
		return Facts{}
	}
	f := factsWriter{Facts: Facts{
		Brands:     slices.Clone(p.Brands),
		Categories: slices.Clone(p.Categories),
		Tags:       slices.Clone(p.Tags),
		External:   p.Type == External,
		Published:  inUTC(p.Published),
		Rating:     p.Rating,
		Weight:     ParseWeight(p.Weight),
		AsOf:       asOf.UTC(),
	}, seen: map[string]int{}}
	f.SKUs = f.appendNew(f.SKUs, "sku", p.SKU)
	f.GTINs = f.appendNew(f.GTINs, "gtin", p.GTIN)
	if len(p.Images) > 0 {
		f.ImageURL = p.Images[0]
	}
	for _, a := range p.Attributes {
		f.attribute(a)
	}
	if p.Type == Simple || p.Type == External {
		o := p.Offer
		if o.SKU == "" {
			o.SKU = p.SKU
		}
		if o.GTIN == "" {
			o.GTIN = p.GTIN
		}
		f.addOffer(o)
	}
	for _, v := range p.ShownVariations() {
		if f.ImageURL == "" {
			f.ImageURL = v.Image
		}
		for _, a := range v.Offer.Attributes {
			f.attribute(a)
		}
		f.addOffer(v.Offer)
	}
	return f.Facts
}

// factsWriter gathers facts, each value once, in any case. What it has seen is
// looked up, for a product can have ten thousand variations.
type factsWriter struct {
	Facts
	seen map[string]int // where a value stands, by kind and value
}

func (f *factsWriter) addOffer(o Offer) {
	f.SKUs = f.appendNew(f.SKUs, "sku", o.SKU)
	f.GTINs = f.appendNew(f.GTINs, "gtin", o.GTIN)
	if !o.Regular.IsSet() {
		return
	}
	// Attributes without values mean any value, as a missing one does.
	var as []Attribute
	for _, a := range o.Attributes {
		if len(a.Values) > 0 {
			as = append(as, Attribute{Name: a.Name, Values: slices.Clone(a.Values)})
		}
	}
	o.Attributes = as
	o.SaleFrom, o.SaleTo = inUTC(o.SaleFrom), inUTC(o.SaleTo)
	f.Offers = append(f.Offers, o)
}

func inUTC(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// attribute adds a, or its values to the attribute of that name.
func (f *factsWriter) attribute(a Attribute) {
	if a.Name == "" || len(a.Values) == 0 {
		return
	}
	i, ok := f.seen[key("name", a.Name)]
	if !ok {
		i = len(f.Attributes)
		f.seen[key("name", a.Name)] = i
		f.Attributes = append(f.Attributes, Attribute{Name: a.Name})
	}
	for _, v := range a.Values {
		f.Attributes[i].Values = f.appendNew(f.Attributes[i].Values, key("value", a.Name), v)
	}
}

// appendNew appends s unless it is empty or there already, in any case.
func (f *factsWriter) appendNew(list []string, kind, s string) []string {
	if s == "" {
		return list
	}
	k := key(kind, s)
	if _, ok := f.seen[k]; ok {
		return list
	}
	f.seen[k] = len(list)
	return append(list, s)
}

// key is the same for texts that strings.EqualFold calls equal.
func key(kind, s string) string {
	return kind + "\x00" + strings.Map(func(c rune) rune {
		least := c
		for d := unicode.SimpleFold(c); d != c; d = unicode.SimpleFold(d) {
			least = min(least, d)
		}
		return least
	}, s)
}

// Text returns the text of p as Markdown: weight and dimensions, as the shop
// writes them, and both descriptions, turned into text by the given function. Name and facts are not repeated: they are fields of their own, and
// retrieval.ChunkDocument sets them before the text. Prices and stock are never
// text: they change without it. A product that is not shown has none.
func (p Product) Text(text func(html string) string) string {
	if !p.Shown() {
		return ""
	}
	var lines []string
	if p.Weight != "" {
		lines = append(lines, "Weight: "+oneLine(p.Weight))
	}
	if p.Dimensions != "" {
		lines = append(lines, "Dimensions: "+oneLine(p.Dimensions))
	}
	return joinBlocks(strings.Join(lines, "\n"), text(p.Short), text(p.Description))
}

// Text returns what stands on pg as Markdown, without its title. A page that is
// not shown has none.
func (pg Page) Text(text func(html string) string) string {
	if !pg.Shown() {
		return ""
	}
	return joinBlocks(text(pg.HTML))
}

// Text returns the answer as Markdown. The question is the document's title.
func (f FAQ) Text(text func(html string) string) string {
	if !f.Shown() {
		return ""
	}
	return joinBlocks(text(f.Answer))
}

func joinBlocks(blocks ...string) string {
	var kept []string
	for _, b := range blocks {
		if b = strings.TrimSpace(b); b != "" {
			kept = append(kept, b)
		}
	}
	return strings.Join(kept, "\n\n")
}

// oneLine keeps a value from opening a heading or a block of its own.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
