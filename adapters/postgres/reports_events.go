package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// eventBatch is how many events are read in one transaction before they are
// visited outside of it.
const eventBatch = 1000

// One site's events are read by usage_events_by_day, from where the last page
// ended: the last page takes as long as the first.
const selectPage = `select seq, ` + eventColumns + ` from usage_events
	where tenant_id = $1 and site_id = $2 and (day, seq) > ($3::date, $4::bigint) and day <= $5 and ($6 = '' or kind = $6)
	order by usage_events.day, seq limit $7`

const selectEventPlace = `select e.tenant_id, e.site_id, to_char(e.day, 'YYYY-MM-DD') as day, e.seq
	from ` + readableSites + ` r join usage_events e on e.tenant_id = r.tenant_id and e.site_id = r.id where e.id = $7`

type eventPlace struct {
	ownerRow
	Day string `db:"day"`
	Seq int64  `db:"seq"`
}

// EachEvent implements [ports.UsageReports].
func (l *Ledger) EachEvent(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, limit int, visit func(usage.SiteEvent) error) error {
	fail := failing(ctx, "each event after", after)
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	r, err := l.readerOf(who, q)
	if err := errors.Join(q.Valid(), err); err != nil {
		return fail(err)
	}
	var begin eventPlace
	if after != "" {
		id, err := bare(usage.EventPrefix, after)
		if err != nil {
			return fail(err)
		}
		if r.none {
			return fail(ports.ErrNotFound)
		}
		if err := r.read(ctx, func(tx *sqlx.Tx) error {
			return tx.GetContext(ctx, &begin, selectEventPlace, r.and(id)...)
		}); err != nil {
			return fail(err)
		}
	}
	w := walk{reader: r, q: q, left: limit, endless: limit <= 0, visit: visit}
	err = r.eachSite(ctx, begin.owner(), func(o owner) error {
		at := eventPlace{Day: string(q.First)} // each seq is from 1
		if o == begin.owner() && begin.Day >= at.Day {
			at = begin
		}
		return w.site(ctx, o, at)
	})
	switch {
	case w.stopped != nil:
		return w.stopped // as visit returned it
	case errors.Is(err, errEnough):
		return nil
	}
	return fail(err)
}

// errEnough ends a walk that has visited as many events as were asked for.
var errEnough = errors.New("enough")

// walk is one visit of events.
type walk struct {
	reader
	q       usage.Query
	left    int // how many are still asked for, unless endless
	endless bool
	visit   func(usage.SiteEvent) error
	stopped error // what visit returned
}

type seqRow struct {
	Seq int64 `db:"seq"`
	recordedRow
}

// site visits one site's events behind at, page by page.
func (w *walk) site(ctx context.Context, o owner, at eventPlace) error {
	for {
		n := eventBatch
		if !w.endless {
			n = min(n, w.left)
		}
		var rows []seqRow
		if err := w.read(ctx, func(tx *sqlx.Tx) error {
			return tx.SelectContext(ctx, &rows, selectPage, o.tenant, o.site, at.Day, at.Seq, string(w.q.Last), w.q.Kind.String(), n)
		}); err != nil {
			return err
		}
		for _, row := range rows {
			e, err := row.domain()
			if err != nil {
				return fmt.Errorf("event %s: %w", row.ID, err)
			}
			if w.stopped = w.visit(usage.SiteEvent{Scope: o.scope(), Event: e}); w.stopped != nil {
				return w.stopped
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if w.left--; !w.endless && w.left == 0 {
				return errEnough
			}
			at.Day, at.Seq = row.Day, row.Seq
		}
		if len(rows) < n {
			return nil
		}
	}
}
