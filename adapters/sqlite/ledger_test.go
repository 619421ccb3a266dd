package sqlite

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func openWith(t *testing.T, dir string, now ports.Clock) *DB {
	t.Helper()
	db, err := Open(t.Context(), Config{Dir: dir, Now: now, NewID: porttest.NewID})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// newSiteOf returns a function that makes a tenant with one site.
func newSiteOf(db *DB) func(t *testing.T) tenant.Scope {
	return func(t *testing.T) tenant.Scope {
		t.Helper()
		return makeSite(t, db)
	}
}

func makeSite(t testing.TB, db *DB) tenant.Scope {
	t.Helper()
	o := owner{porttest.NewID(), porttest.NewID()}
	if err := db.write(t.Context(), func(tx *sqlx.Tx) error {
		if _, err := tx.Exec(`insert into tenants (id, name, created_at) values (?, 'tenant', 0)`, o.tenant); err != nil {
			return err
		}
		_, err := tx.Exec(`insert into sites (id, tenant_id, name, url, created_at) values (?, ?, 'shop', 'https://shop.example.com', 0)`, o.site, o.tenant)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return o.scope()
}

// addSite makes a further site of a tenant.
func addSite(t testing.TB, db *DB, id tenant.ID) tenant.Scope {
	t.Helper()
	s := tenant.Scope{Tenant: id, Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
	if err := db.Accounts().PutSite(t.Context(), tenant.Site{ID: s.Site, Tenant: id, Name: "shop", URL: "https://shop.example.com", TimeZone: "UTC"}); err != nil {
		t.Fatal(err)
	}
	return s
}

func usageStore(db *DB) porttest.UsageStore {
	l := db.Ledger()
	return porttest.UsageStore{Ledger: l, Checkpointer: l, Sweeper: l, UsageReader: l, NewScope: newSiteOf(db)}
}

func openUsage(t *testing.T, now ports.Clock) porttest.UsageStore {
	dir := migratedDir(t)
	store := usageStore(openWith(t, dir, now))
	store.Replica = func(t *testing.T) porttest.UsageStore { return usageStore(openWith(t, dir, now)) }
	return store
}

func TestLedger(t *testing.T)       { porttest.Ledger(t, openUsage) }
func TestCheckpointer(t *testing.T) { porttest.Checkpointer(t, openUsage) }
func TestSweeper(t *testing.T)      { porttest.Sweeper(t, openUsage) }
func TestUsageReader(t *testing.T)  { porttest.UsageReader(t, openUsage) }

func TestUsageReports(t *testing.T) {
	porttest.UsageReports(t, func(t *testing.T, now ports.Clock) porttest.ReportStore {
		db := openWith(t, migratedDir(t), now)
		store := usageStore(db)
		return porttest.ReportStore{UsageStore: store, UsageReports: db.Ledger(), NewSite: func(t *testing.T, id tenant.ID) tenant.Scope {
			t.Helper()
			return addSite(t, db, id)
		}}
	})
}

func TestTwoHundredAgainstTen(t *testing.T) { porttest.TwoHundredAgainstTen(t, openUsage) }

func TestLicenses(t *testing.T) {
	porttest.Licenses(t, func(t *testing.T) porttest.LicenseStore {
		db := openWith(t, migratedDir(t), time.Now)
		l := db.Licenses()
		return porttest.LicenseStore{
			Licenses: l, LicenseBook: l, NewScope: newSiteOf(db),
			Corrupt: func(t *testing.T, s tenant.Scope, text string) {
				t.Helper()
				o, err := ownerOf(s)
				if err != nil {
					t.Fatal(err)
				}
				// As if it had been stored before there was a check.
				if err := db.write(t.Context(), func(tx *sqlx.Tx) error {
					if _, err := tx.Exec(`drop trigger if exists licenses_plan_limits_update`); err != nil {
						return err
					}
					return one(tx.Exec(`update licenses set plan_limits = ? where site_id = ?`, text, o.site))
				}); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}

func TestLimiter(t *testing.T) {
	open := func(db *DB) porttest.LimiterStore {
		return porttest.LimiterStore{Limiter: db.Limiter(), NewScope: newSiteOf(db)}
	}
	porttest.Limiter(t, func(t *testing.T, now ports.Clock) porttest.LimiterStore {
		dir := migratedDir(t)
		store := open(openWith(t, dir, now))
		store.Replica = func(t *testing.T) porttest.LimiterStore { return open(openWith(t, dir, now)) }
		return store
	})
}

func TestLimiterForgetsFullBuckets(t *testing.T) {
	clock := porttest.NewClock(epoch)
	db := openWith(t, migratedDir(t), clock.Now)
	l, s := db.Limiter(), newSiteOf(db)(t)
	take := func(key string, every time.Duration) error {
		return l.Take(t.Context(), s, usage.Bucket{Key: key, Burst: 1, Every: every}, 1)
	}
	if err := take("slow", 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	for range pruneEvery {
		clock.Advance(time.Second)
		if err := take("visitor:"+porttest.NewID(), time.Second); err != nil {
			t.Fatal(err)
		}
	}
	var rate *usage.RateError
	if err := take("slow", 24*time.Hour); !errors.As(err, &rate) {
		t.Errorf("a bucket that is not full was lost: %v", err)
	}
	var n int
	if err := db.read(t.Context(), func(tx *sqlx.Tx) error { return tx.Get(&n, `select count(*) from rate_buckets`) }); err != nil {
		t.Fatal(err)
	}
	if n > 10 {
		t.Errorf("%d buckets are kept of %d that are full again", n, pruneEvery)
	}
}

// What the schema itself refuses, should code ever go around the ledger.
func TestSchemaRefusesDoubleWrites(t *testing.T) {
	db := openWith(t, migratedDir(t), time.Now)
	l, a, b := db.Ledger(), newSiteOf(db)(t), newSiteOf(db)(t)
	h := usage.Hold{
		ID: usage.ReservationID(usage.ReservationPrefix + porttest.NewID()), Day: "2026-11-23",
		Want: usage.Amounts{ChatTokens: 10}, Limits: usage.NoLimits(), Admit: epoch, Expires: epoch.Add(time.Minute),
	}
	if err := l.Reserve(t.Context(), a, h); err != nil {
		t.Fatal(err)
	}
	e := usage.Event{ID: usage.EventID(usage.EventPrefix + porttest.NewID()), CallNo: 1, Kind: usage.Chat, Tokens: chat.Tokens{Input: 1}, Day: h.Day, At: epoch}
	if err := l.Settle(t.Context(), a, h.ID, e); err != nil {
		t.Fatal(err)
	}
	key, err := keyOf(t.Context(), a, h.ID)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := ownerOf(b)
	if err != nil {
		t.Fatal(err)
	}
	other := func(change func(*usage.Event)) usage.Event {
		e := e
		change(&e)
		return e
	}
	fresh := usage.EventID(usage.EventPrefix + porttest.NewID())
	for what, do := range map[string]func(tx *sqlx.Tx) error{
		"a second event of a call": func(tx *sqlx.Tx) error {
			return insertEvent(t.Context(), tx, key, other(func(e *usage.Event) { e.ID = fresh }))
		},
		"a second event of an id": func(tx *sqlx.Tx) error {
			return insertEvent(t.Context(), tx, key, other(func(e *usage.Event) { e.CallNo = 2 }))
		},
		"a second reservation of an id": func(tx *sqlx.Tx) error {
			r, _ := usage.NewReservation(h)
			return insertReservation(t.Context(), tx, key, r)
		},
		"an event of another tenant's reservation": func(tx *sqlx.Tx) error {
			return insertEvent(t.Context(), tx, reservationKey{theirs, key.id}, other(func(e *usage.Event) { e.ID = fresh }))
		},
		"a day of another tenant's site": func(tx *sqlx.Tx) error {
			return openDay(t.Context(), tx, owner{theirs.tenant, key.site}, "2026-11-24", h.Want)
		},
		"another tenant's hold on a day": func(tx *sqlx.Tx) error {
			return openDay(t.Context(), tx, owner{theirs.tenant, key.site}, h.Day, h.Want)
		},
		"less than nothing held": func(tx *sqlx.Tx) error {
			return addToDay(t.Context(), tx, key.owner, h.Day, usage.Effect{Held: usage.Amounts{ChatTokens: -100}})
		},
	} {
		if err := db.write(t.Context(), do); err == nil {
			t.Errorf("%s was written", what)
		}
	}
	if got, err := l.Days(t.Context(), a, h.Day, h.Day); err != nil || got[0].Used.ChatTokens != 1 || got[0].Held.ChatTokens != 9 {
		t.Errorf("the day has %+v, error %v, want 1 token used and 9 held", got, err)
	}
}

func TestWrongPrefixIsInvalid(t *testing.T) {
	db := openWith(t, migratedDir(t), time.Now)
	l, s := db.Ledger(), newSiteOf(db)(t)
	h := usage.Hold{
		ID: usage.ReservationID(usage.EventPrefix + porttest.NewID()), Day: "2026-11-23",
		Want: usage.Amounts{ChatTokens: 10}, Limits: usage.NoLimits(), Admit: epoch, Expires: epoch.Add(time.Minute),
	}
	if err := l.Reserve(t.Context(), s, h); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("Reserve: got %v, want ErrInvalid", err)
	}
	h.ID = usage.ReservationID(usage.ReservationPrefix + porttest.NewID())
	if err := l.Reserve(t.Context(), s, h); err != nil {
		t.Fatal(err)
	}
	call := usage.Call{No: 1, Kind: usage.Chat, Model: "m", Message: "conv_1"}
	if err := l.Dispatch(t.Context(), s, h.ID, call, usage.Amounts{}); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("Dispatch: got %v, want ErrInvalid", err)
	}
	e := usage.Event{ID: "evt_1", CallNo: 1, Kind: usage.Chat}
	if err := l.Settle(t.Context(), s, h.ID, e); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("Settle: got %v, want ErrInvalid", err)
	}
	stranger := tenant.Scope{Tenant: tenant.ID(s.Site), Site: tenant.SiteID(s.Tenant)}
	if _, err := l.Days(t.Context(), stranger, h.Day, h.Day); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("Days: got %v, want ErrInvalid", err)
	}
}

func TestClosedIsUnavailable(t *testing.T) {
	db := openWith(t, migratedDir(t), time.Now)
	l, s := db.Ledger(), newSiteOf(db)(t)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Days(t.Context(), s, "2026-11-23", "2026-11-23"); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("Days: got %v, want ErrUnavailable", err)
	}
	if _, err := l.Sweep(context.Background(), epoch, 1); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("Sweep: got %v, want ErrUnavailable", err)
	}
}
