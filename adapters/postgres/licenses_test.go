package postgres_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestLicenses(t *testing.T) {
	porttest.Licenses(t, func(t *testing.T) porttest.LicenseStore {
		d := migrated(t)
		l := opened(t, d, time.Now).Licenses()
		return porttest.LicenseStore{
			Licenses: l, LicenseBook: l, NewScope: newScope(d),
			Corrupt: func(t *testing.T, s tenant.Scope, text string) { corrupt(t, d, s, text) },
		}
	})
}

// corrupt stores limits past the trigger that checks them. What is no JSON is
// stored as a JSON string of it: jsonb holds nothing else.
func corrupt(t *testing.T, d pgtest.Database, s tenant.Scope, text string) {
	t.Helper()
	if !json.Valid([]byte(text)) {
		b, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		text = string(b)
	}
	tx, err := super(t, d).BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), `set local session_replication_role = replica`); err != nil {
		t.Fatal(err)
	}
	res, err := tx.ExecContext(t.Context(), `update licenses set plan_limits = $1::jsonb where 'site_' || site_id = $2`, text, string(s.Site))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		t.Fatalf("%d rows were changed, error %v", n, err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

func TestLimiter(t *testing.T) {
	open := func(db *postgres.DB, d pgtest.Database) porttest.LimiterStore {
		return porttest.LimiterStore{Limiter: db.Limiter(), NewScope: newScope(d)}
	}
	porttest.Limiter(t, func(t *testing.T, now ports.Clock) porttest.LimiterStore {
		d := migrated(t)
		store := open(opened(t, d, now), d)
		store.Replica = func(t *testing.T) porttest.LimiterStore { return open(opened(t, d, now), d) }
		return store
	})
}

func TestLimiterForgetsFullBuckets(t *testing.T) {
	d := migrated(t)
	clock := porttest.NewClock(time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC))
	l := opened(t, d, clock.Now).Limiter()
	mine, other := newScope(d)(t), newScope(d)(t)
	take := func(s tenant.Scope, key string, every time.Duration) error {
		return l.Take(t.Context(), s, usage.Bucket{Key: key, Burst: 1, Every: every}, 1)
	}
	if err := errors.Join(take(mine, "slow", 24*time.Hour), take(other, "fast", time.Nanosecond)); err != nil {
		t.Fatal(err)
	}
	const takes = 600
	for i := range takes {
		clock.Advance(time.Second)
		if err := take(mine, fmt.Sprintf("visitor:%d", i), time.Second); err != nil {
			t.Fatal(err)
		}
	}
	var rate *usage.RateError
	if err := take(mine, "slow", 24*time.Hour); !errors.As(err, &rate) {
		t.Errorf("a bucket that is not full was lost: %v", err)
	}
	count := func(s tenant.Scope) (n int) {
		t.Helper()
		if err := super(t, d).GetContext(t.Context(), &n, `select count(*) from rate_buckets where 'site_' || site_id = $1`, string(s.Site)); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(mine); n > takes/2 {
		t.Errorf("%d buckets are kept of %d that are full again", n, takes)
	}
	if count(other) != 1 {
		t.Error("a full bucket of another site was deleted: it is not this site's to see")
	}
}
