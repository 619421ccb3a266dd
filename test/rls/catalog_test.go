package rls

import (
	"bufio"
	"database/sql"
	_ "embed" // of what is expected
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/test/harness/pgtest"
)

//go:embed testdata/functions.txt
var functionsText string

const callers = "anon authenticated app_widget app_runtime app_ledger app_service service_role"

// Of functions of the roles, in both schemas; app_owner's or not. What old
// databases had of their own in schema public is not ours to judge.
const functionsSQL = `
select pg_catalog.format('%s.%s(%s)', n.nspname, p.proname, pg_catalog.replace(pg_catalog.replace(
           pg_catalog.pg_get_function_identity_arguments(p.oid), 'timestamp with time zone', 'timestamptz'), ', ', ',')),
       p.prosecdef,
       coalesce((select string_agg(r.rolname, ' ' order by r.rolname) from pg_catalog.pg_roles r
        where r.rolname = any (string_to_array($1, ' ')) and has_function_privilege(r.oid, p.oid, 'execute')), ''),
       coalesce(array_to_string(p.proconfig, ','), ''),
       pg_catalog.pg_get_userbyid(p.proowner)
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
 where n.nspname in ('public', 'private') and ($2 or pg_catalog.pg_get_userbyid(p.proowner) = 'app_owner')`

func TestFunctions(t *testing.T) { everyFunction(t, plain(t), true) }

// argumentName is the name of a parameter in front of its type.
var argumentName = regexp.MustCompile(`(^|[(,])(?:OUT |IN )?[a-z_]+ ([a-z])`)

