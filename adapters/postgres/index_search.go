package postgres

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

const (
	selectLastChange = `select last_change from index_sites where tenant_id = $1 and site_id = $2 and generation = $3`

	// What is newer than a change. One statement, so that the numbers and the
	// entries are of one state. A site of which nothing is newer is one row
	// without an entry.
	selectNews = `select s.last_change, s.cleared, e.document_id, e.entry, coalesce(e.dim, 0) as dim, e.vectors
	from index_sites s
	left join index_entries e on e.tenant_id = $1 and e.site_id = $2 and e.generation = $3 and e.change_no > $4
	where s.tenant_id = $1 and s.site_id = $2 and s.generation = $3`
)

// Search implements [ports.Searcher]. What it finds is of one committed state,
// which is not older than the call.
func (x *Index) Search(ctx context.Context, s tenant.Scope, q retrieval.Query) ([]retrieval.Passage, error) {
	fail := failing(ctx, "search", s.Site)
	var last int64
	if err := x.db.withScope(ctx, s, func(tx *sqlx.Tx, o owner) error {
		err := tx.GetContext(ctx, &last, selectLastChange, o.tenant, o.site, q.Generation)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // nothing was put in yet
		}
		return err
	}); err != nil {
		return nil, fail(err)
	}
	site, err := x.site(ctx, indexOf{s, q.Generation}, last)
	if err != nil {
		return nil, fail(err)
	}
	found, err := site.search(ctx, q)
	return found, fail(err)
}

// site returns the site's documents as of the given change or a later one, from
// memory as far as they are there.
func (x *Index) site(ctx context.Context, s indexOf, last int64) (*siteIndex, error) {
	if last == 0 {
		x.cache.forget(s) // the site may have been deleted
		return newSiteIndex(x.cache.weights), nil
	}
	slot := x.cache.slot(s)
	if slot.site.at() >= last {
		return slot.site, nil
	}
	// One loads, the others wait for it, without a connection.
	select {
	case slot.loading <- struct{}{}:
		defer func() { <-slot.loading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	seen := slot.site.at()
	if seen >= last {
		return slot.site, nil
	}
	var news indexNews
	if err := x.db.withScope(ctx, s.scope, func(tx *sqlx.Tx, o owner) error {
		var err error
		if news, err = readNews(ctx, tx, o, s.generation, seen); err == nil && seen > 0 && news.cleared > seen {
			news, err = readNews(ctx, tx, o, s.generation, 0) // nothing of what is known is left
		}
		return err
	}); err != nil {
		return nil, err
	}
	x.cache.keep(s, slot, slot.site.apply(news))
	return slot.site, nil
}

// indexNews is what has changed of a site since a change that is known.
type indexNews struct {
	last, cleared int64
	changed       []changedEntry
}

// changedEntry is a document as it is now; nil if it was taken out.
type changedEntry struct {
	id       retrieval.DocumentID
	document *siteDocument
}

type changeRow struct {
	Last     int64          `db:"last_change"`
	Cleared  int64          `db:"cleared"`
	Document sql.NullString `db:"document_id"`
	Entry    sql.NullString `db:"entry"`
	Dim      int            `db:"dim"`
	Vectors  []byte         `db:"vectors"`
}

// readNews reads row by row, so that no more than one is there twice.
func readNews(ctx context.Context, tx *sqlx.Tx, o owner, generation, seen int64) (indexNews, error) {
	var news indexNews
	rows, err := tx.QueryxContext(ctx, selectNews, o.tenant, o.site, generation, seen)
	if err != nil {
		return news, err
	}
	defer rows.Close()
	for rows.Next() {
		var r changeRow
		if err := rows.StructScan(&r); err != nil {
			return news, err
		}
		news.last, news.cleared = r.Last, r.Cleared
		if !r.Document.Valid {
			continue
		}
		c := changedEntry{id: retrieval.DocumentID(r.Document.String)}
		if r.Entry.Valid {
			e, err := entryOfJSON(c.id, r.Entry.String, r.Dim, r.Vectors)
			if err != nil {
				return news, err
			}
			c.document = newSiteDocument(e)
		}
		news.changed = append(news.changed, c)
	}
	return news, rows.Err()
}
