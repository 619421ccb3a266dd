package e2e

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/harness/migrated"
)

// TestTwoHundredMessagesAgainstTen asks 200 questions at once of a site whose
// license has room for 10.
func TestTwoHundredMessagesAgainstTen(t *testing.T) {
	for _, store := range stores {
		t.Run(store, func(t *testing.T) {
			limits := usage.NoLimits()
			limits.ChatRequests = 10
			s := open(t, withStore(store, migrated.Folder(t)), withLimits(limits), withEnv("WOOCHAT_EMBEDDING_MODEL", "none"))
			const n = 200
			requests := make([]*http.Request, n)
			for i := range requests {
				// 20 visitors with 10 messages each: what a bucket allows at once.
				if i%10 == 0 {
					requests[i] = s.request("POST", "/api/chat/message", s.session(), question("What does shipping cost?"))
					continue
				}
				requests[i] = s.request("POST", "/api/chat/message", "", question("What does shipping cost?"))
				requests[i].Header.Set("Authorization", requests[i-1].Header.Get("Authorization"))
			}
			replies := make([]reply, n)
			gate := make(chan struct{})
			var wg sync.WaitGroup
			for i, req := range requests {
				wg.Go(func() {
					<-gate
					replies[i] = s.do(req)
				})
			}
			close(gate)
			wg.Wait()
			admitted, refused := 0, 0
			for _, r := range replies {
				switch {
				case r.status == http.StatusOK:
					admitted++
				case r.status == http.StatusForbidden && r.code() == "USAGE_LIMIT_EXCEEDED":
					refused++
				default:
					t.Errorf("%d %s", r.status, r.body)
				}
			}
			if admitted != 10 || refused != 190 {
				t.Errorf("%d admitted, %d refused; want 10 and 190", admitted, refused)
			}
			total, events := s.balance()
			if total.Used.ChatRequests != 10 || len(events) != 10 {
				t.Errorf("%d chat requests in %d events, want 10 in 10", total.Used.ChatRequests, len(events))
			}
		})
	}
}

// TestLimitBody checks the 403 field for field.
func TestLimitBody(t *testing.T) {
	limits := usage.Limits{ChatTokens: 1_000_000, ChatRequests: 1, EmbeddingTokens: 100_000, Cost: usage.Unlimited}
	s := open(t, withLimits(limits), withEnv("WOOCHAT_EMBEDDING_MODEL", "none"))
	token := s.session()
	s.ask(token, "Do you ship to Norway?")
	s.books()
	before := time.Now().UTC()
	r := s.call("POST", "/api/chat/message", token, question("And to Sweden?"), "Accept", "text/event-stream")
	if r.status != http.StatusForbidden || r.header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Fatalf("got %d %s: %s", r.status, r.header.Get("Content-Type"), r.body)
	}
	var got struct {
		Error struct {
			Code      string `json:"code"`
			Message   string `json:"message"`
			RequestID string `json:"request_id"`
			Details   struct {
				Current  map[string]any `json:"current_usage"`
				Limits   map[string]any `json:"limits"`
				Exceeded []string       `json:"exceeded"`
				ResetAt  time.Time      `json:"reset_at"`
			} `json:"details"`
		} `json:"error"`
	}
	s.must(json.Unmarshal(r.body, &got))
	e := got.Error
	if e.Code != "USAGE_LIMIT_EXCEEDED" || e.Message != "Daily usage limit reached" || e.RequestID == "" || e.RequestID != r.header.Get("X-Request-Id") {
		t.Errorf("got %s", r.body)
	}
	for field, want := range map[string]float64{"chat_requests": 1, "embedding_requests": 0, "total_tokens": 0} {
		if e.Details.Current[field] != want {
			t.Errorf("current_usage.%s is %v, want %v", field, e.Details.Current[field], want)
		}
	}
	for field, want := range map[string]float64{"max_tokens_per_day": 1_000_000, "max_chat_requests_per_day": 1, "max_embedding_tokens_per_day": 100_000} {
		if e.Details.Limits[field] != want {
			t.Errorf("limits.%s is %v, want %v", field, e.Details.Limits[field], want)
		}
	}
	if len(e.Details.Limits) != 3 {
		t.Errorf("limits has %d fields, want the seed's 3: %v", len(e.Details.Limits), e.Details.Limits)
	}
	if len(e.Details.Exceeded) != 1 || e.Details.Exceeded[0] != "max_chat_requests_per_day" {
		t.Errorf("exceeded is %v", e.Details.Exceeded)
	}
	midnight := before.Truncate(24 * time.Hour).Add(24 * time.Hour)
	if after := midnight.Add(24 * time.Hour); !e.Details.ResetAt.Equal(midnight) && !e.Details.ResetAt.Equal(after) {
		t.Errorf("reset_at is %v, want the next midnight in UTC", e.Details.ResetAt)
	}
	if sec, err := strconv.Atoi(r.header.Get("Retry-After")); err != nil || sec < 1 || sec > 86400 {
		t.Errorf("Retry-After is %q", r.header.Get("Retry-After"))
	}
}
