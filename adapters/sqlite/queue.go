package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Queue keeps jobs and leases in a [DB]. It is a [ports.Queue], a [ports.Jobs]
// and a [ports.Leases]. Each step loads a job, lets [ingestion.Kept] decide, and
// writes what it decides, in one transaction that nobody writes beside.
type Queue struct {
	db    *DB
	stmts *statements
}

var (
	_ ports.Queue  = (*Queue)(nil)
	_ ports.Jobs   = (*Queue)(nil)
	_ ports.Leases = (*Queue)(nil)
)

// Queue returns the queue of db.
func (db *DB) Queue() *Queue { return &Queue{db, newStatements(db.file)} }

const (
	makeSiteJobs = `insert into jobs (tenant_id, site_id) values (?, ?) on conflict (tenant_id, site_id) do nothing`

	selectSiteJobs = `select tenant_id, site_id, seq, lease, worker, taken_at, leased_until, rests_until from jobs where tenant_id = ? and site_id = ?`

	// A site is ready from its oldest due on, and not while it rests.
	readyAt = `(select max(p.due_at, coalesce(jobs.rests_until, p.due_at)) from pending_changes p
		where p.tenant_id = jobs.tenant_id and p.site_id = jobs.site_id and p.dead = 0 and p.done = 0 order by p.due_at limit 1)`

	noteHints = `update jobs set seq = ?, ready_at = ` + readyAt + ` where tenant_id = ? and site_id = ?`

	selectFirstReady = `select tenant_id, site_id from jobs
		where ready_at <= ? and (leased_until is null or leased_until <= ?) order by ready_at, site_id limit 1`

	leaseSite = `update jobs set lease = lease + 1, worker = ?, taken_at = ?, leased_until = ? where tenant_id = ? and site_id = ? returning lease`

	selectDue = `select object, seq, payload, modified_at, attempts, hinted_at, latest_at, due_at, quiet_until, dead, done, error from pending_changes
		where tenant_id = ? and site_id = ? and dead = 0 and done = 0 and due_at <= ? order by due_at, object limit ?`

	// Tasks are few, and next to each other in the order of objects.
	selectDueTask = `select object, seq, payload, modified_at, attempts, hinted_at, latest_at, due_at, quiet_until, dead, done, error from pending_changes
		where tenant_id = ? and site_id = ? and object >= 'task:' and object < 'task;' and dead = 0 and done = 0 and due_at <= ? order by due_at, object limit 1`

	purgeDone = `delete from pending_changes where tenant_id = ? and site_id = ? and done = 1 and quiet_until <= ?`

	renewSite = `update jobs set leased_until = ?, ready_at = ` + readyAt + ` where tenant_id = ? and site_id = ?`

	// The new rests_until is not seen by a subquery of the same statement, so it
	// takes two.
	restSite  = `update jobs set leased_until = null, rests_until = ? where tenant_id = ? and site_id = ?`
	readySite = `update jobs set ready_at = ` + readyAt + ` where tenant_id = ? and site_id = ?`
)

type siteJobsRow struct {
	Tenant string        `db:"tenant_id"`
	Site   string        `db:"site_id"`
	Seq    int64         `db:"seq"`
	Lease  int64         `db:"lease"`
	Worker string        `db:"worker"`
	Taken  sql.NullInt64 `db:"taken_at"`
	Until  sql.NullInt64 `db:"leased_until"`
	Rest   sql.NullInt64 `db:"rests_until"`
}

// Enqueue implements [ports.Queue].
func (q *Queue) Enqueue(ctx context.Context, s tenant.Scope, hints []ingestion.Hint) error {
	fail := failing(ctx, "enqueue for", s.Site)
	o, err := begin(ctx, s)
	if err != nil {
		return fail(err)
	}
	if err := ingestion.CheckHints(hints); err != nil {
		return fail(fmt.Errorf("%w: %w", ports.ErrInvalid, err))
	}
	if len(hints) == 0 {
		return nil
	}
	return fail(q.stmts.write(ctx, func(tx queryer) error {
		if _, err := tx.ExecContext(ctx, makeSiteJobs, o.tenant, o.site); err != nil {
			return err
		}
		var site siteJobsRow
		if err := tx.GetContext(ctx, &site, selectSiteJobs, o.tenant, o.site); err != nil {
			return err
		}
		now := timeOf(micros(q.db.now()))
		for _, h := range hints {
			k, err := loadKept(ctx, tx, o, h.Object)
			if err != nil {
				return err
			}
			site.Seq++
			if err := storeKept(ctx, tx, o, k.Hint(h, site.Seq, now)); err != nil {
				return err
			}
		}
		return one(tx.ExecContext(ctx, noteHints, site.Seq, o.tenant, o.site))
	}))
}

