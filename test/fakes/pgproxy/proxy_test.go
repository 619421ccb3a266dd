package pgproxy_test

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/lib/pq" // the driver
	"go.uber.org/goleak"

	"github.com/aiwoochat/woochat/test/fakes/pgproxy"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m, pgtest.Options{})) }

// rig is a database with a table, seen directly and through a proxy.
type rig struct {
	proxy   *pgproxy.Proxy
	url     string  // through the proxy
	through *sql.DB // one connection at a time
	direct  *sql.DB
}

func newRig(t *testing.T, o pgproxy.Options) *rig {
	t.Helper()
	s := pgtest.Need(t)
	before := goleak.IgnoreCurrent() // the server's
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	d := s.Database(t, "things", func(ctx context.Context, url string) error {
		db, err := sql.Open("postgres", url)
		if err != nil {
			return err
		}
		defer db.Close()
		_, err = db.ExecContext(ctx, `create table things (id int unique deferrable initially deferred);
			create table counter (n int); insert into counter values (0)`)
		return err
	})
	dir, port := s.Socket()
	o.Upstream = filepath.Join(dir, fmt.Sprintf(".s.PGSQL.%d", port))
	p, err := pgproxy.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	url, err := p.URL(d.Superuser())
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{proxy: p, url: url, through: open(t, url), direct: open(t, d.Superuser())}
	r.through.SetMaxOpenConns(1)
	return r
}

