package retrieval

import (
	"slices"
	"strings"
)

// GuessLanguage returns the language of a question by the words that hold its
// sentences together: en, de, fr, es, it or nl, and "" where that is not clear, as
// of a single word or of another language.
func GuessLanguage(text string) string {
	table := smallTable()
	var found [len(table)]int
	seen := make(map[string]bool)
	eachWord(text[:min(len(text), maxRead)], func(_, _ int, word string) {
		for part := range strings.SplitSeq(word, "'") {
			if part == "" || seen[part] {
				continue
			}
			seen[part] = true
			for i, small := range table {
				if wordIn(small.tells, part) {
					found[i]++
				}
			}
		}
	})
	best, tied := 0, false
	for i := 1; i < len(found); i++ {
		switch {
		case found[i] > found[best]:
			best, tied = i, false
		case found[i] == found[best]:
			tied = true
		}
	}
	if tied || found[best] < minSmallWords {
		return ""
	}
	return table[best].language
}

// WithoutSmallWords returns a question without the words that hold its sentences
// together in a language: where the shop is in another one, they are found only
// where they mean something else, as the French en is in the standard EN 417. What
// negates stays.
func WithoutSmallWords(text, language string) string {
	table := smallTable()
	i := slices.IndexFunc(table[:], func(s smallWords) bool { return s.language == language })
	if i < 0 {
		return strings.Join(strings.Fields(text), " ")
	}
	left := []byte(text)
	eachWord(text, func(start, end int, word string) {
		if table[i].has(word) && !negates(word) {
			for i := start; i < end; i++ {
				left[i] = ' '
			}
		}
	})
	return strings.Join(strings.Fields(string(left)), " ")
}

func negates(word string) bool {
	return wordIn("not no without nicht kein keine ohne ne pas sans sin non senza niet geen zonder", word)
}

// minSmallWords is how many of its small words show a language: one may be a name.
const minSmallWords = 2
