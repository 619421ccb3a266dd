package files_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/adapters/files"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/ports"
)

// one returns what comes of a single file.
func one(t *testing.T, f files.File) []catalog.Change {
	t.Helper()
	return all(t, files.NewUploads([]files.File{f, textFile(t, "good.md", "# Good")}, files.UploadsConfig{PDF: files.SeparatePDF(child)}))
}

// bad is a file, and what is said of it.
type bad struct {
	file files.File
	says string
}

// isRejected fails unless the file is, for a bounded price.
func (b bad) isRejected(t *testing.T) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	changes := one(t, b.file)
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	if len(changes) != 2 || changes[0].Rejected == nil || changes[1].Page == nil {
		t.Fatalf("got %+v", changes)
	}
	if r := changes[0].Rejected; !strings.Contains(r.Reason, b.says) || strings.Contains(r.Reason, "invalid request") || !strings.HasPrefix(r.Where, "x.") || !strings.HasPrefix(r.ID, "file:x.") && r.Where == b.file.Name {
		t.Errorf("rejected %+v, want %q", r, b.says)
	}
	if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 1500 || took > time.Minute {
		t.Errorf("took %v and %d MB", took, mb)
	}
}

// Each bad file is rejected with a reason, and the next one flows.
func TestBadFilesAreRejected(t *testing.T) {
	deep := strings.Repeat("<w:x>", 5000)
	for name, c := range map[string]bad{
		"no PDF":                       {textFile(t, "x.pdf", "hello"), "it is no PDF"},
		"a cut PDF":                    {upload("x.pdf", pdfFile("", mugPage)[:700]), "broken PDF"},
		"a scanned PDF":                {upload("x.pdf", pdfFile("", "q 595 0 0 842 0 0 cm /Im1 Do Q")), "run text recognition"},
		"a PDF without pages":          {upload("x.pdf", pdfFile("")), "it has no pages"},
		"a PDF with a password":        {upload("x.pdf", pdfFile("/ID [<00> <00>] /Encrypt << /Filter /Standard /V 1 /R 2 /O ("+strings.Repeat("o", 32)+") /U ("+strings.Repeat("u", 32)+") /P -4 >>", mugPage)), "password"},
		"a PDF of an unknown cipher":   {upload("x.pdf", pdfFile("/ID [<00> <00>] /Encrypt << /Filter /Standard /V 5 /R 6 >>", mugPage)), "encrypted"},
		"a large PDF":                  {upload("x.pdf", make([]byte, 33<<20)), "larger than 32 MiB"},
		"no DOCX":                      {textFile(t, "x.docx", "hello"), "it is no DOCX"},
		"an old DOC":                   {textFile(t, "x.docx", "\xD0\xCF\x11\xE0rest"), "old .doc"},
		"a cut DOCX":                   {upload("x.docx", mugDocument()[:500]), "broken DOCX"},
		"a ZIP of something else":      {upload("x.docx", zipped("a.txt", "x")), "holds no document"},
		"a DOCX without text":          {upload("x.docx", docx("<w:p/>")), "holds no text"},
		"a DOCX that is no XML":        {upload("x.docx", docx("<w:p>")), "broken DOCX"},
		"a DOCX with an entity":        {upload("x.docx", zipped("word/document.xml", `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x><p><t>&e;</t></p></x>`)), "broken DOCX"},
		"a DOCX that multiplies":       {upload("x.docx", zipped("word/document.xml", `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x><p><t>&b;</t></p></x>`)), "broken DOCX"},
		"a DOCX as deep as a well":     {upload("x.docx", docx(deep)), "nested more than"},
		"a deep part that is skipped":  {upload("x.docx", docx("<w:sectPr>"+deep)), "nested more than"},
		"deep styles":                  {upload("x.docx", docx("<w:p/>", "word/styles.xml", deep)), "nested more than"},
		"tables in tables":             {upload("x.docx", docx(strings.Repeat("<w:tbl><w:tr><w:tc>", 80))), "nested more than"},
		"Latin-1":                      {textFile(t, "x.md", "M\xf6bel"), "not in UTF-8"},
		"a large page":                 {textFile(t, "x.html", strings.Repeat("x", 2<<20+1)), "larger than 2 MiB"},
		"a CSV of something else":      {textFile(t, "x.csv", "a,b\n1,2\n"), "lacks the columns question, answer"},
		"a CSV with nothing in it":     {textFile(t, "x.csv", "question,answer\n"), "no rows"},
		"a CSV with a quote left open": {textFile(t, "x.csv", "question,answer\n\"a,b\n"), "not CSV"},
	} {
		t.Run(name, func(t *testing.T) { c.isRejected(t) })
	}
}

