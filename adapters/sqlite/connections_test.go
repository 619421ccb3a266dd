package sqlite

import (
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/porttest"
)

// setDisabled disables, or lets in, a site or its tenant.
func setDisabled(db *DB) func(t *testing.T, s tenant.Scope, whole, disabled bool) {
	return func(t *testing.T, s tenant.Scope, whole, disabled bool) {
		t.Helper()
		o, err := ownerOf(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.write(t.Context(), func(tx *sqlx.Tx) error {
			if whole {
				return one(tx.Exec(`update tenants set disabled = ? where id = ?`, disabled, o.tenant))
			}
			return one(tx.Exec(`update sites set disabled = ? where tenant_id = ? and id = ?`, disabled, o.tenant, o.site))
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestConnections(t *testing.T) {
	// One store for all cases, each of which has sites of its own.
	db := openAt(t, migratedDir(t), false)
	open := func(*testing.T) porttest.ConnectionsUnderTest {
		c := db.Connections()
		return porttest.ConnectionsUnderTest{
			Connections: c, ConnectedSites: c, ConnectStates: c, Deliveries: c, Now: db.now, Disable: setDisabled(db),
			NewScope: func(t *testing.T) tenant.Scope { return newTenantsSite(t, db) },
			NewSite:  func(t *testing.T, id tenant.ID) tenant.Scope { return newSite(t, db, id) },
		}
	}
	for name, suite := range map[string]func(*testing.T, func(*testing.T) porttest.ConnectionsUnderTest){
		"Connections": porttest.Connections, "ConnectedSites": porttest.ConnectedSites, "ConnectStates": porttest.ConnectStates, "Deliveries": porttest.Deliveries,
	} {
		t.Run(name, func(t *testing.T) { suite(t, open) })
	}
}

func TestSiteHealth(t *testing.T) {
	db := openAt(t, migratedDir(t), false)
	porttest.SiteHealth(t, func(*testing.T) porttest.SiteHealthUnderTest {
		return porttest.SiteHealthUnderTest{
			SiteHealth: db.SiteHealth(),
			NewScope:   func(t *testing.T) tenant.Scope { return newTenantsSite(t, db) },
			NewSite:    func(t *testing.T, id tenant.ID) tenant.Scope { return newSite(t, db, id) },
		}
	})
}

func TestSynonyms(t *testing.T) {
	db := openAt(t, migratedDir(t), false)
	porttest.Synonyms(t, func(*testing.T) porttest.SynonymsUnderTest {
		return porttest.SynonymsUnderTest{
			Synonyms: db.Synonyms(), Knows: true,
			NewScope: func(t *testing.T) tenant.Scope { return newTenantsSite(t, db) },
			NewSite:  func(t *testing.T, id tenant.ID) tenant.Scope { return newSite(t, db, id) },
		}
	})
}
