package postgres_test

import (
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/porttest"
)

func holdOf(now time.Time) usage.Hold {
	return usage.Hold{
		ID: usage.ReservationID(usage.ReservationPrefix + porttest.NewID()), Day: usage.DayOf(now, time.UTC),
		Want: usage.Amounts{ChatRequests: 1}, Limits: usage.NoLimits(), Admit: now, Expires: now.Add(time.Minute), ResetAt: now.Add(time.Hour),
	}
}

// TestAForeignLockStopsOneSiteOnly: somebody holds the row of a site's day and
// does not let go. Calls of other sites that wait in the same group are answered,
// and the site's own say that the store is away, within the login's lock_timeout.
func TestAForeignLockStopsOneSiteOnly(t *testing.T) {
	d := migrated(t)
	db := opened(t, d, time.Now)
	busy, free := newScope(d)(t), newScope(d)(t)
	now := time.Now()
	for _, s := range []tenant.Scope{busy, free} { // their days exist
		if err := db.Ledger().Reserve(t.Context(), s, holdOf(now)); err != nil {
			t.Fatal(err)
		}
	}
	hand := super(t, d)
	tx, err := hand.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), `select from usage_daily where site_id = $1 for update`, string(busy.Site)[len(tenant.SitePrefix):]); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := db.Ledger().Reserve(t.Context(), busy, holdOf(now)); err == nil {
				t.Error("a hold of the locked site was admitted")
			}
		})
		wg.Go(func() {
			if err := db.Ledger().Reserve(t.Context(), free, holdOf(now)); err != nil {
				t.Errorf("the other site: %v", err)
			}
		})
	}
	wg.Wait()
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := db.Ledger().Reserve(t.Context(), busy, holdOf(now)); err != nil {
		t.Errorf("once the lock is gone: %v", err)
	}
}

func TestSkew(t *testing.T) {
	d := migrated(t)
	for _, off := range []time.Duration{0, time.Hour, -time.Hour} {
		db := opened(t, d, func() time.Time { return time.Now().Add(off) })
		got, err := db.Skew(t.Context())
		if err != nil || (got-off).Abs() > 2*time.Second {
			t.Errorf("a clock that is %v off: %v, %v", off, got, err)
		}
	}
}
