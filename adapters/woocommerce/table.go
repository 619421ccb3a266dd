package woocommerce

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/ports"
)

// maxField is the largest cell that is read.
const maxField = 1 << 20

// record is one row of a CSV file. The header is row 1, as in a spreadsheet.
type record struct {
	row    int
	line   int // where it begins in the file
	fields []string
	fault  string // why it cannot be read, "" if it can
}

// where names the row for whoever mends it.
func (r record) where() string {
	if r.line == r.row {
		return fmt.Sprintf("row %d", r.row)
	}
	return fmt.Sprintf("row %d (line %d of the file)", r.row, r.line)
}

// checkText returns an ErrInvalid if data is not a text file in UTF-8, and the
// text without its byte order mark.
func checkText(data []byte) ([]byte, error) {
	refuse := func(format string, args ...any) ([]byte, error) {
		return nil, fmt.Errorf("%w: "+format, append([]any{ports.ErrInvalid}, args...)...)
	}
	trimmed := bytes.ToLower(bytes.TrimSpace(data[:min(len(data), 512)]))
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")), bytes.HasPrefix(data, []byte("\xD0\xCF\x11\xE0")):
		return refuse("this is a spreadsheet, not a CSV file: save it as CSV UTF-8")
	case bytes.HasPrefix(data, []byte("\xFF\xFE")), bytes.HasPrefix(data, []byte("\xFE\xFF")):
		return refuse("the file is in UTF-16: save it as CSV UTF-8")
	case bytes.HasPrefix(trimmed, []byte("<!doctype")), bytes.HasPrefix(trimmed, []byte("<html")):
		return refuse("this is a web page, not a CSV file; perhaps the log-in page was saved")
	}
	data = bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
	if len(bytes.TrimSpace(data)) == 0 {
		return refuse("the file is empty")
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return refuse("line %d holds a zero byte: this is not a CSV file", lineOf(data, i))
	}
	if !utf8.Valid(data) {
		i := 0
		for i < len(data) {
			r, n := utf8.DecodeRune(data[i:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			i += n
		}
		return refuse("line %d is not UTF-8 (byte %#x): the file was saved in another encoding, such as Latin-1. Save it as CSV UTF-8, or take the shop's own export", lineOf(data, i), data[i])
	}
	return data, nil
}

func lineOf(data []byte, offset int) int { return 1 + bytes.Count(data[:offset], []byte("\n")) }

// delimiter returns the separator of the header: a comma, or what spreadsheets
// of other countries write.
func delimiter(data []byte) rune {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	best, most := ',', 0
	for _, d := range ",;\t" {
		if n := bytes.Count(line, []byte(string(d))); n > most {
			best, most = d, n
		}
	}
	return best
}

// readTable returns header and rows. A row that is broken is returned with its
// fault, and reading goes on in the line after the one where it began: a quote
// that was never closed costs that row, and not all that follow.
func readTable(data []byte) (header []string, rows []record, err error) {
	if data, err = checkText(data); err != nil {
		return nil, nil, err
	}
	comma := delimiter(data)
	newReader := func(from int) *csv.Reader {
		r := csv.NewReader(bytes.NewReader(data[from:]))
		r.Comma = comma
		r.FieldsPerRecord = -1
		return r
	}
	r, base, line := newReader(0), 0, 1
	header, err = r.Read()
	if err != nil {
		return nil, nil, fmt.Errorf("%w: the header cannot be read: %w", ports.ErrInvalid, err)
	}
	line += bytes.Count(data[:r.InputOffset()], []byte("\n"))
	end := int(r.InputOffset()) // of the last row that was read
	// Rows are read again after a broken one. That may not cost more than a
	// few times the file.
	budget := 4 * len(data)
	for n := 2; ; n++ {
		start := end
		// Empty lines belong to no row.
		for start < len(data) && (data[start] == '\n' || data[start] == '\r') {
			if data[start] == '\n' {
				line++
			}
			start++
		}
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return header, rows, nil
		}
		end = base + int(r.InputOffset())
		rec := record{row: n, line: line, fields: fields}
		lines := bytes.Count(data[start:end], []byte("\n"))
		var parse *csv.ParseError
		switch {
		case errors.As(err, &parse) && errors.Is(parse.Err, csv.ErrQuote) && end >= len(data):
			rec.fault = "a quote is never closed: write a quote within a quoted cell twice"
		case errors.As(err, &parse):
			rec.fault = fmt.Sprintf("%v: write a quote within a cell twice, and the cell in quotes", parse.Err)
		case err != nil:
			return nil, nil, fmt.Errorf("%w: row %d: %w", ports.ErrInvalid, n, err)
		case len(fields) > len(header):
			rec.fault = fmt.Sprintf("has %d cells, the header has %d: a comma or a quote in a text is not escaped", len(fields), len(header))
		case len(fields) < len(header) && end >= len(data) && data[len(data)-1] != '\n':
			rec.fault = "the file breaks off in this row: export it again"
		}
		if rec.fault != "" && lines > 1 && budget > 0 {
			budget -= end - start
			next := start + bytes.IndexByte(data[start:], '\n') + 1
			r, base, end, lines = newReader(next), next, next, 1
		}
		for _, f := range fields {
			if len(f) > maxField && rec.fault == "" {
				rec.fault = fmt.Sprintf("has a cell of %d bytes, at most %d are read: move images out of the text", len(f), maxField)
			}
		}
		rows = append(rows, rec)
		line += lines
	}
}

// short returns the fault of a row that has lost cells that are needed, ""
// otherwise. Spreadsheets leave out empty cells at the end of a row.
func (c columns) short(fields []string) string {
	if len(fields) >= c.needed {
		return ""
	}
	return fmt.Sprintf("has %d cells, the header has %d: a quote or a line end in a text is not escaped", len(fields), c.width)
}

// cell returns the row's cell in the column with that id, "" if there is none.
func (c columns) cell(fields []string, id string) string {
	i, ok := c.at[id]
	if !ok {
		return ""
	}
	return fieldAt(fields, i)
}

func fieldAt(fields []string, i int) string {
	if i < 0 || i >= len(fields) {
		return ""
	}
	return strings.TrimSpace(unescapeCell(fields[i]))
}
