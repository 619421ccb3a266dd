package ingesting_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// A change of what is no part of the text embeds nothing, and the product is
// still found by its meaning.
func TestPriceAndStockEmbedNothing(t *testing.T) {
	w := newWorld(t, nil)
	cs := products(5)
	w.load(&feed{changes: cs}, ingesting.Options{Full: true})
	w.drain()
	cs[2] = product(3, 90)
	cs[3].Product.Offer.Stock = catalog.OutOfStock
	w.load(&feed{changes: cs}, ingesting.Options{Full: true})
	w.embedder.refuse = func([]string) error { return errors.New("the embedder was called") }
	if r := w.drain(); r.Indexed != 2 || r.Texts != 0 || r.Kept != 2 || r.Paused != nil {
		t.Errorf("report %+v", r)
	}
	w.embedder.refuse = nil
	if got := w.meant("Mug 3"); got != "product:3" {
		t.Errorf("by its meaning %s is found", got)
	}
	cs[2].Product.Name = "Cup 3"
	w.load(&feed{changes: cs}, ingesting.Options{Full: true})
	if r := w.drain(); r.Indexed != 1 || r.Texts != 1 {
		t.Errorf("another name: %+v", r)
	}
}

// meant returns the document whose vector is nearest to that of its own text.
func (w *world) meant(title string) retrieval.DocumentID {
	w.Helper()
	text := ""
	w.embedder.mu.Lock()
	for _, t := range w.embedder.texts {
		if strings.HasPrefix(t, title) {
			text = t
		}
	}
	w.embedder.mu.Unlock()
	e, err := w.embedder.next.Embed(w.Context(), []string{text})
	if err != nil {
		w.Fatal(err)
	}
	g, err := w.documents.GenerationsOf(w.Context(), site)
	if err != nil {
		w.Fatal(err)
	}
	found, err := w.index.Search(w.Context(), site, retrieval.Query{Generation: g.Served.No, Vector: e.Vectors[0], Limit: 1, At: now})
	if err != nil || len(found) == 0 {
		w.Fatalf("%q finds nothing by its vector: %v", title, err)
	}
	return found[0].Ref.Document
}

// While the day's tokens are spent a price still comes through whole, and what
// has a new text keeps the vectors of its other parts.
func TestKeptWhilePaused(t *testing.T) {
	w := newWorld(t, nil)
	long := product(1, 100)
	part := func(word string) string { return "<p>" + strings.Repeat(word+" is in it. ", 60) + "</p>" }
	long.Product.Description = part("enamel") + "\n\n" + part("steel")
	cs := []catalog.Change{long, product(2, 100)}
	w.load(&feed{changes: cs}, ingesting.Options{Full: true})
	first := w.drain()
	if first.Texts < 3 {
		t.Fatalf("%d texts, want several of product 1", first.Texts)
	}
	w.embedder.refuse = func([]string) error { return limitError() }
	cs[0].Product.Description += part("copper")
	cs[1] = product(2, 80)
	w.load(&feed{changes: cs}, ingesting.Options{Full: true})
	r := w.drain()
	if r.Paused == nil || r.Indexed != 1 || r.Waiting != 1 || len(w.finds("copper")) == 0 {
		t.Errorf("paused: %+v", r)
	}
	held, err := w.index.Vectors(t.Context(), site, 0, []retrieval.DocumentID{"product:1"})
	if err != nil || len(held) == 0 {
		t.Errorf("the vectors of what has not changed are gone: %v", err)
	}
	w.embedder.refuse = nil
	if r := w.drain(); r.Paused != nil || r.Texts == 0 || r.Texts+len(held) < first.Texts || r.Kept != len(held) {
		t.Errorf("next day: %+v, %d were kept", r, len(held))
	}
}

