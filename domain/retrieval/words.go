package retrieval

import (
	"strings"
	"unicode"
)

// Tokens cuts text into the words by which an index finds it: runs of letters
// and digits in lower case, without diacritics (Größe becomes grosse, as does
// Grösse), English plurals as singulars, and an English 's dropped. Scripts
// that write without spaces give each pair of neighbouring characters. It is
// the same for what is stored and what is asked, so a word need not be one in
// any language to be found; it must only come out the same twice. A token holds
// letters, digits and combining marks only, never an operator.
func Tokens(text string) []string {
	var out []string
	eachWord(text, func(_, _ int, word string) {
		out = append(out, wordTokens(word)...)
	})
	return out
}

// MaxQueryTokens is how many different words of a question are searched; a
// question has fewer, and a pasted book must not cost a search its time.
const MaxQueryTokens = 64

// QueryTokens returns the first MaxQueryTokens different tokens of a question
// without those that are in every question, such as "the" and "have". If
// nothing else is left, it returns them all the same.
func QueryTokens(text string) []string {
	var all, content []string
	seen := make(map[string]bool)
	for _, t := range Tokens(text) {
		if seen[t] {
			continue
		}
		seen[t] = true
		if len(all) < MaxQueryTokens {
			all = append(all, t)
		}
		if !stopWord(t) {
			content = append(content, t)
		}
		if len(content) == MaxQueryTokens {
			break
		}
	}
	if len(content) == 0 {
		return all
	}
	return content
}

// TitleKey returns the text by which two titles are the same: their tokens. It
// is "" for a title without a word.
func TitleKey(title string) string { return strings.Join(Tokens(title), " ") }

