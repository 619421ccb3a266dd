package wooshop

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// selling is what of a product or variation a view shows as its price and
// stock, at the shop's time.
type selling struct {
	price, regular, sale string
	from, to             time.Time
	onSale, purchasable  bool
	html                 string
	manage               any // true, false or "parent"
	quantity             any // int or nil
	status, backorders   string
}

// sellingOf computes what WooCommerce computes when it builds a view.
func (s *Shop) sellingOf(p *product) selling {
	now := s.clock()
	if p.v != nil {
		v := p.v
		x := selling{regular: v.Regular, sale: v.Sale, from: v.SaleFrom, to: v.SaleTo, manage: v.ManageStock, backorders: v.Backorders}
		x.own(now)
		x.html = s.priceHTML(v.Regular, v.Sale, x.onSale)
		x.stock(v.ManageStock, v.Stock, v.StockStatus)
		if parent := s.products[p.parent]; parent != nil && parent.in.ManageStock && !v.ManageStock {
			x.backorders = parent.in.Backorders
			x.stock(true, parent.in.Stock, v.StockStatus)
			x.manage = "parent"
		}
		return x
	}
	in := p.in
	x := selling{regular: in.Regular, sale: in.Sale, from: in.SaleFrom, to: in.SaleTo, manage: in.ManageStock, backorders: in.Backorders}
	x.own(now)
	x.html = s.priceHTML(in.Regular, in.Sale, x.onSale)
	x.stock(in.ManageStock, in.Stock, in.StockStatus)
	switch in.Type {
	case "external":
		x.purchasable = false
	case "variable":
		s.ofChildren(&x, p.variations)
		x.purchasable = x.price != ""
		if !in.ManageStock {
			x.status = s.bestStock(p.variations)
		}
	case "grouped":
		s.ofChildren(&x, in.Grouped)
		x.purchasable = false
	}
	return x
}

func (x *selling) own(now time.Time) {
	x.onSale = saleRuns(x.regular, x.sale, x.from, x.to, now)
	x.price = priceNow(x.regular, x.sale, x.from, x.to, now)
	x.purchasable = x.price != ""
}

func (x *selling) stock(managed bool, quantity int, status string) {
	x.quantity, x.status = nil, status
	if !managed {
		return
	}
	x.quantity, x.status = quantity, "instock"
	if quantity <= 0 {
		x.status = "outofstock"
		if x.backorders != "no" {
			x.status = "onbackorder"
		}
	}
}

// ofChildren gives x the prices of what it is made of.
func (s *Shop) ofChildren(x *selling, ids []int) {
	var prices []string
	x.onSale = false
	for _, id := range ids {
		c, ok := s.products[id]
		if !ok || c.status() != "publish" {
			continue
		}
		child := s.sellingOf(c)
		x.onSale = x.onSale || child.onSale
		if number(child.price) != nil {
			prices = append(prices, child.price)
		}
	}
	x.price, x.html = "", ""
	if len(prices) > 0 {
		slices.SortFunc(prices, func(a, b string) int { return number(a).Cmp(number(b)) })
		x.price, x.html = prices[0], s.rangeHTML(prices[0], prices[len(prices)-1])
	}
}

func (s *Shop) bestStock(ids []int) string {
	best := "outofstock"
	for _, id := range ids {
		c, ok := s.products[id]
		if !ok || c.status() != "publish" {
			continue
		}
		switch st := s.sellingOf(c).status; st {
		case "instock":
			return st
		case "onbackorder":
			best = st
		}
	}
	return best
}

// permalink is where a shopper finds p; of what has no page yet, its number.
func (s *Shop) permalink(p *product) string {
	if p.v != nil {
		parent := s.products[p.parent]
		if parent == nil {
			return s.url + "/?post_type=product_variation&p=" + itoa(p.id)
		}
		link, sep := s.permalink(parent), "?"
		if strings.Contains(link, "?") {
			sep = "&"
		}
		for _, o := range p.v.Options {
			if o[1] != "" {
				link += sep + "attribute_" + slug(o[0]) + "=" + url.QueryEscape(o[1])
				sep = "&"
			}
		}
		return link
	}
	switch {
	case s.o.PlainPermalinks:
		return s.url + "/?product=" + p.slug
	case p.in.Status == "publish" || p.in.Status == "private" || p.in.Status == "trash":
		return s.url + "/product/" + p.slug + "/"
	}
	return s.url + "/?post_type=product&p=" + itoa(p.id)
}

