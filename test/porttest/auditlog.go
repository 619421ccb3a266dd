package porttest

import (
	"slices"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// AuditStore is what an adapter's test gives to the suite AuditLog.
type AuditStore struct {
	ports.AuditLog
	// NewScope returns the scope of a site that the store knows, of a tenant
	// of its own, about which nothing is recorded.
	NewScope func(t *testing.T) tenant.Scope
	// Know makes the store know that who.Subject holds these grants, if it
	// looks them up itself; nil if it believes what it is given. Subjects are
	// user_ or key_ and a UUID; those of keys are narrowed to one site.
	Know func(t *testing.T, who roles.Grants)
}

// AuditLog runs the contract of ports.AuditLog. open is called once for each
// case and returns an empty log.
func AuditLog(t *testing.T, open func(t *testing.T) AuditStore) {
	t.Helper()
	runCases(t, auditCases, func(t *testing.T) *auditFixture {
		f := &auditFixture{storeT: storeT{t}, AuditStore: open(t)}
		f.a, f.b = f.NewScope(t), f.NewScope(t)
		f.super = f.knows(roles.Grants{Subject: subject(), SuperAdmin: true, Reason: "test"})
		f.ofA, f.ofB = f.holding(f.a.Tenant, roles.Owner), f.holding(f.b.Tenant, roles.Owner)
		return f
	})
}

type auditFixture struct {
	storeT
	AuditStore
	a, b            tenant.Scope
	super, ofA, ofB roles.Grants
}

func (f *auditFixture) knows(who roles.Grants) roles.Grants {
	if f.Know != nil {
		f.Know(f.T, who)
	}
	return who
}

func (f *auditFixture) holding(id tenant.ID, r roles.Role) roles.Grants {
	return f.knows(roles.Grants{Subject: subject(), Tenants: map[tenant.ID]roles.Role{id: r}})
}

func (f *auditFixture) key(s tenant.Scope, r roles.Role) roles.Grants {
	return f.knows(roles.Grants{
		Subject: newID[roles.Subject]("key_"), Tenants: map[tenant.ID]roles.Role{s.Tenant: r}, Sites: []tenant.SiteID{s.Site},
	})
}

func auditEntry(s tenant.Scope) roles.AuditEntry {
	return roles.AuditEntry{
		ID: newID[roles.AuditID](roles.AuditPrefix), At: start(), Actor: "root@example.com", Action: roles.WriteLicenses,
		Scope: s, Reason: "ticket 4711", Details: "plan pro",
	}
}

// record records an entry about s.
func (f *auditFixture) record(s tenant.Scope) roles.AuditEntry {
	f.Helper()
	e := auditEntry(s)
	f.must("Record", f.Record(f.Context(), e))
	return e
}

func (f *auditFixture) wantList(what string, who roles.Grants, s tenant.Scope, want ...roles.AuditEntry) {
	f.Helper()
	got, err := f.List(f.Context(), who, s, "", 100)
	f.wantErr(what, err, nil)
	if len(got)+len(want) > 0 {
		f.want(what, got, want)
	}
}

var auditCases = []contractCase[*auditFixture]{
	{"round trip", "entries come back as they were recorded, their time in UTC to the microsecond", func(f *auditFixture) {
		e := auditEntry(f.a)
		e.At, e.Actor, e.Reason, e.Details = elsewhere(start()), "Ä "+awkward, awkward, awkward+awkward
		f.wantNoZero(e)
		f.must("Record", f.Record(f.Context(), e))
		e.At = e.At.UTC()
		bare := auditEntry(tenant.Scope{Tenant: f.a.Tenant})
		bare.Details = ""
		f.must("Record", f.Record(f.Context(), bare))
		f.wantList("List", f.ofA, tenant.Scope{Tenant: f.a.Tenant}, bare, e)
	}},
	{"order", "the entry recorded last comes first, whatever its time and id", func(f *auditFixture) {
		var want []roles.AuditEntry
		for i := range 5 {
			e := auditEntry(f.a)
			e.At = e.At.Add(-time.Duration(i) * time.Hour)
			f.must("Record", f.Record(f.Context(), e))
			want = append(want, e)
			f.record(f.b)
		}
		slices.Reverse(want)
		f.wantList("List", f.ofA, tenant.Scope{Tenant: f.a.Tenant}, want...)
	}},
	{"pages", "pages have no gap and nothing twice while entries are added", func(f *auditFixture) {
		var want []roles.AuditEntry
		for range 7 {
			want = append(want, f.record(f.a))
			f.record(f.b)
		}
		slices.Reverse(want)
		var got []roles.AuditEntry
		var after roles.AuditID
		for range 10 {
			page, err := f.List(f.Context(), f.ofA, f.a, after, 3)
			f.must("List", err)
			if len(page) > 3 {
				f.Fatalf("a page of 3 has %d entries", len(page))
			}
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
			after = page[len(page)-1].ID
			f.record(f.a)
		}
		f.want("pages", got, want)
		for _, limit := range []int{0, -1} {
			none, err := f.List(f.Context(), f.ofA, f.a, "", limit)
			f.wantNone("a page of nothing", none, err)
		}
	}},
	{"after", "a page cannot begin after an entry that is not in the list", func(f *auditFixture) {
		f.record(f.a)
		theirs, platform, whole := f.record(f.b), f.record(tenant.Scope{}), f.record(tenant.Scope{Tenant: f.a.Tenant})
		for what, c := range map[string]struct {
			who   roles.Grants
			s     tenant.Scope
			after roles.AuditID
		}{
			"unknown":                        {f.ofA, f.a, newID[roles.AuditID](roles.AuditPrefix)},
			"another tenant's":               {f.ofA, f.a, theirs.ID},
			"another tenant's, for anybody":  {f.super, tenant.Scope{Tenant: f.a.Tenant}, theirs.ID},
			"the platform's":                 {f.ofA, tenant.Scope{Tenant: f.a.Tenant}, platform.ID},
			"the tenant's, in a site's list": {f.ofA, f.a, whole.ID},
			"there, but not for who asks":    {f.ofA, f.b, theirs.ID},
			"a tenant's, in the platform's":  {f.super, tenant.Scope{}, theirs.ID},
		} {
			_, err := f.List(f.Context(), c.who, c.s, c.after, 10)
			f.wantErr("List after an entry that is "+what, err, ports.ErrNotFound)
		}
	}},
	{"scopes", "a site's list has what is about it, a tenant's also what is about it as a whole, the platform's what is about no tenant", func(f *auditFixture) {
		site, whole, platform := f.record(f.a), f.record(tenant.Scope{Tenant: f.a.Tenant}), f.record(tenant.Scope{})
		f.wantList("the site's", f.ofA, f.a, site)
		f.wantList("the tenant's", f.ofA, tenant.Scope{Tenant: f.a.Tenant}, whole, site)
		f.wantList("the platform's", f.super, tenant.Scope{}, platform)
		f.wantList("the site's, for a super admin", f.super, f.a, site)
		f.wantList("the site's, for its owner's key", f.key(f.a, roles.Owner), f.a, site)
	}},
	{"isolation", "who may not read a list sees nothing of it", func(f *auditFixture) {
		for _, s := range []tenant.Scope{f.a, f.b, {Tenant: f.a.Tenant}, {Tenant: f.b.Tenant}, {}} {
			f.record(s)
		}
		refuse := func(name string, who roles.Grants, scopes ...tenant.Scope) {
			f.Helper()
			for _, s := range append(scopes, tenant.Scope{}) {
				f.wantList(name, who, s)
			}
		}
		bothWays(f.a, f.b, func(me, other tenant.Scope) {
			refuse("the other's owner", f.holding(other.Tenant, roles.Owner), me, tenant.Scope{Tenant: me.Tenant})
			refuse("the other's key", f.key(other, roles.Owner), me, tenant.Scope{Tenant: me.Tenant})
			refuse("an admin", f.holding(me.Tenant, roles.Admin), me, tenant.Scope{Tenant: me.Tenant})
			refuse("support", f.holding(me.Tenant, roles.Support), me, tenant.Scope{Tenant: me.Tenant})
			refuse("an admin's key", f.key(me, roles.Admin), me)
			refuse("an owner's key, of the tenant", f.key(me, roles.Owner), tenant.Scope{Tenant: me.Tenant})
			refuse("nobody", roles.Grants{}, me, tenant.Scope{Tenant: me.Tenant})
			refuse("a key that claims all", roles.Grants{Subject: newID[roles.Subject]("key_"), SuperAdmin: true}, me)
			for _, s := range mixed(me, other) {
				f.wantList("a site under another tenant", f.super, s)
			}
		})
	}},
	{"again", "recording an entry again changes nothing, and another one of its id is ErrConflict", func(f *auditFixture) {
		e, later := f.record(f.a), f.record(f.a)
		f.wantErr("Record again", f.Record(f.Context(), e), nil)
		for name, change := range map[string]func(*roles.AuditEntry){
			"scope": func(e *roles.AuditEntry) { e.Scope = f.b }, "reason": func(e *roles.AuditEntry) { e.Reason = "another" },
			"actor": func(e *roles.AuditEntry) { e.Actor = "other@example.com" }, "action": func(e *roles.AuditEntry) { e.Action = roles.ReadUsage },
			"details": func(e *roles.AuditEntry) { e.Details = "another" }, "time": func(e *roles.AuditEntry) { e.At = e.At.Add(time.Second) },
		} {
			other := e
			change(&other)
			f.wantErr("Record with another "+name, f.Record(f.Context(), other), ports.ErrConflict)
		}
		f.wantList("List", f.ofA, f.a, later, e)
		f.wantList("List of the other", f.ofB, f.b)
	}},
	{"invalid", "what e.Valid refuses is ErrInvalid, and is not recorded", func(f *auditFixture) {
		for name, change := range map[string]func(*roles.AuditEntry){
			"id": func(e *roles.AuditEntry) { e.ID = "" }, "actor": func(e *roles.AuditEntry) { e.Actor = "" },
			"reason": func(e *roles.AuditEntry) { e.Reason = "" }, "action": func(e *roles.AuditEntry) { e.Action = "" },
			"time": func(e *roles.AuditEntry) { e.At = time.Time{} },
		} {
			e := auditEntry(f.a)
			change(&e)
			f.wantErr("Record without "+name, f.Record(f.Context(), e), ports.ErrInvalid)
		}
		f.wantList("List", f.ofA, f.a)
	}},
	{"at once", "entries recorded at the same time are all kept, each once", func(f *auditFixture) {
		entries := make([]roles.AuditEntry, 8)
		for i := range entries {
			entries[i] = auditEntry(f.a)
		}
		together(2*len(entries), func(i int) { f.wantErr("Record", f.Record(f.Context(), entries[i/2]), nil) })
		list, err := f.List(f.Context(), f.ofA, f.a, "", 100)
		f.must("List", err)
		if len(list) != len(entries) {
			f.Errorf("%d entries are kept of %d", len(list), len(entries))
		}
	}},
	{"owned by the caller", "slices that are returned belong to the caller", func(f *auditFixture) {
		e := f.record(f.a)
		list, err := f.List(f.Context(), f.ofA, f.a, "", 10)
		f.must("List", err)
		clear(list)
		f.wantList("List", f.ofA, f.a, e)
	}},
	{"done context", "a done context ends each call, and nothing is recorded", func(f *auditFixture) {
		f.wantErr("Record", f.Record(f.done(), auditEntry(f.a)), f.done().Err())
		_, err := f.List(f.done(), f.ofA, f.a, "", 10)
		f.wantErr("List", err, f.done().Err())
		f.wantList("List", f.ofA, f.a)
	}},
}
