// Package glove turns texts into vectors by the words that they hold, with word
// vectors that are part of the program: no provider is asked, no file is read,
// and nothing is spent. It knows English only.
//
// The word vectors are those of GloVe (Pennington, Socher and Manning, "GloVe:
// Global Vectors for Word Representation", 2014: 100 dimensions, Wikipedia 2014
// and Gigaword 5), which are in the public domain (PDDL 1.0): 60,000 words in 7
// MB, see LICENSE-words.md. A text's vector is the sum of those of its words, each
// weighted by smooth inverse frequency, without the component that all texts
// have in common (Arora, Liang and Ma, "A Simple but Tough-to-Beat Baseline for
// Sentence Embeddings", 2017). The component is a fixed one, computed when the
// file was made (internal/build/common.go says over what), so that a text has the
// same vector in every shop, always.
//
// What it is good for: a question that shares no word with its answer, "something
// for rain" and a waterproof jacket. What it is not: it does not read word order
// or negation, knows no word that is newer than 2014, and no brand or code.
package glove

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"strings"
	"sync"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// Model is the name of what makes these vectors. It changes whenever the vector
// of any text does, so that an index is built anew.
const Model = "glove-en-1"

// Dim is the length of the vectors: 100 numbers of words that are known, and 28
// of a text that has none, see [Embedder.Embed].
const Dim = wordDim + unknownDim

const unknownDim = 28

// maxWords bounds how much of a text counts: far more than a chunk has.
const maxWords = 10_000

// Embedder makes the vectors. It is a [ports.Embedder], and safe for concurrent
// use. The zero Embedder is not usable: call [New].
type Embedder struct{ table func() (*table, error) }

// New returns an Embedder. Nothing is read before the first text.
func New() *Embedder {
	return &Embedder{table: sync.OnceValues(func() (*table, error) { return newTable(words) })}
}

// Knows reports whether texts in a language, as a BCP 47 tag such as en or de-AT,
// are what the Embedder is made for. "" is taken for English.
func Knows(locale string) bool {
	language, _, _ := strings.Cut(strings.ReplaceAll(locale, "_", "-"), "-")
	return language == "" || strings.EqualFold(language, "en")
}

// IsWord reports whether word, in lower case, is one that the Embedder knows as
// it is spelled, or as a plural: an English word, or a name that texts in English
// have.
func (e *Embedder) IsWord(word string) bool {
	t, err := e.table()
	if err != nil || len(word) > longestWord {
		return false
	}
	word = straight(word)
	if _, ok := t.find(word); ok {
		return true
	}
	_, ok := t.find(strings.TrimSuffix(word, "s"))
	return ok
}

// Embed implements [ports.Embedder]. It spends no tokens, and the same text gives
// the same vector, of length 1, on every machine. Words beyond the first 10,000
// of a text are not read.
//
// A text of which no word is known, a code or one in another script, gets a
// vector at right angles to those of all texts with words that are known: it is
// as near to another such text as they share words, and to nothing else. It is
// in Embedding.Unknown.
func (e *Embedder) Embed(ctx context.Context, texts []string) (retrieval.Embedding, error) {
	for i, text := range texts {
		if strings.TrimSpace(text) == "" {
			return retrieval.Embedding{}, fmt.Errorf("glove: embed: %w: text %d is empty", ports.ErrInvalid, i)
		}
	}
	if err := ctx.Err(); err != nil {
		return retrieval.Embedding{}, err
	}
	t, err := e.table()
	if err != nil {
		return retrieval.Embedding{}, fmt.Errorf("glove: embed: %w: %w", ports.ErrUnavailable, err)
	}
	out := retrieval.Embedding{Reported: len(texts) > 0, Model: Model}
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return retrieval.Embedding{}, err
		}
		v, known := t.vector(text)
		out.Vectors = append(out.Vectors, v)
		if !known {
			out.Unknown = append(out.Unknown, i)
		}
	}
	return out, nil
}

// vector returns the vector of text, and whether any of its words is known.
func (t *table) vector(text string) (v []float32, known bool) {
	var sum [wordDim]float64
	eachWord(text, func(word string) bool {
		t.lookUp(word, func(i int) {
			known = true
			t.add(i, &sum)
		})
		return true
	})
	out := make([]float32, Dim)
	if known && t.direction(&sum) {
		for i, x := range sum {
			out[i] = float32(x)
		}
		return out, true
	}
	some := false
	eachWord(text, func(word string) bool {
		out[unknownAt(word)]++
		some = true
		return true
	})
	if !some { // signs only
		out[unknownAt(strings.TrimSpace(text))] = 1
	}
	return retrieval.Unit(out), false
}

// direction takes the common component out of v and makes it of length 1. It
// reports false if nothing is left.
func (t *table) direction(v *[wordDim]float64) bool {
	along, before := 0.0, 0.0
	for i, x := range v {
		along += float64(x * t.common[i])
		before += float64(x * x)
	}
	after := 0.0
	for i, x := range v {
		v[i] = x - float64(along*t.common[i])
		after += float64(v[i] * v[i])
	}
	if after <= before*1e-9 {
		return false
	}
	length := math.Sqrt(after)
	for i := range v {
		v[i] /= length
	}
	return true
}

// unknownAt returns the place of a word that is not known.
func unknownAt(word string) int {
	h := fnv.New32a()
	h.Write([]byte(word)) // never fails
	return wordDim + int(h.Sum32()%unknownDim)
}
