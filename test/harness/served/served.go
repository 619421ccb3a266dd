// Package served runs the real binary as a server of its own, for tests that
// kill it, or that need two of it.
package served

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Build compiles the binary and returns its path: in the folder of the whole
// run, where the next test of this process finds it made, or in one of the
// test's own where nobody has set that up (see test/harness/run.sh).
func Build(t testing.TB) string {
	t.Helper()
	_, here, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("this file's place is not known")
	}
	dir := t.TempDir()
	if run := os.Getenv("WOOCHAT_TEST_RUN"); run != "" {
		dir = filepath.Join(run, "bin", strconv.Itoa(os.Getpid()))
	}
	bin := filepath.Join(dir, "woochat")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", bin, "./cmd/woochat")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build does, whose cache it then finds
	build.Dir = filepath.Join(filepath.Dir(here), "..", "..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

// readyWithin is how long a server may take to listen; a busy machine needs more
// than its usual half second.
const readyWithin = 60 * time.Second

// Process is a running woochat serve.
type Process struct {
	Public, Admin string // http://host:port

	cmd    *exec.Cmd
	mu     sync.Mutex // guards said
	said   bytes.Buffer
	exited chan struct{} // closed when it has ended and err is set
	err    error
}

var listening = regexp.MustCompile(`serves (http://\S+) .*, admin at (http://\S+)`)

// Start starts the binary in dir, with these settings and no others, and waits
// until it listens. It is killed at the test's end if it still runs then.
func Start(t testing.TB, binary, dir string, env map[string]string) *Process {
	t.Helper()
	p := &Process{exited: make(chan struct{})}
	// Not the test's context: it is ended by the signals that are the point.
	p.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), binary, "serve")
	p.cmd.Dir = dir
	p.cmd.Env = []string{"HOME=" + dir, "TMPDIR=" + dir, "PATH=" + os.Getenv("PATH"), "WOOCHAT_TEST_RUN=" + os.Getenv("WOOCHAT_TEST_RUN"), "TZ=" + os.Getenv("TZ")}
	for name, v := range env {
		p.cmd.Env = append(p.cmd.Env, name+"="+v)
	}
	out, err := p.cmd.StderrPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	found := make(chan []string, 1)
	go func() {
		lines := bufio.NewScanner(io.TeeReader(out, p))
		for lines.Scan() {
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				found <- m
			}
		}
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	select {
	case m := <-found:
		p.Public, p.Admin = m[1], m[2]
	case <-p.exited:
		t.Fatalf("serve ended with %v:\n%s", p.err, p.Said())
	case <-time.After(readyWithin):
		t.Fatalf("serve is not ready after %v:\n%s", readyWithin, p.Said())
	}
	return p
}

// Write takes what the process prints.
func (p *Process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.Write(b)
}

// Said returns what it has printed so far.
func (p *Process) Said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// Kill ends it as a power cut would, and waits. Killing it again does nothing.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.exited
}

// Stop ends it as an operator does, and returns how it ended.
func (p *Process) Stop(t testing.TB) error {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.exited:
	case <-time.After(readyWithin):
		t.Fatalf("still running %v after SIGTERM:\n%s", readyWithin, p.Said())
	}
	return p.err
}
