package ingesting_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// essay is a page that is cut into one chunk by default, and into more of fewer
// tokens.
func essay(i int, word string) catalog.Change {
	var b strings.Builder
	for n := range 6 {
		fmt.Fprintf(&b, "%s of page number%d, part part%d: it is said at length, so that it takes some tokens more. ", word, i, n)
	}
	return catalog.Change{Page: &catalog.Page{
		ID: fmt.Sprint(i), Title: fmt.Sprintf("Essay %d", i), Status: catalog.Published, HTML: b.String(), Updated: now.Add(time.Duration(i) * time.Second),
	}}
}

func essays(n int) []catalog.Change {
	var cs []catalog.Change
	for i := range n {
		cs = append(cs, essay(i+1, "All"))
	}
	return cs
}

func small() retrieval.Chunking { return retrieval.Chunking{Target: 64, Max: 100} }

func (x shopIndex) wantChunking(c retrieval.Chunking) {
	x.Helper()
	if err := x.documents.WantChunking(x.Context(), c); err != nil {
		x.Fatal(err)
	}
}

// newEssays returns n pages that are searched by model a, cut by default.
func newEssays(t *testing.T, n int) shopIndex {
	t.Helper()
	x := shopIndex{world: newWorld(t, nil), models: newProvider()}
	x.world = x.process("a", nil)
	x.want("a")
	x.wantChunking(retrieval.Chunking{})
	x.load(&feed{changes: essays(n)}, ingesting.Options{Full: true})
	x.drain()
	x.wantWhole(1, retrieval.Chunking{}, n)
	return x
}

// wantWhole checks that the site is searched in a generation of n pages, that each
// of their chunks is found with its text and its vector, and that there are as many
// as the Chunking makes. It returns the words that are found.
func (x shopIndex) wantWhole(no int64, c retrieval.Chunking, n int) string {
	x.Helper()
	g := x.generations()
	if g.Served != (retrieval.Generation{No: no, Model: "a", Chunking: c}) {
		x.Fatalf("generations %+v, want %d cut to %s", g, no, c)
	}
	hits, err := x.index.Search(x.Context(), site, retrieval.Query{Generation: no, Text: "length", Limit: 10_000, At: now})
	if err != nil {
		x.Fatal(err)
	}
	per := 1
	if c != (retrieval.Chunking{}) {
		per = 3
	}
	if len(hits) != per*n {
		x.Fatalf("%d chunks of %d pages are found in generation %d", len(hits), n, no)
	}
	var refs []retrieval.PassageRef
	var ids []retrieval.DocumentID
	for _, h := range hits {
		refs = append(refs, h.Ref)
		if h.Ref.Seq == 0 {
			ids = append(ids, h.Ref.Document)
		}
	}
	loaded, err := x.documents.Load(x.Context(), site, c, refs)
	if err != nil || len(loaded) != len(hits) {
		x.Fatalf("of %d chunks that are found %d have a text, %v", len(hits), len(loaded), err)
	}
	held, err := x.index.Vectors(x.Context(), site, no, ids)
	if err != nil || len(held) != len(hits) {
		x.Fatalf("of %d chunks %d have a vector, %v", len(hits), len(held), err)
	}
	tally, err := x.documents.Tally(x.Context(), site)
	if err != nil || tally.Chunks != len(hits) {
		x.Fatalf("%d chunks are counted of %d, %v", tally.Chunks, len(hits), err)
	}
	var words strings.Builder
	for _, p := range loaded {
		words.WriteString(p.Text + "\n")
	}
	return words.String()
}

