package porttest

import (
	"fmt"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

var indexFilterCases = []contractCase[*indexFixture]{
	{"filter", "only documents that q.Filter lets through are found, by words, vector and code alike", func(f *indexFixture) {
		red, blue := indexAttribute("Colour", "Red"), indexAttribute("Colour", "Blue")
		cheap := f.product("product:1", catalog.Offer{SKU: "C-1", Regular: indexEuros(1000), Stock: catalog.InStock, Attributes: red})
		cheap.Facts.Brands, cheap.Facts.Categories = []string{"Fjord"}, []string{"Clothing > Hats"}
		dear := f.product("product:2", catalog.Offer{SKU: "C-1", Regular: indexEuros(9000), Stock: catalog.OutOfStock, Attributes: blue})
		dear.Facts.Categories = []string{"Clothing > Jackets"}
		page := f.text("page:1", "thing")
		page.Facts.SKUs = []string{"C-1"}
		cheap.Facts.Weight, dear.Facts.Weight = catalog.ParseWeight("500 g"), catalog.ParseWeight("2 lbs")
		for _, e := range []retrieval.Entry{cheap, dear, page} {
			f.put(f.a, indexVector(e, []float32{1, 0}))
		}
		for name, c := range map[string]struct {
			f    retrieval.Filter
			want []string
		}{
			"none":         {retrieval.Filter{}, []string{"page:1", "product:1", "product:2"}},
			"kind":         {retrieval.Filter{Kinds: []catalog.Kind{catalog.KindPage}}, []string{"page:1"}},
			"min price":    {retrieval.Filter{MinPrice: indexEuros(1001)}, []string{"product:2"}},
			"max price":    {retrieval.Filter{MaxPrice: indexEuros(1000)}, []string{"product:1"}},
			"below":        {retrieval.Filter{MaxPrice: indexEuros(1000), Below: true}, nil},
			"stock":        {retrieval.Filter{InStock: true}, []string{"product:1"}},
			"sale":         {retrieval.Filter{OnSale: true}, nil},
			"attribute":    {retrieval.Filter{Attributes: indexAttribute("colour", "BLUE", "green")}, []string{"product:2"}},
			"brand":        {retrieval.Filter{Brands: []string{"fjord"}}, []string{"product:1"}},
			"category":     {retrieval.Filter{Categories: []string{"Jackets"}}, []string{"product:2"}},
			"category top": {retrieval.Filter{Categories: []string{"clothing"}}, []string{"product:1", "product:2"}},
			"without":      {retrieval.Filter{Without: []string{"red"}}, []string{"page:1", "product:2"}},
			"lighter":      {retrieval.Filter{MaxWeight: catalog.ParseWeight("0.5 kg"), Lighter: true}, nil},
			"at most":      {retrieval.Filter{MaxWeight: catalog.ParseWeight("0.5 kg")}, []string{"product:1"}},
			"heavier":      {retrieval.Filter{MinWeight: catalog.ParseWeight("500 g"), Heavier: true}, []string{"product:2"}},
			"at least":     {retrieval.Filter{MinWeight: catalog.ParseWeight("0.5 kg")}, []string{"product:1", "product:2"}},
			"two":          {retrieval.Filter{InStock: true, Brands: []string{"Other"}}, nil},
		} {
			for arm, q := range map[string]retrieval.Query{
				"words": words("thing"), "vector": {Vector: []float32{1, 0}}, "code": {Codes: []string{"c1"}}, "everything": {},
				"all": {Text: "thing", Vector: []float32{1, 0}, Codes: []string{"C-1"}},
			} {
				q.Filter = c.f
				f.wantSet(name+" by "+arm, f.a, q, c.want...)
			}
		}
	}},
	{"language", "texts of a language pass whatever their region, those that do not say theirs if q.Filter says so, and those of which it is not known", func(f *indexFixture) {
		for id, locale := range map[string]string{
			"page:1": "de-AT", "page:2": "de", "page:3": "en-GB", "page:4": "", "page:5": retrieval.LocaleUnknown, "page:6": "DE_ch", "page:7": "den",
		} {
			e := f.text(id, "thing")
			e.Locale = locale
			f.put(f.a, indexVector(e, []float32{1, 0}))
		}
		other := f.product("product:1", catalog.Offer{Regular: indexEuros(1000)})
		other.Locale = "en"
		f.put(f.a, indexVector(other, []float32{1, 0}))
		pages := []catalog.Kind{catalog.KindPage, catalog.KindFAQ}
		for name, c := range map[string]struct {
			l    retrieval.Language
			want []string
		}{
			"of a region":       {retrieval.Language{Locale: "de-CH"}, []string{"page:1", "page:2", "page:5", "page:6"}},
			"of none":           {retrieval.Language{Locale: "de"}, []string{"page:1", "page:2", "page:5", "page:6"}},
			"and the site's":    {retrieval.Language{Locale: "de", Unmarked: true}, []string{"page:1", "page:2", "page:4", "page:5", "page:6"}},
			"another":           {retrieval.Language{Locale: "en-US"}, []string{"page:3", "page:5", "product:1"}},
			"that nothing has":  {retrieval.Language{Locale: "fr"}, []string{"page:5"}},
			"of pages":          {retrieval.Language{Locale: "de", Kinds: pages}, []string{"page:1", "page:2", "page:5", "page:6", "product:1"}},
			"of products":       {retrieval.Language{Locale: "de", Kinds: []catalog.Kind{catalog.KindProduct}}, []string{"page:1", "page:2", "page:3", "page:4", "page:5", "page:6", "page:7"}},
			"of no language":    {retrieval.Language{}, []string{"page:1", "page:2", "page:3", "page:4", "page:5", "page:6", "page:7", "product:1"}},
			"pages of the site": {retrieval.Language{Locale: "en", Unmarked: true, Kinds: pages}, []string{"page:3", "page:4", "page:5", "product:1"}},
		} {
			for arm, q := range map[string]retrieval.Query{"words": words("thing"), "vector": {Vector: []float32{1, 0}}, "everything": {}, "order": {Sort: retrieval.CheapestFirst}} {
				q.Filter.Language = c.l
				f.wantSet(name+" by "+arm, f.a, q, c.want...)
			}
		}
		changed := f.text("page:3", "thing")
		changed.Revision, changed.Locale = "r2", "de"
		f.put(f.a, changed)
		f.wantSet("after a change", f.a, retrieval.Query{Text: "thing", Filter: retrieval.Filter{Language: retrieval.Language{Locale: "en", Kinds: pages}}}, "page:5", "product:1")
	}},
	{"one offer", "price, stock and attributes must hold for one and the same offer", func(f *indexFixture) {
		f.put(f.a, f.product(
			"product:1",
			catalog.Offer{Regular: indexEuros(9000), Stock: catalog.InStock, Attributes: indexAttribute("Colour", "Blue")},
			catalog.Offer{Regular: indexEuros(2000), Stock: catalog.OutOfStock, Attributes: indexAttribute("Colour", "Red")},
		), f.product(
			"product:2",
			catalog.Offer{Regular: indexEuros(2000), Stock: catalog.InStock, Attributes: indexAttribute("Colour", "Blue")},
		))
		blue := retrieval.Filter{MaxPrice: indexEuros(3000), Attributes: indexAttribute("Colour", "Blue")}
		f.wantOrder("cheap and blue", f.a, retrieval.Query{Text: "thing", Filter: blue}, "product:2")
		f.wantOrder("red and in stock", f.a, retrieval.Query{Text: "thing", Filter: retrieval.Filter{InStock: true, Attributes: indexAttribute("Colour", "Red")}})
		f.wantSet("cheap", f.a, retrieval.Query{Text: "thing", Filter: retrieval.Filter{MaxPrice: indexEuros(3000)}}, "product:1", "product:2")
	}},
	{"what lacks a field", "a product without the field is judged by its title", func(f *indexFixture) {
		lacks := f.product("product:1", catalog.Offer{Regular: indexEuros(1000)})
		lacks.Title, lacks.Facts.Categories = "Blue Fjord hat", []string{"Uncategorized"}
		says := f.product("product:2", catalog.Offer{Regular: indexEuros(1000), Attributes: indexAttribute("Colour", "Red")})
		says.Title, says.Facts.Brands, says.Facts.Categories = "Blue Fjord hat", []string{"Peak"}, []string{"Mugs"}
		page := f.text("page:1", "thing")
		page.Title = "Blue Fjord hats"
		f.put(f.a, lacks, says, page)
		for name, filter := range map[string]retrieval.Filter{
			"brand": {Brands: []string{"Fjord"}}, "category": {Categories: []string{"Hats & Gloves"}}, "attribute": {Attributes: indexAttribute("Colour", "Blue")},
		} {
			f.wantSet(name, f.a, retrieval.Query{Text: "thing", Filter: filter}, "product:1")
		}
		f.wantSet("a word of none", f.a, retrieval.Query{Text: "thing", Filter: retrieval.Filter{Brands: []string{"Peaks of Fjord"}}})
	}},
	{"brand as attribute", "an attribute that is the brand is the brand, too", func(f *indexFixture) {
		written := f.product("product:1", catalog.Offer{Regular: indexEuros(1000)})
		written.Facts.Attributes = indexAttribute("Marque", "Fjord")
		branded := f.product("product:2", catalog.Offer{Regular: indexEuros(1000)})
		branded.Facts.Brands = []string{"Fjord"}
		other := f.product("product:3", catalog.Offer{Regular: indexEuros(1000)})
		other.Facts.Brands, other.Facts.Attributes = []string{"Peak"}, indexAttribute("Colour", "Fjord")
		f.put(f.a, written, branded, other)
		f.wantSet("brand", f.a, retrieval.Query{Text: "thing", Filter: retrieval.Filter{Attributes: indexAttribute("Marque", "fjord")}}, "product:1", "product:2")
		f.wantSet("colour", f.a, retrieval.Query{Text: "thing", Filter: retrieval.Filter{Attributes: indexAttribute("Colour", "Fjord")}}, "product:3")
	}},
	{"order", "with q.Sort all that fits is put in order before it is cut at q.Limit", func(f *indexFixture) {
		offer := func(cents int64, colour string) catalog.Offer {
			return catalog.Offer{Regular: indexEuros(cents), Attributes: indexAttribute("Colour", colour)}
		}
		for i := range 110 { // matches that are better by far, and in the middle
			e := f.product(fmt.Sprintf("product:1%03d", i), offer(5000, "Red"))
			e.Title, e.Chunks[0].Text = "Copper thing", strings.Repeat("copper thing ", 5)
			f.put(f.a, indexVector(e, []float32{1, 0}))
		}
		cheap := f.product("product:2", offer(900, "Red"), offer(9900, "Blue"))
		cheap.Title, cheap.Chunks[0].Text = "Thing of many other words than those that are looked for, though copper is among them", "else"
		dear := f.product("product:3", offer(8000, "Blue"))
		dear.Title, dear.Chunks[0].Text = "Another thing of copper with a rather long name that says a great deal", "else"
		other := f.product("product:4", offer(100, "Blue"))
		other.Title = "Tin thing"
		page := f.text("page:1", "copper copper thing")
		for _, e := range []retrieval.Entry{cheap, dear, other, page} {
			f.put(f.a, indexVector(e, []float32{-1, 0}))
		}
		blue := retrieval.Filter{Attributes: indexAttribute("Colour", "Blue")}
		for name, c := range map[string]struct {
			q    retrieval.Query
			want []string
		}{
			"cheapest":              {retrieval.Query{Text: "copper thing", Sort: retrieval.CheapestFirst, Limit: 2}, []string{"product:2", "product:1000"}},
			"dearest":               {retrieval.Query{Text: "copper thing", Sort: retrieval.DearestFirst, Limit: 2}, []string{"product:2", "product:3"}},
			"of the filter's offer": {retrieval.Query{Text: "copper thing", Sort: retrieval.CheapestFirst, Filter: blue, Limit: 9}, []string{"product:3", "product:2"}},
			"of all":                {retrieval.Query{Sort: retrieval.CheapestFirst, Limit: 2}, []string{"product:4", "product:2"}},
			"meaning does not cut":  {retrieval.Query{Text: "copper", Vector: []float32{1, 0}, Sort: retrieval.CheapestFirst, Limit: 1}, []string{"product:2"}},
			"words of no document":  {retrieval.Query{Text: "tin brass", Sort: retrieval.CheapestFirst, Limit: 9}, []string{"product:4"}},
		} {
			f.wantOrder(name, f.a, c.q, c.want...)
		}
	}},
	{"order of some", "where no document has all words, what has nearly as much of them as the best is put in order, and nothing that is called as is not wanted", func(f *indexFixture) {
		put := func(id, title, text string, cents int64, vector ...float32) {
			e := f.product(id, catalog.Offer{Regular: indexEuros(cents)})
			e.Title, e.Chunks[0].Text = title, text
			f.put(f.a, indexVector(e, vector))
		}
		for i := range 20 {
			put(fmt.Sprintf("product:1%02d", i), "Thing", "thing", 50)
		}
		put("product:1", "Copper kettle", "has a lid", 5000)
		put("product:2", "Copper kettle", strings.Repeat("says a great deal that nobody asked for ", 40)+"of a lid", 4000)
		put("product:3", "Copper whisk", "goes below a lid", 100)
		put("product:4", "Copper kettle and spout", "has a lid", 200)
		put("product:5", "Near", "is like it", 900, 1, 0)
		put("product:6", "Far", "is not", 100, -1, 0)
		kettle := "copper kettle lid brass without spout"
		for name, c := range map[string]struct {
			q    retrieval.Query
			want []string
		}{
			"cheapest":          {retrieval.Query{Text: kettle, Sort: retrieval.CheapestFirst, Limit: 9}, []string{"product:2", "product:1"}},
			"dearest":           {retrieval.Query{Text: kettle, Sort: retrieval.DearestFirst, Limit: 9}, []string{"product:1", "product:2"}},
			"meaning adds none": {retrieval.Query{Text: kettle, Vector: []float32{1, 0}, Sort: retrieval.CheapestFirst, Limit: 9}, []string{"product:2", "product:1"}},
			"by meaning alone":  {retrieval.Query{Text: "zinc", Vector: []float32{1, 0}, Sort: retrieval.CheapestFirst, Limit: 9}, []string{"product:5"}},
		} {
			f.wantOrder(name, f.a, c.q, c.want...)
		}
	}},
	{"order of facts", "the newest, best rated, lightest and heaviest of all that fits come first, and what has no such fact last", func(f *indexFixture) {
		for i, c := range []struct {
			days, stars, ratings int64
			weight               string
		}{{}, {900, 480, 200, "2 kg"}, {3, 500, 1, "500 g"}, {30, 450, 50, "4 lbs"}} {
			e := f.product(fmt.Sprintf("product:%d", i), catalog.Offer{Regular: indexEuros(100)})
			e.Facts.Rating, e.Facts.Weight = catalog.Rating{Hundredths: c.stars, Count: c.ratings}, catalog.ParseWeight(c.weight)
			if c.days > 0 {
				e.Facts.Published = f.now.Add(-time.Duration(c.days) * 24 * time.Hour)
			}
			f.put(f.a, e)
		}
		for sort, want := range map[retrieval.Sort][]string{
			retrieval.NewestFirst:    {"product:2", "product:3", "product:1", "product:0"},
			retrieval.BestRatedFirst: {"product:1", "product:3", "product:2", "product:0"},
			retrieval.LightestFirst:  {"product:2", "product:3", "product:1", "product:0"},
			retrieval.HeaviestFirst:  {"product:1", "product:3", "product:2", "product:0"},
		} {
			f.wantOrder(sort.String(), f.a, retrieval.Query{Text: "thing", Sort: sort, Limit: 9}, want...)
			f.wantOrder(sort.String()+", the first", f.a, retrieval.Query{Sort: sort, Limit: 1}, want[0])
		}
	}},
	{"sale windows", "sale prices are read at q.At, from the first moment of a sale up to and without its last", func(f *indexFixture) {
		from, to := f.now, f.now.Add(time.Hour)
		f.put(f.a, f.product("product:1", catalog.Offer{Regular: indexEuros(5000), Sale: indexEuros(2000), SaleFrom: from, SaleTo: to}))
		for _, c := range []struct {
			at   time.Time
			sale bool
		}{{from.Add(-1), false}, {from, true}, {to.Add(-1), true}, {to, false}, {from.In(time.FixedZone("", 7200)), true}} {
			for name, filter := range map[string]retrieval.Filter{"on sale": {OnSale: true}, "at the sale's price": {MaxPrice: indexEuros(2000)}} {
				var want []string
				if c.sale {
					want = []string{"product:1"}
				}
				f.wantOrder(fmt.Sprintf("%s at %v", name, c.at), f.a, retrieval.Query{Text: "thing", Filter: filter, At: c.at}, want...)
			}
		}
	}},
	{"filter before limit", "the filter is asked of all documents, not of the best few only", func(f *indexFixture) {
		for i := range 400 {
			e := f.text(fmt.Sprintf("page:%03d", i), strings.Repeat("copper ", 3))
			f.put(f.a, indexVector(e, []float32{1, 0}))
		}
		last := f.product("product:1", catalog.Offer{Regular: indexEuros(100)})
		last.Chunks[0].Text = "a thing of many other words than those that are looked for, though copper is among them"
		f.put(f.a, indexVector(last, []float32{-1, 0}))
		filter := retrieval.Filter{MaxPrice: indexEuros(100)}
		for name, q := range map[string]retrieval.Query{"words": words("copper"), "vector": {Vector: []float32{1, 0}}, "both": {Text: "copper", Vector: []float32{1, 0}}} {
			q.Filter, q.Limit = filter, 1
			f.wantOrder(name, f.a, q, "product:1")
		}
	}},
	{"money", "another currency is no match, another number of decimals is read by value", func(f *indexFixture) {
		f.put(
			f.a,
			f.product("product:1", catalog.Offer{Regular: catalog.Money{Minor: 500, Currency: "USD", Exponent: 2}}),
			f.product("product:2", catalog.Offer{Regular: catalog.Money{Minor: 5, Currency: "EUR"}}),
			f.product("product:3", catalog.Offer{}),
		)
		f.wantOrder("up to 5 euros", f.a, retrieval.Query{Text: "thing", Filter: retrieval.Filter{MaxPrice: indexEuros(500)}}, "product:2")
		f.wantOrder("over 5 euros", f.a, retrieval.Query{Text: "thing", Filter: retrieval.Filter{MinPrice: indexEuros(501)}})
	}},
}
