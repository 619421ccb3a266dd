package porttest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// IndexUnderTest is an empty index.
type IndexUnderTest struct {
	ports.Searcher
	ports.Indexer
	// Batches is the same index; nil if it puts entries one by one.
	Batches ports.IndexBatches
	// NewScope returns the scope of a site that the index knows, of a tenant
	// of its own.
	NewScope func(t *testing.T) tenant.Scope
	// Replica returns the same index as another process sees it, while the
	// first goes on; nil if the index lives in one process.
	Replica func(t *testing.T) IndexUnderTest
}

// Index checks a ports.Searcher together with the ports.Indexer that fills it:
// neither can be observed without the other. open is called once for each case
// and returns an empty index; t.Cleanup closes what it opens.
func Index(t *testing.T, open func(t *testing.T) IndexUnderTest) {
	t.Helper()
	for _, cases := range [][]contractCase[*indexFixture]{indexWriteCases, indexScopeCases, indexFilterCases, indexWordCases, indexVectorCases, indexGenerationCases} {
		runCases(t, cases, func(t *testing.T) *indexFixture {
			return newIndexFixture(t, open)
		})
	}
}

func newIndexFixture(t *testing.T, open func(t *testing.T) IndexUnderTest) *indexFixture {
	t.Helper()
	f := &indexFixture{storeT: storeT{t}, IndexUnderTest: open(t), now: start()}
	f.a, f.b = f.NewScope(t), f.NewScope(t)
	return f
}

// indexFixture is an index with two sites.
type indexFixture struct {
	storeT
	IndexUnderTest
	a, b tenant.Scope
	now  time.Time
}

// text returns an entry of a page with one chunk for each text.
func (f *indexFixture) text(id string, texts ...string) retrieval.Entry {
	e := retrieval.Entry{Document: retrieval.DocumentID(id), Revision: "r1", Kind: catalog.KindPage, Title: "Title of " + strings.ReplaceAll(id, ":", " ")}
	for i, t := range texts {
		e.Chunks = append(e.Chunks, retrieval.Chunk{Seq: i, Text: t})
	}
	return e
}

// product returns an entry of a product with the text "thing" and these offers.
func (f *indexFixture) product(id string, offers ...catalog.Offer) retrieval.Entry {
	e := f.text(id, "thing")
	e.Kind, e.Facts.Offers = catalog.KindProduct, offers
	for _, o := range offers {
		e.Facts.Attributes = append(e.Facts.Attributes, o.Attributes...)
	}
	return e
}

// indexVector returns e with these vectors, one a chunk.
func indexVector(e retrieval.Entry, vectors ...[]float32) retrieval.Entry {
	e.Chunks = slices.Clone(e.Chunks)
	for i, v := range vectors {
		e.Chunks[i].Vector = v
	}
	return e
}

func indexEuros(minor int64) catalog.Money {
	return catalog.Money{Minor: minor, Currency: "EUR", Exponent: 2}
}

func indexAttribute(name string, values ...string) []catalog.Attribute {
	return []catalog.Attribute{{Name: name, Values: values}}
}

func (f *indexFixture) put(s tenant.Scope, entries ...retrieval.Entry) {
	f.Helper()
	for _, e := range entries {
		f.must("Put "+string(e.Document), f.Put(f.Context(), s, e))
	}
}

// search answers q at the fixture's time, with a limit of 50 if it has none,
// and checks what holds for the result of any search.
func (f *indexFixture) search(s tenant.Scope, q retrieval.Query) []retrieval.Passage {
	f.Helper()
	if q.Limit == 0 {
		q.Limit = 50
	}
	if q.At.IsZero() {
		q.At = f.now
	}
	ps, err := f.Search(f.Context(), s, q)
	f.must("Search", err)
	if len(ps) > q.Limit {
		f.Errorf("Search: got %d passages with a limit of %d", len(ps), q.Limit)
	}
	seen := make(map[retrieval.PassageRef]bool)
	for i, p := range ps {
		if seen[p.Ref] {
			f.Errorf("Search: %v comes twice", p.Ref)
		}
		seen[p.Ref] = true
		f.want("a passage but Ref, Score and Arms", retrieval.Passage{Kind: p.Kind, Title: p.Title, URL: p.URL, Heading: p.Heading, Text: p.Text, Facts: p.Facts, Updated: p.Updated}, retrieval.Passage{})
		if q.Sort == retrieval.ByRelevance && i > 0 && indexOrder(ps[i-1], p) > 0 {
			f.Errorf("Search: %v with score %v comes before %v with score %v", ps[i-1].Ref, ps[i-1].Score, p.Ref, p.Score)
		}
	}
	return ps
}