// CodeKey returns the text by which two SKUs or GTINs are the same: letters
// and digits in lower case, so that AB-12, ab12 and "AB 12" are one. It is ""
// for a code without any.
func CodeKey(code string) string {
	var b strings.Builder
	for _, r := range code {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// eachWord calls f with each run of letters, digits and marks in text, folded,
// and where it stands. An apostrophe between letters belongs to the word.
func eachWord(text string, f func(start, end int, word string)) {
	var word strings.Builder
	start, last := -1, 0
	flush := func(end int) {
		if start >= 0 {
			w := strings.TrimRight(word.String(), "'")
			if w != "" {
				f(start, end, w)
			}
			word.Reset()
			start = -1
		}
	}
	for i, r := range text {
		switch {
		case r == unicode.ReplacementChar:
			flush(i)
		case unicode.IsLetter(r) || unicode.IsDigit(r) || start >= 0 && unicode.IsMark(r):
			if start >= 0 && spaceless(r) != spaceless(rune(last)) && !unicode.IsMark(r) {
				flush(i)
			}
			if start < 0 {
				start = i
			}
			if !unicode.IsMark(r) {
				last = int(r)
			}
			foldInto(&word, r)
		case start >= 0 && (r == '\'' || r == '’') && !strings.HasSuffix(word.String(), "'"):
			word.WriteByte('\'')
		default:
			flush(i)
		}
	}
	flush(len(text))
}

// foldInto writes r in lower case and without diacritics.
func foldInto(b *strings.Builder, r rune) {
	switch {
	case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
		b.WriteByte(byte(r))
		return
	case 'A' <= r && r <= 'Z':
		b.WriteByte(byte(r) + 'a' - 'A')
		return
	case 0x300 <= r && r <= 0x36F: // a combining accent
		return
	case 0xFF01 <= r && r <= 0xFF5E: // full-width ASCII
		foldInto(b, r-0xFF01+'!')
		return
	}
	switch r {
	case 'ß', 'ẞ':
		b.WriteString("ss")
	case 'æ', 'Æ':
		b.WriteString("ae")
	case 'œ', 'Œ':
		b.WriteString("oe")
	case 'þ', 'Þ':
		b.WriteString("th")
	case 'ĳ', 'Ĳ':
		b.WriteString("ij")
	default:
		base := byte(' ')
		switch {
		case 0xC0 <= r && r <= 0x17F:
			base = latin[r-0xC0]
		case 0x1E00 <= r && r <= 0x1EFF:
			base = latinAdditional[r-0x1E00]
		}
		if base == ' ' {
			b.WriteRune(foldGreekCyrillic(unicode.ToLower(r)))
			return
		}
		b.WriteByte(base)
	}
}

// Base letters of U+00C0 to U+017F and of U+1E00 to U+1EFF, from the Unicode
// decompositions; a space where there is none.
const (
	latin = "aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty" +
		"aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll" +
		"lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs"
	latinAdditional = "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmm" +
		"mmmmnnnnnnnnoooooooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvv" +
		"wwwwwwwwwwxxxxyyzzzzzzhtwyas  s aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee" +
		"eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy      "
)

func foldGreekCyrillic(r rune) rune {
	switch r {
	case 'ά':
		return 'α'
	case 'έ':
		return 'ε'
	case 'ή':
		return 'η'
	case 'ί', 'ϊ', 'ΐ':
		return 'ι'
	case 'ό':
		return 'ο'
	case 'ύ', 'ϋ', 'ΰ':
		return 'υ'
	case 'ώ':
		return 'ω'
	case 'ς':
		return 'σ'
	case 'ё':
		return 'е'
	}
	return r
}

// spaceless reports whether r is of a script that puts no spaces between words.
func spaceless(r rune) bool {
	return r == 'ー' || r >= 0xE00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// wordTokens returns the tokens of one folded word.
func wordTokens(word string) []string {
	first := []rune(word)
	if spaceless(first[0]) {
		if len(first) == 1 {
			return []string{word}
		}
		pairs := make([]string, 0, len(first)-1)
		for i := range len(first) - 1 {
			pairs = append(pairs, string(first[i:i+2]))
		}
		return pairs
	}
	if before, after, found := strings.Cut(word, "'"); found {
		switch {
		case after == "s": // men's
			return []string{singular(before)}
		case len(before) == 1 && len(after) > 2: // l'eau, d'été
			return []string{before, singular(strings.ReplaceAll(after, "'", ""))}
		}
		word = strings.ReplaceAll(word, "'", "") // don't
	}
	return []string{singular(word)}
}

// singular takes the plural ending off an English noun, and gives the nouns on
// -ie the ending that their plural comes to. It is Harman's s-stemmer ("How
// effective is suffixing?", 1991) with the endings that shops are full of.
func singular(w string) string {
	if len(w) < 4 {
		return w
	}
	switch w {
	case "women":
		return "woman"
	case "children":
		return "child"
	case "feet":
		return "foot"
	case "knives":
		return "knife"
	case "scarves", "scarfs":
		return "scarf"
	case "shelves":
		return "shelf"
	}
	end := func(suffix string) bool { return strings.HasSuffix(w, suffix) }
	switch {
	case end("ies") && len(w) > 4:
		return w[:len(w)-3] + "y"
	case end("ie") && len(w) > 4:
		return w[:len(w)-2] + "y"
	case end("sses"), end("xes"), end("ches"), end("shes"), end("zzes"):
		return w[:len(w)-2]
	case end("ss"), end("us"), !end("s"):
		return w
	}
	return w[:len(w)-1]
}

// stopWord reports whether token says nothing about what is asked for.
func stopWord(token string) bool {
	switch token {
	case "a", "an", "the", "and", "or", "of", "for", "to", "in", "on", "at", "by", "with", "from", "as", "into", "about",
		"is", "are", "was", "were", "be", "been", "am", "do", "doe", "did", "does", "has", "have", "had", "having", "ha", "can", "could",
		"will", "would", "should", "shall", "may", "might", "must",
		"i", "me", "my", "we", "us", "our", "you", "your", "it", "its", "he", "she", "they", "them", "their", "this", "that", "these",
		"those", "there", "here", "thi",
		"what", "which", "who", "whom", "when", "where", "why", "how",
		"any", "some", "such", "so", "too", "very", "just", "also", "then", "than", "if", "but", "not", "no", "without",
		"please", "hi", "hello", "hey", "thank", "thanks", "ok",
		"want", "need", "like", "looking", "look", "find", "show", "tell", "give", "get", "got", "buy", "sell", "im", "id", "ive",
		"dont", "doesnt", "whats", "something", "anything", "everything", "all", "one", "ones",
		// What every shop is full of tells nothing apart.
		"product", "item", "thing", "stuff", "article", "produkt", "produkte", "artikel", "ding", "dinge", "etwas", "alle", "alles":
		return true
	}
	return false
}
