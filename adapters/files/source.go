// Package files reads what a shop keeps in files: pages as HTML or Markdown,
// and questions with answers as CSV.
package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// maxFile is the largest file that is read as one page.
const maxFile = 2 << 20

// Source is a ports.DocumentSource over files; safe for concurrent use. It
// delivers all that it has, each time; a cursor holds for one content of the
// files, and of another content all is delivered again.
type Source struct {
	read func(context.Context) ([]catalog.Change, error)
}

var _ ports.DocumentSource = (*Source)(nil)

// NewPages returns a source of the given pages, which are not kept.
func NewPages(pages ...catalog.Page) *Source {
	pages = append([]catalog.Page(nil), pages...)
	return &Source{read: func(context.Context) ([]catalog.Change, error) {
		var changes []catalog.Change
		for _, p := range pages {
			changes = append(changes, catalog.Change{Page: &p})
		}
		return changes, nil
	}}
}

// Changes implements ports.DocumentSource. Files that cannot be opened are an
// error as the file system gives it; what is not readable as a page or a
// question is a Rejected.
func (s *Source) Changes(ctx context.Context, scope tenant.Scope, since catalog.Cursor, visit func(catalog.Change) error) (catalog.Cursor, error) {
	if err := scope.Valid(); err != nil {
		return since, err
	}
	if err := ctx.Err(); err != nil {
		return since, err
	}
	wantDigest, done, err := parseCursor(since)
	if err != nil {
		return since, err
	}
	changes, err := s.read(ctx)
	if err != nil {
		return since, err
	}
	digest := digestOf(changes)
	if wantDigest != digest || done > len(changes) {
		done = 0
	}
	at := func() catalog.Cursor { return catalog.Cursor(cursorPrefix + digest + ":" + strconv.Itoa(done)) }
	for ; done < len(changes); done++ {
		if err := ctx.Err(); err != nil {
			return at(), err
		}
		if err := visit(changes[done]); err != nil {
			return at(), err
		}
	}
	return at(), nil
}

const cursorPrefix = "files1:"

func parseCursor(c catalog.Cursor) (digest string, done int, err error) {
	if c == "" {
		return "", 0, nil
	}
	rest, ok := strings.CutPrefix(string(c), cursorPrefix)
	digest, n, found := strings.Cut(rest, ":")
	done, err = strconv.Atoi(n)
	if !ok || !found || err != nil || done < 0 || len(digest) != 32 {
		return "", 0, fmt.Errorf("%w: cursor %.60q is not one of files: begin without a cursor", ports.ErrInvalid, c)
	}
	return digest, done, nil
}

func digestOf(changes []catalog.Change) string {
	h := sha256.New()
	for _, c := range changes {
		switch {
		case c.Page != nil:
			fmt.Fprintf(h, "page %+q\n", []string{c.Page.ID, c.Page.Title, c.Page.URL, strconv.Itoa(int(c.Page.Status)), strconv.FormatBool(c.Page.Protected), c.Page.HTML})
		case c.FAQ != nil:
			fmt.Fprintf(h, "faq %+q\n", []string{c.FAQ.ID, c.FAQ.Question, c.FAQ.URL, c.FAQ.Answer})
		case c.Rejected != nil:
			fmt.Fprintf(h, "rejected %+q\n", []string{c.Rejected.Where, c.Rejected.ID, c.Rejected.Reason})
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
