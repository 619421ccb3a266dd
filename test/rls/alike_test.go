package rls

import (
	"bufio"
	"database/sql"
	_ "embed" // of what differs
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/test/porttest"
)

// types are how SQLite keeps what a column of Postgres holds: ids, days and JSON
// as text, times as microseconds, yes and no as 1 and 0.
func types() map[string]string {
	return map[string]string{
		"uuid": "text", "date": "text", "jsonb": "text", "text": "text",
		"bigint": "integer", "integer": "integer", "boolean": "integer", "bytea": "blob", "timestamp with time zone": "integer",
	}
}

// differences.txt lists, one a line, what only one of the two has, and why.
//
//go:embed testdata/differences.txt
var differencesText string

// TestSchemasAreAlike compares tables, columns, their types and whether they may
// be null, of a new database of either kind.
func TestSchemasAreAlike(t *testing.T) {
	dir := t.TempDir()
	embedded, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir, Now: time.Now, NewID: porttest.NewID})
	if err != nil {
		t.Fatal(err)
	}
	if err := embedded.Close(); err != nil {
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", filepath.Join(dir, "woochat.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	got := map[string]bool{}
	for _, line := range list[string](t, other, `select t.name || '.' || c.name || ' ' || lower(c.type) || case when c."notnull" or c.pk then ' not null' else '' end
		from sqlite_master t join pragma_table_info(t.name) c where t.type = 'table' and t.name not like 'sqlite%' and t.name not like 'goose%'`) {
		got[line] = true
	}
	want := map[string]bool{}
	rows, err := open(t, plain(t).Superuser()).QueryContext(t.Context(), `select table_name || '.' || column_name, data_type, is_nullable = 'NO' from information_schema.columns where table_schema = 'public'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name, kind string
		var required bool
		if err := rows.Scan(&name, &kind, &required); err != nil {
			t.Fatal(err)
		}
		if types()[kind] == "" {
			t.Errorf("%s: no type of SQLite stands for %s", name, kind)
		}
		line := name + " " + types()[kind]
		if required {
			line += " not null"
		}
		want[line] = true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if len(want) < 150 || len(got) < 150 {
		t.Fatalf("%d columns on Postgres, %d on SQLite", len(want), len(got))
	}
	known := knownDifferences(t)
	for _, d := range differences(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))) {
		if !known[d] {
			t.Errorf("%s (- is on Postgres alone, + on SQLite alone)", d)
		}
		delete(known, d)
	}
	for d := range known {
		t.Errorf("testdata/differences.txt says without need: %s", d)
	}
}

func knownDifferences(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	for s := bufio.NewScanner(strings.NewReader(differencesText)); s.Scan(); {
		if s.Text() == "" || strings.HasPrefix(s.Text(), "#") {
			continue
		}
		line, why, ok := strings.Cut(s.Text(), ": ")
		if !ok || strings.TrimSpace(why) == "" {
			t.Errorf("testdata/differences.txt: %q does not say why", s.Text())
		}
		known[strings.TrimSpace(line)] = true
	}
	return known
}
