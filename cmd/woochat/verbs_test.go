package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/roles"
)

// TestEachVerbNamesItsAction: a command that is not in the table, or names no
// action and no reason for that, fails; and the table has no others.
func TestEachVerbNamesItsAction(t *testing.T) {
	table, all := verbs(), slices.Collect(maps.Keys(leaves(t)))
	for _, name := range all {
		v, ok := table[name]
		switch {
		case !ok:
			t.Errorf("woochat %s names no action: add it to verbs", name)
		case (v.action == "") == (v.why == ""):
			t.Errorf("woochat %s needs an action, or a reason for none", name)
		case v.action != "" && !slices.Contains(roles.Actions(), v.action):
			t.Errorf("woochat %s needs %q, which is no action", name, v.action)
		}
	}
	for name := range table {
		if !slices.Contains(all, name) {
			t.Errorf("verbs has %q, which is no command", name)
		}
	}
}

// runs are a life of a shop in which each command with an action is run once,
// in this order; SITEKEY stands for the key that init made.
var runs = []struct {
	verb string
	args []string
}{
	{"init", []string{"--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com"}},
	{"tenant create", []string{"--name", "B"}},
	{"tenant list", nil},
	{"tenant disable", []string{"B"}},
	{"tenant enable", []string{"B"}},
	{"site create", []string{"--tenant", "B", "--url", "https://b.example.com"}},
	{"site list", nil},
	{"site disable", []string{"b.example.com"}},
	{"site enable", []string{"b.example.com"}},
	{"license set", []string{"--site", "b.example.com", "--plan", "trial"}},
	{"license list", nil},
	{"license suspend", []string{"b.example.com"}},
	{"license resume", []string{"b.example.com"}},
	{"license cancel", []string{"b.example.com"}},
	{"key create", []string{"--site", "b.example.com", "--kind", "site"}},
	{"key list", nil},
	{"key disable", []string{"KEY"}},
	{"key enable", []string{"KEY"}},
	{"member create", []string{"--tenant", "B", "--email", "b@example.com", "--role", "owner"}},
	{"member list", []string{"--tenant", "B"}},
	{"member remove", []string{"--tenant", "B", "nobody@example.com"}},
	{"platform-user create", []string{"--email", "root@example.com"}},
	{"platform-user list", nil},
	{"platform-user remove", []string{"root@example.com"}},
	{"ingest faq", []string{"--site", "b.example.com", "FAQ"}},
	{"ingest csv", []string{"--site", "b.example.com", "PRODUCTS"}},
	{"ingest pages", []string{"--site", "b.example.com", "PAGES"}},
	{"ingest crawl", []string{"--site", "b.example.com", "--delay", "1ms", "WEBSITE"}},
	{"ingest files", []string{"--site", "b.example.com", "PAGES"}},
	{"ingest woocommerce", []string{"--site", "b.example.com", "--url", "SHOP", "--key", "env:SHOP_KEY"}},
	{"ingest status", nil},
	{"shop connect", []string{"--site", "b.example.com", "--url", "SHOP", "--key", "env:SHOP_KEY"}},
	{"shop show", []string{"--site", "b.example.com"}},
	{"shop sync", []string{"--site", "b.example.com"}},
	{"jobs list", []string{"--site", "b.example.com"}},
	{"jobs retry", []string{"--site", "b.example.com", "--dead"}},
	{"jobs drop", []string{"--site", "b.example.com", "--dead"}},
	{"shop invite", []string{"--site", "b.example.com"}},
	{"shop rotate", []string{"--site", "b.example.com"}},
	{"secrets rotate", nil},
	{"shop disconnect", []string{"--site", "b.example.com"}},
	{"search", []string{"--site", "b.example.com", "--explain", "caps under 20"}},
	{"synonyms set", []string{"--site", "b.example.com", "mug = cup"}},
	{"synonyms list", []string{"--site", "b.example.com"}},
	{"synonyms remove", []string{"--site", "b.example.com", "--all"}},
	{"index status", nil},
	{"index rebuild", []string{"--site", "b.example.com"}},
	{"index rollback", []string{"--all"}},
	{"eval", []string{"--site", "b.example.com", "--questions", "JUDGED"}},
	{"usage show", nil},
	{"usage reprice", []string{"--as-of", "2026-11-24"}},
	{"conversation unanswered", []string{"--site", "b.example.com"}},
	{"conversation erase", []string{"--site", "b.example.com", "--visitor", "vis_01890a5d-ac96-774b-bcce-b302099a8057"}},
	{"backup", []string{"BACKUP"}},
	{"doctor", nil},
	{"audit", []string{"--tenant", "B"}},
}

