package porttest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// UsageStore is what an adapter's test gives to the suites Ledger,
// Checkpointer, Sweeper and UsageReader.
type UsageStore struct {
	ports.Ledger
	ports.Checkpointer
	ports.Sweeper
	ports.UsageReader
	// NewScope returns the scope of a site that the store knows, of a tenant
	// of its own, in which nothing has been used.
	NewScope func(t *testing.T) tenant.Scope
	// Replica returns the same store as another process sees it; nil if the
	// store lives in one process.
	Replica func(t *testing.T) UsageStore
}

// OpenUsage returns an empty store that tells the time by now. It is called
// once for each case; t.Cleanup closes what it opens.
type OpenUsage func(t *testing.T, now ports.Clock) UsageStore

// usageFixture is a store with two sites and a clock.
type usageFixture struct {
	*testing.T
	UsageStore
	clock *Clock
	a, b  tenant.Scope
}

func openUsage(open OpenUsage) func(t *testing.T) *usageFixture {
	return func(t *testing.T) *usageFixture {
		clock := NewClock(start())
		f := &usageFixture{T: t, UsageStore: open(t, clock.Now), clock: clock}
		f.a, f.b = f.NewScope(t), f.NewScope(t)
		return f
	}
}

// today is the day of the clock, in UTC.
func (f *usageFixture) today() usage.Day { return usage.DayOf(f.clock.Now(), time.UTC) }

// hold returns a hold of a minute for one chat request and the given tokens,
// of a site that may spend limit chat tokens a day and all else without limit.
func (f *usageFixture) hold(tokens int64, limit usage.Limit) usage.Hold {
	limits := usage.NoLimits()
	limits.ChatTokens = limit
	return f.holdOf(chatAmounts(1, tokens), limits)
}

func (f *usageFixture) holdOf(want usage.Amounts, limits usage.Limits) usage.Hold {
	now := f.clock.Now()
	return usage.Hold{
		ID: newID[usage.ReservationID](usage.ReservationPrefix), Day: f.today(), Want: want, Limits: limits,
		Admit: now, Expires: now.Add(time.Minute), ResetAt: usage.Calendar{Zone: time.UTC}.Reset(now),
	}
}

// chatAmounts is what requests and tokens of price() come to at most.
func chatAmounts(requests, tokens int64) usage.Amounts {
	return usage.Amounts{ChatRequests: requests, ChatTokens: tokens, Cost: price().Bound(0, tokens)}
}

// price is 2 USD a million tokens of input, 1 of cached input, 4 of output.
func price() usage.Price {
	return usage.Price{Model: "model-1", Version: "prices-7", Input: 2 * usage.USD, CachedInput: usage.USD, Output: 4 * usage.USD}
}

// call returns a chat call of at most prompt + output tokens. The first one
// carries the message's chat request.
func (f *usageFixture) call(no int, prompt, output int64) usage.Call {
	c := usage.Call{
		No: no, Kind: usage.Chat, Model: "model-1", PromptTokens: prompt, MaxOutput: output, Price: price(), At: f.clock.Now(),
		Conversation: newID[chat.ConversationID](chat.ConversationPrefix), Message: newID[chat.MessageID](chat.MessagePrefix),
	}
	if no == 1 {
		c.ChatRequests = 1
	}
	return c
}

// event returns the last event of a chat message: call no took input and
// output tokens.
func (f *usageFixture) event(no int, input, output int64) usage.Event {
	t := chat.Tokens{Input: input, Output: output, CountedBy: chat.ByProvider}
	e := usage.Event{
		ID: newID[usage.EventID](usage.EventPrefix), CallNo: no, Last: true, Kind: usage.Chat, Model: "model-1",
		Tokens: t, Cost: price().Cost(t), PriceVersion: price().Version, Success: true, At: f.clock.Now(),
	}
	if no == 1 {
		e.ChatRequests = 1
	}
	return e
}

func (f *usageFixture) reserve(s tenant.Scope, h usage.Hold) usage.ReservationID {
	f.Helper()
	if err := f.Reserve(f.Context(), s, h); err != nil {
		f.Fatalf("Reserve: %v", err)
	}
	return h.ID
}

func (f *usageFixture) dispatch(s tenant.Scope, id usage.ReservationID, c usage.Call, rest usage.Amounts) {
	f.Helper()
	if err := f.Dispatch(f.Context(), s, id, c, rest); err != nil {
		f.Fatalf("Dispatch of call %d: %v", c.No, err)
	}
}

func (f *usageFixture) settle(s tenant.Scope, id usage.ReservationID, e usage.Event) {
	f.Helper()
	if err := f.Settle(f.Context(), s, id, e); err != nil {
		f.Fatalf("Settle of call %d: %v", e.CallNo, err)
	}
}

