package porttest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Checkpointer runs the contract of ports.Checkpointer.
func Checkpointer(t *testing.T, open OpenUsage) {
	t.Helper()
	runCases(t, checkpointerCases, openUsage(open))
}

// lastOutput lets the only hold of s expire and returns the output tokens that
// the sweep found noted of its only call.
func (f *usageFixture) lastOutput(s tenant.Scope) int64 {
	f.Helper()
	f.expire()
	f.sweep()
	events := f.events(s)
	if len(events) != 1 {
		f.Fatalf("the sweep left %d events, want 1", len(events))
	}
	return events[0].Tokens.Output
}

var checkpointerCases = []contractCase[*usageFixture]{
	{"dispatch", "Dispatch lowers the hold to the bounds of the calls under way plus rest", func(f *usageFixture) {
		h := f.holdOf(usage.Amounts{ChatRequests: 1, ChatTokens: 500, Cost: 5_000_000}, usage.NoLimits())
		id := f.reserve(f.a, h)
		first, rest := f.call(1, 100, 50), usage.Amounts{ChatTokens: 200, Cost: 700_000}
		f.dispatch(f.a, id, first, rest)
		f.wantTotals(f.a, usage.Totals{Day: h.Day, Held: first.Bound().Plus(rest)})
		second := f.call(2, 60, 40)
		f.dispatch(f.a, id, second, usage.Amounts{ChatTokens: 50})
		f.wantTotals(f.a, usage.Totals{Day: h.Day, Held: first.Bound().Plus(second.Bound()).Plus(usage.Amounts{ChatTokens: 50})})
		if n := len(f.events(f.a)); n != 0 {
			f.Errorf("Dispatch made %d events", n)
		}
	}},
	{"makes room", "what Dispatch gives back can be reserved at once", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 100))
		wantErr(f.T, "Reserve beside a whole hold", f.Reserve(f.Context(), f.a, f.hold(30, 100)), usage.ErrLimitExceeded)
		f.dispatch(f.a, id, f.call(1, 50, 20), usage.Amounts{})
		wantErr(f.T, "Reserve beside the call's bound", f.Reserve(f.Context(), f.a, f.hold(30, 100)), nil)
		wantErr(f.T, "Reserve of more", f.Reserve(f.Context(), f.a, f.hold(1, 100)), usage.ErrLimitExceeded)
	}},
	{"dispatch again", "repeating Dispatch with the same call changes nothing, in whatever zone and precision its time comes", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(300, 300))
		c := f.call(1, 50, 20)
		f.dispatch(f.a, id, c, chatAmounts(0, 100))
		before := f.totals(f.a, f.today())
		f.dispatch(f.a, id, c, chatAmounts(0, 100))
		c.At = c.At.In(time.FixedZone("far", 5*3600+1800)).Add(time.Nanosecond)
		f.dispatch(f.a, id, c, chatAmounts(0, 50))
		f.wantTotals(f.a, before)
	}},
	{"another call of that number", "a number is a call's own: another call, a settled one or a closed reservation conflict", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(300, 300))
		c := f.call(1, 50, 20)
		f.dispatch(f.a, id, c, chatAmounts(0, 200))
		before := f.totals(f.a, f.today())
		for what, change := range map[string]func(*usage.Call){
			"model":        func(c *usage.Call) { c.Model = "model-2" },
			"tokens":       func(c *usage.Call) { c.PromptTokens-- },
			"output":       func(c *usage.Call) { c.MaxOutput-- },
			"kind":         func(c *usage.Call) { c.Kind = usage.Rerank },
			"requests":     func(c *usage.Call) { c.ChatRequests = 0 },
			"price":        func(c *usage.Call) { c.Price.Output-- },
			"unpriced":     func(c *usage.Call) { c.Price.Unpriced = true },
			"local":        func(c *usage.Call) { c.Price.Local = true },
			"version":      func(c *usage.Call) { c.Price.Version = "prices-8" },
			"conversation": func(c *usage.Call) { c.Conversation = "" },
			"message":      func(c *usage.Call) { c.Message = "" },
		} {
			other := c
			change(&other)
			wantErr(f.T, "Dispatch with another "+what, f.Dispatch(f.Context(), f.a, id, other, usage.Amounts{}), ports.ErrConflict)
		}
		f.wantTotals(f.a, before)
		e := f.event(1, 50, 20)
		e.Last = false
		f.settle(f.a, id, e)
		before = f.totals(f.a, f.today())
		wantErr(f.T, "Dispatch of a settled call", f.Dispatch(f.Context(), f.a, id, c, usage.Amounts{}), ports.ErrConflict)
		f.wantTotals(f.a, before)
		f.settle(f.a, id, f.event(2, 1, 1))
		wantErr(f.T, "Dispatch of a settled reservation", f.Dispatch(f.Context(), f.a, id, f.call(3, 1, 1), usage.Amounts{}), ports.ErrConflict)
		released := f.reserve(f.a, f.hold(10, 300))
		f.release(f.a, released)
		wantErr(f.T, "Dispatch of a released reservation", f.Dispatch(f.Context(), f.a, released, f.call(1, 1, 1), usage.Amounts{}), ports.ErrConflict)
		swept := f.reserve(f.a, f.hold(10, 300))
		f.dispatch(f.a, swept, f.call(1, 5, 5), usage.Amounts{})
		f.expire()
		f.sweep()
		wantErr(f.T, "Dispatch of a swept reservation", f.Dispatch(f.Context(), f.a, swept, f.call(2, 0, 0), usage.Amounts{}), ports.ErrConflict)
		f.wantSums(f.a)
	}},
	{"unknown", "dispatching a call of what was never reserved is not found", func(f *usageFixture) {
		err := f.Dispatch(f.Context(), f.a, newID[usage.ReservationID](usage.ReservationPrefix), f.call(1, 1, 1), usage.Amounts{})
		wantErr(f.T, "Dispatch", err, ports.ErrNotFound)
		f.wantUnused(f.a)
	}},
	{"does not fit", "a call that may spend more than is left of its hold is invalid, and nothing is changed", func(f *usageFixture) {
		h := f.hold(100, 1000)
		id := f.reserve(f.a, h)
		for what, c := range map[string]struct {
			call usage.Call
			rest usage.Amounts
		}{
			"its tokens":         {f.call(1, 60, 41), usage.Amounts{}},
			"the rest":           {f.call(1, 60, 30), usage.Amounts{ChatTokens: 11}},
			"its cost":           {f.call(1, 60, 30), usage.Amounts{Cost: h.Want.Cost}},
			"embedding in chat":  {usage.Call{No: 1, Kind: usage.Embedding, Model: "model-2", PromptTokens: 1, At: f.clock.Now()}, usage.Amounts{}},
			"a second chat turn": {f.call(1, 1, 1), usage.Amounts{ChatRequests: 1}},
		} {
			err := f.Dispatch(f.Context(), f.a, id, c.call, c.rest)
			wantErr(f.T, "Dispatch: "+what, err, ports.ErrInvalid)
			wantErr(f.T, "Dispatch: "+what, err, usage.ErrOverHold)
		}
		f.wantTotals(f.a, usage.Totals{Day: h.Day, Held: h.Want})
		f.release(f.a, id) // no call was sent
		f.wantUnused(f.a)
	}},
	{"invalid", "a call that makes no sense is invalid, and nothing is changed", func(f *usageFixture) {
		h := f.hold(100, 1000)
		id := f.reserve(f.a, h)
		for what, change := range map[string]func(*usage.Call, *usage.Amounts){
			"no number":        func(c *usage.Call, _ *usage.Amounts) { c.No = 0 },
			"no kind":          func(c *usage.Call, _ *usage.Amounts) { c.Kind = 0 },
			"no model":         func(c *usage.Call, _ *usage.Amounts) { c.Model = "" },
			"negative tokens":  func(c *usage.Call, _ *usage.Amounts) { c.PromptTokens = -1 },
			"negative output":  func(c *usage.Call, _ *usage.Amounts) { c.MaxOutput = -1 },
			"more than can be": func(c *usage.Call, _ *usage.Amounts) { c.MaxOutput = chat.MaxTokensPerCall + 1 },
			"a negative rest":  func(_ *usage.Call, rest *usage.Amounts) { rest.ChatTokens = -1 },
		} {
			c, rest := f.call(1, 10, 10), usage.Amounts{}
			change(&c, &rest)
			wantErr(f.T, "Dispatch: "+what, f.Dispatch(f.Context(), f.a, id, c, rest), ports.ErrInvalid)
		}
		f.wantTotals(f.a, usage.Totals{Day: h.Day, Held: h.Want})
	}},
	{"dispatch together", "of concurrent calls no more are sent than fit in the hold, and one call is sent once", func(f *usageFixture) {
		for range 20 {
			s := f.NewScope(f.T)
			id := f.reserve(s, f.hold(100, 100))
			var sent atomic.Int64
			together(crowd, func(i int) {
				c := f.call(i+1, 60, 40)
				if c.ChatRequests = 0; f.Dispatch(f.Context(), s, id, c, usage.Amounts{}) == nil {
					sent.Add(1)
				}
			})
			if n := sent.Load(); n != 1 {
				f.Fatalf("%d calls of 100 tokens were sent on a hold of 100", n)
			}
			f.wantDay(s, 0, 100)
			same := f.reserve(s, f.hold(100, 1000))
			c := f.call(1, 30, 10)
			together(crowd, func(int) { wantErr(f.T, "Dispatch", f.Dispatch(f.Context(), s, same, c, usage.Amounts{}), nil) })
			f.wantDay(s, 0, 140)
		}
	}},
	{"checkpoint", "the last checkpoint is what the sweep counts as output; the day is not touched before", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 100))
		f.dispatch(f.a, id, f.call(1, 40, 60), usage.Amounts{})
		before := f.totals(f.a, f.today())
		for output := int64(5); output <= 25; output += 5 {
			f.checkpoint(ports.Checkpoint{Scope: f.a, Reservation: id, CallNo: 1, Output: output})
		}
		f.wantTotals(f.a, before)
		if got := f.lastOutput(f.a); got != 25 {
			f.Errorf("the sweep counted %d output tokens, want 25", got)
		}
	}},
	{"monotone", "a checkpoint never goes back", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 100))
		f.dispatch(f.a, id, f.call(1, 40, 60), usage.Amounts{})
		for _, output := range []int64{20, 10, 0, -5} {
			f.checkpoint(ports.Checkpoint{Scope: f.a, Reservation: id, CallNo: 1, Output: output})
		}
		f.checkpoint(
			ports.Checkpoint{Scope: f.a, Reservation: id, CallNo: 1, Output: 30},
			ports.Checkpoint{Scope: f.a, Reservation: id, CallNo: 1, Output: 25},
		)
		if got := f.lastOutput(f.a); got != 30 {
			f.Errorf("the sweep counted %d output tokens, want 30", got)
		}
	}},
	{"monotone together", "of concurrent checkpoints the furthest one stays", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 100))
		f.dispatch(f.a, id, f.call(1, 40, 60), usage.Amounts{})
		together(crowd, func(i int) {
			wantErr(f.T, "Checkpoint", f.Checkpoint(f.Context(), []ports.Checkpoint{{Scope: f.a, Reservation: id, CallNo: 1, Output: int64(1 + i)}}), nil)
		})
		if got := f.lastOutput(f.a); got != crowd {
			f.Errorf("the sweep counted %d output tokens, want %d", got, crowd)
		}
	}},
	{"skipped", "entries of a checkpoint that are unknown, settled or nobody's are skipped, and the others are noted", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 1000))
		f.dispatch(f.a, id, f.call(1, 40, 60), usage.Amounts{})
		settled := f.reserve(f.b, f.hold(100, 1000))
		f.dispatch(f.b, settled, f.call(1, 40, 60), usage.Amounts{})
		f.settle(f.b, settled, f.event(1, 40, 3))
		f.checkpoint()
		f.checkpoint(
			ports.Checkpoint{Scope: f.a, Reservation: newID[usage.ReservationID](usage.ReservationPrefix), CallNo: 1, Output: 50},
			ports.Checkpoint{Reservation: id, CallNo: 1, Output: 51},
			ports.Checkpoint{Scope: f.a, Reservation: id, CallNo: 2, Output: 52},
			ports.Checkpoint{Scope: f.b, Reservation: settled, CallNo: 1, Output: 53},
			ports.Checkpoint{Scope: f.a, Reservation: id, CallNo: 1, Output: 7},
		)
		f.wantDay(f.b, 43, 0)
		if got := f.lastOutput(f.a); got != 7 {
			f.Errorf("the sweep counted %d output tokens, want 7", got)
		}
		f.wantSums(f.b)
	}},
	{"isolation", "one scope never dispatches or notes anything of another's reservation", func(f *usageFixture) {
		bothWays(f.a, f.b, func(me, other tenant.Scope) {
			fresh, sent := f.hold(100, 1000), f.hold(100, 1000)
			f.reserve(me, fresh)
			f.reserve(me, sent)
			f.dispatch(me, sent.ID, f.call(1, 40, 60), usage.Amounts{})
			before := f.totals(me, f.today())
			for _, s := range append(mixed(me, other), other) {
				wantErr(f.T, "another's Dispatch", f.Dispatch(f.Context(), s, fresh.ID, f.call(1, 1, 1), usage.Amounts{}), ports.ErrNotFound)
				f.checkpoint(ports.Checkpoint{Scope: s, Reservation: sent.ID, CallNo: 1, Output: 33})
			}
			f.wantTotals(me, before)
			f.release(me, fresh.ID)
			if got := f.lastOutput(me); got != 0 {
				f.Errorf("another site's checkpoint was taken: %d output tokens", got)
			}
		})
	}},
	{"no scope", "an incomplete scope is refused", func(f *usageFixture) {
		for _, s := range incomplete(f.a) {
			err := f.Dispatch(f.Context(), s, newID[usage.ReservationID](usage.ReservationPrefix), f.call(1, 1, 1), usage.Amounts{})
			wantErr(f.T, "Dispatch", err, tenant.ErrNoScope)
		}
	}},
	{"done context", "a done context ends the call, and nothing is changed", func(f *usageFixture) {
		id := f.reserve(f.a, f.hold(100, 100))
		wantErr(f.T, "Dispatch", f.Dispatch(f.doneContext(), f.a, id, f.call(1, 1, 1), usage.Amounts{}), context.Canceled)
		f.wantDay(f.a, 0, 100)
		f.dispatch(f.a, id, f.call(1, 40, 60), usage.Amounts{})
		err := f.Checkpoint(f.doneContext(), []ports.Checkpoint{{Scope: f.a, Reservation: id, CallNo: 1, Output: 9}})
		wantErr(f.T, "Checkpoint", err, context.Canceled)
		if got := f.lastOutput(f.a); got != 0 {
			f.Errorf("the ended checkpoint was taken: %d output tokens", got)
		}
	}},
	{"replica", "what one process dispatched and noted outlives it", func(f *usageFixture) {
		if f.Replica == nil {
			f.Skip("the store lives in one process")
		}
		id := f.reserve(f.a, f.hold(100, 100))
		lost := f.Replica(f.T)
		wantErr(f.T, "Dispatch", lost.Dispatch(f.Context(), f.a, id, f.call(1, 40, 20), usage.Amounts{}), nil)
		wantErr(f.T, "Checkpoint", lost.Checkpoint(f.Context(), []ports.Checkpoint{{Scope: f.a, Reservation: id, CallNo: 1, Output: 11}}), nil)
		f.wantDay(f.a, 0, 60)
		if got := f.lastOutput(f.a); got != 11 {
			f.Errorf("the sweep counted %d output tokens, want 11", got)
		}
	}},
}