// TestEachVerbIsRecorded runs every command that needs an action and finds it in
// the log: who, what, and the command as the reason.
func TestEachVerbIsRecorded(t *testing.T) {
	s := newShell(t)
	s.env["WOOCHAT_ADDR"], s.env["WOOCHAT_ADMIN_ADDR"] = "127.0.0.1:0", "127.0.0.1:0"
	s.env["WOOCHAT_EMBEDDING_MODEL"] = "none" // of the site without a license it would say that it waits
	dir := t.TempDir()
	shop, key := s.shop(1)
	s.env["SHOP_KEY"], s.env["WOOCHAT_SECRET_KEY"], s.env["WOOCHAT_PUBLIC_URL"] = key, strings.Repeat("0123456789abcdef", 4), "https://chat.example.com"
	files := map[string]string{
		"SHOP": shop.URL(), "WEBSITE": s.website(map[string]string{"/a/": "<main>A</main>"}), "FAQ": filepath.Join(dir, "faq.csv"), "PRODUCTS": filepath.Join(dir, "products.csv"), "PAGES": filepath.Join(dir, "pages"),
		"BACKUP": filepath.Join(dir, "backup.db"), "JUDGED": filepath.Join(dir, "judged.csv"), "KEY": "",
	}
	for path, text := range map[string]string{
		files["FAQ"]:      "question,answer\nDo you ship?,Yes.\n",
		files["JUDGED"]:   "question,expected\ncaps,A-1\n",
		files["PRODUCTS"]: "ID,Type,SKU,Name,Published,Visibility in catalog,In stock?,Regular price\n1,simple,A-1,Cap,1,visible,1,10\n",
		filepath.Join(files["PAGES"], "shipping.md"): "# Shipping\n\nWe ship to all of Europe.\n",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	done := map[string]bool{}
	for _, r := range runs {
		args := strings.Fields(r.verb)
		for _, a := range r.args {
			if with, ok := files[a]; ok {
				a = with
			}
			args = append(args, a)
		}
		out := s.ok(args...)
		if id := regexp.MustCompile(`key_[0-9a-f-]{36}`).FindString(out); id != "" {
			files["KEY"] = id
		}
		done[r.verb] = true
	}
	var log []auditRow
	for _, whose := range [][]string{nil, {"--tenant", "A"}, {"--tenant", "B"}} {
		log = append(log, fromJSON[list[auditRow]](t, s.ok(append([]string{"audit", "--json", "--limit", "1000"}, whose...)...)).Data...)
	}
	for name, v := range verbs() {
		if v.action == "" {
			continue
		}
		if !done[name] {
			t.Errorf("woochat %s is not run by this test: add it to runs", name)
			continue
		}
		if !slices.ContainsFunc(log, func(e auditRow) bool {
			return e.Action == v.action && e.Reason == "woochat "+name && e.Actor == roles.Subject("os:"+osUser())
		}) {
			t.Errorf("woochat %s is not recorded as %s", name, v.action)
		}
	}
}

func TestAuditCommand(t *testing.T) {
	s := newShell(t)
	if out := s.ok("audit"); strings.Contains(out, "WHO") == strings.Contains(out, "Nothing is recorded") {
		t.Errorf("got %q", out)
	}
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	s.ok("license", "suspend", "a.example.com", "--reason", "ticket 4711")
	rows := fromJSON[list[auditRow]](t, s.ok("audit", "--site", "a.example.com", "--json")).Data
	if len(rows) < 3 || rows[0].Action != roles.ReadAudit {
		t.Fatalf("got %+v", rows)
	}
	i := slices.IndexFunc(rows, func(e auditRow) bool { return e.Action == roles.WriteLicenses })
	if e := rows[i]; e.Reason != "ticket 4711" || !strings.Contains(e.Details, "suspended") || e.Site == "" || e.Actor != roles.Subject("os:"+osUser()) {
		t.Errorf("recorded: %+v", e)
	}
	if out := s.ok("audit", "--tenant", "A", "--limit", "1"); strings.Count(out, "\n") != 2 || !strings.HasPrefix(out, "WHEN") {
		t.Errorf("got\n%s", out)
	}
	if r := s.run("audit", "--limit", "0"); r.code != exitUsage {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	if r := s.run("license", "suspend", "a.example.com", "--reason", strings.Repeat("r", 501)); r.code == 0 || !strings.Contains(r.err, "reason") {
		t.Errorf("an endless reason: exit code %d: %s", r.code, r.err)
	}
}

// TestFirstSuperAdmin: the first one is made on the server, and no member is one.
func TestFirstSuperAdmin(t *testing.T) {
	s := newShell(t)
	s.ok("platform-user", "create", "--email", "root@example.com")
	if out := s.ok("platform-user", "list"); !strings.Contains(out, "root@example.com") {
		t.Errorf("got %s", out)
	}
	s.ok("tenant", "create", "--name", "A", "--owner", "a@example.com")
	if out := s.ok("platform-user", "list"); strings.Contains(out, "a@example.com") {
		t.Errorf("an owner is a super admin: %s", out)
	}
	for _, args := range [][]string{
		{"member", "remove", "--tenant", "A", "a@example.com"}, {"member", "create", "--tenant", "A", "--email", "a@example.com", "--role", "admin"},
	} {
		if r := s.run(args...); r.code != exitFailure || !strings.Contains(r.err, "at least one owner") {
			t.Errorf("%v: exit code %d: %s", args, r.code, r.err)
		}
	}
	s.ok("platform-user", "remove", "root@example.com")
	if out := s.ok("platform-user", "list"); !strings.Contains(out, "No super admins yet") {
		t.Errorf("got %s", out)
	}
}

// TestOneOperator: no command acts under another name than that of who runs it.
func TestOneOperator(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.go") || name == "operator.go" {
			continue
		}
		if strings.Contains(string(text), "administering.Operator") {
			t.Errorf("%s acts as nobody in particular: take app.Operator", name)
		}
	}
}
