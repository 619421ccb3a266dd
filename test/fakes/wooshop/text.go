package wooshop

import (
	"fmt"
	"html"
	"strings"
	"unicode"
)

// kses returns what WordPress stores of a text that comes by REST: the tags of
// scripts and styles are gone, what stood between them stays as text.
func kses(s string) string {
	for _, tag := range []string{"script", "style"} {
		for {
			from := strings.Index(strings.ToLower(s), "<"+tag)
			if from < 0 {
				break
			}
			end := strings.IndexByte(s[from:], '>')
			if end < 0 {
				s = s[:from]
				break
			}
			s = s[:from] + s[from+end+1:]
		}
		s = strings.ReplaceAll(s, "</"+tag+">", "")
	}
	return s
}

// shortcodes takes out the shortcodes that WordPress itself knows; those of a
// builder that is not loaded stay.
func shortcodes(s string) string {
	for _, name := range []string{"gallery", "caption", "products", "audio", "video"} {
		for {
			from := strings.Index(s, "["+name)
			if from < 0 {
				break
			}
			end := strings.IndexByte(s[from:], ']')
			if end < 0 {
				break
			}
			s = s[:from] + s[from+end+1:]
		}
	}
	return s
}

// blocks are the elements that stand for themselves; all else is put into
// paragraphs.
const blocks = " address blockquote div dl dd dt figure form h1 h2 h3 h4 h5 h6 hr li ol p pre section table tbody td tfoot th thead tr ul "

// autop returns a stored text as it is shown: what stands outside of blocks is
// put into paragraphs, which empty lines divide.
func autop(s string) string {
	if strings.TrimSpace(s) == "" {
		return ""
	}
	var out strings.Builder
	depth := 0 // of open blocks
	loose := func(text string) {
		for part := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
			if part = strings.TrimSpace(part); part != "" {
				out.WriteString("<p>" + strings.ReplaceAll(part, "\n", "<br />\n") + "</p>\n")
			}
		}
	}
	for s != "" {
		from, to, closing := nextBlockTag(s)
		if from < 0 {
			if depth == 0 {
				loose(s)
			} else {
				out.WriteString(s)
			}
			break
		}
		if depth == 0 {
			loose(s[:from])
		} else {
			out.WriteString(strings.Trim(s[:from], "\n"))
		}
		tag := s[from:to]
		out.WriteString(tag)
		switch {
		case closing:
			depth = max(depth-1, 0)
			out.WriteByte('\n')
		case !strings.HasPrefix(tag, "<hr") && !strings.HasSuffix(tag, "/>"):
			depth++
			if tag == "<ul>" || tag == "<ol>" || strings.HasPrefix(tag, "<table") {
				out.WriteByte('\n')
			}
		}
		s = s[to:]
	}
	return out.String()
}

func nextBlockTag(s string) (from, to int, closing bool) {
	for at := 0; ; {
		i := strings.IndexByte(s[at:], '<')
		if i < 0 {
			return -1, -1, false
		}
		at += i
		name := strings.TrimPrefix(s[at+1:], "/")
		end := strings.IndexFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		stop := strings.IndexByte(s[at:], '>')
		if end > 0 && stop > 0 && strings.Contains(blocks, " "+strings.ToLower(name[:end])+" ") {
			return at, at + stop + 1, s[at+1] == '/'
		}
		at++
	}
}

// slug returns a title as it stands in an address: letters without their
// accents, and what is no Latin letter percent-encoded.
func slug(title string) string {
	plain := map[rune]string{
		'ä': "a", 'ö': "o", 'ü': "u", 'ß': "s", 'å': "a", 'é': "e", 'è': "e", 'ñ': "n", 'ç': "c", 'ø': "o", 'á': "a",
	}
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(strip(title)) {
		p, accented := plain[r]
		switch {
		case accented:
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_':
			p = string(r)
		case r < 0x80 || unicode.IsSpace(r) || r == '–' || r == '—':
			gap = b.Len() > 0 && (gap || r == ' ' || r == '-' || r == '–' || r == '—' || unicode.IsSpace(r))
			continue
		case strings.ContainsRune("„“”«»‘’…", r):
			continue
		default:
			for _, c := range []byte(string(r)) {
				p += fmt.Sprintf("%%%02x", c)
			}
		}
		if gap {
			b.WriteByte('-')
			gap = false
		}
		b.WriteString(p)
	}
	return b.String()
}

// strip returns the text between tags, with entities as characters.
func strip(s string) string {
	var b strings.Builder
	for s != "" {
		before, rest, tag := strings.Cut(s, "<")
		b.WriteString(before)
		if !tag {
			break
		}
		_, s, _ = strings.Cut(rest, ">")
	}
	return strings.Join(strings.Fields(html.UnescapeString(b.String())), " ")
}

// escaped returns a term's name as WordPress stores it.
func escaped(name string) string {
	return strings.NewReplacer("&amp;", "&amp;", "&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(name)
}

// specialDecoded is what becomes of a webhook's secret before it signs.
func specialDecoded(s string) string {
	return strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#039;", "'", "&#x27;", "'", "&#038;", "&").Replace(s)
}
