package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/harness/migrated"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
)

func TestMain(m *testing.M) {
	os.Exit(pgtest.Main(m, pgtest.Options{FullDurability: true}))
}

const (
	clients = 32
	window  = 4 * time.Second // of one measurement
)

// BenchmarkLedgerOnPostgres counts reserve + settle pairs a second of 32 clients,
// each step committed with synchronous_commit on, beside bare single-row UPDATE
// transactions by as many clients on the same server in the same run: on one
// site, and spread over 1,000. "of_bare" is pairs over updates; "p99_of_bare" the
// 99th percentile of a reserve over that of an update.
//
// A bare update is one statement that commits by itself, over a pool of 16
// connections: the fastest of its forms here, and the one that the ratios are
// against. What each call of the ledger must be, a transaction with a BEGIN and a
// COMMIT, costs a bare update more, too: with a connection for each client that is
// "begin/s", and "of_begin" pairs over it.
//
// All are measured in turns, three times, and the medians are told: the machine does
// not hold still for one of them.
func BenchmarkLedgerOnPostgres(b *testing.B) {
	for _, sites := range []int{1, 1000} {
		b.Run(fmt.Sprintf("sites=%d", sites), func(b *testing.B) {
			d := migrated.Database(b)
			super := connect(b, d.Superuser(), 16) // more are slower on few cores
			each := connect(b, d.Superuser(), clients)
			db := open(b, d)
			scopes := makeSites(b, super, sites)
			bareRows(b, super, sites)
			var pairs, bares, ratios, tails, begins, ofBegins []float64
			for b.Loop() {
				for range 3 {
					bare, bareTail := measure(b, func(ctx context.Context, client, n int) (time.Duration, error) {
						start := time.Now()
						_, err := super.ExecContext(ctx, updateBare, (client*7919+n*31)%sites)
						return time.Since(start), err
					})
					begin, _ := measure(b, func(ctx context.Context, client, n int) (time.Duration, error) {
						return 0, beginAndUpdate(ctx, each, (client*7919+n*31)%sites)
					})
					pair, reserveTail := measure(b, func(ctx context.Context, client, n int) (time.Duration, error) {
						return reserveAndSettle(ctx, db.Ledger(), scopes[(client*7919+n*31)%sites])
					})
					pairs, bares = append(pairs, pair), append(bares, bare)
					begins, ofBegins = append(begins, begin), append(ofBegins, pair/begin)
					ratios, tails = append(ratios, pair/bare), append(tails, float64(reserveTail)/float64(bareTail))
				}
			}
			b.ReportMetric(median(pairs), "pairs/s")
			b.ReportMetric(median(bares), "bare/s")
			b.ReportMetric(median(ratios), "of_bare")
			b.ReportMetric(median(begins), "begin/s")
			b.ReportMetric(median(ofBegins), "of_begin")
			b.ReportMetric(median(tails), "p99_of_bare")
		})
	}
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

const updateBare = `update bare set n = n + 1 where id = $1`

func beginAndUpdate(ctx context.Context, db *sqlx.DB, id int) error {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, updateBare, id); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func connect(b *testing.B, url string, conns int) *sqlx.DB {
	b.Helper()
	db, err := sqlx.Open("postgres", url+"&binary_parameters=yes")
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	b.Cleanup(func() { _ = db.Close() })
	return db
}

func open(b *testing.B, d pgtest.Database) *postgres.DB {
	b.Helper()
	db, err := postgres.Open(b.Context(), postgres.Config{
		URL: d.URL("app_runtime"), LedgerURL: d.URL("app_ledger"), ServiceURL: d.URL("app_service"), Now: system.Now, NewID: system.NewID,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return db
}

func bareRows(b *testing.B, super *sqlx.DB, rows int) {
	b.Helper()
	for _, q := range []string{
		`create table bare (id int primary key, n bigint not null) with (fillfactor = 50)`,
		fmt.Sprintf(`insert into bare select g, 0 from generate_series(0, %d) g`, rows-1),
	} {
		if _, err := super.ExecContext(b.Context(), q); err != nil {
			b.Fatal(err)
		}
	}
}

func makeSites(b *testing.B, super *sqlx.DB, n int) []tenant.Scope {
	b.Helper()
	scopes := make([]tenant.Scope, n)
	for i := range scopes {
		t, s := system.NewID(), system.NewID()
		if _, err := super.ExecContext(b.Context(), `insert into tenants (id, name) values ($1, 'bench')`, t); err != nil {
			b.Fatal(err)
		}
		if _, err := super.ExecContext(b.Context(), `insert into sites (id, tenant_id, name, url) values ($1, $2, 'bench', 'https://shop.example.com')`, s, t); err != nil {
			b.Fatal(err)
		}
		scopes[i] = tenant.Scope{Tenant: tenant.ID(tenant.Prefix + t), Site: tenant.SiteID(tenant.SitePrefix + s)}
	}
	return scopes
}

// measure lets all clients repeat do for a window and returns how many a second
// were done, and the 99th percentile of what do says each took.
func measure(b *testing.B, do func(ctx context.Context, client, n int) (time.Duration, error)) (float64, time.Duration) {
	b.Helper()
	var count atomic.Int64
	took := make([][]time.Duration, clients)
	var wg sync.WaitGroup
	start := time.Now()
	for c := range clients {
		wg.Go(func() {
			for n := 0; time.Since(start) < window; n++ {
				t, err := do(b.Context(), c, n)
				if err != nil {
					b.Error(err)
					return
				}
				took[c] = append(took[c], t)
				count.Add(1)
			}
		})
	}
	wg.Wait()
	all := slices.Concat(took...)
	slices.Sort(all)
	return float64(count.Load()) / time.Since(start).Seconds(), all[len(all)*99/100]
}

// reserveAndSettle does one pair, and tells how long the reserve took.
func reserveAndSettle(ctx context.Context, l *postgres.Ledger, s tenant.Scope) (time.Duration, error) {
	now := system.Now()
	id := usage.ReservationID(usage.ReservationPrefix + system.NewID())
	limits := usage.Limits{ChatTokens: 1 << 50, ChatRequests: 1 << 50, EmbeddingTokens: 1 << 50, Cost: 1 << 50}
	start := time.Now()
	if err := l.Reserve(ctx, s, usage.Hold{
		ID: id, Day: usage.DayOf(now, time.UTC), Want: usage.Amounts{ChatRequests: 1, ChatTokens: 1000, Cost: 1000}, Limits: limits,
		Admit: now, Expires: now.Add(time.Minute), ResetAt: now.Add(24 * time.Hour),
	}); err != nil {
		return 0, err
	}
	took := time.Since(start)
	return took, l.Settle(ctx, s, id, usage.Event{
		ID: usage.EventID(usage.EventPrefix + system.NewID()), CallNo: 1, Last: true, Kind: usage.Chat, Model: "gpt-4o-mini", ChatRequests: 1,
		Tokens: chat.Tokens{Input: 800, Output: 100, CountedBy: chat.ByProvider}, Cost: 500, Success: true, At: now,
	})
}
