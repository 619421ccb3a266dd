package sqlite

import (
	"testing"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/porttest"
)

// newSite stores one more site of a tenant that is stored.
func newSite(t *testing.T, db *DB, id tenant.ID) tenant.Scope {
	t.Helper()
	site := tenant.Site{
		ID: tenant.SiteID(tenant.SitePrefix + porttest.NewID()), Tenant: id, Name: "Shop",
		URL: "https://shop.example.com", TimeZone: "UTC", Created: epoch,
	}
	if err := db.Accounts().PutSite(t.Context(), site); err != nil {
		t.Fatal(err)
	}
	return site.Scope()
}

// newTenantsSite stores a tenant and its first site.
func newTenantsSite(t *testing.T, db *DB) tenant.Scope {
	t.Helper()
	id := tenant.ID(tenant.Prefix + porttest.NewID())
	if err := db.Accounts().PutTenant(t.Context(), tenant.Tenant{ID: id, Name: "Fjord & Fell", Created: epoch}); err != nil {
		t.Fatal(err)
	}
	return newSite(t, db, id)
}

func TestConversations(t *testing.T) {
	// One store for all cases, each of which has sites of its own.
	db := openAt(t, migratedDir(t), false)
	open := func(*testing.T) porttest.ConversationsUnderTest {
		c := db.Conversations()
		return porttest.ConversationsUnderTest{
			Conversations: c, Turns: c, Drafts: c, Feedback: c, Unanswered: c,
			NewScope: func(t *testing.T) tenant.Scope { return newTenantsSite(t, db) },
			NewSite:  func(t *testing.T, id tenant.ID) tenant.Scope { return newSite(t, db, id) },
		}
	}
	for name, suite := range map[string]func(*testing.T, func(*testing.T) porttest.ConversationsUnderTest){
		"Conversations": porttest.Conversations, "Turns": porttest.Turns, "Drafts": porttest.Drafts, "Feedback": porttest.Feedback, "Unanswered": porttest.Unanswered,
	} {
		t.Run(name, func(t *testing.T) { suite(t, open) })
	}
}
