package porttest

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

var indexWriteCases = []contractCase[*indexFixture]{
	{"read your writes", "a Search that starts after Put returns sees the new entry", func(f *indexFixture) {
		for i := range 20 {
			id := fmt.Sprintf("page:%02d", i)
			f.put(f.a, f.text(id, fmt.Sprintf("common unique%d", i)))
			f.wantOrder("the new one", f.a, words(fmt.Sprintf("unique%d", i)), id)
			if n := len(f.search(f.a, words("common"))); n != i+1 {
				f.Fatalf("after %d puts %d documents are found", i+1, n)
			}
		}
	}},
	{"replace", "Put replaces all that the index holds of a document", func(f *indexFixture) {
		old := f.product("product:1", catalog.Offer{SKU: "OLD-1", Regular: indexEuros(1000)})
		old.Title, old.Chunks = "Ancient", []retrieval.Chunk{{Seq: 0, Text: "oldest"}, {Seq: 1, Text: "older"}, {Seq: 2, Text: "common", Vector: []float32{1, 0}}}
		next := f.product("product:1", catalog.Offer{SKU: "NEW-1", Regular: indexEuros(2000)})
		next.Revision, next.Title, next.Chunks = "r2", "Modern", []retrieval.Chunk{{Seq: 0, Text: "newest common"}}
		f.put(f.a, old, next)
		f.wantOrder("by an old word, title or code", f.a, retrieval.Query{Text: "oldest older ancient", Codes: []string{"OLD-1"}})
		f.wantOrder("by an old vector", f.a, retrieval.Query{Vector: []float32{1, 0}})
		f.wantOrder("by the old price", f.a, retrieval.Query{Filter: retrieval.Filter{MaxPrice: indexEuros(1500)}})
		ps := f.search(f.a, retrieval.Query{Text: "newest", Codes: []string{"NEW-1"}})
		if len(ps) != 1 || ps[0].Ref != (retrieval.PassageRef{Document: "product:1", Revision: "r2"}) {
			f.Errorf("by the new word and code: got %v, want the new revision alone", ps)
		}
		f.put(f.a, next)
		f.wantOrder("put again", f.a, words("common"), "product:1")
	}},
	{"take out", "an Entry without chunks takes the document out; taking out what is not there is no error", func(f *indexFixture) {
		e := f.product("product:1", catalog.Offer{SKU: "AB-1"})
		e.Chunks[0].Vector = []float32{1, 0}
		f.put(f.a, e, f.text("page:1", "thing"))
		out := e
		out.Chunks = nil
		for range 2 {
			f.put(f.a, out)
			f.wantOrder("by word, code and vector", f.a, retrieval.Query{Text: "thing", Codes: []string{"AB-1"}, Vector: []float32{1, 0}}, "page:1")
			f.wantOrder("everything", f.a, retrieval.Query{}, "page:1")
		}
		f.put(f.a, retrieval.Entry{Document: "page:77"})
		f.put(f.a, e)
		f.wantOrder("put in again", f.a, retrieval.Query{Codes: []string{"AB-1"}}, "product:1")
	}},
	{"chunk numbers", "a passage has its chunk's Seq, whatever the order and the gaps", func(f *indexFixture) {
		e := f.text("page:1")
		e.Chunks = []retrieval.Chunk{{Seq: 7, Text: "seven"}, {Seq: 0, Text: "zero"}, {Seq: 3, Text: "three"}}
		f.put(f.a, e)
		for text, want := range map[string]int{"zero": 0, "three": 3, "seven": 7} {
			if ps := f.search(f.a, words(text)); len(ps) != 1 || ps[0].Ref.Seq != want {
				f.Errorf("%s: got %v, want chunk %d", text, ps, want)
			}
		}
	}},
	{"many chunks", "a document may have hundreds of chunks", func(f *indexFixture) {
		e := f.text("page:1")
		for i := range 300 {
			e.Chunks = append(e.Chunks, retrieval.Chunk{Seq: i, Text: fmt.Sprintf("part%d of it", i)})
		}
		f.put(f.a, e)
		ps := f.search(f.a, words("part299"))
		if len(ps) != 1 || ps[0].Ref.Seq != 299 {
			f.Errorf("got %v, want chunk 299", ps)
		}
	}},
	{"odd ids", "a document's id is any text", func(f *indexFixture) {
		ids := []string{"page:1", "page:1'", `page:"1"`, "page: 1", "page:1*", "PAGE:1", "page:%", "ページ:1", strings.Repeat("x", 300)}
		for _, id := range ids {
			f.put(f.a, f.text(id, "thing"))
		}
		f.wantSet("all", f.a, words("thing"), ids...)
		f.put(f.a, retrieval.Entry{Document: "page:%"}, retrieval.Entry{Document: "page:1*"})
		f.wantSet("all but two", f.a, words("thing"), append([]string{"page:1", "page:1'", `page:"1"`, "page: 1", "PAGE:1"}, ids[7:]...)...)
	}},
	{"not kept", "slices passed in are not kept; those returned belong to the caller", func(f *indexFixture) {
		e := f.product("product:1", catalog.Offer{SKU: "AB-1", Regular: indexEuros(100), Attributes: indexAttribute("Colour", "Blue")})
		e.Chunks[0].Vector = []float32{1, 0}
		e.Facts.SKUs = []string{"AB-1"}
		f.put(f.a, e)
		e.Chunks[0].Vector[0], e.Chunks[0].Text = -1, "changed"
		e.Facts.Offers[0].Regular = indexEuros(99_999)
		e.Facts.Offers[0].Attributes[0].Values[0] = "Red"
		e.Facts.SKUs[0] = "ZZ"
		q := retrieval.Query{Text: "thing", Vector: []float32{1, 0}, Codes: []string{"AB-1"}, Filter: retrieval.Filter{MaxPrice: indexEuros(100), Attributes: indexAttribute("Colour", "Blue")}}
		first := f.search(f.a, q)
		if len(first) != 1 {
			f.Fatalf("got %v, want product:1 as it was put", first)
		}
		first[0] = retrieval.Passage{}
		if again := f.search(f.a, q); len(again) != 1 || again[0].Ref.Document != "product:1" || again[0].Arms.Dense != 1 {
			f.Errorf("after a caller changed its result: got %v", again)
		}
	}},
	{"done context", "a done context ends the call and nothing is changed", func(f *indexFixture) {
		err := f.Put(f.done(), f.a, f.text("page:1", "thing"))
		f.wantErr("Put", err, f.done().Err())
		_, err = f.Search(f.done(), f.a, retrieval.Query{Text: "thing", Limit: 1})
		f.wantErr("Search", err, f.done().Err())
		f.wantOrder("what a failed Put left", f.a, words("thing"))
	}},
	{"replace at once", "a Search sees the old revision or the new one, never both or neither", func(f *indexFixture) {
		revision := func(n int) retrieval.Entry {
			e := f.product("product:1", catalog.Offer{SKU: "AB-1", Regular: indexEuros(100)})
			e.Revision = fmt.Sprint("r", n)
			e.Chunks = []retrieval.Chunk{{Seq: 0, Text: "thing", Vector: []float32{1, 0}}, {Seq: 1, Text: "thing again", Vector: []float32{0, 1}}}
			return e
		}
		f.put(f.a, revision(0))
		var over atomic.Bool
		var searching, wg sync.WaitGroup
		for _, q := range []retrieval.Query{words("thing"), {Vector: []float32{1, 1}}, {Text: "thing", Vector: []float32{1, 1}, Filter: retrieval.Filter{MaxPrice: indexEuros(100)}}} {
			q.Limit, q.At = 10, f.now
			searching.Add(1)
			wg.Go(func() {
				started := sync.OnceFunc(searching.Done)
				defer started()
				for !over.Load() {
					ps, err := f.Search(f.Context(), f.a, q)
					if err != nil || len(ps) != 2 || ps[0].Ref.Revision != ps[1].Ref.Revision {
						f.Errorf("got %v and error %v, want two chunks of one revision", ps, err)
						return
					}
					started()
				}
			})
		}
		searching.Wait()
		for n := range 100 {
			f.put(f.a, revision(n))
		}
		over.Store(true)
		wg.Wait()
	}},
	{"writers", "Put may be called concurrently; each document ends as one of the entries that were put", func(f *indexFixture) {
		const n = 16
		together(n, func(i int) {
			mine := f.text(fmt.Sprintf("page:%02d", i), "common")
			shared := f.text("page:shared", fmt.Sprintf("version%d", i), fmt.Sprintf("rest%d", i))
			shared.Revision = fmt.Sprint("r", i)
			if err := f.Put(f.Context(), f.a, mine); err != nil {
				f.Errorf("Put: %v", err)
			}
			if err := f.Put(f.Context(), f.a, shared); err != nil {
				f.Errorf("Put: %v", err)
			}
		})
		if got := len(f.search(f.a, words("common"))); got != n {
			f.Errorf("got %d documents of %d writers", got, n)
		}
		found := 0
		for i := range n {
			ps := f.search(f.a, words(fmt.Sprintf("version%d rest%d", i, i)))
			if len(ps) == 2 && ps[0].Ref.Revision == fmt.Sprint("r", i) {
				found++
			} else if len(ps) != 0 {
				f.Errorf("of version %d there is %v left", i, ps)
			}
		}
		if found != 1 {
			f.Errorf("got %d versions of the shared document, want 1", found)
		}
	}},
	{"replicas", "what one process has put, another finds", func(f *indexFixture) {
		if f.Replica == nil {
			f.Skip("the index lives in one process")
		}
		other := &indexFixture{storeT: f.storeT, IndexUnderTest: f.Replica(f.T), a: f.a, b: f.b, now: f.now}
		f.put(f.a, indexVector(f.text("page:1", "first"), []float32{1, 0}))
		for n := range 3 {
			for i, x := range []*indexFixture{other, f} {
				me, text := []*indexFixture{f, other}[i], fmt.Sprintf("text%d%d", n, i)
				e := me.text("page:2", text)
				e.Revision = text
				me.put(me.a, indexVector(e, []float32{0, 1}))
				ps := x.search(x.a, retrieval.Query{Text: text, Vector: []float32{0, 1}})
				if len(ps) != 2 || ps[0].Ref.Revision != text || ps[1].Ref.Document != "page:1" {
					f.Fatalf("the other process finds %v, want revision %s first", ps, text)
				}
			}
		}
		f.put(f.a, retrieval.Entry{Document: "page:1"})
		other.wantOrder("after one was taken out", f.a, retrieval.Query{}, "page:2")
	}},
}

