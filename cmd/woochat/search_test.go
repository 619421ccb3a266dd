package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/app/searching"
)

func TestSearch(t *testing.T) {
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	path := filepath.Join(t.TempDir(), "products.csv")
	if err := os.WriteFile(path, []byte("ID,Type,SKU,Name,Published,Visibility in catalog,In stock?,Regular price\n"+
		"1,simple,A-1,Wool cap,1,visible,1,10\n2,simple,A-2,Rain cap,1,visible,0,30\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.ok("ingest", "csv", path)
	if out := s.ok("search", "caps under 20"); !strings.Contains(out, "Wool cap") || strings.Contains(out, "Rain cap") || !strings.Contains(out, "10.00") {
		t.Errorf("found:\n%s", out)
	}
	// An order is told with what it sorts by, and stock in words.
	if out := s.ok("search", "the lightest cap"); !strings.Contains(out, "WEIGHT") || !strings.Contains(out, "out of stock") {
		t.Errorf("found:\n%s", out)
	}
	for question, want := range map[string]string{
		"caps under 20": "the filter, the codes or the order decide", "the lightest cap": "WEIGHT", "hello": "nothing is asked of the shop", "who won the election": "nothing fits",
		"wool cap": "enough to answer",
	} {
		if out := s.ok("search", "--explain", question); !strings.Contains(out, want) {
			t.Errorf("%s: no %q in:\n%s", question, want, out)
		}
	}
	out := s.ok("search", "--explain", "caps under 20")
	for _, want := range []string{"filter", "below", "because", "glove-en-1", "LEXICAL", "product:1#0", "chosen", "1 found, 1 left"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	e := fromJSON[searching.Explanation](t, s.ok("search", "--json", "A-2"))
	if len(e.Understood.Codes) != 1 || len(e.Passages) == 0 || !e.Passages[0].Exact || e.Passages[0].Title != "Rain cap" {
		t.Errorf("%+v", e)
	}
	if out := s.ok("search", "--limit", "1", "--explain", "cap"); !strings.Contains(out, "and 1 more") {
		t.Errorf("found:\n%s", out)
	}
	if r := s.run("search", " "); r.code == 0 || !strings.Contains(r.err, "the question is empty") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}

// Where a shop has pages in two languages, who asks from a page in one reads those
// in it, and an operator may ask as from such a page.
func TestSearchInALanguage(t *testing.T) {
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	dir := t.TempDir()
	for name, page := range map[string]string{
		"shipping.html": `<html lang="en-GB"><title>Shipping</title><main><p>We ship with Fjordpost within two days.</p></main>`,
		"versand.html":  `<html lang="de"><title>Versand</title><main><p>Unser Bote ist Fjordpost, nach Wien dauert es vier Tage.</p></main>`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.ok("ingest", "pages", dir)
	for locale, want := range map[string][]string{"de-AT": {"Versand"}, "en": {"Shipping"}, "fr": {"Shipping", "Versand"}, "": {"Shipping", "Versand"}} {
		args := []string{"search", "--explain", "Fjordpost"}
		if locale != "" {
			args = append(args, "--locale", locale)
		}
		out := s.ok(args...)
		for _, title := range []string{"Shipping", "Versand"} {
			if strings.Contains(out, title) != slices.Contains(want, title) {
				t.Errorf("from a page in %q, want %v:\n%s", locale, want, out)
			}
		}
		if strings.Contains(out, "language") != (len(want) == 1) {
			t.Errorf("from a page in %q, the language is said wrongly:\n%s", locale, out)
		}
	}
	if r := s.run("search", "--locale", "de AT", "Fjordpost"); r.code == 0 || !strings.Contains(r.err, "locale") {
		t.Errorf("a locale that is none: %d %s", r.code, r.err)
	}
}
