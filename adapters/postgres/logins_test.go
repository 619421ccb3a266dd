package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/test/porttest"
)

// TestLoginsAreOfOneDatabase, and none has more power than its part needs.
func TestLoginsAreOfOneDatabase(t *testing.T) {
	d, other := migrated(t), migrated(t)
	prepare(t, d.Server)
	for _, c := range []struct {
		name   string
		change func(*postgres.Config)
		says   []string
	}{
		{"another ledger", func(c *postgres.Config) { c.LedgerURL = other.URL("app_ledger") }, []string{"WOOCHAT_DATABASE_URL and WOOCHAT_LEDGER_DATABASE_URL are not of one database", other.Name}},
		{"another service", func(c *postgres.Config) { c.ServiceURL = other.URL("app_service") }, []string{"WOOCHAT_DATABASE_URL and WOOCHAT_SERVICE_DATABASE_URL are not of one database"}},
		{"superuser as ledger", func(c *postgres.Config) { c.LedgerURL = d.Superuser() }, []string{"WOOCHAT_LEDGER_DATABASE_URL: postgres is a superuser"}},
		{"superuser as service", func(c *postgres.Config) { c.ServiceURL = d.Superuser() }, []string{"WOOCHAT_SERVICE_DATABASE_URL: postgres is a superuser"}},
		{"bypassing ledger", func(c *postgres.Config) { c.LedgerURL = d.URL("bypassing") }, []string{"WOOCHAT_LEDGER_DATABASE_URL: bypassing may bypass"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := postgres.Config{URL: d.URL("app_runtime"), LedgerURL: d.URL("app_ledger"), ServiceURL: d.URL("app_service"), Now: time.Now, NewID: porttest.NewID}
			c.change(&cfg)
			db, err := postgres.Open(context.Background(), cfg)
			if err == nil {
				_ = db.Close()
			}
			if _, ok := errors.AsType[*postgres.LoginError](err); !ok {
				t.Fatalf("got %v, want a LoginError", err)
			}
			for _, want := range c.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v does not say %q", err, want)
				}
			}
		})
	}
}
