package model

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
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

// The SQL of the Postgres ledger repeats what domain/usage decides. The memory
// ledger lets the domain decide, so both get the same calls, and after each one
// they must have said and must show the same.

// lockstep drives two ledgers.
type lockstep struct {
	t      *rapid.T
	ref    ledger // decides by domain/usage
	sut    ledger
	scopes []tenant.Scope
	now    time.Time
	limits usage.Limits
	holds  []*heldPair
	events []usage.Event // that were tried
}

type heldPair struct {
	scope tenant.Scope
	hold  usage.Hold
	sent  []usage.Call // that were tried
}

// numbering gives both ledgers the same ids for the events of their sweeps.
type numbering struct{ next atomic.Pointer[func() string] }

func (n *numbering) newID() string { return (*n.next.Load())() }

func (n *numbering) set(f func() string) { n.next.Store(&f) }

// counted returns ids that begin with those of run.
func counted(run string) func() string {
	var n atomic.Int64
	return func() string { return fmt.Sprintf("%s%012d", run[:24], n.Add(1)) }
}

// same fails unless both ledgers answer alike.
func (r *lockstep) same(what string, do func(l ledger) error) {
	want, got := do(r.ref), do(r.sut)
	if !alike(want, got) {
		r.t.Fatalf("%s: got\n\t%s\nwant\n\t%s\n%v", what, class(got), class(want), got)
	}
}

// alike reports whether got tells a caller what want does. Of a call that makes
// no sense, for a reservation that is not there, either may be said.
func alike(want, got error) bool {
	return class(want) == class(got) ||
		errors.Is(want, ports.ErrNotFound) && errors.Is(got, ports.ErrInvalid) && errors.Is(got, usage.ErrBadHold)
}

// show compares all that the two ledgers show.
func (r *lockstep) show(*rapid.T) {
	first, last := usage.DayOf(start().AddDate(0, 0, -1), time.UTC), usage.DayOf(r.now.AddDate(0, 0, 1), time.UTC)
	for _, s := range r.scopes {
		var shown [2]struct {
			days        []usage.Totals
			events      []usage.Event
			adjustments []usage.Adjustment
		}
		for i, l := range []ledger{r.ref, r.sut} {
			var errs [3]error
			shown[i].days, errs[0] = l.Days(r.t.Context(), s, first, last)
			shown[i].events, errs[1] = l.Events(r.t.Context(), s, first, last, "", 10_000)
			shown[i].adjustments, errs[2] = l.Adjustments(r.t.Context(), s, first, last)
			if err := errors.Join(errs[:]...); err != nil {
				r.t.Fatal(err)
			}
			byID(shown[i].events)
			slices.SortFunc(shown[i].adjustments, func(a, b usage.Adjustment) int { return cmp.Compare(a.Event, b.Event) })
		}
		if !slices.Equal(shown[0].days, shown[1].days) {
			r.t.Fatalf("days: got\n\t%+v\nwant\n\t%+v", shown[1].days, shown[0].days)
		}
		if !slices.Equal(shown[0].events, shown[1].events) {
			r.t.Fatalf("events: got\n\t%+v\nwant\n\t%+v", shown[1].events, shown[0].events)
		}
		if !slices.Equal(shown[0].adjustments, shown[1].adjustments) {
			r.t.Fatalf("adjustments: got\n\t%+v\nwant\n\t%+v", shown[1].adjustments, shown[0].adjustments)
		}
	}
}

func (r *lockstep) oneIn(n int, what string) bool { return rapid.IntRange(1, n).Draw(r.t, what) == n }

// drawHold draws a new hold of any kind.
func (r *lockstep) drawHold() *heldPair {
	h := &heldPair{scope: rapid.SampledFrom(r.scopes).Draw(r.t, "scope")}
	tokens := rapid.Int64Range(0, 150).Draw(r.t, "tokens")
	h.hold = usage.Hold{
		ID: usage.ReservationID(usage.ReservationPrefix + porttest.NewID()), Day: usage.DayOf(r.now, time.UTC),
		Want: usage.Amounts{
			ChatRequests: rapid.Int64Range(0, 2).Draw(r.t, "requests"), EmbeddingRequests: rapid.Int64Range(0, 2).Draw(r.t, "embedding requests"),
			ChatTokens: tokens, EmbeddingTokens: rapid.Int64Range(0, 90).Draw(r.t, "embedding"), Cost: price().Bound(tokens, tokens),
		},
		Limits: r.limits, Admit: r.now, Expires: r.now.Add(time.Minute), ResetAt: r.now.Add(time.Hour),
	}
	return h
}

