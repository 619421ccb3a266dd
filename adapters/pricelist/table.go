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
	"unicode"

	"github.com/aiwoochat/woochat/domain/usage"
)

// Row is a price, when it is in force, and where it comes from.
type Row struct {
	Price  usage.Price // its Version is the row's own; see Parse
	Kind   usage.Kind  // what the model does
	Source string      // the page that says so
	ReadOn usage.Day   // when it was read there
	From   time.Time   // zero: from ever
	Until  time.Time   // the first instant after; zero: until another price is known
	Line   int         // of its file
	File   string      // "" for the shipped table
}

// InForce reports whether r is the price at t.
func (r Row) InForce(t time.Time) bool {
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
// Lines that begin with # are comments. Every price gets a version of its own,
// which a change of another row does not touch: its read_on and the beginning
// of the SHA-256 of what it says, and so the same price read on the same day has
// the same version in every file. The error is a *TableError; file is only its
// name in there.
func Parse(file, text string) ([]Row, error) {
	rows, fail := parse(file, text)
	if fail != nil {
		return nil, fail
	}
	return rows, nil
}

// parse is Parse; beside an error it returns the rows that are good by
// themselves.
func parse(file, text string) ([]Row, *TableError) {
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
		if err != nil { // of a reader from memory there is no other
			bad(1, "%v", err)
			return nil, fail
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
		row.Line, row.File = line, file
		row.Price.Version = versionOf(row)
		rows = append(rows, row)
	}
	if fail.Rows != nil {
		return rows, fail
	}
	return rows, nil
}

// versionOf names the price that r states. When it ends is no part of that: a
// price that is followed by another stays what it was.
func versionOf(r Row) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %s %d %d %d %s", r.Price.Model, r.Kind, r.Price.Input, r.Price.CachedInput, r.Price.Output, dayText(r.From)))
	return string(r.ReadOn) + "-" + hex.EncodeToString(sum[:4])
}

// dayText spells a time of a row, "" for the zero time.
func dayText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
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
	if strings.ContainsFunc(row.Price.Model+row.Source, unicode.IsControl) {
		reasons = append(reasons, "model, source: a control character is in there")
	}
	if err := row.Price.Valid(); err != nil {
		reasons = append(reasons, err.Error())
	}
	if row.Price.CachedInput > row.Price.Input {
		reasons = append(reasons, "cached_input: it costs more than input")
	}
	if !row.Until.IsZero() && !row.From.Before(row.Until) {
		reasons = append(reasons, "valid_until: it is not after valid_from")
	}
	return row, reasons
}
