package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Ledger is the usage ledger of a [DB]: a [ports.Ledger], a
// [ports.Checkpointer], a [ports.Sweeper], a [ports.UsageReader] and a
// [ports.UsageReports]. Each step loads a reservation, lets
// [usage.Reservation] decide, and writes what it decides, in one transaction
// that nobody writes beside.
type Ledger struct {
	db    *DB
	stmts *statements
}

var (
	_ ports.Ledger       = (*Ledger)(nil)
	_ ports.Checkpointer = (*Ledger)(nil)
	_ ports.Sweeper      = (*Ledger)(nil)
	_ ports.UsageReader  = (*Ledger)(nil)
)

// Ledger returns the ledger of db. Events that come without a time get it from
// the clock of db, and those that a sweep writes get their ids from its NewID.
func (db *DB) Ledger() *Ledger { return &Ledger{db, newStatements(db.file)} }

// Reserve implements [ports.Ledger].
func (l *Ledger) Reserve(ctx context.Context, s tenant.Scope, h usage.Hold) error {
	fail := failing(ctx, "reserve", h.ID)
	key, err := keyOf(ctx, s, h.ID)
	if err != nil {
		return fail(err)
	}
	r, err := usage.NewReservation(h)
	if err != nil {
		return fail(err)
	}
	return fail(l.stmts.write(ctx, func(tx queryer) error {
		switch old, err := loadHold(ctx, tx, key); {
		case err == nil && old.Same(h):
			return nil
		case err == nil:
			return fmt.Errorf("%w: it was reserved with other amounts or on another day", ports.ErrConflict)
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		day, err := loadDay(ctx, tx, key.owner, h.Day)
		if err != nil {
			return err
		}
		if err := h.Limits.Admit(day.Admitted(), h.Want); err != nil {
			if over, ok := errors.AsType[*usage.LimitError](err); ok {
				over.ResetAt = h.ResetAt
			}
			return err
		}
		if err := insertReservation(ctx, tx, key, r); err != nil {
			return err
		}
		return openDay(ctx, tx, key.owner, h.Day, h.Want)
	}))
}

// Dispatch implements [ports.Checkpointer].
func (l *Ledger) Dispatch(ctx context.Context, s tenant.Scope, id usage.ReservationID, c usage.Call, rest usage.Amounts) error {
	return l.change(ctx, s, id, "dispatch", func(r *usage.Reservation) (usage.Effect, error) { return r.Dispatch(c, rest) })
}

// Settle implements [ports.Ledger].
func (l *Ledger) Settle(ctx context.Context, s tenant.Scope, id usage.ReservationID, e usage.Event) error {
	if e.At.IsZero() {
		e.At = l.db.now()
	}
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

// change applies one step of the domain to a reservation.
func (l *Ledger) change(ctx context.Context, s tenant.Scope, id usage.ReservationID, what string, step func(*usage.Reservation) (usage.Effect, error)) error {
	fail := failing(ctx, what, id)
	key, err := keyOf(ctx, s, id)
	if err != nil {
		return fail(err)
	}
	return fail(l.stmts.write(ctx, func(tx queryer) error {
		r, err := loadReservation(ctx, tx, key)
		if err != nil {
			return err
		}
		before := r.clone()
		eff, err := step(&r.Reservation)
		if err != nil {
			return err
		}
		return storeReservation(ctx, tx, key, before, r.Reservation, eff)
	}))
}

// reservationKey names a reservation as it is stored.
type reservationKey struct {
	owner
	id string
}

// keyOf returns the key of a reservation, or what is wrong with ctx, s or id.
func keyOf(ctx context.Context, s tenant.Scope, id usage.ReservationID) (reservationKey, error) {
	if err := ctx.Err(); err != nil {
		return reservationKey{}, err
	}
	o, err := ownerOf(s)
	if err != nil {
		return reservationKey{}, err
	}
	bareID, err := bare(usage.ReservationPrefix, id)
	return reservationKey{o, bareID}, err
}

// failing returns a function that says what failed, in the words of the ports.
func failing[ID ~string](ctx context.Context, what string, id ID) func(error) error {
	return func(err error) error {
		if err == nil {
			return nil
		}
		return fmt.Errorf("sqlite: %s %s: %w", what, id, mapped(ctx, err))
	}
}
