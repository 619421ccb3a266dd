package porttest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// LimiterStore is what an adapter's test gives to the suite Limiter.
type LimiterStore struct {
	ports.Limiter
	// NewScope returns the scope of a site that the store knows.
	NewScope func(t *testing.T) tenant.Scope
	// Replica returns the same store as another process sees it; nil if the
	// store lives in one process.
	Replica func(t *testing.T) LimiterStore
}

// Limiter runs the contract of ports.Limiter. open returns an empty store that
// tells the time by now; it is called once for each case.
func Limiter(t *testing.T, open func(t *testing.T, now ports.Clock) LimiterStore) {
	t.Helper()
	runCases(t, limiterCases, func(t *testing.T) *limiterFixture {
		clock := NewClock(start())
		f := &limiterFixture{T: t, LimiterStore: open(t, clock.Now), clock: clock}
		f.a, f.b = f.NewScope(t), f.NewScope(t)
		return f
	})
}

type limiterFixture struct {
	*testing.T
	LimiterStore
	clock *Clock
	a, b  tenant.Scope
}

// bucket holds five, and one comes back each second.
func bucket(key string) usage.Bucket {
	return usage.Bucket{Key: key, Burst: 5, Every: time.Second}
}

func (f *limiterFixture) take(s tenant.Scope, b usage.Bucket, n int64) {
	f.Helper()
	if err := f.Take(f.Context(), s, b, n); err != nil {
		f.Errorf("Take %d: %v", n, err)
	}
}

func (f *limiterFixture) wantWait(s tenant.Scope, b usage.Bucket, n int64, want time.Duration) {
	f.Helper()
	var rate *usage.RateError
	if err := f.Take(f.Context(), s, b, n); !errors.As(err, &rate) || rate.Retry != want || rate.Bucket != b.Key {
		f.Errorf("Take %d: got %v, want a *usage.RateError of bucket %s that says %v", n, err, b.Key, want)
	}
}

var limiterCases = []contractCase[*limiterFixture]{
	{"burst", "a new bucket is full; what is taken beyond is refused, says when it will be there, and takes nothing", func(f *limiterFixture) {
		b := bucket("visitor:1")
		f.take(f.a, b, 3)
		f.wantWait(f.a, b, 3, time.Second)
		f.wantWait(f.a, b, 5, 3*time.Second)
		f.take(f.a, b, 2)
		f.wantWait(f.a, b, 1, time.Second)
	}},
	{"refill", "a bucket fills at its pace to its burst and no further, and after Retry there is enough", func(f *limiterFixture) {
		b := bucket("visitor:1")
		f.take(f.a, b, 5)
		f.clock.Advance(2500 * time.Millisecond)
		f.take(f.a, b, 2)
		f.wantWait(f.a, b, 1, 500*time.Millisecond)
		f.clock.Advance(500*time.Millisecond - time.Nanosecond)
		f.wantWait(f.a, b, 1, time.Nanosecond)
		f.clock.Advance(time.Nanosecond)
		f.take(f.a, b, 1)
		f.clock.Advance(24 * time.Hour)
		f.take(f.a, b, 5)
		f.wantWait(f.a, b, 1, time.Second)
	}},
	{"keys", "each key is a bucket of its own", func(f *limiterFixture) {
		f.take(f.a, bucket("visitor:1"), 5)
		f.take(f.a, bucket("visitor:2"), 5)
		f.take(f.a, bucket("visitor:10"), 5)
		f.wantWait(f.a, bucket("visitor:1"), 1, time.Second)
	}},
	{"invalid", "n is from 1 to the burst", func(f *limiterFixture) {
		b := bucket("visitor:1")
		for _, n := range []int64{0, -1, 6} {
			wantErr(f.T, "Take", f.Take(f.Context(), f.a, b, n), ports.ErrInvalid)
		}
		wantErr(f.T, "Take of a bucket that never fills", f.Take(f.Context(), f.a, usage.Bucket{Key: "x", Burst: 1}, 1), ports.ErrInvalid)
		f.take(f.a, b, 5)
	}},
	{"isolation", "one scope never takes from another's bucket", func(f *limiterFixture) {
		b := bucket("visitor:1")
		bothWays(f.a, f.b, func(me, other tenant.Scope) {
			f.take(me, b, 5)
			f.take(other, b, 5)
			f.wantWait(me, b, 1, time.Second)
			for _, s := range mixed(me, other) {
				if err := f.Take(f.Context(), s, b, 5); err != nil && !errors.Is(err, ports.ErrNotFound) {
					f.Errorf("Take of nobody's bucket: %v, want it to be its own or not found", err)
				}
			}
			f.clock.Advance(time.Hour)
			f.take(me, b, 5)
			f.clock.Advance(time.Hour)
		})
	}},
	{"no overshoot", "concurrent Takes get no more together than the bucket holds", func(f *limiterFixture) {
		for range 100 {
			var taken atomic.Int64
			together(crowd, func(int) {
				var rate *usage.RateError
				switch err := f.Take(f.Context(), f.a, bucket("visitor:1"), 1); {
				case err == nil:
					taken.Add(1)
				case !errors.As(err, &rate):
					f.Errorf("Take: %v", err)
				}
			})
			if n := taken.Load(); n != 5 {
				f.Fatalf("%d were taken from a bucket of 5", n)
			}
			f.clock.Advance(time.Minute)
		}
	}},
	{"no scope", "an incomplete scope is refused", func(f *limiterFixture) {
		for _, s := range incomplete(f.a) {
			wantErr(f.T, "Take", f.Take(f.Context(), s, bucket("visitor:1"), 1), tenant.ErrNoScope)
		}
	}},
	{"done context", "a done context ends the call, and nothing is taken", func(f *limiterFixture) {
		ctx, cancel := context.WithCancel(f.Context())
		cancel()
		wantErr(f.T, "Take", f.Take(ctx, f.a, bucket("visitor:1"), 1), context.Canceled)
		f.take(f.a, bucket("visitor:1"), 5)
	}},
	{"replica", "all processes take from the same bucket", func(f *limiterFixture) {
		if f.Replica == nil {
			f.Skip("the store lives in one process")
		}
		there := f.Replica(f.T)
		f.take(f.a, bucket("visitor:1"), 3)
		wantErr(f.T, "Take by another process", there.Take(f.Context(), f.a, bucket("visitor:1"), 2), nil)
		f.wantWait(f.a, bucket("visitor:1"), 1, time.Second)
	}},
}
