package memory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Ledger keeps usage in process memory. It is a [ports.Ledger], a
// [ports.Checkpointer], a [ports.Sweeper], a [ports.UsageReader] and a
// [ports.UsageReports]. Make one with NewLedger. What it holds is lost with the process.
type Ledger struct {
	now   ports.Clock
	newID ports.NewID

	mu    sync.Mutex // guards all below
	books map[tenant.Scope]*book
	open  map[reservationKey]time.Time // when each open reservation expires
}

type reservationKey struct {
	scope tenant.Scope
	id    usage.ReservationID
}

// book is what one scope has used.
type book struct {
	reservations map[usage.ReservationID]usage.Reservation
	days         map[usage.Day]usage.Totals
	events       []usage.Event // in the order of recording
	eventAt      map[usage.EventID]int
	adjustments  []usage.Adjustment
}

var (
	_ ports.Ledger       = (*Ledger)(nil)
	_ ports.Checkpointer = (*Ledger)(nil)
	_ ports.Sweeper      = (*Ledger)(nil)
	_ ports.UsageReader  = (*Ledger)(nil)
)

// NewLedger returns an empty ledger. Events that come without a time get it
// from now, and those that the sweep writes get their ids from newID.
func NewLedger(now ports.Clock, newID ports.NewID) *Ledger {
	return &Ledger{now: now, newID: newID, books: map[tenant.Scope]*book{}, open: map[reservationKey]time.Time{}}
}

// Reserve implements [ports.Ledger].
func (l *Ledger) Reserve(ctx context.Context, s tenant.Scope, h usage.Hold) error {
	if err := begin(ctx, s); err != nil {
		return err
	}
	r, err := usage.NewReservation(h)
	if err != nil {
		return fmt.Errorf("memory: reserve %s: %w", h.ID, portError(err))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.book(s)
	if old, ok := b.reservations[h.ID]; ok {
		if !old.Hold.Same(h) {
			return fmt.Errorf("memory: reserve %s: %w: it was reserved with other amounts or on another day", h.ID, ports.ErrConflict)
		}
		return nil
	}
	day := b.days[h.Day]
	if err := h.Limits.Admit(day.Admitted(), h.Want); err != nil {
		if over, ok := errors.AsType[*usage.LimitError](err); ok {
			over.ResetAt = h.ResetAt
		}
		return fmt.Errorf("memory: reserve %s: %w", h.ID, portError(err))
	}
	l.store(s, r, usage.Effect{Held: h.Want})
	return nil
}

// Dispatch implements [ports.Checkpointer].
func (l *Ledger) Dispatch(ctx context.Context, s tenant.Scope, id usage.ReservationID, c usage.Call, rest usage.Amounts) error {
	return l.change(ctx, s, id, "dispatch", func(r *usage.Reservation) (usage.Effect, error) { return r.Dispatch(c, rest) })
}

// Settle implements [ports.Ledger].
func (l *Ledger) Settle(ctx context.Context, s tenant.Scope, id usage.ReservationID, e usage.Event) error {
	if e.At.IsZero() {
		e.At = l.now()
	}
	e.At = e.At.UTC()
	return l.change(ctx, s, id, "settle", func(r *usage.Reservation) (usage.Effect, error) { return r.Settle(e) })
}

// Release implements [ports.Ledger].
func (l *Ledger) Release(ctx context.Context, s tenant.Scope, id usage.ReservationID) error {
	err := l.change(ctx, s, id, "release", (*usage.Reservation).Release)
	if errors.Is(err, ports.ErrNotFound) {
		return nil
	}
	return err
}

// Checkpoint implements [ports.Checkpointer].
func (l *Ledger) Checkpoint(ctx context.Context, cs []ports.Checkpoint) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range cs {
		b, ok := l.books[c.Scope]
		if !ok {
			continue
		}
		if r, ok := b.reservations[c.Reservation]; ok {
			r.Calls = slices.Clone(r.Calls)
			r.Checkpoint(c.CallNo, c.Output)
			b.reservations[c.Reservation] = r
		}
	}
	return nil
}

