package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/ports"
)

const (
	selectKept = `select object, seq, payload, modified_at, attempts, hinted_at, latest_at, due_at, quiet_until, dead, done, error
		from pending_changes where tenant_id = ? and site_id = ? and object = ?`

	upsertKept = `insert into pending_changes
			(tenant_id, site_id, object, seq, payload, modified_at, attempts, hinted_at, latest_at, due_at, quiet_until, dead, done, error)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		on conflict (tenant_id, site_id, object) do update set seq = excluded.seq, payload = excluded.payload,
			modified_at = excluded.modified_at, attempts = excluded.attempts, hinted_at = excluded.hinted_at, latest_at = excluded.latest_at,
			due_at = excluded.due_at, quiet_until = excluded.quiet_until, dead = excluded.dead, done = excluded.done, error = excluded.error`
)

type keptRow struct {
	Object   string        `db:"object"`
	Seq      int64         `db:"seq"`
	Payload  []byte        `db:"payload"`
	Modified sql.NullInt64 `db:"modified_at"`
	Attempts int           `db:"attempts"`
	Hinted   int64         `db:"hinted_at"`
	Latest   int64         `db:"latest_at"`
	Due      int64         `db:"due_at"`
	Quiet    sql.NullInt64 `db:"quiet_until"`
	Dead     bool          `db:"dead"`
	Done     bool          `db:"done"`
	Error    string        `db:"error"`
}

func (r keptRow) kept() (ingestion.Kept, error) {
	o, err := ingestion.ParseObject(r.Object)
	if err != nil {
		return ingestion.Kept{}, fmt.Errorf("%w: a stored job: %w", ports.ErrUnavailable, err)
	}
	return ingestion.Kept{
		Job: ingestion.Job{
			Object: o, Payload: r.Payload, Modified: timeOrZero(r.Modified), Seq: r.Seq, Attempts: r.Attempts,
			Hinted: timeOf(r.Hinted), Due: timeOf(r.Due), Dead: r.Dead, Error: r.Error,
		},
		Latest: timeOf(r.Latest), Quiet: timeOrZero(r.Quiet), Done: r.Done,
	}, nil
}

// loadKept returns what is kept of an object, the zero Kept if nothing is.
func loadKept(ctx context.Context, tx queryer, o owner, object ingestion.Object) (ingestion.Kept, error) {
	var r keptRow
	err := tx.GetContext(ctx, &r, selectKept, o.tenant, o.site, object.String())
	if errors.Is(err, sql.ErrNoRows) {
		return ingestion.Kept{}, nil
	}
	if err != nil {
		return ingestion.Kept{}, err
	}
	return r.kept()
}

func storeKept(ctx context.Context, tx queryer, o owner, k ingestion.Kept) error {
	payload := k.Payload
	if k.Done {
		payload = nil // nobody will ask for it
	}
	return one(tx.ExecContext(ctx, upsertKept, o.tenant, o.site, k.Object.String(), k.Seq, payload, microsOrNull(k.Modified),
		k.Attempts, micros(k.Hinted), micros(k.Latest), micros(k.Due), microsOrNull(k.Quiet), k.Dead, k.Done, k.Error))
}
