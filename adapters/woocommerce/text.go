package woocommerce

import (
	"strings"
	"unicode"

	"golang.org/x/net/html"
)

// plain returns the text of a name as WooCommerce stores it, with tags and
// entities: "Couchtisch <em>massiv</em>", "Möbel &amp; Décor".
func plain(s string) string {
	if strings.ContainsAny(s, "<&") {
		var b strings.Builder
		z := html.NewTokenizer(strings.NewReader(s))
		for {
			switch z.Next() {
			case html.ErrorToken:
				return oneLine(b.String())
			case html.TextToken:
				b.Write(z.Text())
			default: // tags and comments
			}
		}
	}
	return oneLine(s)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// paragraphs makes HTML of a description as the editor stored it: WordPress
// turns empty lines into paragraphs and line ends into breaks only when it
// shows a text. Blocks that begin with a block element are left alone.
func paragraphs(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	if !strings.Contains(s, "\n") || strings.Contains(s, "<pre") || strings.Contains(s, "<!-- wp:") {
		return s
	}
	var b strings.Builder
	for block := range strings.SplitSeq(s, "\n\n") {
		block = strings.TrimSpace(block)
		switch {
		case block == "":
		case startsBlock(block):
			b.WriteString(block + "\n")
		default:
			b.WriteString("<p>" + strings.ReplaceAll(block, "\n", "<br>\n") + "</p>\n")
		}
	}
	return b.String()
}

const blockTags = " address article aside blockquote center dd details div dl dt figure form h1 h2 h3 h4 h5 h6 hr iframe li main ol p script section style summary table tbody td tfoot th thead tr ul video "

func startsBlock(s string) bool {
	rest, ok := strings.CutPrefix(s, "<")
	if !ok {
		return false
	}
	name := strings.TrimPrefix(rest, "/")
	if i := strings.IndexFunc(name, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }); i >= 0 {
		name = name[:i]
	}
	return strings.HasPrefix(rest, "!--") || name != "" && strings.Contains(blockTags, " "+strings.ToLower(name)+" ")
}