// Take implements [ports.Queue].
func (q *Queue) Take(ctx context.Context, worker string, limit int, ttl time.Duration) (ports.Batch, error) {
	fail := failing(ctx, "take for", worker)
	if err := ctx.Err(); err != nil {
		return ports.Batch{}, fail(err)
	}
	if worker == "" || limit < 1 || ttl <= 0 {
		return ports.Batch{}, fail(fmt.Errorf("%w: a worker, a limit and a time are needed", ports.ErrInvalid))
	}
	// Most looks find nothing: those do not wait for who writes.
	if err := q.look(ctx); err != nil {
		return ports.Batch{}, fail(err)
	}
	var b ports.Batch
	err := q.stmts.write(ctx, func(tx queryer) error {
		now := timeOf(micros(q.db.now()))
		var first struct {
			Tenant string `db:"tenant_id"`
			Site   string `db:"site_id"`
		}
		if err := tx.GetContext(ctx, &first, selectFirstReady, micros(now), micros(now)); err != nil {
			return err
		}
		o := owner{first.Tenant, first.Site}
		b = ports.Batch{Scope: o.scope(), Worker: worker, Taken: now}
		if err := tx.GetContext(ctx, &b.Lease, leaseSite, worker, micros(now), micros(now.Add(ttl)), o.tenant, o.site); err != nil {
			return err
		}
		var err error
		b.Jobs, err = dueJobs(ctx, tx, o, now, limit)
		return err
	})
	if err != nil {
		return ports.Batch{}, fail(err)
	}
	return b, nil
}

// dueJobs returns what a turn of a site takes.
func dueJobs(ctx context.Context, tx queryer, o owner, now time.Time, limit int) ([]ingestion.Job, error) {
	var rows []keptRow
	if err := tx.SelectContext(ctx, &rows, selectDue, o.tenant, o.site, micros(now), limit); err != nil {
		return nil, err
	}
	jobs := make([]ingestion.Job, 0, len(rows))
	for _, r := range rows {
		k, err := r.kept()
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, k.Job)
	}
	return ingestion.LastPlace(jobs, limit, func() (ingestion.Job, bool, error) {
		var oldest keptRow
		if err := tx.GetContext(ctx, &oldest, selectDueTask, o.tenant, o.site, micros(now)); err != nil {
			if errors.Is(err, sql.ErrNoRows) {
				err = nil
			}
			return ingestion.Job{}, false, err
		}
		k, err := oldest.kept()
		return k.Job, err == nil, err
	})
}

// look returns sql.ErrNoRows if nothing is due.
func (q *Queue) look(ctx context.Context) error {
	now := micros(q.db.now())
	var first struct {
		Tenant string `db:"tenant_id"`
		Site   string `db:"site_id"`
	}
	return q.db.reader.GetContext(ctx, &first, selectFirstReady, now, now)
}

// Finish implements [ports.Queue].
func (q *Queue) Finish(ctx context.Context, b ports.Batch, outcomes []ingestion.Outcome, release bool, d time.Duration) error {
	fail := failing(ctx, "finish jobs of", b.Scope.Site)
	o, err := begin(ctx, b.Scope)
	if err != nil {
		return fail(err)
	}
	return fail(q.stmts.write(ctx, func(tx queryer) error {
		var site siteJobsRow
		err := tx.GetContext(ctx, &site, selectSiteJobs, o.tenant, o.site)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err != nil || site.Lease != b.Lease || site.Worker != b.Worker || !site.Until.Valid && !release {
			return fmt.Errorf("%w: the lease is somebody else's", ports.ErrConflict)
		}
		for _, out := range outcomes {
			k, err := loadKept(ctx, tx, o, out.Object)
			if err != nil {
				return err
			}
			if k.Seq == 0 {
				continue // it is not there any more
			}
			if err := storeKept(ctx, tx, o, k.Finish(out, timeOrZero(site.Taken))); err != nil {
				return err
			}
		}
		now := timeOf(micros(q.db.now()))
		if _, err := tx.ExecContext(ctx, purgeDone, o.tenant, o.site, micros(now)); err != nil {
			return err
		}
		if !release {
			return one(tx.ExecContext(ctx, renewSite, micros(now.Add(d)), o.tenant, o.site))
		}
		if err := one(tx.ExecContext(ctx, restSite, micros(now.Add(max(0, d))), o.tenant, o.site)); err != nil {
			return err
		}
		return one(tx.ExecContext(ctx, readySite, o.tenant, o.site))
	}))
}
