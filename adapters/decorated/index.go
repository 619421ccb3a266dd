package decorated

import (
	"context"
	"errors"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Searcher returns next with as around each call.
func Searcher(next ports.Searcher, as ...Around) ports.Searcher { return searcher{next, chain(as)} }

type searcher struct {
	next   ports.Searcher
	around Around
}

// Search implements ports.Searcher.
func (w searcher) Search(ctx context.Context, s tenant.Scope, q retrieval.Query) ([]retrieval.Passage, error) {
	return run(ctx, w.around, Call{"Searcher", "Search"}, func(ctx context.Context) ([]retrieval.Passage, error) {
		return w.next.Search(ctx, s, q)
	})
}

type fallbackSearcher struct {
	first, second ports.Searcher
	fellBack      func(context.Context, error)
}

// Search implements ports.Searcher.
func (w fallbackSearcher) Search(ctx context.Context, s tenant.Scope, q retrieval.Query) ([]retrieval.Passage, error) {
	found, err := w.first.Search(ctx, s, q)
	if !errors.Is(err, ports.ErrUnavailable) {
		return found, err
	}
	if done := ctx.Err(); done != nil {
		return nil, errors.Join(done, err) // nobody waits for a second search
	}
	if w.fellBack != nil {
		w.fellBack(ctx, err)
	}
	found, second := w.second.Search(ctx, s, q)
	if second != nil {
		return nil, errors.Join(second, err)
	}
	return found, nil
}

// Indexer returns next with as around each call.
func Indexer(next ports.Indexer, as ...Around) ports.Indexer { return indexer{next, chain(as)} }

type indexer struct {
	next   ports.Indexer
	around Around
}

// Put implements ports.Indexer.
func (w indexer) Put(ctx context.Context, s tenant.Scope, e retrieval.Entry) error {
	return w.around(ctx, Call{"Indexer", "Put"}, func(ctx context.Context) error { return w.next.Put(ctx, s, e) })
}

// Vectors implements ports.Indexer.
func (w indexer) Vectors(ctx context.Context, s tenant.Scope, generation int64, documents []retrieval.DocumentID) ([]retrieval.Embedded, error) {
	return run(ctx, w.around, Call{"Indexer", "Vectors"}, func(ctx context.Context) ([]retrieval.Embedded, error) {
		return w.next.Vectors(ctx, s, generation, documents)
	})
}

// Drop implements ports.Indexer.
func (w indexer) Drop(ctx context.Context, s tenant.Scope, generation int64) error {
	return w.around(ctx, Call{"Indexer", "Drop"}, func(ctx context.Context) error { return w.next.Drop(ctx, s, generation) })
}

// Documents returns next with as around each call.
func Documents(next ports.Documents, as ...Around) ports.Documents { return documents{next, chain(as)} }

type documents struct {
	next   ports.Documents
	around Around
}

// Put implements ports.Documents.
func (w documents) Put(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
	return run(ctx, w.around, Call{"Documents", "Put"}, func(ctx context.Context) (bool, error) {
		return w.next.Put(ctx, s, d, chunks)
	})
}

// Pending implements ports.Documents.
func (w documents) Pending(ctx context.Context, s tenant.Scope, at retrieval.Stage, limit int) ([]ports.PendingDocument, error) {
	return run(ctx, w.around, Call{"Documents", "Pending"}, func(ctx context.Context) ([]ports.PendingDocument, error) {
		return w.next.Pending(ctx, s, at, limit)
	})
}

// Indexed implements ports.Documents.
func (w documents) Indexed(ctx context.Context, s tenant.Scope, at retrieval.Stage, done []retrieval.DocumentRef) error {
	return w.around(ctx, Call{"Documents", "Indexed"}, func(ctx context.Context) error { return w.next.Indexed(ctx, s, at, done) })
}

// Passages returns next with as around each call.
func Passages(next ports.Passages, as ...Around) ports.Passages { return passages{next, chain(as)} }

type passages struct {
	next   ports.Passages
	around Around
}

// Load implements ports.Passages.
func (w passages) Load(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
	return run(ctx, w.around, Call{"Passages", "Load"}, func(ctx context.Context) ([]retrieval.Passage, error) {
		return w.next.Load(ctx, s, c, refs)
	})
}
