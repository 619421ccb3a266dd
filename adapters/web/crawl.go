package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// maxFailures in a row end a crawl: the site is away.
const maxFailures = 5

// Crawl is a ports.DocumentSource of the pages of one site; make one with New.
// It is safe for concurrent use. Pages come in the order of their addresses, and
// only those of the site's own host. From a cursor at the end of a crawl, only
// what has changed since is read: by the sitemap's dates, else by asking for what
// is not as the site said that it was, by ETag or by the date of its last change.
// What could not be read then is asked for again.
//
// A page's id is its address without the host. Pages that are not for an answer
// (see Config.Read), or that call another page their original, come as pages
// that are not shown; those that are gone as a Deleted.
type Crawl struct {
	start string
	cfg   Config
}

var _ ports.DocumentSource = (*Crawl)(nil)

// New returns a Crawl of the site at start, which is any of its addresses, or
// that of a sitemap (it ends in .xml or .xml.gz) whose pages alone are wanted.
func New(start string, c Config) *Crawl { return &Crawl{start: start, cfg: c.withDefaults()} }

// Changes implements ports.DocumentSource. Errors match ErrInvalid if start is
// no address, robots.txt forbids everything, or there is no sitemap, or too much
// in it; and ErrUnavailable if the site is away, asks us to come later, or
// MaxTime is over.
func (c *Crawl) Changes(ctx context.Context, scope tenant.Scope, since catalog.Cursor, visit func(catalog.Change) error) (catalog.Cursor, error) {
	if err := scope.Valid(); err != nil {
		return since, err
	}
	if err := ctx.Err(); err != nil {
		return since, err
	}
	at, err := parseCursor(since)
	if err != nil {
		return since, err
	}
	start, err := url.Parse(c.start)
	if err != nil || (start.Scheme != "http" && start.Scheme != "https") || start.Host == "" || start.User != nil {
		return since, fmt.Errorf("%w: a crawl begins at an address such as https://shop.example.com", ports.ErrInvalid)
	}
	began := c.cfg.Now()
	r := run{Crawl: c, ctx: ctx, host: start, delay: c.cfg.Delay, ends: began.Add(c.cfg.MaxTime)}
	if at.began.IsZero() || at.done {
		at = cursor{began: began, since: at.began, read: at.read}
	}
	if err := r.readRobots(); err != nil {
		return since, err
	}
	pages, err := r.sitemaps()
	if err != nil {
		return since, err
	}
	return r.pages(pages, at, visit)
}

// run is one call of Changes.
type run struct {
	*Crawl
	ctx      context.Context //nolint:containedctx // of the one call that the run is
	host     *url.URL
	robots   robots
	delay    time.Duration
	ends     time.Time
	asked    bool
	failures int
}

// pages reads the pages after at, in order.
func (r *run) pages(pages []entry, at cursor, visit func(catalog.Change) error) (catalog.Cursor, error) {
	older := at.read == nil // a cursor that does not know what was read
	if older {
		at.read = marks{}
	}
	at.read.keep(pages)
	for _, e := range pages {
		if e.address <= at.last || !r.robots.allow(e.address) {
			continue
		}
		known, read := at.read[markKey(e.address)]
		if (read || older) && !e.modified.IsZero() && !at.since.IsZero() && e.modified.Before(at.since) {
			continue
		}
		if older && !at.since.IsZero() {
			known = stamp(at.since)
		}
		changes, a, err := r.page(e.address, known)
		if err != nil {
			return at.String(), err
		}
		for _, c := range changes {
			if err := r.ctx.Err(); err != nil {
				return at.String(), err
			}
			if err := visit(c); err != nil {
				// A page and its questions are one step: they come again.
				return at.String(), err
			}
		}
		at.last = e.address
		if a.status != http.StatusNotModified { // else it is as it was, and so is what it said
			at.read.set(e.address, a.validator, a.status == http.StatusOK && !rejected(changes))
		}
	}
	at.done, at.last = true, ""
	return at.String(), nil
}

func rejected(changes []catalog.Change) bool {
	return slices.ContainsFunc(changes, func(c catalog.Change) bool { return c.Rejected != nil })
}

