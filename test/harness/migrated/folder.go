package migrated

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/adapters/system"
)

// files are those of a data folder that was opened once and closed: made once a
// test binary, because the race detector makes each migration a second's work.
var files = sync.OnceValues(func() (all map[string][]byte, err error) {
	dir, err := os.MkdirTemp("", "migrated")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db, err := sqlite.Open(context.Background(), sqlite.Config{Dir: dir, Now: system.Now, NewID: system.NewID})
	if err != nil {
		return nil, err
	}
	index, err := sqlite.OpenIndex(context.Background(), sqlite.IndexConfig{Dir: dir})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := errors.Join(index.Close(), db.Close()); err != nil {
		return nil, err
	}
	all = make(map[string][]byte)
	for _, name := range []string{"woochat.db", "index.db"} {
		if all[name], err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	return all, nil
})

// Folder returns a new data folder with SQLite's whole schema and nothing in
// it, as a server leaves it that was started and stopped.
func Folder(t testing.TB) string {
	t.Helper()
	all, err := files()
	if err != nil {
		t.Fatalf("make a data folder: %v", err)
	}
	dir := t.TempDir()
	for name, data := range all {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
