package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Index is an adapter of one's own: an inverted index, which keeps for each
// word where it is. It implements [ports.Searcher] and [ports.Indexer]. What a
// match is worth and in which order passages come is decided by the domain
// (retrieval.Corpus), so that every index ranks alike; how words are kept is
// the adapter's.
type Index struct {
	mu    sync.RWMutex // guards sites
	sites map[key]*site
}

// key is one generation of a site's index: while another embedding model's is
// built, the one before it is still searched.
type key struct {
	scope      tenant.Scope
	generation int64
}

// The compiler says which method is missing.
var (
	_ ports.Searcher = (*Index)(nil)
	_ ports.Indexer  = (*Index)(nil)
)

// NewIndex returns an empty index.
func NewIndex() *Index { return &Index{sites: map[key]*site{}} }

// site is what one scope owns: another scope's search never looks here.
type site struct {
	corpus    *retrieval.Corpus // ranks
	vectors   map[retrieval.DocumentID][]retrieval.Embedded
	documents map[retrieval.DocumentID]*retrieval.Indexed
	words     map[string]map[posting]float64
}

// posting is a place where a word is.
type posting struct {
	document retrieval.DocumentID
	chunk    int
}

// Put implements [ports.Indexer].
func (x *Index) Put(ctx context.Context, s tenant.Scope, e retrieval.Entry) error {
	if err := check(ctx, s); err != nil {
		return err
	}
	dim, err := e.Dim()
	if err != nil {
		return fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	e.Chunks = slices.SortedFunc(slices.Values(e.Chunks), func(a, b retrieval.Chunk) int { return cmp.Compare(a.Seq, b.Seq) })

	x.mu.Lock() // a Search sees the old revision or the new one
	defer x.mu.Unlock()
	own := x.sites[key{s, e.Generation}]
	if own == nil {
		own = newSite()
		x.sites[key{s, e.Generation}] = own
	}
	if have := own.corpus.Dim(own.documents[e.Document]); dim > 0 && have > 0 && dim != have {
		return fmt.Errorf("%w: vectors of length %d in an index of length %d", ports.ErrInvalid, dim, have)
	}
	own.remove(e.Document)
	if len(e.Chunks) > 0 {
		own.add(e)
	}
	return nil
}

func newSite() *site {
	return &site{
		corpus:    retrieval.NewCorpus(nil, retrieval.DefaultFusionWeights()),
		vectors:   map[retrieval.DocumentID][]retrieval.Embedded{},
		documents: map[retrieval.DocumentID]*retrieval.Indexed{}, words: map[string]map[posting]float64{},
	}
}

func (s *site) remove(id retrieval.DocumentID) {
	if d := s.documents[id]; d != nil {
		s.corpus.Remove(d)
	}
	delete(s.documents, id)
	delete(s.vectors, id)
	for word, where := range s.words {
		maps.DeleteFunc(where, func(p posting, _ float64) bool { return p.document == id })
		if len(where) == 0 {
			delete(s.words, word)
		}
	}
}

func (s *site) add(e retrieval.Entry) {
	d := &retrieval.Indexed{Document: e.Document, Revision: e.Revision, Kind: e.Kind, Locale: e.Locale, Title: e.Title, Facts: e.Facts.Clone()}
	for i, c := range e.Chunks {
		words, n := retrieval.WeightedTokens(e, c)
		chunk := retrieval.IndexedChunk{Seq: c.Seq, Tokens: n}
		if len(c.Vector) > 0 {
			chunk.Unit = retrieval.Unit(c.Vector) // a copy: slices passed in are not kept
			text := retrieval.KeyOf(retrieval.EmbeddingText(e.Title, c))
			s.vectors[e.Document] = append(s.vectors[e.Document], retrieval.Embedded{Document: e.Document, Key: text, Vector: slices.Clone(c.Vector)})
		}
		d.Chunks = append(d.Chunks, chunk)
		for word, weight := range words {
			if s.words[word] == nil {
				s.words[word] = map[posting]float64{}
			}
			s.words[word][posting{e.Document, i}] = weight
		}
	}
	d.Prepare()
	s.documents[e.Document] = d
	s.corpus.Add(d)
}

// Search implements [ports.Searcher].
func (x *Index) Search(ctx context.Context, s tenant.Scope, q retrieval.Query) ([]retrieval.Passage, error) {
	if err := check(ctx, s); err != nil {
		return nil, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	own := x.sites[key{s, q.Generation}]
	if own == nil {
		own = newSite()
	}
	if err := q.Valid(own.corpus.Dim(nil)); err != nil {
		return nil, fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	return own.corpus.Search(q, func(word string) ([]retrieval.Posting, error) {
		var found []retrieval.Posting
		for at, weight := range own.words[word] {
			found = append(found, retrieval.Posting{Document: own.documents[at.document], Chunk: at.chunk, Weighted: weight})
		}
		return found, ctx.Err()
	})
}

// Vectors implements [ports.Indexer].
func (x *Index) Vectors(ctx context.Context, s tenant.Scope, generation int64, documents []retrieval.DocumentID) ([]retrieval.Embedded, error) {
	if err := check(ctx, s); err != nil {
		return nil, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	own := x.sites[key{s, generation}]
	if own == nil {
		return nil, nil
	}
	var out []retrieval.Embedded
	for _, id := range documents {
		for _, e := range own.vectors[id] {
			e.Vector = slices.Clone(e.Vector) // what is returned belongs to the caller
			out = append(out, e)
		}
	}
	return out, nil
}

// Drop implements [ports.Indexer].
func (x *Index) Drop(ctx context.Context, s tenant.Scope, generation int64) error {
	if err := check(ctx, s); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.sites, key{s, generation})
	return nil
}

// check is what every call about a scope begins with.
func check(ctx context.Context, s tenant.Scope) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.Valid()
}
