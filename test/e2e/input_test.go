package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/harness/migrated"
)

// TestBadMessages sends what no good client sends: each gets its own clear
// error, and nothing is spent.
func TestBadMessages(t *testing.T) {
	s := open(t, withoutGoods())
	token := s.session()
	deep := strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000)
	for _, c := range []struct {
		name   string
		token  string
		body   string
		header []string
		status int
		code   string
		says   string
	}{
		{name: "no body", token: token, status: 422, code: "INVALID_REQUEST", says: "empty"},
		{name: "not JSON", token: token, body: "hello", status: 422, code: "INVALID_REQUEST", says: "JSON"},
		{name: "an array", token: token, body: `["hello"]`, status: 422, code: "INVALID_REQUEST", says: "JSON"},
		{name: "wrong type", token: token, body: `{"message":42}`, status: 422, code: "INVALID_REQUEST", says: "message"},
		{name: "empty message", token: token, body: question("  \n "), status: 422, code: "INVALID_REQUEST", says: "empty"},
		{name: "long message", token: token, body: question(strings.Repeat("a", 4001)), status: 422, code: "INVALID_REQUEST", says: "4000"},
		{name: "control characters", token: token, body: question("a\x00b"), status: 422, code: "INVALID_REQUEST", says: "control"},
		{name: "huge body", token: token, body: question(strings.Repeat("a", 65<<10)), status: 413, code: "REQUEST_TOO_LARGE", says: "65536"},
		{name: "deep body", token: token, body: deep, status: 422, code: "INVALID_REQUEST", says: "nested"},
		{name: "bad conversation", token: token, body: `{"message":"hi","conversation_id":"conv_1"}`, status: 422, code: "INVALID_REQUEST", says: "conversation_id"},
		{name: "wrong prefix", token: token, body: `{"message":"hi","conversation_id":"msg_01234567-89ab-7def-8123-456789abcdef"}`, status: 422, code: "INVALID_REQUEST", says: "conversation_id"},
		{name: "long key", token: token, body: question("hi"), header: []string{"Idempotency-Key", strings.Repeat("k", 256)}, status: 422, code: "INVALID_REQUEST", says: "Idempotency-Key"},
		{name: "key with spaces", token: token, body: question("hi"), header: []string{"Idempotency-Key", "a key"}, status: 422, code: "INVALID_REQUEST", says: "ASCII"},
		{name: "no token", body: question("hi"), status: 401, code: "UNAUTHENTICATED"},
		{name: "wrong token", token: "abc.def.ghi", body: question("hi"), status: 401, code: "UNAUTHENTICATED"},
		{name: "changed token", token: token[:len(token)-4] + "AAAA", body: question("hi"), status: 401, code: "UNAUTHENTICATED"},
		{name: "unsigned token", token: unsigned(token), body: question("hi"), status: 401, code: "UNAUTHENTICATED"},
		{name: "another origin", token: token, body: question("hi"), header: []string{"Origin", "https://evil.example.net"}, status: 403, code: "ORIGIN_NOT_ALLOWED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := s.call("POST", "/api/chat/message", c.token, c.body, append(c.header, "Accept", "text/event-stream")...)
			if r.status != c.status || r.code() != c.code || !strings.Contains(string(r.body), c.says) {
				t.Errorf("got %d %s, want %d %s saying %q", r.status, r.body, c.status, c.code, c.says)
			}
			if !strings.Contains(string(r.body), `"request_id":"req_`) {
				t.Errorf("no request id: %s", r.body)
			}
		})
	}
	if total, events := s.books(); total.Used != (usage.Amounts{}) || len(events) != 0 {
		t.Errorf("bad messages have cost %+v in %v", total.Used, events)
	}
}

// unsigned returns the claims of token under the algorithm "none".
func unsigned(token string) string {
	parts := strings.Split(token, ".")
	return "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + parts[1] + "."
}

// TestOddMessages asks what search engines take for operators, and what nobody can
// read: it is answered as any question.
func TestOddMessages(t *testing.T) {
	s := open(t)
	for _, text := range []string{`"AND (`, `jacket* OR NEAR/2 -x`, `'; DROP TABLE chunks; --`, `title:jacket^5`, "JACKETS UNDER 100", "🧥🧥🧥", "12345", "the of and", "¿tenéis chaquetas?", "防水ジャケット", strings.Repeat("max ", 1000)} {
		if got := s.ask(s.session(), text); got.Answer == "" {
			t.Errorf("%.20q: no answer", text)
		}
	}
}

