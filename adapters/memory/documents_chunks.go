package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// ordered returns by what chunks were cut, and the chunks as they are kept.
func ordered(id retrieval.DocumentID, chunks []retrieval.Chunk) (retrieval.Chunking, []retrieval.Chunk, error) {
	c, err := retrieval.CutBy(chunks)
	if err != nil {
		return c, nil, fmt.Errorf("document %s: %w: %w", id, ports.ErrInvalid, err)
	}
	chunks = slices.Clone(chunks)
	for i := range chunks {
		chunks[i].Vector = nil
	}
	slices.SortFunc(chunks, func(a, b retrieval.Chunk) int { return cmp.Compare(a.Seq, b.Seq) })
	if len(slices.CompactFunc(slices.Clone(chunks), func(a, b retrieval.Chunk) bool { return a.Seq == b.Seq })) < len(chunks) {
		return c, nil, fmt.Errorf("document %s: %w: two chunks have one number", id, ports.ErrInvalid)
	}
	return c, chunks, nil
}

// PutChunks implements [ports.DocumentChunks].
func (d *Documents) PutChunks(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
	if err := begin(ctx, s); err != nil {
		return nil, err
	}
	if len(docs) > ports.MaxPut {
		return nil, fmt.Errorf("%w: chunks of %d documents are put, at most %d are", ports.ErrInvalid, len(docs), ports.MaxPut)
	}
	cut := make([]retrieval.Chunking, len(docs))
	chunks := make([][]retrieval.Chunk, len(docs))
	for i, p := range docs {
		var err error
		if cut[i], chunks[i], err = ordered(p.Document.ID, p.Chunks); err != nil {
			return nil, err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	stored := make([]bool, len(docs))
	for i, p := range docs {
		doc := d.sites[s][p.Document.ID]
		if doc == nil || !doc.Shown || doc.Revision != p.Document.Revision || len(doc.chunks[cut[i]]) > 0 || len(chunks[i]) == 0 {
			continue
		}
		doc.chunks[cut[i]], stored[i] = chunks[i], true
	}
	return stored, nil
}
