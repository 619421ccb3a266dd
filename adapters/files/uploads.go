package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// maxUploads is how many files a source may have: more is a wrong folder.
const maxUploads = 10_000

// File is one file of a source.
type File struct {
	// Name is its path, with slashes: what it is known by, and by its ending
	// what it is.
	Name string
	Open func() (io.ReadCloser, error)
}

// UploadsConfig says how files are read. The zero value reads all but PDF.
type UploadsConfig struct {
	// PDF reads PDF files; nil: they are rejected. Use SeparatePDF, since a PDF
	// can be made to take all memory or never to end.
	PDF PDFReader
	// Questions returns what a page answers; nil: no question is taken out of
	// HTML files.
	Questions func(catalog.Page) []catalog.FAQ
	// Link is the address below which shoppers find the files by their names,
	// "" if they do not.
	Link string
}

// Uploads is a ports.DocumentSource of files of many kinds: Markdown (.md,
// .markdown), HTML (.html, .htm), PDF, DOCX, and CSV of questions and answers.
// Each is a page, but for CSV. One file is held in memory at a time. It is safe
// for concurrent use.
//
// A cursor holds for one set of files with one content; of other files, all are
// delivered again.
type Uploads struct {
	files  []File
	config UploadsConfig
}

var _ ports.DocumentSource = (*Uploads)(nil)

// NewUploads returns a source of the given files, in their order. Each is opened
// twice when Changes is called: what has changed is found by content. A page's
// id is "file:" and the file's name, so that files and the shop's own pages do
// not get into each other's way. Of two files of one name the second is rejected.
func NewUploads(list []File, c UploadsConfig) *Uploads {
	return &Uploads{files: append([]File(nil), list...), config: c}
}

// ListFiles returns the files of a folder that NewUploads can read, in the order
// of their paths, with the folders in it. Names that begin with a dot are left
// out, and so is what is of another kind. ErrInvalid if there are none, or more
// than 10,000.
func ListFiles(fsys fs.FS) ([]File, error) {
	var list []File
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir() || kindOf(name) == 0:
			return nil
		case len(list) == maxUploads:
			return fmt.Errorf("%w: more than %d files: is this the right folder?", ports.ErrInvalid, maxUploads)
		}
		list = append(list, File{Name: name, Open: func() (io.ReadCloser, error) { return fsys.Open(name) }})
		return nil
	})
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("%w: no %s files in the folder", ports.ErrInvalid, fileKinds)
	}
	return list, err
}

const fileKinds = ".md, .html, .pdf, .docx or .csv"

type fileKind uint8

const (
	kindMarkdown fileKind = iota + 1
	kindHTML
	kindPDF
	kindDOCX
	kindCSV
)

func kindOf(name string) fileKind {
	switch strings.ToLower(path.Ext(name)) {
	case ".md", ".markdown":
		return kindMarkdown
	case ".html", ".htm":
		return kindHTML
	case ".pdf":
		return kindPDF
	case ".docx":
		return kindDOCX
	case ".csv":
		return kindCSV
	}
	return 0
}

// maxBytes is the largest file of a kind that is read.
func (k fileKind) maxBytes() int64 {
	switch k {
	case kindPDF, kindDOCX:
		return 32 << 20
	case kindCSV:
		return maxFAQ
	case kindMarkdown, kindHTML:
	}
	return maxFile
}

// Changes implements ports.DocumentSource. A file that cannot be opened is an
// error as the file system gives it; one that cannot be read as what its name
// says is a Rejected.
func (u *Uploads) Changes(ctx context.Context, scope tenant.Scope, since catalog.Cursor, visit func(catalog.Change) error) (catalog.Cursor, error) {
	if err := scope.Valid(); err != nil {
		return since, err
	}
	if err := ctx.Err(); err != nil {
		return since, err
	}
	at, err := parseUploadCursor(since)
	if err != nil {
		return since, err
	}
	if len(u.files) > maxUploads {
		return since, fmt.Errorf("%w: %d files, at most %d are read at once", ports.ErrInvalid, len(u.files), maxUploads)
	}
	digest, err := u.digest(ctx)
	if err != nil {
		return since, err
	}
	if at.digest != digest {
		at = uploadCursor{digest: digest}
	}
	names := map[string]bool{}
	for i, f := range u.files {
		twice := names[f.Name]
		names[f.Name] = true
		if i < at.file {
			continue
		}
		changes := []catalog.Change{rejected(f.Name, "", "there is another file of this name: rename one of them")}
		if !twice {
			if changes, err = u.readFile(ctx, f); err != nil {
				return at.cursor(), err
			}
		}
		for n, c := range changes {
			if n < at.change {
				continue
			}
			if err := ctx.Err(); err != nil {
				return at.cursor(), err
			}
			if err := visit(c); err != nil {
				return at.cursor(), err
			}
			at.change = n + 1
		}
		at.file, at.change = i+1, 0
	}
	return at.cursor(), nil
}