// Documents that are cut in another way are built beside those that are searched,
// which stay as they are; what changes meanwhile is cut for both. To go back is to
// go back to the chunks as they were, and what has changed since is cut like them.
func TestChangeOfChunking(t *testing.T) {
	const n = 150 // more than a page, so that it takes more than one Drain
	x := newEssays(t, n)
	x.wantChunking(small())
	server := x.process("a", func(d *ingesting.Deps) {
		d.EmbedTexts, d.EmbedParallel = 5, 1
		// Each look at the clock is a second later, so that every page ends a Drain.
		d.Now = func() time.Time { x.world.now = x.world.now.Add(time.Second); return x.world.now }
	})
	if r := server.drain(); !r.More || r.Switched || r.Built == 0 {
		t.Fatalf("the first drain: %+v", r)
	}
	if g := x.generations(); g.Building != (retrieval.Generation{No: 2, Model: "a", Chunking: small()}) {
		t.Fatalf("%+v", g)
	}
	x.wantWhole(1, retrieval.Chunking{}, n)
	for _, i := range []int{1, n} { // one that is built, and one that is not
		if _, err := x.Apply(t.Context(), site, "feed", essay(i, "Changed"), ingesting.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	server.drain()
	if words := x.wantWhole(1, retrieval.Chunking{}, n); strings.Count(words, "Changed of page number1,") != 6 {
		t.Errorf("what changed meanwhile: %s", words)
	}
	for i := 0; x.generations().Building.No != 0; i++ {
		if r := server.drain(); i > 200 {
			t.Fatalf("no end: %+v", r)
		}
	}
	if words := x.wantWhole(2, small(), n); strings.Count(words, "Changed of page number1,") != 6 || strings.Count(words, fmt.Sprintf("Changed of page number%d,", n)) != 6 {
		t.Error("what changed meanwhile is not as it was cut for the new generation")
	}
	if got, err := x.documents.Load(t.Context(), site, retrieval.Chunking{}, []retrieval.PassageRef{x.refOf("page:2")}); err != nil || len(got) != 1 {
		t.Errorf("who searches the former generation still loads %v, %v", got, err)
	}

	// One changes, one changes and is as it was again, one comes.
	for _, c := range []catalog.Change{essay(2, "Later"), essay(3, "Later"), essay(3, "All"), essay(n+1, "All")} {
		if _, err := x.Apply(t.Context(), site, "feed", c, ingesting.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	before := len(x.models["a"].texts)
	if _, err := server.Rollback(t.Context(), site); err != nil {
		t.Fatal(err)
	}
	for i := 0; x.generations().Building.No != 0; i++ {
		if r := server.drain(); i > 20 {
			t.Fatalf("no end: %+v", r)
		}
	}
	if words := x.wantWhole(1, retrieval.Chunking{}, n+1); strings.Count(words, "Later of page number2,") != 6 {
		t.Errorf("what has changed since: %s", words)
	}
	// In chunks of the one size and the other: three changed ones in the second, two in
	// the first, and one to see whether the vectors are those of the model.
	if paid := len(x.models["a"].texts) - before; paid > 3*3+2+1 {
		t.Errorf("%d texts were paid", paid)
	}
	server.drain()
	x.wantWhole(1, retrieval.Chunking{}, n+1) // it is pinned
	x.wantChunking(retrieval.Chunking{})
	server.drain()
	if g := x.generations(); g.Pinned || g.Building.No != 0 {
		t.Errorf("what is wanted is there: %+v", g)
	}

	// The other one goes after a while, and its chunks with it.
	page := []retrieval.PassageRef{x.refOf("page:5")}
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{ingesting.FormerFor - time.Hour, 1}, {2 * time.Hour, 1}, {2 * time.Minute, 0}} {
		x.world.now = x.world.now.Add(c.after)
		server.drain()
		if got, err := x.documents.Load(t.Context(), site, small(), page); err != nil || len(got) != c.want {
			t.Errorf("after %v more the former chunks are %v, %v", c.after, got, err)
		}
	}
	x.wantWhole(1, retrieval.Chunking{}, n+1)
}

// refOf points at the first chunk of a page as it is stored.
func (x shopIndex) refOf(id retrieval.DocumentID) retrieval.PassageRef {
	x.Helper()
	return retrieval.PassageRef{Document: id, Revision: x.shown()[id].Revision}
}

// A new site is cut as it is wanted, once, and so is what an import brings to one
// that is searched in another way; a process with other settings changes nothing.
func TestNewSiteIsCutAsWanted(t *testing.T) {
	x := shopIndex{world: newWorld(t, nil), models: newProvider()}
	cuts := &countingChunks{DocumentChunks: x.documents}
	command := func(d *ingesting.Deps) { d.Chunks, d.Chunking = cuts, retrieval.Chunking{Target: 512, Max: 800} }
	x.world = x.process("a", command)
	x.wantChunking(small()) // as a server has it
	for _, n := range []int{3, 5} {
		x.load(&feed{changes: essays(n)}, ingesting.Options{Full: true})
		if _, err := x.Apply(t.Context(), site, "feed", essay(1, fmt.Sprint("Changed", n)), ingesting.Options{}); err != nil {
			t.Fatal(err)
		}
		x.drain()
		x.wantWhole(1, small(), n)
	}
	if cuts.documents != 0 {
		t.Errorf("%d documents were cut twice", cuts.documents)
	}
	if g := x.generations(); g.Former.No != 0 {
		t.Errorf("%+v", g)
	}
}

// Where no server has said how documents are cut, a site stays as it is, and who
// knows no generations cuts as it is told.
func TestChunkingThatNobodyWants(t *testing.T) {
	x := shopIndex{world: newWorld(t, nil), models: newProvider()}
	x.world = x.process("a", nil)
	x.want("a")
	x.load(&feed{changes: essays(3)}, ingesting.Options{Full: true})
	x.drain()
	other := x.process("a", func(d *ingesting.Deps) { d.Chunking = small() })
	other.load(&feed{changes: essays(4)}, ingesting.Options{})
	other.drain()
	x.wantWhole(1, retrieval.Chunking{}, 4)

	w := newWorld(t, func(d *ingesting.Deps) { d.Chunking = small() })
	w.load(&feed{changes: essays(2)}, ingesting.Options{Full: true})
	w.drain()
	if got := w.finds("length"); len(got) != 6 {
		t.Errorf("without generations %d chunks are found", len(got))
	}
}

type countingChunks struct {
	ports.DocumentChunks
	documents int
}

func (c *countingChunks) PutChunks(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
	c.documents += len(docs)
	return c.DocumentChunks.PutChunks(ctx, s, docs)
}

type dyingChunks struct {
	ports.DocumentChunks
	d *dying
}

func (c dyingChunks) PutChunks(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
	if err := c.d.step(); err != nil {
		return nil, err
	}
	stored, err := c.DocumentChunks.PutChunks(ctx, s, docs)
	return stored, errors.Join(err, c.d.step()) // the reply may be lost
}

// Killed at each step of a change of chunking, and of the way back, the site is
// always searched in one complete generation, whose chunks all have their texts.
func TestChangeOfChunkingKilled(t *testing.T) {
	const n = 4
	for at := 0; ; at++ {
		x := newEssays(t, n)
		d := &dying{Indexer: x.index, Documents: x.documents, Embedder: x.models["a"], left: at, paid: map[string]int{}}
		process := func() *world {
			return x.process("a", func(deps *ingesting.Deps) {
				deps.Documents, deps.Indexer, deps.Generations = dyingDocuments{d}, dyingIndexer{d}, dyingGenerations{x.documents, d}
				deps.Chunks = dyingChunks{x.documents, d}
				deps.EmbedTexts, deps.EmbedParallel = 2, 1
				deps.Embedder = func(tenant.Scope, string) ports.Embedder { return dyingEmbedder{d} }
			})
		}
		until := func(done func(retrieval.Generations) bool) {
			t.Helper()
			for i := 0; !done(x.generations()); i++ {
				if _, err := process().Drain(t.Context(), site); err != nil || i > 10 {
					t.Fatalf("killed at %d: %v, %+v", at, err, x.generations())
				}
			}
		}
		intact := func() {
			t.Helper()
			g := x.generations()
			x.wantWhole(g.Served.No, g.Served.Chunking, n)
		}
		x.wantChunking(small())
		_, _ = process().Drain(t.Context(), site)
		there := !d.dead
		intact()
		if !there {
			d.left, d.dead = 1<<30, false
			until(func(g retrieval.Generations) bool { return g.Served.No == 2 && g.Building.No == 0 })
			x.wantWhole(2, small(), n)
			continue
		}
		// It came through; what is left of the steps is for the way back.
		if _, err := x.Apply(t.Context(), site, "feed", essay(2, "Changed"), ingesting.Options{}); err != nil {
			t.Fatal(err)
		}
		x.drain()
		_, err := process().Rollback(t.Context(), site)
		if err == nil {
			_, err = process().Drain(t.Context(), site)
		}
		intact()
		if err == nil && !d.dead {
			x.wantWhole(1, retrieval.Chunking{}, n)
			return
		}
		d.left, d.dead = 1<<30, false
		if x.generations().Served.No != 1 {
			if _, err := process().Rollback(t.Context(), site); err != nil {
				t.Fatalf("killed at %d: %v", at, err)
			}
		}
		until(func(g retrieval.Generations) bool { return g.Served.No == 1 && g.Building.No == 0 })
		if words := x.wantWhole(1, retrieval.Chunking{}, n); strings.Count(words, "Changed of page number2,") != 6 {
			t.Errorf("killed at %d: what has changed since: %s", at, words)
		}
	}
}
