package qdrant

import (
	"cmp"
	"context"
	"slices"

	"github.com/qdrant/go-client/qdrant"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// list returns the first passage of each document that the filter lets through,
// in the order of their ids.
func (l *looking) list(ctx context.Context) ([]retrieval.Passage, error) {
	all, err := l.listed(ctx, !l.q.Filter.IsZero())
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b retrieval.Listed) int { return cmp.Compare(a.Ref.Document, b.Ref.Document) })
	out := make([]retrieval.Passage, min(l.q.Limit, len(all)))
	for i := range out {
		out[i].Ref = all[i].Ref
	}
	return out, nil
}

// sorted puts all that the filter lets through in order. The server could not:
// what an offer costs is a matter of the time and of the filter.
func (l *looking) sorted(ctx context.Context) ([]retrieval.Passage, error) {
	all, err := l.listed(ctx, true)
	if err != nil {
		return nil, err
	}
	return retrieval.Sorted(all, l.q, func(q retrieval.Query) ([]retrieval.Passage, error) {
		by := *l
		by.q = q
		return by.relevant(ctx)
	})
}

// listed returns the documents that the filter lets through, with title and
// facts if they are wanted or the filter must be asked.
func (l *looking) listed(ctx context.Context, facts bool) ([]retrieval.Listed, error) {
	firsts := make(map[retrieval.DocumentID][]piece)
	type revision struct {
		document retrieval.DocumentID
		revision string
	}
	lets := make(map[revision]retrieval.Listed)
	foreign := 0
	results, err := l.x.batch(ctx, l.dim, []*qdrant.QueryPoints{l.o.anchored()})
	if err != nil {
		return nil, err
	}
	if !l.o.here(results[0]) {
		return nil, errMoved
	}
	payload := qdrant.NewWithPayloadInclude(fieldRef, fieldCommitted)
	if facts {
		payload = qdrant.NewWithPayloadInclude(fieldRef, fieldCommitted, fieldFacts)
	}
	// Without the filter's conditions: a revision that does not pass must still
	// take the place of one that did.
	err = l.x.scroll(ctx, l.dim, l.o.filter(qdrant.NewMatchBool(fieldFirst, true)), payload, nil, func(ps []*qdrant.RetrievedPoint) error {
		for _, p := range ps {
			m, mine := l.o.chunk(p.GetPayload())
			if !mine {
				foreign++
				continue
			}
			firsts[m.ref.Document] = append(firsts[m.ref.Document], piece{m, p.GetPayload()[fieldCommitted].GetBoolValue()})
			var f factsJSON
			if facts {
				if f, err = factsOf(p.GetPayload()); err != nil {
					return err
				}
			}
			if l.q.Filter.Match(f.Kind, f.Locale, f.Title, f.Facts, l.q.At) {
				lets[revision{m.ref.Document, m.ref.Revision}] = retrieval.Listed{Title: f.Title, Facts: f.Facts}
			}
		}
		return nil
	})
	l.x.foreign(ctx, l.o, foreign)
	if err != nil {
		return nil, err
	}
	var out []retrieval.Listed
	for _, ps := range firsts {
		at, ok := newest(ps)
		if !ok {
			continue
		}
		if d, lets := lets[revision{at.ref.Document, at.ref.Revision}]; lets {
			d.Ref = at.ref
			out = append(out, d)
		}
	}
	return out, nil
}
