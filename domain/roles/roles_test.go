package roles_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
)

const (
	mine   = tenant.ID("ten_mine")
	theirs = tenant.ID("ten_theirs")
)

func here() tenant.Scope { return tenant.Scope{Tenant: mine, Site: "site_a"} }

// golden is who may do what in his own tenant: the whole table, written out, so
// that no change of it goes unseen.
var golden = []struct {
	action                             roles.Action
	none, support, admin, owner, super bool
}{
	{roles.ReadUsage, false, true, true, true, true},
	{roles.RepriceUsage, false, false, false, false, true},
	{roles.ReadSites, false, true, true, true, true},
	{roles.WriteSites, false, false, true, true, true},
	{roles.ReadKeys, false, false, true, true, true},
	{roles.WriteKeys, false, false, true, true, true},
	{roles.ReadDocuments, false, true, true, true, true},
	{roles.WriteDocuments, false, false, true, true, true},
	{roles.ReadConversations, false, true, true, true, true},
	{roles.EraseConversations, false, false, true, true, true},
	{roles.ReadMembers, false, false, true, true, true},
	{roles.WriteMembers, false, false, false, true, true},
	{roles.ReadLicenses, false, true, true, true, true},
	{roles.WriteLicenses, false, false, false, false, true},
	{roles.ReadTenants, false, true, true, true, true},
	{roles.WriteTenants, false, false, false, false, true},
	{roles.ReadPlatform, false, false, false, false, true},
	{roles.ReadAudit, false, false, false, true, true},
	{roles.WritePlatform, false, false, false, false, true},
	{roles.Ask, false, true, true, true, true},
	{"something.new", false, false, false, false, false},
	{"", false, false, false, false, false},
}

func TestMatrix(t *testing.T) {
	var all []roles.Action
	for _, g := range golden {
		if g.super {
			all = append(all, g.action)
		}
	}
	if slices.Sort(all); !slices.Equal(all, roles.Actions()) {
		t.Errorf("the table has %v, the matrix %v", all, roles.Actions())
	}
	for _, g := range golden {
		for _, who := range []struct {
			name   string
			grants roles.Grants
			want   bool
		}{
			{"nobody", roles.Grants{}, g.none},
			{"support", holds(roles.Support), g.support},
			{"admin", holds(roles.Admin), g.admin},
			{"owner", holds(roles.Owner), g.owner},
			{"super admin", roles.Grants{Subject: "root@example.com", SuperAdmin: true}, g.super},
		} {
			err := who.grants.Can(g.action, here())
			if (err == nil) != who.want || err != nil && !errors.Is(err, roles.ErrForbidden) {
				t.Errorf("%s, %q: Can() = %v, want allowed = %v", who.name, g.action, err, who.want)
			}
			// What one may do at home one may not do elsewhere.
			for _, s := range []tenant.Scope{{Tenant: theirs, Site: "site_a"}, {Tenant: theirs}, {Site: "site_a"}, {}} {
				if err := who.grants.Can(g.action, s); !who.grants.SuperAdmin && !errors.Is(err, roles.ErrForbidden) {
					t.Errorf("%s, %q on %+v: Can() = %v, want ErrForbidden", who.name, g.action, s, err)
				}
			}
		}
	}
}

func holds(r roles.Role) roles.Grants {
	return roles.Grants{Subject: "user_1", Tenants: map[tenant.ID]roles.Role{mine: r}}
}

// A stronger role may do all that a weaker one may.
func TestRolesAreOrdered(t *testing.T) {
	for _, g := range golden {
		for r := roles.Support; r < roles.Owner; r++ {
			if holds(r).Can(g.action, here()) == nil && holds(r+1).Can(g.action, here()) != nil {
				t.Errorf("%q: %s may and %s may not", g.action, r, r+1)
			}
		}
	}
}

