package catalog

import "slices"

// Clone returns a copy of f that shares no memory with it.
func (f Facts) Clone() Facts {
	f.SKUs = slices.Clone(f.SKUs)
	f.GTINs = slices.Clone(f.GTINs)
	f.Brands = slices.Clone(f.Brands)
	f.Categories = slices.Clone(f.Categories)
	f.Tags = slices.Clone(f.Tags)
	f.Attributes = cloneAttributes(f.Attributes)
	f.Offers = slices.Clone(f.Offers)
	for i := range f.Offers {
		f.Offers[i].Attributes = cloneAttributes(f.Offers[i].Attributes)
	}
	return f
}

func cloneAttributes(as []Attribute) []Attribute {
	as = slices.Clone(as)
	for i := range as {
		as[i].Values = slices.Clone(as[i].Values)
	}
	return as
}
