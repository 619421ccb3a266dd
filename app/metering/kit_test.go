package metering_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// noon is when most tests begin.
func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// world is a meter on the memory adapters, at a clock that stands still.
type world struct {
	*testing.T
	stores *memory.Stores
	clock  *porttest.Clock
	site   tenant.Site
	deps   metering.Deps
	*metering.Service
}

func newWorld(t *testing.T, l usage.Limits, change func(*world)) *world {
	t.Helper()
	w := &world{T: t, clock: porttest.NewClock(noon())}
	w.stores = memory.NewStores(w.clock.Now, porttest.NewID,
		usage.Price{Model: "model-1", Version: "v1", Input: 500_000_000, Output: 2 * usage.USD},
		usage.Price{Model: "embedder-1", Version: "v1", Input: 20_000_000},
		usage.Price{Model: "local", Version: "v1", Local: true})
	site, err := w.stores.AddSite(t.Context(), "Shop", "https://shop.example.com", l)
	w.must(err)
	w.site = site
	w.deps = metering.Deps{
		Ledger: w.stores.Ledger, Checkpointer: w.stores.Ledger, Sweeper: w.stores.Ledger, Usage: w.stores.Ledger, Licenses: w.stores.Licenses,
		Prices: w.stores.Prices, Sites: w.stores.Accounts, Tokenizer: w.stores.Tokenizer, Now: w.clock.Now, NewID: porttest.NewID,
		Events: w.stores.Events, CallTimeout: time.Minute,
	}
	if change != nil {
		change(w)
	}
	w.Service, err = metering.New(w.deps)
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) wantErr(err, want error) {
	w.Helper()
	if !errors.Is(err, want) {
		w.Errorf("got error %v, want %v", err, want)
	}
}

func (w *world) scope() tenant.Scope { return w.site.Scope() }

// day returns the totals of today.
func (w *world) day() usage.Totals {
	w.Helper()
	d := usage.DayOf(w.clock.Now(), time.UTC)
	days, err := w.stores.Ledger.Days(w.Context(), w.scope(), d, d)
	w.must(err)
	return days[0]
}

func (w *world) events() []usage.Event {
	w.Helper()
	all, err := w.stores.Ledger.Events(w.Context(), w.scope(), "2026-11-01", "2026-12-31", "", 1000)
	w.must(err)
	return all
}

// one returns the only event; nothing may be held.
func (w *world) one() usage.Event {
	w.Helper()
	all := w.events()
	if len(all) != 1 {
		w.Fatalf("%d events, want 1: %+v", len(all), all)
	}
	if h := w.day().Held; h != (usage.Amounts{}) {
		w.Errorf("held %+v", h)
	}
	return all[0]
}

// nothing fails unless nothing was held or spent.
func (w *world) nothing() {
	w.Helper()
	if d := w.day(); d != (usage.Totals{Day: d.Day}) || len(w.events()) != 0 {
		w.Errorf("the day says %+v, events %+v", d, w.events())
	}
}

func (w *world) admit(want usage.Amounts) *metering.Admitted {
	w.Helper()
	a, err := w.Admit(w.Context(), w.scope(), w.NewReservation(), want)
	w.must(err)
	return a
}

func (w *world) start(a *metering.Admitted, c usage.Call, rest usage.Amounts) *metering.Call {
	w.Helper()
	call, err := a.Start(w.Context(), c, rest)
	w.must(err)
	return call
}

// chatCall is a call of 100 tokens in and 50 out at most.
func (w *world) chatCall() usage.Call {
	w.Helper()
	p, err := w.Price(w.Context(), "model-1")
	w.must(err)
	return usage.Call{Kind: usage.Chat, Model: "model-1", PromptTokens: 100, MaxOutput: 50, Price: p}
}

// room is what a chatCall needs, n times.
func (w *world) room(n int64) usage.Amounts {
	b := w.chatCall().Bound()
	return usage.Amounts{ChatRequests: 1, ChatTokens: n * b.ChatTokens, Cost: usage.NanoUSD(n) * b.Cost}
}

func spent(in, out int64) metering.Outcome {
	return metering.Outcome{Tokens: chat.Tokens{Input: in, Output: out, CountedBy: chat.ByProvider}}
}

func prompt() chat.Prompt {
	return chat.Prompt{Model: "model-1", MaxTokens: 20, Messages: []chat.Message{{Speaker: chat.Shopper, Text: "Hello?"}}}
}

func done(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

// ledger is a Ledger that can be broken.
type ledger struct {
	ports.Ledger
	settleErr, releaseErr error
	reserved              []usage.Hold
}

func (l *ledger) Reserve(ctx context.Context, s tenant.Scope, h usage.Hold) error {
	l.reserved = append(l.reserved, h)
	return l.Ledger.Reserve(ctx, s, h)
}

func (l *ledger) Settle(ctx context.Context, s tenant.Scope, id usage.ReservationID, e usage.Event) error {
	if l.settleErr != nil {
		return l.settleErr
	}
	return l.Ledger.Settle(ctx, s, id, e)
}

func (l *ledger) Release(ctx context.Context, s tenant.Scope, id usage.ReservationID) error {
	if l.releaseErr != nil {
		return l.releaseErr
	}
	return l.Ledger.Release(ctx, s, id)
}
