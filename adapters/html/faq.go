package html

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// Bounds of what is taken for a question. A longer one is a paragraph, and a
// page with more of them is a list of something else.
const (
	maxQuestion  = 300 // bytes
	maxQuestions = 500 // of one page
)

// FAQs returns the questions that a page answers, in their order: details with
// a summary, the question blocks of Yoast, Rank Math and the common page
// builders, microdata, and schema.org FAQPages in JSON-LD. A question that is
// there twice is taken once, as the page shows it rather than as it tells search
// engines. Of questions within a question the inner ones are taken. A page that
// is not shown, or whose HTML Text would refuse, has none.
//
// An ID is the page's ID, "#" and a hash of the question, so that all questions
// of one page can be found by their beginning. URL is the page's, with the
// block's own anchor if it has one.
func (t *Text) FAQs(page catalog.Page) []catalog.FAQ {
	if !page.Shown() {
		return nil
	}
	root, err := t.parse(page.HTML)
	if err != nil {
		return nil
	}
	base, err := url.Parse(page.URL)
	if err != nil {
		return nil
	}
	headQuestions(root)
	openHeadings(root)
	r := newRenderer(base)
	list := faqList{page: page, seen: map[string]bool{}}
	for _, it := range questionsOf(root) {
		list.add(r.oneLine(it.header), it.answer(), it.anchor())
	}
	for _, q := range linkedQuestions(root) {
		question, err := t.Text(q.question, page.URL) // a name may be HTML
		if err != nil {
			continue
		}
		list.add(question, q.answer, "")
	}
	return list.faqs
}

// faqList gathers questions, each once.
type faqList struct {
	page catalog.Page
	seen map[string]bool
	faqs []catalog.FAQ
}

func (l *faqList) add(question, answer, anchor string) {
	question = strings.Join(strings.Fields(question), " ")
	key := strings.ToLower(strings.TrimRight(question, " ?!.:"))
	if key == "" || len(question) > maxQuestion || strings.TrimSpace(answer) == "" || l.seen[key] || len(l.faqs) == maxQuestions {
		return
	}
	l.seen[key] = true
	sum := sha256.Sum256([]byte(key))
	faq := catalog.FAQ{
		ID: l.page.ID + "#" + hex.EncodeToString(sum[:8]), Question: question, Answer: strings.TrimSpace(answer),
		URL: l.page.URL, Locale: l.page.Locale, Updated: l.page.Updated,
	}
	if anchor != "" && faq.URL != "" {
		before, _, _ := strings.Cut(faq.URL, "#")
		faq.URL = before + "#" + url.PathEscape(anchor)
	}
	l.faqs = append(l.faqs, faq)
}

// question is an element that holds a question and its answer.
type question struct {
	item   *html.Node
	header *html.Node // the question; what follows it in item is the answer
}

// questionBlock names the classes of one kind of question block: of the element
// that holds a question with its answer, and of the question in it.
type questionBlock struct{ item, header string }

// questionBlocks are the blocks that shops use. Where a builder writes details,
// or microdata, nothing needs to be here.
func questionBlocks() []questionBlock {
	return []questionBlock{
		{"schema-faq-section", "schema-faq-question"},             // Yoast SEO
		{"rank-math-list-item", "rank-math-question"},             // Rank Math
		{"wp-block-accordion-item", "wp-block-accordion-heading"}, // WordPress since 6.9
		{"elementor-accordion-item", "elementor-tab-title"},
		{"elementor-toggle-item", "elementor-tab-title"},
		{"et_pb_toggle", "et_pb_toggle_title"},   // Divi
		{"vc_tta-panel", "vc_tta-panel-heading"}, // WPBakery
		{"vc_toggle", "vc_toggle_title"},         // WPBakery
		{"kt-accordion-pane", "kt-accordion-header-wrap"},
		{"uagb-faq-item", "uagb-faq-questions-button"}, // Spectra
		{"fusion-panel", "panel-heading"},              // Avada
		{"sp-ea-single", "ea-header"},                  // Easy Accordion
		{"ewd-ufaq-faq-div", "ewd-ufaq-faq-title"},     // Ultimate FAQ
		{"accordion-item", "accordion-header"},         // Bootstrap
		{"accordion-item", "accordion-title"},          // Flatsome
	}
}

// questionsOf returns the questions of a parsed page with something below them,
// in their order; of those within one another the innermost.
func questionsOf(root *html.Node) []question {
	w := questionWalk{blocks: map[string][]string{}}
	for _, b := range questionBlocks() {
		w.blocks[b.item] = append(w.blocks[b.item], b.header)
	}
	w.walk(root)
	return w.out
}

