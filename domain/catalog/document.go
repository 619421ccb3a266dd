package catalog

import (
	"slices"
	"strings"
	"time"
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
	f := Facts{
		SKUs:       appendNew(nil, p.SKU),
		GTINs:      appendNew(nil, p.GTIN),
		Brands:     slices.Clone(p.Brands),
		Categories: slices.Clone(p.Categories),
		Tags:       slices.Clone(p.Tags),
		External:   p.Type == External,
		AsOf:       asOf.UTC(),
	}
	if len(p.Images) > 0 {
		f.ImageURL = p.Images[0]
	}
	for _, a := range p.Attributes {
		f.Attributes = mergeAttribute(f.Attributes, a)
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
			f.Attributes = mergeAttribute(f.Attributes, a)
		}
		f.addOffer(v.Offer)
	}
	return f
}

func (f *Facts) addOffer(o Offer) {
	f.SKUs = appendNew(f.SKUs, o.SKU)
	f.GTINs = appendNew(f.GTINs, o.GTIN)
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

// mergeAttribute adds a to as, or a's values to the attribute of that name.
func mergeAttribute(as []Attribute, a Attribute) []Attribute {
	if a.Name == "" || len(a.Values) == 0 {
		return as
	}
	i := slices.IndexFunc(as, func(b Attribute) bool { return strings.EqualFold(a.Name, b.Name) })
	if i < 0 {
		as = append(as, Attribute{Name: a.Name})
		i = len(as) - 1
	}
	for _, v := range a.Values {
		as[i].Values = appendNew(as[i].Values, v)
	}
	return as
}

// appendNew appends s unless it is empty or there already, in any case.
func appendNew(list []string, s string) []string {
	if s == "" || slices.ContainsFunc(list, func(have string) bool { return strings.EqualFold(have, s) }) {
		return list
	}
	return append(list, s)
}

// Text returns the text of p as Markdown: weight and dimensions, which are no
// fields of Facts, and both descriptions, turned into text by the given
// function. Name and facts are not repeated: they are fields of their own, and
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