func TestBadSessions(t *testing.T) {
	s := open(t, withoutGoods())
	body := func(key string) string { return fmt.Sprintf(`{"site_key":%q}`, key) }
	for _, c := range []struct {
		name, body string
		header     []string
		status     int
		code       string
	}{
		{"unknown key", body("pk_unknown"), nil, 401, "UNAUTHENTICATED"},
		{"an API key", body(s.apiKey), nil, 401, "UNAUTHENTICATED"},
		{"no key", `{}`, nil, 422, "INVALID_REQUEST"},
		{"wrong type", `{"site_key":{}}`, nil, 422, "INVALID_REQUEST"},
		{"wrong origin", body(s.siteKey), []string{"Origin", "https://other.example.com"}, 403, "ORIGIN_NOT_ALLOWED"},
		{"no origin", body(s.siteKey), []string{"Origin", ""}, 403, "ORIGIN_NOT_ALLOWED"},
		{"null origin", body(s.siteKey), []string{"Origin", "null"}, 403, "ORIGIN_NOT_ALLOWED"},
		{"www", body(s.siteKey), []string{"Origin", "https://www.shop.example.com"}, 200, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if r := s.call("POST", "/api/chat/session", "", c.body, c.header...); r.status != c.status || r.code() != c.code {
				t.Errorf("got %d %s, want %d %s", r.status, r.body, c.status, c.code)
			}
		})
	}
}

// TestForeignThings holds one visitor's ids up to another visitor and to
// another tenant's site: they look as if they did not exist.
func TestForeignThings(t *testing.T) {
	for _, store := range stores {
		t.Run(store, func(t *testing.T) {
			s := open(t, withStore(store, migrated.Folder(t)), withoutGoods())
			other := *s
			other.fill(&made{limits: usage.NoLimits(), empty: true})
			mine := s.session()
			got := s.ask(mine, "What does shipping cost?")
			for name, token := range map[string]string{"visitor": s.session(), "tenant": other.session()} {
				for _, c := range []struct{ method, path, body string }{
					{"GET", "/api/chat/messages/" + got.Message + "/events", ""},
					{"POST", "/api/chat/messages/" + got.Message + "/stop", ""},
					{"POST", "/api/chat/feedback", fmt.Sprintf(`{"message_id":%q,"rating":1}`, got.Message)},
					{"POST", "/api/chat/message", fmt.Sprintf(`{"message":"hi","conversation_id":%q}`, got.Conversation)},
				} {
					if r := s.call(c.method, c.path, token, c.body); r.status != http.StatusNotFound {
						t.Errorf("another %s: %s %s: %d %s, want 404", name, c.method, c.path, r.status, r.body)
					}
				}
				r := s.call("GET", "/api/chat/history?conversation_id="+got.Conversation, token, "")
				if r.status != http.StatusOK || !bytes.Contains(r.body, []byte(`"data":[]`)) {
					t.Errorf("another %s sees the history: %d %s", name, r.status, r.body)
				}
				if r := s.call("DELETE", "/api/chat/conversation?conversation_id="+got.Conversation, token, ""); r.status != http.StatusNoContent {
					t.Errorf("another %s deletes: %d %s", name, r.status, r.body)
				}
			}
			r := s.call("GET", "/api/chat/history?conversation_id="+got.Conversation, mine, "")
			if !bytes.Contains(r.body, []byte(got.Message)) {
				t.Errorf("the history is gone: %s", r.body)
			}
			if r := s.call("POST", "/api/chat/feedback", mine, fmt.Sprintf(`{"message_id":%q,"rating":-1}`, got.Message)); r.status != http.StatusNoContent {
				t.Errorf("feedback: %d %s", r.status, r.body)
			}
		})
	}
}

