package html

import (
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// renderer turns one parsed document into blocks of Markdown.
type renderer struct {
	base    *url.URL
	heading int                 // level of the last heading
	flat    int                 // how many elements we are in that are one line: no headings in them
	work    int                 // bytes written more than once; see maxWork
	blocky  map[*html.Node]bool // whether a node holds blocks, once asked
}

// maxWork bounds what is written again because of what it stands in: each list
// or quotation around a line writes it anew, and a cell that spans rows is in
// each of them. Two megabytes of that made a text of 400 and took minutes.
const maxWork = 4 * MaxBytes

func newRenderer(base *url.URL) *renderer {
	return &renderer{base: base, blocky: map[*html.Node]bool{}}
}

// again notes that s is written again.
func (r *renderer) again(s string) string {
	r.work += len(s)
	return s
}

// exhausted reports whether so much was written again that it is no text.
func (r *renderer) exhausted() bool { return r.work > maxWork }

// flow returns the blocks of n's children: each is a paragraph, heading, list,
// table or quotation, without empty lines around it.
func (r *renderer) flow(n *html.Node) []string {
	var blocks []string
	var line inline
	flush := func() {
		if s := line.paragraph(); s != "" {
			blocks = append(blocks, s)
		}
		line = inline{}
	}
	for c := n.FirstChild; c != nil && !r.exhausted(); c = c.NextSibling {
		if dropped(c) {
			continue
		}
		if !r.isBlock(c) {
			r.inline(c, &line)
			continue
		}
		flush()
		blocks = append(blocks, r.block(c)...)
	}
	flush()
	if r.exhausted() {
		return nil
	}
	return blocks
}

// block returns the blocks of the element n itself.
func (r *renderer) block(n *html.Node) []string {
	if r.flat > 0 && (isHeading(n) || n.DataAtom == atom.Summary) {
		return r.flow(n)
	}
	switch n.DataAtom {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return r.headed(n, int(n.Data[1]-'0'))
	case atom.Summary:
		// Questions in a page of details: each is headed by its question, so
		// that question and answer stay together.
		level := r.heading
		blocks := r.headed(n, min(level+1, 6))
		r.heading = level
		return blocks
	case atom.Ul, atom.Ol, atom.Menu:
		return r.list(n)
	case atom.Dl:
		return r.definitions(n)
	case atom.Table:
		return r.table(n)
	case atom.Blockquote:
		text := strings.Join(r.flow(n), "\n\n")
		if text == "" {
			return nil
		}
		return []string{r.again(prefixLines(text, "> ", "> "))}
	case atom.Pre:
		return preformatted(n)
	case atom.Hr:
		return nil
	default:
		return r.flow(n)
	}
}

func (r *renderer) headed(n *html.Node, level int) []string {
	text := r.oneLine(n)
	if text == "" {
		return nil
	}
	r.heading = level
	return []string{strings.Repeat("#", level) + " " + text}
}

// oneLine returns all that n holds in one line.
func (r *renderer) oneLine(n *html.Node) string {
	r.flat++
	defer func() { r.flat-- }()
	return r.again(strings.Join(strings.Fields(strings.Join(r.flow(n), " ")), " "))
}

// list returns one block: items are "- " or numbered, and what an item holds
// beside its first line is indented under it.
func (r *renderer) list(n *html.Node) []string {
	var items []string
	number := 1
	if start, err := strconv.Atoi(attr(n, "start")); err == nil && start >= 0 && start < 1_000_000 {
		number = start
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode || dropped(c) {
			continue
		}
		var blocks []string
		if c.DataAtom == atom.Li {
			blocks = r.flow(c)
		} else {
			blocks = r.block(c) // a list right inside a list, as old editors write it
		}
		if len(blocks) == 0 {
			continue
		}
		mark := "- "
		if n.DataAtom == atom.Ol {
			mark = strconv.Itoa(number) + ". "
			number++
		}
		items = append(items, r.again(prefixLines(strings.Join(blocks, "\n"), mark, strings.Repeat(" ", len(mark)))))
	}
	if len(items) == 0 {
		return nil
	}
	return []string{strings.Join(items, "\n")}
}

// definitions returns a list of "term: definition".
func (r *renderer) definitions(n *html.Node) []string {
	var items []string
	var term string
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			switch {
			case dropped(c):
			case c.DataAtom == atom.Dt:
				term = r.oneLine(c)
			case c.DataAtom == atom.Dd:
				if d := r.oneLine(c); d != "" && term != "" {
					items = append(items, "- "+term+": "+d)
				} else if d != "" {
					items = append(items, "- "+d)
				}
			case c.DataAtom == atom.Div:
				walk(c)
			}
		}
	}
	walk(n)
	if len(items) == 0 {
		return nil
	}
	return []string{strings.Join(items, "\n")}
}

// preformatted keeps lines and spaces, in a fence that the text cannot close.
func preformatted(n *html.Node) []string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			switch {
			case dropped(c):
			case c.Type == html.TextNode:
				b.WriteString(clean(c.Data))
			case c.DataAtom == atom.Br:
				b.WriteByte('\n')
			default:
				walk(c)
			}
		}
	}
	walk(n)
	text := strings.Trim(b.String(), "\n")
	if strings.TrimSpace(text) == "" {
		return nil
	}
	longest, run := 2, 0
	for _, c := range text {
		if run++; c != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", longest+1)
	return []string{fence + "\n" + text + "\n" + fence}
}

