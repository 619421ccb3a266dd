package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Ledger is the usage ledger of a [DB]: a [ports.Ledger], a
// [ports.Checkpointer], a [ports.Sweeper] and a [ports.UsageReader]. It writes
// through the ledger's functions alone, as the ledger login, and reads as the
// runtime login does.
//
// Two processes, or two sites, never wait for each other longer than a commit
// takes. A later version may lease slices of a limit to a process: the functions
// would then be called for slices, and this type's methods stay as they are.
type Ledger struct{ db *DB }

var (
	_ ports.Ledger       = (*Ledger)(nil)
	_ ports.Checkpointer = (*Ledger)(nil)
	_ ports.Sweeper      = (*Ledger)(nil)
	_ ports.UsageReader  = (*Ledger)(nil)
)

// Ledger returns the ledger of db. Events that come without a time get it from
// the clock of db, and those that a sweep writes get their ids from its NewID.
func (db *DB) Ledger() *Ledger { return &Ledger{db} }

// errOutcome means that a function of the schema answered with a word that this
// program does not know.
func errOutcome(word string) error {
	return fmt.Errorf("%w: the ledger's function answered %q", ports.ErrUnavailable, word)
}

// Reserve implements [ports.Ledger].
func (l *Ledger) Reserve(ctx context.Context, s tenant.Scope, h usage.Hold) error {
	fail := failing(ctx, "reserve", h.ID)
	key, err := keyOf(ctx, s, h.ID)
	if err != nil {
		return fail(err)
	}
	if _, err := usage.NewReservation(h); err != nil {
		return fail(err)
	}
	o, err := l.db.commits.do(ctx, reserve, key.id, newReserveRow(key, h))
	if err != nil {
		return fail(err)
	}
	switch o.word {
	case "held", "same":
		return nil
	case "conflict":
		return fail(fmt.Errorf("%w: it was reserved with other amounts or on another day", ports.ErrConflict))
	case "not_found":
		return fail(fmt.Errorf("%w: there is no such site", ports.ErrNotFound))
	case "over":
		err := h.Limits.Admit(o.domain(), h.Want)
		if over, ok := asLimit(err); ok {
			over.ResetAt = h.ResetAt
			return fail(err)
		}
		return fail(fmt.Errorf("%w: the database refuses what the limits admit: %+v on top of %+v", ports.ErrUnavailable, h.Want, o.domain()))
	}
	return fail(errOutcome(o.word))
}

// Dispatch implements [ports.Checkpointer].
func (l *Ledger) Dispatch(ctx context.Context, s tenant.Scope, id usage.ReservationID, c usage.Call, rest usage.Amounts) error {
	fail := failing(ctx, "dispatch", id)
	key, err := keyOf(ctx, s, id)
	if err != nil {
		return fail(err)
	}
	// Whether the call makes sense at all does not depend on what is stored.
	if _, err := roomy().Dispatch(c, rest); err != nil {
		return fail(err)
	}
	row, err := newCallRow(key, c, rest)
	if err != nil {
		return fail(err)
	}
	o, err := l.db.commits.do(ctx, dispatch, key.id, row)
	if err != nil {
		return fail(err)
	}
	switch o.word {
	case "sent", "same":
		return nil
	case "not_found":
		return fail(ports.ErrNotFound)
	case "closed":
		return fail(usage.ErrClosed)
	case "over_hold":
		return fail(usage.ErrOverHold)
	}
	return fail(errOutcome(o.word))
}

// roomy returns a reservation into which everything fits that makes sense.
func roomy() *usage.Reservation {
	const most = 1 << 60
	return &usage.Reservation{State: usage.Open, Held: usage.Amounts{
		ChatRequests: most, EmbeddingRequests: most, ChatTokens: most, EmbeddingTokens: most, Cost: most,
	}}
}

