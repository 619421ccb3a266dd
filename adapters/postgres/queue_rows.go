package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/ports"
)

type keptRow struct {
	Object   string       `db:"object"`
	Seq      int64        `db:"seq"`
	Payload  []byte       `db:"payload"`
	Modified sql.NullTime `db:"modified_at"`
	Attempts int          `db:"attempts"`
	Hinted   time.Time    `db:"hinted_at"`
	Latest   time.Time    `db:"latest_at"`
	Due      time.Time    `db:"due_at"`
	Quiet    sql.NullTime `db:"quiet_until"`
	Dead     bool         `db:"dead"`
	Done     bool         `db:"done"`
	Error    string       `db:"error"`
}

func (r keptRow) kept() (ingestion.Kept, error) {
	o, err := ingestion.ParseObject(r.Object)
	if err != nil {
		return ingestion.Kept{}, fmt.Errorf("%w: a stored job: %w", ports.ErrUnavailable, err)
	}
	return ingestion.Kept{
		Job: ingestion.Job{
			Object: o, Payload: r.Payload, Modified: timeOrZero(r.Modified), Seq: r.Seq, Attempts: r.Attempts,
			Hinted: r.Hinted.UTC(), Due: r.Due.UTC(), Dead: r.Dead, Error: r.Error,
		},
		Latest: r.Latest.UTC(), Quiet: timeOrZero(r.Quiet), Done: r.Done,
	}, nil
}

// dueJobs returns what a turn of a site takes.
func dueJobs(ctx context.Context, tx *sqlx.Tx, o owner, now time.Time, limit int) ([]ingestion.Job, error) {
	var rows []keptRow
	if err := tx.SelectContext(ctx, &rows, selectDue, o.tenant, o.site, now, limit); err != nil {
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
		if err := tx.GetContext(ctx, &oldest, selectDueTask, o.tenant, o.site, now); err != nil {
			if errors.Is(err, sql.ErrNoRows) {
				err = nil
			}
			return ingestion.Job{}, false, err
		}
		k, err := oldest.kept()
		return k.Job, err == nil, err
	})
}

// loadKept returns the rows of a statement that takes the scope and args.
func loadKept(ctx context.Context, tx *sqlx.Tx, o owner, query string, args ...any) (map[ingestion.Object]ingestion.Kept, error) {
	var rows []keptRow
	if err := tx.SelectContext(ctx, &rows, query, append([]any{o.tenant, o.site}, args...)...); err != nil {
		return nil, err
	}
	all := make(map[ingestion.Object]ingestion.Kept, len(rows))
	for _, r := range rows {
		k, err := r.kept()
		if err != nil {
			return nil, err
		}
		all[k.Object] = k
	}
	return all, nil
}

// keptJSON is what Finish and Retry change of a job.
type keptJSON struct {
	Object   string     `json:"object"`
	Attempts int        `json:"attempts"`
	Hinted   time.Time  `json:"hinted_at"`
	Due      time.Time  `json:"due_at"`
	Quiet    *time.Time `json:"quiet_until"`
	Dead     bool       `json:"dead"`
	Done     bool       `json:"done"`
	Error    string     `json:"error"`
}

// storeKept stores what was changed of jobs that are there.
func storeKept(ctx context.Context, tx *sqlx.Tx, o owner, all map[ingestion.Object]ingestion.Kept) error {
	if len(all) == 0 {
		return nil
	}
	rows := make([]keptJSON, 0, len(all))
	for _, k := range all {
		rows = append(rows, keptJSON{
			Object: k.Object.String(), Attempts: k.Attempts, Hinted: k.Hinted, Due: micros(k.Due), Quiet: pointer(k.Quiet),
			Dead: k.Dead, Done: k.Done, Error: strings.ReplaceAll(k.Error, "\x00", ""), // which Postgres cannot hold
		})
	}
	text, err := jsonText(rows)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, updateKept, o.tenant, o.site, text)
	return err
}