type questionWalk struct {
	blocks map[string][]string // the classes of questions, by those of items
	open   []*openItem         // the items that we are in
	out    []question
}

// openItem is an item whose question may be still to come.
type openItem struct {
	node   *html.Node
	wants  []string // classes of the question; "" stands for a property called name
	header *html.Node
}

// walk reports whether n holds a question. Each element is looked at once.
func (w *questionWalk) walk(n *html.Node) bool {
	if n.Type == html.ElementNode {
		if neverRead(n) && n.DataAtom != atom.Button {
			return false
		}
		w.header(n)
	}
	item := w.item(n)
	if item != nil {
		w.open = append(w.open, item)
	}
	holds := false
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if w.walk(c) {
			holds = true
		}
	}
	if item == nil {
		return holds
	}
	w.open = w.open[:len(w.open)-1]
	if holds || item.header == nil {
		return holds
	}
	w.out = append(w.out, question{n, item.header})
	return true
}

// item returns n as an item, nil if it is none.
func (w *questionWalk) item(n *html.Node) *openItem {
	it := openItem{node: n}
	if n.Type != html.ElementNode {
		return nil
	}
	if n.DataAtom == atom.Details {
		for c := n.FirstChild; c != nil && it.header == nil; c = c.NextSibling {
			if c.DataAtom == atom.Summary {
				it.header = c
			}
		}
		return &it
	}
	if strings.HasSuffix(attr(n, "itemtype"), "://schema.org/Question") {
		it.wants = append(it.wants, "")
	}
	for class := range strings.FieldsSeq(attr(n, "class")) {
		it.wants = append(it.wants, w.blocks[class]...)
	}
	if len(it.wants) == 0 {
		return nil
	}
	return &it
}

// header makes n the question of the item around it, or of the next one, if it
// is the first that they want.
func (w *questionWalk) header(n *html.Node) {
	for i := len(w.open) - 1; i >= max(0, len(w.open)-2); i-- {
		it := w.open[i]
		if it.header != nil {
			continue
		}
		for _, class := range it.wants[:min(len(it.wants), 8)] {
			if class == "" && attr(n, "itemprop") == "name" || class != "" && hasClass(n, class) {
				it.header = n
				return
			}
		}
	}
}

// find returns the first element below n for which is holds.
func find(n *html.Node, is func(*html.Node) bool) *html.Node {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode {
			continue
		}
		if is(c) {
			return c
		}
		if found := find(c, is); found != nil {
			return found
		}
	}
	return nil
}

func hasClass(n *html.Node, class string) bool {
	for c := range strings.FieldsSeq(attr(n, "class")) {
		if c == class {
			return true
		}
	}
	return false
}

// answer returns as HTML what follows the question in its item. The answer of a
// closed question is hidden until somebody opens it, and is read all the same.
func (q question) answer() string {
	var b strings.Builder
	// What the parser made can be written; a strings.Builder takes all.
	q.opened(func(n *html.Node) { _ = html.Render(&b, n) })
	return b.String()
}

// opened calls visit with each element of the answer, which hides nothing then.
func (q question) opened(visit func(*html.Node)) {
	for n := q.header; n != q.item; n = n.Parent {
		for c := n.NextSibling; c != nil; c = c.NextSibling {
			open(c)
			visit(c)
		}
	}
}

// open takes from n, and from what stands alone in it, what hides it.
func open(n *html.Node) {
	for n != nil && n.Type == html.ElementNode {
		kept := n.Attr[:0]
		for _, a := range n.Attr {
			if a.Key != "hidden" && a.Key != "style" {
				kept = append(kept, a)
			}
		}
		n.Attr = kept
		if n.FirstChild == nil || n.FirstChild != n.LastChild {
			return
		}
		n = n.FirstChild
	}
}

// anchor returns the id by which the question can be linked to, "" if it has
// none.
func (q question) anchor() string {
	for _, n := range []*html.Node{q.item, q.header} {
		if id := attr(n, "id"); id != "" && len(id) <= 100 && utf8.ValidString(id) && !strings.ContainsAny(id, " \t\n\r") {
			return id
		}
	}
	return ""
}

// headQuestions makes the question of each block a heading above its answer, as
// details do, so that a chunk has both; and opens the answer.
func headQuestions(root *html.Node) {
	for _, q := range questionsOf(root) {
		q.opened(func(*html.Node) {})
		headed := find(q.header, isHeading) != nil
		for n := q.header; n != q.item && !headed; n = n.Parent {
			headed = isHeading(n) || n.DataAtom == atom.Summary
		}
		if !headed {
			q.header.DataAtom, q.header.Data = atom.Summary, "summary"
		}
	}
}

func isHeading(n *html.Node) bool {
	switch n.DataAtom {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return true
	default:
		return false
	}
}
