package retrieval

import (
	"slices"
	"strings"
	"testing"
)

// Each thing is called something in each language, by words that are searched,
// and none of them is another thing in the same language.
func TestCommonTable(t *testing.T) {
	c := NewCommonWords()
	if lines := strings.Count(strings.TrimSpace(commonTable), "\n") + 1; len(c.things) != lines {
		t.Fatalf("%d things in %d lines", len(c.things), lines)
	}
	names := make(map[string]int)
	for i, thing := range c.things {
		for language := range strings.FieldsSeq(commonLanguages) {
			if !slices.ContainsFunc(thing.words, func(w commonWord) bool { return w.language == language }) {
				t.Errorf("line %d has nothing in %s", i+1, language)
			}
		}
		for _, w := range thing.words {
			name := w.language + " " + strings.Join(w.tokens, " ")
			if other, ok := names[name]; ok && other != i {
				t.Errorf("%q is in lines %d and %d", name, other+1, i+1)
			}
			names[name] = i
			if len(w.tokens) == 0 || len(w.content) == 0 || stopWord(w.content[0]) {
				t.Errorf("line %d: %q is no word to search", i+1, w.tokens)
			}
		}
	}
}
