package porttest

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Members checks an adapter of ports.Members. open is called once for each case
// and returns an empty store; it needs Members and Tenants.
func Members(t *testing.T, open func(t *testing.T) AccountsUnderTest) {
	t.Helper()
	runCases(t, memberCases, accountsFixture(open))
}

// subject returns a new user, unique over cases and runs.
func subject() roles.Subject { return newID[roles.Subject]("user_") }

func (f accounts) member(t tenant.ID, r roles.Role) roles.Member {
	f.Helper()
	m := roles.Member{Subject: subject(), Email: "someone@example.com", Role: r}
	f.must("PutMember", f.PutMember(f.Context(), t, m))
	return m
}

func (f accounts) wantMembers(t tenant.ID, want ...roles.Member) {
	f.Helper()
	slices.SortFunc(want, func(a, b roles.Member) int { return strings.Compare(string(a.Subject), string(b.Subject)) })
	got, err := f.ListMembers(f.Context(), t)
	f.wantErr("ListMembers", err, nil)
	if len(got)+len(want) > 0 {
		f.want("ListMembers", got, want)
	}
}

var memberCases = []contractCase[accounts]{
	{"round trip", "members come back as they were put, in the order of their subjects", func(f accounts) {
		t := f.tenant().ID
		f.wantMembers(t)
		var want []roles.Member
		for _, s := range []roles.Subject{"b", "a", "auth0|5f7c", "Ä " + awkward, "B", subject()} {
			for r := roles.Support; r <= roles.Owner; r++ {
				m := roles.Member{Subject: s + roles.Subject(r.String()), Email: "größe@example.com", Role: r}
				want = append(want, m)
				f.must("PutMember", f.PutMember(f.Context(), t, m))
			}
		}
		f.wantMembers(t, want...)
	}},
	{"replace", "PutMember stores a member in place of what there is of the subject, and changes no other", func(f accounts) {
		t := f.tenant().ID
		owner, m := f.member(t, roles.Owner), f.member(t, roles.Support)
		for _, r := range []roles.Role{roles.Admin, roles.Owner, roles.Support} {
			m.Role, m.Email = r, r.String()+"@example.com"
			f.must("PutMember", f.PutMember(f.Context(), t, m))
			f.wantMembers(t, owner, m)
		}
	}},
	{"invalid", "what m.Valid refuses is ErrInvalid, and an unknown tenant ErrNotFound", func(f accounts) {
		t := f.tenant().ID
		f.wantErr("no subject", f.PutMember(f.Context(), t, roles.Member{Role: roles.Admin}), ports.ErrInvalid)
		f.wantErr("no role", f.PutMember(f.Context(), t, roles.Member{Subject: subject()}), ports.ErrInvalid)
		f.wantErr("unknown role", f.PutMember(f.Context(), t, roles.Member{Subject: subject(), Role: roles.Owner + 1}), ports.ErrInvalid)
		f.wantMembers(t)
		nobody := newID[tenant.ID](tenant.Prefix)
		f.wantErr("unknown tenant", f.PutMember(f.Context(), nobody, roles.Member{Subject: subject(), Role: roles.Admin}), ports.ErrNotFound)
		f.wantMembers(nobody)
	}},
	{"remove", "RemoveMember removes one member; removing one who is none is no error", func(f accounts) {
		t := f.tenant().ID
		owner, m := f.member(t, roles.Owner), f.member(t, roles.Admin)
		f.wantErr("RemoveMember of nobody", f.RemoveMember(f.Context(), t, subject()), nil)
		f.wantErr("RemoveMember of an unknown tenant", f.RemoveMember(f.Context(), newID[tenant.ID](tenant.Prefix), m.Subject), nil)
		f.wantMembers(t, owner, m)
		f.wantErr("RemoveMember", f.RemoveMember(f.Context(), t, m.Subject), nil)
		f.wantMembers(t, owner)
		f.wantErr("RemoveMember again", f.RemoveMember(f.Context(), t, m.Subject), nil)
		f.wantMembers(t, owner)
	}},
	{"last owner", "the last owner can neither be removed nor given a lesser role: ErrConflict", func(f accounts) {
		t, elsewhere := f.tenant().ID, f.tenant().ID
		owner := f.member(t, roles.Owner)
		admin := f.member(t, roles.Admin)
		// Owners of another tenant, and the same person there, do not count.
		f.member(elsewhere, roles.Owner)
		f.must("PutMember", f.PutMember(f.Context(), elsewhere, owner))
		for _, r := range []roles.Role{roles.Admin, roles.Support} {
			lesser := owner
			lesser.Role = r
			f.wantErr("PutMember with a lesser role", f.PutMember(f.Context(), t, lesser), ports.ErrConflict)
		}
		f.wantErr("RemoveMember", f.RemoveMember(f.Context(), t, owner.Subject), ports.ErrConflict)
		f.wantMembers(t, owner, admin)

		owner.Email = "new@example.com"
		f.wantErr("PutMember of an owner as an owner", f.PutMember(f.Context(), t, owner), nil)
		f.wantErr("RemoveMember of an admin", f.RemoveMember(f.Context(), t, admin.Subject), nil)
		second := f.member(t, roles.Owner)
		f.wantErr("RemoveMember of one of two owners", f.RemoveMember(f.Context(), t, owner.Subject), nil)
		f.wantErr("RemoveMember of the other", f.RemoveMember(f.Context(), t, second.Subject), ports.ErrConflict)
		f.wantMembers(t, second)
	}},
	{"isolation", "a tenant's members are its own: neither listed, changed nor removed with another's", func(f accounts) {
		a, b := f.tenant().ID, f.tenant().ID
		who := subject()
		for _, t := range []tenant.ID{a, b} {
			f.member(t, roles.Owner)
		}
		before := map[tenant.ID][]roles.Member{}
		for _, t := range []tenant.ID{a, b} {
			f.must("PutMember", f.PutMember(f.Context(), t, roles.Member{Subject: who, Role: roles.Admin, Email: string(t)}))
			before[t], _ = f.ListMembers(f.Context(), t)
		}
		for _, p := range [][2]tenant.ID{{a, b}, {b, a}} {
			mine, theirs := p[0], p[1]
			f.must("PutMember", f.PutMember(f.Context(), mine, roles.Member{Subject: who, Role: roles.Support, Email: "changed"}))
			f.wantMembers(theirs, before[theirs]...)
			f.must("RemoveMember", f.RemoveMember(f.Context(), mine, who))
			f.wantMembers(theirs, before[theirs]...)
			f.must("PutMember", f.PutMember(f.Context(), mine, roles.Member{Subject: who, Role: roles.Admin, Email: string(mine)}))
			f.wantMembers(mine, before[mine]...)
		}
	}},
	{"owners at once", "when all owners are removed or given a lesser role at the same time, one stays", func(f accounts) {
		for range rounds {
			t := f.tenant().ID
			owners := []roles.Member{f.member(t, roles.Owner), f.member(t, roles.Owner), f.member(t, roles.Owner), f.member(t, roles.Owner)}
			var refused atomic.Int64
			together(len(owners), func(i int) {
				var err error
				if m := owners[i]; i%2 == 0 {
					err = f.RemoveMember(f.Context(), t, m.Subject)
				} else {
					m.Role = roles.Admin
					err = f.PutMember(f.Context(), t, m)
				}
				switch {
				case errors.Is(err, ports.ErrConflict):
					refused.Add(1)
				case err != nil:
					f.Errorf("got %v, want nil or ErrConflict", err)
				}
			})
			left, err := f.ListMembers(f.Context(), t)
			f.must("ListMembers", err)
			left = slices.DeleteFunc(left, func(m roles.Member) bool { return m.Role != roles.Owner })
			if len(left) != 1 || refused.Load() != 1 {
				f.Fatalf("%d owners are left and %d calls were refused, want 1 and 1", len(left), refused.Load())
			}
		}
	}},
	{"done context", "a done context ends each call, and nothing is changed", func(f accounts) {
		t := f.tenant().ID
		owner, m := f.member(t, roles.Owner), f.member(t, roles.Admin)
		f.wantErr("PutMember", f.PutMember(f.done(), t, roles.Member{Subject: m.Subject, Role: roles.Support}), f.done().Err())
		f.wantErr("RemoveMember", f.RemoveMember(f.done(), t, m.Subject), f.done().Err())
		_, err := f.ListMembers(f.done(), t)
		f.wantErr("ListMembers", err, f.done().Err())
		f.wantMembers(t, owner, m)
	}},
}
