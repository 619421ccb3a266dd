// Package ingesting brings what a shop sells and says into the store and the
// index. It has two halves, each of which may be killed anywhere and run
// again: Import reads a source and stores documents with their chunks; Drain
// embeds what has changed and brings the index after it. So the store is the
// truth, the index follows, and index = f(shop).
package ingesting

import (
	"errors"
	"fmt"
	"sync"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Deps are what a Service needs. Embedder and Events may be nil; all else is
// required.
type Deps struct {
	Documents ports.Documents
	Inventory ports.Inventory
	Cursors   ports.Cursors
	Indexer   ports.Indexer
	Text      ports.HTMLText
	Tokenizer ports.Tokenizer
	Now       ports.Clock

	// Embedder returns the embedder for one site, metered for it (see
	// metering.MeteredEmbedder); nil: documents are found by words only.
	Embedder func(tenant.Scope) ports.Embedder
	// EmbeddingModel is the name by whose vocabulary chunks are measured; where
	// the Tokenizer does not know it, their size is estimated.
	EmbeddingModel string
	Events         ports.EventSink // nil: nobody is told

	Chunks retrieval.ChunkOptions // the zero value is retrieval's default
	// EmbedTexts and EmbedTokens bound one call of the embedder; 0 is 64 texts
	// and 16,000 tokens. A document is embedded whole.
	EmbedTexts  int
	EmbedTokens int64
}

// Service imports and indexes documents. Make one with New; it is safe for
// concurrent use. Two Imports of one source at the same time are safe, and so
// are two Drains of one site, but they do the work twice: take a lease.
type Service struct {
	deps Deps

	mu sync.Mutex
	// lexical holds the revisions that this process has indexed without their
	// vectors while embedding was paused, so that they are not indexed again
	// with every Drain. To forget one costs a Put.
	lexical map[revisionKey]struct{}
}

type revisionKey struct {
	scope    tenant.Scope
	document retrieval.DocumentID
	revision string
}

// New returns a Service. It reports every missing dependency at once.
func New(d Deps) (*Service, error) {
	var errs []error
	for _, dep := range []struct {
		name string
		ok   bool
	}{
		{"Documents", d.Documents != nil},
		{"Inventory", d.Inventory != nil},
		{"Cursors", d.Cursors != nil},
		{"Indexer", d.Indexer != nil},
		{"Text", d.Text != nil},
		{"Tokenizer", d.Tokenizer != nil},
		{"Now", d.Now != nil},
	} {
		if !dep.ok {
			errs = append(errs, fmt.Errorf("ingesting: Deps.%s is missing", dep.name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if d.EmbedTexts <= 0 {
		d.EmbedTexts = 64
	}
	if d.EmbedTokens <= 0 {
		d.EmbedTokens = 16_000
	}
	return &Service{deps: d, lexical: map[revisionKey]struct{}{}}, nil
}

// bound returns how many tokens text is at most, as metering counts.
func (s *Service) bound(text string) int64 {
	n, _ := s.deps.Tokenizer.Count(s.deps.EmbeddingModel, text)
	return n
}

// measure returns the size of text in tokens, for cutting it into chunks. Where
// the vocabulary is not known, four ASCII characters or one other are taken for
// a token: bytes are a bound that must hold for money, but as a measure they
// would make chunks of a line or two.
func (s *Service) measure(text string) int64 {
	n, exact := s.deps.Tokenizer.Count(s.deps.EmbeddingModel, text)
	if exact {
		return n
	}
	var ascii, others int64
	for _, c := range text {
		if c < utf8.RuneSelf {
			ascii++
		} else {
			others++
		}
	}
	return (ascii+3)/4 + others
}
