package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Documents keeps documents, their chunks and the cursors of their sources. It
// is a [ports.Documents], [ports.Inventory], [ports.Passages] and
// [ports.Cursors].
type Documents struct{ db *DB }

// Documents returns the store of documents in db.
func (db *DB) Documents() *Documents { return &Documents{db} }

// Put implements [ports.Documents]. ErrInvalid for a document without an id or
// kind, or two chunks of one Seq; ErrNotFound if there is no such site.
func (d *Documents) Put(ctx context.Context, s tenant.Scope, doc retrieval.Document, chunks []retrieval.Chunk) (changed bool, err error) {
	o, err := ownerOf(s)
	if err != nil {
		return false, mapped(ctx, err)
	}
	if doc.ID == "" {
		return false, fmt.Errorf("%w: a document needs an id", ports.ErrInvalid)
	}
	if !doc.Shown {
		doc.Body, chunks = "", nil
	}
	facts, err := factsToJSON(doc.Facts)
	if err != nil {
		return false, fmt.Errorf("document %s: %w", doc.ID, err)
	}
	err = d.db.write(ctx, func(tx *sqlx.Tx) error {
		var old struct {
			Revision string `db:"revision"`
			Shown    bool   `db:"shown"`
		}
		err := tx.GetContext(ctx, &old, `select revision, shown from documents where tenant_id = ? and site_id = ? and id = ?`,
			o.tenant, o.site, string(doc.ID))
		switch {
		case err == nil && old.Revision == doc.Revision && old.Shown == doc.Shown:
			return nil
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			return err
		}
		no, err := nextChange(ctx, tx, o)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			insert into documents (tenant_id, site_id, id, revision, kind, source, title, url, body, locale, facts, shown, updated_at, change_no)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			on conflict (tenant_id, site_id, id) do update set revision = excluded.revision, kind = excluded.kind,
				source = excluded.source, title = excluded.title, url = excluded.url, body = excluded.body, locale = excluded.locale,
				facts = excluded.facts, shown = excluded.shown, updated_at = excluded.updated_at, change_no = excluded.change_no`,
			o.tenant, o.site, string(doc.ID), doc.Revision, doc.Kind.String(), doc.Source, doc.Title, doc.URL, doc.Body, doc.Locale,
			facts, doc.Shown, microsOrNull(doc.Updated), no)
		if err != nil {
			return err
		}
		changed = true
		return replaceChunks(ctx, tx, o, doc.ID, chunks)
	})
	if err != nil {
		return false, fmt.Errorf("document %s: %w", doc.ID, err)
	}
	return changed, nil
}

// nextChange returns a number above all changes of the site that the index
// must still follow. Those it has followed are of no account.
func nextChange(ctx context.Context, tx *sqlx.Tx, o owner) (no int64, err error) {
	err = tx.GetContext(ctx, &no, `select coalesce(max(change_no), 0) + 1 from documents
		where tenant_id = ? and site_id = ? and change_no is not null`, o.tenant, o.site)
	return no, err
}

func replaceChunks(ctx context.Context, tx *sqlx.Tx, o owner, id retrieval.DocumentID, chunks []retrieval.Chunk) error {
	_, err := tx.ExecContext(ctx, `delete from chunks where tenant_id = ? and site_id = ? and document_id = ?`, o.tenant, o.site, string(id))
	if err != nil || len(chunks) == 0 {
		return err
	}
	insert, err := tx.PreparexContext(ctx, `insert into chunks (tenant_id, site_id, document_id, seq, heading, text) values (?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer func() { _ = insert.Close() }() // the transaction closes it anyway
	for _, c := range chunks {
		_, err := insert.ExecContext(ctx, o.tenant, o.site, string(id), c.Seq, c.Heading, c.Text)
		if errors.Is(mapped(ctx, err), ports.ErrConflict) {
			return fmt.Errorf("%w: two chunks are number %d: %w", ports.ErrInvalid, c.Seq, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type documentRow struct {
	ID       string        `db:"id"`
	Revision string        `db:"revision"`
	Kind     string        `db:"kind"`
	Source   string        `db:"source"`
	Title    string        `db:"title"`
	URL      string        `db:"url"`
	Body     string        `db:"body"`
	Locale   string        `db:"locale"`
	Facts    string        `db:"facts"`
	Shown    bool          `db:"shown"`
	Updated  sql.NullInt64 `db:"updated_at"`
}

func (r documentRow) document() (retrieval.Document, error) {
	kind, err := kindOf(r.Kind)
	if err != nil {
		return retrieval.Document{}, err
	}
	facts, err := factsOfJSON(r.Facts)
	return retrieval.Document{
		ID: retrieval.DocumentID(r.ID), Revision: r.Revision, Kind: kind, Source: r.Source, Title: r.Title, URL: r.URL,
		Body: r.Body, Locale: r.Locale, Facts: facts, Shown: r.Shown, Updated: timeOrZero(r.Updated),
	}, err
}

func kindOf(word string) (catalog.Kind, error) {
	k, err := parse(word, catalog.KindProduct, catalog.KindFAQ)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ports.ErrUnavailable, err)
	}
	return k, nil
}

type chunkRow struct {
	Seq     int    `db:"seq"`
	Heading string `db:"heading"`
	Text    string `db:"text"`
}

// Pending implements [ports.Documents].
func (d *Documents) Pending(ctx context.Context, s tenant.Scope, limit int) ([]ports.PendingDocument, error) {
	o, err := ownerOf(s)
	if err != nil {
		return nil, mapped(ctx, err)
	}
	var list []ports.PendingDocument
	err = d.db.read(ctx, func(tx *sqlx.Tx) error {
		var rows []documentRow
		err := tx.SelectContext(ctx, &rows, `
			select id, revision, kind, source, title, url, body, locale, facts, shown, updated_at from documents
			where tenant_id = ? and site_id = ? and change_no is not null order by change_no limit ?`,
			o.tenant, o.site, max(0, limit))
		if err != nil {
			return err
		}
		for _, r := range rows {
			doc, err := r.document()
			if err != nil {
				return fmt.Errorf("document %s: %w", r.ID, err)
			}
			var chunks []chunkRow
			err = tx.SelectContext(ctx, &chunks, `select seq, heading, text from chunks
				where tenant_id = ? and site_id = ? and document_id = ? order by seq`, o.tenant, o.site, r.ID)
			if err != nil {
				return err
			}
			list = append(list, ports.PendingDocument{Document: doc, Chunks: each(chunks, func(c chunkRow) retrieval.Chunk {
				return retrieval.Chunk{Seq: c.Seq, Heading: c.Heading, Text: c.Text}
			})})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("pending documents: %w", err)
	}
	return list, nil
}

// Indexed implements [ports.Documents]. An older revision that is noted late
// makes the document pending again, since the index holds the wrong one.
func (d *Documents) Indexed(ctx context.Context, s tenant.Scope, id retrieval.DocumentID, revision string) error {
	o, err := ownerOf(s)
	if err != nil {
		return mapped(ctx, err)
	}
	err = d.db.write(ctx, func(tx *sqlx.Tx) error {
		no, err := nextChange(ctx, tx, o)
		if err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `
			update documents set
				indexed_revision = case when revision = ? and not shown then '' else ? end,
				change_no = case when revision = ? then null else coalesce(change_no, ?) end
			where tenant_id = ? and site_id = ? and id = ?`,
			revision, revision, revision, no, o.tenant, o.site, string(id))
		if err != nil {
			return err
		}
		return changedOne(res, sql.ErrNoRows)
	})
	if err != nil {
		return fmt.Errorf("document %s: %w", id, err)
	}
	return nil
}
