package postgres_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// server is a Postgres of this test run alone: in a temp folder, on a socket
// there, and ended with the run.
type server struct {
	dir  string
	port string // of its socket's name; it listens on no network
	cmd  *exec.Cmd
	err  error // why there is none

	log    []string      // what it said; to be read after logged is closed
	logged chan struct{} // closed when it has ended
}

// running is the server of this run. TestMain sets it before any test.
var running *server

var errNoPostgres = errors.New("no Postgres programs found: install the package postgresql, or set PG_BIN to their folder")

func TestMain(m *testing.M) {
	// Pdeathsig kills the server when the thread that started it ends; this
	// one lives as long as the process.
	runtime.LockOSThread()
	running = startServer()
	code := m.Run()
	if err := running.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop Postgres:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// need returns the server, or skips the test where there is none. In CI
// there is one.
func need(t *testing.T) *server {
	t.Helper()
	switch {
	case running.err == nil:
		return running
	case errors.Is(running.err, errNoPostgres) && os.Getenv("CI") != "true":
		t.Skip(running.err)
	}
	t.Fatal(running.err)
	return nil
}

// dsn returns the address of a database for a user.
func (s *server) dsn(user, database string) string {
	return fmt.Sprintf("host=%s port=%s user=%s dbname=%s sslmode=disable", s.dir, s.port, user, database)
}

func programs() (string, error) {
	if dir := os.Getenv("PG_BIN"); dir != "" {
		return dir, nil
	}
	if found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); err == nil && len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	if initdb, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(initdb), nil
	}
	return "", errNoPostgres
}

func startServer() *server {
	bin, err := programs()
	if err != nil {
		return &server{err: err}
	}
	dir, err := os.MkdirTemp("", "woochat-pg")
	if err != nil {
		return &server{err: err}
	}
	s := &server{dir: dir, port: "5432"}
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT, Setpgid: true}
	if os.Geteuid() == 0 { // Postgres refuses to run as root
		if attr.Credential, s.err = ordinaryUser(); s.err != nil {
			return s
		}
		if s.err = os.Chown(dir, int(attr.Credential.Uid), int(attr.Credential.Gid)); s.err != nil {
			return s
		}
	}
	command := func(name string, args ...string) *exec.Cmd {
		c := exec.Command(filepath.Join(bin, name), args...)
		c.Dir, c.SysProcAttr, c.Env = dir, attr, append(os.Environ(), "LC_ALL=C", "TZ=UTC")
		return c
	}
	data := filepath.Join(dir, "data")
	// --no-sync: nobody needs this database after a crash.
	if out, err := command("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync").CombinedOutput(); err != nil {
		s.err = fmt.Errorf("initdb: %w\n%s", err, out)
		return s
	}
	// Who connects through the socket as "guarded" needs a password.
	hba := "local all guarded scram-sha-256\nlocal all all trust\n"
	if s.err = os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte(hba), 0o644); s.err != nil {
		return s
	}
	s.cmd = command("postgres", "-D", data, "-k", dir, "-p", s.port, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=20")
	out, err := s.cmd.StderrPipe()
	if err != nil {
		s.cmd, s.err = nil, err
		return s
	}
	if s.err = s.cmd.Start(); s.err != nil {
		s.cmd = nil
		return s
	}
	ready := make(chan bool, 1)
	s.logged = make(chan struct{})
	go func() {
		defer close(s.logged)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			s.log = append(s.log, lines.Text())
			if strings.HasSuffix(lines.Text(), "database system is ready to accept connections") {
				ready <- true
			}
		}
		close(ready)
	}()
	if !<-ready {
		s.err = fmt.Errorf("the server ended at once:\n%s", strings.Join(s.log, "\n"))
	}
	return s
}

// ordinaryUser returns whom a server is run as when the tests run as root.
func ordinaryUser() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("running as root, and there is neither a user postgres nor nobody to run a server as")
}

// stop ends the server, waits for it, and removes what it left.
func (s *server) stop() error {
	var errs []error
	if s.cmd != nil {
		if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil { // fast shutdown
			errs = append(errs, err)
		}
		<-s.logged
		if err := s.cmd.Wait(); err != nil {
			errs = append(errs, fmt.Errorf("%w\n%s", err, strings.Join(s.log, "\n")))
		}
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}
