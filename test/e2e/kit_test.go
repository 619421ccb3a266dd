// Package e2e tests the real thing: the wired process over real HTTP on
// loopback, with the stores, providers and browsers that it meets in the world.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/cmd/woochat/demoshop"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/harness/migrated"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
)

// secretKey is what the tests sign with.
const secretKey = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"

// patience bounds what is waited for; a passing test on a quiet machine never
// gets near it.
const patience = time.Minute

// shop is a running process with one site that sells the demo's goods.
type shop struct {
	*testing.T
	app     *wiring.App
	site    tenant.Site
	siteKey string
	apiKey  string
	origin  string
}

// stores are the stores on which a test is run.
var stores = []string{"memory", "sqlite", "postgres"}

// TestMain lets the test's own program read a PDF, as woochat does.
func TestMain(m *testing.M) {
	wiring.RunPDFReader(os.Args[1:])
	os.Exit(pgtest.Main(m, pgtest.Options{MaxConnections: 200}))
}

// option changes what a shop is made with.
type option func(*made)

type made struct {
	*testing.T
	env    map[string]string
	limits usage.Limits
	empty  bool // nothing is imported
	log    io.Writer
	clock  ports.Clock // nil: the system's
}

func withEnv(name, value string) option         { return func(m *made) { m.env[name] = value } }
func withLimits(l usage.Limits) option          { return func(m *made) { m.limits = l } }
func withStore(store string, dir string) option { return func(m *made) { m.store(store, dir) } }
func withLog(w io.Writer) option                { return func(m *made) { m.log = w } }
func withClock(now ports.Clock) option          { return func(m *made) { m.clock = now } }

// withoutGoods makes a shop that has nothing, whose model is asked all the same.
func withoutGoods() option {
	return func(m *made) { m.empty, m.env["WOOCHAT_LEAST_EVIDENCE"] = true, "0" }
}

func (m *made) store(name, dir string) {
	m.Helper()
	m.env["WOOCHAT_DATA_DIR"] = dir
	switch name {
	case "memory":
		m.env["WOOCHAT_DATABASE_URL"] = "memory://"
	case "postgres":
		maps.Copy(m.env, migrated.Settings(migrated.Database(m.T).Socket))
	}
}

// open starts a process and fills it.
func open(t *testing.T, opts ...option) *shop {
	t.Helper()
	m := &made{T: t, env: map[string]string{
		"WOOCHAT_ADDR": "127.0.0.1:0", "WOOCHAT_ADMIN_ADDR": "127.0.0.1:0", "WOOCHAT_SECRET_KEY": secretKey,
		"WOOCHAT_DATA_DIR": migrated.Folder(t),
	}, limits: usage.NoLimits(), log: io.Discard}
	for _, o := range opts {
		o(m)
	}
	cfg, _, err := wiring.Load(wiring.Sources{Env: func(name string) (string, bool) { v, ok := m.env[name]; return v, ok }})
	if err != nil {
		t.Fatal(err)
	}
	cfg.UnpricedFree = m.env["OPENAI_BASE_URL"] != ""
	log := slog.New(slog.NewTextHandler(m.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	app, err := wiring.Start(t.Context(), cfg, wiring.Options{Listen: true, Log: log, Clock: m.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.Stop(context.Background()); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	s := &shop{T: t, app: app, origin: "https://shop.example.com"}
	s.fill(m)
	return s
}

func (s *shop) fill(m *made) {
	s.Helper()
	ctx, who := s.Context(), administering.Operator()
	admin := s.app.Administering
	ten, err := admin.CreateTenant(ctx, who, "Tests", "owner@example.com")
	s.must(err)
	s.site, err = admin.CreateSite(ctx, who, ten.ID, administering.NewSite{
		Name: "Test shop", URL: s.origin, TimeZone: "UTC", Currency: "EUR", LimitText: "Our assistant is resting until tomorrow.",
	})
	s.must(err)
	s.license(usage.Active, m.limits)
	_, s.siteKey, err = admin.CreateKey(ctx, who, s.site.Scope(), tenant.SiteKey, "widget", 0)
	s.must(err)
	_, s.apiKey, err = admin.CreateKey(ctx, who, s.site.Scope(), tenant.APIKey, "tests", roles.Admin)
	s.must(err)
	if m.empty {
		return
	}
	src := wiring.WooCommerceCSV(wiring.CSV{Site: s.site, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(demoshop.ProductsAt(s.origin))), nil
	}})
	s.ingest("products", src)
	var pages []wiring.ShopPage
	for _, p := range demoshop.Pages() {
		pages = append(pages, wiring.ShopPage{Slug: p.Slug, Title: p.Title, HTML: p.HTML})
	}
	s.ingest("pages", wiring.Pages(s.site, pages))
}

func (s *shop) ingest(name string, src ports.DocumentSource) {
	s.Helper()
	rep, err := s.app.Ingesting.Import(s.Context(), s.site.Scope(), name, src, ingesting.Options{Full: true})
	s.must(err)
	if rep.Seen == 0 {
		s.Fatalf("import of %s saw nothing: %+v", name, rep)
	}
	_, err = s.app.Ingesting.Drain(s.Context(), s.site.Scope())
	s.must(err)
}

func (s *shop) license(st usage.Status, l usage.Limits) {
	s.Helper()
	s.must(s.app.Administering.SetLicense(s.Context(), administering.Operator(), s.site.Scope(), usage.License{Plan: "test", Status: st, Limits: l}))
}

func (s *shop) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// reply is an HTTP answer, read whole.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// code returns the error's code, "" for none.
func (r reply) code() string {
	var e struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	_ = json.Unmarshal(r.body, &e)
	return e.Error.Code
}

func (s *shop) request(method, path, token, body string, header ...string) *http.Request {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), method, s.app.PublicURL+path, strings.NewReader(body))
	s.must(err)
	req.Header.Set("Origin", s.origin)
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
		if header[i+1] == "" {
			req.Header.Del(header[i])
		}
	}
	return req
}

