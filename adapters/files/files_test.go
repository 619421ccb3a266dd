package files_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aiwoochat/woochat/adapters/files"
	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

var site = tenant.Scope{Tenant: "ten_00000000-0000-7000-8000-000000000001", Site: "site_00000000-0000-7000-8000-000000000001"}

func text(s string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(s)), nil }
}

func folder(files map[string]string) fs.FS {
	m := fstest.MapFS{}
	for name, data := range files {
		m[name] = &fstest.MapFile{Data: []byte(data)}
	}
	return m
}

func all(t *testing.T, s ports.DocumentSource) []catalog.Change {
	t.Helper()
	var got []catalog.Change
	if _, err := s.Changes(t.Context(), site, "", func(c catalog.Change) error { got = append(got, c); return nil }); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestPageFolderIsADocumentSource(t *testing.T) {
	porttest.DocumentSource(t, func(*testing.T) porttest.SourceUnderTest {
		fsys := folder(map[string]string{"a.md": "# A\n\ntext", "b.html": "<h1>B</h1>", "c.md": "M\xf6bel", "d.md": "d"})
		return porttest.SourceUnderTest{DocumentSource: files.NewPageFolder(fsys, "https://shop.example.com"), Scope: site}
	})
}

func TestFAQIsADocumentSource(t *testing.T) {
	porttest.DocumentSource(t, func(*testing.T) porttest.SourceUnderTest {
		return porttest.SourceUnderTest{DocumentSource: files.NewFAQ(text("question,answer\na?,1\nb?,\nc?,3\nd?,4\n")), Scope: site}
	})
}

func TestPageFolder(t *testing.T) {
	changes := all(t, files.NewPageFolder(folder(map[string]string{
		"returns.md":      "---\ntitle: \"Returns & refunds\"\n---\nSend it **back**, see\n[the form](/form/).\n\n- 30 days\n- free\n\n1. pack\n2. send\n\n## Costs\n| Country | Price |\n| --- | :-: |\n| Norway | 5 \\| 6 |\n\n```\na  <b>\n```\n",
		"help/index.html": "<html><head><title>Help &amp; <b>more</b></title></head><body><p>Call us.</p></body></html>",
		"about-us.htm":    "<p>We are a shop.</p>",
		"big.html":        strings.Repeat("x", 2<<20+1),
		".hidden/x.md":    "# secret",
		".draft.md":       "# secret",
		"notes.txt":       "secret",
	}), "https://shop.example.com/"))
	if len(changes) != 4 {
		t.Fatalf("%d changes, want 4: %+v", len(changes), changes)
	}
	for i, want := range []catalog.Page{
		{ID: "about-us", Title: "about us", URL: "https://shop.example.com/about-us/"},
		{},
		{ID: "help/index", Title: "Help & more", URL: "https://shop.example.com/help/"},
		{ID: "returns", Title: "Returns & refunds", URL: "https://shop.example.com/returns/"},
	} {
		p := changes[i].Page
		if want.ID == "" {
			if r := changes[i].Rejected; r == nil || r.Where != "big.html" || r.ID != "big" {
				t.Errorf("got %+v, want big.html rejected", changes[i])
			}
			continue
		}
		if p == nil || p.ID != want.ID || p.Title != want.Title || p.URL != want.URL || !p.Shown() {
			t.Errorf("page %d is %+v, want %+v", i, p, want)
		}
	}
	got, err := html.New().Text(changes[3].Page.HTML, changes[3].Page.URL)
	want := "Send it back, see [the form](/form/).\n\n- 30 days\n- free\n\n1. pack\n2. send\n\n## Costs\n\n| Country | Price |\n| --- | --- |\n| Norway | 5 \\| 6 |\n\n```\na  <b>\n```"
	if err != nil || got != want {
		t.Errorf("text is\n%s\n%v, want\n%s", got, err, want)
	}
}

// A page is in the language that it says, and else in the site's.
func TestLanguageOfAPage(t *testing.T) {
	for page, want := range map[string]string{
		`<html lang="de-AT"><title>A</title>`:                                         "de-AT",
		"<!DOCTYPE html>\n<!-- <html lang=fr> -->\n<HTML class='a' LANG=pt_BR>\n<p>x": "pt-BR",
		`<html hreflang="de" data-lang="de"><p lang="fr">x</p>`:                       "",
		`<p lang="fr">x</p><html lang="de">`:                                          "",
		`<html lang="not a language">`:                                                "",
		`<html class="x lang=fr" prefix='og: https://example.com' lang='nb'>`:         "nb",
		`<!-- no end <html lang="de">`:                                                "",
		`<html`:                                                                       "",
		`no html`:                                                                     "",
	} {
		changes := all(t, files.NewPageFolder(folder(map[string]string{"a.html": page, "b.md": page}), "https://shop.example.com"))
		if len(changes) != 2 || changes[0].Page.Locale != want || changes[1].Page.Locale != "" {
			t.Errorf("%s: %+v", page, changes[0].Page)
		}
	}
}

func TestPageFolderRefuses(t *testing.T) {
	for name, fsys := range map[string]fs.FS{"empty": folder(nil), "no pages": folder(map[string]string{"a.txt": "x"})} {
		if _, err := files.NewPageFolder(fsys, "https://shop.example.com").Changes(t.Context(), site, "", nil); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFAQ(t *testing.T) {
	changes := all(t, files.NewFAQ(text("\uFEFFID;Question;Answer;URL\n7;\"Gift\nwrap?\";\"Yes.\nFree & quick.\n\nAsk.\";https://shop.example.com/faq/\n;Open?;<p>Daily</p>\n;open?;Again\n;;\n;Lonely?;\n;a;b;c;d\n")))
	if len(changes) != 5 {
		t.Fatalf("%d changes: %+v", len(changes), changes)
	}
	if f := changes[0].FAQ; f == nil || f.ID != "7" || f.Question != "Gift wrap?" || f.Answer != "<p>Yes.<br>Free &amp; quick.</p><p>Ask.</p>" || f.URL == "" || !f.Shown() {
		t.Errorf("got %+v", f)
	}
	if f := changes[1].FAQ; f == nil || f.ID == "" || f.Answer != "<p>Daily</p>" {
		t.Errorf("got %+v", f)
	}
	for i, says := range map[int]string{2: "of row 3 again", 3: "no answer", 4: "5 cells"} {
		if r := changes[i].Rejected; r == nil || !strings.Contains(r.Reason, says) || r.Where != fmt.Sprintf("row %d", []int{0, 0, 4, 6, 7}[i]) {
			t.Errorf("change %d is %+v, want rejected: %s", i, changes[i].Rejected, says)
		}
	}
}

func TestFAQRefuses(t *testing.T) {
	for name, csv := range map[string]string{"empty": "", "columns": "q,a\n1,2\n", "Latin-1": "question,answer\nM\xf6bel?,x\n"} {
		if _, err := files.NewFAQ(text(csv)).Changes(t.Context(), site, "", nil); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func show(c catalog.Change) error {
	switch {
	case c.Page != nil:
		fmt.Println(c.Page.Title, c.Page.URL)
	case c.FAQ != nil:
		fmt.Println(c.FAQ.Question, c.FAQ.Answer)
	}
	return nil
}

func ExampleNewPageFolder() {
	fsys := fstest.MapFS{"returns.md": {Data: []byte("# Returns\n\nThirty days.")}}
	_, err := files.NewPageFolder(fsys, "https://shop.example.com").Changes(context.Background(), site, "", show)
	fmt.Println(err)
	// Output:
	// Returns https://shop.example.com/returns/
	// <nil>
}

func ExampleNewFAQ() {
	source := files.NewFAQ(func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("question,answer\nDo you gift-wrap?,\"Yes, for free.\"\n")), nil
	})
	_, err := source.Changes(context.Background(), site, "", show)
	fmt.Println(err)
	// Output:
	// Do you gift-wrap? <p>Yes, for free.</p>
	// <nil>
}

func ExampleNewPages() {
	page := catalog.Page{ID: "shipping", Title: "Shipping", URL: "https://shop.example.com/shipping/", Status: catalog.Published, HTML: "<p>Two days.</p>"}
	_, err := files.NewPages(page).Changes(context.Background(), site, "", show)
	fmt.Println(err)
	// Output:
	// Shipping https://shop.example.com/shipping/
	// <nil>
}

func TestPageFolderRejectsASecondFileOfOneAddress(t *testing.T) {
	changes := all(t, files.NewPageFolder(folder(map[string]string{
		"a.html": "<h1>A</h1>", "a.md": "# Other", "help.md": "# Help", "help/index.html": "<h1>Help</h1>",
	}), "https://shop.example.com"))
	var pages, rejects []string
	for _, c := range changes {
		switch {
		case c.Page != nil:
			pages = append(pages, c.Page.Title)
		case c.Rejected != nil:
			rejects = append(rejects, c.Rejected.Where+": "+c.Rejected.Reason)
		}
	}
	want := "[A Help] [a.md: it has the same address as a.html: rename one of them help.md: it has the same address as help/index.html: rename one of them]"
	if got := fmt.Sprint(pages, rejects); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
