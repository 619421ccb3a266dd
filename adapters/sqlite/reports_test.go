package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

func root() roles.Grants { return roles.Grants{Subject: "root@example.com", SuperAdmin: true} }

// fillEvents writes n events of one day as a ledger would, but for the day.
func fillEvents(t *testing.T, db *DB, s tenant.Scope, day usage.Day, n int) {
	t.Helper()
	o, err := ownerOf(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.write(t.Context(), func(tx *sqlx.Tx) error {
		if _, err := tx.Exec(`with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)
			insert into usage_reservations (tenant_id, site_id, id, day, state, admitted_at, expires_at, want_chat_requests, want_embedding_requests,
				want_chat_tokens, want_embedding_tokens, want_cost, held_chat_requests, held_embedding_requests, held_chat_tokens, held_embedding_tokens, held_cost)
			select ?, ?, printf('00000000-0000-7000-8000-%012x', i), ?, 'settled', 0, 0, 1, 0, 10, 0, 1, 0, 0, 0, 0, 0 from n`,
			n, o.tenant, o.site, string(day)); err != nil {
			return err
		}
		_, err := tx.Exec(`insert into usage_events (id, tenant_id, site_id, reservation_id, call_no, is_last, day, chat_requests, kind, model,
				prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, cost, usage_source, success, raw_usage, created_at)
			select id, tenant_id, site_id, id, 1, 1, day, 1, 'chat', 'model-1', 9, 1, 0, 0, 1, 'provider', 1, ?, 0
			from usage_reservations where tenant_id = ? and site_id = ?`, strings.Repeat("r", 200), o.tenant, o.site)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// A visit of all events of a big site does not grow with their number.
func TestEachEventInConstantMemory(t *testing.T) {
	db := openWith(t, migratedDir(t), time.Now)
	s := makeSite(t, db)
	const n = 60_000 // 60 MB as Go values
	fillEvents(t, db, s, "2026-11-23", n)
	q := usage.Query{Tenant: s.Tenant, Site: s.Site, First: "2026-11-23", Last: "2026-11-23"}
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
}

// What a report reads is found by an index: totals never from events, and
// events by their site and day.
func TestReportsAreReadByIndex(t *testing.T) {
	db := openWith(t, migratedDir(t), time.Now)
	s := makeSite(t, db)
	fillEvents(t, db, s, "2026-11-23", 5_000)
	if err := db.write(t.Context(), func(tx *sqlx.Tx) error {
		_, err := tx.Exec(`analyze`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for name, who := range map[string]roles.Grants{
		"a super admin": root(), "a member": {Subject: "user_1", Tenants: map[tenant.ID]roles.Role{s.Tenant: roles.Support}},
	} {
		r, err := readerOf(who, usage.Query{First: "2026-11-23", Last: "2026-11-23"})
		if err != nil {
			t.Fatal(err)
		}
		days := r.and("2026-11-23", "2026-11-23")
		for _, query := range []string{sumBySite, sumByTenant, sumByDay} {
			if plan := planOf(t, db, query, days...); strings.Contains(plan, "usage_events") || !strings.Contains(plan, "SEARCH d USING PRIMARY KEY (site_id=? AND date>? AND date<?)") {
				t.Errorf("%s: %s\nis done by\n%s", name, query, plan)
			}
		}
		plan := planOf(t, db, sumByModel, append(days, "")...)
		for _, want := range []string{
			"SEARCH e USING INDEX usage_events_by_day (tenant_id=? AND site_id=? AND day>? AND day<?)",
			"SEARCH a USING INDEX usage_adjustments_by_day (tenant_id=? AND site_id=? AND day>? AND day<?)",
			"SEARCH e USING INDEX sqlite_autoindex_usage_events_1 (site_id=? AND id=?)",
		} {
			if !strings.Contains(plan, want) {
				t.Errorf("%s: the summary by model has no %s:\n%s", name, want, plan)
			}
		}
	}
	for query, c := range map[string]struct {
		args []any
		want string
	}{
		selectRestOfDay: {[]any{"t", "s", "2026-11-23", 4_000, "", "", 500}, "(tenant_id=? AND site_id=? AND day=? AND seq>?)"},
		selectLaterDays: {[]any{"t", "s", "2026-11-23", "2026-11-30", "", "", 500}, "(tenant_id=? AND site_id=? AND day>? AND day<?)"},
	} {
		if plan := planOf(t, db, query, c.args...); !strings.Contains(plan, "SEARCH usage_events USING INDEX usage_events_by_day "+c.want) || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s\nis done by\n%s", query, plan)
		}
	}
}

func TestReportsOfIDsThatAreNone(t *testing.T) {
	db := openWith(t, migratedDir(t), time.Now)
	s := makeSite(t, db)
	l := db.Ledger()
	visit := func(usage.SiteEvent) error { return nil }
	q := usage.Query{Tenant: s.Tenant, First: "2026-11-23", Last: "2026-11-23"}
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
	who := roles.Grants{Subject: "user_1", Tenants: map[tenant.ID]roles.Role{"ten_x": roles.Owner, s.Tenant: roles.Support}}
	if err := l.EachEvent(t.Context(), who, q, "", 0, visit); err != nil {
		t.Error(err)
	}
}

func ExampleLedger_EachEvent() {
	var ledger *Ledger // db.Ledger()
	everything := func(ctx context.Context, who roles.Grants) error {
		q := usage.Query{First: "2026-11-01", Last: "2026-11-30"}
		return ledger.EachEvent(ctx, who, q, "", 0, func(e usage.SiteEvent) error {
			_, err := fmt.Println(e.Scope.Site, e.Model, e.Cost)
			return err
		})
	}
	_ = everything
}
