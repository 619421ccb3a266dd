package woocommerce

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
)

const pageFields = "id,status,link,modified_gmt,title,content,lang"

// wirePage is what is read of a page or post.
type wirePage struct {
	ID       text `json:"id"`
	Status   text `json:"status"`
	Link     text `json:"link"`
	Modified text `json:"modified_gmt"`
	Lang     any  `json:"lang"` // in shops with Polylang Pro
	Title    struct {
		Rendered text `json:"rendered"`
	} `json:"title"`
	Content struct {
		Rendered  text `json:"rendered"`
		Protected bool `json:"protected"`
	} `json:"content"`
}

// pages reads items of wp/v2, each with the questions that it answers after it.
func (c *client) pages(items []item, asked time.Time) []catalog.Change {
	var out []catalog.Change
	for _, it := range items {
		p, reason := c.page(it)
		if reason != "" {
			id := ""
			if it.id > 0 {
				id = strconv.FormatInt(it.id, 10)
			}
			out = append(out, catalog.Change{Rejected: &catalog.Rejected{Where: "page " + id, ID: id, Reason: reason}, Read: asked})
			continue
		}
		out = append(out, catalog.Change{Page: &p, Read: asked})
		if c.shops.cfg.FAQs == nil || !p.Shown() {
			continue
		}
		for _, f := range c.shops.cfg.FAQs(p) {
			out = append(out, catalog.Change{FAQ: &f, Read: asked})
		}
	}
	return out
}

func (c *client) page(it item) (p catalog.Page, reason string) {
	if it.fault != "" {
		return p, it.fault
	}
	if !it.whole {
		return p, fmt.Sprintf("is larger than %d KiB: take images out of its text", c.shops.cfg.MaxProduct>>10)
	}
	var w wirePage
	if err := unmarshal(it.body, &w); err != nil {
		return p, c.clean(fmt.Sprintf("cannot be read: %.300v", err))
	}
	if w.ID == "" {
		return p, "has no id"
	}
	p = catalog.Page{
		ID: string(w.ID), Title: plain(string(w.Title.Rendered)), URL: webURL(string(w.Link)), Locale: localeOf(w.Lang), Protected: w.Content.Protected, Updated: gmt(w.Modified),
	}
	var err error
	if p.Status, err = published(string(w.Status)); err != nil {
		p.Status = catalog.Draft
	}
	if machinery(string(w.Content.Rendered)) {
		p.Status = catalog.Private // it is shown, but it says nothing
	}
	if p.Shown() {
		p.HTML = string(w.Content.Rendered)
	}
	return p, ""
}

// machinery reports whether a page is one of WooCommerce's own, whose text is
// what an empty cart or a log-in form says.
func machinery(html string) bool {
	for _, mark := range []string{
		"wp-block-woocommerce-cart", "wp-block-woocommerce-checkout", "wp-block-woocommerce-customer-account", "woocommerce-cart-form", "woocommerce-form-login", "woocommerce-checkout",
		"wc-empty-cart-message", "[woocommerce_", "woocommerce-MyAccount", `<div class="woocommerce"></div>`,
	} {
		if strings.Contains(html, mark) {
			return true
		}
	}
	return false
}
