package e2e

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
)

// What a shopper is told that the shop has nothing on, and only that, the tenant
// reads over HTTP; what the shopper then deletes is gone.
func TestUnansweredQuestionsAreListed(t *testing.T) {
	// Without vectors only what nothing at all is found for is held back.
	s := open(t, withEnv("WOOCHAT_EMBEDDING_MODEL", "none"))
	began := time.Now().Add(-time.Minute)
	token := s.session()
	const unknown = "Xylophones from Zanzibar?"
	refused := s.ask(token, unknown)
	if refused.Notice != chat.NoticeNothingFits {
		t.Fatalf("answered: %+v", refused)
	}
	if a := s.ask(token, "Do you ship to Norway?"); a.Notice != "" {
		t.Fatalf("answered: %+v", a)
	}
	type row struct {
		ID           string    `json:"id"`
		Conversation string    `json:"conversation_id"`
		Question     string    `json:"question"`
		Asked        time.Time `json:"asked_at"`
	}
	list := func() []row {
		t.Helper()
		r := s.onAdmin().call("GET", "/api/admin/unanswered", s.apiKey, "")
		var out struct {
			Data []row `json:"data"`
		}
		if err := json.Unmarshal(r.body, &out); err != nil || r.status != http.StatusOK {
			t.Fatalf("%d %s", r.status, r.body)
		}
		return out.Data
	}
	got := list()
	if len(got) != 1 || got[0].ID != refused.Message || got[0].Conversation != refused.Conversation || got[0].Question != unknown ||
		got[0].Asked.Before(began) || got[0].Asked.After(time.Now().Add(time.Minute)) {
		t.Errorf("listed: %+v, want the question %+v", got, refused)
	}
	if r := s.call("GET", "/api/admin/unanswered", s.apiKey, ""); r.status != http.StatusNotFound {
		t.Errorf("on the public listener: %d %s", r.status, r.body)
	}
	s.call("DELETE", "/api/chat/conversation?conversation_id="+refused.Conversation, token, "")
	if got := list(); len(got) != 0 {
		t.Errorf("after the shopper deleted it: %+v", got)
	}
}
