package ingesting

import (
	"context"
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

// sweepPosition is the name under which a sweep keeps how far it is.
const sweepPosition = ShopProducts + "-sweep"

// Sweep is the TaskFunc that compares prices, stock, status, terms, ratings,
// weight and age of all products with what is stored. Stock that is sold,
// variations, the new name of a category and ratings that are imported do not
// change when a product says it was modified. Each difference is a product to be
// read again, and a webhook that was lost, if one should have told.
func (y *Sync) Sweep(ctx context.Context, s tenant.Scope) (time.Time, error) {
	shop, err := y.deps.Shops.Shop(ctx, s)
	if err != nil {
		return time.Time{}, err
	}
	cursors := y.deps.Service.deps.Cursors
	cursor, err := cursors.Cursor(ctx, s, sweepPosition)
	if err != nil {
		return time.Time{}, err
	}
	enough := y.enough()
	for {
		asked := y.deps.Now()
		var page []catalog.Product
		next, done, err := shop.Light(ctx, cursor, true, func(p catalog.Product) error {
			page = append(page, p)
			return nil
		})
		if errors.Is(err, ports.ErrInvalid) && cursor != "" && !ofShop(err) {
			cursor = "" // of another version
			continue
		}
		if err != nil {
			return time.Time{}, err
		}
		others, untold, err := y.others(ctx, s, page, asked)
		if err != nil {
			return time.Time{}, err
		}
		// Counted first: one that waits already was counted, or was told.
		if err := errors.Join(y.lost(ctx, s, others), y.hint(ctx, s, append(others, untold...))); err != nil {
			return time.Time{}, err
		}
		if done {
			next = ""
		}
		if err := cursors.SaveCursor(ctx, s, sweepPosition, next); err != nil {
			return time.Time{}, err
		}
		if done {
			return time.Time{}, nil
		}
		if cursor = next; enough() {
			return y.deps.Now(), nil
		}
	}
}

// others returns the ids of those products that are not stored as they are; and
// of those of which no webhook need have told: that differ in a way that none
// tells of, or that could not be read now while a price of them is told. These are
// read by their ids, and one that cannot be read for long tells its price no more.
// asked is when the shop was.
func (y *Sync) others(ctx context.Context, s tenant.Scope, products []catalog.Product, asked time.Time) (others, untold []string, err error) {
	for batch := range slices.Chunk(products, ports.MaxStored) {
		ids := make([]retrieval.DocumentID, 0, len(batch))
		for _, p := range batch {
			ids = append(ids, retrieval.NewDocumentID(catalog.KindProduct, p.ID))
		}
		list, err := y.deps.Stored.Stored(ctx, s, ids)
		if err != nil {
			return nil, nil, fmt.Errorf("look up products: %w", err)
		}
		stored := make(map[retrieval.DocumentID]retrieval.Document, len(list))
		for _, d := range list {
			stored[d.ID] = d
		}
		for i, p := range batch {
			d, there := stored[ids[i]]
			switch {
			case d.Read.After(asked):
			case p.Type == 0:
				if d.Shown && len(d.Facts.Offers) > 0 {
					untold = append(untold, p.ID)
				}
			case !y.differs(p, d, there):
			case y.differs(p, withUntold(d, p), there):
				others = append(others, p.ID)
			default:
				untold = append(untold, p.ID)
			}
		}
	}
	return others, untold, nil
}

// withUntold returns d with those facts of p of which no webhook tells: its
// rating, since reviews are imported and deleted by plugins and by hand, and what
// was stored by a version that knew neither weight nor age.
func withUntold(d retrieval.Document, p catalog.Product) retrieval.Document {
	said := p.Facts(d.Facts.AsOf)
	d.Facts.Rating = said.Rating
	if d.Facts.Published.IsZero() {
		d.Facts.Published = said.Published
	}
	if !d.Facts.Weight.IsSet() {
		d.Facts.Weight = said.Weight
	}
	return d
}

// differs reports whether a product that was read lightly is another one than d,
// which is what is stored of it if there is set. Of a product that shoppers do
// not see only that is compared.
func (y *Sync) differs(p catalog.Product, d retrieval.Document, there bool) bool {
	if p.Shown() != (there && d.Shown) {
		return true
	}
	if !p.Shown() {
		return false
	}
	// Its facts as they would be stored, and where it is: other permalinks of the
	// shop modify no product.
	_, same, ok := y.deps.Service.withoutTexts(ShopProducts, &p, d, Options{})
	return ok && !same
}

// webhookTime is how long a webhook may take: a change that is older was not
// told.
const webhookTime = 2 * time.Minute

// lost counts products that had changed and of which no webhook told: those of
// which one did wait in the queue. None is lost of a shop whose webhooks are not
// there yet: that there are none is a finding of its own.
func (y *Sync) lost(ctx context.Context, s tenant.Scope, ids []string) error {
	if y.deps.Health == nil || len(ids) == 0 {
		return nil
	}
	if y.deps.Deliveries != nil {
		shown, err := y.deps.Deliveries.Shown(ctx, s)
		if errors.Is(err, ports.ErrNotFound) || err == nil && (shown.Secrets == 0 || shown.LastHook.IsZero()) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look up the webhooks: %w", err)
		}
	}
	waiting, err := y.waiting(ctx, s)
	if err != nil {
		return err
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return waiting[id] })
	if len(ids) == 0 {
		return nil
	}
	named := ids[:min(len(ids), 5)]
	more := ""
	if len(ids) > len(named) {
		more = fmt.Sprintf(" and %d more", len(ids)-len(named))
	}
	return y.deps.Health.Raise(ctx, s, ingestion.Finding{
		Kind: ingestion.LostWebhook, Count: int64(len(ids)), Last: y.deps.Now(),
		Detail: fmt.Sprintf("products had changed and no webhook told (last: %s%s): look at the shop's webhooks, and whether its scheduled actions run (WooCommerce > Status)", strings.Join(named, ", "), more),
	})
}

// waiting returns the ids of products that wait in the queue, or of the first
// few thousand.
func (y *Sync) waiting(ctx context.Context, s tenant.Scope) (map[string]bool, error) {
	const page, pages = 500, 20
	out := map[string]bool{}
	after := productPrefix
	for range pages {
		jobs, err := y.deps.Jobs.Jobs(ctx, s, after, page)
		if err != nil {
			return nil, err
		}
		for _, j := range jobs {
			after = j.Object.String()
			if j.Object.Kind != ingestion.Product {
				return out, nil
			}
			out[j.Object.ID] = true
		}
		if len(jobs) < page {
			break
		}
	}
	return out, nil
}
