package porttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Ledger runs the contract of ports.Ledger.
func Ledger(t *testing.T, open OpenUsage) {
	t.Helper()
	runCases(t, slices.Concat(ledgerCases, ledgerRaces), openUsage(open))
}

// ledgerCases are what one caller at a time sees; ledgerRaces are in
// ledger_races.go.
var ledgerCases = []contractCase[*usageFixture]{
	{"reserve then settle", "Settle ends the hold and records what was really spent", func(f *usageFixture) {
		h := f.hold(100, 1000)
		id := f.reserve(f.a, h)
		f.wantTotals(f.a, usage.Totals{Day: h.Day, Held: h.Want})
		e := f.event(1, 50, 20)
		f.settle(f.a, id, e)
		f.wantTotals(f.a, usage.Totals{
			Day: h.Day, Used: usage.Amounts{ChatRequests: 1, ChatTokens: 70, Cost: 180_000}, PromptTokens: 50, CompletionTokens: 20,
		})
		events := f.events(f.a)
		if len(events) != 1 || events[0].ID != e.ID || events[0].Reservation != id || events[0].Day != h.Day || events[0].Excess != 0 {
			f.Errorf("events: got %+v, want the settled one, of reservation %s and day %s", events, id, h.Day)
		}
	}},
	{"refusal", "a refused Reserve holds nothing and says which meter, what is used and held, what was asked, the limits and the reset", func(f *usageFixture) {
		f.settle(f.a, f.reserve(f.a, f.hold(40, 100)), f.event(1, 30, 0))
		f.reserve(f.a, f.hold(40, 100))
		before := f.totals(f.a, f.today())
		h := f.hold(31, 100)
		err := f.Reserve(f.Context(), f.a, h)
		wantErr(f.T, "Reserve", err, usage.ErrLimitExceeded)
		var over *usage.LimitError
		if !errors.As(err, &over) {
			f.Fatalf("Reserve: got %v, want a *usage.LimitError", err)
		}
		if !slices.Equal(over.Exceeded, []usage.Meter{usage.ChatTokens}) || over.Current != before.Admitted() ||
			over.Requested != h.Want || over.Limits != h.Limits || !over.ResetAt.Equal(h.ResetAt) {
			f.Errorf("the refusal says %+v, want chat tokens exceeded, current %+v, requested %+v, limits %+v, reset at %v",
				over, before.Admitted(), h.Want, h.Limits, h.ResetAt)
		}
		f.wantTotals(f.a, before)
		wantErr(f.T, "Settle of the refused id", f.Settle(f.Context(), f.a, h.ID, f.event(1, 1, 1)), ports.ErrNotFound)
		f.wantTotals(f.a, before)
		h.Want.ChatTokens = 30
		wantErr(f.T, "Reserve of the refused id with what fits", f.Reserve(f.Context(), f.a, h), nil)
	}},
	{"every limit", "each limit refuses alone, what a request does not need is not asked of it, and the zero Limits admit nothing", func(f *usageFixture) {
		for _, c := range []struct {
			meter usage.Meter
			want  usage.Amounts
			limit func(*usage.Limits)
		}{
			{usage.ChatTokens, usage.Amounts{ChatTokens: 10}, func(l *usage.Limits) { l.ChatTokens = 9 }},
			{usage.ChatRequests, usage.Amounts{ChatRequests: 10}, func(l *usage.Limits) { l.ChatRequests = 9 }},
			{usage.EmbeddingTokens, usage.Amounts{EmbeddingTokens: 10}, func(l *usage.Limits) { l.EmbeddingTokens = 9 }},
			{usage.Cost, usage.Amounts{Cost: 10}, func(l *usage.Limits) { l.Cost = 9 }},
		} {
			s, limits := f.NewScope(f.T), usage.NoLimits()
			c.limit(&limits)
			for name, l := range map[string]usage.Limits{"one limit": limits, "zero limits": {}} {
				var over *usage.LimitError
				if err := f.Reserve(f.Context(), s, f.holdOf(c.want, l)); !errors.As(err, &over) || !slices.Equal(over.Exceeded, []usage.Meter{c.meter}) {
					f.Errorf("%s, %s: got %v, want it to be exceeded alone", c.meter, name, err)
				}
			}
			f.wantUnused(s)
			other := usage.Amounts{ChatTokens: 1, ChatRequests: 1, EmbeddingTokens: 1, Cost: 1}
			spent := other.AtLeast(c.want).Minus(other) // of c.meter alone
			f.reserve(s, f.holdOf(spent, usage.NoLimits()))
			rest := other.Minus(usage.Amounts{ // all but c.meter
				ChatTokens: min(1, c.want.ChatTokens), ChatRequests: min(1, c.want.ChatRequests),
				EmbeddingTokens: min(1, c.want.EmbeddingTokens), Cost: min(1, c.want.Cost),
			})
			wantErr(f.T, fmt.Sprintf("Reserve of all but %s, which is spent", c.meter), f.Reserve(f.Context(), s, f.holdOf(rest, limits)), nil)
		}
	}},
	{"to the brim", "a limit may be reached and not crossed; a changed limit counts at once", func(f *usageFixture) {
		f.reserve(f.a, f.hold(60, 100))
		f.reserve(f.a, f.hold(40, 100))
		wantErr(f.T, "one token more", f.Reserve(f.Context(), f.a, f.hold(1, 100)), usage.ErrLimitExceeded)
		f.reserve(f.a, f.hold(1, 101))
		wantErr(f.T, "a lower limit", f.Reserve(f.Context(), f.a, f.hold(1, 50)), usage.ErrLimitExceeded)
		f.wantDay(f.a, 0, 101)
	}},
	{"reserve again", "reserving an id again with the same amounts changes nothing, whatever has become of it; other amounts or another day conflict", func(f *usageFixture) {
		open, settled, released, swept := f.hold(10, 40), f.hold(10, 40), f.hold(10, 40), f.hold(10, 40)
		for _, h := range []usage.Hold{open, settled, released, swept} {
			f.reserve(f.a, h)
		}
		f.settle(f.a, settled.ID, f.event(1, 5, 5))
		f.release(f.a, released.ID)
		f.dispatch(f.a, swept.ID, f.call(1, 4, 6), usage.Amounts{})
		before := f.totals(f.a, f.today())
		again := func(what string, h usage.Hold) {
			h.Admit, h.Expires = h.Admit.Add(time.Second), h.Expires.Add(time.Second)
			h.Limits = usage.Limits{} // limits may have changed since
			wantErr(f.T, "Reserve again, "+what, f.Reserve(f.Context(), f.a, h), nil)
			h.Want.ChatTokens++
			wantErr(f.T, "Reserve with other amounts, "+what, f.Reserve(f.Context(), f.a, h), ports.ErrConflict)
			h.Want.ChatTokens--
			h.Day = "2026-11-22"
			wantErr(f.T, "Reserve on another day, "+what, f.Reserve(f.Context(), f.a, h), ports.ErrConflict)
		}
		again("open", open)
		again("settled", settled)
		again("released", released)
		f.wantTotals(f.a, before)
		f.expire()
		f.sweep()
		before = f.totals(f.a, f.today())
		again("swept", swept)
		again("swept with nothing sent", open)
		f.wantTotals(f.a, before)
		f.wantSums(f.a)
	}},
	{"settle again", "settling a call again changes nothing, whatever the event says", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 100))
		e := f.event(1, 50, 20)
		f.settle(f.a, id, e)
		f.settle(f.a, id, e)
		f.settle(f.a, id, f.event(1, 60, 30))
		f.wantDay(f.a, 70, 0)
		if events := f.events(f.a); len(events) != 1 || events[0].ID != e.ID {
			f.Errorf("got events %+v, want the first one alone", events)
		}
		f.expire()
		f.sweep()
		f.settle(f.a, id, f.event(1, 60, 30))
		f.wantDay(f.a, 70, 0)
		if n := len(f.adjustments(f.a)); n != 0 {
			f.Errorf("%d adjustments were made of an event that was true, want none", n)
		}
	}},
	{"release", "Release gives the whole hold back and records nothing; of what is unknown or closed it changes nothing", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 100))
		f.release(f.a, id)
		f.wantUnused(f.a)
		f.release(f.a, id)
		f.release(f.a, newID[usage.ReservationID](usage.ReservationPrefix))
		f.wantUnused(f.a)
		wantErr(f.T, "Settle after Release", f.Settle(f.Context(), f.a, id, f.event(1, 1, 1)), ports.ErrConflict)
		f.wantUnused(f.a)
		second := f.reserve(f.a, f.hold(100, 100))
		f.settle(f.a, second, f.event(1, 40, 2))
		f.release(f.a, second)
		f.wantDay(f.a, 42, 0)
		if n := len(f.events(f.a)); n != 1 {
			f.Errorf("there are %d events, want 1", n)
		}
	}},
	{"release of what was sent", "a hold of which a call was dispatched cannot be released", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 100))
		f.dispatch(f.a, id, f.call(1, 60, 40), usage.Amounts{})
		wantErr(f.T, "Release", f.Release(f.Context(), f.a, id), ports.ErrConflict)
		f.wantDay(f.a, 0, 100)
		f.settle(f.a, id, f.event(1, 60, 10))
		f.wantDay(f.a, 70, 0)
	}},
	{"unknown", "settling what was never reserved is not found, and changes nothing", func(f *usageFixture) {
		wantErr(f.T, "Settle", f.Settle(f.Context(), f.a, newID[usage.ReservationID](usage.ReservationPrefix), f.event(1, 1, 1)), ports.ErrNotFound)
		f.wantUnused(f.a)
	}},
	{"invalid", "holds and events that make no sense are refused, and change nothing", func(f *usageFixture) {
		for what, change := range map[string]func(*usage.Hold){
			"no id":            func(h *usage.Hold) { h.ID = "" },
			"no day":           func(h *usage.Hold) { h.Day = "" },
			"nothing wanted":   func(h *usage.Hold) { h.Want = usage.Amounts{} },
			"negative tokens":  func(h *usage.Hold) { h.Want.ChatTokens = -1 },
			"more than can be": func(h *usage.Hold) { h.Want.Cost = 1 << 62 },
			"already expired":  func(h *usage.Hold) { h.Expires = h.Admit },
		} {
			h := f.holdOf(chatAmounts(1, 100), usage.NoLimits())
			change(&h)
			wantErr(f.T, "Reserve, "+what, f.Reserve(f.Context(), f.a, h), ports.ErrInvalid)
		}
		f.wantUnused(f.a)
		id := f.reserve(f.a, f.hold(100, 100))
		for what, change := range map[string]func(*usage.Event){
			"no id":                   func(e *usage.Event) { e.ID = "" },
			"no call number":          func(e *usage.Event) { e.CallNo = 0 },
			"no kind":                 func(e *usage.Event) { e.Kind = 0 },
			"negative tokens":         func(e *usage.Event) { e.Tokens.Input = -1 },
			"more cached than input":  func(e *usage.Event) { e.Tokens.Cached = e.Tokens.Input + 1 },
			"more tokens than can be": func(e *usage.Event) { e.Tokens.Output = chat.MaxTokensPerCall + 1 },
			"a negative cost":         func(e *usage.Event) { e.Cost = -1 },
			"requests not admitted":   func(e *usage.Event) { e.ChatRequests = 2 },
		} {
			e := f.event(1, 10, 10)
			change(&e)
			wantErr(f.T, "Settle, "+what, f.Settle(f.Context(), f.a, id, e), ports.ErrInvalid)
		}
		f.wantDay(f.a, 0, 100)
		f.dispatch(f.a, id, f.call(1, 60, 40), usage.Amounts{})
		e := f.event(1, 10, 0)
		e.Kind = usage.Embedding
		wantErr(f.T, "Settle as another kind", f.Settle(f.Context(), f.a, id, e), ports.ErrInvalid)
		f.wantDay(f.a, 0, 100)
	}},
	{"several calls", "the first call carries the chat request, each call its own event, and the one marked last frees the rest", func(f *usageFixture) {
		h := f.holdOf(chatAmounts(1, 300), usage.NoLimits())
		id := f.reserve(f.a, h)
		first, second, third := f.event(1, 50, 20), f.event(2, 30, 10), f.event(3, 5, 5)
		first.Last, second.Last = false, false
		f.dispatch(f.a, id, f.call(1, 80, 40), chatAmounts(0, 150))
		f.wantDay(f.a, 0, 270)
		f.settle(f.a, id, first)
		f.wantDay(f.a, 70, 200)
		f.dispatch(f.a, id, f.call(2, 60, 40), chatAmounts(0, 50))
		f.wantDay(f.a, 70, 150)
		f.settle(f.a, id, second)
		f.wantDay(f.a, 110, 110)
		f.dispatch(f.a, id, f.call(3, 40, 10), usage.Amounts{})
		f.wantDay(f.a, 110, 50)
		f.settle(f.a, id, third)
		f.wantTotals(f.a, usage.Totals{
			Day: h.Day, Used: usage.Amounts{ChatRequests: 1, ChatTokens: 120, Cost: first.Cost + second.Cost + third.Cost},
			PromptTokens: 85, CompletionTokens: 35,
		})
		for i, e := range f.events(f.a) {
			if e.CallNo != i+1 || (e.ChatRequests == 1) != (i == 0) {
				f.Errorf("event %d is of call %d with %d chat requests", i, e.CallNo, e.ChatRequests)
			}
		}
		f.wantSums(f.a)
	}},
	{"last before another", "when the last call settles before another that is under way, that one's bound stays held until it settles", func(f *usageFixture) {
		id := f.reserve(f.a, f.holdOf(chatAmounts(1, 300), usage.NoLimits()))
		f.dispatch(f.a, id, f.call(1, 80, 20), chatAmounts(0, 200))
		f.dispatch(f.a, id, f.call(2, 60, 40), chatAmounts(0, 100))
		f.settle(f.a, id, f.event(2, 60, 10))
		f.wantDay(f.a, 70, 100)
		first := f.event(1, 80, 5)
		first.Last = false
		f.settle(f.a, id, first)
		f.wantDay(f.a, 155, 0)
		wantErr(f.T, "Dispatch after the last", f.Dispatch(f.Context(), f.a, id, f.call(3, 1, 1), usage.Amounts{}), ports.ErrConflict)
	}},
	{"excess", "what a provider took beyond the bound is recorded in full, and the excess is flagged", func(f *usageFixture) {
		sent, unsent := f.reserve(f.a, f.hold(100, 200)), f.reserve(f.a, f.hold(100, 200))
		f.dispatch(f.a, sent, f.call(1, 60, 40), usage.Amounts{})
		f.settle(f.a, sent, f.event(1, 60, 75))
		f.settle(f.a, unsent, f.event(1, 60, 50))
		f.wantDay(f.a, 245, 0)
		events := f.events(f.a)
		if len(events) != 2 || events[0].Excess != 35 || events[1].Excess != 10 {
			f.Errorf("got events %+v, want an excess of 35 and of 10", events)
		}
		f.wantSums(f.a)
	}},
	{"refused upstream", "a call that the provider refused settles with zero tokens and its error", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 100))
		f.dispatch(f.a, id, f.call(1, 60, 40), usage.Amounts{})
		e := f.event(1, 0, 0)
		e.Success, e.ErrorCode = false, "UPSTREAM_RATE_LIMITED"
		f.settle(f.a, id, e)
		f.wantTotals(f.a, usage.Totals{Day: f.today(), Used: usage.Amounts{ChatRequests: 1}})
		if events := f.events(f.a); len(events) != 1 || events[0].Success || events[0].ErrorCode != e.ErrorCode {
			f.Errorf("got events %+v, want one that failed with %s", events, e.ErrorCode)
		}
	}},
	{"embeddings", "embedding requests are counted and not limited; their tokens count on their own meter", func(f *usageFixture) {
		limits := usage.Limits{EmbeddingTokens: 100, Cost: usage.Unlimited}
		h := f.holdOf(usage.Amounts{EmbeddingTokens: 90}, limits)
		id := f.reserve(f.a, h)
		c := f.call(1, 60, 0)
		c.Kind, c.ChatRequests, c.Price = usage.Embedding, 0, usage.Price{Model: "model-1"}
		f.dispatch(f.a, id, c, usage.Amounts{EmbeddingTokens: 30})
		e := f.event(1, 55, 0)
		e.Kind, e.ChatRequests, e.Cost, e.Last = usage.Embedding, 0, 0, false
		f.settle(f.a, id, e)
		free := f.event(2, 0, 0)
		free.Kind = usage.Embedding
		f.settle(f.a, id, free)
		f.wantTotals(f.a, usage.Totals{Day: h.Day, Used: usage.Amounts{EmbeddingRequests: 2, EmbeddingTokens: 55}, PromptTokens: 55})
		wantErr(f.T, "Reserve beyond the embedding limit", f.Reserve(f.Context(), f.a, f.holdOf(usage.Amounts{EmbeddingTokens: 46}, limits)), usage.ErrLimitExceeded)
		f.reserve(f.a, f.holdOf(usage.Amounts{EmbeddingTokens: 45}, limits))
		f.wantSums(f.a)
	}},
	{"rerank", "rerank tokens count as chat tokens", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 100))
		e := f.event(1, 30, 10)
		e.Kind = usage.Rerank
		f.settle(f.a, id, e)
		f.wantDay(f.a, 40, 0)
	}},
	{"day of admission", "what is spent counts on the day of its admission, and a new day has its limits anew", func(f *usageFixture) {
		evening := f.today()
		h := f.hold(100, 100)
		h.Expires = h.Admit.Add(time.Hour)
		id := f.reserve(f.a, h)
		f.clock.Advance(10 * time.Minute)
		if f.today() == evening {
			f.Fatal("the clock did not reach the next day")
		}
		f.reserve(f.a, f.hold(100, 100))
		f.settle(f.a, id, f.event(1, 70, 20))
		if got := f.totals(f.a, evening); got.Used.ChatTokens != 90 || got.Held != (usage.Amounts{}) {
			f.Errorf("the day of admission has %+v, want 90 chat tokens used and nothing held", got)
		}
		f.wantDay(f.a, 0, 100)
		if events := f.events(f.a); len(events) != 1 || events[0].Day != evening {
			f.Errorf("got events %+v, want one of %s", events, evening)
		}
		f.wantSums(f.a)
	}},
	{"expired", "an expired hold counts in full until it is swept, and can still be settled", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 100))
		f.expire()
		f.clock.Advance(time.Second)
		f.wantDay(f.a, 0, 100)
		wantErr(f.T, "Reserve beside an expired hold", f.Reserve(f.Context(), f.a, f.hold(1, 100)), usage.ErrLimitExceeded)
		f.settle(f.a, id, f.event(1, 30, 10))
		f.wantDay(f.a, 40, 0)
		if swept := f.sweep(); len(swept) != 0 {
			f.Errorf("Sweep settled %+v, want nothing: it was settled already", swept)
		}
	}},
	{"no time", "an event without a time gets the ledger's", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 100))
		e := f.event(1, 30, 10)
		e.At = time.Time{}
		f.settle(f.a, id, e)
		if events := f.events(f.a); len(events) != 1 || !events[0].At.Equal(f.clock.Now()) {
			f.Errorf("got events %+v, want one of %v", events, f.clock.Now())
		}
	}},
	{"isolation", "one scope never sees, settles, releases or is limited by another's", func(f *usageFixture) {
		bothWays(f.a, f.b, func(me, other tenant.Scope) {
			h := f.hold(100, 100)
			f.reserve(me, h)
			before, theirs := f.totals(me, f.today()), f.totals(other, f.today())
			strangers := append(mixed(me, other), other)
			for _, s := range strangers {
				wantErr(f.T, "another's Settle", f.Settle(f.Context(), s, h.ID, f.event(1, 1, 1)), ports.ErrNotFound)
				wantErr(f.T, "another's Release", f.Release(f.Context(), s, h.ID), nil)
			}
			f.wantTotals(me, before)
			f.wantTotals(other, theirs)
			// The same id in another scope is another reservation.
			same := h
			same.Want = chatAmounts(1, 60)
			f.reserve(other, same)
			f.wantTotals(me, before)
			f.settle(other, same.ID, f.event(1, 20, 5))
			f.wantTotals(me, before)
			f.settle(me, h.ID, f.event(1, 10, 4))
			f.wantSums(me)
			f.wantSums(other)
			if got, want := f.totals(other, f.today()).Used.ChatTokens, theirs.Used.ChatTokens+25; got != want {
				f.Errorf("the other site has %d chat tokens used, want %d", got, want)
			}
			// Make room for the other direction.
			for _, s := range []tenant.Scope{me, other} {
				if held := f.totals(s, f.today()).Held; held != (usage.Amounts{}) {
					f.Errorf("%+v is still held", held)
				}
			}
			f.clock.Advance(24 * time.Hour)
		})
	}},
	{"no scope", "an incomplete scope is refused", func(f *usageFixture) {
		for _, s := range incomplete(f.a) {
			wantErr(f.T, "Reserve", f.Reserve(f.Context(), s, f.hold(1, 1)), tenant.ErrNoScope)
			wantErr(f.T, "Settle", f.Settle(f.Context(), s, newID[usage.ReservationID](usage.ReservationPrefix), f.event(1, 1, 1)), tenant.ErrNoScope)
			wantErr(f.T, "Release", f.Release(f.Context(), s, newID[usage.ReservationID](usage.ReservationPrefix)), tenant.ErrNoScope)
		}
	}},
	{"done context", "a done context ends the call, and nothing is changed", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 200))
		ctx := f.doneContext()
		wantErr(f.T, "Reserve", f.Reserve(ctx, f.a, f.hold(10, 200)), context.Canceled)
		wantErr(f.T, "Settle", f.Settle(ctx, f.a, id, f.event(1, 1, 1)), context.Canceled)
		wantErr(f.T, "Release", f.Release(ctx, f.a, id), context.Canceled)
		f.wantDay(f.a, 0, 100)
	}},
	{"replica", "what one process has reserved and settled, every other one sees and counts", func(f *usageFixture) {
		if f.Replica == nil {
			f.Skip("the store lives in one process")
		}
		id := f.reserve(f.a, f.hold(60, 100))
		there := f.Replica(f.T)
		wantErr(f.T, "Reserve by another process", there.Reserve(f.Context(), f.a, f.hold(41, 100)), usage.ErrLimitExceeded)
		wantErr(f.T, "Settle by another process", there.Settle(f.Context(), f.a, id, f.event(1, 20, 10)), nil)
		f.wantDay(f.a, 30, 0)
		var admitted atomic.Int64
		together(16, func(i int) {
			store := f.UsageStore
			if i%2 == 0 {
				store = there
			}
			switch err := store.Reserve(f.Context(), f.a, f.hold(10, 100)); {
			case err == nil:
				admitted.Add(1)
			case !errors.Is(err, usage.ErrLimitExceeded):
				f.Errorf("Reserve: %v", err)
			}
		})
		if n := admitted.Load(); n != 7 {
			f.Errorf("two processes admitted %d holds of 10 into 70, want 7", n)
		}
	}},
}
