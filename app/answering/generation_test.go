package answering_test

import (
	"errors"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// generations makes the site one of two generations: the one that is searched
// has vectors of embedder-1, and the one that is built of another length.
func generations(w *world) *[]string {
	asked := &[]string{}
	lengths := map[string]int{"embedder-1": 8, "embedder-2": 12}
	w.find.Generations = w.stores.Documents
	w.find.Embedder = func(model string) ports.Embedder {
		*asked = append(*asked, model)
		if lengths[model] == 0 {
			return nil
		}
		return memory.NewEmbedder(lengths[model])
	}
	return asked
}

func (w *world) built() retrieval.Generations {
	w.Helper()
	s := w.site.Scope()
	_, err := w.stores.Documents.Begin(w.Context(), s, retrieval.Rebuild{Model: "embedder-1"})
	w.must(err)
	// The one of words alone is searched until this one is complete.
	w.put(1, "embedder-1", 8)
	w.must(w.stores.Documents.Indexed(w.Context(), s, retrieval.Stage{Generation: 1}, []retrieval.DocumentRef{{ID: "product:1", Revision: "r1"}, {ID: "page:1", Revision: "r1"}}))
	_, err = w.stores.Documents.Switch(w.Context(), s, 1, w.site.Created)
	w.must(err)
	g, err := w.stores.Documents.Begin(w.Context(), s, retrieval.Rebuild{Model: "embedder-2"})
	w.must(err)
	return g
}

// put puts the shop's jacket to a generation, under words that it has there alone.
func (w *world) put(no int64, words string, length int) {
	w.Helper()
	e := retrieval.Entry{Generation: no, Document: "product:1", Revision: "r1", Kind: jacket().Kind, Title: jacket().Title, Facts: jacket().Facts}
	got, err := memory.NewEmbedder(length).Embed(w.Context(), []string{"waterproof jacket"})
	w.must(err)
	e.Chunks = []retrieval.Chunk{{Text: words, Vector: got.Vectors[0]}}
	w.must(w.stores.Index.Put(w.Context(), w.site.Scope(), e))
}

// A question is embedded by the model of the generation that is searched, and no
// other one's vectors are compared with it.
func TestSearchedGeneration(t *testing.T) {
	var asked *[]string
	inWorld(t, func(w *world) { asked = generations(w) }, func(w *world) {
		if g := w.built(); g.Building.Model != "embedder-2" {
			w.Fatalf("%+v", g)
		}
		w.put(2, "embedder-2", 12)
		if got := w.evidence("waterproof jacket"); got != "Storm Jacket" {
			w.Errorf("got %q", got)
		}
		if len(*asked) != 1 || (*asked)[0] != "embedder-1" {
			w.Errorf("embedded by %v", *asked)
		}
		if e := w.settled(2); e[0].Kind != usage.Embedding || e[0].Model != "embedder-1" {
			w.Errorf("events %+v", e)
		}
		if l, ok := published[searching.LexicalOnly](w); ok {
			w.Errorf("searched by words only: %+v", l)
		}
	})
}

// A model that cannot be had any more, or whose server makes other vectors now,
// leaves words.
func TestGenerationWithoutItsModel(t *testing.T) {
	for name, embedder := range map[string]func(string) ports.Embedder{
		"none":           func(string) ports.Embedder { return nil },
		"another length": func(string) ports.Embedder { return memory.NewEmbedder(20) },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) { generations(w); w.find.Embedder = embedder }, func(w *world) {
				w.built()
				if got := w.evidence("embedder jacket"); got != "Storm Jacket" {
					w.Errorf("got %q", got)
				}
				l, ok := published[searching.LexicalOnly](w)
				if ok != (name != "none") || ok && !errors.Is(l.Err, ports.ErrInvalid) {
					w.Errorf("published %+v", l)
				}
			})
		})
	}
}

// A site of words alone asks no model.
func TestGenerationOfWords(t *testing.T) {
	var asked *[]string
	inWorld(t, func(w *world) { asked = generations(w) }, func(w *world) {
		w.evidence("waterproof jacket")
		if len(*asked) != 0 {
			w.Errorf("embedded by %v", *asked)
		}
		w.settled(1)
	})
}
