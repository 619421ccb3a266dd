package wooshop

// settings answers settings/<group> and settings/<group>/<id>.
func (s *Shop) settings(parts []string) answer {
	taxes, display := s.taxSettings()
	groups := map[string]list{
		"general": {
			s.setting("general", "woocommerce_default_country", "Country / State", "select", "US:CA", "DE"),
			s.setting("general", "woocommerce_calc_taxes", "Enable taxes", "checkbox", "no", taxes),
			s.setting("general", "woocommerce_currency", "Currency", "select", "USD", s.o.Currency),
			s.setting("general", "woocommerce_currency_pos", "Currency position", "select", "left", "left"),
			s.setting("general", "woocommerce_price_thousand_sep", "Thousand separator", "text", ",", ","),
			s.setting("general", "woocommerce_price_decimal_sep", "Decimal separator", "text", ".", "."),
			s.setting("general", "woocommerce_price_num_decimals", "Number of decimals", "number", "2", itoa(s.decimals)),
		},
		"tax": {
			s.setting("tax", "woocommerce_prices_include_tax", "Prices entered with tax", "radio", "no", "no"),
			s.setting("tax", "woocommerce_tax_display_shop", "Display prices in the shop", "select", "excl", display),
		},
		"products": {
			s.setting("products", "woocommerce_weight_unit", "Weight unit", "select", "kg", s.o.WeightUnit),
			s.setting("products", "woocommerce_dimension_unit", "Dimensions unit", "select", "cm", s.o.DimensionUnit),
			s.setting("products", "woocommerce_manage_stock", "Enable stock management", "checkbox", "yes", "yes"),
		},
	}
	group, ok := groups[parts[0]]
	if !ok {
		return fail("rest_setting_setting_group_invalid", "Invalid setting group.", 404)
	}
	if len(parts) == 1 {
		return reply(group)
	}
	for _, one := range group {
		if o, ok := one.(object); ok && o.get("id") == parts[1] {
			return reply(o)
		}
	}
	return fail("rest_setting_setting_invalid", "Invalid setting.", 404)
}

func (s *Shop) setting(group, id, label, typ, def, value string) object {
	return object{
		{"id", id},
		{"label", label},
		{"description", "What this sets is " + label + "."},
		{"type", typ},
		{"default", def},
		{"value", value},
		{"_links", object{
			{"self", list{object{{"href", s.api("/wc/v3/settings/" + group + "/" + id)}, {"targetHints", object{{"allow", list{"GET", "POST", "PUT", "PATCH"}}}}}}},
			{"collection", list{object{{"href", s.api("/wc/v3/settings/" + group)}}}},
		}},
	}
}

func (s *Shop) systemStatus(q *request) answer {
	return reply(object{
		{"environment", object{{"home_url", s.url}, {"site_url", s.url}, {"version", s.o.Version}, {"wp_version", s.o.WordPress}, {"language", "en_US"}}},
		{"settings", object{
			{"api_enabled", false},
			{"force_ssl", false},
			{"currency", s.o.Currency},
			{"currency_symbol", symbol(s.o.Currency)},
			{"currency_position", "left"},
			{"thousand_separator", ","},
			{"decimal_separator", "."},
			{"number_of_decimals", s.decimals},
		}},
	}.only(q.query.Get("_fields"))).with("Allow", "GET")
}
