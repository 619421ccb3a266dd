package searching_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// readings counts how often all of a shop is read for its words, and can hold
// such a reading up. A search itself loads what it has found only: not the page
// that no question here asks for.
type readings struct {
	ports.Passages
	times atomic.Int32
	began chan struct{} // told when a reading begins, unless nil
	hold  chan struct{} // waited for by a reading, unless nil
}

func (r *readings) Load(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
	if slices.ContainsFunc(refs, func(ref retrieval.PassageRef) bool { return ref.Document == "page:1" }) {
		r.times.Add(1)
		if r.began != nil {
			r.began <- struct{}{}
		}
		if r.hold != nil {
			select {
			case <-r.hold:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	}
	return r.Passages.Load(ctx, s, c, refs)
}

// onSale adds a product whose price is lower for a while.
func (w *world) onSale(id string, from, to time.Time) {
	w.Helper()
	euros := func(cents int64) catalog.Money { return catalog.Money{Minor: cents, Currency: "EUR", Exponent: 2} }
	w.must(w.stores.Add(w.Context(), w.scope(), retrieval.Document{
		ID: retrieval.DocumentID("product:" + id), Revision: "r1", Kind: catalog.KindProduct, Title: "Parka " + id,
		Facts: catalog.Facts{Offers: []catalog.Offer{{Regular: euros(9000), Sale: euros(7000), SaleFrom: from, SaleTo: to, Stock: catalog.InStock}}},
	}, "A parka."))
}

// The words of a shop are read when it has changed, and when a sale begins or ends.
func TestWordsAreReadWhenTheShopChanges(t *testing.T) {
	w := newWorld(t)
	r := &readings{Passages: w.deps.Passages}
	now := time.Now()
	w.deps.Passages, w.deps.Now = r, func() time.Time { return now }
	service, err := searching.New(w.deps, w.cfg)
	w.must(err)
	ask := func(text string) searching.Findings {
		t.Helper()
		out, err := service.Search(t.Context(), searching.Question{Scope: w.scope(), Text: text})
		w.must(err)
		return out
	}
	for _, step := range []struct {
		name  string
		after time.Duration
		do    func()
		want  int32
	}{
		{"the first question", 0, nil, 1},
		{"the next", time.Second, nil, 1},
		{"another, after a while in which nothing changed", 10 * time.Second, nil, 1},
		{"a product is new", 10 * time.Second, func() { w.product("3", "Wool Anorak", "Keeps warm.", 9000) }, 2},
		{"and nothing since", 10 * time.Second, nil, 2},
		{"an hour later, and nothing since", time.Hour, nil, 2},
		{"a product will be on sale", 10 * time.Second, func() { w.onSale("4", now.Add(time.Minute), now.Add(time.Hour)) }, 3},
		{"it is not yet", 30 * time.Second, nil, 3},
		{"it is", 30 * time.Second, nil, 4},
		{"it is still", 30 * time.Second, nil, 4},
		{"it is no more", time.Hour, nil, 5},
		{"and nothing since", time.Hour, nil, 5},
	} {
		now = now.Add(step.after)
		if step.do != nil {
			step.do()
		}
		ask("jacket")
		if got := r.times.Load(); got != step.want {
			t.Errorf("%s: read %d times, want %d", step.name, got, step.want)
		}
	}
	if got := ask("anorack").Understanding.Text; got == "anorack" {
		t.Errorf("understood as %q: the new product's word is not known", got)
	}
}

// While one question reads the words, others go by the older ones. Where there
// are none, they wait, and no longer than their caller.
func TestOnlyOneQuestionWaitsForTheWords(t *testing.T) {
	w := newWorld(t)
	r := &readings{Passages: w.deps.Passages, began: make(chan struct{}, 10), hold: make(chan struct{})}
	var late atomic.Int64
	start := time.Now()
	w.deps.Passages, w.deps.Now = r, func() time.Time { return start.Add(time.Duration(late.Load())) }
	service, err := searching.New(w.deps, w.cfg)
	w.must(err)
	ask := func(ctx context.Context) error {
		_, err := service.Search(ctx, searching.Question{Scope: w.scope(), Text: "jacket"})
		return err
	}
	first := make(chan error, 1)
	go func() { first <- ask(t.Context()) }()
	<-r.began
	impatient, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := ask(impatient); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("without words, the caller's deadline: %v", err)
	}
	r.hold <- struct{}{}
	w.must(<-first)

	w.product("3", "Wool Anorak", "Keeps warm.", 9000)
	late.Store(int64(2 * time.Minute))
	go func() { first <- ask(t.Context()) }()
	<-r.began
	w.must(ask(t.Context())) // or it would wait for what nobody lets go
	r.hold <- struct{}{}
	w.must(<-first)
	if got := r.times.Load(); got != 2 {
		t.Errorf("read %d times, want 2", got)
	}
}

// A reading goes on when who asked is gone, so that the next one has the words; and
// one that panics is an error of its question.
func TestAReadingOutlivesItsQuestion(t *testing.T) {
	w := newWorld(t)
	r := &readings{Passages: w.deps.Passages, began: make(chan struct{}, 10), hold: make(chan struct{})}
	w.deps.Passages = r
	service, err := searching.New(w.deps, w.cfg)
	w.must(err)
	ask := func(ctx context.Context) error {
		_, err := service.Search(ctx, searching.Question{Scope: w.scope(), Text: "jacket"})
		return err
	}
	gone, leave := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { first <- ask(gone) }()
	<-r.began
	leave()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("who left got %v", err)
	}
	r.hold <- struct{}{}
	w.must(ask(t.Context()))
	if got := r.times.Load(); got != 1 {
		t.Errorf("the words were read %d times, want once", got)
	}

	w.deps.Passages = panicking{w.stores.Documents}
	service, err = searching.New(w.deps, w.cfg)
	w.must(err)
	if err := ask(t.Context()); err == nil || !strings.Contains(err.Error(), "a bad text") {
		t.Errorf("a reading that panics: %v", err)
	}
	if err := ask(t.Context()); err == nil {
		t.Error("it is not tried again")
	}
}

