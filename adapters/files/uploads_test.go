package files_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aiwoochat/woochat/adapters/files"
	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// pdfChild makes the test's own program a reader of one PDF.
const pdfChild = "FILES_TEST_READS_A_PDF"

func TestMain(m *testing.M) {
	if os.Getenv(pdfChild) != "" {
		os.Exit(files.ServePDF(context.Background(), os.Stdin, os.Stdout, os.Exit))
	}
	os.Exit(m.Run())
}

func child(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), pdfChild+"=1")
	return cmd
}

const mugPage = `BT /F1 24 Tf 50 780 Td (Enamel mugs) Tj ET
BT /F1 11 Tf 50 740 Td (Enamel is glass on steel. It may chip when it falls, and is as good as new be-) Tj 0 -14 Td (fore. Do not put it into a micro\255wave.) Tj ET
BT /F1 16 Tf 50 690 Td (Sizes) Tj ET
BT /F1 11 Tf 50 660 Td (Name) Tj 200 0 Td (Holds) Tj -200 -14 Td (Small) Tj 200 0 Td (250 ml) Tj -200 -14 Td (Large) Tj 200 0 Td (400 ml) Tj ET
BT /F1 11 Tf 50 600 Td (- wash by hand) Tj 0 -14 Td (- dry well) Tj ET`

const mugDOCX = `<w:p><w:pPr><w:pStyle w:val="berschrift1"/></w:pPr><w:r><w:t>Returns &amp; refunds</w:t></w:r></w:p>
<w:p><w:r><w:t xml:space="preserve">Within </w:t></w:r><w:del><w:r><w:delText>30</w:delText></w:r></w:del><w:ins><w:r><w:t>60</w:t></w:r></w:ins><w:r><w:t xml:space="preserve"> days, see </w:t></w:r><w:hyperlink r:id="rId1"><w:r><w:t>the form</w:t></w:r></w:hyperlink><w:r><w:rPr><w:vanish/></w:rPr><w:t>SECRET</w:t></w:r><w:r><w:t>.</w:t><w:br/><w:t>Free</w:t><w:tab/><w:t>of charge.</w:t></w:r></w:p>
<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="7"/></w:numPr></w:pPr><w:r><w:t>pack</w:t></w:r></w:p><w:p><w:pPr><w:numPr><w:numId w:val="7"/></w:numPr></w:pPr><w:r><w:t>send</w:t></w:r></w:p>
<w:p><w:pPr><w:numPr><w:numId w:val="8"/></w:numPr></w:pPr><w:r><w:t>any box</w:t></w:r></w:p>
<w:tbl><w:tblPr/><w:tr><w:tc><w:p><w:r><w:t>Country</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Costs</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:p><w:r><w:t>Norway</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:rPr><w:strike/></w:rPr><w:t>9</w:t></w:r><w:r><w:t xml:space="preserve"> 5</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
<w:p><w:r><mc:AlternateContent><mc:Choice><w:drawing><w:txbxContent><w:p><w:r><w:t>In a box</w:t></w:r></w:p></w:txbxContent></w:drawing></mc:Choice><mc:Fallback><w:t>Twice</w:t></mc:Fallback></mc:AlternateContent></w:r></w:p>
<w:p><w:pPr><w:pStyle w:val="Own"/></w:pPr><w:r><w:t>Below</w:t></w:r></w:p><w:sectPr/>`

const mugStyles = `<w:styles xmlns:w="w"><w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style><w:style w:styleId="Own"><w:name w:val="My heading"/><w:basedOn w:val="berschrift2"/></w:style><w:style w:styleId="berschrift2"><w:name w:val="Heading 2"/></w:style></w:styles>`

const mugNumbering = `<w:numbering xmlns:w="w"><w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/></w:lvl></w:abstractNum><w:abstractNum w:abstractNumId="2"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum><w:num w:numId="7"><w:abstractNumId w:val="1"/></w:num><w:num w:numId="8"><w:abstractNumId w:val="2"/></w:num></w:numbering>`

const mugLinks = `<Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink" Target="https://shop.example.com/form/?a=1&amp;b=2" TargetMode="External"/></Relationships>`

func mugDocument() []byte {
	return docx(mugDOCX, "word/styles.xml", mugStyles, "word/numbering.xml", mugNumbering, "word/_rels/document.xml.rels", mugLinks)
}

func TestUploadsAreADocumentSource(t *testing.T) {
	porttest.DocumentSource(t, func(t *testing.T) porttest.SourceUnderTest {
		list := []files.File{
			textFile(t, "a.md", "# A"), textFile(t, "b.pdf", "no PDF"), textFile(t, "c.csv", "question,answer\na?,1\nb?,\nc?,3\n"), upload("d.docx", mugDocument()),
		}
		return porttest.SourceUnderTest{DocumentSource: files.NewUploads(list, files.UploadsConfig{PDF: files.ReadPDF}), Scope: site}
	})
}