func (r *lockstep) reserve() {
	h := r.drawHold()
	r.same(fmt.Sprintf("Reserve %+v", h.hold), func(l ledger) error { return l.Reserve(r.t.Context(), h.scope, h.hold) })
	r.holds = append(r.holds, h)
}

// reserveAgain repeats a reservation: as it was, with other amounts or on
// another day.
func (r *lockstep) reserveAgain() {
	h := r.some()
	if h == nil {
		return
	}
	hold := h.hold
	switch rapid.IntRange(0, 5).Draw(r.t, "how") {
	case 0:
		hold.Day = usage.DayOf(start().AddDate(0, 0, rapid.IntRange(-1, 1).Draw(r.t, "day")), time.UTC)
	case 1:
		hold.Want.ChatTokens++
	case 2:
		hold.Want.EmbeddingRequests++
	case 3:
		hold.Limits, hold.Expires = usage.Limits{}, hold.Expires.Add(time.Hour) // neither makes another request of it
	case 4:
		hold.Want = usage.Amounts{}
	}
	r.same(fmt.Sprintf("Reserve %+v again as %+v", h.hold, hold), func(l ledger) error { return l.Reserve(r.t.Context(), h.scope, hold) })
}

// some draws one of the last reservations; nil if there are none.
func (r *lockstep) some() *heldPair {
	if len(r.holds) == 0 {
		return nil
	}
	n := len(r.holds)
	return r.holds[rapid.IntRange(max(0, n-6), n-1).Draw(r.t, "reservation")]
}

// several draws different reservations of the last ones.
func (r *lockstep) several() []*heldPair {
	n := len(r.holds)
	list := slices.Clone(r.holds[max(0, n-8):])
	if len(list) == 0 {
		return nil
	}
	list = rapid.Permutation(list).Draw(r.t, "reservations")
	return list[:rapid.IntRange(1, len(list)).Draw(r.t, "how many")]
}

// drawCall draws a call of h: a new one, one that was sent, or one that nearly
// was, and what is to be kept for later ones.
func (r *lockstep) drawCall(h *heldPair) (usage.Call, usage.Amounts) {
	var c usage.Call
	if len(h.sent) > 0 && r.oneIn(3, "as before") {
		c = rapid.SampledFrom(h.sent).Draw(r.t, "sent")
		c.At = r.now
		switch rapid.IntRange(0, 7).Draw(r.t, "but") {
		case 0:
			c.MaxOutput++
		case 1:
			c.Model = "model-2"
		case 2:
			c.Price.CachedInput++
		case 3:
			c.Message = chat.MessageID(chat.MessagePrefix + porttest.NewID())
		}
	} else {
		c = usage.Call{
			No: rapid.IntRange(1, 4).Draw(r.t, "call"), Kind: rapid.SampledFrom([]usage.Kind{usage.Chat, usage.Embedding, usage.Rerank}).Draw(r.t, "kind"),
			Model: "model-1", ChatRequests: rapid.Int64Range(0, 1).Draw(r.t, "requests"),
			PromptTokens: rapid.Int64Range(0, 60).Draw(r.t, "prompt"), Price: price(), At: r.now,
		}
		if c.Kind != usage.Embedding || r.oneIn(5, "embedding with output") {
			c.MaxOutput = rapid.Int64Range(0, 60).Draw(r.t, "max output")
		}
		if r.oneIn(4, "for a message") {
			c.Conversation = chat.ConversationID(chat.ConversationPrefix + porttest.NewID())
		}
		c.Price.Local = r.oneIn(6, "local")
		switch {
		case r.oneIn(30, "no number"):
			c.No = 0
		case r.oneIn(30, "huge"):
			c.PromptTokens = chat.MaxTokensPerCall + 1
		}
	}
	rest := usage.Amounts{
		ChatRequests: rapid.Int64Range(0, 1).Draw(r.t, "rest requests"), EmbeddingRequests: rapid.Int64Range(0, 1).Draw(r.t, "rest embedding requests"),
		ChatTokens: rapid.Int64Range(0, 60).Draw(r.t, "rest"), EmbeddingTokens: rapid.Int64Range(0, 20).Draw(r.t, "rest embedding"),
		Cost: usage.NanoUSD(rapid.Int64Range(0, 200_000).Draw(r.t, "rest cost")),
	}
	if r.oneIn(3, "no rest") {
		rest = usage.Amounts{}
	}
	h.sent = append(h.sent, c)
	return c, rest
}

