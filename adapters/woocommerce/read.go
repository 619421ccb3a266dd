package woocommerce

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/ports"
)

// shop implements ports.Shop.
type shop struct{ *client }

var (
	_ ports.Shop     = (*shop)(nil)
	_ ports.ShopSize = (*shop)(nil)
)

// productFields are what is read of a product. Not asking for the rest keeps a
// shop from computing it (related products, price as HTML), and what is not for
// shoppers from being sent at all.
const productFields = "id,parent_id,type,name,sku,global_unique_id,permalink,status,catalog_visibility,post_password,date_created_gmt,date_modified_gmt,average_rating,rating_count," +
	"description,short_description,regular_price,sale_price,date_on_sale_from_gmt,date_on_sale_to_gmt,stock_status,stock_quantity,manage_stock,backorders," +
	"weight,dimensions,brands,categories,tags,images,attributes,variations,grouped_products,external_url,lang"

const variationFields = "id,parent_id,type,status,sku,global_unique_id,regular_price,sale_price,date_on_sale_from_gmt,date_on_sale_to_gmt," +
	"stock_status,stock_quantity,manage_stock,backorders,image,attributes"

// Read implements ports.Shop.
func (s *shop) Read(ctx context.Context, ids []string) ([]catalog.Change, error) {
	found := make(map[string]catalog.Change, len(ids))
	var ask []string
	for _, id := range ids {
		if _, twice := found[id]; twice {
			continue
		}
		// What is no number was never an id of WooCommerce.
		found[id] = catalog.Change{Deleted: &catalog.Deleted{Kind: catalog.KindProduct, ID: id}, Read: s.shops.cfg.Now()}
		if n, err := strconv.ParseInt(id, 10, 64); err == nil && n > 0 && strconv.FormatInt(n, 10) == id {
			ask = append(ask, id)
		}
	}
	for len(ask) > 0 {
		n := min(len(ask), s.shops.cfg.Page)
		if err := s.readBatch(ctx, ask[:n], found); err != nil {
			return nil, err
		}
		ask = ask[n:]
	}
	out := make([]catalog.Change, 0, len(ids))
	for _, id := range ids {
		out = append(out, found[id])
	}
	return out, nil
}

// readBatch reads products that are asked for in one request. What the list does
// not have is asked for alone: a list has neither variations nor the trash.
func (s *shop) readBatch(ctx context.Context, ids []string, found map[string]catalog.Change) error {
	q := url.Values{"include": {strings.Join(ids, ",")}, "per_page": {strconv.Itoa(len(ids))}, "orderby": {"id"}, "order": {"asc"}, "_fields": {productFields}}
	asked := s.shops.cfg.Now()
	a, err := s.ask(ctx, http.MethodGet, "/products", q, nil)
	if ownFault(err) && len(ids) == 1 {
		// Perhaps it is a text or an image at which the shop breaks.
		c, unknown := s.unread(ctx, rejected(ids[0], err.Error(), asked))
		if unknown != nil {
			return err
		}
		// Or it just broke once: then it would be without its texts for nothing.
		if a, err = s.ask(ctx, http.MethodGet, "/products", q, nil); ownFault(err) {
			found[ids[0]] = c
			return nil
		}
	}
	if err != nil {
		return err
	}
	items, err := s.items(a)
	a.body.Close()
	switch {
	case errors.Is(err, errTooLarge) && len(ids) > 1:
		half := len(ids) / 2
		if err := s.readBatch(ctx, ids[:half], found); err != nil {
			return err
		}
		return s.readBatch(ctx, ids[half:], found)
	case errors.Is(err, errTooLarge):
		c, err := s.unread(ctx, rejected(ids[0], "is larger than can be read", a.asked))
		found[ids[0]] = c
		return err
	case err != nil:
		return s.broken(ctx, err)
	}
	changes, err := s.products(ctx, items, a.asked, false)
	if err != nil {
		return err
	}
	have := make(map[string]bool, len(items))
	for i, it := range items {
		id := strconv.FormatInt(it.id, 10)
		have[id] = true
		if _, wanted := found[id]; wanted {
			found[id] = changes[i]
		}
	}
	for _, id := range ids {
		if have[id] {
			continue
		}
		c, err := s.readOne(ctx, id)
		if err != nil {
			return err
		}
		found[id] = c
	}
	return nil
}

