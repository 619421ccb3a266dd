package qdrantfake

import (
	"context"
	"maps"
	"slices"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Get implements qdrant.PointsServer: points that are not there are left out.
func (p points) Get(_ context.Context, r *qdrant.GetPoints) (*qdrant.GetResponse, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	c, err := p.collection(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	out := &qdrant.GetResponse{}
	for _, id := range r.GetIds() {
		if n := c.points[keyOf(id)]; n != nil {
			out.Result = append(out.Result, retrieved(n, r.GetWithPayload(), r.GetWithVectors()))
		}
	}
	return out, nil
}

// Scroll implements qdrant.PointsServer: points in the order of their ids, from
// offset on, ten if there is no limit (manage-data/points, Scroll points).
func (p points) Scroll(_ context.Context, r *qdrant.ScrollPoints) (*qdrant.ScrollResponse, error) {
	p.mu.Lock() // the order may have to be made
	defer p.mu.Unlock()
	c, err := p.collection(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	if r.GetOrderBy() != nil {
		return nil, status.Error(codes.Unimplemented, "qdrantfake: order_by")
	}
	limit := 10
	if r.Limit != nil {
		limit = int(r.GetLimit())
	}
	ids := c.ids()
	if among := p.among(c, r.GetFilter()); len(among) < len(ids) {
		ids = slices.Sorted(maps.Keys(among))
	}
	if r.GetOffset() != nil {
		from, _ := slices.BinarySearch(ids, keyOf(r.GetOffset()))
		ids = ids[from:]
	}
	out := &qdrant.ScrollResponse{}
	for _, key := range ids {
		n := c.points[key]
		ok, err := p.lets(r.GetFilter(), key, n)
		switch {
		case err != nil:
			return nil, err
		case !ok:
		case len(out.Result) == limit:
			out.NextPageOffset = n.id
			return out, nil
		default:
			out.Result = append(out.Result, retrieved(n, r.GetWithPayload(), r.GetWithVectors()))
		}
	}
	return out, nil
}

// Count implements qdrant.PointsServer; it is exact whatever is asked.
func (p points) Count(_ context.Context, r *qdrant.CountPoints) (*qdrant.CountResponse, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	c, err := p.collection(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	out := &qdrant.CountResponse{Result: &qdrant.CountResult{}}
	for key, n := range p.among(c, r.GetFilter()) {
		ok, err := p.lets(r.GetFilter(), key, n)
		if err != nil {
			return nil, err
		}
		if ok {
			out.Result.Count++
		}
	}
	return out, nil
}

// among returns points among which are all that a read with f sees.
func (s *Server) among(c *collection, f *qdrant.Filter) map[string]*point {
	if s.faults.ignoring() {
		return c.points
	}
	return c.candidates(f)
}

// lets reports whether a read sees the point.
func (s *Server) lets(f *qdrant.Filter, key string, p *point) (bool, error) {
	if s.faults.ignoring() {
		return true, nil
	}
	return passes(f, key, p, p.payload)
}

func retrieved(p *point, data *qdrant.WithPayloadSelector, vectors *qdrant.WithVectorsSelector) *qdrant.RetrievedPoint {
	return &qdrant.RetrievedPoint{Id: p.id, Payload: shown(p.payload, data), Vectors: shownVectors(p, vectors)}
}

// shown returns what the selector asks for of a payload.
func shown(data payload, s *qdrant.WithPayloadSelector) payload {
	switch s := s.GetSelectorOptions().(type) {
	case *qdrant.WithPayloadSelector_Enable:
		if s.Enable {
			return data
		}
	case *qdrant.WithPayloadSelector_Include:
		out := payload{}
		for _, f := range s.Include.GetFields() {
			if v, ok := data[f]; ok {
				out[f] = v
			}
		}
		return out
	case *qdrant.WithPayloadSelector_Exclude:
		out := maps.Clone(data)
		for _, f := range s.Exclude.GetFields() {
			delete(out, f)
		}
		return out
	}
	return nil
}

func shownVectors(p *point, s *qdrant.WithVectorsSelector) *qdrant.VectorsOutput {
	var all bool
	var names []string
	switch s := s.GetSelectorOptions().(type) {
	case *qdrant.WithVectorsSelector_Enable:
		all = s.Enable
	case *qdrant.WithVectorsSelector_Include:
		names = s.Include.GetNames()
	}
	if !all && names == nil {
		return nil
	}
	out := map[string]*qdrant.VectorOutput{}
	for name, v := range p.dense {
		if all || slices.Contains(names, name) {
			out[name] = &qdrant.VectorOutput{Vector: &qdrant.VectorOutput_Dense{Dense: &qdrant.DenseVector{Data: v}}}
		}
	}
	for name, v := range p.sparse {
		if all || slices.Contains(names, name) {
			out[name] = &qdrant.VectorOutput{Vector: &qdrant.VectorOutput_Sparse{Sparse: &qdrant.SparseVector{Indices: v.indices, Values: v.values}}}
		}
	}
	return &qdrant.VectorsOutput{VectorsOptions: &qdrant.VectorsOutput_Vectors{Vectors: &qdrant.NamedVectorsOutput{Vectors: out}}}
}
