package postgres_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
)

// numbered returns a function that makes a new password each time.
func numbered() func() (string, error) {
	var n atomic.Int64
	return func() (string, error) { return fmt.Sprintf("secret%d", n.Add(1)), nil }
}

// told returns the passwords that were told, by role.
func told(m postgres.Migrated) map[string]string {
	all := map[string]string{}
	for _, l := range m.Logins {
		if l.Password != "" {
			all[l.Role] = l.Password
		}
	}
	return all
}

// opens fails the test unless each password lets its role in.
func opens(t *testing.T, d pgtest.Database, passwords map[string]string, roles ...string) {
	t.Helper()
	if len(passwords) != len(roles) {
		t.Errorf("%d passwords were told, want those of %v", len(passwords), roles)
	}
	for _, role := range roles {
		db, err := sqlx.Open("postgres", d.URLWith(role, passwords[role]))
		if err != nil {
			t.Fatal(err)
		}
		if err := db.PingContext(t.Context()); err != nil {
			t.Errorf("%s with the password that was told: %v", role, err)
		}
		_ = db.Close()
	}
}

// TestPasswordsAreToldOnce: of several runs at once one tells passwords, and
// they are the ones that work.
func TestPasswordsAreToldOnce(t *testing.T) {
	d := pgtest.Own(t, pgtest.Options{TCP: true}).Database(t, "empty", nil)
	secret := numbered()
	results := make(chan map[string]string)
	for range 4 {
		go func() {
			m, err := postgres.Migrate(t.Context(), d.Superuser(), secret)
			if err != nil {
				t.Error(err)
			}
			results <- told(m)
		}()
	}
	var passwords []map[string]string
	for range 4 {
		if p := <-results; len(p) > 0 {
			passwords = append(passwords, p)
		}
	}
	if len(passwords) != 1 {
		t.Fatalf("%d runs told passwords, want one", len(passwords))
	}
	opens(t, d, passwords[0], "app_runtime", "app_ledger", "app_service")
}

// TestPasswordsAfterAFailure: the run after one that failed, or had no passwords
// to give, gives those that are missing. A role that woochat has not made keeps
// its own.
func TestPasswordsAfterAFailure(t *testing.T) {
	d := pgtest.Own(t, pgtest.Options{TCP: true}).Database(t, "empty", nil)
	su, secret := super(t, d), numbered()
	su.MustExecContext(t.Context(), `create table documents (id int); create role app_service login noinherit password 'theirs'`)
	if _, err := postgres.Migrate(t.Context(), d.Superuser(), secret); err == nil || !strings.Contains(err.Error(), "documents") {
		t.Fatalf("got %v, want a failure of the file of documents", err)
	}
	su.MustExecContext(t.Context(), `alter table documents rename to documents_before`)
	if m, err := postgres.Migrate(t.Context(), d.Superuser(), nil); err != nil || len(told(m)) > 0 {
		t.Fatalf("without passwords: %+v, %v", m.Logins, err)
	}
	m, err := postgres.Migrate(t.Context(), d.Superuser(), secret)
	if err != nil {
		t.Fatal(err)
	}
	opens(t, d, told(m), "app_runtime", "app_ledger")
	opens(t, d, map[string]string{"app_service": "theirs"}, "app_service")
	if m, err = postgres.Migrate(t.Context(), d.Superuser(), secret); err != nil || len(told(m)) > 0 {
		t.Errorf("again: %+v, %v", m.Logins, err)
	}
}
