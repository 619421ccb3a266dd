package files

import (
	"strings"

	"golang.org/x/net/html"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// localeOf returns what a page says of its language: lang of its element html, ""
// for none.
func localeOf(page string) string {
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			if t := z.Token(); t.Data == "html" {
				for _, a := range t.Attr {
					if a.Key == "lang" {
						return catalog.LocaleOf(a.Val)
					}
				}
			}
			return "" // it comes first, or not at all
		case html.TextToken, html.EndTagToken, html.CommentToken, html.DoctypeToken:
		}
	}
}
