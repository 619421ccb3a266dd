package postgres

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
//
// Passages are loaded, documents counted, and generations asked for, by the
// runtime login, within one site's rows. All else is
// ingestion, which is the platform's own work and done as service_role; its
// statements carry their scope. Text that Postgres cannot hold, which is text
// with the character U+0000 or that is no UTF-8, is ports.ErrInvalid.
type Documents struct{ db *DB }

var (
	_ ports.Documents       = (*Documents)(nil)
	_ ports.Inventory       = (*Documents)(nil)
	_ ports.DocumentBatches = (*Documents)(nil)
	_ ports.DocumentChunks  = (*Documents)(nil)
	_ ports.Passages        = (*Documents)(nil)
	_ ports.Cursors         = (*Documents)(nil)

	_ ports.Generations        = (*Documents)(nil)
	_ ports.RetiredGenerations = (*Documents)(nil)
	_ ports.IndexModel         = (*Documents)(nil)
)

// Documents returns the store of documents in db.
func (db *DB) Documents() *Documents { return &Documents{db} }

const (
	// Changes of a site's documents are numbered one after the other, whichever
	// processes make them. The lock ends with the transaction. Two sites of one
	// hash wait for each other, and nothing else.
	lockDocuments = `select pg_advisory_xact_lock(hashtextextended('woochat documents ' || $1::text, 0))`

	selectStored = `select revision, shown, updated_at, read_at from documents where tenant_id = $1 and site_id = $2 and id = $3`

	// A number above all changes of the site that the index must still follow.
	// Those it has followed are of no account.
	selectNextChange = `select coalesce(max(change_no), 0) + 1 from documents
	where tenant_id = $1 and site_id = $2 and change_no is not null`

	putDocument = `insert into documents (tenant_id, site_id, id, revision, kind, source, title, url, body, locale, facts, shown, updated_at, read_at, change_no, unbuilt)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
		exists (select from index_generations where tenant_id = $1 and site_id = $2 and state = 'building'))
	on conflict (tenant_id, site_id, id) do update set revision = excluded.revision, kind = excluded.kind,
		source = excluded.source, title = excluded.title, url = excluded.url, body = excluded.body, locale = excluded.locale,
		facts = excluded.facts, shown = excluded.shown, updated_at = excluded.updated_at, read_at = excluded.read_at,
		change_no = excluded.change_no, unbuilt = excluded.unbuilt, worded = false`

	noteRead = `update documents set updated_at = $4, read_at = $5 where tenant_id = $1 and site_id = $2 and id = $3`
)

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
	fail := failing(ctx, "documents of", s.Site)
	o, err := ownerOf(s)
	if err != nil {
		return nil, fail(err)
	}
	if len(docs) > ports.MaxPut {
		return nil, fail(fmt.Errorf("%w: %d documents are put, at most %d are", ports.ErrInvalid, len(docs), ports.MaxPut))
	}
	rows := make([]putRow, 0, len(docs))
	for _, p := range docs {
		r, err := putRowOf(p)
		if err != nil {
			return nil, fail(err)
		}
		rows = append(rows, r)
	}
	changed := make([]bool, len(docs))
	err = d.db.asService(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, lockDocuments, o.site); err != nil {
			return err
		}
		for i, r := range rows {
			if changed[i], err = r.put(ctx, tx, o); err != nil {
				return fmt.Errorf("document %s: %w", r.doc.ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fail(err)
	}
	return changed, nil
}

// putRow is a document on its way into the store.
type putRow struct {
	doc    retrieval.Document
	facts  string
	chunks chunkArrays
}

func putRowOf(p ports.PendingDocument) (r putRow, err error) {
	if r.doc = p.Document; r.doc.ID == "" {
		return r, fmt.Errorf("%w: a document needs an id", ports.ErrInvalid)
	}
	if !r.doc.Shown {
		r.doc.Body, p.Chunks = "", nil
	}
	if r.facts, err = factsToJSON(r.doc.Facts); err != nil {
		return r, err
	}
	r.chunks, err = chunkArraysOf(p.Chunks)
	return r, err
}

// put puts the document. The caller holds the site's lock.
func (r putRow) put(ctx context.Context, tx *sqlx.Tx, o owner) (changed bool, err error) {
	doc := r.doc
	var old struct {
		Revision string       `db:"revision"`
		Shown    bool         `db:"shown"`
		Updated  sql.NullTime `db:"updated_at"`
		Read     sql.NullTime `db:"read_at"`
	}
	err = tx.GetContext(ctx, &old, selectStored, o.tenant, o.site, string(doc.ID))
	switch {
	case err == nil && !doc.Supersedes(retrieval.Age{Updated: timeOrZero(old.Updated), Read: timeOrZero(old.Read)}):
		return false, nil
	case err == nil && old.Revision == doc.Revision && old.Shown == doc.Shown:
		return false, one(tx.ExecContext(ctx, noteRead, o.tenant, o.site, string(doc.ID), timeOrNull(doc.Updated), timeOrNull(doc.Read)))
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return false, err
	}
	no, err := nextChange(ctx, tx, o)
	if err != nil {
		return false, err
	}
	_, err = tx.ExecContext(ctx, putDocument,
		o.tenant, o.site, string(doc.ID), doc.Revision, doc.Kind.String(), doc.Source, doc.Title, doc.URL, doc.Body, doc.Locale,
		r.facts, doc.Shown, timeOrNull(doc.Updated), timeOrNull(doc.Read), no)
	if err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, deleteChunks, o.tenant, o.site, string(doc.ID)); err != nil {
		return false, err
	}
	return true, r.chunks.put(ctx, tx, o, doc.ID)
}

// nextChange returns the number of the site's next change. The caller holds the
// site's lock.
func nextChange(ctx context.Context, tx *sqlx.Tx, o owner) (no int64, err error) {
	err = tx.GetContext(ctx, &no, selectNextChange, o.tenant, o.site)
	return no, err
}

type documentRow struct {
	ID       string       `db:"id"`
	Revision string       `db:"revision"`
	Kind     string       `db:"kind"`
	Source   string       `db:"source"`
	Title    string       `db:"title"`
	URL      string       `db:"url"`
	Body     string       `db:"body"`
	Locale   string       `db:"locale"`
	Facts    string       `db:"facts"`
	Shown    bool         `db:"shown"`
	Updated  sql.NullTime `db:"updated_at"`
	Read     sql.NullTime `db:"read_at"`
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
