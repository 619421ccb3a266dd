package glove

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestWord bounds what is looked up; no word of the table is as long.
const longestWord = 64

// eachWord calls f with the words of text in lower case, at most maxWords of
// them: letters, digits, and the hyphens and apostrophes between them. It stops
// when f returns false.
func eachWord(text string, f func(word string) bool) {
	start := -1
	left := maxWords
	flush := func(end int) bool {
		if start < 0 {
			return true
		}
		word := strings.TrimRight(text[start:end], "'’-‐‑")
		start = -1
		left--
		return f(strings.ToLower(word)) && left > 0
	}
	for i, r := range text {
		switch {
		case r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || start >= 0 && unicode.IsMark(r)):
			if start < 0 {
				start = i
			}
		case start >= 0 && inWord(r):
		default:
			if !flush(i) {
				return
			}
		}
	}
	flush(len(text))
}

func inWord(r rune) bool { return r == '\'' || r == '’' || r == '-' || r == '‐' || r == '‑' }

// lookUp calls found with the place of what stands for word in the table: the
// word itself; without its accents; without a possessive; as a singular or
// another form of itself; written as one; or its parts, if it is put together
// with hyphens. What is not found so is not known, and found is not called.
func (t *table) lookUp(word string, found func(i int)) {
	if len(word) > longestWord {
		return
	}
	word = straight(word)
	if i, ok := t.form(word); ok {
		found(i)
		return
	}
	if !strings.Contains(word, "-") {
		return
	}
	if i, ok := t.form(strings.ReplaceAll(word, "-", "")); ok {
		found(i)
		return
	}
	for part := range strings.SplitSeq(word, "-") {
		if i, ok := t.form(part); ok {
			found(i)
		}
	}
}

// form finds word or the form of it that the table has.
func (t *table) form(word string) (int, bool) {
	if word == "" {
		return 0, false
	}
	if i, ok := t.find(word); ok {
		return i, true
	}
	if before, after, cut := strings.Cut(word, "'"); cut {
		if i, ok := t.find(before + after); ok && after != "s" { // o'clock
			return i, true
		}
		if len(before) < 2 {
			return 0, false
		}
		word = before // men's, we'll
		if i, ok := t.find(word); ok {
			return i, true
		}
	}
	for _, end := range endings() {
		if stem, ok := strings.CutSuffix(word, end.from); ok && len(stem) >= 3 {
			if i, ok := t.find(stem + end.to); ok {
				return i, true
			}
		}
	}
	return 0, false
}

type ending struct{ from, to string }

// endings lists what an English word may end in and what it comes to without,
// the longest first. They are tried in order on a word that is not in the table.
func endings() []ending {
	return []ending{
		{"iest", "y"},
		{"iness", "y"},
		{"ings", ""},
		{"ings", "e"},
		{"ies", "y"},
		{"ier", "y"},
		{"ied", "y"},
		{"ily", "y"},
		{"ing", ""},
		{"ing", "e"},
		{"est", ""},
		{"est", "e"},
		{"ves", "f"},
		{"ves", "fe"},
		{"ness", ""},
		{"less", ""},
		{"able", ""},
		{"able", "e"},
		{"isers", "izer"},
		{"iser", "izer"},
		{"ise", "ize"},
		{"our", "or"},
		{"ed", ""},
		{"ed", "e"},
		{"er", ""},
		{"er", "e"},
		{"es", ""},
		{"ly", ""},
		{"s", ""},
		{"y", ""},
	}
}

// straight returns word with ASCII hyphens and apostrophes, and without the
// diacritics of Latin letters: the table has neither.
func straight(word string) string {
	ascii := true
	for i := range len(word) {
		ascii = ascii && word[i] < utf8.RuneSelf
	}
	if ascii {
		return word
	}
	var b strings.Builder
	for _, r := range word {
		switch {
		case r == '’':
			b.WriteByte('\'')
		case r == '‐' || r == '‑':
			b.WriteByte('-')
		case unicode.IsMark(r):
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		default:
			b.WriteString(base(r))
		}
	}
	return b.String()
}

// base returns the letters that r is without its diacritics, r itself if that is
// not known.
func base(r rune) string {
	const (
		letters = "àáâãäåçèéêëìíîïñòóôõöøùúûüýÿăąćčďđęěğłńňőřśşšťůűźżž"
		without = "aaaaaaceeeeiiiinoooooouuuuyyaaccddeeglnnorssstuuzzz"
	)
	at := 0
	for _, l := range letters {
		if l == r {
			return without[at : at+1]
		}
		at++
	}
	switch r {
	case 'ß':
		return "ss"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	}
	return string(r)
}
