package retrieval_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

func TestForms(t *testing.T) {
	var l retrieval.Lexicon
	l.Add("Jacken für Kinder. Jacken! Die Jacke eines Kindes, mit roten Taschen. Tent tents. Haben habe. Des bateaux.")
	for _, c := range []struct {
		question  string
		languages []string
		want      string
	}{
		{"Jacke", []string{"de"}, "searched jacke also as jacken"},
		{"rote Tasche für ein Kind", []string{"de"}, "searched rote also as roten; searched tasche also as taschen; searched kind also as kinder or kinde"},
		{"Jacke oder Jacken", []string{"de"}, ""}, // both are asked for
		{"Jacke", []string{"en"}, ""},             // no English word
		{"Jacke", nil, ""},                        // no language
		{"Jacke", []string{"pl"}, ""},             // none that is known
		{"tent", []string{"en"}, ""},              // the same token
		{"haben Sie Jacken", []string{"de"}, "searched jacken also as jacke"},
		{"un bateau", []string{"en", "fr"}, "searched bateau also as bateaux"},
		{"", []string{"de"}, ""},
	} {
		got := strings.Join(retrieval.AlsoBecause(l.Forms(c.question, c.languages...)), "; ")
		if got != c.want {
			t.Errorf("%q in %v: %q, want %q", c.question, c.languages, got, c.want)
		}
	}
	if !l.HasForm("jackes", "de") || l.HasForm("jackes", "en") || l.HasForm("jaket", "de") || l.HasForm("mantel", "de") {
		t.Error("HasForm is wrong")
	}
	if n := len(l.Forms(strings.Repeat("jacke rote tasche kind ", 100), "de")); n > retrieval.MaxAlternatives {
		t.Errorf("%d alternatives", n)
	}
}

// scoresOf returns the lexical order of chunks of these texts.
func searchTexts(t *testing.T, q retrieval.Query, texts ...string) []string {
	t.Helper()
	postings := map[string][]retrieval.Posting{}
	var documents []*retrieval.Indexed
	for i, text := range texts {
		d := &retrieval.Indexed{Document: retrieval.DocumentID(fmt.Sprint(i)), Chunks: []retrieval.IndexedChunk{{Tokens: len(retrieval.Tokens(text))}}}
		d.Prepare()
		documents = append(documents, d)
		words, _ := retrieval.WeightedTokens(retrieval.Entry{}, retrieval.Chunk{Text: text})
		for token, weighted := range words {
			postings[token] = append(postings[token], retrieval.Posting{Document: d, Weighted: weighted})
		}
	}
	q.Limit = 10
	before := fmt.Sprint(postings)
	ps, err := retrieval.NewCorpus(documents, retrieval.FusionWeights{}).Search(q, func(token string) ([]retrieval.Posting, error) { return postings[token], nil })
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(postings) != before {
		t.Error("the index's own postings were changed")
	}
	var out []string
	for _, p := range ps {
		out = append(out, string(p.Ref.Document))
	}
	return out
}

func TestAlternatives(t *testing.T) {
	also := func(weight float64, of, tokens string) retrieval.Alternative {
		return retrieval.Alternative{Of: strings.Fields(of), Tokens: strings.Fields(tokens), Weight: weight}
	}
	for _, c := range []struct {
		what, text string
		also       []retrieval.Alternative
		want       []string
	}{
		{"none", "jacke", nil, []string{"0"}},
		{"another form", "jacke", []retrieval.Alternative{also(0.8, "jacke", "jacken")}, []string{"0", "1"}},
		{"that is better known", "jackes", []retrieval.Alternative{also(0.8, "jacke", "jacken"), also(0.5, "jacke", "mantel")}, []string{"0", "1", "2"}},
		{"two for one", "sneaker", []retrieval.Alternative{also(0.5, "sneaker", "gym shoe")}, []string{"3"}},
		{"one for two", "gym shoe", []retrieval.Alternative{also(0.5, "gym shoe", "mantel")}, []string{"3", "2", "4"}},
		{"not asked", "gym", []retrieval.Alternative{also(0.5, "gym shoe", "mantel"), also(1, "mantel", "jacke")}, []string{"3", "4"}},
		{"not wanted", "jacken without gym", []retrieval.Alternative{also(1, "gym", "mantel")}, []string{"1"}},
	} {
		got := searchTexts(t, retrieval.Query{Text: c.text, Also: c.also}, "eine jacke da", "zwei jacken da", "ein mantel da", "gym shoe da", "gym bag da")
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: found %v, want %v", c.what, got, c.want)
		}
	}
}

func ExampleLexicon_Forms() {
	var shop retrieval.Lexicon
	shop.Add("Regenjacken und Jacken für Kinder")
	for _, line := range retrieval.AlsoBecause(shop.Forms("eine Jacke für ein Kind", retrieval.LanguageOf("de-DE"))) {
		fmt.Println(line)
	}
	// Output:
	// searched jacke also as jacken
	// searched kind also as kinder
}
