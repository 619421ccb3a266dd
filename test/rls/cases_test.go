package rls

import (
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/lib/pq"

	"github.com/aiwoochat/woochat/test/harness/pgtest"
)

// What a case must come to; anything else is the value of the first column.
const (
	refused = "refused"         // an error that says so
	none    = "refused or none" // or no row is returned or changed
	done    = "done"            // rows are changed
)

// attack is what one actor tries, statement by statement, in one transaction; what the
// last one comes to counts.
type attack struct {
	id, what, actor, must string
	sql                   string // statements, separated by lines of ;
}

// named returns what stands for $A, $A1, $B, $B1 and other ids in a case.
func named() *strings.Replacer {
	p := places()
	q := func(s string) string { return "'" + s + "'" }
	return strings.NewReplacer(
		"$A1", q(p[0].site), "$A", q(p[0].tenant), "$B1", q(p[2].site), "$B", q(p[2].tenant),
		"$new", q(id("new")), "$admin", q(id("person", "admin")), "$owner", q(id("person", "owner")), "$support", q(id("person", "support")), "$stranger", q(id("person", "stranger")),
		"$event", q(id("usage_events", p[0].site, "first")), "$talk", q(id("conversations", p[2].site, "first")), "$told", q(id("conversations", p[0].site, "first")),
	)
}

