package qdrant_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
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
	findsWhatMemoryFinds(t, qdrant.Config{URL: startFake(t, qdrantfake.Options{}).Addr()})
}

func TestRankOnAServer(t *testing.T) { findsWhatMemoryFinds(t, aServer(t)) }

func findsWhatMemoryFinds(t *testing.T, c qdrant.Config) {
	t.Helper()
	x, s, other := open(t, c), newScope(t), newScope(t)
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

// What documents had before they were replaced does not make their words frequent,
// although the server counts it still.
func TestWordsOfDocumentsThatChange(t *testing.T) {
	ranksAfterChanges(t, qdrant.Config{URL: startFake(t, qdrantfake.Options{}).Addr()})
}

func TestWordsOfDocumentsThatChangeOnAServer(t *testing.T) { ranksAfterChanges(t, aServer(t)) }

func ranksAfterChanges(t *testing.T, c qdrant.Config) {
	t.Helper()
	const documents, changing, changes = 300, 15, 20
	x, like, s := open(t, c), memory.NewIndex(), newScope(t)
	of := func(i, change int) retrieval.Entry {
		words := []string{"kettle", "still", fmt.Sprint("number", i)}
		switch {
		case i < changing:
			words[1] = "moving"
		case i >= 215:
			words[1] = "calm"
		}
		for len(words) < qdrant.MeanTokens {
			words = append(words, "stand")
		}
		e := entry(fmt.Sprintf("page:%03d", i), fmt.Sprint(change), strings.Join(words, " "))
		e.Title = ""
		return e
	}
	for change := range changes {
		for i := range documents {
			if e := of(i, change); i < changing || change == 0 {
				put(t, x, s, e)
				put(t, like, s, e)
			}
		}
	}
	for _, text := range []string{"number3 number140", "moving still kettle", "number3 still", "number140 moving calm", "kettle stand"} {
		q := retrieval.Query{Text: text, Limit: documents, At: noon()}
		got, err := x.Search(t.Context(), s, q)
		if err != nil {
			t.Fatal(err)
		}
		want, err := like.Search(t.Context(), s, q)
		if err != nil {
			t.Fatal(err)
		}
		if len(want) == 0 || !nearly(got, want) {
			t.Errorf("%s: got %d passages, want %d", text, len(got), len(want))
			for i := range min(len(got), len(want), 3) {
				t.Logf("%v %.4f, want %v %.4f", got[i].Ref, got[i].Score, want[i].Ref, want[i].Score)
			}
		}
	}
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