var indexScopeCases = []contractCase[*indexFixture]{
	{"isolation", "a site finds its own documents only, although another has the same ids and words", func(f *indexFixture) {
		bothWays(f.a, f.b, func(me, other tenant.Scope) {
			mine := f.product("product:1", catalog.Offer{SKU: "AB-1", Regular: indexEuros(100)})
			mine.Revision = "mine of " + string(me.Site)
			f.put(me, indexVector(mine, []float32{1, 0}))
			theirs := f.product("product:2", catalog.Offer{SKU: "AB-1", Regular: indexEuros(100)})
			f.put(other, indexVector(theirs, []float32{1, 0}))
			f.put(me, retrieval.Entry{Document: "product:2"})
			f.put(other, retrieval.Entry{Document: "product:1"})
			for name, q := range map[string]retrieval.Query{
				"everything": {}, "words": words("thing"), "vector": {Vector: []float32{1, 0}}, "code": {Codes: []string{"AB-1"}},
				"filter": {Filter: retrieval.Filter{MaxPrice: indexEuros(100)}}, "title": words("Title of product 1"),
				"all": {Text: "thing", Vector: []float32{1, 0}, Codes: []string{"AB-1"}},
			} {
				ps := f.search(me, q)
				if len(ps) != 1 || ps[0].Ref != (retrieval.PassageRef{Document: "product:1", Revision: mine.Revision}) {
					f.Errorf("%s: got %v, want the site's own product:1", name, ps)
				}
			}
			f.wantOrder("the other site", other, retrieval.Query{}, "product:2")
		})
	}},
	{"same ids", "replacing and taking out a document leaves the one of the same id in another site alone", func(f *indexFixture) {
		bothWays(f.a, f.b, func(me, other tenant.Scope) {
			f.put(me, f.text("page:1", "mine"))
			f.put(other, f.text("page:1", "theirs"))
			next := f.text("page:1", "replaced")
			next.Revision = "r2"
			f.put(me, next)
			f.wantOrder("theirs after a replacement", other, words("theirs"), "page:1")
			f.wantOrder("my words in theirs", other, words("mine replaced"))
			f.put(me, retrieval.Entry{Document: "page:1"})
			f.wantOrder("theirs after a removal", other, words("theirs"), "page:1")
			f.wantOrder("mine after a removal", me, words("mine theirs replaced"))
		})
	}},
	{"statistics", "what another site holds changes neither what is found nor its order nor its score, but for the last digits of a float32", func(f *indexFixture) {
		bothWays(f.a, f.b, func(me, other tenant.Scope) {
			for i, text := range []string{"copper kettle", "copper lamp lamp", "kettle stand", "lamp", "copper"} {
				f.put(me, indexVector(f.text(fmt.Sprint("page:", i), text), []float32{float32(i), 1}))
			}
			q := retrieval.Query{Text: "copper kettle lamp", Vector: []float32{1, 1}}
			before := f.search(me, q)
			for i := range 30 {
				f.put(other, f.text(fmt.Sprint("page:9", i), strings.Repeat("kettle ", i), "kettle long long long text"))
			}
			after := f.search(me, q)
			for i := range min(len(after), len(before)) {
				if d := after[i].Score - before[i].Score; d > -sameScore && d < sameScore {
					after[i].Score = before[i].Score
				}
				if d := after[i].Arms.Words - before[i].Arms.Words; d > -sameScore && d < sameScore {
					after[i].Arms.Words = before[i].Arms.Words
				}
			}
			f.want("the same search", after, before)
			for i := range 30 {
				f.put(other, retrieval.Entry{Document: retrieval.DocumentID(fmt.Sprint("page:9", i))})
			}
		})
	}},
	{"no scope", "an incomplete scope is tenant.ErrNoScope; the site of one tenant under another is nobody's", func(f *indexFixture) {
		f.put(f.a, f.text("page:1", "thing"))
		f.put(f.b, f.text("page:1", "thing"))
		for _, s := range incomplete(f.a) {
			f.wantErr("Put", f.Put(f.Context(), s, f.text("page:2", "thing")), tenant.ErrNoScope)
			_, err := f.Search(f.Context(), s, retrieval.Query{Text: "thing", Limit: 1})
			f.wantErr("Search", err, tenant.ErrNoScope)
		}
		for _, s := range mixed(f.a, f.b) {
			ps, err := f.Search(f.Context(), s, retrieval.Query{Text: "thing", Limit: 9})
			if len(ps) > 0 {
				f.Errorf("Search in %v: got %v and error %v, want nothing", s, ps, err)
			}
		}
	}},
}

