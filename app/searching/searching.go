// Package searching finds what a shop says on a question, as the shop is at
// that moment: it reads the question, searches by words and by meaning, loads
// what was found from the store and drops what is no longer so. An answer, an
// operator who asks why it was given, and an evaluation all search with it, so
// that what is explained is what was done.
package searching

import (
	"context"
	"errors"
	"fmt"

	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Deps are what a Service needs. Embedder, KnowsLanguage, Generations, Reranker,
// Events, IsWord and Synonyms may be nil; all else is required.
type Deps struct {
	Meter     *metering.Service
	Searcher  ports.Searcher
	Passages  ports.Passages
	Inventory ports.Inventory
	Tokenizer ports.Tokenizer
	Now       ports.Clock

	// Embedder returns what turns questions into vectors of a model, which is
	// metered on its own, or nil for a model that cannot be had here; nil: by
	// words only.
	Embedder func(model string) ports.Embedder
	// KnowsLanguage reports whether a model understands a language, de or such. A
	// question in another is searched by its words. nil: each knows all.
	KnowsLanguage func(model, language string) bool
	// Generations says in which generation of the index a site is searched, and
	// of which model its vectors are; nil: in generation 0, of
	// Config.EmbeddingModel.
	Generations ports.Generations
	// Reranker judges what was found; it is metered on its own. nil: the order
	// in which it was found stays.
	Reranker ports.Reranker
	Events   ports.EventSink
	// IsWord reports whether a word in lower case is one of some language,
	// whatever the shop sells: no slip for a word of the shop. nil: nobody here
	// knows words.
	IsWord func(word string) bool
	// Synonyms says which words shops take for the same; nil: none do.
	Synonyms ports.Synonyms
}

// Config is how a Service searches. The zero value of a field means its default.
type Config struct {
	Model          string // whose tokens passages are counted in; required
	EmbeddingModel string // required with an Embedder and no Generations
	Passages       int    // passages that are chosen at most; default 8
	RerankModel    string // the name to price; required with a Reranker
	RerankPassages int    // passages that are judged at most; default 24

	// EvidenceModel is the embedding model for whose vectors
	// retrieval.FittedSignWeights are; "" for none. The vectors of others find
	// passages, and say nothing of how likely those answer.
	EvidenceModel string
	// LeastEvidence is the evidence below which nothing fits a question; negative:
	// it is never said that nothing fits. By default it is
	// retrieval.DefaultLeastEvidence, and any where a site was searched by the
	// meaning of another model than EvidenceModel: that its words are not found
	// says little there.
	LeastEvidence float64
}

// Service searches shops. Make one with New and end it with Close; it is safe for
// concurrent use.
type Service struct {
	deps       Deps
	cfg        Config
	vocabulary *vocabularies
	common     *retrieval.CommonWords
}

// New returns a Service. It reports everything that is missing at once.
func New(d Deps, cfg Config) (*Service, error) {
	var errs []error
	need := func(ok bool, what string) {
		if !ok {
			errs = append(errs, fmt.Errorf("searching: %s is missing", what))
		}
	}
	need(d.Meter != nil, "Deps.Meter")
	need(d.Searcher != nil, "Deps.Searcher")
	need(d.Passages != nil, "Deps.Passages")
	need(d.Inventory != nil, "Deps.Inventory")
	need(d.Tokenizer != nil, "Deps.Tokenizer")
	need(d.Now != nil, "Deps.Now")
	need(cfg.Model != "", "Config.Model")
	need(cfg.LeastEvidence <= 1, "a Config.LeastEvidence of at most 1")
	need(d.Embedder == nil || d.Generations != nil || cfg.EmbeddingModel != "", "Config.EmbeddingModel")
	need(d.Reranker == nil || cfg.RerankModel != "", "Config.RerankModel")
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if cfg.Passages <= 0 {
		cfg.Passages = 8
	}
	if cfg.RerankPassages <= 0 {
		cfg.RerankPassages = 24
	}
	cfg.RerankPassages = min(cfg.RerankPassages, retrieval.MaxReranked)
	s := &Service{deps: d, cfg: cfg, common: retrieval.NewCommonWords()}
	s.vocabulary = newVocabularies(shelf{d.Inventory, d.Passages, s.generation}, d.Now, func(ctx context.Context, sc tenant.Scope, err error) {
		s.publish(ctx, sc, WordsNotRead{Err: err})
	})
	return s, nil
}

// Close ends what is read behind questions. A Search that comes later goes by the
// words that are there, and fails where there are none.
func (s *Service) Close() { s.vocabulary.close() }

// Prepare begins to read the words of a site of which a question is likely to come
// soon, unless they are at hand. It does not wait, and what it begins goes on after
// ctx.
func (s *Service) Prepare(ctx context.Context, sc tenant.Scope) { s.vocabulary.look(ctx, sc, false) }

// WordsNotRead is published when the words of a shop could not be read behind its
// questions, which go by those before. It is tried again.
type WordsNotRead struct{ Err error }

// EventName implements ports.Event.
func (WordsNotRead) EventName() string { return "search.words_not_read" }

// LexicalOnly is published when a question could not be embedded, so that only
// its words were searched.
type LexicalOnly struct{ Err error }

// EventName implements ports.Event.
func (LexicalOnly) EventName() string { return "answer.lexical_only" }

// codeOf returns the code under which it is shown that a call of a model was
// refused or failed: that of the API for what a license does not allow.
func codeOf(err error) string {
	switch {
	case errors.Is(err, usage.ErrLimitExceeded):
		return "USAGE_LIMIT_EXCEEDED"
	case errors.Is(err, usage.ErrLicenseInactive):
		return "LICENSE_INACTIVE"
	case errors.Is(err, usage.ErrLicenseInvalid):
		return "LICENSE_INVALID"
	case errors.Is(err, metering.ErrUnpriced):
		return "MODEL_PRICE_UNKNOWN"
	}
	return metering.ErrorCode(err)
}

func (s *Service) publish(ctx context.Context, sc tenant.Scope, e ports.Event) {
	if s.deps.Events != nil {
		s.deps.Events.Publish(ctx, sc, e)
	}
}

// Budget returns what a number of tokens is in what the input of Config.Model is
// counted in: tokens, or bytes where nobody here knows the model's vocabulary.
func (s *Service) Budget(tokens int64) int64 {
	if _, exact := s.deps.Tokenizer.Count(s.cfg.Model, "a"); exact {
		return tokens
	}
	return tokens * bytesPerToken
}

// bytesPerToken is about what a token has in the languages of shops.
const bytesPerToken = 4

// cost returns about what a passage takes in a prompt.
func (s *Service) cost(p retrieval.Passage) int64 {
	n, _ := s.deps.Tokenizer.Count(s.cfg.Model, p.Title+p.Text)
	return n + chat.BoundOverhead
}
