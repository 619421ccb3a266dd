package memory_test

import (
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestRepricings(t *testing.T) {
	porttest.Repricings(t, func(_ *testing.T, now ports.Clock) porttest.RepricingStore {
		l := memory.NewLedger(now, porttest.NewID)
		return porttest.RepricingStore{
			UsageStore: porttest.UsageStore{Ledger: l, Checkpointer: l, Sweeper: l, UsageReader: l, NewScope: func(*testing.T) tenant.Scope {
				return tenant.Scope{Tenant: tenant.ID(tenant.Prefix + porttest.NewID()), Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
			}},
			Repricings: memory.NewRepricings(l),
		}
	})
}
