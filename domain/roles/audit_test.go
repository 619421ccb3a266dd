package roles_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
)

func entry() roles.AuditEntry {
	return roles.AuditEntry{
		ID: "aud_1", At: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Actor: "root@example.com", Action: roles.WriteLicenses,
		Scope: here(), Reason: "ticket 4711", Details: "plan pro",
	}
}

func TestAuditEntryValid(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*roles.AuditEntry)
		want   bool
	}{
		"whole":           {func(*roles.AuditEntry) {}, true},
		"of a tenant":     {func(e *roles.AuditEntry) { e.Scope.Site = "" }, true},
		"of the platform": {func(e *roles.AuditEntry) { e.Scope = tenant.Scope{} }, true},
		"no details":      {func(e *roles.AuditEntry) { e.Details = "" }, true},
		"no id":           {func(e *roles.AuditEntry) { e.ID = "" }, false},
		"no time":         {func(e *roles.AuditEntry) { e.At = time.Time{} }, false},
		"nobody":          {func(e *roles.AuditEntry) { e.Actor = "" }, false},
		"no action":       {func(e *roles.AuditEntry) { e.Action = "" }, false},
		"unknown action":  {func(e *roles.AuditEntry) { e.Action = "world.end" }, false},
		"site of nobody":  {func(e *roles.AuditEntry) { e.Scope.Tenant = "" }, false},
		"no reason":       {func(e *roles.AuditEntry) { e.Reason = "" }, false},
		"long reason":     {func(e *roles.AuditEntry) { e.Reason = strings.Repeat("r", roles.MaxReason+1) }, false},
		"long details":    {func(e *roles.AuditEntry) { e.Details = strings.Repeat("d", roles.MaxDetails+1) }, false},
	} {
		e := entry()
		c.change(&e)
		if err := e.Valid(); (err == nil) != c.want || err != nil && !errors.Is(err, roles.ErrBadEntry) {
			t.Errorf("%s: %v, want valid = %v", name, err, c.want)
		}
	}
}

// A key, a visitor and narrowed grants never have a super admin's power,
// whatever the flag says.
func TestSuperAdminIsAPerson(t *testing.T) {
	for _, g := range []roles.Grants{
		{Subject: "key_0199f3a0-0000-7000-8000-000000000001", SuperAdmin: true},
		{Subject: "vis_0199f3a0-0000-7000-8000-000000000001", SuperAdmin: true},
		{Subject: "", SuperAdmin: true},
		{Subject: "root@example.com", SuperAdmin: true, Sites: []tenant.SiteID{"site_a"}},
		{Subject: "root@example.com", SuperAdmin: true, Sites: []tenant.SiteID{}},
	} {
		for _, a := range roles.Actions() {
			for _, s := range []tenant.Scope{here(), {Tenant: mine}, {}} {
				if err := g.Can(a, s); !errors.Is(err, roles.ErrForbidden) {
					t.Errorf("%+v may %s on %+v: %v", g, a, s, err)
				}
				if g.BySuperAdmin(a, s) {
					t.Errorf("%+v: %s on %+v rests on a super admin's power", g, a, s)
				}
			}
			if where, all := g.Where(a); all || len(where) > 0 {
				t.Errorf("%+v: Where(%s) = %v, %v", g, a, where, all)
			}
		}
		if err := g.CanGrant(roles.Support, mine); !errors.Is(err, roles.ErrForbidden) {
			t.Errorf("%+v may grant: %v", g, err)
		}
	}
}

func TestBySuperAdmin(t *testing.T) {
	owner := holds(roles.Owner)
	super := owner
	super.Subject, super.SuperAdmin = "root@example.com", true
	for _, c := range []struct {
		name   string
		who    roles.Grants
		action roles.Action
		on     tenant.Scope
		want   bool
	}{
		{"an owner at home", owner, roles.WriteMembers, here(), false},
		{"an owner abroad", owner, roles.WriteMembers, tenant.Scope{Tenant: theirs}, false},
		{"a super admin who owns it", super, roles.WriteMembers, here(), false},
		{"a super admin abroad", super, roles.WriteMembers, tenant.Scope{Tenant: theirs}, true},
		{"what no owner may", super, roles.WriteLicenses, here(), true},
		{"the platform", super, roles.WritePlatform, tenant.Scope{}, true},
		{"no action", super, "world.end", here(), false},
	} {
		if got := c.who.BySuperAdmin(c.action, c.on); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestWhere(t *testing.T) {
	g := roles.Grants{Subject: "user_1", Tenants: map[tenant.ID]roles.Role{
		"ten_c": roles.Owner, "ten_a": roles.Admin, "ten_b": roles.Support, "ten_d": 0, "": roles.Owner,
	}}
	for a, want := range map[roles.Action][]tenant.ID{
		roles.ReadUsage: {"ten_a", "ten_b", "ten_c"}, roles.WriteKeys: {"ten_a", "ten_c"}, roles.ReadAudit: {"ten_c"},
		roles.WriteLicenses: nil, "world.end": nil,
	} {
		if got, all := g.Where(a); all || !slices.Equal(got, want) {
			t.Errorf("Where(%s) = %v, %v, want %v", a, got, all, want)
		}
	}
	if got, all := (roles.Grants{Subject: "root@example.com", SuperAdmin: true}).Where(roles.WriteLicenses); !all || got != nil {
		t.Errorf("a super admin: %v, %v", got, all)
	}
}

func ExampleGrants_BySuperAdmin() {
	g := roles.Grants{Subject: "root@example.com", SuperAdmin: true, Tenants: map[tenant.ID]roles.Role{"ten_1": roles.Owner}}
	fmt.Println(g.BySuperAdmin(roles.ReadUsage, tenant.Scope{Tenant: "ten_1"}))
	fmt.Println(g.BySuperAdmin(roles.ReadUsage, tenant.Scope{Tenant: "ten_2"}))
	// Output:
	// false
	// true
}
