package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/harness/migrated"
	"github.com/aiwoochat/woochat/test/harness/served"
	"github.com/aiwoochat/woochat/test/porttest"
)

// followWithin is how long a test waits for a change to be followed: much
// longer than it takes, since what is tested is that it is.
const followWithin = patience

// until asks every so often until done says so, and returns how long it took.
func (s *shop) until(what string, every time.Duration, done func() bool) time.Duration {
	s.Helper()
	began := time.Now()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for !done() {
		if time.Since(began) > followWithin {
			s.Fatalf("%s: not followed in %v", what, followWithin)
		}
		<-tick.C
	}
	return time.Since(began)
}

// settled waits until the server has followed all changes of its site up to now, so
// that what it keeps is dropped no more: other disables the site, past it, and
// enables it again.
func (s *shop) settled(other *administering.Service) {
	s.Helper()
	let := func() bool {
		return s.call("POST", "/api/chat/session", "", fmt.Sprintf(`{"site_key":%q,"page_url":%q,"locale":"en"}`, s.siteKey, s.origin+"/")).status == http.StatusOK
	}
	for _, disabled := range []bool{true, false} {
		s.must(other.SetSiteDisabled(s.Context(), administering.Operator(), s.site.Scope(), disabled))
		s.until(fmt.Sprintf("a site that is disabled: %v", disabled), 200*time.Millisecond, func() bool { return let() != disabled })
	}
}

// beside returns what another process with the same store administers with.
func beside(t *testing.T, env map[string]string) *administering.Service {
	t.Helper()
	cfg, _, err := wiring.Load(wiring.Sources{Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }})
	if err != nil {
		t.Fatal(err)
	}
	app, err := wiring.Start(t.Context(), cfg, wiring.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.Stop(context.Background()); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	return app.Administering
}

// TestChangesBesideTheServerAreFollowed changes licenses, keys, sites and
// tenants past a server whose clock stands still: nothing that it keeps ever
// gets too old, so that only the numbers of changes can tell it.
func TestChangesBesideTheServerAreFollowed(t *testing.T) {
	dir := migrated.Folder(t)
	clock := porttest.NewClock(time.Now().UTC())
	s := open(t, withStore("sqlite", dir), withClock(clock.Now), withoutGoods())
	other, who, sc := beside(t, map[string]string{"WOOCHAT_DATA_DIR": dir}), administering.Operator(), s.site.Scope()
	token := s.session()

	// An API key of the site tells whether the server takes it.
	admin := *s
	admin.app = &wiring.App{PublicURL: s.app.AdminURL}
	var key string
	knows := func() bool {
		r := admin.call("GET", "/api/admin/site", key, "")
		if r.status != http.StatusOK && r.status != http.StatusUnauthorized {
			t.Fatalf("the key's site: %d %s", r.status, r.body)
		}
		return r.status == http.StatusOK
	}
	unknown := func() bool { return !knows() }
	k, text, err := other.CreateKey(t.Context(), who, sc, tenant.APIKey, "beside", roles.Admin)
	s.must(err)
	key = text
	const every = 20 * time.Millisecond
	for _, step := range []struct {
		name string
		make func() error
		done func() bool
	}{
		{"a new key", func() error { return nil }, knows},
		{"a disabled key", func() error { return other.SetKeyDisabled(t.Context(), who, sc, k.ID, true) }, unknown},
		{"an enabled key", func() error { return other.SetKeyDisabled(t.Context(), who, sc, k.ID, false) }, knows},
		{"a disabled site", func() error { return other.SetSiteDisabled(t.Context(), who, sc, true) }, unknown},
		{"an enabled site", func() error { return other.SetSiteDisabled(t.Context(), who, sc, false) }, knows},
		{"a disabled tenant", func() error { return other.SetTenantDisabled(t.Context(), who, sc.Tenant, true) }, unknown},
		{"an enabled tenant", func() error { return other.SetTenantDisabled(t.Context(), who, sc.Tenant, false) }, knows},
	} {
		s.must(step.make())
		t.Logf("%s: followed after %v", step.name, s.until(step.name, every, step.done))
	}

	s.licensed("before", token, "")
	s.must(other.SetLicense(t.Context(), who, sc, usage.License{Plan: "test", Status: usage.Suspended, Limits: usage.NoLimits()}))
	took := s.until("a suspended license", time.Second, func() bool {
		return s.call("POST", "/api/chat/message", token, question("What does shipping cost?")).code() == "LICENSE_INACTIVE"
	})
	t.Logf("a suspended license: followed after %v, asked each second", took)
}

