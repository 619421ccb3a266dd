package memory_test

import (
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestSynonyms(t *testing.T) {
	porttest.Synonyms(t, func(*testing.T) porttest.SynonymsUnderTest {
		site := func(_ *testing.T, id tenant.ID) tenant.Scope {
			return tenant.Scope{Tenant: id, Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
		}
		return porttest.SynonymsUnderTest{
			Synonyms: memory.NewSynonyms(), NewSite: site,
			NewScope: func(t *testing.T) tenant.Scope { return site(t, tenant.ID(tenant.Prefix+porttest.NewID())) },
		}
	})
}
