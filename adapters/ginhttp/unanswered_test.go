package ginhttp

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/porttest"
)

// unansweredBody is a page of GET /api/admin/unanswered.
type unansweredBody struct {
	Data []struct {
		ID           chat.MessageID      `json:"id"`
		Conversation chat.ConversationID `json:"conversation_id"`
		Question     string              `json:"question"`
		Asked        time.Time           `json:"asked_at"`
	} `json:"data"`
	More bool   `json:"has_more"`
	Next string `json:"next_cursor"`
}

// TestUnansweredRoute: a key of any role reads its own site's questions, page by
// page, each once.
func TestUnansweredRoute(t *testing.T) {
	w := newWorld(t, atNoon)
	sc := w.site.Scope()
	c, err := w.stores.Conversations.Open(t.Context(), sc, chat.Conversation{
		ID: chat.ConversationID(chat.ConversationPrefix + porttest.NewID()), Visitor: chat.VisitorID(chat.VisitorPrefix + porttest.NewID()), Started: noon,
	})
	w.must(err)
	for i := range 3 {
		turn, err := w.stores.Conversations.Begin(t.Context(), sc, chat.Turn{
			Message: chat.MessageID(fmt.Sprintf("msg_%08d-0000-7000-8000-000000000000", i)), Conversation: c.ID, Visitor: c.Visitor, Question: fmt.Sprintf("Question %d", i),
			Asked: noon, State: chat.Running, Attempt: 1, Reservation: porttest.NewID(), Lease: noon.Add(time.Minute),
		})
		w.must(err)
		turn.State, turn.Answer, turn.Finish, turn.Notice = chat.Done, "Nothing.", chat.Complete, chat.NoticeNothingFits
		w.must(w.stores.Conversations.Finish(t.Context(), sc, turn))
	}
	const path = "/api/admin/unanswered"
	page := func(key, query string) unansweredBody {
		t.Helper()
		rec := w.get(path+query, key)
		var out unansweredBody
		if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil || rec.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", query, rec.Code, rec.Body)
		}
		return out
	}
	for role := roles.Support; role <= roles.Owner; role++ {
		key, _ := w.key(sc, tenant.APIKey, role)
		var asked []string
		for query := "?limit=2"; query != ""; {
			got := page(key, query)
			for _, x := range got.Data {
				asked = append(asked, x.Question)
				if x.Conversation != c.ID || !x.Asked.Equal(noon) || x.ID.Valid() != nil {
					t.Errorf("%+v", x)
				}
			}
			if query = ""; got.More {
				query = "?limit=2&starting_after=" + got.Next
			} else if got.Next != "" {
				t.Errorf("the last page goes on at %s", got.Next)
			}
		}
		if !slices.Equal(asked, []string{"Question 2", "Question 1", "Question 0"}) {
			t.Errorf("%s: %q", role, asked)
		}
	}
	if got := page(w.apiKey, "?limit=3"); got.More || len(got.Data) != 3 {
		t.Errorf("a page of all: %+v", got)
	}

	other, err := w.stores.AddSite(t.Context(), "Other", "https://other.example.com", usage.NoLimits())
	w.must(err)
	theirs, _ := w.key(other.Scope(), tenant.APIKey, roles.Owner)
	first := page(w.apiKey, "?limit=1")
	for _, query := range []string{"", "?starting_after=" + first.Next, "?site_id=" + string(w.site.ID)} {
		if got := page(theirs, query); len(got.Data) != 0 || got.More || got.Data == nil {
			t.Errorf("another tenant's %q: %+v", query, got)
		}
	}
	w.wantError(w.get(path+"?limit=0", w.apiKey), 422, "INVALID_REQUEST")
	w.wantError(w.get(path+"?limit=1001", w.apiKey), 422, "INVALID_REQUEST")
	w.wantError(w.get(path+"?starting_after=aud_1", w.apiKey), 422, "INVALID_REQUEST")
	w.wantError(w.get(path, ""), 401, "UNAUTHENTICATED")
	w.wantError(w.get(path, w.siteKey), 401, "UNAUTHENTICATED")
}