func (s *shop) do(req *http.Request) reply {
	s.Helper()
	resp, err := http.DefaultClient.Do(req)
	s.must(err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	s.must(err)
	return reply{resp.StatusCode, resp.Header, body}
}

func (s *shop) call(method, path, token, body string, header ...string) reply {
	s.Helper()
	return s.do(s.request(method, path, token, body, header...))
}

// session opens the widget and returns the visitor's token.
func (s *shop) session() string {
	s.Helper()
	r := s.call("POST", "/api/chat/session", "", fmt.Sprintf(`{"site_key":%q,"page_url":%q,"locale":"en"}`, s.siteKey, s.origin+"/"))
	var out struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(r.body, &out); err != nil || out.Token == "" {
		s.Fatalf("session: %d %s", r.status, r.body)
	}
	return out.Token
}

func question(text string) string {
	b, _ := json.Marshal(map[string]string{"message": text})
	return string(b)
}

// answered is an answer as JSON.
type answered struct {
	Message      string `json:"message_id"`
	Conversation string `json:"conversation_id"`
	Answer       string `json:"answer"`
	Finish       string `json:"finish"`
	Notice       string `json:"notice"`
	Sources      []struct {
		N     int    `json:"n"`
		Title string `json:"title"`
		URL   string `json:"url"`
	} `json:"sources"`
	Products []struct {
		Title string `json:"title"`
		URL   string `json:"url"`
		Price struct {
			Text string `json:"text"`
		} `json:"price"`
		Stock struct {
			Status string `json:"status"`
		} `json:"stock"`
	} `json:"products"`
	Usage struct {
		Total int64 `json:"total_tokens"`
	} `json:"usage"`
}

func (s *shop) ask(token, text string) answered {
	s.Helper()
	r := s.call("POST", "/api/chat/message", token, question(text))
	var out answered
	if err := json.Unmarshal(r.body, &out); err != nil || r.status != http.StatusOK {
		s.Fatalf("ask: %d %s", r.status, r.body)
	}
	return out
}

// event is a server-sent event.
type event struct{ id, name, data string }

// stream is an answer being read.
type stream struct {
	*shop
	resp   *http.Response
	lines  *bufio.Reader
	cancel context.CancelFunc
}

// stream asks and returns the open stream.
func (s *shop) stream(token, text string, header ...string) *stream {
	s.Helper()
	return s.open(s.request("POST", "/api/chat/message", token, question(text), append(header, "Accept", "text/event-stream")...))
}

func (s *shop) open(req *http.Request) *stream {
	s.Helper()
	ctx, cancel := context.WithCancel(req.Context())
	resp, err := http.DefaultClient.Do(req.WithContext(ctx))
	s.must(err)
	st := &stream{shop: s, resp: resp, lines: bufio.NewReader(resp.Body), cancel: cancel}
	s.Cleanup(st.close)
	if resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(resp.Body)
		s.Fatalf("stream: %d %s", resp.StatusCode, body)
	}
	return st
}

func (st *stream) close() {
	st.cancel()
	_ = st.resp.Body.Close()
}

// next returns the next event, false at the end.
func (st *stream) next() (event, bool) {
	st.Helper()
	var e event
	for {
		line, err := st.lines.ReadString('\n')
		if err != nil {
			return event{}, false
		}
		line = strings.TrimSuffix(line, "\n")
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "" && e.name != "":
			return e, true
		case name == "id":
			e.id = value
		case name == "event":
			e.name = value
		case name == "data":
			e.data = value
		}
	}
}

// all reads the stream to its end.
func (st *stream) all() []event {
	st.Helper()
	var out []event
	for e, ok := st.next(); ok; e, ok = st.next() {
		out = append(out, e)
	}
	return out
}

func text(events []event) string {
	var b strings.Builder
	for _, e := range events {
		var d struct {
			Text string `json:"text"`
		}
		if e.name == "delta" && json.Unmarshal([]byte(e.data), &d) == nil {
			b.WriteString(d.Text)
		}
	}
	return b.String()
}

func last(events []event) event {
	if len(events) == 0 {
		return event{}
	}
	return events[len(events)-1]
}

// books returns the day's totals and events of the site, once nothing is held
// any more.
func (s *shop) books() (usage.Totals, []usage.Event) {
	s.Helper()
	day := usage.DayOf(time.Now(), time.UTC)
	deadline, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		days, err := s.app.Metering.Usage.Days(s.Context(), s.site.Scope(), day, day)
		s.must(err)
		if days[0].Held == (usage.Amounts{}) {
			events, err := s.app.Metering.Usage.Events(s.Context(), s.site.Scope(), day, day, "", 10_000)
			s.must(err)
			return days[0], events
		}
		select {
		case <-tick.C:
		case <-deadline.Done():
			s.Fatalf("still held: %+v", days[0].Held)
		}
	}
}

// balance fails unless the events add up to the totals.
func (s *shop) balance() (usage.Totals, []usage.Event) {
	s.Helper()
	total, events := s.books()
	var sum usage.Amounts
	for _, e := range events {
		sum = sum.Plus(e.Spent())
	}
	if sum != total.Used {
		s.Errorf("events add up to %+v, the day says %+v", sum, total.Used)
	}
	return total, events
}
