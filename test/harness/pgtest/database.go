package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/lib/pq"
)

// Password is every role's on a server that listens on TCP: [Database.URL] sets
// it. It has what a URL must escape.
const Password = "p@ss/w0rd %&+ü"

// template is a database that others are copied from.
type template struct {
	once sync.Once
	name string
	err  error // why there is none
}

// Database is one database of a [Server], of one test alone.
type Database struct {
	Name   string
	Server *Server

	t testing.TB
}

// Database returns a new database for one test, gone when that ends, also from
// under those who are still connected. It is a copy of what prepare makes of an
// empty database, whose superuser's URL it gets: once for each key, whatever
// test comes first, so prepare must depend on nothing but its key. A nil
// prepare leaves it empty. Owner, rights and settings of the database itself are
// copied as well.
//
// Roles that prepare makes belong to the whole cluster: with several keys, make
// them only where they are not there yet. Connections that prepare leaves open
// are cut.
func (s *Server) Database(t testing.TB, key string, prepare func(ctx context.Context, superURL string) error) Database {
	t.Helper()
	s.mu.Lock()
	from, ok := s.templates[key]
	if !ok {
		from = &template{name: fmt.Sprintf("template_%d_%s", len(s.templates), plain(key))}
		s.templates[key] = from
	}
	s.databases++
	d := Database{Name: fmt.Sprintf("%s_%d", plain(key), s.databases), Server: s, t: t}
	s.mu.Unlock()

	from.once.Do(func() {
		from.err = errors.New("the test that prepares it was ended in the middle")
		from.err = s.fill(t.Context(), from.name, prepare)
	})
	if from.err != nil {
		t.Fatalf("prepare the database %q: %v", key, from.err)
	}
	if err := s.copyOf(from.name, d.Name); err != nil {
		t.Fatalf("create database %s: %v", d.Name, err)
	}
	t.Cleanup(func() {
		if !s.runs() {
			return // stopped or crashed by the test; the folder goes with the server
		}
		if err := s.ask(execute("drop database if exists " + pq.QuoteIdentifier(d.Name) + " with (force)")); err != nil {
			t.Errorf("drop database %s: %v", d.Name, err)
		}
	})
	return d
}

// fill makes a template. Nobody may connect to it afterwards: a database that
// somebody is connected to cannot be copied.
func (s *Server) fill(ctx context.Context, name string, prepare func(context.Context, string) error) error {
	id := pq.QuoteIdentifier(name)
	if err := s.ask(execute("create database " + id + " template template0")); err != nil {
		return err
	}
	if prepare != nil {
		if err := prepare(ctx, s.URL(s.opts.Superuser, name)); err != nil {
			return err
		}
	}
	return s.ask(execute("alter database "+id+" with allow_connections false is_template true",
		"select pg_terminate_backend(pid) from pg_stat_activity where datname = "+pq.QuoteLiteral(name)))
}

// copyOf copies a template. Postgres leaves behind what belongs to the database
// itself: its owner, its rights, and the settings made for it.
func (s *Server) copyOf(template, name string) error {
	from, to := pq.QuoteLiteral(template), pq.QuoteLiteral(name)
	return s.ask(execute("create database "+pq.QuoteIdentifier(name)+" template "+pq.QuoteIdentifier(template),
		`update pg_database as d set datdba = f.datdba, datacl = f.datacl from pg_database as f
		 where d.datname = `+to+` and f.datname = `+from,
		`insert into pg_db_role_setting (setdatabase, setrole, setconfig)
		 select d.oid, r.setrole, r.setconfig from pg_database as d, pg_database as f
		 join pg_db_role_setting as r on r.setdatabase = f.oid
		 where d.datname = `+to+` and f.datname = `+from))
}

// URL returns the address of the database for a role, as postgres://...: by TCP
// with [Password], which it gives the role, where the server listens there; else by the socket. The role must exist.
func (d Database) URL(role string) string {
	d.t.Helper()
	if !d.Server.opts.TCP {
		return d.Socket(role)
	}
	if err := d.Server.setPassword(role); err != nil {
		d.t.Errorf("set the password of %s: %v", role, err)
	}
	return d.URLWith(role, Password)
}

// URLWith returns the address by TCP for a role that has this password. The
// server must listen there.
func (d Database) URLWith(role, password string) string {
	d.t.Helper()
	if !d.Server.opts.TCP {
		d.t.Error("pgtest: URLWith needs a server with Options.TCP")
	}
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(role, password), Host: "127.0.0.1:" + strconv.Itoa(d.Server.port),
		Path: "/" + d.Name, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Socket returns the address of the database for a role by the socket, without
// a password.
func (d Database) Socket(role string) string { return d.Server.URL(role, d.Name) }

// Superuser returns the address of the database for the cluster's superuser, by
// the socket. Row-level security does not hold for it.
func (d Database) Superuser() string { return d.Socket(d.Server.opts.Superuser) }

// URL returns the address by the socket of any database of the cluster, such as
// "postgres", for a role.
func (s *Server) URL(role, database string) string {
	u := url.URL{Scheme: "postgres", User: url.User(role), Path: "/" + database, RawQuery: url.Values{
		"host": {s.dir}, "port": {strconv.Itoa(s.port)}, "sslmode": {"disable"},
	}.Encode()}
	return u.String()
}

// As returns one of our URLs by the socket for another role, such as a prepare
// needs that is not the superuser's work alone.
func As(socketURL, role string) string {
	u, err := url.Parse(socketURL)
	if err != nil {
		return socketURL // not one of ours: the driver will say what is wrong
	}
	u.User = url.User(role)
	return u.String()
}

// setPassword gives a role its password, each time: it may be another role of
// that name by now.
func (s *Server) setPassword(role string) error {
	s.altering.Lock() // Postgres refuses two at once
	defer s.altering.Unlock()
	return s.ask(execute("alter role " + pq.QuoteIdentifier(role) + " password " + pq.QuoteLiteral(Password)))
}

// ask hands f a connection of the superuser to the database postgres.
func (s *Server) ask(f func(*sql.DB) error) error {
	db, err := sql.Open("postgres", s.URL(s.opts.Superuser, "postgres"))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	return errors.Join(f(db), db.Close())
}

// execute runs statements one by one.
func execute(statements ...string) func(*sql.DB) error {
	return func(db *sql.DB) error {
		for _, q := range statements {
			if _, err := db.Exec(q); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
		return nil
	}
}

// plain makes of a key what may be part of a database's name.
func plain(key string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(key))
	return "t_" + name[:min(len(name), 30)]
}
