package eval_test

import (
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/evaluation"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// slack is by how much meaning, or what is read out of a question, may lower what
// its words alone find on the judged questions.
const slack = 0.005

// TestMeaningNeverHurts: with the given vectors and with those of
// adapters/glove, the judged questions are answered as well as by words alone.
func TestMeaningNeverHurts(t *testing.T) {
	figure(t)
	s := theSet(t)
	texts := make([]string, len(s.questions))
	for i, q := range s.questions {
		texts[i] = q.Text
	}
	asked := gloveVectors(t, texts)
	entries := embedded(t)
	for name, c := range map[string]struct {
		x   index
		ask func(i int) retrieval.Query
	}{
		"given vectors": {index{Searcher: newRanking(s.entries)}, s.byBoth},
		"glove": {index{Searcher: newRanking(entries)}, func(i int) retrieval.Query {
			return retrieval.Query{Text: s.questions[i].Text, Vector: asked[i]}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			words, both := c.x.scores(t, s.questions, s.byWords), c.x.scores(t, s.questions, c.ask)
			tell(t, "words", words)
			tell(t, "words and "+name, both)
			differences := make([]float64, len(words))
			for i := range words {
				differences[i] = both[i].NDCG - words[i].NDCG
			}
			t.Logf("p = %.3f", evaluation.PairedP(differences, 1))
			if w, b := evaluation.Mean(words).NDCG, evaluation.Mean(both).NDCG; b < w-slack {
				t.Errorf("with %s: NDCG@10 %.4f, by words alone %.4f", name, b, w)
			}
		})
	}
}

// TestQuestionsInOtherWords asks the demo's shop what shares no content word with
// its answer: meaning finds it among the first five far oftener than words, by the
// ranking that all stores share and by Qdrant (see TestQdrantRanksNearly).
func TestQuestionsInOtherWords(t *testing.T) {
	questions := inOtherWords(t)
	entries := demoEntries(t)
	texts := make([]string, len(questions))
	for i, q := range questions {
		texts[i] = q.Text
		for _, e := range entries {
			if _, expected := q.Judged[string(e.Document)]; expected {
				shareNothing(t, q.Text, e)
			}
		}
	}
	asked := gloveVectors(t, texts)
	q := openQdrant(t)
	onQdrant := index{q, q, newSite()}
	onQdrant.fill(t.Context(), t, entries)
	for name, x := range map[string]index{"shared ranking": {Searcher: newRanking(entries)}, "Qdrant": onQdrant} {
		words := recallOfFive(t, x, questions, func(i int) retrieval.Query { return retrieval.Query{Text: questions[i].Text} })
		both := recallOfFive(t, x, questions, func(i int) retrieval.Query { return retrieval.Query{Text: questions[i].Text, Vector: asked[i]} })
		t.Logf("%s: recall@5 over %d questions: by words %.4f, with glove %.4f", name, len(questions), words, both)
		if both < words+0.2 {
			t.Errorf("%s: recall@5: by words %.4f, with glove %.4f, want 0.2 more", name, words, both)
		}
	}
}

func inOtherWords(t *testing.T) []evaluation.Question {
	t.Helper()
	questions := questionsOf(t, "paraphrases.csv")
	if len(questions) < 120 {
		t.Fatalf("%d questions", len(questions))
	}
	return questions
}

// recallOfFive returns how much of what is expected is among the first five.
func recallOfFive(t *testing.T, x index, questions []evaluation.Question, ask func(i int) retrieval.Query) float64 {
	t.Helper()
	scores := make([]evaluation.Scores, len(questions))
	for i, q := range questions {
		var found []string
		for _, name := range x.found(t, ask(i)) {
			if !strings.Contains(name, ":") {
				name = "product:" + name
			}
			found = append(found, name)
		}
		scores[i] = evaluation.Score(found, q.Judged, 5)
	}
	return evaluation.Mean(scores).Recall
}

// shareNothing fails if a question has a content word of the document.
func shareNothing(t *testing.T, question string, e retrieval.Entry) {
	t.Helper()
	for _, c := range e.Chunks {
		has, _ := retrieval.WeightedTokens(e, c)
		for _, token := range retrieval.QueryTokens(question) {
			if has[token] > 0 {
				t.Errorf("%q shares %q with %s", question, token, e.Document)
			}
		}
	}
}
