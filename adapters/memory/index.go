package memory

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Index finds passages by comparing all of them. It is a [ports.Searcher] and
// a [ports.Indexer], and what other indexes are measured by.
type Index struct {
	mu    sync.RWMutex // guards sites and all that is in them
	sites map[indexOf]*indexedSite
}

// indexedSite is what an Index holds of one generation of a site.
type indexedSite struct {
	documents map[retrieval.DocumentID]*indexed
	corpus    *retrieval.Corpus
}

func newIndexedSite() *indexedSite {
	return &indexedSite{
		documents: make(map[retrieval.DocumentID]*indexed), corpus: retrieval.NewCorpus(nil, retrieval.DefaultFusionWeights()),
	}
}

// indexOf is one generation of a site.
type indexOf struct {
	scope      tenant.Scope
	generation int64
}

// indexed is one document in an Index. It is replaced and never changed.
type indexed struct {
	*retrieval.Indexed
	words    []map[string]float64 // by chunk: each word's weighted count
	embedded []retrieval.Embedded
}

// NewIndex returns an empty index that fuses words and meaning by
// [retrieval.DefaultFusionWeights].
func NewIndex() *Index {
	return &Index{sites: make(map[indexOf]*indexedSite)}
}

// Search implements [ports.Searcher].
func (x *Index) Search(ctx context.Context, s tenant.Scope, q retrieval.Query) ([]retrieval.Passage, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := s.Valid(); err != nil {
		return nil, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	site := x.sites[indexOf{s, q.Generation}]
	if site == nil {
		site = newIndexedSite()
	}
	if err := q.Valid(site.corpus.Dim(nil)); err != nil {
		return nil, fmt.Errorf("memory: search: %w: %w", ports.ErrInvalid, err)
	}
	return site.corpus.Search(q, func(token string) ([]retrieval.Posting, error) {
		var out []retrieval.Posting
		for _, d := range site.documents {
			for i, w := range d.words {
				if w[token] > 0 {
					out = append(out, retrieval.Posting{Document: d.Indexed, Chunk: i, Weighted: w[token]})
				}
			}
		}
		return out, ctx.Err()
	})
}

// Put implements [ports.Indexer].
func (x *Index) Put(ctx context.Context, s tenant.Scope, e retrieval.Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.Valid(); err != nil {
		return err
	}
	n, err := e.Dim()
	if err != nil {
		return fmt.Errorf("memory: put: %w: %w", ports.ErrInvalid, err)
	}
	d := newIndexed(e)

	x.mu.Lock()
	defer x.mu.Unlock()
	of := indexOf{s, e.Generation}
	site := x.sites[of]
	if site == nil {
		site = newIndexedSite()
	}
	var old *retrieval.Indexed
	if o := site.documents[e.Document]; o != nil {
		old = o.Indexed
	}
	if have := site.corpus.Dim(old); n > 0 && have > 0 && n != have {
		return fmt.Errorf("memory: put %s: %w: vectors of length %d, the index has vectors of length %d", e.Document, ports.ErrInvalid, n, have)
	}
	if old != nil {
		site.corpus.Remove(old)
		delete(site.documents, e.Document)
	}
	if len(e.Chunks) > 0 {
		site.corpus.Add(d.Indexed)
		site.documents[e.Document] = d
	}
	x.sites[of] = site
	return nil
}

// Vectors implements [ports.Indexer].
func (x *Index) Vectors(ctx context.Context, s tenant.Scope, generation int64, documents []retrieval.DocumentID) ([]retrieval.Embedded, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := s.Valid(); err != nil {
		return nil, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	site := x.sites[indexOf{s, generation}]
	if site == nil {
		return nil, nil
	}
	var out []retrieval.Embedded
	for _, id := range documents {
		d := site.documents[id]
		if d == nil {
			continue
		}
		for _, e := range d.embedded {
			e.Vector = slices.Clone(e.Vector)
			out = append(out, e)
		}
	}
	return out, nil
}

// Drop implements [ports.Indexer].
func (x *Index) Drop(ctx context.Context, s tenant.Scope, generation int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.Valid(); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.sites, indexOf{s, generation})
	return nil
}

func newIndexed(e retrieval.Entry) *indexed {
	chunks := slices.SortedFunc(slices.Values(e.Chunks), func(a, b retrieval.Chunk) int { return a.Seq - b.Seq })
	d := &indexed{Indexed: &retrieval.Indexed{
		Document: e.Document, Revision: e.Revision, Kind: e.Kind, Title: e.Title, Facts: e.Facts.Clone(),
	}}
	for _, c := range chunks {
		words, n := retrieval.WeightedTokens(e, c)
		k := retrieval.IndexedChunk{Seq: c.Seq, Tokens: n}
		if len(c.Vector) > 0 {
			k.Unit = retrieval.Unit(c.Vector)
			d.embedded = append(d.embedded, retrieval.Embedded{
				Document: e.Document, Key: retrieval.KeyOf(retrieval.EmbeddingText(e.Title, c)), Vector: slices.Clone(c.Vector),
			})
		}
		d.Chunks = append(d.Chunks, k)
		d.words = append(d.words, words)
	}
	d.Prepare()
	return d
}