// serveProcess is a running woochat serve.
type serveProcess struct {
	cmd    *exec.Cmd
	public string
	out    bytes.Buffer // read it after exited
	exited chan error
}

var servesAt = regexp.MustCompile(`serves (http://\S+) `)

// serve starts the binary on a folder.
func serve(t *testing.T, bin string, env []string) *serveProcess {
	t.Helper()
	p := &serveProcess{exited: make(chan error, 1)}
	// Not the test's context: it is ended by a signal.
	p.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), bin, "serve")
	p.cmd.Env = env
	out, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	found := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(io.TeeReader(out, &p.out))
		for lines.Scan() {
			if m := servesAt.FindStringSubmatch(lines.Text()); m != nil {
				found <- m[1]
			}
		}
		p.exited <- p.cmd.Wait()
	}()
	select {
	case p.public = <-found:
	case err := <-p.exited:
		t.Fatalf("serve ended with %v:\n%s", err, p.out.Bytes())
	case <-time.After(followWithin):
		t.Fatalf("serve is not ready after %v", followWithin)
	}
	return p
}

// end stops the process as an operator does, and fails unless it exits 0.
func (p *serveProcess) end(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.exited:
		if err != nil {
			t.Errorf("serve ended with %v:\n%s", err, p.out.Bytes())
		}
	case <-time.After(followWithin):
		t.Errorf("serve still runs %v after its signal", followWithin)
	}
}

// TestSuspensionBites runs the binary, and `woochat license suspend` and
// `resume` beside it, five times. A suspension is to bite within a second;
// what is measured is logged, and a slow machine fails nothing.
func TestSuspensionBites(t *testing.T) {
	dir := migrated.Folder(t)
	s := open(t, withStore("sqlite", dir), withoutGoods())
	s.must(s.app.Stop(t.Context()))
	bin := served.Build(t)
	env := []string{
		"HOME=" + dir, "TMPDIR=" + os.TempDir(), "PATH=" + os.Getenv("PATH"), "WOOCHAT_DATA_DIR=" + dir, "WOOCHAT_SECRET_KEY=" + secretKey,
		"WOOCHAT_ADDR=127.0.0.1:0", "WOOCHAT_ADMIN_ADDR=127.0.0.1:0",
	}
	p := serve(t, bin, env)
	up := *s
	up.app = &wiring.App{PublicURL: p.public}
	command := func(verb string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), bin, "license", verb, string(s.site.ID))
		cmd.Env = env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("woochat license %s: %v\n%s", verb, err, out)
		}
	}
	var took []time.Duration
	for range 5 {
		var token string
		asked := 0
		ask := func() string {
			if asked++; asked%10 == 1 { // as many as a visitor may ask at once
				token = up.session()
			}
			r := up.call("POST", "/api/chat/message", token, question("What does shipping cost?"))
			if r.status != http.StatusOK && r.code() != "LICENSE_INACTIVE" && r.code() != "RATE_LIMITED" {
				t.Fatalf("got %d %s", r.status, r.body)
			}
			return r.code()
		}
		up.until("resumed", 50*time.Millisecond, func() bool { return ask() == "" })
		command("suspend")
		took = append(took, up.until("suspended", 50*time.Millisecond, func() bool { return ask() == "LICENSE_INACTIVE" }))
		up.licensed("suspended", up.session(), "suspended")
		command("resume")
	}
	slices.Sort(took)
	t.Logf("a suspension bit %v after the command had ended (of five, sorted)", took)
	p.end(t)
}
