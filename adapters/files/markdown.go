package files

import (
	"html"
	"strconv"
	"strings"
	"unicode"
)

// markdown returns HTML of the Markdown that people write into pages: headings,
// paragraphs, lists, tables and fenced code. What stands within a line is left
// as it is written, links too, for the HTML becomes Markdown again. The title
// is that of the front matter, else the first heading.
func markdown(text string) (page, title string) {
	text, title = frontMatter(text)
	var b strings.Builder
	var paragraph []string
	list, inTable, fence := "", false, ""
	closeBlocks := func() {
		if len(paragraph) > 0 {
			b.WriteString("<p>" + strings.Join(paragraph, "\n") + "</p>\n")
			paragraph = nil
		}
		if list != "" {
			b.WriteString("</" + list + ">\n")
			list = ""
		}
		if inTable {
			b.WriteString("</table>\n")
			inTable = false
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case fence != "":
			if strings.HasPrefix(trimmed, fence) {
				b.WriteString("</pre>\n")
				fence = ""
			} else {
				b.WriteString(html.EscapeString(line) + "\n")
			}
			continue
		case strings.HasPrefix(trimmed, "```"), strings.HasPrefix(trimmed, "~~~"):
			closeBlocks()
			fence = trimmed[:3]
			b.WriteString("<pre>")
			continue
		case trimmed == "":
			closeBlocks()
			continue
		}
		if level, words := heading(trimmed); level > 0 {
			closeBlocks()
			if title == "" {
				title = words
			}
			tag := "h" + strconv.Itoa(level)
			b.WriteString("<" + tag + ">" + html.EscapeString(words) + "</" + tag + ">\n")
			continue
		}
		if strings.HasPrefix(trimmed, "|") {
			if !inTable {
				closeBlocks()
				b.WriteString("<table>\n")
			}
			b.WriteString(tableRow(trimmed, !inTable))
			inTable = true
			continue
		}
		if kind, item := listItem(trimmed); kind != "" {
			if list != kind {
				closeBlocks()
				b.WriteString("<" + kind + ">\n")
				list = kind
			}
			b.WriteString("<li>" + html.EscapeString(item) + "</li>\n")
			continue
		}
		if list != "" || inTable {
			closeBlocks()
		}
		paragraph = append(paragraph, html.EscapeString(strings.ReplaceAll(trimmed, "**", "")))
	}
	if fence != "" {
		b.WriteString("</pre>\n")
	}
	closeBlocks()
	return b.String(), title
}

func frontMatter(text string) (rest, title string) {
	head, ok := strings.CutPrefix(text, "---\n")
	if !ok {
		return text, ""
	}
	head, rest, ok = strings.Cut(head, "\n---\n")
	if !ok {
		return text, ""
	}
	for line := range strings.SplitSeq(head, "\n") {
		if v, ok := strings.CutPrefix(line, "title:"); ok {
			title = strings.Trim(strings.TrimSpace(v), `"'`)
		}
	}
	return rest, title
}

func heading(line string) (level int, words string) {
	level = len(line) - len(strings.TrimLeft(line, "#"))
	if level == 0 || level > 6 || len(line) > level && line[level] != ' ' {
		return 0, ""
	}
	return level, strings.TrimSpace(strings.TrimRight(line[level:], "# "))
}

func listItem(line string) (kind, item string) {
	for _, mark := range []string{"- ", "* ", "+ "} {
		if rest, ok := strings.CutPrefix(line, mark); ok {
			return "ul", strings.ReplaceAll(strings.TrimSpace(rest), "**", "")
		}
	}
	number, rest, ok := strings.Cut(line, ". ")
	if ok && number != "" && len(number) <= 4 && strings.TrimFunc(number, unicode.IsDigit) == "" {
		return "ol", strings.ReplaceAll(strings.TrimSpace(rest), "**", "")
	}
	return "", ""
}

// tableRow returns one row; the line of dashes under a header is none.
func tableRow(line string, header bool) string {
	line = strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|")
	if strings.Trim(line, "-:| ") == "" {
		return ""
	}
	tag := "td"
	if header {
		tag = "th"
	}
	const pipe = "\x00"
	var b strings.Builder
	b.WriteString("<tr>")
	for cell := range strings.SplitSeq(strings.ReplaceAll(line, `\|`, pipe), "|") {
		b.WriteString("<" + tag + ">" + html.EscapeString(strings.TrimSpace(strings.ReplaceAll(cell, pipe, "|"))) + "</" + tag + ">")
	}
	return b.String() + "</tr>\n"
}
