package postgres

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Limiter keeps the token buckets of a [DB], so that they are shared by all
// processes on it. It is a [ports.Limiter].
type Limiter struct {
	db    *DB
	takes atomic.Int64
}

var _ ports.Limiter = (*Limiter)(nil)

// Limiter returns the limiter of db.
func (db *DB) Limiter() *Limiter { return &Limiter{db: db} }

// Full buckets are as good as none; those of a site are deleted with one in so
// many Takes, at most pruneMost at a time.
const (
	pruneEvery = 256
	pruneMost  = 1000
)

const (
	// The bucket's row is made, or waited for, and locked by one statement, so
	// that no pruning comes between. A new one is full since 1970.
	lockBucket = `insert into rate_buckets (tenant_id, site_id, key, full_at) values ($1, $2, $3, 0)
		on conflict (tenant_id, site_id, key) do update set full_at = rate_buckets.full_at returning full_at`
	putBucket = `update rate_buckets set full_at = $4 where tenant_id = $1 and site_id = $2 and key = $3`
	// What somebody is taking from is left alone, so that nobody waits here
	// while others wait for him.
	pruneBuckets = `delete from rate_buckets b using (
			select key from rate_buckets where tenant_id = $1 and site_id = $2 and full_at <= $3
			order by full_at limit $4 for update skip locked
		) f where b.tenant_id = $1 and b.site_id = $2 and b.key = f.key`
)

// Take implements [ports.Limiter].
func (l *Limiter) Take(ctx context.Context, s tenant.Scope, b usage.Bucket, n int64) error {
	return failing(ctx, "take from the bucket of", s.Site)( // its key may name a person
		l.db.withScope(ctx, s, func(tx *sqlx.Tx, o owner) error {
			var ns int64
			if err := tx.GetContext(ctx, &ns, lockBucket, o.tenant, o.site, b.Key); err != nil {
				return err
			}
			// The time is read once the row is locked, in the order in which the
			// takes are made: one from before waiting for it would find the bucket
			// emptied at a later time than its own, and refuse the last that it
			// has room for.
			now := l.db.now()
			full, err := b.Take(time.Unix(0, ns), now, n)
			if err != nil {
				return err
			}
			if err := one(tx.ExecContext(ctx, putBucket, o.tenant, o.site, b.Key, full.UnixNano())); err != nil {
				return err
			}
			if l.takes.Add(1)%pruneEvery == 0 {
				_, err = tx.ExecContext(ctx, pruneBuckets, o.tenant, o.site, now.UnixNano(), pruneMost)
			}
			return err
		}))
}
