package memory

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// Embedder turns texts into vectors by their words alone: texts that share
// words are near each other, and that is all. It is for tests and examples
// that need vectors without a provider; it knows nothing of meaning. It is a
// [ports.Embedder].
type Embedder struct{ dim int }

// NewEmbedder returns an Embedder of vectors of length dim. The same text gives
// the same vector in every process. It panics if dim is below 1.
func NewEmbedder(dim int) *Embedder {
	if dim < 1 {
		panic(fmt.Sprintf("memory: an embedder needs vectors of length 1 at least, got %d", dim))
	}
	return &Embedder{dim: dim}
}

// Embed implements [ports.Embedder]. A word is one token.
func (e *Embedder) Embed(ctx context.Context, texts []string) (retrieval.Embedding, error) {
	if err := ctx.Err(); err != nil {
		return retrieval.Embedding{}, err
	}
	out := retrieval.Embedding{Model: "hashed-words"}
	for i, text := range texts {
		if strings.TrimSpace(text) == "" {
			return retrieval.Embedding{}, fmt.Errorf("memory: embed: %w: text %d is empty", ports.ErrInvalid, i)
		}
	}
	for _, text := range texts {
		v := make([]float32, e.dim)
		tokens := retrieval.Tokens(text)
		if len(tokens) == 0 {
			tokens = []string{text} // signs only; still not a vector of zeros
		}
		for _, t := range tokens {
			h := fnv.New64a()
			h.Write([]byte(t)) // never fails
			v[h.Sum64()%uint64(e.dim)]++
		}
		out.Vectors = append(out.Vectors, retrieval.Unit(v))
		out.Tokens += int64(len(tokens))
	}
	out.Reported = len(texts) > 0
	return out, nil
}
