package shapes_test

import (
	"context"
	"database/sql"
	"os"
	"slices"
	"testing"

	"github.com/aiwoochat/woochat/test/harness/pgtest"
	"github.com/aiwoochat/woochat/test/harness/shapes"
)

func TestMain(m *testing.M) {
	os.Exit(pgtest.Main(m, pgtest.Options{Superuser: shapes.SupabaseSuperuser}))
}

// supabase returns a database of that shape, with what login runs in it.
func supabase(t *testing.T, key string, scripts ...string) pgtest.Database {
	t.Helper()
	return pgtest.Need(t).Database(t, key, func(ctx context.Context, superURL string) error {
		if err := shapes.Run(ctx, superURL, shapes.Supabase); err != nil {
			return err
		}
		return shapes.Run(ctx, pgtest.As(superURL, shapes.SupabaseLogin), scripts...)
	})
}

func open(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func ask[T any](t *testing.T, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, query string,
) (v T) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

func TestSupabasesAdminIsNoSuperuserButMayMuch(t *testing.T) {
	// Twice in one cluster: the roles are there already.
	for _, key := range []string{"first", "second"} {
		db := open(t, supabase(t, key).URL(shapes.SupabaseLogin))
		if got := ask[string](t, db, `select concat(rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication) from pg_roles where rolname = current_user`); got != "ftttt" {
			t.Errorf("postgres is %s", got)
		}
		if _, err := db.ExecContext(t.Context(), `
			create role maker_`+key+` nologin; grant maker_`+key+` to postgres; set role authenticated; reset role;
			create table public.things (id uuid primary key default gen_random_uuid(), owner uuid references auth.users (id));
			create schema private`); err != nil {
			t.Errorf("postgres may not do what it may on Supabase: %v", err)
		}
		for _, forbidden := range []string{"create function auth.mine() returns int language sql as 'select 1'", "alter role postgres superuser", "set role supabase_admin"} {
			if _, err := db.ExecContext(t.Context(), forbidden); err == nil {
				t.Errorf("postgres may: %s", forbidden)
			}
		}
		for _, role := range []string{"anon", "authenticated", "service_role"} {
			if !ask[bool](t, db, "select bool_and(has_table_privilege('"+role+"', 'public.things', p)) from unnest(array['select', 'insert', 'update', 'delete', 'truncate']) as p") {
				t.Errorf("%s has not all on a new table", role)
			}
		}
	}
}

func TestSupabasesClaims(t *testing.T) {
	db := open(t, supabase(t, "claims").URL("authenticator"))
	for _, c := range []struct{ setting, value, want string }{
		{"request.jwt.claims", `{"sub": "aaaaaaaa-0000-4000-8000-0000000000a1", "role": "authenticated"}`, "aaaaaaaa-0000-4000-8000-0000000000a1 authenticated"},
		{"request.jwt.claim.sub", "aaaaaaaa-0000-4000-8000-0000000000a2", "aaaaaaaa-0000-4000-8000-0000000000a2"},
		{"request.jwt.claims", "", ""},
	} {
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), "set local role authenticated"); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), "select set_config($1, $2, true)", c.setting, c.value); err != nil {
			t.Fatal(err)
		}
		if got := ask[string](t, tx, "select concat_ws(' ', auth.uid(), auth.role())"); got != c.want {
			t.Errorf("%s = %s: %q", c.setting, c.value, got)
		}
		_ = tx.Rollback()
	}
}

func TestSeedRan(t *testing.T) {
	d := supabase(t, "seed ran", shapes.SeedRan)
	db := open(t, d.URL("authenticator"))
	seen := func(user string) (sites []string) {
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(t.Context(), "set local role authenticated"); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), "select set_config('request.jwt.claim.sub', $1, true)", user); err != nil {
			t.Fatal(err)
		}
		rows, err := tx.QueryContext(t.Context(), "select distinct s.name from usage_events e join sites s on s.id = e.site_id order by 1")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				t.Fatal(err)
			}
			sites = append(sites, name)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return sites
	}
	if got := seen("bbbbbbbb-0000-4000-8000-0000000000b1"); !slices.Equal(got, []string{"b.example.com"}) {
		t.Errorf("tenant B's owner sees %v", got)
	}
	if got := seen(""); got != nil {
		t.Errorf("nobody sees %v", got)
	}
	super := open(t, d.Superuser())
	for table, want := range map[string]int{
		"tenants": 2, "sites": 6, "licenses": 6, "conversations": 2, "usage_events": 4,
		"usage_daily": 4, "user_tenants": 4, "platform_users": 1,
	} {
		if got := ask[int](t, super, "select count(*) from public."+table); got != want {
			t.Errorf("%d rows in %s, want %d", got, table, want)
		}
		if owner := ask[string](t, super, "select tableowner from pg_tables where schemaname = 'public' and tablename = '"+table+"'"); owner != shapes.SupabaseLogin {
			t.Errorf("%s is %s's", table, owner)
		}
	}
	if n := ask[int](t, super, `select count(*) from licenses where (plan_limits ?& array['max_tokens_per_day', 'max_chat_requests_per_day', 'max_embedding_tokens_per_day']) is not true`); n != 4 {
		t.Errorf("%d licenses without a key, want 4", n)
	}
}

func TestSeedSmallest(t *testing.T) {
	d := supabase(t, "smallest", shapes.SeedSmallest)
	plain := pgtest.Need(t).Database(t, "smallest, plain", func(ctx context.Context, superURL string) error {
		return shapes.Run(ctx, superURL, shapes.SeedSmallest)
	})
	for _, db := range []*sql.DB{open(t, d.URL(shapes.SupabaseLogin)), open(t, plain.Superuser())} {
		if got := ask[string](t, db, "select string_agg(relname || '.' || attname, ' ' order by relname, attnum) from pg_attribute join pg_class c on c.oid = attrelid where relkind = 'r' and relnamespace = 'public'::regnamespace and attnum > 0"); got !=
			"conversations.id conversations.site_id licenses.id licenses.tenant_id licenses.site_id licenses.plan_limits sites.id sites.tenant_id sites.name tenants.id tenants.name" {
			t.Errorf("columns %s", got)
		}
		if n := ask[int](t, db, "select count(*) from licenses join sites on sites.id = site_id join tenants on tenants.id = sites.tenant_id"); n != 2 {
			t.Errorf("%d licenses", n)
		}
	}
}

func TestAFailedScriptLeavesNothing(t *testing.T) {
	d := pgtest.Need(t).Database(t, "", nil)
	if err := shapes.Run(t.Context(), d.Superuser(), "create table half (id int); select nothing"); err == nil {
		t.Error("no error")
	}
	if ask[bool](t, open(t, d.Superuser()), "select to_regclass('public.half') is not null") {
		t.Error("a half remains")
	}
}
