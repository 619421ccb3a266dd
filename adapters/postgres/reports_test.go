package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestUsageReports(t *testing.T) {
	porttest.UsageReports(t, func(t *testing.T, now ports.Clock) porttest.ReportStore {
		d := migrated(t)
		db := opened(t, d, now)
		hand := super(t, d)
		return porttest.ReportStore{
			UsageStore: usageStore(db, d), UsageReports: db.Ledger(), Know: know(db, d),
			NewSite: func(t *testing.T, id tenant.ID) tenant.Scope {
				t.Helper()
				s := tenant.Scope{Tenant: id, Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
				tid, site := ids(s)
				if _, err := hand.ExecContext(t.Context(), `insert into sites (id, tenant_id, name) values ($1, $2, 'shop')`, site, tid); err != nil {
					t.Fatal(err)
				}
				return s
			},
		}
	})
}

func root() roles.Grants { return roles.Grants{Subject: "root@example.com", SuperAdmin: true} }

const reportDay = usage.Day("2026-11-23")

// fillEvents writes n events of a day past the ledger.
func fillEvents(t *testing.T, d pgtest.Database, s tenant.Scope, n int) {
	t.Helper()
	tid, site := ids(s)
	hand := super(t, d)
	tx, err := hand.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), `set local session_replication_role = replica`); err != nil { // no reservations are needed
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), `insert into usage_events (id, tenant_id, site_id, reservation_id, day, chat_requests, kind, model,
			prompt_tokens, completion_tokens, total_tokens, cost, usage_source, raw_usage)
		select gen_random_uuid(), $1, $2, gen_random_uuid(), $3, 1, 'chat', 'model-1', 9, 1, 10, 1, 'provider', $4 from generate_series(1, $5)`,
		tid, site, string(reportDay), strings.Repeat("r", 200), n); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := hand.ExecContext(t.Context(), `analyze usage_events`); err != nil {
		t.Fatal(err)
	}
}

// A visit of all events of a big site does not grow with their number, and reads
// each page by the index.
func TestEachEventInConstantMemory(t *testing.T) {
	d := migrated(t)
	db, s := opened(t, d, time.Now), newScope(d)(t)
	const n = 40_000 // 40 MB as Go values
	fillEvents(t, d, s, n)
	q := usage.Query{Tenant: s.Tenant, Site: s.Site, First: reportDay, Last: reportDay}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most, seen := heap(), uint64(0), 0
	if err := db.Ledger().EachEvent(t.Context(), root(), q, "", 0, func(usage.SiteEvent) error {
		if seen++; seen%10_000 == 0 {
			most = max(most, heap())
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if seen != n {
		t.Errorf("%d events were visited, want %d", seen, n)
	}
	if grown := int64(most) - int64(before); grown > 8<<20 {
		t.Errorf("the heap grew by %d bytes while %d events were visited", grown, n)
	}
	tid, site := ids(s)
	query := fmt.Sprintf(`select * from usage_events where tenant_id = '%s' and site_id = '%s' and (day, seq) > ('%s', 30000) and day <= '2026-11-30'
		and ('' = '' or kind = '') order by day, seq limit 1000`, tid, site, reportDay)
	if plan := planOf(t, super(t, d), query); !strings.Contains(plan, "using usage_events_by_day") || !strings.Contains(plan, "ROW(day, seq) >") || strings.Contains(plan, "Sort") {
		t.Errorf("%s\nis done by\n%s", query, plan)
	}
}

func TestReportsOfIDsThatAreNone(t *testing.T) {
	d := migrated(t)
	s := newScope(d)(t)
	l := opened(t, d, time.Now).Ledger()
	visit := func(usage.SiteEvent) error { return nil }
	q := usage.Query{Tenant: s.Tenant, First: reportDay, Last: reportDay}
	for what, c := range map[string]struct {
		tenant tenant.ID
		site   tenant.SiteID
		after  usage.EventID
	}{
		"tenant": {"site_1", "", ""}, "site": {s.Tenant, "ten_1", ""}, "event": {s.Tenant, s.Site, "res_1"},
	} {
		q := q
		q.Tenant, q.Site = c.tenant, c.site
		if err := l.EachEvent(t.Context(), root(), q, c.after, 0, visit); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", what, err)
		}
	}
	// What a caller holds beside is not looked at.
	who := roles.Grants{Subject: "somebody", Tenants: map[tenant.ID]roles.Role{"ten_x": roles.Owner, s.Tenant: roles.Support}}
	if err := l.EachEvent(t.Context(), who, q, "", 0, visit); err != nil {
		t.Error(err)
	}
}

// Who claims what the database does not know of sees no usage.
func TestReportsOfGrantsThatAreMadeUp(t *testing.T) {
	d := migrated(t)
	s := newScope(d)(t)
	db := opened(t, d, time.Now)
	fillEvents(t, d, s, 3)
	q := usage.Query{First: reportDay, Last: reportDay}
	count := func(who roles.Grants) (events, models int) {
		t.Helper()
		if err := db.Ledger().EachEvent(t.Context(), who, q, "", 0, func(usage.SiteEvent) error { events++; return nil }); err != nil {
			t.Fatal(err)
		}
		sums, err := db.Ledger().Summary(t.Context(), who, q, usage.ByModel)
		if err != nil {
			t.Fatal(err)
		}
		return events, len(sums)
	}
	who := roles.Grants{Subject: roles.Subject("user_" + porttest.NewID()), Tenants: map[tenant.ID]roles.Role{s.Tenant: roles.Owner}}
	if events, models := count(who); events != 0 || models != 0 {
		t.Errorf("a made up owner sees %d events and %d models", events, models)
	}
	know(db, d)(t, who)
	if events, models := count(who); events != 3 || models != 1 {
		t.Errorf("the owner sees %d events and %d models, want 3 and 1", events, models)
	}
}

func ExampleLedger_EachEvent() {
	export := func(ctx context.Context, ledger *postgres.Ledger, who roles.Grants) error {
		q := usage.Query{First: "2026-11-01", Last: "2026-11-30"}
		return ledger.EachEvent(ctx, who, q, "", 0, func(e usage.SiteEvent) error {
			_, err := fmt.Println(e.Scope.Site, e.Model, e.Cost)
			return err
		})
	}
	// A context that is over ends it before anything is asked for.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	fmt.Println(errors.Is(export(ctx, new(postgres.Ledger), roles.Grants{}), context.Canceled))
	// Output: true
}
