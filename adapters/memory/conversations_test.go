package memory_test

import (
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/porttest"
)

// newScope returns a site that nobody has used: stores in memory need not know
// it.
func newScope(*testing.T) tenant.Scope {
	return tenant.Scope{
		Tenant: tenant.ID(tenant.Prefix + porttest.NewID()),
		Site:   tenant.SiteID(tenant.SitePrefix + porttest.NewID()),
	}
}

// newSite returns one more site of the tenant.
func newSite(_ *testing.T, id tenant.ID) tenant.Scope {
	return tenant.Scope{Tenant: id, Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
}

func TestConversations(t *testing.T) {
	open := func(*testing.T) porttest.ConversationsUnderTest {
		c := memory.NewConversations()
		return porttest.ConversationsUnderTest{
			Conversations: c, Turns: c, Drafts: c, Feedback: c, Unanswered: c, NewScope: newScope, NewSite: newSite,
		}
	}
	for name, suite := range map[string]func(*testing.T, func(*testing.T) porttest.ConversationsUnderTest){
		"Conversations": porttest.Conversations, "Turns": porttest.Turns, "Drafts": porttest.Drafts, "Feedback": porttest.Feedback, "Unanswered": porttest.Unanswered,
	} {
		t.Run(name, func(t *testing.T) { suite(t, open) })
	}
}
