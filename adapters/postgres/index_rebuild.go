package postgres

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

const (
	selectBuilt = `select built from index_state where id = 1`
	noteBuilt   = `update index_state set built = true where id = 1`

	clearSites    = `update index_sites set last_change = last_change + 1, cleared = last_change + 1`
	deleteEntries = `delete from index_entries`
	noteCleared   = `update index_state set built = false where id = 1`

	// A site's row stays, so that a process that has it in memory sees that it
	// was cleared, whatever is put to it afterwards.
	countDrop        = `update index_sites set last_change = last_change + 1 where tenant_id = $1 and site_id = $2 and generation = $3 returning last_change`
	deleteGeneration = `delete from index_entries where tenant_id = $1 and site_id = $2 and generation = $3`
	noteDropped      = `update index_sites set cleared = last_change where tenant_id = $1 and site_id = $2 and generation = $3`

	selectVectors = `select document_id, entry, dim, vectors from index_entries
	where tenant_id = $1 and site_id = $2 and generation = $3 and document_id = any($4::text[]) and dim > 0`
)

// NeedsRebuild reports whether the index is new or was cleared and Rebuilt was
// not called since: documents that count as indexed are not in it then.
func (x *Index) NeedsRebuild(ctx context.Context) (bool, error) {
	var built bool
	err := x.db.asService(ctx, func(tx *sqlx.Tx) error { return tx.GetContext(ctx, &built, selectBuilt) })
	return err == nil && !built, failing(ctx, "state of", "the index")(err)
}

// Rebuilt notes that all documents have been put in, or will be, since they no
// longer count as indexed.
func (x *Index) Rebuilt(ctx context.Context) error {
	return failing(ctx, "note as rebuilt", "the index")(x.db.asService(ctx, func(tx *sqlx.Tx) error {
		return one(tx.ExecContext(ctx, noteBuilt))
	}))
}

// Left notes that documents are put to another index from now on, so that
// NeedsRebuild is true for whoever comes back to this one. What it holds it
// keeps: vectors are taken over then.
func (x *Index) Left(ctx context.Context) error {
	return failing(ctx, "note as left", "the index")(x.db.asService(ctx, func(tx *sqlx.Tx) error {
		return one(tx.ExecContext(ctx, noteCleared))
	}))
}

// Clear takes out everything, of all sites. NeedsRebuild is true after it. A
// site's own row is locked before its entries go, as by Put.
func (x *Index) Clear(ctx context.Context) error {
	return failing(ctx, "clear", "the index")(x.db.asService(ctx, func(tx *sqlx.Tx) error {
		for _, statement := range []string{clearSites, deleteEntries} {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return one(tx.ExecContext(ctx, noteCleared))
	}))
}

// Drop implements [ports.Indexer].
func (x *Index) Drop(ctx context.Context, s tenant.Scope, generation int64) error {
	fail := failing(ctx, "drop from the index", s.Site)
	o, err := ownerOf(s)
	if err != nil {
		return fail(err)
	}
	return fail(x.db.asService(ctx, func(tx *sqlx.Tx) error {
		var no int64
		err := tx.GetContext(ctx, &no, countDrop, o.tenant, o.site, generation)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // nothing was ever put to it
		}
		if err != nil {
			return err
		}
		for _, statement := range []string{deleteGeneration, noteDropped} {
			if _, err := tx.ExecContext(ctx, statement, o.tenant, o.site, generation); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Vectors implements [ports.Indexer].
func (x *Index) Vectors(ctx context.Context, s tenant.Scope, generation int64, documents []retrieval.DocumentID) ([]retrieval.Embedded, error) {
	fail := failing(ctx, "vectors of", s.Site)
	o, err := ownerOf(s)
	if err != nil {
		return nil, fail(err)
	}
	ids := make(pq.StringArray, 0, len(documents))
	for _, id := range documents {
		if storable(string(id)) {
			ids = append(ids, string(id))
		}
	}
	var rows []struct {
		Document string `db:"document_id"`
		Entry    string `db:"entry"`
		Dim      int    `db:"dim"`
		Vectors  []byte `db:"vectors"`
	}
	if err := x.db.asService(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, selectVectors, o.tenant, o.site, generation, ids)
	}); err != nil {
		return nil, fail(err)
	}
	var out []retrieval.Embedded
	for _, r := range rows {
		e, err := entryOfJSON(retrieval.DocumentID(r.Document), r.Entry, r.Dim, r.Vectors)
		if err != nil {
			return nil, fail(err)
		}
		for _, c := range e.Chunks {
			if len(c.Vector) > 0 {
				out = append(out, retrieval.Embedded{Document: e.Document, Key: retrieval.KeyOf(retrieval.EmbeddingText(e.Title, c)), Vector: c.Vector})
			}
		}
	}
	return out, nil
}
