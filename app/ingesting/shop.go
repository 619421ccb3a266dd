package ingesting

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Sources of a connected shop, as documents and positions name them.
const (
	ShopProducts = "woocommerce"
	ShopPages    = "woocommerce-pages"
	ShopPosts    = "woocommerce-posts"
)

// readBatch is how many products are read by their ids at once.
const readBatch = 100

// ImportShop reads the products of a shop: with Options.Full all that it has,
// and what it has no longer is taken out of sight; otherwise what has changed
// since the last time. It is resumable like Import, and needs no more memory for
// a large shop than for a small one. Errors: those of the shop, of the store, and
// that of ctx.
func (s *Service) ImportShop(ctx context.Context, scope tenant.Scope, shop ports.Shop, o Options) (Report, error) {
	if err := scope.Valid(); err != nil {
		return Report{}, err
	}
	source, err := shop.Source(ports.FeedProducts)
	if err != nil {
		return Report{}, err
	}
	run := s.importing(scope, ShopProducts, source, s.defaults(o))
	run.removes = false // by their ids
	run.last = func(ctx context.Context) error { return run.takeOutGone(ctx, shop) }
	_, err = run.run(ctx)
	return run.report, err
}

// takeOutGone takes out the products that the shop has no longer.
func (r *importing) takeOutGone(ctx context.Context, shop ports.Shop) error {
	gone, err := r.goneIDs(ctx, r.scope, shop, r.opts.Wait)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(gone, readBatch) {
		// What a list does not have is asked for by its id before it goes.
		changes, err := r.readHalves(ctx, shop, batch)
		if err != nil {
			return err
		}
		for _, c := range changes {
			if c.Rejected != nil {
				r.count(incoming{change: c, rejected: c.Rejected}, false)
			}
			changed, err := r.Apply(ctx, r.scope, ShopProducts, c, r.opts)
			if err != nil && !unreadable(err) {
				return err
			}
			if changed && c.Deleted != nil {
				r.report.Removed++
				r.progress()
			}
		}
	}
	return nil
}

// readHalves reads products by their ids. A shop can break over one of them while
// it answers for others: such are found by halves, and rejected.
func (r *importing) readHalves(ctx context.Context, shop ports.Shop, ids []string) ([]catalog.Change, error) {
	for {
		changes, err := shop.Read(ctx, ids)
		if err == nil {
			return changes, nil
		}
		if ctx.Err() == nil && replied(err) && perhapsOneProduct(err) {
			if len(ids) > 1 {
				first, err := r.readHalves(ctx, shop, ids[:len(ids)/2])
				if err != nil {
					return nil, err
				}
				rest, err := r.readHalves(ctx, shop, ids[len(ids)/2:])
				return append(first, rest...), err
			}
			if _, _, other := shop.Light(ctx, "", false, func(catalog.Product) error { return nil }); other == nil {
				return []catalog.Change{{Rejected: &catalog.Rejected{Kind: catalog.KindProduct, ID: ids[0], Where: "product " + ids[0], Reason: err.Error()}}}, nil
			}
		}
		if r.opts.Wait == nil || !errors.Is(err, ports.ErrUnavailable) {
			return nil, err
		}
		if err := r.opts.Wait(ctx, err); err != nil {
			return nil, err
		}
	}
}

// patiently calls ask until it is answered, as far as wait goes on; once if wait
// is nil.
func patiently(ctx context.Context, wait func(context.Context, error) error, ask func() error) error {
	for {
		err := ask()
		if err == nil || wait == nil || !errors.Is(err, ports.ErrUnavailable) {
			return err
		}
		if err := wait(ctx, err); err != nil {
			return err
		}
	}
}

// ImportPages reads a shop's pages or posts (ports.FeedPages, FeedPosts) as
// Import does, with the questions that they answer.
func (s *Service) ImportPages(ctx context.Context, scope tenant.Scope, shop ports.Shop, feed string, o Options) (Report, error) {
	if err := scope.Valid(); err != nil {
		return Report{}, err
	}
	name, source, err := pagesOf(shop, feed)
	if err != nil {
		return Report{}, err
	}
	run := s.importing(scope, name, source, s.defaults(o))
	run.believes = true
	_, err = run.run(ctx)
	return run.report, err
}

func pagesOf(shop ports.Shop, feed string) (name string, source ports.DocumentSource, err error) {
	source, err = shop.Source(feed)
	switch {
	case err != nil:
		return "", nil, err
	case feed == ports.FeedPages:
		return ShopPages, source, nil
	case feed == ports.FeedPosts:
		return ShopPosts, source, nil
	}
	return "", nil, fmt.Errorf("%w: %.40q are no pages", ports.ErrInvalid, feed)
}

// goneIDs lists the ids of all products that a shop has, and returns those that
// are stored and shown but not there.
func (s *Service) goneIDs(ctx context.Context, scope tenant.Scope, shop ports.Shop, wait func(context.Context, error) error) (gone []string, err error) {
	var there []uint64 // in order; eight bytes for each product of a large shop
	for cursor, done := catalog.Cursor(""), false; !done; {
		if err := patiently(ctx, wait, func() (err error) {
			cursor, done, err = shop.Light(ctx, cursor, false, func(p catalog.Product) error {
				if id, ok := shopID(p.ID); ok && id > lastOf(there, 0) {
					there = append(there, id)
				}
				return nil
			})
			return err
		}); err != nil {
			return nil, err
		}
	}
	for after := retrieval.DocumentID(""); ; {
		states, err := s.deps.Inventory.States(ctx, scope, after, diffPage)
		if err != nil {
			return nil, fmt.Errorf("list the documents: %w", err)
		}
		for _, id := range unlisted(there, states) {
			gone = append(gone, strings.TrimPrefix(string(id), productPrefix))
		}
		if len(states) < diffPage {
			return gone, nil
		}
		after = states[len(states)-1].ID
	}
}

const productPrefix = "product:"

// shopID reads an id of WooCommerce.
func shopID(text string) (uint64, bool) {
	id, err := strconv.ParseUint(text, 10, 63)
	return id, err == nil && id > 0 && strconv.FormatUint(id, 10) == text
}
