package extractive

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unit is a sentence or a line of the evidence, as it can be quoted.
type unit struct {
	text    string
	heading string // what stands above it; it speaks for the unit, too
}

// maxUnit is how long a quote may be, in bytes. What is longer is cut at a
// word, and ends in an ellipsis that says so.
const maxUnit = 320

// unitsOf cuts the Markdown text of a source whose title is known into units.
// Headings, the title itself, and questions (which the text answers) are not
// quoted, but count for what stands below them.
func unitsOf(title, text string) []unit {
	var out []unit
	var heading string
	var columns []string
	add := func(s string) {
		if s = clip(s); s != "" && strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			out = append(out, unit{text: s, heading: heading})
		}
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "|") {
			cells := cellsOf(line)
			switch {
			case rule(cells):
			case columns == nil:
				columns = cells
			default:
				add(rowText(columns, cells))
			}
			continue
		}
		columns = nil
		above := strings.HasPrefix(line, "#")
		line = plain(line)
		if above || strings.EqualFold(line, strings.TrimSpace(title)) {
			heading = line
			continue
		}
		for _, s := range sentences(line) {
			if strings.HasSuffix(s, "?") {
				heading = s
				continue
			}
			add(s)
		}
	}
	return out
}

var (
	image    = regexp.MustCompile(`!\[[^\]]*\]\([^)]*\)`)
	numbered = regexp.MustCompile(`\s?\[\d{1,3}\]`)
	bullet   = regexp.MustCompile(`^(?:#{1,6}|>|[-*+]|\d{1,2}[.)])\s+`)
)

// plain takes the marks of Markdown off a line, and whatever would look like
// one of our own numbers.
func plain(line string) string {
	line = image.ReplaceAllString(line, "")
	line = numbered.ReplaceAllString(line, "")
	for {
		short := bullet.ReplaceAllString(line, "")
		if short == line {
			break
		}
		line = short
	}
	line = strings.NewReplacer("**", "", "__", "", "`", "").Replace(line)
	return strings.Join(strings.Fields(line), " ")
}

func cellsOf(row string) []string {
	cells := strings.Split(strings.Trim(row, "|"), "|")
	for i, c := range cells {
		cells[i] = plain(strings.TrimSpace(c))
	}
	return cells
}

// rule reports whether cells are the line between a table's head and body.
func rule(cells []string) bool {
	return strings.Trim(strings.Join(cells, ""), "-: ") == ""
}

// rowText says a table's row with the names of its columns.
func rowText(columns, cells []string) string {
	var parts []string
	for i, c := range cells {
		switch {
		case c == "":
		case i < len(columns) && columns[i] != "":
			parts = append(parts, columns[i]+": "+c)
		default:
			parts = append(parts, c)
		}
	}
	return strings.Join(parts, ", ")
}

// sentences cuts a line of text after each sentence.
func sentences(line string) []string {
	var out []string
	start := 0
	for i := 0; i < len(line); {
		r, size := utf8.DecodeRuneInString(line[i:])
		i += size
		if !strings.ContainsRune(".!?…。！？", r) {
			continue
		}
		end := i
		for end < len(line) { // quotes and brackets that close it
			r, size := utf8.DecodeRuneInString(line[end:])
			if !strings.ContainsRune(`"'”’»).!?`, r) {
				break
			}
			end += size
		}
		next, _ := utf8.DecodeRuneInString(strings.TrimLeft(line[end:], " "))
		spaced := end == len(line) || line[end] == ' ' || r > 0x2fff
		if !spaced || unicode.IsLower(next) || r == '.' && abbreviation(line[start:i]) {
			continue
		}
		out = append(out, strings.TrimSpace(line[start:end]))
		start, i = end, end
	}
	if rest := strings.TrimSpace(line[start:]); rest != "" {
		out = append(out, rest)
	}
	return out
}

// abbreviation reports whether the full stop at the end of s belongs to a
// shortened word or to a number of a list or a date.
func abbreviation(s string) bool {
	word := strings.ToLower(s[strings.LastIndexAny(s, " (")+1:])
	switch word {
	case "e.g.", "i.e.", "approx.", "ca.", "z.b.", "d.h.", "u.a.", "no.", "nr.", "incl.", "inkl.", "excl.", "max.", "min.", "vs.", "st.", "dr.", "mr.", "mrs.", "bzw.", "ggf.", "art.", "bijv.", "p.ej.":
		return true
	}
	digits := strings.TrimSuffix(word, ".")
	return digits != "" && len(digits) <= 2 && strings.Trim(digits, "0123456789") == ""
}

func clip(s string) string {
	if len(s) <= maxUnit {
		return s
	}
	at := strings.LastIndexByte(s[:maxUnit], ' ')
	if at < 0 {
		return "" // one word of that length is not text
	}
	return strings.TrimRight(s[:at], " ,;:–-") + "…"
}
