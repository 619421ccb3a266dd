package qdrant

import (
	"context"
	"fmt"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"

	"github.com/aiwoochat/woochat/ports"
)

// A generation lives in one collection, its home. Which one that is, its anchor
// tells: a point without a chunk, in the home. Processes remember the home, and
// each search and each write looks at the anchor again in the same request, so
// that a generation that was moved or dropped by another process is found out.
//
// It is moved at most once in its life: when the first vectors come after words
// alone. (Or, when all of its documents with vectors are gone, and others come
// with vectors of another length.)

// errMoved means that the anchor is not where it was.
var errMoved = fmt.Errorf("%w: the generation has been moved or dropped meanwhile", ports.ErrUnavailable)

// moves is how often that may happen under one call.
const moves = 5

// anchor is what a home says of itself.
type anchor struct {
	dim    int
	serial int64 // the newest home has the highest
}

// home returns the length of o's vectors, as its collection is named by; false
// if nothing was ever put to it.
func (x *Index) home(ctx context.Context, o owner) (int, bool, error) {
	x.mu.Lock()
	dim, ok := x.homes[o]
	x.mu.Unlock()
	if ok {
		return dim, true, nil
	}
	a, ok, err := x.findHome(ctx, o)
	if err != nil || !ok {
		return 0, false, err
	}
	x.settle(o, a.dim)
	return a.dim, true, nil
}

func (x *Index) settle(o owner, dim int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.homes[o] = dim
}

// forget forgets o's home.
func (x *Index) forget(o owner) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.homes, o)
	delete(x.counts, o)
}

// findHome looks for o's anchor in all collections.
func (x *Index) findHome(ctx context.Context, o owner) (best anchor, ok bool, err error) {
	dims, err := x.collections(ctx)
	if err != nil {
		return anchor{}, false, err
	}
	for _, dim := range dims {
		got, err := x.client.Get(ctx, &qdrant.GetPoints{
			CollectionName: x.collection(dim), Ids: []*qdrant.PointId{o.id(anchorWord)},
			WithPayload: qdrant.NewWithPayloadInclude(fieldRef, fieldMoved, fieldSerial),
		})
		if isCode(err, codes.NotFound) {
			continue // deleted meanwhile
		}
		if err != nil {
			return anchor{}, false, err
		}
		for _, p := range got {
			serial := p.GetPayload()[fieldSerial].GetIntegerValue()
			if _, mine := o.read(p.GetPayload()); mine && !p.GetPayload()[fieldMoved].GetBoolValue() && (!ok || serial > best.serial) {
				best, ok = anchor{dim, serial}, true
			}
		}
	}
	return best, ok, nil
}

// anchored asks for the anchor, in a batch with what is searched.
func (o owner) anchored() *qdrant.QueryPoints {
	return &qdrant.QueryPoints{
		Query: qdrant.NewQuerySparse([]uint32{o.dimension(anchorWord)}, []float32{1}), Using: new(sparseVector),
		Filter: o.filter(qdrant.NewMatchBool(fieldAnchor, true)), Limit: new(uint64(1)),
		WithPayload: qdrant.NewWithPayloadInclude(fieldRef, fieldMoved),
	}
}

// here reports whether what anchored found says that this is the home.
func (o owner) here(found []*qdrant.ScoredPoint) bool {
	for _, p := range found {
		if _, mine := o.read(p.GetPayload()); mine {
			return !p.GetPayload()[fieldMoved].GetBoolValue()
		}
	}
	return false
}

// drop puts o's anchor into the collection of dim, which is its home from then
// on.
func (x *Index) drop(ctx context.Context, o owner, a anchor) error {
	if err := x.ensure(ctx, a.dim); err != nil {
		return err
	}
	p := o.payload()
	p[fieldRef] = qdrant.NewValueString(o.written(mark{}))
	p[fieldAnchor], p[fieldMoved], p[fieldSerial] = qdrant.NewValueBool(true), qdrant.NewValueBool(false), qdrant.NewValueInt(a.serial)
	r, err := x.client.Upsert(ctx, &qdrant.UpsertPoints{
		CollectionName: x.collection(a.dim), Wait: new(true),
		Points: []*qdrant.PointStruct{{
			Id: o.id(anchorWord), Payload: p,
			Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{sparseVector: qdrant.NewVectorSparse([]uint32{o.dimension(anchorWord)}, []float32{1})}),
		}},
	})
	if err == nil {
		err = finished(r)
	}
	if err != nil {
		return fmt.Errorf("note where the generation lives: %w", err)
	}
	x.settle(o, a.dim)
	return nil
}

// chunks is a filter of all of o but its anchor.
func (o owner) chunks() *qdrant.Filter {
	f := o.filter()
	f.MustNot = append(f.MustNot, qdrant.NewMatchBool(fieldAnchor, true))
	return f
}

