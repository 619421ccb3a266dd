package ingesting

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// chunkingOf returns how what is stored for the site is best cut: for the
// generation that is searched, or that a new site will begin with. A Drain cuts
// what turns out to be cut for another one, so that it may be late.
func (s *Service) chunkingOf(ctx context.Context, scope tenant.Scope) (retrieval.Chunking, error) {
	if s.deps.Generations == nil {
		return retrieval.Chunking{}, nil
	}
	g, err := s.deps.Generations.GenerationsOf(ctx, scope)
	if err != nil {
		return retrieval.Chunking{}, &storeError{fmt.Errorf("generations of the index: %w", err)}
	}
	if g.Served.No != 0 {
		return g.Served.Chunking, nil
	}
	_, c, _, err := s.wanted(ctx, scope, g)
	if err != nil {
		return c, &storeError{err}
	}
	return c, nil
}

// chunks cuts a document for generations of this Chunking; one that is not shown
// has none.
func (s *Service) chunks(doc retrieval.Document, c retrieval.Chunking) []retrieval.Chunk {
	if !doc.Shown {
		return nil
	}
	by := c
	if s.deps.Generations == nil {
		by = s.deps.Chunking // of the one generation, in which nothing has to be told apart
	}
	chunks := retrieval.ChunkDocument(doc, s.measure, by)
	for i := range chunks {
		chunks[i].Chunking = c
	}
	return chunks
}

// chunked returns a document with its chunks.
func (s *Service) chunked(doc retrieval.Document, c retrieval.Chunking) ports.PendingDocument {
	return ports.PendingDocument{Document: doc, Chunks: s.chunks(doc, c)}
}

// recut returns docs with chunks of the generation's Chunking. Those that have none
// are cut, and their chunks stored before an index can point at them. A document
// that has changed meanwhile, or that another process has cut, is left out: it is
// pending still.
func (p *pass) recut(ctx context.Context, docs []ports.PendingDocument) ([]ports.PendingDocument, error) {
	if p.deps.Generations == nil {
		return docs, nil
	}
	var lack []int
	for i, d := range docs {
		if d.Document.Shown && (len(d.Chunks) == 0 || d.Chunks[0].Chunking != p.gen.Chunking) {
			lack = append(lack, i)
		}
	}
	if len(lack) == 0 {
		return docs, nil
	}
	docs = slices.Clone(docs)
	err := onAll(len(lack), func(n int) error {
		return guarded(func() error {
			d := &docs[lack[n]]
			*d = p.chunked(d.Document, p.gen.Chunking)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("cut documents: %w", err)
	}
	gone := map[retrieval.DocumentID]bool{}
	lack = slices.DeleteFunc(lack, func(i int) bool { return len(docs[i].Chunks) == 0 }) // they say nothing
	for group := range slices.Chunk(lack, groupSize) {
		put := make([]ports.PendingDocument, len(group))
		for n, i := range group {
			put[n] = docs[i]
		}
		stored, err := p.deps.Chunks.PutChunks(ctx, p.scope, put)
		if err != nil {
			return nil, fmt.Errorf("store chunks: %w", err)
		}
		for n, ok := range stored {
			gone[put[n].Document.ID] = !ok
		}
	}
	return slices.DeleteFunc(docs, func(d ports.PendingDocument) bool { return gone[d.Document.ID] }), nil
}

// onAll calls do for each number below n, on all processors.
func onAll(n int, do func(int) error) error {
	var work sync.WaitGroup
	var next atomic.Int64
	errs := make([]error, n)
	for range min(runtime.GOMAXPROCS(0), n) {
		work.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				errs[i] = do(int(i))
			}
		})
	}
	work.Wait()
	return errors.Join(errs...)
}
