package porttest

import (
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/roles"
)

// PlatformUsers checks an adapter of ports.PlatformUsers. open is called once
// for each case and returns an empty store; it needs PlatformUsers.
func PlatformUsers(t *testing.T, open func(t *testing.T) AccountsUnderTest) {
	t.Helper()
	runCases(t, platformUserCases, accountsFixture(open))
}

func (f accounts) wantPlatformUsers(want ...roles.Member) {
	f.Helper()
	slices.SortFunc(want, func(a, b roles.Member) int { return strings.Compare(string(a.Subject), string(b.Subject)) })
	got, err := f.ListPlatformUsers(f.Context())
	f.wantErr("ListPlatformUsers", err, nil)
	if len(got)+len(want) > 0 {
		f.want("ListPlatformUsers", got, want)
	}
}

var platformUserCases = []contractCase[accounts]{
	{"round trip", "super admins come back without a role, in the order of their subjects", func(f accounts) {
		f.wantPlatformUsers()
		var want []roles.Member
		for _, s := range []roles.Subject{"b", "a", "auth0|5f7c", "Ä " + awkward, "B", subject()} {
			want = append(want, roles.Member{Subject: s, Email: "größe@example.com"})
			f.must("PutPlatformUser", f.PutPlatformUser(f.Context(), s, "größe@example.com"))
		}
		f.wantPlatformUsers(want...)
	}},
	{"again", "putting a super admin again keeps one, with the new address", func(f accounts) {
		who, other := subject(), subject()
		f.must("PutPlatformUser", f.PutPlatformUser(f.Context(), other, "other@example.com"))
		for _, email := range []string{"a@example.com", "b@example.com", "b@example.com"} {
			f.must("PutPlatformUser", f.PutPlatformUser(f.Context(), who, email))
			f.wantPlatformUsers(roles.Member{Subject: who, Email: email}, roles.Member{Subject: other, Email: "other@example.com"})
		}
	}},
	{"remove", "RemovePlatformUser removes one; removing one who is none is no error", func(f accounts) {
		who, other := subject(), subject()
		f.must("PutPlatformUser", f.PutPlatformUser(f.Context(), who, ""))
		f.must("PutPlatformUser", f.PutPlatformUser(f.Context(), other, ""))
		f.wantErr("RemovePlatformUser of nobody", f.RemovePlatformUser(f.Context(), subject()), nil)
		for range 2 {
			f.wantErr("RemovePlatformUser", f.RemovePlatformUser(f.Context(), who), nil)
			f.wantPlatformUsers(roles.Member{Subject: other})
		}
	}},
	{"concurrent", "super admins put at the same time are all stored, each once", func(f accounts) {
		whos := make([]roles.Member, 8)
		for i := range whos {
			whos[i].Subject = subject()
		}
		together(2*len(whos), func(i int) {
			f.wantErr("PutPlatformUser", f.PutPlatformUser(f.Context(), whos[i/2].Subject, ""), nil)
		})
		f.wantPlatformUsers(whos...)
	}},
	{"done context", "a done context ends each call, and nothing is changed", func(f accounts) {
		who := subject()
		f.must("PutPlatformUser", f.PutPlatformUser(f.Context(), who, ""))
		f.wantErr("PutPlatformUser", f.PutPlatformUser(f.done(), subject(), ""), f.done().Err())
		f.wantErr("RemovePlatformUser", f.RemovePlatformUser(f.done(), who), f.done().Err())
		_, err := f.ListPlatformUsers(f.done())
		f.wantErr("ListPlatformUsers", err, f.done().Err())
		f.wantPlatformUsers(roles.Member{Subject: who})
	}},
}