// variationName is a variation's title: the parent's and what was chosen.
func (s *Shop) variationName(p *product) (long, short string) {
	var chosen []string
	for _, o := range p.v.Options {
		if o[1] != "" {
			chosen = append(chosen, o[1])
		}
	}
	short = strings.Join(chosen, ", ")
	if parent := s.products[p.parent]; parent != nil {
		long = parent.in.Name
	}
	if short != "" {
		long += " - " + short
	}
	return long, short
}

// view is a product as GET products/<id> answers and webhooks carry it.
func (s *Shop) view(p *product) object {
	if p.v != nil {
		return s.variationAsProduct(p)
	}
	in, x := p.in, s.sellingOf(p)
	variations := list{}
	if in.Type == "variable" {
		for _, id := range p.variations {
			variations = append(variations, id) // those that are switched off, too
		}
	}
	downloads := list{}
	for _, d := range in.Downloads {
		downloads = append(downloads, object{{"id", hexID(d.File)}, {"name", d.Name}, {"file", d.File}})
	}
	o := object{
		{"id", p.id}, {"name", in.Name}, {"slug", p.slug}, {"permalink", s.permalink(p)},
	}
	o = append(o, s.dates(p)...)
	o = append(o, object{
		{"type", in.Type},
		{"status", in.Status},
		{"featured", false},
		{"catalog_visibility", in.Visibility},
		{"description", autop(shortcodes(in.Description))},
		{"short_description", autop(shortcodes(in.Short))},
		{"sku", in.SKU},
	}...)
	o = append(o, s.prices(x)...)
	o = append(o, object{
		{"purchasable", x.purchasable},
		{"total_sales", p.sales},
		{"virtual", false},
		{"downloadable", len(in.Downloads) > 0},
		{"downloads", downloads},
		{"download_limit", -1},
		{"download_expiry", -1},
		{"external_url", in.ExternalURL},
		{"button_text", in.ButtonText},
		{"tax_status", "taxable"},
		{"tax_class", ""},
	}...)
	o = append(o, x.inventory()...)
	o = append(o, object{
		{"low_stock_amount", nil},
		{"sold_individually", false},
		{"weight", in.Weight},
		{"dimensions", object{{"length", in.Length}, {"width", in.Width}, {"height", in.Height}}},
		{"shipping_required", true},
		{"shipping_taxable", true},
		{"shipping_class", ""},
		{"shipping_class_id", 0},
		{"reviews_allowed", true},
		{"average_rating", fmt.Sprintf("%d.%02d", p.stars/100, p.stars%100)},
		{"rating_count", p.ratings},
		{"upsell_ids", list{}},
		{"cross_sell_ids", list{}},
		{"parent_id", 0},
		{"purchase_note", in.PurchaseNote},
		{"categories", s.termViews(in.Categories)},
		{"brands", s.termViews(in.Brands)},
		{"tags", s.termViews(in.Tags)},
		{"images", s.images(in.Images)},
		{"attributes", attributes(in.Attributes)},
		{"default_attributes", list{}},
		{"variations", variations},
		{"grouped_products", ints(in.Grouped)},
		{"menu_order", in.MenuOrder},
		{"price_html", x.html},
		{"related_ids", s.related(p)},
		{"meta_data", meta(in.Meta)},
		{"stock_status", x.status},
		{"has_options", in.Type == "variable"},
		{"post_password", in.Password},
		{"global_unique_id", in.GTIN},
		{"_links", s.links("/wc/v3/products", p.id)},
	}...)
	return o
}

