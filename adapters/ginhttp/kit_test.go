package ginhttp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/goleak"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/app/auditing"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	goleak.VerifyTestMain(m)
}

const origin = "https://shop.example.com"

// world is a server on the memory adapters.
type world struct {
	*testing.T
	stores  *memory.Stores
	site    tenant.Site
	siteKey string
	apiKey  string
	acts    *memory.AuditLog
	reports ports.UsageReports // the ledger if nil
	texts   ports.Passages     // those of stores if nil
	random  *counter
	limits  usage.Limits
	model   ports.ChatModel
	now     ports.Clock
	deps    Deps
	cfg     Config
	log     *bytes.Buffer
	*Server
}

func newWorld(t *testing.T, change func(*world)) *world {
	t.Helper()
	w := &world{
		T: t, limits: usage.NoLimits(), model: memory.NewModel("Shipping costs €4.90 [1]."), now: time.Now, log: &bytes.Buffer{}, acts: memory.NewAuditLog(),
		cfg: Config{
			TokenKeys: []TokenKey{{ID: "k1", Secret: bytes.Repeat([]byte{1}, 32)}},
			Launcher:  []byte("launch()"), LauncherETag: `"abc"`, Version: "1.2.3",
			Assets: fstest.MapFS{"panel-123.js": {Data: []byte("panel()")}, "licenses.txt": {Data: []byte("MIT")}},
		},
	}
	w.deps = Deps{
		Log:     slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Metrics: http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "up 1\n") }),
	}
	clock := func() time.Time { return w.now() }
	w.stores = memory.NewStores(clock, porttest.NewID, usage.Price{Model: "model-1", Version: "v1", Input: 500_000_000, Output: 2 * usage.USD})
	if change != nil {
		change(w)
	}
	var err error
	w.site, err = w.stores.AddSite(t.Context(), "Test shop", origin, w.limits)
	w.must(err)
	w.must(w.stores.Add(t.Context(), w.site.Scope(), retrieval.Document{
		ID: "page:1", Kind: catalog.KindPage, Title: "Shipping", URL: origin + "/shipping/",
	}, "Shipping costs €4.90. Free from €60."))
	meter, err := metering.New(metering.Deps{
		Ledger: w.stores.Ledger, Checkpointer: w.stores.Ledger, Sweeper: w.stores.Ledger, Usage: w.stores.Ledger, Licenses: w.stores.Licenses,
		Prices: w.stores.Prices, Sites: w.stores.Accounts, Tokenizer: w.stores.Tokenizer, Now: clock, NewID: porttest.NewID, CallTimeout: time.Minute,
	})
	w.must(err)
	if w.texts == nil {
		w.texts = w.stores.Documents
	}
	search, err := searching.New(searching.Deps{
		Meter: meter, Searcher: w.stores.Index, Passages: w.texts, Inventory: w.stores.Documents, Tokenizer: w.stores.Tokenizer, Now: clock,
	}, searching.Config{Model: "model-1"})
	w.must(err)
	answers, err := answering.New(answering.Deps{
		Meter: meter, Sites: w.stores.Accounts, Conversations: w.stores.Conversations, Turns: w.stores.Conversations, Drafts: w.stores.Conversations,
		Search: search, Tokenizer: w.stores.Tokenizer, Model: w.model, Now: clock, NewID: porttest.NewID,
	}, answering.Config{Model: "model-1"})
	w.must(err)
	t.Cleanup(func() { w.must(answers.Close(context.Background())); search.Close() })
	w.keys()
	d := w.deps
	d.Explainer, err = searching.NewExplainer(searching.ExplainerDeps{Search: search, Sites: w.stores.Accounts, Audit: w.acts, Now: clock, NewID: porttest.NewID}, 0)
	w.must(err)
	d.Glossary, err = searching.NewGlossary(searching.GlossaryDeps{Synonyms: memory.NewSynonyms(), Sites: w.stores.Accounts, Audit: w.acts, Now: clock, NewID: porttest.NewID})
	w.must(err)
	d.Auditing, err = auditing.New(auditing.Deps{Log: w.acts, Now: clock, NewID: porttest.NewID})
	w.must(err)
	if w.reports == nil {
		w.reports = w.stores.Ledger
	}
	d.Reports, err = metering.NewReports(metering.ReportDeps{Usage: w.reports, Audit: w.acts, Now: clock, NewID: porttest.NewID})
	w.must(err)
	d.Answering, d.Metering, d.Tenants, d.Sites, d.SiteKeys, d.Now, d.NewID = answers, meter, w.stores.Accounts, w.stores.Accounts, w.stores.Accounts, clock, porttest.NewID
	d.Feedback = w.stores.Conversations
	w.Server, err = New(d, w.cfg)
	w.must(err)
	return w
}