// Settle implements [ports.Ledger].
func (l *Ledger) Settle(ctx context.Context, s tenant.Scope, id usage.ReservationID, e usage.Event) error {
	fail := failing(ctx, "settle", id)
	if e.At.IsZero() {
		e.At = l.db.now()
	}
	key, err := keyOf(ctx, s, id)
	if err != nil {
		return fail(err)
	}
	if _, err := roomy().Settle(e); err != nil {
		return fail(err)
	}
	row, err := newEventRow(key, e)
	if err != nil {
		return fail(err)
	}
	o, err := l.db.commits.do(ctx, settle, key.id, row)
	if err != nil {
		return fail(err)
	}
	switch o.word {
	case "recorded", "adjusted", "same":
		return nil
	case "not_found":
		return fail(ports.ErrNotFound)
	case "closed":
		return fail(usage.ErrClosed)
	case "bad":
		return fail(fmt.Errorf("%w: event of call %d: another kind of call, or more chat requests than it was allowed", usage.ErrBadHold, e.CallNo))
	}
	return fail(errOutcome(o.word))
}

// Release implements [ports.Ledger].
func (l *Ledger) Release(ctx context.Context, s tenant.Scope, id usage.ReservationID) error {
	fail := failing(ctx, "release", id)
	key, err := keyOf(ctx, s, id)
	if err != nil {
		return fail(err)
	}
	o, err := l.db.commits.do(ctx, release, key.id, &releaseRow{keyRow: key.row()})
	if err != nil {
		return fail(err)
	}
	switch o.word {
	case "released", "same":
		return nil
	case "dispatched":
		return fail(usage.ErrDispatched)
	}
	return fail(errOutcome(o.word))
}

// Checkpoint implements [ports.Checkpointer].
func (l *Ledger) Checkpoint(ctx context.Context, cs []ports.Checkpoint) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	rows := make([]checkpointRow, 0, len(cs))
	for _, c := range cs {
		key, err := keyOf(ctx, c.Scope, c.Reservation)
		if err != nil || c.CallNo < 1 || c.Output > chat.MaxTokensPerCall {
			continue // it names nothing that could be here
		}
		rows = append(rows, checkpointRow{key.row(), c.CallNo, c.Output})
	}
	if len(rows) == 0 {
		return ctx.Err()
	}
	text, err := jsonText(rows)
	if err != nil {
		return fmt.Errorf("postgres: checkpoint: %w", err)
	}
	if err := inTx(ctx, l.db.ledger, func(*sqlx.Tx) error { return nil }, `select public.ledger_checkpoint($1::json)`, text); err != nil {
		return fmt.Errorf("postgres: checkpoint: %w", err)
	}
	return nil
}

// Sweep implements [ports.Sweeper]. The reservations of one call are settled in
// one transaction; those that another process sweeps are left to it.
func (l *Ledger) Sweep(ctx context.Context, now time.Time, limit int) ([]ports.Swept, error) {
	if err := ctx.Err(); err != nil || limit <= 0 {
		return nil, err
	}
	now = micros(now) // as the events come back
	var swept []ports.Swept
	err := inTx(ctx, l.db.ledger, func(tx *sqlx.Tx) error {
		var rows []expiredRow
		if err := tx.SelectContext(ctx, &rows, selectExpired, now, limit); err != nil || len(rows) == 0 {
			return err
		}
		held, err := expired(rows)
		if err != nil {
			return err
		}
		var closed []sweptRow
		var events []*eventRow
		for _, r := range held {
			eff := r.Sweep(now, func() usage.EventID { return usage.EventID(usage.EventPrefix + l.db.newID()) })
			for _, e := range eff.Events {
				row, err := newEventRow(r.key, e)
				if err != nil {
					return err
				}
				events = append(events, row)
			}
			closed = append(closed, sweptRow{r.key.row(), r.State.String()})
			swept = append(swept, ports.Swept{Scope: r.key.scope(), Reservation: r.Hold.ID, Events: eff.Events})
		}
		return writeSweep(ctx, tx, closed, events)
	}, `select set_config('lock_timeout', '5s', true)`)
	if err != nil {
		return nil, fmt.Errorf("postgres: sweep: %w", err)
	}
	return swept, nil
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
