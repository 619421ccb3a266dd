package eval_test

import (
	"cmp"
	"os"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/qdrant"
	"github.com/aiwoochat/woochat/domain/evaluation"
	"github.com/aiwoochat/woochat/test/fakes/qdrantfake"
)

// leastByQdrant is what the sparse vectors of adapters/qdrant must reach by
// words alone.
const leastByQdrant = 0.63

// TestQdrantRanksNearly: Qdrant ranks as the others do but for the mean length of
// chunks, which it supposes. The server is test/fakes/qdrantfake, or the Qdrant at
// WOOCHAT_TEST_QDRANT_URL. WOOCHAT_PROVE=full asks over all products.
func TestQdrantRanksNearly(t *testing.T) {
	s := theSet(t)
	full := os.Getenv("WOOCHAT_PROVE") == "full"
	if !full {
		s.entries = s.entries[:500]
	}
	server, err := qdrantfake.Start(qdrantfake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	q, err := qdrant.Open(qdrant.Config{URL: cmp.Or(os.Getenv("WOOCHAT_TEST_QDRANT_URL"), server.Addr()), Prefix: "woochat_test_eval", Now: noon, SearchTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	x, other := index{q, q, newSite()}, index{q, q, newSite()}
	x.fill(t.Context(), t, s.entries)
	other.fill(t.Context(), t, s.entries[:400]) // another site of the same words
	like := index{Searcher: newRanking(s.entries)}
	words, both := x.scores(t, s.questions, s.byWords), x.scores(t, s.questions, s.byBoth)
	tell(t, "words", words)
	tell(t, "words and given vectors", both)
	wantWords, wantBoth := like.scores(t, s.questions, s.byWords), like.scores(t, s.questions, s.byBoth)
	tell(t, "words elsewhere", wantWords)
	tell(t, "words and given vectors elsewhere", wantBoth)
	for _, c := range []struct {
		what      string
		got, want []evaluation.Scores
	}{{"words", words, wantWords}, {"words and given vectors", both, wantBoth}} {
		if got, want := evaluation.Mean(c.got).NDCG, evaluation.Mean(c.want).NDCG; got < want-0.01 {
			t.Errorf("%s: NDCG@10 %.4f, elsewhere %.4f", c.what, got, want)
		}
	}
	w, b := evaluation.Mean(words).NDCG, evaluation.Mean(both).NDCG
	if b < w-slack {
		t.Errorf("with meaning NDCG@10 %.4f, by words alone %.4f", b, w)
	}
	if full && w < leastByQdrant {
		t.Errorf("words: NDCG@10 %.4f, want at least %v", w, leastByQdrant)
	}
}
