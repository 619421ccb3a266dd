package qdrant

import (
	"cmp"
	"context"

	"github.com/qdrant/go-client/qdrant"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// How a document is replaced at once although Qdrant has no transactions.
//
// Put writes the new revision's points as open, which a Search sees and does not
// believe yet; then it says, by one change of one point, the first, that the
// revision is committed; then it deletes the older points and closes its own. Of
// several revisions that are there, the one that counts is the committed one that
// was put last.
//
// A Search that meets an open point, or two revisions of a document, asks which
// of them counts, searches again, and asks again: what it found is right if the
// answer was the same before and after. All others, that is nearly all, cost
// nothing more.
//
// Killed before the commit, Put has left points that nobody believes, and killed
// after it, old ones that nobody believes any more: in both cases the store still
// says that the document is to be put, the next Put numbers itself higher, and
// takes away what is lower.

// newer reports whether p counts and not other, if both are committed.
func (p piece) newer(other piece) bool {
	return cmp.Or(cmp.Compare(p.put, other.put), cmp.Compare(p.ref.Revision, other.ref.Revision)) > 0
}

// newest returns the first point of the revision that counts; false for none.
func newest(ps []piece) (piece, bool) {
	var best piece
	found := false
	for _, p := range ps {
		if !p.committed {
			continue
		}
		if !found || p.newer(best) {
			best, found = p, true
		}
	}
	return best, found
}

// counting returns the revisions that count of these documents.
func (x *Index) counting(ctx context.Context, o owner, dim int, ids []retrieval.DocumentID) (map[retrieval.DocumentID]string, error) {
	firsts := make(map[retrieval.DocumentID][]piece)
	foreign := 0
	err := x.scroll(ctx, dim, o.filter(amongDocuments(ids), qdrant.NewMatchBool(fieldFirst, true)), qdrant.NewWithPayloadInclude(fieldRef, fieldCommitted), nil,
		func(ps []*qdrant.RetrievedPoint) error {
			for _, p := range ps {
				if m, mine := o.chunk(p.GetPayload()); mine {
					firsts[m.ref.Document] = append(firsts[m.ref.Document], piece{m, p.GetPayload()[fieldCommitted].GetBoolValue()})
				} else {
					foreign++
				}
			}
			return nil
		})
	x.foreign(ctx, o, foreign)
	if err != nil {
		return nil, err
	}
	out := make(map[retrieval.DocumentID]string, len(firsts))
	for id, ps := range firsts {
		if at, ok := newest(ps); ok {
			out[id] = at.ref.Revision
		}
	}
	return out, nil
}
