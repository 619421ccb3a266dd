package pricelist

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/usage"
)

// Row is a price, when it is in force, and where it comes from.
type Row struct {
	Price  usage.Price
	Kind   usage.Kind // what the model does
	Source string     // the page that says so
	ReadOn usage.Day  // when it was read there
	From   time.Time  // zero: from ever
	Until  time.Time  // the first instant after; zero: until another price is known
}

func (r Row) inForce(t time.Time) bool {
	return !t.Before(r.From) && (r.Until.IsZero() || t.Before(r.Until))
}

func (r Row) overlaps(o Row) bool {
	return (r.Until.IsZero() || o.From.Before(r.Until)) && (o.Until.IsZero() || r.From.Before(o.Until))
}

// TableError names every row of a price file that cannot be used. No price of
// the file is taken then.
type TableError struct {
	File string
	Rows []RowError
}

// RowError says what is wrong with one row.
type RowError struct {
	Line   int // of the file, counting from 1
	Reason string
}

func (e *TableError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "price file %s has %d bad rows:", e.File, len(e.Rows))
	for _, r := range e.Rows {
		fmt.Fprintf(&b, "\n  line %d: %s", r.Line, r.Reason)
	}
	return b.String()
}

// columns are those of the shipped file. The last three and cached_input may be
// left out.
func columns() []string {
	return []string{"model", "input", "output", "kind", "source", "read_on", "cached_input", "valid_from", "valid_until"}
}

const required = 6 // of columns

// Parse reads a price file: CSV with a line of column names, in any order.
// Lines that begin with # are comments. Every price gets the version of the
// file, its newest read_on and the beginning of its SHA-256. The error is a
// *TableError; file is only its name in there.
func Parse(file, text string) ([]Row, error) {
	fail := &TableError{File: file}
	bad := func(line int, format string, args ...any) {
		fail.Rows = append(fail.Rows, RowError{line, fmt.Sprintf(format, args...)})
	}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	r.Comment = '#'
	r.TrimLeadingSpace = true
	header, err := r.Read()
	if err != nil {
		bad(1, "there is no line of column names: want %s", strings.Join(columns(), ","))
		return nil, fail
	}
	at := map[string]int{}
	for i, name := range header {
		name = strings.TrimSpace(name)
		line, _ := r.FieldPos(i)
		_, twice := at[name]
		switch {
		case !slices.Contains(columns(), name):
			bad(line, "column %q is not known: want %s", name, strings.Join(columns(), ","))
		case twice:
			bad(line, "column %q is there twice", name)
		}
		at[name] = i
	}
	for _, name := range columns()[:required] {
		if _, ok := at[name]; !ok {
			bad(1, "column %q is missing", name)
		}
	}
	if fail.Rows != nil {
		return nil, fail
	}
	var rows []Row
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if broken, ok := errors.AsType[*csv.ParseError](err); ok {
			bad(broken.Line, "%v", broken.Err)
			continue
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		row, reasons := parseRow(func(column string) string {
			if i, ok := at[column]; ok {
				return strings.TrimSpace(fields[i])
			}
			return ""
		})
		for _, o := range rows {
			if reasons == nil && o.Price.Model == row.Price.Model && o.overlaps(row) {
				reasons = append(reasons, fmt.Sprintf("%s has another price at the same time, read on %s: say valid_from and valid_until", o.Price.Model, o.ReadOn))
			}
		}
		if reasons != nil {
			bad(line, "%s", strings.Join(reasons, "; "))
			continue
		}
		rows = append(rows, row)
	}
	if fail.Rows != nil {
		return nil, fail
	}
	version := versionOf(text, rows)
	for i := range rows {
		rows[i].Price.Version = version
	}
	return rows, nil
}

func versionOf(text string, rows []Row) string {
	var newest usage.Day
	for _, r := range rows {
		newest = max(newest, r.ReadOn)
	}
	sum := sha256.Sum256([]byte(text))
	return string(newest) + "-" + hex.EncodeToString(sum[:4])
}

// parseRow returns a row, or all that is wrong with it.
func parseRow(get func(column string) string) (Row, []string) {
	var reasons []string
	money := func(column string, empty usage.NanoUSD, mayBeEmpty bool) usage.NanoUSD {
		v := get(column)
		if v == "" && mayBeEmpty {
			return empty
		}
		n, err := usage.ParseUSD(v)
		if err != nil {
			reasons = append(reasons, fmt.Sprintf("%s: %v", column, err))
		}
		return n
	}
	day := func(column string) time.Time {
		v := get(column)
		if v == "" {
			return time.Time{}
		}
		t, err := time.Parse(time.DateOnly, v)
		if err != nil {
			reasons = append(reasons, fmt.Sprintf("%s: %q is not a day such as 2026-11-23", column, v))
		}
		return t
	}
	row := Row{Source: get("source"), From: day("valid_from"), Until: day("valid_until")}
	row.Price.Model = get("model")
	for k := usage.Chat; k <= usage.Rerank; k++ {
		if k.String() == get("kind") {
			row.Kind = k
		}
	}
	row.Price.Input = money("input", 0, false)
	row.Price.CachedInput = money("cached_input", row.Price.Input, true)
	row.Price.Output = money("output", 0, row.Kind == usage.Embedding)
	if read := day("read_on"); !read.IsZero() {
		row.ReadOn = usage.DayOf(read, time.UTC)
	} else if get("read_on") == "" {
		reasons = append(reasons, "read_on: say on which day the price was read")
	}
	if row.Price.Model == "" {
		reasons = append(reasons, "model: there is no name")
	}
	if row.Kind == 0 {
		reasons = append(reasons, fmt.Sprintf("kind: %q is none of chat, embedding and rerank", get("kind")))
	}
	if row.Source == "" {
		reasons = append(reasons, "source: say where the price was read")
	}
	if row.Price.CachedInput > row.Price.Input {
		reasons = append(reasons, "cached_input: it costs more than input")
	}
	if !row.Until.IsZero() && !row.From.Before(row.Until) {
		reasons = append(reasons, "valid_until: it is not after valid_from")
	}
	return row, reasons
}
