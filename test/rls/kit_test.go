// Package rls proves the walls of a Postgres database: who may do what on every
// table and function, that no policy is there in vain, and that every database
// that the migrations meet ends with the same walls.
//
// What is expected is in testdata: who may do what on a table (tables.txt), who
// may call a function (functions.txt). A table or a function that is not there
// fails the tests; so does a line that nothing needs.
package rls

import (
	"context"
	"database/sql"
	"os"
	"testing"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
	"github.com/aiwoochat/woochat/test/harness/shapes"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m, pgtest.Options{})) }

// plain returns a database of a server without Supabase, with the whole schema
// and the rows of fill.
func plain(t testing.TB) pgtest.Database {
	t.Helper()
	return pgtest.Need(t).Database(t, "walls", func(ctx context.Context, superURL string) error {
		if _, err := postgres.Migrate(ctx, superURL, nil); err != nil {
			return err
		}
		return shapes.Run(ctx, superURL, fill())
	})
}

// supabase returns a server of Supabase's shape.
func supabase(t testing.TB) *pgtest.Server {
	t.Helper()
	return pgtest.Own(t, pgtest.Options{Superuser: shapes.SupabaseSuperuser})
}

// walled is plain on a server of Supabase's shape, migrated by its login.
func walled(t testing.TB, s *pgtest.Server) pgtest.Database {
	t.Helper()
	return s.Database(t, "walls", func(ctx context.Context, superURL string) error {
		if err := shapes.Run(ctx, superURL, shapes.Supabase); err != nil {
			return err
		}
		if _, err := postgres.Migrate(ctx, pgtest.As(superURL, shapes.SupabaseLogin), nil); err != nil {
			return err
		}
		return shapes.Run(ctx, superURL, fill())
	})
}

// open returns a pool of one login; it is closed with the test.
func open(t testing.TB, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// begin returns a transaction on a connection of its own, which is rolled back
// with the test.
func begin(t testing.TB, url string) *sql.Tx {
	t.Helper()
	tx, err := open(t, url).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	return tx
}

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// list returns the first column of all rows.
func list[T any](t testing.TB, db queryer, query string, args ...any) []T {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// one returns the first column of the only row.
func one[T any](t testing.TB, db queryer, query string, args ...any) T {
	t.Helper()
	all := list[T](t, db, query, args...)
	if len(all) != 1 {
		t.Fatalf("%s: %d rows, want 1", query, len(all))
	}
	return all[0]
}

func do(t testing.TB, db interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}, query string, args ...any,
) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}
