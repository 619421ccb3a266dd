package sqlite

import (
	"testing"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestDocuments(t *testing.T) {
	// One store for all cases, each of which has sites of its own.
	db := openAt(t, t.TempDir(), false)
	open := func(*testing.T) porttest.DocumentsUnderTest {
		d := db.Documents()
		return porttest.DocumentsUnderTest{
			Documents: d, Inventory: d, Passages: d, Cursors: d,
			NewScope: func(t *testing.T) tenant.Scope { return newTenantsSite(t, db) },
			NewSite:  func(t *testing.T, id tenant.ID) tenant.Scope { return newSite(t, db, id) },
		}
	}
	for name, suite := range map[string]func(*testing.T, func(*testing.T) porttest.DocumentsUnderTest){
		"Documents": porttest.Documents, "Inventory": porttest.Inventory, "Passages": porttest.Passages, "Cursors": porttest.Cursors,
	} {
		t.Run(name, func(t *testing.T) { suite(t, open) })
	}
}
