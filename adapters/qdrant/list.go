package qdrant

import (
	"cmp"
	"context"
	"slices"

	"github.com/qdrant/go-client/qdrant"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// A search by fields alone, or with an order, asks the server which documents may
// pass the filter, in one request and so at one moment, and then for the facts of
// those that it must look at. What a document said at that moment may be gone by
// then; so the document is looked up once more. Each document is seen as it was at
// one time, as a Search promises, if not all at the same. While one is replaced, a
// new revision that does not pass may leave the old one in its place, as in the arms.

// list returns the first passage of each document that the filter lets through,
// in the order of their ids.
func (l *looking) list(ctx context.Context) ([]retrieval.Passage, error) {
	all, err := l.passing(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b candidate) int { return cmp.Compare(a.ref.Document, b.ref.Document) })
	var out []retrieval.Passage
	for page := range slices.Chunk(all, max(listPage, min(l.q.Limit, factsPage))) {
		if len(out) >= l.q.Limit {
			break
		}
		if l.q.Filter.IsZero() {
			for _, c := range page {
				out = append(out, retrieval.Passage{Ref: c.ref})
			}
			continue
		}
		docs, err := l.facts(ctx, page)
		if err != nil {
			return nil, err
		}
		slices.SortFunc(docs, func(a, b retrieval.Listed) int { return cmp.Compare(a.Ref.Document, b.Ref.Document) })
		for _, d := range docs {
			out = append(out, retrieval.Passage{Ref: d.Ref})
		}
	}
	return out[:min(l.q.Limit, len(out))], nil
}

// sorted puts all that the filter lets through in order. The server could not:
// what an offer costs is a matter of the time and of the filter.
func (l *looking) sorted(ctx context.Context) ([]retrieval.Passage, error) {
	candidates, err := l.passing(ctx)
	if err != nil {
		return nil, err
	}
	var all []retrieval.Listed
	for page := range slices.Chunk(candidates, factsPage) {
		docs, err := l.facts(ctx, page)
		if err != nil {
			return nil, err
		}
		all = append(all, docs...)
	}
	return retrieval.Sorted(all, l.q, l.x.c.Weights, func(q retrieval.Query) (retrieval.Finds, error) {
		by := *l
		by.q, by.which = q, true
		return by.relevant(ctx)
	})
}

// Pages: of references, which are short, of facts, and of facts where few are
// needed.
const (
	refsPage  = 10_000
	factsPage = 256
	listPage  = 32
)

// candidate is the first point of a document that may pass the filter.
type candidate struct {
	piece

	id *qdrant.PointId
}

// passing returns the documents that may pass the filter, each once, by what of
// them counts.
func (l *looking) passing(ctx context.Context) ([]candidate, error) {
	firsts := make(map[retrieval.DocumentID]candidate)
	for offset := uint64(0); ; offset += refsPage {
		results, err := l.x.batch(ctx, l.dim, []*qdrant.QueryPoints{l.o.anchored(), {
			Filter: l.o.filter(append(filtered(l.q.Filter), qdrant.NewMatchBool(fieldFirst, true))...),
			Limit:  new(uint64(refsPage)), Offset: new(offset), WithPayload: qdrant.NewWithPayloadInclude(fieldRef, fieldCommitted),
		}})
		if err != nil {
			return nil, err
		}
		if !l.o.here(results[0]) {
			return nil, errMoved
		}
		foreign := 0
		for _, p := range results[1] {
			m, mine := l.o.chunk(p.GetPayload())
			if !mine {
				foreign++
				continue
			}
			c := candidate{piece{m, p.GetPayload()[fieldCommitted].GetBoolValue()}, p.GetId()}
			if had, ok := firsts[m.ref.Document]; !c.committed || ok && had.newer(c.piece) {
				continue
			}
			firsts[m.ref.Document] = c
		}
		l.x.foreign(ctx, l.o, foreign)
		if len(results[1]) < refsPage {
			break
		}
	}
	out := make([]candidate, 0, len(firsts))
	for _, c := range firsts {
		out = append(out, c)
	}
	return out, nil
}

// facts returns those of the candidates that the filter lets through, with title
// and facts.
func (l *looking) facts(ctx context.Context, candidates []candidate) ([]retrieval.Listed, error) {
	ids := make([]*qdrant.PointId, len(candidates))
	for i, c := range candidates {
		ids[i] = c.id
	}
	got, err := l.x.client.Get(ctx, &qdrant.GetPoints{
		CollectionName: l.x.collection(l.dim), Ids: ids, WithPayload: qdrant.NewWithPayloadInclude(fieldRef, fieldCommitted, fieldFacts),
	})
	if err != nil {
		return nil, err
	}
	var s seen
	for _, p := range got {
		s.take(l.o, p.GetPayload())
	}
	var gone []retrieval.DocumentID
	for _, c := range candidates {
		if at, ok := s.docs[c.ref.Document]; !ok || at.ref != c.ref {
			gone = append(gone, c.ref.Document)
		}
	}
	if len(gone) > 0 {
		results, err := l.x.batch(ctx, l.dim, []*qdrant.QueryPoints{l.o.anchored(), {
			Filter: l.o.filter(amongDocuments(gone), qdrant.NewMatchBool(fieldFirst, true)),
			Limit:  new(uint64(mostPieces)), WithPayload: qdrant.NewWithPayloadInclude(fieldRef, fieldCommitted, fieldFacts),
		}})
		if err != nil {
			return nil, err
		}
		if !l.o.here(results[0]) {
			return nil, errMoved
		}
		for _, p := range results[1] {
			s.take(l.o, p.GetPayload())
		}
	}
	l.x.foreign(ctx, l.o, s.foreign)
	var out []retrieval.Listed
	for _, at := range s.docs {
		f, err := factsOf(at.payload)
		if err != nil {
			return nil, err
		}
		if l.q.Filter.Match(f.Kind, f.Locale, f.Title, f.Facts, l.q.At) {
			out = append(out, retrieval.Listed{Ref: at.ref, Kind: f.Kind, Title: f.Title, Facts: f.Facts})
		}
	}
	return out, nil
}

// seen are the documents that were looked at, by what of them counts.
type seen struct {
	docs    map[retrieval.DocumentID]seenDocument
	foreign int
}

type seenDocument struct {
	piece

	payload map[string]*qdrant.Value
}

// take takes in the first point of a revision.
func (s *seen) take(o owner, payload map[string]*qdrant.Value) {
	m, mine := o.chunk(payload)
	if !mine {
		s.foreign++
		return
	}
	p := piece{m, payload[fieldCommitted].GetBoolValue()}
	if had, ok := s.docs[m.ref.Document]; !p.committed || ok && had.newer(p) {
		return
	}
	if s.docs == nil {
		s.docs = make(map[retrieval.DocumentID]seenDocument)
	}
	s.docs[m.ref.Document] = seenDocument{p, payload}
}
