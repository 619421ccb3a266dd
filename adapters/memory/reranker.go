package memory

import (
	"context"
	"fmt"
	"strings"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// Reranker judges texts by how many of the query's words they have, for their
// length. It is for tests and examples, and knows nothing of meaning. It is a
// [ports.Reranker].
type Reranker struct{}

// NewReranker returns a Reranker.
func NewReranker() *Reranker { return &Reranker{} }

// Rerank implements [ports.Reranker]. A word is one token.
func (*Reranker) Rerank(ctx context.Context, query string, texts []string) (retrieval.Ranking, error) {
	out := retrieval.Ranking{Model: "shared-words", Reported: len(texts) > 0}
	if err := ctx.Err(); err != nil {
		return retrieval.Ranking{}, err
	}
	if len(texts) == 0 {
		return out, nil
	}
	if strings.TrimSpace(query) == "" || len(texts) > retrieval.MaxReranked {
		return retrieval.Ranking{}, fmt.Errorf("memory: rerank: %w: no query, or %d texts", ports.ErrInvalid, len(texts))
	}
	want := retrieval.Tokens(query)
	for i, text := range texts {
		if strings.TrimSpace(text) == "" {
			return retrieval.Ranking{}, fmt.Errorf("memory: rerank: %w: text %d is empty", ports.ErrInvalid, i)
		}
		have := map[string]bool{}
		for _, t := range retrieval.Tokens(text) {
			have[t] = true
		}
		shared := 0
		for _, t := range want {
			if have[t] {
				shared++
			}
		}
		out.Ranks = append(out.Ranks, retrieval.Rank{Place: i, Score: float64(shared) / float64(len(want)+len(have)+1)})
		out.Input += int64(len(want) + len(have) + 1)
	}
	retrieval.SortRanks(out.Ranks)
	return out, nil
}
