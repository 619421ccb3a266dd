package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/cmd/woochat/demoshop"
)

// get fetches a URL and returns its body.
func get(t *testing.T, url string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestServe(t *testing.T) {
	s := newShell(t)
	r := s.run("serve")
	if r.code != exitUsage || !strings.Contains(r.err, "WOOCHAT_SECRET_KEY (not set)") || !strings.Contains(r.err, `"woochat config secret" makes one`) {
		t.Fatalf("serve without a secret key: exit code %d: %s", r.code, r.err)
	}
	s.env["WOOCHAT_SECRET_KEY"] = testSecret
	up := s.start("serve", "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--log-format", "json")
	public := up.find(up.err, `serves (http://127\.0\.0\.1:\d+) `)
	admin := up.find(up.err, `admin at (http://127\.0\.0\.1:\d+)`)
	for _, url := range []string{public + "/livez", admin + "/livez", admin + "/readyz", public + "/w.js", admin + "/metrics"} {
		if code, _ := get(t, url); code != http.StatusOK {
			t.Errorf("%s answers %d", url, code)
		}
	}
	// A second one on the same data folder is refused, and says why.
	second := s.run("serve", "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0")
	if second.code != exitFailure || !strings.Contains(second.err, s.env["WOOCHAT_DATA_DIR"]) {
		t.Errorf("two servers on one folder: exit code %d: %s", second.code, second.err)
	}
	// Commands run beside it.
	s.ok("tenant", "list")
	if code := up.end(); code != 0 {
		t.Errorf("exit code %d after the signal, want 0:\n%s", code, up.err)
	}
	if strings.Contains(up.out.String()+up.err.String(), testSecret) {
		t.Error("the secret key was printed")
	}
}

func TestServeOnAPortInUse(t *testing.T) {
	s := newShell(t)
	s.env["WOOCHAT_SECRET_KEY"] = testSecret
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	r := s.run("serve", "--addr", taken.Addr().String(), "--admin-addr", "127.0.0.1:0")
	if r.code != exitFailure || !strings.Contains(r.err, "in use") || !strings.Contains(r.err, "--addr") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}

func (s *shell) demo(args ...string) *running {
	return s.start(append([]string{"demo", "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"}, args...)...)
}

func TestDemo(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	s := newShell(t)
	delete(s.env, "WOOCHAT_DATA_DIR")
	demo := s.demo()
	shop := demo.find(demo.out, `Open the shop:  (http://127\.0\.0\.1:\d+)/`)
	demo.find(demo.out, `Ready in (\d+) ms`)
	out := demo.out.String()
	admin := demo.find(demo.out, `health +(http://127\.0\.0\.1:\d+)/livez`)
	key := demo.find(demo.out, `Bearer (sk_\S+)"`)
	siteKey := demo.find(demo.out, `site key (pk_\S+)`)
	for _, want := range []string{"OPENAI_API_KEY=... make demo", "OPENAI_BASE_URL=http://127.0.0.1:11434/v1 WOOCHAT_CHAT_MODEL=... make demo", "Ctrl-C", "extractive", "removed at the end"} {
		if !strings.Contains(out, want) {
			t.Errorf("the welcome lacks %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "rejected") || !strings.Contains(out, " 0 ms") && strings.Contains(out, "Ready in 0") {
		t.Errorf("got\n%s", out)
	}
	if code, page := get(t, shop+"/"); code != http.StatusOK || !strings.Contains(page, `data-site-key="`+siteKey+`"`) {
		t.Errorf("the shop answers %d, without its key:\n%.300s", code, page)
	}
	for _, p := range demoshop.Pages() {
		if code, _ := get(t, shop+"/"+p.Slug+"/"); code != http.StatusOK {
			t.Errorf("/%s/ answers %d", p.Slug, code)
		}
	}
	for _, url := range []string{shop + "/w.js", shop + "/livez", admin + "/livez", admin + "/readyz", admin + "/metrics"} {
		if code, _ := get(t, url); code != http.StatusOK {
			t.Errorf("%s answers %d", url, code)
		}
	}
	if code, body := get(t, admin+"/api/admin/usage/daily", "Authorization", "Bearer "+key); code != http.StatusOK {
		t.Errorf("the curl line gets %d: %s", code, body)
	}
	if code := demo.end(); code != 0 {
		t.Errorf("exit code %d, want 0:\n%s", code, demo.err)
	}
	left, err := os.ReadDir(tmp)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		t.Errorf("the demo left %s behind", f.Name())
	}
}

func TestDemoThatKeepsItsFolder(t *testing.T) {
	s := newShell(t)
	first := s.demo()
	key, siteKey := first.find(first.out, `Bearer (sk_\S+)"`), first.find(first.out, `site key (pk_\S+)`)
	first.find(first.out, "Ready in")
	if code := first.end(); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, first.err)
	}
	for _, name := range []string{secretFile, apiKeyFile} {
		info, err := os.Stat(filepath.Join(s.env["WOOCHAT_DATA_DIR"], name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want 0600", name, info, err)
		}
	}
	before := fromJSON[list[sourceStatus]](t, s.ok("ingest", "status", "--json"))

	again := s.demo()
	shop := again.find(again.out, `Open the shop:  (http://127\.0\.0\.1:\d+)/`)
	if got := again.find(again.out, `Bearer (sk_\S+)"`); got != key {
		t.Error("the API key changed")
	}
	if got := again.find(again.out, `site key (pk_\S+)`); got != siteKey {
		t.Error("the site key changed")
	}
	again.find(again.out, "Ready in")
	sites := fromJSON[list[siteRow]](t, s.ok("site", "list", "--json"))
	if len(sites.Data) != 1 || sites.Data[0].URL != shop || sites.Data[0].Origins[0] != shop {
		t.Errorf("sites after the second run: %+v", sites.Data)
	}
	after := fromJSON[list[sourceStatus]](t, s.ok("ingest", "status", "--json"))
	if len(before.Data) != 2 || len(after.Data) != 2 || before.Data[1].Shown != after.Data[1].Shown || before.Data[0].Shown != after.Data[0].Shown {
		t.Errorf("stored before: %+v, after: %+v", before.Data, after.Data)
	}
	if keys := fromJSON[list[keyRow]](t, s.ok("key", "list", "--json")); len(keys.Data) != 2 {
		t.Errorf("keys: %+v", keys.Data)
	}
	again.end()
}

func TestDemoRefusesASomebodysShop(t *testing.T) {
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	r := s.run("demo", "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0")
	if r.code != exitFailure || !strings.Contains(r.err, "tenants that are not the demo's") || !strings.Contains(r.err, "Hint: ") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	if sites := fromJSON[list[siteRow]](t, s.ok("site", "list", "--json")); len(sites.Data) != 1 {
		t.Errorf("the demo was seeded: %+v", sites.Data)
	}
	r = s.run("demo", "--database-url", "memory://")
	if r.code != exitUsage || !strings.Contains(r.err, "is not used by the demo") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	s.env["OPENAI_BASE_URL"] = "http://127.0.0.1:1/v1"
	r = s.run("demo")
	if r.code != exitUsage || !strings.Contains(r.err, "WOOCHAT_CHAT_MODEL") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}

func TestDemoTakesAFreePort(t *testing.T) {
	s := newShell(t)
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	demo := s.start("demo", "--addr", "127.0.0.1:"+port, "--admin-addr", "127.0.0.1:0")
	shop := demo.find(demo.out, `Open the shop:  (http://127\.0\.0\.1:\d+)/`)
	demo.find(demo.out, "Port "+port+" is in use: the shop listener took a free one")
	demo.find(demo.out, "Ready in")
	if strings.HasSuffix(shop, ":"+port) {
		t.Errorf("the shop is said to be at %s", shop)
	}
	if code := demo.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// A model of unknown price on a server of one's own is counted as nothing, and
// the demo says so. Nobody is called before a shopper asks.
func TestDemoWithAServerOfOnesOwn(t *testing.T) {
	s := newShell(t)
	s.env["OPENAI_BASE_URL"], s.env["WOOCHAT_CHAT_MODEL"] = "http://127.0.0.1:1/v1", "nobody-knows:7b"
	demo := s.demo()
	demo.find(demo.out, "price +unknown: counted as 0 and labelled unpriced")
	demo.find(demo.out, "nobody-knows:7b at")
	demo.find(demo.out, "Ready in")
	if strings.Contains(demo.out.String(), "With a real model") {
		t.Error("says how to use a real model, with one in use")
	}
	if code := demo.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestAnEndBeforeTheBeginning(t *testing.T) {
	s := newShell(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, err strings.Builder
	code := run(ctx, []string{"tenant", "create", "--name", "A"}, s.lookup, strings.NewReader(""), &out, &err)
	if code != exitInterrupted || !strings.Contains(err.String(), "stopped before it was done") {
		t.Errorf("exit code %d: %s", code, err.String())
	}
}

// A second signal does not wait, and the demo's folder goes all the same.
func TestDemoInAHurry(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	s := newShell(t)
	delete(s.env, "WOOCHAT_DATA_DIR")
	ctx, cancel := contextOf(t)
	hurry := make(chan struct{})
	r := &running{t, newScreen(), newScreen(), func() {}, make(chan int, 1)}
	p := newProgram(s.lookup, strings.NewReader(""), r.out, r.err)
	p.hurry = hurry
	go func() {
		r.ended <- p.run(ctx, []string{"demo", "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"})
	}()
	shop := r.find(r.out, `Open the shop:  http://(127\.0\.0\.1:\d+)/`)
	r.find(r.out, "Ready in")
	// Whoever has connected and says nothing is waited for.
	silent, err := (&net.Dialer{}).DialContext(ctx, "tcp", shop)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	cancel()
	r.find(r.err, "Stopping: ")
	close(hurry)
	if code := r.end(); code != exitInterrupted || !strings.Contains(r.err.String(), "ended at once") {
		t.Errorf("exit code %d, want 130:\n%s", code, r.err)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
