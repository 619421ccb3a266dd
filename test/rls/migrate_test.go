package rls

import (
	"context"
	_ "embed" // of what old databases keep
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/migrations"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
	"github.com/aiwoochat/woochat/test/harness/shapes"
)

// before is a database that the migrations meet.
type before struct {
	name    string
	login   string // who migrates; "" is the superuser
	scripts []string
}

// befores are the databases that the migrations meet on Supabase and, at the
// login "", elsewhere. The first is empty.
func befores(login string) []before {
	if login == "" {
		return []before{{name: "empty"}, {name: "smallest", scripts: []string{shapes.SeedSmallest}}}
	}
	return []before{
		{name: "empty", login: login},
		{name: "smallest", login: login, scripts: []string{shapes.SeedSmallest}},
		{name: "seed ran", login: login, scripts: []string{shapes.SeedRan}},
	}
}

// prepared returns the database before the migrations.
func (b before) prepared(t testing.TB, s *pgtest.Server) (d pgtest.Database, url string) {
	t.Helper()
	d = s.Database(t, "before "+b.name, func(ctx context.Context, superURL string) error {
		if b.login == "" {
			return shapes.Run(ctx, superURL, b.scripts...)
		}
		if err := shapes.Run(ctx, superURL, shapes.Supabase); err != nil {
			return err
		}
		return shapes.Run(ctx, pgtest.As(superURL, b.login), b.scripts...)
	})
	if b.login == "" {
		return d, d.Superuser()
	}
	return d, d.URL(b.login)
}

func migrate(t testing.TB, url string) postgres.Migrated {
	t.Helper()
	m, err := postgres.Migrate(t.Context(), url, nil)
	if err != nil {
		t.Fatalf("migrate: %v", err)
	}
	return m
}

// keeps.txt is what an old database has beside ours after it was migrated.
//
//go:embed testdata/keeps.txt
var keepsText string

// TestEveryDatabaseEndsAlike migrates each database that there may be, twice, by
// each way in which the files can be run: the schema is the same each time, but
// for what somebody else made.
func TestEveryDatabaseEndsAlike(t *testing.T) {
	want := snapshot(t, open(t, plain(t).Superuser()))
	for where, all := range map[string][]before{"plain": befores(""), "supabase": befores(shapes.SupabaseLogin)} {
		t.Run(where, func(t *testing.T) {
			s := pgtest.Need(t)
			if where == "supabase" {
				s = supabase(t)
			}
			for _, b := range all {
				t.Run(b.name, func(t *testing.T) {
					d, url := b.prepared(t, s)
					super := open(t, d.Superuser())
					if n := len(migrate(t, url).Ran); n < 10 {
						t.Errorf("%d files ran", n)
					}
					got := snapshot(t, super)
					keeps(t, where+" "+b.name, differences(want, got))
					catalogue(t, d)
					if again := migrate(t, url); len(again.Ran) > 0 {
						t.Errorf("ran again: %v", again.Ran)
					}
					if d := differences(got, snapshot(t, super)); len(d) > 0 {
						t.Errorf("the second time changed %v", d)
					}
				})
			}
		})
	}
}

// keeps compares differences with the section of keeps.txt.
func keeps(t *testing.T, section string, got []string) {
	t.Helper()
	var want []string
	here := false
	for line := range strings.Lines(keepsText) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "["):
			here = line == "["+section+"]"
		case here && line != "" && !strings.HasPrefix(line, "#"):
			want = append(want, line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("unlike a new database: %s", line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("testdata/keeps.txt says without need: %s", line)
		}
	}
}

