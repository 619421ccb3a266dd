package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Repricings keeps what events would have cost at other prices. It is a
// [ports.Repricings]. They are written by the platform, and read as one site's.
type Repricings struct{ db *DB }

var _ ports.Repricings = (*Repricings)(nil)

// Repricings returns the repricings of db.
func (db *DB) Repricings() *Repricings { return &Repricings{db} }

type repricingRow struct {
	Event   string    `json:"event_id" db:"event_id"`
	Version string    `json:"price_version" db:"price_version"`
	Cost    int64     `json:"cost" db:"cost"`
	Created time.Time `json:"created_at" db:"created_at"`
}

// Rows are written in one order, so that two who write the same do not wait for
// each other.
const putRepricings = `insert into usage_repricings (tenant_id, site_id, event_id, price_version, cost, created_at)
	select e.tenant_id, e.site_id, e.id, x.price_version, x.cost, x.created_at
	from json_to_recordset($3::json) as x (event_id uuid, price_version text, cost bigint, created_at timestamptz)
	join usage_events e on e.tenant_id = $1 and e.site_id = $2 and e.id = x.event_id
	order by e.id, x.price_version
	on conflict (tenant_id, site_id, event_id, price_version) do update set cost = excluded.cost, created_at = excluded.created_at`

// PutRepricings implements [ports.Repricings].
func (r *Repricings) PutRepricings(ctx context.Context, s tenant.Scope, rs []usage.Repricing) error {
	fail := failing(ctx, "put repricings of", s.Site)
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	o, err := ownerOf(s)
	if err != nil {
		return fail(err)
	}
	if err := usage.CheckRepricings(rs); err != nil {
		return fail(fmt.Errorf("%w: %w", ports.ErrInvalid, err))
	}
	rows := make([]repricingRow, len(rs))
	for i, rp := range rs {
		id, err := bare(usage.EventPrefix, rp.Event)
		if err != nil {
			return fail(err)
		}
		rows[i] = repricingRow{id, rp.PriceVersion, int64(rp.Cost), micros(rp.At)}
	}
	text, err := jsonText(rows)
	if err != nil {
		return fail(err)
	}
	return fail(r.db.asService(ctx, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, putRepricings, o.tenant, o.site, text)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err == nil && n != int64(len(rows)) {
			err = fmt.Errorf("%w: of %d events the site has %d", ports.ErrNotFound, len(rows), n)
		}
		return err
	}))
}

const listRepricings = `select r.event_id, r.price_version, r.cost, r.created_at
	from usage_events e join usage_repricings r on r.tenant_id = e.tenant_id and r.site_id = e.site_id and r.event_id = e.id
	where e.tenant_id = $1 and e.site_id = $2 and e.day between $3 and $4
	and (e.seq > $5 or e.seq = $5 and r.price_version collate "C" > $6)
	order by e.seq, r.price_version collate "C" limit $7`

// ListRepricings implements [ports.Repricings].
func (r *Repricings) ListRepricings(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.Repricing, limit int) ([]usage.Repricing, error) {
	fail := failing(ctx, "repricings after", after.Event)
	if _, err := usage.Days(first, last); err != nil {
		return nil, fail(err)
	}
	var rows []repricingRow
	if err := r.db.withScope(ctx, s, func(tx *sqlx.Tx, o owner) error {
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
		return tx.SelectContext(ctx, &rows, listRepricings, o.tenant, o.site, string(first), string(last), seq, after.PriceVersion, max(limit, 0))
	}); err != nil {
		return nil, fail(err)
	}
	list := make([]usage.Repricing, len(rows))
	for i, row := range rows {
		list[i] = usage.Repricing{
			Event: usage.EventID(usage.EventPrefix + row.Event), PriceVersion: row.Version, Cost: usage.NanoUSD(row.Cost), At: row.Created.UTC(),
		}
	}
	return list, nil
}
