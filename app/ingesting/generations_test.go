package ingesting_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// provider has embedders of several models, each with vectors of a length of its
// own, so that an index refuses to mix them.
type provider map[string]*embedder

func newProvider() provider {
	return provider{"a": {next: memory.NewEmbedder(8)}, "b": {next: memory.NewEmbedder(12)}, "c": {next: memory.NewEmbedder(16)}}
}

func (p provider) of(_ tenant.Scope, model string) ports.Embedder {
	if e := p[model]; e != nil {
		return e
	}
	return nil
}

// shopIndex is a world with generations, and a provider of models.
type shopIndex struct {
	*world
	models provider
}

// newShopIndex returns n products that are searched by model a.
func newShopIndex(t *testing.T, n int) shopIndex {
	t.Helper()
	x := shopIndex{world: newWorld(t, nil), models: newProvider()}
	x.world = x.process("a", nil)
	x.want("a")
	x.load(&feed{changes: products(n)}, ingesting.Options{Full: true})
	x.drain()
	x.wantServed(1, "a", n)
	return x
}

// process returns another process on the same stores, of a server whose setting
// is the model.
func (x shopIndex) process(model string, change func(*ingesting.Deps)) *world {
	x.Helper()
	old := x.world
	w := newWorld(x.T, func(d *ingesting.Deps) {
		d.Documents, d.Batches, d.Inventory, d.Cursors, d.Indexer = old.documents, old.documents, old.documents, old.documents, old.index
		d.Generations, d.RetiredGenerations, d.IndexModel, d.Chunks = old.documents, old.documents, old.documents, old.documents
		d.Embedder, d.EmbeddingModel = x.models.of, model
		d.Now = func() time.Time { return old.now }
		if change != nil {
			change(d)
		}
	})
	w.documents, w.index = old.documents, old.index
	d := w
	d.embedder = x.models["a"]
	return d
}

func (x shopIndex) want(model string) {
	x.Helper()
	if err := x.documents.WantModel(x.Context(), model); err != nil {
		x.Fatal(err)
	}
}

func (x shopIndex) generations() retrieval.Generations {
	x.Helper()
	g, err := x.documents.GenerationsOf(x.Context(), site)
	if err != nil {
		x.Fatal(err)
	}
	return g
}

// wantServed checks that the site is searched in one generation of n documents,
// all with vectors of its model, and that none is built.
func (x shopIndex) wantServed(no int64, model string, n int) {
	x.Helper()
	if g := x.generations(); g.Served != (retrieval.Generation{No: no, Model: model}) || g.Building.No != 0 || g.Pinned {
		x.Fatalf("generations %+v, want %d of %s alone", g, no, model)
	}
	x.wantHeld(no, model, n)
}

func (x shopIndex) wantHeld(no int64, model string, n int) {
	x.Helper()
	documents, vectors := x.vectors(no)
	if documents != n || vectors != n {
		x.Fatalf("generation %d: %d documents with %d vectors, want %d", no, documents, vectors, n)
	}
	e, err := x.models[model].next.Embed(x.Context(), []string{"Mug 1"})
	if err != nil {
		x.Fatal(err)
	}
	// A vector of another model's length would be refused.
	if _, err := x.index.Search(x.Context(), site, retrieval.Query{Generation: no, Vector: e.Vectors[0], Limit: 1, At: now}); err != nil {
		x.Fatal(err)
	}
}

