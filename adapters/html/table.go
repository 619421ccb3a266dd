package html

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxColumns bounds what colspan can make of one cell.
const maxColumns = 50

type cell struct {
	text   string
	header bool
	rows   int // how many more rows it reaches into
}

// table returns a table as Markdown. Tables that are only there to place things
// (one column, or cells that hold headings or tables) are written as what they
// hold.
func (r *renderer) table(n *html.Node) []string {
	rows, captions := tableRows(n)
	if isLayout(rows) {
		var blocks []string
		for _, row := range append(captions, rows...) {
			for c := row.FirstChild; c != nil; c = c.NextSibling {
				if isCell(c) && !dropped(c) {
					blocks = append(blocks, r.flow(c)...)
				}
			}
			if row.DataAtom == atom.Caption {
				blocks = append(blocks, r.flow(row)...)
			}
		}
		return blocks
	}
	var grid [][]cell
	columns := 0
	for i, row := range rows {
		var above []cell
		if i > 0 {
			above = grid[i-1]
		}
		line := r.row(row, above)
		grid = append(grid, line)
		columns = max(columns, len(line))
	}
	grid = withoutEmpty(grid)
	if len(grid) == 0 {
		return nil
	}
	var blocks []string
	for _, c := range captions {
		if text := r.oneLine(c); text != "" {
			blocks = append(blocks, text)
		}
	}
	var b strings.Builder
	write := func(row []cell) {
		if r.exhausted() {
			return
		}
		for i := range columns {
			text := ""
			if i < len(row) {
				text = row[i].text
			}
			b.WriteString(r.again("| " + text + " "))
		}
		b.WriteString("|\n")
	}
	// Markdown wants a header; a table without one gets an empty line there.
	if allHeader(grid[0]) {
		write(grid[0])
		grid = grid[1:]
	} else {
		write(nil)
	}
	b.WriteString(strings.Repeat("| --- ", columns) + "|\n")
	for _, row := range grid {
		write(row)
	}
	return append(blocks, strings.TrimRight(b.String(), "\n"))
}

// row returns the cells of one row, with those of the row above that reach into
// it.
func (r *renderer) row(n *html.Node, above []cell) []cell {
	var line []cell
	carry := func() {
		for len(line) < len(above) && len(line) < maxColumns && above[len(line)].rows > 0 {
			c := above[len(line)]
			c.rows--
			line = append(line, c)
		}
	}
	inHead := n.Parent != nil && n.Parent.DataAtom == atom.Thead
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if !isCell(c) || dropped(c) {
			continue
		}
		carry()
		text := strings.ReplaceAll(r.oneLine(c), "|", `\|`)
		cl := cell{text: text, header: inHead || c.DataAtom == atom.Th || bold(c), rows: span(c, "rowspan") - 1}
		for range span(c, "colspan") {
			if len(line) < maxColumns {
				line = append(line, cl)
				cl.text = ""
			}
		}
	}
	carry()
	return line
}

// bold reports whether all that n holds is bold: an editor without header cells
// makes headers so.
func bold(n *html.Node) bool {
	holds := false
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == html.TextNode && strings.TrimSpace(c.Data) == "", c.Type == html.CommentNode:
		case c.DataAtom == atom.Strong || c.DataAtom == atom.B:
			holds = true
		case (c.DataAtom == atom.P || c.DataAtom == atom.Span) && bold(c):
			holds = true
		default:
			return false
		}
	}
	return holds
}

func span(n *html.Node, key string) int {
	if v, err := strconv.Atoi(attr(n, key)); err == nil && v >= 1 {
		return min(v, maxColumns)
	}
	return 1
}

func isCell(n *html.Node) bool { return n.DataAtom == atom.Td || n.DataAtom == atom.Th }

func tableRows(n *html.Node) (rows, captions []*html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case dropped(c):
		case c.DataAtom == atom.Tr:
			rows = append(rows, c)
		case c.DataAtom == atom.Thead, c.DataAtom == atom.Tbody, c.DataAtom == atom.Tfoot:
			more, _ := tableRows(c)
			rows = append(rows, more...)
		case c.DataAtom == atom.Caption:
			captions = append(captions, c)
		}
	}
	return rows, captions
}

func isLayout(rows []*html.Node) bool {
	columns := 0
	for _, row := range rows {
		n := 0
		for c := row.FirstChild; c != nil; c = c.NextSibling {
			if !isCell(c) {
				continue
			}
			if n += span(c, "colspan"); holdsStructure(c) {
				return true
			}
		}
		columns = max(columns, n)
	}
	return columns < 2
}

func holdsStructure(n *html.Node) bool {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch c.DataAtom {
		case atom.Table, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
			return true
		default:
		}
		if holdsStructure(c) {
			return true
		}
	}
	return false
}

func allHeader(row []cell) bool {
	for _, c := range row {
		if !c.header {
			return false
		}
	}
	return true
}

func withoutEmpty(grid [][]cell) [][]cell {
	var kept [][]cell
	for _, row := range grid {
		for _, c := range row {
			if c.text != "" {
				kept = append(kept, row)
				break
			}
		}
	}
	return kept
}
