package ginhttp

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// guarded returns a server of somebody's own with one guarded route.
func (w *world) guarded(want usage.Amounts, handler gin.HandlerFunc) http.Handler {
	r := gin.New()
	r.Use(gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, _ any) { c.AbortWithStatus(500) }))
	r.POST("/ask", RequireUsage(w.own().Metering, want, SiteKeyScope(w.stores.Accounts)), handler)
	return r
}

// own returns what the server was made with.
func (w *world) own() Deps { return w.Server.deps }

func room() usage.Amounts { return usage.Amounts{ChatRequests: 1, ChatTokens: 500, Cost: 1_000_000} }

// answers makes one model call, as a handler behind RequireUsage does.
func (w *world) answers(c *gin.Context) {
	meter := w.own().Metering
	p := chat.Prompt{Model: "model-1", MaxTokens: 50, Messages: []chat.Message{{Speaker: chat.Shopper, Text: "Hello?"}}}
	call, err := meter.ChatCall(c, p)
	w.must(err)
	running, err := AdmittedBy(c).Start(c, call, usage.Amounts{})
	if err != nil {
		ErrorBody(c, meter, err)
		return
	}
	got, err := running.Complete(c, memory.NewModel("Hello to you."), p, nil)
	_, serr := running.Settle(c, running.OutcomeOf(p, got, err), true)
	w.must(errors.Join(err, serr))
	c.String(200, got.Text)
}

func TestRequireUsage(t *testing.T) {
	w := newWorld(t, func(w *world) { w.limits = usage.Limits{ChatRequests: 1, ChatTokens: 1000, Cost: usage.Unlimited} })
	h := w.guarded(room(), func(c *gin.Context) {
		if d := w.day(); d.Held != room() {
			t.Errorf("held %+v while the handler runs", d.Held)
		}
		w.answers(c)
	})
	rec := serve(t, h, "POST", "/ask", w.apiKey, "")
	if rec.Code != 200 || rec.Body.String() != "Hello to you." {
		t.Fatalf("got %d %s", rec.Code, rec.Body)
	}
	if d := w.day(); d.Used.ChatRequests != 1 || d.Used.ChatTokens != 4 || d.Held != (usage.Amounts{}) {
		t.Errorf("the day says %+v", d)
	}
}

// TestTheSeedsLimitBody checks the 403 field for field: the seed's, and those
// that this project adds.
func TestTheSeedsLimitBody(t *testing.T) {
	now := time.Date(2026, 11, 23, 18, 30, 0, 0, time.UTC)
	w := newWorld(t, func(w *world) {
		w.now = func() time.Time { return now }
		w.limits = usage.Limits{ChatTokens: 1_000_000, ChatRequests: 1000, EmbeddingTokens: 100_000, Cost: usage.Unlimited}
	})
	spend := func(id usage.ReservationID, e usage.Event) {
		s, ctx := w.site.Scope(), t.Context()
		want := e.Spent()
		w.must(w.stores.Ledger.Reserve(ctx, s, usage.Hold{ID: id, Day: "2026-11-23", Want: want, Limits: usage.NoLimits(), Admit: now, Expires: now.Add(time.Minute)}))
		e.ID, e.CallNo, e.Last, e.Model = usage.EventID(usage.EventPrefix+porttest.NewID()), 1, true, "model-1"
		w.must(w.stores.Ledger.Settle(ctx, s, id, e))
	}
	spend("res_1", usage.Event{Kind: usage.Chat, ChatRequests: 1000, Tokens: chat.Tokens{Input: 400_000, Output: 100_000}})
	for i := range 50 {
		spend(usage.ReservationID(fmt.Sprint("res_e", i)), usage.Event{Kind: usage.Embedding, Tokens: chat.Tokens{Input: 10}})
	}
	h := w.guarded(room(), func(*gin.Context) { t.Error("the handler ran") })
	rec := serve(t, h, "POST", "/ask", w.apiKey, "", "X-Request-Id", "req-1")
	const want = `{"error":{"code":"USAGE_LIMIT_EXCEEDED","message":"Daily usage limit reached","request_id":"req-1","details":{
		"current_usage":{"chat_requests":1000,"embedding_requests":50,"total_tokens":500000,"embedding_tokens":500,"cost_usd":"0.00"},
		"limits":{"max_tokens_per_day":1000000,"max_chat_requests_per_day":1000,"max_embedding_tokens_per_day":100000},
		"requested":{"chat_requests":1,"embedding_requests":0,"total_tokens":500,"embedding_tokens":0,"cost_usd":"0.001"},
		"exceeded":["max_chat_requests_per_day"],"reset_at":"2026-11-24T00:00:00Z"}}}`
	if got := canonical(t, rec.Body.Bytes()); got != canonical(t, []byte(want)) {
		t.Errorf("got  %s\nwant %s", got, canonical(t, []byte(want)))
	}
	if rec.Code != 403 || rec.Header().Get("Retry-After") != "19800" || rec.Header().Get("X-Request-Id") != "req-1" || rec.Header().Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("got %d %v", rec.Code, rec.Header())
	}
	if d := w.day(); d.Used.ChatRequests != 1000 || d.Held != (usage.Amounts{}) {
		t.Errorf("the refusal changed the day: %+v", d)
	}
}