// cases are those of every schema that keeps tenants apart, by their known ids,
// and what was measured on Postgres to go wrong (T).
func cases() []attack {
	return []attack{
		{"P01", "a member reads his tenant's events", "admin", "1", "select count(*) from usage_events where id = $event"},
		{"P02", "support reads daily usage", "support", "1", "select count(*) from usage_daily where site_id = $A1"},
		{"P03", "an admin adds a site", "admin", done, "insert into sites (id, tenant_id, name) values ($new, $A, 'n')"},
		{"P04", "an owner adds a member", "owner", done, "insert into user_tenants (tenant_id, user_id, role) values ($A, $new, 'support')"},
		{"P05", "one's own role", "support", "support", "select get_user_tenant_role($A)"},
		{"P06", "a person of the platform is one", "super", "true", "select is_super_admin()"},
		{"P07", "a member of two sees two", "dual", "2", "select count(*) from tenants"},
		{"R01", "all rows", "admin", "0", "select count(*) from sites where tenant_id <> $A"},
		{"R02", "rows of another tenant by its id", "admin", none, "select 1 from conversations where tenant_id = $B"},
		{"R03", "a row by its key", "admin", none, "select 1 from conversations where id = $talk"},
		{"R04", "a condition that is always true", "admin", "0", "select count(*) filter (where tenant_id <> $A) from usage_events where tenant_id = $A or 1 = 1"},
		{"R06", "an aggregate over all", "admin", "true", "select min(id::text) = $A and max(id::text) = $A from tenants"},
		{"R07", "a join with guessed ids", "admin", none, "select 1 from unnest(array[$B1, $new]::uuid[]) k (id) join sites s on s.id = k.id"},
		{"R08", "a materialized CTE, and lateral", "admin", none, "with x as materialized (select * from messages) select 1 from tenants t cross join lateral (select * from x where x.tenant_id = $B) y"},
		{"M01", "no claims", "nobody", none, "select 1 from sites"},
		{"M02", "empty claims", "claims-empty", none, "select 1 from sites"},
		{"M03", "claims that are no JSON", "claims-bad", none, "select 1 from sites"},
		{"M04", "claims that name nobody", "claims-no-sub", none, "select 1 from sites"},
		{"W01", "a site for another tenant", "admin", refused, "insert into sites (id, tenant_id, name) values ($new, $B, 'n')"},
		{"W02", "the last of several rows is another's", "admin", refused, "insert into sites (id, tenant_id, name) values ($new, $A, 'n'), (gen_random_uuid(), $B, 'n')"},
		{"W03", "a row moves to another tenant", "admin", refused, "update sites set tenant_id = $B where id = $A1"},
		{"W04", "a row of another tenant", "admin", none, "update sites set name = 'x' where id = $B1"},
		{"W05", "an update of all rows", "admin", none, "with u as (update sites set name = 'x' returning tenant_id) select 1 from u where tenant_id <> $A"},
		{"W06", "a delete of another's row", "owner", none, "delete from sites where id = $B1"},
		{"W07", "a delete by a join", "owner", none, "delete from sites s using tenants t where s.tenant_id <> t.id"},
		{"W08", "an upsert on another's key", "admin", refused, "insert into sites (id, tenant_id, name) values ($B1, $A, 'n') on conflict (id) do update set name = 'x'"},
		{"E01", "support adds a site", "support", refused, "insert into sites (id, tenant_id, name) values ($new, $A, 'n')"},
		{"E02", "support changes a site", "support", none, "update sites set name = 'x' where id = $A1"},
		{"E03", "support deletes a site", "support", none, "delete from sites where id = $A1"},
		{"E04", "an admin deletes a site", "admin", none, "delete from sites where id = $A1"},
		{"E05", "an admin makes himself an owner elsewhere", "admin", refused, "insert into user_tenants (tenant_id, user_id, role) values ($B, $admin, 'owner')"},
		{"E06", "a stranger joins", "stranger", refused, "insert into user_tenants (tenant_id, user_id, role) values ($A, $stranger, 'support')"},
		{"E07", "support raises himself", "support", none, "update user_tenants set role = 'owner' where user_id = $support"},
		{"E08", "an admin raises himself", "admin", none, "update user_tenants set role = 'owner' where user_id = $admin"},
		{"F01", "the role that passes all policies", "admin", refused, "set role service_role"},
		{"F01", "... from the login", "admin", refused, "reset role\n;\nset role service_role"},
		{"F02", "the owner's role", "admin", refused, "reset role\n;\nset role app_owner"},
		{"F02", "the ledger's", "admin", refused, "reset role\n;\nset role app_ledger"},
		{"F03", "another session user", "admin", refused, "set session authorization app_owner"},
		{"F04", "row-level security off", "admin", refused, "set local row_security = off\n;\nselect 1 from sites"},
		{"F04", "... for a shopper", "widget", refused, "set local row_security = off\n;\nselect 1 from conversations"},
		{"F05", "row-level security disabled", "admin", refused, "alter table sites disable row level security"},
		{"F06", "a policy dropped", "admin", refused, "drop policy key_site on sites"},
		{"G01", "an owner moves his site's day ahead, where its limits are fresh", "owner", refused, "update sites set zone_floor = '2030-01-01' where id = $A1"},
		{"G01", "... by its zone", "owner", refused, "update sites set timezone = 'Pacific/Kiritimati' where id = $A1"},
		{"G01", "... with a new site", "owner", refused, "insert into sites (id, tenant_id, name, url, zone_floor) values ($new, $A, 'n', 'https://x.example.com', '2030-01-01')"},
		{"O01", "an address that another tenant has", "admin", done, "insert into sites (id, tenant_id, name, url) select $new, $A, 'n', 'https://b.example.com'"},

		{"T01", "a foreign key to another's row", "widget", "false", saysTheSame("$talk", "$new")},
		{"T02", "a unique key that another has", "widget", "false", saysTheSame2()},
		{"T03", "what a transaction of before left behind is nobody", "widget-empty", none, "select 1 from conversations"},
		{"T04", "truncate", "owner", refused, "truncate sites cascade"},
		{"T05", "a condition that tells what it sees", "admin", none, `create function pg_temp.tells(t uuid) returns boolean cost 0.0000001 language plpgsql as
			$f$begin if t = $B then raise exception 'seen'; end if; return false; end$f$` + "\n;\nselect 1 from sites where pg_temp.tells(tenant_id)"},
		{"T06", "a lock on another's row", "admin", none, "select 1 from sites where id = $B1 for update"},
		{"T07", "notes of what a column holds", "admin", "0", "select count(*) from pg_catalog.pg_stats where schemaname = 'public'"},
		{"T08", "a view of one's own", "admin", refused, "create view public.x as select * from sites"},
		{"T09", "somebody else's hash in a look-up", "admin", refused, "select * from scope_of_site_key('x')"},
		{"T10", "the ledger's function", "owner", refused, "select * from ledger_reserve('{}')"},
		{"T11", "a key that is told where to look", "key-admin", "0", "select count(*) from sites where id <> $A1"},
		{"T12", "the helpers of the policies", "admin", refused, "select private.takes('sites', '{}')"},
		{"T13", "the whole key", "admin", refused, "select private.key()"},
		{"T15", "an event that is taken its names", "service", refused, "update usage_events set conversation_id = null, message_id = null where site_id = $A1"},
		{"T15", "... and its cost, by the owner himself", "app_owner", refused, "update usage_events set conversation_id = null, message_id = null, cost = cost + 1 where site_id = $A1"},
		{"T15", "... or given another name", "app_owner", refused, "update usage_events set conversation_id = null, message_id = $new where site_id = $A1"},
		{"T15", "... which he alone may, and nothing else", "app_owner", done, "update usage_events set conversation_id = null, message_id = null where site_id = $A1"},
		{"T17", "a member brings hints past the receiver", "owner", refused, "select enqueue_changes(now(), '[]')"},
		{"T17", "... and the login by itself", "runtime", refused, "select enqueue_changes(now(), '[]')"},
		{"T17", "a request reads what waits in another site", "widget", none, "select 1 from pending_changes where site_id <> $A1"},
		{"T16", "a member forgets a shopper by himself", "owner", refused, "select erase($A, $A1, $new, '{}')"},
	}
}