// A document of more texts than a call takes, and more than a day's tokens, is
// embedded over days, and no text twice.
func TestDocumentOverDays(t *testing.T) {
	w := newWorld(t, func(d *ingesting.Deps) { d.EmbedTexts, d.EmbedParallel = 4, 1 })
	big := product(1, 100)
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, "<p>%s</p>\n\n", strings.Repeat(fmt.Sprintf("enamel part %d ", i), 60))
	}
	big.Product.Description = b.String()
	w.load(&feed{changes: []catalog.Change{big}}, ingesting.Options{Full: true})
	left := 0
	w.embedder.refuse = func(texts []string) error {
		if len(texts) > left {
			return limitError()
		}
		left -= len(texts)
		return nil
	}
	days := 0
	for {
		left, days = 7, days+1
		r := w.drain()
		if len(w.finds("enamel")) == 0 {
			t.Fatalf("day %d: not found", days)
		}
		if r.Paused == nil {
			break
		}
		if r.Texts != 7 || days > 50 {
			t.Fatalf("day %d: %+v", days, r)
		}
	}
	seen := map[string]bool{}
	for _, text := range w.embedder.texts {
		if seen[text] {
			t.Error("a text was embedded twice")
		}
		seen[text] = true
	}
	if len(seen) < 20 || days != (len(seen)+6)/7 {
		t.Errorf("%d texts in %d days", len(seen), days)
	}
}

// Equal texts of a page of documents are embedded once.
func TestEqualTextsOnce(t *testing.T) {
	w := newWorld(t, nil)
	var cs []catalog.Change
	for i := range 5 {
		cs = append(cs, catalog.Change{Page: &catalog.Page{ID: fmt.Sprint(i), Title: "Shipping", Status: catalog.Published, HTML: "<p>Two days.</p>"}})
	}
	w.load(&feed{changes: cs}, ingesting.Options{Full: true})
	if r := w.drain(); r.Indexed != 5 || r.Texts != 1 {
		t.Errorf("report %+v", r)
	}
	if _, vectors := w.vectors(0); vectors != 5 {
		t.Errorf("%d vectors, want one for each page", vectors)
	}
}

// vectors counts the documents and vectors that a generation holds.
func (w *world) vectors(generation int64) (documents, vectors int) {
	w.Helper()
	found, err := w.index.Search(w.Context(), site, retrieval.Query{Generation: generation, Limit: 10_000, At: now})
	if err != nil {
		w.Fatal(err)
	}
	var ids []retrieval.DocumentID
	for _, h := range found {
		ids = append(ids, h.Ref.Document)
	}
	held, err := w.index.Vectors(w.Context(), site, generation, ids)
	if err != nil {
		w.Fatal(err)
	}
	return len(ids), len(held)
}

// A text that is longer than the model takes is never sent; its document is
// found by words, with the vectors of its other parts.
func TestTooLongText(t *testing.T) {
	w := newWorld(t, func(d *ingesting.Deps) {
		d.EmbedLongest, d.Tokenizer = 60, exactWords{}
		d.Chunking = retrieval.Chunking{Target: 80, Max: 100}
	})
	long := product(1, 100)
	long.Product.Description = "<p>" + strings.Repeat("enamel ", 90) + "</p>\n\n<p>Short end.</p>"
	w.load(&feed{changes: []catalog.Change{long, product(2, 100)}}, ingesting.Options{Full: true})
	r := w.drain()
	if r.Paused != nil || r.Indexed != 2 || len(r.Refused) != 1 || r.Refused[0].Document != "product:1" || !errors.Is(r.Refused[0].Err, ports.ErrInvalid) ||
		!strings.Contains(r.Refused[0].Err.Error(), "at most 60") {
		t.Errorf("report %+v", r)
	}
	for _, text := range w.embedder.texts {
		if len(strings.Fields(text)) > 60 {
			t.Errorf("a text of %d words was sent", len(strings.Fields(text)))
		}
	}
	if documents, vectors := w.vectors(0); documents != 2 || vectors < 2 {
		t.Errorf("%d documents with %d vectors", documents, vectors)
	}
	if r := w.drain(); r.Indexed != 0 {
		t.Errorf("it is tried again: %+v", r)
	}
}

// exactWords takes a word for a token.
type exactWords struct{}

func (exactWords) Count(_, text string) (int64, bool) { return int64(len(strings.Fields(text))), true }

// One bad text alone is told from a bad key by whether another text is taken.
func TestLoneRefusedText(t *testing.T) {
	w := newWorld(t, nil)
	w.load(&feed{changes: products(1)}, ingesting.Options{Full: true})
	w.embedder.refuse = func(texts []string) error {
		if strings.Contains(texts[0], "Mug") {
			return &ports.ModelError{Kind: ports.ModelRefused, Status: 400}
		}
		return nil
	}
	if r := w.drain(); r.Paused != nil || r.Indexed != 1 || len(r.Refused) != 1 {
		t.Errorf("report %+v", r)
	}
}