// TestTheSeedsRowsAreKept: months of use of a database on which the seed's own
// files ran are still there, and say the same in our units.
func TestTheSeedsRowsAreKept(t *testing.T) {
	d, url := befores(shapes.SupabaseLogin)[2].prepared(t, supabase(t))
	super := open(t, d.Superuser())
	tables := []string{"tenants", "sites", "licenses", "conversations", "usage_events", "usage_daily", "user_tenants", "platform_users"}
	// A day whose events are gone, and what counted events into days.
	do(t, super, `insert into usage_daily (date, tenant_id, site_id, chat_requests, embedding_requests, total_tokens, total_cost)
		values ('2024-02-28', 'aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000011', 900, 0, 900000, 9.5)`)
	do(t, super, `create function public.bump() returns trigger language plpgsql as $$ begin
		update usage_daily set chat_requests = chat_requests + 1 where site_id = new.site_id; return new; end $$`)
	do(t, super, `create trigger bump after insert on public.usage_events for each row execute function public.bump()`)
	rows := map[string]int{}
	for _, name := range tables {
		rows[name] = one[int](t, super, "select count(*) from public."+name)
	}
	migrate(t, url)
	for _, name := range tables {
		if got := one[int](t, super, "select count(*) from public."+name); got != rows[name] {
			t.Errorf("%s: %d rows, and %d before", name, got, rows[name])
		}
	}
	for what, c := range map[string]struct{ query, want string }{
		"nano-USD":             {"select string_agg(cost::text, ' ' order by id) from usage_events", "360000 0 12340 3000000"},
		"kinds":                {"select string_agg(kind, ' ' order by id) from usage_events", "chat chat embedding chat"},
		"days":                 {"select string_agg(day::text, ' ' order by id) from usage_events", "2024-03-01 2024-03-02 2024-03-02 2024-03-02"},
		"errors":               {"select string_agg(error_code || coalesce(error_message, ''), '' order by id) from usage_events", "rate_limit_exceededRate limit reached"},
		"unknown columns":      {"select sum(total_tokens)::text from usage_daily", "903017"},
		"statuses":             {"select string_agg(status, ' ' order by id) from licenses", "active active trialing active suspended suspended"},
		"when talks began":     {"select bool_and(started_at = created_at)::text from conversations", "true"},
		"limits as they were":  {limitsOf("11"), "1000000 1000 100000"},
		"limits by old names":  {limitsOf("12"), "50000 100 20000"},
		"limits that missed":   {limitsOf("13"), "50000 100 500000"},
		"limits as text":       {limitsOf("14"), "50000 null 20000"},
		"no limits at all":     {"select string_agg(concat_ws(' ', plan_limits -> 'max_tokens_per_day', plan_limits -> 'max_chat_requests_per_day', plan_limits -> 'max_embedding_tokens_per_day'), ', ') from licenses where tenant_id::text like 'b%'", "200000 100 500000, 200000 100 500000"},
		"keys nobody knows":    {"select (plan_limits -> 'seats')::text || (plan_limits #>> '{branding,color}') from licenses where plan_limits ? 'seats'", "3#123456"},
		"messages of before":   {"select string_agg(chat_requests::text, ' ' order by date, site_id) from usage_daily where chat_requests > 0", "900 1 1 1"},
		"a day without events": {"select concat_ws(' ', chat_requests, chat_tokens, cost) from usage_daily where date = '2024-02-28'", "900 900000 9500000000"},
		"counting triggers":    {"select count(*)::text from pg_trigger where tgname = 'bump'", "0"},
		"policies of before":   {"select count(*)::text from pg_policies where schemaname = 'public' and policyname ~ '[A-Z ]'", "0"},
		"triggers of before":   {"select count(*)::text from pg_trigger where tgname = 'validate_plan_limits_trigger'", "0"},
	} {
		if got := one[string](t, super, c.query); got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
	sums := one[bool](t, super, `select bool_and(e.n is not distinct from d.n) from
		(select day, site_id, concat_ws(' ', sum(chat_requests), count(*) filter (where kind = 'embedding'), sum(prompt_tokens), sum(completion_tokens), sum(cost)) n from usage_events group by 1, 2) e
		full join (select date, site_id, concat_ws(' ', chat_requests, embedding_requests, prompt_tokens, completion_tokens, cost) n from usage_daily where date <> '2024-02-28') d on d.date = e.day and d.site_id = e.site_id`)
	if !sums {
		t.Error("events do not add up to usage_daily")
	}
	// A conversation that was charged can be deleted, and the charge stays.
	tx := begin(t, d.URL("app_runtime"))
	become(t, tx, widget("", "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000011"))
	do(t, tx, "delete from conversations")
	if n := one[int](t, tx, "select count(*) from usage_events where conversation_id is not null"); n != 2 {
		t.Errorf("%d events of the conversation after it was deleted, want 2", n)
	}
}

func limitsOf(site string) string {
	return `select concat_ws(' ', plan_limits -> 'max_tokens_per_day', plan_limits -> 'max_chat_requests_per_day', plan_limits -> 'max_embedding_tokens_per_day')
		from licenses where site_id = 'aaaaaaaa-0000-4000-8000-0000000000` + site + `'`
}

// TestAFileThatFailsLeavesNothing: the error says what to mend, nothing of the
// file was done, and the migration goes on once it is mended.
func TestAFileThatFailsLeavesNothing(t *testing.T) {
	for _, c := range []struct{ name, breaks, mends, says, hint, before string }{
		{
			"two licenses of a site",
			"insert into licenses (tenant_id, site_id, plan_limits) select tenant_id, site_id, plan_limits from licenses limit 1",
			"delete from licenses a using licenses b where a.site_id = b.site_id and a.id > b.id",
			"more than one license", "Keep one license", "",
		},
		{
			"a license of nobody", "insert into licenses (tenant_id, site_id) select id, gen_random_uuid() from tenants limit 1",
			"delete from licenses where not exists (select from sites s where s.id = site_id)", "name no site of their tenant", "Set site_id", "",
		},
		{
			"a status that is none", "alter table licenses add status text default 'active'; update licenses set status = 'paid'",
			"update licenses set status = 'active'", "a status that is none", "Use active", "",
		},
		{
			"a table of this name", "create table messages (id int); insert into messages values (7)",
			"alter table messages rename to messages_before", `a table "messages" already`, "Rename it", "20240116000001",
		},
		{
			"a role that is none", "create table user_tenants (user_id uuid, tenant_id uuid, role text); insert into user_tenants select gen_random_uuid(), id, 'boss' from tenants",
			"update user_tenants set role = 'owner'", "user_tenants_role_check", "", "20240115000003",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, url := befores("")[1].prepared(t, pgtest.Need(t))
			super := open(t, d.Superuser())
			do(t, super, c.breaks)
			_, err := postgres.Migrate(t.Context(), url, nil)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%v does not say %q", err, c.says)
			}
			if !strings.Contains(err.Error(), c.hint) {
				t.Errorf("%v does not say %q", err, c.hint)
			}
			status, err := postgres.MigrationStatus(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			last := ""
			for _, m := range status {
				if !m.Applied.IsZero() {
					last = m.Name
				}
			}
			if !strings.HasPrefix(last, c.before) || c.before == "" && last != "" {
				t.Errorf("the last file that ran is %q, want that of %q", last, c.before)
			}
			if c.before == "" && one[bool](t, super, "select to_regclass('public.usage_events') is not null or to_regnamespace('private') is not null") {
				t.Error("a part of the file was done")
			}
			if c.before == "20240115000003" && one[bool](t, super, "select to_regclass('public.platform_users') is not null or exists (select from pg_policies where policyname = 'support_select')") {
				t.Error("a part of the file was done")
			}
			do(t, super, c.mends)
			migrate(t, url)
			if one[int](t, super, "select count(*) from sites") != 3 {
				t.Error("rows are gone")
			}
		})
	}
}

