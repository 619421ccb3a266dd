package ingesting_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// source is a function that is a DocumentSource.
type source func(since catalog.Cursor, visit func(catalog.Change) error) (catalog.Cursor, error)

func (f source) Changes(_ context.Context, _ tenant.Scope, since catalog.Cursor, visit func(catalog.Change) error) (catalog.Cursor, error) {
	return f(since, visit)
}

// picky is a store that does not take some documents.
type picky struct {
	ports.Documents
	batches ports.DocumentBatches
	refuses string // a word in their bodies
	panics  bool   // it does not even say so
	puts    atomic.Int64
}

func (p *picky) refused(d retrieval.Document) error {
	if strings.Contains(d.Body, p.refuses) {
		if p.panics {
			panic("not this one")
		}
		return fmt.Errorf("%w: not this one", ports.ErrInvalid)
	}
	return nil
}

func (p *picky) Put(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
	p.puts.Add(1)
	if err := p.refused(d); err != nil {
		return false, err
	}
	return p.Documents.Put(ctx, s, d, chunks)
}

func (p *picky) PutAll(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
	p.puts.Add(1)
	for _, d := range docs {
		if err := p.refused(d.Document); err != nil {
			return nil, err
		}
	}
	return p.batches.PutAll(ctx, s, docs)
}

// newPickyWorld returns a Service on a store that refuses what has the word in it.
func newPickyWorld(t *testing.T, refuses string) (*world, *picky) {
	t.Helper()
	p := &picky{refuses: refuses}
	w := newWorld(t, func(d *ingesting.Deps) {
		p.Documents, p.batches = d.Documents, d.Batches
		d.Documents, d.Batches = p, p
	})
	return w, p
}

func TestAnImportStoresGroups(t *testing.T) {
	w, store := newPickyWorld(t, "nothing has this word")
	if r := w.load(&feed{changes: products(120)}, ingesting.Options{Full: true}); r.Changed != 120 {
		t.Errorf("got %+v, want 120 that changed", r)
	}
	if n := store.puts.Load(); n != 3 {
		t.Errorf("the store was called %d times for 120 documents, want 3", n)
	}
}

func TestOneDocumentThatTheStoreRefuses(t *testing.T) {
	w, _ := newPickyWorld(t, "number7.")
	r := w.load(&feed{changes: products(20)}, ingesting.Options{Full: true})
	if r.Seen != 20 || r.Changed != 19 || r.Rejected != 1 || len(r.Rejects) != 1 || r.Rejects[0].ID != "7" || !strings.Contains(r.Rejects[0].Reason, "not this one") {
		t.Errorf("got %+v, want product 7 rejected and 19 others stored", r)
	}
	if n := len(w.shown()); n != 20 {
		t.Errorf("%d are stored, want 20: the one that was refused without its text", n)
	}
}

func TestAStoreThatRefusesAll(t *testing.T) {
	w, _ := newPickyWorld(t, "Enamel")
	r, err := w.Import(t.Context(), site, "feed", &feed{changes: products(3)}, ingesting.Options{Full: true})
	if !errors.Is(err, ports.ErrInvalid) || r.Seen != 0 {
		t.Errorf("got %+v and %v, want an error: the fault is ours", r, err)
	}
}

func TestAPanicRejectsOneThing(t *testing.T) {
	w := newWorld(t, nil)
	changes := products(3)
	changes[1].Product.Description = "PANIC"
	r := w.load(&feed{changes: changes}, ingesting.Options{Full: true})
	if r.Changed != 2 || r.Rejected != 1 || r.Rejects[0].ID != "2" || !strings.Contains(r.Rejects[0].Reason, "panic") {
		t.Errorf("got %+v, want product 2 rejected", r)
	}
}

func TestWhatCameBeforeAFailureIsStored(t *testing.T) {
	errBroken := errors.New("row 11 is broken")
	broken := source(func(since catalog.Cursor, visit func(catalog.Change) error) (catalog.Cursor, error) {
		for _, c := range products(10) {
			if err := visit(c); err != nil {
				return since, err
			}
		}
		return since, errBroken
	})
	w := newWorld(t, nil)
	r, err := w.Import(t.Context(), site, "feed", broken, ingesting.Options{Full: true})
	if !errors.Is(err, errBroken) || r.Changed != 10 || len(w.shown()) != 10 {
		t.Errorf("got %+v, %v and %d documents, want 10 and the error", r, err, len(w.shown()))
	}
}

// away is a store that is not to be had for a moment.
type away struct {
	ports.DocumentBatches
	times int
}

