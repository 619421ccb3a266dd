package rls

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// mutation is one wall torn down, or one right taken away.
type mutation struct {
	name, statement string
	table           string   // the cells of this table must notice
	roles           []string // of these roles; nil: of all
	audited         bool     // the catalogue's rules may notice it alone
}

// mutations are all that can be lost of the walls of the database of tx: each
// policy, row-level security and its force on each table; and all that can be
// given away with one grant.
func mutations(t testing.TB, tx *sql.Tx) []mutation {
	t.Helper()
	var all []mutation
	for _, name := range list[string](t, tx, "select tablename from pg_tables where schemaname = 'public' order by 1") {
		for _, policy := range list[string](t, tx, "select policyname from pg_policies where schemaname = 'public' and tablename = $1 order by 1", name) {
			roles := list[string](t, tx, "select unnest(roles)::text from pg_policies where schemaname = 'public' and tablename = $1 and policyname = $2", name, policy)
			all = append(all, mutation{name: "drop policy " + policy + " on " + name, table: name, roles: roles, statement: fmt.Sprintf("drop policy %q on public.%s", policy, name)})
		}
		all = append(all,
			mutation{name: "disable row-level security on " + name, table: name, audited: true, statement: "alter table public." + name + " disable row level security"},
			mutation{name: "do not force row-level security on " + name, table: name, audited: true, roles: []string{"app_owner"}, statement: "alter table public." + name + " no force row level security"})
		for _, role := range []string{"anon", "authenticated", "app_widget", "app_runtime", "app_ledger", "app_service", "service_role", "public"} {
			m := mutation{name: "grant all on " + name + " to " + role, table: name, roles: []string{role}, statement: "grant all on public." + name + " to " + role}
			if role == "public" || role[:4] == "app_" {
				m.roles = []string{"app_widget", "anon", ""} // the logins have no role
			}
			all = append(all, m)
		}
	}
	return all
}

// TestEveryWallIsNeeded tears down one after the other, each in a transaction
// that is rolled back, and has the matrix look: it must notice. A policy that
// can be dropped unnoticed is not needed, or not tested.
func TestEveryWallIsNeeded(t *testing.T) {
	super := open(t, plain(t).Superuser())
	super.SetMaxOpenConns(1)
	cellsOf := cells(readTables(t))
	tx, err := super.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	exact := counts(t, tx, cellsOf)
	all := mutations(t, tx)
	if len(all) < 250 {
		t.Errorf("%d walls", len(all))
	}
	do(t, tx, probe)
	if noticed(t, tx, mutation{table: "sites", audited: true}, cellsOf, exact) {
		t.Fatal("something is noticed where all walls stand")
	}
	for _, m := range all {
		do(t, tx, "savepoint wall")
		do(t, tx, m.statement)
		if !noticed(t, tx, m, cellsOf, exact) {
			t.Errorf("%s: nothing notices", m.name)
		}
		do(t, tx, "rollback to savepoint wall")
	}
	_ = tx.Rollback()
	t.Logf("%d walls", len(all))
}

func noticed(t *testing.T, tx *sql.Tx, m mutation, all []cell, exact map[string]int64) bool {
	t.Helper()
	some := slices.DeleteFunc(slices.Clone(all), func(c cell) bool {
		return c.table != m.table || m.roles != nil && !slices.Contains(m.roles, c.Role)
	})
	// What tells a wall from none is nearly always among these.
	first := slices.DeleteFunc(slices.Clone(some), func(c cell) bool { return c.rows == "" && !strings.HasPrefix(c.SQL, truncate) })
	for _, part := range [][]cell{first, some} {
		if len(matrix(t, tx, part, exact)) > 0 {
			return true
		}
	}
	return m.audited && len(audit(t, tx)) > 0
}
