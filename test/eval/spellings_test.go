package eval_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/domain/evaluation"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// lexiconOf returns the words of a shop.
func lexiconOf(entries []retrieval.Entry) *retrieval.Lexicon {
	l := &retrieval.Lexicon{}
	for _, e := range entries {
		l.AddFacts(e.Title, e.Facts)
		for _, c := range e.Chunks {
			l.Add(c.Heading + "\n" + c.Text)
		}
	}
	return l
}

// TestSpellings asks the judged questions as they are, with the other forms of their
// words, and with one slip in a word of each that has a word of five letters or
// more.
func TestSpellings(t *testing.T) {
	figure(t)
	s := theSet(t)
	l := lexiconOf(s.entries)
	x := index{Searcher: theRanking(t)}
	respelled := func(text string) string {
		out, _ := retrieval.Respell(text, retrieval.Vocabulary{}, l, words.IsWord)
		return out
	}
	scores := func(text func(string) string) []evaluation.Scores {
		return x.scores(t, s.questions, func(i int) retrieval.Query { return retrieval.Query{Text: text(s.questions[i].Text)} })
	}
	right := scores(func(text string) string { return text })
	tell(t, "as they are", right)
	kept := scores(respelled)
	tell(t, "as they are, respelled", kept)
	forms := x.scores(t, s.questions, func(i int) retrieval.Query {
		return retrieval.Query{Text: s.questions[i].Text, Also: l.Forms(s.questions[i].Text, "en")}
	})
	tell(t, "as they are, and in other forms", forms)
	if a, b := evaluation.Mean(right).NDCG, evaluation.Mean(forms).NDCG; b < a {
		t.Errorf("with other forms: NDCG@10 %.4f, without %.4f", b, a)
	}
	slipped := func(text string) string { return slip(text, rand.New(rand.NewPCG(1, uint64(len(text))))) }
	wrong := scores(slipped)
	tell(t, "with a slip", wrong)
	mended := scores(func(text string) string { return respelled(slipped(text)) })
	tell(t, "with a slip, respelled", mended)
	if a, b := evaluation.Mean(right).NDCG, evaluation.Mean(kept).NDCG; b < a {
		t.Errorf("respelling questions without slips: NDCG@10 %.4f, before it %.4f", b, a)
	}
	lost, left := evaluation.Mean(right).NDCG-evaluation.Mean(wrong).NDCG, evaluation.Mean(right).NDCG-evaluation.Mean(mended).NDCG
	if left > lost/2 {
		t.Errorf("slips cost %.4f NDCG@10, with respelling %.4f still", lost, left)
	}
}

// slip returns text with one slip of the fingers in its longest word, but for
// that word's first letter.
func slip(text string, r *rand.Rand) string {
	longest := ""
	for w := range strings.FieldsSeq(text) {
		if len(w) > len(longest) && strings.Trim(strings.ToLower(w), "abcdefghijklmnopqrstuvwxyz") == "" {
			longest = w
		}
	}
	if len(longest) < 5 {
		return text
	}
	return strings.Replace(text, longest, slipIn(longest, r), 1)
}

// slipIn returns an ASCII word of at least three letters with one slip.
func slipIn(word string, r *rand.Rand) string {
	b := []byte(word)
	at := 1 + r.IntN(len(b)-2)
	letter := byte('a' + r.IntN(26))
	switch r.IntN(4) {
	case 0:
		b = append(b[:at], b[at+1:]...)
	case 1:
		b[at] = letter
	case 2:
		b[at], b[at+1] = b[at+1], b[at]
	default:
		b = append(b[:at], append([]byte{letter}, b[at:]...)...)
	}
	return string(b)
}

// TestSlipsInTheDemo makes slips in the words of the demo's titles: most are read
// as the words that they were. Words of the language that the shop does not have
// are left as they are.
func TestSlipsInTheDemo(t *testing.T) {
	entries := demoEntries(t)
	l := lexiconOf(entries)
	r := rand.New(rand.NewPCG(1, 2))
	made, same := 0, 0
	for _, e := range entries {
		for w := range strings.FieldsSeq(e.Title) {
			w = strings.ToLower(w)
			if utf8.RuneCountInString(w) < 5 || strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") != "" {
				continue
			}
			wrong := slipIn(w, r)
			if l.Knows(wrong) {
				continue
			}
			made++
			if got, _ := retrieval.Respell("do you have "+wrong, retrieval.Vocabulary{}, l, words.IsWord); strings.Join(retrieval.Tokens(got), " ") == strings.Join(retrieval.Tokens("do you have "+w), " ") {
				same++
			}
		}
	}
	t.Logf("%d of %d slips are read as the word that they were", same, made)
	if made < 50 || float64(same) < 0.85*float64(made) {
		t.Errorf("%d of %d slips are read as the word that they were", same, made)
	}
}