// Sweep implements [ports.Sweeper].
func (l *Ledger) Sweep(ctx context.Context, now time.Time, limit int) ([]ports.Swept, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var due []reservationKey
	for k, expires := range l.open {
		if !expires.After(now) {
			due = append(due, k)
		}
	}
	slices.SortFunc(due, func(x, y reservationKey) int {
		return cmp.Or(l.open[x].Compare(l.open[y]), cmp.Compare(x.id, y.id), cmp.Compare(x.scope.Site, y.scope.Site))
	})
	var swept []ports.Swept
	for _, k := range due[:min(max(limit, 0), len(due))] {
		r := l.books[k.scope].reservations[k.id]
		r.Calls = slices.Clone(r.Calls)
		eff := r.Sweep(now.UTC(), func() usage.EventID { return usage.EventID(usage.EventPrefix + l.newID()) })
		l.store(k.scope, r, eff)
		swept = append(swept, ports.Swept{Scope: k.scope, Reservation: k.id, Events: eff.Events})
	}
	return swept, nil
}

// change applies one step of the domain to a reservation, and stores what it
// decides.
func (l *Ledger) change(ctx context.Context, s tenant.Scope, id usage.ReservationID, what string, step func(*usage.Reservation) (usage.Effect, error)) error {
	if err := begin(ctx, s); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.books[s]
	if !ok {
		return fmt.Errorf("memory: %s %s: %w", what, id, ports.ErrNotFound)
	}
	r, ok := b.reservations[id]
	if !ok {
		return fmt.Errorf("memory: %s %s: %w", what, id, ports.ErrNotFound)
	}
	r.Calls = slices.Clone(r.Calls)
	eff, err := step(&r)
	if err != nil {
		return fmt.Errorf("memory: %s %s: %w", what, id, portError(err))
	}
	for _, e := range eff.Events {
		if _, taken := b.eventAt[e.ID]; taken {
			return fmt.Errorf("memory: %s %s: %w: there is another event %s", what, id, ports.ErrConflict, e.ID)
		}
	}
	l.store(s, r, eff)
	return nil
}

// store keeps r and what eff changes beside it. It cannot fail. The caller has
// the lock.
func (l *Ledger) store(s tenant.Scope, r usage.Reservation, eff usage.Effect) {
	b := l.book(s)
	b.reservations[r.Hold.ID] = r
	day := b.days[r.Hold.Day]
	day.Day = r.Hold.Day
	day.Used = day.Used.Plus(eff.Used)
	day.Held = day.Held.Plus(eff.Held)
	day.PromptTokens += eff.Prompt
	day.CompletionTokens += eff.Completion
	b.days[r.Hold.Day] = day
	for _, e := range eff.Events {
		b.eventAt[e.ID] = len(b.events)
		b.events = append(b.events, e)
	}
	if eff.Adjustment != nil {
		b.adjustments = append(b.adjustments, *eff.Adjustment)
	}
	if k := (reservationKey{s, r.Hold.ID}); r.State == usage.Open {
		l.open[k] = r.Hold.Expires
	} else {
		delete(l.open, k)
	}
}

func (l *Ledger) book(s tenant.Scope) *book {
	b, ok := l.books[s]
	if !ok {
		b = &book{
			reservations: map[usage.ReservationID]usage.Reservation{},
			days:         map[usage.Day]usage.Totals{},
			eventAt:      map[usage.EventID]int{},
		}
		l.books[s] = b
	}
	return b
}

// portError returns err, a decision of package usage, so that it matches what
// the ports promise.
func portError(err error) error {
	switch {
	case errors.Is(err, usage.ErrOverHold), errors.Is(err, usage.ErrBadHold), errors.Is(err, usage.ErrBadDays),
		errors.Is(err, usage.ErrBadQuery):
		return fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	case errors.Is(err, usage.ErrClosed), errors.Is(err, usage.ErrDispatched):
		return fmt.Errorf("%w: %w", ports.ErrConflict, err)
	}
	return err
}
