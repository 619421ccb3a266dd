package eval_test

import (
	"os"
	"testing"

	"github.com/aiwoochat/woochat/domain/evaluation"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// TestChunkSizes measures whether texts that are cut in another size are found
// better. It says so, and demands nothing of a size but that it finds: the default
// was not chosen by it. WOOCHAT_PROVE=full asks the judged questions, too, which
// takes minutes.
func TestChunkSizes(t *testing.T) {
	full := os.Getenv("WOOCHAT_PROVE") == "full"
	sizes := []int64{retrieval.LeastTarget, retrieval.MostTarget}
	if full {
		sizes = []int64{64, 128, retrieval.DefaultTarget, 512, 1024}
	}
	questions := inOtherWords(t)
	texts := make([]string, len(questions))
	for i, q := range questions {
		texts[i] = q.Text
	}
	asked := gloveVectors(t, texts)
	for _, size := range sizes {
		c, err := retrieval.NewChunking(size)
		if err != nil {
			t.Fatal(err)
		}
		entries := demoCutBy(t, c)
		recall := recallOfFive(t, index{Searcher: newRanking(entries)}, questions, func(i int) retrieval.Query {
			return retrieval.Query{Text: questions[i].Text, Vector: asked[i]}
		})
		t.Logf("%s: demo, %d chunks of %d documents: questions in other words, recall@5 %.4f", c, chunksOf(entries), len(entries), recall)
		if recall < 0.2 {
			t.Errorf("%s: of questions in other words, recall@5 is %.4f", c, recall)
		}
		if full {
			judgedBy(t, c)
		}
	}
}

// judgedBy measures the judged questions over products that are cut by c.
func judgedBy(t *testing.T, c retrieval.Chunking) {
	t.Helper()
	s := theSet(t)
	count := newCount()
	entries := make([]retrieval.Entry, len(s.products))
	for i, p := range s.products {
		entries[i] = p.Entry(nil, count, c)
		embed(t, &entries[i])
	}
	x := index{Searcher: newRanking(entries)}
	texts := make([]string, len(s.questions))
	for i, q := range s.questions {
		texts[i] = q.Text
	}
	asked := gloveVectors(t, texts)
	words := x.scores(t, s.questions, s.byWords)
	both := x.scores(t, s.questions, func(i int) retrieval.Query {
		return retrieval.Query{Text: s.questions[i].Text, Vector: asked[i]}
	})
	differences := make([]float64, len(words))
	for i, was := range (index{Searcher: theRanking(t)}).scores(t, s.questions, s.byWords) {
		differences[i] = words[i].NDCG - was.NDCG
	}
	t.Logf("%s: ESCI, %d chunks of %d products, p of words beside the default %.3f", c, chunksOf(entries), len(entries), evaluation.PairedP(differences, 1))
	tell(t, c.String()+": words", words)
	tell(t, c.String()+": words and glove", both)
}

func chunksOf(entries []retrieval.Entry) (n int) {
	for _, e := range entries {
		n += len(e.Chunks)
	}
	return n
}
