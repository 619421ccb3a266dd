package searching_test

import (
	"context"
	"errors"
	"fmt"
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
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// readings counts how often all of a shop is read for its words, and can hold
// such a reading up, or fail it. A search itself loads what it has found only: not
// the page that no question here asks for.
type readings struct {
	ports.Passages
	times atomic.Int32
	under atomic.Int32                  // readings that are under way
	hold  atomic.Pointer[chan struct{}] // waited for by a reading, unless nil
	fail  atomic.Pointer[func() error]  // what a reading comes to, unless nil
}

func (r *readings) Load(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
	if slices.ContainsFunc(refs, func(ref retrieval.PassageRef) bool { return ref.Document == "page:1" }) {
		r.times.Add(1)
		r.under.Add(1)
		defer r.under.Add(-1)
		if hold := r.hold.Load(); hold != nil {
			select {
			case <-*hold:
			case <-ctx.Done():
				pass(time.Second) // as a store takes a moment
				return nil, ctx.Err()
			}
		}
		if fail := r.fail.Load(); fail != nil {
			if err := (*fail)(); err != nil {
				return nil, err
			}
		}
	}
	return r.Passages.Load(ctx, s, c, refs)
}

// block holds up each reading until what it returns is called.
func (r *readings) block() (release func()) {
	hold := make(chan struct{})
	r.hold.Store(&hold)
	return func() { r.hold.Store(nil); close(hold) }
}

func (r *readings) failing(f func() error) { r.fail.Store(&f) }

// reader is a world in a bubble of synctest, whose readings are counted.
type reader struct {
	*world
	*readings
	*searching.Service
}

// reads calls do with a reader. A goroutine that is left behind fails it.
func reads(t *testing.T, do func(*reader)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &reader{world: newWorld(t)}
		r.readings = &readings{Passages: r.deps.Passages}
		r.deps.Passages = r.readings
		var err error
		r.Service, err = searching.New(r.deps, r.cfg)
		r.must(err)
		do(r)
	})
}

// pass lets the bubble's time pass.
func pass(d time.Duration) { <-time.After(d) }

func (r *reader) ask(text string) searching.Findings {
	r.Helper()
	out, err := r.Search(r.Context(), searching.Question{Scope: r.scope(), Text: text, Budget: 4000})
	r.must(err)
	return out
}

func (r *reader) wantRead(when string, want int32) {
	r.Helper()
	synctest.Wait()
	if got := r.times.Load(); got != want {
		r.Errorf("%s: read %d times, want %d", when, got, want)
	}
}

// The words of a shop are read when it has changed, and not else.
func TestWordsAreReadWhenTheShopChanges(t *testing.T) {
	reads(t, func(r *reader) {
		for _, step := range []struct {
			name  string
			after time.Duration
			do    func()
			want  int32
		}{
			{"the first question", 0, nil, 1},
			{"the next", time.Second, nil, 1},
			{"another, after a while in which nothing changed", 10 * time.Second, nil, 1},
			{"a product is new", 10 * time.Second, func() { r.product("3", "Wool Anorak", "Keeps warm.", 20000) }, 2},
			{"and nothing since", 10 * time.Second, nil, 2},
			{"nor in a day", 24 * time.Hour, nil, 2},
		} {
			pass(step.after)
			if step.do != nil {
				step.do()
			}
			r.ask("jacket")
			r.wantRead(step.name, step.want)
		}
		if got := r.ask("anorack").Understanding.Text; got == "anorack" {
			r.Errorf("understood as %q: the new product's word is not known", got)
		}
	})
}

// While newer words are read, and however long that takes, questions go by the
// words that there are. There is one reading at a time.
func TestNoQuestionWaitsForNewerWords(t *testing.T) {
	reads(t, func(r *reader) {
		r.ask("jacket")
		r.product("3", "Wool Anorak", "Keeps warm.", 20000)
		pass(time.Minute)
		release := r.block()
		for range 3 {
			before := time.Now()
			got := r.ask("watrproof jackets under 100") // or it would wait for what nobody lets go
			if took := time.Since(before); took != 0 || titles(got.Chosen()) != "Storm Jacket" {
				r.Errorf("took %v and chose %s", took, titles(got.Chosen()))
			}
			pass(time.Minute)
		}
		r.wantRead("held up", 2)
		release()
		synctest.Wait()
		if got := r.ask("anorack").Understanding.Text; got == "anorack" {
			r.Errorf("understood as %q: the new product's word is not known", got)
		}
		r.wantRead("let go", 2)
	})
}

