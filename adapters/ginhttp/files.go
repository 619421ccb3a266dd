package ginhttp

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/ports"
)

const (
	// maxUpload is how large the files of one upload may be together.
	maxUpload = 64 << 20
	// uploadTimeout is how long sending an upload may take, with the time in which
	// what was sent is read.
	uploadTimeout = 5 * time.Minute
	// maxParts bounds the parts of a form that are no files.
	maxParts = 10
	maxLink  = 2000
)

// uploadFiles takes files as documents: POST /api/admin/documents/files, a
// multipart form. One file is held in memory at a time, and each stands by itself:
// what one is rejected for says nothing of the others.
func (s *Server) uploadFiles(c *gin.Context) {
	if s.deps.Uploads == nil {
		s.fail(c, ports.ErrNotFound)
		return
	}
	h, ctx := holding(c), c.Request.Context()
	rc := http.NewResponseController(c.Writer)
	// Not every writer has deadlines; those of net/http's servers do.
	_ = rc.SetReadDeadline(wallClock().Add(uploadTimeout))
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxUpload+1<<20)
	form, err := c.Request.MultipartReader()
	if err != nil {
		s.fail(c, &chat.InputError{Field: "body", Reason: "is not a form of files: send multipart/form-data"})
		return
	}
	up, err := s.deps.Uploads.Begin(ctx, h.grants, h.scope)
	if err != nil {
		s.fail(c, err)
		return
	}
	defer up.End()
	in := upload{form: form, left: maxUpload}
	var files []gin.H
	for {
		file, err := in.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			s.fail(c, err)
			return
		}
		if in.full {
			files = append(files, wireFile(file.Name, ingesting.UploadReport{Rejected: 1, Rejects: []catalog.Rejected{{
				Reason: fmt.Sprintf("the files are more than %d MiB together: send this one, and those after it, in another upload", maxUpload>>20),
			}}}))
			break
		}
		report, err := up.Put(ctx, file)
		if err != nil {
			s.fail(c, err)
			return
		}
		files = append(files, wireFile(file.Name, report))
	}
	if len(files) == 0 {
		s.fail(c, &chat.InputError{Field: "file", Reason: "is missing: send at least one"})
		return
	}
	_ = rc.SetReadDeadline(time.Time{})
	waiting, unfound, err := up.Index(ctx)
	state := "indexed"
	switch {
	case err != nil:
		_ = c.Error(err) // for the log: what was stored is kept, and indexed later
		state = "pending"
	case unfound > 0:
		state = "pending"
	case waiting > 0:
		state = "found_by_words"
	}
	hurry(c)
	c.JSON(http.StatusOK, gin.H{"files": files, "index": gin.H{"state": state, "waiting": waiting, "unfound": unfound}})
}

// upload is a form of files that is being read.
type upload struct {
	form  *multipart.Reader
	link  string
	left  int64 // bytes
	parts int
	full  bool // the file is beyond what one upload takes
}

// next returns the next file; io.EOF after the last one. Of one that is too large
// there is a little more than that in it.
func (u *upload) next() (ingesting.NewFile, error) {
	for {
		part, err := u.form.NextPart()
		if errors.Is(err, io.EOF) {
			return ingesting.NewFile{}, io.EOF
		}
		if err != nil {
			return ingesting.NewFile{}, unreadableForm(err)
		}
		if name := part.FileName(); name != "" {
			return u.file(name, part)
		}
		if u.parts++; u.parts > maxParts || part.FormName() != "link" {
			return ingesting.NewFile{}, &chat.InputError{Field: clipped(part.FormName()), Reason: "is no field of this form: it has link, and files"}
		}
		text, err := io.ReadAll(io.LimitReader(part, maxLink+1))
		if err != nil {
			return ingesting.NewFile{}, unreadableForm(err)
		}
		if u.link = strings.TrimSpace(string(text)); !isLink(u.link) {
			return ingesting.NewFile{}, &chat.InputError{Field: "link", Reason: "is not an address that begins with https:// or http://"}
		}
	}
}

func (u *upload) file(name string, part io.Reader) (ingesting.NewFile, error) {
	most := min(u.left, ingesting.MaxUpload) + 1
	data, err := io.ReadAll(io.LimitReader(part, most))
	if err != nil && !tooLarge(err) {
		return ingesting.NewFile{}, unreadableForm(err)
	}
	size := int64(len(data))
	// The rest of one that is too large must be passed over.
	more, err := io.Copy(io.Discard, io.LimitReader(part, max(0, u.left-size)))
	if err != nil && !tooLarge(err) {
		return ingesting.NewFile{}, unreadableForm(err)
	}
	u.left -= size + more
	u.full = u.left < 0 || tooLarge(err)
	return ingesting.NewFile{Name: name, Link: u.link, Data: data}, nil
}

func tooLarge(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}

// unreadableForm is the error of a form that broke off, or is none.
func unreadableForm(err error) error {
	if tooLarge(err) {
		return &tooLargeError{maxUpload}
	}
	return fmt.Errorf("%w: %w", ingesting.ErrBroken, err)
}

func isLink(text string) bool {
	u, err := url.Parse(text)
	return err == nil && len(text) <= maxLink && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

func clipped(name string) string {
	if name == "" {
		return "a field without a name"
	}
	return strings.ToValidUTF8(name[:min(len(name), 40)], "")
}

func wireFile(name string, r ingesting.UploadReport) gin.H {
	status := "accepted"
	if r.Documents == 0 {
		status = "rejected"
	}
	rejects := []gin.H{}
	for _, x := range r.Rejects {
		rejects = append(rejects, gin.H{"where": x.Where, "reason": x.Reason})
	}
	return gin.H{
		"name": name, "status": status, "documents": r.Documents, "changed": r.Changed, "removed": r.Removed,
		"rejected": r.Rejected, "rejects": rejects,
	}
}

// listFiles lists the files of the key's site: GET /api/admin/documents/files.
func (s *Server) listFiles(c *gin.Context) {
	if s.deps.Uploads == nil {
		s.fail(c, ports.ErrNotFound)
		return
	}
	h := holding(c)
	list, err := s.deps.Uploads.List(c.Request.Context(), h.grants, h.scope)
	if err != nil {
		s.fail(c, err)
		return
	}
	slices.SortFunc(list, func(a, b ingesting.StoredFile) int { return strings.Compare(a.Name, b.Name) })
	files := make([]gin.H, 0, len(list))
	for _, f := range list {
		files = append(files, gin.H{"name": f.Name, "source": f.Source, "documents": f.Documents, "waiting": f.Waiting})
	}
	c.JSON(http.StatusOK, gin.H{"files": files})
}

// removeFile takes a file out: DELETE /api/admin/documents/files/:name.
func (s *Server) removeFile(c *gin.Context) {
	if s.deps.Uploads == nil {
		s.fail(c, ports.ErrNotFound)
		return
	}
	h := holding(c)
	removed, err := s.deps.Uploads.Remove(c.Request.Context(), h.grants, h.scope, c.Param("name"))
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"removed": removed})
}
