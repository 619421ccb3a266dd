// Package model tests stores against naive models of what they keep, with
// random sequences of calls.
package model

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// ledger is a store under test.
type ledger interface {
	ports.Ledger
	ports.Checkpointer
	ports.Sweeper
	ports.UsageReader
}

// naive is what an outsider knows of a ledger: the calls that it has accepted,
// and nothing of how it keeps them.
type naive struct {
	limits       usage.Limits
	reservations []*naiveHold
}

type naiveHold struct {
	scope  tenant.Scope
	hold   usage.Hold
	closed bool // released, swept, or the last call was settled and no other is under way
	last   bool // the last call was settled
	calls  map[int]*naiveCall
}

type naiveCall struct {
	sent       *usage.Call // nil if it was settled without a dispatch
	checkpoint int64
	event      *usage.Event // what counts for it in the end
	guessed    bool         // event is the sweep's
	excess     int64        // tokens beyond what the call was allowed
}

// spent returns what the calls of a scope have used on a day, and how many
// tokens of it are beyond what they were allowed.
func (m *naive) spent(s tenant.Scope, d usage.Day) (used usage.Amounts, excess int64) {
	for _, h := range m.reservations {
		for _, c := range h.calls {
			if h.scope == s && h.hold.Day == d && c.event != nil {
				used = used.Plus(c.event.Spent())
				excess += c.excess
			}
		}
	}
	return used, excess
}

// owed returns what calls under way may yet spend: as much must be held.
func (m *naive) owed(s tenant.Scope, d usage.Day) usage.Amounts {
	var sum usage.Amounts
	for _, h := range m.reservations {
		for _, c := range h.calls {
			if h.scope == s && h.hold.Day == d && c.event == nil {
				sum = sum.Plus(c.sent.Bound())
			}
		}
	}
	sum.EmbeddingRequests = 0 // counted, not limited
	return sum
}

func (h *naiveHold) underWay() int {
	n := 0
	for _, c := range h.calls {
		if c.event == nil {
			n++
		}
	}
	return n
}

// run drives one ledger, and checks after each step that it shows what the
// naive model knows.
type run struct {
	t      *rapid.T
	l      ledger
	scopes []tenant.Scope
	now    time.Time
	model  naive
}

func price() usage.Price {
	return usage.Price{Model: "model-1", Version: "1", Input: 2 * usage.USD, CachedInput: usage.USD, Output: 4 * usage.USD}
}

func (r *run) today() usage.Day { return usage.DayOf(r.now, time.UTC) }

func (r *run) totals(s tenant.Scope, d usage.Day) usage.Totals {
	days, err := r.l.Days(r.t.Context(), s, d, d)
	if err != nil {
		r.t.Fatalf("Days: %v", err)
	}
	return days[0]
}

func (r *run) reserve() {
	h := &naiveHold{scope: rapid.SampledFrom(r.scopes).Draw(r.t, "scope"), calls: map[int]*naiveCall{}}
	tokens := rapid.Int64Range(0, 150).Draw(r.t, "tokens")
	h.hold = usage.Hold{
		ID: usage.ReservationID(usage.ReservationPrefix + porttest.NewID()), Day: r.today(),
		Want:   usage.Amounts{ChatRequests: 1, ChatTokens: tokens, EmbeddingTokens: rapid.Int64Range(0, 30).Draw(r.t, "embedding"), Cost: price().Bound(tokens, tokens)},
		Limits: r.model.limits, Admit: r.now, Expires: r.now.Add(time.Minute), ResetAt: r.now.Add(time.Hour),
	}
	admitted := r.totals(h.scope, h.hold.Day).Admitted()
	fits := r.model.limits.Admit(admitted, h.hold.Want) == nil
	err := r.l.Reserve(r.t.Context(), h.scope, h.hold)
	switch {
	case fits && err != nil, !fits && !errors.Is(err, usage.ErrLimitExceeded):
		r.t.Fatalf("Reserve of %+v on top of %+v: %v", h.hold.Want, admitted, err)
	case err == nil:
		r.model.reservations = append(r.model.reservations, h)
	}
}

// some draws a reservation; nil if there is none.
func (r *run) some() *naiveHold {
	if len(r.model.reservations) == 0 {
		return nil
	}
	// The late ones are the live ones.
	n := len(r.model.reservations)
	return r.model.reservations[rapid.IntRange(max(0, n-5), n-1).Draw(r.t, "reservation")]
}

