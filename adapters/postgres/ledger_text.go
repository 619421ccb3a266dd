package postgres

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/ports"
)

// The ledger's rows travel as the text of a Postgres array of a composite type:
// {"(0,a,1)","(1,b,2)"}. The server reads it in a third of the time that it takes
// for JSON, and that was a sixth of its work.

// fields are those of a row, each after a comma, as they stand inside of the
// array's quotes. The first, its number, is written by arrayOf.
type fields struct {
	b   []byte
	err error
}

// row spells its fields in the order of its type in the schema.
type row interface{ fields(f *fields) }

// spell returns the fields of a row, or what it says that Postgres cannot hold.
func spell(r row) ([]byte, error) {
	f := fields{b: make([]byte, 0, 512)}
	r.fields(&f)
	return f.b, f.err
}

// arrayOf returns rows, numbered from 0, as an array.
func arrayOf(rows [][]byte) string {
	size := 2
	for _, r := range rows {
		size += len(r) + len(`"(,)",`) + len("255")
	}
	b := make([]byte, 0, size)
	b = append(b, '{')
	for i, r := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, `"(`...), int64(i), 10)
		b = append(append(b, r...), `)"`...)
	}
	return string(append(b, '}'))
}

func (f *fields) int(list ...int64) {
	for _, v := range list {
		f.b = strconv.AppendInt(append(f.b, ','), v, 10)
	}
}

func (f *fields) bool(list ...bool) {
	for _, v := range list {
		if v {
			f.b = append(f.b, ",t"...)
		} else {
			f.b = append(f.b, ",f"...)
		}
	}
}

func (f *fields) time(t time.Time) {
	if y := t.Year(); y < 1 || y > 9999 { // what RFC 3339 and Postgres both can say
		f.err = fmt.Errorf("%w: year %d", ports.ErrInvalid, y)
		return
	}
	f.b = t.AppendFormat(append(f.b, ','), time.RFC3339Nano)
}

// textOrNull writes nothing for nil, which is null; an empty text is quoted.
func (f *fields) textOrNull(s *string) {
	if s == nil {
		f.b = append(f.b, ',')
		return
	}
	f.text(*s)
}

// text writes a text in the quotes of a field, with those quotes and what is in
// them escaped once more for the array's.
func (f *fields) text(list ...string) {
	for _, s := range list {
		if strings.IndexByte(s, 0) >= 0 {
			f.err = fmt.Errorf("%w: a text with a zero byte", ports.ErrInvalid)
			return
		}
		f.b = append(f.b, `,\"`...)
		s = strings.ToValidUTF8(s, "\uFFFD")
		for i := range len(s) {
			switch s[i] {
			case '"':
				f.b = append(f.b, `\"\"`...)
			case '\\':
				f.b = append(f.b, `\\\\`...)
			default:
				f.b = append(f.b, s[i])
			}
		}
		f.b = append(f.b, `\"`...)
	}
}
