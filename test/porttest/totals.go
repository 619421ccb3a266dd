package porttest

import (
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// DocumentTotals checks an adapter of ports.DocumentTotals. open is called once
// for each case; it needs DocumentTotals and Documents.
func DocumentTotals(t *testing.T, open func(t *testing.T) DocumentsUnderTest) {
	t.Helper()
	runCases(t, totalsCases, docsFixture(open))
}

func (f docs) wantTotals(what string, s tenant.Scope, want retrieval.Totals) {
	f.Helper()
	got, err := f.Totals(f.Context(), s)
	f.wantErr(what+": Totals", err, nil)
	f.want(what+": Totals", got, want)
}

// changedAt puts a page that the shop changed at that time.
func (f docs) changedAt(s tenant.Scope, id retrieval.DocumentID, at time.Time, chunks int) retrieval.Document {
	f.Helper()
	d, _ := page(id, "r1")
	d.Updated = at
	var cs []retrieval.Chunk
	for seq := range chunks {
		cs = append(cs, retrieval.Chunk{Seq: seq, Text: "Text"})
	}
	f.put(s, d, cs, true)
	return d
}

var totalsCases = []contractCase[docs]{
	{"counts", "documents, those shown, their chunks, and what the index must follow are counted", func(f docs) {
		s := f.NewScope(f.T)
		f.wantTotals("nothing", s, retrieval.Totals{})
		first := f.changedAt(s, "page:1", start(), 3)
		second := f.changedAt(s, "page:2", elsewhere(start().Add(time.Hour)), 2)
		f.changedAt(s, "page:3", start().Add(-time.Microsecond), 0)
		f.wantTotals("three that wait", s, retrieval.Totals{Documents: 3, Shown: 3, Chunks: 5, Waiting: 3, Oldest: start().Add(-time.Microsecond), Newest: start().Add(time.Hour)})
		f.index(s, second)
		f.wantTotals("one indexed", s, retrieval.Totals{Documents: 3, Shown: 3, Chunks: 5, Waiting: 2, Oldest: start().Add(-time.Microsecond), Newest: start()})
		f.hide(s, first)
		f.wantTotals("one hidden", s, retrieval.Totals{Documents: 3, Shown: 2, Chunks: 2, Waiting: 2, Oldest: start().Add(-time.Microsecond), Newest: start()})
	}},
	{"by words", "what is found by its words does not wait here, though its vectors may be missing", func(f docs) {
		s := f.NewScope(f.T)
		d := f.changedAt(s, "page:1", start(), 2)
		f.changedAt(s, "page:2", start().Add(time.Hour), 1)
		f.must("Indexed", f.Indexed(f.Context(), s, worded(), refOf(d)))
		f.wantTotals("one by words", s, retrieval.Totals{Documents: 2, Shown: 2, Chunks: 3, Waiting: 1, Oldest: start().Add(time.Hour), Newest: start().Add(time.Hour)})
	}},
	{"no time", "what the shop gave no time for waits, and has none", func(f docs) {
		s := f.NewScope(f.T)
		f.changedAt(s, "page:1", time.Time{}, 1)
		f.wantTotals("one without a time", s, retrieval.Totals{Documents: 1, Shown: 1, Chunks: 1, Waiting: 1})
		f.changedAt(s, "page:2", start(), 1)
		f.wantTotals("and one with it", s, retrieval.Totals{Documents: 2, Shown: 2, Chunks: 2, Waiting: 2, Oldest: start(), Newest: start()})
	}},
	{"isolation", "each site is counted by itself", func(f docs) {
		a, sibling, b := f.scopes()
		for i, s := range []tenant.Scope{a, sibling, b} {
			for n := range i + 1 {
				f.changedAt(s, retrieval.DocumentID("page:"+string(rune('0'+n))), start(), 1)
			}
		}
		for i, s := range []tenant.Scope{a, sibling, b} {
			n := int64(i + 1)
			f.wantTotals("one of three", s, retrieval.Totals{Documents: n, Shown: n, Chunks: n, Waiting: n, Oldest: start(), Newest: start()})
		}
		for _, s := range mixed(a, b) {
			f.wantTotals("half-true", s, retrieval.Totals{})
		}
		for _, bad := range incomplete(a) {
			_, err := f.Totals(f.Context(), bad)
			f.wantErr("Totals", err, tenant.ErrNoScope)
		}
		_, err := f.Totals(f.done(), a)
		f.wantErr("Totals with a done context", err, f.done().Err())
	}},
}
