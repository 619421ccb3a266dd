package model

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"pgregory.net/rapid"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
	"github.com/aiwoochat/woochat/test/porttest"
)

// The database's time zone is nobody's here: a day that SQL computed would show.
func TestMain(m *testing.M) {
	os.Exit(pgtest.Main(m, pgtest.Options{TimeZone: "America/New_York"}))
}

// full reports whether this is make prove, and not make test.
func full() bool { return os.Getenv("WOOCHAT_PROVE") == "full" }

// size returns how much to do: short in make test, long in make prove.
func size(short, long int) int {
	if full() {
		return long
	}
	return short
}

// firstSeed returns where a test's random numbers begin: WOOCHAT_SEED, so that
// a run can be repeated or go on where another one ended, or anything.
func firstSeed(t *testing.T) uint64 {
	t.Helper()
	seed := 1 + rand.Uint64N(1_000_000_000)
	if text := os.Getenv("WOOCHAT_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil || seed == 0 {
			t.Fatalf("WOOCHAT_SEED is %q, want a number from 1", text)
		}
	}
	t.Logf("WOOCHAT_SEED=%d", seed)
	return seed
}

// partSize is how many cases have one seed, and timeLimit when no further part
// is begun.
const (
	partSize  = 50
	timeLimit = 80 * time.Second
)

// check runs property on short cases in make test and on long ones in make
// prove, in parts with a seed each.
func check(t *testing.T, short, long int, property func(*rapid.T)) {
	t.Helper()
	seed, left, begun := firstSeed(t), size(short, long), time.Now()
	done := 0
	for part := uint64(0); left > done && !t.Failed() && time.Since(begun) < timeLimit; part++ {
		n := min(left-done, partSize)
		set(t, "rapid.seed", strconv.FormatUint(seed+part, 10))
		set(t, "rapid.checks", strconv.Itoa(n))
		t.Run(fmt.Sprintf("seed-%d", seed+part), func(t *testing.T) { rapid.Check(t, property) })
		done += n
	}
	t.Logf("%d cases in %v", done, time.Since(begun).Round(time.Millisecond))
}

// set sets a flag of the rapid package until t ends.
func set(t *testing.T, name, value string) {
	t.Helper()
	f := flag.Lookup(name)
	if f == nil {
		t.Fatalf("there is no flag %s", name)
	}
	before := f.Value.String()
	must(t, f.Value.Set(value))
	t.Cleanup(func() { must(t, f.Value.Set(before)) })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sentinels are the errors that a caller of a ledger can tell apart.
var sentinels = []struct {
	name string
	err  error
}{
	{"unavailable", ports.ErrUnavailable},
	{"not found", ports.ErrNotFound},
	{"conflict", ports.ErrConflict},
	{"invalid", ports.ErrInvalid},
	{"closed", usage.ErrClosed},
	{"dispatched", usage.ErrDispatched},
	{"over hold", usage.ErrOverHold},
	{"bad hold", usage.ErrBadHold},
}

// class returns all that a caller can tell of err; "" for nil.
func class(err error) string {
	if err == nil {
		return ""
	}
	if over, ok := errors.AsType[*usage.LimitError](err); ok {
		return fmt.Sprintf("limit %v: %+v on %+v of %+v until %v", over.Exceeded, over.Requested, over.Current, over.Limits, over.ResetAt)
	}
	var names []string
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			names = append(names, s.name)
		}
	}
	if names == nil {
		return "unknown: " + err.Error()
	}
	return strings.Join(names, ", ")
}

// newDatabase returns a Postgres database with the schema.
func newDatabase(t testing.TB) pgtest.Database {
	t.Helper()
	return pgtest.Need(t).Database(t, "migrated", func(ctx context.Context, superURL string) error {
		_, err := postgres.Migrate(ctx, superURL, nil)
		return err
	})
}

// direct is the address of a login without anything in between.
func direct(d pgtest.Database) func(role string) string { return d.URL }

// openPostgres opens a database as another process would.
func openPostgres(t testing.TB, url func(role string) string, newID ports.NewID) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(context.Background(), postgres.Config{
		URL: url("app_runtime"), LedgerURL: url("app_ledger"), ServiceURL: url("app_service"), MaxConns: 8, Now: time.Now, NewID: newID,
	})
	must(t, err)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func openSQLite(t testing.TB, dir string) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(context.Background(), sqlite.Config{Dir: dir, Now: time.Now, NewID: porttest.NewID})
	must(t, err)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// connect opens a connection that may see and do everything.
func connect(t testing.TB, d pgtest.Database) *sqlx.DB {
	t.Helper()
	db, err := sqlx.Open("postgres", d.Superuser())
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// books is where sites are made.
type books interface {
	PutTenant(ctx context.Context, t tenant.Tenant) error
	PutSite(ctx context.Context, s tenant.Site) error
}

// newSiteIn makes a tenant with one site.
func newSiteIn(ctx context.Context, b books) (tenant.Scope, error) {
	s := randomScope()
	return s, errors.Join(
		b.PutTenant(ctx, tenant.Tenant{ID: s.Tenant, Name: "tenant", Created: start()}),
		b.PutSite(ctx, tenant.Site{ID: s.Site, Tenant: s.Tenant, Name: "shop", URL: "https://shop.example.com", TimeZone: "UTC", Created: start()}),
	)
}

// makeSites returns n sites, each of a tenant of its own.
func makeSites(t testing.TB, b books, n int) []tenant.Scope {
	t.Helper()
	scopes := make([]tenant.Scope, n)
	for i := range scopes {
		var err error
		scopes[i], err = newSiteIn(context.Background(), b)
		must(t, err)
	}
	return scopes
}

// sweepAll settles what an earlier run has left open, so that a sweep meets
// this run's reservations only.
func sweepAll(ctx context.Context, l ports.Sweeper) error {
	for {
		swept, err := l.Sweep(ctx, start().AddDate(50, 0, 0), 1000)
		if err != nil || len(swept) == 0 {
			return err
		}
	}
}

// byID sorts events by their ids: those that are recorded at the same time have
// no order of their own.
func byID(events []usage.Event) []usage.Event {
	slices.SortFunc(events, func(a, b usage.Event) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return events
}
