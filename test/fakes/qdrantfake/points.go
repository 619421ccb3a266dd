package qdrantfake

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// point is what a collection holds of a point. It is replaced and never changed.
type point struct {
	id      *qdrant.PointId
	payload payload
	dense   map[string][]float32
	sparse  map[string]*sparse
}

// sparse is a sparse vector with its indices ascending.
type sparse struct {
	indices []uint32
	values  []float32
}

func keyOf(id *qdrant.PointId) string {
	if u, ok := id.GetPointIdOptions().(*qdrant.PointId_Uuid); ok {
		return u.Uuid
	}
	// Numbers before UUIDs, in order.
	return fmt.Sprintf("#%020d", id.GetNum())
}

// Upsert implements qdrant.PointsServer: "if a point with the given id exists,
// it is overwritten" (manage-data/points). An update is applied to all of its
// points or, if one of them is wrong, to none.
func (p points) Upsert(_ context.Context, r *qdrant.UpsertPoints) (*qdrant.PointsOperationResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, err := p.collection(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	if err := c.upsert(r.GetPoints(), r.GetUpdateFilter()); err != nil {
		return nil, err
	}
	return done(c), nil
}

// UpdateBatch implements qdrant.PointsServer: operations are executed one after
// the other in the order in which they stand, and others see what is between
// them (manage-data/points, Batch update).
func (p points) UpdateBatch(ctx context.Context, r *qdrant.UpdateBatchPoints) (*qdrant.UpdateBatchResponse, error) {
	out := &qdrant.UpdateBatchResponse{}
	for _, o := range r.GetOperations() {
		if ctx.Err() != nil {
			return nil, status.FromContextError(ctx.Err()).Err()
		}
		u, err := p.operate(r.GetCollectionName(), o)
		if err != nil {
			return nil, err
		}
		out.Result = append(out.Result, u)
	}
	return out, nil
}

func (p points) operate(name string, o *qdrant.PointsUpdateOperation) (*qdrant.UpdateResult, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, err := p.collection(name)
	if err != nil {
		return nil, err
	}
	switch o := o.GetOperation().(type) {
	case *qdrant.PointsUpdateOperation_Upsert:
		err = c.upsert(o.Upsert.GetPoints(), o.Upsert.GetUpdateFilter())
	case *qdrant.PointsUpdateOperation_DeletePoints_:
		err = c.remove(o.DeletePoints.GetPoints())
	case *qdrant.PointsUpdateOperation_SetPayload_:
		err = c.setPayload(o.SetPayload.GetPayload(), o.SetPayload.GetPointsSelector())
	case *qdrant.PointsUpdateOperation_DeletePayload_:
		err = c.change(o.DeletePayload.GetPointsSelector(), func(p payload) {
			maps.DeleteFunc(p, func(k string, _ *qdrant.Value) bool { return slices.Contains(o.DeletePayload.GetKeys(), k) })
		})
	default:
		err = status.Errorf(codes.Unimplemented, "qdrantfake: operation %T", o)
	}
	if err != nil {
		return nil, err
	}
	return updated(c), nil
}

// Delete implements qdrant.PointsServer, by ids or by filter. Points that are
// not there are no error.
func (p points) Delete(_ context.Context, r *qdrant.DeletePoints) (*qdrant.PointsOperationResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, err := p.collection(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	if err := c.remove(r.GetPoints()); err != nil {
		return nil, err
	}
	return done(c), nil
}

// SetPayload implements qdrant.PointsServer: "only the given values are set, the
// others stay" (manage-data/payload, Update payload). An id that is not there is
// NotFound, after the others were changed, as Qdrant's engine (qdrant-edge 0.9.0)
// does.
func (p points) SetPayload(_ context.Context, r *qdrant.SetPayloadPoints) (*qdrant.PointsOperationResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, err := p.collection(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	if err := c.setPayload(r.GetPayload(), r.GetPointsSelector()); err != nil {
		return nil, err
	}
	return done(c), nil
}

func (c *collection) upsert(ps []*qdrant.PointStruct, only *qdrant.Filter) error {
	made := make([]*point, len(ps))
	for i, p := range ps {
		var err error
		if made[i], err = c.point(p); err != nil {
			return err
		}
	}
	for _, n := range made {
		key := keyOf(n.id)
		if old := c.points[key]; old != nil && only != nil {
			// Conditional update: one that does not pass is left as it is, and
			// that is no error (manage-data/points, Conditional Updates).
			ok, err := passes(only, key, old, old.payload)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
		}
		c.put(key, n)
	}
	return nil
}

// put makes n the point of that key, nil for none.
func (c *collection) put(key string, n *point) {
	old := c.points[key]
	if old != nil {
		c.unindex(key, old)
	}
	if n == nil {
		delete(c.points, key)
	} else {
		c.points[key] = n
		c.index(key, n)
	}
	if (old == nil) != (n == nil) {
		c.order = nil
	}
	c.count(old, n)
}

// count counts what the modifier idf goes by, as Qdrant's engine (qdrant-edge
// 0.9.0) does: a point that takes the place of another is counted in its place,
// and one that is deleted is still counted, until its segment is built anew. That
// is never here. An empty vector is no vector, but who takes its place is not
// counted either.
func (c *collection) count(old, n *point) {
	if n == nil {
		return
	}
	if old == nil {
		old = &point{}
	}
	for name := range c.counted {
		was, is := old.sparse[name], n.sparse[name]
		switch {
		case is.some() && was == nil:
			c.with[name]++
		case was.some() && !is.some():
			c.with[name]--
		}
		for _, i := range is.dimensions() {
			c.counted[name][i]++
		}
		for _, i := range was.dimensions() {
			c.counted[name][i]--
		}
	}
}

func (s *sparse) some() bool { return len(s.dimensions()) > 0 }

func (s *sparse) dimensions() []uint32 {
	if s == nil {
		return nil
	}
	return s.indices
}

func (c *collection) index(key string, p *point) {
	for name, v := range p.sparse {
		for _, i := range v.indices {
			if c.postings[name][i] == nil {
				c.postings[name][i] = map[string]*point{}
			}
			c.postings[name][i][key] = p
		}
	}
	for field := range c.keywords {
		c.file(field, key, p)
	}
}

func (c *collection) unindex(key string, p *point) {
	for name, v := range p.sparse {
		for _, i := range v.indices {
			delete(c.postings[name][i], key)
			if len(c.postings[name][i]) == 0 {
				delete(c.postings[name], i)
			}
		}
	}
	for field := range c.keywords {
		c.unfile(field, key, p)
	}
}

func (c *collection) ids() []string {
	if c.order == nil {
		c.order = slices.Sorted(maps.Keys(c.points))
	}
	return c.order
}

func (c *collection) remove(s *qdrant.PointsSelector) error {
	keys, err := c.selected(s)
	for _, key := range keys {
		c.put(key, nil)
	}
	return err
}

func (c *collection) setPayload(set payload, s *qdrant.PointsSelector) error {
	return c.change(s, func(p payload) {
		for k, v := range set {
			if _, null := v.GetKind().(*qdrant.Value_NullValue); null {
				delete(p, k) // as Qdrant's engine (qdrant-edge 0.9.0) does
			} else {
				p[k] = v
			}
		}
	})
}

// change gives the selected points a payload that f has changed.
func (c *collection) change(s *qdrant.PointsSelector, f func(payload)) error {
	keys, err := c.selected(s)
	for _, id := range s.GetPoints().GetIds() {
		if c.points[keyOf(id)] == nil {
			err = status.Errorf(codes.NotFound, "Not found: No point with id %s", strings.TrimLeft(keyOf(id), "#0"))
		}
	}
	for _, key := range keys {
		old := c.points[key]
		n := &point{id: old.id, payload: maps.Clone(old.payload), dense: old.dense, sparse: old.sparse}
		if n.payload == nil {
			n.payload = payload{}
		}
		f(n.payload)
		c.put(key, n)
	}
	return err
}

// selected returns the points of s that are there.
func (c *collection) selected(s *qdrant.PointsSelector) ([]string, error) {
	var out []string
	switch s := s.GetPointsSelectorOneOf().(type) {
	case *qdrant.PointsSelector_Points:
		for _, id := range s.Points.GetIds() {
			if c.points[keyOf(id)] != nil {
				out = append(out, keyOf(id))
			}
		}
		return out, nil
	case *qdrant.PointsSelector_Filter:
		for key, p := range c.candidates(s.Filter) {
			ok, err := passes(s.Filter, key, p, p.payload)
			if err != nil {
				return nil, err
			}
			if ok {
				out = append(out, key)
			}
		}
		return out, nil
	}
	return nil, status.Error(codes.InvalidArgument, "PointsSelector is empty")
}

// point checks what is to be stored and copies it.
func (c *collection) point(p *qdrant.PointStruct) (*point, error) {
	if p.GetId() == nil {
		return nil, status.Error(codes.InvalidArgument, "Empty ID is not allowed")
	}
	if u := p.GetId().GetUuid(); u != "" && len(u) != 36 {
		return nil, status.Errorf(codes.InvalidArgument, "Unable to parse UUID: %s", u)
	}
	n := &point{id: p.GetId(), dense: map[string][]float32{}, sparse: map[string]*sparse{}}
	n.payload = payload{}
	maps.Copy(n.payload, p.GetPayload()) // a request is decoded for this call alone
	all := p.GetVectors().GetVectors().GetVectors()
	if one := p.GetVectors().GetVector(); one != nil {
		all = map[string]*qdrant.Vector{"": one}
	}
	for name, v := range all {
		if err := c.vector(n, name, v); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (c *collection) vector(n *point, name string, v *qdrant.Vector) error {
	switch v := v.GetVector().(type) {
	case *qdrant.Vector_Dense:
		params := c.dense[name]
		if params == nil {
			return status.Errorf(codes.InvalidArgument, "Wrong input: Not existing vector name error: %s", name)
		}
		if got := uint64(len(v.Dense.GetData())); got != params.GetSize() {
			return status.Errorf(codes.InvalidArgument, "Wrong input: Vector dimension error: expected dim: %d, got %d", params.GetSize(), got)
		}
		d := slices.Clone(v.Dense.GetData())
		if params.GetDistance() == qdrant.Distance_Cosine {
			normalize(d) // "vectors are automatically normalized during upload" (manage-data/collections)
		}
		n.dense[name] = d
		return nil
	case *qdrant.Vector_Sparse:
		if c.sparse[name] == nil {
			return status.Errorf(codes.InvalidArgument, "Wrong input: Not existing vector name error: %s", name)
		}
		s, err := sparseOf(v.Sparse)
		n.sparse[name] = s
		return err
	}
	return status.Errorf(codes.Unimplemented, "qdrantfake: vector %T", v.GetVector())
}

// sparseOf checks and sorts a sparse vector: "the indices must be unique"
// (manage-data/vectors, Sparse Vectors).
func sparseOf(v *qdrant.SparseVector) (*sparse, error) {
	if len(v.GetIndices()) != len(v.GetValues()) {
		return nil, status.Error(codes.InvalidArgument, "Validation error: values must be the same length as indices")
	}
	at := make([]int, len(v.GetIndices()))
	for i := range at {
		at[i] = i
	}
	slices.SortFunc(at, func(a, b int) int { return int(int64(v.GetIndices()[a]) - int64(v.GetIndices()[b])) })
	s := &sparse{}
	for i, j := range at {
		if i > 0 && v.GetIndices()[j] == s.indices[i-1] {
			return nil, status.Error(codes.InvalidArgument, "Validation error: indices must be unique")
		}
		s.indices, s.values = append(s.indices, v.GetIndices()[j]), append(s.values, v.GetValues()[j])
	}
	return s, nil
}

func normalize(v []float32) {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		return
	}
	for i := range v {
		v[i] = float32(float64(v[i]) / math.Sqrt(sum))
	}
}