// drawEvent draws the end of a call of h, which may never have been sent, have
// been of another kind, or have taken more than it was allowed.
func (r *lockstep) drawEvent(h *heldPair) usage.Event {
	tokens := chat.Tokens{Input: rapid.Int64Range(0, 90).Draw(r.t, "input"), Output: rapid.Int64Range(0, 90).Draw(r.t, "output"), CountedBy: chat.ByProvider}
	e := usage.Event{
		ID: usage.EventID(usage.EventPrefix + porttest.NewID()), CallNo: rapid.IntRange(1, 4).Draw(r.t, "call"),
		Kind: rapid.SampledFrom([]usage.Kind{usage.Chat, usage.Chat, usage.Embedding, usage.Rerank}).Draw(r.t, "kind"), Model: "model-1",
		ProviderModel: "model-1-dated", Tokens: tokens, Cost: price().Cost(tokens), PriceVersion: "1", Success: true, At: r.now,
		Latency: 7 * time.Millisecond, RawUsage: `{"total_tokens":1}`, Last: r.oneIn(3, "last"),
	}
	if len(h.sent) > 0 && !r.oneIn(5, "anything") {
		c := rapid.SampledFrom(h.sent).Draw(r.t, "sent")
		e.CallNo, e.Kind, e.ChatRequests = max(1, c.No), c.Kind, c.ChatRequests
	}
	switch {
	case r.oneIn(12, "more requests"):
		e.ChatRequests++
	case r.oneIn(30, "no call"):
		e.CallNo = 0
	case r.oneIn(30, "negative"):
		e.Tokens.Output = -1
	case r.oneIn(20, "another's id"):
		for _, o := range r.events {
			e.ID = o.ID
		}
	case r.oneIn(20, "no time"):
		e.Tokens.Cached, e.Tokens.Reasoning = e.Tokens.Input, e.Tokens.Output
	}
	r.events = append(r.events, e)
	return e
}

func (r *lockstep) dispatch() {
	if h := r.some(); h != nil {
		c, rest := r.drawCall(h)
		r.same(fmt.Sprintf("Dispatch %+v rest %+v", c, rest), func(l ledger) error { return l.Dispatch(r.t.Context(), h.scope, h.hold.ID, c, rest) })
	}
}

func (r *lockstep) settle() {
	if h := r.some(); h != nil {
		e := r.drawEvent(h)
		r.same(fmt.Sprintf("Settle %+v", e), func(l ledger) error { return l.Settle(r.t.Context(), h.scope, h.hold.ID, e) })
	}
}

func (r *lockstep) release() {
	if h := r.some(); h != nil {
		r.same("Release", func(l ledger) error { return l.Release(r.t.Context(), h.scope, h.hold.ID) })
	}
}

// stranger calls everything for a reservation that the other site has, or
// nobody: there is no difference.
func (r *lockstep) stranger() {
	h := r.some()
	if h == nil {
		return
	}
	s, id := r.scopes[(slices.Index(r.scopes, h.scope)+1)%len(r.scopes)], h.hold.ID
	if r.oneIn(2, "nobody's") {
		id = usage.ReservationID(usage.ReservationPrefix + porttest.NewID())
	}
	r.same("Dispatch of another's", func(l ledger) error {
		return l.Dispatch(r.t.Context(), s, id, usage.Call{No: 1, Kind: usage.Chat, Model: "model-1", At: r.now}, usage.Amounts{})
	})
	r.same("Settle of another's", func(l ledger) error {
		return l.Settle(r.t.Context(), s, id, usage.Event{ID: usage.EventID(usage.EventPrefix + porttest.NewID()), CallNo: 1, Kind: usage.Chat, Model: "model-1", At: r.now})
	})
	r.same("Release of another's", func(l ledger) error { return l.Release(r.t.Context(), s, id) })
}