func prefixLines(text, first, rest string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		switch {
		case i == 0:
			lines[i] = first + l
		case l != "":
			lines[i] = rest + l
		default:
			lines[i] = strings.TrimRight(rest, " ")
		}
	}
	return strings.Join(lines, "\n")
}

// isBlock reports whether n stands on its own lines: a block element, or an
// inline one that holds a block.
func (r *renderer) isBlock(n *html.Node) bool {
	if n.Type != html.ElementNode {
		return n.Type == html.DocumentNode
	}
	if is, known := r.blocky[n]; known {
		return is
	}
	is := blockElement(n.DataAtom)
	for c := n.FirstChild; c != nil && !is; c = c.NextSibling {
		is = r.isBlock(c)
	}
	r.blocky[n] = is
	return is
}

func blockElement(a atom.Atom) bool {
	switch a {
	case atom.Html, atom.Body, atom.Address, atom.Article, atom.Aside, atom.Blockquote, atom.Center, atom.Dd, atom.Details,
		atom.Div, atom.Dl, atom.Dt, atom.Fieldset, atom.Figcaption, atom.Figure, atom.Form, atom.H1, atom.H2, atom.H3,
		atom.H4, atom.H5, atom.H6, atom.Header, atom.Hgroup, atom.Hr, atom.Legend, atom.Li, atom.Main, atom.Menu, atom.Ol,
		atom.P, atom.Pre, atom.Search, atom.Section, atom.Summary, atom.Table, atom.Ul:
		return true
	default:
		return false
	}
}

// dropped reports whether nothing of n is for a reader: code, controls,
// navigation, and what the page does not show.
func dropped(n *html.Node) bool {
	switch n.Type {
	case html.TextNode, html.DocumentNode:
		return false
	case html.ElementNode:
	default:
		return true
	}
	if neverRead(n) {
		return true
	}
	for _, a := range n.Attr {
		switch a.Key {
		case "hidden":
			// Found by a search in the page, which opens it: it can be read.
			if a.Val != "until-found" {
				return true
			}
		case "role":
			if a.Val == "navigation" || a.Val == "search" {
				return true
			}
		case "class":
			for class := range strings.FieldsSeq(a.Val) {
				if droppedClass(class) {
					return true
				}
			}
		case "style":
			style := strings.ToLower(strings.Join(strings.Fields(a.Val), ""))
			if strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden") {
				return true
			}
		}
	}
	return false
}

// droppedClass reports whether elements of a class are not for a reader, or not
// for one who reads later: lists of products hold prices, and products are
// documents of their own; carts and checkouts are one shopper's alone.
func droppedClass(class string) bool {
	switch class {
	case "screen-reader-text", "elementor-screen-only", "sr-only", "visually-hidden": // WooCommerce says prices twice
		return true
	case "elementor-tab-mobile-title": // the title of a tab again, for small screens
		return true
	case "products", "wc-block-grid", "wp-block-woocommerce-product-collection", "wc-block-product-template", "add_to_cart_inline":
		return true
	case "wp-block-woocommerce-cart", "wc-block-cart", "wp-block-woocommerce-checkout", "wc-block-checkout", "wp-block-woocommerce-mini-cart",
		"woocommerce-cart-form", "woocommerce-MyAccount-navigation", "woocommerce-form-login", "woocommerce-notices-wrapper":
		return true
	case "ez-toc-container", "lwptoc", "rank-math-toc-block", "wp-block-yoast-seo-table-of-contents", "wp-block-rank-math-toc-block": // of the page's own headings
		return true
	}
	return false
}

// neverRead reports whether n is an element that no reader reads.
func neverRead(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Head, atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Svg, atom.Math, atom.Iframe, atom.Object,
		atom.Embed, atom.Canvas, atom.Audio, atom.Video, atom.Map, atom.Button, atom.Select, atom.Input, atom.Textarea,
		atom.Nav, atom.Footer, atom.Dialog, atom.Img, atom.Datalist:
		return true
	default:
		return false
	}
}

// openHeadings makes buttons within headings text: accordions are opened by
// their headings. The signs beside it, which are not for reading, go.
func openHeadings(root *html.Node) {
	var walk func(n *html.Node, within bool)
	walk = func(n *html.Node, within bool) {
		within = within || isHeading(n) || n.DataAtom == atom.Summary
		for c := n.FirstChild; c != nil; {
			next := c.NextSibling
			switch {
			case !within || c.Type != html.ElementNode:
				walk(c, within)
			case attr(c, "aria-hidden") == "true" && c.DataAtom != atom.Del && c.DataAtom != atom.Ins: // prices have it, too
				n.RemoveChild(c)
			default:
				if c.DataAtom == atom.Button {
					c.DataAtom, c.Data = atom.Span, "span"
				}
				walk(c, true)
			}
			c = next
		}
	}
	walk(root, false)
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key && a.Namespace == "" {
			return a.Val
		}
	}
	return ""
}
