package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/harness/migrated"
)

// adminCall sends a request to the admin listener.
func (s *shop) adminCall(method, path, kind string, body []byte) reply {
	s.Helper()
	req := s.request(method, path, s.apiKey, string(body))
	req.URL.Host = strings.TrimPrefix(s.app.AdminURL, "http://")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	return s.do(req)
}

// upload sends files, names and contents, and returns the statuses.
func (s *shop) upload(nameAndText ...string) (statuses []string) {
	s.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(nameAndText); i += 2 {
		to, err := w.CreateFormFile("file", nameAndText[i])
		s.must(err)
		_, err = io.WriteString(to, nameAndText[i+1])
		s.must(err)
	}
	s.must(w.Close())
	r := s.adminCall("POST", "/api/admin/documents/files", w.FormDataContentType(), b.Bytes())
	var out struct {
		Files []struct{ Status string }
		Index struct{ State string }
	}
	if err := json.Unmarshal(r.body, &out); err != nil || r.status != http.StatusOK || out.Index.State != "indexed" {
		s.Fatalf("upload: %d %s", r.status, r.body)
	}
	for _, f := range out.Files {
		statuses = append(statuses, f.Status)
	}
	return statuses
}

// revisions returns what is stored of the site's files, and shown.
func (s *shop) revisions() map[retrieval.DocumentID]string {
	s.Helper()
	states, err := s.app.Inventory.States(s.Context(), s.site.Scope(), "", 100)
	s.must(err)
	out := map[retrieval.DocumentID]string{}
	for _, st := range states {
		if st.Shown {
			out[st.ID] = st.Revision
		}
	}
	return out
}

// smallPDF returns a PDF of one page with one line.
func smallPDF(line string) string {
	content := "BT /F1 11 Tf 50 780 Td (" + line + ") Tj ET"
	var b strings.Builder
	b.WriteString("%PDF-1.4\n")
	var xref strings.Builder
	xref.WriteString("xref\n0 6\n0000000000 65535 f \n")
	for i, object := range []string{
		"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 4 0 R >> >> /Contents 5 0 R >>",
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding /FirstChar 32 /LastChar 126 /Widths [" + strings.Repeat("500 ", 95) + "] >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(content), content),
	} {
		fmt.Fprintf(&xref, "%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	at := b.Len()
	return b.String() + xref.String() + fmt.Sprintf("trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", at)
}

// TestUploadsAreAnswered uploads files to a running server: they are in answers
// at once, they are the documents that a command makes of them, and one that is
// uploaded again or deleted is not in answers any more.
func TestUploadsAreAnswered(t *testing.T) {
	for _, store := range []string{"sqlite", "postgres"} {
		t.Run(store, func(t *testing.T) {
			s := open(t, withoutGoods(), withStore(store, migrated.Folder(t)), withEnv("WOOCHAT_EMBEDDING_MODEL", "none"))
			files := []string{
				"care.md", "# Care\n\nThe quilts are washed at 40 degrees.", "faq.csv", "question,answer\nDo you ship to Norway?,\"Yes, in nine days.\"\n",
				"sizes.html", "<title>Sizes</title><h2>Sizes</h2><p>Boots come in sizes 36 to 44.</p>",
			}
			if got := s.upload(append(slices.Clone(files), "a.docx", "none", "warranty.pdf", smallPDF("The kiln warranty lasts for eleven years."))...); !slices.Equal(got, []string{"accepted", "accepted", "accepted", "rejected", "accepted"}) {
				t.Fatalf("the files are %q", got)
			}
			found := func(question, want string) bool {
				t.Helper()
				r := s.adminCall("GET", "/api/admin/search?q="+strings.ReplaceAll(question, " ", "+"), "", nil)
				return bytes.Contains(r.body, []byte(want))
			}
			for question, want := range map[string]string{
				"wash quilts": "page:file:care.md", "ship to Norway": "faq:file:faq.csv#", "sizes of boots": "page:file:sizes.html", "kiln warranty": "page:file:warranty.pdf",
			} {
				if !found(question, want) {
					t.Errorf("%q does not find %s", question, want)
				}
			}
			before := s.revisions()
			var list []wiring.UploadedFile
			for i := 0; i < len(files); i += 2 {
				list = append(list, wiring.UploadedFile{Name: files[i], Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(files[i+1])), nil }})
			}
			other := &shop{T: t, app: s.app, origin: "https://other.example.com"}
			other.fill(&made{T: t, limits: usage.NoLimits(), empty: true})
			other.ingest("files", wiring.Uploads(list, ""))
			for id, revision := range other.revisions() {
				if before[id] != revision {
					t.Errorf("%s is %s, and %s if a command imports it", id, before[id], revision)
				}
			}
			if got := s.upload("care.md", "# Care\n\nThe rugs are beaten."); !slices.Equal(got, []string{"accepted"}) || found("wash quilts", "care.md") || !found("rugs", "care.md") {
				t.Errorf("%q: what a file said before is still found, or what it says is not", got)
			}
			if r := s.adminCall("DELETE", "/api/admin/documents/files/faq.csv", "", nil); r.status != http.StatusOK || found("ship to Norway", "faq.csv") {
				t.Errorf("delete: %d %s", r.status, r.body)
			}
		})
	}
}
