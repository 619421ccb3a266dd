package memory

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Limiter keeps token buckets in process memory. It is a [ports.Limiter]. Make
// one with NewLimiter.
type Limiter struct {
	now ports.Clock

	mu   sync.Mutex // guards all below
	full map[bucketKey]time.Time
	// prune is how many buckets there may be before those that are full again,
	// which are as good as new ones, are dropped.
	prune int
}

type bucketKey struct {
	scope tenant.Scope
	key   string
}

var _ ports.Limiter = (*Limiter)(nil)

// minPrune is how many buckets are never looked through for full ones.
const minPrune = 1024

// NewLimiter returns a limiter whose buckets are full.
func NewLimiter(now ports.Clock) *Limiter {
	return &Limiter{now: now, full: map[bucketKey]time.Time{}, prune: minPrune}
}

// Take implements [ports.Limiter].
func (l *Limiter) Take(ctx context.Context, s tenant.Scope, b usage.Bucket, n int64) error {
	if err := begin(ctx, s); err != nil {
		return err
	}
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	k := bucketKey{s, b.Key}
	full, err := b.Take(l.full[k], now, n)
	if err != nil {
		return fmt.Errorf("memory: take: %w", portError(err))
	}
	l.full[k] = full
	if len(l.full) > l.prune {
		for k, full := range l.full {
			if !full.After(now) {
				delete(l.full, k)
			}
		}
		// Twice what is left: each bucket is looked at a constant number of
		// times for each Take.
		l.prune = max(minPrune, 2*len(l.full))
	}
	return nil
}