// What was put into the index is found by its words at once, whatever is known of
// the shop's words: also by one that looks like a slip for another.
func TestNewDocumentsAreFoundBeforeTheirWordsAreRead(t *testing.T) {
	reads(t, func(r *reader) {
		r.product("3", "Trail Boots", "For long ways.", 19000)
		r.ask("jacket")
		pass(time.Minute)
		release := r.block()
		r.must(r.stores.Add(r.Context(), r.scope(), retrieval.Document{
			ID: "product:9", Revision: "r1", Kind: catalog.KindProduct, Title: "Jakket Boosts", URL: "https://shop.example.com/boosts/",
			Facts: catalog.Facts{Categories: []string{"Drinks"}, SKUs: []string{"BO-77"}, Offers: []catalog.Offer{
				{SKU: "BO-77", Regular: catalog.Money{Minor: 300, Currency: "EUR", Exponent: 2}, Stock: catalog.InStock},
			}},
		}, "A fizzzy drink."))
		for _, question := range []string{"Jakket Boosts", "do you have boosts?", "jakket", "BO-77", "fizzzy", "drinks under 5", "cheapest boosts"} {
			got := r.ask(question)
			if first, _, _ := strings.Cut(titles(got.Chosen()), ", "); first != "Jakket Boosts" {
				r.Errorf("%s: chose %q, because %q", question, titles(got.Chosen()), got.Understanding.Because)
			}
		}
		if got := titles(r.ask("watrproof jakets under 100").Chosen()); got != "Storm Jacket" {
			r.Errorf("slips: chose %s", got)
		}
		release()
	})
}

// A sale that begins or ends changes what a question compares with, and needs no
// reading.
func TestWordsKnowPricesOfTheHour(t *testing.T) {
	reads(t, func(r *reader) {
		eur := func(minor int64) catalog.Money { return catalog.Money{Minor: minor, Currency: "EUR", Exponent: 2} }
		r.must(r.stores.Add(r.Context(), r.scope(), retrieval.Document{
			ID: "product:4", Revision: "r1", Kind: catalog.KindProduct, Title: "Glo Stove", Facts: catalog.Facts{Offers: []catalog.Offer{
				{Regular: eur(15000), Sale: eur(10000), SaleFrom: time.Now().Add(time.Hour), SaleTo: time.Now().Add(2 * time.Hour), Stock: catalog.InStock},
			}},
		}, "Burns wood."))
		for _, want := range []string{"€150.00", "€100.00", "€150.00"} {
			if because := strings.Join(r.ask("jackets cheaper than the Glo Stove").Understanding.Because, "; "); !strings.Contains(because, "below "+want) {
				r.Errorf("because %s, want below %s", because, want)
			}
			pass(time.Hour)
		}
		r.wantRead("three hours", 1)
	})
}

// Where there are no words a question waits, and no longer than its caller: what
// it began goes on.
func TestTheFirstQuestionWaits(t *testing.T) {
	reads(t, func(r *reader) {
		release := r.block()
		impatient, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		if _, err := r.Search(impatient, searching.Question{Scope: r.scope(), Text: "jacket"}); !errors.Is(err, context.DeadlineExceeded) {
			r.Errorf("the caller's deadline: %v", err)
		}
		go func() {
			pass(time.Hour / 10)
			release()
		}()
		r.ask("jackets under 100")
		r.wantRead("both", 1)
	})
}

// A shop that has said nothing yet is not taken for one without words: what it
// says next is read before it is asked.
func TestAnEmptyShopHasNoWordsYet(t *testing.T) {
	reads(t, func(r *reader) {
		site, err := r.stores.AddSite(r.Context(), "Empty", "https://empty.example.com", usage.NoLimits())
		r.must(err)
		r.world.site = site
		if got := r.ask("jackets under 100"); len(got.Found) > 0 {
			r.Errorf("found %d", len(got.Found))
		}
		r.product("1", "Storm Jacket", "A waterproof jacket.", 9742)
		r.product("2", "Camp Jacket", "A warm jacket.", 12000)
		if got := titles(r.ask("jackets under 100").Chosen()); got != "Storm Jacket" {
			r.Errorf("chose %s", got)
		}
	})
}

// Who is likely to ask soon finds the words read, or being read.
func TestPrepare(t *testing.T) {
	reads(t, func(r *reader) {
		release := r.block()
		r.Prepare(r.Context(), r.scope()) // or it would wait for what nobody lets go
		r.Prepare(r.Context(), r.scope())
		r.wantRead("prepared", 1)
		release()
		r.ask("jacket")
		r.wantRead("asked", 1)
		r.product("3", "Wool Anorak", "Keeps warm.", 20000)
		pass(time.Minute)
		r.Prepare(r.Context(), r.scope())
		r.wantRead("prepared again", 2)
	})
}

