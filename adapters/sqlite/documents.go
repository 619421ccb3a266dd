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

// Documents keeps documents, their chunks, the cursors of their sources, and the
// generations of the index. It is a [ports.Documents], [ports.Inventory],
// [ports.DocumentChunks], [ports.Passages], [ports.Cursors], [ports.Generations],
// [ports.RetiredGenerations] and [ports.IndexModel].
type Documents struct {
	db    *DB
	stmts *statements
}

// Documents returns the store of documents in db.
func (db *DB) Documents() *Documents { return &Documents{db, newStatements(db.file)} }

// Put implements [ports.Documents]. ErrInvalid for a document without an id or
// kind, or two chunks of one Seq; ErrNotFound if there is no such site.
func (d *Documents) Put(ctx context.Context, s tenant.Scope, doc retrieval.Document, chunks []retrieval.Chunk) (changed bool, err error) {
	all, err := d.PutAll(ctx, s, []ports.PendingDocument{{Document: doc, Chunks: chunks}})
	if err != nil {
		return false, err
	}
	return all[0], nil
}

// PutAll implements [ports.DocumentBatches]. Errors as in Put.
func (d *Documents) PutAll(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
	o, err := ownerOf(s)
	if err != nil {
		return nil, mapped(ctx, err)
	}
	if len(docs) > ports.MaxPut {
		return nil, fmt.Errorf("%w: %d documents are put, at most %d are", ports.ErrInvalid, len(docs), ports.MaxPut)
	}
	facts := make([]string, len(docs))
	for i, p := range docs {
		if p.Document.ID == "" {
			return nil, fmt.Errorf("%w: a document needs an id", ports.ErrInvalid)
		}
		if facts[i], err = factsToJSON(p.Document.Facts); err != nil {
			return nil, fmt.Errorf("document %s: %w", p.Document.ID, err)
		}
	}
	changed := make([]bool, len(docs))
	err = d.stmts.write(ctx, func(tx queryer) error {
		put := putting{tx: tx, owner: o}
		for i, p := range docs {
			if !p.Document.Shown {
				p.Document.Body, p.Chunks = "", nil
			}
			if changed[i], err = put.document(ctx, p, facts[i]); err != nil {
				return fmt.Errorf("document %s: %w", p.Document.ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

const (
	selectAge = `select revision, shown, updated_at, read_at from documents where tenant_id = ? and site_id = ? and id = ?`

	noteRead = `update documents set updated_at = ?, read_at = ? where tenant_id = ? and site_id = ? and id = ?`

	putDocument = `
		insert into documents (tenant_id, site_id, id, revision, kind, source, title, url, body, locale, facts, shown, updated_at, read_at, change_no, unbuilt)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
			exists (select 1 from index_generations where tenant_id = ? and site_id = ? and state = 'building'))
		on conflict (tenant_id, site_id, id) do update set revision = excluded.revision, kind = excluded.kind,
			source = excluded.source, title = excluded.title, url = excluded.url, body = excluded.body, locale = excluded.locale,
			facts = excluded.facts, shown = excluded.shown, updated_at = excluded.updated_at, read_at = excluded.read_at,
			change_no = excluded.change_no, unbuilt = excluded.unbuilt, worded = 0`
)

// putting puts documents in one transaction.
type putting struct {
	tx    queryer
	owner owner
	no    int64 // of the last change; 0 until it is known
}

func (p *putting) document(ctx context.Context, in ports.PendingDocument, facts string) (changed bool, err error) {
	doc, o := in.Document, p.owner
	var old struct {
		Revision string        `db:"revision"`
		Shown    bool          `db:"shown"`
		Updated  sql.NullInt64 `db:"updated_at"`
		Read     sql.NullInt64 `db:"read_at"`
	}
	err = p.tx.GetContext(ctx, &old, selectAge, o.tenant, o.site, string(doc.ID))
	switch {
	case err == nil && !doc.Supersedes(retrieval.Age{Updated: timeOrZero(old.Updated), Read: timeOrZero(old.Read)}):
		return false, nil
	case err == nil && old.Revision == doc.Revision && old.Shown == doc.Shown:
		if old.Updated == microsOrNull(doc.Updated) && old.Read == microsOrNull(doc.Read) {
			return false, nil
		}
		return false, one(p.tx.ExecContext(ctx, noteRead, microsOrNull(doc.Updated), microsOrNull(doc.Read), o.tenant, o.site, string(doc.ID)))
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return false, err
	}
	if p.no == 0 {
		if p.no, err = nextChange(ctx, p.tx, o); err != nil {
			return false, err
		}
		p.no--
	}
	p.no++
	_, err = p.tx.ExecContext(ctx, putDocument,
		o.tenant, o.site, string(doc.ID), doc.Revision, doc.Kind.String(), doc.Source, doc.Title, doc.URL, doc.Body, doc.Locale,
		facts, doc.Shown, microsOrNull(doc.Updated), microsOrNull(doc.Read), p.no, o.tenant, o.site)
	if err != nil {
		return false, err
	}
	if _, err := p.tx.ExecContext(ctx, deleteChunks, o.tenant, o.site, string(doc.ID)); err != nil {
		return false, err
	}
	return true, putChunks(ctx, p.tx, o, doc.ID, in.Chunks)
}

// nextChange returns a number above all changes of the site that the index
// must still follow. Those it has followed are of no account.
func nextChange(ctx context.Context, tx queryer, o owner) (no int64, err error) {
	err = tx.GetContext(ctx, &no, `select coalesce(max(change_no), 0) + 1 from documents
		where tenant_id = ? and site_id = ? and change_no is not null`, o.tenant, o.site)
	return no, err
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
	Read     sql.NullInt64 `db:"read_at"`
}

func (r documentRow) document() (retrieval.Document, error) {
	kind, err := kindOf(r.Kind)
	if err != nil {
		return retrieval.Document{}, err
	}
	facts, err := factsOfJSON(r.Facts)
	return retrieval.Document{
		ID: retrieval.DocumentID(r.ID), Revision: r.Revision, Kind: kind, Source: r.Source, Title: r.Title, URL: r.URL,
		Body: r.Body, Locale: r.Locale, Facts: facts, Shown: r.Shown, Updated: timeOrZero(r.Updated), Read: timeOrZero(r.Read),
	}, err
}

func kindOf(word string) (catalog.Kind, error) {
	k, err := parse(word, catalog.KindProduct, catalog.KindFAQ)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ports.ErrUnavailable, err)
	}
	return k, nil
}

const (
	pendingColumns = `select id, revision, kind, source, title, url, body, locale, facts, shown, updated_at, read_at from documents `

	pendingWhole   = pendingColumns + `where tenant_id = ? and site_id = ? and change_no is not null order by change_no limit ?`
	pendingByWords = pendingColumns + `where tenant_id = ? and site_id = ? and change_no is not null and not worded order by change_no limit ?`

	pendingToBuild = pendingColumns + `where tenant_id = ? and site_id = ? and unbuilt = 1 order by id limit ?`
)

// Pending implements [ports.Documents].
func (d *Documents) Pending(ctx context.Context, s tenant.Scope, at retrieval.Stage, limit int) ([]ports.PendingDocument, error) {
	o, err := ownerOf(s)
	if err != nil {
		return nil, mapped(ctx, err)
	}
	var list []ports.PendingDocument
	err = d.db.read(ctx, func(tx *sqlx.Tx) error {
		of, building, err := stageOf(ctx, tx, o, at)
		if err != nil {
			return err
		}
		query := pendingWhole
		switch {
		case building:
			query = pendingToBuild
		case at.Words:
			query = pendingByWords
		}
		var rows []documentRow
		if err := tx.SelectContext(ctx, &rows, query, o.tenant, o.site, max(0, limit)); err != nil {
			return err
		}
		ofDocument, err := tx.PreparexContext(ctx, selectChunks)
		if err != nil {
			return err
		}
		defer func() { _ = ofDocument.Close() }() // the transaction closes it anyway
		for _, r := range rows {
			doc, err := r.document()
			if err != nil {
				return fmt.Errorf("document %s: %w", r.ID, err)
			}
			var chunks []chunkRow
			err = ofDocument.SelectContext(ctx, &chunks, o.tenant, o.site, r.ID, of.Chunking.Key())
			if err != nil {
				return err
			}
			list = append(list, ports.PendingDocument{Document: doc, Chunks: each(chunks, func(c chunkRow) retrieval.Chunk {
				return retrieval.Chunk{Chunking: of.Chunking, Seq: c.Seq, Heading: c.Heading, Text: c.Text}
			})})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("pending documents: %w", err)
	}
	return list, nil
}

const (
	// An older revision that is noted late makes the document pending again,
	// since the index holds the wrong one.
	noteIndexed = `
		update documents set
			indexed_revision = case when revision <> ? then ? when not shown then '' when ? then indexed_revision else revision end,
			worded = revision = ? and shown and ? and change_no is not null,
			change_no = case when revision <> ? then coalesce(change_no, ?) when shown and ? then change_no end
		where tenant_id = ? and site_id = ? and id = ?`

	noteBuilt = `update documents set unbuilt = revision <> ? where tenant_id = ? and site_id = ? and id = ?`
)

// Indexed implements [ports.Documents].
func (d *Documents) Indexed(ctx context.Context, s tenant.Scope, at retrieval.Stage, done []retrieval.DocumentRef) error {
	o, err := ownerOf(s)
	if err != nil {
		return mapped(ctx, err)
	}
	err = d.stmts.write(ctx, func(tx queryer) error {
		_, building, err := stageOf(ctx, tx, o, at)
		if err != nil {
			return err
		}
		no, err := nextChange(ctx, tx, o)
		if err != nil {
			return err
		}
		for i, ref := range done {
			if building {
				_, err = tx.ExecContext(ctx, noteBuilt, ref.Revision, o.tenant, o.site, string(ref.ID))
			} else {
				_, err = tx.ExecContext(ctx, noteIndexed, ref.Revision, ref.Revision, at.Words, ref.Revision, at.Words, ref.Revision, no+int64(i), at.Words,
					o.tenant, o.site, string(ref.ID))
			}
			if err != nil {
				return fmt.Errorf("document %s: %w", ref.ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note what is indexed: %w", err)
	}
	return nil
}