func canonical(t *testing.T, body []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	b, _ := json.Marshal(v)
	return string(b)
}

// TestUnlimitedIsNull in the limits; a cost limit is a decimal string.
func TestUnlimitedIsNull(t *testing.T) {
	s := &Server{now: time.Now}
	b, err := json.Marshal(s.describe(&usage.LimitError{Limits: usage.Limits{ChatTokens: usage.Unlimited, ChatRequests: 0, EmbeddingTokens: 5, Cost: 2_500_000_000}}).details["limits"])
	if err != nil || string(b) != `{"max_chat_requests_per_day":0,"max_cost_usd_per_day":"2.50","max_embedding_tokens_per_day":5,"max_tokens_per_day":null}` {
		t.Errorf("got %s, %v", b, err)
	}
}

func TestRequireUsageCostsNothingWithoutACall(t *testing.T) {
	for name, handler := range map[string]gin.HandlerFunc{
		"no call": func(c *gin.Context) { c.Status(204) },
		"panic":   func(*gin.Context) { panic("oh") },
		"gone": func(c *gin.Context) {
			ctx, cancel := context.WithCancel(c.Request.Context())
			cancel()
			c.Request = c.Request.WithContext(ctx)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			serve(t, w.guarded(room(), handler), "POST", "/ask", w.apiKey, "")
			if d := w.day(); d != (usage.Totals{Day: d.Day}) {
				t.Errorf("the day says %+v", d)
			}
		})
	}
}

func TestRequireUsageRefuses(t *testing.T) {
	w := newWorld(t, nil)
	never := func(*gin.Context) { t.Error("the handler ran") }
	h := w.guarded(room(), never)
	w.wantError(serve(t, h, "POST", "/ask", "", ""), 401, "UNAUTHENTICATED")
	w.wantError(serve(t, h, "POST", "/ask", "sk_unknown", ""), 401, "UNAUTHENTICATED")
	w.wantError(serve(t, h, "POST", "/ask", w.siteKey, ""), 401, "UNAUTHENTICATED") // a public key opens nothing
	w.must(w.stores.Licenses.PutLicense(t.Context(), w.site.Scope(), usage.License{Status: usage.Cancelled, Limits: usage.NoLimits()}))
	d := w.wantError(serve(t, h, "POST", "/ask", w.apiKey, ""), 403, "LICENSE_INACTIVE")
	if d["status"] != "cancelled" {
		t.Errorf("details %v", d)
	}
	nobody := gin.New()
	nobody.POST("/ask", RequireUsage(w.own().Metering, room(), func(*gin.Context) (tenant.Scope, error) {
		return tenant.Scope{}, fmt.Errorf("session: %w", ports.ErrUnavailable)
	}), never)
	w.wantError(serve(t, nobody, "POST", "/ask", "", ""), 503, "UNAVAILABLE")
}

func TestErrorBody(t *testing.T) {
	w := newWorld(t, nil)
	h := w.guarded(usage.Amounts{ChatRequests: 1, ChatTokens: 1}, w.answers) // the call does not fit in the hold
	rec := serve(t, h, "POST", "/ask", w.apiKey, "")
	w.wantError(rec, 500, "INTERNAL")
	if d := w.day(); d != (usage.Totals{Day: d.Day}) {
		t.Errorf("the day says %+v", d)
	}
}

func TestAdmittedByPanicsWithoutRequireUsage(t *testing.T) {
	for name, set := range map[string]func(*gin.Context){
		"not set":        func(*gin.Context) {},
		"something else": func(c *gin.Context) { c.Set(admittedKey, 5) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("such a route would spend unmetered")
				}
			}()
			c, _ := gin.CreateTestContext(httptest.NewRecorder())
			set(c)
			AdmittedBy(c)
		})
	}
}

