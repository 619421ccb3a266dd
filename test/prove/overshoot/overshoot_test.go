// Package overshoot asks far more of a day's limit than it has room for, of two
// real server processes on one Postgres at the same time.
package overshoot

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
	"github.com/aiwoochat/woochat/test/harness/migrated"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
	"github.com/aiwoochat/woochat/test/harness/served"
)

func TestMain(m *testing.M) {
	os.Exit(pgtest.Main(m, pgtest.Options{TCP: true, MaxConnections: 200}))
}

const (
	origin    = "https://shop.example.com"
	processes = 2
	requests  = 400 // at once, of each process
	sites     = 4   // so that no site's own rate limit gets in the way
	visitor   = 10  // messages at once, by the visitor's rate limit
)

// TestOvershoot sends 400 messages at once to each of two processes, of mixed
// sizes, to sites whose tokens, requests and dollars of the day each end at
// another point. No site is ever over a limit by one unit, while it runs and
// after; what is refused is refused by its code; and events add up to the day.
func TestOvershoot(t *testing.T) {
	repeats := 2
	if os.Getenv("WOOCHAT_PROVE") == "full" {
		repeats = 50 // about 7 minutes on two cores
	}
	fake := openaifake.New(t, openaifake.Options{Script: func(r openaifake.ChatRequest) string {
		return strings.Repeat("Mugs are made of clay. ", 1+len(fmt.Sprint(r))%20)
	}})
	d := migrated.Database(t)
	bin := served.Build(t)
	base := map[string]string{
		"WOOCHAT_SECRET_KEY": strings.Repeat("0102030405060708", 4),
		"WOOCHAT_ADDR":       "127.0.0.1:0", "WOOCHAT_ADMIN_ADDR": "127.0.0.1:0", "WOOCHAT_LEAST_EVIDENCE": "0", "OPENAI_BASE_URL": fake.URL(),
		"WOOCHAT_CHAT_MODEL": "gpt-4o-mini", "WOOCHAT_EMBEDDING_MODEL": "none", "WOOCHAT_TRUSTED_PROXIES": "127.0.0.1",
	}
	maps.Copy(base, migrated.Settings(d.URL))
	var servers []*served.Process
	for _, size := range []map[string]string{
		{"WOOCHAT_MAX_TOKENS": "600", "WOOCHAT_PROMPT_BUDGET": "4000"}, {"WOOCHAT_MAX_TOKENS": "150", "WOOCHAT_PROMPT_BUDGET": "1100"},
	} {
		env := maps.Clone(base)
		maps.Copy(env, size)
		env["WOOCHAT_DATA_DIR"] = t.TempDir()
		servers = append(servers, served.Start(t, bin, env["WOOCHAT_DATA_DIR"], env))
	}
	base["WOOCHAT_DATA_DIR"] = t.TempDir()
	app := open(t, base)
	random := rand.New(rand.NewPCG(20261128, 50))
	var sum counts
	for n := range repeats {
		c := repeat(t, app, servers, random, n)
		sum.admitted += c.admitted
		sum.refused += c.refused
		if t.Failed() {
			return
		}
	}
	t.Logf("%d repeats of %d x %d messages: %d admitted, %d refused, 0 units over", repeats, processes, requests, sum.admitted, sum.refused)
}

type counts struct{ admitted, refused int }

// limitsOf returns limits of which another one is the tightest for each site.
func limitsOf(site int, random *rand.Rand) usage.Limits {
	l := usage.Limits{ChatTokens: 10_000_000, ChatRequests: 10_000, EmbeddingTokens: 10_000_000, Cost: usage.Limit(1000 * usage.USD)}
	switch site % sites {
	case 0:
		l.ChatRequests = usage.Limit(5 + random.IntN(30))
	case 1:
		l.ChatTokens = usage.Limit(10_000 + random.Int64N(60_000))
	case 2:
		l.Cost = usage.Limit(5_000_000 + random.Int64N(20_000_000))
	case 3:
		l.ChatRequests, l.ChatTokens = usage.Limit(5+random.IntN(30)), usage.Limit(10_000+random.Int64N(60_000))
	}
	return l
}

// target is a site, its limits, and what visitors send with.
type target struct {
	scope  tenant.Scope
	limits usage.Limits
	key    string
}

func repeat(t *testing.T, app *wiring.App, servers []*served.Process, random *rand.Rand, n int) counts {
	t.Helper()
	targets := make([]target, sites)
	for i := range targets {
		targets[i] = makeTarget(t, app, limitsOf(i, random))
	}
	var reqs []*http.Request
	for p, s := range servers {
		var token string
		for i := range requests {
			to := targets[i*sites/requests]
			if i%visitor == 0 {
				token = session(t, s.Public, to.key, fmt.Sprintf("10.%d.%d.%d", n%250, p, i/visitor))
			}
			text := strings.Repeat("What about mugs, please? ", 1+random.IntN(12))
			body, err := json.Marshal(map[string]string{"message": text})
			must(t, err)
			reqs = append(reqs, request(t, s.Public+"/api/chat/message", token, string(body)))
		}
	}
	watching, stop := context.WithCancel(t.Context())
	defer stop()
	var watched sync.WaitGroup
	watched.Go(func() { watch(watching, t, app, targets) })

	var mu sync.Mutex
	var c counts
	gate := make(chan struct{})
	var wg sync.WaitGroup
	for _, req := range reqs {
		wg.Go(func() {
			<-gate
			status, code := do(t, req)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case status == http.StatusOK:
				c.admitted++
			case status == http.StatusForbidden && code == "USAGE_LIMIT_EXCEEDED":
				c.refused++
			default:
				t.Errorf("repeat %d: %d %s", n, status, code)
			}
		})
	}
	close(gate)
	wg.Wait()
	stop()
	watched.Wait()
	if c.refused == 0 {
		t.Errorf("repeat %d: nobody was refused: nothing was tried", n)
	}
	for _, to := range targets {
		balance(t, app, to)
	}
	return c
}

