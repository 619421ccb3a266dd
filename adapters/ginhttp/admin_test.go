package ginhttp

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func atNoon(w *world) { w.now = func() time.Time { return noon } }

func (w *world) get(path, token string, header ...string) *httptest.ResponseRecorder {
	w.Helper()
	return serve(w.T, w.Admin(), "GET", path, token, "", header...)
}

// spend settles one call of a site.
func (w *world) spend(s tenant.Scope, model string) {
	w.Helper()
	id := usage.ReservationID(usage.ReservationPrefix + porttest.NewID())
	w.must(w.stores.Ledger.Reserve(w.Context(), s, usage.Hold{
		ID: id, Day: "2026-11-23", Want: room(), Limits: usage.NoLimits(), Admit: noon, Expires: noon.Add(time.Minute),
	}))
	w.must(w.stores.Ledger.Settle(w.Context(), s, id, usage.Event{
		ID: usage.EventID(usage.EventPrefix + porttest.NewID()), CallNo: 1, Last: true, Kind: usage.Chat, Model: model, ChatRequests: 1,
		Tokens: chat.Tokens{Input: 9, Output: 1, CountedBy: chat.ByProvider}, Cost: 1_500_000, Success: true,
	}))
}

// TestEachAdminRouteAsksRoles: what is served under /api/admin is the table, each
// row of which names its action; and a key whose role is too weak is refused.
func TestEachAdminRouteAsksRoles(t *testing.T) {
	w := newWorld(t, atNoon)
	table := map[string]roles.Action{}
	for _, r := range w.adminAPI() {
		if !slices.Contains(roles.Actions(), r.action) {
			t.Errorf("%s %s needs %q, which is no action", r.method, r.path, r.action)
		}
		table[r.method+" /api/admin"+r.path] = r.action
	}
	keys := map[roles.Role]string{}
	for r := roles.Support; r <= roles.Owner; r++ {
		keys[r], _ = w.key(w.site.Scope(), tenant.APIKey, r)
	}
	served := 0
	for _, r := range w.admin.Routes() {
		if !strings.HasPrefix(r.Path, "/api/") {
			continue
		}
		served++
		action, ok := table[r.Method+" "+r.Path]
		if !ok {
			t.Errorf("%s %s names no action: add it to adminAPI", r.Method, r.Path)
			continue
		}
		for role, key := range keys {
			who := roles.Grants{Subject: "key_1", Tenants: map[tenant.ID]roles.Role{w.site.Tenant: role}, Sites: []tenant.SiteID{w.site.ID}}
			rec := serve(t, w.Admin(), r.Method, r.Path, key, "")
			if want := who.Can(action, w.site.Scope()) == nil; want != (rec.Code != http.StatusForbidden) {
				t.Errorf("%s %s with a key of %s: %d, want allowed = %v", r.Method, r.Path, role, rec.Code, want)
			}
		}
	}
	if served != len(table) || served < 6 {
		t.Errorf("%d routes are served, %d are in the table", served, len(table))
	}
}

// TestNoKeyIsASuperAdmin: an owner's key reaches its own site and nothing else.
func TestNoKeyIsASuperAdmin(t *testing.T) {
	w := newWorld(t, atNoon)
	owner, _ := w.key(w.site.Scope(), tenant.APIKey, roles.Owner)
	other, err := w.stores.AddSite(t.Context(), "Other", "https://other.example.com", usage.NoLimits())
	w.must(err)
	w.spend(other.Scope(), "model-1")
	for _, path := range []string{"daily?", "events?", "events.csv?", "summary?group_by=site&", "summary?group_by=model&"} {
		for query, status := range map[string]int{
			"tenant_id=" + string(other.Tenant):                                  404,
			"tenant_id=" + string(other.Tenant) + "&site_id=" + string(other.ID): 404,
			"site_id=" + string(other.ID):                                        404,
			"site_id=" + tenant.SitePrefix + porttest.NewID():                    404,
			"site_id=ten_1": 422, "tenant_id=1": 422, "kind=thought": 422,
		} {
			code := map[int]string{404: "NOT_FOUND", 422: "INVALID_REQUEST"}[status]
			w.wantError(w.get("/api/admin/usage/"+path+query, owner), status, code)
		}
	}
	w.wantError(w.get("/api/admin/usage/summary?group_by=tenant", owner), 403, "FORBIDDEN")
}

