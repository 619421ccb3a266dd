package rls

import (
	"bufio"
	"database/sql"
	_ "embed" // of what is expected
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/test/harness/pgtest"
)

// may is what is allowed: table, actor, and a place's name or "self", to verbs.
type may map[string]map[string]map[string]string

const verbs = "rcudt"

func columns() []string { return []string{"own", "sibling", "other", "nobody", "self"} }

//go:embed testdata/tables.txt
var tablesText string

// readTables reads testdata/tables.txt.
func readTables(t testing.TB) may {
	t.Helper()
	known := map[string]bool{}
	for _, a := range actors() {
		known[a.name] = true
	}
	all, name := may{}, ""
	for s := bufio.NewScanner(strings.NewReader(tablesText)); s.Scan(); {
		line := s.Text()
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#":
			continue
		case len(words) == 1:
			name = words[0]
			all[name] = map[string]map[string]string{}
			continue
		case len(words) <= len(columns()) || name == "":
			t.Fatalf("tables.txt: %q is no line of actors and %d columns", line, len(columns()))
		}
		n := len(words) - len(columns())
		row := map[string]string{}
		for i, c := range columns() {
			row[c] = strings.Trim(words[n+i], "-")
			if strings.Trim(row[c], verbs) != "" {
				t.Fatalf("tables.txt: %q is no list of verbs", row[c])
			}
		}
		for _, actor := range words[:n] {
			if !known[actor] || all[name][actor] != nil {
				t.Fatalf("tables.txt: %s: there is no actor %q, or it has two lines", name, actor)
			}
			all[name][actor] = row
		}
	}
	return all
}

// cell is one statement of one actor, and what must come of it.
type cell struct {
	Name     string            `json:"-"`
	N        int               `json:"n"`
	Login    string            `json:"login"`
	Role     string            `json:"role"`
	Settings map[string]string `json:"settings"`
	// Before is run by the superuser: what the statement needs to be valid.
	Before string `json:"before"`
	SQL    string `json:"sql"`
	// Counts: the statement returns how many; else the rows it changed count.
	Counts bool `json:"counts"`

	allowed bool
	rows    string // a query of the superuser's for the exact number; "": at least one
	table   string
}

// cells makes the matrix: each actor's verbs at each place, and once more
// without saying where, which must reach the rows of all allowed places and no
// other: an update or delete that reads nothing is not bound by what may be
// read.
func cells(expected may) []cell {
	var all []cell
	for _, a := range actors() {
		for _, t := range tables() {
			all = append(all, placed(a, t, expected[t.name][a.name])...)
			all = append(all, everywhere(a, t, expected[t.name][a.name])...)
		}
	}
	all = append(all, special()...)
	for i := range all {
		all[i].N = i
	}
	return all
}

func (a actor) cell(t table, what string, allowed bool, statement string) cell {
	return cell{
		Name: fmt.Sprintf("%s: %s %s", t.name, a.name, what), table: t.name,
		Login: a.login, Role: a.role, Settings: a.settings, SQL: statement, allowed: allowed,
	}
}

func placed(a actor, t table, row map[string]string) []cell {
	var all []cell
	for _, p := range places() {
		for _, v := range "rcud" {
			c := a.cell(t, fmt.Sprintf("%c %s", v, p.name), strings.ContainsRune(row[p.name], v), "")
			at := t.at(p)
			switch v {
			case 'r':
				c.SQL, c.Counts = "select count(*) from public."+t.name+" where "+t.narrowed(at), true
			case 'c':
				made := t.row(p, "new")
				if len(made) == 0 {
					continue
				}
				c.SQL = made[len(made)-1]
			case 'u':
				c.SQL = "update public." + t.name + " set " + t.set + " where " + t.narrowed(at)
			case 'd':
				c.SQL = "delete from public." + t.name + " where " + t.narrowed(at)
			}
			all = append(all, c)
		}
	}
	return all
}

func (t table) narrowed(at string) string {
	if t.only != "" {
		return at + " and " + t.only
	}
	return at
}

