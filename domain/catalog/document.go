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

// Text returns what can be searched and quoted of p, as Markdown: its name,
// lines of facts, and both descriptions, turned into text by the given
// function. Prices and stock are not in it: they change without the text, and
// an answer takes them from Facts. A product that is not shown has no text.
func (p Product) Text(text func(html string) string) string {
	if !p.Shown() {
		return ""
	}
	var lines []string
	line := func(label string, values ...string) {
		if v := strings.Join(values, ", "); v != "" {
			lines = append(lines, "- "+label+": "+oneLine(v))
		}
	}
	f := p.Facts(time.Time{})
	line("Brand", f.Brands...)
	line("Category", f.Categories...)
	line("SKU", p.SKU)
	for _, a := range f.Attributes {
		line(oneLine(a.Name), a.Values...)
	}
	line("Weight", p.Weight)
	line("Dimensions", p.Dimensions)
	line("Tags", f.Tags...)

	blocks := []string{oneLine(p.Name)}
	if len(lines) > 0 {
		blocks = append(blocks, strings.Join(lines, "\n"))
	}
	return joinBlocks(append(blocks, text(p.Short), text(p.Description)))
}

// Text returns pg as Markdown. A page that is not shown has no text.
func (pg Page) Text(text func(html string) string) string {
	if !pg.Shown() {
		return ""
	}
	return joinBlocks([]string{oneLine(pg.Title), text(pg.HTML)})
}

// Text returns question and answer as Markdown.
func (f FAQ) Text(text func(html string) string) string {
	if !f.Shown() {
		return ""
	}
	return joinBlocks([]string{oneLine(f.Question), text(f.Answer)})
}

func joinBlocks(blocks []string) string {
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
