package e2e

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// usageRow is a row of usage_events.
type usageRow struct {
	ID           string    `json:"id"`
	Tenant       string    `json:"tenant_id"`
	Site         string    `json:"site_id"`
	Conversation string    `json:"conversation_id"`
	Message      string    `json:"message_id"`
	Reservation  string    `json:"reservation_id"`
	CallNo       int64     `json:"call_no"`
	ChatRequests int64     `json:"chat_requests"`
	Kind         string    `json:"kind"`
	Model        string    `json:"model"`
	Prompt       int64     `json:"prompt_tokens"`
	Completion   int64     `json:"completion_tokens"`
	Cached       int64     `json:"cached_tokens"`
	Reasoning    int64     `json:"reasoning_tokens"`
	Total        int64     `json:"total_tokens"`
	Cost         int64     `json:"cost"`
	PriceVersion string    `json:"price_version"`
	Source       string    `json:"usage_source"`
	LatencyMS    int64     `json:"latency_ms"`
	LatencyUS    int64     `json:"latency_us"`
	Success      bool      `json:"success"`
	ErrorCode    string    `json:"error_code"`
	Created      time.Time `json:"created_at"`
	Raw          string    `json:"raw_usage"`
}

// ownerOf is the shop's owner, as a person of the database.
func (in *installation) ownerOf(t *testing.T, s *shop) asker {
	t.Helper()
	return person(sees[string](t, in, platform(), `select user_id::text from user_tenants where tenant_id = $1 and role = 'owner'`, bare(string(s.site.Tenant))))
}

func usageEvents(t *testing.T, in *installation) {
	s := in.shop(t, "events")
	began := time.Now().Add(-time.Second)
	seen := len(in.fake.Calls())
	in.sells(t, s)
	answer := s.ask(s.session(), "Do you ship to Norway?")
	calls := in.fake.Calls()[seen:]
	rows := in.lists(t, in.ownerOf(t, s), `select to_jsonb(e)::text from usage_events e order by seq`)
	if len(calls) != 3 || len(rows) != len(calls) {
		t.Fatalf("%d calls, %d events %q; want an embedding of the text, one of the question, and a chat", len(calls), len(rows), rows)
	}
	kinds := map[string]int{}
	for i, text := range rows {
		var fields map[string]any
		var e usageRow
		s.must(json.Unmarshal([]byte(text), &fields))
		s.must(json.Unmarshal([]byte(text), &e))
		kinds[e.Kind]++
		for _, f := range []string{
			"id", "tenant_id", "site_id", "reservation_id", "call_no", "chat_requests", "kind", "model", "prompt_tokens",
			"completion_tokens", "cached_tokens", "reasoning_tokens", "total_tokens", "cost", "price_version", "usage_source", "latency_ms",
			"success", "error_code", "created_at", "raw_usage",
		} {
			if v, ok := fields[f]; !ok || v == nil || v == "" && f != "error_code" {
				t.Errorf("event %d has no %s: %s", i, f, text)
			}
		}
		if e.Tenant != bare(string(s.site.Tenant)) || e.Site != bare(string(s.site.ID)) || e.CallNo != 1 || e.Total != e.Prompt+e.Completion ||
			e.Source != "provider" || !e.Success || e.ErrorCode != "" || e.LatencyUS <= 0 || e.Created.Before(began) || e.Created.After(time.Now().Add(time.Second)) ||
			!strings.Contains(e.Raw, fmt.Sprintf(`"prompt_tokens":%d`, e.Prompt)) {
			t.Errorf("event %d is %s", i, text)
		}
		if e.Kind == "embedding" {
			if e.Model != "text-embedding-3-small" || e.Prompt <= 0 || e.Completion != 0 || e.ChatRequests != 0 || e.Cost != 20*e.Prompt {
				t.Errorf("the embedding is %s", text)
			}
			continue
		}
		c := callsOf(in.fake, chatRoute)
		sent := c[len(c)-1]
		// 0.15 USD for a million, 0.075 of what was cached, and 0.60 out, in nano-USD.
		want := usageRow{Prompt: int64(sent.Prompt()), Cached: int64(sent.Prompt()) - 1, Reasoning: 9}
		if e.Model != "gpt-4o-mini" || e.ChatRequests != 1 || e.Prompt != want.Prompt || e.Cached != want.Cached || e.Reasoning != want.Reasoning ||
			e.Completion <= 9 || e.Cost != 150+75*e.Cached+600*e.Completion {
			t.Errorf("the chat is %s, want %+v", text, want)
		}
		if e.Message != bare(answer.Message) || e.Conversation != bare(answer.Conversation) || sent.ID != fmt.Sprintf("res_%s.%d", e.Reservation, e.CallNo) {
			t.Errorf("the chat is %s; the message was %s of %s, the call %s", text, answer.Message, answer.Conversation, sent.ID)
		}
	}
	if kinds["embedding"] != 2 || kinds["chat"] != 1 {
		t.Errorf("the events are %v", kinds)
	}
}

