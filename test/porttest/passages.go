package porttest

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// Passages checks an adapter of ports.Passages. open is called once for each
// case; it needs Passages and Documents.
func Passages(t *testing.T, open func(t *testing.T) DocumentsUnderTest) {
	t.Helper()
	runCases(t, passageCases, docsFixture(open))
}

// ref points at chunk seq of d.
func ref(d retrieval.Document, seq int) retrieval.PassageRef {
	return retrieval.PassageRef{Document: d.ID, Revision: d.Revision, Seq: seq}
}

// passage is what Load returns for chunk c of d.
func passage(d retrieval.Document, c retrieval.Chunk) retrieval.Passage {
	return retrieval.Passage{
		Ref: ref(d, c.Seq), Kind: d.Kind, Locale: d.Locale, Title: d.Title, URL: d.URL, Heading: c.Heading, Text: c.Text,
		Facts: d.Facts, Updated: d.Updated,
	}
}

func (f docs) wantLoad(what string, s tenant.Scope, refs []retrieval.PassageRef, want ...retrieval.Passage) {
	f.Helper()
	got, err := f.Load(f.Context(), s, retrieval.Chunking{}, refs)
	f.wantErr(what+": Load", err, nil)
	f.want(what+": Load, number", len(got), len(want))
	for i := range min(len(got), len(want)) {
		f.want(fmt.Sprintf("%s: Load, passage %d", what, i), got[i], want[i])
	}
}