func (r *run) dispatch() {
	h := r.some()
	if h == nil {
		return
	}
	c := usage.Call{
		No: rapid.IntRange(1, 4).Draw(r.t, "call"), Kind: rapid.SampledFrom([]usage.Kind{usage.Chat, usage.Embedding, usage.Rerank}).Draw(r.t, "kind"),
		Model: "model-1", PromptTokens: rapid.Int64Range(0, 60).Draw(r.t, "prompt"), Price: price(), At: r.now,
	}
	if c.Kind != usage.Embedding {
		c.MaxOutput = rapid.Int64Range(0, 60).Draw(r.t, "max output")
	}
	if c.No == 1 && c.Kind == usage.Chat {
		c.ChatRequests = 1
	}
	rest := usage.Amounts{ChatTokens: rapid.Int64Range(0, 60).Draw(r.t, "rest"), Cost: usage.NanoUSD(rapid.Int64Range(0, 200_000).Draw(r.t, "rest cost"))}
	if rapid.Bool().Draw(r.t, "keep the request") && c.ChatRequests == 0 {
		rest.ChatRequests = 1
	}
	err := r.l.Dispatch(r.t.Context(), h.scope, h.hold.ID, c, rest)
	_, known := h.calls[c.No]
	switch {
	case err == nil && !known && (h.closed || h.last):
		r.t.Fatalf("call %d was sent on a closed reservation", c.No)
	case err == nil && !known:
		h.calls[c.No] = &naiveCall{sent: &c}
	case err != nil && !errors.Is(err, ports.ErrConflict) && !errors.Is(err, usage.ErrOverHold):
		r.t.Fatalf("Dispatch: %v", err)
	}
}

func (r *run) checkpoint() {
	var cs []ports.Checkpoint
	for range rapid.IntRange(0, 4).Draw(r.t, "entries") {
		h := r.some()
		if h == nil {
			return
		}
		c := ports.Checkpoint{
			Scope: h.scope, Reservation: h.hold.ID, CallNo: rapid.IntRange(1, 4).Draw(r.t, "call"),
			Output: rapid.Int64Range(-3, 70).Draw(r.t, "output"),
		}
		if rapid.IntRange(0, 9).Draw(r.t, "stranger") == 0 {
			c.Scope = r.scopes[(slices.Index(r.scopes, h.scope)+1)%len(r.scopes)]
		}
		cs = append(cs, c)
		if call := h.calls[c.CallNo]; call != nil && call.event == nil && c.Scope == h.scope {
			call.checkpoint = max(call.checkpoint, c.Output)
		}
	}
	if err := r.l.Checkpoint(r.t.Context(), cs); err != nil {
		r.t.Fatalf("Checkpoint: %v", err)
	}
}

func (r *run) settle() {
	h := r.some()
	if h == nil {
		return
	}
	no := rapid.IntRange(1, 4).Draw(r.t, "call")
	tokens := chat.Tokens{Input: rapid.Int64Range(0, 70).Draw(r.t, "input"), Output: rapid.Int64Range(0, 70).Draw(r.t, "output"), CountedBy: chat.ByProvider}
	e := usage.Event{
		ID: usage.EventID(usage.EventPrefix + porttest.NewID()), CallNo: no, Kind: usage.Chat, Model: "model-1", Tokens: tokens,
		Cost: price().Cost(tokens), PriceVersion: "1", Success: true, At: r.now, Last: rapid.IntRange(0, 2).Draw(r.t, "last") == 0,
	}
	call := h.calls[no]
	if call != nil && call.sent != nil {
		e.Kind, e.ChatRequests = call.sent.Kind, call.sent.ChatRequests
	}
	before := r.totals(h.scope, h.hold.Day)
	err := r.l.Settle(r.t.Context(), h.scope, h.hold.ID, e)
	released := h.closed && len(h.calls) == 0
	switch {
	case released && !errors.Is(err, ports.ErrConflict):
		r.t.Fatalf("Settle of a released reservation: %v", err)
	case !released && err != nil:
		r.t.Fatalf("Settle: %v", err)
	case err != nil:
	case call == nil: // settled without a dispatch
		// How much it was allowed depends on what was left of the hold. What
		// the ledger flagged must explain what was added on top.
		added := r.totals(h.scope, h.hold.Day).Admitted().ChatTokens - before.Admitted().ChatTokens
		excess := r.event(h, e.ID).Excess
		if added > excess {
			r.t.Fatalf("an event of %d tokens raised what is used and held by %d, and is said to exceed by %d", tokens.Total(), added, excess)
		}
		h.calls[no] = &naiveCall{event: &e, excess: excess}
		h.ended(e.Last)
	case call.event == nil:
		call.event, call.excess = &e, max(0, tokens.Input-call.sent.PromptTokens)+max(0, tokens.Output-call.sent.MaxOutput)
		if got := r.event(h, e.ID).Excess; got != call.excess {
			r.t.Fatalf("the event says an excess of %d, want %d", got, call.excess)
		}
		h.ended(e.Last)
	case call.guessed: // the sweep's guess is corrected
		call.event, call.guessed = &e, false
		// Nothing was held any more: all that the guess had missed counts as
		// excess here.
		call.excess = tokens.Total()
	}
}