// slow is an embedder that takes a while, and counts how many calls run.
type slow struct {
	takes time.Duration
	next  ports.Embedder

	mu            sync.Mutex
	running, most int
	calls         int
	sizes         []int
}

func (e *slow) Embed(ctx context.Context, texts []string) (retrieval.Embedding, error) {
	e.mu.Lock()
	e.running++
	e.calls++
	e.most = max(e.most, e.running)
	e.sizes = append(e.sizes, len(texts))
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		e.running--
		e.mu.Unlock()
	}()
	select {
	case <-time.After(e.takes):
		return e.next.Embed(ctx, texts)
	case <-ctx.Done():
		return retrieval.Embedding{}, ctx.Err()
	}
}

// Calls run at once up to the cap, no larger than the limits, and all is found.
func TestCallsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &slow{takes: time.Second, next: memory.NewEmbedder(8)}
		w := newWorld(t, func(d *ingesting.Deps) {
			d.EmbedTexts, d.EmbedParallel = 10, 4
			d.Embedder = func(tenant.Scope, string) ports.Embedder { return e }
		})
		w.load(&feed{changes: products(100)}, ingesting.Options{Full: true})
		began := time.Now()
		r := w.drain()
		if r.Indexed != 100 || e.most != 4 || e.calls != 10 || time.Since(began) != 3*time.Second {
			t.Errorf("%+v: %d calls, %d at once, in %v", r, e.calls, e.most, time.Since(began))
		}
		for _, n := range e.sizes {
			if n > 10 {
				t.Errorf("a call of %d texts", n)
			}
		}
		if documents, vectors := w.vectors(0); documents != 100 || vectors != 100 {
			t.Errorf("%d documents with %d vectors", documents, vectors)
		}
	})
}

// A call holds no more tokens than it may.
func TestTokensOfACall(t *testing.T) {
	w := newWorld(t, func(d *ingesting.Deps) { d.EmbedTokens, d.Tokenizer = 20, exactWords{} })
	w.load(&feed{changes: products(30)}, ingesting.Options{Full: true})
	var calls atomic.Int64
	w.embedder.refuse = func(texts []string) error {
		calls.Add(1)
		if n, _ := (exactWords{}).Count("", strings.Join(texts, " ")); n > 20 {
			t.Errorf("a call of %d tokens", n)
		}
		return nil
	}
	if r := w.drain(); r.Texts != 30 || calls.Load() < 10 {
		t.Errorf("%+v in %d calls", r, calls.Load())
	}
}

// A tenant with much to do does not keep another one waiting: of calls that take
// a second each and run one at a time, the other has every second one.
func TestTenantsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &slow{takes: time.Second, next: memory.NewEmbedder(8)}
		w := newWorld(t, func(d *ingesting.Deps) {
			d.EmbedTexts, d.EmbedParallel, d.EmbedTotal = 1, 3, 1
			d.Embedder = func(tenant.Scope, string) ports.Embedder { return e }
		})
		w.load(&feed{changes: products(50)}, ingesting.Options{Full: true})
		if _, err := w.Import(t.Context(), other, "feed", &feed{changes: products(5)}, ingesting.Options{Full: true}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		var took time.Duration
		var both sync.WaitGroup
		both.Go(func() { w.drain() })
		both.Go(func() {
			synctest.Wait() // the first tenant has all of its calls waiting
			if _, err := w.Drain(t.Context(), other); err != nil {
				t.Error(err)
			}
			took = time.Since(began)
		})
		both.Wait()
		if took > 12*time.Second || time.Since(began) != 55*time.Second || e.most != 1 {
			t.Errorf("the small tenant took %v of %v, %d calls at once", took, time.Since(began), e.most)
		}
	})
}

// Who gives up waiting leaves no turn behind.
func TestTurnsThatAreGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &slow{takes: time.Minute, next: memory.NewEmbedder(8)}
		w := newWorld(t, func(d *ingesting.Deps) {
			d.EmbedTexts, d.EmbedParallel, d.EmbedTotal = 1, 3, 1
			d.Embedder = func(tenant.Scope, string) ports.Embedder { return e }
		})
		w.load(&feed{changes: products(9)}, ingesting.Options{Full: true})
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		if _, err := w.Drain(ctx, site); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		e.takes = time.Second
		if r := w.drain(); r.Paused != nil || r.Indexed != 8 {
			t.Errorf("afterwards: %+v", r)
		}
	})
}