func everywhere(a actor, t table, row map[string]string) []cell {
	var all []cell
	for _, v := range "rud" {
		where := "false"
		for _, p := range places() {
			if strings.ContainsRune(row[p.name], v) {
				where += " or " + t.at(p)
			}
		}
		if strings.ContainsRune(row["self"], v) {
			where += fmt.Sprintf(" or user_id = '%s'", a.person)
		}
		c := a.cell(t, fmt.Sprintf("%c without where", v), where != "false", "")
		if c.allowed && (a.role == "service_role" || a.role == "app_owner") {
			where = "true" // those of the fixture, and all that were there before
		}
		c.rows = "select count(*) from public." + t.name + " where " + where
		switch {
		case v == 'r':
			c.SQL, c.Counts = "select count(*) from public."+t.name, true
		case t.mixed:
			continue
		case v == 'u':
			c.SQL = "update public." + t.name + " set " + t.set
		case v == 'd':
			c.SQL = "delete from public." + t.name
		}
		all = append(all, c)
	}
	if a.role != "app_owner" { // the owner may do with a table what he likes
		all = append(all, a.cell(t, "t", strings.Contains(row["own"], "t"), truncate+t.name))
	}
	if a.person == "" || t.name != "user_tenants" && t.name != "platform_users" {
		return all
	}
	self := fmt.Sprintf("user_id = '%s'", a.person)
	join := fmt.Sprintf("insert into public.platform_users (user_id) values ('%s')", a.person)
	if t.name == "user_tenants" {
		join = fmt.Sprintf("insert into public.user_tenants (tenant_id, user_id, role) values ('%s', '%s', 'owner')", places()[2].tenant, a.person)
	}
	for v, statement := range map[rune]string{
		'r': "select count(*) from public." + t.name + " where " + self, 'c': join,
		'u': "update public." + t.name + " set " + t.set + " where " + self, 'd': "delete from public." + t.name + " where " + self,
	} {
		c := a.cell(t, fmt.Sprintf("%c self", v), strings.ContainsRune(row["self"], v), statement)
		c.Counts = v == 'r'
		all = append(all, c)
	}
	return all
}

// special are cells that the table cannot say: rows of one table that differ in
// more than their place.
func special() []cell {
	var all []cell
	own := places()[0]
	for _, a := range actors() {
		is := func(names ...string) bool { return slices.Contains(names, a.name) }
		owner := is("owner", "key-owner", "service", "app_owner")
		admin := owner || is("admin", "admin-old-claims", "dual", "key-admin", "key-and-person")
		keys := table{name: "api_keys"}
		for role, allowed := range map[string]bool{"owner": owner, "admin": admin, "support": admin} {
			all = append(all, a.cell(keys, "makes a key of role "+role, allowed, apiKey(own, "new", "api", role)))
			raise := a.cell(keys, "gives a key the role "+role, is("service", "app_owner"),
				fmt.Sprintf("update public.api_keys set role = '%s' where id = '%s'", role, id("key", "key-support")))
			all = append(all, raise)
		}
		all = append(all,
			a.cell(keys, "disables an owner's key", admin, fmt.Sprintf("update public.api_keys set disabled = true where id = '%s'", id("key", "key-owner"))),
			a.cell(keys, "renames an owner's key", owner, fmt.Sprintf("update public.api_keys set name = 'changed' where id = '%s'", id("key", "key-owner"))),
			a.cell(keys, "enables an owner's key", owner, fmt.Sprintf("update public.api_keys set disabled = false where id = '%s'", id("key", "key-disabled"))),
			a.cell(keys, "takes over an owner's key", is("service", "app_owner"), fmt.Sprintf("update public.api_keys set role = 'admin', key_hash = '%s' where id = '%s'", hash("x"), id("key", "key-owner"))),
			a.cell(table{name: "sites"}, "moves a site to another tenant", is("service", "app_owner"),
				fmt.Sprintf("update public.sites set tenant_id = '%s' where id = '%s'", places()[2].tenant, own.site)),
			a.cell(table{name: "user_tenants"}, "makes a member an owner", is("owner", "service", "app_owner"),
				fmt.Sprintf("update public.user_tenants set role = 'owner' where tenant_id = '%s' and user_id = '%s'", own.tenant, id("person", own.tenant, "first"))))
	}
	return all
}

const truncate = "truncate public."

// probe runs cells in the database, each in a subtransaction that is undone:
// thousands in one round trip.
const probe = `
create or replace function pg_temp.probe(p_cells json) returns table (n int, count bigint, code text, says text) language plpgsql as $$
declare
    c record;
    s record;
begin
    for c in select x.n, x.login, x.role, x.settings, x.before, x.sql, x.counts
             from json_to_recordset(p_cells) as x (n int, login text, role text, settings json, before text, sql text, counts boolean) loop
        n := c.n;
        begin
            if c.before <> '' then execute c.before; end if;
            for s in select * from json_each_text(c.settings) loop
                perform set_config(s.key, s.value, true);
            end loop;
            if c.login <> '' then perform set_config('session_authorization', c.login, true); end if;
            if c.role <> '' then perform set_config('role', c.role, true); end if;
            if c.counts then execute c.sql into count; else execute c.sql; get diagnostics count = row_count; end if;
            set constraints all immediate; -- what a commit would check
            raise exception using errcode = 'P0999', message = count::text;
        exception
            when sqlstate 'P0999' then count := sqlerrm::bigint; code := ''; says := '';
            when others then count := 0; code := sqlstate; says := sqlerrm;
        end;
        return next;
    end loop;
end
$$`

type outcome struct {
	count      int64
	code, says string
}

