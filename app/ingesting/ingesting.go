// Package ingesting brings what a shop sells and says into the store and the
// index. It has two halves, each of which may be killed anywhere and run
// again: Import reads a source and stores documents with their chunks; Drain
// embeds what has changed and brings the index after it. So the store is the
// truth, the index follows, and index = f(shop).
package ingesting

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
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
	Stored    ports.StoredDocuments
	Cursors   ports.Cursors
	Indexer   ports.Indexer
	Text      ports.HTMLText
	Tokenizer ports.Tokenizer
	Now       ports.Clock

	// Batches stores many documents at once, in the same store as Documents;
	// nil: they are stored one by one, which takes longer.
	Batches ports.DocumentBatches
	// Entries puts many documents to the index at once, the same as Indexer does;
	// nil: they are put one by one.
	Entries ports.IndexBatches

	// Generations, RetiredGenerations, IndexModel and Chunks let the embedding model
	// and the size of chunks be changed while the site is searched; all four or
	// none. Without them the index has generation 0 alone, of EmbeddingModel and
	// Chunking.
	Generations        ports.Generations
	RetiredGenerations ports.RetiredGenerations
	IndexModel         ports.IndexModel
	Chunks             ports.DocumentChunks

	// Embedder returns the embedder of a model for one site, metered for it (see
	// metering.MeteredEmbedder), or nil for a model that cannot be had here;
	// nil: documents are found by words only.
	Embedder func(s tenant.Scope, model string) ports.Embedder
	// EmbeddingModel is the model that new sites get where no server has said
	// another, and by whose vocabulary chunks are measured; where the Tokenizer
	// does not know it, their size is estimated.
	EmbeddingModel string
	// Chunking is how documents are cut for new sites where no server has said
	// otherwise.
	Chunking retrieval.Chunking
	// ModelOf returns which model a site gets where model is wanted for all sites:
	// model itself, or "" if it is of no use to this one, such as for its
	// language; nil: every site gets it. It is asked with Generations only.
	ModelOf func(ctx context.Context, s tenant.Scope, model string) (string, error)
	Events  ports.EventSink  // nil: nobody is told
	Health  ports.SiteHealth // nil: that embedding has paused is not kept

	// Leases let one of several processes embed for a site, and Name tells this
	// one from the others, such as a fresh id; nil: there is one process, or
	// several may pay for the same texts.
	Leases ports.Leases
	Name   string

	// EmbedTexts and EmbedTokens bound one call of the embedder; 0 is
	// DefaultEmbedTexts and DefaultEmbedTokens.
	EmbedTexts  int
	EmbedTokens int64
	// EmbedLongest is the most tokens that the model takes of one text; 0 is
	// DefaultEmbedLongest. A longer one is found by words only.
	EmbedLongest int64
	// EmbedParallel is how many calls a tenant may have under way at once, and
	// EmbedTotal how many all of them may; 0 is 3 and 8.
	EmbedParallel, EmbedTotal int
}

// Defaults of one call of the embedder. OpenAI takes up to 2,048 texts and
// 300,000 tokens; but what a call brings is lost with a process that dies under
// it, and all of it must be free of the day's limit before it begins.
const (
	DefaultEmbedTexts   = 256
	DefaultEmbedTokens  = 100_000
	DefaultEmbedLongest = 8191 // OpenAI's, for each of its embedding models
)

// Service imports and indexes documents. Make one with New; it is safe for
// concurrent use. Two Imports of one source at the same time are safe, but they
// do the work twice, and so are two Drains of one site, of which one embeds if
// there are Leases.
type Service struct {
	deps Deps

	turns  *turns
	drains atomic.Int64 // how many have taken a lease, to tell them apart

	mu sync.Mutex // guards all below
	// calmed are sites of which was noted that their embedding is not paused.
	calmed map[tenant.Scope]struct{}
	// pages are how many documents the next Drain of a site reads at once, where the
	// last one was cut off: what it has learnt of their sizes.
	pages map[tenant.Scope]int
	// left are embedders that want to be left alone.
	left map[asked]quietUntil
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
		{"Stored", d.Stored != nil},
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
	if n := d.Generations != nil; n != (d.RetiredGenerations != nil) || n != (d.IndexModel != nil) || n != (d.Chunks != nil) {
		errs = append(errs, errors.New("ingesting: of Deps.Generations, Deps.RetiredGenerations, Deps.IndexModel and Deps.Chunks some are missing: give all or none"))
	}
	if d.Leases != nil && d.Name == "" {
		errs = append(errs, errors.New("ingesting: Deps.Name is missing: a lease needs a holder"))
	}
	if d.Embedder != nil && d.Generations == nil && d.EmbeddingModel == "" {
		errs = append(errs, errors.New("ingesting: Deps.EmbeddingModel is missing: name the model of Deps.Embedder"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	d.EmbedTexts = cmp.Or(max(d.EmbedTexts, 0), DefaultEmbedTexts)
	d.EmbedTokens = cmp.Or(max(d.EmbedTokens, 0), DefaultEmbedTokens)
	d.EmbedLongest = cmp.Or(max(d.EmbedLongest, 0), DefaultEmbedLongest)
	d.EmbedParallel = cmp.Or(max(d.EmbedParallel, 0), 3)
	d.EmbedTotal = cmp.Or(max(d.EmbedTotal, 0), 8)
	return &Service{deps: d, turns: newTurns(d.EmbedParallel, d.EmbedTotal), calmed: map[tenant.Scope]struct{}{}, pages: map[tenant.Scope]int{}, left: map[asked]quietUntil{}}, nil
}

func (s *Service) pageOf(scope tenant.Scope) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cmp.Or(s.pages[scope], firstPage)
}

func (s *Service) setPage(scope tenant.Scope, limit int, cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pages, scope)
	if cut {
		s.pages[scope] = limit
	}
}

func (s *Service) calm(scope tenant.Scope) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.calmed[scope]
	return ok
}

func (s *Service) setCalm(scope tenant.Scope, calm bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calmed, scope)
	if calm {
		s.calmed[scope] = struct{}{}
	}
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
