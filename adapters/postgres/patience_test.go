package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
)

// hole forwards bytes to a server until it is frozen: the connections of before
// then say nothing any more, and are never closed; new ones work.
type hole struct {
	net.Listener

	upstream string

	mu     sync.Mutex // guards all below
	frozen chan struct{}
	conns  []net.Conn
}

func newHole(t *testing.T, s *pgtest.Server) *hole {
	t.Helper()
	dir, port := s.Socket()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hole{Listener: l, upstream: filepath.Join(dir, fmt.Sprintf(".s.PGSQL.%d", port)), frozen: make(chan struct{})}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			u, err := net.Dial("unix", h.upstream)
			if err != nil {
				_ = c.Close()
				continue
			}
			h.mu.Lock()
			frozen := h.frozen
			h.conns = append(h.conns, c, u)
			h.mu.Unlock()
			running.Go(func() { forward(u, c, frozen) })
			running.Go(func() { forward(c, u, frozen) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		h.mu.Lock()
		for _, c := range h.conns {
			_ = c.Close()
		}
		h.mu.Unlock()
		running.Wait()
	})
	return h
}

func forward(to, from net.Conn, frozen <-chan struct{}) {
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		select {
		case <-frozen:
		default:
			_, _ = to.Write(b[:n])
			if err != nil {
				_ = to.Close()
			}
		}
		if err != nil {
			return
		}
	}
}

func (h *hole) freeze() {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.frozen)
	h.frozen = make(chan struct{})
}

func (h *hole) url(role, database string) string {
	return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", role, h.Addr(), database)
}

// within fails the test if do takes so long that nothing can have ended it.
func within(t *testing.T, what string, do func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-time.After(time.Minute):
		t.Fatal(what + " has not returned")
		return nil
	}
}

// TestASilentConnectionEnds: who waits for an answer that never comes gets an
// error, and the next one a connection that works.
func TestASilentConnectionEnds(t *testing.T) {
	s := pgtest.Need(t)
	h := newHole(t, s)
	pool, err := openPool(h.url(s.Superuser(), "postgres"), "woochat", 1, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pool.Close() }()
	ask := func() error { _, err := pool.ExecContext(context.Background(), `select 1`); return err }
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	h.freeze()
	if err := within(t, "a query", ask); !errors.Is(err, os.ErrDeadlineExceeded) || !errors.Is(mapped(context.Background(), err), ports.ErrUnavailable) {
		t.Errorf("got %v, want a deadline, and ErrUnavailable", err)
	}
	if err := within(t, "a query", ask); err != nil {
		t.Errorf("after it: %v", err)
	}
}

// silentDB returns a store of which each connection has just fallen silent.
func silentDB(t *testing.T, silence time.Duration) *DB {
	t.Helper()
	s := pgtest.Need(t)
	d := s.Database(t, "migrated", func(ctx context.Context, superURL string) error {
		_, err := Migrate(ctx, superURL, nil)
		return err
	})
	h := newHole(t, s)
	db := &DB{now: time.Now}
	var err error
	for role, pool := range map[string]**sqlx.DB{"app_runtime": &db.runtime, "app_ledger": &db.ledger, "app_service": &db.service} {
		if *pool, err = openPool(h.url(role, d.Name), "woochat", 2, silence); err != nil {
			t.Fatal(err)
		}
		if err := (*pool).Ping(); err != nil {
			t.Fatal(err)
		}
	}
	db.commits = newCommitter(db.ledger)
	h.freeze()
	return db
}

func TestPingEndsWithItsContext(t *testing.T) {
	db := silentDB(t, time.Minute)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := within(t, "Ping", func() error { return db.Ping(ctx) }); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	_ = within(t, "Close", db.Close)
}

// TestCloseEnds although a commit waits for a server that says nothing.
func TestCloseEnds(t *testing.T) {
	db := silentDB(t, 2*time.Second)
	w := &waiting{step: release, key: "a", row: []byte(`{}`), reply: make(chan reply, 1)}
	if err := db.commits.add(w); err != nil { // its commit is under way, or begins
		t.Fatal(err)
	}
	_ = within(t, "Close", db.Close)
	select {
	case r := <-w.reply:
		if !errors.Is(r.err, ports.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", r.err)
		}
	default:
		t.Error("Close has not waited for the commit")
	}
}

// TestOwnDeadline: the driver's bound on logging in is kept.
func TestOwnDeadline(t *testing.T) {
	a, b := net.Pipe()
	defer func() { _, _ = a.Close(), b.Close() }()
	c := &impatient{Conn: a, silence: time.Hour}
	if err := c.SetDeadline(time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	read := func() error { _, err := c.Read(make([]byte, 1)); return err }
	if err := within(t, "Read", read); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want a deadline", err)
	}
}
