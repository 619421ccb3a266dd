package retrieval_test

import (
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// What is not wanted is no word to look for, and is left out also where no field says
// so by itself.
func TestRefused(t *testing.T) {
	l := workshop()
	for _, c := range []struct{ question, refused, text string }{
		{"Handschuhe ohne Leder", "leder", "Handschuhe ohne Leder"},
		{"Handschuhe nicht aus Leder", "leder", "Handschuhe"},
		{"ich bin allergisch gegen Leder, welche Handschuhe", "leder", "ich bin , welche Handschuhe"}, //nolint:misspell // German
		{"Lederallergie, welche Handschuhe?", "leder", "Lederallergie, welche Handschuhe?"},
		{"habt ihr keine Handschuhe", "", "habt ihr keine Handschuhe"}, // which wants them
		{"Handschuhe ohne Quaste", "", "Handschuhe ohne Quaste"},       // nothing has any
		{"ohne", "", "ohne"},
		{"", "", ""},
	} {
		got := l.Refused(c.question, "de")
		if strings.Join(got, " ") != c.refused {
			t.Errorf("%q: %q, want %q", c.question, got, c.refused)
		}
		text := strings.Join(strings.Fields(c.question), " ")
		for _, w := range got {
			text = retrieval.WithoutRefused(text, w)
		}
		if text != c.text {
			t.Errorf("%q: text %q, want %q", c.question, text, c.text)
		}
		if also := strings.Join(retrieval.AlsoBecause(l.Compounds(c.question, nothingKnown, "de")), "; "); strings.Contains(also, "leder ") {
			t.Errorf("%q: %s", c.question, also)
		}
	}
	if got := l.Refused("gloves ohne Leder", "en"); got != nil {
		t.Errorf("in English: %q", got)
	}
}