// together has one step of several reservations committed at once: in one
// batch, but for the first, which went alone.
func (r *lockstep) together() {
	type call struct {
		what string
		do   func(l ledger) error
		err  error
	}
	var calls []*call
	kind := rapid.SampledFrom([]string{"reserve", "dispatch", "settle", "release"}).Draw(r.t, "step")
	if kind == "reserve" {
		for range rapid.IntRange(1, 6).Draw(r.t, "how many") {
			h := r.drawHold()
			h.hold.Limits = usage.NoLimits() // so that their order is nothing to anybody
			r.holds = append(r.holds, h)
			calls = append(calls, &call{fmt.Sprintf("Reserve %+v", h.hold), func(l ledger) error { return l.Reserve(r.t.Context(), h.scope, h.hold) }, nil})
		}
	} else {
		for _, h := range r.several() {
			switch kind {
			case "dispatch":
				c, rest := r.drawCall(h)
				calls = append(calls, &call{fmt.Sprintf("Dispatch %+v rest %+v", c, rest), func(l ledger) error { return l.Dispatch(r.t.Context(), h.scope, h.hold.ID, c, rest) }, nil})
			case "settle":
				e := r.drawEvent(h)
				e.ID = usage.EventID(usage.EventPrefix + porttest.NewID()) // who comes first would have it
				calls = append(calls, &call{fmt.Sprintf("Settle %+v", e), func(l ledger) error { return l.Settle(r.t.Context(), h.scope, h.hold.ID, e) }, nil})
			case "release":
				calls = append(calls, &call{"Release", func(l ledger) error { return l.Release(r.t.Context(), h.scope, h.hold.ID) }, nil})
			}
		}
	}
	var all sync.WaitGroup
	for _, c := range calls {
		all.Go(func() { c.err = c.do(r.sut) })
	}
	all.Wait()
	for _, c := range calls {
		if want := c.do(r.ref); !alike(want, c.err) {
			r.t.Fatalf("%s, together with %d others: got\n\t%s\nwant\n\t%s\n%v", c.what, len(calls)-1, class(c.err), class(want), c.err)
		}
	}
}

func (r *lockstep) checkpoint() {
	var cs []ports.Checkpoint
	for range rapid.IntRange(0, 5).Draw(r.t, "entries") {
		h := r.some()
		if h == nil {
			return
		}
		c := ports.Checkpoint{Scope: h.scope, Reservation: h.hold.ID, CallNo: rapid.IntRange(0, 4).Draw(r.t, "call"), Output: rapid.Int64Range(-3, 90).Draw(r.t, "output")}
		if r.oneIn(20, "huge") {
			c.Output = chat.MaxTokensPerCall + 1
		}
		cs = append(cs, c)
	}
	r.same("Checkpoint", func(l ledger) error { return l.Checkpoint(r.t.Context(), cs) })
}

func (r *lockstep) pass() {
	r.now = r.now.Add(time.Duration(rapid.IntRange(1, 50).Draw(r.t, "seconds")) * time.Second)
}

func (r *lockstep) sweep() { r.sweepMost(rapid.IntRange(0, 4).Draw(r.t, "limit")) }

func (r *lockstep) sweepMost(limit int) {
	var swept [2][]ports.Swept
	for i, l := range []ledger{r.ref, r.sut} {
		var err error
		if swept[i], err = l.Sweep(r.t.Context(), r.now, limit); err != nil {
			r.t.Fatalf("Sweep: %v", err)
		}
	}
	if len(swept[0])+len(swept[1]) > 0 && !reflect.DeepEqual(swept[0], swept[1]) {
		r.t.Fatalf("Sweep: got\n\t%+v\nwant\n\t%+v", swept[1], swept[0])
	}
}

// newLimits draws other limits for the reservations to come.
func (r *lockstep) newLimits() {
	draw := func(what string, most int64) usage.Limit {
		if r.oneIn(4, what+" unlimited") {
			return usage.Unlimited
		}
		return usage.Limit(rapid.Int64Range(0, most).Draw(r.t, what))
	}
	r.limits = usage.Limits{
		ChatTokens: draw("chat tokens", 700), ChatRequests: draw("chat requests", 15),
		EmbeddingTokens: draw("embedding tokens", 500), Cost: draw("cost", 4_000_000),
	}
}

