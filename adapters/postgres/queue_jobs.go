package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

const (
	selectJobs = `select object, seq, null::bytea as payload, modified_at, attempts, hinted_at, latest_at, due_at, quiet_until, dead, done, error
		from pending_changes where tenant_id = $1 and site_id = $2 and not done and object > $3 order by object limit $4`

	selectNamed = `select object, seq, null::bytea as payload, modified_at, attempts, hinted_at, latest_at, due_at, quiet_until, dead, done, error
		from pending_changes where tenant_id = $1 and site_id = $2 and not done and object = any ($3)`

	selectDead = `select object, seq, null::bytea as payload, modified_at, attempts, hinted_at, latest_at, due_at, quiet_until, dead, done, error
		from pending_changes where tenant_id = $1 and site_id = $2 and not done and dead`

	deleteNamed = `delete from pending_changes where tenant_id = $1 and site_id = $2 and object = any ($3)`

	// It names no site: the question is the platform's. Tasks for later are left
	// out.
	selectDepth = `select count(*) filter (where not dead and (due_at <= $1 or object not like 'task:%')) as pending,
			count(*) filter (where dead) as dead, min(due_at) filter (where not dead and due_at <= $1) as oldest
		from pending_changes where not done`

	holdLease = `insert into leases (name, holder, until) values ($1, $2, $4)
		on conflict (name) do update set holder = excluded.holder, until = excluded.until
		where leases.holder = excluded.holder or leases.until <= $3`

	yieldLease = `delete from leases where name = $1 and holder = $2`
)

// Jobs implements [ports.Jobs]. It is asked for a tenant's request, too, and so
// sees one site's rows.
func (q *Queue) Jobs(ctx context.Context, s tenant.Scope, after string, limit int) ([]ingestion.Job, error) {
	fail := failing(ctx, "jobs of", s.Site)
	var rows []keptRow
	if err := q.db.withScope(ctx, s, func(tx *sqlx.Tx, o owner) error {
		return tx.SelectContext(ctx, &rows, selectJobs, o.tenant, o.site, after, max(0, limit))
	}); err != nil {
		return nil, fail(err)
	}
	var list []ingestion.Job
	for _, r := range rows {
		k, err := r.kept()
		if err != nil {
			return nil, fail(err)
		}
		list = append(list, k.Job)
	}
	return list, nil
}

// Change implements [ports.Jobs].
func (q *Queue) Change(ctx context.Context, s tenant.Scope, action ingestion.Action, objects []ingestion.Object) (int, error) {
	fail := failing(ctx, "change jobs of", s.Site)
	o, err := ownerOf(s)
	if err != nil {
		return 0, fail(err)
	}
	if action != ingestion.Retry && action != ingestion.Drop {
		return 0, fail(fmt.Errorf("%w: action %d", ports.ErrInvalid, action))
	}
	n := 0
	err = q.db.asService(ctx, func(tx *sqlx.Tx) error {
		site, _, err := lockSite(ctx, tx, o)
		if err != nil {
			return err
		}
		chosen, err := chosenJobs(ctx, tx, o, objects)
		if err != nil {
			return err
		}
		n = len(chosen)
		now := micros(q.db.now())
		if action == ingestion.Drop {
			err = deleteKept(ctx, tx, o, chosen)
		} else {
			site.Rest = sql.NullTime{}
			for object, k := range chosen {
				chosen[object] = k.Retry(now)
			}
			err = storeKept(ctx, tx, o, chosen)
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, restSite, o.tenant, o.site, site.Rest, site.Rest, false)
		return err
	})
	if err != nil {
		return 0, fail(err)
	}
	return n, nil
}

func deleteKept(ctx context.Context, tx *sqlx.Tx, o owner, all map[ingestion.Object]ingestion.Kept) error {
	objects := make(pq.StringArray, 0, len(all))
	for object := range all {
		objects = append(objects, object.String())
	}
	_, err := tx.ExecContext(ctx, deleteNamed, o.tenant, o.site, objects)
	return err
}

// chosenJobs returns the jobs of objects, each once, or all dead ones for none.
func chosenJobs(ctx context.Context, tx *sqlx.Tx, o owner, objects []ingestion.Object) (map[ingestion.Object]ingestion.Kept, error) {
	if len(objects) == 0 {
		return loadKept(ctx, tx, o, selectDead)
	}
	named := make(pq.StringArray, len(objects))
	for i, object := range objects {
		named[i] = object.String()
	}
	chosen, err := loadKept(ctx, tx, o, selectNamed, named)
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		if _, ok := chosen[object]; !ok {
			return nil, fmt.Errorf("%s: %w", object, ports.ErrNotFound)
		}
	}
	return chosen, nil
}

// Depth implements [ports.Jobs].
func (q *Queue) Depth(ctx context.Context) (ingestion.Depth, error) {
	var row struct {
		Pending int64        `db:"pending"`
		Dead    int64        `db:"dead"`
		Oldest  sql.NullTime `db:"oldest"`
	}
	if err := q.db.asService(ctx, func(tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &row, selectDepth, micros(q.db.now()))
	}); err != nil {
		return ingestion.Depth{}, fmt.Errorf("postgres: depth of the queue: %w", mapped(ctx, err))
	}
	return ingestion.Depth{Pending: row.Pending, Dead: row.Dead, Oldest: timeOrZero(row.Oldest)}, nil
}

// Hold implements [ports.Leases].
func (q *Queue) Hold(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	fail := failing(ctx, "hold", name)
	if name == "" || holder == "" || ttl <= 0 {
		return false, fail(fmt.Errorf("%w: a name, a holder and a time are needed", ports.ErrInvalid))
	}
	held := false
	err := q.db.asService(ctx, func(tx *sqlx.Tx) error {
		now := micros(q.db.now())
		res, err := tx.ExecContext(ctx, holdLease, name, holder, now, now.Add(ttl))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		held = n == 1
		return err
	})
	return held && err == nil, fail(err)
}

// Yield implements [ports.Leases].
func (q *Queue) Yield(ctx context.Context, name, holder string) error {
	return failing(ctx, "yield", name)(q.db.asService(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, yieldLease, name, holder)
		return err
	}))
}
