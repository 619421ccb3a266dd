package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/usage"
)

func fromJSON[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return v
}

func TestInitWithoutATerminalNeedsEverything(t *testing.T) {
	s := newShell(t)
	r := s.run("init")
	if r.code != exitUsage {
		t.Errorf("exit code %d, want 2", r.code)
	}
	for _, want := range []string{"3 problems:", "--tenant: is needed", "--owner: is needed", "--url: is needed"} {
		if !strings.Contains(r.err, want) {
			t.Errorf("stderr lacks %q:\n%s", want, r.err)
		}
	}
	r = s.run("init", "--tenant", "T", "--owner", "nobody", "--url", "shop", "--plan", "huge", "--time-zone", "Mars/Base", "--currency", "euros")
	for _, want := range []string{"5 problems:", "--owner: is not an e-mail", "--url: is not the address", `--plan: "huge" is not one of trial`, "--time-zone: ", "--currency: "} {
		if !strings.Contains(r.err, want) {
			t.Errorf("stderr lacks %q:\n%s", want, r.err)
		}
	}
	if out := s.ok("tenant", "list"); !strings.Contains(out, "No tenants yet") {
		t.Errorf("a refused init left something behind:\n%s", out)
	}
}

func TestInit(t *testing.T) {
	s := newShell(t)
	s.env["WOOCHAT_DATA_DIR"] = t.TempDir() // where there is nothing yet
	s.env["WOOCHAT_PUBLIC_URL"] = "https://chat.example.com"
	out := s.ok("init", "--tenant", "Example Ltd", "--owner", "Owner@example.com", "--url", "https://shop.example.com", "--plan", "starter")
	golden(t, "init.txt", out)
	golden(t, "site-list.txt", s.ok("site", "list"))
	golden(t, "license-list.txt", s.ok("license", "list"))
	golden(t, "key-list.json", s.ok("key", "list", "--json"))
	golden(t, "member-list.json", s.ok("member", "list", "--json"))
	r := fromJSON[initResult](t, s.ok("init", "--tenant", "Second", "--owner", "b@example.com", "--url", "https://www.example.com", "--json"))
	if r.Plan != "trial" || !strings.Contains(r.Snippet, r.SiteKey) || len(r.Origins) != 2 || r.Origins[1] != "https://example.com" {
		t.Errorf("got %+v", r)
	}
}

func TestInitAsksOnATerminal(t *testing.T) {
	s := newShell(t)
	answers, typing := io.Pipe()
	go func() {
		for _, line := range []string{"", "Example Ltd", "nobody", "owner@example.com", "https://shop.example.com", "huge", ""} {
			_, _ = io.WriteString(typing, line+"\n")
		}
	}()
	var out, asked strings.Builder
	p := &program{env: s.lookup, stdin: answers, stdout: &out, stderr: &asked, now: time.Now, asks: true}
	if code := p.run(t.Context(), []string{"init", "--json"}); code != 0 {
		t.Fatalf("exit code %d: %s", code, asked.String())
	}
	golden(t, "init-asked.txt", strings.ReplaceAll(asked.String(), "? ", "? \n"))
	if r := fromJSON[initResult](t, out.String()); r.Owner != "owner@example.com" || r.Plan != "trial" {
		t.Errorf("got %+v", r)
	}
	if sites := fromJSON[list[siteRow]](t, s.ok("site", "list", "--json")); len(sites.Data) != 1 || sites.Data[0].URL != "https://shop.example.com" {
		t.Errorf("sites: %+v", sites.Data)
	}
}

func TestInitEndsWithItsInputAndItsContext(t *testing.T) {
	s := newShell(t)
	var out, asked strings.Builder
	p := &program{env: s.lookup, stdin: strings.NewReader("Example Ltd\n"), stdout: &out, stderr: &asked, now: time.Now, asks: true}
	if code := p.run(t.Context(), []string{"init"}); code != exitFailure || !strings.Contains(asked.String(), "the input ended before") {
		t.Errorf("exit code %d: %s", code, asked.String())
	}
	silent, typing := io.Pipe()
	defer typing.Close()
	r := &running{t, newScreen(), newScreen(), func() {}, make(chan int, 1)}
	ctx, cancel := contextOf(t)
	go func() {
		p := &program{env: s.lookup, stdin: silent, stdout: r.out, stderr: r.err, now: time.Now, asks: true}
		r.ended <- p.run(ctx, []string{"init"})
	}()
	r.find(r.err, "What is the account called")
	cancel()
	if code := r.end(); code != exitInterrupted {
		t.Errorf("exit code %d, want 130", code)
	}
}

