package ingesting

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

const (
	// diffPosition is the name under which a Diff keeps how far it is.
	diffPosition = ShopProducts + "-diff"
	// diffLasts is after how long a Diff that has not ended is begun anew: what it
	// knows of the shop is old then.
	diffLasts = 12 * time.Hour
	// maxHints is how many products are read again one by one; if more are missing,
	// all are imported.
	maxHints = 2000
	// diffPage is how many stored documents are compared at a time.
	diffPage = 500
)

// diffing is how far a Diff is: first it lists what the shop has, then it goes
// over what is stored.
type diffing struct {
	Began   time.Time            `json:"began"`
	Cursor  catalog.Cursor       `json:"cursor,omitempty"` // of the shop's list
	Listed  bool                 `json:"listed,omitempty"` // to its end
	Packed  []byte               `json:"ids,omitempty"`    // there, as differences: a byte or so for each product
	Missing int                  `json:"missing,omitempty"`
	After   retrieval.DocumentID `json:"after,omitempty"` // of what is stored

	there []uint64 // ids that the shop has, in order
}

// Diff is the TaskFunc that compares the ids of the shop's products with those
// that are stored: what was deleted for good, or came, and no webhook told. It is
// a request for each 100 products.
func (y *Sync) Diff(ctx context.Context, s tenant.Scope) (time.Time, error) {
	shop, err := y.deps.Shops.Shop(ctx, s)
	if err != nil {
		return time.Time{}, err
	}
	d, resumed, err := y.diffing(ctx, s)
	if err != nil {
		return time.Time{}, err
	}
	if y.deps.Refresh != nil && !resumed {
		changed, err := y.deps.Refresh(ctx, s)
		if errors.Is(err, ports.ErrConflict) {
			return y.deps.Now(), nil // somebody connects it otherwise now
		}
		if err != nil {
			return time.Time{}, err
		}
		if changed {
			return time.Time{}, y.ask(ctx, s, ingestion.Import) // which asks for a Diff
		}
	}
	enough := y.enough()
	for step, done := y.list, false; !done; {
		if done, err = step(ctx, s, shop, d); err != nil {
			// A shop that went away in the middle need not tell all of it again.
			return time.Time{}, errors.Join(err, y.saveDiff(ctx, s, d))
		}
		switch {
		case d.Missing < 0:
			return time.Time{}, errors.Join(y.saveDiff(ctx, s, nil), y.ask(ctx, s, ingestion.Import))
		case d.Listed && !done:
			step = y.compare
		}
		if !done && enough() {
			return y.deps.Now(), y.saveDiff(ctx, s, d)
		}
	}
	return time.Time{}, errors.Join(y.unreadAgain(ctx, s), y.saveDiff(ctx, s, nil))
}

// unreadAgain asks for the products that could not be read when they were last:
// what is wrong with one may be mended without a date that says so, and a sweep
// compares no texts.
func (y *Sync) unreadAgain(ctx context.Context, s tenant.Scope) error {
	if y.deps.Health == nil {
		return nil
	}
	open, err := y.deps.Health.Findings(ctx, s, manyFindings)
	if err != nil {
		return fmt.Errorf("what could not be read: %w", err)
	}
	var ids []string
	for _, f := range open {
		if f.Kind != ingestion.Rejected {
			continue
		}
		object, err := ingestion.ParseObject(f.Subject)
		if err != nil || object.Kind != ingestion.Product {
			continue
		}
		if _, ok := shopID(object.ID); ok {
			ids = append(ids, object.ID)
		}
	}
	return y.hint(ctx, s, ids)
}

// diffing returns the Diff of the site that has not ended, or a new one.
func (y *Sync) diffing(ctx context.Context, s tenant.Scope) (d *diffing, resumed bool, err error) {
	now := y.deps.Now()
	stored, err := y.deps.Service.deps.Cursors.Cursor(ctx, s, diffPosition)
	if err != nil {
		return nil, false, fmt.Errorf("read the position: %w", err)
	}
	d = &diffing{}
	// One of another version is begun anew, as one that is old.
	if known := stored != "" && json.Unmarshal([]byte(stored), d) == nil; !known || now.Sub(d.Began) > diffLasts {
		return &diffing{Began: now}, false, nil
	}
	for last, rest := uint64(0), d.Packed; len(rest) > 0; {
		more, n := binary.Uvarint(rest)
		if n <= 0 {
			return &diffing{Began: now}, false, nil
		}
		last, rest = last+more, rest[n:]
		d.there = append(d.there, last)
	}
	return d, true, nil
}

