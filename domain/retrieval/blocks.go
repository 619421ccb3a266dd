package retrieval

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// block is a paragraph, a list, a table or fenced code, with the headings that
// stand right above it.
type block struct {
	lines    []string
	table    bool
	code     bool
	headings string // heading lines right above it, joined by line ends
	path     string // of all headings above it
}

// maxPath bounds a Heading, in bytes: of a longer path the last heading is
// kept, and a paragraph that was made a heading is none.
const maxPath = 300

// blocks cuts Markdown into blocks. It is not a parser: what it does not know
// is a paragraph.
func blocks(body string) []block {
	var out []block
	var cur block
	var above []string // heading lines not yet given to a block
	var path [7]string // headings above, by level
	var inFence string // the marks that close the code we are in
	paths := func() string {
		var parts []string
		for _, h := range path {
			if h != "" {
				parts = append(parts, h)
			}
		}
		joined := strings.Join(parts, " > ")
		switch {
		case len(joined) <= maxPath:
			return joined
		case len(parts[len(parts)-1]) <= maxPath:
			return parts[len(parts)-1]
		}
		return ""
	}
	end := func() {
		if len(cur.lines) > 0 {
			cur.headings, cur.path = strings.Join(above, "\n"), paths()
			out = append(out, cur)
			above = nil
		}
		cur = block{}
	}
	for line := range strings.Lines(strings.ReplaceAll(body, "\r\n", "\n")) {
		line = strings.TrimRightFunc(line, unicode.IsSpace)
		trimmed := strings.TrimSpace(line)
		if inFence != "" {
			cur.lines = append(cur.lines, line)
			if strings.HasPrefix(trimmed, inFence) && strings.Trim(trimmed, inFence[:1]) == "" {
				inFence = ""
				end()
			}
			continue
		}
		level, heading := headingOf(trimmed)
		switch {
		case trimmed == "":
			end()
		case level > 0:
			end()
			// Headings that follow one another with no text between are kept
			// as lines, so that none is lost; the path has only those above.
			path[level] = heading
			clear(path[level+1:])
			above = append(above, trimmed)
		case fence(trimmed) != "":
			end()
			inFence = fence(trimmed)
			cur = block{code: true, lines: []string{line}}
		case strings.HasPrefix(trimmed, "|"):
			if !cur.table {
				end()
				cur.table = true
			}
			cur.lines = append(cur.lines, trimmed)
		default:
			if cur.table {
				end()
			}
			cur.lines = append(cur.lines, line)
		}
	}
	end()
	if len(above) > 0 { // headings with nothing below them
		out = append(out, block{lines: above, path: paths()})
	}
	return out
}

// headingOf returns the level and text of an ATX heading, 0 if it is none.
func headingOf(line string) (int, string) {
	text := strings.TrimLeft(line, "#")
	level := len(line) - len(text)
	if level == 0 || level > 6 || text != "" && text[0] != ' ' && text[0] != '\t' {
		return 0, ""
	}
	text = strings.TrimSpace(strings.TrimRight(strings.TrimSpace(text), "#"))
	if text == "" {
		return 0, ""
	}
	return level, text
}

// fence returns the marks that begin fenced code, "" if line does not.
func fence(line string) string {
	for _, mark := range []string{"`", "~"} {
		if rest := strings.TrimLeft(line, mark); len(line)-len(rest) >= 3 {
			if mark == "`" && strings.Contains(rest, "`") {
				return ""
			}
			return line[:len(line)-len(rest)]
		}
	}
	return ""
}

// parts returns b's text in parts that fit, with the headings above it at the
// head of the first.
func (b block) parts(fits func(text, header string) bool) []part {
	whole := strings.Join(b.lines, "\n")
	if b.headings != "" {
		if fits(b.headings+"\n\n"+whole, "") {
			return []part{{sep: "\n\n", text: b.headings + "\n\n" + whole, heading: b.path, section: true}}
		}
	} else if fits(whole, "") {
		return []part{{sep: "\n\n", text: whole, heading: b.path}}
	}

	var out []part
	if header := b.header(); header != "" {
		out = b.rows(header, fits)
	} else {
		for i, item := range b.items() {
			q := part{sep: "\n", text: item, heading: b.path}
			if i == 0 {
				q.sep = "\n\n"
			}
			out = append(out, cut(q, fits)...)
		}
	}
	if b.headings == "" || len(out) == 0 {
		return out
	}
	if joined := b.headings + "\n\n" + out[0].text; fits(joined, "") {
		out[0].text, out[0].section = joined, true
		return out
	}
	head := cut(part{sep: "\n\n", text: b.headings, heading: b.path, section: true}, fits)
	return append(head, out...)
}

