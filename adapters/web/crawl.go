package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
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
// what has changed since is read: by the sitemap's dates, else by asking for
// what was modified.
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
		at = cursor{began: began, since: at.began}
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
	for _, e := range pages {
		if e.address <= at.last || !r.robots.allow(e.address) {
			continue
		}
		if !e.modified.IsZero() && !at.since.IsZero() && e.modified.Before(at.since) {
			continue
		}
		changes, err := r.page(e.address, at.since)
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
	}
	at.done, at.last = true, ""
	return at.String(), nil
}

// page returns what one page says now, nothing if that is what it said at since.
func (r *run) page(address string, since time.Time) ([]catalog.Change, error) {
	id := r.id(address)
	reject := func(format string, args ...any) ([]catalog.Change, error) {
		return []catalog.Change{{Rejected: &catalog.Rejected{Where: address, ID: id, Reason: fmt.Sprintf(format, args...)}}}, nil
	}
	a, err := r.get(address, since)
	if err != nil {
		var f *failure
		if !errors.As(err, &f) {
			return nil, err
		}
		if r.failures++; r.failures >= maxFailures {
			return nil, fmt.Errorf("%w: %d pages in a row could not be read, the last one: %s", ports.ErrUnavailable, r.failures, f.reason)
		}
		return reject("it could not be read: %s", f.reason)
	}
	r.failures = 0
	hidden := []catalog.Change{{Page: &catalog.Page{ID: id, Title: id, URL: address, Status: catalog.Draft}}}
	switch {
	case a.status == http.StatusNotModified:
		return nil, nil
	case a.status == http.StatusNotFound || a.status == http.StatusGone:
		return []catalog.Change{{Deleted: &catalog.Deleted{Kind: catalog.KindPage, ID: id}}}, nil
	case a.status == http.StatusUnauthorized:
		return hidden, nil
	case a.status != http.StatusOK:
		return reject("the site answers %d", a.status)
	case !r.own(a.address):
		return hidden, nil // it leads to another site
	case a.kind != "text/html" && a.kind != "application/xhtml+xml":
		return reject("it is %s and no page: import files with \"woochat ingest files\"", orUnknown(a.kind))
	}
	page, faqs, canonical, err := r.cfg.Read(string(a.body), a.address.String())
	switch {
	case errors.Is(err, ports.ErrInvalid):
		return reject("%s", strings.TrimPrefix(err.Error(), ports.ErrInvalid.Error()+": "))
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

// cursor is how far a crawl is.
type cursor struct {
	began time.Time // when the crawl began
	since time.Time // when the one before began; zero: all is read
	done  bool
	last  string // the last address that was read
}

const cursorPrefix = "web1:"

func (c cursor) String() catalog.Cursor {
	state := "r"
	if c.done {
		state = "d"
	}
	return catalog.Cursor(cursorPrefix + state + ":" + stamp(c.began) + ":" + stamp(c.since) + ":" + c.last)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return strconv.FormatInt(t.Unix(), 10)
}

func parseCursor(s catalog.Cursor) (cursor, error) {
	if s == "" {
		return cursor{}, nil
	}
	rest, ok := strings.CutPrefix(string(s), cursorPrefix)
	parts := strings.SplitN(rest, ":", 4)
	if ok && len(parts) == 4 && (parts[0] == "r" || parts[0] == "d") {
		began, err := strconv.ParseInt(parts[1], 10, 64)
		since, err2 := strconv.ParseInt(parts[2], 10, 64)
		if err == nil && err2 == nil && began > 0 && since >= 0 {
			c := cursor{began: time.Unix(began, 0).UTC(), done: parts[0] == "d", last: parts[3]}
			if since > 0 {
				c.since = time.Unix(since, 0).UTC()
			}
			return c, nil
		}
	}
	return cursor{}, fmt.Errorf("%w: cursor %.60q is not one of a crawl: begin without a cursor", ports.ErrInvalid, s)
}
