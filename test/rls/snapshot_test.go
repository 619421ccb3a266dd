package rls

import (
	"slices"
	"testing"
)

// snapshotSQL says in lines of text what a database's schema is: all that the
// program or a policy can notice, by names, and not in which order columns were
// added.
const snapshotSQL = `
with ours as (select c.* from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('public', 'private') and c.relkind in ('r', 'p', 'v', 'm', 'f'))
select concat_ws(' ', 'table', relnamespace::regnamespace, relname, relowner::regrole, relrowsecurity, relforcerowsecurity, reloptions::text) from ours
union all
select concat_ws(' ', 'right', relname, x.privilege_type, case when x.grantee = 0 then 'PUBLIC' else x.grantee::regrole::text end)
  from ours cross join lateral aclexplode(coalesce(relacl, acldefault('r', relowner))) x
union all
select concat_ws(' ', 'column', relname || '.' || attname, format_type(atttypid, atttypmod), case when attnotnull then 'not null' end, 'identity ' || nullif(attidentity::text, ''), 'collate ' || (select collname from pg_collation where oid = attcollation and collname <> 'default'),
       'default ' || replace(pg_get_expr(adbin, adrelid), 'pg_catalog.', ''))
  from ours join pg_attribute on attrelid = ours.oid and attnum > 0 and not attisdropped left join pg_attrdef on adrelid = ours.oid and adnum = attnum
union all
select concat_ws(' ', 'constraint', conrelid::regclass, pg_get_constraintdef(oid)) from pg_constraint where conrelid in (select oid from ours) and contype <> 'n' -- in pg_attribute, too
union all
select concat_ws(' ', 'index', indrelid::regclass, regexp_replace(pg_get_indexdef(indexrelid), '^.* INDEX [^ ]+ ON', case when indisunique then 'unique' else '' end)) from pg_index where indrelid in (select oid from ours) and indisvalid
union all
select concat_ws(' ', 'policy', tablename, policyname, permissive, roles::text, cmd, qual, 'check ' || with_check) from pg_policies where schemaname in ('public', 'private')
union all
select concat_ws(' ', 'trigger', tgrelid::regclass, pg_get_triggerdef(oid)) from pg_trigger where not tgisinternal and tgrelid in (select oid from ours)
union all
select concat_ws(' ', 'function', oid::regprocedure, proowner::regrole, proacl::text, md5(pg_get_functiondef(oid))) from pg_proc where pronamespace in ('public'::regnamespace, 'private'::regnamespace)
union all
select concat_ws(' ', 'type', typname, typowner::regrole) from pg_type where typnamespace in ('public'::regnamespace, 'private'::regnamespace) and typtype <> 'c' and typelem = 0
union all
select concat_ws(' ', 'schema', n.nspname, case when x.grantee = 0 then 'PUBLIC' else x.grantee::regrole::text end, x.privilege_type)
  from pg_namespace n cross join lateral aclexplode(n.nspacl) x where n.nspname in ('private', 'woochat_migrations')
union all
select concat_ws(' ', 'default', d.defaclrole::regrole, d.defaclnamespace::regnamespace, d.defaclobjtype, d.defaclacl::text) from pg_default_acl d where d.defaclrole::regrole::text = 'app_owner'
union all
select concat_ws(' ', 'role', rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls) from pg_roles where rolname like 'app\_%'
union all
select concat_ws(' ', 'member', roleid::regrole, member::regrole) from pg_auth_members where member::regrole::text like 'app\_%'
order by 1`

func snapshot(t testing.TB, db queryer) []string {
	t.Helper()
	all := list[string](t, db, snapshotSQL)
	if len(all) < 300 {
		t.Fatalf("a schema of %d lines", len(all))
	}
	return all
}

// differences returns the lines that one of two snapshots has alone, with - for
// what only a has and + for what only b has.
func differences(a, b []string) []string {
	var all []string
	for _, line := range a {
		if !slices.Contains(b, line) {
			all = append(all, "- "+line)
		}
	}
	for _, line := range b {
		if !slices.Contains(a, line) {
			all = append(all, "+ "+line)
		}
	}
	return all
}