// page asks for a page unless it is as known says, see validator, and returns what
// it says now.
func (r *run) page(address, known string) ([]catalog.Change, answer, error) {
	a, err := r.get(address, known)
	if err == nil && a.status == http.StatusNotModified && a.address.String() != address {
		a, err = r.get(address, "") // known was of this page, and not of the one that it leads to now
	}
	if err != nil {
		var f *failure
		if !errors.As(err, &f) {
			return nil, a, err
		}
		if r.failures++; r.failures >= maxFailures {
			return nil, a, fmt.Errorf("%w: %d pages in a row could not be read, the last one: %s", ports.ErrUnavailable, r.failures, f.reason)
		}
		return r.reject(address, "it could not be read: %s", f.reason), a, nil
	}
	r.failures = 0
	changes, err := r.changes(address, a)
	return changes, a, err
}

func (r *run) reject(address, format string, args ...any) []catalog.Change {
	return []catalog.Change{{Rejected: &catalog.Rejected{Where: address, ID: r.id(address), Reason: fmt.Sprintf(format, args...)}}}
}

// changes returns what the answer to a page's address says of it, nothing if that
// is what it said before.
func (r *run) changes(address string, a answer) ([]catalog.Change, error) {
	id := r.id(address)
	hidden := []catalog.Change{{Page: &catalog.Page{ID: id, Title: id, URL: address, Status: catalog.Draft}}}
	switch {
	case a.status == http.StatusNotModified:
		return nil, nil
	case a.status == http.StatusNotFound || a.status == http.StatusGone:
		return []catalog.Change{{Deleted: &catalog.Deleted{Kind: catalog.KindPage, ID: id}}}, nil
	case a.status == http.StatusUnauthorized:
		return hidden, nil
	case a.status != http.StatusOK:
		return r.reject(address, "the site answers %d", a.status), nil
	case !r.own(a.address):
		return hidden, nil // it leads to another site
	case a.kind != "text/html" && a.kind != "application/xhtml+xml":
		return r.reject(address, "it is %s and no page: import files with \"woochat ingest files\"", orUnknown(a.kind)), nil
	}
	page, faqs, canonical, err := r.cfg.Read(string(a.body), a.address.String())
	switch {
	case errors.Is(err, ports.ErrInvalid):
		return r.reject(address, "%s", strings.TrimPrefix(err.Error(), ports.ErrInvalid.Error()+": ")), nil
	case err != nil:
		return nil, err
	}
	var changes []catalog.Change
	if to := r.id(a.address.String()); to != id {
		// It has moved: it is known by its new address, and only by that.
		changes = append(changes, catalog.Change{Deleted: &catalog.Deleted{Kind: catalog.KindPage, ID: id}})
		id = to
	}
	page.ID, page.Updated = id, a.modified
	if page.Title == "" {
		page.Title = id
	}
	if original, err := url.Parse(canonical); a.noIndex || canonical != "" && err == nil && r.own(original) && r.id(canonical) != id {
		return append(changes, catalog.Change{Page: &catalog.Page{ID: id, Title: id, URL: page.URL, Status: catalog.Draft}}), nil
	}
	changes = append(changes, catalog.Change{Page: &page})
	if page.Shown() {
		for _, q := range faqs {
			q.ID, q.Updated = id+"#"+q.ID, a.modified
			changes = append(changes, catalog.Change{FAQ: &q})
		}
	}
	return changes, nil
}

func orUnknown(kind string) string {
	if kind == "" {
		return "of no known kind"
	}
	return kind
}

// own reports whether u is of the site, with or without www.
func (r *run) own(u *url.URL) bool {
	bare := func(u *url.URL) string { return strings.TrimPrefix(strings.ToLower(u.Host), "www.") }
	return (u.Scheme == "https" || u.Scheme == "http") && u.User == nil && bare(u) == bare(r.host)
}

// id is an address without its host and fragment.
func (r *run) id(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	id := u.EscapedPath()
	if id == "" {
		id = "/"
	}
	if u.RawQuery != "" {
		id += "?" + u.RawQuery
	}
	return "web:" + id
}