// indexOrder is the order of results: score, then document and chunk.
func indexOrder(a, b retrieval.Passage) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Ref.Document, b.Ref.Document), cmp.Compare(a.Ref.Seq, b.Ref.Seq))
}

// indexRanks returns how p was found, without the numbers beside the ranks.
func indexRanks(p retrieval.Passage) retrieval.Arms {
	return retrieval.Arms{Exact: p.Arms.Exact, Lexical: p.Arms.Lexical, Dense: p.Arms.Dense}
}

func indexIDs(ps []retrieval.Passage) []string {
	ids := []string{}
	for _, p := range ps {
		ids = append(ids, string(p.Ref.Document))
	}
	return ids
}

// wantOrder checks which documents q finds, in order.
func (f *indexFixture) wantOrder(what string, s tenant.Scope, q retrieval.Query, want ...string) {
	f.Helper()
	if want == nil {
		want = []string{}
	}
	f.want(what, indexIDs(f.search(s, q)), want)
}

// wantSet checks which documents q finds, in any order.
func (f *indexFixture) wantSet(what string, s tenant.Scope, q retrieval.Query, want ...string) {
	f.Helper()
	got := indexIDs(f.search(s, q))
	slices.Sort(got)
	got = slices.Compact(got)
	slices.Sort(want)
	if want == nil {
		want = []string{}
	}
	f.want(what, got, want)
}

// words asks by words.
func words(text string) retrieval.Query { return retrieval.Query{Text: text} }