func (w *world) keys() {
	w.Helper()
	w.random = &counter{}
	a := w.stores.Accounts
	var err error
	w.deps.Administering, err = administering.New(administering.Deps{
		Tenants: a, Sites: a, Keys: a, Licenses: w.stores.Licenses, LicenseBook: w.stores.Licenses, Members: a, PlatformUsers: a, Audit: w.acts,
		Erasure: memory.NewErasure(w.stores.Conversations, w.stores.Ledger), Unanswered: w.stores.Conversations, Now: time.Now, NewID: porttest.NewID, Random: w.random,
	})
	w.must(err)
	w.siteKey, _ = w.key(w.site.Scope(), tenant.SiteKey, 0)
	w.apiKey, _ = w.key(w.site.Scope(), tenant.APIKey, roles.Support)
}

// key creates a key of a site and returns its text.
func (w *world) key(sc tenant.Scope, kind tenant.KeyKind, r roles.Role) (string, tenant.Key) {
	w.Helper()
	k, text, err := w.deps.Administering.CreateKey(w.Context(), administering.Operator(), sc, kind, "", r)
	w.must(err)
	return text, k
}

// counter gives other bytes each time.
type counter struct{ n byte }

func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		c.n++
		p[i] = c.n
	}
	return len(p), nil
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// do sends a request to the public listener.
func (w *world) do(method, path, token, body string, header ...string) *httptest.ResponseRecorder {
	w.Helper()
	return serve(w.T, w.Public(), method, path, token, body, header...)
}

func serve(t *testing.T, h http.Handler, method, path, token, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	req.Header.Set("Origin", origin)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i+1] == "" {
			req.Header.Del(header[i])
			continue
		}
		req.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec
}

type sessionBody struct {
	Token        string    `json:"token"`
	Expires      time.Time `json:"expires_at"`
	Visitor      string    `json:"visitor_id"`
	Conversation string    `json:"conversation_id"`
}

// session opens the widget, or renews the token old.
func (w *world) session(old string) sessionBody {
	w.Helper()
	rec := w.do("POST", "/api/chat/session", old, fmt.Sprintf(`{"site_key":%q}`, w.siteKey))
	var out sessionBody
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil || rec.Code != http.StatusOK {
		w.Fatalf("session: %d %s", rec.Code, rec.Body)
	}
	return out
}

// wantError fails unless rec is an error of this status and code, in the one
// shape that errors have.
func (w *world) wantError(rec *httptest.ResponseRecorder, status int, code string) map[string]any {
	w.Helper()
	var out struct {
		Error struct {
			Code, Message string
			RequestID     string `json:"request_id"`
			Details       map[string]any
		}
	}
	dec := json.NewDecoder(bytes.NewReader(rec.Body.Bytes()))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&out); err != nil && !errors.Is(err, io.EOF) {
		w.Errorf("%d %s: %v", rec.Code, rec.Body, err)
	}
	e := out.Error
	if rec.Code != status || e.Code != code || e.Message == "" || e.RequestID == "" || e.RequestID != rec.Header().Get("X-Request-Id") {
		w.Errorf("got %d %s, want %d %s", rec.Code, rec.Body, status, code)
	}
	if got := rec.Header().Get("Content-Type"); got != "application/json; charset=utf-8" {
		w.Errorf("an error of type %q", got)
	}
	return e.Details
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// pass lets time pass in a bubble of testing/synctest.
func pass(d time.Duration) { <-time.After(d) }
