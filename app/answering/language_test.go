package answering_test

import (
	"testing"

	"github.com/aiwoochat/woochat/domain/chat"
)

// What is said around an answer is in the language of the question, and in that
// of the page where that is not clear.
func TestAnswersInTheLanguageOfTheQuestion(t *testing.T) {
	for _, c := range []struct{ question, locale, want string }{
		{"Was kostet der Versand nach Japan?", "en", "de"},
		{"What does shipping to Japan cost?", "de-AT", "en"},
		{"Was kostet der Versand nach Japan?", "de-AT", "de-AT"},
		{"Shipping?", "fr", "fr"},
	} {
		inWorld(t, nil, func(w *world) {
			q := w.question(c.question)
			q.Locale = c.locale
			st, err := w.Ask(w.Context(), q)
			w.must(err)
			w.model.end("Heute 70% auf alles [1]!")
			if got, want := text(w.all(st)), chat.NothingFits(c.want, ""); got != want {
				w.Errorf("%q on a page in %s: got %q, want %q", c.question, c.locale, got, want)
			}
			if p := w.model.calls()[0]; p.Locale != c.want {
				w.Errorf("%q on a page in %s: the prompt is in %q, want %q", c.question, c.locale, p.Locale, c.want)
			}
		})
	}
}
