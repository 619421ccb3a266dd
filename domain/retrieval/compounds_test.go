package retrieval_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// workshop is what a German shop for tools writes.
func workshop() *retrieval.Lexicon {
	var l retrieval.Lexicon
	l.Add("Montagehandschuhe und Lederhandschuhe. Gipskartondübel, Universaldübel. Akku-Rasenmäher. Eine Mehrzweckleiter begleitet Sie. Holzleim. " +
		"Rücksendeetikett. Kettensäge. Abholung und Öffnungszeiten. Wir schärfen Ketten. Geräteverleih. Schweißbrille für Metall. Rabatt auf alle Mengen. Ladegeräte.")
	return &l
}

func nothingKnown(string) bool { return false }

// A word of a question is found in the words that it is a part of, and the words
// that it is made of are found, in the languages that write several words as one.
func TestCompoundsOfTheShop(t *testing.T) {
	l := workshop()
	for _, c := range []struct{ question, language, want string }{
		{"Handschuhe", "de", "searched handschuhe also as lederhandschuhe or montagehandschuhe"},
		{"ein Handschuh", "de", "searched handschuh also as lederhandschuhe or montagehandschuhe"},
		{"Handschuhe aus Leder", "de", "searched handschuhe also as lederhandschuhe or montagehandschuhe; searched leder also as lederhandschuhe"},
		{"Dübel", "de", "searched dubel also as gipskartondubel or universaldubel"},
		{"Mäher", "de", "searched maher also as rasenmaher"},
		{"Leiter", "de", "searched leiter also as mehrzweckleiter"}, // and nobody is begleitet
		{"Leim", "de", "searched leim also as holzleim"},
		{"Ketten", "de", "searched ketten also as kettensage"}, // no Etikett
		{"kann ich es abholen", "de", "searched abholen also as abholung"},
		{"schärft ihr auch", "de", "searched scharft also as scharfen"},
		{"wann ist geöffnet", "de", "searched geoffnet also as offnungszeiten"},
		{"leihen", "de", "searched leihen also as gerateverleih"},
		{"Mengenrabatt", "de", "searched mengenrabatt also as mengen rabatt or rabatt"},
		{"Schweißgerät", "de", ""}, // there is no Gerät by itself
		{"Abholung", "de", ""},
		{"Sofa", "de", ""},
		{"Bad", "de", ""}, // too short to tell
		{"Garantie", "de", ""},
		{"Handschuhe", "en", ""},
		{"Handschuhe", "", ""},
		{"", "de", ""},
	} {
		got := strings.Join(retrieval.AlsoBecause(l.Compounds(c.question, nothingKnown, c.language)), "; ")
		if got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.question, c.language, got, c.want)
		}
	}
}

// No question makes a search of hundreds of words, and what the table of common
// words knows is left to it.
func TestCompoundsKeepTheirBounds(t *testing.T) {
	var l retrieval.Lexicon
	var question strings.Builder
	for _, head := range []string{"schrauber", "hammer", "zange", "leiter", "tasche", "lampe"} {
		fmt.Fprintf(&question, "%s ", head)
		for c := 'a'; c <= 'z'; c++ {
			l.Add(strings.Repeat(string(c), 4) + head)
			l.Add(head + strings.Repeat(string(c), 4))
		}
	}
	if n := len(l.Compounds(question.String(), nothingKnown, "de", "nl")); n != retrieval.MaxAlternatives {
		t.Errorf("%d alternatives, want %d", n, retrieval.MaxAlternatives)
	}
	if got := l.Compounds("hammer", func(token string) bool { return token == "hammer" }, "de"); len(got) > 0 {
		t.Errorf("got %v for a word that is known", got)
	}
	if !l.HasCompound("hammer", "de") || l.HasCompound("hammer", "en") || l.HasCompound("amboss", "de") {
		t.Error("HasCompound is wrong")
	}
}

func FuzzCompounds(f *testing.F) {
	f.Add("Handschuhe aus Leder", "Lederhandschuhe", "de")
	f.Add("tafels", "Eettafel", "nl")
	f.Add("\xff", "ſſſſ", "de")
	f.Fuzz(func(t *testing.T, question, text, language string) {
		var l retrieval.Lexicon
		l.Add(text)
		for _, w := range l.Refused(question, language) {
			retrieval.WithoutRefused(question, w)
		}
		for _, a := range l.Compounds(question, nothingKnown, language) {
			if len(a.Of) == 0 || len(a.Tokens) == 0 || a.Weight <= 0 || a.Weight > 1 {
				t.Fatalf("%+v", a)
			}
		}
	})
}

func ExampleLexicon_Compounds() {
	var l retrieval.Lexicon
	l.Add("Gefütterte Lederhandschuhe für den Winter")
	for _, a := range l.Compounds("Handschuhe aus Leder", func(string) bool { return false }, "de") {
		fmt.Println(a.Of, a.Tokens, a.Weight)
	}
	// Output:
	// [handschuhe] [lederhandschuhe] 0.64
	// [leder] [lederhandschuhe] 0.4
}

// BenchmarkCompounds looks for those of a question of twelve words among 100,000,
// of which a hundred end with each of a thousand heads.
func BenchmarkCompounds(b *testing.B) {
	var l retrieval.Lexicon
	heads := manyWords(1000)
	heads[0] = "handschuhe"
	for i := range 100_000 {
		l.Add(fmt.Sprintf("%c%c%cw%s", 'a'+i%26, 'a'+i/26%26, 'a'+i/676%26, heads[i%len(heads)]))
	}
	for b.Loop() {
		l.Compounds("ich suche Handschuhe aus weichem Leder gegen Kälte, mit denen ich Werkzeug halten kann", nothingKnown, "de")
	}
}
