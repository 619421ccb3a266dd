package usage

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
)

// Hold asks for a reservation: what a message or a batch may spend in all.
type Hold struct {
	ID      ReservationID
	Day     Day // the site's day at admission
	Want    Amounts
	Limits  Limits
	Admit   time.Time // when it was asked for
	Expires time.Time // from then on the sweep may settle it
	ResetAt time.Time // when the site's next day begins, for the refusal
}

// Same reports whether h and o are the same request, which is then not
// reserved again. Times and limits may have changed between two tries.
func (h Hold) Same(o Hold) bool { return h.ID == o.ID && h.Day == o.Day && h.Want == o.Want }

// ReservationState is where a reservation is in its life.
type ReservationState uint8

// States. The zero ReservationState is invalid.
const (
	Open     ReservationState = iota + 1 // something is held, or calls are under way
	Settled                              // all calls are settled, nothing is held
	Released                             // nothing was ever sent, nothing is held
	Swept                                // it expired, and the sweep settled it
)

// String returns the word of usage_reservations.state.
func (s ReservationState) String() string {
	switch s {
	case Open:
		return "open"
	case Settled:
		return "settled"
	case Released:
		return "released"
	case Swept:
		return "swept"
	}
	return ""
}

// Errors of a Reservation's methods.
var (
	// ErrBadHold means that a hold, call or event makes no sense: the caller
	// is wrong.
	ErrBadHold = errors.New("invalid hold")
	// ErrClosed means that the reservation is settled, released or swept.
	ErrClosed = errors.New("reservation is closed")
	// ErrOverHold means that a call may spend more than is left of its hold.
	// It must be left out or made smaller.
	ErrOverHold = errors.New("call does not fit in its hold")
	// ErrDispatched means that a hold cannot be released, since a call of it
	// was sent: settle it.
	ErrDispatched = errors.New("a call of this reservation was sent")
)

// Reservation is a hold and what has come of it. A ledger loads it, calls one
// method, and stores it together with the Effect in one transaction.
//
// Held always covers the bounds of the calls that are under way, so that used
// + held never falls below what may yet be spent.
type Reservation struct {
	Hold  Hold
	State ReservationState
	Held  Amounts // of the day's held amounts, this reservation's part
	Ended bool    // the call marked Last was settled: what is held is for calls under way
	Calls []CallState
}

// CallState is a dispatched or settled call of a reservation.
type CallState struct {
	Call   Call  // zero but for No if it was settled without a dispatch
	Output int64 // the last checkpoint: output tokens so far
	// Event is the id of the call's event, "" while it is under way.
	Event EventID
	// Counted is what Event added, and Prompt and Completion its tokens.
	Counted            Amounts
	Prompt, Completion int64
	Guessed            bool // the sweep wrote Event, so that a true settlement corrects it
	Corrected          bool // it has; this happens once
}

// Effect is what a step changes beside the reservation itself.
type Effect struct {
	Held       Amounts // to add to the day's held amounts; mostly negative
	Used       Amounts // to add to the day's used amounts
	Prompt     int64   // to add to the day's prompt_tokens
	Completion int64   // to add to the day's completion_tokens
	Events     []Event
	Adjustment *Adjustment
}

// NewReservation returns the reservation for h, with all of it held. The
// ledger has asked h.Limits.Admit before. The error matches ErrBadHold.
func NewReservation(h Hold) (Reservation, error) {
	if h.ID == "" || h.Day == "" || !h.Want.sane() || h.Want == (Amounts{}) || !h.Expires.After(h.Admit) {
		return Reservation{}, fmt.Errorf("%w: id, day, amounts and a later expiry are needed", ErrBadHold)
	}
	return Reservation{Hold: h, State: Open, Held: h.Want}, nil
}

func (r *Reservation) call(no int) *CallState {
	i := slices.IndexFunc(r.Calls, func(c CallState) bool { return c.Call.No == no })
	if i < 0 {
		return nil
	}
	return &r.Calls[i]
}

// underWay returns how many calls were sent and not settled, and the sum of
// their bounds.
func (r *Reservation) underWay() (n int, sum Amounts) {
	for _, c := range r.Calls {
		if c.Event == "" {
			n++
			sum = sum.Plus(c.Call.Bound())
		}
	}
	return n, sum
}

