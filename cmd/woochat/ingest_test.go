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

// pages makes a folder of pages, by their paths.
func (s *shell) pages(texts map[string]string) string {
	s.t.Helper()
	dir := s.t.TempDir()
	for name, text := range texts {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	return dir
}

func TestIngestPages(t *testing.T) {
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	both := s.pages(map[string]string{
		"index.html": "<title>Home</title><p>Mugs from A to Z.</p>", "help/returns.md": "# Returns\n\nWithin **60 days**.\n", "notes.txt": "no page",
	})
	if done := events(t, s.ok("ingest", "pages", both))["done"][0]; done["source"] != "pages" || done["seen"] != 2.0 || done["changed"] != 2.0 || done["hidden"] != 0.0 {
		t.Errorf("done: %v", done)
	}
	// A folder with one of the two: only --no-full leaves the other where it is.
	one := s.pages(map[string]string{"help/returns.md": "# Returns\n\nWithin **90 days**.\n"})
	if done := events(t, s.ok("ingest", "pages", one, "--no-full"))["done"][0]; done["changed"] != 1.0 || done["removed"] != 0.0 {
		t.Errorf("--no-full: %v", done)
	}
	if done := events(t, s.ok("ingest", "pages", one))["done"][0]; done["removed"] != 1.0 {
		t.Errorf("--full: %v", done)
	}
	status := fromJSON[list[sourceStatus]](t, s.ok("ingest", "status", "--json"))
	if len(status.Data) != 1 || status.Data[0].Kind != "page" || status.Data[0].Shown != 1 || status.Data[0].Hidden != 1 {
		t.Errorf("status: %+v", status.Data)
	}
}

func TestIngestPagesOfAFile(t *testing.T) {
	s := newShell(t)
	dir := s.pages(map[string]string{"returns.md": "# Returns\n"})
	r := s.run("ingest", "pages", filepath.Join(dir, "returns.md"))
	if r.code != exitFailure || !strings.Contains(r.err, "returns.md is a file\nHint: name its folder: woochat ingest pages "+dir+"\n") {
		t.Errorf("exit code %d, stderr %q", r.code, r.err)
	}
}

func TestIngestFAQ(t *testing.T) {
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	path := s.file("faq.csv", "question,answer\nDo you gift-wrap?,\"Yes, for free.\"\nDo you ship abroad?,\nWhen do you open?,At nine.\n")
	got := events(t, s.ok("ingest", "faq", path))
	if done := got["done"][0]; done["source"] != "faq" || done["seen"] != 3.0 || done["changed"] != 2.0 || done["rejected"] != 1.0 {
		t.Errorf("done: %v", done)
	}
	if len(got["rejected"]) != 1 || got["rejected"][0]["where"] != "row 3" {
		t.Errorf("rejected: %v", got["rejected"])
	}
	status := fromJSON[list[sourceStatus]](t, s.ok("ingest", "status", "--json"))
	if len(status.Data) != 1 || status.Data[0].Source != faqSource || status.Data[0].Kind != "faq" || status.Data[0].Shown != 2 || status.Data[0].Pending != 0 {
		t.Errorf("status: %+v", status.Data)
	}
	// Pages are another source: a whole import of them takes no question out.
	s.ok("ingest", "pages", s.pages(map[string]string{"index.md": "# Home\n"}))
	less := s.file("less.csv", "question;answer\nWhen do you open?;At ten.\n")
	if done := events(t, s.ok("ingest", "faq", less, "--no-full"))["done"][0]; done["changed"] != 1.0 || done["removed"] != 0.0 {
		t.Errorf("--no-full: %v", done)
	}
	if done := events(t, s.ok("ingest", "faq", less))["done"][0]; done["unchanged"] != 1.0 || done["removed"] != 1.0 {
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
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"csv", "/nowhere/f.csv"}, "no such file"},
		{[]string{"csv", t.TempDir()}, "name the CSV file in it"},
		{[]string{"pages", "/nowhere"}, "no such file"},
		{[]string{"pages", t.TempDir()}, "no .html or .md files"},
		{[]string{"faq", "/nowhere/f.csv"}, "no such file"},
		{[]string{"faq", t.TempDir()}, "name the CSV file in it"},
		{[]string{"faq", s.file("f.csv", csvHead)}, "lacks the columns question, answer"},
		{[]string{"faq", s.file("f.csv", "question,answer\n")}, "nothing could be read"},
	} {
		if r := s.run(append([]string{"ingest"}, c.args...)...); r.code != exitFailure || !strings.Contains(r.err, c.want) {
			t.Errorf("%v: exit code %d, stderr %q", c.args, r.code, r.err)
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
	pages := s.pages(map[string]string{"index.md": "# Home\n"})
	for _, c := range []struct{ args, want []string }{
		{
			[]string{"csv", path},
			[]string{"export.csv into a.example.com: 2 read, 1 new or changed, 0 unchanged, 1 rejected.", "Rejected:", "  row 3"},
		},
		{[]string{"pages", pages}, []string{"pages of " + pages + " into a.example.com: 1 read, 1 new or changed"}},
		{[]string{"pages", pages, "--no-full"}, []string{"Nothing has changed since it was last imported.\n", ": 0 read"}},
	} {
		var out, err strings.Builder
		p := &program{env: s.lookup, stdout: &out, stderr: &err, now: time.Now, talks: true, bars: true}
		if code := p.run(t.Context(), append([]string{"ingest"}, c.args...)); code != 0 {
			t.Fatalf("%v: exit code %d: %s", c.args, code, err.String())
		}
		for _, want := range c.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%v: stdout lacks %q:\n%s", c.args, want, out.String())
			}
		}
		if strings.Contains(out.String(), "had been stopped") {
			t.Errorf("%v: nothing was stopped:\n%s", c.args, out.String())
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