func walk(t *rapid.T, sut ledger, scopes []tenant.Scope, ids *numbering) {
	ids.set(porttest.NewID)
	if err := sweepAll(t.Context(), sut); err != nil {
		t.Fatal(err)
	}
	run := porttest.NewID()
	ids.set(counted(run))
	r := &lockstep{t: t, ref: memory.NewLedger(start, counted(run)), sut: sut, scopes: scopes, now: start()}
	r.newLimits()
	step := func(f func()) func(*rapid.T) { return func(*rapid.T) { f() } }
	t.Repeat(map[string]func(*rapid.T){
		"": r.show, "reserve": step(r.reserve), "reserve more": step(r.reserve), "reserve again": step(r.reserveAgain), "dispatch": step(r.dispatch),
		"dispatch more": step(r.dispatch), "checkpoint": step(r.checkpoint), "settle": step(r.settle), "settle more": step(r.settle), "release": step(r.release),
		"together": step(r.together), "together more": step(r.together), "stranger": step(r.stranger), "time passes": step(r.pass),
		"sweep": step(r.sweep), "limits": step(r.newLimits),
	})
	r.now = r.now.Add(time.Hour)
	r.sweepMost(10_000)
	r.show(t)
}

func TestLockstepOnPostgres(t *testing.T) {
	var ids numbering
	ids.set(porttest.NewID)
	db := openPostgres(t, direct(newDatabase(t)), ids.newID)
	check(t, 25, 1_500, func(t *rapid.T) { walk(t, db.Ledger(), twoSites(t, db.Accounts()), &ids) })
}

func twoSites(t *rapid.T, b books) []tenant.Scope {
	var scopes []tenant.Scope
	for range 2 {
		s, err := newSiteIn(context.WithoutCancel(t.Context()), b)
		if err != nil {
			t.Fatal(err)
		}
		scopes = append(scopes, s)
	}
	return scopes
}

// TestSettledWithoutADispatch sweeps a reservation of which a call was settled
// that nobody had dispatched. It was used, so what comes late is still recorded.
func TestSettledWithoutADispatch(t *testing.T) {
	lite := openSQLite(t, t.TempDir())
	db := openPostgres(t, direct(newDatabase(t)), porttest.NewID)
	for name, store := range map[string]struct {
		l ledger
		s tenant.Scope
	}{
		"memory":   {memory.NewLedger(start, porttest.NewID), randomScope()},
		"sqlite":   {lite.Ledger(), makeSites(t, lite.Accounts(), 1)[0]},
		"postgres": {db.Ledger(), makeSites(t, db.Accounts(), 1)[0]},
	} {
		t.Run(name, func(t *testing.T) {
			l, s, id := store.l, store.s, usage.ReservationID(usage.ReservationPrefix+porttest.NewID())
			settle := func(no int) error {
				tokens := chat.Tokens{Input: 10, Output: int64(no), CountedBy: chat.ByProvider}
				return l.Settle(t.Context(), s, id, usage.Event{
					ID: usage.EventID(usage.EventPrefix + porttest.NewID()), CallNo: no, Kind: usage.Chat, Model: "model-1",
					Tokens: tokens, Cost: price().Cost(tokens), PriceVersion: "1", Success: true, At: start(),
				})
			}
			must(t, l.Reserve(t.Context(), s, usage.Hold{
				ID: id, Day: usage.DayOf(start(), time.UTC), Want: usage.Amounts{ChatTokens: 100, Cost: usage.USD}, Limits: usage.NoLimits(),
				Admit: start(), Expires: start().Add(time.Minute), ResetAt: start().Add(time.Hour),
			}))
			must(t, settle(1))
			swept, err := l.Sweep(t.Context(), start().Add(time.Hour), 10)
			if err != nil || len(swept) != 1 || len(swept[0].Events) != 0 {
				t.Fatalf("Sweep: %+v, %v, want the reservation without an event", swept, err)
			}
			must(t, settle(1))
			must(t, settle(2))
			days, err := l.Days(t.Context(), s, usage.DayOf(start(), time.UTC), usage.DayOf(start(), time.UTC))
			must(t, err)
			if got := days[0]; got.Used.ChatTokens != 11+12 || got.Held != (usage.Amounts{}) {
				t.Errorf("the day has %+v, want both calls and nothing held", got)
			}
		})
	}
}
