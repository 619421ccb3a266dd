package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSynonyms(t *testing.T) {
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	path := filepath.Join(t.TempDir(), "products.csv")
	if err := os.WriteFile(path, []byte("ID,Type,SKU,Name,Published,Visibility in catalog,In stock?,Regular price\n"+
		"1,simple,A-1,Gym shoes,1,visible,1,10\n2,simple,A-2,Rain cap,1,visible,1,30\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.ok("ingest", "csv", path)
	if out := s.ok("synonyms", "list"); !strings.Contains(out, "No synonyms yet") {
		t.Errorf("at first:\n%s", out)
	}
	if out := s.ok("synonyms", "set", "trainers = gym shoes", "hat -> cap"); !strings.Contains(out, "trainers = gym shoes") || !strings.Contains(out, "hat -> cap") {
		t.Errorf("set:\n%s", out)
	}
	out := s.ok("search", "--explain", "trainers")
	for _, want := range []string{"searched trainer also as gym shoe", "Gym shoes"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	s.ok("synonyms", "set", "--add", "mug = cup")
	if rows := fromJSON[list[synonymRow]](t, s.ok("synonyms", "list", "--json")).Data; len(rows) != 3 || rows[2].Words[1] != "cup" || rows[1].Means[0] != "cap" {
		t.Errorf("added: %+v", rows)
	}
	if out := s.ok("synonyms", "remove", "Cap", "cup"); !strings.Contains(out, "Removed 2, 1 left") {
		t.Errorf("removed:\n%s", out)
	}
	if out := s.ok("synonyms", "remove", "--all"); !strings.Contains(out, "Removed 1, 0 left") {
		t.Errorf("removed:\n%s", out)
	}
	for _, args := range [][]string{{"set", "one"}, {"set", "a -> b -> c"}, {"remove"}, {"remove", "--all", "x"}, {"set"}} {
		if r := s.run(append([]string{"synonyms"}, args...)...); r.code == 0 || r.err == "" {
			t.Errorf("%v: exit code %d: %s", args, r.code, r.err)
		}
	}
}
