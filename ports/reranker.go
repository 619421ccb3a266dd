package ports

import (
	"context"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// Reranker judges how well texts answer a query, better than a search does and
// too slowly to search with.
type Reranker interface {
	// Rerank returns what it thinks of texts: Ranking.Ranks, best first, their
	// scores finite and never rising, each text at most once. It may leave
	// texts out that it did not judge. Input and Output of the Ranking are
	// what was spent, also if the error is not nil, and never more than
	// retrieval.RerankBound unless the provider says so.
	//
	// No texts give no ranks and no call. ErrInvalid if query or a text is
	// empty, or there are more than retrieval.MaxReranked texts; nothing was
	// sent then. Errors as in ChatModel.
	Rerank(ctx context.Context, query string, texts []string) (retrieval.Ranking, error)
}
