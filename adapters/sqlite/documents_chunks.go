package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

const (
	deleteChunks = `delete from chunks where tenant_id = ? and site_id = ? and document_id = ?`

	insertChunk = `insert into chunks (tenant_id, site_id, document_id, chunking, seq, heading, text) values (?, ?, ?, ?, ?, ?, ?)`

	selectChunks = `select seq, heading, text from chunks where tenant_id = ? and site_id = ? and document_id = ? and chunking = ? order by seq`

	// As it is shown now, and not cut like that yet.
	lacksChunks = `select exists (select 1 from documents where tenant_id = ?1 and site_id = ?2 and id = ?3 and revision = ?4 and shown)
		and not exists (select 1 from chunks where tenant_id = ?1 and site_id = ?2 and document_id = ?3 and chunking = ?5)`

	// How the generation that is searched is cut.
	servedChunking = `coalesce((select g.chunking from index_generations g where g.tenant_id = ?1 and g.site_id = ?2 and g.state = 'served'), '')`
)

type chunkRow struct {
	Seq     int    `db:"seq"`
	Heading string `db:"heading"`
	Text    string `db:"text"`
}

// putChunks adds chunks, which are all of one chunking, to those of a document.
func putChunks(ctx context.Context, tx queryer, o owner, id retrieval.DocumentID, chunks []retrieval.Chunk) error {
	if _, err := retrieval.CutBy(chunks); err != nil {
		return fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	for _, c := range chunks {
		_, err := tx.ExecContext(ctx, insertChunk, o.tenant, o.site, string(id), c.Chunking.Key(), c.Seq, c.Heading, c.Text)
		if errors.Is(mapped(ctx, err), ports.ErrConflict) {
			return fmt.Errorf("%w: two chunks are number %d: %w", ports.ErrInvalid, c.Seq, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// PutChunks implements [ports.DocumentChunks].
func (d *Documents) PutChunks(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
	o, err := ownerOf(s)
	if err != nil {
		return nil, mapped(ctx, err)
	}
	if len(docs) > ports.MaxPut {
		return nil, fmt.Errorf("%w: chunks of %d documents are put, at most %d are", ports.ErrInvalid, len(docs), ports.MaxPut)
	}
	stored := make([]bool, len(docs))
	err = d.stmts.write(ctx, func(tx queryer) error {
		clear(stored) // it may be tried again
		for i, p := range docs {
			c, err := retrieval.CutBy(p.Chunks)
			if err != nil {
				return fmt.Errorf("document %s: %w: %w", p.Document.ID, ports.ErrInvalid, err)
			}
			if len(p.Chunks) == 0 {
				continue
			}
			if err := tx.GetContext(ctx, &stored[i], lacksChunks, o.tenant, o.site, string(p.Document.ID), p.Document.Revision, c.Key()); err != nil {
				return err
			}
			if !stored[i] {
				continue
			}
			if err := putChunks(ctx, tx, o, p.Document.ID, p.Chunks); err != nil {
				return fmt.Errorf("document %s: %w", p.Document.ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("chunks of documents: %w", err)
	}
	return stored, nil
}
