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
)

type stateRow struct {
	ID       string        `db:"id"`
	Revision string        `db:"revision"`
	Indexed  string        `db:"indexed_revision"`
	Kind     string        `db:"kind"`
	Source   string        `db:"source"`
	Title    string        `db:"title"`
	Shown    bool          `db:"shown"`
	Chunks   int           `db:"chunks"`
	Updated  sql.NullInt64 `db:"updated_at"`
}

// States implements [ports.Inventory].
func (d *Documents) States(ctx context.Context, s tenant.Scope, after retrieval.DocumentID, limit int) ([]retrieval.DocumentState, error) {
	o, err := ownerOf(s)
	if err != nil {
		return nil, mapped(ctx, err)
	}
	var rows []stateRow
	err = d.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, `
			select d.id, d.revision, d.indexed_revision, d.kind, d.source, d.title, d.shown, d.updated_at,
				(select count(*) from chunks c
				 where c.tenant_id = d.tenant_id and c.site_id = d.site_id and c.document_id = d.id and c.chunking = `+servedChunking+`) as chunks
			from documents d where d.tenant_id = ?1 and d.site_id = ?2 and d.id > ?3 order by d.id limit ?4`,
			o.tenant, o.site, string(after), max(0, limit))
	})
	if err != nil {
		return nil, fmt.Errorf("states of documents: %w", err)
	}
	var list []retrieval.DocumentState
	for _, r := range rows {
		kind, err := kindOf(r.Kind)
		if err != nil {
			return nil, fmt.Errorf("document %s: %w", r.ID, err)
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
	o, err := ownerOf(s)
	if err != nil {
		return retrieval.Tally{}, mapped(ctx, err)
	}
	var n retrieval.Tally
	err = d.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.QueryRowContext(ctx, `
			select count(*) filter (where shown), count(*) filter (where not shown), count(*) filter (where change_no is not null),
				count(*) filter (where change_no is not null and not worded), count(*) filter (where unbuilt = 1),
				(select count(*) from chunks where tenant_id = ?1 and site_id = ?2 and chunking = `+servedChunking+`)
			from documents where tenant_id = ?1 and site_id = ?2`, o.tenant, o.site).
			Scan(&n.Shown, &n.Hidden, &n.Waiting, &n.Unfound, &n.Unbuilt, &n.Chunks)
	})
	if err != nil {
		return retrieval.Tally{}, fmt.Errorf("count documents: %w", err)
	}
	return n, nil
}

type passageRow struct {
	Kind    string        `db:"kind"`
	Locale  string        `db:"locale"`
	Title   string        `db:"title"`
	URL     string        `db:"url"`
	Facts   string        `db:"facts"`
	Updated sql.NullInt64 `db:"updated_at"`
	Heading string        `db:"heading"`
	Text    string        `db:"text"`
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
	o, err := ownerOf(s)
	if err != nil {
		return nil, mapped(ctx, err)
	}
	var list []retrieval.Passage
	err = d.db.read(ctx, func(tx *sqlx.Tx) error {
		find, err := tx.PreparexContext(ctx, `
			select d.kind, d.locale, d.title, d.url, d.facts, d.updated_at, c.heading, c.text
			from documents d
			join chunks c on c.tenant_id = d.tenant_id and c.site_id = d.site_id and c.document_id = d.id
			where d.tenant_id = ? and d.site_id = ? and d.id = ? and d.revision = ? and d.shown and c.chunking = ? and c.seq = ?`)
		if err != nil {
			return err
		}
		defer func() { _ = find.Close() }() // the transaction closes it anyway
		for _, ref := range refs {
			var row passageRow
			err := find.GetContext(ctx, &row, o.tenant, o.site, string(ref.Document), ref.Revision, c.Key(), ref.Seq)
			if errors.Is(err, sql.ErrNoRows) {
				continue
			}
			if err != nil {
				return err
			}
			p, err := row.passage(ref)
			if err != nil {
				return fmt.Errorf("document %s: %w", ref.Document, err)
			}
			list = append(list, p)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load passages: %w", err)
	}
	return list, nil
}

// Cursor implements [ports.Cursors].
func (d *Documents) Cursor(ctx context.Context, s tenant.Scope, source string) (catalog.Cursor, error) {
	o, err := ownerOf(s)
	if err != nil {
		return "", mapped(ctx, err)
	}
	var cursor string
	err = d.db.read(ctx, func(tx *sqlx.Tx) error {
		err := tx.GetContext(ctx, &cursor, `select cursor from source_cursors where tenant_id = ? and site_id = ? and source = ?`,
			o.tenant, o.site, source)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("cursor of %q: %w", source, err)
	}
	return catalog.Cursor(cursor), nil
}

// SaveCursor implements [ports.Cursors]. ErrNotFound if there is no such site.
func (d *Documents) SaveCursor(ctx context.Context, s tenant.Scope, source string, c catalog.Cursor) error {
	o, err := ownerOf(s)
	if err != nil {
		return mapped(ctx, err)
	}
	err = d.db.write(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			insert into source_cursors (tenant_id, site_id, source, cursor) values (?, ?, ?, ?)
			on conflict (tenant_id, site_id, source) do update set cursor = excluded.cursor`, o.tenant, o.site, source, string(c))
		return err
	})
	if err != nil {
		return fmt.Errorf("cursor of %q: %w", source, err)
	}
	return nil
}
