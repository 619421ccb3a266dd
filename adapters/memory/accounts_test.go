package memory_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestAccounts(t *testing.T) {
	open := func(*testing.T) porttest.AccountsUnderTest {
		a := memory.NewAccounts()
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

func TestAuditLog(t *testing.T) {
	porttest.AuditLog(t, func(*testing.T) porttest.AuditStore {
		return porttest.AuditStore{AuditLog: memory.NewAuditLog(), NewScope: unusedSite}
	})
}

func ExampleNewAuditLog() {
	ctx := context.Background()
	log := memory.NewAuditLog()
	shop := tenant.Scope{Tenant: "ten_1", Site: "site_1"}
	_ = log.Record(ctx, roles.AuditEntry{
		ID: "aud_1", At: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Actor: "root@example.com",
		Action: roles.WriteLicenses, Scope: shop, Reason: "ticket 4711",
	})
	owner := roles.Grants{Subject: "owner@example.com", Tenants: map[tenant.ID]roles.Role{shop.Tenant: roles.Owner}}
	list, _ := log.List(ctx, owner, tenant.Scope{Tenant: shop.Tenant}, "", 10)
	for _, e := range list {
		fmt.Println(e.Actor, e.Action, e.Reason)
	}
	// Output: root@example.com licenses.write ticket 4711
}