// readOne reads a thing that no list of products has.
func (s *shop) readOne(ctx context.Context, id string) (catalog.Change, error) {
	it, asked, err := s.one(ctx, id, productFields)
	deleted := catalog.Change{Deleted: &catalog.Deleted{Kind: catalog.KindProduct, ID: id}, Read: asked}
	switch {
	case errors.Is(err, ports.ErrNotFound):
		return deleted, nil
	case err != nil:
		return catalog.Change{}, err
	}
	_, err = ParseProduct(it.body, s.rest())
	of, isVariation := errors.AsType[*VariationError](err)
	if isVariation {
		if it, asked, err = s.one(ctx, of.Parent, productFields); errors.Is(err, ports.ErrNotFound) {
			deleted.Deleted.ID = of.Parent
			return deleted, nil
		} else if err != nil {
			return catalog.Change{}, err
		}
		id = of.Parent
	}
	changes, err := s.products(ctx, []item{it}, asked, false)
	if err != nil {
		return catalog.Change{}, err
	}
	c := changes[0]
	if c.Product != nil && c.Product.Status == catalog.Trashed {
		return catalog.Change{Deleted: &catalog.Deleted{Kind: catalog.KindProduct, ID: id}, Read: asked}, nil
	}
	return c, nil
}

// one reads fields of one product, or of whatever has its id. ports.ErrNotFound if
// the shop has no such product.
func (s *shop) one(ctx context.Context, id, fields string) (item, time.Time, error) {
	asked := s.shops.cfg.Now()
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n <= 0 {
		return item{}, asked, ports.ErrNotFound // a variation without a parent
	}
	a, err := s.ask(ctx, http.MethodGet, "/products/"+strconv.FormatInt(n, 10), url.Values{"_fields": {fields}}, nil)
	if of, ok := errors.AsType[*ports.ShopError](err); ok && of.Status == http.StatusNotFound && of.Code == "woocommerce_rest_product_invalid_id" {
		return item{}, asked, ports.ErrNotFound
	}
	if err != nil {
		return item{}, asked, err
	}
	defer a.body.Close()
	it, err := readItem(a, s.shops.cfg.MaxProduct)
	if err != nil {
		return item{}, asked, s.broken(ctx, err)
	}
	it.id = n
	return it, a.asked, nil
}

// products returns one change for each item, with the variations of those that
// are shown. If passes is set, a product at which the shop breaks is rejected as
// long as it answers for others; else that is an error.
func (s *shop) products(ctx context.Context, items []item, asked time.Time, passes bool) ([]catalog.Change, error) {
	changes := make([]catalog.Change, len(items))
	var further []int // what has to be asked for once more
	for i, it := range items {
		c := s.product(it, asked)
		changes[i] = c
		if p := c.Product; p != nil && p.Type == catalog.Variable && p.Shown() && len(p.Variations) > 0 ||
			c.Rejected != nil && c.Rejected.Kind == catalog.KindProduct {
			further = append(further, i)
		}
	}
	err := s.each(ctx, further, func(ctx context.Context, i int) (err error) {
		was := changes[i]
		if was.Rejected != nil {
			changes[i], err = s.unread(ctx, was)
		} else {
			changes[i], err = s.whole(ctx, was)
		}
		if passes && ownFault(err) && s.lists(ctx) {
			err = nil
		}
		return err
	})
	return changes, err
}

