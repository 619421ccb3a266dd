package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

const (
	// Ids are compared byte by byte: their columns are collated so.
	selectStates = `select d.id, d.revision, d.indexed_revision, d.kind, d.source, d.title, d.shown, d.updated_at,
		(select count(*) from chunks c where c.tenant_id = d.tenant_id and c.site_id = d.site_id and c.document_id = d.id
			and c.chunking = ` + servedChunking + `) as chunks
	from documents d where d.tenant_id = $1 and d.site_id = $2 and d.id > $3 order by d.id limit $4`

	countDocuments = `select count(*) filter (where shown), count(*) filter (where not shown), count(*) filter (where change_no is not null),
		count(*) filter (where change_no is not null and not worded), count(*) filter (where unbuilt),
		(select count(*) from chunks where tenant_id = $1 and site_id = $2 and chunking = ` + servedChunking + `)
	from documents where tenant_id = $1 and site_id = $2`

	// One statement, so that two passages of a document are never of two
	// revisions.
	selectPassages = `select r.n, d.kind, d.locale, d.title, d.url, d.facts, d.updated_at, c.heading, c.text
	from unnest($3::text[], $4::text[], $5::bigint[]) with ordinality as r (document, revision, seq, n)
	join documents d on d.tenant_id = $1 and d.site_id = $2 and d.id = r.document and d.revision = r.revision and d.shown
	join chunks c on c.tenant_id = $1 and c.site_id = $2 and c.document_id = d.id and c.chunking = $6 and c.seq = r.seq
	order by r.n`

	selectCursor = `select cursor from source_cursors where tenant_id = $1 and site_id = $2 and source = $3`

	saveCursor = `insert into source_cursors (tenant_id, site_id, source, cursor) values ($1, $2, $3, $4)
	on conflict (tenant_id, site_id, source) do update set cursor = excluded.cursor`
)

type stateRow struct {
	ID       string       `db:"id"`
	Revision string       `db:"revision"`
	Indexed  string       `db:"indexed_revision"`
	Kind     string       `db:"kind"`
	Source   string       `db:"source"`
	Title    string       `db:"title"`
	Shown    bool         `db:"shown"`
	Chunks   int          `db:"chunks"`
	Updated  sql.NullTime `db:"updated_at"`
}

// States implements [ports.Inventory]. It is asked for a shopper's question, too,
// and so sees one site's rows.
func (d *Documents) States(ctx context.Context, s tenant.Scope, after retrieval.DocumentID, limit int) ([]retrieval.DocumentState, error) {
	fail := failing(ctx, "states of documents after", after)
	var rows []stateRow
	if err := d.db.withScope(ctx, s, func(tx *sqlx.Tx, o owner) error {
		return tx.SelectContext(ctx, &rows, selectStates, o.tenant, o.site, string(after), max(0, limit))
	}); err != nil {
		return nil, fail(err)
	}
	var list []retrieval.DocumentState
	for _, r := range rows {
		kind, err := kindOf(r.Kind)
		if err != nil {
			return nil, fail(fmt.Errorf("document %s: %w", r.ID, err))
		}
		list = append(list, retrieval.DocumentState{
			ID: retrieval.DocumentID(r.ID), Revision: r.Revision, Indexed: r.Indexed, Kind: kind, Source: r.Source,
			Title: r.Title, Shown: r.Shown, Chunks: r.Chunks, Updated: timeOrZero(r.Updated),
		})
	}
	return list, nil
}

// Tally implements [ports.Inventory].
func (d *Documents) Tally(ctx context.Context, s tenant.Scope) (retrieval.Tally, error) {
	var n retrieval.Tally
	err := d.db.withScope(ctx, s, func(tx *sqlx.Tx, o owner) error {
		return tx.QueryRowContext(ctx, countDocuments, o.tenant, o.site).Scan(&n.Shown, &n.Hidden, &n.Waiting, &n.Unfound, &n.Unbuilt, &n.Chunks)
	})
	return n, failing(ctx, "count documents of", s.Site)(err)
}

type passageRow struct {
	N       int          `db:"n"` // from 1, the place of its ref
	Kind    string       `db:"kind"`
	Locale  string       `db:"locale"`
	Title   string       `db:"title"`
	URL     string       `db:"url"`
	Facts   string       `db:"facts"`
	Updated sql.NullTime `db:"updated_at"`
	Heading string       `db:"heading"`
	Text    string       `db:"text"`
}

func (r passageRow) passage(ref retrieval.PassageRef) (retrieval.Passage, error) {
	kind, err := kindOf(r.Kind)
	if err != nil {
		return retrieval.Passage{}, err
	}
	facts, err := factsOfJSON(r.Facts)
	return retrieval.Passage{
		Ref: ref, Kind: kind, Locale: r.Locale, Title: r.Title, URL: r.URL, Heading: r.Heading, Text: r.Text, Facts: facts, Updated: timeOrZero(r.Updated),
	}, err
}

// Load implements [ports.Passages]. All refs are looked up in one state of the
// store, so that two passages of a document are never of two revisions.
func (d *Documents) Load(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
	fail := failing(ctx, "load passages of", s.Site)
	var asked []retrieval.PassageRef
	var documents, revisions pq.StringArray
	var seqs pq.Int64Array
	for _, r := range refs {
		if !storable(string(r.Document)) || !storable(r.Revision) {
			continue // nothing of that name can be there
		}
		asked = append(asked, r)
		documents, revisions, seqs = append(documents, string(r.Document)), append(revisions, r.Revision), append(seqs, int64(r.Seq))
	}
	var rows []passageRow
	if err := d.db.withScope(ctx, s, func(tx *sqlx.Tx, o owner) error {
		if len(asked) == 0 {
			return nil
		}
		return tx.SelectContext(ctx, &rows, selectPassages, o.tenant, o.site, documents, revisions, seqs, c.Key())
	}); err != nil {
		return nil, fail(err)
	}
	var list []retrieval.Passage
	for _, r := range rows {
		ref := asked[r.N-1]
		p, err := r.passage(ref)
		if err != nil {
			return nil, fail(fmt.Errorf("document %s: %w", ref.Document, err))
		}
		list = append(list, p)
	}
	return list, nil
}

// storable reports whether Postgres can hold text.
func storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

// Cursor implements [ports.Cursors].
func (d *Documents) Cursor(ctx context.Context, s tenant.Scope, source string) (catalog.Cursor, error) {
	fail := failing(ctx, "cursor of", source)
	o, err := ownerOf(s)
	if err != nil {
		return "", fail(err)
	}
	var cursor string
	err = d.db.asService(ctx, func(tx *sqlx.Tx) error {
		err := tx.GetContext(ctx, &cursor, selectCursor, o.tenant, o.site, source)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return catalog.Cursor(cursor), fail(err)
}

// SaveCursor implements [ports.Cursors]. ErrNotFound if there is no such site.
func (d *Documents) SaveCursor(ctx context.Context, s tenant.Scope, source string, c catalog.Cursor) error {
	fail := failing(ctx, "cursor of", source)
	o, err := ownerOf(s)
	if err != nil {
		return fail(err)
	}
	return fail(d.db.asService(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, saveCursor, o.tenant, o.site, source, string(c))
		return err
	}))
}
