package retrieval_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

func parsed(t testing.TB, lines ...string) []retrieval.Synonym {
	t.Helper()
	var out []retrieval.Synonym
	for _, l := range lines {
		s, err := retrieval.ParseSynonym(l)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

func TestParseSynonym(t *testing.T) {
	for text, want := range map[string]string{
		"sneakers = trainers = gym shoes":     "sneakers = trainers = gym shoes",
		" sneakers=trainers =gym   shoes = ":  "sneakers = trainers = gym shoes",
		"hoodie -> sweatshirt":                "hoodie -> sweatshirt",
		"hoodie = hoody->sweatshirt = jumper": "hoodie = hoody -> sweatshirt = jumper",
		"Jacke = jacke = Anorak":              "Jacke = Anorak",
		"登山靴 = ブーツ":                           "登山靴 = ブーツ",
	} {
		s, err := retrieval.ParseSynonym(text)
		if err != nil || s.String() != want {
			t.Errorf("%q: %q, %v", text, s, err)
		}
		if again, err := retrieval.ParseSynonym(s.String()); err != nil || again.String() != want {
			t.Errorf("%q again: %q, %v", text, again, err)
		}
	}
	for _, text := range []string{
		"", "sneakers", "sneakers = SNEAKERS", "->", "-> sweatshirt", "hoodie ->", "a -> b -> c", "? = !", "a\x00b = c",
		strings.Repeat("a", 101) + " = b", "one two three four five six = b", strings.Repeat("a = b", 1) + strings.Repeat(" = c d", 1) + strings.Repeat(" = \xff", 1),
	} {
		if s, err := retrieval.ParseSynonym(text); !errors.Is(err, retrieval.ErrBadSynonyms) {
			t.Errorf("%q: %q, %v", text, s, err)
		}
	}
}

func TestValidSynonyms(t *testing.T) {
	many := slices.Repeat(parsed(t, "a = b"), retrieval.MaxSynonyms)
	if got, err := retrieval.ValidSynonyms(many); err != nil || len(got) != len(many) {
		t.Errorf("%d, %v", len(got), err)
	}
	long := retrieval.Synonym{}
	for i := range retrieval.MaxSynonymWords + 1 {
		long.Words = append(long.Words, fmt.Sprint("word", i))
	}
	for name, list := range map[string][]retrieval.Synonym{
		"too many":  append(many, many[0]),
		"too long":  {long},
		"an equals": {{Words: []string{"a=b", "c"}}},
		"an arrow":  {{Words: []string{"a", "c -> d"}}},
		"nothing":   {{}},
	} {
		if _, err := retrieval.ValidSynonyms(list); !errors.Is(err, retrieval.ErrBadSynonyms) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSynonymsOf(t *testing.T) {
	list := parsed(t, "sneakers = trainers = gym shoes", "hoodie -> sweatshirt", "Turnschuh = Sportschuh", "tee -> t-shirt")
	var l retrieval.Lexicon
	l.Add("Sportschuhe und ein Sportschuh")
	for _, c := range []struct {
		question  string
		languages []string
		want      string
	}{
		{"blue trainers", nil, "searched trainer also as sneaker or gym shoe"},
		{"gym shoes for men", nil, "searched gym shoe also as sneaker or trainer"},
		{"shoes for the gym", nil, ""},
		{"a hoodie", nil, "searched hoody also as sweatshirt"},
		{"a sweatshirt", nil, ""},
		{"Turnschuhe", []string{"de"}, "searched turnschuhe also as sportschuh or sportschuhe"},
		{"Turnschuhe", []string{"en"}, ""},
		{"jacket", nil, ""},
		{"", nil, ""},
	} {
		got := strings.Join(retrieval.AlsoBecause(l.SynonymsOf(c.question, list, c.languages...)), "; ")
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.question, got, c.want)
		}
	}
	if got := l.SynonymsOf("sneakers", nil); got != nil {
		t.Errorf("of no synonyms: %v", got)
	}
}

func TestMergeAlternatives(t *testing.T) {
	a := retrieval.Alternative{Of: []string{"a"}, Tokens: []string{"b"}, Weight: 0.5}
	b := a
	b.Weight = 0.8
	if got := retrieval.MergeAlternatives([]retrieval.Alternative{a}, nil, []retrieval.Alternative{b}); len(got) != 1 || got[0].Weight != 0.8 {
		t.Errorf("%v", got)
	}
	var many []retrieval.Alternative
	for i := range 100 {
		many = append(many, retrieval.Alternative{Of: []string{"a"}, Tokens: []string{fmt.Sprint(i)}, Weight: float64(i+1) / 100})
	}
	if got := retrieval.MergeAlternatives(many); len(got) != retrieval.MaxAlternatives || got[0].Weight != 1 {
		t.Errorf("%d of them", len(got))
	}
}

// FuzzParseSynonym: what is read is written as it is read again, and makes a search
// that an index takes.
func FuzzParseSynonym(f *testing.F) {
	for _, s := range []string{"sneakers = trainers = gym shoes", "hoodie -> sweatshirt", "a=b->c", "ß = SS", "= = ="} {
		f.Add(s, "blue sneakers")
	}
	f.Fuzz(func(t *testing.T, text, question string) {
		s, err := retrieval.ParseSynonym(text)
		if err != nil {
			if !errors.Is(err, retrieval.ErrBadSynonyms) {
				t.Fatal(err)
			}
			return
		}
		again, err := retrieval.ParseSynonym(s.String())
		if err != nil || again.String() != s.String() {
			t.Fatalf("%q, %q: %v", s, again, err)
		}
		var l retrieval.Lexicon
		q := retrieval.Query{Text: question, Limit: 1, Also: l.SynonymsOf(question, []retrieval.Synonym{s}, "en", "de")}
		if err := q.Valid(0); err != nil {
			t.Fatal(err)
		}
	})
}

func ExampleLexicon_SynonymsOf() {
	sneakers, err := retrieval.ParseSynonym("sneakers = trainers = gym shoes")
	if err != nil {
		fmt.Println(err)
		return
	}
	var shop retrieval.Lexicon
	for _, line := range retrieval.AlsoBecause(shop.SynonymsOf("white gym shoes", []retrieval.Synonym{sneakers})) {
		fmt.Println(line)
	}
	// Output: searched gym shoe also as sneaker or trainer
}