func usageDaily(t *testing.T, in *installation) {
	s := in.shop(t, "daily")
	in.sells(t, s)
	for range 3 {
		s.ask(s.session(), "Do you ship to Norway?")
	}
	owner := in.ownerOf(t, s)
	const counted = `select to_jsonb(x)::text from (%s) x order by 1`
	events := in.lists(t, owner, fmt.Sprintf(counted, `select day as date, tenant_id, site_id, sum(chat_requests) as chat_requests,
		count(*) filter (where kind = 'embedding') as embedding_requests, sum(prompt_tokens) as prompt_tokens, sum(completion_tokens) as completion_tokens,
		sum(total_tokens) filter (where kind <> 'embedding') as chat_tokens, sum(total_tokens) filter (where kind = 'embedding') as embedding_tokens,
		sum(cost) as cost from usage_events group by day, tenant_id, site_id`))
	days := in.lists(t, owner, fmt.Sprintf(counted, `select date, tenant_id, site_id, chat_requests, embedding_requests, prompt_tokens, completion_tokens,
		chat_tokens, embedding_tokens, cost from usage_daily`))
	if len(days) == 0 || !slices.Equal(days, events) {
		t.Errorf("the days say  %q\nevents add to %q", days, events)
	}
	if n := sees[int64](t, in, owner, `select sum(chat_requests) from usage_daily`); n != 3 {
		t.Errorf("%d chat requests, want 3", n)
	}
	if n := sees[int64](t, in, owner, `select sum(held_chat_requests + held_chat_tokens + held_embedding_tokens + held_cost) from usage_daily`); n != 0 {
		t.Errorf("%d units are still held", n)
	}
	if _, err := asks[int](t, in, owner, `insert into usage_daily (date, tenant_id, site_id) values (current_date + 1, $1, $2) returning 1`,
		bare(string(s.site.Tenant)), bare(string(s.site.ID))); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("an owner wrote his own day: %v", err)
	}
	// The page's query finds nothing, and a row that is wrong by one unit.
	if err := in.as(t, platform(), func(tx *sql.Tx) error {
		for _, want := range []int{0, 1} {
			var n int
			if err := tx.QueryRowContext(t.Context(), `select count(*) from (`+mismatchQuery(t)+`) m`).Scan(&n); err != nil {
				return err
			}
			if n != want {
				t.Errorf("%d days do not add up, want %d", n, want)
			}
			if _, err := tx.ExecContext(t.Context(), `update usage_daily set cost = cost + 1 where site_id = $1`, bare(string(s.site.ID))); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	r := s.onAdmin().call("GET", "/api/admin/usage/daily", s.apiKey, "")
	if r.status != http.StatusOK || !strings.Contains(string(r.body), `"chat_requests":3`) {
		t.Errorf("the admin API says %d %s", r.status, r.body)
	}
}