// Files that unpack to what would be read for ever.
func TestBombsAreRejected(t *testing.T) {
	if raceDetector {
		t.Skip("takes a minute with the race detector, and what is measured means nothing: .ci/run has a stage without it")
	}
	for name, c := range map[string]bad{
		"a ZIP bomb":                 {upload("x.docx", docx("<w:p><w:r><w:t>"+strings.Repeat("</w:t><w:t>a", 2_000_000)+"</w:t></w:r></w:p>")), "larger than 16 MiB when unpacked"},
		"a line that does not end":   {upload("x.docx", docx("<w:p><w:r><w:t>"+strings.Repeat("a", 30<<20)+"</w:t></w:r></w:p>")), "is no text"},
		"attributes that do not end": {upload("x.docx", docx("<w:p "+strings.Repeat(`a="" `, 2_000_000)+"/>")), "is no text"},
		"a bomb in the styles":       {upload("x.docx", docx("<w:p/>", "word/styles.xml", "<w:styles>"+strings.Repeat("<w:style/>", 3_000_000))), "larger than 16 MiB"},
	} {
		t.Run(name, func(t *testing.T) { c.isRejected(t) })
	}
}

// NUL and other characters that no store takes are no part of a text.
func TestFilesWithControlCharacters(t *testing.T) {
	changes := all(t, files.NewUploads([]files.File{
		textFile(t, "a.md", "# A\x00B\x07\n\ntext\x00"), upload("b.docx", docx("<w:p><w:r><w:t>a&#xFFFD;b</w:t></w:r></w:p>")),
		textFile(t, "c.csv", "question,answer\nWhy\x00?,Be\x00cause\n"),
	}, files.UploadsConfig{}))
	if len(changes) != 3 || changes[0].Page == nil || changes[1].Page == nil || changes[2].FAQ == nil {
		t.Fatalf("got %+v", changes)
	}
	if p := changes[0].Page; p.Title != "AB" {
		t.Errorf("title %q", p.Title)
	}
	if q := changes[2].FAQ.Question; q != "Why?" {
		t.Errorf("question %q", q)
	}
}

// A process that never ends, takes all memory, dies, or is not there.
func TestSeparatePDF(t *testing.T) {
	ctx := t.Context()
	if _, title, err := files.SeparatePDF(child)(ctx, pdfFile("/Info << /Title (Mugs) >>", mugPage)); err != nil || title != "Mugs" {
		t.Errorf("a good one: %q, %v", title, err)
	}
	sh := func(script string) func(context.Context) *exec.Cmd {
		return func(ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, "/bin/sh", "-c", script) }
	}
	for name, c := range map[string]struct {
		script string
		want   error
		says   string
	}{
		"dies":          {"kill -9 $$", ports.ErrInvalid, "broken PDF"},
		"panics":        {"exit 2", ports.ErrInvalid, "broken PDF"},
		"too much":      {"exit 75", ports.ErrInvalid, "384 MiB"},
		"talks forever": {"cat /dev/zero", ports.ErrInvalid, "384 MiB"},
		"fails":         {"exit 1", ports.ErrUnavailable, "start a reader"},
		"says nothing":  {"exit 0", ports.ErrUnavailable, "no answer"},
	} {
		if _, _, err := files.SeparatePDF(sh(c.script))(ctx, nil); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	none := func(ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, "/nowhere/reader") }
	if _, _, err := files.SeparatePDF(none)(ctx, nil); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("no program: %v", err)
	}
	canceled, cancel := context.WithCancel(ctx)
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, _, err := files.SeparatePDF(sh("exec sleep 60"))(canceled, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// A PDF whose content unpacks to gigabytes ends its own process only.
func TestPDFBombEndsItsOwnProcess(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("takes some seconds, and a minute with the race detector: .ci/run has a stage without it")
	}
	bomb := pdfBomb(t)
	_, _, err := files.SeparatePDF(child)(t.Context(), bomb)
	if !errors.Is(err, ports.ErrInvalid) || !strings.Contains(err.Error(), "MiB") && !strings.Contains(err.Error(), "longer than") && !strings.Contains(err.Error(), "characters") {
		t.Errorf("got %v", err)
	}
}