func (a *away) PutAll(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
	if a.times > 0 {
		a.times--
		return nil, fmt.Errorf("reset by the database: %w", ports.ErrUnavailable)
	}
	return a.DocumentBatches.PutAll(ctx, s, docs)
}

// A store that is away in the middle of what a source says is not taken for a
// source that is away: what it did not take is read again.
func TestAGroupIsNotLostWhenTheStoreIsAway(t *testing.T) {
	for name, o := range map[string]ingesting.Options{
		"as it is": {}, "full": {Full: true},
		"with patience for the source": {Full: true, Wait: func(context.Context, error) error { return nil }},
	} {
		store := &away{times: 1}
		w := newWorld(t, func(d *ingesting.Deps) { store.DocumentBatches, d.Batches = d.Batches, store })
		f := &feed{changes: products(120)}
		if _, err := w.Import(t.Context(), site, "feed", f, o); !errors.Is(err, ports.ErrUnavailable) {
			t.Fatalf("%s: %v, want the store's error", name, err)
		}
		w.load(f, o)
		if n := len(w.shown()); n != 120 {
			t.Errorf("%s: %d of 120 are stored", name, n)
		}
	}
}

func TestWhatCameBeforeAPauseIsStored(t *testing.T) {
	w := newWorld(t, nil)
	before := 0
	r := w.load(&feed{changes: products(30), failAt: 20}, ingesting.Options{Full: true, Wait: func(context.Context, error) error {
		before = len(w.shown())
		return nil
	}})
	if before != 20 || r.Changed != 30 {
		t.Errorf("%d were stored while the shop was waited for, and %d in the end, want 20 and 30", before, r.Changed)
	}
}

func TestAPageThatComesTwiceInAGroup(t *testing.T) {
	page := catalog.Change{Page: &catalog.Page{ID: "9", Title: "Help", URL: "https://shop.example.com/help", Status: catalog.Published, HTML: "<p>Help.</p>"}}
	question := func(n int) catalog.Change {
		return catalog.Change{FAQ: &catalog.FAQ{ID: fmt.Sprintf("9#%d", n), Question: fmt.Sprint("Question ", n, "?"), Answer: "<p>Yes.</p>"}}
	}
	w := newWorld(t, nil)
	w.load(&feed{changes: []catalog.Change{page, question(1), question(2), product(1, 100), page, question(2), product(2, 100)}}, ingesting.Options{})
	shown := map[retrieval.DocumentID]bool{}
	for id, st := range w.shown() {
		shown[id] = st.Shown
	}
	if shown["faq:9#1"] || !shown["faq:9#2"] || !shown["page:9"] || !shown["product:2"] {
		t.Errorf("got %v, want question 2 and not question 1", shown)
	}
}

func TestTheIndexIsFilledBesideAnImport(t *testing.T) {
	w := newWorld(t, nil)
	beside := w.Beside(t.Context(), site)
	w.load(&feed{changes: products(120)}, ingesting.Options{Full: true, Progress: func(ingesting.Progress) { beside.Stored() }})
	first := beside.End()
	if again := beside.End(); again.Indexed != first.Indexed {
		t.Errorf("got %+v the second time, want %+v", again, first)
	}
	if all := first.Plus(w.drain()); first.Indexed == 0 || all.Indexed != 120 || all.Texts != 120 {
		t.Errorf("got %+v beside and %+v in all, want 120 documents once each", first, all)
	}
}

func TestWhatGoesWrongBesideIsLeftToTheLastDrain(t *testing.T) {
	errAway := fmt.Errorf("%w: no index", ports.ErrUnavailable)
	index := &awayIndex{err: errAway}
	w := newWorld(t, func(d *ingesting.Deps) { index.Indexer, d.Indexer = d.Indexer, index })
	beside := w.Beside(t.Context(), site)
	w.load(&feed{changes: products(3)}, ingesting.Options{Progress: func(ingesting.Progress) { beside.Stored() }})
	if r := beside.End(); r.Indexed != 0 {
		t.Errorf("got %+v, want nothing indexed", r)
	}
	if _, err := w.Drain(t.Context(), site); !errors.Is(err, errAway) {
		t.Errorf("got %v, want %v", err, errAway)
	}
	index.err = nil
	if r := w.drain(); r.Indexed != 3 {
		t.Errorf("got %+v, want all three", r)
	}
}

// awayIndex is an index that does not answer. Its error may be changed while
// nothing drains.
type awayIndex struct {
	ports.Indexer
	err error
}

func (x *awayIndex) Put(ctx context.Context, s tenant.Scope, e retrieval.Entry) error {
	if x.err != nil {
		return x.err
	}
	return x.Indexer.Put(ctx, s, e)
}