// run runs cells by the superuser's transaction.
func run(t testing.TB, tx *sql.Tx, all []cell) map[int]outcome {
	t.Helper()
	do(t, tx, probe)
	for i := range all {
		if all[i].Settings == nil {
			all[i].Settings = map[string]string{}
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := tx.QueryContext(t.Context(), "select n, count, code, says from pg_temp.probe($1)", string(text))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	got := map[int]outcome{}
	for rows.Next() {
		var n int
		var o outcome
		if err := rows.Scan(&n, &o.count, &o.code, &o.says); err != nil {
			t.Fatal(err)
		}
		got[n] = o
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return got
}

// judge returns what is wrong with what came of a cell.
func judge(c cell, o outcome, exact int64) string {
	// A constraint is looked at after the policies: they let the row pass.
	passed := strings.HasPrefix(o.code, "23")
	if strings.HasPrefix(c.SQL, truncate) {
		// It asks no policy, and no row: whoever is not refused by his rights has
		// done it, but for foreign keys and the triggers of what was recorded.
		passed = o.code != "42501" || strings.Contains(o.says, "never changed")
	}
	switch {
	case !c.allowed && (passed || o.count != 0):
		return fmt.Sprintf("%s: is allowed (%d rows %s %s)", c.Name, o.count, o.code, o.says)
	case !c.allowed && o.code == "", !c.allowed && o.code == "42501":
		return ""
	case !c.allowed && strings.HasPrefix(o.code, "22") && (strings.Contains(c.Name, "-bad") || strings.Contains(c.Name, "-no-uuid")):
		return "" // a setting that cannot be read
	case !c.allowed:
		return fmt.Sprintf("%s: is not refused but fails: %s %s", c.Name, o.code, o.says)
	case passed:
		return ""
	case o.code != "":
		return fmt.Sprintf("%s: must be allowed, and fails: %s %s", c.Name, o.code, o.says)
	case c.rows != "" && o.count != exact:
		return fmt.Sprintf("%s: reaches %d rows, want %d", c.Name, o.count, exact)
	case o.count == 0:
		return fmt.Sprintf("%s: must be allowed, and reaches no row", c.Name)
	}
	return ""
}

// counts is how many rows each cell that says so must reach. It is asked before
// anything is broken on purpose.
func counts(t testing.TB, tx *sql.Tx, all []cell) map[string]int64 {
	t.Helper()
	exact := map[string]int64{}
	for _, c := range all {
		if _, ok := exact[c.rows]; c.rows != "" && !ok {
			exact[c.rows] = one[int64](t, tx, c.rows)
		}
	}
	return exact
}

// matrix returns what is wrong in the database of tx.
func matrix(t testing.TB, tx *sql.Tx, all []cell, exact map[string]int64) []string {
	t.Helper()
	got := run(t, tx, all)
	byName := map[string]outcome{}
	var wrong []string
	for _, c := range all {
		o, ok := got[c.N]
		if !ok {
			t.Fatalf("%s was not run", c.Name)
		}
		byName[c.Name] = o
		if w := judge(c, o, exact[c.rows]); w != "" {
			wrong = append(wrong, w)
		}
	}
	// What another tenant has is refused in the very words in which it is refused
	// where there is no tenant.
	for _, c := range all {
		what, ok := strings.CutSuffix(c.Name, " other")
		if !ok || c.allowed || c.table == "platform_users" || c.Role == "service_role" || c.Role == "app_owner" || strings.HasPrefix(byName[c.Name].code, "22") {
			continue
		}
		if other, nobody := byName[c.Name], byName[what+" nobody"]; other != nobody {
			wrong = append(wrong, fmt.Sprintf("%s: %v, and where nobody is: %v", c.Name, other, nobody))
		}
	}
	return wrong
}

func TestMatrix(t *testing.T) { everyCell(t, plain(t)) }

func everyCell(t *testing.T, d pgtest.Database) {
	t.Helper()
	expected := readTables(t)
	tx := begin(t, d.Superuser())
	var have []string
	for _, name := range list[string](t, tx, `select c.relname from pg_class c where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
		and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'i') order by 1`) {
		have = append(have, name)
		if expected[name] == nil {
			t.Errorf("testdata/tables.txt does not say who may do what on %s", name)
		}
	}
	for name := range expected {
		if !slices.Contains(have, name) {
			t.Errorf("testdata/tables.txt has lines for %s, which is not there", name)
		}
	}
	for _, tab := range tables() {
		if !slices.Contains(have, tab.name) {
			t.Fatalf("rows are made for a table %s, which is not there", tab.name)
		}
	}
	for _, name := range have {
		if !slices.ContainsFunc(tables(), func(t table) bool { return t.name == name }) {
			t.Errorf("tables_test.go does not say how a row of %s is made", name)
		}
	}
	all := cells(expected)
	t.Logf("%d cells", len(all))
	for _, wrong := range matrix(t, tx, all, counts(t, tx, all)) {
		t.Error(wrong)
	}
}