func (s *Shop) dates(p *product) object {
	return object{
		{"date_created", s.local(p.created)}, {"date_created_gmt", gmt(p.created)}, {"date_modified", s.local(p.modified)}, {"date_modified_gmt", gmt(p.modified)},
	}
}

func (s *Shop) prices(x selling) object {
	return object{
		{"price", x.price},
		{"regular_price", x.regular},
		{"sale_price", x.sale},
		{"date_on_sale_from", s.local(x.from)},
		{"date_on_sale_from_gmt", gmt(x.from)},
		{"date_on_sale_to", s.local(x.to)},
		{"date_on_sale_to_gmt", gmt(x.to)},
		{"on_sale", x.onSale},
	}
}

func (x selling) inventory() object {
	return object{
		{"manage_stock", x.manage},
		{"stock_quantity", x.quantity},
		{"backorders", x.backorders},
		{"backorders_allowed", x.backorders != "no"},
		{"backordered", x.status == "onbackorder"},
	}
}

func (s *Shop) termViews(ids []int) list {
	out := list{}
	for _, id := range ids {
		if t, ok := s.terms[id]; ok {
			out = append(out, object{{"id", t.id}, {"name", escaped(t.name)}, {"slug", t.slug}})
		}
	}
	return out
}

func (s *Shop) images(imgs []Image) list {
	out := list{}
	for _, img := range imgs {
		src := s.url + "/wp-content/uploads/" + img.File
		small := strings.TrimSuffix(src, ".png")
		out = append(out, object{
			{"id", img.id},
			{"date_created", s.local(img.made)},
			{"date_created_gmt", gmt(img.made)},
			{"date_modified", s.local(img.made)},
			{"date_modified_gmt", gmt(img.made)},
			{"src", src},
			{"name", img.Name},
			{"alt", img.Alt},
			{"srcset", src + " " + itoa(img.Width) + "w, " + small + "-300x225.png 300w, " + small + "-416x312.png 416w"},
			{"sizes", "(max-width: " + itoa(img.Width) + "px) 100vw, " + itoa(img.Width) + "px"},
			{"thumbnail", small + "-324x324.png"},
		})
	}
	return out
}

func attributes(as []Attribute) list {
	out := list{}
	for _, a := range as {
		id, name := 0, a.Name
		if a.Global {
			id, name = 1, "pa_"+slug(a.Name)
		}
		out = append(out, object{
			{"id", id}, {"name", a.Name}, {"slug", name}, {"position", 0}, {"visible", !a.Hidden}, {"variation", a.Variation}, {"options", strs(a.Options)},
		})
	}
	return out
}

func meta(ms []Meta) list {
	out := list{}
	for _, m := range ms {
		out = append(out, object{{"id", m.id}, {"key", m.Key}, {"value", raw(m.Value)}})
	}
	return out
}

// related are other products of the same category, in no particular order: it
// changes from view to view of one and the same product.
func (s *Shop) related(p *product) list {
	var ids []int
	for _, id := range s.sorted() {
		other := s.products[id]
		if id == p.id || other.v != nil || other.in.Status != "publish" {
			continue
		}
		if slices.ContainsFunc(other.in.Categories, func(c int) bool { return slices.Contains(p.in.Categories, c) }) {
			ids = append(ids, id)
		}
		if len(ids) == 10 {
			break
		}
	}
	s.rand.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	return ints(ids[:min(len(ids), 5)])
}

// links are an item's, with the shop's own address and what may be done to it.
func (s *Shop) links(collection string, id int) object {
	all := s.api(collection)
	return object{
		{"self", list{object{{"href", s.api(collection + "/" + itoa(id))}, {"targetHints", object{{"allow", list{"GET", "POST", "PUT", "PATCH", "DELETE"}}}}}}},
		{"collection", list{object{{"href", all}}}},
	}
}

// api is the address of a route.
func (s *Shop) api(route string) string {
	if s.o.PlainPermalinks {
		return s.url + "/index.php?rest_route=" + strings.ReplaceAll(url.QueryEscape(route), "%2F", "/")
	}
	return s.url + "/wp-json" + route
}
