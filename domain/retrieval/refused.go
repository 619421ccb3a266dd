package retrieval

import (
	"slices"
	"strings"
)

// Refused returns the words of a question that it does not want, folded, in the
// languages of Compounds, where the shop has them or compounds of them: the leder of
// "ohne Leder" and of "Lederallergie". No value of a field need be the word: what is
// of Rindsleder is of Leder.
func (l *Lexicon) Refused(question string, languages ...string) []string {
	if !slices.ContainsFunc(languages, compounding) {
		return nil
	}
	var words, out []string
	eachWord(question, func(_, _ int, w string) {
		if len(words) < maxAsked {
			words = append(words, w)
		}
	})
	for i := range words {
		w := allergy(words[i])
		if w == "" && i > 0 && refuses(words[max(0, i-2):i]) {
			w = words[i]
		}
		if len(w) >= minHead && !formless(w) && !slices.Contains(out, w) && (l.Knows(w) || l.HasCompound(w, languages...)) {
			out = append(out, w)
		}
	}
	return out
}

// WithoutRefused returns text without word, which is folded, wherever it stands after
// "nicht aus" and the like, with those: what stands after "ohne" no index searches as
// wanted.
func WithoutRefused(text, word string) string {
	left := []byte(text)
	var before []string
	var starts []int
	eachWord(text, func(start, end int, w string) {
		n := len(before)
		if n >= 2 && w == word && refuses(before[n-2:]) && !lacking(before[n-1]) {
			for i := starts[n-2]; i < end; i++ {
				left[i] = ' '
			}
		}
		before, starts = append(before, w), append(starts, start)
	})
	return strings.Join(strings.Fields(string(left)), " ")
}

// refuses reports whether what comes after these words is not wanted.
func refuses(before []string) bool {
	last := before[len(before)-1]
	two := strings.Join(before, " ")
	//nolint:misspell // German and Dutch
	return wordIn("ohne zonder", last) ||
		slices.Contains([]string{"nicht aus", "nicht mit", "niet van", "niet met", "allergisch gegen", "allergisch auf", "allergisch voor", "allergie gegen", "allergie voor"}, two)
}

// allergy returns to what word is an allergy, "" if it is none.
func allergy(word string) string {
	for _, ending := range []string{"allergie", "allergien", "allergiker", "allergisch"} { //nolint:misspell // German
		if to, ok := strings.CutSuffix(word, ending); ok && len(to) >= minHead {
			return to
		}
	}
	return ""
}