func TestUsageSummary(t *testing.T) {
	w := newWorld(t, atNoon)
	w.spend(w.site.Scope(), "model-2")
	w.spend(w.site.Scope(), "model-1")
	w.spend(w.site.Scope(), "model-2")
	const amounts = `"chat_requests":%[2]d,"chat_tokens":%[2]d0,"completion_tokens":%[2]d,"cost_usd":"%[1]s","embedding_requests":0,"embedding_tokens":0`
	for by, want := range map[string]string{
		"model": `[{` + fmt.Sprintf(amounts, "0.0015", 1) + `,"model":"model-1","prompt_tokens":9},{` + fmt.Sprintf(amounts, "0.003", 2) + `,"model":"model-2","prompt_tokens":18}]`,
		"day":   `[{` + fmt.Sprintf(amounts, "0.0045", 3) + `,"date":"2026-11-23","prompt_tokens":27}]`,
		"site":  `[{` + fmt.Sprintf(amounts, "0.0045", 3) + `,"prompt_tokens":27,"site_id":"` + string(w.site.ID) + `","tenant_id":"` + string(w.site.Tenant) + `"}]`,
	} {
		rec := w.get("/api/admin/usage/summary?from=2026-11-01&group_by="+by, w.apiKey)
		var out struct {
			Data    json.RawMessage
			GroupBy string `json:"group_by"`
			From    string
			To      string
		}
		w.must(json.Unmarshal(rec.Body.Bytes(), &out))
		got, wanted := canonical(t, out.Data), canonical(t, []byte(want))
		if got != wanted || out.GroupBy != by || out.From != "2026-11-01" || out.To != "2026-11-23" {
			t.Errorf("by %s: %d %s\nwant %s", by, rec.Code, rec.Body, wanted)
		}
	}
	for query, field := range map[string]string{
		"": "group_by", "group_by=week": "group_by", "group_by=day&kind=chat": "kind", "group_by=day&from=x": "from",
	} {
		if d := w.wantError(w.get("/api/admin/usage/summary?"+query, w.apiKey), 422, "INVALID_REQUEST"); d["field"] != field {
			t.Errorf("%s: %v", query, d)
		}
	}
	if rec := w.get("/api/admin/usage/summary?group_by=model&kind=embedding", w.apiKey); !strings.Contains(rec.Body.String(), `"data":[]`) {
		t.Errorf("of a kind that was not used: %s", rec.Body)
	}
}

