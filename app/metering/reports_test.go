package metering_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// reportWorld has two sites of ten_1 and one of ten_2, of n events each today.
type reportWorld struct {
	*testing.T
	*metering.Reports
	log *memory.AuditLog
}

const reportDay = usage.Day("2026-11-23")

func newReportWorld(t *testing.T, n int) *reportWorld {
	t.Helper()
	w := &reportWorld{T: t, log: memory.NewAuditLog()}
	now := func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }
	ledger := memory.NewLedger(now, porttest.NewID)
	for _, s := range []tenant.Scope{{Tenant: "ten_1", Site: "site_1"}, {Tenant: "ten_1", Site: "site_2"}, {Tenant: "ten_2", Site: "site_3"}} {
		for i := range n {
			spendOne(t, ledger, s, now(), i)
		}
	}
	var err error
	w.Reports, err = metering.NewReports(metering.ReportDeps{Usage: ledger, Audit: w.log, Now: now, NewID: porttest.NewID})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func spendOne(t *testing.T, ledger *memory.Ledger, s tenant.Scope, now time.Time, i int) {
	t.Helper()
	id := usage.ReservationID(fmt.Sprintf("res_%s_%d", s.Site, i))
	if err := ledger.Reserve(t.Context(), s, usage.Hold{
		ID: id, Day: reportDay, Want: usage.Amounts{ChatRequests: 1, ChatTokens: 10}, Limits: usage.NoLimits(), Admit: now, Expires: now.Add(time.Minute),
	}); err != nil {
		t.Fatal(err)
	}
	if err := ledger.Settle(t.Context(), s, id, usage.Event{
		ID: usage.EventID(fmt.Sprintf("evt_%s_%d", s.Site, i)), CallNo: 1, Last: true, Kind: usage.Chat, Model: "model-1", ChatRequests: 1,
		Tokens: chat.Tokens{Input: 9, Output: 1, CountedBy: chat.ByProvider}, Success: true, At: now,
	}); err != nil {
		t.Fatal(err)
	}
}

// calls makes each call and returns its error.
func (w *reportWorld) calls(who roles.Grants, q usage.Query) map[string]error {
	_, summaryErr := w.Summary(w.Context(), who, q, usage.BySite)
	_, _, pageErr := w.EventPage(w.Context(), who, q, "", 10)
	return map[string]error{
		"EachDay": w.EachDay(w.Context(), who, q, func(usage.SiteTotals) error { return nil }), "Summary": summaryErr, "EventPage": pageErr,
		"EachEvent": w.EachEvent(w.Context(), who, q, func(usage.SiteEvent) error { return nil }),
	}
}

func member(id tenant.ID, r roles.Role) roles.Grants {
	return roles.Grants{Subject: "me@example.com", Tenants: map[tenant.ID]roles.Role{id: r}}
}

func TestReportsAskRolesFirst(t *testing.T) {
	key := member("ten_1", roles.Support)
	key.Subject, key.Sites = "key_1", []tenant.SiteID{"site_1"}
	root := roles.Grants{Subject: "root@example.com", SuperAdmin: true, Reason: "ticket 4711"}
	claims := key
	claims.SuperAdmin = true
	for name, c := range map[string]struct {
		who    roles.Grants
		tenant tenant.ID
		site   tenant.SiteID
		want   error
	}{
		"support reads a site":              {member("ten_1", roles.Support), "ten_1", "site_1", nil},
		"support reads the tenant":          {member("ten_1", roles.Support), "ten_1", "", nil},
		"an owner reads all tenants":        {member("ten_1", roles.Owner), "", "", roles.ErrForbidden},
		"an owner reads another tenant":     {member("ten_1", roles.Owner), "ten_2", "", ports.ErrNotFound},
		"an owner reads another's site":     {member("ten_1", roles.Owner), "ten_2", "site_3", ports.ErrNotFound},
		"a tenant that there is not":        {member("ten_1", roles.Owner), "ten_9", "site_9", ports.ErrNotFound},
		"nobody":                            {roles.Grants{}, "ten_1", "site_1", ports.ErrNotFound},
		"a key reads its site":              {key, "ten_1", "site_1", nil},
		"a key reads another site":          {key, "ten_1", "site_2", ports.ErrNotFound},
		"a key reads a site that is none":   {key, "ten_1", "site_9", ports.ErrNotFound},
		"a key reads its tenant":            {key, "ten_1", "", roles.ErrForbidden},
		"a key that claims all, of all":     {claims, "", "", roles.ErrForbidden},
		"a key that claims all, of another": {claims, "ten_2", "site_3", ports.ErrNotFound},
		"a super admin reads all":           {root, "", "", nil},
		"a super admin reads a tenant":      {root, "ten_2", "", nil},
		"a super admin without a reason":    {roles.Grants{Subject: "root@example.com", SuperAdmin: true}, "ten_2", "", ports.ErrInvalid},
	} {
		w := newReportWorld(t, 1)
		for call, err := range w.calls(c.who, usage.Query{Tenant: c.tenant, Site: c.site, First: reportDay, Last: reportDay}) {
			if !errors.Is(err, c.want) {
				t.Errorf("%s, %s: got %v, want %v", name, call, err, c.want)
			}
		}
	}
}

