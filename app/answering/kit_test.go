package answering_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// world is a process with one shop on the memory adapters, in a bubble of
// testing/synctest: time passes when everybody waits, and a goroutine that is
// left behind fails the test.
type world struct {
	*testing.T
	stores *memory.Stores
	site   tenant.Site
	deps   answering.Deps
	cfg    answering.Config
	find   searching.Deps
	findAs searching.Config
	limits usage.Limits
	// checkpointer is what the meter dispatches with; the ledger if it is nil.
	checkpointer ports.Checkpointer
	model        *talker
	visitor      chat.VisitorID
	*answering.Service
}

// inWorld runs test in a bubble, in a world that change may have changed before
// the service was made.
func inWorld(t *testing.T, change func(*world), test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, change)
		test(w)
		// What is still running then is a test's own mistake.
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		w.must(w.Close(ctx))
	})
}

func newWorld(t *testing.T, change func(*world)) *world {
	t.Helper()
	w := &world{
		T: t, limits: usage.NoLimits(), model: newTalker(),
		visitor: chat.VisitorID(chat.VisitorPrefix + porttest.NewID()),
		stores: memory.NewStores(time.Now, porttest.NewID,
			usage.Price{Model: "model-1", Version: "v1", Input: 500_000_000, Output: 2 * usage.USD},
			usage.Price{Model: "quotes", Version: "v1", Local: true},
			usage.Price{Model: "embedder-1", Version: "v1", Input: 20_000_000}),
	}
	w.deps = answering.Deps{
		Sites: w.stores.Accounts, Conversations: w.stores.Conversations, Turns: w.stores.Conversations, Drafts: w.stores.Conversations,
		Tokenizer: w.stores.Tokenizer, Model: w.model, Now: time.Now, NewID: porttest.NewID, Events: w.stores.Events,
	}
	w.cfg = answering.Config{Model: "model-1"}
	w.find = searching.Deps{
		Searcher: w.stores.Index, Passages: w.stores.Documents, Inventory: w.stores.Documents, Tokenizer: w.stores.Tokenizer,
		Now: time.Now, Events: w.stores.Events,
	}
	w.findAs = searching.Config{Model: "model-1"}
	if change != nil {
		change(w)
	}
	site, err := w.stores.AddSite(t.Context(), "Test shop", "https://shop.example.com", w.limits)
	w.must(err)
	w.site = site
	w.fill()
	w.Service = w.process()
	return w
}

// process returns a further process on the same stores.
func (w *world) process() *answering.Service {
	w.Helper()
	d := w.deps
	if d.Meter == nil {
		d.Meter = w.meter()
	}
	if d.Search == nil {
		find := w.find
		find.Meter = d.Meter
		var err error
		d.Search, err = searching.New(find, w.findAs)
		w.must(err)
	}
	s, err := answering.New(d, w.cfg)
	w.must(err)
	return s
}

func (w *world) meter() *metering.Service {
	w.Helper()
	var checkpointer ports.Checkpointer = w.stores.Ledger
	if w.checkpointer != nil {
		checkpointer = w.checkpointer
	}
	m, err := metering.New(metering.Deps{
		Ledger: w.stores.Ledger, Checkpointer: checkpointer, Sweeper: w.stores.Ledger, Usage: w.stores.Ledger, Licenses: w.stores.Licenses,
		Prices: w.stores.Prices, Sites: w.stores.Accounts, Tokenizer: w.stores.Tokenizer, Now: time.Now, NewID: porttest.NewID,
		Events: w.stores.Events, CallTimeout: time.Minute,
	})
	w.must(err)
	return m
}

func eur(cents int64) catalog.Money { return catalog.Money{Minor: cents, Currency: "EUR", Exponent: 2} }

func jacket() retrieval.Document {
	return retrieval.Document{
		ID: "product:1", Revision: "r1", Kind: catalog.KindProduct, Title: "Storm Jacket", URL: "https://shop.example.com/product/storm-jacket/",
		Facts: catalog.Facts{Categories: []string{"Jackets"}, SKUs: []string{"TS-1"}, Offers: []catalog.Offer{
			{SKU: "TS-1", Regular: eur(9742), Stock: catalog.InStock},
		}},
	}
}

func (w *world) fill() {
	w.Helper()
	s := w.site.Scope()
	w.must(w.stores.Add(w.Context(), s, jacket(), "A waterproof jacket."))
	w.must(w.stores.Add(w.Context(), s, retrieval.Document{
		ID: "page:1", Revision: "r1", Kind: catalog.KindPage, Title: "Shipping", URL: "https://shop.example.com/shipping/",
	}, "Shipping costs €4.90. Free from €60."))
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) question(text string) answering.Question {
	return answering.Question{Scope: w.site.Scope(), Visitor: w.visitor, Text: text}
}

// ask asks about shipping, which the shop's pages answer.
func (w *world) ask() *answering.Stream {
	w.Helper()
	st, err := w.Ask(w.Context(), w.question("What does shipping cost?"))
	w.must(err)
	return st
}