// TestDisabling takes away key, site and tenant, one after the other.
func TestDisabling(t *testing.T) {
	s := open(t, withoutGoods())
	token := s.session()
	who, ctx := administering.Operator(), s.Context()
	refused := func(what string) {
		t.Helper()
		if r := s.call("POST", "/api/chat/session", "", fmt.Sprintf(`{"site_key":%q}`, s.siteKey)); r.code() != "UNAUTHENTICATED" {
			t.Errorf("%s disabled: session: %d %s", what, r.status, r.body)
		}
	}
	keys, err := s.app.Administering.ListKeys(ctx, who, s.site.Scope())
	s.must(err)
	for _, k := range keys {
		if k.Kind == tenant.SiteKey {
			s.must(s.app.Administering.SetKeyDisabled(ctx, who, s.site.Scope(), k.ID, true))
			refused("key")
			s.must(s.app.Administering.SetKeyDisabled(ctx, who, s.site.Scope(), k.ID, false))
		}
	}
	s.must(s.app.Administering.SetSiteDisabled(ctx, who, s.site.Scope(), true))
	refused("site")
	if r := s.call("POST", "/api/chat/message", token, question("hi")); r.code() != "UNAUTHENTICATED" {
		t.Errorf("site disabled: %d %s", r.status, r.body)
	}
	s.must(s.app.Administering.SetSiteDisabled(ctx, who, s.site.Scope(), false))
	s.must(s.app.Administering.SetTenantDisabled(ctx, who, s.site.Tenant, true))
	refused("tenant")
}

func TestPreflight(t *testing.T) {
	s := open(t, withoutGoods())
	r := s.call("OPTIONS", "/api/chat/message", "", "", "Origin", "https://anything.example.net", "Access-Control-Request-Method", "POST")
	if r.status != http.StatusNoContent || r.header.Get("Access-Control-Allow-Origin") != "https://anything.example.net" ||
		!strings.Contains(r.header.Get("Access-Control-Allow-Headers"), "Idempotency-Key") || r.header.Get("Access-Control-Max-Age") != "7200" {
		t.Errorf("got %d %v", r.status, r.header)
	}
	if r.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Error("credentials are allowed")
	}
	r = s.call("POST", "/api/chat/message", s.session(), question("hi"))
	if r.header.Get("Access-Control-Allow-Origin") != s.origin || !strings.Contains(r.header.Get("Vary"), "Origin") {
		t.Errorf("the answer's headers: %v", r.header)
	}
}

// TestAdmin reads usage with an API key, and does not without.
func TestAdmin(t *testing.T) {
	s := open(t, withoutGoods())
	s.ask(s.session(), "hello")
	s.books()
	get := func(path, key string) reply {
		req := s.request("GET", path, key, "")
		req.URL.Host = strings.TrimPrefix(s.app.AdminURL, "http://")
		return s.do(req)
	}
	var days struct {
		Data []struct {
			Chat int `json:"chat_requests"`
		} `json:"data"`
	}
	r := get("/api/admin/usage/daily", s.apiKey)
	if err := json.Unmarshal(r.body, &days); err != nil || len(days.Data) != 1 || days.Data[0].Chat != 1 {
		t.Errorf("daily usage: %d %s", r.status, r.body)
	}
	if r := get("/api/admin/usage/events", s.apiKey); !bytes.Contains(r.body, []byte(`"model":"extractive"`)) {
		t.Errorf("events: %d %s", r.status, r.body)
	}
	for _, key := range []string{"", "sk_wrong", s.siteKey} {
		if r := get("/api/admin/usage/daily", key); r.status != http.StatusUnauthorized {
			t.Errorf("key %q: %d %s", key, r.status, r.body)
		}
	}
	if r := get("/api/admin/usage/daily?from=yesterday", s.apiKey); r.code() != "INVALID_REQUEST" {
		t.Errorf("bad day: %d %s", r.status, r.body)
	}
	if r := get("/metrics", ""); r.status != http.StatusOK || !bytes.Contains(r.body, []byte("woochat_")) || bytes.Contains(r.body, []byte(s.site.ID)) {
		t.Errorf("metrics: %d, %d bytes", r.status, len(r.body))
	}
	if r := s.call("GET", "/metrics", "", ""); r.status != http.StatusNotFound {
		t.Errorf("metrics on the public listener: %d", r.status)
	}
	for _, path := range []string{"/livez", "/readyz"} {
		if r := get(path, ""); r.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
}

// TestLogsHoldNoShopperText asks something that would be noticed in a log.
func TestLogsHoldNoShopperText(t *testing.T) {
	var log lockedBuffer
	s := open(t, withLog(&log))
	token := s.session()
	s.ask(token, "My name is Wilhelmina Zweistein, what does shipping cost?")
	s.call("POST", "/api/chat/message", token, `{"message":"Wilhelmina"`)
	s.must(s.app.Stop(s.Context()))
	if got := log.String(); strings.Contains(got, "Wilhelmina") || strings.Contains(got, token) || strings.Contains(got, s.apiKey) {
		t.Errorf("the log tells on the shopper:\n%s", got)
	} else if !strings.Contains(got, "/api/chat/message") {
		t.Errorf("the log is empty: %q", got)
	}
}