// digest is of all names and contents.
func (u *Uploads) digest(ctx context.Context) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", u.config.Link)
	for _, f := range u.files {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		r, err := f.Open()
		if err != nil {
			return "", fmt.Errorf("open %s: %w", f.Name, err)
		}
		content := sha256.New()
		// Of a file that is too large the rest does not matter.
		_, err = io.Copy(content, io.LimitReader(r, kindOf(f.Name).maxBytes()+1))
		if err = errors.Join(err, r.Close()); err != nil {
			return "", fmt.Errorf("read %s: %w", f.Name, err)
		}
		fmt.Fprintf(h, "%q %x\n", f.Name, content.Sum(nil))
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// uploadCursor says how far the files of one digest are read.
type uploadCursor struct {
	digest string
	file   int // files that are done
	change int // changes of the next one that are done
}

const uploadCursorPrefix = "uploads1:"

func (c uploadCursor) cursor() catalog.Cursor {
	return catalog.Cursor(uploadCursorPrefix + c.digest + ":" + strconv.Itoa(c.file) + ":" + strconv.Itoa(c.change))
}

func parseUploadCursor(c catalog.Cursor) (uploadCursor, error) {
	if c == "" {
		return uploadCursor{}, nil
	}
	rest, ok := strings.CutPrefix(string(c), uploadCursorPrefix)
	parts := strings.Split(rest, ":")
	if ok && len(parts) == 3 && len(parts[0]) == 32 {
		file, err := strconv.Atoi(parts[1])
		change, err2 := strconv.Atoi(parts[2])
		if err == nil && err2 == nil && file >= 0 && change >= 0 {
			return uploadCursor{parts[0], file, change}, nil
		}
	}
	return uploadCursor{}, fmt.Errorf("%w: cursor %.60q is not one of files: begin without a cursor", ports.ErrInvalid, c)
}

// readFile returns what one file says. The error is of the file system or of
// ctx.
func (u *Uploads) readFile(ctx context.Context, f File) ([]catalog.Change, error) {
	kind, id := kindOf(f.Name), "file:"+f.Name
	reject := func(reason string) ([]catalog.Change, error) {
		return []catalog.Change{rejected(f.Name, id, reason)}, nil
	}
	if kind == 0 {
		return reject("it is no " + fileKinds + " file: save it as one of them")
	}
	data, err := readAll(f.Open, kind.maxBytes())
	switch {
	case errors.Is(err, errTooMuch):
		return reject(fmt.Sprintf("the file is larger than %d MiB: split it", kind.maxBytes()>>20))
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", f.Name, err)
	}
	page := catalog.Page{ID: id, Status: catalog.Published, URL: u.link(f.Name)}
	switch kind {
	case kindPDF, kindDOCX:
		if kind == kindDOCX {
			page.HTML, page.Title, err = docxPage(data)
		} else {
			page.HTML, page.Title, err = u.pdfPage(ctx, data)
		}
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, ports.ErrUnavailable):
			return nil, fmt.Errorf("read %s: %w", f.Name, err)
		case err != nil:
			return reject(reason(err))
		}
	case kindMarkdown, kindHTML, kindCSV:
		data = bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
		if !utf8.Valid(data) {
			return reject("the file is not in UTF-8: save it as UTF-8")
		}
		if kind == kindCSV {
			return u.questions(f.Name, id, data)
		}
		text := strings.ReplaceAll(string(data), "\r\n", "\n")
		if kind == kindMarkdown {
			page.HTML, page.Title = markdown(text)
		} else {
			page.HTML, page.Locale = text, localeOf(text)
			if page.Title = element(text, "title"); page.Title == "" {
				page.Title = element(text, "h1")
			}
		}
	}
	if oneLine(page.Title) == "" {
		page.Title = strings.ReplaceAll(strings.TrimSuffix(path.Base(f.Name), path.Ext(f.Name)), "-", " ")
	}
	page.Title = oneLine(page.Title)
	changes := []catalog.Change{{Page: &page}}
	if u.config.Questions != nil && kind == kindHTML {
		for _, q := range u.config.Questions(page) {
			changes = append(changes, catalog.Change{FAQ: &q})
		}
	}
	return changes, nil
}

// questions reads a CSV file. Its questions are known by the file, too, so that
// two files can have the same.
func (u *Uploads) questions(name, id string, data []byte) ([]catalog.Change, error) {
	changes, err := parseFAQ(data)
	if err != nil {
		return []catalog.Change{rejected(name, id, reason(err))}, nil
	}
	if len(changes) == 0 {
		return []catalog.Change{rejected(name, id, "it has no rows below its header")}, nil
	}
	for i, c := range changes {
		switch {
		case c.FAQ != nil:
			c.FAQ.ID = id + "#" + c.FAQ.ID
		case c.Rejected != nil:
			changes[i].Rejected.Where = name + ": " + c.Rejected.Where
			if c.Rejected.ID != "" {
				changes[i].Rejected.ID = id + "#" + c.Rejected.ID
			}
		}
	}
	return changes, nil
}

func (u *Uploads) link(name string) string {
	if u.config.Link == "" {
		return ""
	}
	return strings.TrimRight(u.config.Link, "/") + "/" + escapePath(name)
}
