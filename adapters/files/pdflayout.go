package files

import (
	"html"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/ledongthuc/pdf"
	"golang.org/x/text/unicode/norm"
)

// pdfLayout makes lines, headings, paragraphs and tables of the glyphs of a
// PDF, which knows of none of them. Glyphs are taken in the order in which they
// were written, for programs write columns one after the other, and by their
// places only a column's lines would be mixed with those beside it.
type pdfLayout struct {
	lines []pdfLine
}

// pdfLine is a line of text, in cells where there is much room between words.
type pdfLine struct {
	cells []string
	size  float64
	y     float64
	right float64 // where it ends
	first bool    // of its page
}

// page adds the lines of one page.
func (l *pdfLayout) page(glyphs []pdf.Text) {
	w := lineWriter{first: true}
	for _, g := range glyphs {
		if g.S == "" {
			continue
		}
		size := math.Abs(g.FontSize)
		if size == 0 || math.IsNaN(size) || math.IsInf(size, 0) {
			size = 10
		}
		if w.started && math.Abs(g.Y-w.y) > 0.45*max(size, w.size) {
			l.lines = append(l.lines, w.end()...)
		}
		w.glyph(g, size)
	}
	l.lines = append(l.lines, w.end()...)
}

// lineWriter gathers the glyphs of one line.
type lineWriter struct {
	started bool
	first   bool
	cells   []string
	b       strings.Builder
	size    float64
	y       float64
	right   float64 // where the last glyph ends
	guessed bool    // right, for its font does not tell widths
}

func (w *lineWriter) glyph(g pdf.Text, size float64) {
	if w.started {
		// What is guessed may be a wide letter: such files hold their spaces.
		space := 0.2
		if w.guessed {
			space = 1
		}
		switch gap := g.X - w.right; {
		case gap > 2*size:
			w.cell()
		case gap > space*size:
			w.b.WriteByte(' ')
		}
	}
	w.started, w.y = true, g.Y
	if strings.TrimSpace(g.S) != "" {
		w.size = max(w.size, size)
	}
	width := math.Abs(g.W)
	if w.guessed = width == 0; w.guessed {
		// Fonts of many glyphs do not tell their widths here: half the size is
		// the mean of most.
		w.right = max(w.right, g.X) + size/2
	} else {
		w.right = g.X + width
	}
	w.b.WriteString(g.S)
}

// cell ends a cell. NFKC makes two letters of a ligature.
func (w *lineWriter) cell() {
	// What a font has no name for, and the hyphens of a cut word, are no text.
	text := strings.NewReplacer("\uFFFD", "", "\u00AD", "").Replace(norm.NFKC.String(strings.ToValidUTF8(w.b.String(), "")))
	if text = oneLine(text); text != "" {
		w.cells = append(w.cells, text)
	}
	w.b.Reset()
}

func (w *lineWriter) end() []pdfLine {
	w.cell()
	line := pdfLine{cells: w.cells, size: w.size, y: w.y, right: w.right, first: w.first}
	*w = lineWriter{first: w.first && len(line.cells) == 0}
	if len(line.cells) == 0 {
		return nil
	}
	return []pdfLine{line}
}

// readable reports whether there is text for people: some letters, and not
// mostly signs of a font without names.
func (l *pdfLayout) readable() bool {
	letters, others := 0, 0
	for _, line := range l.lines {
		for _, cell := range line.cells {
			for _, c := range cell {
				switch {
				case unicode.IsLetter(c) || unicode.IsDigit(c):
					letters++
				case unicode.Is(unicode.Co, c):
					others++
				}
			}
		}
	}
	return letters >= 3 && letters > others
}

