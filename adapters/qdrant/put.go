package qdrant

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/qdrant/go-client/qdrant"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Put implements [ports.Indexer]. A document's id and revision must be UTF-8.
//
// Qdrant changes points one by one. What a Search may see meanwhile, and how it
// tells, is in settle.go.
func (x *Index) Put(ctx context.Context, s tenant.Scope, e retrieval.Entry) error {
	if err := s.Valid(); err != nil {
		return err
	}
	what := "index " + string(e.Document)
	dim, err := e.Dim()
	if err == nil && !utf8.ValidString(string(e.Document)+e.Revision) {
		err = errors.New("its id or revision is no UTF-8")
	}
	if err != nil {
		return fmt.Errorf("qdrant: %s: %w: %w", what, ports.ErrInvalid, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	o := owner{s, e.Generation}
	unlock, err := x.lock(ctx, o)
	if err != nil {
		return err
	}
	defer unlock()
	defer x.wrote(o)
	for range moves {
		if err = x.do(ctx, what, func(ctx context.Context) error { return x.put(ctx, o, e, dim) }); !errors.Is(err, errMoved) {
			return err
		}
		x.forget(o)
	}
	return err
}

func (x *Index) put(ctx context.Context, o owner, e retrieval.Entry, dim int) error {
	if len(e.Chunks) == 0 {
		home, ok, err := x.home(ctx, o)
		if err != nil || !ok {
			return err
		}
		if _, err := x.held(ctx, o, home, e.Document); err != nil {
			return err
		}
		return x.remove(ctx, home, o.filter(ofDocument(e.Document)))
	}
	facts, err := factsPayload(e)
	if err != nil {
		return err
	}
	home, err := x.houseFor(ctx, o, dim, ofDocument(e.Document))
	if err != nil {
		return err
	}
	held, err := x.held(ctx, o, home, e.Document)
	if err != nil {
		return err
	}
	w := writing{x: x, o: o, dim: home, e: e, facts: facts, held: held}
	if err := w.write(ctx); err != nil {
		return err
	}
	if home > 0 {
		return nil
	}
	// Who moves the generation away may have been at it.
	if a, ok, err := x.findHome(ctx, o); err != nil || ok && a.dim == home {
		return err
	}
	return errMoved
}

// piece is a point of a document as it is held.
type piece struct {
	mark
	committed bool // it is the first of a revision that is complete
}

// held returns what there is of a document. errMoved if o does not live there
// any more.
func (x *Index) held(ctx context.Context, o owner, dim int, id retrieval.DocumentID) ([]piece, error) {
	results, err := x.batch(ctx, dim, []*qdrant.QueryPoints{o.anchored(), {
		Filter: o.filter(ofDocument(id)), Limit: new(uint64(mostPieces)), WithPayload: qdrant.NewWithPayloadInclude(fieldRef, fieldCommitted),
	}})
	if err != nil {
		return nil, err
	}
	if !o.here(results[0]) {
		return nil, errMoved
	}
	var out []piece
	foreign := 0
	for _, p := range results[1] {
		m, mine := o.chunk(p.GetPayload())
		if !mine || m.ref.Document != id {
			foreign++
			continue
		}
		out = append(out, piece{m, p.GetPayload()[fieldCommitted].GetBoolValue()})
	}
	x.foreign(ctx, o, foreign)
	return out, nil
}

// mostPieces bounds what is looked at of what a document has. The newest of more
// is still found by the first one.
const mostPieces = 10_000

// writing is one Put under way.
type writing struct {
	x     *Index
	o     owner
	dim   int
	e     retrieval.Entry
	facts map[string]*qdrant.Value
	held  []piece
	put   int64
}

// upsertMost is how many points one request puts.
const upsertMost = 64

func (w *writing) write(ctx context.Context) error {
	chunks := slices.SortedFunc(slices.Values(w.e.Chunks), func(a, b retrieval.Chunk) int { return cmp.Compare(a.Seq, b.Seq) })
	for _, p := range w.held {
		w.put = max(w.put, p.put)
	}
	w.put++
	// One point is there at once, and points of the revision that is there take
	// the place of their like one by one.
	at, ok := newest(w.held)
	settled := len(chunks) == 1 || ok && at.ref.Revision == w.e.Revision
	points := make([]*qdrant.PointStruct, len(chunks))
	for i, c := range chunks {
		points[i] = w.point(c, i == 0, settled)
	}
	for part := range slices.Chunk(points, upsertMost) {
		r, err := w.x.client.Upsert(ctx, &qdrant.UpsertPoints{CollectionName: w.x.collection(w.dim), Wait: new(true), Points: part})
		if err == nil {
			err = finished(r)
		}
		if err != nil {
			return err
		}
	}
	var then []*qdrant.PointsUpdateOperation
	if !settled {
		then = append(then, committing(points[:1]))
	}
	if len(w.held) > 0 {
		then = append(then, qdrant.NewPointsUpdateDeletePoints(&qdrant.PointsUpdateOperation_DeletePoints{
			Points: qdrant.NewPointsSelectorFilter(w.o.filter(ofDocument(w.e.Document), qdrant.NewRange(fieldPut, &qdrant.Range{Lt: new(float64(w.put))}))),
		}))
	}
	if !settled {
		then = append(then, closing(points))
	}
	if len(then) == 0 {
		return nil
	}
	rs, err := w.x.client.UpdateBatch(ctx, &qdrant.UpdateBatchPoints{CollectionName: w.x.collection(w.dim), Wait: new(true), Operations: then})
	if err != nil {
		return err
	}
	return finished(rs...)
}

// committing says that the revision of this first point is complete.
func committing(of []*qdrant.PointStruct) *qdrant.PointsUpdateOperation {
	return qdrant.NewPointsUpdateSetPayload(&qdrant.PointsUpdateOperation_SetPayload{
		Payload: map[string]*qdrant.Value{fieldCommitted: qdrant.NewValueBool(true)}, PointsSelector: qdrant.NewPointsSelectorIDs(idsOf(of)),
	})
}

// closing takes the doubt from these points.
func closing(of []*qdrant.PointStruct) *qdrant.PointsUpdateOperation {
	return qdrant.NewPointsUpdateDeletePayload(&qdrant.PointsUpdateOperation_DeletePayload{
		Keys: []string{fieldOpen}, PointsSelector: qdrant.NewPointsSelectorIDs(idsOf(of)),
	})
}

func idsOf(ps []*qdrant.PointStruct) []*qdrant.PointId {
	ids := make([]*qdrant.PointId, len(ps))
	for i, p := range ps {
		ids[i] = p.GetId()
	}
	return ids
}

// point returns a chunk as it is stored.
func (w *writing) point(c retrieval.Chunk, first, settled bool) *qdrant.PointStruct {
	m := mark{retrieval.PassageRef{Document: w.e.Document, Revision: w.e.Revision, Seq: c.Seq}, w.put}
	p := w.o.payload()
	maps.Copy(p, w.facts)
	p[fieldDocument] = qdrant.NewValueString(string(w.e.Document))
	p[fieldPut] = qdrant.NewValueInt(w.put)
	p[fieldRef] = qdrant.NewValueString(w.o.written(m))
	p[fieldFirst] = qdrant.NewValueBool(first)
	p[fieldCommitted] = qdrant.NewValueBool(first && settled)
	if !settled {
		p[fieldOpen] = qdrant.NewValueBool(true)
	}
	vectors := map[string]*qdrant.Vector{sparseVector: w.o.sparseOf(w.e, c)}
	if len(c.Vector) > 0 {
		unit, raw := stored(c.Vector)
		vectors[denseVector] = qdrant.NewVectorDense(unit)
		p[fieldKey] = qdrant.NewValueString(string(retrieval.KeyOf(retrieval.EmbeddingText(w.e.Title, c))))
		if raw != "" {
			p[fieldRaw] = qdrant.NewValueString(raw)
		}
	}
	return &qdrant.PointStruct{Id: w.o.pointID(m.ref), Payload: p, Vectors: qdrant.NewVectorsMap(vectors)}
}

// nearOne is how far the length of a vector may be from 1 to be compared as it
// is: models that make vectors of length 1 round each number.
const nearOne = 1e-3

// stored returns a vector as it is compared and, if that is not how it came, as
// it came.
func stored(v []float32) (unit []float32, raw string) {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if math.Abs(math.Sqrt(sum)-1) < nearOne {
		return slices.Clone(v), ""
	}
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return retrieval.Unit(v), base64.StdEncoding.EncodeToString(b)
}

// asPut returns the vector of a point as it came.
func asPut(dense []float32, raw string) ([]float32, error) {
	if raw == "" {
		return slices.Clone(dense), nil
	}
	b, err := base64.StdEncoding.DecodeString(raw)
	if err != nil || len(b) != 4*len(dense) {
		return nil, fmt.Errorf("%w: a vector is damaged: woochat index rebuild makes the index anew", ports.ErrUnavailable)
	}
	out := make([]float32, len(dense))
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out, nil
}
