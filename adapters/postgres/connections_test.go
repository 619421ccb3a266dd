package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
	"github.com/aiwoochat/woochat/test/porttest"
)

// setDisabled disables, or lets in, a site or its tenant.
func setDisabled(d pgtest.Database) func(t *testing.T, s tenant.Scope, whole, disabled bool) {
	return func(t *testing.T, s tenant.Scope, whole, disabled bool) {
		t.Helper()
		statement, id := `update sites set disabled = $1 where id = $2`, strings.TrimPrefix(string(s.Site), tenant.SitePrefix)
		if whole {
			statement, id = `update tenants set disabled = $1 where id = $2`, strings.TrimPrefix(string(s.Tenant), tenant.Prefix)
		}
		if _, err := super(t, d).ExecContext(context.Background(), statement, disabled, id); err != nil {
			t.Fatal(err)
		}
	}
}

func TestConnections(t *testing.T) {
	// One database for all cases, each of which has sites of its own.
	d := migrated(t)
	c := opened(t, d, noon).Connections()
	open := func(*testing.T) porttest.ConnectionsUnderTest {
		return porttest.ConnectionsUnderTest{
			Connections: c, ConnectedSites: c, ConnectStates: c, Deliveries: c, Now: noon, Disable: setDisabled(d), NewScope: newScope(d), NewSite: nextSite(d),
		}
	}
	for name, suite := range map[string]func(*testing.T, func(*testing.T) porttest.ConnectionsUnderTest){
		"Connections": porttest.Connections, "ConnectedSites": porttest.ConnectedSites, "ConnectStates": porttest.ConnectStates, "Deliveries": porttest.Deliveries,
	} {
		t.Run(name, func(t *testing.T) { suite(t, open) })
	}
}

func TestSiteHealth(t *testing.T) {
	d := migrated(t)
	h := opened(t, d, noon).SiteHealth()
	porttest.SiteHealth(t, func(*testing.T) porttest.SiteHealthUnderTest {
		return porttest.SiteHealthUnderTest{SiteHealth: h, NewScope: newScope(d), NewSite: nextSite(d)}
	})
}

func TestSynonyms(t *testing.T) {
	d := migrated(t)
	y := opened(t, d, noon).Synonyms()
	porttest.Synonyms(t, func(*testing.T) porttest.SynonymsUnderTest {
		return porttest.SynonymsUnderTest{Synonyms: y, Knows: true, NewScope: newScope(d), NewSite: nextSite(d)}
	})
}
