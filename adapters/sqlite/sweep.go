package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

const oldestExpired = `select tenant_id, site_id, id from usage_reservations
	where state = 'open' and expires_at <= ? order by expires_at, id limit 1`

// Sweep implements [ports.Sweeper]. Each reservation is a transaction of its
// own, so that a long sweep lets others write in between. If one fails, those
// before it are settled and returned with the error.
func (l *Ledger) Sweep(ctx context.Context, now time.Time, limit int) ([]ports.Swept, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	now = timeOf(micros(now)) // as the events come back
	var swept []ports.Swept
	for len(swept) < limit {
		var s ports.Swept
		err := l.stmts.write(ctx, func(tx queryer) (err error) {
			s, err = l.sweepOne(ctx, tx, now)
			return err
		})
		switch {
		case errors.Is(err, errNoneExpired):
			return swept, nil
		case err != nil:
			return swept, fmt.Errorf("sqlite: sweep: %w", err)
		}
		swept = append(swept, s)
	}
	return swept, nil
}

// errNoneExpired means that there is nothing left to sweep. It matches
// ports.ErrNotFound, so that the transaction's end leaves it as it is.
var errNoneExpired = fmt.Errorf("%w: no reservation has expired", ports.ErrNotFound)

func (l *Ledger) sweepOne(ctx context.Context, tx queryer, now time.Time) (ports.Swept, error) {
	var row struct {
		Tenant string `db:"tenant_id"`
		Site   string `db:"site_id"`
		ID     string `db:"id"`
	}
	err := tx.GetContext(ctx, &row, oldestExpired, micros(now))
	if errors.Is(err, sql.ErrNoRows) {
		return ports.Swept{}, errNoneExpired
	}
	if err != nil {
		return ports.Swept{}, err
	}
	key := reservationKey{owner{row.Tenant, row.Site}, row.ID}
	r, err := loadReservation(ctx, tx, key)
	if err != nil {
		return ports.Swept{}, err
	}
	before := r.clone()
	eff := r.Sweep(now, func() usage.EventID { return usage.EventID(usage.EventPrefix + l.db.newID()) })
	if err := storeReservation(ctx, tx, key, before, r.Reservation, eff); err != nil {
		return ports.Swept{}, fmt.Errorf("reservation %s: %w", key.id, err)
	}
	return ports.Swept{Scope: key.scope(), Reservation: r.Hold.ID, Events: eff.Events}, nil
}