func open(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// insert inserts a row in a transaction through the proxy.
func (r *rig) insert(t *testing.T, id int) error {
	t.Helper()
	tx, err := r.through.BeginTx(t.Context(), nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(t.Context(), "insert into things values ($1)", id); err != nil {
		return err
	}
	return tx.Commit()
}

// rows returns what is stored.
func (r *rig) rows(t *testing.T) []int {
	t.Helper()
	rows, err := r.direct.QueryContext(t.Context(), "select id from things order by id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var ids []int
	for rows.Next() {
		var id int
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return ids
}

func (r *rig) wantRows(t *testing.T, want ...int) {
	t.Helper()
	if got := r.rows(t); !slices.Equal(got, want) {
		t.Errorf("stored %v, want %v", got, want)
	}
}

func TestALostReplyIsOfAStoredRow(t *testing.T) {
	r := newRig(t, pgproxy.Options{})
	r.proxy.LoseReplies(1)
	if err := r.insert(t, 1); err == nil {
		t.Error("the client got its reply")
	}
	r.wantRows(t, 1)
	if err := r.insert(t, 2); err != nil {
		t.Error(err)
	}
	r.wantRows(t, 1, 2)
	if c := r.proxy.Counts(); c.LostReplies != 1 || c.Commits != 2 || c.LostQueries != 0 || c.Cuts != 0 {
		t.Errorf("%+v", c)
	}
}

func TestALostQueryIsOfNoRow(t *testing.T) {
	r := newRig(t, pgproxy.Options{})
	r.proxy.LoseQueries(1)
	if err := r.insert(t, 1); err == nil {
		t.Error("the client got a reply")
	}
	r.wantRows(t)
	if err := r.insert(t, 1); err != nil {
		t.Error(err)
	}
	r.wantRows(t, 1)
	if c := r.proxy.Counts(); c.LostQueries != 1 || c.Commits != 1 || c.LostReplies != 0 {
		t.Errorf("%+v", c)
	}
}

func TestAPreparedCommitIsSeen(t *testing.T) {
	r := newRig(t, pgproxy.Options{})
	conn, err := r.through.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	commit, err := conn.PrepareContext(t.Context(), "commit")
	if err != nil {
		t.Fatal(err)
	}
	defer commit.Close()
	for _, q := range []string{"begin", "insert into things values (1)"} {
		if _, err := conn.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	r.proxy.LoseReplies(1)
	if _, err := commit.ExecContext(t.Context()); err == nil {
		t.Error("the client got its reply")
	}
	r.wantRows(t, 1)
	if c := r.proxy.Counts(); c.LostReplies != 1 {
		t.Errorf("%+v", c)
	}
}

func TestAFailedCommitIsHeard(t *testing.T) {
	r := newRig(t, pgproxy.Options{})
	if err := r.insert(t, 1); err != nil {
		t.Fatal(err)
	}
	r.proxy.LoseReplies(1)
	// The unique key is looked at when the transaction commits.
	if err := r.insert(t, 1); err == nil || !strings.Contains(err.Error(), "things_id_key") {
		t.Errorf("got %v, want what Postgres said", err)
	}
	if err := r.insert(t, 2); err == nil {
		t.Error("the loss was spent on a COMMIT that failed")
	}
	r.wantRows(t, 1, 2)
	if c := r.proxy.Counts(); c.FailedCommits != 1 || c.Commits != 2 || c.LostReplies != 1 {
		t.Errorf("%+v", c)
	}
}

// Why every write is a transaction with a key of its own: the driver and
// database/sql run a bare statement again when its reply is lost.
func TestABareStatementIsRunTwiceByTheDriver(t *testing.T) {
	const add = "update counter set n = n + 1"
	r := newRig(t, pgproxy.Options{Commits: func(sql string) bool { return sql == add }})
	if err := r.through.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.proxy.LoseReplies(1)
	_, err := r.through.ExecContext(t.Context(), add)
	var n int
	if e := r.direct.QueryRowContext(t.Context(), "select n from counter").Scan(&n); e != nil {
		t.Fatal(e)
	}
	if err != nil || n != 2 {
		t.Errorf("n is %d, %v: if lib/pq has become careful, say so in docs/decisions", n, err)
	}
	if c := r.proxy.Counts(); c.LostReplies != 1 || c.Commits != 2 {
		t.Errorf("%+v", c)
	}
}

func TestChanceIsOfTheSeed(t *testing.T) {
	run := func(seed uint64) (failed []int) {
		r := newRig(t, pgproxy.Options{Seed: seed})
		r.proxy.SetFaults(pgproxy.Faults{LostReply: 0.1, LostQuery: 0.1, Cut: 0.05})
		for id := range 60 {
			if r.insert(t, id) != nil {
				failed = append(failed, id)
			}
		}
		r.proxy.SetFaults(pgproxy.Faults{})
		c := r.proxy.Counts()
		if c.LostReplies == 0 || c.LostQueries == 0 || c.Cuts == 0 {
			t.Errorf("a fault never came: %+v", c)
		}
		// What failed is stored only where a reply was lost or a cut came after
		// a COMMIT; what did not fail is stored.
		stored := r.rows(t)
		for id := range 60 {
			if !slices.Contains(failed, id) && !slices.Contains(stored, id) {
				t.Errorf("row %d was confirmed and is not there", id)
			}
		}
		if extra := len(stored) - (60 - len(failed)); int64(extra) < c.LostReplies || int64(extra) > c.LostReplies+c.Cuts {
			t.Errorf("%d rows are stored that the client was not told of: %+v", extra, c)
		}
		return failed
	}
	one, again, other := run(1), run(1), run(2)
	if !slices.Equal(one, again) {
		t.Errorf("the same seed: %v and %v", one, again)
	}
	if slices.Equal(one, other) {
		t.Errorf("another seed makes no difference: %v", one)
	}
}

func TestOutage(t *testing.T) {
	r := newRig(t, pgproxy.Options{})
	tx, err := r.through.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "insert into things values (1)"); err != nil {
		t.Fatal(err)
	}
	r.proxy.Outage()
	if err := tx.Commit(); err == nil {
		t.Error("a connection survived")
	}
	if err := r.insert(t, 2); err == nil {
		t.Error("a new connection was let in")
	}
	r.proxy.Recover()
	if err := r.insert(t, 3); err != nil {
		t.Error(err)
	}
	r.wantRows(t, 3)
	if c := r.proxy.Counts(); c.CutByOutage != 1 || c.Refused == 0 {
		t.Errorf("%+v", c)
	}
}

func TestEncryptionIsDeclined(t *testing.T) {
	r := newRig(t, pgproxy.Options{})
	c, err := net.Dial("tcp", r.proxy.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, code := range []uint32{80877104, 80877103} {
		ask := binary.BigEndian.AppendUint32([]byte{0, 0, 0, 8}, code)
		if _, err := c.Write(ask); err != nil {
			t.Fatal(err)
		}
		answer := []byte{0}
		if _, err := io.ReadFull(c, answer); err != nil || answer[0] != 'N' {
			t.Errorf("got %q, %v", answer, err)
		}
	}
}

func TestCancelGoesThrough(t *testing.T) {
	r := newRig(t, pgproxy.Options{})
	conn, err := r.through.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := conn.ExecContext(ctx, "select pg_sleep(600)"); err == nil {
		t.Fatal("no error")
	}
	tick, late := time.NewTicker(5*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for {
		var running bool
		if err := r.direct.QueryRowContext(t.Context(), "select exists (select from pg_stat_activity where query = 'select pg_sleep(600)' and state = 'active')").Scan(&running); err != nil {
			t.Fatal(err)
		}
		if !running {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("the statement still runs")
		}
	}
}

func TestNonsenseEndsTheConnectionOnly(t *testing.T) {
	r := newRig(t, pgproxy.Options{})
	c, err := net.Dial("tcp", r.proxy.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("GET / HTTP/1.1\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("got %d bytes, %v", n, err)
	}
	if err := r.insert(t, 1); err != nil {
		t.Error(err)
	}
}

func TestCloseEndsEverything(t *testing.T) {
	r := newRig(t, pgproxy.Options{})
	if err := r.through.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.proxy.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := r.insert(t, 1); err == nil {
		t.Error("a closed proxy lets one through")
	}
	if _, err := pgproxy.Start(pgproxy.Options{}); err == nil {
		t.Error("it starts without an upstream")
	}
}

func TestIsCommit(t *testing.T) {
	for sql, want := range map[string]bool{
		"COMMIT": true, "commit;": true, " Commit work ; ": true, "END": true, "end transaction": true,
		"": false, ";": false, "commit prepared 'x'": false, "commit and chain": false, "rollback": false, "select 'commit'": false, "committed": false,
	} {
		if pgproxy.IsCommit(sql) != want {
			t.Errorf("IsCommit(%q) is %t", sql, !want)
		}
	}
}

func ExampleStart() {
	p, err := pgproxy.Start(pgproxy.Options{Upstream: "127.0.0.1:5432", Seed: 7})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	p.SetFaults(pgproxy.Faults{LostReply: 0.2}) // of one COMMIT in five
	url, err := p.URL("postgres://shop:secret@127.0.0.1:5432/shop?sslmode=require")
	fmt.Println(strings.Replace(url, p.Addr(), "PROXY", 1), err)
	// Output: postgres://shop:secret@PROXY/shop?sslmode=disable <nil>
}