// saysTheSame asks whether a shopper is told more about one id than the other.
func saysTheSame(there, nowhere string) string {
	try := func(id string) string {
		return `perform set_config('app.try', '', true); begin insert into messages (id, tenant_id, site_id, conversation_id, visitor_id, seq, question, asked_at, state, attempt, lease_at)
			values (gen_random_uuid(), $A, $A1, ` + id + `, $new, 9, '', now(), 'running', 1, now()); exception when others then perform set_config('app.try', concat(sqlstate, replace(sqlerrm, ` + id + `, '')), true); end;`
	}
	return `do $d$ declare a text; begin ` + try(there) + ` a := current_setting('app.try'); ` + try(nowhere) + `
		perform set_config('app.differs', (a is distinct from current_setting('app.try') or a = '')::text, true); end $d$` + "\n;\nselect current_setting('app.differs')"
}

// saysTheSame2 asks it of a day that another site has, and one that it has not.
func saysTheSame2() string {
	try := func(day string) string {
		return `begin insert into usage_daily (date, tenant_id, site_id) values ('` + day + `', $B, $B1); a := a || 'done'; exception when others then a := a || concat(sqlstate, sqlerrm); end;`
	}
	return `do $d$ declare a text[] := '{}'; begin ` + try("2026-11-05") + try("2026-12-31") + `
		perform set_config('app.differs', (a[1] <> a[2])::text, true); end $d$` + "\n;\nselect current_setting('app.differs')"
}

func TestCases(t *testing.T) { everyCase(t, plain(t)) }

func everyCase(t *testing.T, d pgtest.Database) {
	t.Helper()
	for _, c := range cases() {
		t.Run(c.id+" "+c.what, func(t *testing.T) {
			who := actorNamed(t, c.actor)
			tx := begin(t, urlOf(d, who))
			become(t, tx, who)
			if got := try(t, tx, named().Replace(c.sql)); got != c.must && (c.must != none || got != refused) {
				t.Errorf("came to %q, want %q", got, c.must)
			}
		})
	}
	t.Run("C01 claims do not outlive a commit", func(t *testing.T) { reused(t, d, (*sql.Tx).Commit) })
	t.Run("C02 nor an error", func(t *testing.T) {
		reused(t, d, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(t.Context(), "select 1 / 0"); err == nil {
				return errors.New("no error")
			}
			return tx.Rollback()
		})
	})
	t.Run("C03 a prepared statement sees what its user may", func(t *testing.T) { prepared(t, d) })
	t.Run("T14 copy", func(t *testing.T) { copied(t, d) })
}

func actorNamed(t testing.TB, name string) actor {
	t.Helper()
	i := slices.IndexFunc(actors(), func(a actor) bool { return a.name == name })
	if i < 0 {
		t.Fatalf("there is no actor %q", name)
	}
	return actors()[i]
}

// urlOf returns the address of d for an actor's login.
func urlOf(d pgtest.Database, who actor) string {
	if who.login == superuser {
		return d.Superuser()
	}
	return d.URL(who.login)
}

