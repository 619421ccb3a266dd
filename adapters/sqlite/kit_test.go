package sqlite

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/migrations"
	"github.com/aiwoochat/woochat/test/porttest"
)

// migratedFile is woochat.db as Open makes it in an empty folder: made once,
// because the race detector makes each migration a second's work.
var migratedFile = sync.OnceValues(func() (data []byte, err error) {
	dir, err := os.MkdirTemp("", "migrated")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db, err := Open(context.Background(), Config{Dir: dir, Now: time.Now, NewID: porttest.NewID})
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, mainFile))
})

// migratedDir returns a new data folder as a server leaves it that was started
// once and stopped. What Open does with an empty one is tested in db_test.go.
func migratedDir(t testing.TB) string {
	t.Helper()
	data, err := migratedFile()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, mainFile), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A copy is what Open makes of nothing: of the same schema, and with no rows.
func TestMigratedDir(t *testing.T) {
	schema := func(db *DB) map[string]string {
		t.Helper()
		var rows []struct{ Name, SQL string }
		if err := db.reader.Select(&rows, `select name, coalesce(sql, '') as sql from sqlite_schema`); err != nil {
			t.Fatal(err)
		}
		out := make(map[string]string)
		for _, r := range rows {
			out[r.Name] = r.SQL
		}
		return out
	}
	copied, anew := openAt(t, migratedDir(t), false), openAt(t, t.TempDir(), false)
	got, want := schema(copied), schema(anew)
	for name, sql := range want {
		if got[name] != sql {
			t.Errorf("%s is\n%s\nin a copy, and when made anew\n%s", name, got[name], sql)
		}
	}
	if len(got) != len(want) {
		t.Errorf("a copy has %d tables and the like, one made anew %d", len(got), len(want))
	}
	files, err := fs.Glob(migrations.SQLite(), "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	var applied int
	if err := copied.reader.Get(&applied, `select count(*) from goose_db_version where version_id > 0`); err != nil || applied != len(files) {
		t.Errorf("a copy has %d migrations and error %v, want %d", applied, err, len(files))
	}
	if names := tenantNames(t, copied); len(names) != 0 {
		t.Errorf("a copy has the tenants %q", names)
	}
}
