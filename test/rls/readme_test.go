package rls

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/migrations"
)

// meanings are what the conditions of policies say, by their text.
func meanings() []struct{ condition, says string } {
	return []struct{ condition, says string }{
		{`^true$`, "all"},
		{`^\((?:id|tenant_id) = ANY \(ARRAY\( SELECT private\.tenants_of\('(\w+)'::text\) AS tenants_of\)\)\)$`, "of tenants in which the caller is $1 or more"},
		{`^\(+ SELECT private\.only_site\(\) AS only_site\) IS NULL\) OR \(\w+ = \( SELECT private\.only_site\(\) AS only_site\)\)\)$`, "**only**, for an API key, of its site"},
		{`^\(\( SELECT private\.only_site\(\) AS only_site\) IS NULL\)$`, "**only** for people, not for API keys"},
		{`^\(user_id = \( SELECT private\.uid\(\) AS uid\)\)$`, "the caller's own"},
		{`^\(\w+ = \( SELECT \(NULLIF\(current_setting\('app\.tenant_id'::text, true\), ''::text\)\)::uuid AS "nullif"\)\)$`, "of `app.tenant_id`"},
		{`^\(\(\w+ = \( SELECT \(NULLIF\(current_setting\('app\.tenant_id'::text, true\), ''::text\)\)::uuid AS "nullif"\)\) AND \(\w+ = \( SELECT \(NULLIF\(current_setting\('app\.site_id'::text, true\), ''::text\)\)::uuid AS "nullif"\)\)\)$`, "of `app.tenant_id` and `app.site_id`"},
		{`^\(tenant_id = ANY \(ARRAY\( SELECT private\.tenants_of\(\s*CASE api_keys\.role\s+WHEN ''::text THEN 'admin'::text\s+ELSE api_keys\.role\s+END\) AS tenants_of\)\)\)$`, "**only** keys of a role that the caller has, too"},
		{`^\(tenant_id = ANY \(ARRAY\( SELECT private\.tenants_of\(\s*CASE\s+WHEN \(api_keys\.disabled OR \(api_keys\.role = ''::text\)\) THEN 'admin'::text\s+ELSE api_keys\.role\s+END\) AS tenants_of\)\)\)$`, "**only** so that the key has a role that the caller has, too, or is disabled"},
	}
}

func meaning(condition string) (string, error) {
	for _, m := range meanings() {
		if r := regexp.MustCompile(m.condition); r.MatchString(condition) {
			return r.ReplaceAllString(condition, m.says), nil
		}
	}
	return "", fmt.Errorf("readme_test.go does not know what this condition means: %s", condition)
}

// TestReadmeNamesEachPolicy holds the table of migrations/README.md to the
// database: it is what this test writes.
func TestReadmeNamesEachPolicy(t *testing.T) {
	rows, err := open(t, plain(t).Superuser()).QueryContext(t.Context(), `select tablename, policyname, permissive = 'RESTRICTIVE', roles[1], lower(cmd),
		coalesce(qual, with_check), coalesce(with_check, qual) from pg_policies where schemaname = 'public' and policyname <> 'owner' order by 1, 4, 3, 2`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var table strings.Builder
	table.WriteString("| table | policy | role | verb | rows |\n| --- | --- | --- | --- | --- |\n")
	for rows.Next() {
		var name, policy, role, verb, before, after string
		var restrictive bool
		if err := rows.Scan(&name, &policy, &restrictive, &role, &verb, &before, &after); err != nil {
			t.Fatal(err)
		}
		if before != after {
			t.Errorf("%s.%s looks at a new row otherwise than at an old one: say so in README.md", name, policy)
		}
		says, err := meaning(before)
		if err != nil {
			t.Error(err)
		}
		if strings.Contains(says, "only") != restrictive {
			t.Errorf("%s.%s: %q, restrictive %v", name, policy, says, restrictive)
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s | %s |\n", name, policy, role, verb, says)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	text := readme(t)
	if !strings.Contains(text, "\n\n"+table.String()+"\n") {
		t.Errorf("migrations/README.md has not the table of policies as it is:\n\n%s", table.String())
	}
}

func TestReadmeNamesEachFile(t *testing.T) {
	text := readme(t)
	for _, name := range files(t, migrations.Postgres()) {
		if !strings.Contains(text, "| `"+name+"` | ") {
			t.Errorf("migrations/README.md has no line for %s", name)
		}
	}
	for _, name := range files(t, migrations.SQLite()) {
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("migrations/README.md does not name %s", name)
		}
	}
	for _, role := range append(strings.Fields(callers), "app_owner") {
		if !strings.Contains(text, "| `"+role+"` | ") {
			t.Errorf("migrations/README.md has no line for the role %s", role)
		}
	}
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../migrations/README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