// Few sites are read at once: of those with words two, of others eight.
func TestFewSitesAreReadAtOnce(t *testing.T) {
	reads(t, func(r *reader) {
		scopes := make([]tenant.Scope, 10)
		for i := range scopes {
			site, err := r.stores.AddSite(r.Context(), fmt.Sprint("Shop ", i), fmt.Sprintf("https://%d.example.com", i), usage.NoLimits())
			r.must(err)
			scopes[i] = site.Scope()
			r.must(r.stores.Add(r.Context(), scopes[i], retrieval.Document{ID: "page:1", Revision: "r1", Kind: catalog.KindPage, Title: "Shipping"}, "Shipping costs €4.90."))
		}
		prepare := func() {
			for _, s := range scopes {
				r.Prepare(r.Context(), s)
			}
		}
		release := r.block()
		prepare()
		r.wantRead("without words", 8)
		release()
		r.wantRead("let go", 10)
		for _, s := range scopes {
			r.must(r.stores.Add(r.Context(), s, retrieval.Document{ID: "page:2", Revision: "r1", Kind: catalog.KindPage, Title: "Returns"}, "Within 30 days."))
		}
		pass(time.Minute)
		release = r.block()
		prepare()
		r.wantRead("with words", 12)
		release()
		synctest.Wait()
		prepare()
		r.wantRead("the next two", 14)
	})
}

// A reading that fails is told once: to who waits for it, else as an event. What is
// known stays, and it is tried again after a while.
func TestReadingsThatFail(t *testing.T) {
	reads(t, func(r *reader) {
		away := fmt.Errorf("%w: the store", ports.ErrUnavailable)
		published := func() (out []error) {
			for _, p := range r.stores.Events.All() {
				if e, ok := p.Event.(searching.WordsNotRead); ok && p.Scope == r.scope() {
					out = append(out, e.Err)
				}
			}
			return out
		}
		r.failing(func() error { return away })
		if _, err := r.Search(r.Context(), searching.Question{Scope: r.scope(), Text: "jacket"}); !errors.Is(err, ports.ErrUnavailable) {
			r.Errorf("without words: %v", err)
		}
		if got := published(); len(got) != 0 {
			r.Errorf("who waited was told, and published: %v", got)
		}
		r.Prepare(r.Context(), r.scope())
		synctest.Wait()
		if got := published(); len(got) != 1 || !errors.Is(got[0], ports.ErrUnavailable) {
			r.Errorf("nobody waited, published: %v", got)
		}
		r.failing(func() error { return nil })
		r.ask("jacket")
		r.product("3", "Wool Anorak", "Keeps warm.", 20000)
		pass(time.Minute)
		r.failing(func() error { panic("broken") })
		for range 3 {
			if got := titles(r.ask("jackets under 100").Chosen()); !strings.Contains(got, "Storm Jacket") {
				r.Errorf("chose %s", got)
			}
			synctest.Wait()
		}
		if got := published(); len(got) != 2 || !strings.HasPrefix(got[1].Error(), "panic: broken") {
			r.Errorf("published: %v", got)
		}
		r.failing(func() error { return nil })
		pass(time.Minute)
		r.ask("jacket")
		synctest.Wait()
		if got := r.ask("anorack").Understanding.Text; got == "anorack" {
			r.Errorf("understood as %q: it was not tried again", got)
		}
	})
}

// Close ends what is read, and nothing is read after it. The bubble sees that
// nothing is left behind.
func TestCloseEndsReadings(t *testing.T) {
	reads(t, func(r *reader) {
		r.ask("jacket")
		r.product("3", "Wool Anorak", "Keeps warm.", 20000)
		pass(time.Minute)
		r.block()
		r.ask("jacket")
		r.wantRead("held up", 2)
		other, err := r.stores.AddSite(r.Context(), "Other", "https://other.example.com", usage.NoLimits())
		r.must(err)
		r.Close()
		if n := r.under.Load(); n != 0 {
			r.Errorf("closed, and %d readings are under way", n)
		}
		r.Close()
		pass(time.Minute)
		r.ask("jacket")
		r.wantRead("closed", 2)
		if _, err := r.Search(r.Context(), searching.Question{Scope: other.Scope(), Text: "jacket"}); err == nil {
			r.Error("searched a site without words after Close")
		}
		if got := r.stores.Events.All(); len(got) != 0 {
			r.Errorf("published: %v", got)
		}
	})
}

// The words of a site that is asked all the time stay, however many others are.
func TestWordsOfABusySiteStay(t *testing.T) {
	reads(t, func(r *reader) {
		for range 700 { // more than are kept
			for _, s := range []tenant.Scope{r.scope(), {Tenant: r.site.Tenant, Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}} {
				_, err := r.Search(r.Context(), searching.Question{Scope: s, Text: "jacket"})
				r.must(err)
			}
		}
		r.wantRead("asked all the time", 1)
	})
}