var indexWordCases = []contractCase[*indexFixture]{
	{"found", "Search sets Ref, Score and Arms, and nothing else", func(f *indexFixture) {
		f.put(f.a, f.text("page:1", "first words", "then a lantern"), f.text("page:2", "other words"))
		ps := f.search(f.a, words("lantern"))
		if len(ps) != 1 {
			f.Fatalf("got %d passages, want the one chunk with the word", len(ps))
		}
		f.want("Ref", ps[0].Ref, retrieval.PassageRef{Document: "page:1", Revision: "r1", Seq: 1})
		f.want("Arms", indexRanks(ps[0]), retrieval.Arms{Lexical: 1})
		if ps[0].Score <= 0 {
			f.Errorf("Score: got %v, want more than nothing", ps[0].Score)
		}
	}},
	{"nothing found", "finding nothing is not an error", func(f *indexFixture) {
		f.wantOrder("in an empty index", f.a, words("lantern"))
		f.wantOrder("everything in an empty index", f.a, retrieval.Query{})
		f.put(f.a, f.text("page:1", "some words"))
		f.wantOrder("a word that is nowhere", f.a, words("lantern"))
		f.wantOrder("a code that is nowhere", f.a, retrieval.Query{Codes: []string{"X-1"}})
		f.wantOrder("signs", f.a, words("?!"))
	}},
	{"any number of words", "a passage need not have all words of the query; one that has more of them is better", func(f *indexFixture) {
		f.put(f.a, f.text("page:1", "red umbrella for two"), f.text("page:2", "red blanket for two"), f.text("page:3", "green teapot for two"))
		f.wantOrder("two words", f.a, words("red umbrella xyzzy"), "page:1", "page:2")
	}},
	{"alternatives", "what q.Also says counts as a word of q.Text finds what has it, and counts less", func(f *indexFixture) {
		f.put(f.a, f.text("page:1", "red umbrella for rain"), f.text("page:2", "red parasol for rain"), f.text("page:3", "red blanket for rain"))
		q := words("red umbrella")
		q.Also = []retrieval.Alternative{{Of: []string{"umbrella"}, Tokens: []string{"parasol"}, Weight: 0.5}}
		f.wantOrder("another word", f.a, q, "page:1", "page:2", "page:3")
		q = words("umbrella")
		q.Also = []retrieval.Alternative{{Of: []string{"umbrella"}, Tokens: []string{"parasol"}, Weight: 0.5}}
		f.wantOrder("another word alone", f.a, q, "page:1", "page:2")
		q = words("brolly")
		q.Also = []retrieval.Alternative{{Of: []string{"brolly"}, Tokens: []string{"umbrella"}, Weight: 0.5}}
		f.wantOrder("of a word that is nowhere", f.a, q, "page:1")
	}},
	{"several words for one", "a chunk must have all tokens of an alternative", func(f *indexFixture) {
		f.put(f.a, f.text("page:1", "gym shoes, white"), f.text("page:2", "gym bag, white"), f.text("page:3", "sneakers"))
		q := words("sneakers")
		q.Also = []retrieval.Alternative{{Of: []string{"sneaker"}, Tokens: []string{"gym", "shoe"}, Weight: 0.5}}
		f.wantSet("two for one", f.a, q, "page:1", "page:3")
		q = words("gym shoes")
		q.Also = []retrieval.Alternative{{Of: []string{"gym", "shoe"}, Tokens: []string{"sneaker"}, Weight: 0.5}}
		f.wantSet("one for two", f.a, q, "page:1", "page:2", "page:3")
	}},
	{"alternatives of nothing", "what counts as a word that is not in q.Text, or is not wanted there, changes nothing", func(f *indexFixture) {
		f.put(f.a, f.text("page:1", "red umbrella"), f.text("page:2", "green parasol"), f.text("page:3", "blue awning"))
		q := words("red umbrella without awning")
		q.Also = []retrieval.Alternative{
			{Of: []string{"teapot"}, Tokens: []string{"parasol"}, Weight: 1},
			{Of: []string{"red", "teapot"}, Tokens: []string{"parasol"}, Weight: 1},
			{Of: []string{"awning"}, Tokens: []string{"parasol"}, Weight: 1},
		}
		f.wantOrder("not asked", f.a, q, "page:1")
	}},
	{"bad alternatives", "ErrInvalid for an alternative of nothing, without tokens, or of a weight that is none, and for too many", func(f *indexFixture) {
		for _, a := range []retrieval.Alternative{
			{Tokens: []string{"parasol"}, Weight: 1},
			{Of: []string{"umbrella"}, Weight: 1},
			{Of: []string{"umbrella"}, Tokens: []string{"parasol"}},
			{Of: []string{"umbrella"}, Tokens: []string{"parasol"}, Weight: 1.5},
			{Of: []string{"umbrella"}, Tokens: []string{"parasol"}, Weight: math.NaN()},
		} {
			q := words("umbrella")
			q.Limit, q.Also = 1, []retrieval.Alternative{a}
			_, err := f.Search(f.Context(), f.a, q)
			f.wantErr(fmt.Sprintf("Search with %+v", a), err, ports.ErrInvalid)
		}
		q := words("umbrella")
		q.Limit, q.Also = 1, slices.Repeat([]retrieval.Alternative{{Of: []string{"umbrella"}, Tokens: []string{"parasol"}, Weight: 1}}, retrieval.MaxAlternatives+1)
		_, err := f.Search(f.Context(), f.a, q)
		f.wantErr("Search with too many", err, ports.ErrInvalid)
	}},
	{"fields", "a document is found by the words of its title, brand, attributes and categories, too", func(f *indexFixture) {
		e := f.product("product:1")
		e.Title = "Lantern"
		e.Facts = catalog.Facts{Brands: []string{"Fjordlicht"}, Categories: []string{"Outdoors > Lighting"}, Attributes: indexAttribute("Finish", "Copper")}
		f.put(f.a, e, f.product("product:2"))
		for _, text := range []string{"lantern", "fjordlicht", "outdoors", "lighting", "copper"} {
			f.wantOrder(text, f.a, words(text), "product:1")
		}
	}},
	{"scripts", "words of every script are found, whatever their case", func(f *indexFixture) {
		f.put(f.a, f.text("page:1", "Größe und Pflege"), f.text("page:2", "зимняя обувь"), f.text("page:3", "登山靴です"), f.text("page:4", "حذاء جلد"), f.text("page:5", "crème brûlée"))
		for text, want := range map[string]string{"GRÖSSE größe": "page:1", "ОБУВЬ": "page:2", "登山靴": "page:3", "حذاء": "page:4", "Crème": "page:5"} {
			f.wantOrder(text, f.a, words(text), want)
		}
	}},
	{"operators", "operators of a query language are plain words; text of any shape is not an error", func(f *indexFixture) {
		f.put(f.a, f.text("page:1", "near and far"), f.text("page:2", "title of something"), f.text("page:3", "lantern"))
		for _, text := range []string{
			`"`, `""`, `'`, `(`, `)`, `"AND (`, `lantern"`, `lantern AND`, `AND lantern`, `NOT lantern`, `lantern OR`, `lantern*`, `*`, `NEAR(`, `NEAR(lantern far, 2)`,
			`title:lantern`, `body : lantern`, `{title body}: lantern`, `^lantern`, `lantern + far`, `- lantern`, `-lantern`, `lantern; drop table words`, "lantern\x00far", "\xff\xfe lantern",
			`%_\`, `{"a":1}`, `lantern~2`, `[lantern TO far]`, `/lantern/`, `&& || !`, awkward,
		} {
			ids := indexIDs(f.search(f.a, words(text)))
			if strings.Contains(text, "lantern") && !slices.Contains(ids, "page:3") {
				f.Errorf("%q: got %v, want page:3 among them", text, ids)
			}
		}
		f.wantSet("NOT is a word", f.a, words("far NOT lantern"), "page:1", "page:3")
	}},
	{"long text", "text of any length is not an error", func(f *indexFixture) {
		f.put(f.a, f.text("page:1", long(60_000)), f.text("page:2", "lantern"))
		f.wantOrder("a long question", f.a, words("lantern "+strings.Repeat("xyzzy plugh ", 1_000)), "page:2")
		f.search(f.a, words(long(10_000)))
		f.search(f.a, words(strings.Repeat("a", 10_000)))
	}},
	{"everything", "with neither text, vector nor codes all documents that the filter lets through are found, in the order of their ids", func(f *indexFixture) {
		f.put(f.a, f.text("page:2", "x"), f.text("page:10", "x", "y"), f.text("page:1", "z"), f.product("product:1"))
		f.wantOrder("all", f.a, retrieval.Query{}, "page:1", "page:10", "page:2", "product:1")
		f.wantOrder("the first", f.a, retrieval.Query{Limit: 2}, "page:1", "page:10")
		f.wantOrder("products", f.a, retrieval.Query{Filter: retrieval.Filter{Kinds: []catalog.Kind{catalog.KindProduct}}}, "product:1")
	}},
	{"models", "a document that has one of q.Codes as an attribute that is a code comes before all others; any other attribute is none", func(f *indexFixture) {
		hit := f.product("product:9", catalog.Offer{Regular: indexEuros(100)})
		hit.Title, hit.Facts.Attributes = "Something else", indexAttribute("Model number", "XR-200")
		unpriced := f.product("product:8")
		unpriced.Title, unpriced.Facts.Attributes = "Something else again", indexAttribute("MPN", "77 B")
		chosen := f.product("product:7", catalog.Offer{Regular: indexEuros(100), Attributes: indexAttribute("Modell", "K-5")})
		colour := f.product("product:1", catalog.Offer{Regular: indexEuros(100)})
		colour.Title, colour.Chunks[0].Text = "All about XR-200", strings.Repeat("XR-200 77 B ", 5)
		colour.Facts.Attributes = indexAttribute("Colour", "XR-200", "77 B")
		f.put(f.a, hit, unpriced, chosen, colour)
		for code, want := range map[string]string{"XR-200": "product:9", "xr200": "product:9", "77 B": "product:8", "K-5": "product:7"} {
			f.wantOrder(code+" alone", f.a, retrieval.Query{Codes: []string{code}}, want)
			if ps := f.search(f.a, retrieval.Query{Text: "about XR-200", Codes: []string{code}}); len(ps) == 0 || string(ps[0].Ref.Document) != want || !ps[0].Arms.Exact {
				f.Errorf("%s with text: got %v, want %s first", code, ps, want)
			}
		}
	}},
	{"codes", "a document that has one of q.Codes as its SKU or GTIN comes before all others", func(f *indexFixture) {
		hit := f.product("product:9", catalog.Offer{SKU: "AB-12/x", GTIN: "4006381333931"})
		hit.Title = "Something else"
		f.put(f.a, hit)
		other := f.product("product:8", catalog.Offer{SKU: "AB-120"})
		other.Facts.SKUs, other.Facts.GTINs = []string{"ZZ-1"}, []string{"12345670"}
		f.put(f.a, other)
		for _, id := range []string{"1", "2", "3"} {
			e := f.product("product:" + id)
			e.Title, e.Chunks[0].Text = "About AB-12/x", strings.Repeat("AB-12/x 4006381333931 ZZ-1 ", 5)
			f.put(f.a, e)
		}
		for code, want := range map[string]string{"AB-12/x": "product:9", "ab12x": "product:9", "4006381333931": "product:9", "ZZ-1": "product:8", "12345670": "product:8"} {
			ps := f.search(f.a, retrieval.Query{Text: "AB-12/x " + code, Codes: []string{code}})
			if len(ps) < 2 || string(ps[0].Ref.Document) != want || !ps[0].Arms.Exact || ps[1].Arms.Exact {
				f.Errorf("%s with text: got %v, want only %s as exact and first", code, ps, want)
			}
			f.wantOrder(code+" alone", f.a, retrieval.Query{Codes: []string{code}}, want)
		}
		f.wantOrder("several", f.a, retrieval.Query{Codes: []string{"no such", "ZZ-1", "AB-12/x"}}, "product:8", "product:9")
		f.wantOrder("but for the filter", f.a, retrieval.Query{Codes: []string{"ZZ-1"}, Filter: retrieval.Filter{Kinds: []catalog.Kind{catalog.KindPage}}})
		f.wantOrder("no code at all", f.a, retrieval.Query{Codes: []string{"", "-"}})
	}},
	{"title", "a document whose whole title is q.Text comes before all others", func(f *indexFixture) {
		hit := f.text("page:9", "nothing of the kind")
		hit.Title = "Rain Hat"
		f.put(f.a, hit)
		for _, id := range []string{"1", "2", "3"} {
			e := f.text("page:"+id, strings.Repeat("rain hat ", 20))
			e.Title = "Rain hat rain hat"
			f.put(f.a, e)
		}
		ps := f.search(f.a, words("rain hat"))
		if len(ps) != 4 || ps[0].Ref.Document != "page:9" || !ps[0].Arms.Exact || ps[1].Arms.Exact {
			f.Errorf("got %v, want page:9 first and only that exact", ps)
		}
		f.wantOrder("but for the filter", f.a, retrieval.Query{Text: "rain hat", Filter: retrieval.Filter{Kinds: []catalog.Kind{catalog.KindFAQ}}})
	}},
	{"ties", "ties are broken by document and chunk, the same in every search", func(f *indexFixture) {
		for _, id := range []string{"page:3", "page:1", "page:2"} {
			e := f.text(id, "same words", "same words")
			e.Title = "Same"
			f.put(f.a, e)
		}
		var want []retrieval.PassageRef
		for _, id := range []retrieval.DocumentID{"page:1", "page:2", "page:3"} {
			want = append(want, retrieval.PassageRef{Document: id, Revision: "r1", Seq: 0}, retrieval.PassageRef{Document: id, Revision: "r1", Seq: 1})
		}
		// As fused, a rank is a score; before that, what is the same must have
		// been put in order.
		for range 3 {
			var got []retrieval.PassageRef
			for _, p := range f.search(f.a, words("words")) {
				got = append(got, p.Ref)
			}
			f.want("order", got, want)
		}
		f.wantOrder("the first of them", f.a, retrieval.Query{Text: "words", Limit: 3}, "page:1", "page:1", "page:2")
	}},
	{"limit", "at most q.Limit passages, the best; below 1 is ErrInvalid", func(f *indexFixture) {
		f.put(f.a, f.text("page:1", "red fox", "red"), f.text("page:2", "red fox fox"), f.text("page:3", "fox"))
		all := f.search(f.a, words("red fox"))
		for n := 1; n <= len(all); n++ {
			f.want("the best", f.search(f.a, retrieval.Query{Text: "red fox", Limit: n}), all[:n])
		}
		f.want("more than there is", f.search(f.a, retrieval.Query{Text: "red fox", Limit: 1 << 40}), all)
		for _, n := range []int{0, -1} {
			_, err := f.Search(f.Context(), f.a, retrieval.Query{Text: "red", Limit: n})
			f.wantErr("Search", err, ports.ErrInvalid)
		}
	}},
}
