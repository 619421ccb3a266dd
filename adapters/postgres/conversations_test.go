package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
	"github.com/aiwoochat/woochat/test/porttest"
)

// noon is when the tests of this file take place.
func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// nextSite returns a function that makes one more site of a tenant.
func nextSite(d pgtest.Database) func(t *testing.T, id tenant.ID) tenant.Scope {
	return func(t *testing.T, id tenant.ID) tenant.Scope {
		t.Helper()
		site := porttest.NewID()
		_, err := super(t, d).ExecContext(context.Background(),
			`insert into sites (id, tenant_id, name, url) values ($1, $2, 'shop', 'https://shop.example.com')`,
			site, strings.TrimPrefix(string(id), tenant.Prefix))
		if err != nil {
			t.Fatal(err)
		}
		return tenant.Scope{Tenant: id, Site: tenant.SiteID(tenant.SitePrefix + site)}
	}
}

func TestConversations(t *testing.T) {
	// One database for all cases, each of which has sites of its own.
	d := migrated(t)
	c := opened(t, d, noon).Conversations()
	open := func(*testing.T) porttest.ConversationsUnderTest {
		return porttest.ConversationsUnderTest{
			Conversations: c, Turns: c, Drafts: c, Feedback: c, Unanswered: c, NewScope: newScope(d), NewSite: nextSite(d),
		}
	}
	for name, suite := range map[string]func(*testing.T, func(*testing.T) porttest.ConversationsUnderTest){
		"Conversations": porttest.Conversations, "Turns": porttest.Turns, "Drafts": porttest.Drafts, "Feedback": porttest.Feedback, "Unanswered": porttest.Unanswered,
	} {
		t.Run(name, func(t *testing.T) { suite(t, open) })
	}
}

// conversation opens a new conversation of a new visitor.
func conversation(t *testing.T, db *postgres.DB, s tenant.Scope) chat.Conversation {
	t.Helper()
	c, err := db.Conversations().Open(t.Context(), s, chat.Conversation{
		ID:      chat.ConversationID(chat.ConversationPrefix + porttest.NewID()),
		Visitor: chat.VisitorID(chat.VisitorPrefix + porttest.NewID()), Started: noon(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// message is a new message of c with the given key.
func message(c chat.Conversation, key string) chat.Turn {
	return chat.Turn{
		Message: chat.MessageID(chat.MessagePrefix + porttest.NewID()), Conversation: c.ID, Visitor: c.Visitor, Key: key, BodyHash: "b",
		Question: "Is it warm?", Asked: noon(), State: chat.Running, Attempt: 1, Reservation: "res_" + porttest.NewID(), Lease: noon().Add(time.Minute),
	}
}