// saveDiff keeps how far d is; nil forgets it.
func (y *Sync) saveDiff(ctx context.Context, s tenant.Scope, d *diffing) error {
	position := ""
	if d != nil {
		d.Packed = d.Packed[:0]
		last := uint64(0)
		for _, id := range d.there {
			d.Packed, last = binary.AppendUvarint(d.Packed, id-last), id
		}
		text, err := json.Marshal(d)
		if err != nil {
			return fmt.Errorf("save the position: %w", err)
		}
		position = string(text)
	}
	if err := y.deps.Service.deps.Cursors.SaveCursor(ctx, s, diffPosition, catalog.Cursor(position)); err != nil {
		return fmt.Errorf("save the position: %w", err)
	}
	return nil
}

// list takes a page of the shop's list and asks for what of it is not stored.
// d.Missing is below 0 if that is so much that all should be imported.
func (y *Sync) list(ctx context.Context, s tenant.Scope, shop ports.Shop, d *diffing) (done bool, err error) {
	if d.Listed {
		return y.compare(ctx, s, shop, d)
	}
	var page []uint64
	next, listed, err := shop.Light(ctx, d.Cursor, false, func(p catalog.Product) error {
		if id, ok := shopID(p.ID); ok && id > lastOf(page, lastOf(d.there, 0)) {
			page = append(page, id)
		}
		return nil
	})
	if errors.Is(err, ports.ErrInvalid) && d.Cursor != "" && !ofShop(err) {
		*d = diffing{Began: d.Began} // its cursor is of another version
		return false, nil
	}
	if err != nil {
		return false, err
	}
	missing, err := y.missing(ctx, s, page)
	if err != nil {
		return false, err
	}
	if d.Missing += len(missing); d.Missing > maxHints {
		position, err := y.deps.Service.deps.Cursors.Cursor(ctx, s, ShopProducts)
		if err != nil {
			return false, err
		}
		if position == "" {
			d.Missing = -1
			return false, nil
		}
		// It was imported: these cannot be read, or came since.
	}
	if err := y.hint(ctx, s, missing); err != nil {
		return false, err
	}
	d.there, d.Cursor, d.Listed = append(d.there, page...), next, listed
	return false, nil
}

func lastOf(ids []uint64, otherwise uint64) uint64 {
	if len(ids) == 0 {
		return otherwise
	}
	return ids[len(ids)-1]
}

// missing returns those of ids that are not stored.
func (y *Sync) missing(ctx context.Context, s tenant.Scope, ids []uint64) ([]string, error) {
	var out []string
	for batch := range slices.Chunk(ids, ports.MaxStored) {
		names := make([]retrieval.DocumentID, len(batch))
		for i, id := range batch {
			names[i] = retrieval.NewDocumentID(catalog.KindProduct, fmt.Sprint(id))
		}
		list, err := y.deps.Stored.Stored(ctx, s, names)
		if err != nil {
			return nil, fmt.Errorf("look up products: %w", err)
		}
		stored := make(map[retrieval.DocumentID]bool, len(list))
		for _, doc := range list {
			stored[doc.ID] = true
		}
		for i, id := range batch {
			if !stored[names[i]] {
				out = append(out, fmt.Sprint(id))
			}
		}
	}
	return out, nil
}

// compare takes a page of what is stored and asks for what the shop did not list.
func (y *Sync) compare(ctx context.Context, s tenant.Scope, _ ports.Shop, d *diffing) (done bool, err error) {
	states, err := y.deps.Service.deps.Inventory.States(ctx, s, d.After, diffPage)
	if err != nil {
		return false, fmt.Errorf("list the documents: %w", err)
	}
	gone, after := unlisted(d.there, states), d.After
	for _, st := range states {
		after = st.ID
	}
	// What was read since this Diff began may be newer than the list.
	list, err := y.deps.Stored.Stored(ctx, s, gone)
	if err != nil {
		return false, fmt.Errorf("look up products: %w", err)
	}
	var ids []string
	for _, doc := range list {
		if !doc.Read.After(d.Began) {
			ids = append(ids, strings.TrimPrefix(string(doc.ID), productPrefix))
		}
	}
	if err := errors.Join(y.lost(ctx, s, ids), y.hint(ctx, s, ids)); err != nil {
		return false, err
	}
	d.After = after
	return len(states) < diffPage, nil
}

// unlisted returns those of states that are shown products of a shop and not
// there. A product is the shop's whatever source it was stored from, if its id is
// one of WooCommerce: a number.
func unlisted(there []uint64, states []retrieval.DocumentState) []retrieval.DocumentID {
	var out []retrieval.DocumentID
	for _, st := range states {
		text, isProduct := strings.CutPrefix(string(st.ID), productPrefix)
		id, ok := shopID(text)
		if !isProduct || !ok || !st.Shown {
			continue
		}
		if _, found := slices.BinarySearch(there, id); !found {
			out = append(out, st.ID)
		}
	}
	return out
}
