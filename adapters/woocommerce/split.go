package woocommerce

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// errNotList is returned by elements for a text that is not a JSON array.
var errNotList = errors.New("not a list")

// elements calls visit with each element of the JSON array that r holds, as it
// stands there. Of one that is larger than most only the beginning is kept, and
// whole is false: what one product brings does not cost the others, nor memory.
// The slice is visit's until it returns. What an element is made of is not
// checked, but for brackets and quotes.
func elements(r io.Reader, most int, visit func(element []byte, whole bool) error) error {
	in := bufio.NewReaderSize(r, 64<<10)
	first, err := firstByte(in)
	if err != nil || first != '[' {
		return errors.Join(errNotList, err)
	}
	var s scanner
	var element []byte
	whole := true
	add := func(part []byte) {
		if n := min(len(part), most-len(element)); n < len(part) {
			part, whole = part[:n], false
		}
		element = append(element, part...)
	}
	end := func() error {
		element = bytes.TrimSpace(element)
		if len(element) == 0 && whole {
			return nil
		}
		err := visit(element, whole)
		element, whole = element[:0], true
		return err
	}
	for {
		if _, err := in.Peek(1); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		part, err := in.Peek(in.Buffered())
		if err != nil {
			return err
		}
		begin := 0
		for i, c := range part {
			if s.quoted && !s.escaped && c != '"' && c != '\\' {
				continue // most of a list is text
			}
			if s.depth == 0 && !s.quoted && (c == ',' || c == ']') {
				add(part[begin:i])
				begin = i + 1
				if err := end(); err != nil || c == ']' {
					return err
				}
				continue
			}
			if s.step(c); s.depth < 0 {
				return fmt.Errorf("%w: %q has no beginning", errNotList, c)
			}
		}
		add(part[begin:])
		if _, err := in.Discard(len(part)); err != nil {
			return err
		}
	}
}

// firstByte returns the first byte that is neither a space nor a byte order
// mark.
func firstByte(in *bufio.Reader) (byte, error) {
	for {
		c, err := in.ReadByte()
		if err != nil || strings.IndexByte(" \t\r\n\xEF\xBB\xBF", c) < 0 {
			return c, err
		}
	}
}

// scanner knows where in a JSON text it is, as far as brackets and quotes go.
type scanner struct {
	depth   int
	quoted  bool
	escaped bool
}

func (s *scanner) step(c byte) {
	switch {
	case s.escaped:
		s.escaped = false
	case s.quoted && c == '\\':
		s.escaped = true
	case c == '"':
		s.quoted = !s.quoted
	case s.quoted:
	case c == '{' || c == '[':
		s.depth++
	case c == '}' || c == ']':
		s.depth--
	}
}

// twice returns a key that the JSON object body has twice, in any case, and ""
// if there is none. Objects within it are not looked at.
func twice(body []byte) string {
	if body = bytes.TrimSpace(body); len(body) == 0 || body[0] != '{' {
		return ""
	}
	var s scanner
	seen := make(map[string]struct{}, 80)
	isKey, begin := true, 0
	for i, c := range body {
		was := s.quoted
		s.step(c)
		if s.depth != 1 {
			continue
		}
		switch {
		case !was && s.quoted:
			begin = i + 1
		case was && !s.quoted && isKey:
			key := strings.ToLower(string(body[begin:i]))
			if _, ok := seen[key]; ok {
				return key
			}
			seen[key] = struct{}{}
		case !s.quoted && c == ':':
			isKey = false
		case !s.quoted && c == ',':
			isKey = true
		}
	}
	return ""
}

// idOf returns the id that the beginning of a product says; "" if it does not.
// WooCommerce writes it first.
func idOf(element []byte) string {
	rest, ok := bytes.CutPrefix(bytes.TrimSpace(element), []byte(`{"id":`))
	if !ok {
		return ""
	}
	rest = bytes.TrimLeft(rest, ` "`)
	n := 0
	for n < len(rest) && n < 20 && rest[n] >= '0' && rest[n] <= '9' {
		n++
	}
	return string(rest[:n])
}
