package ginhttp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/adapters/files"
	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// uploaded is a server that takes files.
type uploaded struct {
	*world
	adminKey string
}

func newUploaded(t *testing.T, change func(*ingesting.Deps)) *uploaded {
	t.Helper()
	u := &uploaded{}
	u.world = newWorld(t, func(w *world) {
		d := ingesting.Deps{
			Documents: w.stores.Documents, Batches: w.stores.Documents, Inventory: w.stores.Documents, Stored: w.stores.Documents, Cursors: w.stores.Documents,
			Indexer: w.stores.Index, Text: html.New(), Tokenizer: w.stores.Tokenizer, Now: w.now,
		}
		if change != nil {
			change(&d)
		}
		service, err := ingesting.New(d)
		w.must(err)
		w.deps.Uploads, err = ingesting.NewUploads(ingesting.UploadsDeps{
			Service: service, Queue: memory.NewQueue(w.now), Audit: w.acts, Now: w.now, NewID: porttest.NewID,
			Source: func(name, link string, data []byte) ports.DocumentSource {
				return files.NewUploads([]files.File{{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}},
					files.UploadsConfig{Questions: html.New().FAQs, Link: link})
			},
		})
		w.must(err)
	})
	u.adminKey, _ = u.key(u.site.Scope(), tenant.APIKey, roles.Admin)
	return u
}

// part is a part of a form: a file, or a field if it has no name.
type part struct{ field, file, text string }

