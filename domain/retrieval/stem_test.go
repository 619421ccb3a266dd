package retrieval_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

func TestStem(t *testing.T) {
	for language, groups := range map[string][]string{
		"en": {"tent tents", "battery batteries", "hike hiking hiked hikes", "camp camping", "run running", "insulate insulated", "box boxes boxing", "ship shipping shipped", "cover covered covers", "knife knives"},
		"de": {"jacke jacken", "zelt zelte zelten zeltes", "kind kinder kindern kindes", "tasche taschen", "buch bucher buchern", "rot rote roter rotes roten rotem", "schuh schuhe schuhs", "besucherin besucherinnen", "verzeichnis verzeichnisse", "hemd hemden"},
		"fr": {"veste vestes", "chaussure chaussures", "cheval chevaux", "bateau bateaux", "bon bonne bonnes bons", "vert verte verts vertes", "randonnee randonnees", "impermeable impermeables", "lampe lampes", "sac sacs"},
		"es": {"zapato zapatos zapata", "rojo roja rojos rojas", "luz luces", "chaqueta chaquetas", "camion camiones", "mochila mochilas", "verde verdes", "flor flores"},
		"it": {"giacca giacche", "scarpa scarpe", "rosso rossa rossi rosse", "zaino zaini", "libro libri", "borsa borse", "lungo lunghi lunghe"},
		"nl": {"schoen schoenen", "jas jassen", "boom bomen", "huis huizen", "tas tassen", "brief brieven", "rood rode", "lamp lampen", "winter winters", "wit witte"},
		"pl": {"kurtka", "kurtki"},
		"":   {"tents", "tent"},
	} {
		stems := map[string]string{}
		for _, g := range groups {
			stem := ""
			for w := range strings.FieldsSeq(g) {
				s := retrieval.Stem(language, w)
				if stem == "" {
					stem = s
				}
				if s != stem {
					t.Errorf("%s: the stem of %q is %q, want %q as that of the rest of %q", language, w, s, stem, g)
				}
			}
			if other := stems[stem]; other != "" {
				t.Errorf("%s: %q and %q have the stem %q", language, other, g, stem)
			}
			stems[stem] = g
		}
	}
	// Words that are not of one another.
	for language, words := range map[string]string{
		"en": "car care cart string ring king bed bee", "de": "bus buch zelt see rot ros", "fr": "sac as bas", "es": "sol sal pan", "it": "oro ora", "nl": "zes zee tas",
	} {
		seen := map[string]string{}
		for w := range strings.FieldsSeq(words) {
			s := retrieval.Stem(language, w)
			if seen[s] != "" {
				t.Errorf("%s: %q and %q have the stem %q", language, seen[s], w, s)
			}
			seen[s] = w
		}
	}
}

// FuzzStem: a stem is bounded by its word, never empty, begins as it does, and is
// the same each time.
func FuzzStem(f *testing.F) {
	for _, w := range []string{"jacken", "chevaux", "hiking", "aaaaaaaa", "sss", "xxxxx", "eeeee", "ing", "niss", "grün", "b2", "ie", "nnen", "innen"} {
		for _, l := range []string{"en", "de", "fr", "es", "it", "nl", "pl"} {
			f.Add(l, w)
		}
	}
	f.Fuzz(func(t *testing.T, language, word string) {
		s := retrieval.Stem(language, word)
		switch {
		case s != retrieval.Stem(language, word):
			t.Fatal("not the same twice")
		case word == "" && s != "", word != "" && s == "":
			t.Fatalf("%q: %q", word, s)
		case len(s) > len(word)+1, len(word) >= 3 && len(s) < 3, len(word) < 3 && s != word:
			t.Fatalf("%q: %q", word, s)
		case len(word) > 2 && utf8.ValidString(word) && !strings.HasPrefix(s, word[:2]):
			t.Fatalf("%q: %q", word, s)
		}
	})
}

func ExampleStem() {
	fmt.Println(retrieval.Stem("de", "jacken") == retrieval.Stem("de", "jacke"))
	fmt.Println(retrieval.Stem(retrieval.LanguageOf("nl-BE"), "bomen"))
	// Output:
	// true
	// bom
}
