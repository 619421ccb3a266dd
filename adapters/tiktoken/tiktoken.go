// Package tiktoken counts tokens as OpenAI's models do, with the vocabularies
// in the program: nothing is loaded from anywhere.
package tiktoken

import (
	"strings"
	"sync"

	"github.com/tiktoken-go/tokenizer"
)

// Tokenizer is a ports.Tokenizer. A vocabulary takes some tens of milliseconds
// and megabytes when it is first needed, so one Tokenizer serves a process.
type Tokenizer struct {
	o200k  func() *vocabulary
	cl100k func() *vocabulary
}

// New returns a Tokenizer that has loaded nothing yet.
func New() *Tokenizer {
	lazy := func(e tokenizer.Encoding) func() *vocabulary {
		return sync.OnceValue(func() *vocabulary {
			codec, err := tokenizer.Get(e)
			if err != nil {
				return nil // not one of the library's: counted by bytes, which is safe
			}
			return newVocabulary(codec)
		})
	}
	return &Tokenizer{o200k: lazy(tokenizer.O200kBase), cl100k: lazy(tokenizer.Cl100kBase)}
}

// Count implements ports.Tokenizer. It knows OpenAI's chat and embedding
// models, by their dated and fine-tuned names too, and with "openai/" before
// them as routers write it. Text is counted as text: control tokens that a
// shopper writes have no meaning.
func (t *Tokenizer) Count(model, text string) (int64, bool) {
	v := t.of(model)
	if v == nil {
		return int64(len(text)), false
	}
	n, ok := v.count(text)
	if !ok {
		return int64(len(text)), false
	}
	return n, true
}

// of returns the vocabulary of a model, nil if it is not known. The
// library's own table is not used: it misses the dated names of newer models,
// and of two prefixes that fit it takes any.
func (t *Tokenizer) of(model string) *vocabulary {
	name := strings.TrimPrefix(model, "openai/")
	if tuned, ok := strings.CutPrefix(name, "ft:"); ok {
		name, _, _ = strings.Cut(tuned, ":")
	}
	is := func(families ...string) bool {
		for _, f := range families {
			if name == f || strings.HasPrefix(name, f+"-") {
				return true
			}
		}
		return false
	}
	switch {
	case is("gpt-4o", "chatgpt-4o", "gpt-4.1", "gpt-5", "o1", "o3", "o4"):
		return t.o200k()
	case is("gpt-4", "gpt-3.5-turbo", "gpt-35-turbo", "text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002"):
		return t.cl100k()
	}
	return nil
}
