package sqlite

import (
	"testing"

	"github.com/aiwoochat/woochat/test/porttest"
)

func TestAccounts(t *testing.T) {
	of := func(db *DB) porttest.AccountsUnderTest {
		a := db.Accounts()
		return porttest.AccountsUnderTest{
			Tenants: a, Sites: a, Keys: a, SiteKeys: a, Members: a, PlatformUsers: a, Grants: a,
		}
	}
	type suite = func(*testing.T, func(*testing.T) porttest.AccountsUnderTest)
	// These list what there is on the platform.
	for name, suite := range map[string]suite{"Tenants": porttest.Tenants, "PlatformUsers": porttest.PlatformUsers} {
		t.Run(name, func(t *testing.T) {
			suite(t, func(t *testing.T) porttest.AccountsUnderTest { return of(openAt(t, migratedDir(t), false)) })
		})
	}
	// One store for all cases of the others, each of which has tenants of its own.
	db := openAt(t, migratedDir(t), false)
	for name, suite := range map[string]suite{
		"Sites": porttest.Sites, "Keys": porttest.Keys, "SiteKeys": porttest.SiteKeys, "Members": porttest.Members, "Grants": porttest.Grants,
	} {
		t.Run(name, func(t *testing.T) {
			suite(t, func(*testing.T) porttest.AccountsUnderTest { return of(db) })
		})
	}
}