var indexVectorCases = []contractCase[*indexFixture]{
	{"meaning", "with a vector alone the nearest come first, whatever their length", func(f *indexFixture) {
		f.put(
			f.a,
			indexVector(f.text("page:far", "x"), []float32{-1, 0, 0}),
			indexVector(f.text("page:near", "x"), []float32{100, 1, 0}),
			indexVector(f.text("page:nearest", "x"), []float32{0.001, 0, 0}),
			indexVector(f.text("page:aside", "x"), []float32{0, 5, 0}),
			f.text("page:none", "x"),
		)
		f.wantOrder("nearest first", f.a, retrieval.Query{Vector: []float32{3, 0, 0}}, "page:nearest", "page:near", "page:aside", "page:far")
		ps := f.search(f.a, retrieval.Query{Vector: []float32{3, 0, 0}, Limit: 2})
		f.want("Arms", []retrieval.Arms{indexRanks(ps[0]), indexRanks(ps[1])}, []retrieval.Arms{{Dense: 1}, {Dense: 2}})
		f.wantSet("a vector of zeros is near nothing", f.a, retrieval.Query{Vector: []float32{0, 0, 0}}, "page:nearest", "page:near", "page:aside", "page:far")
	}},
	{"both", "with text and vector both arms are searched and fused", func(f *indexFixture) {
		f.put(
			f.a,
			indexVector(f.text("page:words", "copper kettle"), []float32{0, 1}),
			indexVector(f.text("page:both", "copper"), []float32{1, 0}),
			indexVector(f.text("page:meaning", "teapot"), []float32{1, 0.1}),
			f.text("page:late", "copper pot with a longer text"),
		)
		ps := f.search(f.a, retrieval.Query{Text: "copper kettle", Vector: []float32{1, 0}})
		arms := map[string]retrieval.Arms{}
		for _, p := range ps {
			arms[string(p.Ref.Document)] = indexRanks(p)
		}
		f.want("Arms", arms, map[string]retrieval.Arms{
			"page:words": {Lexical: 1, Dense: 3}, "page:both": {Lexical: 2, Dense: 1}, "page:meaning": {Dense: 2}, "page:late": {Lexical: 3},
		})
		f.wantOrder("words alone", f.a, words("copper kettle"), "page:words", "page:both", "page:late")
	}},
	{"evidence", "Arms.Words is the share of what q.Text can score, and Arms.Cosine that of q.Vector and the passage, 0 where the arm found nothing, whatever the limit", func(f *indexFixture) {
		f.put(
			f.a,
			indexVector(f.text("page:words", "copper kettle"), []float32{0, 1}),
			indexVector(f.text("page:both", "copper"), []float32{3, 0}),
			indexVector(f.text("page:meaning", "teapot"), []float32{1, 1}),
			indexVector(f.text("page:against", "spoon"), []float32{-1, 0}),
			f.text("page:late", "copper pot"),
		)
		q := retrieval.Query{Text: "copper kettle", Vector: []float32{2, 0}}
		ps := f.search(f.a, q)
		arms := map[string]retrieval.Arms{}
		for _, p := range ps {
			arms[string(p.Ref.Document)] = p.Arms
		}
		for id, cosine := range map[string]float64{"page:words": 0, "page:both": 1, "page:meaning": 0.7071, "page:against": -1, "page:late": 0} {
			if got := arms[id].Cosine; got < cosine-0.02 || got > cosine+0.02 { // vectors may be quantized
				f.Errorf("Cosine of %s: got %v, want %v", id, got, cosine)
			}
		}
		whole, part := arms["page:words"].Words, arms["page:both"].Words
		if !(0 < part && part < whole && whole <= 1) {
			f.Errorf("Words: got %v for all words and %v for one", whole, part)
		}
		for _, id := range []string{"page:meaning", "page:against"} {
			f.want("Words of "+id, arms[id].Words, 0.0)
		}
		q.Limit = 1
		if first := f.search(f.a, q); len(first) != 1 || first[0].Arms != ps[0].Arms {
			f.Errorf("with a limit of 1: got %+v, want %+v", first, ps[0])
		}
	}},
	{"wrong vectors", "a vector of another length than the index's, or with NaN or Inf, is ErrInvalid and changes nothing", func(f *indexFixture) {
		f.put(f.a, indexVector(f.text("page:1", "thing"), []float32{1, 0}))
		for name, v := range map[string][]float32{"short": {1}, "long": {1, 0, 0}, "NaN": {1, indexNaN()}, "Inf": {1, 1 / indexZero()}} {
			_, err := f.Search(f.Context(), f.a, retrieval.Query{Vector: v, Limit: 1})
			f.wantErr("Search with a vector that is "+name, err, ports.ErrInvalid)
			f.wantErr("Put of a vector that is "+name, f.Put(f.Context(), f.a, indexVector(f.text("page:2", "thing"), v)), ports.ErrInvalid)
		}
		f.wantErr("Put of unequal vectors", f.Put(f.Context(), f.b, indexVector(f.text("page:2", "thing", "thing"), []float32{1, 0}, []float32{1})), ports.ErrInvalid)
		f.wantOrder("what is in a", f.a, words("thing"), "page:1")
		f.wantOrder("what is in b", f.b, words("thing"))
	}},
	{"lengths by site", "each site has vectors of its own length, and of a new one once the old are gone", func(f *indexFixture) {
		f.put(f.a, indexVector(f.text("page:1", "thing"), []float32{1, 0}))
		f.put(f.b, indexVector(f.text("page:1", "thing"), []float32{1, 0, 0}))
		f.wantOrder("in b", f.b, retrieval.Query{Vector: []float32{1, 0, 0}}, "page:1")
		f.put(f.a, retrieval.Entry{Document: "page:1"})
		f.put(f.a, indexVector(f.text("page:1", "thing"), []float32{1, 0, 0, 0}))
		f.wantOrder("in a", f.a, retrieval.Query{Vector: []float32{1, 0, 0, 0}}, "page:1")
	}},
	{"some vectors", "chunks without vectors are found by words only", func(f *indexFixture) {
		f.put(f.a, indexVector(f.text("page:1", "thing one", "thing two"), []float32{1, 0}), f.text("page:2", "thing"))
		if ps := f.search(f.a, retrieval.Query{Vector: []float32{1, 0}}); len(ps) != 1 || ps[0].Ref.Seq != 0 {
			f.Errorf("by vector: got %v, want the one chunk that has one", ps)
		}
		if ps := f.search(f.a, words("thing")); len(ps) != 3 {
			f.Errorf("by words: got %v, want three chunks", ps)
		}
	}},
}

func indexZero() float32 { return 0 }

func indexNaN() float32 { return indexZero() / indexZero() }

// sameScore is what two scores of one search may differ by: an index may keep
// in 32 bits what it makes a score of.
const sameScore = 1e-6