func TestEventsAsCSV(t *testing.T) {
	w := newWorld(t, atNoon)
	w.spend(w.site.Scope(), "=cmd|' /C calc'!A0")
	w.spend(w.site.Scope(), "model-1")
	for name, get := range map[string]func() *httptest.ResponseRecorder{
		"events.csv": func() *httptest.ResponseRecorder { return w.get("/api/admin/usage/events.csv", w.apiKey) },
		"format": func() *httptest.ResponseRecorder {
			return w.get("/api/admin/usage/events?format=csv", w.apiKey, "Accept", "application/json")
		},
		"Accept": func() *httptest.ResponseRecorder {
			return w.get("/api/admin/usage/events", w.apiKey, "Accept", "text/csv")
		},
	} {
		rec := get()
		h := rec.Header()
		if rec.Code != 200 || h.Get("Content-Type") != "text/csv; charset=utf-8; header=present" || h.Get("Cache-Control") != "no-store" ||
			h.Get("Content-Disposition") != fmt.Sprintf(`attachment; filename="usage-events-%s-2026-11-23-2026-11-23.csv"`, w.site.ID) {
			t.Errorf("%s: %d %v", name, rec.Code, h)
		}
		rows, err := csv.NewReader(rec.Body).ReadAll()
		if err != nil || len(rows) != 3 {
			t.Fatalf("%s: %d rows, %v", name, len(rows), err)
		}
		model, cost := slices.Index(rows[0], "model"), slices.Index(rows[0], "cost_usd")
		if rows[1][model] != "'=cmd|' /C calc'!A0" || rows[2][model] != "model-1" || rows[1][cost] != "0.0015" {
			t.Errorf("%s: %v", name, rows)
		}
	}
	for _, accept := range []string{"", "*/*", "application/json", "application/json, text/csv"} {
		if rec := w.get("/api/admin/usage/events", w.apiKey, "Accept", accept); !strings.HasPrefix(rec.Header().Get("Content-Type"), "application/json") {
			t.Errorf("Accept %q gives %s", accept, rec.Header().Get("Content-Type"))
		}
	}
	w.wantError(w.get("/api/admin/usage/events?format=xml", w.apiKey), 422, "INVALID_REQUEST")
	for _, limit := range []string{"0", "-1", "1001", "x"} {
		w.wantError(w.get("/api/admin/usage/events?limit="+limit, w.apiKey), 422, "INVALID_REQUEST")
	}
	if rec := w.get("/api/admin/usage/events?limit=1", w.apiKey); !strings.Contains(rec.Body.String(), `"has_more":true`) {
		t.Errorf("a page of one: %s", rec.Body)
	}
}

// endless are reports of n events, and an error after them.
type endless struct {
	ports.UsageReports
	scope tenant.Scope
	n     int
	err   error
	seen  func(i int)
}

