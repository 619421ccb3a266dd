package sqlite

import (
	"testing"

	"github.com/aiwoochat/woochat/test/porttest"
)

func TestAccounts(t *testing.T) {
	open := func(t *testing.T) porttest.AccountsUnderTest {
		a := openAt(t, t.TempDir(), false).Accounts()
		return porttest.AccountsUnderTest{
			Tenants: a, Sites: a, Keys: a, SiteKeys: a, Members: a, PlatformUsers: a, Grants: a,
		}
	}
	for name, suite := range map[string]func(*testing.T, func(*testing.T) porttest.AccountsUnderTest){
		"Tenants": porttest.Tenants, "Sites": porttest.Sites, "Keys": porttest.Keys, "SiteKeys": porttest.SiteKeys,
		"Members": porttest.Members, "PlatformUsers": porttest.PlatformUsers, "Grants": porttest.Grants,
	} {
		t.Run(name, func(t *testing.T) { suite(t, open) })
	}
}