func (r *Reservation) hold(to Amounts) Amounts {
	delta := to.Minus(r.Held)
	r.Held = to
	return delta
}

// Dispatch marks c as sent and lowers the hold to the bounds of all calls under
// way plus rest, which is what later calls may need. Dispatching the same call
// again changes nothing. The errors match ErrBadHold, ErrClosed (also for a
// call that is settled) or ErrOverHold; then nothing is changed.
func (r *Reservation) Dispatch(c Call, rest Amounts) (Effect, error) {
	if c.No < 1 || c.Kind.String() == "" || c.Model == "" || !c.sane() || !rest.sane() {
		return Effect{}, fmt.Errorf("%w: call %+v, rest %+v", ErrBadHold, c, rest)
	}
	if old := r.call(c.No); old != nil {
		if old.Event == "" && old.Call.same(c) {
			return Effect{}, nil
		}
		return Effect{}, fmt.Errorf("%w: call %d was sent before", ErrClosed, c.No)
	}
	if r.State != Open || r.Ended {
		return Effect{}, ErrClosed
	}
	_, open := r.underWay()
	to := open.Plus(c.Bound()).Plus(rest)
	// Embedding requests are counted and not limited: they need no hold.
	to.EmbeddingRequests = r.Held.EmbeddingRequests
	if !to.Within(r.Held) {
		return Effect{}, fmt.Errorf("%w: call %d with %+v to come needs %+v, held %+v", ErrOverHold, c.No, rest, to, r.Held)
	}
	r.add(CallState{Call: c})
	return Effect{Held: r.hold(to)}, nil
}

// Checkpoint notes that call no has written output tokens so far. It never
// goes back, and changes nothing on a call that is settled or was never sent,
// nor by a count that no call can have. It reports whether anything changed.
func (r *Reservation) Checkpoint(no int, output int64) bool {
	c := r.call(no)
	if c == nil || c.Event != "" || output <= c.Output || output > chat.MaxTokensPerCall {
		return false
	}
	c.Output = output
	return true
}

// Settle ends call e.CallNo with what it really spent, be it more than was
// held; then Excess says by how many tokens. Settling a call again changes
// nothing, whatever e says. The first settlement of a call for which the sweep
// has written an event gives an adjustment instead of a second event. The
// errors match ErrBadHold or ErrClosed: the reservation was released.
func (r *Reservation) Settle(e Event) (Effect, error) {
	if e.CallNo < 1 || e.ID == "" || e.Kind.String() == "" || !e.Tokens.Valid() || !e.Spent().sane() {
		return Effect{}, fmt.Errorf("%w: event %s of call %d: %+v", ErrBadHold, e.ID, e.CallNo, e.Tokens)
	}
	e.Reservation, e.Day = r.Hold.ID, r.Hold.Day
	spent := e.Spent()
	c := r.call(e.CallNo)
	switch {
	case c != nil && c.Event != "" && (!c.Guessed || c.Corrected):
		return Effect{}, nil
	case r.State == Released:
		return Effect{}, ErrClosed
	}
	allowed := r.allowed(c)
	// How many tokens a call took is up to the provider; what it was for is not.
	if (c != nil && c.Call.Kind != e.Kind) || e.ChatRequests > allowed.ChatRequests {
		return Effect{}, fmt.Errorf("%w: event of call %d: a %v call of %d chat requests, allowed were %d",
			ErrBadHold, e.CallNo, e.Kind, e.ChatRequests, allowed.ChatRequests)
	}
	if c != nil && c.Guessed {
		return r.correct(c, e), nil
	}
	dispatched := c != nil
	if !dispatched {
		r.add(CallState{Call: Call{No: e.CallNo, Kind: e.Kind}})
		c = r.call(e.CallNo)
	}
	if e.Excess = max(0, e.Tokens.Total()-allowed.tokens(e.Kind)); dispatched {
		// Output costs more than input: what the prompt was shorter than its
		// bound does not pay for it.
		e.Excess = max(0, e.Tokens.Input-c.Call.PromptTokens) + max(0, e.Tokens.Output-c.Call.MaxOutput)
	}
	c.Event, c.Counted, c.Prompt, c.Completion = e.ID, spent, e.Tokens.Input, e.Tokens.Output
	eff := Effect{Used: spent, Prompt: e.Tokens.Input, Completion: e.Tokens.Output, Events: []Event{e}}
	if r.State != Open {
		return eff, nil // settled late, and never swept: nothing is held
	}
	n, open := r.underWay()
	// Embedding requests are counted and not limited: they need no hold.
	open.EmbeddingRequests = 0
	r.Ended = r.Ended || e.Last
	if !r.Ended {
		eff.Held = r.hold(r.Held.Minus(spent).AtLeast(open))
		return eff, nil
	}
	if eff.Held = r.hold(open); n == 0 {
		r.State = Settled
	}
	return eff, nil
}

