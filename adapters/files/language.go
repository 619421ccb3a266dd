package files

import (
	"regexp"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// localeOf returns what a page says of its language: lang of the element html,
// which comes first but for a doctype and comments; "" for none.
func localeOf(page string) string {
	for {
		page = strings.TrimSpace(page)
		end := ">"
		switch {
		case strings.HasPrefix(page, "<!--"):
			end = "-->"
		case !strings.HasPrefix(page, "<!") && !strings.HasPrefix(page, "<?"):
			return langOf(page)
		}
		_, rest, closed := strings.Cut(page, end)
		if !closed {
			return ""
		}
		page = rest
	}
}

// mostTag is how long the tag may be.
const mostTag = 4096

func langOf(page string) string {
	page = page[:min(len(page), mostTag)]
	if len(page) < len("<html") || !strings.EqualFold(page[:len("<html")], "<html") {
		return ""
	}
	attribute := regexp.MustCompile(`^\s+([^\s=>"']+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?`)
	for rest := page[len("<html"):]; ; {
		m := attribute.FindStringSubmatch(rest)
		if m == nil {
			return ""
		}
		if strings.EqualFold(m[1], "lang") {
			return catalog.LocaleOf(strings.Trim(m[2], `"'`))
		}
		rest = rest[len(m[0]):]
	}
}
