// Package bench measures against a baseline of the same run: a ratio says more
// than a time on a machine that others use, too.
package bench

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
)

// BenchmarkLedgerOnSQLite counts reserve + settle pairs of one site, each in
// durable transactions of its own, beside bare updates of one row in a file
// with the same settings. "of_bare" is pairs a second over updates a second.
func BenchmarkLedgerOnSQLite(b *testing.B) {
	ctx := b.Context()
	bare := updates(ctx, b)
	db, err := sqlite.Open(ctx, sqlite.Config{Dir: b.TempDir(), Now: system.Now, NewID: system.NewID})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	s := site(ctx, b, db)
	ledger, now := db.Ledger(), system.Now()
	n := 0
	pair := func() {
		n++
		id := usage.ReservationID(usage.ReservationPrefix + system.NewID())
		err := ledger.Reserve(ctx, s, usage.Hold{
			ID: id, Day: usage.DayOf(now, time.UTC), Want: usage.Amounts{ChatRequests: 1, ChatTokens: 1000}, Limits: usage.NoLimits(),
			Admit: now, Expires: now.Add(time.Minute), ResetAt: now.Add(24 * time.Hour),
		})
		if err != nil {
			b.Fatal(err)
		}
		err = ledger.Settle(ctx, s, id, usage.Event{
			ID: usage.EventID(usage.EventPrefix + system.NewID()), CallNo: 1, Last: true, Kind: usage.Chat, Model: "m", ChatRequests: 1,
			Tokens: chat.Tokens{Input: 800, Output: 100, CountedBy: chat.ByProvider}, Success: true, At: now,
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	start := time.Now()
	for b.Loop() {
		pair()
	}
	pairs := float64(n) / time.Since(start).Seconds()
	b.ReportMetric(pairs, "pairs/s")
	b.ReportMetric(bare, "bare/s")
	b.ReportMetric(pairs/bare, "of_bare")
}

func site(ctx context.Context, b *testing.B, db *sqlite.DB) tenant.Scope {
	b.Helper()
	accounts := db.Accounts()
	t := tenant.Tenant{ID: tenant.ID(tenant.Prefix + system.NewID()), Name: "bench", Created: system.Now()}
	s := tenant.Site{
		ID: tenant.SiteID(tenant.SitePrefix + system.NewID()), Tenant: t.ID, Name: "bench", URL: "https://shop.example.com",
		TimeZone: "UTC", Generation: 1, Created: system.Now(),
	}
	if err := accounts.PutTenant(ctx, t); err != nil {
		b.Fatal(err)
	}
	if err := accounts.PutSite(ctx, s); err != nil {
		b.Fatal(err)
	}
	return s.Scope()
}

// updates returns how many bare single-row updates a second the same machine
// commits, with the settings of woochat.db.
func updates(ctx context.Context, b *testing.B) float64 {
	b.Helper()
	dsn := fmt.Sprintf("file:%s?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate", filepath.Join(b.TempDir(), "bare.db"))
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, `create table t (id integer primary key, n integer not null); insert into t values (1, 0)`); err != nil {
		b.Fatal(err)
	}
	const rounds = 1000
	start := time.Now()
	for range rounds {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := tx.ExecContext(ctx, `update t set n = n + 1 where id = 1`); err != nil {
			b.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	return rounds / time.Since(start).Seconds()
}