// allowed returns what call c may spend: its bound, or what is left of the hold
// if it is nil, since it was not dispatched.
func (r *Reservation) allowed(c *CallState) Amounts {
	if c != nil {
		return c.Call.Bound()
	}
	_, open := r.underWay()
	return r.Held.Minus(open).AtLeast(Amounts{})
}

func (r *Reservation) add(c CallState) {
	r.Calls = append(r.Calls, c)
	slices.SortFunc(r.Calls, func(a, b CallState) int { return cmp.Compare(a.Call.No, b.Call.No) })
}

func (r *Reservation) correct(c *CallState, e Event) Effect {
	delta := e.Spent().Minus(c.Counted)
	prompt, completion := e.Tokens.Input-c.Prompt, e.Tokens.Output-c.Completion
	c.Corrected = true
	if delta == (Amounts{}) && prompt == 0 && completion == 0 {
		return Effect{}
	}
	return Effect{Used: delta, Prompt: prompt, Completion: completion, Adjustment: &Adjustment{
		Event: c.Event, Day: r.Hold.Day, Delta: delta, Prompt: prompt, Completion: completion, Reason: LateSettle, At: e.At,
	}}
}

// Release gives the whole hold back. Releasing a closed reservation changes
// nothing. The error matches ErrDispatched if a call was sent.
func (r *Reservation) Release() (Effect, error) {
	if r.State != Open {
		return Effect{}, nil
	}
	if len(r.Calls) > 0 {
		return Effect{}, ErrDispatched
	}
	r.State = Released
	return Effect{Held: r.hold(Amounts{})}, nil
}

// Sweep settles an expired reservation: each call under way at its prompt plus
// its last checkpoint, never at zero, marked CodeSwept. One of which nothing
// was sent is released. It changes nothing before r.Hold.Expires or on a
// closed reservation. newID gives the events their ids.
func (r *Reservation) Sweep(now time.Time, newID func() EventID) Effect {
	if r.State != Open || now.Before(r.Hold.Expires) {
		return Effect{}
	}
	var eff Effect
	for i := range r.Calls {
		c := &r.Calls[i]
		if c.Event != "" {
			continue
		}
		t := chat.Tokens{Input: c.Call.PromptTokens, Output: c.Output, CountedBy: chat.ByBound}
		if c.Call.Price.Local {
			t.Input, t.Output = 0, 0 // whatever was noted: only the request counts
		}
		e := Event{
			ID: newID(), Reservation: r.Hold.ID, CallNo: c.Call.No, Conversation: c.Call.Conversation, Message: c.Call.Message,
			Kind: c.Call.Kind, Model: c.Call.Model, ChatRequests: c.Call.ChatRequests, Tokens: t,
			Cost: c.Call.Price.Cost(t), PriceVersion: c.Call.Price.Version,
			Excess:    max(0, t.Total()-c.Call.PromptTokens-c.Call.MaxOutput),
			ErrorCode: CodeSwept, Day: r.Hold.Day, At: now,
		}
		c.Event, c.Counted, c.Prompt, c.Completion, c.Guessed = e.ID, e.Spent(), t.Input, t.Output, true
		eff.Used = eff.Used.Plus(e.Spent())
		eff.Prompt += t.Input
		eff.Completion += t.Output
		eff.Events = append(eff.Events, e)
	}
	r.State = Swept
	if len(r.Calls) == 0 {
		r.State = Released
	}
	eff.Held = r.hold(Amounts{})
	return eff
}