func everyFunction(t *testing.T, d pgtest.Database, strangersToo bool) {
	t.Helper()
	type function struct{ definer, callers string }
	want := map[string]function{}
	for s := bufio.NewScanner(strings.NewReader(functionsText)); s.Scan(); {
		words := strings.Fields(s.Text())
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		who := slices.Sorted(slices.Values(words[2:]))
		want[words[0]] = function{words[1], strings.Trim(strings.Join(who, " "), "-")}
	}
	rows, err := open(t, d.Superuser()).QueryContext(t.Context(), functionsSQL, callers, strangersToo)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	seen := map[string]bool{}
	for rows.Next() {
		var name, who, config, owner string
		var definer bool
		if err := rows.Scan(&name, &definer, &who, &config, &owner); err != nil {
			t.Fatal(err)
		}
		if out := strings.Index(name, "OUT "); out >= 0 {
			name = strings.TrimSuffix(name[:out], ",") + ")"
		}
		name = argumentName.ReplaceAllString(name, "$1$2")
		seen[name] = true
		got := function{"invoker", who}
		if definer {
			got.definer = "definer"
		}
		if w, ok := want[name]; !ok {
			t.Errorf("testdata/functions.txt has no line for %s", name)
		} else if got != w {
			t.Errorf("%s: is %+v, want %+v", name, got, w)
		}
		if owner != "app_owner" {
			t.Errorf("%s belongs to %s", name, owner)
		}
		if !slices.Contains(strings.Split(config, ","), `search_path=""`) {
			t.Errorf("%s has settings %q, want an empty search path", name, config)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for name := range want {
		if !seen[name] {
			t.Errorf("testdata/functions.txt has a line for %s, which is not there", name)
		}
	}
}

// audits are questions about the whole schema; each must find nothing. The name
// is what is wrong with the names that it finds.
func audits() map[string]string {
	const ours = ` from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
		where n.nspname in ('public', 'private') and c.relkind in ('r', 'p')`
	return map[string]string{
		"tables without row-level security, enabled and forced": `select c.relname` + ours + ` and not (c.relrowsecurity and c.relforcerowsecurity)`,
		"tables that are not app_owner's":                       `select c.relname` + ours + ` and pg_catalog.pg_get_userbyid(c.relowner) <> 'app_owner'`,
		"tables in schema private":                              `select c.relname` + ours + ` and n.nspname = 'private'`,
		"tables without an index that begins with the tenant": `select c.relname` + ours + ` and exists (
			select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not exists (
				select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indkey[0] = a.attnum and i.indpred is null and i.indisvalid))`,
		// But for the audit log: what concerned the platform is no tenant's.
		"tables with a tenant that may be null": `select c.relname` + ours + ` and c.relname <> 'audit_log' and exists (
			select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attname in ('tenant_id', 'site_id') and not a.attnotnull)`,
		// A policy FOR ALL or for PUBLIC says more than it seems to.
		"policies that are for PUBLIC":             `select tablename || '.' || policyname from pg_catalog.pg_policies where 'public' = any (roles)`,
		"policies that are for more than one role": `select tablename || '.' || policyname from pg_catalog.pg_policies where cardinality(roles) <> 1`,
		"policies for roles that have none": `select tablename || '.' || policyname from pg_catalog.pg_policies
			where schemaname in ('public', 'private') and not roles <@ array['app_owner', 'authenticated', 'app_widget']::name[]`,
		"policies for all verbs that give something": `select tablename || '.' || policyname from pg_catalog.pg_policies
			where schemaname = 'public' and cmd = 'ALL' and permissive = 'PERMISSIVE' and roles <> array['app_owner']::name[]`,
		"policies that ask who a super admin is": `select tablename || '.' || policyname from pg_catalog.pg_policies
			where schemaname = 'public' and concat(qual, with_check) like '%is_super_admin%'`,
		"policies that let everything pass": `select tablename || '.' || policyname from pg_catalog.pg_policies
			where schemaname = 'public' and 'true' in (qual, with_check) and roles <> array['app_owner']::name[]`,
		// A value that is computed for each row would cost the index.
		"policies that ask once for each row": `select tablename || '.' || policyname from pg_catalog.pg_policies
			where schemaname = 'public' and roles <> array['app_owner']::name[] and concat(qual, with_check) !~ 'SELECT '`,
		"policies of updates that do not check the new row": `select tablename || '.' || policyname from pg_catalog.pg_policies
			where schemaname = 'public' and cmd = 'UPDATE' and with_check is null`,
		"views, which would show what their owner sees": `select c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
			where n.nspname in ('public', 'private') and c.relkind in ('v', 'm', 'f')`,
		"rights of PUBLIC, or of roles that have none on a table": `select c.relname || ' ' || coalesce(r.rolname, 'PUBLIC') || ' ' || x.privilege_type
			from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
			cross join lateral pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) x left join pg_catalog.pg_roles r on r.oid = x.grantee
			where n.nspname in ('public', 'private') and c.relkind in ('r', 'p')
			  and coalesce(r.rolname, 'PUBLIC') not in ('app_owner', 'authenticated', 'app_widget', 'service_role')`,
		"rights that row-level security does not bind": `select c.relname || ' ' || r.rolname || ' ' || x.privilege_type
			from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
			cross join lateral pg_catalog.aclexplode(c.relacl) x join pg_catalog.pg_roles r on r.oid = x.grantee
			where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and r.rolname <> 'app_owner'
			  and x.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')`,
		"rights on columns": `select c.relname || '.' || a.attname from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
			join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname in ('public', 'private') and a.attacl is not null
			-- A member may write these of a site, and not what decides about its day.
			and not (c.relname = 'sites' and a.attname in ('id', 'tenant_id', 'name', 'url', 'origins', 'locale', 'currency', 'timezone', 'limit_text',
				'greeting', 'suggestions', 'contact_url', 'accent_colour', 'disabled'))
			-- And of a key, not what it is for.
			and not (c.relname = 'api_keys' and a.attname in ('name', 'disabled'))`,
		"rights on sequences": `select c.relname || ' ' || coalesce(r.rolname, 'PUBLIC') from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
			cross join lateral pg_catalog.aclexplode(c.relacl) x left join pg_catalog.pg_roles r on r.oid = x.grantee
			where n.nspname in ('public', 'private') and c.relkind = 'S' and coalesce(r.rolname, '') <> 'app_owner'`,
		"roles that may make things in schema public or private": `select n.nspname || ' ' || r.rolname from pg_catalog.pg_namespace n, pg_catalog.pg_roles r
			where n.nspname in ('public', 'private') and r.rolname = any (string_to_array('` + callers + `', ' '))
			  and has_schema_privilege(r.oid, n.oid, 'create')`,
		"roles that may look into a schema that is not theirs": `select n.nspname || ' ' || r.rolname from pg_catalog.pg_namespace n, pg_catalog.pg_roles r
			where (n.nspname = 'woochat_migrations' and r.rolname = any (string_to_array('` + callers + `', ' '))
			    or n.nspname = 'private' and r.rolname in ('anon', 'app_runtime', 'app_ledger', 'app_service', 'service_role'))
			  and has_schema_privilege(r.oid, n.oid, 'usage')`,
		"attributes of roles that are not as they must be": `select rolname || concat(' super ' || nullif(rolsuper, false), ' bypass ' || nullif(rolbypassrls, rolname = 'service_role'),
				' createrole ' || nullif(rolcreaterole, false), ' login ' || nullif(rolcanlogin, rolname in ('app_runtime', 'app_ledger', 'app_service')), ' inherit ' || rolinherit)
			from pg_catalog.pg_roles where rolname = any (string_to_array('` + callers + ` app_owner', ' '))
			  and (rolsuper or rolcreaterole or rolbypassrls <> (rolname = 'service_role') or rolcanlogin <> (rolname in ('app_runtime', 'app_ledger', 'app_service'))
			    or rolinherit and rolname <> 'app_owner')`,
		"memberships that our logins must not have": `select m.rolname || ' in ' || r.rolname from pg_catalog.pg_auth_members a
			join pg_catalog.pg_roles r on r.oid = a.roleid join pg_catalog.pg_roles m on m.oid = a.member
			where (m.rolname, r.rolname) not in (('app_runtime', 'authenticated'), ('app_runtime', 'app_widget'), ('app_service', 'service_role'))
			  and (m.rolname in ('app_runtime', 'app_ledger', 'app_service', 'app_owner', 'anon', 'authenticated', 'app_widget', 'service_role'))`,
		"strangers that may become app_owner, or our logins": `select m.rolname || ' in ' || r.rolname from pg_catalog.pg_auth_members a
			join pg_catalog.pg_roles r on r.oid = a.roleid join pg_catalog.pg_roles m on m.oid = a.member
			where r.rolname in ('app_owner', 'app_ledger', 'app_runtime', 'app_service') and not m.rolcreaterole`,
	}
}

// audit returns what the catalogue of tx has against the rules.
func audit(t testing.TB, tx *sql.Tx) []string {
	t.Helper()
	var wrong []string
	all := audits()
	for _, what := range slices.Sorted(maps.Keys(all)) {
		if found := list[string](t, tx, all[what]); len(found) > 0 {
			wrong = append(wrong, fmt.Sprintf("%s: %s", what, strings.Join(found, ", ")))
		}
	}
	return wrong
}

func TestCatalogue(t *testing.T) { catalogue(t, plain(t)) }

func catalogue(t *testing.T, d pgtest.Database) {
	t.Helper()
	for _, wrong := range audit(t, begin(t, d.Superuser())) {
		t.Error(wrong)
	}
}

// TestWhatComesLaterIsNobodys: what app_owner makes, without a word about rights,
// only app_owner may use.
func TestWhatComesLaterIsNobodys(t *testing.T) { nobodys(t, plain(t)) }

func nobodys(t *testing.T, d pgtest.Database) {
	t.Helper()
	tx := begin(t, d.Superuser())
	do(t, tx, `set local role app_owner; create table public.later (id int); create function public.later() returns int language sql as 'select 1';
		create function private.later() returns int language sql as 'select 1'; create sequence public.later_seq`)
	for _, q := range []string{
		`select r.rolname || ' table' from pg_roles r where has_table_privilege(r.oid, 'public.later', 'select,insert,update,delete,truncate,references,trigger')`,
		`select r.rolname || ' function' from pg_roles r where (has_function_privilege(r.oid, 'public.later()', 'execute') or has_function_privilege(r.oid, 'private.later()', 'execute'))`,
		`select r.rolname || ' sequence' from pg_roles r where has_sequence_privilege(r.oid, 'public.later_seq', 'usage,select,update')`,
	} {
		if found := list[string](t, tx, q+" and r.rolname = any (string_to_array($1, ' '))", callers); len(found) > 0 {
			t.Errorf("%s may use what it was not given: %v", q, found)
		}
	}
}

// TestAuditsFind shows that each question can find something.
func TestAuditsFind(t *testing.T) {
	d := plain(t)
	for what, broken := range map[string]string{
		"tables without row-level security, enabled and forced":   "alter table public.chunks no force row level security",
		"tables that are not app_owner's":                         "create table public.x ()",
		"tables in schema private":                                "create table private.x ()",
		"tables without an index that begins with the tenant":     "drop index public.feedback_by_site",
		"tables with a tenant that may be null":                   "alter table public.rate_buckets drop constraint rate_buckets_pkey, alter site_id drop not null",
		"policies that are for PUBLIC":                            "create policy x on public.sites for select using (name = '')",
		"policies that are for more than one role":                "create policy x on public.sites for select to app_widget, authenticated using (name = '')",
		"policies for roles that have none":                       "create policy x on public.sites for select to anon using (name = '')",
		"policies for all verbs that give something":              "create policy x on public.sites to authenticated using (name = '')",
		"policies that ask who a super admin is":                  "create policy x on public.sites for select to authenticated using (public.is_super_admin())",
		"policies that let everything pass":                       "create policy x on public.sites for insert to authenticated with check (true)",
		"policies that ask once for each row":                     "create policy x on public.sites for select to authenticated using (tenant_id = private.uid())",
		"policies of updates that do not check the new row":       "create policy x on public.sites for update to authenticated using (name = '')",
		"views, which would show what their owner sees":           "create view public.x as select 1",
		"rights of PUBLIC, or of roles that have none on a table": "grant select on public.sites to public",
		"rights that row-level security does not bind":            "grant truncate on public.sites to service_role",
		"rights on columns":                                       "grant update (zone_floor) on public.sites to authenticated",
		"rights on sequences":                                     "grant usage on all sequences in schema public to authenticated",
		"roles that may make things in schema public or private":  "grant create on schema public to app_widget",
		"roles that may look into a schema that is not theirs":    "grant usage on schema private to anon",
		"attributes of roles that are not as they must be":        "alter role app_owner login",
		"memberships that our logins must not have":               "grant service_role to app_runtime",
		"strangers that may become app_owner, or our logins":      "create role x; grant app_owner to x",
	} {
		t.Run(what, func(t *testing.T) {
			tx := begin(t, d.Superuser())
			do(t, tx, broken)
			if len(list[string](t, tx, audits()[what])) == 0 {
				t.Errorf("%s is not found", broken)
			}
		})
	}
	if len(audits()) != 23 {
		t.Errorf("%d questions, and 23 of them are known to find something", len(audits()))
	}
}
