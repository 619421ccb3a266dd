package main

import (
	"html"
	"regexp"
	"strings"
)

// htmlOf turns Markdown into the HTML that the import reads, and returns the
// text of its first heading of the first level. It knows what shops' pages are
// written in: headings, paragraphs, lists, tables, quotes, code, links and
// emphasis. What it does not know stays as text: nothing is lost.
func htmlOf(markdown string) (out, title string) {
	w := &markdownWriter{lines: strings.Split(strings.ReplaceAll(markdown, "\r\n", "\n"), "\n")}
	w.frontMatter()
	for w.at < len(w.lines) {
		w.block()
	}
	return w.out.String(), w.title
}

type markdownWriter struct {
	lines []string
	at    int
	out   strings.Builder
	title string
}

var (
	atxHeading  = regexp.MustCompile(`^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$`)
	listItem    = regexp.MustCompile(`^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$`)
	tableBorder = regexp.MustCompile(`^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$`)
	ruler       = regexp.MustCompile(`^ {0,3}([-*_]\s*){3,}$`)

	codeSpan = regexp.MustCompile("`([^`]+)`")
	image    = regexp.MustCompile(`!\[([^\]]*)\]\([^)]*\)`)
	link     = regexp.MustCompile(`\[([^\]]+)\]\(([^)\s]+)[^)]*\)`)
	strong   = regexp.MustCompile(`(\*\*|__)(\S(?:.*?\S)?)(\*\*|__)`)
	emphasis = regexp.MustCompile(`\*(\S(?:[^*]*\S)?)\*`)
)

// frontMatter skips the settings that site generators put before a page.
func (w *markdownWriter) frontMatter() {
	if len(w.lines) == 0 || strings.TrimSpace(w.lines[0]) != "---" {
		return
	}
	for i, line := range w.lines[1:] {
		if strings.TrimSpace(line) == "---" {
			w.at = i + 2
			return
		}
	}
}

func (w *markdownWriter) block() {
	line := w.lines[w.at]
	trimmed := strings.TrimSpace(line)
	switch {
	case trimmed == "", ruler.MatchString(line):
		w.at++
	case strings.HasPrefix(trimmed, "```"), strings.HasPrefix(trimmed, "~~~"):
		w.code(trimmed[:3])
	case atxHeading.MatchString(line):
		m := atxHeading.FindStringSubmatch(line)
		w.heading(len(m[1]), m[2])
		w.at++
	case strings.HasPrefix(trimmed, ">"):
		var quote []string
		for ; w.at < len(w.lines) && strings.HasPrefix(strings.TrimSpace(w.lines[w.at]), ">"); w.at++ {
			quote = append(quote, strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(w.lines[w.at]), ">")))
		}
		w.out.WriteString("<blockquote><p>" + inline(strings.Join(quote, " ")) + "</p></blockquote>\n")
	case listItem.MatchString(line):
		w.list()
	case strings.Contains(line, "|") && w.at+1 < len(w.lines) && strings.Contains(w.lines[w.at+1], "-") && tableBorder.MatchString(w.lines[w.at+1]):
		w.table()
	default:
		w.paragraph()
	}
}

func (w *markdownWriter) heading(level int, text string) {
	if level == 1 && w.title == "" {
		w.title = html.UnescapeString(anyTag.ReplaceAllString(inline(text), ""))
	}
	tag := "h" + string(rune('0'+level))
	w.out.WriteString("<" + tag + ">" + inline(text) + "</" + tag + ">\n")
}

func (w *markdownWriter) code(fence string) {
	w.out.WriteString("<pre><code>")
	for w.at++; w.at < len(w.lines) && !strings.HasPrefix(strings.TrimSpace(w.lines[w.at]), fence); w.at++ {
		w.out.WriteString(html.EscapeString(w.lines[w.at]) + "\n")
	}
	w.at++
	w.out.WriteString("</code></pre>\n")
}

