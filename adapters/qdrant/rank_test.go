package qdrant_test

import (
	"math/rand/v2"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/qdrant"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/test/fakes/qdrantfake"
	"github.com/aiwoochat/woochat/test/porttest"
)

// Where chunks have the mean length that the adapter supposes, it finds what the
// reference finds, in its order and with its scores, over random documents,
// replacements and queries: although the server weights words by the collection,
// of which another site fills most.
func TestIndexFindsWhatMemoryFinds(t *testing.T) {
	server := startFake(t, qdrantfake.Options{})
	x, s, other := open(t, qdrant.Config{URL: server.Addr()}), newScope(t), newScope(t)
	porttest.CompareIndexes(t, x, memory.NewIndex(), s, porttest.Comparison{
		Steps: 150,
		Change: func(r *rand.Rand, e *retrieval.Entry) {
			e.Title, e.Facts.Brands = "kettle lamp", nil
			for i := range e.Chunks {
				k := &e.Chunks[i]
				k.Heading = ""
				// The title's two words count, too.
				for len(retrieval.Tokens(k.Text)) != qdrant.MeanTokens-2 {
					k.Text = porttest.RandomText(r, qdrant.MeanTokens-2-r.IntN(20))
				}
			}
		},
		Beside: func(e retrieval.Entry) { put(t, x, other, e) },
		Same:   nearly,
	})
}

// nearly reports whether the passages have nearly the same scores, and those
// that stand apart from their neighbours are in the same place.
func nearly(got, want []retrieval.Passage) bool {
	const little = 0.002
	if len(got) != len(want) {
		return false
	}
	for i := range got {
		if d := got[i].Score - want[i].Score; d > little || d < -little {
			return false
		}
		apart := i > 0 && want[i-1].Score-want[i].Score > little && i+1 < len(want) && want[i].Score-want[i+1].Score > little
		if apart && got[i].Ref != want[i].Ref {
			return false
		}
	}
	return true
}
