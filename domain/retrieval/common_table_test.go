package retrieval

import (
	"slices"
	"strings"
	"testing"
)

// minBegin is how long what words begin with is at least.
const minBegin = 5

// Each thing is called something in each language, by words that are searched,
// and none of them is another thing in the same language.
func TestCommonTable(t *testing.T) {
	c := NewCommonWords()
	if lines := len(strings.Split(strings.TrimSpace(commonTable), "\n")) + len(strings.Fields(strings.ReplaceAll(europe+elsewhere, " ", "_"))); len(c.things) != lines {
		t.Fatalf("%d things in %d lines", len(c.things), lines)
	}
	if c.abroad.words == nil || c.within.words == nil {
		t.Error("countries that a shop does not name are called nothing")
	}
	names := make(map[string]int)
	for i, thing := range c.things {
		for language := range strings.FieldsSeq(commonLanguages) {
			if !thing.place && !slices.ContainsFunc(thing.words, func(w commonWord) bool { return w.language == language && w.searched() }) {
				t.Errorf("line %d has nothing in %s", i+1, language)
			}
		}
		for _, w := range thing.words {
			name := w.language + " " + strings.Join(w.tokens, " ")
			if other, ok := names[name]; ok && (other != i || thing.place) {
				t.Errorf("%q is in lines %d and %d", name, other+1, i+1)
			}
			names[name] = i
			if w.asked {
				if w.language == "" || len(w.tokens) != 1 || len(w.tokens[0]) < minBegin || strings.ContainsAny(w.tokens[0], " -") {
					t.Errorf("line %d: %q is no beginning of a word, or that of too many", i+1, w.tokens)
				}
				continue
			}
			if len(w.tokens) == 0 || len(w.content) == 0 || stopWord(w.content[0]) {
				t.Errorf("line %d: %q is no word to search", i+1, w.tokens)
			}
		}
	}
}
