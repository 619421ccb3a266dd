package html

import (
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// inline gathers the text of one paragraph: white space is one space, and only
// br ends a line.
type inline struct {
	b     strings.Builder
	space bool // white space is due before the next word
}

func (l *inline) text(s string) {
	for _, c := range s {
		if unicode.IsSpace(c) {
			l.space = true
			continue
		}
		if l.space && l.b.Len() > 0 && !l.atLineStart() {
			l.b.WriteByte(' ')
		}
		l.space = false
		l.b.WriteRune(c)
	}
}

func (l *inline) atLineStart() bool {
	s := l.b.String()
	return s == "" || s[len(s)-1] == '\n'
}

func (l *inline) newline() {
	if l.b.Len() > 0 {
		l.b.WriteByte('\n')
	}
	l.space = false
}

// paragraph returns what was gathered. Lines that would read as a heading or a
// fence are escaped: text is not structure.
func (l *inline) paragraph() string {
	lines := strings.Split(strings.TrimSpace(l.b.String()), "\n")
	for i, line := range lines {
		hashes := len(line) - len(strings.TrimLeft(line, "#"))
		if hashes > 0 && hashes <= 6 && (len(line) == hashes || line[hashes] == ' ') || strings.HasPrefix(line, "```") {
			lines[i] = `\` + line
		}
	}
	return strings.Join(lines, "\n")
}

// inline adds n, which holds no blocks, to l.
func (r *renderer) inline(n *html.Node, l *inline) {
	if dropped(n) || r.exhausted() {
		return
	}
	if n.Type == html.TextNode {
		l.text(clean(n.Data))
		return
	}
	switch n.DataAtom {
	case atom.Br:
		l.newline()
	case atom.Wbr:
	case atom.A:
		r.link(n, l)
	case atom.Del, atom.S, atom.Strike:
		if text := r.inner(n); text != "" {
			l.text("~~" + text + "~~")
		}
	case atom.Sup:
		l.text(superscript(r.inner(n)))
	default:
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			r.inline(c, l)
		}
	}
}

// inner returns the text of n's children as one line.
func (r *renderer) inner(n *html.Node) string {
	var l inline
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		r.inline(c, &l)
	}
	if r.exhausted() {
		return ""
	}
	return r.again(strings.Join(strings.Fields(l.b.String()), " "))
}

// maxAddress bounds the address of a link: a longer one carries data.
const maxAddress = 2000

// link adds a link with its absolute address. Addresses within the page, and
// those that a shopper could not open, are left out; the text stays.
func (r *renderer) link(n *html.Node, l *inline) {
	if n.FirstChild != nil && n.FirstChild.Type == html.TextNode && strings.TrimLeftFunc(n.FirstChild.Data, unicode.IsSpace) != n.FirstChild.Data {
		l.space = true
	}
	text := r.inner(n)
	href := strings.TrimSpace(attr(n, "href"))
	u, err := url.Parse(href)
	if text == "" || href == "" || err != nil || len(href) > maxAddress || strings.HasPrefix(href, "#") {
		l.text(text)
		return
	}
	switch u = r.base.ResolveReference(u); u.Scheme {
	case "http", "https":
		if u.Host == "" || u.User != nil {
			l.text(text)
			return
		}
		address := r.again(u.String())
		if strings.ContainsAny(address, "() \n") {
			address = strings.NewReplacer("(", "%28", ")", "%29", " ", "%20", "\n", "").Replace(address)
		}
		if text == href || text == address {
			l.text(address)
			return
		}
		l.text("[" + strings.ReplaceAll(strings.ReplaceAll(text, "[", "("), "]", ")") + "](" + address + ")")
	case "mailto", "tel":
		to, _, _ := strings.Cut(u.Opaque, "?")
		if to, err := url.PathUnescape(to); err == nil && to != "" && !strings.Contains(digitsAndLetters(text), digitsAndLetters(to)) {
			text += " (" + clean(to) + ")"
		}
		l.text(text)
	default:
		l.text(text)
	}
}

func digitsAndLetters(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return unicode.ToLower(c)
		}
		return -1
	}, s)
}

// superscript keeps m² from becoming m2.
func superscript(s string) string {
	for _, c := range s {
		if c < '0' || c > '9' {
			return s
		}
	}
	return strings.NewReplacer("0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹").Replace(s)
}

// clean takes out characters that no reader sees but a search or a model does:
// control characters, soft hyphens, zero-width spaces, marks that turn the
// direction of writing, tags, and the icons of fonts. Joiners stay, for scripts and emoji need them.
func clean(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t':
			return c
		case c == '\r', unicode.Is(unicode.Cc, c), c == '\u00AD', c == '\u200B', c == '\u200E', c == '\u200F', c == '\u2060', c == '\uFEFF', unicode.Is(unicode.Co, c), // icons of a font
			c >= '\u202A' && c <= '\u202E', c >= '\u2066' && c <= '\u2069', c >= 0xE0000 && c <= 0xE007F:
			return -1
		}
		return c
	}, s)
}