func TestUploads(t *testing.T) {
	text := html.New()
	list := []files.File{
		textFile(t, "care/Wool & felt.md", "# Wool\n\nWash cold."),
		textFile(t, "help.html", "<title>Help</title><details><summary>Open on Sunday?</summary><p>No.</p></details>"),
		textFile(t, "faq.csv", "question,answer,id\nGift wrap?,Yes.,7\nLonely?,,8\n"),
		upload("mugs.pdf", pdfFile("/Info << /Title (All about mugs) >>", mugPage, mugPage)),
		upload("returns-and-refunds.docx", mugDocument()),
		textFile(t, "help.html", "<p>again</p>"),
		textFile(t, "old.doc", "x"),
	}
	changes := all(t, files.NewUploads(list, files.UploadsConfig{PDF: files.ReadPDF, Questions: text.FAQs, Link: "https://shop.example.com/files/"}))
	var got []string
	for _, c := range changes {
		switch {
		case c.Page != nil:
			body, err := text.Text(c.Page.HTML, c.Page.URL)
			if err != nil {
				t.Error(err)
			}
			got = append(got, fmt.Sprintf("PAGE %s | %s | %s\n%s", c.Page.ID, c.Page.Title, c.Page.URL, body))
		case c.FAQ != nil:
			id, _, _ := strings.Cut(c.FAQ.ID, "#")
			got = append(got, fmt.Sprintf("FAQ %s | %s | %s | %s", id, c.FAQ.Question, c.FAQ.Answer, c.FAQ.URL))
		case c.Rejected != nil:
			got = append(got, fmt.Sprintf("REJECTED %s | %s | %s", c.Rejected.Where, c.Rejected.ID, c.Rejected.Reason))
		}
	}
	german := all(t, files.NewUploads([]files.File{textFile(t, "hilfe.html", `<html lang="de"><title>Hilfe</title><details><summary>Sonntags offen?</summary><p>Nein.</p></details>`)}, files.UploadsConfig{PDF: files.ReadPDF, Questions: text.FAQs}))
	if len(german) != 2 || german[0].Page.Locale != "de" || german[1].FAQ.Locale != "de" {
		t.Errorf("a page in German: %+v", german)
	}
	const path = "testdata/uploads.txt"
	golden(t, path, strings.Join(got, "\n----\n")+"\n")
}

// golden compares got with a file that a person has read.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if os.Getenv("GOLDEN") == "write" {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what came (GOLDEN=write writes it; read it then):\n%s", path, got)
	}
}

func TestUploadsGoOnWhereTheyStopped(t *testing.T) {
	opened := map[string]int{}
	list := func(last string) []files.File {
		var out []files.File
		for _, f := range []files.File{textFile(t, "a.md", "# A"), textFile(t, "b.md", "# B"), textFile(t, "c.md", last)} {
			open := f.Open
			name := f.Name
			f.Open = func() (io.ReadCloser, error) { opened[name]++; return open() }
			out = append(out, f)
		}
		return out
	}
	n := 0
	stop := errors.New("stop")
	at, err := files.NewUploads(list("# C"), files.UploadsConfig{}).Changes(t.Context(), site, "", func(catalog.Change) error {
		if n++; n == 3 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	clear(opened)
	var titles []string
	read := func(since catalog.Cursor, last string) (catalog.Cursor, error) {
		titles = nil
		return files.NewUploads(list(last), files.UploadsConfig{}).Changes(t.Context(), site, since, func(c catalog.Change) error {
			titles = append(titles, c.Page.Title)
			return nil
		})
	}
	end, err := read(at, "# C")
	// Each is opened to see whether it has changed, and only the last one read.
	if err != nil || !slices.Equal(titles, []string{"C"}) || opened["a.md"] != 1 || opened["c.md"] != 2 {
		t.Errorf("after the stop: %v, opened %v, %v", titles, opened, err)
	}
	if _, err := read(end, "# C"); err != nil || len(titles) != 0 {
		t.Errorf("nothing has changed: %v, %v", titles, err)
	}
	if _, err := read(end, "# D"); err != nil || !slices.Equal(titles, []string{"A", "B", "D"}) {
		t.Errorf("one has changed: %v, %v", titles, err)
	}
}

func TestListFiles(t *testing.T) {
	fsys := folder(map[string]string{"b.md": "", "a/x.PDF": "", "a/.y.md": "", ".git/z.md": "", "c.txt": "", "d.docx": "", "e.CSV": "", "f.htm": ""})
	list, err := files.ListFiles(fsys)
	var names []string
	for _, f := range list {
		names = append(names, f.Name)
	}
	if want := []string{"a/x.PDF", "b.md", "d.docx", "e.CSV", "f.htm"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("got %v, %v", names, err)
	}
	for name, fsys := range map[string]fs.FS{"empty": folder(nil), "other files": folder(map[string]string{"a.txt": "x"})} {
		if _, err := files.ListFiles(fsys); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func ExampleNewUploads() {
	list, err := files.ListFiles(fstest.MapFS{
		"faq.csv":    {Data: []byte("question,answer\nDo you gift-wrap?,Yes.\n")},
		"returns.md": {Data: []byte("# Returns\n\nThirty days.")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	source := files.NewUploads(list, files.UploadsConfig{Link: "https://shop.example.com/files"})
	_, err = source.Changes(context.Background(), site, "", show)
	fmt.Println(err)
	// Output:
	// Do you gift-wrap? <p>Yes.</p>
	// Returns https://shop.example.com/files/returns.md
	// <nil>
}
