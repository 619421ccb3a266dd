package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const csvHead = `ID,Type,SKU,Name,Published,"Visibility in catalog","In stock?","Regular price"` + "\n"

func (s *shell) file(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// events reads lines of JSON, by their event.
func events(t *testing.T, out string) map[string][]map[string]any {
	t.Helper()
	found := map[string][]map[string]any{}
	for line := range strings.Lines(out) {
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		name, _ := e["event"].(string)
		found[name] = append(found[name], e)
	}
	return found
}

func TestIngestCSV(t *testing.T) {
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	path := s.file("export.csv", csvHead+
		"1,simple,A-1,Mug,1,visible,1,9.90\n"+
		"2,simple,B-1,Cup,1,visible,1,cheap\n"+
		"3,simple,C-1,Plate,1,visible,1,12.50\n")
	got := events(t, s.ok("ingest", "csv", path))
	done := got["done"][0]
	if done["seen"] != 3.0 || done["changed"] != 2.0 || done["rejected"] != 1.0 || done["complete"] != true {
		t.Errorf("done: %v", done)
	}
	if len(got["rejected"]) != 1 || !strings.Contains(got["rejected"][0]["where"].(string), "row 3") || got["rejected"][0]["reason"] == "" {
		t.Errorf("rejected: %v", got["rejected"])
	}
	if got["indexed"][0]["indexed"] != 2.0 {
		t.Errorf("indexed: %v", got["indexed"])
	}
	if steps := got["progress"]; len(steps) < 2 || steps[0]["step"] != "read" || steps[len(steps)-1]["step"] != "index" {
		t.Errorf("progress: %v", got["progress"])
	}
	status := fromJSON[list[sourceStatus]](t, s.ok("ingest", "status", "--json"))
	if len(status.Data) != 1 || status.Data[0].Shown != 2 || status.Data[0].Pending != 0 || status.Data[0].Source != productsSource {
		t.Errorf("status: %+v", status.Data)
	}
	if out := s.ok("ingest", "status"); !strings.Contains(out, "products-csv  product") {
		t.Errorf("status:\n%s", out)
	}

	// The same file again changes nothing; without a row its product goes,
	// unless the file is said not to be whole.
	if done := events(t, s.ok("ingest", "csv", path))["done"][0]; done["unchanged"] != 2.0 || done["changed"] != 0.0 {
		t.Errorf("again: %v", done)
	}
	less := s.file("less.csv", csvHead+"1,simple,A-1,Mug,1,visible,1,9.90\n")
	if done := events(t, s.ok("ingest", "csv", less, "--no-full"))["done"][0]; done["removed"] != 0.0 {
		t.Errorf("--no-full took something out: %v", done)
	}
	if done := events(t, s.ok("ingest", "csv", less, "--full"))["done"][0]; done["removed"] != 1.0 {
		t.Errorf("--full: %v", done)
	}
	status = fromJSON[list[sourceStatus]](t, s.ok("ingest", "status", "--json"))
	if got := status.Data[0]; got.Shown != 1 || got.Hidden != 1 || got.Pending != 0 {
		t.Errorf("status after a product went: %+v", got)
	}
}

func TestIngestPages(t *testing.T) {
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	dir := t.TempDir()
	for name, text := range map[string]string{"index.html": "<title>Home</title><p>Mugs from A to Z.</p>", "returns.md": "# Returns\n\nWithin **60 days**.\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if done := events(t, s.ok("ingest", "pages", dir))["done"][0]; done["changed"] != 2.0 || done["hidden"] != 0.0 || done["rejected"] != 0.0 {
		t.Errorf("done: %v", done)
	}
	// One page of the two again: only --no-full leaves the other where it is.
	one := filepath.Join(dir, "returns.md")
	if done := events(t, s.ok("ingest", "pages", one, "--no-full"))["done"][0]; done["removed"] != 0.0 {
		t.Errorf("--no-full: %v", done)
	}
	if done := events(t, s.ok("ingest", "pages", one))["done"][0]; done["removed"] != 1.0 {
		t.Errorf("--full: %v", done)
	}
}

func TestIngestCSVThatCannotBeRead(t *testing.T) {
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	for _, c := range []struct {
		name, text, want string
	}{
		{"empty", "", ""},
		{"no columns of an export", "a,b\n1,2\n", ""},
		{"no good row", csvHead + "2,simple,B-1,Cup,1,visible,1,cheap\n", "nothing could be read"},
		{"no row", csvHead, "nothing could be read"},
	} {
		r := s.run("ingest", "csv", s.file("f.csv", c.text))
		if r.code != exitFailure || !strings.Contains(r.err, c.want) || r.err == "" {
			t.Errorf("%s: exit code %d, stderr %q", c.name, r.code, r.err)
		}
	}
	for _, args := range [][]string{{"ingest", "csv", "/nowhere/f.csv"}, {"ingest", "csv", t.TempDir()}, {"ingest", "pages", t.TempDir()}} {
		if r := s.run(args...); r.code != exitFailure || r.err == "" {
			t.Errorf("%v: exit code %d, stderr %q", args, r.code, r.err)
		}
	}
	if status := fromJSON[list[sourceStatus]](t, s.ok("ingest", "status", "--json")); len(status.Data) != 0 {
		t.Errorf("something was stored: %+v", status.Data)
	}
}

func TestIngestForAPerson(t *testing.T) {
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	path := s.file("export.csv", csvHead+"1,simple,A-1,Mug,1,visible,1,9.90\n2,simple,B-1,Cup,1,visible,1,cheap\n")
	var out, err strings.Builder
	p := &program{env: s.lookup, stdout: &out, stderr: &err, now: time.Now, talks: true, bars: true}
	if code := p.run(t.Context(), []string{"ingest", "csv", path}); code != 0 {
		t.Fatalf("exit code %d: %s", code, err.String())
	}
	for _, want := range []string{"export.csv into a.example.com: 2 read, 1 new or changed, 0 unchanged, 1 rejected.", "Rejected:", "  row 3"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("stdout lacks %q:\n%s", want, out.String())
		}
	}
}