func TestAdminAPI(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	w := newWorld(t, func(w *world) { w.now = func() time.Time { return now } })
	get := func(path, token string) *httptest.ResponseRecorder {
		t.Helper()
		return serve(t, w.Admin(), "GET", path, token, "")
	}
	for _, path := range []string{"/api/admin/site", "/api/admin/usage/daily", "/api/admin/usage/events"} {
		for _, token := range []string{"", "sk_guess", w.siteKey, w.session("").Token} {
			rec := get(path, token)
			w.wantError(rec, 401, "UNAUTHENTICATED")
			if rec.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s may be cached", path)
			}
		}
	}
	strange := tenant.Key{
		ID: "key_" + porttest.NewID(), Kind: tenant.APIKey, Scope: w.site.Scope(), Role: "of a later version", Hash: fmt.Sprintf("%x", sha256.Sum256([]byte("sk_strange"))),
	}
	w.must(w.stores.Accounts.PutKey(t.Context(), strange))
	w.wantError(get("/api/admin/site", "sk_strange"), 401, "UNAUTHENTICATED") // a role that nobody knows may do nothing
	if rec := get("/api/admin/site", w.apiKey); rec.Code != 200 || !strings.Contains(rec.Body.String(), fmt.Sprintf(`"id":%q`, w.site.ID)) {
		t.Errorf("site: %d %s", rec.Code, rec.Body)
	}
	token := w.session("").Token
	for range 3 {
		w.do("POST", "/api/chat/message", token, `{"message":"What does shipping cost?"}`)
	}
	rec := get("/api/admin/usage/daily?from=2026-11-22", w.apiKey)
	var days struct {
		Data []struct {
			Date     string `json:"date"`
			Requests int    `json:"chat_requests"`
			Prompt   int64  `json:"prompt_tokens"`
			Output   int64  `json:"completion_tokens"`
			Tokens   int64  `json:"chat_tokens"`
			Cost     string `json:"cost_usd"`
		}
	}
	w.must(json.Unmarshal(rec.Body.Bytes(), &days))
	if d := days.Data; len(d) != 2 || d[0].Date != "2026-11-22" || d[0].Requests != 0 || d[1].Requests != 3 || d[1].Prompt == 0 || d[1].Prompt+d[1].Output != d[1].Tokens || d[1].Cost == "0.00" {
		t.Errorf("days %s", rec.Body)
	}
	for query, field := range map[string]string{
		"from=yesterday": "from", "to=2026-13-01": "to", "from=2026-11-24&to=2026-11-23": "to", "from=2020-01-01": "from",
	} {
		if d := w.wantError(get("/api/admin/usage/daily?"+query, w.apiKey), 422, "INVALID_REQUEST"); d["field"] != field {
			t.Errorf("%s: details %v", query, d)
		}
	}
	w.wantError(get("/api/admin/usage/events?starting_after=x", w.apiKey), 422, "INVALID_REQUEST")
	w.wantError(get("/api/admin/usage/events?starting_after=evt_"+porttest.NewID(), w.apiKey), 404, "NOT_FOUND")
}

// TestEventPages reads 250 events in pages of 100.
func TestEventPages(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	w := newWorld(t, func(w *world) { w.now = func() time.Time { return now } })
	for i := range 250 {
		h := usage.Hold{ID: usage.ReservationID(fmt.Sprint("res_", i)), Day: "2026-11-23", Want: room(), Limits: usage.NoLimits(), Admit: now, Expires: now.Add(time.Minute)}
		w.must(w.stores.Ledger.Reserve(t.Context(), w.site.Scope(), h))
		w.must(w.stores.Ledger.Settle(t.Context(), w.site.Scope(), h.ID, usage.Event{
			ID: usage.EventID(usage.EventPrefix + porttest.NewID()), CallNo: 1, Last: true, Kind: usage.Chat, Tokens: chat.Tokens{Input: 1, CountedBy: chat.ByProvider},
			Latency: 1500 * time.Millisecond,
		}))
	}
	seen, cursor := map[string]bool{}, ""
	for _, want := range []int{100, 100, 50} {
		rec := serve(t, w.Admin(), "GET", "/api/admin/usage/events?starting_after="+cursor, w.apiKey, "")
		var page struct {
			Data []struct {
				ID      string
				Source  string `json:"usage_source"`
				Latency int    `json:"latency_ms"`
			}
			More   bool   `json:"has_more"`
			Cursor string `json:"next_cursor"`
		}
		w.must(json.Unmarshal(rec.Body.Bytes(), &page))
		if len(page.Data) != want || page.More != (want == 100) || page.More != (page.Cursor != "") {
			t.Fatalf("%d events, more %v, cursor %q", len(page.Data), page.More, page.Cursor)
		}
		for _, e := range page.Data {
			if seen[e.ID] || e.Source != "provider" || e.Latency != 1500 {
				t.Errorf("event %+v", e)
			}
			seen[e.ID] = true
		}
		cursor = page.Cursor
	}
}
