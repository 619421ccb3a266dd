package spool

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// LedgerConfig is what a Ledger needs.
type LedgerConfig struct {
	Next    ports.Ledger // the store, with its retries; required
	Journal *Journal     // required
	Now     ports.Clock  // required
	Events  ports.EventSink

	// Base is the longest first wait of the replayer after the store refused;
	// it doubles with each up to Max. Defaults 200 ms and 2 s.
	Base, Max time.Duration
	// Timeout is how long one settlement may take in the replayer; default 10 s.
	Timeout time.Duration
	// Random returns numbers from 0 to below 1; default math/rand/v2.
	Random func() float64
	// Wait returns after d, or when ctx is done; default a timer.
	Wait func(ctx context.Context, d time.Duration)
}

// Ledger is a ports.Ledger that spools settlements while its store is away.
// Make one with NewLedger, and call Run for as long as it is in use.
type Ledger struct{ LedgerConfig }

var _ ports.Ledger = (*Ledger)(nil)

// NewLedger returns a Ledger. It reports everything that is missing at once.
func NewLedger(c LedgerConfig) (*Ledger, error) {
	var errs []error
	for _, f := range []struct {
		name string
		ok   bool
	}{{"Next", c.Next != nil}, {"Journal", c.Journal != nil}, {"Now", c.Now != nil}} {
		if !f.ok {
			errs = append(errs, fmt.Errorf("spool: LedgerConfig.%s is missing", f.name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if c.Base <= 0 {
		c.Base = 200 * time.Millisecond
	}
	if c.Max <= 0 {
		c.Max = 2 * time.Second
	}
	if c.Timeout <= 0 {
		c.Timeout = 10 * time.Second
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	if c.Wait == nil {
		c.Wait = wait
	}
	return &Ledger{c}, nil
}

// Ready returns an error that matches ErrPending while settlements wait: then
// nothing is admitted.
func (l *Ledger) Ready() error {
	s := l.Journal.Status()
	if s.Pending == 0 {
		return nil
	}
	return fmt.Errorf("spool: %d, the oldest for %v: %w", s.Pending, max(0, l.Now().Sub(s.Oldest)).Round(time.Second), ErrPending)
}

// Reserve implements ports.Ledger. While settlements wait it returns an error
// that matches ErrPending and does not ask the store: until they are there its
// totals are too low, and it would admit too much.
func (l *Ledger) Reserve(ctx context.Context, s tenant.Scope, h usage.Hold) error {
	if err := errors.Join(ctx.Err(), s.Valid()); err != nil {
		return err
	}
	if l.Journal.pending() {
		return fmt.Errorf("reserve %s: %w", h.ID, ErrPending)
	}
	return l.Next.Reserve(ctx, s, h)
}

// Settle implements ports.Ledger. If the store is away, or settlements that
// came before this one wait for it, e is written into the journal, and that is
// a success: it will be settled. What the store then says of it is an event.
// If the journal fails, too, the error is both of theirs.
func (l *Ledger) Settle(ctx context.Context, s tenant.Scope, id usage.ReservationID, e usage.Event) error {
	if err := errors.Join(ctx.Err(), s.Valid()); err != nil {
		return err
	}
	if e.At.IsZero() {
		e.At = l.Now() // a replay would take the time of the replay
	}
	var away error
	if !l.Journal.pending() {
		if away = l.Next.Settle(ctx, s, id, e); !gaveNoAnswer(away) {
			return away
		}
	}
	err := l.Journal.Append(Record{Scope: s, Reservation: id, Event: e, Spooled: l.Now()})
	if err == nil {
		l.publish(ctx, s, Spooled{Reservation: id, Event: e.ID, Err: away})
		return nil
	}
	err = errors.Join(away, err)
	if away == nil && !l.Journal.holds(key{s, id}) {
		// It was not tried yet, and nothing of its reservation comes before it.
		if away = l.Next.Settle(ctx, s, id, e); !gaveNoAnswer(away) {
			return away
		}
		err = errors.Join(away, err)
	}
	l.publish(ctx, s, Unrecorded{Reservation: id, Event: e.ID, Err: err})
	return fmt.Errorf("settle %s: %w", id, err)
}

// gaveNoAnswer reports whether err leaves open whether the store has settled:
// it is away, or it kept silent until the caller's time was up.
func gaveNoAnswer(err error) bool {
	return errors.Is(err, ports.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// Release implements ports.Ledger. It goes to the store: what it cannot release
// the sweep does. ErrConflict while a settlement of the reservation waits,
// since then a call of it was made.
func (l *Ledger) Release(ctx context.Context, s tenant.Scope, id usage.ReservationID) error {
	if err := errors.Join(ctx.Err(), s.Valid()); err != nil {
		return err
	}
	if l.Journal.holds(key{s, id}) {
		return fmt.Errorf("release %s: a settlement of it waits in the spool: %w", id, ports.ErrConflict)
	}
	return l.Next.Release(ctx, s, id)
}

func (l *Ledger) publish(ctx context.Context, s tenant.Scope, e ports.Event) {
	if l.Events != nil {
		l.Events.Publish(ctx, s, e)
	}
}