func TestAccounts(t *testing.T) {
	s := newShell(t)
	ten := fromJSON[tenantRow](t, s.ok("tenant", "create", "--name", "Example Ltd", "--owner", "owner@example.com", "--json"))
	site := fromJSON[siteRow](t, s.ok("site", "create", "--url", "https://www.shop.example.com", "--origin", "https://staging.example.com",
		"--suggestion", "Mugs, plates and bowls?", "--time-zone", "Europe/Oslo", "--json"))
	if site.Tenant != ten.ID || strings.Join(site.Origins, " ") != "https://www.shop.example.com https://shop.example.com https://staging.example.com" {
		t.Errorf("site: %+v", site)
	}
	golden(t, "tenant-list.txt", s.ok("tenant", "list"))
	golden(t, "tenant-list.json", s.ok("tenant", "list", "--json"))

	key := fromJSON[keyRow](t, s.ok("key", "create", "--kind", "api", "--role", "support", "--name", "reports", "--site", string(site.ID), "--json"))
	if !strings.HasPrefix(key.Key, "sk_") {
		t.Errorf("key: %+v", key)
	}
	if out := s.ok("key", "list", "--json") + s.ok("key", "list"); strings.Contains(out, key.Key) || !strings.Contains(out, key.ID) {
		t.Errorf("an API key is shown once:\n%s", out)
	}
	s.ok("key", "create", "--kind", "site", "--site", "www.shop.example.com")
	s.ok("key", "disable", key.ID)
	if out := s.ok("key", "list"); !strings.Contains(out, "disabled") {
		t.Errorf("key disable did nothing:\n%s", out)
	}
	s.ok("key", "enable", key.ID)

	s.ok("member", "create", "--email", "ada@example.com", "--role", "admin")
	s.ok("member", "remove", "ada@example.com")
	r := s.run("member", "disable", "owner@example.com")
	if r.code != exitFailure || !strings.Contains(r.err, "at least one owner") {
		t.Errorf("the last owner went: exit code %d: %s", r.code, r.err)
	}
	s.ok("platform-user", "create", "--email", "root@example.com")
	if out := s.ok("platform-user", "list"); !strings.Contains(out, "root@example.com") {
		t.Errorf("platform users:\n%s", out)
	}
	s.ok("platform-user", "disable", "root@example.com")

	s.ok("site", "disable", string(site.ID))
	if out := s.ok("site", "list"); !strings.Contains(out, "disabled") {
		t.Errorf("site disable did nothing:\n%s", out)
	}
	s.ok("site", "enable", "https://www.shop.example.com/")
	s.ok("tenant", "disable", "example ltd")
	if out := s.ok("tenant", "list"); !strings.Contains(out, "disabled") {
		t.Errorf("tenant disable did nothing:\n%s", out)
	}
	s.ok("tenant", "enable", strings.TrimPrefix(string(ten.ID), "ten_"))
}

func TestNamingWhatIsNotThere(t *testing.T) {
	s := newShell(t)
	r := s.run("site", "disable", "site_00000000-0000-0000-0000-000000000000")
	if r.code != exitFailure || !strings.Contains(r.err, "there is no site yet") || !strings.Contains(r.err, "woochat init") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	s.ok("init", "--tenant", "B", "--owner", "b@example.com", "--url", "https://b.example.com")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"license", "set", "--plan", "trial"}, "there are 2 sites: name one with --site"},
		{[]string{"license", "set", "--plan", "trial", "--site", "c.example.com"}, `site "c.example.com": not found`},
		{[]string{"site", "create", "--url", "https://c.example.com"}, "there are 2 tenants: name one with --tenant"},
		{[]string{"key", "disable", "key_1"}, `key "key_1": not found`},
	} {
		if r := s.run(c.args...); r.code != exitFailure || !strings.Contains(r.err, c.want) || !strings.Contains(r.err, "Hint: ") {
			t.Errorf("woochat %s: exit code %d, want %q:\n%s", strings.Join(c.args, " "), r.code, c.want, r.err)
		}
	}
	if r := s.run("site", "create", "--tenant", "A", "--url", "nowhere"); r.code != exitUsage || !strings.Contains(r.err, "--url is not the address of a shop") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}

func TestLicenses(t *testing.T) {
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com", "--time-zone", "Europe/Oslo")
	golden(t, "license-set.txt", s.ok("license", "set", "--plan", "starter", "--limit", "max_chat_requests_per_day=5", "--limit", "max_cost_usd_per_day=2.50", "--limit", "max_tokens_per_day=null"))
	row := fromJSON[licenseRow](t, s.ok("license", "set", "--plan", "trial", "--status", "trialing", "--valid-until", "2027-06-30", "--json"))
	if row.ValidUntil != "2027-06-30T22:00:00Z" || row.Status != "trialing" || row.Limits["max_chat_requests_per_day"] != float64(100) {
		t.Errorf("got %+v", row)
	}
	s.ok("license", "suspend", "a.example.com")
	if out := s.ok("license", "list"); !strings.Contains(out, "suspended") {
		t.Errorf("got\n%s", out)
	}
	s.ok("license", "resume", "a.example.com")
	s.ok("license", "cancel", "a.example.com")
	for _, c := range []struct {
		name string
		args []string
		want []string
	}{
		{"neither plan nor limits", nil, []string{"--plan: is needed"}},
		{"an unknown plan and a bad day", []string{"--plan", "huge", "--valid-until", "soon"}, []string{`--plan: "huge"`, `--valid-until: "soon"`}},
		{"limits without a plan that are not all", []string{"--limit", "max_tokens_per_day=5"}, []string{"max_chat_requests_per_day is missing", "max_embedding_tokens_per_day is missing"}},
		{"unknown and negative limits", []string{"--plan", "trial", "--limit", "tokens=5", "--limit", "max_tokens_per_day=-1"}, []string{`"tokens" is not a limit`, "max_tokens_per_day is -1"}},
	} {
		r := s.run(append([]string{"license", "set"}, c.args...)...)
		for _, want := range c.want {
			if r.code != exitUsage || !strings.Contains(r.err, want) {
				t.Errorf("%s: exit code %d, want %q:\n%s", c.name, r.code, want, r.err)
			}
		}
	}
}

