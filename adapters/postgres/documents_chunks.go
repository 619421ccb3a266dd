package postgres

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

const (
	deleteChunks = `delete from chunks where tenant_id = $1 and site_id = $2 and document_id = $3`

	insertChunks = `insert into chunks (tenant_id, site_id, document_id, chunking, seq, heading, text)
	select $1, $2, $3, $4, c.seq, c.heading, c.text from unnest($5::bigint[], $6::text[], $7::text[]) as c (seq, heading, text)`

	// As it is shown now, and not cut like that yet.
	lacksChunks = `select exists (select from documents where tenant_id = $1 and site_id = $2 and id = $3 and revision = $4 and shown)
		and not exists (select from chunks where tenant_id = $1 and site_id = $2 and document_id = $3 and chunking = $5)`

	// How the generation that is searched is cut.
	servedChunking = `coalesce((select g.chunking from index_generations g where g.tenant_id = $1 and g.site_id = $2 and g.state = 'served'), '')`
)

// chunkArrays are chunks of one chunking as one statement takes and gives them:
// null arrays for none.
type chunkArrays struct {
	Seqs     pq.Int64Array  `db:"seqs"`
	Headings pq.StringArray `db:"headings"`
	Texts    pq.StringArray `db:"texts"`

	chunking retrieval.Chunking
}

func chunkArraysOf(chunks []retrieval.Chunk) (a chunkArrays, err error) {
	if a.chunking, err = retrieval.CutBy(chunks); err != nil {
		return a, fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	seen := make(map[int]bool, len(chunks))
	for _, c := range chunks {
		if seen[c.Seq] {
			return a, fmt.Errorf("%w: two chunks are number %d", ports.ErrInvalid, c.Seq)
		}
		seen[c.Seq] = true
		a.Seqs, a.Headings, a.Texts = append(a.Seqs, int64(c.Seq)), append(a.Headings, c.Heading), append(a.Texts, c.Text)
	}
	return a, nil
}

// put adds the chunks to those of a document.
func (a chunkArrays) put(ctx context.Context, tx *sqlx.Tx, o owner, id retrieval.DocumentID) error {
	if len(a.Seqs) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, insertChunks, o.tenant, o.site, string(id), a.chunking.Key(), a.Seqs, a.Headings, a.Texts)
	return err
}

func (a chunkArrays) chunks(c retrieval.Chunking) []retrieval.Chunk {
	var list []retrieval.Chunk
	for i, seq := range a.Seqs {
		list = append(list, retrieval.Chunk{Chunking: c, Seq: int(seq), Heading: a.Headings[i], Text: a.Texts[i]})
	}
	return list
}

// PutChunks implements [ports.DocumentChunks].
func (d *Documents) PutChunks(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
	fail := failing(ctx, "chunks of documents of", s.Site)
	o, err := ownerOf(s)
	if err != nil {
		return nil, fail(err)
	}
	if len(docs) > ports.MaxPut {
		return nil, fail(fmt.Errorf("%w: chunks of %d documents are put, at most %d are", ports.ErrInvalid, len(docs), ports.MaxPut))
	}
	chunks := make([]chunkArrays, len(docs))
	for i, p := range docs {
		if chunks[i], err = chunkArraysOf(p.Chunks); err != nil {
			return nil, fail(fmt.Errorf("document %s: %w", p.Document.ID, err))
		}
	}
	stored := make([]bool, len(docs))
	err = d.db.asService(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, lockDocuments, o.site); err != nil {
			return err
		}
		for i, p := range docs {
			if id := string(p.Document.ID); len(p.Chunks) == 0 || !storable(id) || !storable(p.Document.Revision) {
				continue // nothing of that name can be there
			}
			if err := tx.GetContext(ctx, &stored[i], lacksChunks, o.tenant, o.site, string(p.Document.ID), p.Document.Revision, chunks[i].chunking.Key()); err != nil {
				return err
			}
			if !stored[i] {
				continue
			}
			if err := chunks[i].put(ctx, tx, o, p.Document.ID); err != nil {
				return fmt.Errorf("document %s: %w", p.Document.ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fail(err)
	}
	return stored, nil
}
