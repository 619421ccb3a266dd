package postgres

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// IndexConfig says what an index may use.
type IndexConfig struct {
	// CacheBytes is about how much memory the sites that were searched last may
	// take; 0 for 256 MiB. The one searched last is kept however large it is.
	CacheBytes int64
	// Weights says how words and meaning are fused; zero for
	// retrieval.DefaultFusionWeights.
	Weights retrieval.FusionWeights
}

// Index finds passages: words by a word list in memory, meaning by comparing the
// vectors of the site, facts by the filter itself, ranked by the same code as
// every other index. It is a [ports.Searcher] and a [ports.Indexer], and all
// processes on one database share what is put in.
//
// It costs memory: each process holds each site that it searches, about 6 KiB
// for a chunk of 150 words and its vector besides (6 KiB for one of 1,536
// numbers). It costs time: the first search of a site after a start, or after it
// was dropped for others, reads all of it from the database (measured on two busy
// cores: 1.4 s for 3,000 such chunks). A search then costs one short transaction,
// which asks whether anything has changed; only what has is read. Where shops are
// larger than that, a server of vectors or full text in SQL takes its place
// behind the same ports.
//
// A process that goes on while the database under it is put back to an earlier
// state may miss changes made afterwards: restart it then.
type Index struct {
	db    *DB
	cache *indexCache
}

var (
	_ ports.Searcher     = (*Index)(nil)
	_ ports.Indexer      = (*Index)(nil)
	_ ports.IndexBatches = (*Index)(nil)
)

// Index returns the index in db, with a memory of its own: make one a process.
func (db *DB) Index(c IndexConfig) *Index {
	return &Index{db: db, cache: newIndexCache(cmp.Or(c.CacheBytes, 256<<20), c.Weights)}
}

const (
	// The row stays locked until the end of the transaction.
	nextIndexChange = `insert into index_sites (tenant_id, site_id, generation, last_change) values ($1, $2, $3, 1)
	on conflict (tenant_id, site_id, generation) do update set last_change = index_sites.last_change + 1 returning last_change`

	selectOtherDim = `select dim from index_entries
	where tenant_id = $1 and site_id = $2 and generation = $3 and dim > 0 and document_id <> $4 limit 1`

	putEntry = `insert into index_entries (tenant_id, site_id, generation, document_id, change_no, entry, dim, vectors)
	values ($1, $2, $3, $4, $5, $6, $7, $8)
	on conflict (tenant_id, site_id, generation, document_id) do update set change_no = excluded.change_no, entry = excluded.entry,
		dim = excluded.dim, vectors = excluded.vectors`

	takeOutEntry = `update index_entries set change_no = $5, entry = null, dim = 0, vectors = null
	where tenant_id = $1 and site_id = $2 and generation = $3 and document_id = $4 and entry is not null`
)

// Put implements [ports.Indexer]. ErrNotFound if there is no such site.
func (x *Index) Put(ctx context.Context, s tenant.Scope, e retrieval.Entry) error {
	return x.PutAll(ctx, s, []retrieval.Entry{e})
}

// PutAll implements [ports.IndexBatches]. Errors as in Put.
func (x *Index) PutAll(ctx context.Context, s tenant.Scope, entries []retrieval.Entry) error {
	fail := failing(ctx, "index documents of", s.Site)
	o, err := ownerOf(s)
	if err != nil {
		return fail(err)
	}
	if len(entries) > ports.MaxPut {
		return fail(fmt.Errorf("%w: %d entries, at most %d are put at once", ports.ErrInvalid, len(entries), ports.MaxPut))
	}
	prepared := make([]puttable, len(entries))
	for i, e := range entries {
		if prepared[i], err = newPuttable(e); err != nil {
			return fail(fmt.Errorf("%s: %w", e.Document, err))
		}
	}
	return fail(x.db.asService(ctx, func(tx *sqlx.Tx) error {
		changes := map[int64]int64{} // by generation: what is put at once is one change
		for _, e := range prepared {
			no, ok := changes[e.Generation]
			if !ok {
				if err := tx.GetContext(ctx, &no, nextIndexChange, o.tenant, o.site, e.Generation); err != nil {
					return err
				}
				changes[e.Generation] = no
			}
			if err := e.put(ctx, tx, o, no); err != nil {
				return fmt.Errorf("%s: %w", e.Document, err)
			}
		}
		return nil
	}))
}

// puttable is an entry with what is stored of it.
type puttable struct {
	retrieval.Entry
	dim     int
	stored  string
	vectors []byte
}

func newPuttable(e retrieval.Entry) (puttable, error) {
	dim, err := e.Dim()
	if err != nil {
		return puttable{}, fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	stored, vectors, err := entryToJSON(e)
	return puttable{e, dim, stored, vectors}, err
}

func (e puttable) put(ctx context.Context, tx *sqlx.Tx, o owner, no int64) error {
	if len(e.Chunks) == 0 {
		_, err := tx.ExecContext(ctx, takeOutEntry, o.tenant, o.site, e.Generation, string(e.Document), no)
		return err
	}
	var have []int
	if e.dim > 0 {
		if err := tx.SelectContext(ctx, &have, selectOtherDim, o.tenant, o.site, e.Generation, string(e.Document)); err != nil {
			return err
		}
	}
	if len(have) > 0 && have[0] != e.dim {
		return fmt.Errorf("%w: vectors of length %d, the index has vectors of length %d: clear and rebuild it for another embedding model", ports.ErrInvalid, e.dim, have[0])
	}
	_, err := tx.ExecContext(ctx, putEntry, o.tenant, o.site, e.Generation, string(e.Document), no, e.stored, e.dim, e.vectors)
	return err
}
