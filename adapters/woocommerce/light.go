package woocommerce

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/aiwoochat/woochat/domain/catalog"
)

const lightFields = stateFields + ",name,permalink,sku,global_unique_id,regular_price,sale_price,date_on_sale_from_gmt,date_on_sale_to_gmt," +
	"stock_status,stock_quantity,manage_stock,backorders,brands,categories,tags,attributes,variations,date_created_gmt,average_rating,rating_count,weight"

const stateFields = "id,parent_id,type,status,catalog_visibility,post_password,date_modified_gmt"

const lightVariationFields = "id,parent_id,type,status,sku,global_unique_id,regular_price,sale_price,date_on_sale_from_gmt,date_on_sale_to_gmt,stock_status,stock_quantity,manage_stock,backorders,attributes"

// Light implements ports.Shop.
func (s *shop) Light(ctx context.Context, since catalog.Cursor, offers bool, visit func(catalog.Product) error) (catalog.Cursor, bool, error) {
	at, err := parsePlace(since)
	if err != nil {
		return since, false, err
	}
	fields := lightFields
	if !offers {
		fields = stateFields
	}
	l := listing{
		client: s.client, size: s.shops.cfg.Page, offset: at.offset, last: at.last, query: url.Values{"_fields": {fields}},
		get: func(ctx context.Context, q url.Values) (*answer, error) {
			return s.ask(ctx, http.MethodGet, "/products", q, nil)
		},
	}
	items, done, err := l.next(ctx)
	if err != nil {
		return since, false, err
	}
	products := make([]catalog.Product, len(items))
	var further []int // what has to be asked for once more
	for i, it := range items {
		products[i] = s.light(it)
		if p := &products[i]; offers && p.ID != "" && (p.Type == 0 || p.Shown() && len(p.Variations) > 0) {
			further = append(further, i)
		}
	}
	err = s.each(ctx, further, func(ctx context.Context, i int) (err error) {
		p := &products[i]
		n := len(p.Variations)
		p.Variations = nil // all of them or none: without one of its prices a product would have another price
		switch {
		case p.Type == 0:
			var known *catalog.Product
			known, _, err = s.known(ctx, p.ID)
			if known != nil {
				*p = *known
			}
		case n <= s.shops.cfg.MaxVariations:
			p.Variations, _, err = s.variations(ctx, p.ID, lightVariationFields)
		}
		if ownFault(err) && s.lists(ctx) {
			*p, err = catalog.Product{ID: p.ID}, nil
		}
		return err
	})
	if err != nil {
		return since, false, err
	}
	for i, it := range items {
		l.took(it)
		if products[i].ID == "" {
			continue
		}
		if err := visit(products[i]); err != nil {
			return since, false, err
		}
	}
	return place{offset: l.offset, last: l.last}.cursor(), done, nil
}

// light reads one item: what cannot be read is its ID only.
func (s *shop) light(it item) catalog.Product {
	id := ""
	if it.id > 0 {
		id = strconv.FormatInt(it.id, 10)
	}
	if !it.whole {
		return catalog.Product{ID: id}
	}
	p, err := ParseProduct(it.body, s.rest())
	if err != nil && p.ID == "" {
		return catalog.Product{ID: id}
	}
	return p
}
