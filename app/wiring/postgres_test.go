package wiring_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/test/harness/migrated"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m, pgtest.Options{})) }

// postgresEnv returns the settings of a store on a new database.
func postgresEnv(t *testing.T) map[string]string {
	t.Helper()
	return migrated.Settings(migrated.Database(t).Socket)
}

func TestMigratePrintsAddresses(t *testing.T) {
	s := pgtest.Own(t, pgtest.Options{}) // whose roles nobody has made
	d := s.Database(t, "empty", nil)
	cfg := load(t, map[string]string{"WOOCHAT_OWNER_DATABASE_URL": d.Superuser()})
	list, err := wiring.MigrationStatus(t.Context(), cfg)
	if err != nil || len(list) < 10 || !list[0].Applied.IsZero() {
		t.Fatalf("status before: %+v, %v", list, err)
	}
	done, err := wiring.Migrate(t.Context(), cfg)
	if err != nil || len(done.Ran) != len(list) {
		t.Fatalf("ran %d of %d files: %v", len(done.Ran), len(list), err)
	}
	for i, want := range []struct{ role, setting string }{
		{"app_runtime", "WOOCHAT_DATABASE_URL"}, {"app_ledger", "WOOCHAT_LEDGER_DATABASE_URL"}, {"app_service", "WOOCHAT_SERVICE_DATABASE_URL"},
	} {
		l := done.Logins[i]
		if l.Role != want.role || l.Setting != want.setting || !l.New || !strings.HasPrefix(l.URL, "postgres://"+want.role+":") || strings.Contains(l.URL, ":...@") {
			t.Errorf("login %+v, want a new address of %s for %s", l, want.role, want.setting)
		}
	}
	again, err := wiring.Migrate(t.Context(), cfg)
	if err != nil || len(again.Ran) != 0 || again.Logins[0].New || !strings.Contains(again.Logins[0].URL, ":...@") {
		t.Errorf("again: %+v, %v", again, err)
	}
	if list, err = wiring.MigrationStatus(t.Context(), cfg); err != nil || list[len(list)-1].Applied.IsZero() {
		t.Errorf("status after: %+v, %v", list, err)
	}
}

func TestPostgresIsRefused(t *testing.T) {
	d := migrated.Database(t)
	bare := pgtest.Need(t).Database(t, "bare", nil)
	for _, c := range []struct {
		name   string
		change map[string]string
		says   string
	}{
		{"superuser", map[string]string{"WOOCHAT_DATABASE_URL": d.Superuser()}, "nosuperuser"},
		{"service login as runtime", map[string]string{"WOOCHAT_DATABASE_URL": d.Socket("app_service")}, "revoke service_role"},
		{"no schema", migrated.Settings(bare.Socket), "woochat migrate up"},
		{"runtime login as ledger", map[string]string{"WOOCHAT_LEDGER_DATABASE_URL": d.Socket("app_runtime")}, "WOOCHAT_LEDGER_DATABASE_URL"},
		{"runtime login as service", map[string]string{"WOOCHAT_SERVICE_DATABASE_URL": d.Socket("app_runtime")}, "WOOCHAT_SERVICE_DATABASE_URL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := migrated.Settings(d.Socket)
			env["WOOCHAT_DATA_DIR"] = t.TempDir()
			maps.Copy(env, c.change)
			app, err := wiring.Start(t.Context(), load(t, env), wiring.Options{Log: slog.New(slog.DiscardHandler)})
			if err == nil {
				_ = app.Stop(context.Background())
			}
			if !errors.Is(err, wiring.ErrConfig) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want a configuration error that says %q", err, c.says)
			}
		})
	}
}

// TestPostgresKeeps shows that a second process finds what the first one made.
func TestPostgresKeeps(t *testing.T) {
	env := postgresEnv(t)
	env["WOOCHAT_DATA_DIR"] = t.TempDir()
	app, err := wiring.Start(t.Context(), load(t, env), wiring.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	made, err := app.Administering.CreateTenant(t.Context(), administering.Operator(), "Company", "owner@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	env["WOOCHAT_DATA_DIR"] = t.TempDir()
	if app, err = wiring.Start(t.Context(), load(t, env), wiring.Options{Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = app.Stop(context.Background()) }()
	list, err := app.Administering.ListTenants(t.Context(), administering.Operator(), "", 10)
	if err != nil || len(list) != 1 || list[0].ID != made.ID {
		t.Errorf("got %+v, %v, want %s", list, err, made.ID)
	}
}