// dying fails at its nth step as a killed process does: what it was about to do
// is not done, and nothing after it.
type dying struct {
	ports.Indexer
	ports.Documents
	ports.Embedder

	mu    sync.Mutex
	left  int
	dead  bool
	paid  map[string]int // how often each text was paid for
	calls int
}

func (d *dying) step() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead = d.dead || d.left == 0; d.dead {
		return errKilled
	}
	d.left--
	return nil
}

type dyingIndexer struct{ *dying }

func (d dyingIndexer) Put(ctx context.Context, s tenant.Scope, e retrieval.Entry) error {
	if err := d.step(); err != nil {
		return err
	}
	return d.Indexer.Put(ctx, s, e)
}

type dyingDocuments struct{ *dying }

func (d dyingDocuments) Put(ctx context.Context, s tenant.Scope, doc retrieval.Document, cs []retrieval.Chunk) (bool, error) {
	return d.Documents.Put(ctx, s, doc, cs)
}

func (d dyingDocuments) Indexed(ctx context.Context, s tenant.Scope, at retrieval.Stage, done []retrieval.DocumentRef) error {
	if err := d.step(); err != nil {
		return err
	}
	return d.Documents.Indexed(ctx, s, at, done)
}

type dyingEmbedder struct{ *dying }

// Embed is paid for even if the process dies before it has the answer.
func (d dyingEmbedder) Embed(ctx context.Context, texts []string) (retrieval.Embedding, error) {
	if err := d.step(); err != nil {
		return retrieval.Embedding{}, err
	}
	d.mu.Lock()
	d.calls++
	for _, t := range texts {
		d.paid[t]++
	}
	d.mu.Unlock()
	if err := d.step(); err != nil {
		return retrieval.Embedding{}, err
	}
	return d.Embedder.Embed(ctx, texts)
}

// Killed at each point in turn, what was paid for is paid again for no more than
// the calls that were under way; and in the end everything is there, once.
func TestKilledEmbeddingPaysOnce(t *testing.T) {
	const texts, batch, parallel = 30, 4, 2
	ended := false
	for at := 0; !ended; at++ {
		w := newWorld(t, nil)
		w.load(&feed{changes: products(texts)}, ingesting.Options{Full: true})
		d := &dying{Indexer: w.index, Documents: w.documents, Embedder: w.embedder, left: at, paid: map[string]int{}}
		process := func() *world {
			return newWorld(t, func(deps *ingesting.Deps) {
				deps.Documents, deps.Batches, deps.Inventory, deps.Cursors, deps.Indexer = dyingDocuments{d}, w.documents, w.documents, w.documents, dyingIndexer{d}
				deps.Embedder = func(tenant.Scope, string) ports.Embedder { return dyingEmbedder{d} }
				deps.EmbedTexts, deps.EmbedParallel = batch, parallel
			})
		}
		r, err := process().Drain(t.Context(), site)
		ended = err == nil && r.Paused == nil
		d.left, d.dead = 1<<30, false
		if r, err := process().Drain(t.Context(), site); err != nil || r.Paused != nil {
			t.Fatalf("killed at %d: the next one: %+v, %v", at, r, err)
		}
		again := 0
		for _, n := range d.paid {
			again += n - 1
		}
		if len(d.paid) != texts || again > batch*parallel {
			t.Errorf("killed at %d: %d texts paid, %d of them again", at, len(d.paid), again)
		}
		if documents, vectors := w.vectors(0); documents != texts || vectors != texts {
			t.Fatalf("killed at %d: %d documents with %d vectors", at, documents, vectors)
		}
		if at > 1000 {
			t.Fatal("no end")
		}
	}
}

