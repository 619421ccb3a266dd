package chat

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// firstBorder returns where the first sentence of text ends, its trailing
// space included; len(text) if it does not end. sure is false if more text
// could move that border.
func firstBorder(text string) (end int, sure bool) {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		switch r {
		case '。', '！', '？':
			return i, true
		case '\n':
			goesOn, sure := overLine(text[:i-1], text[i:])
			if !goesOn {
				return i, sure
			}
			if !sure {
				return len(text), false
			}
		case '.', '!', '?', '…':
			next, n := afterMarks(text[i:])
			if next == utf8.RuneError || !unicode.IsSpace(next) || abbreviates(text[:i]) {
				continue
			}
			if r == '.' && endsInCurrency(tail(strings.TrimSuffix(text[:i], "."))) {
				// Rs. 500 is one amount.
				rest := strings.TrimLeftFunc(text[i+n:], unicode.IsSpace)
				if rest == "" {
					return len(text), false
				}
				if c, _ := utf8.DecodeRuneInString(rest); unicode.IsNumber(c) {
					continue
				}
			}
			_, space := utf8.DecodeRuneInString(text[i+n:])
			return i + n + space, true
		}
	}
	return len(text), false
}

// overLine reports whether an amount goes on over the line break between two
// texts, which a reader sees as a space: 89 and EUR, or € and 89. sure is false
// if that depends on what comes after.
func overLine(before, after string) (goesOn, sure bool) {
	before = strings.TrimRight(marker.ReplaceAllString(plain(tail(before)), ""), " ([-:")
	last, _ := utf8.DecodeLastRuneInString(before)
	number, currency := unicode.IsDigit(last), endsInCurrency(before)
	if !number && !currency {
		return false, true
	}
	rest := strings.TrimLeft(plain(after), " \n([:-")
	if rest == "" {
		return true, false
	}
	if strings.HasPrefix(rest, "&") && !strings.Contains(rest, ";") || strings.HasPrefix(rest, "<") {
		return len(rest) < near, len(rest) >= near // an entity or a tag that is not whole yet
	}
	first, _ := utf8.DecodeRuneInString(rest)
	if currency && unicode.IsDigit(first) {
		return true, true
	}
	if !number {
		return false, true
	}
	word := strings.TrimLeftFunc(rest, unicode.IsLetter)
	whole := word != "" || !unicode.IsLetter(first) // nothing can be added to the word
	_, _, ok := currencyAfter(rest)
	return ok, whole
}

// afterMarks skips the markers, quotes and brackets that close a sentence and
// returns the rune that follows; utf8.RuneError at the end of s.
func afterMarks(s string) (rune, int) {
	n := 0
	for {
		r, size := utf8.DecodeRuneInString(s[n:])
		if r == '[' || unicode.IsSpace(r) && strings.HasPrefix(s[n+size:], "[") {
			if m := markerHere.FindString(s[n:]); m != "" {
				n += len(m)
				continue
			}
		}
		if size == 0 || r == utf8.RuneError {
			return utf8.RuneError, n
		}
		if strings.ContainsRune(`"'”’»)]*_`, r) {
			n += size
			continue
		}
		return r, n
	}
}

// abbreviates reports whether the full stop at the end of s is that of an
// abbreviation or of a numbered list, so that no sentence ends there.
func abbreviates(s string) bool {
	word := s[strings.LastIndexAny(strings.TrimRight(s, "."), " \n(")+1:]
	switch strings.ToLower(word) {
	case "e.g.", "i.e.", "approx.", "ca.", "z.b.", "no.", "nr.", "incl.", "excl.", "max.", "min.", "vs.", "st.", "dr.":
		return true
	}
	return strings.Trim(word, "0123456789") == "." && !strings.Contains(s, " ")
}

// sentences returns the sentences at the beginning of text that are known to be
// whole: after a full stop, the next sentence must have begun, since a marker or
// a decimal may still come.
func sentences(text string) []string {
	var out []string
	for text != "" {
		end, sure := firstBorder(text)
		rest := text[end:]
		switch {
		case !sure:
			return out
		case strings.HasSuffix(text[:end], "\n"):
		case rest == "", strings.HasPrefix(rest, "[") && !strings.Contains(rest, "]"):
			return out
		}
		out, text = append(out, text[:end]), rest
	}
	return out
}

// allSentences returns the sentences of text, of which no more will come.
func allSentences(text string) []string {
	var out []string
	for text != "" {
		end, _ := firstBorder(text)
		out, text = append(out, text[:end]), text[end:]
	}
	return out
}
