package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/migrations"
	"github.com/aiwoochat/woochat/ports"
)

// epoch is the time of the tests' clock.
var epoch = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func fixedClock() time.Time { return epoch }

// countingIDs returns ids that are UUIDs in form, in order, and the same in
// every run.
func countingIDs() ports.NewID {
	var n atomic.Int64
	return func() string { return fmt.Sprintf("0197a000-0000-7000-8000-%012x", n.Add(1)) }
}

func openAt(t *testing.T, dir string, exclusive bool) *DB {
	t.Helper()
	db, err := Open(t.Context(), Config{Dir: dir, Exclusive: exclusive, Now: fixedClock, NewID: countingIDs()})
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

func TestOpenMakesAPrivateFolder(t *testing.T) {
	// The name holds what a URI would trip over.
	dir := filepath.Join(t.TempDir(), "shop 50% off?", "data#1")
	db := openAt(t, dir, true)
	if db.Dir() != dir {
		t.Errorf("Dir() = %s, want %s", db.Dir(), dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) == 0 {
		t.Fatalf("there is nothing in %s", dir)
	}
	for _, path := range append([]string{""}, names(entries)...) {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v: others may read it", info.Name(), info.Mode())
		}
	}
}

func names(entries []fs.DirEntry) []string {
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestOpenSetsWhatDurabilityNeeds(t *testing.T) {
	db := openAt(t, t.TempDir(), false)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := db.write(t.Context(), func(tx *sqlx.Tx) error { return tx.Get(&got, "pragma "+pragma) }); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
	err := db.read(t.Context(), func(tx *sqlx.Tx) error {
		_, err := tx.Exec(`insert into tenants (id, name, created_at) values ('a', 'b', 0)`)
		return err
	})
	if err == nil {
		t.Error("a reading transaction could write")
	}
}

func TestOpenAgainFindsTheData(t *testing.T) {
	dir := t.TempDir()
	db, err := Open(t.Context(), Config{Dir: dir, Now: fixedClock, NewID: countingIDs()})
	if err != nil {
		t.Fatal(err)
	}
	if err := insertTenant(t.Context(), db, "first"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	if got := tenantNames(t, openAt(t, dir, false)); len(got) != 1 || got[0] != "first" {
		t.Errorf("tenants are %q, want first", got)
	}
}

func insertTenant(ctx context.Context, db *DB, name string) error {
	return db.write(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.Exec(`insert into tenants (id, name, created_at) values (?, ?, 0)`, db.newID(), name)
		return err
	})
}

func tenantNames(t *testing.T, db *DB) []string {
	t.Helper()
	var got []string
	if err := db.read(t.Context(), func(tx *sqlx.Tx) error { return tx.Select(&got, `select name from tenants order by name`) }); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestOneServerAFolder(t *testing.T) {
	dir := t.TempDir()
	c := Config{Dir: dir, Exclusive: true, Now: fixedClock, NewID: countingIDs()}
	first, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), c)
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Fatalf("the second exclusive Open: got %v, want a *LockedError", err)
	}
	host, _ := os.Hostname()
	if locked.PID != os.Getpid() || locked.Host != host || !locked.Since.Equal(epoch) {
		t.Errorf("the lock is held by %+v, want process %d on %s since %v", locked, os.Getpid(), host, epoch)
	}
	if !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("%q does not name the holder", err)
	}
	beside := openAt(t, dir, false)
	if err := insertTenant(t.Context(), beside, "made by a command"); err != nil {
		t.Errorf("a command beside the server cannot write: %v", err)
	}
	if got := tenantNames(t, first); len(got) != 1 {
		t.Errorf("the server does not see what the command wrote: %q", got)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), c)
	if err != nil {
		t.Fatalf("after the server is gone: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestManyOpenANewFolderAtOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for range 8 {
		wg.Go(func() {
			<-gate
			db, err := Open(t.Context(), Config{Dir: dir, Now: fixedClock, NewID: countingIDs()})
			if err != nil {
				t.Error(err)
				return
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	close(gate)
	wg.Wait()
}

func TestOpenRefusesANewerSchema(t *testing.T) {
	dir := t.TempDir()
	db := openAt(t, dir, false)
	if err := db.write(t.Context(), func(tx *sqlx.Tx) error {
		_, err := tx.Exec(`insert into goose_db_version (version_id, is_applied) values (99990101000000, 1)`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), Config{Dir: dir, Now: fixedClock, NewID: countingIDs()})
	var newer *SchemaError
	if !errors.As(err, &newer) || newer.Have != 99990101000000 || newer.Know >= newer.Have {
		t.Fatalf("got %v, want a *SchemaError", err)
	}
}

func TestMigrateSaysWhichFileIsWrong(t *testing.T) {
	db := openAt(t, t.TempDir(), false)
	files := fstest.MapFS{"99990101000001_broken.sql": {Data: []byte("-- +goose Up\nselect no_such_function();\n")}}
	known, err := fs.Glob(migrations.SQLite(), "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range known {
		data, err := fs.ReadFile(migrations.SQLite(), name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	err = migrate(t.Context(), db.file, files, filepath.Join(db.dir, migrateLock), fixedClock)
	if err == nil || !strings.Contains(err.Error(), "99990101000001") {
		t.Errorf("got %v, want an error that names the broken file", err)
	}
}

func TestOpenRefusesAnIncompleteConfig(t *testing.T) {
	for name, c := range map[string]Config{
		"no folder": {Now: fixedClock, NewID: countingIDs()},
		"no clock":  {Dir: t.TempDir(), NewID: countingIDs()},
		"no ids":    {Dir: t.TempDir(), Now: fixedClock},
	} {
		if _, err := Open(t.Context(), c); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
}

func TestOpenWhereNothingCanBe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("not a folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Config{Dir: path, Now: fixedClock, NewID: countingIDs()}); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("the data folder is a file: got %v, want ErrUnavailable", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, mainFile), []byte(strings.Repeat("this is no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Config{Dir: dir, Now: fixedClock, NewID: countingIDs()}); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("woochat.db is no database: got %v, want ErrUnavailable", err)
	}
}

func TestBackup(t *testing.T) {
	db := openAt(t, t.TempDir(), false)
	if err := insertTenant(t.Context(), db, "kept"); err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	path := filepath.Join(to, mainFile)
	if err := db.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the backup has mode %v, want 0600", info.Mode())
	}
	if got := tenantNames(t, openAt(t, to, false)); len(got) != 1 || got[0] != "kept" {
		t.Errorf("the backup holds tenants %q, want kept", got)
	}

	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Backup(t.Context(), path); !errors.Is(err, ports.ErrConflict) {
		t.Errorf("over an older backup: got %v, want ErrConflict", err)
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("the older backup was changed")
	}

	done, cancel := context.WithCancel(t.Context())
	cancel()
	failed := filepath.Join(to, "failed.db")
	if err := db.Backup(done, failed); !errors.Is(err, context.Canceled) {
		t.Errorf("a done context: got %v, want context.Canceled", err)
	}
	if _, err := os.Stat(failed); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a failed backup left a file behind: %v", err)
	}
}

func TestWriteRollsBack(t *testing.T) {
	db := openAt(t, t.TempDir(), false)
	why := fmt.Errorf("%w: a reason", ports.ErrConflict)
	err := db.write(t.Context(), func(tx *sqlx.Tx) error {
		if _, err := tx.Exec(`insert into tenants (id, name, created_at) values ('x', 'x', 0)`); err != nil {
			return err
		}
		return why
	})
	if !errors.Is(err, why) {
		t.Errorf("got %v, want %v", err, why)
	}
	if got := tenantNames(t, db); len(got) != 0 {
		t.Errorf("a failed transaction left %q behind", got)
	}
}
