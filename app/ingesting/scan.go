package ingesting

import (
	"encoding/json"
	"strings"
)

// scanner reads a few scalars of a JSON object while its text streams by, and
// keeps nothing else of it. It believes that the text is JSON: of any other it
// may read something, which is then no id of a product.
type scanner struct {
	depth   int
	inText  bool // between quotes
	escaped bool // after a backslash there
	wantKey bool // the next text at depth 1 is a name
	naming  bool // the text is a name
	value   bool // after a colon at depth 1
	broken  bool // it is no object
	name    []byte
	raw     []byte // of the value, as it is written
	kept    map[string]string
}

// What is scanned for.
const (
	fieldID     = "id"
	fieldType   = "type"
	fieldParent = "parent_id"
	fieldCode   = "code"
)

const (
	maxFieldName = 16
	maxField     = 128 // bytes of a value; a longer one is none of ours
)

func wanted(name string) bool {
	return name == fieldID || name == fieldType || name == fieldParent || name == fieldCode
}

// Write takes the next bytes. It never fails.
func (s *scanner) Write(p []byte) (int, error) {
	for _, b := range p {
		if s.broken {
			break
		}
		s.take(b)
	}
	return len(p), nil
}

func (s *scanner) take(b byte) {
	if s.inText {
		s.text(b)
		return
	}
	switch b {
	case ' ', '\t', '\r', '\n':
	case '"':
		s.inText = true
		s.naming = s.depth == 1 && s.wantKey
		if s.naming {
			s.name = s.name[:0]
		}
		s.keep(b)
	case '{', '[':
		s.depth++
		switch {
		case s.depth == 1 && b == '[':
			s.broken = true
		case s.depth == 1:
			s.wantKey = true
		case s.depth == 2:
			s.value = false // not a scalar
		}
	case '}', ']':
		if s.depth == 1 {
			s.end()
		}
		s.depth--
		s.broken = s.depth <= 0 // what follows is not of the object
	case ':':
		if s.depth == 1 {
			s.wantKey, s.value, s.raw = false, true, s.raw[:0]
		}
	case ',':
		if s.depth == 1 {
			s.end()
			s.wantKey = true
		}
	default:
		s.broken = s.depth == 0
		s.keep(b)
	}
}

func (s *scanner) text(b byte) {
	s.keep(b)
	switch {
	case s.escaped:
		s.escaped = false
	case b == '\\':
		s.escaped = true
	case b == '"':
		s.inText, s.naming = false, false
		return
	}
	if s.naming && len(s.name) <= maxFieldName {
		s.name = append(s.name, b)
	}
}

// keep keeps a byte of a value that is wanted.
func (s *scanner) keep(b byte) {
	if s.depth == 1 && s.value && len(s.raw) <= maxField && wanted(string(s.name)) {
		s.raw = append(s.raw, b)
	}
}

// end notes the value that has ended, a text or a number.
func (s *scanner) end() {
	if s.value && len(s.raw) > 0 && len(s.raw) <= maxField && wanted(string(s.name)) {
		text := string(s.raw)
		if text[0] == '"' && json.Unmarshal(s.raw, &text) != nil {
			text = ""
		}
		if s.kept == nil {
			s.kept = map[string]string{}
		}
		s.kept[string(s.name)] = text
	}
	s.value = false
}

// id returns a field that is an id of WordPress: a number of at most 20 digits,
// not 0; "" if it is not.
func (s *scanner) id(field string) string {
	text := s.kept[field]
	if len(text) > 20 || strings.Trim(text, "0123456789") != "" || strings.Trim(text, "0") == "" || text[0] == '0' {
		return ""
	}
	return text
}

// word returns a field that is a word of the API, such as a type or a code; ""
// if it is not.
func (s *scanner) word(field string) string {
	text := s.kept[field]
	if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" {
		return ""
	}
	return text
}
