package html

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxCopied bounds what the parser may copy to join text, in bytes.
const maxCopied = 1 << 30

// tooCostly reports whether the parser would need minutes for source. It joins
// text around tags that it ignores, such as </b> without <b>, and copies the
// text so far each time: two megabytes of that took 38 s. Tags that make an
// element end the text, so they are told apart here, on the safe side.
func tooCostly(source string) bool {
	z := html.NewTokenizer(strings.NewReader(source))
	var run, copied, tables int
	for {
		switch z.Next() {
		case html.ErrorToken:
			return false // of a string, that is its end
		case html.TextToken:
			copied += run
			run += len(z.Raw())
		case html.CommentToken:
			run = 0
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			switch atom.Lookup(name) {
			case atom.Table:
				tables++
				run = 0
			case atom.Td, atom.Th, atom.Caption:
				if tables > 0 {
					run = 0
				}
			case atom.Tr, atom.Tbody, atom.Thead, atom.Tfoot, atom.Col, atom.Colgroup, atom.Html, atom.Head, atom.Body, atom.Frame, atom.Frameset:
			default:
				run = 0
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); atom.Lookup(name) == atom.Table && tables > 0 {
				tables--
			}
		default: // the doctype
		}
		if copied > maxCopied {
			return true
		}
	}
}
