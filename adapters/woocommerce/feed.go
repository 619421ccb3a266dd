package woocommerce

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Source implements ports.Shop.
func (s *shop) Source(name string) (ports.DocumentSource, error) {
	switch name {
	case ports.FeedProducts:
		return &feed{
			client: s.client, query: url.Values{"_fields": {productFields}}, overlap: productOverlap,
			get: func(ctx context.Context, q url.Values) (*answer, error) {
				return s.ask(ctx, http.MethodGet, "/products", q, nil)
			},
			read: func(ctx context.Context, items []item, asked time.Time) ([]catalog.Change, error) {
				return s.products(ctx, items, asked, true)
			},
		}, nil
	case ports.FeedPages, ports.FeedPosts:
		return &feed{
			client: s.client, query: url.Values{"_fields": {pageFields}, "status": {"publish"}}, overlap: pageOverlap,
			get: func(ctx context.Context, q url.Values) (*answer, error) {
				return s.askPublic(ctx, wpAPI+"/"+name, q)
			},
			read: func(_ context.Context, items []item, asked time.Time) ([]catalog.Change, error) {
				return s.pages(items, asked), nil
			},
		}, nil
	}
	return nil, fmt.Errorf("%w: a shop has no feed %.40q", ports.ErrNotFound, name)
}

// Size implements ports.ShopSize.
func (s *shop) Size(ctx context.Context, feedName string) (int, error) {
	source, err := s.Source(feedName)
	if err != nil {
		return 0, err
	}
	f, ok := source.(*feed)
	if !ok {
		return 0, fmt.Errorf("%w: feed %.40q has no size", ports.ErrInvalid, feedName)
	}
	q := url.Values{"per_page": {"1"}}
	maps.Copy(q, f.query)
	q.Set("_fields", "id")
	a, err := f.get(ctx, q)
	if err != nil {
		return 0, err
	}
	if err := a.body.Close(); err != nil {
		return 0, s.broken(ctx, err)
	}
	n, err := strconv.Atoi(a.header.Get("X-WP-Total"))
	if err != nil {
		return 0, &ports.ShopError{Err: ports.ErrInvalid, Reason: s.host() + " does not say how much it has"}
	}
	return n, nil
}

// What was modified within the overlap before a reading began is read again with
// the next one. A second is counted as a whole by the shop, and the server that
// says the time need not be the one that writes it. WordPress compares the time
// of pages with their local time, and versions differ in whether they heed a
// zone: no zone is further away than that.
const (
	productOverlap = time.Minute
	pageOverlap    = 15 * time.Hour
)

// feed is a list of the API as a ports.DocumentSource. It delivers everything
// first, in the order of ids, and afterwards what was modified since that began,
// in the order of ids, too: times are in whole seconds, of which one may hold a
// thousand products, and their order is another one with each request.
type feed struct {
	client  *client
	get     func(context.Context, url.Values) (*answer, error)
	query   url.Values
	overlap time.Duration
	// read returns the changes of each item, at least one for each, in their
	// order.
	read func(ctx context.Context, items []item, asked time.Time) ([]catalog.Change, error)
}

// place is a cursor of a feed.
type place struct {
	since  int64 // unix seconds; what was modified before is known. 0: nothing is
	began  int64 // when this reading began by the shop's clock, 0 if it has not
	offset int
	last   int64
}

const placePrefix = "wc1"

func (p place) cursor() catalog.Cursor {
	return catalog.Cursor(fmt.Sprintf("%s:%d:%d:%d:%d", placePrefix, p.since, p.began, p.offset, p.last))
}

func parsePlace(c catalog.Cursor) (place, error) {
	if c == "" {
		return place{}, nil
	}
	parts := strings.Split(string(c), ":")
	var n [4]int64
	ok := len(parts) == 5 && parts[0] == placePrefix
	for i := 0; ok && i < 4; i++ {
		v, err := strconv.ParseInt(parts[i+1], 10, 64)
		n[i], ok = v, err == nil && v >= 0
	}
	if !ok {
		return place{}, fmt.Errorf("%w: cursor %.60q is not one of a shop's API: begin without a cursor", ports.ErrInvalid, c)
	}
	return place{since: n[0], began: n[1], offset: int(n[2]), last: n[3]}, nil
}

// Changes implements ports.DocumentSource.
func (f *feed) Changes(ctx context.Context, scope tenant.Scope, since catalog.Cursor, visit func(catalog.Change) error) (catalog.Cursor, error) {
	if err := scope.Valid(); err != nil {
		return since, err
	}
	at, err := parsePlace(since)
	if err != nil {
		return since, err
	}
	l := listing{client: f.client, get: f.get, size: f.client.shops.cfg.Page, offset: at.offset, last: at.last, query: url.Values{}}
	maps.Copy(l.query, f.query)
	if at.since > 0 {
		l.query.Set("modified_after", time.Unix(at.since, 0).UTC().Format("2006-01-02T15:04:05"))
		l.query.Set("dates_are_gmt", "true")
	}
	var held []item // which the shop does not give: nobody knows yet whether it gives others
	for {
		items, done, err := l.next(ctx)
		if err != nil {
			return since, err
		}
		if at.began == 0 {
			at.began = f.began(l)
		}
		at.offset = l.offset - len(held)
		for _, it := range items {
			l.took(it)
		}
		held = append(held, items...)
		if l.broken > 0 {
			continue
		}
		groups, err := f.group(ctx, held, l.asked)
		if err != nil {
			return since, err
		}
		for i, it := range held {
			for _, c := range groups[i] {
				if err := ctx.Err(); err != nil {
					return at.cursor(), err
				}
				if err := visit(c); err != nil {
					return at.cursor(), err
				}
			}
			at.offset, at.last = at.offset+1, max(at.last, it.id)
		}
		held, since = nil, at.cursor()
		if done {
			return place{since: max(at.began-int64(f.overlap/time.Second), 1)}.cursor(), nil
		}
	}
}

// began returns when the shop answered the first page, by its own clock; a shop
// that says no time is believed to be ten minutes late.
func (f *feed) began(l listing) int64 {
	at := l.date
	if at.IsZero() {
		at = l.asked.Add(-10 * time.Minute)
	}
	return max(at.Unix(), 1)
}

// group returns what each item says: one change, or a page with its questions.
func (f *feed) group(ctx context.Context, items []item, asked time.Time) ([][]catalog.Change, error) {
	changes, err := f.read(ctx, items, asked)
	if err != nil {
		return nil, err
	}
	groups := make([][]catalog.Change, len(items))
	i := -1
	for _, c := range changes {
		if c.FAQ == nil {
			i++
		}
		groups[i] = append(groups[i], c)
	}
	return groups, nil
}
