package main

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/test/harness/migrated"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestMain lets the test's own program read a PDF, as woochat does.
func TestMain(m *testing.M) {
	wiring.RunPDFReader(os.Args[1:])
	os.Exit(m.Run())
}

// result is what one command did.
type result struct {
	code     int
	out, err string
}

// shell runs commands on one data folder, without any other environment.
type shell struct {
	t   *testing.T
	env map[string]string
}

func newShell(t *testing.T) *shell {
	t.Helper()
	t.Setenv("COLUMNS", "80") // kong asks the process for it
	return &shell{t, map[string]string{"WOOCHAT_DATA_DIR": migrated.Folder(t)}}
}

func (s *shell) lookup(name string) (string, bool) {
	text, ok := s.env[name]
	return text, ok
}

func (s *shell) run(args ...string) result {
	s.t.Helper()
	var out, err strings.Builder
	// A command that should have been refused and serves instead ends, too.
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	code := run(ctx, args, s.lookup, strings.NewReader(""), &out, &err)
	return result{code, out.String(), err.String()}
}

// ok runs a command that must succeed and returns its output.
func (s *shell) ok(args ...string) string {
	s.t.Helper()
	r := s.run(args...)
	if r.code != 0 || r.err != "" {
		s.t.Fatalf("woochat %s: exit code %d\n%s", strings.Join(args, " "), r.code, r.err)
	}
	return r.out
}

// screen is what a running command has written so far.
type screen struct {
	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{}
}

func newScreen() *screen { return &screen{changed: make(chan struct{})} }

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
	return s.text.Write(b)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// running is a command that serves.
type running struct {
	t        *testing.T
	out, err *screen
	stop     context.CancelFunc
	ended    chan int
}

// start runs a command in the background; it is stopped when the test ends.
func (s *shell) start(args ...string) *running {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	r := &running{s.t, newScreen(), newScreen(), cancel, make(chan int, 1)}
	go func() { r.ended <- run(ctx, args, s.lookup, strings.NewReader(""), r.out, r.err) }()
	s.t.Cleanup(func() {
		cancel()
		if len(r.ended) == 0 {
			r.ended <- <-r.ended
		}
	})
	return r
}

const patience = time.Minute

// find waits until the screen matches and returns the first group.
func (r *running) find(s *screen, pattern string) string {
	r.t.Helper()
	re := regexp.MustCompile(pattern)
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		s.mu.Lock()
		m, changed := re.FindStringSubmatch(s.text.String()), s.changed
		s.mu.Unlock()
		if m != nil {
			return m[len(m)-1]
		}
		select {
		case <-changed:
		case code := <-r.ended:
			r.ended <- code
			r.t.Fatalf("ended with %d before it wrote %s\nstdout:\n%s\nstderr:\n%s", code, pattern, r.out, r.err)
		case <-late.C:
			r.t.Fatalf("did not write %s in %v\nstdout:\n%s\nstderr:\n%s", pattern, patience, r.out, r.err)
		}
	}
}

// end stops the command and returns its exit code.
func (r *running) end() int {
	r.t.Helper()
	r.stop()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case code := <-r.ended:
		r.ended <- code
		return code
	case <-late.C:
		r.t.Fatalf("did not end in %v", patience)
		return -1
	}
}

// golden compares text with a file of testdata, in which what differs from run
// to run is masked.
func golden(t *testing.T, name, text string) {
	t.Helper()
	for _, mask := range []struct{ pattern, with string }{
		{`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, "00000000-0000-0000-0000-000000000000"},
		{`(pk|sk)_[A-Za-z0-9_-]{32}`, "${1}_00000000000000000000000000000000"},
		{`(sk_\.\.\.)\S{4}`, "${1}0000"},
		{`("hint": )"[^"]+"`, `$1"0000"`},
		{`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`, "2026-11-23T12:00:00Z"},
	} {
		text = regexp.MustCompile(mask.pattern).ReplaceAllString(text, mask.with)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test ./cmd/woochat -update writes it)", err)
	}
	if text != string(want) {
		t.Errorf("differs from %s:\n--- got\n%s\n--- want\n%s", path, text, want)
	}
}

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, cancel
}
