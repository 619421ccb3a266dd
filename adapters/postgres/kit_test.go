package postgres_test

import (
	"context"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
	"github.com/aiwoochat/woochat/test/porttest"
)

// migrated returns a new database with the whole schema.
func migrated(t testing.TB) pgtest.Database {
	t.Helper()
	return pgtest.Need(t).Database(t, "migrated", func(ctx context.Context, superURL string) error {
		_, err := postgres.Migrate(ctx, superURL, nil)
		return err
	})
}

// opened opens d as another process would.
func opened(t testing.TB, d pgtest.Database, now ports.Clock) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(context.Background(), postgres.Config{
		URL: d.URL("app_runtime"), LedgerURL: d.URL("app_ledger"), ServiceURL: d.URL("app_service"),
		MaxConns: 8, Now: now, NewID: porttest.NewID,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// super returns a connection that may see and do everything.
func super(t testing.TB, d pgtest.Database) *sqlx.DB {
	t.Helper()
	db, err := sqlx.Open("postgres", d.Superuser())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// newScope returns a function that makes a tenant with one site.
func newScope(d pgtest.Database) func(t *testing.T) tenant.Scope {
	return func(t *testing.T) tenant.Scope {
		t.Helper()
		return makeSite(t, super(t, d))
	}
}

func makeSite(t testing.TB, db *sqlx.DB) tenant.Scope {
	t.Helper()
	id, site := porttest.NewID(), porttest.NewID()
	for _, q := range []struct {
		text string
		args []any
	}{
		{`insert into tenants (id, name) values ($1, 'tenant')`, []any{id}},
		{`insert into sites (id, tenant_id, name, url) values ($1, $2, 'shop', 'https://shop.example.com')`, []any{site, id}},
	} {
		if _, err := db.ExecContext(context.Background(), q.text, q.args...); err != nil {
			t.Fatal(err)
		}
	}
	return tenant.Scope{Tenant: tenant.ID(tenant.Prefix + id), Site: tenant.SiteID(tenant.SitePrefix + site)}
}
