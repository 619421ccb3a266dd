package administering_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// refuse stores a question of the site's to which the answer is that nothing
// fits. Ids of messages are ordered by time.
func (w *world) refuse(sc tenant.Scope, id chat.MessageID, question string) {
	w.Helper()
	c, err := w.talks.Open(w.Context(), sc, chat.Conversation{
		ID: chat.ConversationID(chat.ConversationPrefix + porttest.NewID()), Visitor: chat.VisitorID(chat.VisitorPrefix + porttest.NewID()), Started: w.clock.Now(),
	})
	w.must(err)
	turn, err := w.talks.Begin(w.Context(), sc, chat.Turn{
		Message: id, Conversation: c.ID, Visitor: c.Visitor, Question: question,
		Asked: w.clock.Now(), State: chat.Running, Attempt: 1, Reservation: porttest.NewID(), Lease: w.clock.Now().Add(time.Minute),
	})
	w.must(err)
	turn.State, turn.Answer, turn.Finish, turn.Notice = chat.Done, chat.NothingFits("en", ""), chat.Complete, chat.NoticeNothingFits
	w.must(w.talks.Finish(w.Context(), sc, turn))
}

// TestUnanswered: a tenant reads his own site's questions page by page, and
// nobody else's; a super admin's reading is recorded, a member's is not.
func TestUnanswered(t *testing.T) {
	w := newWorld(t)
	ctx, sc := t.Context(), w.mine.Scope()
	for i, q := range []string{"first", "second", "third"} {
		w.refuse(sc, chat.MessageID(fmt.Sprintf("msg_%08d-0000-7000-8000-000000000000", i)), q)
	}
	recorded := func() []roles.AuditEntry {
		t.Helper()
		all, err := w.deps.Audit.List(ctx, administering.Operator(), sc, "", 100)
		w.must(err)
		return all
	}
	before := len(recorded())
	support := w.holding(roles.Support)
	var got []chat.Turn
	for last := chat.MessageID(""); ; last = got[len(got)-1].Message {
		page, err := w.Unanswered(ctx, support, sc, last, 2)
		w.must(err)
		if got = append(got, page...); len(page) < 2 {
			break
		}
	}
	if len(got) != 3 || got[0].Question != "third" || got[1].Question != "second" || got[2].Question != "first" {
		t.Errorf("got %+v", got)
	}
	if n := len(recorded()) - before; n != 0 {
		t.Errorf("what support read was recorded %d times", n)
	}

	root := roles.Grants{Subject: "root@example.com", SuperAdmin: true, Reason: "ticket 4711"}
	for _, c := range []struct {
		who  roles.Grants
		site tenant.Scope
		want int
	}{
		{root, sc, 3},
		{root, w.other.Scope(), 0},
		// Half-true scopes: my tenant with a site that is another's.
		{support, tenant.Scope{Tenant: w.mine.Tenant, Site: w.other.ID}, 0},
		{roles.Grants{Subject: "you", Tenants: map[tenant.ID]roles.Role{w.other.Tenant: roles.Owner}}, tenant.Scope{Tenant: w.other.Tenant, Site: w.mine.ID}, 0},
	} {
		if turns, err := w.Unanswered(ctx, c.who, c.site, "", 10); err != nil || len(turns) != c.want {
			t.Errorf("%s on %+v: %d questions, %v, want %d", c.who.Subject, c.site, len(turns), err, c.want)
		}
	}
	log := recorded()
	if e := log[0]; len(log) != before+1 || e.Action != roles.ReadConversations || e.Actor != root.Subject || e.Scope != sc || e.Reason != root.Reason {
		t.Errorf("%d recorded, the last as %+v", len(log)-before, e)
	}
	if _, err := w.Unanswered(ctx, support, sc, "no id", 10); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("after no id: %v", err)
	}
}
