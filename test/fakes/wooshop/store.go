package wooshop

import (
	"math/big"
	"net/http"
	"strings"
)

// store answers /wc/store/v1/products and products/<id>, which needs no key: it
// shows what is published, hidden products too unless catalog_visibility is
// asked for.
func (s *Shop) store(q *request, parts []string) answer {
	if parts[0] != "products" || q.r.Method != http.MethodGet || len(parts) > 2 {
		return noRoute()
	}
	shown := func(p *product) bool { return p.v == nil && p.in.Status == "publish" }
	if len(parts) == 2 {
		p, ok := s.products[number0(parts[1])]
		if !ok || p.v != nil || !shown(p) {
			return fail("woocommerce_rest_product_invalid_id", "Invalid product ID.", http.StatusNotFound)
		}
		return reply(s.storeView(p)).with("Allow", "GET")
	}
	want := q.query.Get("catalog_visibility")
	found := s.filtered(q, func(p *product) bool {
		if !shown(p) {
			return false
		}
		switch v := p.in.Visibility; want {
		case "visible", "catalog", "search":
			return v == "visible" || v == want
		case "hidden":
			return v == "hidden"
		}
		return true
	})
	return s.page(q, found, s.storeView).with("Allow", "GET")
}

// minor is a price in minor units of the shop's decimals, rounded half up.
func (s *Shop) minor(price string) string {
	n := number(price)
	if n == nil {
		return "0"
	}
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(s.decimals)), nil)
	n = new(big.Rat).Mul(s.withTax(n), new(big.Rat).SetInt(scale))
	n.Add(n, big.NewRat(1, 2))
	return new(big.Int).Quo(n.Num(), n.Denom()).String()
}

func (s *Shop) storeView(p *product) object {
	in, x := p.in, s.sellingOf(p)
	var span any
	var low, high string
	children := p.variations
	if in.Type == "grouped" {
		children = in.Grouped
	}
	for _, id := range children {
		if c, ok := s.products[id]; ok && c.status() == "publish" {
			price := s.sellingOf(c).price
			if low == "" || lower(price, low) {
				low = price
			}
			if high == "" || lower(high, price) {
				high = price
			}
		}
	}
	if low != "" && low != high {
		span = object{{"min_amount", s.minor(low)}, {"max_amount", s.minor(high)}}
	}
	regular, sale := x.regular, x.sale
	if regular == "" {
		regular = x.price
	}
	if sale == "" {
		sale = x.price
	}
	variations := list{}
	for _, id := range p.variations {
		v, ok := s.products[id]
		if !ok || v.status() != "publish" {
			continue
		}
		chosen := list{}
		for _, o := range v.v.Options {
			var value any
			if o[1] != "" {
				value = o[1]
			}
			chosen = append(chosen, object{{"name", o[0]}, {"value", value}})
		}
		variations = append(variations, object{{"id", id}, {"attributes", chosen}})
	}
	description, short := autop(shortcodes(in.Description)), autop(shortcodes(in.Short))
	if in.Password != "" {
		description, short = "", ""
	}
	categories := list{}
	for _, id := range in.Categories {
		if t, ok := s.terms[id]; ok {
			categories = append(categories, object{{"id", t.id}, {"name", escaped(t.name)}, {"slug", t.slug}, {"link", s.url + "/product-category/" + t.slug + "/"}})
		}
	}
	return object{
		{"id", p.id},
		{"name", in.Name},
		{"slug", p.slug},
		{"parent", 0},
		{"type", in.Type},
		{"variation", ""},
		{"permalink", s.permalink(p)},
		{"sku", in.SKU},
		{"short_description", strings.TrimSpace(short)},
		{"description", strings.TrimSpace(description)},
		{"on_sale", x.onSale},
		{"prices", object{
			{"price", s.minor(x.price)},
			{"regular_price", s.minor(regular)},
			{"sale_price", s.minor(sale)},
			{"price_range", span},
			{"currency_code", s.o.Currency},
			{"currency_symbol", symbol(s.o.Currency)},
			{"currency_minor_unit", s.decimals},
			{"currency_decimal_separator", "."},
			{"currency_thousand_separator", ","},
			{"currency_prefix", symbol(s.o.Currency)},
			{"currency_suffix", ""},
		}},
		{"price_html", x.html},
		{"average_rating", "0"},
		{"review_count", 0},
		{"images", s.images(in.Images)},
		{"categories", categories},
		{"tags", s.termViews(in.Tags)},
		{"brands", s.termViews(in.Brands)},
		{"attributes", list{}},
		{"variations", variations},
		{"grouped_products", ints(in.Grouped)},
		{"has_options", in.Type == "variable"},
		{"is_purchasable", x.purchasable},
		{"is_in_stock", x.status != "outofstock"},
		{"is_on_backorder", x.status == "onbackorder"},
		{"low_stock_remaining", nil},
		{"is_password_protected", in.Password != ""},
		{"_links", object{{"self", list{object{{"href", s.api("/wc/store/v1/products/" + itoa(p.id))}}}}, {"collection", list{object{{"href", s.api("/wc/store/v1/products")}}}}}},
	}
}
