package postgres

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Queue keeps jobs and leases in a [DB]. It is a [ports.Queue], a [ports.Jobs]
// and a [ports.Leases].
//
// Hints are noted by the runtime login, within one site, through a function
// that is all it may do: it cannot read what waits. All else is the platform's
// own work and done as service_role; its statements carry their scope. What
// becomes of a job is decided by [ingestion.Kept], and of a hint by its twin in
// SQL, both under the lock of the site's row of jobs.
type Queue struct{ db *DB }

var (
	_ ports.Queue  = (*Queue)(nil)
	_ ports.Jobs   = (*Queue)(nil)
	_ ports.Leases = (*Queue)(nil)
)

// Queue returns the queue of db.
func (db *DB) Queue() *Queue { return &Queue{db} }

const (
	enqueueChanges = `select public.enqueue_changes($1, $2)`

	// A site that somebody is just writing to is left for the next look.
	takeSite = `update jobs j set lease = j.lease + 1, worker = $1, taken_at = $2, leased_until = $3 from (
			select tenant_id, site_id from jobs
			where ready_at <= $2 and (leased_until is null or leased_until <= $2)
			order by ready_at, site_id limit 1 for update skip locked
		) f where j.tenant_id = f.tenant_id and j.site_id = f.site_id
		returning j.tenant_id, j.site_id, j.lease`

	selectDue = `select object, seq, payload, modified_at, attempts, hinted_at, latest_at, due_at, quiet_until, dead, done, error from pending_changes
		where tenant_id = $1 and site_id = $2 and not dead and not done and due_at <= $3 order by due_at, object limit $4`

	// Tasks are few, and next to each other in the order of objects.
	selectDueTask = `select object, seq, payload, modified_at, attempts, hinted_at, latest_at, due_at, quiet_until, dead, done, error from pending_changes
		where tenant_id = $1 and site_id = $2 and object >= 'task:' and object < 'task;' and not dead and not done and due_at <= $3 order by due_at, object limit 1`

	lockSiteJobs = `select lease, worker, taken_at, leased_until, rests_until from jobs where tenant_id = $1 and site_id = $2 for update`

	// Payloads are left where they are.
	selectKept = `select object, seq, null::bytea as payload, modified_at, attempts, hinted_at, latest_at, due_at, quiet_until, dead, done, error
		from pending_changes where tenant_id = $1 and site_id = $2 and object = any ($3)`

	updateKept = `update pending_changes p set attempts = x.attempts, hinted_at = x.hinted_at, due_at = x.due_at, quiet_until = x.quiet_until,
			dead = x.dead, done = x.done, error = x.error, payload = case when not x.done then p.payload end
		from json_to_recordset($3::json) as x (object text, attempts int, hinted_at timestamptz, due_at timestamptz, quiet_until timestamptz, dead boolean, done boolean, error text)
		where p.tenant_id = $1 and p.site_id = $2 and p.object = x.object`

	purgeDone = `delete from pending_changes where tenant_id = $1 and site_id = $2 and done and quiet_until <= $3`

	// A site is ready from its oldest due on, and not while it rests ($4).
	renewSite = `update jobs set leased_until = $3 where tenant_id = $1 and site_id = $2`
	restSite  = `update jobs set leased_until = case when $5 then null else leased_until end, rests_until = $3, ready_at = (
			select greatest(p.due_at, $4) from pending_changes p
			where p.tenant_id = $1 and p.site_id = $2 and not p.dead and not p.done order by p.due_at limit 1)
		where tenant_id = $1 and site_id = $2`
)

type hintRow struct {
	Object   string     `json:"object"`
	Due      *time.Time `json:"due_at"`
	Payload  *string    `json:"payload"`
	Modified *time.Time `json:"modified_at"`
}

func pointer(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = micros(t)
	return &t
}

