package usecases

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/files"
	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// uploading is an ingestion that takes files.
type uploading struct {
	*ingestion
	uploads *ingesting.Uploads
	queue   *memory.Queue
	acts    *memory.AuditLog
}

func fileSource(link string, list ...ingesting.NewFile) *files.Uploads {
	var in []files.File
	for _, f := range list {
		in = append(in, files.File{Name: f.Name, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(f.Data)), nil }})
	}
	return files.NewUploads(in, files.UploadsConfig{Questions: html.New().FAQs, Link: link})
}

func newUploading(t *testing.T) *uploading {
	t.Helper()
	u := &uploading{ingestion: newIngestion(t, nil), acts: memory.NewAuditLog()}
	now := func() time.Time { return u.now }
	u.queue = memory.NewQueue(now)
	var err error
	u.uploads, err = ingesting.NewUploads(ingesting.UploadsDeps{
		Service: u.Service, Queue: u.queue, Audit: u.acts, Now: now, NewID: porttest.NewID,
		Source: func(name, link string, data []byte) ports.DocumentSource {
			return fileSource(link, ingesting.NewFile{Name: name, Data: data})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// put uploads files and returns what became of each.
func (u *uploading) put(list ...ingesting.NewFile) []ingesting.UploadReport {
	u.Helper()
	u.now = u.now.Add(time.Minute)
	up, err := u.uploads.Begin(u.Context(), administering.Operator(), demoSite)
	if err != nil {
		u.Fatal(err)
	}
	defer up.End()
	var out []ingesting.UploadReport
	for _, f := range list {
		r, err := up.Put(u.Context(), f)
		if err != nil {
			u.Fatal(err)
		}
		out = append(out, r)
	}
	if _, unfound, err := up.Index(u.Context()); err != nil || unfound != 0 {
		u.Fatalf("Index: %d unfound, %v", unfound, err)
	}
	return out
}

// titles returns the titles of all that is shown.
func (u *uploading) titles() []string {
	u.Helper()
	var out []string
	for _, p := range u.everything() {
		if !slices.Contains(out, p.Title) {
			out = append(out, p.Title)
		}
	}
	slices.Sort(out)
	return out
}

func file(name, text string) ingesting.NewFile {
	return ingesting.NewFile{Name: name, Data: []byte(text)}
}

func someFiles() []ingesting.NewFile {
	return []ingesting.NewFile{
		file("care.md", "# Care\n\nWash at 40 degrees."),
		file("sizes.html", "<title>Sizes</title><p>We have sizes 36 to 44.</p><details><summary>Do you have size 45?</summary><p>No, 44 is the largest.</p></details>"),
		file("faq.csv", "question,answer\nDo you ship to France?,\"Yes, in three days.\"\nCan I return it?,Within 30 days.\n"),
	}
}

// TestUploadsAreTheSameDocuments imports files as a command does, and uploads
// them to another site.
func TestUploadsAreTheSameDocuments(t *testing.T) {
	imported, uploaded := newIngestion(t, nil), newUploading(t)
	const link = "https://shop.example.com/files"
	if _, err := imported.Import(t.Context(), demoSite, "files", fileSource(link, someFiles()...), ingesting.Options{Full: true}); err != nil {
		t.Fatal(err)
	}
	var list []ingesting.NewFile
	for _, f := range someFiles() {
		f.Link = link
		list = append(list, f)
	}
	for i, r := range uploaded.put(list...) {
		if r.Documents != []int{1, 2, 2}[i] || r.Changed != r.Documents || r.Rejected != 0 || r.Removed != 0 {
			t.Errorf("%s: %+v", list[i].Name, r)
		}
	}
	want, got := imported.everything(), uploaded.everything()
	if len(want) != 5 || !reflect.DeepEqual(got, want) {
		t.Errorf("uploaded %+v\nwant %+v", got, want)
	}
	for i, r := range uploaded.put(list...) {
		if r.Changed != 0 || r.Documents == 0 {
			t.Errorf("once more %s: %+v", list[i].Name, r)
		}
	}
}

// TestUploadReplaces uploads files of names that there are.
func TestUploadReplaces(t *testing.T) {
	u := newUploading(t)
	// A command has imported some of them before.
	if _, err := u.Import(t.Context(), demoSite, "files", fileSource("", someFiles()...), ingesting.Options{Full: true}); err != nil {
		t.Fatal(err)
	}
	u.put(someFiles()...)
	r := u.put(
		file("care.md", "# Care\n\nWash by hand."),
		file("sizes.html", "<title>Sizes</title><p>We have sizes 36 to 45.</p>"),
		file("faq.csv", "question,answer\nCan I return it?,Within 60 days.\nDo you have shops?,In Paris.\n"),
	)
	for i, want := range []ingesting.UploadReport{{Documents: 1, Changed: 1}, {Documents: 1, Changed: 1, Removed: 1}, {Documents: 2, Changed: 2, Removed: 1}} {
		if !reflect.DeepEqual(r[i], want) {
			t.Errorf("file %d: %+v, want %+v", i, r[i], want)
		}
	}
	if got, want := u.titles(), []string{"Can I return it?", "Care", "Do you have shops?", "Sizes"}; !slices.Equal(got, want) {
		t.Errorf("shown are %q, want %q", got, want)
	}
	list, err := u.uploads.List(t.Context(), administering.Operator(), demoSite)
	want := []ingesting.StoredFile{{Name: "care.md", Source: "uploads", Documents: 1}, {Name: "sizes.html", Source: "uploads", Documents: 1}, {Name: "faq.csv", Source: "uploads", Documents: 2}}
	if err != nil || !reflect.DeepEqual(list, want) {
		t.Errorf("List: %+v, %v, want %+v", list, err, want)
	}
	// A full import of a folder is of what came from folders.
	if _, err := u.Import(t.Context(), demoSite, "files", fileSource("", file("new.md", "# New\n\nText")), ingesting.Options{Full: true}); err != nil {
		t.Fatal(err)
	}
	if got := u.titles(); len(got) != 5 {
		t.Errorf("after an import of another file there are %q", got)
	}
}

// TestUploadsThatAreRejected leave what there was, and hold up nothing else.
func TestUploadsThatAreRejected(t *testing.T) {
	u := newUploading(t)
	u.put(someFiles()...)
	before := u.titles()
	long := strings.Repeat("x", 300) + ".md"
	list := []ingesting.NewFile{
		file("care.md", "not \xff UTF-8"), file("faq.csv", "frage,antwort\na,b\n"), file("a.exe", "MZ"), file(".env", "A=b"), file("", "# T"), file("..", "# T"),
		file(long, "# T"), file("a/b.md", "# T"), file("faq.csv#x.md", "# T"), file("a\nb.md", "# T"), file("scan.pdf", "%PDF-1.4"), file("w.docx", "PK\x03\x04"),
		file("big.md", strings.Repeat("word ", 500_000)), file("huge.pdf", string(make([]byte, ingesting.MaxUpload+1))), file("good.md", "# Good\n\nText"),
	}
	for i, r := range u.put(list...) {
		if name := list[i].Name; name == "good.md" {
			if r.Documents != 1 || r.Rejected != 0 {
				t.Errorf("%q: %+v", name, r)
			}
		} else if r.Documents != 0 || r.Rejected != 1 || len(r.Rejects) != 1 || r.Rejects[0].Reason == "" || r.Changed+r.Removed != 0 {
			t.Errorf("%q: %+v", name, r)
		}
	}
	if got, want := u.titles(), append(before, "Good"); len(got) != len(want) {
		t.Errorf("shown are %q, want %q", got, want)
	}
	// Of rows that cannot be read what was stored stays; those that are gone go.
	r := u.put(file("rows.csv", "question,answer,id\nOne?,1,1\nTwo?,2,2\nThree?,3,3\n"), file("rows.csv", "question,answer,id\nOne?,1,1\nTwo?,,2\n"))[1]
	if r.Documents != 1 || r.Rejected != 1 || r.Removed != 1 {
		t.Errorf("a file with one bad row: %+v", r)
	}
	if got := u.titles(); !slices.Contains(got, "Two?") || slices.Contains(got, "Three?") {
		t.Errorf("shown are %q", got)
	}
	many := make([]ingesting.NewFile, ingesting.MaxUploadFiles+1)
	for i := range many {
		many[i] = file(fmt.Sprintf("n%d.md", i), "# N\n\nText")
	}
	if r := u.put(many...); r[len(r)-2].Documents != 1 || r[len(r)-1].Documents != 0 || r[len(r)-1].Rejected != 1 {
		t.Errorf("too many files: %+v", r[len(r)-2:])
	}
}

func TestRemoveFile(t *testing.T) {
	u := newUploading(t)
	who := administering.Operator()
	u.put(append(someFiles(), file("faq.csv.md", "# Not the same\n\nText"))...)
	for name, want := range map[string]int{"sizes.html": 2, "faq.csv": 2} {
		u.now = u.now.Add(time.Minute)
		if n, err := u.uploads.Remove(t.Context(), who, demoSite, name); n != want || err != nil {
			t.Errorf("Remove %s: %d, %v, want %d", name, n, err, want)
		}
		if n, err := u.uploads.Remove(t.Context(), who, demoSite, name); n != 0 || !errors.Is(err, ports.ErrNotFound) {
			t.Errorf("Remove %s again: %d, %v", name, n, err)
		}
	}
	for _, name := range []string{"", "never.md", "a#b", "../care.md"} {
		if _, err := u.uploads.Remove(t.Context(), who, demoSite, name); !errors.Is(err, ports.ErrNotFound) {
			t.Errorf("Remove %q: %v", name, err)
		}
	}
	if got, want := u.titles(), []string{"Care", "Not the same"}; !slices.Equal(got, want) {
		t.Errorf("shown are %q, want %q", got, want)
	}
	u.put(someFiles()[2])
	if got := u.titles(); len(got) != 4 {
		t.Errorf("uploaded again: %q", got)
	}
}

// TestUploadsAskWhoMay lets an admin upload and nobody less, records what an
// operator does, and lets a tenant take one place of a few.
func TestUploadsAskWhoMay(t *testing.T) {
	u := newUploading(t)
	as := func(r roles.Role) roles.Grants {
		return roles.Grants{Subject: "key_0199f3a0-0000-7000-8000-000000000001", Tenants: map[tenant.ID]roles.Role{demoSite.Tenant: r}, Sites: []tenant.SiteID{demoSite.Site}}
	}
	if _, err := u.uploads.Begin(t.Context(), as(roles.Support), demoSite); !errors.Is(err, roles.ErrForbidden) {
		t.Errorf("support begins: %v", err)
	}
	if _, err := u.uploads.Remove(t.Context(), as(roles.Support), demoSite, "a.md"); !errors.Is(err, roles.ErrForbidden) {
		t.Errorf("support removes: %v", err)
	}
	if _, err := u.uploads.List(t.Context(), as(roles.Support), demoSite); err != nil {
		t.Errorf("support lists: %v", err)
	}
	other := demoSite
	other.Tenant = "ten_0192f7a0-0000-7000-8000-000000000009"
	if _, err := u.uploads.List(t.Context(), as(roles.Owner), other); !errors.Is(err, roles.ErrForbidden) {
		t.Errorf("another tenant's: %v", err)
	}
	up, err := u.uploads.Begin(t.Context(), as(roles.Admin), demoSite)
	if err != nil {
		t.Fatal(err)
	}
	if entries, err := u.acts.List(t.Context(), administering.Operator(), demoSite, "", 10); err != nil || len(entries) != 0 {
		t.Errorf("an admin's own acts are recorded: %+v, %v", entries, err)
	}
	var rate *usage.RateError
	if _, err := u.uploads.Begin(t.Context(), as(roles.Owner), demoSite); !errors.As(err, &rate) || rate.Retry <= 0 {
		t.Errorf("a second upload of the tenant: %v", err)
	}
	two, err := u.uploads.Begin(t.Context(), administering.Operator(), other)
	if err != nil {
		t.Fatalf("another tenant: %v", err)
	}
	third := other
	third.Tenant = "ten_0192f7a0-0000-7000-8000-00000000000a"
	if _, err := u.uploads.Begin(t.Context(), administering.Operator(), third); !errors.As(err, &rate) {
		t.Errorf("a third tenant: %v", err)
	}
	two.End()
	up.End()
	u.put(file("a.md", "# A\n\nText"))
	if entries, err := u.acts.List(t.Context(), administering.Operator(), demoSite, "", 10); err != nil || len(entries) != 1 || entries[0].Action != roles.WriteDocuments {
		t.Errorf("what an operator does is not recorded: %+v, %v", entries, err)
	}
}
