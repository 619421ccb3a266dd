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

// Index finds passages by comparing all of them. It is a [ports.Searcher],
// a [ports.Indexer] and a [ports.IndexBatches], and what other indexes are
// measured by.
type Index struct {
	mu    sync.RWMutex // guards sites and all that is in them
	sites map[indexOf]*indexedSite
}

// indexedSite is what an Index holds of one generation of a site.
type indexedSite struct {
	documents map[retrieval.DocumentID]*indexed
	corpus    *retrieval.Corpus
	vectors   int // of all documents
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
	return x.PutAll(ctx, s, []retrieval.Entry{e})
}

// PutAll implements [ports.IndexBatches].
func (x *Index) PutAll(ctx context.Context, s tenant.Scope, entries []retrieval.Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.Valid(); err != nil {
		return err
	}
	if len(entries) > ports.MaxPut {
		return fmt.Errorf("memory: put: %w: %d entries, at most %d are put at once", ports.ErrInvalid, len(entries), ports.MaxPut)
	}
	made := make([]*indexed, len(entries))
	for i, e := range entries {
		made[i] = newIndexed(e)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.fit(s, entries); err != nil {
		return err
	}
	for i, e := range entries {
		of := indexOf{s, e.Generation}
		if x.sites[of] == nil {
			x.sites[of] = newIndexedSite()
		}
		x.sites[of].replace(e, made[i])
	}
	return nil
}

// fit reports whether all of entries can be put, one after the other: what is in
// a corpus cannot be put back.
func (x *Index) fit(s tenant.Scope, entries []retrieval.Entry) error {
	type site struct {
		dim, vectors int
		of           map[retrieval.DocumentID]int // vectors of those that were looked at
	}
	sites := map[indexOf]*site{}
	for _, e := range entries {
		of := indexOf{s, e.Generation}
		is := sites[of]
		if is == nil {
			is = &site{of: map[retrieval.DocumentID]int{}}
			if held := x.sites[of]; held != nil {
				is.dim, is.vectors = held.corpus.Dim(nil), held.vectors
			}
			sites[of] = is
		}
		had, ok := is.of[e.Document]
		if held := x.sites[of]; !ok && held != nil && held.documents[e.Document] != nil {
			had = len(held.documents[e.Document].embedded)
		}
		is.vectors -= had
		n, err := e.Dim()
		if err != nil {
			return fmt.Errorf("memory: put %s: %w: %w", e.Document, ports.ErrInvalid, err)
		}
		if n > 0 && is.vectors > 0 && n != is.dim {
			return fmt.Errorf("memory: put %s: %w: vectors of length %d, the index has vectors of length %d", e.Document, ports.ErrInvalid, n, is.dim)
		}
		is.of[e.Document] = vectorsIn(e)
		is.vectors += is.of[e.Document]
		if n > 0 {
			is.dim = n
		}
	}
	return nil
}

func vectorsIn(e retrieval.Entry) (n int) {
	for _, c := range e.Chunks {
		if len(c.Vector) > 0 {
			n++
		}
	}
	return n
}

// replace puts what was made of e in place of what there is of its document.
func (s *indexedSite) replace(e retrieval.Entry, d *indexed) {
	if old := s.documents[e.Document]; old != nil {
		s.corpus.Remove(old.Indexed)
		s.vectors -= len(old.embedded)
		delete(s.documents, e.Document)
	}
	if len(e.Chunks) > 0 {
		s.corpus.Add(d.Indexed)
		s.vectors += len(d.embedded)
		s.documents[e.Document] = d
	}
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
		Document: e.Document, Revision: e.Revision, Kind: e.Kind, Locale: e.Locale, Title: e.Title, Facts: e.Facts.Clone(),
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