// html returns all lines as HTML: those in larger letters than most are
// headings, rows of cells are tables, and the rest is paragraphs, which end where
// a line ends early before a capital letter or a gap.
func (l *pdfLayout) html() string {
	body, step, margin := l.usual()
	var b strings.Builder
	var paragraph string
	flush := func() {
		if paragraph != "" {
			b.WriteString("<p>" + html.EscapeString(paragraph) + "</p>\n")
			paragraph = ""
		}
	}
	for i := 0; i < len(l.lines); i++ {
		line := l.lines[i]
		if n := l.table(i); n > 0 {
			flush()
			b.WriteString("<table>\n")
			for k, row := range l.lines[i : i+n] {
				tag := "td"
				if k == 0 && !strings.ContainsAny(strings.Join(row.cells, ""), "0123456789") {
					tag = "th" // names, above what they name
				}
				b.WriteString("<tr>")
				for _, c := range row.cells {
					b.WriteString("<" + tag + ">" + html.EscapeString(c) + "</" + tag + ">")
				}
				b.WriteString("</tr>\n")
			}
			b.WriteString("</table>\n")
			i += n - 1
			continue
		}
		text := strings.Join(line.cells, " ")
		if level := headingLevel(line.size, body); level != "" && len(text) <= 200 {
			flush()
			b.WriteString("<" + level + ">" + html.EscapeString(text) + "</" + level + ">\n")
			continue
		}
		gap := i > 0 && !line.first && math.Abs(l.lines[i-1].y-line.y) > 1.4*step
		early := i > 0 && l.lines[i-1].right < 0.75*margin && !unicode.IsLower([]rune(text)[0])
		if paragraph != "" && (gap || early || item(text)) {
			flush()
		}
		paragraph = join(paragraph, text)
	}
	flush()
	return b.String()
}

func headingLevel(size, body float64) string {
	switch {
	case size > 1.7*body:
		return "h1"
	case size > 1.35*body:
		return "h2"
	case size > 1.14*body:
		return "h3"
	}
	return ""
}

// join adds a line to a paragraph. A hyphen at its end before a small letter
// was set by the program that cut the word.
func join(paragraph, line string) string {
	if paragraph == "" {
		return line
	}
	next := []rune(line)[0]
	if word, ok := strings.CutSuffix(paragraph, "-"); ok && unicode.IsLower(next) && word != "" && !strings.HasSuffix(word, " ") {
		return word + line
	}
	return paragraph + " " + line
}

// item reports whether a line begins an item of a list.
func item(text string) bool {
	for _, mark := range []string{"•", "◦", "▪", "‣", "- ", "– ", "* "} {
		if strings.HasPrefix(text, mark) {
			return true
		}
	}
	digits := strings.TrimLeft(text, "0123456789")
	return digits != text && len(text)-len(digits) <= 3 && (strings.HasPrefix(digits, ". ") || strings.HasPrefix(digits, ") "))
}

// table returns how many lines from i on are rows of one table: at least two
// with the same number of cells, more than one.
func (l *pdfLayout) table(i int) int {
	n := i
	for n < len(l.lines) && len(l.lines[n].cells) > 1 && len(l.lines[n].cells) == len(l.lines[i].cells) {
		n++
	}
	if n-i < 2 {
		return 0
	}
	return n - i
}

// usual returns the size that most letters have, the usual step from line to
// line, and where the longest lines end.
func (l *pdfLayout) usual() (size, step, margin float64) {
	letters := map[float64]int{}
	var steps []float64
	for i, line := range l.lines {
		margin = max(margin, line.right)
		for _, c := range line.cells {
			letters[math.Round(line.size*2)/2] += len(c)
		}
		if i > 0 && !line.first {
			if d := math.Abs(l.lines[i-1].y - line.y); d > 0 {
				steps = append(steps, d)
			}
		}
	}
	most := -1
	for s, n := range letters {
		if n > most || n == most && s < size {
			size, most = s, n
		}
	}
	if size <= 0 {
		size = 10
	}
	if step = 1.2 * size; len(steps) > 0 {
		slices.Sort(steps)
		step = min(max(size, steps[len(steps)/4]), 1.5*size)
	}
	return size, step, margin
}

func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}

// cleanTitle returns a document's title, "" for what programs write in there
// that is none.
func cleanTitle(s string) string {
	s = oneLine(s)
	lower := strings.ToLower(s)
	for _, junk := range []string{"untitled", "microsoft word", "document", "dokument", "about:blank"} {
		if strings.HasPrefix(lower, junk) {
			return ""
		}
	}
	if kindOf(lower) != 0 || strings.HasSuffix(lower, ".doc") || strings.Contains(lower, "://") {
		return ""
	}
	return s
}