// rows cuts a table with the given header into its rows.
func (b block) rows(header string, fits func(text, header string) bool) []part {
	rows := b.lines[2:]
	first := part{sep: "\n\n", text: header + "\n" + rows[0], heading: b.path, header: header, headed: true}
	var out []part
	if fits(first.text, "") {
		out, rows = append(out, first), rows[1:]
	} else {
		first.text = header
		out = cut(first, fits)
		if len(out) > 1 {
			header = "" // too long to be repeated
		}
	}
	for _, row := range rows {
		out = append(out, cut(part{sep: "\n", text: row, heading: b.path, header: header}, fits)...)
	}
	return out
}

// header returns the header row of a table with the line below it, "" if it
// has none.
func (b block) header() string {
	if b.table && len(b.lines) > 2 && strings.Contains(b.lines[1], "-") && strings.Trim(b.lines[1], "|-: ") == "" {
		return b.lines[0] + "\n" + b.lines[1]
	}
	return ""
}

// items cuts b at its lines if it is a list, code or a table without a header;
// the lines of a paragraph stay together, as those do that belong to an item.
func (b block) items() []string {
	if b.code || b.table {
		return b.lines
	}
	var out []string
	for _, line := range b.lines {
		if len(out) > 0 && !isItem(line) {
			out[len(out)-1] += "\n" + line
			continue
		}
		out = append(out, line)
	}
	return out
}

func isItem(line string) bool {
	line = strings.TrimLeft(line, " \t")
	if line == "" {
		return false
	}
	if strings.ContainsRune("-*+•", rune(line[0])) || strings.HasPrefix(line, "•") {
		return len(line) > 1 && line[1] == ' ' || strings.HasPrefix(line, "• ")
	}
	rest := strings.TrimLeft(line, "0123456789")
	return rest != line && (strings.HasPrefix(rest, ". ") || strings.HasPrefix(rest, ") "))
}

// cut returns q in parts that fit, cut after sentences, else between words,
// else between characters.
func cut(q part, fits func(text, header string) bool) []part {
	if strings.TrimSpace(q.text) == "" {
		return nil
	}
	if fits(q.text, q.needs()) {
		return []part{q}
	}
	// A row that is too long with its header stands alone.
	q.header, q.headed = "", false
	if fits(q.text, "") {
		return []part{q}
	}
	if sentences := splitSentences(q.text); len(sentences) > 1 {
		var out []part
		for i, s := range sentences {
			piece := q
			piece.text, piece.section = s, q.section && i == 0
			if i > 0 {
				piece.sep = " "
			}
			out = append(out, cut(piece, fits)...)
		}
		return out
	}
	left, right, sep := halve(q.text)
	if right == "" {
		return []part{q} // one character
	}
	a, b := q, q
	a.text = left
	b.text, b.sep, b.section = right, sep, false
	return append(cut(a, fits), cut(b, fits)...)
}

// splitSentences cuts text after . ! ? and their like where white space
// follows, and after those of scripts that need none.
func splitSentences(text string) []string {
	var out []string
	start := 0
	for i, r := range text {
		next := i + utf8.RuneLen(r)
		var end bool
		switch r {
		case '.', '!', '?', '…', ';', '\n':
			after, _ := utf8.DecodeRuneInString(text[next:])
			end = r == '\n' || next < len(text) && unicode.IsSpace(after)
		case '。', '！', '？', '；':
			end = true
		}
		if !end {
			continue
		}
		if s := strings.TrimSpace(text[start:next]); s != "" {
			out = append(out, s)
		}
		start = next
	}
	if s := strings.TrimSpace(text[start:]); s != "" {
		out = append(out, s)
	}
	return out
}

// halve cuts text at the white space nearest to its middle, or between two
// characters if there is none. sep is what stood there. right is "" if text is
// a single character.
func halve(text string) (left, right, sep string) {
	mid := len(text) / 2
	before := strings.LastIndexFunc(text[:mid], unicode.IsSpace)
	after := strings.IndexFunc(text[mid:], unicode.IsSpace)
	at := -1
	switch {
	case before > 0 && (after < 0 || mid-before <= after):
		at = before
	case after >= 0:
		at = mid + after
	}
	if at > 0 {
		l, r := strings.TrimSpace(text[:at]), strings.TrimSpace(text[at:])
		if l != "" && r != "" {
			return l, r, " "
		}
	}
	for mid > 0 && !utf8.RuneStart(text[mid]) {
		mid--
	}
	if mid == 0 {
		_, mid = utf8.DecodeRuneInString(text)
	}
	return text[:mid], text[mid:], ""
}
