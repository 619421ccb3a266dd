package catalog

// Shown reports whether a shopper may see p: published, not hidden and not
// behind a password. A product that the shop lists only in its catalogue, or
// only in its search, has a page that everybody can open, so it is shown.
func (p Product) Shown() bool {
	listed := p.Visibility == Everywhere || p.Visibility == InCatalog || p.Visibility == InSearch
	return p.ID != "" && p.Status == Published && listed && !p.Protected
}

// ShownVariations returns the variations of p that a shopper may choose: none
// if p itself is not shown, for WooCommerce calls the variations of a draft
// published, too (woocommerce/woocommerce#20109).
func (p Product) ShownVariations() []Variation {
	if p.Type != Variable || !p.Shown() {
		return nil
	}
	var vs []Variation
	for _, v := range p.Variations {
		if v.Status == Published {
			vs = append(vs, v)
		}
	}
	return vs
}

// Shown reports whether a shopper may see pg.
func (pg Page) Shown() bool {
	return pg.ID != "" && pg.Status == Published && !pg.Protected
}

// Shown reports whether f is a question with an answer.
func (f FAQ) Shown() bool { return f.ID != "" && f.Question != "" && f.Answer != "" }
