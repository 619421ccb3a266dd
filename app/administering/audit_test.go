package administering_test

import (
	"slices"
	"testing"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// TestWhatIsRecorded: an act of a super admin lands in the list of the tenant
// whose it is, with who, what and why; that of a member lands nowhere.
func TestWhatIsRecorded(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	list := func(s tenant.Scope) []roles.AuditEntry {
		t.Helper()
		all, err := w.deps.Audit.List(ctx, administering.Operator(), s, "", 100)
		w.must(err)
		return all
	}
	mine, other := tenant.Scope{Tenant: w.mine.Tenant}, tenant.Scope{Tenant: w.other.Tenant}
	before, theirs := len(list(mine)), len(list(other))

	owner := w.holding(roles.Owner)
	if _, err := w.PutMember(ctx, owner, w.mine.Tenant, "anna@example.com", roles.Admin); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.CreateKey(ctx, owner, w.mine.Scope(), tenant.APIKey, "", roles.Owner); err != nil {
		t.Fatal(err)
	}
	if n := len(list(mine)); n != before {
		t.Errorf("what the owner did was recorded: %+v", list(mine)[:n-before])
	}

	root := roles.Grants{Subject: "root@example.com", SuperAdmin: true, Reason: "ticket 4711"}
	w.must(w.RemoveMember(ctx, root, w.mine.Tenant, "anna@example.com"))
	got := list(mine)
	if len(got) != before+1 || len(list(other)) != theirs {
		t.Fatalf("recorded: %d of mine, %d of the other's", len(got)-before, len(list(other))-theirs)
	}
	want := roles.AuditEntry{
		ID: got[0].ID, At: w.clock.Now(), Actor: "root@example.com", Action: roles.WriteMembers, Scope: mine,
		Reason: "ticket 4711", Details: "remove anna@example.com",
	}
	if got[0] != want {
		t.Errorf("got  %+v\nwant %+v", got[0], want)
	}
	if list, err := w.deps.Audit.List(ctx, owner, mine, "", 1); err != nil || !slices.Equal(list, got[:1]) {
		t.Errorf("the owner sees %+v, %v", list, err)
	}

	// A role that only his power lets him hand out is recorded, though he may
	// make keys as an admin.
	climber := w.holding(roles.Admin)
	climber.SuperAdmin, climber.Reason = true, "ticket 4712"
	for role, recorded := range map[roles.Role]int{roles.Admin: 0, roles.Owner: 1} {
		before := len(list(mine))
		_, _, err := w.CreateKey(ctx, climber, w.mine.Scope(), tenant.APIKey, "", role)
		w.must(err)
		if n := len(list(mine)) - before; n != recorded {
			t.Errorf("a key of an %s was recorded %d times", role, n)
		}
	}
}

// TestNobodyRaisesHimself: support and admins grant nothing, not to themselves,
// an owner nothing above his own role, and neither him nor a key anybody makes a
// super admin.
func TestNobodyRaisesHimself(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	key := roles.Grants{
		Subject: "key_0199f3a0-0000-7000-8000-000000000001", SuperAdmin: true, Reason: "x",
		Tenants: map[tenant.ID]roles.Role{w.mine.Tenant: roles.Owner}, Sites: []tenant.SiteID{w.mine.ID},
	}
	for name, c := range map[string]struct {
		who   roles.Grants
		grant bool // whether he may grant at all
	}{
		"support": {w.holding(roles.Support), false}, "admin": {w.holding(roles.Admin), false}, "owner": {w.holding(roles.Owner), true},
		"an owner's key that claims more": {key, false},
	} {
		for r := roles.Support; r <= roles.Owner; r++ {
			_, err := w.PutMember(ctx, c.who, w.mine.Tenant, "me@example.com", r)
			if (err == nil) != c.grant {
				t.Errorf("%s grants %s: %v", name, r, err)
			}
		}
		if err := w.RemoveMember(ctx, c.who, w.mine.Tenant, "nobody@example.com"); (err == nil) != c.grant {
			t.Errorf("%s removes a member: %v", name, err)
		}
		if _, err := w.PutPlatformUser(ctx, c.who, "me@example.com"); err == nil {
			t.Errorf("%s makes himself a super admin", name)
		}
		if _, err := w.PutMember(ctx, c.who, w.other.Tenant, "me@example.com", roles.Support); err == nil {
			t.Errorf("%s grants a role in another tenant", name)
		}
	}
	// A subject of a key cannot become a person: addresses only.
	if _, err := w.PutPlatformUser(ctx, administering.Operator(), string(key.Subject)); err == nil {
		t.Error("a key was made a super admin")
	}
}
