package porttest

import (
	"testing"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// Grants checks an adapter of ports.Grants. open is called once for each case
// and returns an empty store; it needs Grants, Members, PlatformUsers and
// Tenants.
func Grants(t *testing.T, open func(t *testing.T) AccountsUnderTest) {
	t.Helper()
	runCases(t, grantCases, accountsFixture(open))
}

// wantGrants checks all that who holds. Sites must be nil, which is not the
// same as none: members hold all sites of their tenants.
func (f accounts) wantGrants(who roles.Subject, superAdmin bool, want map[tenant.ID]roles.Role) {
	f.Helper()
	got, err := f.GrantsOf(f.Context(), who)
	f.wantErr("GrantsOf", err, nil)
	if len(got.Tenants) == 0 {
		got.Tenants = map[tenant.ID]roles.Role{}
	}
	f.want("GrantsOf", got, roles.Grants{Subject: who, SuperAdmin: superAdmin, Tenants: want})
}

var grantCases = []contractCase[accounts]{
	{"unknown", "an unknown subject holds nothing, and that is no error", func(f accounts) {
		f.member(f.tenant().ID, roles.Owner)
		f.must("PutPlatformUser", f.PutPlatformUser(f.Context(), subject(), ""))
		for _, who := range []roles.Subject{subject(), "%", awkward} {
			f.wantGrants(who, false, map[tenant.ID]roles.Role{})
		}
	}},
	{"roles", "a subject holds his role in each of his tenants, and nothing of other members'", func(f accounts) {
		a, b, c := f.tenant().ID, f.tenant().ID, f.tenant().ID
		first, second := subject(), subject()
		for _, p := range []struct {
			t    tenant.ID
			who  roles.Subject
			role roles.Role
		}{{a, first, roles.Owner}, {b, first, roles.Support}, {a, second, roles.Support}, {b, second, roles.Owner}, {c, second, roles.Admin}} {
			f.must("PutMember", f.PutMember(f.Context(), p.t, roles.Member{Subject: p.who, Role: p.role}))
		}
		f.wantGrants(first, false, map[tenant.ID]roles.Role{a: roles.Owner, b: roles.Support})
		f.wantGrants(second, false, map[tenant.ID]roles.Role{a: roles.Support, b: roles.Owner, c: roles.Admin})
	}},
	{"at once", "a changed or removed role is gone at the next look-up", func(f accounts) {
		t := f.tenant().ID
		f.member(t, roles.Owner)
		m := f.member(t, roles.Admin)
		f.wantGrants(m.Subject, false, map[tenant.ID]roles.Role{t: roles.Admin})
		m.Role = roles.Support
		f.must("PutMember", f.PutMember(f.Context(), t, m))
		f.wantGrants(m.Subject, false, map[tenant.ID]roles.Role{t: roles.Support})
		f.must("RemoveMember", f.RemoveMember(f.Context(), t, m.Subject))
		f.wantGrants(m.Subject, false, map[tenant.ID]roles.Role{})
	}},
	{"super admin", "a platform user is a super admin until he is removed, and nobody else is", func(f accounts) {
		t := f.tenant().ID
		m, who := f.member(t, roles.Owner), subject()
		f.must("PutPlatformUser", f.PutPlatformUser(f.Context(), who, ""))
		f.wantGrants(who, true, map[tenant.ID]roles.Role{})
		f.wantGrants(m.Subject, false, map[tenant.ID]roles.Role{t: roles.Owner})
		f.must("PutPlatformUser", f.PutPlatformUser(f.Context(), m.Subject, ""))
		f.wantGrants(m.Subject, true, map[tenant.ID]roles.Role{t: roles.Owner})
		f.must("RemovePlatformUser", f.RemovePlatformUser(f.Context(), m.Subject))
		f.wantGrants(m.Subject, false, map[tenant.ID]roles.Role{t: roles.Owner})
	}},
	{"own map", "the map belongs to the caller: changing it raises nobody", func(f accounts) {
		t, other := f.tenant().ID, f.tenant().ID
		f.member(t, roles.Owner)
		m := f.member(t, roles.Support)
		got, err := f.GrantsOf(f.Context(), m.Subject)
		f.must("GrantsOf", err)
		got.Tenants[t], got.Tenants[other] = roles.Owner, roles.Owner
		f.wantGrants(m.Subject, false, map[tenant.ID]roles.Role{t: roles.Support})
	}},
	{"done context", "a done context ends the call, with nothing granted", func(f accounts) {
		m := f.member(f.tenant().ID, roles.Owner)
		f.must("PutPlatformUser", f.PutPlatformUser(f.Context(), m.Subject, ""))
		got, err := f.GrantsOf(f.done(), m.Subject)
		f.wantErr("GrantsOf", err, f.done().Err())
		if got.SuperAdmin || len(got.Tenants) > 0 {
			f.Errorf("GrantsOf with a done context grants %+v", got)
		}
	}},
}