// whole returns a product with its variations. With an error it is the product as
// rejected, without any.
func (s *shop) whole(ctx context.Context, c catalog.Change) (catalog.Change, error) {
	p := *c.Product
	n := len(p.Variations)
	p.Variations = nil
	without := func(reason string) catalog.Change {
		c := rejected(p.ID, reason, c.Read)
		c.Rejected.Known = &p
		return c
	}
	if n > s.shops.cfg.MaxVariations {
		return without(fmt.Sprintf("has %d variations, at most %d are read: make it several products", n, s.shops.cfg.MaxVariations)), nil
	}
	vs, reason, err := s.variations(ctx, p.ID, variationFields)
	switch {
	case err != nil:
		return without(err.Error()), err
	case reason != "":
		return without(reason), nil
	}
	p.Variations = vs
	c.Product = &p
	return c, nil
}

// product reads one item, without its variations.
func (s *shop) product(it item, asked time.Time) catalog.Change {
	id := ""
	if it.id > 0 {
		id = strconv.FormatInt(it.id, 10)
	}
	switch {
	case it.fault != "":
		return rejected(id, it.fault, asked)
	case !it.whole:
		return rejected(id, fmt.Sprintf("is larger than %d KiB: take images out of its text", s.shops.cfg.MaxProduct>>10), asked)
	}
	p, err := ParseProduct(it.body, s.rest())
	if err == nil {
		return catalog.Change{Product: &p, Read: asked}
	}
	c := rejected(id, s.clean(err.Error()), asked)
	if p.ID != "" {
		c.Rejected.Known = &p
	}
	if _, ok := errors.AsType[*VariationError](err); ok {
		c.Rejected.Kind = 0 // its parent says what there is to know
	}
	return c
}

// rejected says that a product cannot be read; id is "" if nobody knows which.
func rejected(id, reason string, asked time.Time) catalog.Change {
	where, kind := "a product without an id", catalog.Kind(0)
	if id != "" {
		where, kind = "product "+id, catalog.KindProduct
	}
	return catalog.Change{Rejected: &catalog.Rejected{Where: where, ID: id, Kind: kind, Reason: fmt.Sprintf("%.500s", reason)}, Read: asked}
}

// variations reads all variations of a product. reason is why one of them cannot
// be read, "" if all can: a product without one of its choices would be another
// product.
func (s *shop) variations(ctx context.Context, id, fields string) (vs []catalog.Variation, reason string, err error) {
	l := listing{client: s.client, size: s.shops.cfg.Page, query: url.Values{"_fields": {fields}}, get: func(ctx context.Context, q url.Values) (*answer, error) {
		return s.ask(ctx, http.MethodGet, "/products/"+id+"/variations", q, nil)
	}}
	for {
		items, done, err := l.next(ctx)
		if of, ok := errors.AsType[*ports.ShopError](err); ok && of.Status == http.StatusNotFound && of.Code != "rest_no_route" && of.Code != "" {
			return nil, "was deleted while it was read", nil
		}
		if err != nil {
			return nil, "", err
		}
		for _, it := range items {
			l.took(it)
			switch {
			case it.fault != "":
				return nil, fmt.Sprintf("variation %d: %s", it.id, it.fault), nil
			case !it.whole:
				return nil, fmt.Sprintf("variation %d is larger than is read", it.id), nil
			}
			w, err := decodeAny(it.body)
			if err != nil {
				return nil, s.clean(fmt.Sprintf("variation %d: %v", it.id, err)), nil
			}
			v, err := w.variation(s.rest())
			if err != nil {
				return nil, s.clean(err.Error()), nil
			}
			vs = append(vs, v)
		}
		switch {
		case done:
			return vs, "", nil
		case len(vs) > s.shops.cfg.MaxVariations:
			return nil, fmt.Sprintf("has more than %d variations: make it several products", s.shops.cfg.MaxVariations), nil
		}
	}
}

// each calls work for some indexes, Config.Concurrency at a time, until one
// fails.
func (s *shop) each(ctx context.Context, indexes []int, work func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	slots := make(chan struct{}, s.shops.cfg.Concurrency)
	for _, i := range indexes {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		group.Go(func() {
			defer func() { <-slots }()
			if err := work(ctx, i); err != nil {
				cancel(err)
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}