// Of two processes that drain a site one embeds; the other finds things by words.
func TestOneProcessEmbeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &slow{takes: time.Minute, next: memory.NewEmbedder(8)}
		w := newWorld(t, nil)
		w.load(&feed{changes: products(3)}, ingesting.Options{Full: true})
		leases := memory.NewQueue(time.Now)
		process := func(name string) *world {
			return newWorld(t, func(d *ingesting.Deps) {
				d.Documents, d.Batches, d.Inventory, d.Cursors, d.Indexer = w.documents, w.documents, w.documents, w.documents, w.index
				d.Embedder = func(tenant.Scope, string) ports.Embedder { return e }
				d.Leases, d.Name = leases, name
			})
		}
		one := process("one")
		var running sync.WaitGroup
		running.Go(func() {
			if r := one.drain(); r.Indexed != 3 || r.Busy {
				t.Errorf("the first: %+v", r)
			}
		})
		synctest.Wait()
		<-time.After(40 * time.Second) // longer than a lease lives that nobody renews
		for _, p := range []*world{process("two"), one} {
			if r := p.drain(); !r.Busy || r.Paused != nil || r.Waiting != 3 || r.Texts != 0 || len(w.finds("enamel")) != 3 {
				t.Errorf("another one: %+v", r)
			}
		}
		running.Wait()
		if r := process("three").drain(); r.Busy || r.Texts != 0 || e.calls != 1 {
			t.Errorf("afterwards: %+v, %d calls", r, e.calls)
		}
	})
}

// The lease of a process that was killed runs out.
func TestLeaseOfTheDead(t *testing.T) {
	w := newWorld(t, nil)
	leases := memory.NewQueue(func() time.Time { return w.now })
	w.load(&feed{changes: products(1)}, ingesting.Options{Full: true})
	if ok, err := leases.Hold(t.Context(), "embed "+string(site.Site), "the dead", 15*time.Second); err != nil || !ok {
		t.Fatal(ok, err)
	}
	next := newWorld(t, func(d *ingesting.Deps) {
		d.Documents, d.Batches, d.Inventory, d.Cursors, d.Indexer, d.Leases, d.Name = w.documents, w.documents, w.documents, w.documents, w.index, leases, "next"
	})
	if r := next.drain(); !r.Busy {
		t.Errorf("while it lasts: %+v", r)
	}
	w.now = w.now.Add(16 * time.Second)
	if r := next.drain(); r.Busy || r.Texts != 1 {
		t.Errorf("when it has run out: %+v", r)
	}
}

// That embedding has paused is a finding until it has not.
func TestPauseIsFound(t *testing.T) {
	health := memory.NewSiteHealth()
	w := newWorld(t, func(d *ingesting.Deps) { d.Health = health })
	w.load(&feed{changes: products(3)}, ingesting.Options{Full: true})
	findings := func() []ingestion.Finding {
		t.Helper()
		list, err := health.Findings(t.Context(), site, 10)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	w.embedder.refuse = func([]string) error { return fmt.Errorf("secret words of a provider: %w", limitError()) }
	w.drain()
	w.drain()
	list := findings()
	if len(list) != 1 || list[0].Kind != ingestion.EmbeddingPaused || list[0].Count != 2 || strings.Contains(list[0].Detail, "secret") ||
		!strings.Contains(list[0].Detail, "3 documents") || !strings.Contains(list[0].Detail, "2026-11-24T00:00:00Z") {
		t.Errorf("findings %+v", list)
	}
	w.embedder.refuse = func([]string) error {
		return &ports.ModelError{Kind: ports.ModelRefused, Status: 401, Message: "secret words"}
	}
	w.drain()
	if list := findings(); len(list) != 1 || !strings.Contains(list[0].Detail, "status 401") || strings.Contains(list[0].Detail, "secret") {
		t.Errorf("findings %+v", list)
	}
	w.embedder.refuse = nil
	w.drain()
	if list := findings(); len(list) != 0 {
		t.Errorf("when it goes on: %+v", list)
	}
}

// What is left of the day's tokens is used up although several calls are under
// way at once, whose holds are larger than what they use.
func TestLastTokensAreUsed(t *testing.T) {
	w := newWorld(t, func(d *ingesting.Deps) { d.EmbedTexts, d.EmbedParallel = 8, 4 })
	w.load(&feed{changes: products(100)}, ingesting.Options{Full: true})
	var mu sync.Mutex
	left := 83
	w.embedder.refuse = func(texts []string) error {
		mu.Lock()
		defer mu.Unlock()
		if len(texts) > left {
			return fmt.Errorf("admit: %w", limitError())
		}
		left -= len(texts)
		return nil
	}
	if r := w.drain(); !errors.Is(r.Paused, usage.ErrLimitExceeded) || r.Texts != 83 || left != 0 || r.Waiting != 17 {
		t.Errorf("%+v, %d left", r, left)
	}
}