func TestSitesNarrow(t *testing.T) {
	for _, c := range []struct {
		name  string
		sites []tenant.SiteID
		on    tenant.Scope
		want  bool
	}{
		{"nil is all sites", nil, here(), true},
		{"its own site", []tenant.SiteID{"site_a"}, here(), true},
		{"another site", []tenant.SiteID{"site_b"}, here(), false},
		{"empty is no site", []tenant.SiteID{}, here(), false},
		{"the tenant as a whole", []tenant.SiteID{"site_a"}, tenant.Scope{Tenant: mine}, false},
		{"the site under another tenant", []tenant.SiteID{"site_a"}, tenant.Scope{Tenant: theirs, Site: "site_a"}, false},
	} {
		g := holds(roles.Owner)
		g.Sites = c.sites
		if err := g.Can(roles.ReadUsage, c.on); (err == nil) != c.want {
			t.Errorf("%s: Can() = %v, want allowed = %v", c.name, err, c.want)
		}
	}
}

// Nobody raises himself: who may give a role has it, or more, already.
func TestCanGrant(t *testing.T) {
	for holder := roles.Role(0); holder <= roles.Owner; holder++ {
		for given := roles.Support; given <= roles.Owner; given++ {
			want := holder == roles.Owner
			err := holds(holder).CanGrant(given, mine)
			if (err == nil) != want || err != nil && !errors.Is(err, roles.ErrForbidden) {
				t.Errorf("%q grants %s: CanGrant() = %v, want allowed = %v", holder, given, err, want)
			}
			if err == nil && given > holder {
				t.Errorf("%q grants %s, which is more than he has", holder, given)
			}
			if err := holds(holder).CanGrant(given, theirs); !errors.Is(err, roles.ErrForbidden) {
				t.Errorf("%q grants %s in another tenant: CanGrant() = %v, want ErrForbidden", holder, given, err)
			}
		}
	}
	if err := (roles.Grants{Subject: "root@example.com", SuperAdmin: true}).CanGrant(roles.Owner, theirs); err != nil {
		t.Errorf("a super admin grants owner: %v", err)
	}
	// A role that is none yet is above every owner.
	if err := holds(roles.Owner).CanGrant(roles.Owner+1, mine); !errors.Is(err, roles.ErrForbidden) {
		t.Errorf("an owner grants a role above owner: CanGrant() = %v, want ErrForbidden", err)
	}
	narrowed := holds(roles.Owner)
	narrowed.Sites = []tenant.SiteID{"site_a"}
	if err := narrowed.CanGrant(roles.Support, mine); !errors.Is(err, roles.ErrForbidden) {
		t.Errorf("an owner of one site grants a role in the tenant: CanGrant() = %v, want ErrForbidden", err)
	}
}

func TestParseRole(t *testing.T) {
	for r := roles.Support; r <= roles.Owner; r++ {
		if got, err := roles.ParseRole(r.String()); err != nil || got != r {
			t.Errorf("ParseRole(%q) = %v, %v", r.String(), got, err)
		}
	}
	for _, word := range []string{"", "Owner", "super_admin", " owner", "0"} {
		if got, err := roles.ParseRole(word); err == nil || got != 0 {
			t.Errorf("ParseRole(%q) = %v, %v, want an error", word, got, err)
		}
	}
}

func TestMemberValid(t *testing.T) {
	for _, c := range []struct {
		m    roles.Member
		want bool
	}{
		{roles.Member{Subject: "user_1", Role: roles.Support}, true},
		{roles.Member{Role: roles.Support}, false},
		{roles.Member{Subject: "user_1"}, false},
		{roles.Member{Subject: "user_1", Role: roles.Owner + 1}, false},
	} {
		if err := c.m.Valid(); (err == nil) != c.want {
			t.Errorf("%+v.Valid() = %v, want valid = %v", c.m, err, c.want)
		}
	}
}

func ExampleGrants_Can() {
	g := roles.Grants{Subject: "user_1", Tenants: map[tenant.ID]roles.Role{"ten_1": roles.Support}}
	shop := tenant.Scope{Tenant: "ten_1", Site: "site_1"}
	fmt.Println(g.Can(roles.ReadUsage, shop))
	fmt.Println(g.Can(roles.WriteKeys, shop))
	// Output:
	// <nil>
	// not allowed: keys.write
}
