package searching_test

import (
	"slices"
	"testing"

	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// sells adds a product with one offer.
func (w *world) sells(id, title, text string, cents int64, stock catalog.StockStatus, f catalog.Facts) {
	w.Helper()
	f.Offers = []catalog.Offer{{SKU: "X-" + id, Regular: catalog.Money{Minor: cents, Currency: "EUR", Exponent: 2}, Stock: stock}}
	w.must(w.stores.Add(w.Context(), w.scope(), retrieval.Document{
		ID: retrieval.DocumentID("product:" + id), Revision: "r1", Kind: catalog.KindProduct, Title: title, Facts: f,
	}, text))
}

// TestWhatIsNearlyAsAsked: what is sold out is said to be so, what says something in
// words and not in fields is found, and what a thing is called holds: there is olive
// oil, but not at that price or of that size.
func TestWhatIsNearlyAsAsked(t *testing.T) {
	w := newWorld(t)
	in, out := catalog.InStock, catalog.OutOfStock
	is := func(category, name string, values ...string) catalog.Facts {
		return catalog.Facts{Categories: []string{category}, Attributes: []catalog.Attribute{{Name: name, Values: values}}}
	}
	w.sells("10", "Curved screen", "A wide screen.", 40000, out, is("Screens", "Colour", "Black"))
	w.sells("11", "Flat screen", "A screen.", 20000, in, is("Screens", "Colour", "White"))
	w.sells("12", "Nut butter", "Smooth.", 500, in, catalog.Facts{Categories: []string{"Spreads"}, Tags: []string{"vegan"}})
	w.sells("13", "Lard", "For frying.", 300, in, catalog.Facts{Categories: []string{"Spreads"}})
	w.sells("14", "Tofu", "Firm.", 300, in, is("Fresh", "Diet", "Vegan"))
	w.sells("15", "Olive oil", "From Crete.", 900, in, is("Pantry", "Volume", "500 ml"))
	w.sells("16", "Body soap", "Olive and coconut.", 400, in, is("Care", "Scent", "Plain"))
	w.sells("17", "Gluten free bread", "Of rice.", 400, in, catalog.Facts{Categories: []string{"Bakery"}})
	w.sells("18", "Rye bread", "Of rye.", 400, in, catalog.Facts{Categories: []string{"Bakery"}})
	w.sells("19", "Three season tent", "Of nylon.", 30000, in, catalog.Facts{Categories: []string{"Tents & Tarps"}})
	w.sells("20", "Green fly", "Of nylon.", 9000, in, catalog.Facts{Categories: []string{"Tents & Tarps"}})
	w.sells("21", "Wool bonnet", "Soft.", 900, in, is("Clothes > Accessories", "Size", "6-12 months"))
	w.sells("22", "Nightdress", "Soft.", 900, in, is("Clothes > Baby", "Size", "0-3 months"))
	w.sells("23", "Cow jigsaw", "Of wood.", 900, in, catalog.Facts{Categories: []string{"Jigsaws"}})
	for _, c := range []struct {
		question, first, not, why string
		nothing                   bool
	}{
		{question: "black screens in stock", first: "Curved screen", not: "Flat screen", why: searching.WhySold},
		{question: "curved screens in stock", first: "Curved screen", why: searching.WhySold},
		{question: "flat screens in stock", first: "Flat screen", not: "Curved screen"},
		{question: "vegan spreads", first: "Nut butter", not: "Lard", why: searching.WhyWords},
		{question: "olive oil under 5 euros", why: searching.WhyOutside, nothing: true},
		{question: "cheapest olive oil under 5 euros", why: searching.WhyOutside, nothing: true},
		{question: "olive oil for salads under 5 euros", why: searching.WhyOutside, nothing: true},
		{question: "tents under 100 euros", why: searching.WhyOutside, nothing: true},
		{question: "cheapest tent under 100 euros", why: searching.WhyOutside, nothing: true},
		{question: "tarps under 100 euros", first: "Green fly"},
		{question: "olive oil under 10 euros", first: "Olive oil"},
		{question: "cheapest olive oil under 10 euros", first: "Olive oil"},
		{question: "olive oil 3 l", nothing: true},
		{question: "olive oil 500 ml", first: "Olive oil"},
		{question: "bakery without gluten", first: "Gluten free bread", not: "Rye bread"},
		{question: "bonnet for a baby, 6-12 months", first: "Wool bonnet", not: "Nightdress"},
		{question: "baby bonnet 6-12 months", first: "Wool bonnet", not: "Nightdress"},
		{question: "jigsaws for a baby of 6-12 months", first: "Cow jigsaw", not: "Wool bonnet", why: searching.WhyAge},
		{question: "black jigsaws", nothing: true}, // a colour is no age
		{question: "spreads without gluten", first: "Lard", why: searching.WhyFree},
	} {
		r := w.search(c.question)
		var got []string
		for _, p := range r.Chosen() {
			if p.Kind == catalog.KindProduct {
				got = append(got, p.Title)
			}
		}
		switch {
		case r.Fit.Nothing != c.nothing:
			t.Errorf("%q: nothing fits: %v; got %q, %q", c.question, r.Fit.Nothing, got, r.Understanding.Because)
		case c.nothing:
		case !slices.Contains(got, c.first) || slices.Contains(got, c.not) || c.why != searching.WhyFree && got[0] != c.first:
			t.Errorf("%q: got %q, want %s first and no %s; %q", c.question, got, c.first, c.not, r.Understanding.Because)
		}
		if c.why != "" && !slices.Contains(whys(r), c.why) {
			t.Errorf("%q: searched %q, want %q", c.question, whys(r), c.why)
		}
	}
}
