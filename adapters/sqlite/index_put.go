package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

const (
	countChange = `insert into sites (tenant, site, generation, change_no) values (?, ?, ?, 1)
		on conflict (tenant, site, generation) do update set change_no = change_no + 1 returning id, change_no, cleared`

	selectOtherDim = `select dim from entries where site_id = ? and dim > 0 and document <> ? limit 1`

	selectEntry = `select id, chunks from entries where site_id = ? and document = ?`

	putEntryRow = `insert into entries (site_id, document, change_no, revision, kind, locale, title, facts, chunks, dim)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		on conflict (site_id, document) do update set change_no = excluded.change_no, revision = excluded.revision, kind = excluded.kind,
			locale = excluded.locale, title = excluded.title, facts = excluded.facts, chunks = excluded.chunks, dim = excluded.dim
		returning id`

	deleteWords      = `delete from words where rowid = ?`
	deleteIndexChunk = `delete from chunks where id = ?`
	insertWords      = `insert into words (rowid, title, brand, attributes, categories, body) values (?, ?, ?, ?, ?, ?)`
	insertIndexChunk = `insert into chunks (id, seq, tokens, vector, text_key) values (?, ?, ?, ?, ?)`
)

// PutAll implements [ports.IndexBatches]. A document of more than 65,536 chunks is
// ErrInvalid.
func (x *Index) PutAll(ctx context.Context, s tenant.Scope, entries []retrieval.Entry) error {
	if err := s.Valid(); err != nil {
		return err
	}
	if len(entries) > ports.MaxPut {
		return fmt.Errorf("sqlite: index: %w: %d entries, at most %d are put at once", ports.ErrInvalid, len(entries), ports.MaxPut)
	}
	prepared := make([]puttable, len(entries))
	for i, e := range entries {
		var err error
		if prepared[i], err = newPuttable(e); err != nil {
			return fmt.Errorf("sqlite: index %s: %w: %w", e.Document, ports.ErrInvalid, err)
		}
	}
	err := x.stmts.write(ctx, func(tx queryer) error {
		sites := map[int64]indexedSite{} // by generation: what is put at once is one change
		// The words come last: a statement that may be undone in part makes the
		// full-text table write what it has gathered.
		rows := make([]entryRow, len(prepared))
		for i, e := range prepared {
			site, ok := sites[e.Generation]
			if !ok {
				var err error
				if site, err = changeSite(ctx, tx, s, e.Generation); err != nil {
					return err
				}
				sites[e.Generation] = site
			}
			var err error
			if rows[i], err = putEntry(ctx, tx, site, e); err != nil {
				return fmt.Errorf("%s: %w", e.Document, err)
			}
		}
		for i, e := range prepared {
			if err := putWords(ctx, tx, rows[i], e); err != nil {
				return fmt.Errorf("%s: %w", e.Document, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sqlite: index: %w", err)
	}
	return nil
}

// changeSite counts a change of a site's generation, and makes it if it is not
// there.
func changeSite(ctx context.Context, tx queryer, s tenant.Scope, generation int64) (site indexedSite, err error) {
	err = tx.GetContext(ctx, &site, countChange, s.Tenant, s.Site, generation)
	return site, err
}

// puttable is an entry with what is stored of it.
type puttable struct {
	retrieval.Entry
	dim    int
	facts  []byte
	fields [][][]string // of each chunk, the tokens of each of retrieval.Fields
}

func newPuttable(e retrieval.Entry) (puttable, error) {
	dim, err := e.Dim()
	if err == nil && len(e.Chunks) > maxChunks {
		err = fmt.Errorf("%d chunks, at most %d can be indexed", len(e.Chunks), maxChunks)
	}
	if err != nil {
		return puttable{}, err
	}
	if len(e.Chunks) == 0 {
		e = retrieval.Entry{Generation: e.Generation, Document: e.Document} // nothing is kept of what is taken out
		return puttable{Entry: e, facts: []byte("{}")}, nil
	}
	facts, err := json.Marshal(e.Facts)
	if err != nil {
		return puttable{}, fmt.Errorf("facts: %w", err)
	}
	e.Chunks = slices.SortedFunc(slices.Values(e.Chunks), func(a, b retrieval.Chunk) int { return cmp.Compare(a.Seq, b.Seq) })
	p := puttable{Entry: e, dim: dim, facts: facts}
	for _, c := range e.Chunks {
		var fields [][]string
		for _, f := range retrieval.Fields() {
			fields = append(fields, retrieval.FieldTokens(f, e, c))
		}
		p.fields = append(p.fields, fields)
	}
	return p, nil
}

// entryRow is where an entry is, and how many chunks it had before.
type entryRow struct {
	site   int64
	ID     int64 `db:"id"` // 0: nowhere, and it never was
	Chunks int   `db:"chunks"`
}

// putEntry puts all of an entry but its words.
func putEntry(ctx context.Context, tx queryer, site indexedSite, e puttable) (entryRow, error) {
	row := entryRow{site: site.ID}
	if e.dim > 0 {
		var have []int
		if err := tx.SelectContext(ctx, &have, selectOtherDim, site.ID, e.Document); err != nil {
			return row, err
		}
		if len(have) > 0 && have[0] != e.dim {
			return row, fmt.Errorf("%w: vectors of length %d, the index has vectors of length %d: clear and rebuild it for another embedding model", ports.ErrInvalid, e.dim, have[0])
		}
	}
	switch err := tx.GetContext(ctx, &row, selectEntry, site.ID, e.Document); {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return row, err
	case err != nil && len(e.Chunks) == 0:
		return row, nil
	}
	for i := range row.Chunks {
		if _, err := tx.ExecContext(ctx, deleteIndexChunk, chunkID(row.ID, i)); err != nil {
			return row, err
		}
	}
	err := tx.GetContext(ctx, &row.ID, putEntryRow, site.ID, e.Document, site.Change, e.Revision, e.Kind, e.Locale, e.Title, e.facts, len(e.Chunks), e.dim)
	if err != nil {
		return row, err
	}
	for i, c := range e.Chunks {
		tokens := 0
		for _, f := range e.fields[i] {
			tokens += len(f)
		}
		var key any // null for a text without a vector
		if len(c.Vector) > 0 {
			key = string(retrieval.KeyOf(retrieval.EmbeddingText(e.Title, c)))
		}
		if _, err := tx.ExecContext(ctx, insertIndexChunk, chunkID(row.ID, i), c.Seq, tokens, vectorBytes(c.Vector), key); err != nil {
			return row, err
		}
	}
	return row, nil
}

// putWords puts the words of an entry in place of those that were there.
func putWords(ctx context.Context, tx queryer, row entryRow, e puttable) error {
	for i := range row.Chunks {
		if _, err := tx.ExecContext(ctx, deleteWords, chunkID(row.ID, i)); err != nil {
			return err
		}
	}
	for i := range e.Chunks {
		args := []any{chunkID(row.ID, i)}
		for _, tokens := range e.fields[i] {
			args = append(args, siteTerms(row.site, tokens))
		}
		if _, err := tx.ExecContext(ctx, insertWords, args...); err != nil {
			return err
		}
	}
	return nil
}
