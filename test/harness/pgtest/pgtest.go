// Package pgtest gives tests a real Postgres: a throw-away cluster in a temp
// folder, started at the first need, on a Unix socket there, and ended and
// removed with the test binary, whatever way it ends.
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m, pgtest.Options{})) }
//
//	func TestLedger(t *testing.T) {
//		db := pgtest.Need(t).Database(t, "migrated", migrate)
//		store, err := postgres.Open(db.URL("woochat_runtime"))
//		...
//	}
//
// Roles belong to the cluster, not to a database: a test that needs others, or
// that crashes its server, takes a cluster of its own ([Own]).
//
// A server keeps one goroutine of this package: where a test looks for leaked
// goroutines, call [Need] first and pass goleak.IgnoreCurrent().
package pgtest

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
)

// ErrNoPrograms says that this machine has no Postgres.
var ErrNoPrograms = errors.New("no Postgres programs found: install the package postgresql, or set PG_BIN to their folder")

// Options are what one cluster is like. The zero value is a fast one, on a
// socket only, whose superuser is postgres.
type Options struct {
	// Bin is the folder of initdb and postgres. Empty: PG_BIN, else the newest
	// below /usr/lib/postgresql, else initdb's in PATH.
	Bin string
	// Superuser is the login that initdb makes; empty: postgres. On Supabase
	// postgres is no superuser: there this is supabase_admin.
	Superuser string
	// FullDurability waits for the disk at each commit, as in production: for
	// benchmarks and for proofs about crashes. Else nothing is synced.
	FullDurability bool
	// TCP listens on a free port of 127.0.0.1 as well, where every login needs
	// its password: for programs that get a postgres:// URL.
	TCP bool
	// MaxConnections; 0: 100.
	MaxConnections int
	// TimeZone of the server's sessions; empty: UTC.
	TimeZone string
	// PasswordLogins need their password on the socket, too. All others are
	// trusted there: the folder is open to nobody else.
	PasswordLogins []string
	// Settings of postgresql.conf that go beyond the above, and beat it.
	Settings map[string]string
}

// shared is the cluster of this test binary.
var shared struct {
	mu     sync.Mutex
	main   bool // Main runs: it will stop what Need starts
	opts   Options
	server *Server
	err    error
}

// Main runs the tests of a package and returns the exit code. The cluster that
// [Need] returns is like o, is started when a test first needs it, and is ended
// here. A server that does not end well makes the code at least 1.
func Main(m *testing.M, o Options) int {
	shared.mu.Lock()
	shared.main, shared.opts = true, o
	shared.mu.Unlock()
	code := m.Run()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.server != nil {
		if err := shared.server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop Postgres:", err)
			code = max(code, 1)
		}
	}
	shared.main, shared.server = false, nil
	return code
}

// Need returns the cluster of this test binary; its TestMain must be [Main].
// Where there is no Postgres the test is skipped, and says so; in CI, and where
// one is there but does not start, it fails.
func Need(t testing.TB) *Server {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if !shared.main {
		t.Fatal("pgtest.Need without pgtest.Main: call it from TestMain, so that the server ends with the tests")
	}
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = Start(shared.opts)
	}
	return started(t, shared.server, shared.err)
}

// Own returns a cluster of the test's own, ended with the test. It skips and
// fails as [Need] does, and needs no [Main].
func Own(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := Start(o)
	s = started(t, s, err)
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("stop Postgres: %v", err)
		}
	})
	return s
}

func started(t testing.TB, s *Server, err error) *Server {
	t.Helper()
	switch {
	case err == nil:
		return s
	case errors.Is(err, ErrNoPrograms) && os.Getenv("CI") != "true":
		fmt.Fprintf(os.Stderr, "SKIPPED %s: %v\n", t.Name(), err)
		t.Skip(err)
	default:
		t.Fatal(err)
	}
	return nil
}