// houseFor makes sure that o has a home for vectors of length dim (0 for none)
// of the document, and returns it.
func (x *Index) houseFor(ctx context.Context, o owner, dim int, document *qdrant.Condition) (int, error) {
	home, ok, err := x.home(ctx, o)
	switch {
	case err != nil:
		return 0, err
	case !ok:
		return dim, x.drop(ctx, o, anchor{dim: dim, serial: 1})
	case dim == 0 || home == dim:
		return home, nil
	}
	if home > 0 {
		f := o.filter(qdrant.NewHasVector(denseVector))
		f.MustNot = append(f.MustNot, document)
		others, err := x.client.Count(ctx, &qdrant.CountPoints{CollectionName: x.collection(home), Filter: f, Exact: new(true)})
		if err != nil {
			return 0, err
		}
		if others > 0 {
			return 0, fmt.Errorf("%w: vectors of length %d, the index has vectors of length %d: clear and rebuild it for another embedding model", ports.ErrInvalid, dim, home)
		}
	}
	return dim, x.move(ctx, o, dim)
}

// move takes all of o that has no vectors to another collection. The new anchor
// makes it the home for those who look for it, the old one for those who
// remember.
func (x *Index) move(ctx context.Context, o owner, to int) error {
	from, ok, err := x.findHome(ctx, o)
	if err != nil {
		return err
	}
	if !ok || from.dim == to {
		return x.drop(ctx, o, anchor{dim: to, serial: from.serial + 1})
	}
	if err := x.ensure(ctx, to); err != nil {
		return err
	}
	if err := x.remove(ctx, to, o.filter()); err != nil { // of a move that broke off
		return err
	}
	if err := x.copyWords(ctx, o, from.dim, to); err != nil {
		return err
	}
	if err := x.drop(ctx, o, anchor{dim: to, serial: from.serial + 1}); err != nil {
		return err
	}
	r, err := x.client.SetPayload(ctx, &qdrant.SetPayloadPoints{
		CollectionName: x.collection(from.dim), Wait: new(true),
		Payload:        map[string]*qdrant.Value{fieldMoved: qdrant.NewValueBool(true)},
		PointsSelector: qdrant.NewPointsSelector(o.id(anchorWord)),
	})
	if err == nil {
		err = finished(r)
	}
	if err != nil {
		return err
	}
	return x.remove(ctx, from.dim, o.chunks())
}

// copyWords copies the points of o that have no vector of meaning.
func (x *Index) copyWords(ctx context.Context, o owner, from, to int) error {
	f := o.chunks()
	f.MustNot = append(f.MustNot, qdrant.NewHasVector(denseVector))
	if from == 0 {
		f = o.chunks() // a collection without vectors knows no such condition
	}
	return x.scroll(ctx, from, f, qdrant.NewWithPayload(true), qdrant.NewWithVectorsInclude(sparseVector), func(ps []*qdrant.RetrievedPoint) error {
		var out []*qdrant.PointStruct
		foreign := 0
		for _, p := range ps {
			if _, mine := o.chunk(p.GetPayload()); !mine {
				foreign++
				continue
			}
			s := p.GetVectors().GetVectors().GetVectors()[sparseVector].GetSparse()
			out = append(out, &qdrant.PointStruct{
				Id: p.GetId(), Payload: p.GetPayload(),
				Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{sparseVector: qdrant.NewVectorSparse(s.GetIndices(), s.GetValues())}),
			})
		}
		x.foreign(ctx, o, foreign)
		if len(out) == 0 {
			return nil
		}
		r, err := x.client.Upsert(ctx, &qdrant.UpsertPoints{CollectionName: x.collection(to), Wait: new(true), Points: out})
		if err != nil {
			return err
		}
		return finished(r)
	})
}

// remove deletes what passes f.
func (x *Index) remove(ctx context.Context, dim int, f *qdrant.Filter) error {
	r, err := x.client.Delete(ctx, &qdrant.DeletePoints{CollectionName: x.collection(dim), Wait: new(true), Points: qdrant.NewPointsSelectorFilter(f)})
	if err != nil {
		return err
	}
	return finished(r)
}

// scrollPage is how many points one request of a scroll returns.
const scrollPage = 256

// scroll calls visit with all points that pass f, page by page.
func (x *Index) scroll(ctx context.Context, dim int, f *qdrant.Filter, payload *qdrant.WithPayloadSelector, vectors *qdrant.WithVectorsSelector, visit func([]*qdrant.RetrievedPoint) error) error {
	var from *qdrant.PointId
	for {
		page, next, err := x.client.ScrollAndOffset(ctx, &qdrant.ScrollPoints{
			CollectionName: x.collection(dim), Filter: f, Offset: from, Limit: new(uint32(scrollPage)), WithPayload: payload, WithVectors: vectors,
		})
		if err != nil {
			return err
		}
		if err := visit(page); err != nil || next == nil {
			return err
		}
		from = next
	}
}