func TestGroupingByTenantIsForSuperAdmins(t *testing.T) {
	w := newReportWorld(t, 2)
	q := usage.Query{Tenant: "ten_1", First: reportDay, Last: reportDay}
	if _, err := w.Summary(t.Context(), member("ten_1", roles.Owner), q, usage.ByTenant); !errors.Is(err, roles.ErrForbidden) {
		t.Errorf("an owner groups by tenant: %v", err)
	}
	root := roles.Grants{Subject: "root@example.com", SuperAdmin: true, Reason: "ticket 4711"}
	sums, err := w.Summary(t.Context(), root, usage.Query{First: reportDay, Last: reportDay}, usage.ByTenant)
	if err != nil || len(sums) != 2 || sums[0].Tenant != "ten_1" || sums[0].Used.ChatTokens != 40 || sums[1].Used.ChatTokens != 20 {
		t.Errorf("got %+v, %v", sums, err)
	}
}

func TestASuperAdminsLookIsRecorded(t *testing.T) {
	w := newReportWorld(t, 1)
	root := roles.Grants{Subject: "root@example.com", SuperAdmin: true, Reason: "ticket 4711"}
	w.calls(root, usage.Query{Tenant: "ten_1", Site: "site_1", First: reportDay, Last: reportDay})
	w.calls(member("ten_1", roles.Owner), usage.Query{Tenant: "ten_1", First: reportDay, Last: reportDay})
	list, err := w.log.List(t.Context(), member("ten_1", roles.Owner), tenant.Scope{Tenant: "ten_1"}, "", 100)
	if err != nil || len(list) != 4 {
		t.Fatalf("the owner sees %+v, %v", list, err)
	}
	for _, e := range list {
		if e.Actor != "root@example.com" || e.Reason != "ticket 4711" || e.Action != roles.ReadUsage || e.Scope.Site != "site_1" || !strings.Contains(e.Details, "2026-11-23 to 2026-11-23") {
			t.Errorf("recorded: %+v", e)
		}
	}
}

func TestEventPage(t *testing.T) {
	w := newReportWorld(t, 5)
	who, q := member("ten_1", roles.Support), usage.Query{Tenant: "ten_1", Site: "site_1", First: reportDay, Last: reportDay}
	var after usage.EventID
	for i, want := range []struct {
		n    int
		more bool
	}{{2, true}, {2, true}, {1, false}} {
		page, more, err := w.EventPage(t.Context(), who, q, after, 2)
		if err != nil || len(page) != want.n || more != want.more {
			t.Fatalf("page %d: %d events, more = %v, %v", i, len(page), more, err)
		}
		after = page[len(page)-1].ID
	}
	if page, more, err := w.EventPage(t.Context(), who, q, "", 5); err != nil || len(page) != 5 || more {
		t.Errorf("a page of all: %d, %v, %v", len(page), more, err)
	}
	for _, limit := range []int{0, -1, metering.MaxEventPage + 1} {
		if _, _, err := w.EventPage(t.Context(), who, q, "", limit); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("a page of %d: %v", limit, err)
		}
	}
	if _, _, err := w.EventPage(t.Context(), who, q, "evt_site_3_0", 2); !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("after another tenant's event: %v", err)
	}
}

func TestBadQueriesReachNoStore(t *testing.T) {
	w := newReportWorld(t, 1)
	for call, err := range w.calls(member("ten_1", roles.Support), usage.Query{Tenant: "ten_1", First: "2026-11-23", Last: "2026-11-22"}) {
		if !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("%s: %v", call, err)
		}
	}
	if _, err := w.Summary(t.Context(), member("ten_1", roles.Support), usage.Query{Tenant: "ten_1", First: reportDay, Last: reportDay}, 0); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("by nothing: %v", err)
	}
}

func TestNewReportsNamesAllThatIsMissing(t *testing.T) {
	_, err := metering.NewReports(metering.ReportDeps{})
	for _, name := range []string{"Usage", "Log", "Now", "NewID"} {
		if err == nil || !strings.Contains(err.Error(), "Deps."+name+" ") {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}

func ExampleReports_Summary() {
	ctx := context.Background()
	now := func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }
	ledger := memory.NewLedger(now, porttest.NewID)
	shop := tenant.Scope{Tenant: "ten_1", Site: "site_1"}
	_ = ledger.Reserve(ctx, shop, usage.Hold{
		ID: "res_1", Day: "2026-11-23", Want: usage.Amounts{ChatRequests: 1, ChatTokens: 1000}, Limits: usage.NoLimits(), Admit: now(), Expires: now().Add(time.Minute),
	})
	_ = ledger.Settle(ctx, shop, "res_1", usage.Event{
		ID: "evt_1", CallNo: 1, Last: true, Kind: usage.Chat, Model: "model-1", ChatRequests: 1, Cost: usage.USD / 100,
		Tokens: chat.Tokens{Input: 700, Output: 150, CountedBy: chat.ByProvider}, Success: true,
	})
	reports, err := metering.NewReports(metering.ReportDeps{Usage: ledger, Audit: memory.NewAuditLog(), Now: now, NewID: porttest.NewID})
	if err != nil {
		fmt.Println(err)
		return
	}
	who := roles.Grants{Subject: "owner@example.com", Tenants: map[tenant.ID]roles.Role{"ten_1": roles.Owner}}
	sums, err := reports.Summary(ctx, who, usage.Query{Tenant: "ten_1", First: "2026-11-01", Last: "2026-11-30"}, usage.ByModel)
	for _, s := range sums {
		fmt.Println(s.Model, s.Used.ChatTokens, "tokens", s.Used.Cost, "USD", err)
	}
	// Output: model-1 850 tokens 0.01 USD <nil>
}