func TestProgressLinesTellRateAndRest(t *testing.T) {
	var out strings.Builder
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	p := &program{stdout: &out, now: func() time.Time { return now }}
	step := p.newShow(true).begin("read", 1000)
	step.at(1, 0) // too early for a line
	now = now.Add(2 * time.Second)
	step.at(200, 3)
	step.end(true)
	lines := events(t, out.String())["progress"]
	if len(lines) != 2 || lines[0]["per_second"] != 100.0 || lines[0]["eta_seconds"] != 8.0 || lines[0]["rejected"] != 3.0 {
		t.Errorf("got %v", lines)
	}
}

func TestReadPages(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"index.html":         "<html><head><title>Welcome &amp; more</title></head><body><p>Hello</p></body></html>",
		"help/returns.md":    "---\ntitle: x\n---\n# Returns *and* more\n\nYou may [return](/form) **anything**.\n",
		"help/size-guide.md": "No heading.\n",
		"help/index.md":      "# Help\n",
		".git/config.md":     "# Not a page\n",
		"notes.txt":          "no page",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pages, err := readPages([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	titles := map[string]string{}
	for _, p := range pages {
		titles[p.Slug] = p.Title
	}
	want := map[string]string{frontPage: "Welcome & more", "help": "Help", "help/returns": "Returns and more", "help/size-guide": "Size guide"}
	if len(titles) != len(want) {
		t.Errorf("got %v", titles)
	}
	for slug, title := range want {
		if titles[slug] != title {
			t.Errorf("%q has the title %q, want %q", slug, titles[slug], title)
		}
	}
	twice := filepath.Join(dir, "help", "returns.html")
	if err := os.WriteFile(twice, []byte("<p>x</p>"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = readPages([]string{dir, filepath.Join(dir, "notes.txt"), "/nowhere.md"})
	if err == nil {
		t.Fatal("two files of one address, a text file and a missing one are taken")
	}
	if lines := flatten(err); len(lines) != 3 {
		t.Errorf("got %d problems, want 3: %q", len(lines), lines)
	}
}

func TestHTMLOfMarkdown(t *testing.T) {
	for _, c := range []struct{ name, markdown, want string }{
		{"headings", "# One\nTwo\n===\nThree\n---\n### Four ###\n", "<h1>One</h1>\n<h1>Two</h1>\n<h2>Three</h2>\n<h3>Four</h3>\n"},
		{"a paragraph over two lines", "a\nb\n\nc\n", "<p>a b</p>\n<p>c</p>\n"},
		{"lists in lists", "- a\n  - b\n- c\n\n1. d\n", "<ul><li>a<ul><li>b</li></ul></li><li>c</li><li>d</li></ul>\n"},
		{"a table", "| A | B |\n|---|:-:|\n| 1 | 2 |\n", "<table><thead><tr><th>A</th><th>B</th></tr>\n</thead><tbody><tr><td>1</td><td>2</td></tr>\n</tbody></table>\n"},
		{"code keeps its characters", "```\n<b> *x*\n```\n`a*b*c` *d*\n", "<pre><code>&lt;b&gt; *x*\n</code></pre>\n<p><code>a*b*c</code> <em>d</em></p>\n"},
		{"a quote, a link and a picture", "> say\n\n[x](/y \"t\") ![alt](z.png)\n", "<blockquote><p>say</p></blockquote>\n<p><a href=\"/y\">x</a> alt</p>\n"},
		{"what is not closed stays text", "**a [b](\n", "<p>**a [b](</p>\n"},
		{"fences and front matter without an end", "---\n```\nx", "<pre><code>x\n</code></pre>\n"},
		{"HTML is text", "<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>\n"},
	} {
		if got, _ := htmlOf(c.markdown); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func FuzzHTMLOfMarkdown(f *testing.F) {
	for _, seed := range []string{"# a\n- b\n  1. c\n|x|\n|-|\n```\n> q", "---\n", "\x00`a`\x00", "=\n=\n==="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, markdown string) {
		out, _ := htmlOf(markdown)
		for _, tag := range []string{"ul", "ol", "li", "table", "pre"} {
			if open, closed := strings.Count(out, "<"+tag+">"), strings.Count(out, "</"+tag+">"); open != closed {
				t.Errorf("%d <%s>, %d closed:\n%s", open, tag, closed, out)
			}
		}
		if strings.Contains(out, "<script") {
			t.Errorf("a script comes through: %s", out)
		}
	})
}
