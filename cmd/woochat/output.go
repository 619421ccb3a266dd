package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// jsonFlag is for commands whose output is data.
type jsonFlag struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// json prints v with the tools of other people in mind: indented, and without
// HTML escapes.
func (p *program) json(v any) error {
	e := json.NewEncoder(p.stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// list is how every list is printed as JSON.
type list[T any] struct {
	Data []T `json:"data"`
}

// jsonList prints rows, [] for none.
func jsonList[T any](p *program, rows []T) error {
	if rows == nil {
		rows = []T{}
	}
	return p.json(list[T]{rows})
}

// column is a table's column.
type column struct {
	head  string
	right bool // numbers
}

// table prints rows below their heads, or empty if there is none.
func (p *program) table(columns []column, rows [][]string, empty string) {
	if len(rows) == 0 {
		fmt.Fprintln(p.stdout, empty)
		return
	}
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = utf8.RuneCountInString(c.head)
		for _, row := range rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	line := func(cells []string) {
		var b strings.Builder
		for i, cell := range cells {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if columns[i].right {
				cell = space + cell
			} else {
				cell += space
			}
			b.WriteString(cell + "  ")
		}
		fmt.Fprintln(p.stdout, strings.TrimRight(b.String(), " "))
	}
	heads := make([]string, len(columns))
	for i, c := range columns {
		heads[i] = c.head
	}
	line(heads)
	for _, row := range rows {
		line(row)
	}
}

func left(heads ...string) []column {
	columns := make([]column, len(heads))
	for i, h := range heads {
		columns[i] = column{head: h}
	}
	return columns
}

// printable returns text from the store without control characters, so that
// none can move the cursor of whoever reads it.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, text)
}

// onOff says whether something is let in.
func onOff(disabled bool) string {
	if disabled {
		return "disabled"
	}
	return "active"
}

// grouped writes n with a thin mark every three digits: 1,234,567.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}
