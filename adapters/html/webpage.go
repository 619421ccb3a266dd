package html

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// WebPage reads a whole page as a browser gets it from address: its title,
// language, main content and questions, and the address that it calls its own
// ("" if none). The page's ID is left to the caller.
//
// The main content is what stands in main, else in the article, else in the
// body without what is around it: menus, sidebars, comments, banners about
// cookies. The page is a Draft, and not for shoppers, if it asks search engines
// not to index it, or shows what changes or is one shopper's alone: products,
// lists of products, cart, checkout, account. Errors as in Text.
func (t *Text) WebPage(source, address string) (page catalog.Page, faqs []catalog.FAQ, canonical string, err error) {
	base, err := url.Parse(address)
	if err != nil {
		return page, nil, "", err
	}
	root, err := t.parse(source)
	if err != nil {
		return page, nil, "", err
	}
	w := webPage{meta: map[string]string{}}
	w.head(root)
	page = catalog.Page{URL: address, Title: w.titled(), Locale: w.lang, Status: catalog.Published}
	if w.canonical != "" {
		if u, err := base.Parse(w.canonical); err == nil {
			canonical = u.String()
		}
	}
	if robots := strings.ToLower(w.meta["robots"]); strings.Contains(robots, "noindex") || strings.Contains(robots, "none") || w.ofShop() {
		page.Status = catalog.Draft
		return page, nil, canonical, nil
	}
	// Questions in JSON-LD stand in the head.
	whole := page
	whole.ID, whole.HTML = "page", source
	faqs = t.FAQs(whole)
	for i := range faqs {
		_, faqs[i].ID, _ = strings.Cut(faqs[i].ID, "#")
	}
	content := mainOf(root)
	if content == nil {
		return page, faqs, canonical, nil
	}
	takeOut(content)
	var b strings.Builder
	// What the parser made can be written; a strings.Builder takes all.
	_ = html.Render(&b, content)
	page.HTML = b.String()
	return page, faqs, canonical, nil
}

// webPage is what the head of a page says, and the classes of its body.
type webPage struct {
	title     string
	h1        string
	lang      string
	canonical string
	meta      map[string]string // by name or property
	body      string
}

func (w *webPage) head(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch c.DataAtom {
		case atom.Html:
			w.lang = catalog.LocaleOf(attr(c, "lang"))
		case atom.Body:
			w.body = " " + attr(c, "class") + " "
		case atom.Title:
			if w.title == "" && c.FirstChild != nil {
				w.title = oneLineOf(c.FirstChild.Data)
			}
		case atom.H1:
			if w.h1 == "" {
				w.h1 = newRenderer(&url.URL{}).oneLine(c)
			}
		case atom.Link:
			if w.canonical == "" && strings.EqualFold(attr(c, "rel"), "canonical") {
				w.canonical = strings.TrimSpace(attr(c, "href"))
			}
		case atom.Meta:
			name := strings.ToLower(attr(c, "name") + attr(c, "property"))
			switch name {
			case "robots", "woochat", "googlebot":
				w.meta["robots"] += "," + attr(c, "content")
			case "og:title", "og:site_name", "og:type":
				w.meta[name] = oneLineOf(attr(c, "content"))
			}
		default:
		}
		w.head(c)
	}
}

// titled returns the title without the shop's name at its end.
func (w *webPage) titled() string {
	title := w.title
	if og := w.meta["og:title"]; og != "" {
		title = og
	}
	if title == "" {
		return w.h1
	}
	if site := w.meta["og:site_name"]; site != "" {
		for _, mark := range []string{" - ", " – ", " — ", " | ", " » ", " · "} {
			if cut, ok := strings.CutSuffix(title, mark+site); ok && cut != "" {
				return cut
			}
		}
	}
	return title
}

// ofShop reports whether WooCommerce says by the classes of the body that the
// page is of the shop itself.
func (w *webPage) ofShop() bool {
	for _, class := range []string{"single-product", "post-type-archive-product", "tax-product_cat", "tax-product_tag", "tax-product_brand", "woocommerce-cart", "woocommerce-checkout", "woocommerce-account"} {
		if strings.Contains(w.body, " "+class+" ") {
			return true
		}
	}
	return w.meta["og:type"] == "product"
}

// mainOf returns the element with the main content.
func mainOf(root *html.Node) *html.Node {
	for _, is := range []func(*html.Node) bool{
		func(n *html.Node) bool { return n.DataAtom == atom.Main || attr(n, "role") == "main" },
		func(n *html.Node) bool { return hasClass(n, "entry-content") },
		func(n *html.Node) bool { return n.DataAtom == atom.Article },
		func(n *html.Node) bool { return attr(n, "id") == "content" || attr(n, "id") == "main" },
		func(n *html.Node) bool { return n.DataAtom == atom.Body },
	} {
		if n := find(root, is); n != nil && (n.DataAtom == atom.Body || hasText(n)) {
			return n
		}
	}
	return nil
}

func hasText(n *html.Node) bool {
	if n.Type == html.TextNode {
		return strings.TrimSpace(n.Data) != ""
	}
	if n.Type == html.ElementNode && neverRead(n) {
		return false
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if hasText(c) {
			return true
		}
	}
	return false
}

// around are parts of ids and classes, between hyphens or underscores, of what
// stands around the content.
const around = " sidebar widget breadcrumb breadcrumbs comments comment-respond related sharedaddy share-buttons cookie cookies cookiebot cky-consent-container cmplz-cookiebanner newsletter-popup popup site-header site-footer masthead colophon pagination post-navigation nav-links skip-link screen-reader-text author-box wp-block-template-part "

// takeOut removes from n what stands around the content.
func takeOut(n *html.Node) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		if c.Type == html.ElementNode && isAround(c) {
			n.RemoveChild(c)
		} else {
			takeOut(c)
		}
		c = next
	}
}

func isAround(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Nav, atom.Footer, atom.Aside:
		return true
	case atom.Header: // that of an article holds its title
		return n.Parent != nil && n.Parent.DataAtom == atom.Body
	default:
	}
	switch attr(n, "role") {
	case "navigation", "banner", "contentinfo", "complementary", "search", "dialog":
		return true
	}
	for name := range strings.FieldsSeq(attr(n, "id") + " " + attr(n, "class")) {
		if strings.Contains(around, " "+strings.ToLower(name)+" ") {
			return true
		}
	}
	return false
}

func oneLineOf(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }
