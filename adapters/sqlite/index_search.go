package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// errOvertaken means that the site's documents in memory are newer than what
// the transaction sees.
var errOvertaken = errors.New("the index has changed since the transaction began")

// Search implements [ports.Searcher]. What it finds in the full text and what
// it compares in memory are of one committed state.
func (x *Index) Search(ctx context.Context, s tenant.Scope, q retrieval.Query) ([]retrieval.Passage, error) {
	if err := s.Valid(); err != nil {
		return nil, err
	}
	for {
		var out []retrieval.Passage
		err := x.file.read(ctx, func(tx *sqlx.Tx) error {
			var rows []indexedSite
			if err := tx.SelectContext(ctx, &rows, `select id, change_no, cleared from sites where tenant = ? and site = ? and generation = ?`,
				s.Tenant, s.Site, q.Generation); err != nil {
				return err
			}
			if len(rows) == 0 { // nothing was put in yet
				return invalid(q.Valid(0))
			}
			return x.cache.search(ctx, tx, indexOf{s, q.Generation}, rows[0], func(state *siteState) (err error) {
				if err := invalid(q.Valid(state.corpus.Dim(nil))); err != nil {
					return err
				}
				out, err = state.corpus.Search(q, func(token string) ([]retrieval.Posting, error) {
					return postings(ctx, tx, state, token)
				})
				return err
			})
		})
		switch {
		case errors.Is(err, errOvertaken):
			continue // a new transaction sees what overtook this one
		case err != nil:
			return nil, fmt.Errorf("sqlite: search: %w", err)
		}
		return out, nil
	}
}

// invalid returns err as ErrInvalid.
func invalid(err error) error {
	if err != nil {
		return fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	return nil
}

// postings returns where a token is. The term has the site's number in it, so
// nothing of another site is even read.
func postings(ctx context.Context, tx *sqlx.Tx, state *siteState, token string) ([]retrieval.Posting, error) {
	rows, err := tx.QueryxContext(ctx, `select doc, col from places where term = ?`, siteTerm(state.site, token))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []retrieval.Posting
	var last int64
	at := 0 // of the last in entries: the places come in their order
	for rows.Next() {
		var id int64
		var column string
		if err := rows.Scan(&id, &column); err != nil {
			return nil, err
		}
		// A chunk's places come one after the other.
		if len(out) == 0 || id != last {
			at = seek(state.entries, at, id>>chunkBits)
			chunk := int(id & (maxChunks - 1))
			if at == len(state.entries) || state.entries[at].id != id>>chunkBits || chunk >= len(state.entries[at].document.Chunks) {
				return nil, fmt.Errorf("%w: the index is damaged: rebuild it", ports.ErrUnavailable)
			}
			out = append(out, retrieval.Posting{Document: state.entries[at].document, Chunk: chunk})
			last = id
		}
		out[len(out)-1].Weighted += fieldOf(column).Weight()
	}
	return out, rows.Err()
}

// seek returns the place of the first entry from at on whose id is not below id,
// by strides that double: what is asked for next is mostly near.
func seek(entries []siteEntry, at int, id int64) int {
	stride := 1
	for at+stride < len(entries) && entries[at+stride].id < id {
		at += stride
		stride *= 2
	}
	n, _ := slices.BinarySearchFunc(entries[at:min(at+stride+1, len(entries))], id, compareEntry)
	return at + n
}

// fieldOf returns the field that a column of words holds.
func fieldOf(column string) retrieval.Field {
	switch column {
	case "title":
		return retrieval.FieldTitle
	case "brand":
		return retrieval.FieldBrand
	case "attributes":
		return retrieval.FieldAttributes
	case "categories":
		return retrieval.FieldCategories
	}
	return retrieval.FieldBody
}
