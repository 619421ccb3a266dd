package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestConversationUnanswered(t *testing.T) {
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	if out := s.ok("conversation", "unanswered"); !strings.Contains(out, "Nothing was left unanswered") {
		t.Errorf("at first:\n%s", out)
	}
	if out := s.ok("conversation", "unanswered", "--json"); !strings.Contains(out, `"data": []`) {
		t.Errorf("at first:\n%s", out)
	}
	site := fromJSON[list[siteRow]](t, s.ok("site", "list", "--json")).Data[0]
	s.refuse(tenant.Scope{Tenant: site.Tenant, Site: site.ID}, "Do you sell\nsaddles?", "And bridles?")
	out := s.ok("conversation", "unanswered", "--site", "a.example.com")
	if first, second := strings.Index(out, "And bridles?"), strings.Index(out, "Do you sell saddles?"); first < 0 || second < first {
		t.Errorf("listed:\n%s", out)
	}
	rows := fromJSON[list[unansweredRow]](t, s.ok("conversation", "unanswered", "--limit", "1", "--json")).Data
	if len(rows) != 1 || rows[0].Question != "And bridles?" || rows[0].ID.Valid() != nil || rows[0].Conversation.Valid() != nil || !strings.HasPrefix(rows[0].Asked, "20") {
		t.Errorf("one: %+v", rows)
	}
	if r := s.run("conversation", "unanswered", "--limit", "0"); r.code == 0 || !strings.Contains(r.err, "--limit") {
		t.Errorf("no limit: exit code %d: %s", r.code, r.err)
	}
}

// refuse stores questions to which the answer is that nothing fits.
func (s *shell) refuse(sc tenant.Scope, questions ...string) {
	s.t.Helper()
	must := func(err error) {
		s.t.Helper()
		if err != nil {
			s.t.Fatal(err)
		}
	}
	ctx, now := s.t.Context(), time.Now()
	db, err := sqlite.Open(ctx, sqlite.Config{Dir: s.env["WOOCHAT_DATA_DIR"], Now: time.Now, NewID: porttest.NewID})
	must(err)
	defer func() { must(db.Close()) }()
	talks := db.Conversations()
	c, err := talks.Open(ctx, sc, chat.Conversation{
		ID: chat.ConversationID(chat.ConversationPrefix + porttest.NewID()), Visitor: chat.VisitorID(chat.VisitorPrefix + porttest.NewID()), Started: now,
	})
	must(err)
	for i, q := range questions {
		turn, err := talks.Begin(ctx, sc, chat.Turn{
			Message: chat.MessageID(fmt.Sprintf("msg_%08d-0000-7000-8000-000000000000", i)), Conversation: c.ID, Visitor: c.Visitor, Question: q,
			Asked: now, State: chat.Running, Attempt: 1, Reservation: usage.ReservationPrefix + porttest.NewID(), Lease: now.Add(time.Minute),
		})
		must(err)
		turn.State, turn.Answer, turn.Finish, turn.Notice = chat.Done, "Nothing.", chat.Complete, chat.NoticeNothingFits
		must(talks.Finish(ctx, sc, turn))
	}
}
