// Package migrated gives tests databases, and data folders, that have woochat's
// schema.
package migrated

import (
	"context"
	"testing"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
)

// Database returns a new database with the whole schema on the test binary's
// server: a copy of one that was migrated once.
func Database(t testing.TB) pgtest.Database {
	t.Helper()
	return On(t, pgtest.Need(t))
}

// On is Database on another server.
func On(t testing.TB, s *pgtest.Server) pgtest.Database {
	t.Helper()
	return s.Database(t, "migrated", func(ctx context.Context, superURL string) error {
		_, err := postgres.Migrate(ctx, superURL, nil)
		return err
	})
}

// Settings returns the settings of a store in a database whose roles have the
// addresses that url returns.
func Settings(url func(role string) string) map[string]string {
	return map[string]string{
		"WOOCHAT_DATABASE_URL":         url("app_runtime"),
		"WOOCHAT_LEDGER_DATABASE_URL":  url("app_ledger"),
		"WOOCHAT_SERVICE_DATABASE_URL": url("app_service"),
	}
}
