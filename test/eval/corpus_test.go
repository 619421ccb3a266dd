package eval_test

import (
	"context"
	"sync"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// ranking is an index that only ranks: what all stores share, without what makes
// them stores, so that a whole set is measured in a second.
type ranking struct {
	corpus   *retrieval.Corpus
	postings map[string][]retrieval.Posting
}

func newRanking(entries []retrieval.Entry) ranking {
	x := ranking{postings: make(map[string][]retrieval.Posting)}
	var documents []*retrieval.Indexed
	for _, e := range entries {
		d := &retrieval.Indexed{Document: e.Document, Revision: e.Revision, Kind: e.Kind, Title: e.Title, Facts: e.Facts}
		for i, c := range e.Chunks {
			words, n := retrieval.WeightedTokens(e, c)
			k := retrieval.IndexedChunk{Seq: c.Seq, Tokens: n}
			if len(c.Vector) > 0 {
				k.Unit = retrieval.Unit(c.Vector)
			}
			d.Chunks = append(d.Chunks, k)
			for token, weighted := range words {
				x.postings[token] = append(x.postings[token], retrieval.Posting{Document: d, Chunk: i, Weighted: weighted})
			}
		}
		d.Prepare()
		documents = append(documents, d)
	}
	x.corpus = retrieval.NewCorpus(documents, retrieval.FusionWeights{})
	return x
}

var ranked = sync.OnceValue(func() ranking {
	s, _ := read() // theSet has looked at its error
	return newRanking(s.entries)
})

// theRanking returns the ranking of all products of the set, made once.
func theRanking(t *testing.T) ranking {
	t.Helper()
	theSet(t)
	return ranked()
}

// Search implements ports.Searcher for the only site that there is.
func (x ranking) Search(_ context.Context, _ tenant.Scope, q retrieval.Query) ([]retrieval.Passage, error) {
	return x.corpus.Search(q, func(token string) ([]retrieval.Posting, error) { return x.postings[token], nil })
}