// TestFourMigrateAtOnce: one does it, the others wait and find nothing to do.
func TestFourMigrateAtOnce(t *testing.T) {
	d, url := befores("")[1].prepared(t, pgtest.Need(t))
	type result struct {
		m   postgres.Migrated
		err error
	}
	results := make(chan result)
	for range 4 {
		go func() {
			m, err := postgres.Migrate(t.Context(), url, nil)
			results <- result{m, err}
		}()
	}
	var ran []int
	for range 4 {
		r := <-results
		if r.err != nil {
			t.Error(r.err)
		}
		if n := len(r.m.Ran); n > 0 {
			ran = append(ran, n)
		}
	}
	if len(ran) != 1 || ran[0] < 10 {
		t.Errorf("files run by each: %v, want all by one", ran)
	}
	if n := one[int](t, open(t, d.Superuser()), "select count(*) - count(distinct version_id) from woochat_migrations.goose_db_version"); n != 0 {
		t.Errorf("%d files are noted twice", n)
	}
}

// TestFilesRunByAnotherTool runs the files as Supabase's CLI does, whole and by
// its login, each statement for itself or a file in one transaction. Migrate then
// takes over.
func TestFilesRunByAnotherTool(t *testing.T) {
	s := supabase(t)
	want := snapshot(t, open(t, plain(t).Superuser()))
	for _, b := range befores(shapes.SupabaseLogin) {
		t.Run(b.name, func(t *testing.T) {
			d, url := b.prepared(t, s)
			db := open(t, url)
			db.SetMaxOpenConns(1)
			for i, name := range files(t, migrations.Postgres()) {
				text, err := fs.ReadFile(migrations.Postgres(), name)
				if err != nil {
					t.Fatal(err)
				}
				if i%2 == 0 {
					do(t, db, string(text))
					continue
				}
				do(t, db, "begin")
				do(t, db, string(text))
				do(t, db, "commit")
			}
			super := open(t, d.Superuser())
			for range 2 {
				if m := migrate(t, url); len(m.Ran) > 0 {
					t.Errorf("ran again: %v", m.Ran)
				}
			}
			status, err := postgres.MigrationStatus(t.Context(), url)
			if err != nil || len(status) == 0 || slices.ContainsFunc(status, func(m postgres.Migration) bool { return m.Applied.IsZero() }) {
				t.Errorf("status %+v, %v: a file is not noted", status, err)
			}
			keeps(t, "supabase "+b.name, differences(want, snapshot(t, super)))
		})
	}
}

func files(t testing.TB, f fs.FS) []string {
	t.Helper()
	names, err := fs.Glob(f, "*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	return names
}

// TestSchemaVersion: the function says the number of the newest file, so that
// whatever ran the files is believed.
func TestSchemaVersion(t *testing.T) {
	names := files(t, migrations.Postgres())
	want, _, _ := strings.Cut(names[len(names)-1], "_")
	db := open(t, plain(t).URL("app_runtime"))
	if got := one[string](t, db, "select version::text from public.schema_version()"); got != want {
		t.Errorf("schema_version() is %s, and the newest file %s", got, want)
	}
	if !one[bool](t, db, "select works_since <= version and works_since >= 20240115000000 from public.schema_version()") {
		t.Error("works_since is no version up to this one")
	}
}
