package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	_ "github.com/lib/pq" // for sql.Open

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
)

const password = "p@ss/w0rd %&+ü" // with what URLs and DSNs spell otherwise

// prepare makes the logins and the database of the tests, once a server.
func prepare(t *testing.T, s *pgtest.Server) *pgtest.Server {
	t.Helper()
	db, err := sql.Open("postgres", dsn(s, "postgres", "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var there bool
	if err := db.QueryRowContext(t.Context(), "select exists (select from pg_roles where rolname = 'plain')").Scan(&there); err != nil {
		t.Fatal(err)
	}
	if there {
		return s
	}
	for _, q := range []string{
		"create role plain login", "create role bypassing login bypassrls", "create role owning login", "create role \"Odd\"\"Name\" login superuser",
		"create role guarded login password '" + password + "'",
		"create role one login connection limit 0",
		"grant create on schema public to owning",
		"set role owning; create table public.things (id int); reset role",
	} {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	return s
}

func TestCheck(t *testing.T) {
	s := postgresServer(t)
	for _, c := range []struct {
		login string
		warns []string // what the warnings say, one each
	}{
		{"plain", nil},
		{"bypassing", []string{`alter role "bypassing" nobypassrls`}},
		{"owning", []string{"owns 1 tables"}},
		{"postgres", []string{`alter role "postgres" nosuperuser`, `alter role "postgres" nobypassrls`}},
		{`Odd"Name`, []string{`alter role "Odd""Name" nosuperuser`}},
	} {
		t.Run(c.login, func(t *testing.T) {
			info, err := postgres.Check(t.Context(), dsn(s, c.login, "postgres"))
			if err != nil {
				t.Fatal(err)
			}
			if info.Login != c.login || info.Database != "postgres" || info.Major < postgres.MinVersion || info.TLS || !strings.HasPrefix(info.Version, fmt.Sprint(info.Major)) {
				t.Errorf("got %+v", info)
			}
			if len(info.Warnings) != len(c.warns) {
				t.Fatalf("warnings %q, want %q", info.Warnings, c.warns)
			}
			for i, want := range c.warns {
				if !strings.Contains(info.Warnings[i], want) {
					t.Errorf("warning %q does not say %q", info.Warnings[i], want)
				}
			}
		})
	}
}

// postgresServer returns the server with what the tests need in it.
func postgresServer(t *testing.T) *pgtest.Server { return prepare(t, pgtest.Need(t)) }

func TestCheckSaysWhatToDo(t *testing.T) {
	s := postgresServer(t)
	for _, c := range []struct {
		name, dsn string
		problem   postgres.Problem
		is        error
		says      string
	}{
		{"wrong password", dsn(s, "guarded", "postgres") + " password='" + password + "x'", postgres.BadLogin, ports.ErrInvalid, "pg_hba.conf"},
		{"no such user", dsn(s, "nobody_knows", "postgres"), postgres.BadLogin, ports.ErrInvalid, "check user and password"},
		{"no such database", dsn(s, "plain", "shop"), postgres.NoDatabase, ports.ErrInvalid, `createdb "shop"`},
		{"no connection free", dsn(s, "one", "postgres"), postgres.Busy, ports.ErrUnavailable, "max_connections"},
		{"no such socket", strings.Replace(dsn(s, "plain", "postgres"), "port=5432", "port=5433", 1), postgres.Unreachable, ports.ErrUnavailable, "check host and port"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := postgres.Check(t.Context(), c.dsn)
			var e *postgres.CheckError
			if !errors.As(err, &e) || e.Problem != c.problem || !errors.Is(err, c.is) {
				t.Fatalf("got %#v, want problem %d that is %v", err, c.problem, c.is)
			}
			if !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "w0rd") {
				t.Errorf("%q does not say %q, or holds the password", err, c.says)
			}
		})
	}
	t.Run("right password", func(t *testing.T) {
		info, err := postgres.Check(t.Context(), dsn(s, "guarded", "postgres")+" password='"+password+"'")
		if err != nil || info.Login != "guarded" {
			t.Errorf("got %+v, %v", info, err)
		}
	})
}

// listen answers each connection in a goroutine of its own, until the test
// ends.
func listen(t *testing.T, answer func(net.Conn)) (host, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
			go answer(c)
		}
	}()
	host, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}

func TestCheckWithoutAServer(t *testing.T) {
	host, port := listen(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1024))
		_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		_ = c.Close()
	})
	for _, c := range []struct {
		name, dsn string
		problem   postgres.Problem
		is        error
	}{
		{"empty", " ", postgres.BadAddress, ports.ErrInvalid},
		{"not a URL", "postgres://shop:s3cret@[::1/db", postgres.BadAddress, ports.ErrInvalid},
		{"bad words", "host=x password=s3cret sslmode", postgres.BadAddress, ports.ErrInvalid},
		{"bad port", "postgres://shop:s3cret@localhost:99999999/db", postgres.BadAddress, ports.ErrInvalid},
		{"bad sslmode", "postgres://shop:s3cret@localhost/db?sslmode=s3cret", postgres.BadAddress, ports.ErrInvalid},
		{"nobody there", "postgres://shop:s3cret@127.0.0.1:1/db?sslmode=disable", postgres.Unreachable, ports.ErrUnavailable},
		{"a web server", fmt.Sprintf("postgres://shop:s3cret@%s:%s/db?sslmode=disable", host, port), postgres.Unreachable, ports.ErrUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := postgres.Check(t.Context(), c.dsn)
			var e *postgres.CheckError
			if !errors.As(err, &e) || e.Problem != c.problem || !errors.Is(err, c.is) || e.Do == "" {
				t.Errorf("got %v, want problem %d that is %v", err, c.problem, c.is)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error holds the password: %v", err)
			}
		})
	}
}

func TestCheckEndsWithItsContext(t *testing.T) {
	host, port := listen(t, func(net.Conn) {}) // says nothing
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := postgres.Check(ctx, fmt.Sprintf("postgres://shop:s3cret@%s:%s/db?sslmode=disable", host, port))
	if !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v, want the context's error without the password", err)
	}
}

func ExampleCheck() {
	info, err := postgres.Check(context.Background(), "") // of WOOCHAT_DATABASE_URL
	if err != nil {
		fmt.Println(errors.Is(err, ports.ErrInvalid), err)
		return
	}
	fmt.Println(info.Version, info.Warnings)
	// Output: true postgres: the address cannot be read: write it as postgres://user:password@host:5432/database?sslmode=require, with special characters of the password percent-encoded
}
