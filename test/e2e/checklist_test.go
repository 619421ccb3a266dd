package e2e

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/migrations"
)

// checklist is what whoever planned this project wanted to be tested, line by
// line, in those words.
func checklist() []struct {
	line string
	test func(*testing.T, *installation)
} {
	return []struct {
		line string
		test func(*testing.T, *installation)
	}{
		{"Run all migrations successfully", allMigrations},
		{"Verify RLS policies are active", policiesAreActive},
		{"Test usage limit enforcement (exceed limits)", exceedLimits},
		{"Test usage logging (check usage_events table)", usageEvents},
		{"Test daily aggregation (check usage_daily table)", usageDaily},
		{"Test license status checks", licenseStatus},
		{"Test super admin role creation", superAdmin},
		{"Verify tenant isolation (users can't see other tenants' data)", tenantIsolation},
	}
}

// TestChecklist goes through the list on a real installation: the binary's own
// verbs, HTTP to its server process, and SQL as those who would ask it.
func TestChecklist(t *testing.T) {
	in := install(t)
	for _, c := range checklist() {
		t.Run(c.line, func(t *testing.T) { c.test(t, in) })
	}
}

func allMigrations(t *testing.T, in *installation) {
	files, err := fs.Glob(migrations.Postgres(), "*.sql")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, f := range append(files, "20240115000001_create_usage_events.sql", "20240115000002_create_usage_daily.sql",
		"20240115000003_standardize_plan_limits.sql", "20240115000004_add_roles_groundwork.sql") {
		if name := filepath.Base(f); !strings.Contains(in.up, "ran "+name+"\n") {
			t.Errorf("%s did not run:\n%s", name, in.up)
		}
	}
	owner := []string{"WOOCHAT_OWNER_DATABASE_URL=" + in.owner}
	if out := in.run(t, owner, "migrate", "status"); strings.Contains(out, "pending") || strings.Count(out, ".sql") != len(files) {
		t.Errorf("migrate status says\n%s", out)
	}
	if out := in.run(t, owner, "migrate", "up"); strings.Contains(out, "ran ") || !strings.Contains(out, "0 files ran") {
		t.Errorf("migrate up, again, says\n%s", out)
	}
	// The addresses that were printed are those that the server serves with.
	s := &shop{T: t, app: nil}
	for _, name := range []string{"WOOCHAT_DATABASE_URL", "WOOCHAT_LEDGER_DATABASE_URL", "WOOCHAT_SERVICE_DATABASE_URL"} {
		if in.env[name] == "" {
			t.Errorf("%s was not printed", name)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, in.admin+"/readyz", nil)
	s.must(err)
	if r := s.do(req); r.status != http.StatusOK {
		t.Errorf("/readyz: %d %s", r.status, r.body)
	}
}

// ourTables are the tables of schema public, as the database knows them.
func ourTables(t *testing.T, in *installation, where string) []string {
	t.Helper()
	return in.lists(t, platform(), `select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') `+where+` order by 1`)
}

func policiesAreActive(t *testing.T, in *installation) {
	in.shop(t, "rows") // there is something to see
	all := ourTables(t, in, "")
	if len(all) < 20 || !slices.Contains(all, "usage_events") {
		t.Fatalf("the tables are %q", all)
	}
	if off := ourTables(t, in, "and not (c.relrowsecurity and c.relforcerowsecurity)"); len(off) > 0 {
		t.Errorf("row-level security is not on and forced for %q", off)
	}
	if none := ourTables(t, in, "and not exists (select from pg_policy p where p.polrelid = c.oid)"); len(none) > 0 {
		t.Errorf("no policy for %q", none)
	}
	nobody := map[string]asker{
		"the runtime login itself":        {login: "WOOCHAT_DATABASE_URL"},
		"the ledger's login":              {login: "WOOCHAT_LEDGER_DATABASE_URL"},
		"the service login itself":        {login: "WOOCHAT_SERVICE_DATABASE_URL"},
		"authenticated without claims":    {login: "WOOCHAT_DATABASE_URL", role: "authenticated"},
		"authenticated, a stranger":       person("018f4e2a-0000-7000-8000-000000000000"),
		"an API key that is not there":    apiKey("018f4e2a-0000-7000-8000-000000000000"),
		"the widget without a site":       {login: "WOOCHAT_DATABASE_URL", role: "app_widget"},
		"the widget of a site of nowhere": widget(&shop{}),
	}
	for _, table := range all {
		if slices.Contains([]string{"tenants", "sites", "licenses", "api_keys", "user_tenants"}, table) && sees[int](t, in, platform(), "select count(*) from "+table) == 0 {
			t.Errorf("%s is empty: nothing is shown by this test", table)
		}
		for who, a := range nobody {
			if n, err := asks[int](t, in, a, "select count(*) from "+table); err == nil && n != 0 {
				t.Errorf("%s sees %d rows of %s", who, n, table)
			} else if err != nil && !strings.Contains(err.Error(), "permission denied") {
				t.Errorf("%s, %s: %v", who, table, err)
			}
		}
	}
	// Who passes the policies is not served with.
	_, said, err := in.try(t, []string{"WOOCHAT_DATABASE_URL=" + in.owner}, "serve")
	if err == nil || !strings.Contains(said, "superuser") {
		t.Errorf("serve as a superuser: %v\n%s", err, said)
	}
}

// seedBody is the 403 as the seed has it.
type seedBody struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Details struct {
			Usage    map[string]any `json:"current_usage"`
			Limits   map[string]any `json:"limits"`
			Exceeded []string       `json:"exceeded"`
		} `json:"details"`
	} `json:"error"`
}