func TestUsage(t *testing.T) {
	s := newShell(t)
	if out := s.ok("usage"); !strings.Contains(out, "No sites yet") {
		t.Errorf("got %q", out)
	}
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com", "--plan", "starter")
	rows := fromJSON[list[siteUsage]](t, s.ok("usage", "--json"))
	if len(rows.Data) != 1 || len(rows.Data[0].Days) != usageDays || rows.Data[0].Left["max_chat_requests_per_day"] != float64(1000) || rows.Data[0].Today.Cost != "0.00" {
		t.Errorf("got %+v", rows.Data)
	}
	one := fromJSON[list[siteUsage]](t, s.ok("usage", "--json", "--from", "2026-11-01", "--to", "2026-11-02"))
	if len(one.Data[0].Days) != 2 || one.Data[0].Days[0].Date != "2026-11-01" {
		t.Errorf("got %+v", one.Data[0].Days)
	}
	r := s.run("usage", "--from", "yesterday", "--to", "2026-13-01")
	if r.code != exitUsage || !strings.Contains(r.err, "--from: ") || !strings.Contains(r.err, "--to: ") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	for _, args := range [][]string{{"--from", "2026-11-02", "--to", "2026-11-01"}, {"--from", "2020-01-01"}} {
		if r := s.run(append([]string{"usage"}, args...)...); r.code != exitUsage {
			t.Errorf("usage %v: exit code %d: %s", args, r.code, r.err)
		}
	}
}

func TestUsageForAPerson(t *testing.T) {
	starter, _ := usage.PlanNamed("starter")
	var out strings.Builder
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	p := &program{stdout: &out, now: func() time.Time { return now }}
	day := func(d usage.Day, n int64) usage.Totals {
		return usage.Totals{Day: d, Used: usage.Amounts{ChatRequests: n, ChatTokens: n * 987, EmbeddingTokens: n * 10, Cost: usage.NanoUSD(n) * 1_500_000}}
	}
	today := day("2026-11-23", 950)
	today.Held = usage.Amounts{ChatRequests: 50, ChatTokens: 4_600}
	p.usage(siteUsage{
		Site: "site_1", Name: "Shop\x1b[31m", TimeZone: "Europe/Oslo", Plan: "starter", License: "active", ResetAt: "2026-11-23T23:00:00Z",
		totals: []usage.Totals{day("2026-11-20", 0), day("2026-11-21", 1), day("2026-11-22", 400), today}, today: today,
		license: usage.License{Plan: "starter", Status: usage.Active, Limits: starter.Limits},
	})
	golden(t, "usage.txt", out.String())
	out.Reset()
	p.usage(siteUsage{Name: "Shop", today: today, totals: []usage.Totals{today}})
	if !strings.Contains(out.String(), "the site has no license") {
		t.Errorf("got\n%s", out.String())
	}
}

func TestSparklineAndGauge(t *testing.T) {
	for _, c := range []struct {
		values []int64
		want   string
	}{
		{nil, ""}, {[]int64{0, 0}, "··"}, {[]int64{5}, "█"}, {[]int64{0, 1, 1_000_000}, "·▁█"}, {[]int64{1, 2, 3, 4, 5, 6, 7, 8}, "▂▃▄▅▅▆▇█"},
	} {
		if got := sparkline(c.values); got != c.want {
			t.Errorf("sparkline(%v) = %s, want %s", c.values, got, c.want)
		}
	}
	for _, c := range []struct {
		used, limit int64
		full        int
	}{{0, 10, 0}, {1, 1_000_000, 1}, {5, 10, 10}, {999_999, 1_000_000, 19}, {10, 10, 20}, {15, 10, 20}, {0, 0, 20}} {
		if got := strings.Count(gauge(c.used, c.limit), "█"); got != c.full {
			t.Errorf("gauge(%d, %d) has %d full, want %d", c.used, c.limit, got, c.full)
		}
	}
}

func TestSnippetWithoutAPublicURL(t *testing.T) {
	if got := snippet(wiring.Config{}.PublicURL, "pk_x"); got != `<script async src="https://chat.example.com/w.js" data-site-key="pk_x"></script>` {
		t.Errorf("got %s", got)
	}
}