func (f *usageFixture) release(s tenant.Scope, id usage.ReservationID) {
	f.Helper()
	if err := f.Release(f.Context(), s, id); err != nil {
		f.Fatalf("Release: %v", err)
	}
}

func (f *usageFixture) checkpoint(cs ...ports.Checkpoint) {
	f.Helper()
	if err := f.Checkpoint(f.Context(), cs); err != nil {
		f.Fatalf("Checkpoint: %v", err)
	}
}

// sweep sweeps everything at the clock's time.
func (f *usageFixture) sweep() []ports.Swept {
	f.Helper()
	swept, err := f.Sweep(f.Context(), f.clock.Now(), 1000)
	if err != nil {
		f.Fatalf("Sweep: %v", err)
	}
	return swept
}

// expire moves the clock to where every hold so far has expired.
func (f *usageFixture) expire() { f.clock.Advance(time.Minute) }

func (f *usageFixture) totals(s tenant.Scope, d usage.Day) usage.Totals {
	f.Helper()
	days, err := f.Days(f.Context(), s, d, d)
	if err != nil || len(days) != 1 {
		f.Fatalf("Days(%s): got %d days, error %v", d, len(days), err)
	}
	return days[0]
}

// wantDay checks the chat tokens of today.
func (f *usageFixture) wantDay(s tenant.Scope, used, held int64) {
	f.Helper()
	got := f.totals(s, f.today())
	if got.Used.ChatTokens != used || got.Held.ChatTokens != held {
		f.Errorf("the day has %d chat tokens used and %d held, want %d and %d", got.Used.ChatTokens, got.Held.ChatTokens, used, held)
	}
}

func (f *usageFixture) wantTotals(s tenant.Scope, want usage.Totals) {
	f.Helper()
	if got := f.totals(s, want.Day); got != want {
		f.Errorf("totals:\n got %+v\nwant %+v", got, want)
	}
}

// wantUnused checks that nothing is recorded or held of today.
func (f *usageFixture) wantUnused(s tenant.Scope) {
	f.Helper()
	f.wantTotals(s, usage.Totals{Day: f.today()})
	if n := len(f.events(s)); n != 0 {
		f.Errorf("there are %d events, want none", n)
	}
}

// events returns all events of the days around the clock.
func (f *usageFixture) events(s tenant.Scope) []usage.Event {
	f.Helper()
	first, last := f.around()
	events, err := f.Events(f.Context(), s, first, last, "", 10_000)
	if err != nil {
		f.Fatalf("Events: %v", err)
	}
	return events
}

func (f *usageFixture) adjustments(s tenant.Scope) []usage.Adjustment {
	f.Helper()
	first, last := f.around()
	adjustments, err := f.Adjustments(f.Context(), s, first, last)
	if err != nil {
		f.Fatalf("Adjustments: %v", err)
	}
	return adjustments
}

func (f *usageFixture) around() (first, last usage.Day) {
	return usage.DayOf(f.clock.Now().AddDate(0, 0, -7), time.UTC), usage.DayOf(f.clock.Now().AddDate(0, 0, 7), time.UTC)
}

// wantSums checks that the events and adjustments of each day add up to its
// totals, and that no call has two events.
func (f *usageFixture) wantSums(s tenant.Scope) {
	f.Helper()
	want := make(map[usage.Day]usage.Totals)
	seen := make(map[usage.ReservationID][]int)
	for _, e := range f.events(s) {
		if slices.Contains(seen[e.Reservation], e.CallNo) {
			f.Errorf("call %d of %s has two events", e.CallNo, e.Reservation)
		}
		seen[e.Reservation] = append(seen[e.Reservation], e.CallNo)
		t := want[e.Day]
		t.Used = t.Used.Plus(e.Spent())
		t.PromptTokens += e.Tokens.Input
		t.CompletionTokens += e.Tokens.Output
		want[e.Day] = t
	}
	for _, a := range f.adjustments(s) {
		t := want[a.Day]
		t.Used = t.Used.Plus(a.Delta)
		t.PromptTokens += a.Prompt
		t.CompletionTokens += a.Completion
		want[a.Day] = t
	}
	first, last := f.around()
	days, err := f.Days(f.Context(), s, first, last)
	if err != nil {
		f.Fatalf("Days: %v", err)
	}
	for _, got := range days {
		w := want[got.Day]
		w.Day, w.Held = got.Day, got.Held
		if got != w {
			f.Errorf("%s: the totals are not the sum of events and adjustments:\n got %+v\nwant %+v", got.Day, got, w)
		}
	}
}

// doneContext returns a context that is done.
func (f *usageFixture) doneContext() context.Context {
	ctx, cancel := context.WithCancel(f.Context())
	cancel()
	return ctx
}