func (e *endless) EachEvent(ctx context.Context, _ roles.Grants, _ usage.Query, _ usage.EventID, _ int, visit func(usage.SiteEvent) error) error {
	for i := range e.n {
		if e.seen != nil {
			e.seen(i)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		event := usage.Event{
			ID: usage.EventID(fmt.Sprintf("evt_00000000-0000-7000-8000-%012d", i)), CallNo: 1, Kind: usage.Chat, Model: "model-1",
			Tokens: chat.Tokens{Input: 900, Output: 100, CountedBy: chat.ByProvider}, Cost: 1_500_000, Success: true, Day: "2026-11-23", At: noon,
		}
		if err := visit(usage.SiteEvent{Scope: e.scope, Event: event}); err != nil {
			return err
		}
	}
	return e.err
}

// TestExportInConstantMemory sends 300,000 events, 60 MB, through a real
// connection.
func TestExportInConstantMemory(t *testing.T) {
	const n = 300_000
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var most uint64
	source := &endless{n: n, seen: func(i int) {
		if i%50_000 == 49_999 {
			most = max(most, heap())
		}
	}}
	w := newWorld(t, func(w *world) {
		atNoon(w)
		w.reports = source
	})
	source.scope = w.site.Scope()
	body, done := w.download("/api/admin/usage/events.csv")
	defer done()
	before, lines, size := heap(), 0, 0
	scanner := bufio.NewScanner(body)
	for scanner.Scan() {
		lines++
		size += len(scanner.Bytes())
	}
	if err := scanner.Err(); err != nil || lines != n+1 || size < 50<<20 {
		t.Fatalf("%d lines of %d bytes, %v", lines, size, err)
	}
	if grown := int64(most) - int64(before); grown > 8<<20 {
		t.Errorf("the heap grew by %d bytes while %d were sent", grown, size)
	}
}

// download begins one over a real connection.
func (w *world) download(path string) (body io.Reader, done func()) {
	w.Helper()
	server := httptest.NewServer(w.Admin())
	req, err := http.NewRequestWithContext(w.Context(), http.MethodGet, server.URL+path, http.NoBody)
	w.must(err)
	req.Header.Set("Authorization", "Bearer "+w.apiKey)
	res, err := server.Client().Do(req)
	w.must(err)
	if res.StatusCode != http.StatusOK {
		w.Fatalf("%s: %d", path, res.StatusCode)
	}
	return res.Body, func() {
		_ = res.Body.Close()
		server.CloseClientConnections()
		server.Close()
	}
}

// TestBrokenExport: an error before the first bytes is an ordinary answer, and
// one after them ends the connection without the end of a file.
func TestBrokenExport(t *testing.T) {
	source := &endless{n: 3, err: fmt.Errorf("sqlite: %w", ports.ErrUnavailable)}
	w := newWorld(t, func(w *world) {
		atNoon(w)
		w.reports = source
	})
	source.scope = w.site.Scope()
	rec := w.get("/api/admin/usage/events.csv", w.apiKey)
	w.wantError(rec, 503, "UNAVAILABLE")
	if h := rec.Header(); h.Get("Content-Disposition") != "" || !strings.HasPrefix(h.Get("Content-Type"), "application/json") {
		t.Errorf("an error that looks like a file: %v", h)
	}
	source.n = 5000
	body, done := w.download("/api/admin/usage/events.csv")
	defer done()
	text, err := io.ReadAll(body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(text) == 0 {
		t.Errorf("%d bytes came, and then %v, want an unexpected end", len(text), err)
	}
	if !strings.Contains(w.log.String(), "an export broke off") {
		t.Error("the log does not tell of it")
	}
}

// TestAuditRoute: an owner's key sees what was done to its site, the newest
// first, and nothing of other sites.
func TestAuditRoute(t *testing.T) {
	w := newWorld(t, atNoon)
	owner, _ := w.key(w.site.Scope(), tenant.APIKey, roles.Owner)
	fresh := w.site.Scope()
	other, err := w.stores.AddSite(t.Context(), "Other", "https://other.example.com", usage.NoLimits())
	w.must(err)
	var ids []roles.AuditID
	for _, s := range []tenant.Scope{fresh, other.Scope(), fresh, {Tenant: fresh.Tenant}, {}} {
		e := roles.AuditEntry{
			ID: roles.AuditID(roles.AuditPrefix + porttest.NewID()), At: noon, Actor: "root@example.com", Action: roles.WriteLicenses, Scope: s,
			Reason: "ticket 4711", Details: "plan pro",
		}
		w.must(w.acts.Record(t.Context(), e))
		if s == fresh {
			ids = append(ids, e.ID)
		}
	}
	var page struct {
		Data []map[string]any
		More bool   `json:"has_more"`
		Next string `json:"next_cursor"`
	}
	w.must(json.Unmarshal(w.get("/api/admin/audit?limit=1", owner).Body.Bytes(), &page))
	want := map[string]any{
		"id": string(ids[1]), "created_at": "2026-11-23T12:00:00Z", "actor": "root@example.com", "action": "licenses.write",
		"tenant_id": string(fresh.Tenant), "site_id": string(fresh.Site), "reason": "ticket 4711", "details": "plan pro",
	}
	if len(page.Data) != 1 || fmt.Sprint(page.Data[0]) != fmt.Sprint(want) || !page.More || page.Next != string(ids[1]) {
		t.Errorf("got %+v\nwant %v", page, want)
	}
	w.must(json.Unmarshal(w.get("/api/admin/audit?limit=1&starting_after="+page.Next, owner).Body.Bytes(), &page))
	if len(page.Data) != 1 || page.Data[0]["id"] != string(ids[0]) {
		t.Errorf("the next page: %+v", page)
	}
	w.wantError(w.get("/api/admin/audit", w.apiKey), 403, "FORBIDDEN")
	w.wantError(w.get("/api/admin/audit?starting_after=1", owner), 422, "INVALID_REQUEST")
	w.wantError(w.get("/api/admin/audit?limit=0", owner), 422, "INVALID_REQUEST")
	w.wantError(w.get("/api/admin/audit?starting_after="+roles.AuditPrefix+porttest.NewID(), owner), 404, "NOT_FOUND")
}
