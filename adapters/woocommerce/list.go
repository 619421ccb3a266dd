package woocommerce

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/aiwoochat/woochat/ports"
)

// item is one element of a listing as it came.
type item struct {
	id   int64  // 0 if it cannot be read
	body []byte // its beginning only, if it is not whole
	// whole is false for one that is larger than is read.
	whole bool
	// fault is why the shop does not give it, "" if it does: it answers for others,
	// and fails when it is asked for this one.
	fault string
}

// listing reads a list of the API in the order of ids, page by page. Its place
// is how many items come before, and the id of the last one. The shop may be
// changed while it is read: each page begins with the last item of the one
// before, and where it does not, something before it went or came, and the
// listing steps back. So nothing is left out, and what comes twice is known by
// its id.
type listing struct {
	client *client
	get    func(ctx context.Context, query url.Values) (*answer, error)
	query  url.Values // but for what the listing sets itself
	size   int

	offset int   // items before the place, as far as the shop has not changed
	last   int64 // id of the item before the place, 0 at the beginning
	broken int   // how many items before the place the shop did not give, in a row
	asked  time.Time
	date   time.Time // when the shop answered the last page, by its own clock; zero if it does not say
}

// maxBack is how often a listing steps back before it gives up.
const maxBack = 50

// errDrift says that a listing cannot be read although nothing is refused.
var errDrift = errors.New("the shop lists products in another order than by their ids: a plugin changes its API")

// next returns the items of the next page in the order of ids, and whether that
// was the last page. The place is not moved: see took.
//
// An item that alone is too much, or at which the shop breaks, comes without its
// body, and without its id if the shop does not even tell that.
func (l *listing) next(ctx context.Context) (items []item, done bool, err error) {
	size := l.size
	from := max(l.offset-1, 0)
	follows := from == 0 // what is before from has been seen
	if l.broken > 0 {
		size, from, follows = 1, l.offset, true // the one before is not given, however it is asked for
	}
	for range maxBack {
		page, total, err := l.page(ctx, from, size)
		alone := errors.Is(err, errTooLarge) || ownFault(err)
		switch {
		case alone && size > 1:
			size = max(size/10, 1)
			continue
		case alone && from < l.offset:
			from, follows = from+1, true // it has been seen
			continue
		case alone:
			it, err := l.without(ctx, from, err)
			if err != nil {
				return nil, false, err
			}
			l.offset = from
			return []item{it}, false, nil
		case err != nil:
			return nil, false, l.client.broken(ctx, err)
		case len(page) == 0 && from >= l.offset:
			l.broken = 0
			return nil, true, nil
		case !follows && (len(page) == 0 || page[0].id > l.last):
			from = max(from-size, 0) // something before us went
			follows = from == 0
			continue
		}
		fresh := page
		for len(fresh) > 0 && fresh[0].id <= l.last && (fresh[0].id > 0 || from+len(page)-len(fresh) < l.offset) {
			fresh = fresh[1:]
		}
		l.offset, l.broken = from+len(page)-len(fresh), 0
		done := len(page) < size && from+len(page) >= total
		if len(fresh) > 0 || done {
			return fresh, done, nil
		}
		// Something before us came, or the page is of one item.
		from, follows = from+max(len(page)-1, 1), len(page) == 1
	}
	return nil, false, &ports.ShopError{Err: ports.ErrInvalid, Reason: errDrift.Error()}
}

// maxBroken is how many items in a row a shop may not give until it is said to
// fail; of one that does not even tell their ids, maxNameless are looked behind.
const (
	maxBroken   = 50
	maxNameless = 3
)

// without returns the item at an offset that the shop does not give because of
// why. An error is why, as of the shop as a whole: it gives nothing else either.
func (l *listing) without(ctx context.Context, from int, why error) (item, error) {
	var it item
	if !ownFault(why) {
		l.broken = 0 // it answers
	} else {
		it.fault = "the shop breaks at it: " + why.Error()
		if l.broken++; l.broken > maxBroken {
			return item{}, why
		}
	}
	_, fields := l.query["_fields"]
	for i := range maxNameless + 1 {
		ask := *l
		if i == 0 && fields {
			ask.query = maps.Clone(l.query)
			ask.query.Set("_fields", "id")
		}
		page, _, err := ask.page(ctx, from+i, 1)
		switch {
		case err == nil && i == 0 && len(page) > 0:
			it.id = page[0].id
			return it, nil
		case err == nil, errors.Is(err, errTooLarge):
			return it, nil // it answers
		case !ownFault(err):
			return item{}, l.client.broken(ctx, err)
		}
	}
	return item{}, why
}

// took moves the place behind an item that next has returned.
func (l *listing) took(it item) {
	l.offset++
	l.last = max(l.last, it.id)
}

// page returns the items from an offset on, and how many the shop says it has.
func (l *listing) page(ctx context.Context, from, size int) ([]item, int, error) {
	q := url.Values{"orderby": {"id"}, "order": {"asc"}, "per_page": {strconv.Itoa(size)}}
	if from > 0 {
		q.Set("offset", strconv.Itoa(from))
	}
	maps.Copy(q, l.query)
	a, err := l.get(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	defer a.body.Close()
	l.asked, l.date = a.asked, dateOf(a.header)
	items, err := l.client.items(a)
	if err != nil {
		return nil, 0, err
	}
	total, err := strconv.Atoi(a.header.Get("X-WP-Total"))
	if err != nil {
		total = 0 // a page that is not full is the last one then
	}
	return items, total, nil
}

// items reads the list that an answer holds.
func (c *client) items(a *answer) ([]item, error) {
	var items []item
	err := elements(a.body, c.shops.cfg.MaxProduct, func(element []byte, whole bool) error {
		id, err := strconv.ParseInt(idOf(element), 10, 64)
		if err != nil && whole {
			id = slowID(element)
		}
		items = append(items, item{id: id, body: append([]byte(nil), element...), whole: whole})
		return nil
	})
	if errors.Is(err, errNotList) {
		return nil, &ports.ShopError{Status: a.status, Err: ports.ErrUnavailable, Reason: c.host() + " answers with something else than a list"}
	}
	return items, err
}

// slowID returns the id of an element that does not begin with it; 0 for none.
func slowID(element []byte) int64 {
	var w struct {
		ID text `json:"id"`
	}
	if err := unmarshal(element, &w); err != nil {
		return 0
	}
	id, err := strconv.ParseInt(string(w.ID), 10, 64)
	if err != nil {
		return 0
	}
	return id
}

func dateOf(h http.Header) time.Time {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// readItem reads an answer that is one thing.
func readItem(a *answer, most int) (item, error) {
	b, err := io.ReadAll(io.LimitReader(a.body, int64(most)+1))
	if err != nil {
		return item{}, err
	}
	if len(b) > most {
		return item{body: b[:most]}, nil
	}
	return item{body: b, whole: true}, nil
}