// ended notes that a call was settled in time.
func (h *naiveHold) ended(last bool) {
	h.last = h.last || last
	if h.last && h.underWay() == 0 {
		h.closed = true
	}
}

func (r *run) event(h *naiveHold, id usage.EventID) usage.Event {
	events, err := r.l.Events(r.t.Context(), h.scope, h.hold.Day, h.hold.Day, "", 10_000)
	if err != nil {
		r.t.Fatalf("Events: %v", err)
	}
	i := slices.IndexFunc(events, func(e usage.Event) bool { return e.ID == id })
	if i < 0 {
		r.t.Fatalf("there is no event %s", id)
	}
	return events[i]
}

func (r *run) release() {
	h := r.some()
	if h == nil {
		return
	}
	err := r.l.Release(r.t.Context(), h.scope, h.hold.ID)
	switch {
	case !h.closed && len(h.calls) > 0:
		if !errors.Is(err, ports.ErrConflict) {
			r.t.Fatalf("Release of what was sent: %v", err)
		}
	case err != nil:
		r.t.Fatalf("Release: %v", err)
	default:
		h.closed = true
	}
}

func (r *run) again() {
	h := r.some()
	if h == nil {
		return
	}
	if err := r.l.Reserve(r.t.Context(), h.scope, h.hold); err != nil {
		r.t.Fatalf("Reserve again: %v", err)
	}
}

func (r *run) pass() {
	r.now = r.now.Add(time.Duration(rapid.IntRange(1, 50).Draw(r.t, "seconds")) * time.Second)
}

func (r *run) sweep() { r.sweepMost(rapid.IntRange(0, 3).Draw(r.t, "limit")) }

func (r *run) sweepMost(limit int) {
	swept, err := r.l.Sweep(r.t.Context(), r.now, limit)
	if err != nil {
		r.t.Fatalf("Sweep: %v", err)
	}
	if len(swept) > limit {
		r.t.Fatalf("Sweep of at most %d settled %d", limit, len(swept))
	}
	for _, s := range swept {
		i := slices.IndexFunc(r.model.reservations, func(h *naiveHold) bool { return h.hold.ID == s.Reservation && h.scope == s.Scope })
		if i < 0 {
			r.t.Fatalf("Sweep settled %s of %v, which was never reserved", s.Reservation, s.Scope)
		}
		h := r.model.reservations[i]
		if h.closed || r.now.Before(h.hold.Expires) || len(s.Events) != h.underWay() {
			r.t.Fatalf("Sweep settled %s: closed %v, expires %v, now %v, %d events of %d calls", s.Reservation, h.closed, h.hold.Expires, r.now, len(s.Events), h.underWay())
		}
		h.closed = true
		for _, e := range s.Events {
			c := h.calls[e.CallNo]
			if c == nil || c.event != nil || e.Tokens.Input != c.sent.PromptTokens || e.Tokens.Output != c.checkpoint || e.ErrorCode != usage.CodeSwept {
				r.t.Fatalf("Sweep wrote %+v for call %+v", e, c)
			}
			c.event, c.guessed, c.excess = &e, true, max(0, c.checkpoint-c.sent.MaxOutput)
		}
	}
}

