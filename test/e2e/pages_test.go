package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/test/harness/migrated"
	"github.com/aiwoochat/woochat/test/harness/served"
)

const root = "../.."

func page(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// theSeeds are the names in docs/usage-tracking.md that are not ours: all that
// the first plan named.
func theSeeds() []string {
	return []string{
		"20240115000001_create_usage_events.sql", "20240115000002_create_usage_daily.sql", "20240115000003_standardize_plan_limits.sql",
		"20240115000004_add_roles_groundwork.sql", "supabase/migrations/README.md",
		"src/middleware/usage-enforcement.ts", "enforceUsageLimits()", "withUsageEnforcement()", "src/lib/usage-tracking.ts", "calculateCost()",
		"logUsageEvent()", "updateDailyUsage()", "checkUsageLimits()", "src/api/chat/message/route.ts", "src/lib/embedding-usage.ts",
		"logEmbeddingUsage()", "withEmbeddingUsageLogging()", "src/api/ingestion/webhook/route.ts", "docs/usage-tracking-implementation.md",
		"README.md", "IMPLEMENTATION_SUMMARY.md", "usage_events", "usage_daily", "licenses.plan_limits", "max_tokens_per_day",
		"max_chat_requests_per_day", "max_embedding_tokens_per_day", "user_tenants", "platform_users", "is_super_admin()",
		"get_user_tenant_role()", "tenants", "sites", "licenses", "conversations", "NEXT_PUBLIC_SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY",
		"USAGE_LIMIT_EXCEEDED", "current_usage", "limits",
	}
}

// TestEveryNameOfTheSeedHasARow: names in backticks, features and lines of the
// checklist in its words.
func TestEveryNameOfTheSeedHasARow(t *testing.T) {
	text := page(t, "docs/usage-tracking.md")
	var first []string
	for _, row := range regexp.MustCompile(`(?m)^\| (.*?) \|`).FindAllStringSubmatch(text, -1) {
		first = append(first, row[1])
	}
	column := strings.Join(first, "\n")
	for _, name := range theSeeds() {
		if !strings.Contains(column, "`"+name+"`") {
			t.Errorf("no row begins with %s", name)
		}
	}
	var words []string
	for _, c := range checklist() {
		words = append(words, c.line)
	}
	for _, w := range append(words, "Usage Events Logging", "Daily Aggregation", "Plan Limits Enforcement", "Cost Calculation",
		"License Status Checks", "Graceful Error Handling (no streaming on limit exceeded)", "RLS Security", "Super Admin Support via service role") {
		if !slices.Contains(first, w) {
			t.Errorf("no row is for %q", w)
		}
	}
}

var (
	inCode  = regexp.MustCompile("`([^`\n]+)`")
	setting = regexp.MustCompile(`\b(?:WOOCHAT|OPENAI)_[A-Z_]+\b`)
	verb    = regexp.MustCompile("(?m)(?:^|[ `])woochat((?: [a-z][a-z-]+)+)")
	called  = regexp.MustCompile(`^([a-z_]+)\([a-z]*\)$`)
	goName  = regexp.MustCompile(`^([a-z]+)\.([A-Z]\w*)(?:\.([A-Z]\w*))?$`)
	snake   = regexp.MustCompile(`^[a-z]+(?:_[a-z]+)+$`)
	ofTable = regexp.MustCompile(`^([a-z_]+)\.([a-z_]+)$`)
)

// TestPagesNameWhatThereIs holds docs/usage-tracking.md and docs/postgres.md to
// the program and the database: every table, column, function, role, setting,
// verb, route, file and Go name exists.
func TestPagesNameWhatThereIs(t *testing.T) {
	in := &installation{env: migrated.Settings(migrated.Database(t).Socket)}
	bin := served.Build(t)
	exists := func(query, name string) bool { return sees[bool](t, in, platform(), query, name) }
	const (
		relation = `select to_regclass('public.' || $1) is not null or to_regclass('pg_catalog.' || $1) is not null`
		function = `select exists (select from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('public', 'private', 'auth') and proname = $1)`
		anything = `select to_regclass('public.' || $1) is not null or to_regclass('pg_catalog.' || $1) is not null
			or exists (select from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relnamespace in ('public'::regnamespace, 'pg_catalog'::regnamespace) and attname = $1)
			or exists (select from pg_proc where proname = $1) or exists (select from pg_roles where rolname = $1) or exists (select from pg_settings where name = $1)`
	)
	openapi := page(t, "docs/openapi.yaml") + page(t, "adapters/ginhttp/errors.go")
	var known []string
	for _, s := range wiring.Settings() {
		known = append(known, s.Env)
	}
	for _, path := range []string{"docs/usage-tracking.md", "docs/postgres.md"} {
		text := page(t, path)
		for _, name := range setting.FindAllString(text, -1) {
			if !slices.Contains(known, name) {
				t.Errorf("%s: there is no setting %s", path, name)
			}
		}
		verbs := map[string]bool{}
		for _, block := range append(inCode.FindAllString(text, -1), regexp.MustCompile("(?s)```sh.*?```").FindAllString(text, -1)...) {
			for _, m := range verb.FindAllStringSubmatch(block, -1) {
				verbs[m[1]] = true
			}
		}
		if len(verbs) < 5 {
			t.Errorf("%s: found only the verbs %v", path, verbs)
		}
		for v := range verbs {
			words := strings.Fields(v)
			if out, err := exec.CommandContext(t.Context(), bin, append(slices.Clone(words), "--help")...).CombinedOutput(); err != nil || !strings.Contains(string(out), "woochat "+strings.Join(words, " ")) {
				t.Errorf("%s: woochat%s: %v\n%s", path, v, err, out)
			}
		}
		for _, m := range inCode.FindAllStringSubmatch(text, -1) {
			name := m[1]
			switch {
			case slices.Contains(theSeeds(), name) && !snake.MatchString(name), name == "auth.uid()", name == "pg_dump", strings.Contains(name, "woochat "):
			case strings.HasPrefix(name, "GET /") || strings.HasPrefix(name, "POST /") || strings.HasPrefix(name, "/api/"):
				_, route, _ := strings.Cut(name, "/")
				if !strings.Contains(openapi, "\n  /"+route+":") {
					t.Errorf("%s: there is no route %s", path, name)
				}
			case called.MatchString(name):
				if f := called.FindStringSubmatch(name)[1]; !exists(function, f) {
					t.Errorf("%s: there is no function %s", path, name)
				}
			case goName.MatchString(name):
				if g := goName.FindStringSubmatch(name); !declares(t, g[1], g[2], g[3]) {
					t.Errorf("%s: there is no %s in Go", path, name)
				}
			case snake.MatchString(name):
				if !exists(anything, name) && !strings.Contains(openapi, name) {
					t.Errorf("%s: %s is no table, column, function or role, and not on the wire", path, name)
				}
			case ofTable.MatchString(name) && exists(relation, ofTable.FindStringSubmatch(name)[1]):
				if !exists(anything, ofTable.FindStringSubmatch(name)[2]) {
					t.Errorf("%s: there is no column %s", path, name)
				}
			case regexp.MustCompile(`^(?:app|adapters|domain|docs|migrations|test|examples)/\S+$|\.sql$`).MatchString(name):
				places := []string{name, "migrations/postgres/" + name}
				if !slices.ContainsFunc(places, func(p string) bool { _, err := os.Stat(filepath.Join(root, p)); return err == nil }) {
					t.Errorf("%s: there is no file %s", path, name)
				}
			case strings.HasPrefix(name, "Test"):
				if name != "TestChecklist" {
					t.Errorf("%s: this test does not know %s", path, name)
				}
			}
		}
	}
	for _, table := range []string{"usage_reservations", "usage_calls", "usage_events", "usage_daily", "usage_adjustments", "usage_repricings"} {
		if !strings.Contains(page(t, "docs/usage-tracking.md"), "`"+table+"`") {
			t.Errorf("the page does not say where %s is", table)
		}
	}
}

// mismatchQuery is what docs/usage-tracking.md finds days by that do not add up.
func mismatchQuery(t *testing.T) string {
	t.Helper()
	m := regexp.MustCompile("(?s)```sql.*?(select d\\.date.*?);").FindStringSubmatch(page(t, "docs/usage-tracking.md"))
	if m == nil {
		t.Fatal("the page has no such query")
	}
	return "select q::text from (" + m[1] + ") q"
}

// declares reports whether a package of ours declares a name, and that name a
// method.
func declares(t *testing.T, pkg, name, method string) bool {
	t.Helper()
	dirs := map[string]string{"metering": "app/metering", "ginhttp": "adapters/ginhttp", "usage": "domain/usage", "ports": "ports", "roles": "domain/roles"}
	files, err := filepath.Glob(filepath.Join(root, dirs[pkg], "*.go"))
	if err != nil || dirs[pkg] == "" {
		t.Fatalf("package %s is not known: %v", pkg, err)
	}
	found := false
	for _, f := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range tree.Decls {
			found = found || declaredBy(d, name, method)
		}
	}
	return found
}

func declaredBy(d ast.Decl, name, method string) bool {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil || method == "" {
			return d.Recv == nil && method == "" && d.Name.Name == name
		}
		of := d.Recv.List[0].Type
		if star, ok := of.(*ast.StarExpr); ok {
			of = star.X
		}
		id, ok := of.(*ast.Ident)
		return ok && id.Name == name && d.Name.Name == method
	case *ast.GenDecl:
		for _, s := range d.Specs {
			spec, ok := s.(*ast.TypeSpec)
			if !ok || spec.Name.Name != name {
				continue
			}
			if i, ok := spec.Type.(*ast.InterfaceType); ok && method != "" {
				return slices.ContainsFunc(i.Methods.List, func(f *ast.Field) bool { return len(f.Names) > 0 && f.Names[0].Name == method })
			}
			return method == ""
		}
	}
	return false
}
