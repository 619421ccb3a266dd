package chat

import (
	"regexp"
	"strings"
	"unicode"
)

var (
	link = regexp.MustCompile(`(?i)(?:https?:)?//[^\s<>()\[\]"']+|(?:^|[^\p{L}\p{N}/.@])www\.[^\s<>()\[\]"']+`)
	// target is where a link of Markdown leads.
	target = regexp.MustCompile(`\]\(\s*<?([^\s<>()]*)`)
	// domain is a host without a scheme, as mail and browsers make links of it.
	domain = regexp.MustCompile(`(?:^|[^\p{L}\p{N}@./:_-])((?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+(?:com|net|org|info|biz|shop|store|online|site|website|io|co|app|dev|me|xyz|top|club|eu|de|at|ch|fr|it|es|nl|be|uk|ie|se|no|dk|fi|pl|cz|pt|gr|ru|us|ca|au|nz|in|cn|jp|br|ly|cc|tv)(?:[/:?#][^\s<>()\[\]"']*)?)(?:[^\p{L}\p{N}]|$)`)
	mail   = regexp.MustCompile(`[^\s<>()\[\]"',;:]+@[^\s<>()\[\]"',;:]+\.\p{L}{2,}`)
)

// linksIn returns the addresses in a visible text.
func linksIn(text string) []string {
	var out []string
	for _, u := range link.FindAllString(text, -1) {
		out = append(out, strings.TrimLeftFunc(u, func(r rune) bool { return r != '/' && !unicode.IsLetter(r) }))
	}
	for _, m := range domain.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

// canonical returns an address without what makes no difference to a reader: its
// scheme, www, the case, and what closes a sentence.
func canonical(u string) string {
	u = strings.ToLower(strings.TrimSpace(u))
	for _, prefix := range []string{"https:", "http:", "//", "www."} {
		u = strings.TrimPrefix(u, prefix)
	}
	return strings.TrimRight(u, "/.,;:!?*_~`")
}

// linksHold reports whether each address in a visible text is one of the
// evidence's, whole: the beginning of an address is another address.
func (g *Gate) linksHold(text string) bool {
	for _, u := range linksIn(text) {
		if !g.links[canonical(u)] {
			return false
		}
	}
	for _, m := range target.FindAllStringSubmatch(text, -1) {
		if to := m[1]; strings.ContainsAny(to, "/:.#@") && !g.links[canonical(to)] && !g.mailKnown(strings.TrimPrefix(to, "mailto:")) {
			return false
		}
	}
	for _, m := range mail.FindAllString(text, -1) {
		if !g.mailKnown(m) {
			return false
		}
	}
	return true
}

func (g *Gate) mailKnown(address string) bool {
	address = strings.TrimRight(strings.TrimPrefix(strings.ToLower(address), "mailto:"), ".,;:!?*_~`")
	if !strings.Contains(address, "@") {
		return false
	}
	for _, f := range g.facts {
		if len(spans(f.visible, address)) > 0 {
			return true
		}
	}
	return false
}

var (
	// code is a word with a digit and a letter and a hyphen or underscore, as
	// SKUs are; sizes and units such as 500ml have no hyphen.
	code = regexp.MustCompile(`\b[A-Z0-9]+(?:[-_][A-Z0-9]+)+\b`)
	// number of an article, after the word for it.
	article = regexp.MustCompile(`(?i)(?:^|[^\p{L}])(?:skus?|(?:article|item|product|model|part) (?:no|number|code)|art(?:ikel)?\.?-?(?: ?nr|nummer)|bestellnummer|référence)\.?(?: is| are| ist| est)?[ :#*]*([A-Za-z0-9][A-Za-z0-9._/-]*)`)
	// coupon is what a discount is asked for with.
	coupon = regexp.MustCompile(`(?i)(?:^|[^\p{L}])(?:\p{L}*codes?|coupon|voucher)(?: is| ist|:)?[ *"'“”„«]+([A-Za-z0-9][A-Za-z0-9_-]{2,})`)
)

// codesHold checks SKUs and codes. Those that look like a SKU may come from the
// question: "I could not find ..." repeats it.
func (g *Gate) codesHold(c claim, seen string) bool {
	for _, s := range code.FindAllString(seen, -1) {
		if mixed(s) && !g.codeKnown(s) && len(codeSpans(g.question, s)) == 0 {
			return false
		}
	}
	for _, m := range article.FindAllStringSubmatch(seen, -1) {
		if s := strings.TrimRight(m[1], "._/-"); strings.ContainsFunc(s, unicode.IsDigit) && !g.codeKnown(s) && len(codeSpans(g.question, s)) == 0 {
			return false
		}
	}
	for _, m := range coupon.FindAllStringSubmatch(c.text, -1) {
		if s := m[1]; (strings.ContainsFunc(s, unicode.IsDigit) || s == strings.ToUpper(s)) && !g.codeKnown(s) {
			return false
		}
	}
	return true
}

func mixed(s string) bool {
	return strings.ContainsFunc(s, unicode.IsDigit) && strings.ContainsFunc(s, unicode.IsLetter)
}

func (g *Gate) codeKnown(s string) bool {
	for _, f := range g.facts {
		if len(codeSpans(f.visible, s)) > 0 {
			return true
		}
	}
	return false
}

// codeSpans returns where code stands in a lower-case text, and not as a part of
// a longer one.
func codeSpans(text, code string) [][2]int {
	var out [][2]int
	for _, at := range spans(text, strings.ToLower(code)) {
		longer := strings.HasSuffix(text[:at[0]], "-") || strings.HasSuffix(text[:at[0]], "_")
		if rest := text[at[1]:]; len(rest) > 1 && (rest[0] == '-' || rest[0] == '_') && !outside(rest[1:], false) {
			longer = true
		}
		if !longer {
			out = append(out, at)
		}
	}
	return out
}