func form(t *testing.T, parts ...part) (kind, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		var to io.Writer
		var err error
		if p.file != "" {
			to, err = w.CreateFormFile(p.field, p.file)
		} else {
			to, err = w.CreateFormField(p.field)
		}
		if err == nil {
			_, err = io.WriteString(to, p.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

const filesPath = "/api/admin/documents/files"

func (u *uploaded) send(parts ...part) *httptest.ResponseRecorder {
	u.Helper()
	kind, body := form(u.T, parts...)
	return serve(u.T, u.Admin(), "POST", filesPath, u.adminKey, body, "Content-Type", kind)
}

type uploadedBody struct {
	Files []struct {
		Name, Status      string
		Documents         int
		Changed, Rejected int
		Rejects           []struct{ Where, Reason string }
	}
	Index struct {
		State            string
		Waiting, Unfound int
	}
}

func (u *uploaded) read(rec *httptest.ResponseRecorder) uploadedBody {
	u.Helper()
	var out uploadedBody
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil || rec.Code != http.StatusOK {
		u.Fatalf("%d %s", rec.Code, rec.Body)
	}
	return out
}

func TestUploadFiles(t *testing.T) {
	u := newUploaded(t, nil)
	got := u.read(u.send(part{"link", "", "https://shop.example.com/files"}, part{"file", "care.md", "# Care\n\nWash at 40 degrees."}, part{"file", "bad.docx", "none"}))
	if len(got.Files) != 2 || got.Files[0].Name != "care.md" || got.Files[0].Status != "accepted" || got.Files[0].Documents != 1 || got.Files[0].Changed != 1 {
		t.Errorf("got %+v", got)
	}
	if bad := got.Files[1]; bad.Status != "rejected" || bad.Rejected != 1 || len(bad.Rejects) != 1 || bad.Rejects[0].Reason == "" {
		t.Errorf("got %+v", bad)
	}
	if got.Index.State != "indexed" || got.Index.Waiting != 0 || got.Index.Unfound != 0 {
		t.Errorf("the index: %+v", got.Index)
	}
	rec := serve(t, u.Admin(), "GET", "/api/admin/search?q=wash+degrees", u.apiKey, "")
	if !strings.Contains(rec.Body.String(), "https://shop.example.com/files/care.md") {
		t.Errorf("it is not found: %s", rec.Body)
	}
	rec = serve(t, u.Admin(), "GET", filesPath, u.apiKey, "")
	if want := `{"files":[{"documents":1,"name":"care.md","source":"uploads","waiting":0}]}`; rec.Body.String() != want {
		t.Errorf("list: %s, want %s", rec.Body, want)
	}
	u.wantError(serve(t, u.Admin(), "DELETE", filesPath+"/care.md", u.apiKey, ""), http.StatusForbidden, "FORBIDDEN")
	if rec := serve(t, u.Admin(), "DELETE", filesPath+"/care.md", u.adminKey, ""); rec.Body.String() != `{"removed":1}` {
		t.Errorf("delete: %d %s", rec.Code, rec.Body)
	}
	u.wantError(serve(t, u.Admin(), "DELETE", filesPath+"/care.md", u.adminKey, ""), http.StatusNotFound, "NOT_FOUND")
}

func TestBadUploads(t *testing.T) {
	u := newUploaded(t, nil)
	invalid := func(what string, rec *httptest.ResponseRecorder, field string) {
		t.Helper()
		if details := u.wantError(rec, http.StatusUnprocessableEntity, "INVALID_REQUEST"); details["field"] != field || details["reason"] == "" {
			t.Errorf("%s: %v, want field %q", what, details, field)
		}
	}
	good := part{"file", "a.md", "# A\n\nText"}
	kind, body := form(t, good, part{"file", "b.md", "# B\n\nText"})
	invalid("JSON", serve(t, u.Admin(), "POST", filesPath, u.adminKey, `{}`, "Content-Type", "application/json"), "body")
	invalid("no boundary", serve(t, u.Admin(), "POST", filesPath, u.adminKey, body, "Content-Type", "multipart/form-data"), "body")
	invalid("nothing", u.send(), "file")
	invalid("broken off", serve(t, u.Admin(), "POST", filesPath, u.adminKey, body[:len(body)-20], "Content-Type", kind), "body")
	invalid("a link alone", u.send(part{"link", "", "https://a.example"}), "file")
	invalid("a field", u.send(part{"file", "", "text"}, good), "file")
	invalid("another field", u.send(part{"site", "", "x"}, good), "site")
	for _, link := range []string{"", "shop.example.com", "javascript:alert(1)", "https://", "https://a.example/" + strings.Repeat("x", maxLink)} {
		invalid(link, u.send(part{"link", "", link}, good), "link")
	}
	// The key has the role of support.
	kind, body = form(t, good)
	u.wantError(serve(t, u.Admin(), "POST", filesPath, u.apiKey, body, "Content-Type", kind), http.StatusForbidden, "FORBIDDEN")
	u.wantError(serve(t, u.Admin(), "POST", filesPath, "", body, "Content-Type", kind), http.StatusUnauthorized, "UNAUTHENTICATED")
	// What came whole before a form broke off is kept.
	if got := u.read(u.send(good)); got.Files[0].Documents != 1 || got.Files[0].Changed != 0 {
		t.Errorf("a good file after all that: %+v", got)
	}
}

// TestLargeUploads sends more than an upload may have.
func TestLargeUploads(t *testing.T) {
	u := newUploaded(t, nil)
	huge := strings.Repeat("x", ingesting.MaxUpload)
	got := u.read(u.send(part{"file", "a.pdf", huge + "x"}, part{"file", "b.md", "# B\n\nText"}, part{"file", "c.pdf", huge}, part{"file", "d.md", "# D\n\nText"}))
	if len(got.Files) != 3 || got.Files[0].Status != "rejected" || got.Files[1].Status != "accepted" {
		t.Fatalf("got %+v", got)
	}
	if last := got.Files[2]; last.Name != "c.pdf" || last.Status != "rejected" || !strings.Contains(last.Rejects[0].Reason, "another upload") {
		t.Errorf("got %+v", last)
	}
	// An endless field is none.
	u.wantError(u.send(part{"link", "", "https://a.example/" + huge + huge + huge}), http.StatusUnprocessableEntity, "INVALID_REQUEST")
}

// TestUploadThatIsNotIndexed says so: the index is away.
func TestUploadThatIsNotIndexed(t *testing.T) {
	u := newUploaded(t, func(d *ingesting.Deps) { d.Indexer = awayIndex{} })
	got := u.read(u.send(part{"file", "care.md", "# Care\n\nWash at 40 degrees."}))
	if got.Files[0].Status != "accepted" || got.Index.State != "pending" || got.Index.Unfound == 0 {
		t.Errorf("got %+v", got)
	}
	if !strings.Contains(u.log.String(), "the index is away") {
		t.Error("the log does not say why")
	}
}

type awayIndex struct{ ports.Indexer }

func (awayIndex) Put(context.Context, tenant.Scope, retrieval.Entry) error {
	return errors.New("the index is away")
}
