package retrieval

import (
	"slices"
	"strings"
	"testing"
)

// A small word stands once in its language, as words of a question are written
// when they are compared, and what is said of words of other languages is said of
// words that are there.
func TestSmallTable(t *testing.T) {
	var languages []string
	for _, s := range smallTable() {
		languages = append(languages, s.language)
		seen := make(map[string]bool)
		for w := range strings.FieldsSeq(s.tells + " " + s.others) {
			if seen[w] {
				t.Errorf("%s: %q is there twice", s.language, w)
			}
			seen[w] = true
			eachWord(w, func(_, _ int, folded string) {
				if folded != w {
					t.Errorf("%s: %q is never compared, %q is", s.language, w, folded)
				}
			})
		}
	}
	if want := strings.Fields(commonLanguages); !slices.Equal(languages, want) {
		t.Errorf("languages %v, want %v", languages, want)
	}
	for w := range strings.FieldsSeq(alike) {
		if !smallAbroad(w) || len(w) < 3 {
			t.Errorf("%q is alike, and no small word of another language that could show it", w)
		}
		if foreign(w) {
			t.Errorf("%q is alike and shows another language", w)
		}
	}
}
