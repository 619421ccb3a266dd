package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

const (
	selectJobs = `select object, seq, null as payload, modified_at, attempts, hinted_at, latest_at, due_at, quiet_until, dead, done, error
		from pending_changes where tenant_id = ? and site_id = ? and done = 0 and object > ? order by object limit ?`

	selectDead = `select object, seq, payload, modified_at, attempts, hinted_at, latest_at, due_at, quiet_until, dead, done, error
		from pending_changes where tenant_id = ? and site_id = ? and dead = 1`

	deleteKept = `delete from pending_changes where tenant_id = ? and site_id = ? and object = ?`

	wakeSite = `update jobs set rests_until = null where tenant_id = ? and site_id = ?`

	// Tasks for later are left out.
	selectDepth = `select count(*) filter (where dead = 0 and (due_at <= ?1 or object not like 'task:%')) as pending,
			count(*) filter (where dead = 1) as dead, min(due_at) filter (where dead = 0 and due_at <= ?1) as oldest
		from pending_changes where done = 0`

	holdLease = `insert into leases (name, holder, until) values (?1, ?2, ?4)
		on conflict (name) do update set holder = excluded.holder, until = excluded.until
		where leases.holder = excluded.holder or leases.until <= ?3`

	yieldLease = `delete from leases where name = ? and holder = ?`
)

// Jobs implements [ports.Jobs].
func (q *Queue) Jobs(ctx context.Context, s tenant.Scope, after string, limit int) ([]ingestion.Job, error) {
	fail := failing(ctx, "jobs of", s.Site)
	o, err := begin(ctx, s)
	if err != nil {
		return nil, fail(err)
	}
	var rows []keptRow
	if err := q.db.reader.SelectContext(ctx, &rows, selectJobs, o.tenant, o.site, after, max(0, limit)); err != nil {
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
	o, err := begin(ctx, s)
	if err != nil {
		return 0, fail(err)
	}
	if action != ingestion.Retry && action != ingestion.Drop {
		return 0, fail(fmt.Errorf("%w: action %d", ports.ErrInvalid, action))
	}
	n := 0
	err = q.stmts.write(ctx, func(tx queryer) error {
		n = 0
		chosen, err := chosenJobs(ctx, tx, o, objects)
		if err != nil {
			return err
		}
		now := timeOf(micros(q.db.now()))
		for _, k := range chosen {
			if action == ingestion.Drop {
				err = one(tx.ExecContext(ctx, deleteKept, o.tenant, o.site, k.Object.String()))
			} else {
				err = storeKept(ctx, tx, o, k.Retry(now))
			}
			if err != nil {
				return err
			}
			n++
		}
		if action == ingestion.Retry {
			if _, err := tx.ExecContext(ctx, wakeSite, o.tenant, o.site); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, readySite, o.tenant, o.site)
		return err
	})
	if err != nil {
		return 0, fail(err)
	}
	return n, nil
}

// chosenJobs returns the jobs of objects, each once, or all dead ones for none.
func chosenJobs(ctx context.Context, tx queryer, o owner, objects []ingestion.Object) (map[ingestion.Object]ingestion.Kept, error) {
	chosen := map[ingestion.Object]ingestion.Kept{}
	for _, object := range objects {
		k, err := loadKept(ctx, tx, o, object)
		if err != nil {
			return nil, err
		}
		if k.Seq == 0 || k.Done {
			return nil, fmt.Errorf("%s: %w", object, ports.ErrNotFound)
		}
		chosen[object] = k
	}
	if len(objects) > 0 {
		return chosen, nil
	}
	var rows []keptRow
	if err := tx.SelectContext(ctx, &rows, selectDead, o.tenant, o.site); err != nil {
		return nil, err
	}
	for _, r := range rows {
		k, err := r.kept()
		if err != nil {
			return nil, err
		}
		chosen[k.Object] = k
	}
	return chosen, nil
}

// Depth implements [ports.Jobs].
func (q *Queue) Depth(ctx context.Context) (ingestion.Depth, error) {
	if err := ctx.Err(); err != nil {
		return ingestion.Depth{}, err
	}
	var row struct {
		Pending int64         `db:"pending"`
		Dead    int64         `db:"dead"`
		Oldest  sql.NullInt64 `db:"oldest"`
	}
	if err := q.db.reader.GetContext(ctx, &row, selectDepth, micros(q.db.now())); err != nil {
		return ingestion.Depth{}, fmt.Errorf("sqlite: depth of the queue: %w", mapped(ctx, err))
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
	err := q.stmts.write(ctx, func(tx queryer) error {
		now := q.db.now()
		res, err := tx.ExecContext(ctx, holdLease, name, holder, micros(now), micros(now.Add(ttl)))
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
	return failing(ctx, "yield", name)(q.stmts.write(ctx, func(tx queryer) error {
		_, err := tx.ExecContext(ctx, yieldLease, name, holder)
		return err
	}))
}
