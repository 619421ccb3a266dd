// Package html turns the HTML of shops into plain text. It walks the tree that
// golang.org/x/net/html parses, as browsers do, and writes Markdown for what
// carries meaning: headings, lists, tables, quotations, links and struck-out
// prices. Emphasis is dropped, for the text is searched and quoted.
package html

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/aiwoochat/woochat/ports"
)

// MaxBytes is the largest HTML that Text takes. The longest product texts seen
// in shops are some hundred kilobytes, most of it inlined styles.
const MaxBytes = 2 << 20

// Text implements ports.HTMLText. It is safe for concurrent use.
type Text struct {
	shortcode *regexp.Regexp
	rawBlock  *regexp.Regexp
	title     *regexp.Regexp
}

var _ ports.HTMLText = (*Text)(nil)

// New returns a Text.
func New() *Text {
	return &Text{shortcode: regexp.MustCompile(shortcodePattern), rawBlock: regexp.MustCompile(rawBlockPattern), title: regexp.MustCompile(titlePattern)}
}

// Text implements ports.HTMLText. Errors match ports.ErrInvalid: HTML above
// MaxBytes, HTML nested deeper than 512 elements (the parser's bound), HTML that
// would keep the parser busy for minutes or make a multiple of itself, and a
// base that is no URL.
func (t *Text) Text(source, base string) (string, error) {
	from, err := url.Parse(base)
	if err != nil {
		return "", fmt.Errorf("%w: the address that links are resolved by is not a URL", ports.ErrInvalid)
	}
	root, err := t.parse(source)
	if err != nil {
		return "", err
	}
	headQuestions(root)
	openHeadings(root)
	r := newRenderer(from)
	text := strings.Join(r.flow(root), "\n\n")
	if r.exhausted() || len(text) > maxWork {
		return "", fmt.Errorf("%w: HTML nested or spanned so often that it makes %d times its text: take lists, quotations and tables out of one another", ports.ErrInvalid, maxWork/max(1, len(source)))
	}
	return text, nil
}

// parse returns the tree of source, with shortcodes taken out.
func (t *Text) parse(source string) (*html.Node, error) {
	if len(source) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes of HTML, at most %d are read: shorten the text or move embedded images to the media library", ports.ErrInvalid, len(source), MaxBytes)
	}
	if !utf8.ValidString(source) {
		source = strings.ToValidUTF8(source, "\uFFFD")
	}
	if source = t.stripShortcodes(source); tooCostly(source) {
		return nil, fmt.Errorf("%w: HTML with so many stray tags that it is no text", ports.ErrInvalid)
	}
	root, err := html.Parse(strings.NewReader(source))
	if err != nil {
		return nil, fmt.Errorf("%w: HTML that cannot be read: %w", ports.ErrInvalid, err)
	}
	return root, nil
}
