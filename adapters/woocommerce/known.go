package woocommerce

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/ports"
)

// unread returns c, which rejects a product, with what can be known of the
// product all the same; or that it is hidden or gone, for then it does not matter
// what of it cannot be read. With an error, which is the shop's, it is c as it was.
func (s *shop) unread(ctx context.Context, c catalog.Change) (catalog.Change, error) {
	r := *c.Rejected
	if r.Known == nil {
		known, gone, err := s.known(ctx, r.ID)
		switch {
		case err != nil:
			return c, err
		case gone:
			return catalog.Change{Deleted: &catalog.Deleted{Kind: catalog.KindProduct, ID: r.ID}, Read: c.Read}, nil
		}
		r.Known = known
	}
	if p := r.Known; p != nil && !p.Shown() && p.Status != 0 && p.Visibility != 0 {
		return catalog.Change{Product: p, Read: c.Read}, nil
	}
	return catalog.Change{Rejected: &r, Read: c.Read}, nil
}

// known reads a product with fewer and fewer fields, until it can be read: what
// breaks it is most often a text. If not even its state can be read, it is
// returned without one, and so is not shown: WooCommerce does not list what has a
// visibility that it does not know. nil for a variation, whose parent says what
// there is to know. gone is set if the shop does not have it, or has it in its trash.
func (s *shop) known(ctx context.Context, id string) (p *catalog.Product, gone bool, err error) {
	const named = stateFields + ",name,permalink"
	var broke error
	for _, fields := range []string{lightFields, named, stateFields} {
		it, _, err := s.one(ctx, id, fields)
		switch {
		case errors.Is(err, ports.ErrNotFound):
			return nil, true, nil
		case ownFault(err):
			broke = err
			continue
		case err != nil:
			return nil, false, err
		case !it.whole:
			continue
		}
		p, err := ParseProduct(it.body, s.rest())
		if _, ok := errors.AsType[*VariationError](err); ok {
			return nil, false, nil
		}
		if p.ID != id {
			continue
		}
		if n := len(p.Variations); p.Shown() && n > 0 {
			p.Variations = nil
			if n <= s.shops.cfg.MaxVariations && fields == lightFields {
				if p.Variations, _, err = s.variations(ctx, id, lightVariationFields); err != nil {
					return nil, false, err
				}
			}
		}
		return &p, p.Status == catalog.Trashed, nil
	}
	if broke != nil {
		return nil, false, broke
	}
	return &catalog.Product{ID: id, Type: catalog.Simple}, false, nil
}

// lists reports whether the shop answers when it is asked what it has.
func (s *shop) lists(ctx context.Context) bool {
	a, err := s.ask(ctx, http.MethodGet, "/products", url.Values{"_fields": {"id"}, "per_page": {"1"}}, nil)
	return err == nil && a.body.Close() == nil
}

// ownFault reports whether an answer may be the fault of what was asked for: a
// server error of a shop that does not ask to be left alone.
func ownFault(err error) bool {
	of, ok := errors.AsType[*ports.ShopError](err)
	return ok && of.Status >= 500 && of.Status != http.StatusServiceUnavailable && of.RetryAfter == 0
}
