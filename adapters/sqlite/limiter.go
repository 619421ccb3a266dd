package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Limiter keeps the token buckets of a [DB], so that they survive a restart
// and are shared by all processes on the folder. It is a [ports.Limiter].
type Limiter struct {
	db    *DB
	takes atomic.Int64
}

var _ ports.Limiter = (*Limiter)(nil)

// Limiter returns the limiter of db.
func (db *DB) Limiter() *Limiter { return &Limiter{db: db} }

// Full buckets are as good as none; they are deleted once in so many Takes.
const pruneEvery = 1024

const (
	selectBucket = `select full_at from rate_buckets where tenant_id = ? and site_id = ? and key = ?`
	putBucket    = `insert into rate_buckets (tenant_id, site_id, key, full_at) values (?, ?, ?, ?)
		on conflict (tenant_id, site_id, key) do update set full_at = excluded.full_at`
	pruneBuckets = `delete from rate_buckets where full_at <= ?`
)

// Take implements [ports.Limiter].
func (l *Limiter) Take(ctx context.Context, s tenant.Scope, b usage.Bucket, n int64) error {
	fail := failing(ctx, "take from the bucket of", s.Site) // its key may name a person
	o, err := begin(ctx, s)
	if err != nil {
		return fail(err)
	}
	return fail(l.db.write(ctx, func(tx *sqlx.Tx) error {
		// The time is read here, in the order in which the takes are made: one
		// from before waiting for the writer would find the bucket emptied at a
		// later time than its own, and refuse the last that it has room for.
		now := l.db.now()
		var full time.Time
		var ns int64
		switch err := tx.GetContext(ctx, &ns, selectBucket, o.tenant, o.site, b.Key); {
		case err == nil:
			full = time.Unix(0, ns)
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		full, err := b.Take(full, now, n)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, putBucket, o.tenant, o.site, b.Key, full.UnixNano()); err != nil {
			return err
		}
		if l.takes.Add(1)%pruneEvery == 0 {
			_, err = tx.ExecContext(ctx, pruneBuckets, now.UnixNano())
		}
		return err
	}))
}
