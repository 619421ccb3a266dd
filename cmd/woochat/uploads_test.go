package main

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// wordFile writes a DOCX file.
func (s *shell) wordFile(path, text string) {
	s.t.Helper()
	f, err := os.Create(path)
	if err != nil {
		s.t.Fatal(err)
	}
	z := zip.NewWriter(f)
	w, err := z.Create("word/document.xml")
	if err == nil {
		_, err = w.Write([]byte("<w:document xmlns:w='w'><w:body><w:p><w:r><w:t>" + text + "</w:t></w:r></w:p></w:body></w:document>"))
	}
	if err != nil || z.Close() != nil || f.Close() != nil {
		s.t.Fatal(err)
	}
}

func TestIngestFiles(t *testing.T) {
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	dir := s.pages(map[string]string{
		"care.md": "# Care\n\nWash cold.\n", "help/faq.csv": "question,answer\nGift wrap?,Yes.\nLonely?,\n",
		"broken.pdf": "no PDF", "scan.pdf": "%PDF-1.4\ntrailer << >>\nstartxref\n0\n%%EOF", "notes.txt": "no text for us",
	})
	s.wordFile(filepath.Join(dir, "returns.docx"), "Within 60 days.")
	got := events(t, s.ok("ingest", "files", dir, "--link", "https://a.example.com/files/"))
	if done := got["done"][0]; done["source"] != filesSource || done["seen"] != 6.0 || done["changed"] != 3.0 || done["rejected"] != 3.0 || done["complete"] != true {
		t.Errorf("done: %v", done)
	}
	reasons := map[string]string{}
	for _, r := range got["rejected"] {
		reasons[r["where"].(string)] = r["reason"].(string)
	}
	for where, says := range map[string]string{"broken.pdf": "it is no PDF", "scan.pdf": "broken PDF", "help/faq.csv: row 3": "no answer"} {
		if !strings.Contains(reasons[where], says) {
			t.Errorf("%s is rejected with %q, want %q", where, reasons[where], says)
		}
	}
	if steps := got["progress"]; len(steps) < 2 || steps[0]["step"] != "read" {
		t.Errorf("progress: %v", steps)
	}
	// Again, nothing changes; without one of them it goes, unless told not to.
	if done := events(t, s.ok("ingest", "files", dir, "--link", "https://a.example.com/files/"))["done"][0]; done["unchanged"] != 3.0 || done["changed"] != 0.0 {
		t.Errorf("again: %v", done)
	}
	if done := events(t, s.ok("ingest", "files", filepath.Join(dir, "care.md"), "--no-full"))["done"][0]; done["removed"] != 0.0 || done["seen"] != 1.0 {
		t.Errorf("--no-full: %v", done)
	}
	if done := events(t, s.ok("ingest", "files", filepath.Join(dir, "care.md")))["done"][0]; done["removed"] != 2.0 {
		t.Errorf("--full: %v", done)
	}
	status := fromJSON[list[sourceStatus]](t, s.ok("ingest", "status", "--json"))
	shown := 0
	for _, row := range status.Data {
		if shown += row.Shown; row.Source != filesSource || row.Pending != 0 {
			t.Errorf("status: %+v", row)
		}
	}
	if shown != 1 {
		t.Errorf("%d are shown, want 1", shown)
	}
}

func TestIngestFilesThatAreNotThere(t *testing.T) {
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"/nowhere"}, "no such file"},
		{[]string{t.TempDir()}, "no .md, .html, .pdf, .docx or .csv files in the folder"},
		{[]string{s.file("x.pdf", "no PDF")}, "nothing could be read"},
		{[]string{s.file("x.doc", "x")}, "nothing could be read"},
	} {
		if r := s.run(append([]string{"ingest", "files"}, c.args...)...); r.code != exitFailure || !strings.Contains(r.err, c.want) {
			t.Errorf("%v: exit code %d, stderr %q", c.args, r.code, r.err)
		}
	}
}