var passageCases = []contractCase[docs]{
	{"load", "a passage comes with all that the store knows of it, facts exact, and no score", func(f docs) {
		s := f.NewScope(f.T)
		d, chunks := fullDocument("product:"+awkward, awkward)
		f.put(s, d, chunks, true)
		for _, c := range chunks {
			f.wantLoad("one", s, []retrieval.PassageRef{ref(d, c.Seq)}, passage(d, c))
		}
		f.wantNoZero(passage(d, chunks[1]), "Score", "Arms")
	}},
	{"order", "passages come in the order of their refs", func(f docs) {
		s := f.NewScope(f.T)
		var refs []retrieval.PassageRef
		var want []retrieval.Passage
		for i := range 12 {
			d, chunks := fullDocument(retrieval.DocumentID(fmt.Sprint("page:", (i*7)%12)), "r1")
			f.put(s, d, chunks, true)
			c := chunks[i%3]
			refs, want = append(refs, ref(d, c.Seq)), append(want, passage(d, c))
		}
		f.wantLoad("as put", s, refs, want...)
		for i, j := 0, len(refs)-1; i < j; i, j = i+1, j-1 {
			refs[i], refs[j], want[i], want[j] = refs[j], refs[i], want[j], want[i]
		}
		f.wantLoad("the other way round", s, refs, want...)
	}},
	{"left out", "a ref whose document is gone, hidden or changed, or that points at no chunk, is left out; the others stay in order", func(f docs) {
		s := f.NewScope(f.T)
		good, goodChunks := fullDocument("page:good", "r1")
		f.put(s, good, goodChunks, true)
		stale, chunks := page("page:stale", "r1")
		f.put(s, stale, chunks, true)
		f.index(s, stale)
		now, nowChunks := page("page:stale", "r2")
		f.put(s, now, nowChunks, true)
		hidden, chunks := page("page:hidden", "r1")
		f.put(s, hidden, chunks, true)
		f.index(s, hidden)
		f.hide(s, hidden)
		unknown, _ := page("page:unknown", "r1")
		f.wantLoad("some", s,
			[]retrieval.PassageRef{ref(stale, 0), ref(good, 1), ref(hidden, 0), ref(good, 9), ref(unknown, 0), ref(now, 0), ref(good, -1), ref(good, 0)},
			passage(good, goodChunks[1]), passage(now, nowChunks[0]), passage(good, goodChunks[0]))
		f.wantLoad("only what is left out", s, []retrieval.PassageRef{ref(stale, 0), ref(hidden, 0), ref(unknown, 0)})
		f.wantLoad("no refs", s, nil)
		f.wantLoad("no refs", s, []retrieval.PassageRef{})
	}},
	{"hidden and back", "what the shop hides is gone at once, and back once it is shown, whatever the index holds", func(f docs) {
		s := f.NewScope(f.T)
		d, chunks := fullDocument("page:1", "r1")
		f.put(s, d, chunks, true)
		f.index(s, d)
		for range 2 {
			f.hide(s, d)
			f.wantLoad("hidden", s, []retrieval.PassageRef{ref(d, 0)})
			f.put(s, d, chunks, true)
			f.wantLoad("shown", s, []retrieval.PassageRef{ref(d, 0)}, passage(d, chunks[0]))
		}
	}},
	{"facts are the store's", "price and stock are those that were stored last", func(f docs) {
		s := f.NewScope(f.T)
		for i := range 3 {
			d, chunks := fullDocument("page:1", fmt.Sprint("r", i))
			d.Facts.Offers[0].Regular, d.Facts.Offers[0].Quantity = eur(int64(1000+i)), int64(i)
			f.put(s, d, chunks, true)
			f.wantLoad("stored last", s, []retrieval.PassageRef{ref(d, 0)}, passage(d, chunks[0]))
		}
	}},
	{"isolation", "another site's passage is left out, also if both have the document and its revision", func(f docs) {
		a, sibling, b := f.scopes()
		strangers(a, sibling, b, func(mine, theirs tenant.Scope) {
			d, chunks := fullDocument(retrieval.DocumentID("page:"+NewID()), "r1")
			f.put(theirs, d, chunks, true)
			refs := []retrieval.PassageRef{ref(d, 0), ref(d, 1)}
			for _, s := range outsiders(mine, theirs) {
				f.wantLoad("another site", s, refs)
			}
			own, ownChunks := page(d.ID, "r1")
			f.put(mine, own, ownChunks, true)
			f.wantLoad("mine", mine, refs, passage(own, ownChunks[0]))
			f.wantLoad("theirs", theirs, refs, passage(d, chunks[0]), passage(d, chunks[1]))
			f.hide(mine, own)
			f.wantLoad("theirs after mine is hidden", theirs, refs, passage(d, chunks[0]), passage(d, chunks[1]))
		})
	}},
	{"many", "a few hundred refs are loaded at once", func(f docs) {
		s := f.NewScope(f.T)
		var refs []retrieval.PassageRef
		var want []retrieval.Passage
		for i := range 20 {
			d, _ := page(retrieval.DocumentID(fmt.Sprint("page:", i)), "r1")
			var chunks []retrieval.Chunk
			for seq := range 20 {
				chunks = append(chunks, retrieval.Chunk{Seq: seq, Text: fmt.Sprint(i, ".", seq)})
				refs, want = append(refs, ref(d, seq)), append(want, passage(d, chunks[seq]))
			}
			f.put(s, d, chunks, true)
		}
		f.wantLoad("400", s, refs, want...)
	}},
	{"while it changes", "a passage is never of one revision and its text of another", func(f docs) {
		s := f.NewScope(f.T)
		first, firstChunks := page("page:1", "r1")
		second, secondChunks := page("page:1", "r2")
		f.put(s, first, firstChunks, true)
		var readers atomic.Int64
		readers.Store(3)
		together(4, func(i int) {
			if i == 0 { // writes until nobody reads
				for n := 0; readers.Load() > 0; n++ {
					d, chunks := second, secondChunks
					if n%2 == 1 {
						d, chunks = first, firstChunks
					}
					_, err := f.Put(f.Context(), s, d, chunks)
					f.wantErr("Put", err, nil)
				}
				return
			}
			defer readers.Add(-1)
			for range rounds {
				got, err := f.Load(f.Context(), s, retrieval.Chunking{}, []retrieval.PassageRef{ref(first, 0), ref(second, 0)})
				f.wantErr("Load", err, nil)
				f.want("number", len(got), 1)
				for _, p := range got {
					f.want("text of "+p.Ref.Revision, []string{p.Text, p.Title}, []string{"Text " + p.Ref.Revision, "Page " + p.Ref.Revision})
				}
			}
		})
	}},
	{"own copy", "what is returned belongs to the caller, also if two refs are of one document", func(f docs) {
		s := f.NewScope(f.T)
		d, chunks := fullDocument("page:1", "r1")
		f.put(s, d, chunks, true)
		refs := []retrieval.PassageRef{ref(d, 0), ref(d, 1)}
		got, err := f.Load(f.Context(), s, retrieval.Chunking{}, refs)
		f.must("Load", err)
		f.wantLoad("before", s, refs, passage(d, chunks[0]), passage(d, chunks[1]))
		f.want("number", len(got), 2)
		f.sound()
		for _, p := range got[:1] {
			p.Facts.SKUs[0], p.Facts.Offers[0].SKU, p.Facts.Offers[0].Attributes[0].Values[0] = "changed", "changed", "changed"
			p.Facts.Attributes[0].Values[0] = "changed"
		}
		f.want("the other passage", got[1], passage(d, chunks[1]))
		f.wantLoad("again", s, refs, passage(d, chunks[0]), passage(d, chunks[1]))
	}},
	{"scope", "an incomplete scope is ErrNoScope", func(f docs) {
		s := f.NewScope(f.T)
		d, chunks := page("page:1", "r1")
		f.put(s, d, chunks, true)
		for _, bad := range incomplete(s) {
			got, err := f.Load(f.Context(), bad, retrieval.Chunking{}, []retrieval.PassageRef{ref(d, 0)})
			f.wantErr("Load", err, tenant.ErrNoScope)
			f.want("number", len(got), 0)
		}
	}},
	{"done context", "a done context ends the call", func(f docs) {
		s := f.NewScope(f.T)
		d, chunks := page("page:1", "r1")
		f.put(s, d, chunks, true)
		_, err := f.Load(f.done(), s, retrieval.Chunking{}, []retrieval.PassageRef{ref(d, 0)})
		f.wantErr("Load", err, f.done().Err())
	}},
}
