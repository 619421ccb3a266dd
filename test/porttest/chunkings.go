package porttest

import (
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Chunkings checks an adapter of ports.DocumentChunks, and that generations of
// different retrieval.Chunkings keep their chunks apart. open is called once for
// each case; it needs DocumentChunks, Documents, Inventory, Passages, Generations
// and RetiredGenerations of one store, and DocumentTotals if there is any.
func Chunkings(t *testing.T, open func(t *testing.T) DocumentsUnderTest) {
	t.Helper()
	runCases(t, chunkingCases, docsFixture(open))
}

// smaller and larger are Chunkings other than the default.
func smaller() retrieval.Chunking { return retrieval.Chunking{Target: 64, Max: 100} }
func larger() retrieval.Chunking  { return retrieval.Chunking{Version: 1, Target: 512, Max: 800} }

// cutInto returns d with n chunks of a Chunking.
func cutInto(d retrieval.Document, c retrieval.Chunking, n int) ports.PendingDocument {
	p := ports.PendingDocument{Document: d}
	for seq := range n {
		p.Chunks = append(p.Chunks, retrieval.Chunk{Chunking: c, Seq: seq, Heading: d.Title, Text: c.String() + " of " + d.Revision})
	}
	return p
}

func (f docs) putChunks(what string, s tenant.Scope, docs []ports.PendingDocument, want ...bool) {
	f.Helper()
	got, err := f.PutChunks(f.Context(), s, docs)
	f.must(what+": PutChunks", err)
	f.want(what+": PutChunks stored", got, want)
}

// wantCut checks the chunks of a document that is pending in a generation, and
// that they, and no more, are loaded as its.
func (f docs) wantCut(what string, s tenant.Scope, no int64, want ports.PendingDocument, c retrieval.Chunking) {
	f.Helper()
	for _, p := range f.pendingAt(s, at(no), 100) {
		if p.Document.ID == want.Document.ID {
			f.want(what+": chunks", p.Chunks, want.Chunks)
			f.wantLoaded(what, s, want, c)
			return
		}
	}
	f.Errorf("%s: %s is not pending in generation %d", what, want.Document.ID, no)
}

func (f docs) wantLoaded(what string, s tenant.Scope, want ports.PendingDocument, c retrieval.Chunking) {
	f.Helper()
	var refs []retrieval.PassageRef
	for seq := range 9 {
		refs = append(refs, ref(want.Document, seq))
	}
	got, err := f.Load(f.Context(), s, c, refs)
	f.must(what+": Load", err)
	f.want(what+": passages", len(got), len(want.Chunks))
	for i, p := range got[:min(len(got), len(want.Chunks))] {
		f.want(what+": text", p.Text, want.Chunks[i].Text)
		f.want(what+": heading", p.Heading, want.Chunks[i].Heading)
	}
}

// wantChunks checks how many chunks are counted.
func (f docs) wantChunks(what string, s tenant.Scope, want int) {
	f.Helper()
	n, err := f.Tally(f.Context(), s)
	f.must(what+": Tally", err)
	f.want(what+": chunks in Tally", n.Chunks, want)
	states, err := f.States(f.Context(), s, "", 100)
	f.must(what+": States", err)
	of := 0
	for _, st := range states {
		of += st.Chunks
	}
	f.want(what+": chunks in States", of, want)
	if f.DocumentTotals != nil {
		totals, err := f.Totals(f.Context(), s)
		f.must(what+": Totals", err)
		f.want(what+": chunks in Totals", totals.Chunks, int64(want))
	}
}

// recutting is a site that is searched in generation 1, by the default Chunking,
// and whose generation 2 is built by smaller(): page:1 is in 1 and cut for 2, too.
func (f docs) recutting() (s tenant.Scope, one ports.PendingDocument, small ports.PendingDocument) {
	f.Helper()
	s = f.NewScope(f.T)
	f.begin(s, "a", false, pair(1, "a", 0, ""))
	d, _ := page("page:1", "r1")
	one, small = cutInto(d, retrieval.Chunking{}, 1), cutInto(d, smaller(), 3)
	f.put(s, d, one.Chunks, true)
	f.note(s, 1, d)
	f.beginCut(s, smaller(), cutPair(1, retrieval.Chunking{}, 2, smaller()))
	f.wantCut("not cut yet", s, 2, ports.PendingDocument{Document: d}, smaller())
	f.putChunks("cut", s, []ports.PendingDocument{small}, true)
	f.wantCut("cut", s, 2, small, smaller())
	return s, one, small
}

// beginCut asks for a generation of model a.
func (f docs) beginCut(s tenant.Scope, c retrieval.Chunking, want retrieval.Generations) {
	f.Helper()
	got, err := f.Begin(f.Context(), s, retrieval.Rebuild{Model: "a", Chunking: c, At: start()})
	f.must("Begin", err)
	f.want("Begin of "+c.String(), got, want)
	f.wantGenerations("after it", s, want)
}

// cutPair is a generation of model a that is searched and one that is built.
func cutPair(served int64, c retrieval.Chunking, building int64, next retrieval.Chunking) retrieval.Generations {
	return retrieval.Generations{
		Served:   retrieval.Generation{No: served, Model: "a", Chunking: c},
		Building: retrieval.Generation{No: building, Model: "a", Chunking: next},
	}
}

func (f docs) switchTo(s tenant.Scope, no int64) {
	f.Helper()
	_, err := f.Switch(f.Context(), s, no, start())
	f.must("Switch", err)
}

var chunkingCases = []contractCase[docs]{
	{"begin", "another Chunking is another generation, and to ask for that of the one that is searched gives it up", func(f docs) {
		s, _, _ := f.recutting()
		f.beginCut(s, smaller(), cutPair(1, retrieval.Chunking{}, 2, smaller()))
		f.beginCut(s, larger(), cutPair(1, retrieval.Chunking{}, 3, larger()))
		f.beginCut(s, retrieval.Chunking{}, pair(1, "a", 0, ""))
	}},
	{"beside", "what is searched is as it was while another Chunking is built beside it, and counts alone", func(f docs) {
		s, one, small := f.recutting()
		f.wantChunks("built beside", s, 1)
		f.wantLoaded("searched", s, one, retrieval.Chunking{})
		f.wantLoaded("of no generation", s, ports.PendingDocument{Document: one.Document}, larger())
		f.wantPendingAt("searched", s, at(1))
		f.note(s, 2, one.Document)
		f.switchTo(s, 2)
		f.wantChunks("switched", s, 3)
		f.wantLoaded("switched", s, small, smaller())
		f.wantLoaded("searched by who has not heard of it", s, one, retrieval.Chunking{})
	}},
	{"changes", "what changes loses the chunks of every Chunking, and is pending in both generations with those that it was put with alone", func(f docs) {
		s, _, _ := f.recutting()
		d, _ := page("page:1", "r2")
		one, small := cutInto(d, retrieval.Chunking{}, 2), cutInto(d, smaller(), 4)
		f.put(s, d, small.Chunks, true)
		f.wantCut("put as the one that is built", s, 2, small, smaller())
		f.wantCut("put as the one that is built", s, 1, ports.PendingDocument{Document: d}, retrieval.Chunking{})
		f.wantChunks("put as the one that is built", s, 0)
		f.putChunks("cut", s, []ports.PendingDocument{one}, true)
		f.wantCut("cut", s, 1, one, retrieval.Chunking{})
		f.wantCut("cut", s, 2, small, smaller())
		gone := f.hide(s, d)
		f.putChunks("cut when it was hidden", s, []ports.PendingDocument{one}, false)
		f.wantCut("hidden", s, 1, ports.PendingDocument{Document: gone}, retrieval.Chunking{})
		f.wantCut("hidden", s, 2, ports.PendingDocument{Document: gone}, smaller())
	}},
	{"late", "chunks of what is not there, not shown, of another revision, or cut already are not stored, and make nothing pending", func(f docs) {
		s, one, small := f.recutting()
		old, _ := page("page:1", "r0")
		unknown, _ := page("page:2", "r1")
		again := cutInto(one.Document, smaller(), 5)
		other := cutInto(one.Document, larger(), 1)
		f.putChunks("late", s, []ports.PendingDocument{
			cutInto(old, larger(), 2), cutInto(unknown, larger(), 1), again, {Document: one.Document}, other, other,
		}, false, false, false, false, true, false)
		f.wantLoaded("cut before", s, small, smaller())
		f.wantLoaded("searched", s, one, retrieval.Chunking{})
		f.wantLoaded("cut once more", s, other, larger())
		f.wantPendingAt("late", s, at(1))
	}},
	{"back", "who goes back lacks what has changed since, and what is as it was again but without the chunks that it had", func(f docs) {
		s, one, small := f.recutting()
		two, chunks := page("page:2", "r1")
		f.put(s, two, chunks, true)
		f.note(s, 1, two)
		f.putChunks("cut", s, []ports.PendingDocument{cutInto(two, smaller(), 2)}, true)
		f.note(s, 2, one.Document)
		f.note(s, 2, two)
		f.switchTo(s, 2)
		next, _ := page("page:1", "r2")
		f.put(s, next, cutInto(next, smaller(), 1).Chunks, true)
		f.put(s, one.Document, small.Chunks, true)
		f.note(s, 2, one.Document)
		want := cutPair(2, smaller(), 1, retrieval.Chunking{})
		want.Pinned = true
		got, err := f.Begin(f.Context(), s, retrieval.Rebuild{Back: true, At: start()})
		f.must("Begin", err)
		f.want("Begin back", got, want)
		f.wantCut("back", s, 1, ports.PendingDocument{Document: one.Document}, retrieval.Chunking{})
		f.want("pending of what has not changed", len(f.pendingAt(s, at(1), 10)), 1)
		f.putChunks("back", s, []ports.PendingDocument{one}, true)
		f.note(s, 1, one.Document)
		f.switchTo(s, 1)
		f.wantLoaded("back", s, one, retrieval.Chunking{})
		f.wantChunks("back", s, 2)
		want = retrieval.Generations{Served: want.Building, Former: want.Served, Pinned: true}
		f.beginCut(s, smaller(), want) // not of the Chunking that is wanted
		want.Pinned = false
		f.beginCut(s, retrieval.Chunking{}, want)
	}},
	{"forgotten", "chunks are gone with the last generation that has their Chunking", func(f docs) {
		s, one, small := f.recutting()
		f.must("Forget", f.Forget(f.Context(), s, 0)) // of a site for which none was begun, which some note
		f.note(s, 2, one.Document)
		f.switchTo(s, 2)
		f.must("Forget", f.Forget(f.Context(), s, 1))
		f.wantLoaded("former", s, one, retrieval.Chunking{})
		f.must("Expire", f.Expire(f.Context(), s, start().Add(time.Hour), start().Add(time.Hour)))
		f.wantLoaded("expired", s, one, retrieval.Chunking{})
		for range 2 {
			f.must("Forget", f.Forget(f.Context(), s, 1))
			f.wantLoaded("forgotten", s, ports.PendingDocument{Document: one.Document}, retrieval.Chunking{})
			f.wantLoaded("searched", s, small, smaller())
		}
	}},
	{"never begun", "chunks of a site for which no generation was begun, or switched to, stay", func(f docs) {
		s := f.NewScope(f.T)
		d, _ := page("page:1", "r1")
		one := cutInto(d, retrieval.Chunking{}, 2)
		f.put(s, d, one.Chunks, true)
		f.index(s, d)
		for no, c := range []retrieval.Chunking{smaller(), larger()} {
			next := cutPair(0, retrieval.Chunking{}, int64(no)+1, c)
			next.Served.Model = ""
			f.beginCut(s, c, next)
		}
		f.putChunks("cut", s, []ports.PendingDocument{cutInto(d, smaller(), 3), cutInto(d, larger(), 1)}, true, true)
		f.must("Forget", f.Forget(f.Context(), s, 1))
		f.wantLoaded("searched", s, one, retrieval.Chunking{})
		f.wantLoaded("built", s, cutInto(d, larger(), 1), larger())
		f.wantLoaded("given up", s, ports.PendingDocument{Document: d}, smaller())
	}},
	{"bad input", "chunks of two Chunkings or of one number are refused, and so are too many documents; nothing is stored then", func(f docs) {
		s, one, _ := f.recutting()
		good := cutInto(one.Document, larger(), 1)
		twice, mixed := cutInto(one.Document, larger(), 2), cutInto(one.Document, larger(), 1)
		twice.Chunks[1].Seq = 0
		mixed.Chunks = append(mixed.Chunks, retrieval.Chunk{Chunking: smaller(), Seq: 1})
		for what, bad := range map[string][]ports.PendingDocument{
			"one number": {twice}, "two Chunkings": {good, mixed}, "too many": make([]ports.PendingDocument, ports.MaxPut+1),
		} {
			_, err := f.PutChunks(f.Context(), s, bad)
			f.wantErr(what, err, ports.ErrInvalid)
			f.wantLoaded(what, s, ports.PendingDocument{Document: one.Document}, larger())
		}
		d, _ := page("page:2", "r1")
		mixed.Document = d
		_, err := f.Put(f.Context(), s, d, mixed.Chunks)
		f.wantErr("Put", err, ports.ErrInvalid)
	}},
	{"isolation", "a site's chunks are its own", func(f docs) {
		mine, one, small := f.recutting()
		sibling, theirs := f.NewSite(f.T, mine.Tenant), f.NewScope(f.T)
		for _, s := range []tenant.Scope{sibling, theirs} {
			f.putChunks("of nothing", s, []ports.PendingDocument{cutInto(one.Document, larger(), 1)}, false)
			d, chunks := page("page:1", "r1")
			f.put(s, d, chunks, true)
			f.putChunks("theirs", s, []ports.PendingDocument{cutInto(d, smaller(), 1)}, true)
			f.wantLoaded("mine", mine, small, smaller())
		}
		f.note(mine, 2, one.Document)
		f.switchTo(mine, 2)
		f.must("Expire", f.Expire(f.Context(), mine, start().Add(time.Hour), start()))
		f.must("Forget", f.Forget(f.Context(), mine, 1))
		for _, s := range []tenant.Scope{sibling, theirs} {
			d, chunks := page("page:1", "r1")
			f.wantLoaded("theirs", s, ports.PendingDocument{Document: d, Chunks: chunks}, retrieval.Chunking{})
		}
		for _, bad := range incomplete(mine) {
			_, err := f.PutChunks(f.Context(), bad, []ports.PendingDocument{small})
			f.wantErr("PutChunks", err, tenant.ErrNoScope)
		}
	}},
	{"done context", "a done context ends the call, and nothing is stored", func(f docs) {
		s, one, _ := f.recutting()
		_, err := f.PutChunks(f.done(), s, []ports.PendingDocument{cutInto(one.Document, larger(), 1)})
		f.wantErr("PutChunks", err, f.done().Err())
		f.wantLoaded("after it", s, ports.PendingDocument{Document: one.Document}, larger())
	}},
}
