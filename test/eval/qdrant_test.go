package eval_test

import (
	"cmp"
	"os"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/qdrant"
	"github.com/aiwoochat/woochat/domain/evaluation"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/test/fakes/qdrantfake"
)

// leastByQdrant is what the sparse vectors of adapters/qdrant must reach by
// words alone.
const leastByQdrant = 0.63

// openQdrant returns an index on test/fakes/qdrantfake, or on the Qdrant at
// WOOCHAT_TEST_QDRANT_URL.
func openQdrant(t *testing.T) *qdrant.Index {
	t.Helper()
	server, err := qdrantfake.Start(qdrantfake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	q, err := qdrant.Open(qdrant.Config{URL: cmp.Or(os.Getenv("WOOCHAT_TEST_QDRANT_URL"), server.Addr()), Prefix: "woochat_test_eval", Now: noon, SearchTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close() })
	return q
}

// TestQdrantRanksNearly: Qdrant ranks as the others do but for the mean length of
// chunks, which it supposes. WOOCHAT_PROVE=full asks over all products.
func TestQdrantRanksNearly(t *testing.T) {
	figure(t)
	s := theSet(t)
	full := os.Getenv("WOOCHAT_PROVE") == "full"
	if !full {
		s.entries = s.entries[:500]
	}
	q := openQdrant(t)
	texts := make([]string, len(s.questions))
	for i, question := range s.questions {
		texts[i] = question.Text
	}
	asked := gloveVectors(t, texts)
	other := index{q, q, newSite()} // of the same words
	other.fill(t.Context(), t, s.entries[:400])
	for what, c := range map[string]struct {
		entries []retrieval.Entry
		both    func(i int) retrieval.Query
	}{
		"given vectors": {s.entries, s.byBoth},
		"glove": {embedded(t)[:len(s.entries)], func(i int) retrieval.Query {
			return retrieval.Query{Text: s.questions[i].Text, Vector: asked[i]}
		}},
	} {
		x, like := index{q, q, newSite()}, index{Searcher: newRanking(c.entries)}
		x.fill(t.Context(), t, c.entries)
		mean := func(by string, x index, ask func(i int) retrieval.Query) float64 {
			scores := x.scores(t, s.questions, ask)
			tell(t, by, scores)
			return evaluation.Mean(scores).NDCG
		}
		words, both := mean("words", x, s.byWords), mean("words and "+what, x, c.both)
		if elsewhere := mean("words elsewhere", like, s.byWords); words < elsewhere-0.01 {
			t.Errorf("words: NDCG@10 %.4f, elsewhere %.4f", words, elsewhere)
		}
		if elsewhere := mean("words and "+what+" elsewhere", like, c.both); both < elsewhere-0.01 {
			t.Errorf("words and %s: NDCG@10 %.4f, elsewhere %.4f", what, both, elsewhere)
		}
		if both < words-slack {
			t.Errorf("with %s NDCG@10 %.4f, by words alone %.4f", what, both, words)
		}
		if full && words < leastByQdrant {
			t.Errorf("words: NDCG@10 %.4f, want at least %v", words, leastByQdrant)
		}
	}
}
