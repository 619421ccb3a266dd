package wooshop

// variationAsProduct is a variation as GET products/<id> answers and webhooks
// carry it: of type variation, with its parent's id, and published even if the
// parent is a draft (woocommerce/woocommerce#20109).
func (s *Shop) variationAsProduct(p *product) object {
	v, x := p.v, s.sellingOf(p)
	name, _ := s.variationName(p)
	var imgs []Image
	if v.Image != nil {
		imgs = append(imgs, *v.Image)
	}
	o := object{{"id", p.id}, {"name", name}, {"slug", slug(name)}, {"permalink", s.permalink(p)}}
	o = append(o, s.dates(p)...)
	o = append(o, object{
		{"type", "variation"},
		{"status", p.status()},
		{"featured", false},
		{"catalog_visibility", "visible"},
		{"description", autop(v.Description)},
		{"short_description", ""},
		{"sku", v.SKU},
	}...)
	o = append(o, s.prices(x)...)
	o = append(o, object{
		{"purchasable", x.purchasable},
		{"total_sales", itoa(p.sales)},
		{"virtual", false},
		{"downloadable", false},
		{"downloads", list{}},
		{"download_limit", -1},
		{"download_expiry", -1},
		{"external_url", ""},
		{"button_text", ""},
		{"tax_status", "taxable"},
		{"tax_class", ""},
	}...)
	o = append(o, x.inventory()...)
	o = append(o, object{
		{"low_stock_amount", nil},
		{"sold_individually", false},
		{"weight", v.Weight},
		{"dimensions", noDimensions()},
		{"shipping_required", true},
		{"shipping_taxable", true},
		{"shipping_class", ""},
		{"shipping_class_id", 0},
		{"reviews_allowed", false},
		{"average_rating", "0.00"},
		{"rating_count", 0},
		{"upsell_ids", list{}},
		{"cross_sell_ids", list{}},
		{"parent_id", p.parent},
		{"purchase_note", ""},
		{"categories", list{}},
		{"brands", list{}},
		{"tags", list{}},
		{"images", s.images(imgs)},
		{"attributes", options(v.Options)},
		{"default_attributes", list{}},
		{"variations", list{}},
		{"grouped_products", list{}},
		{"menu_order", 0},
		{"price_html", x.html},
		{"related_ids", list{}},
		{"meta_data", list{}},
		{"stock_status", x.status},
		{"has_options", false},
		{"post_password", ""},
		{"global_unique_id", v.GTIN},
		{"_links", append(s.links("/wc/v3/products", p.id), s.up("/wc/v3/products", p.parent))},
	}...)
	return o
}

// variationView is a variation as GET products/<id>/variations answers it.
func (s *Shop) variationView(p *product) object {
	v, x := p.v, s.sellingOf(p)
	_, name := s.variationName(p)
	var image any
	if v.Image != nil {
		image = s.images([]Image{*v.Image})[0]
	}
	collection := "/wc/v3/products/" + itoa(p.parent) + "/variations"
	o := object{{"id", p.id}, {"type", "variation"}}
	o = append(o, s.dates(p)...)
	o = append(o, object{{"description", autop(v.Description)}, {"permalink", s.permalink(p)}, {"sku", v.SKU}, {"global_unique_id", v.GTIN}}...)
	o = append(o, s.prices(x)...)
	o = append(o, object{
		{"status", p.status()},
		{"purchasable", x.purchasable},
		{"virtual", false},
		{"downloadable", false},
		{"downloads", list{}},
		{"download_limit", -1},
		{"download_expiry", -1},
		{"tax_status", "taxable"},
		{"tax_class", ""},
		{"manage_stock", x.manage},
		{"stock_quantity", x.quantity},
		{"stock_status", x.status},
		{"backorders", x.backorders},
		{"backorders_allowed", x.backorders != "no"},
		{"backordered", x.status == "onbackorder"},
		{"low_stock_amount", nil},
		{"weight", v.Weight},
		{"dimensions", noDimensions()},
		{"shipping_class", ""},
		{"shipping_class_id", 0},
		{"image", image},
		{"gallery_image_ids", list{}},
		{"attributes", options(v.Options)},
		{"menu_order", 0},
		{"meta_data", list{}},
		{"name", name},
		{"parent_id", p.parent},
		{"_links", append(s.links(collection, p.id), s.up("/wc/v3/products", p.parent))},
	}...)
	return o
}

func (s *Shop) up(collection string, id int) member {
	return member{"up", list{object{{"href", s.api(collection + "/" + itoa(id))}}}}
}

func noDimensions() object { return object{{"length", ""}, {"width", ""}, {"height", ""}} }

// options are a variation's choices; those that stand for any value are left
// out, as WooCommerce leaves them out.
func options(chosen [][2]string) list {
	out := list{}
	for _, o := range chosen {
		if o[1] != "" {
			out = append(out, object{{"id", 0}, {"name", o[0]}, {"slug", slug(o[0])}, {"option", o[1]}})
		}
	}
	return out
}
