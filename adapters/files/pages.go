package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/ports"
)

// maxPages is how many files a folder may hold: more is a wrong folder.
const maxPages = 10_000

// NewPageFolder returns a source of the .html, .htm, .md and .markdown files in
// fsys, in its folders too, in the order of their paths; names that begin with
// a dot are left out. A page's id is its path without the ending, and its
// address is that below siteURL ("returns.md" is siteURL/returns/,
// "help/index.html" is siteURL/help/). Its title is that of the front matter or
// <title>, else the first heading, else the name of the file; its language is
// that of <html lang>. All pages are published: what is not for shoppers does not
// belong into the folder. Of two files with one address the first is read and the
// second rejected.
func NewPageFolder(fsys fs.FS, siteURL string) *Source {
	return &Source{read: func(ctx context.Context) ([]catalog.Change, error) {
		var changes []catalog.Change
		taken := map[string]string{} // the file by its address
		err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case ctx.Err() != nil:
				return ctx.Err()
			case name != "." && strings.HasPrefix(d.Name(), "."):
				if d.IsDir() {
					return fs.SkipDir
				}
				return nil
			case d.IsDir() || format(name) == 0:
				return nil
			case len(changes) == maxPages:
				return fmt.Errorf("%w: more than %d pages: is this the right folder?", ports.ErrInvalid, maxPages)
			}
			c, err := readPage(fsys, name, siteURL)
			if c.Page != nil {
				if first, ok := taken[c.Page.URL]; ok {
					// Without an id: the page that is stored is the first one's.
					c = rejected(name, "", "it has the same address as "+first+": rename one of them")
				} else {
					taken[c.Page.URL] = name
				}
			}
			changes = append(changes, c)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read the pages: %w", err)
		}
		if len(changes) == 0 {
			return nil, fmt.Errorf("%w: no .html or .md files in the folder", ports.ErrInvalid)
		}
		return changes, nil
	}}
}

type pageFormat uint8

const (
	formatHTML pageFormat = iota + 1
	formatMarkdown
)

func format(name string) pageFormat {
	switch strings.ToLower(path.Ext(name)) {
	case ".html", ".htm":
		return formatHTML
	case ".md", ".markdown":
		return formatMarkdown
	}
	return 0
}

var errTooLarge = errors.New("the file is larger than 2 MiB: split it into pages")

func readPage(fsys fs.FS, name, siteURL string) (catalog.Change, error) {
	id := strings.TrimSuffix(name, path.Ext(name))
	data, err := readFile(fsys, name)
	data = bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
	switch {
	case errors.Is(err, errTooLarge):
		return rejected(name, id, err.Error()), nil
	case err != nil:
		return catalog.Change{}, err
	case !utf8.Valid(data):
		return rejected(name, id, "the file is not in UTF-8: save it as UTF-8"), nil
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	var title, locale string
	if format(name) == formatMarkdown {
		text, title = markdown(text)
	} else {
		locale = localeOf(text)
		if title = element(text, "title"); title == "" {
			title = element(text, "h1")
		}
	}
	slug := strings.TrimSuffix(strings.TrimSuffix(id, "index"), "/")
	if title == "" {
		title = strings.ReplaceAll(path.Base(id), "-", " ")
	}
	address := strings.TrimRight(siteURL, "/") + "/"
	if slug != "" {
		address += slug + "/"
	}
	return catalog.Change{Page: &catalog.Page{ID: id, Title: title, URL: address, Locale: locale, Status: catalog.Published, HTML: text}}, nil
}

func rejected(where, id, reason string) catalog.Change {
	return catalog.Change{Rejected: &catalog.Rejected{Where: where, ID: id, Reason: reason}}
}

func readFile(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil && len(data) > maxFile {
		return nil, errTooLarge
	}
	return data, err
}

// element returns the text of the first such element, without tags.
func element(text, name string) string {
	lower := strings.ToLower(text)
	open := strings.Index(lower, "<"+name)
	if open < 0 {
		return ""
	}
	begin := strings.IndexByte(lower[open:], '>')
	if begin < 0 {
		return ""
	}
	begin += open + 1
	end := strings.Index(lower[begin:], "</"+name)
	// Lower case has another length than text in a few scripts.
	if end < 0 || len(lower) != len(text) {
		return ""
	}
	var b strings.Builder
	inTag := false
	for _, c := range text[begin : begin+end] {
		switch {
		case c == '<':
			inTag = true
		case c == '>' && inTag:
			inTag = false
		case !inTag:
			b.WriteRune(c)
		}
	}
	return strings.Join(strings.Fields(html.UnescapeString(b.String())), " ")
}
