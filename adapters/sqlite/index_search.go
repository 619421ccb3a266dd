package sqlite

import (
	"context"
	"errors"
	"fmt"

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
			state, err := x.cache.state(ctx, tx, indexOf{s, q.Generation})
			if err != nil {
				return err
			}
			if err := q.Valid(state.dim); err != nil {
				return fmt.Errorf("%w: %w", ports.ErrInvalid, err)
			}
			out, err = state.corpus.Search(q, func(token string) ([]retrieval.Posting, error) {
				return postings(ctx, tx, state, token)
			})
			return err
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
	for rows.Next() {
		var id int64
		var column string
		if err := rows.Scan(&id, &column); err != nil {
			return nil, err
		}
		// A chunk's places come one after the other.
		if len(out) == 0 || id != last {
			document, ok := state.entry(id >> chunkBits)
			if chunk := int(id & (maxChunks - 1)); !ok || chunk >= len(document.Chunks) {
				return nil, fmt.Errorf("%w: the index is damaged: rebuild it", ports.ErrUnavailable)
			}
			out = append(out, retrieval.Posting{Document: document, Chunk: int(id & (maxChunks - 1))})
			last = id
		}
		out[len(out)-1].Weighted += fieldOf(column).Weight()
	}
	return out, rows.Err()
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