// check compares what the ledger shows with what the model knows.
func (r *run) check(*rapid.T) {
	first, last := usage.DayOf(start(), time.UTC), r.today()
	for _, s := range r.scopes {
		events, err := r.l.Events(r.t.Context(), s, first, last, "", 10_000)
		if err != nil {
			r.t.Fatalf("Events: %v", err)
		}
		adjustments, err := r.l.Adjustments(r.t.Context(), s, first, last)
		if err != nil {
			r.t.Fatalf("Adjustments: %v", err)
		}
		days, err := r.l.Days(r.t.Context(), s, first, last)
		if err != nil {
			r.t.Fatalf("Days: %v", err)
		}
		for _, d := range days {
			var sum usage.Amounts
			var prompt, completion int64
			calls := map[string]bool{}
			for _, e := range events {
				if e.Day != d.Day {
					continue
				}
				if key := fmt.Sprint(e.Reservation, e.CallNo); calls[key] {
					r.t.Fatalf("call %s has two events", key)
				} else {
					calls[key] = true
				}
				sum, prompt, completion = sum.Plus(e.Spent()), prompt+e.Tokens.Input, completion+e.Tokens.Output
			}
			for _, a := range adjustments {
				if a.Day == d.Day {
					sum, prompt, completion = sum.Plus(a.Delta), prompt+a.Prompt, completion+a.Completion
				}
			}
			if sum != d.Used || prompt != d.PromptTokens || completion != d.CompletionTokens {
				r.t.Fatalf("%s: events and adjustments add up to %+v, the totals are %+v", d.Day, sum, d)
			}
			used, excess := r.model.spent(s, d.Day)
			if used != d.Used {
				r.t.Fatalf("%s: used are %+v, the calls spent %+v", d.Day, d.Used, used)
			}
			if owed := r.model.owed(s, d.Day); d.Held.IsNegative() || !owed.Within(d.Held) {
				r.t.Fatalf("%s: held are %+v, and calls under way may spend %+v", d.Day, d.Held, owed)
			}
			admitted, l := d.Admitted(), r.model.limits
			if admitted.ChatTokens > int64(l.ChatTokens)+excess || admitted.EmbeddingTokens > int64(l.EmbeddingTokens)+excess || admitted.ChatRequests > int64(l.ChatRequests) {
				r.t.Fatalf("%s: used and held are %+v, the limits %+v, the excess %d", d.Day, admitted, l, excess)
			}
		}
	}
}

// finish lets everything expire, and checks that each call that was sent has
// its event and nothing is held.
func (r *run) finish() {
	r.now = r.now.Add(time.Hour)
	r.sweepMost(10_000)
	r.check(r.t)
	for _, h := range r.model.reservations {
		if n := h.underWay(); n != 0 {
			r.t.Fatalf("%d calls of %s have no event", n, h.hold.ID)
		}
		if held := r.totals(h.scope, h.hold.Day).Held; held != (usage.Amounts{}) {
			r.t.Fatalf("%+v is held for ever", held)
		}
	}
}

// start is six minutes before midnight, so that runs come over it.
func start() time.Time { return time.Date(2026, 11, 23, 23, 54, 0, 0, time.UTC) }

func drive(t *rapid.T, l ledger, scopes []tenant.Scope) {
	r := &run{t: t, l: l, scopes: scopes, now: start(), model: naive{limits: usage.Limits{
		ChatTokens:      usage.Limit(rapid.Int64Range(0, 500).Draw(t, "chat token limit")),
		ChatRequests:    usage.Limit(rapid.Int64Range(0, 12).Draw(t, "chat request limit")),
		EmbeddingTokens: usage.Limit(rapid.Int64Range(0, 200).Draw(t, "embedding token limit")), Cost: usage.Unlimited,
	}}}
	step := func(f func()) func(*rapid.T) { return func(*rapid.T) { f() } }
	t.Repeat(map[string]func(*rapid.T){
		"": r.check, "reserve": step(r.reserve), "reserve again": step(r.again), "dispatch": step(r.dispatch), "dispatch more": step(r.dispatch),
		"checkpoint": step(r.checkpoint), "settle": step(r.settle), "settle more": step(r.settle), "release": step(r.release),
		"time passes": step(r.pass), "sweep": step(r.sweep),
	})
	r.finish()
}

func TestUsageOnMemory(t *testing.T) {
	check(t, 100, 5_000, func(t *rapid.T) {
		scopes := []tenant.Scope{randomScope(), randomScope()}
		drive(t, memory.NewLedger(time.Now, porttest.NewID), scopes)
	})
}

// One database for all runs, each on sites of its own: opening one costs more
// than a run.

func TestUsageOnSQLite(t *testing.T) {
	db := openSQLite(t, t.TempDir())
	check(t, 50, 1_000, func(t *rapid.T) { driveStore(t, db.Ledger(), db.Accounts()) })
}

func TestUsageOnPostgres(t *testing.T) {
	db := openPostgres(t, direct(newDatabase(t)), porttest.NewID)
	check(t, 20, 1_000, func(t *rapid.T) { driveStore(t, db.Ledger(), db.Accounts()) })
}

func driveStore(t *rapid.T, l ledger, b books) {
	if err := sweepAll(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	drive(t, l, twoSites(t, b))
}

func randomScope() tenant.Scope {
	return tenant.Scope{Tenant: tenant.ID(tenant.Prefix + porttest.NewID()), Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
}
