package spool

import (
	"context"
	"errors"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Run replays what waits, from the first on, whenever something does, until ctx
// is done; it then returns nil, and what is left stays for the next process. It
// is called once at a time.
//
// A settlement that the store does not take now is tried again, after a wait
// between half of Base and all of it, doubled with each try up to Max; those
// behind it wait, too. One that the store will never take is moved to the
// dead-letter file.
func (l *Ledger) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.Journal.wake:
			l.drain(ctx)
		}
	}
}

// drain replays until nothing waits, or ctx is done.
func (l *Ledger) drain(ctx context.Context) {
	var done Replayed
	oldest := l.Journal.Status().Oldest
	refused := 0 // tries since the store took the last one
	for ctx.Err() == nil {
		r, ok := l.Journal.head()
		if !ok {
			if done.Settled+done.Buried > 0 {
				done.Waited = max(0, l.Now().Sub(oldest))
				l.publish(ctx, tenant.Scope{}, done)
			}
			return
		}
		err := l.settle(ctx, r)
		switch {
		case ctx.Err() != nil:
			return // it may have settled: the next process asks again
		case err == nil:
			done.Settled++
		case never(err):
			if lost := l.Journal.bury(r, err, l.Now()); lost != nil {
				l.publish(ctx, r.Scope, ReplayTrouble{Err: lost})
				l.again(ctx, &refused)
				continue
			}
			done.Buried++
			l.publish(ctx, r.Scope, Buried{Reservation: r.Reservation, Event: r.Event.ID, Err: err})
		default:
			if refused == 0 {
				l.publish(ctx, r.Scope, ReplayWaits{Pending: l.Journal.Status().Pending, Err: err})
			}
			l.again(ctx, &refused)
			continue
		}
		refused = 0
		if err := l.Journal.pop(); err != nil {
			l.publish(ctx, r.Scope, ReplayTrouble{Err: err})
		}
	}
}

// settle gives r to the store.
func (l *Ledger) settle(ctx context.Context, r Record) error {
	ctx, cancel := context.WithTimeout(ctx, l.Timeout)
	defer cancel()
	return l.Next.Settle(ctx, r.Scope, r.Reservation, r.Event)
}

// never reports whether the store has refused a settlement for good. An error
// that nobody knows is not one: the settlement stays, and nothing is admitted.
func never(err error) bool {
	for _, refusal := range []error{ports.ErrInvalid, ports.ErrNotFound, ports.ErrConflict, tenant.ErrNoScope} {
		if errors.Is(err, refusal) {
			return !gaveNoAnswer(err)
		}
	}
	return false
}

// again waits before the next try.
func (l *Ledger) again(ctx context.Context, refused *int) {
	d := l.Base
	for range *refused {
		if d = 2 * d; d >= l.Max {
			break
		}
	}
	d = min(d, l.Max)
	*refused++
	l.Wait(ctx, d/2+time.Duration(l.Random()*float64(d/2)))
}

// wait waits for d, or until ctx is done.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
