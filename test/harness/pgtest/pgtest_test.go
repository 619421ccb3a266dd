package pgtest_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/test/harness/pgtest"
)

func TestMain(m *testing.M) {
	if os.Getenv("PGTEST_HOLD") != "" {
		hold()
	}
	os.Exit(pgtest.Main(m, pgtest.Options{TCP: true, PasswordLogins: []string{"guarded"}}))
}

// hold starts a server, says where, and waits to be killed.
func hold() {
	s, err := pgtest.Start(pgtest.Options{})
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	dir, _ := s.Socket()
	fmt.Println(dir)
	select {}
}

// open connects to a database.
func open(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func must(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, q := range statements {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// role makes a role for one test.
func role(t *testing.T, s *pgtest.Server, as string) {
	t.Helper()
	db := open(t, s.URL(s.Superuser(), "postgres"))
	must(t, db, "create role "+as)
	t.Cleanup(func() {
		name, _, _ := strings.Cut(as, " ")
		if _, err := db.Exec("drop role " + name); err != nil {
			t.Error(err)
		}
	})
}

func ask[T any](t *testing.T, db *sql.DB, query string) (v T) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// execute is a prepare that runs statements.
func execute(statements ...string) func(context.Context, string) error {
	return func(ctx context.Context, url string) error {
		db, err := sql.Open("postgres", url)
		if err != nil {
			return err
		}
		defer db.Close()
		for _, q := range statements {
			if _, err := db.ExecContext(ctx, q); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
		return nil
	}
}

func TestStopLeavesNothing(t *testing.T) {
	s := pgtest.Own(t, pgtest.Options{})
	dir, port := s.Socket()
	socket := filepath.Join(dir, fmt.Sprintf(".s.PGSQL.%d", port))
	db := open(t, s.URL("postgres", "postgres")) // a connection does not hold it up
	must(t, db, "select 1")
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("unix", socket); err == nil {
		_ = c.Close()
		t.Error("the server still answers")
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
	if err := s.Stop(); err != nil {
		t.Errorf("a second Stop: %v", err)
	}
}

func TestAKilledTestBinaryLeavesNoServer(t *testing.T) {
	pgtest.Need(t) // or skip
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self, "-test.run=^$")
	child.Env = append(os.Environ(), "PGTEST_HOLD=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	dir, err := bufio.NewReader(out).ReadString('\n')
	dir = strings.TrimSpace(dir)
	killed := child.Process.Kill()
	_ = child.Wait()
	if err != nil || killed != nil || !filepath.IsAbs(dir) {
		t.Fatalf("the other process said %q, %v, %v", dir, err, killed)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	// The server removes its pid file when it is done.
	tick, late := time.NewTicker(10*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for {
		if _, err := os.Stat(filepath.Join(dir, "data", "postmaster.pid")); errors.Is(err, os.ErrNotExist) {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("the server outlives the process that started it")
		}
	}
}

func TestStartFailsWithTheServersWords(t *testing.T) {
	pgtest.Need(t)
	dir, err := os.MkdirTemp("", "pgtest") //nolint:usetesting // t.TempDir lets no other user in, and the server runs as one
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", dir)
	t.Setenv("WOOCHAT_TEST_MEMORY", "")
	s, err := pgtest.Start(pgtest.Options{Settings: map[string]string{"shared_buffers": "plenty"}})
	if err == nil {
		_ = s.Stop()
		t.Fatal("it started")
	}
	if !strings.Contains(err.Error(), `"shared_buffers"`) {
		t.Errorf("%v does not say what the server said", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}

func TestDatabasesAreIsolatedAndPreparedOnce(t *testing.T) {
	s := pgtest.Need(t)
	var prepared atomic.Int32
	key := fmt.Sprintf("once %p", &prepared) // another one with each -count
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			db := open(t, s.Database(t, key, func(ctx context.Context, url string) error {
				prepared.Add(1)
				return execute("create table things (id int)", "insert into things values (1)")(ctx, url)
			}).Superuser())
			if _, err := db.Exec("insert into things values (2)"); err != nil {
				t.Error(err)
			}
			var n int
			if err := db.QueryRow("select count(*) from things").Scan(&n); err != nil || n != 2 {
				t.Errorf("%d rows, %v; want the template's and this test's", n, err)
			}
		})
	}
	wg.Wait()
	if n := prepared.Load(); n != 1 {
		t.Errorf("prepared %d times", n)
	}
	if n := ask[int](t, open(t, s.Database(t, "", nil).Superuser()), "select count(*) from pg_tables where schemaname = 'public'"); n != 0 {
		t.Errorf("%d tables in the empty database", n)
	}
}

func TestDatabaseIsDroppedWithItsTest(t *testing.T) {
	s := pgtest.Need(t)
	var name string
	t.Run("user", func(t *testing.T) {
		d := s.Database(t, "dropped", nil)
		name = d.Name
		db, err := sql.Open("postgres", d.Superuser())
		if err != nil || db.Ping() != nil {
			t.Fatal(err)
		}
		// The connection stays open: the database goes all the same.
	})
	if ask[bool](t, open(t, s.URL(s.Superuser(), "postgres")), "select exists (select from pg_database where datname = '"+name+"')") {
		t.Errorf("%s is still there", name)
	}
}

func TestDatabaseKeepsWhatBelongsToIt(t *testing.T) {
	s := pgtest.Need(t)
	d := s.Database(t, "owned", func(ctx context.Context, url string) error {
		return execute(`do $$ begin
			create role keeper login;
			execute format('alter database %I owner to keeper', current_database());
			execute format('revoke connect on database %I from public', current_database());
			execute format('alter database %I set timezone to ''America/New_York''', current_database());
		end $$`)(ctx, url)
	})
	db := open(t, d.Socket("keeper"))
	if got := ask[string](t, db, "select current_setting('timezone')"); got != "America/New_York" {
		t.Errorf("time zone %q", got)
	}
	if got := ask[string](t, db, "select datdba::regrole::text from pg_database where datname = current_database()"); got != "keeper" {
		t.Errorf("owner %q", got)
	}
	must(t, db, "create schema mine") // its owner's right
	role(t, s, "stranger login")
	if err := open(t, d.Socket("stranger")).PingContext(t.Context()); err == nil {
		t.Error("public may still connect")
	}
}

func TestPasswords(t *testing.T) {
	s := pgtest.Need(t)
	d := s.Database(t, "", nil)
	role(t, s, "shop login")
	role(t, s, "guarded login password 'x'")
	if got := ask[string](t, open(t, d.URL("shop")), "select current_user || inet_server_addr()"); got != "shop127.0.0.1/32" {
		t.Errorf("connected as %q", got)
	}
	if got := ask[string](t, open(t, d.URL(s.Superuser())), "select current_database()"); got != d.Name {
		t.Errorf("connected to %q", got)
	}
	must(t, open(t, d.URLWith("guarded", "x")), "select 1")
	for name, url := range map[string]string{
		"a wrong password by TCP":   d.URLWith("shop", "wrong"),
		"no password on the socket": d.Socket("guarded"),
	} {
		if err := open(t, url).PingContext(t.Context()); err == nil {
			t.Errorf("%s lets one in", name)
		}
	}
	must(t, open(t, d.Socket("shop")), "select 1")
}

func TestCrashAndRestartKeepTheData(t *testing.T) {
	s := pgtest.Own(t, pgtest.Options{FullDurability: true, TimeZone: "Asia/Tokyo", TCP: true})
	d := s.Database(t, "", nil)
	db := open(t, d.URL("postgres"))
	must(t, db, "create table things (id int)", "insert into things values (1)")
	if got := ask[string](t, db, "select current_setting('fsync') || current_setting('synchronous_commit') || current_setting('timezone')"); got != "ononAsia/Tokyo" {
		t.Errorf("settings %q", got)
	}
	if err := s.Crash(); err != nil {
		t.Fatal(err)
	}
	if err := db.PingContext(t.Context()); err == nil {
		t.Error("the crashed server answers")
	}
	if err := s.Crash(); err != nil {
		t.Errorf("a second Crash: %v", err)
	}
	for range 2 { // after a crash, and while it runs
		if err := s.Restart(); err != nil {
			t.Fatal(err)
		}
		if n := ask[int](t, open(t, d.URL("postgres")), "select count(*) from things"); n != 1 {
			t.Errorf("%d rows after a restart", n)
		}
	}
	if log := strings.Join(s.Log(), "\n"); !strings.Contains(log, "automatic recovery in progress") {
		t.Errorf("it did not crash:\n%s", log)
	}
	if s.Version() < 150_000 {
		t.Errorf("version %d", s.Version())
	}
}

func TestStopAfterACrash(t *testing.T) {
	s := pgtest.Own(t, pgtest.Options{})
	if err := s.Crash(); err != nil {
		t.Fatal(err)
	}
	dir, _ := s.Socket()
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

// witness is a test that another one looks at.
type witness struct {
	testing.TB
	ctx             context.Context
	failed, skipped bool
	said            string
}

func (w *witness) Context() context.Context { return w.ctx }
func (w *witness) Name() string             { return "witness" }
func (w *witness) Helper()                  {}
func (w *witness) Cleanup(func())           {}
func (w *witness) Skip(a ...any)            { w.skipped, w.said = true, fmt.Sprint(a...); panic(w) }
func (w *witness) Fatal(a ...any)           { w.failed, w.said = true, fmt.Sprint(a...); panic(w) }
func (w *witness) Fatalf(f string, a ...any) {
	w.failed, w.said = true, fmt.Sprintf(f, a...)
	panic(w)
}

func watch(ctx context.Context, f func(testing.TB)) *witness {
	w := &witness{ctx: ctx}
	func() {
		defer func() { _ = recover() }() // of Skip and Fatal
		f(w)
	}()
	return w
}

func TestAFailedPrepareFailsEachOfItsTests(t *testing.T) {
	s := pgtest.Need(t)
	for range 2 {
		w := watch(t.Context(), func(t testing.TB) { s.Database(t, "broken", execute("select nothing")) })
		if !w.failed || !strings.Contains(w.said, `column "nothing"`) {
			t.Errorf("%+v", w)
		}
	}
}

func TestWithoutPostgresItSkipsButNotInCI(t *testing.T) {
	t.Setenv("PG_BIN", t.TempDir()) // one that is named but not there is no reason to skip
	t.Setenv("CI", "")
	if w := watch(t.Context(), func(t testing.TB) { pgtest.Own(t, pgtest.Options{}) }); !w.failed {
		t.Errorf("a wrong PG_BIN: %+v", w)
	}
	for ci, fails := range map[string]bool{"": false, "true": true} {
		t.Setenv("CI", ci)
		w := watch(t.Context(), func(t testing.TB) { pgtest.Started(t, nil, pgtest.ErrNoPrograms) })
		if w.failed != fails || w.skipped == fails || !strings.Contains(w.said, "PG_BIN") {
			t.Errorf("CI=%q: %+v", ci, w)
		}
	}
}
