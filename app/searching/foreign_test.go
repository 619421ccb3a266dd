package searching_test

import (
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/ports"
)

// Who writes another language than the shop finds its terms by the words that
// both have for them; the small words of any language are left out, no word is a slip, and a
// model that does not know the language is not asked.
func TestAnotherLanguageThanTheShops(t *testing.T) {
	w := newWorld(t)
	w.cfg.EmbeddingModel = "embedder-1"
	w.deps.Embedder = func(string) ports.Embedder { return memory.NewEmbedder(4) }
	w.deps.KnowsLanguage = func(_, language string) bool { return language == "en" }
	s, err := searching.New(w.deps, w.cfg)
	w.must(err)
	for _, c := range []struct {
		question, locale string
		plain            bool
		text             string
		meaning          bool
	}{
		{"Was kostet der Versand nach Wien?", "en", false, "Versand Wien?", false},
		{"Was kostet der Versand nach Wien?", "de", false, "Versand Wien?", false},
		{"Versand und Kosten", "de", false, "Versand", false}, // one small word shows no language
		{"Was kostet der Versand nach Wien?", "en", true, "Was kostet der Versand nach Wien?", false},
		{"What does the shipping cost?", "en", false, "What does the shipping cost?", true},
	} {
		r, err := s.Search(w.Context(), searching.Question{Scope: w.scope(), Text: c.question, Budget: 4000, ShopLocale: c.locale, Plain: c.plain})
		w.must(err)
		if r.Understanding.Text != c.text || r.Meaning != c.meaning {
			t.Errorf("%s, %s: searched %q, by meaning %v; want %q, %v", c.locale, c.question, r.Understanding.Text, r.Meaning, c.text, c.meaning)
		}
		if also := strings.Join(r.Understanding.Because, "; "); c.locale == "en" && c.text == "Versand Wien?" && (!strings.Contains(also, "searched versand also as shipping") || !strings.HasPrefix(titles(r.Chosen()), "Shipping")) {
			t.Errorf("%s: %s; chose %s", c.question, also, titles(r.Chosen()))
		}
	}
}