// watch looks at used + held all the time.
func watch(ctx context.Context, t *testing.T, app *wiring.App, targets []target) {
	for ctx.Err() == nil {
		for _, to := range targets {
			for _, day := range days(ctx, app, to) {
				if over(day, to.limits) {
					t.Errorf("site %s is over: %+v of %+v", to.scope.Site, day.Admitted(), to.limits)
				}
			}
		}
	}
}

func over(d usage.Totals, l usage.Limits) bool {
	a := d.Admitted()
	return a.ChatRequests > int64(l.ChatRequests) || a.ChatTokens > int64(l.ChatTokens) || int64(a.Cost) > int64(l.Cost)
}

// days returns the day's totals and those of its neighbours: the test may run
// over midnight.
func days(ctx context.Context, app *wiring.App, to target) []usage.Totals {
	now := time.Now()
	list, err := app.Metering.Usage.Days(ctx, to.scope, usage.DayOf(now.AddDate(0, 0, -1), time.UTC), usage.DayOf(now.AddDate(0, 0, 1), time.UTC))
	if err != nil {
		return nil // the watch has been stopped
	}
	return list
}

// balance fails unless nothing is held, no limit is passed, no event is over its
// hold, and the events are the day.
func balance(t *testing.T, app *wiring.App, to target) {
	t.Helper()
	var used, sum usage.Amounts
	for _, d := range days(t.Context(), app, to) {
		used = used.Plus(d.Used)
		if over(d, to.limits) || d.Held != (usage.Amounts{}) {
			t.Errorf("site %s: used %+v and held %+v of %+v", to.scope.Site, d.Used, d.Held, to.limits)
		}
	}
	now := time.Now()
	events, err := app.Metering.Usage.Events(t.Context(), to.scope, usage.DayOf(now.AddDate(0, 0, -1), time.UTC), usage.DayOf(now.AddDate(0, 0, 1), time.UTC), "", 1<<20)
	must(t, err)
	for _, e := range events {
		sum = sum.Plus(e.Spent())
		if e.Excess != 0 || !e.Success || e.Tokens.CountedBy != chat.ByProvider {
			t.Errorf("event %+v", e)
		}
	}
	if sum != used || len(events) == 0 {
		t.Errorf("site %s: %d events add up to %+v, the day says %+v", to.scope.Site, len(events), sum, used)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, env map[string]string) *wiring.App {
	t.Helper()
	cfg, _, err := wiring.Load(wiring.Sources{Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }})
	must(t, err)
	app, err := wiring.Start(t.Context(), cfg, wiring.Options{Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	t.Cleanup(func() { _ = app.Stop(context.Background()) })
	return app
}

func makeTarget(t *testing.T, app *wiring.App, limits usage.Limits) target {
	t.Helper()
	ctx, who, admin := t.Context(), administering.Operator(), app.Administering
	ten, err := admin.CreateTenant(ctx, who, "Tests", "owner@example.com")
	must(t, err)
	site, err := admin.CreateSite(ctx, who, ten.ID, administering.NewSite{Name: "Test shop", URL: origin, TimeZone: "UTC", Currency: "EUR"})
	must(t, err)
	must(t, admin.SetLicense(ctx, who, site.Scope(), usage.License{Plan: "test", Status: usage.Active, Limits: limits}))
	_, key, err := admin.CreateKey(ctx, who, site.Scope(), tenant.SiteKey, "widget", 0)
	must(t, err)
	return target{site.Scope(), limits, key}
}

func request(t *testing.T, url, token, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	must(t, err)
	req.Header.Set("Origin", origin)
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req
}

func session(t *testing.T, url, key, ip string) string {
	t.Helper()
	req := request(t, url+"/api/chat/session", "", fmt.Sprintf(`{"site_key":%q,"page_url":%q}`, key, origin+"/"))
	req.Header.Set("X-Forwarded-For", ip)
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer func() { _ = resp.Body.Close() }()
	var out struct {
		Token string `json:"token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || out.Token == "" {
		t.Fatalf("session: %d %v", resp.StatusCode, err)
	}
	return out.Token
}

// do returns the status and the error's code.
func do(t *testing.T, req *http.Request) (int, string) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	var e struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	_ = json.Unmarshal(bytes.TrimSpace(body), &e) // an answer has no code
	return resp.StatusCode, e.Error.Code
}
