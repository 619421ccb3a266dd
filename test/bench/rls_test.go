package bench

import (
	"context"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/test/harness/migrated"
)

const (
	rlsTenants = 1000
	rlsEvents  = 500 // of each tenant, and so of all that one sees
	member     = `{"sub":"00000000-0000-7000-a000-000000000007"}`
	itself     = `00000000-0000-7000-8000-000000000007`
)

// BenchmarkRowLevelSecurity asks for a tenant's usage by day, of half a million
// events of which it sees 500, as a member whom the policies bind, beside the
// same query as a superuser whom they do not, both inside of an open transaction,
// so that policies are measured and not round trips. "of_bare" is the ratio of
// their times.
func BenchmarkRowLevelSecurity(b *testing.B) {
	d := migrated.Database(b)
	super := connect(b, d.Superuser(), 16)
	super.SetMaxOpenConns(1)
	for _, q := range []string{
		`set session_replication_role = replica`,
		`insert into tenants (id, name) select ('00000000-0000-7000-8000-' || lpad(g::text, 12, '0'))::uuid, 'tenant' from generate_series(1, 1000) g`,
		`insert into sites (id, tenant_id, name, url) select ('00000000-0000-7000-9000-' || right(id::text, 12))::uuid, id, 'shop', 'https://shop.example.com' from tenants`,
		`insert into user_tenants (tenant_id, user_id, role) select id, ('00000000-0000-7000-a000-' || right(id::text, 12))::uuid, 'support' from tenants`,
		`insert into usage_events (id, tenant_id, site_id, reservation_id, day, chat_requests, kind, model, prompt_tokens, completion_tokens, total_tokens, cost, usage_source)
			select gen_random_uuid(), s.tenant_id, s.id, gen_random_uuid(), '2026-11-28'::date - (g % 30)::int, 1, 'chat', 'm', 5, 5, 10, 7, 'provider' from generate_series(1, 500) g, sites s`,
		`analyze`,
		`set session_replication_role = origin`,
	} {
		if _, err := super.ExecContext(b.Context(), q); err != nil {
			b.Fatal(err)
		}
	}
	for name, query := range map[string]string{
		"events": `select to_char(day, 'YYYY-MM-DD') as day, sum(chat_requests)::bigint as n from usage_events
			where tenant_id = $1 and day between '2026-10-01' and '2026-11-30' group by day order by day`,
	} {
		b.Run(name, func(b *testing.B) {
			bare, begun := begin(b, super), connect(b, d.URL("app_runtime"), 16)
			bound := begin(b, begun, `select set_config('role', 'authenticated', true), set_config('request.jwt.claims', '`+member+`', true)`)
			seen(b, bound)
			var with, without time.Duration
			for b.Loop() {
				for range 50 { // in turns, since the machine does not hold still
					with += ask(b, bound, query)
					without += ask(b, bare, query)
				}
			}
			b.ReportMetric(float64(with)/float64(without), "of_bare")
		})
	}
}

// begin returns a transaction that is open until the benchmark's end.
func begin(b *testing.B, pool *sqlx.DB, settings ...string) *sqlx.Tx {
	b.Helper()
	tx, err := pool.BeginTxx(context.WithoutCancel(b.Context()), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = tx.Rollback() })
	for _, s := range settings {
		if _, err := tx.ExecContext(b.Context(), s); err != nil {
			b.Fatal(err)
		}
	}
	return tx
}

// seen fails unless the policies show the tenant's own events and no others.
func seen(b *testing.B, tx *sqlx.Tx) {
	b.Helper()
	var all int
	if err := tx.GetContext(b.Context(), &all, `select count(*) from usage_events`); err != nil {
		b.Fatal(err)
	}
	if all != rlsEvents {
		b.Fatalf("%d of %d events are visible, want %d", all, rlsTenants*rlsEvents, rlsEvents)
	}
}

func ask(b *testing.B, tx *sqlx.Tx, query string) time.Duration {
	b.Helper()
	var days []struct {
		Day string `db:"day"`
		N   int64  `db:"n"`
	}
	start := time.Now()
	if err := tx.SelectContext(b.Context(), &days, query, itself); err != nil {
		b.Fatal(err)
	}
	if len(days) != 30 {
		b.Fatalf("%d days, want 30", len(days))
	}
	return time.Since(start)
}
