package extractive

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unit is a sentence or a line of the evidence, as it can be quoted.
type unit struct {
	text    string
	cells   []string // of a table's row
	columns []string // their names
	heading string   // what stands above it; it speaks for the unit, too
	asks    bool     // the heading is a question, which the unit answers
	item    bool     // it is a row or an item of a list
	lead    bool     // it stands above the first heading
	line    int      // sentences of one paragraph have the same
	marker  int      // of the evidence that it stands in
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
	var asks, table bool
	lead := true
	number := 0
	add := func(u unit) {
		if u.text = clip(u.text); u.text != "" && strings.ContainsFunc(u.text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			u.heading, u.asks, u.lead, u.line = heading, asks, lead, number
			out = append(out, u)
		}
	}
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "|") {
			cells := cellsOf(line)
			switch {
			case !table: // its head, which may be empty
				columns, table = cells, true
			case rule(cells):
			default:
				add(unit{text: rowText(columns, cells), cells: cells, columns: columns, item: true})
			}
			continue
		}
		table = false
		above, item := strings.HasPrefix(line, "#"), listed.MatchString(line)
		line = plain(line)
		own := strings.EqualFold(line, strings.TrimSpace(title))
		if above || own {
			heading, asks = line, strings.HasSuffix(line, "?")
			lead = lead && own && !asks
			continue
		}
		for _, s := range sentences(line) {
			if strings.HasSuffix(s, "?") {
				heading, asks, lead = s, true, false
				continue
			}
			add(unit{text: s, item: item})
		}
	}
	return out
}

var (
	image    = regexp.MustCompile(`!\[[^\]]*\]\([^)]*\)`)
	numbered = regexp.MustCompile(`\s?\[\d{1,3}\]`)
	listed   = regexp.MustCompile(`^(?:[-*+]|\d{1,2}[.)])\s`)
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
	cells := strings.Split(strings.TrimSuffix(strings.TrimPrefix(row, "|"), "|"), "|")
	for i, c := range cells {
		cells[i] = plain(strings.TrimSpace(c))
	}
	return cells
}

// rule reports whether cells are the line between a table's head and body.
func rule(cells []string) bool {
	return strings.Trim(strings.Join(cells, ""), "-: ") == ""
}

// rowText says a table's row with the names of its columns. Where they have
// none, the first cell names the others.
func rowText(columns, cells []string) string {
	var parts []string
	named := strings.Join(columns, "") != ""
	for i, c := range cells {
		switch {
		case c == "":
		case i < len(columns) && columns[i] != "":
			parts = append(parts, columns[i]+": "+c)
		default:
			parts = append(parts, c)
		}
	}
	if !named && len(parts) > 1 && cells[0] != "" {
		return parts[0] + ": " + strings.Join(parts[1:], ", ")
	}
	return strings.Join(parts, ", ")
}

var between = regexp.MustCompile(`^(\d+(?:\.\d+)?)\s?(?:to|-|–|bis|à|a)\s?(\d+(?:\.\d+)?)\b`)

// rangeOf reads a cell such as "94 to 101 cm".
func rangeOf(cell string) (lo, hi float64, ok bool) {
	m := between.FindStringSubmatch(cell)
	if m == nil {
		return 0, 0, false
	}
	lo, err1 := strconv.ParseFloat(m[1], 64)
	hi, err2 := strconv.ParseFloat(m[2], 64)
	return lo, hi, err1 == nil && err2 == nil
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