// Another model is built behind the one that is searched, which is as it was
// until the switch; what changes meanwhile is in both.
func TestChangeOfModel(t *testing.T) {
	x := newShopIndex(t, 30)
	x.want("b")
	// Each look at the clock is a second later, so that every page ends a Drain.
	server := x.process("b", func(d *ingesting.Deps) {
		d.EmbedTexts, d.EmbedParallel = 5, 1
		d.Now = func() time.Time { x.world.now = x.world.now.Add(time.Second); return x.world.now }
	})
	// More than a page, so that it takes more than one Drain.
	x.load(&feed{changes: products(150)}, ingesting.Options{})
	r := server.drain()
	if !r.More || r.Switched || r.Built == 0 || r.Built == 150 {
		t.Fatalf("the first drain: %+v", r)
	}
	if g := x.generations(); g.Served.Model != "a" || g.Building.Model != "b" {
		t.Fatalf("generations %+v", g)
	}
	x.wantHeld(1, "a", 150)
	// One that is built changes, one that is not, one goes and one comes.
	cs := products(151)
	cs[0].Product.Name, cs[149].Product.Name, cs[1].Product.Status = "Jug 1", "Jug 150", catalog.Trashed
	for _, i := range []int{0, 149, 1, 150} {
		if _, err := x.Apply(t.Context(), site, "feed", cs[i], ingesting.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	before := len(x.models["a"].texts)
	r = server.drain()
	if len(x.models["a"].texts)-before != 3 || r.TakenOut != 1 || r.Indexed != 4 {
		t.Errorf("what changed meanwhile: %+v, %d texts of the old model", r, len(x.models["a"].texts)-before)
	}
	x.wantHeld(1, "a", 150)
	for i := 0; !r.Switched; i++ {
		if r = server.drain(); i > 50 {
			t.Fatalf("no end: %+v", r)
		}
	}
	x.wantServed(2, "b", 150)
	if got := x.meantBy(2, "b", "Jug 150"); got != "product:150" {
		t.Errorf("by its meaning %s is found", got)
	}
	// The old one stays for a while, to go back to, and then goes.
	for _, d := range []time.Duration{ingesting.FormerFor - time.Hour, 2 * time.Hour} {
		x.world.now = x.world.now.Add(d)
		server.drain()
		if n, _ := x.vectors(1); n != 150 {
			t.Errorf("after %v the old generation holds %d documents", d, n)
		}
	}
	x.world.now = x.world.now.Add(2 * time.Minute)
	server.drain()
	if n, _ := x.vectors(1); n != 0 {
		t.Errorf("the old generation still holds %d documents", n)
	}
	x.wantServed(2, "b", 150)
}

func (x shopIndex) meantBy(no int64, model, title string) retrieval.DocumentID {
	x.Helper()
	text := ""
	for _, t := range x.models[model].texts {
		if strings.HasPrefix(t, title+"\n") {
			text = t
		}
	}
	e, err := x.models[model].next.Embed(x.Context(), []string{text})
	if err != nil {
		x.Fatal(err)
	}
	found, err := x.index.Search(x.Context(), site, retrieval.Query{Generation: no, Vector: e.Vectors[0], Limit: 1, At: now})
	if err != nil || len(found) == 0 {
		x.Fatalf("%q: %v", title, err)
	}
	return found[0].Ref.Document
}

// A generation that was just retired is not dropped yet.
func TestRetiredStaysAMinute(t *testing.T) {
	x := newShopIndex(t, 3)
	x.want("b")
	if r := x.drain(); !r.Switched {
		t.Fatalf("%+v", r)
	}
	x.drain()
	if n, _ := x.vectors(1); n != 3 {
		t.Errorf("%d documents are left for those who search it still", n)
	}
}

// Killed at each step of a change of model, the site is always searched in one
// complete generation, and ends at the new one; little is paid twice.
func TestChangeOfModelKilled(t *testing.T) {
	const n = 6
	for at := 0; ; at++ {
		x := newShopIndex(t, n)
		x.want("b")
		d := &dying{Indexer: x.index, Documents: x.documents, Embedder: x.models["b"], left: at, paid: map[string]int{}}
		process := func() *world {
			return x.process("b", func(deps *ingesting.Deps) {
				deps.Documents, deps.Indexer, deps.Generations = dyingDocuments{d}, dyingIndexer{d}, dyingGenerations{x.documents, d}
				deps.EmbedTexts, deps.EmbedParallel = 2, 1
				deps.Embedder = func(s tenant.Scope, model string) ports.Embedder {
					if model == "b" {
						return dyingEmbedder{d}
					}
					return x.models.of(s, model)
				}
			})
		}
		r, err := process().Drain(t.Context(), site)
		ended := err == nil && r.Paused == nil && r.Switched
		g := x.generations()
		x.wantHeld(g.Served.No, g.Served.Model, n)
		d.left, d.dead = 1<<30, false
		for i := 0; x.generations().Served.Model != "b"; i++ {
			if _, err := process().Drain(t.Context(), site); err != nil || i > 10 {
				t.Fatalf("killed at %d: %v", at, err)
			}
		}
		x.wantServed(2, "b", n)
		again := 0
		for _, times := range d.paid {
			again += times - 1
		}
		if len(d.paid) != n || again > 2 {
			t.Errorf("killed at %d: %d texts paid, %d of them again", at, len(d.paid), again)
		}
		if ended {
			return
		}
	}
}

type dyingGenerations struct {
	*memory.Documents
	d *dying
}

func (g dyingGenerations) Begin(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
	if err := g.d.step(); err != nil {
		return retrieval.Generations{}, err
	}
	return g.Documents.Begin(ctx, s, r)
}

func (g dyingGenerations) Switch(ctx context.Context, s tenant.Scope, no int64, at time.Time) (retrieval.Generations, error) {
	if err := g.d.step(); err != nil {
		return retrieval.Generations{}, err
	}
	return g.Documents.Switch(ctx, s, no, at)
}

// TestRollback goes back to the model before, which embeds what has changed since
// and nothing else; the site stays there until it is told otherwise, and what is
// there of the other model is not paid again.
func TestRollback(t *testing.T) {
	const n = 20
	x := newShopIndex(t, n)
	if _, err := x.Rollback(t.Context(), site); !errors.Is(err, ingesting.ErrNoFormer) {
		t.Fatalf("back to nothing: %v", err)
	}
	x.want("b")
	server := x.process("b", nil)
	if r := server.drain(); !r.Switched {
		t.Fatalf("%+v", r)
	}
	// One changes, one is taken out and one comes.
	cs := products(n + 1)
	cs[0].Product.Name, cs[1].Product.Status = "Jug 1", catalog.Trashed
	for _, i := range []int{0, 1, n} {
		if _, err := x.Apply(t.Context(), site, "feed", cs[i], ingesting.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	server.drain()
	x.wantServed(2, "b", n)
	paid := func() (a, b int) { return len(x.models["a"].texts), len(x.models["b"].texts) }
	beforeA, beforeB := paid()
	blind := x.process("", func(d *ingesting.Deps) { d.Embedder = nil })
	if _, err := blind.Rollback(t.Context(), site); !errors.Is(err, ingesting.ErrNoEmbedder) {
		t.Errorf("who cannot embed for it: %v", err)
	}
	for range 2 { // it may be called again
		g, err := server.Rollback(t.Context(), site)
		if err != nil || g.Served.No != 2 || g.Building.No != 1 || !g.Pinned {
			t.Fatalf("%+v, %v", g, err)
		}
	}
	if r := server.drain(); !r.Switched || r.Built != 3 {
		t.Fatalf("%+v", r)
	}
	for range 3 { // the server wants b all the time
		server.drain()
		if g := x.generations(); g.Served.No != 1 || g.Building.No != 0 || !g.Pinned {
			t.Fatalf("%+v", g)
		}
	}
	x.wantHeld(1, "a", n)
	if got := x.meantBy(1, "a", "Jug 1"); got != "product:1" {
		t.Errorf("what changed meanwhile is %s", got)
	}
	if a, b := paid(); a-beforeA != 2 || b != beforeB {
		t.Errorf("%d texts of a were paid, %d of b", a-beforeA, b-beforeB)
	}
	if _, err := server.Rebuild(t.Context(), site); err != nil {
		t.Fatal(err)
	}
	for i := 0; x.generations().Served.No != 3; i++ {
		if server.drain(); i > 10 {
			t.Fatalf("%+v", x.generations())
		}
	}
	x.wantServed(3, "b", n)
	if _, b := paid(); b-beforeB > 1 { // one to see whether the vectors are those of the model
		t.Errorf("%d texts of b were paid again", b-beforeB)
	}
}

// A rollback that nothing has changed before is done at once, and may be taken
// back; where the model that is wanted is the one that was gone back to, the site
// follows it again.
func TestRollbackAndForth(t *testing.T) {
	x := newShopIndex(t, 5)
	x.want("b")
	x.drain()
	a, b := len(x.models["a"].texts), len(x.models["b"].texts)
	for i, want := range []int64{1, 2, 1} {
		if _, err := x.Rollback(t.Context(), site); err != nil {
			t.Fatal(err)
		}
		if r := x.drain(); !r.Switched || r.Built != 0 {
			t.Fatalf("%d: %+v", i, r)
		}
		if g := x.generations(); g.Served.No != want {
			t.Fatalf("%d: %+v", i, g)
		}
	}
	if len(x.models["a"].texts) != a || len(x.models["b"].texts) != b {
		t.Error("texts were paid again")
	}
	x.want("a")
	x.drain()
	x.wantServed(1, "a", 5)
	x.want("b")
	x.drain()
	if g := x.generations(); g.Served.Model != "b" {
		t.Errorf("%+v", g)
	}
}

// Processes with other settings follow what the server that started last wants,
// and none rebuilds what another has built.
func TestProcessesOfOtherSettingsDoNotFight(t *testing.T) {
	x := newShopIndex(t, 5)
	old, next, command := x.process("a", nil), x.process("b", nil), x.process("c", nil)
	x.want("b") // as the next server does when it starts
	for i := range 3 {
		for _, p := range []*world{old, next, command} {
			p.drain()
		}
		if g := x.generations(); g.Head() != (retrieval.Generation{No: 2, Model: "b"}) {
			t.Fatalf("round %d: %+v", i, g)
		}
	}
	x.wantServed(2, "b", 5)
	if n := len(x.models["b"].texts); n != 5 || len(x.models["c"].texts) != 0 {
		t.Errorf("%d texts of model b, %d of c", n, len(x.models["c"].texts))
	}
	// Who cannot call the model that is wanted leaves it to others, and puts what
	// is new by words.
	x.want("d")
	blind := x.process("", func(d *ingesting.Deps) { d.Embedder = nil })
	x.load(&feed{changes: products(6)}, ingesting.Options{})
	if r := blind.drain(); r.Waiting != 1 || r.Paused != nil || r.Texts != 0 {
		t.Errorf("without an embedder: %+v", r)
	}
	if documents, vectors := x.vectors(2); documents != 6 || vectors != 5 {
		t.Errorf("%d documents, %d vectors", documents, vectors)
	}
	if r := next.drain(); r.Texts != 1 {
		t.Errorf("who can embed: %+v", r)
	}
	x.wantServed(2, "b", 6)
}

// Without an embedder a price comes through whole, and what waits is not put
// again and again.
func TestWithoutTheEmbedderOfTheIndex(t *testing.T) {
	x := newShopIndex(t, 5)
	counting := &countingIndexer{Indexer: x.index}
	blind := x.process("", func(d *ingesting.Deps) { d.Embedder, d.Indexer = nil, counting })
	cs := products(6)
	cs[0] = product(1, 55)
	x.load(&feed{changes: cs}, ingesting.Options{Full: true})
	if r := blind.drain(); r.Indexed != 1 || r.Waiting != 1 || counting.puts != 2 {
		t.Errorf("%+v, %d puts", r, counting.puts)
	}
	if r := blind.drain(); r.Indexed != 0 || r.Waiting != 1 || counting.puts != 2 {
		t.Errorf("again: %+v, %d puts", r, counting.puts)
	}
}

// A provider that no longer takes the old model holds up nothing: the site is
// searched by words where vectors are missing, and comes to the new one.
func TestOldModelIsRefused(t *testing.T) {
	x := newShopIndex(t, 5)
	x.want("b")
	gone := &ports.ModelError{Kind: ports.ModelRefused, Status: 404}
	x.models["a"].refuse = func([]string) error { return gone }
	x.models["b"].refuse = func([]string) error { return limitError() }
	x.load(&feed{changes: products(6)}, ingesting.Options{})
	if r := x.drain(); r.Paused == nil || r.Switched {
		t.Errorf("both refused: %+v", r)
	}
	if documents, vectors := x.vectors(1); documents != 6 || vectors != 5 {
		t.Errorf("searched meanwhile: %d documents, %d vectors", documents, vectors)
	}
	x.models["b"].refuse = nil
	if r := x.drain(); r.Paused != nil || !r.Switched {
		t.Errorf("the old one refused: %+v", r)
	}
	x.wantServed(2, "b", 6)
}

// To change one's mind gives up what was built, and costs nothing more.
func TestChangeOfModelTakenBack(t *testing.T) {
	x := newShopIndex(t, 5)
	x.want("b")
	x.models["b"].refuse = func([]string) error { return limitError() }
	x.drain()
	if g := x.generations(); g.Building.Model != "b" {
		t.Fatalf("%+v", g)
	}
	x.want("a")
	if r := x.drain(); r.Texts != 0 || r.Paused != nil {
		t.Errorf("%+v", r)
	}
	x.wantServed(1, "a", 5)
}

// A rebuild takes the vectors over that there are; what is asked of the embedder
// is whether it is still the same.
func TestRebuild(t *testing.T) {
	x := newShopIndex(t, 40)
	before := len(x.models["a"].texts)
	if g, err := x.Rebuild(t.Context(), site); err != nil || g.Building.No != 2 {
		t.Fatalf("%+v, %v", g, err)
	}
	r := x.drain()
	if !r.Switched || r.Built != 40 || r.Kept < 39 || len(x.models["a"].texts)-before != 1 {
		t.Errorf("%+v, %d texts embedded", r, len(x.models["a"].texts)-before)
	}
	x.wantServed(2, "a", 40)
	// The server behind the name makes vectors of another length now.
	x.models["a"].next = memory.NewEmbedder(20)
	if _, err := x.Rebuild(t.Context(), site); err != nil {
		t.Fatal(err)
	}
	if r := x.drain(); !r.Switched || r.Texts != 40 {
		t.Errorf("vectors of another length: %+v", r)
	}
	x.wantServed(3, "a", 40)
}

// A site that has nothing yet is built as it would be without being asked, and
// not by words alone for ever.
func TestRebuildOfANewSite(t *testing.T) {
	x := shopIndex{world: newWorld(t, nil), models: newProvider()}
	p := x.process("a", nil)
	if g, err := p.Rebuild(t.Context(), site); err != nil || g.Head().Model != "a" {
		t.Fatalf("%+v, %v", g, err)
	}
	p.load(&feed{changes: products(4)}, ingesting.Options{Full: true})
	if r := p.drain(); r.Texts != 4 {
		t.Errorf("%+v", r)
	}
}

func TestRebuildNeedsGenerations(t *testing.T) {
	w := newWorld(t, nil)
	if _, err := w.Rebuild(t.Context(), site); !errors.Is(err, ingesting.ErrOneGeneration) {
		t.Errorf("got %v", err)
	}
	if st, err := w.IndexStatus(t.Context(), site); err != nil || st.Served.No != 0 {
		t.Errorf("%+v, %v", st, err)
	}
}

// A site that was searched by words alone gets its vectors behind them.
func TestWordsFirst(t *testing.T) {
	x := shopIndex{world: newWorld(t, nil), models: newProvider()}
	words := x.process("", func(d *ingesting.Deps) { d.Embedder = nil })
	words.load(&feed{changes: products(4)}, ingesting.Options{Full: true})
	if r := words.drain(); r.Indexed != 4 {
		t.Fatalf("%+v", r)
	}
	x.want("a")
	if r := x.process("a", nil).drain(); !r.Switched || r.Texts != 4 {
		t.Errorf("%+v", r)
	}
	x.wantServed(1, "a", 4)
}

// The generations change under a Drain: it looks again, and puts nothing into
// the wrong one.
func TestGenerationsChangeUnderADrain(t *testing.T) {
	x := newShopIndex(t, 5)
	once := true
	x.models["a"].refuse = func([]string) error {
		if !once {
			return nil
		}
		once = false
		if _, err := x.Rebuild(t.Context(), site); err != nil {
			return err
		}
		list, err := x.documents.Pending(t.Context(), site, retrieval.Stage{Generation: 2}, 100)
		var refs []retrieval.DocumentRef
		for _, p := range list {
			refs = append(refs, retrieval.DocumentRef{ID: p.Document.ID, Revision: p.Document.Revision})
		}
		if err == nil {
			err = x.documents.Indexed(t.Context(), site, retrieval.Stage{Generation: 2}, refs)
		}
		if err == nil {
			_, err = x.documents.Switch(t.Context(), site, 2, now)
		}
		return err
	}
	x.load(&feed{changes: products(6)}, ingesting.Options{})
	if _, err := x.Apply(t.Context(), site, "feed", product(6, 10), ingesting.Options{}); err != nil {
		t.Fatal(err)
	}
	r := x.drain()
	if g := x.generations(); g.Served.No != 2 || r.Paused != nil {
		t.Errorf("%+v, %+v", g, r)
	}
}

func ExampleService_Rebuild() {
	documents, ctx := memory.NewDocuments(), context.Background()
	s, err := ingesting.New(ingesting.Deps{
		Documents: documents, Inventory: documents, Stored: documents, Cursors: documents, Indexer: memory.NewIndex(), Text: textOf{}, Tokenizer: memory.NewTokenizer(), Now: time.Now,
		Generations: documents, RetiredGenerations: documents, IndexModel: documents, Chunks: documents,
		Embedder: func(tenant.Scope, string) ports.Embedder { return memory.NewEmbedder(8) }, EmbeddingModel: "small",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = s.Import(ctx, site, "products", &feed{changes: products(2)}, ingesting.Options{Full: true})
	_, _ = s.Drain(ctx, site)
	_ = documents.WantModel(ctx, "large") // as a server does that was started with it
	r, err := s.Drain(ctx, site)
	st, _ := s.IndexStatus(ctx, site)
	fmt.Println("built:", r.Built, "switched:", r.Switched, "searched by:", st.Served.Model, err)
	// Output: built: 2 switched: true searched by: large <nil>
}
