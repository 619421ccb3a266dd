package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Repricings keeps what events would have cost at other prices. It is a
// [ports.Repricings].
type Repricings struct{ db *DB }

var _ ports.Repricings = (*Repricings)(nil)

// Repricings returns the repricings of db.
func (db *DB) Repricings() *Repricings { return &Repricings{db} }

// The event is looked for by the whole scope: the foreign key goes by the site.
const insertRepricing = `insert into usage_repricings (tenant_id, site_id, event_id, price_version, cost, created_at)
	select tenant_id, site_id, id, ?, ?, ? from usage_events where tenant_id = ? and site_id = ? and id = ?
	on conflict (site_id, event_id, price_version) do update set cost = excluded.cost, created_at = excluded.created_at`

// PutRepricings implements [ports.Repricings].
func (r *Repricings) PutRepricings(ctx context.Context, s tenant.Scope, rs []usage.Repricing) error {
	o, err := begin(ctx, s)
	if err != nil {
		return fmt.Errorf("sqlite: put repricings: %w", mapped(ctx, err))
	}
	if err := usage.CheckRepricings(rs); err != nil {
		return fmt.Errorf("sqlite: put repricings: %w: %w", ports.ErrInvalid, err)
	}
	err = r.db.write(ctx, func(tx *sqlx.Tx) error {
		for _, row := range rs {
			id, err := bare(usage.EventPrefix, row.Event)
			if err != nil {
				return err
			}
			err = one(tx.ExecContext(ctx, insertRepricing, row.PriceVersion, int64(row.Cost), micros(row.At), o.tenant, o.site, id))
			if errors.Is(err, errNotOne) {
				err = ports.ErrNotFound
			}
			if err != nil {
				return fmt.Errorf("event %s: %w", row.Event, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sqlite: put repricings: %w", err)
	}
	return nil
}

const selectRepricings = `select r.event_id, r.price_version, r.cost, r.created_at
	from usage_events e join usage_repricings r on r.tenant_id = e.tenant_id and r.site_id = e.site_id and r.event_id = e.id
	where e.tenant_id = ? and e.site_id = ? and e.day between ? and ?
	and (e.seq > ? or e.seq = ? and r.price_version > ?)
	order by e.seq, r.price_version limit ?`

// ListRepricings implements [ports.Repricings].
func (r *Repricings) ListRepricings(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.Repricing, limit int) ([]usage.Repricing, error) {
	fail := failing(ctx, "repricings after", after.Event)
	o, err := begin(ctx, s)
	if err != nil {
		return nil, fail(err)
	}
	if _, err := usage.Days(first, last); err != nil {
		return nil, fail(err)
	}
	var rows []struct {
		Event   string `db:"event_id"`
		Version string `db:"price_version"`
		Cost    int64  `db:"cost"`
		Created int64  `db:"created_at"`
	}
	if err := r.db.read(ctx, func(tx *sqlx.Tx) error {
		var seq int64
		if after.Event != "" {
			id, err := bare(usage.EventPrefix, after.Event)
			if err != nil {
				return err
			}
			if err := tx.GetContext(ctx, &seq, selectSeq, o.tenant, o.site, id); err != nil {
				return err
			}
		}
		return tx.SelectContext(ctx, &rows, selectRepricings, o.tenant, o.site, string(first), string(last), seq, seq, after.PriceVersion, max(limit, 0))
	}); err != nil {
		return nil, fail(err)
	}
	out := make([]usage.Repricing, len(rows))
	for i, row := range rows {
		out[i] = usage.Repricing{
			Event: usage.EventID(usage.EventPrefix + row.Event), PriceVersion: row.Version, Cost: usage.NanoUSD(row.Cost), At: timeOf(row.Created),
		}
	}
	return out, nil
}
