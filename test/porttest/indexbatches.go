package porttest

import (
	"fmt"
	"testing"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// IndexBatches checks an adapter of ports.IndexBatches. open is called once for
// each case; it needs Batches, Indexer and Searcher.
func IndexBatches(t *testing.T, open func(t *testing.T) IndexUnderTest) {
	t.Helper()
	runCases(t, indexBatchCases, func(t *testing.T) *indexFixture { return newIndexFixture(t, open) })
}

var indexBatchCases = []contractCase[*indexFixture]{
	{"batch as Put", "PutAll does with each entry, in their order, what Put does", func(f *indexFixture) {
		mug := f.product("product:1", catalog.Offer{SKU: "MUG-1", Regular: indexEuros(1000)})
		f.putAll(mug, indexVector(f.text("page:1", "shipping"), []float32{1, 0}), f.text("page:2", "returns"))
		f.wantOrder("by word", f.a, words("shipping"), "page:1")
		f.wantOrder("by vector", f.a, retrieval.Query{Vector: []float32{1, 0}}, "page:1")
		f.wantOrder("by code", f.a, retrieval.Query{Codes: []string{"MUG-1"}}, "product:1")
		f.wantOrder("everything", f.a, retrieval.Query{}, "page:1", "page:2", "product:1")
		next := f.text("page:2", "refunds")
		next.Revision = "r2"
		f.putAll(f.text("page:2", "exchanges"), retrieval.Entry{Document: "page:1"}, next, retrieval.Entry{Document: "page:77"})
		f.wantOrder("taken out", f.a, words("shipping"))
		f.wantOrder("the last of two", f.a, words("exchanges returns"))
		if ps := f.search(f.a, words("refunds")); len(ps) != 1 || ps[0].Ref.Revision != "r2" {
			f.Errorf("by a new word: got %v, want revision r2", ps)
		}
		f.wantOrder("everything afterwards", f.a, retrieval.Query{}, "page:2", "product:1")
		f.wantOrder("another site", f.b, retrieval.Query{})
		f.putAll()
	}},
	{"batch generations", "each entry goes to its own generation", func(f *indexFixture) {
		old, next := f.text("page:1", "oldest"), f.text("page:1", "newest")
		next.Generation = 2
		f.putAll(old, next)
		f.wantOrder("the old one", f.a, words("oldest"), "page:1")
		f.wantOrder("the new one", f.a, retrieval.Query{Generation: 2, Text: "newest"}, "page:1")
		f.wantOrder("the old one by the new word", f.a, words("newest"))
	}},
	{"batch all or none", "where one entry cannot be put, none is", func(f *indexFixture) {
		f.putAll(indexVector(f.text("page:1", "shipping"), []float32{1, 0}))
		bad := indexVector(f.text("page:3", "returns"), []float32{1, 0, 0})
		for what, entries := range map[string][]retrieval.Entry{
			"the last":            {f.text("page:2", "payment"), indexVector(f.text("page:1", "delivery"), []float32{0, 1}), bad},
			"the first":           {bad, f.text("page:2", "payment")},
			"of two lengths":      {f.text("page:2", "payment"), indexVector(f.text("page:3", "a", "b"), []float32{1, 0}, []float32{1})},
			"after one that left": {retrieval.Entry{Document: "page:1"}, indexVector(f.text("page:2", "payment"), []float32{1, 0}), bad},
		} {
			f.wantErr(what, f.Batches.PutAll(f.Context(), f.a, entries), ports.ErrInvalid)
			f.wantOrder(what+": afterwards", f.a, retrieval.Query{}, "page:1")
			f.wantOrder(what+": as it was", f.a, words("shipping"), "page:1")
		}
	}},
	{"batch limit", "1,000 entries are put at once, and no more", func(f *indexFixture) {
		var entries []retrieval.Entry
		for i := range ports.MaxPut + 1 {
			entries = append(entries, f.text(fmt.Sprintf("page:%04d", i), fmt.Sprintf("word%d", i)))
		}
		f.wantErr("1,001", f.Batches.PutAll(f.Context(), f.a, entries), ports.ErrInvalid)
		f.putAll(entries[:ports.MaxPut]...)
		f.wantOrder("the last", f.a, words("word999"), "page:0999")
		f.wantOrder("one more", f.a, words("word1000"))
	}},
	{"batch scope", "a call without a whole scope is refused, and a done context ends it", func(f *indexFixture) {
		for _, bad := range incomplete(f.a) {
			f.wantErr("PutAll", f.Batches.PutAll(f.Context(), bad, []retrieval.Entry{f.text("page:1", "x")}), tenant.ErrNoScope)
		}
		f.wantErr("PutAll", f.Batches.PutAll(f.done(), f.a, []retrieval.Entry{f.text("page:1", "x"), f.text("page:2", "x")}), f.done().Err())
		f.wantOrder("afterwards", f.a, retrieval.Query{})
	}},
}

func (f *indexFixture) putAll(entries ...retrieval.Entry) {
	f.Helper()
	f.must("PutAll", f.Batches.PutAll(f.Context(), f.a, entries))
}
