package chat

import (
	"html"
	"regexp"
	"strings"
	"unicode"
)

var tag = regexp.MustCompile(`</?[a-zA-Z][^<>]*>`)

// plain returns s as a reader sees it, for checking what it says: entities are
// resolved, Markdown's and HTML's marks and what cannot be seen are gone, and
// digits, spaces, dashes and signs of all scripts are those of ASCII.
func plain(s string) string {
	s = visible(s)
	if strings.ContainsRune(s, '<') {
		s = tag.ReplaceAllString(s, "")
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("*_`~\\", r) {
			return -1
		}
		return r
	}, s)
}

// visible is plain, but for the marks of Markdown and HTML: links and codes are
// read in it.
func visible(s string) string {
	if strings.ContainsRune(s, '&') {
		s = html.UnescapeString(s)
	}
	return strings.Map(ascii, s)
}

const (
	superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹"
	subscripts   = "₀₁₂₃₄₅₆₇₈₉"
)

// ascii returns the ASCII character that r is written for, -1 if it cannot be
// seen.
func ascii(r rune) rune {
	switch {
	case r < 0x80 && r != '\t' && r != '\r':
		return r
	case r == '\r' || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Mn, r) || r == '\u115f' || r == '\u3164':
		return -1
	case unicode.IsSpace(r) || unicode.Is(unicode.Zs, r):
		return ' '
	case unicode.Is(unicode.Nd, r):
		return '0' + digit(r)
	case 0x2460 <= r && r <= 0x2468: // circled 1 to 9
		return '1' + r - 0x2460
	case 0xFF01 <= r && r <= 0xFF5E: // full-width forms
		return r - 0xFEE0
	case unicode.Is(unicode.Pd, r) || r == '−':
		return '-'
	}
	for _, digits := range []string{superscripts, subscripts} {
		n := rune('0')
		for _, d := range digits {
			if d == r {
				return n
			}
			n++
		}
	}
	switch r {
	case '٪', '﹪':
		return '%'
	case '٫':
		return '.'
	case '٬':
		return ','
	case '’', '‘', 'ʼ', '′':
		return '\''
	case '￡':
		return '£'
	case '￥':
		return '¥'
	case '￠':
		return '¢'
	case '￦':
		return '₩'
	}
	return r
}

// digit returns the value of a decimal digit of any script. Unicode keeps each
// script's ten together and in order.
func digit(r rune) rune {
	for _, x := range unicode.Nd.R16 {
		if lo := rune(x.Lo); lo <= r && r <= rune(x.Hi) {
			return (r - lo) % 10
		}
	}
	for _, x := range unicode.Nd.R32 {
		if lo := rune(x.Lo); lo <= r && r <= rune(x.Hi) {
			return (r - lo) % 10
		}
	}
	return 0
}

// outside reports whether s has neither a letter nor a digit at the edge that
// last tells.
func outside(s string, last bool) bool {
	var edge rune
	for _, r := range s {
		edge = r
		if !last {
			break
		}
	}
	return !unicode.IsLetter(edge) && !unicode.IsDigit(edge)
}

// spans returns where word stands in text as a word of its own.
func spans(text, word string) [][2]int {
	var out [][2]int
	for from := 0; word != "" && from < len(text); {
		i := strings.Index(text[from:], word)
		if i < 0 {
			break
		}
		i += from
		if end := i + len(word); outside(text[:i], true) && outside(text[end:], false) {
			out = append(out, [2]int{i, end})
		}
		from = i + 1
	}
	return out
}
