package porttest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Sweeper runs the contract of ports.Sweeper.
func Sweeper(t *testing.T, open OpenUsage) {
	t.Helper()
	runCases(t, sweeperCases, openUsage(open))
}

var sweeperCases = []contractCase[*usageFixture]{
	{"sweep", "a call under way is settled at its prompt and last checkpoint, never at zero, and says that the sweep did it", func(f *usageFixture) {
		h := f.hold(200, 1000)
		id := f.reserve(f.a, h)
		c := f.call(1, 100, 60)
		f.dispatch(f.a, id, c, chatAmounts(0, 10))
		f.checkpoint(ports.Checkpoint{Scope: f.a, Reservation: id, CallNo: 1, Output: 25})
		f.expire()
		swept := f.sweep()
		if len(swept) != 1 || swept[0].Scope != f.a || swept[0].Reservation != id || len(swept[0].Events) != 1 {
			f.Fatalf("Sweep returned %+v, want one event of %s", swept, id)
		}
		cost := price().Cost(chat.Tokens{Input: 100, Output: 25})
		events := f.events(f.a)
		if len(events) != 1 || events[0] != swept[0].Events[0] {
			f.Fatalf("the event that was stored is not the one that Sweep returned:\n got %+v\nwant %+v", events, swept[0].Events)
		}
		if tenant.CheckID(usage.EventPrefix, string(events[0].ID)) != nil {
			f.Errorf("the event's id is %q", events[0].ID)
		}
		want := usage.Event{
			ID: events[0].ID, Reservation: id, CallNo: 1, Conversation: c.Conversation, Message: c.Message, Kind: usage.Chat,
			Model: "model-1", ChatRequests: 1, Tokens: chat.Tokens{Input: 100, Output: 25, CountedBy: chat.ByBound},
			Cost: cost, PriceVersion: "prices-7", ErrorCode: usage.CodeSwept, Day: h.Day, At: f.clock.Now().UTC(),
		}
		if events[0] != want {
			f.Errorf("event:\n got %+v\nwant %+v", events[0], want)
		}
		f.wantTotals(f.a, usage.Totals{
			Day: h.Day, Used: usage.Amounts{ChatRequests: 1, ChatTokens: 125, Cost: cost}, PromptTokens: 100, CompletionTokens: 25,
		})
		f.wantSums(f.a)
	}},
	{"never zero", "a call that was sent and never heard of again costs its prompt", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 100))
		f.dispatch(f.a, id, f.call(1, 70, 30), usage.Amounts{})
		f.expire()
		f.sweep()
		f.wantDay(f.a, 70, 0)
	}},
	{"in time", "nothing is swept before it has expired, and it is swept at that instant", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 100))
		f.dispatch(f.a, id, f.call(1, 70, 30), usage.Amounts{})
		f.clock.Advance(time.Minute - time.Microsecond)
		if swept := f.sweep(); len(swept) != 0 {
			f.Errorf("Sweep settled %+v before it expired", swept)
		}
		f.wantDay(f.a, 0, 100)
		f.clock.Advance(time.Microsecond)
		if swept := f.sweep(); len(swept) != 1 {
			f.Errorf("Sweep settled %+v at its expiry, want one", swept)
		}
	}},
	{"nothing sent", "an expired hold of which nothing was sent is given back", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 100))
		f.expire()
		swept := f.sweep()
		if len(swept) != 1 || swept[0].Reservation != id || len(swept[0].Events) != 0 {
			f.Errorf("Sweep returned %+v, want %s without events", swept, id)
		}
		f.wantUnused(f.a)
		wantErr(f.T, "Settle", f.Settle(f.Context(), f.a, id, f.event(1, 1, 1)), ports.ErrConflict)
		f.wantUnused(f.a)
	}},
	{"sweep again", "each reservation is swept once, and settled ones never", func(f *usageFixture) {
		lost, settled, released := f.reserve(f.a, f.hold(10, 100)), f.reserve(f.a, f.hold(10, 100)), f.reserve(f.a, f.hold(10, 100))
		f.dispatch(f.a, lost, f.call(1, 5, 5), usage.Amounts{})
		f.settle(f.a, settled, f.event(1, 3, 3))
		f.release(f.a, released)
		f.expire()
		if swept := f.sweep(); len(swept) != 1 || swept[0].Reservation != lost {
			f.Errorf("Sweep returned %+v, want %s alone", swept, lost)
		}
		before := f.totals(f.a, f.today())
		if swept := f.sweep(); len(swept) != 0 {
			f.Errorf("the second Sweep returned %+v, want nothing", swept)
		}
		f.wantTotals(f.a, before)
		f.wantSums(f.a)
	}},
	{"several calls", "of several calls the settled ones stay as they are, and each one under way gets its event", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(300, 300))
		f.dispatch(f.a, id, f.call(1, 50, 50), chatAmounts(0, 200))
		first := f.event(1, 50, 5)
		first.Last = false
		f.settle(f.a, id, first)
		f.dispatch(f.a, id, f.call(2, 40, 40), chatAmounts(0, 100))
		f.dispatch(f.a, id, f.call(3, 30, 30), usage.Amounts{})
		f.checkpoint(ports.Checkpoint{Scope: f.a, Reservation: id, CallNo: 3, Output: 9})
		f.expire()
		f.sweep()
		events := f.events(f.a)
		slices.SortFunc(events, func(x, y usage.Event) int { return cmp.Compare(x.CallNo, y.CallNo) })
		if len(events) != 3 || events[0].ErrorCode != "" || events[1].ErrorCode != usage.CodeSwept || events[2].ErrorCode != usage.CodeSwept {
			f.Fatalf("got events %+v, want the settled one and two of the sweep", events)
		}
		if events[1].ID == events[2].ID {
			f.Errorf("the sweep wrote two events of id %s", events[1].ID)
		}
		f.wantDay(f.a, 55+40+39, 0)
		f.wantSums(f.a)
		f.settle(f.a, id, f.event(1, 10, 10)) // it was settled in time, and truly
		if n := len(f.adjustments(f.a)); n != 0 {
			f.Errorf("a call that was settled before the sweep has %d adjustments, want none", n)
		}
		f.wantDay(f.a, 55+40+39, 0)
	}},
	{"free call", "a call without tokens or cost that was sent is not forgotten, though another one was marked last", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 100))
		free := usage.Call{No: 2, Kind: usage.Embedding, Model: "words-1", At: f.clock.Now()}
		f.dispatch(f.a, id, f.call(1, 40, 20), usage.Amounts{})
		f.dispatch(f.a, id, free, usage.Amounts{})
		f.settle(f.a, id, f.event(1, 40, 2))
		f.expire()
		if swept := f.sweep(); len(swept) != 1 || len(swept[0].Events) != 1 || swept[0].Events[0].CallNo != 2 {
			f.Errorf("Sweep returned %+v, want an event of call 2", swept)
		}
		if got := f.totals(f.a, f.today()); got.Used.EmbeddingRequests != 1 || got.Used.ChatTokens != 42 {
			f.Errorf("totals %+v, want one embedding request and 42 chat tokens", got)
		}
		f.wantSums(f.a)
	}},
	{"oldest first", "at most limit reservations are swept, those that expired first", func(f *usageFixture) {
		scopes := []tenant.Scope{f.a, f.b, f.NewScope(f.T)}
		ids := make([]usage.ReservationID, 6)
		for _, i := range []int{4, 0, 5, 2, 1, 3} {
			h := f.hold(10, 1000)
			h.Expires = h.Admit.Add(time.Duration(i+1) * time.Second)
			ids[i] = f.reserve(scopes[i%3], h)
			f.dispatch(scopes[i%3], ids[i], f.call(1, 5, 5), usage.Amounts{})
		}
		f.expire()
		if swept, err := f.Sweep(f.Context(), f.clock.Now(), 0); err != nil || len(swept) != 0 {
			f.Errorf("Sweep of none: got %+v, error %v", swept, err)
		}
		for round, want := range [][]usage.ReservationID{ids[:4], ids[4:], nil} {
			swept, err := f.Sweep(f.Context(), f.clock.Now(), 4)
			if err != nil {
				f.Fatal(err)
			}
			var got []usage.ReservationID
			for _, s := range swept {
				got = append(got, s.Reservation)
				if s.Scope != scopes[slices.Index(ids, s.Reservation)%3] {
					f.Errorf("reservation %s is said to be of %v", s.Reservation, s.Scope)
				}
			}
			if !slices.Equal(got, want) {
				f.Errorf("Sweep %d of at most 4: got %v, want %v", round+1, got, want)
			}
		}
		for _, s := range scopes {
			f.wantDay(s, 10, 0)
			f.wantSums(s)
		}
	}},
	{"late settle", "a settlement after the sweep is an adjustment of its event, once, and never a second event", func(f *usageFixture) {
		h := f.hold(100, 1000)
		id := f.reserve(f.a, h)
		f.dispatch(f.a, id, f.call(1, 60, 40), usage.Amounts{})
		f.expire()
		f.sweep()
		swept := f.events(f.a)
		e := f.event(1, 55, 30)
		f.settle(f.a, id, e)
		want := usage.Adjustment{
			Event: swept[0].ID, Day: h.Day, Delta: usage.Amounts{ChatTokens: 25, Cost: e.Cost - swept[0].Cost},
			Prompt: -5, Completion: 30, Reason: usage.LateSettle, At: e.At.UTC(),
		}
		if got := f.adjustments(f.a); len(got) != 1 || got[0] != want {
			f.Errorf("adjustments:\n got %+v\nwant %+v", got, want)
		}
		f.settle(f.a, id, e)
		f.settle(f.a, id, f.event(1, 1, 1))
		if got := f.adjustments(f.a); len(got) != 1 {
			f.Errorf("repeated late settlements made %d adjustments, want 1", len(got))
		}
		if got := f.events(f.a); !slices.Equal(got, swept) {
			f.Errorf("the late settlement changed the events:\n got %+v\nwant %+v", got, swept)
		}
		f.wantTotals(f.a, usage.Totals{Day: h.Day, Used: e.Spent(), PromptTokens: 55, CompletionTokens: 30})
		f.wantSums(f.a)
	}},
	{"late settle downwards", "an adjustment may take away, also below what the sweep guessed", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 1000))
		f.dispatch(f.a, id, f.call(1, 60, 40), usage.Amounts{})
		f.expire()
		f.sweep()
		f.settle(f.a, id, f.event(1, 0, 0))
		f.wantDay(f.a, 0, 0)
		f.wantSums(f.a)
	}},
	{"late settle of the same", "a late settlement that says what the sweep guessed adjusts nothing", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 1000))
		f.dispatch(f.a, id, f.call(1, 60, 40), usage.Amounts{})
		f.expire()
		f.sweep()
		f.settle(f.a, id, f.event(1, 60, 0))
		f.settle(f.a, id, f.event(1, 1, 1)) // the call is settled now
		if n := len(f.adjustments(f.a)); n != 0 {
			f.Errorf("there are %d adjustments, want none", n)
		}
		f.wantDay(f.a, 60, 0)
	}},
	{"sweep together", "of several sweepers each reservation is swept by one", func(f *usageFixture) {
		ids := make(map[usage.ReservationID]int)
		for i := range 40 {
			s := [...]tenant.Scope{f.a, f.b}[i%2]
			id := f.reserve(s, f.hold(10, 1000))
			f.dispatch(s, id, f.call(1, 5, 5), usage.Amounts{})
			ids[id] = 0
		}
		f.expire()
		var mu sync.Mutex
		together(8, func(int) {
			for {
				swept, err := f.Sweep(f.Context(), f.clock.Now(), 3)
				if err != nil {
					f.Errorf("Sweep: %v", err)
				}
				if len(swept) == 0 {
					return
				}
				mu.Lock()
				for _, s := range swept {
					ids[s.Reservation]++
				}
				mu.Unlock()
			}
		})
		for id, n := range ids {
			if n != 1 {
				f.Errorf("%s was swept %d times", id, n)
			}
		}
		f.wantDay(f.a, 100, 0)
		f.wantDay(f.b, 100, 0)
		f.wantSums(f.a)
	}},
	{"sweep or settle", "a concurrent sweep and settlement leave one event, and the totals are what the settlement said", func(f *usageFixture) {
		for range 20 {
			s := f.NewScope(f.T)
			id := f.reserve(s, f.hold(100, 100))
			f.dispatch(s, id, f.call(1, 60, 40), usage.Amounts{})
			f.clock.Advance(time.Minute)
			together(crowd, func(i int) {
				if i%2 == 0 {
					_, err := f.Sweep(f.Context(), f.clock.Now(), 10)
					wantErr(f.T, "Sweep", err, nil)
				} else {
					wantErr(f.T, "Settle", f.Settle(f.Context(), s, id, f.event(1, 50, 20)), nil)
				}
			})
			if n := len(f.events(s)); n != 1 {
				f.Fatalf("there are %d events of one call", n)
			}
			var used usage.Amounts
			first, last := f.around()
			days, err := f.Days(f.Context(), s, first, last)
			wantErr(f.T, "Days", err, nil)
			for _, d := range days {
				used = used.Plus(d.Used).Plus(d.Held)
			}
			if used.ChatTokens != 70 {
				f.Fatalf("%d chat tokens are used and held, want the 70 that were settled", used.ChatTokens)
			}
			f.wantSums(s)
		}
	}},
	{"done context", "a done context ends the sweep", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 100))
		f.dispatch(f.a, id, f.call(1, 60, 40), usage.Amounts{})
		f.expire()
		_, err := f.Sweep(f.doneContext(), f.clock.Now(), 10)
		wantErr(f.T, "Sweep", err, context.Canceled)
		f.wantDay(f.a, 0, 100)
	}},
	{"replica", "what a dead process held another one sweeps", func(f *usageFixture) {
		if f.Replica == nil {
			f.Skip("the store lives in one process")
		}
		id := f.reserve(f.a, f.hold(100, 100))
		f.dispatch(f.a, id, f.call(1, 60, 40), usage.Amounts{})
		f.expire()
		there := f.Replica(f.T)
		var mu sync.Mutex
		var n int
		together(8, func(i int) {
			store := f.UsageStore
			if i%2 == 0 {
				store = there
			}
			swept, err := store.Sweep(f.Context(), f.clock.Now(), 10)
			if err != nil && !errors.Is(err, ports.ErrUnavailable) {
				f.Errorf("Sweep: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			n += len(swept)
		})
		if n != 1 {
			f.Errorf("two processes swept %d times, want once", n)
		}
		f.wantDay(f.a, 60, 0)
		f.wantSums(f.a)
	}},
}
