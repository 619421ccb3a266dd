package qdrant

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Search implements [ports.Searcher]. ErrUnavailable, too, if a document that it
// finds is replaced again and again while it looks.
func (x *Index) Search(ctx context.Context, s tenant.Scope, q retrieval.Query) ([]retrieval.Passage, error) {
	if err := s.Valid(); err != nil {
		return nil, err
	}
	if err := q.Valid(0); err != nil {
		return nil, fmt.Errorf("qdrant: search: %w: %w", ports.ErrInvalid, err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var out []retrieval.Passage
	err := x.within(ctx, x.c.SearchTimeout, "search", func(ctx context.Context) error {
		var err error
		o := owner{s, q.Generation}
		for range moves {
			if out, err = x.search(ctx, o, q); !errors.Is(err, errMoved) {
				return err
			}
			x.forget(o)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (x *Index) search(ctx context.Context, o owner, q retrieval.Query) ([]retrieval.Passage, error) {
	dim, ok, err := x.home(ctx, o)
	if err != nil || !ok {
		return nil, err // nothing was ever put to it
	}
	if err := q.Valid(dim); err != nil {
		return nil, fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	l := &looking{x: x, o: o, q: q, dim: dim, depth: retrieval.FusionDepth(q.Limit)}
	switch {
	case q.Sort != retrieval.ByRelevance:
		return l.sorted(ctx)
	case q.Text == "" && len(q.Vector) == 0 && len(q.Codes) == 0:
		return l.list(ctx)
	}
	f, err := l.relevant(ctx)
	if err != nil {
		return nil, err
	}
	return retrieval.Fuse(f, x.c.Weights, q.Limit), nil
}

// relevant returns what the arms find by relevance.
func (l *looking) relevant(ctx context.Context) (retrieval.Finds, error) {
	var none retrieval.Finds
	if err := l.read(ctx); err != nil {
		return none, err
	}
	var before map[retrieval.DocumentID]string
	for range looks {
		f, err := l.look(ctx)
		if err != nil {
			return none, err
		}
		doubtful := f.doubtful()
		if len(doubtful) == 0 {
			return l.finds(f), nil
		}
		after, err := l.x.counting(ctx, l.o, l.dim, doubtful)
		if err != nil {
			return none, err
		}
		if before != nil && !slices.ContainsFunc(doubtful, func(id retrieval.DocumentID) bool {
			was, asked := before[id]
			return !asked || was != after[id]
		}) {
			return l.finds(f.only(after, doubtful)), nil
		}
		before = make(map[retrieval.DocumentID]string, len(doubtful))
		for _, id := range doubtful {
			before[id] = after[id]
		}
	}
	return none, fmt.Errorf("%w: a document is replaced faster than it can be read", ports.ErrUnavailable)
}

// looks is how often a search looks again because documents were being replaced
// under it.
const looks = 200

// looking is one Search under way.
type looking struct {
	x     *Index
	o     owner
	q     retrieval.Query
	dim   int
	depth int

	tokens     []string         // of the question that are wanted
	in         []int            // about how many chunks have each of them, or what counts as it
	wanted     []wanted         // they and what counts as they
	unwanted   []retrieval.Term // that are not
	compounds  []compound       // of tokens that are nowhere, and what several words count as
	statistics *statistics      // nil without tokens
	which      bool             // of the words each chunk has is wanted, too: an order is asked for
}