// Nobody waits long for new words where there are older ones.
func TestOldWordsAreBetterThanALongWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := &readings{Passages: w.deps.Passages}
		w.deps.Passages = r
		service, err := searching.New(w.deps, w.cfg)
		w.must(err)
		ask := func(text string) string {
			t.Helper()
			out, err := service.Search(t.Context(), searching.Question{Scope: w.scope(), Text: text})
			w.must(err)
			return out.Understanding.Text
		}
		ask("jacket")
		w.product("3", "Wool Anorak", "Keeps warm.", 9000)
		<-time.After(time.Minute)
		r.hold = make(chan struct{})
		start := time.Now()
		if got := ask("anorack"); got != "anorack" {
			t.Errorf("understood as %q before the words were read", got)
		}
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("it waited %v for them", took)
		}
		r.hold <- struct{}{}
		synctest.Wait()
		if got := ask("anorack"); got == "anorack" {
			t.Errorf("understood as %q after they were", got)
		}
	})
}

type panicking struct{ ports.Passages }

func (panicking) Load(context.Context, tenant.Scope, retrieval.Chunking, []retrieval.PassageRef) ([]retrieval.Passage, error) {
	panic("a bad text")
}

// The words of a site that is asked all the time stay, however many others are.
func TestWordsOfABusySiteStay(t *testing.T) {
	w := newWorld(t)
	r := &readings{Passages: w.deps.Passages}
	w.deps.Passages = r
	service, err := searching.New(w.deps, w.cfg)
	w.must(err)
	for range 700 { // more than are kept
		for _, s := range []tenant.Scope{w.scope(), {Tenant: w.site.Tenant, Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}} {
			_, err := service.Search(t.Context(), searching.Question{Scope: s, Text: "jacket"})
			w.must(err)
		}
	}
	if got := r.times.Load(); got != 1 {
		t.Errorf("its words were read %d times, want once", got)
	}
}