func FuzzReadPDF(f *testing.F) {
	f.Add(pdfFile("", mugPage))
	f.Add(pdfFile("/Encrypt << /Filter /Standard >>", mugPage))
	f.Add([]byte("%PDF-1.7\nxref\n0 1\ntrailer << /Root 1 0 R /Prev 9 >>\nstartxref\n9\n%%EOF"))
	f.Fuzz(func(t *testing.T, data []byte) {
		// Endless loops of the library are why there is SeparatePDF: here
		// they would end the fuzzing.
		type result struct {
			html string
			err  error
		}
		done := make(chan result, 1)
		go func() {
			html, _, err := files.ReadPDF(context.Background(), data)
			done <- result{html, err}
		}()
		select {
		case r := <-done:
			if (r.err == nil) == (r.html == "") || r.err != nil && !errors.Is(r.err, ports.ErrInvalid) || !utf8.ValidString(r.html) {
				t.Fatalf("%q, %v", r.html, r.err)
			}
		case <-time.After(2 * time.Second):
			t.Skip("it does not end: contained by its process")
		}
	})
}

func FuzzDOCX(f *testing.F) {
	f.Add([]byte(mugDOCX), []byte(mugStyles))
	f.Add([]byte("<w:p><w:r><w:t>x"), []byte(""))
	f.Add([]byte("</w:p></w:tbl></w:tr>"), []byte("<a><b></a>"))
	f.Fuzz(func(t *testing.T, body, styles []byte) {
		fuzzed(t, upload("x.docx", docx(string(body), "word/styles.xml", string(styles), "word/numbering.xml", mugNumbering)))
	})
}

func FuzzDOCXFile(f *testing.F) {
	f.Add(mugDocument())
	f.Fuzz(func(t *testing.T, data []byte) { fuzzed(t, upload("x.docx", data)) })
}

func FuzzCSV(f *testing.F) {
	f.Add("question,answer\na?,b\n")
	f.Add("question;answer;url;id\n\"a\nb\";<p>c</p>;x;1\n;;\n")
	f.Fuzz(func(t *testing.T, data string) { fuzzed(t, textFile(t, "x.csv", data)) })
}

func FuzzMarkdown(f *testing.F) {
	f.Add("---\ntitle: x\n---\n# a\n- b\n1. c\n| d |\n```\ne")
	f.Fuzz(func(t *testing.T, data string) { fuzzed(t, textFile(t, "x.md", data)) })
}

// fuzzed wants of any file what the contract says: pages and questions that can
// be stored, or a reason.
func fuzzed(t *testing.T, f files.File) {
	t.Helper()
	_, err := files.NewUploads([]files.File{f}, files.UploadsConfig{}).Changes(t.Context(), site, "", func(c catalog.Change) error {
		switch {
		case c.Page != nil:
			if !c.Page.Shown() || c.Page.Title == "" || !storable(c.Page.Title) || !utf8.ValidString(c.Page.HTML) {
				t.Fatalf("page %+v", c.Page)
			}
		case c.FAQ != nil:
			if !c.FAQ.Shown() || !storable(c.FAQ.Question) || !storable(c.FAQ.ID) || !storable(c.FAQ.URL) || !utf8.ValidString(c.FAQ.Answer) {
				t.Fatalf("question %+v", c.FAQ)
			}
		case c.Rejected != nil && c.Rejected.Reason != "" && c.Rejected.Where != "":
		default:
			t.Fatalf("says nothing: %+v", c)
		}
		return nil
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
}

func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
