package ingesting

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// reads is what a shop has of some products.
type reads struct {
	changes map[string]catalog.Change
	failed  map[string]error // products that the shop fails for, while it answers for others

	silent int // how often it did not answer at all

	asked   bool // whether it answers for others was asked
	answers bool // and it did
}

// read reads the products. A shop can fail for one product, if a plugin of its
// does, and must not fail for all others then: those that cannot be read are found
// by halves, if the shop answers for anything else. If it does not, it is the
// shop, and no product's failure. Products that have failed before are read apart,
// so that the others do not wait until they are found once more.
func (r *working) read(ctx context.Context, shop ports.Shop, jobs []ingestion.Job) (reads, error) {
	all := reads{changes: make(map[string]catalog.Change, len(jobs)), failed: map[string]error{}}
	var fresh, tried []string
	for _, j := range jobs {
		if j.Attempts > 0 {
			tried = append(tried, j.Object.ID)
		} else {
			fresh = append(fresh, j.Object.ID)
		}
	}
	for _, ids := range [][]string{fresh, tried} {
		if len(ids) == 0 {
			continue
		}
		if err := r.readInto(ctx, shop, ids, &all); err != nil {
			if err := r.halves(ctx, shop, ids, err, &all); err != nil {
				return all, err
			}
		}
	}
	return all, nil
}

func (r *working) readInto(ctx context.Context, shop ports.Shop, ids []string, all *reads) error {
	read := r.deps.Now()
	changes, err := shop.Read(ctx, ids)
	if err != nil {
		return err
	}
	if len(changes) != len(ids) {
		return fmt.Errorf("%w: the shop was asked for %d products and %d came", ports.ErrUnavailable, len(ids), len(changes))
	}
	for i, c := range changes {
		if c.Read.IsZero() {
			c.Read = read
		}
		all.changes[ids[i]] = c
	}
	return nil
}

// maxSilent is how often a shop may not answer while it is looked for the product
// that it is about: enough to find one of a batch by halves.
const maxSilent = 10

// halves reads ids, which failed together by why, in two parts, and looks closer
// at those that fail again. It gives up with why if that is the shop's failure.
func (r *working) halves(ctx context.Context, shop ports.Shop, ids []string, why error, all *reads) error {
	if !replied(why) {
		all.silent++ // which takes a minute each time
	}
	if ctx.Err() != nil || !perhapsOneProduct(why) || all.silent > maxSilent || len(all.changes) == 0 && !r.others(ctx, shop, why, all) {
		return why
	}
	if len(ids) == 1 {
		all.failed[ids[0]] = why
		return nil
	}
	parts := [][]string{ids[:len(ids)/2], ids[len(ids)/2:]}
	errs := make([]error, len(parts))
	for i, part := range parts {
		errs[i] = r.readInto(ctx, shop, part, all)
	}
	for i, part := range parts {
		if errs[i] == nil {
			continue
		}
		if err := r.halves(ctx, shop, part, errs[i], all); err != nil {
			return err
		}
	}
	return nil
}

// perhapsOneProduct reports whether an answer may be the fault of one of the
// products that were asked for, and the shop answer for others: anything but that
// it wants to be left alone.
func perhapsOneProduct(err error) bool {
	shop, ok := errors.AsType[*ports.ShopError](err)
	return ok && shop.RetryAfter == 0 && shop.Status != 429 && shop.Status != 503
}

// witnesses is how many other products are asked for at most.
const witnesses = 3

// others reports whether the shop answers for something else than the products
// of this batch, of which none could be read yet: for one of its other products,
// or, if it has none, for the list of them. It is asked once.
func (r *working) others(ctx context.Context, shop ports.Shop, why error, all *reads) bool {
	if !all.asked {
		all.asked, all.answers = true, r.askOthers(ctx, shop, why)
	}
	return all.answers
}

func (r *working) askOthers(ctx context.Context, shop ports.Shop, why error) bool {
	ids, err := r.witnesses(ctx)
	if err == nil && len(ids) == 0 {
		_, _, err = shop.Light(ctx, "", false, func(p catalog.Product) error {
			if len(ids) < witnesses && !r.inHand[p.ID] {
				ids = append(ids, p.ID)
			}
			return nil
		})
	}
	if err != nil || len(ids) == 0 {
		return err == nil
	}
	for _, id := range ids {
		_, err := shop.Read(ctx, []string{id})
		if err == nil {
			return true
		}
		if !serverError(why) || !serverError(err) {
			return false // it is not reached at all, or does not take the key
		}
	}
	return false
}

// serverError reports whether the shop itself broke down over an answer: it may
// over another product, too.
func serverError(err error) bool {
	shop, ok := errors.AsType[*ports.ShopError](err)
	return ok && shop.Status >= 500 && perhapsOneProduct(err)
}

// witnesses returns some products that shoppers see, none of this batch.
func (r *working) witnesses(ctx context.Context) ([]string, error) {
	var ids []string
	// Not always the same ones: they may be broken, too.
	from := retrieval.DocumentID(productPrefix + fmt.Sprint(1+int(r.deps.Rand()*9)))
	for _, after := range []retrieval.DocumentID{from, productPrefix} {
		states, err := r.deps.Service.deps.Inventory.States(ctx, r.scope, after, diffPage)
		if err != nil {
			return nil, err
		}
		for _, st := range states {
			text, isProduct := strings.CutPrefix(string(st.ID), productPrefix)
			if _, ok := shopID(text); ok && isProduct && st.Shown && !r.inHand[text] {
				if ids = append(ids, text); len(ids) == witnesses {
					return ids, nil
				}
			}
		}
	}
	return ids, nil
}