// refusedBy fails unless r is the seed's 403, for the limits of key.
func (s *shop) refusedBy(r reply, key string) {
	s.Helper()
	var b seedBody
	if err := json.Unmarshal(r.body, &b); err != nil || r.status != http.StatusForbidden {
		s.Fatalf("%s: got %d %s, want 403", key, r.status, r.body)
	}
	e := b.Error
	if e.Code != "USAGE_LIMIT_EXCEEDED" || e.Message != "Daily usage limit reached" || !slices.Equal(e.Details.Exceeded, []string{key}) || r.header.Get("Retry-After") == "" {
		s.Errorf("%s: got %s", key, r.body)
	}
	for _, f := range []string{"chat_requests", "embedding_requests", "total_tokens"} {
		if _, ok := e.Details.Usage[f].(float64); !ok {
			s.Errorf("%s: current_usage has no %s: %s", key, f, r.body)
		}
	}
	for _, f := range []string{"max_tokens_per_day", "max_chat_requests_per_day", "max_embedding_tokens_per_day"} {
		if _, ok := e.Details.Limits[f].(float64); !ok {
			s.Errorf("%s: limits has no %s: %s", key, f, r.body)
		}
	}
}

// untilRefused asks until it is refused, and returns the refusal and how often
// it was answered.
func (s *shop) untilRefused() (reply, int) {
	s.Helper()
	for n := range 40 {
		r := s.call("POST", "/api/chat/message", s.session(), question("Do you ship to Norway?"))
		if r.status != http.StatusOK {
			return r, n
		}
	}
	s.Fatal("never refused")
	return reply{}, 0
}

func exceedLimits(t *testing.T, in *installation) {
	for _, c := range []struct{ key, value, column string }{
		{"max_chat_requests_per_day", "2", "chat_requests + held_chat_requests"},
		{"max_tokens_per_day", "5500", "chat_tokens + held_chat_tokens"},
		{"max_cost_usd_per_day", "0.0015", "cost + held_cost"},
	} {
		t.Run(c.key, func(t *testing.T) {
			s := in.shop(t, "limit-"+strings.ReplaceAll(c.key, "_", "-"), c.key+"="+c.value)
			r, answered := s.untilRefused()
			s.refusedBy(r, c.key)
			if answered == 0 {
				t.Error("nothing was answered before the limit")
			}
			calls := len(callsOf(in.fake, chatRoute))
			if again := s.call("POST", "/api/chat/message", s.session(), question("And to Sweden?"), "Accept", "text/event-stream"); again.status != http.StatusForbidden {
				t.Errorf("once more, as a stream: %d %s", again.status, again.body)
			}
			if n := len(callsOf(in.fake, chatRoute)); n != calls {
				t.Errorf("%d calls went to the provider after the limit was reached", n-calls)
			}
			limit := `coalesce(l.plan_limits ->> '` + c.key + `', '')::numeric * case '` + c.key + `' when 'max_cost_usd_per_day' then 1000000000 else 1 end`
			if over := sees[bool](t, in, widget(s), `select `+c.column+` > `+limit+` from usage_daily d join licenses l using (tenant_id, site_id)`); over {
				t.Error("used and held is over the limit")
			}
		})
	}
	t.Run("max_embedding_tokens_per_day", func(t *testing.T) { exceedEmbeddings(t, in) })
}

// exceedEmbeddings spends the day's embedding tokens: a shopper is answered by
// words, and work that cannot go on without is refused by the 403.
func exceedEmbeddings(t *testing.T, in *installation) {
	const key = "max_embedding_tokens_per_day"
	s := in.shop(t, "limit-embeddings", key+"=40")
	in.sells(t, s)
	spent := func() int64 {
		return sees[int64](t, in, widget(s), `select coalesce(sum(embedding_tokens), 0) from usage_daily`)
	}
	before := int64(-1)
	for range 20 {
		if spent() == before {
			break
		}
		before = spent()
		if got := s.ask(s.session(), "Do you ship parcels to Norway?"); got.Finish != "stop" {
			t.Fatalf("with %d tokens embedded: %+v", before, got)
		}
	}
	if n := spent(); n == 0 || n > 40 || n != before {
		t.Errorf("%d embedding tokens of 40, %d before", n, before)
	}
	s.refusedBy(in.guarded(t, s), key)
}

func licenseStatus(t *testing.T, in *installation) {
	s := in.shop(t, "license")
	site := string(s.site.ID)
	for _, c := range []struct{ status, until, want string }{
		{"suspended", "", "suspended"},
		{"active", "", ""},
		{"expired", "", "expired"},
		{"trialing", "", ""},
		{"cancelled", "", "cancelled"},
		{"active", "2099-12-31", ""},
		{"active", "yesterday", "active"},
	} {
		args := []string{"license", "set", "--site", site, "--plan", "starter", "--status", c.status}
		switch c.until {
		case "":
		case "yesterday": // as time passes, or somebody edits the table
			if err := in.keeps(t, platform(), `update licenses set valid_from = now() - interval '9 days', valid_until = now() - interval '1 day' where site_id = $1`, bare(site)); err != nil {
				t.Fatal(err)
			}
			args = nil
		default:
			args = append(args, "--valid-until", c.until)
		}
		if args != nil {
			in.run(t, nil, args...)
		}
		// The server process follows within a second.
		token := s.session()
		s.until(c.status, 300*time.Millisecond, func() bool {
			r := s.call("POST", "/api/chat/message", token, question("Do you ship to Norway?"))
			return (c.want == "") == (r.status == http.StatusOK)
		})
		s.licensed(c.status+" "+c.until, token, c.want)
	}
	in.run(t, nil, "license", "set", "--site", site, "--plan", "starter")
	in.run(t, nil, "license", "suspend", site)
	if got := sees[string](t, in, widget(s), `select status from licenses`); got != "suspended" {
		t.Errorf("the license is %s", got)
	}
}
