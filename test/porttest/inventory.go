package porttest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// Inventory checks an adapter of ports.Inventory. open is called once for each
// case; it needs Inventory and Documents.
func Inventory(t *testing.T, open func(t *testing.T) DocumentsUnderTest) {
	t.Helper()
	runCases(t, inventoryCases, docsFixture(open))
}

// state is what States says of d with n chunks.
func state(d retrieval.Document, indexed string, n int) retrieval.DocumentState {
	return retrieval.DocumentState{
		ID: d.ID, Revision: d.Revision, Indexed: indexed, Kind: d.Kind, Source: d.Source, Title: d.Title,
		Shown: d.Shown, Chunks: n, Updated: d.Updated,
	}
}

func (f docs) wantStates(what string, s tenant.Scope, after retrieval.DocumentID, limit int, want ...retrieval.DocumentState) {
	f.Helper()
	got, err := f.States(f.Context(), s, after, limit)
	f.wantErr(what+": States", err, nil)
	if len(got)+len(want) > 0 {
		f.want(what+": States", got, want)
	}
}

func (f docs) wantTally(what string, s tenant.Scope, want retrieval.Tally) {
	f.Helper()
	got, err := f.Tally(f.Context(), s)
	f.must(what+": Tally", err)
	f.want(what+": Tally", got, want)
}

var inventoryCases = []contractCase[docs]{
	{"states", "States says of a document which revision it has and which the index holds", func(f docs) {
		s := f.NewScope(f.T)
		f.wantStates("nothing", s, "", 10)
		d, chunks := fullDocument("page:1", "r1")
		f.put(s, d, chunks, true)
		f.wantStates("put", s, "", 10, state(d, "", 3))
		f.index(s, d)
		f.wantNoZero(state(d, "r1", 3))
		f.wantStates("indexed", s, "", 10, state(d, "r1", 3))
		next, chunks := page("page:1", "r2")
		f.put(s, next, chunks, true)
		f.wantStates("changed", s, "", 10, state(next, "r1", 1))
		f.index(s, next)
		f.wantStates("indexed again", s, "", 10, state(next, "r2", 1))
	}},
	{"tombstones", "documents that are not Shown are listed too, without chunks, and without a revision in the index once it has taken them out", func(f docs) {
		s := f.NewScope(f.T)
		d, chunks := fullDocument("page:1", "r1")
		f.put(s, d, chunks, true)
		f.index(s, d)
		hidden := f.hide(s, d)
		f.wantStates("hidden", s, "", 10, state(hidden, "r1", 0))
		f.index(s, hidden)
		f.wantStates("taken out", s, "", 10, state(hidden, "", 0))
	}},
	{"list", "States pages through all documents in the order of their ids", func(f docs) {
		s := f.NewScope(f.T)
		var want []retrieval.DocumentState
		for i, id := range []retrieval.DocumentID{"product:10", "product:9", "page:1", "faq:ä", "faq:z", "Page:1", "product:1"} {
			d, chunks := page(id, fmt.Sprint("r", i))
			if i == 2 {
				chunks = nil
				d = f.hide(s, d)
			} else {
				f.put(s, d, chunks, true)
			}
			want = append(want, state(d, "", len(chunks)))
		}
		slices.SortFunc(want, func(a, b retrieval.DocumentState) int {
			if a.ID < b.ID {
				return -1
			}
			return 1
		})
		f.wantStates("all", s, "", 100, want...)
		f.wantStates("first page", s, "", 3, want[:3]...)
		f.wantStates("second page", s, want[2].ID, 3, want[3:6]...)
		f.wantStates("last page", s, want[5].ID, 3, want[6:]...)
		f.wantStates("after the last", s, want[6].ID, 3)
		f.wantStates("after an id that is not there", s, want[2].ID+"!", 1, want[3])
		f.wantStates("a limit of 0", s, "", 0)
	}},
	{"tally", "Tally counts what States lists, and what the index lacks of it", func(f docs) {
		s := f.NewScope(f.T)
		f.wantTally("nothing", s, retrieval.Tally{})
		full, chunks := fullDocument("page:1", "r1")
		f.put(s, full, chunks, true)
		f.wantTally("put", s, retrieval.Tally{Shown: 1, Chunks: 3, Waiting: 1, Unfound: 1})
		f.must("Indexed", f.Indexed(f.Context(), s, worded(), refOf(full)))
		f.wantTally("by words", s, retrieval.Tally{Shown: 1, Chunks: 3, Waiting: 1})
		other, chunks := page("page:2", "r1")
		f.put(s, other, chunks, true)
		f.index(s, other)
		f.wantTally("another one, whole", s, retrieval.Tally{Shown: 2, Chunks: 4, Waiting: 1})
		hidden := f.hide(s, full)
		f.wantTally("hidden", s, retrieval.Tally{Shown: 1, Hidden: 1, Chunks: 1, Waiting: 1, Unfound: 1})
		f.index(s, hidden)
		f.wantTally("taken out", s, retrieval.Tally{Shown: 1, Hidden: 1, Chunks: 1})
	}},
	{"isolation", "a site lists its own documents only", func(f docs) {
		a, sibling, b := f.scopes()
		own := map[tenant.Scope]retrieval.DocumentState{}
		for i, s := range []tenant.Scope{a, sibling, b} {
			d, chunks := page("page:1", "r-"+string(s.Site))
			for seq := range i {
				chunks = append(chunks, retrieval.Chunk{Seq: seq + 1})
			}
			f.put(s, d, chunks, true)
			own[s] = state(d, "", len(chunks))
		}
		for s, want := range own {
			f.wantStates("own", s, "", 100, want)
			f.wantTally("own", s, retrieval.Tally{Shown: 1, Chunks: want.Chunks, Waiting: 1, Unfound: 1})
		}
		for _, s := range mixed(a, b) {
			f.wantStates("half-true scope", s, "", 100)
			f.wantTally("half-true scope", s, retrieval.Tally{})
		}
		for _, bad := range incomplete(a) {
			_, err := f.States(f.Context(), bad, "", 10)
			f.wantErr("States", err, tenant.ErrNoScope)
			_, err = f.Tally(f.Context(), bad)
			f.wantErr("Tally", err, tenant.ErrNoScope)
		}
	}},
	{"done context", "a done context ends the call", func(f docs) {
		_, err := f.States(f.done(), f.NewScope(f.T), "", 10)
		f.wantErr("States", err, f.done().Err())
		_, err = f.Tally(f.done(), f.NewScope(f.T))
		f.wantErr("Tally", err, f.done().Err())
	}},
}