// list writes one list; an indented item begins a list in the item before it.
func (w *markdownWriter) list() {
	var open []struct {
		indent int
		tag    string
	}
	pop := func() {
		w.out.WriteString("</li></" + open[len(open)-1].tag + ">")
		open = open[:len(open)-1]
	}
	for w.at < len(w.lines) {
		m := listItem.FindStringSubmatch(w.lines[w.at])
		if m == nil {
			break
		}
		indent, tag := len(strings.ReplaceAll(m[1], "\t", "    ")), "ul"
		if m[2][0] >= '0' && m[2][0] <= '9' {
			tag = "ol"
		}
		for len(open) > 1 && indent < open[len(open)-1].indent {
			pop()
		}
		if len(open) == 0 || indent > open[len(open)-1].indent+1 {
			w.out.WriteString("<" + tag + ">")
			open = append(open, struct {
				indent int
				tag    string
			}{indent, tag})
		} else {
			w.out.WriteString("</li>")
		}
		text := []string{m[3]}
		for w.at++; w.at < len(w.lines) && strings.TrimSpace(w.lines[w.at]) != "" && !listItem.MatchString(w.lines[w.at]) &&
			strings.HasPrefix(w.lines[w.at], " "); w.at++ {
			text = append(text, strings.TrimSpace(w.lines[w.at]))
		}
		w.out.WriteString("<li>" + inline(strings.Join(text, " ")))
		// A blank line between two items does not end the list.
		if w.at+1 < len(w.lines) && strings.TrimSpace(w.lines[w.at]) == "" && listItem.MatchString(w.lines[w.at+1]) {
			w.at++
		}
	}
	for len(open) > 0 {
		pop()
	}
	w.out.WriteString("\n")
}

func (w *markdownWriter) table() {
	row := func(line, cell string) {
		line = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(line), "|"), "|")
		w.out.WriteString("<tr>")
		for text := range strings.SplitSeq(line, "|") {
			w.out.WriteString("<" + cell + ">" + inline(strings.TrimSpace(text)) + "</" + cell + ">")
		}
		w.out.WriteString("</tr>\n")
	}
	w.out.WriteString("<table><thead>")
	row(w.lines[w.at], "th")
	w.out.WriteString("</thead><tbody>")
	for w.at += 2; w.at < len(w.lines) && strings.Contains(w.lines[w.at], "|"); w.at++ {
		row(w.lines[w.at], "td")
	}
	w.out.WriteString("</tbody></table>\n")
}

func (w *markdownWriter) paragraph() {
	var text []string
	for w.at < len(w.lines) {
		line := w.lines[w.at]
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || len(text) > 0 && (atxHeading.MatchString(line) || listItem.MatchString(line) || strings.HasPrefix(trimmed, "```")) {
			break
		}
		// A heading may be underlined.
		if len(text) == 1 && len(trimmed) > 1 && (strings.Trim(trimmed, "=") == "" || strings.Trim(trimmed, "-") == "") {
			level := 2
			if trimmed[0] == '=' {
				level = 1
			}
			w.heading(level, text[0])
			w.at++
			return
		}
		text = append(text, trimmed)
		w.at++
	}
	w.out.WriteString("<p>" + inline(strings.Join(text, " ")) + "</p>\n")
}

// inline writes what stands within a line.
func inline(text string) string {
	var codes []string
	text = codeSpan.ReplaceAllStringFunc(text, func(m string) string {
		codes = append(codes, "<code>"+html.EscapeString(strings.Trim(m, "`"))+"</code>")
		return "\x00"
	})
	text = html.EscapeString(text)
	text = image.ReplaceAllString(text, "$1")
	text = link.ReplaceAllString(text, `<a href="$2">$1</a>`)
	text = strong.ReplaceAllString(text, "<strong>$2</strong>")
	text = emphasis.ReplaceAllString(text, "<em>$1</em>")
	for _, code := range codes {
		text = strings.Replace(text, "\x00", code, 1)
	}
	return text
}