// Enqueue implements [ports.Queue].
func (q *Queue) Enqueue(ctx context.Context, s tenant.Scope, hints []ingestion.Hint) error {
	fail := failing(ctx, "enqueue for", s.Site)
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	if _, err := ownerOf(s); err != nil {
		return fail(err)
	}
	if err := ingestion.CheckHints(hints); err != nil {
		return fail(fmt.Errorf("%w: %w", ports.ErrInvalid, err))
	}
	if len(hints) == 0 {
		return nil
	}
	rows := make([]hintRow, len(hints))
	for i, h := range hints {
		rows[i] = hintRow{Object: h.Object.String(), Due: pointer(h.Due), Modified: pointer(h.Modified)}
		if h.Payload != nil {
			text := base64.StdEncoding.EncodeToString(h.Payload)
			rows[i].Payload = &text
		}
	}
	text, err := jsonText(rows)
	if err != nil {
		return fail(err)
	}
	return fail(q.db.withScope(ctx, s, func(tx *sqlx.Tx, _ owner) error {
		_, err := tx.ExecContext(ctx, enqueueChanges, micros(q.db.now()), text)
		return err
	}))
}

// Take implements [ports.Queue].
func (q *Queue) Take(ctx context.Context, worker string, limit int, ttl time.Duration) (ports.Batch, error) {
	fail := failing(ctx, "take for", worker)
	if worker == "" || limit < 1 || ttl <= 0 {
		return ports.Batch{}, fail(fmt.Errorf("%w: a worker, a limit and a time are needed", ports.ErrInvalid))
	}
	var b ports.Batch
	err := q.db.asService(ctx, func(tx *sqlx.Tx) error {
		now := micros(q.db.now())
		var o owner
		if err := tx.QueryRowContext(ctx, takeSite, worker, now, now.Add(ttl)).Scan(&o.tenant, &o.site, &b.Lease); err != nil {
			return err
		}
		b.Scope, b.Worker, b.Taken = o.scope(), worker, now
		var err error
		b.Jobs, err = dueJobs(ctx, tx, o, now, limit)
		return err
	})
	if err != nil {
		return ports.Batch{}, fail(err)
	}
	return b, nil
}

// Finish implements [ports.Queue].
func (q *Queue) Finish(ctx context.Context, b ports.Batch, outcomes []ingestion.Outcome, release bool, d time.Duration) error {
	fail := failing(ctx, "finish jobs of", b.Scope.Site)
	o, err := ownerOf(b.Scope)
	if err != nil {
		return fail(err)
	}
	return fail(q.db.asService(ctx, func(tx *sqlx.Tx) error {
		site, there, err := lockSite(ctx, tx, o)
		if err != nil {
			return err
		}
		if !there || site.Lease != b.Lease || site.Worker != b.Worker || !site.Until.Valid && !release {
			return fmt.Errorf("%w: the lease is somebody else's", ports.ErrConflict)
		}
		if err := finish(ctx, tx, o, outcomes, timeOrZero(site.Taken)); err != nil {
			return err
		}
		now := micros(q.db.now())
		if !release {
			return one(tx.ExecContext(ctx, renewSite, o.tenant, o.site, now.Add(d)))
		}
		if _, err := tx.ExecContext(ctx, purgeDone, o.tenant, o.site, now); err != nil {
			return err
		}
		rest := now.Add(max(0, d))
		return one(tx.ExecContext(ctx, restSite, o.tenant, o.site, rest, rest, true))
	}))
}

type siteJobsRow struct {
	Lease  int64        `db:"lease"`
	Worker string       `db:"worker"`
	Taken  sql.NullTime `db:"taken_at"`
	Until  sql.NullTime `db:"leased_until"`
	Rest   sql.NullTime `db:"rests_until"`
}

// lockSite locks the site's row of jobs; there is false if it has none, and so
// no job either.
func lockSite(ctx context.Context, tx *sqlx.Tx, o owner) (site siteJobsRow, there bool, err error) {
	err = tx.GetContext(ctx, &site, lockSiteJobs, o.tenant, o.site)
	if errors.Is(err, sql.ErrNoRows) {
		return site, false, nil
	}
	return site, err == nil, err
}

// finish notes the outcomes of jobs; the site's row is locked.
func finish(ctx context.Context, tx *sqlx.Tx, o owner, outcomes []ingestion.Outcome, taken time.Time) error {
	if len(outcomes) == 0 {
		return nil
	}
	objects := make(pq.StringArray, len(outcomes))
	for i, out := range outcomes {
		objects[i] = out.Object.String()
	}
	kept, err := loadKept(ctx, tx, o, selectKept, objects)
	if err != nil {
		return err
	}
	for _, out := range outcomes {
		if k, ok := kept[out.Object]; ok {
			kept[out.Object] = k.Finish(out, taken)
		}
	}
	return storeKept(ctx, tx, o, kept)
}