// next returns the next event of st.
func (w *world) next(st *answering.Stream) chat.StreamEvent {
	w.Helper()
	e, err := st.Next(w.Context())
	w.must(err)
	return e
}

// all returns the events of st from here to its end.
func (w *world) all(st *answering.Stream) []chat.StreamEvent {
	w.Helper()
	var out []chat.StreamEvent
	for {
		e, err := st.Next(w.Context())
		if errors.Is(err, io.EOF) {
			return out
		}
		w.must(err)
		if len(out) > 0 && e.No <= out[len(out)-1].No {
			w.Fatalf("event %d follows event %d", e.No, out[len(out)-1].No)
		}
		out = append(out, e)
	}
}

func text(events []chat.StreamEvent) string {
	var b strings.Builder
	for _, e := range events {
		b.WriteString(e.Text)
	}
	return b.String()
}

func last(events []chat.StreamEvent) chat.StreamEvent { return events[len(events)-1] }

// books returns the day's totals and its events.
func (w *world) books() (usage.Totals, []usage.Event) {
	w.Helper()
	day := usage.DayOf(time.Now(), time.UTC)
	days, err := w.stores.Ledger.Days(w.Context(), w.site.Scope(), day, day)
	w.must(err)
	events, err := w.stores.Ledger.Events(w.Context(), w.site.Scope(), day, day, "", 1000)
	w.must(err)
	return days[0], events
}

// settled fails unless nothing is held and the events add up to the totals,
// and returns the events.
func (w *world) settled(n int) []usage.Event {
	w.Helper()
	synctest.Wait()
	day, events := w.books()
	var sum usage.Amounts
	for _, e := range events {
		sum = sum.Plus(e.Spent())
		if e.Excess != 0 {
			w.Errorf("event %d took %d tokens too many", e.CallNo, e.Excess)
		}
	}
	if day.Held != (usage.Amounts{}) || sum != day.Used {
		w.Errorf("held %+v; events add up to %+v, the day says %+v", day.Held, sum, day.Used)
	}
	if len(events) != n {
		w.Fatalf("%d events, want %d: %+v", len(events), n, events)
	}
	return events
}

func (w *world) turn(id chat.MessageID) chat.Turn {
	w.Helper()
	t, err := w.stores.Conversations.Find(w.Context(), w.site.Scope(), w.visitor, id)
	w.must(err)
	return t
}

// published returns the first event of type E that was published.
func published[E ports.Event](w *world) (E, bool) {
	w.Helper()
	for _, p := range w.stores.Events.All() {
		if e, ok := p.Event.(E); ok {
			return e, true
		}
	}
	var none E
	return none, false
}

// talker is a model that says what the test tells it to, when it does.
type talker struct {
	steps chan step
	// uncounted makes it return no token counts, as a provider that reports no
	// usage does.
	uncounted bool
	// deaf makes it go on although its context has ended.
	deaf bool

	mu      sync.Mutex // guards prompts
	prompts []chat.Prompt
}

// step is one thing that a talker does: say text, and end if finish or err is
// set.
type step struct {
	text   string
	finish chat.Finish
	err    error
}

func newTalker() *talker { return &talker{steps: make(chan step)} }

// say makes m say text; it returns when m has.
func (m *talker) say(text string) {
	m.steps <- step{text: text}
	synctest.Wait()
}

// end makes m say text and end well.
func (m *talker) end(text string) {
	m.steps <- step{text: text, finish: chat.Complete}
	synctest.Wait()
}

// fail makes m break off with err.
func (m *talker) fail(err error) {
	m.steps <- step{err: err}
	synctest.Wait()
}

func (m *talker) calls() []chat.Prompt {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]chat.Prompt(nil), m.prompts...)
}

// Complete implements ports.ChatModel. Each piece is a token.
func (m *talker) Complete(ctx context.Context, p chat.Prompt, emit func(string) error) (chat.Completion, error) {
	m.mu.Lock()
	m.prompts = append(m.prompts, p)
	m.mu.Unlock()
	c := chat.Completion{Tokens: chat.Tokens{Input: 100, CountedBy: chat.ByProvider}}
	done := ctx.Done()
	if m.deaf {
		done = nil
	}
	end := func(f chat.Finish, err error) (chat.Completion, error) {
		if m.uncounted {
			c.Tokens = chat.Tokens{}
		}
		c.Finish = f
		return c, err
	}
	for {
		select {
		case <-done:
			return end(0, ctx.Err())
		case s := <-m.steps:
			if s.text != "" {
				c.Text += s.text
				c.Tokens.Output++
				if err := emit(s.text); err != nil {
					return end(0, err)
				}
			}
			if s.err != nil || s.finish != 0 {
				return end(s.finish, s.err)
			}
		}
	}
}

// pass lets time pass in the bubble.
func pass(d time.Duration) { <-time.After(d) }