func become(t testing.TB, tx *sql.Tx, who actor) {
	t.Helper()
	if who.role != "" {
		do(t, tx, "select set_config('role', $1, true)", who.role)
	}
	for k, v := range who.settings {
		do(t, tx, "select set_config($1, $2, true)", k, v)
	}
}

// try runs statements and returns what the last one came to.
func try(t *testing.T, tx *sql.Tx, statements string) string {
	t.Helper()
	all := strings.Split(statements, "\n;\n")
	for _, q := range all[:len(all)-1] {
		do(t, tx, q)
	}
	last := all[len(all)-1]
	if word := strings.Fields(last)[0]; word == "insert" || word == "update" || word == "delete" {
		result, err := tx.ExecContext(t.Context(), last)
		if err != nil {
			return refusal(t, err)
		}
		if n, err := result.RowsAffected(); n > 0 || err != nil {
			return done
		}
		return none
	}
	rows, err := tx.QueryContext(t.Context(), last)
	if err != nil {
		return refusal(t, err)
	}
	defer rows.Close()
	value := none
	if rows.Next() {
		if err := rows.Scan(&value); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		return refusal(t, err)
	}
	return value
}

func refusal(t *testing.T, err error) string {
	t.Helper()
	var server *pq.Error
	if errors.As(err, &server) && (server.Code == "42501" || server.Code == "22P02") {
		return refused
	}
	return err.Error()
}

// reused ends a transaction of an admin, and looks what the next one on its
// connection sees.
func reused(t *testing.T, d pgtest.Database, end func(*sql.Tx) error) {
	t.Helper()
	pool := open(t, d.URL("app_runtime"))
	pool.SetMaxOpenConns(1)
	tx, err := pool.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	become(t, tx, person("admin"))
	if one[int](t, tx, "select count(*) from sites") == 0 {
		t.Error("an admin sees no site")
	}
	if err := end(tx); err != nil {
		t.Fatal(err)
	}
	var server *pq.Error
	if _, err := pool.ExecContext(t.Context(), "select 1 from sites"); !errors.As(err, &server) || server.Code != "42501" {
		t.Errorf("the login reads a table: %v", err)
	}
	for _, role := range []string{"authenticated", "app_widget"} {
		next, err := pool.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		do(t, next, "select set_config('role', $1, true)", role)
		if n := one[int](t, next, "select count(*) from sites"); n != 0 {
			t.Errorf("%s without settings sees %d sites", role, n)
		}
		if err := next.Rollback(); err != nil {
			t.Fatal(err)
		}
	}
}

func prepared(t *testing.T, d pgtest.Database) {
	t.Helper()
	conn, err := open(t, d.URL("app_runtime")).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	set := func(a actor) {
		for k, v := range a.settings {
			if _, err := conn.ExecContext(t.Context(), "select set_config($1, $2, false)", k, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, q := range []string{"set role authenticated", "set plan_cache_mode = force_generic_plan"} {
		if _, err := conn.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	set(person("admin"))
	statement, err := conn.PrepareContext(t.Context(), "select count(*) from sites where tenant_id = $1")
	if err != nil {
		t.Fatal(err)
	}
	defer statement.Close()
	for _, c := range []struct {
		who  actor
		want int
	}{{person("admin"), 2}, {person("stranger"), 0}, {person("owner of B"), 0}, {key("key-support"), 1}, {person("support"), 2}} {
		set(c.who)
		var n int
		if err := statement.QueryRowContext(t.Context(), places()[0].tenant).Scan(&n); err != nil || n != c.want {
			t.Errorf("%s sees %d sites of A, %v, want %d", c.who.name, n, err, c.want)
		}
	}
}

// copied: COPY FROM does not ask policies, so Postgres refuses it where there are
// some.
func copied(t *testing.T, d pgtest.Database) {
	t.Helper()
	tx := begin(t, d.URL("app_runtime"))
	become(t, tx, widget("widget", places()[0].tenant, places()[0].site))
	_, err := tx.ExecContext(t.Context(), "copy conversations (id, tenant_id, site_id) from stdin")
	var server *pq.Error
	if !errors.As(err, &server) || server.Code != "0A000" {
		t.Errorf("copy into a table with policies: %v", err)
	}
}
