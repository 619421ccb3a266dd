package memory_test

import (
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestConnections(t *testing.T) {
	noon := func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }
	open := func(*testing.T) porttest.ConnectionsUnderTest {
		accounts := memory.NewAccounts()
		c := memory.NewConnections(accounts, noon)
		site := func(t *testing.T, id tenant.ID) tenant.Scope {
			s := tenant.Site{
				ID: tenant.SiteID(tenant.SitePrefix + porttest.NewID()), Tenant: id, Name: "Shop",
				URL: "https://shop.example.com", TimeZone: "UTC", Created: noon(),
			}
			if err := accounts.PutSite(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			return s.Scope()
		}
		return porttest.ConnectionsUnderTest{
			Connections: c, ConnectedSites: c, ConnectStates: c, Deliveries: c, Now: noon, NewSite: site,
			NewScope: func(t *testing.T) tenant.Scope {
				id := tenant.ID(tenant.Prefix + porttest.NewID())
				if err := accounts.PutTenant(t.Context(), tenant.Tenant{ID: id, Name: "tenant", Created: noon()}); err != nil {
					t.Fatal(err)
				}
				return site(t, id)
			},
			Disable: func(t *testing.T, s tenant.Scope, whole, disabled bool) {
				if whole {
					if err := accounts.PutTenant(t.Context(), tenant.Tenant{ID: s.Tenant, Name: "tenant", Created: noon(), Disabled: disabled}); err != nil {
						t.Fatal(err)
					}
					return
				}
				site, err := accounts.Site(t.Context(), s)
				if err != nil {
					t.Fatal(err)
				}
				site.Disabled = disabled
				if err := accounts.PutSite(t.Context(), site); err != nil {
					t.Fatal(err)
				}
			},
		}
	}
	for name, suite := range map[string]func(*testing.T, func(*testing.T) porttest.ConnectionsUnderTest){
		"Connections": porttest.Connections, "ConnectedSites": porttest.ConnectedSites, "ConnectStates": porttest.ConnectStates, "Deliveries": porttest.Deliveries,
	} {
		t.Run(name, func(t *testing.T) { suite(t, open) })
	}
}

func TestSiteHealth(t *testing.T) {
	porttest.SiteHealth(t, func(*testing.T) porttest.SiteHealthUnderTest {
		return porttest.SiteHealthUnderTest{SiteHealth: memory.NewSiteHealth(), NewScope: newScope, NewSite: newSite}
	})
}
