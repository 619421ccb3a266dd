package wooshop

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
)

// object is a JSON object whose members keep their order, as PHP's arrays do.
type object []member

type member struct {
	name  string
	value any
}

// list is a JSON array.
type list []any

// get returns the value of a member, nil if there is none.
func (o object) get(name string) any {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// only returns the members that _fields asks for, all if it asks for none. Of
// "dimensions.length" the whole of dimensions is given.
func (o object) only(fields string) object {
	if fields == "" {
		return o
	}
	want := map[string]bool{}
	for f := range strings.SplitSeq(fields, ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(f), ".")
		want[name] = true
	}
	kept := object{}
	for _, m := range o {
		if want[m.name] {
			kept = append(kept, m)
		}
	}
	return kept
}

// encode writes v as wp_json_encode does: every character beyond ASCII as
// \uXXXX, in surrogate pairs where needed, and every slash behind a backslash.
func encode(v any) []byte {
	var b strings.Builder
	write(&b, v)
	return []byte(b.String())
}

func write(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case int:
		b.WriteString(strconv.Itoa(v))
	case string:
		writeString(b, v)
	case raw:
		b.WriteString(string(v))
	case object:
		b.WriteByte('{')
		for i, m := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			writeString(b, m.name)
			b.WriteByte(':')
			write(b, m.value)
		}
		b.WriteByte('}')
	case list:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			write(b, e)
		}
		b.WriteByte(']')
	default:
		panic(fmt.Sprintf("wooshop: no JSON of a %T", v)) // this package's own mistake
	}
}

// raw is JSON that is written as it is.
type raw string

func writeString(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\' || r == '/':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\b':
			b.WriteString(`\b`)
		case r == '\f':
			b.WriteString(`\f`)
		case r < 0x20 || r >= 0x80 && r <= 0xffff:
			fmt.Fprintf(b, `\u%04x`, r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(b, `\u%04x\u%04x`, hi, lo)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}

func strs(in []string) list {
	out := list{}
	for _, s := range in {
		out = append(out, s)
	}
	return out
}

func ints(in []int) list {
	out := list{}
	for _, n := range in {
		out = append(out, n)
	}
	return out
}
