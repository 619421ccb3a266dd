package qdrantfake

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// hit is a point with its score.
type hit struct {
	key   string
	point *point
	score float32
}

// search is what a query and a prefetch have in common.
type search struct {
	prefetch      []*qdrant.PrefetchQuery
	query         *qdrant.Query
	using         string
	filter        *qdrant.Filter
	threshold     *float32
	limit, offset int
}

// defaultLimit is that of a query and a prefetch that have none
// (search/hybrid-queries; the API reference says 10).
const defaultLimit = 10

// Query implements qdrant.PointsServer.
func (p points) Query(ctx context.Context, r *qdrant.QueryPoints) (*qdrant.QueryResponse, error) {
	result, err := p.ask(ctx, r.GetCollectionName(), r)
	return &qdrant.QueryResponse{Result: result}, err
}

// QueryBatch implements qdrant.PointsServer: each query sees the collection by
// itself (search/search, Batch search).
func (p points) QueryBatch(ctx context.Context, r *qdrant.QueryBatchPoints) (*qdrant.QueryBatchResponse, error) {
	out := &qdrant.QueryBatchResponse{}
	for _, q := range r.GetQueryPoints() {
		result, err := p.ask(ctx, r.GetCollectionName(), q)
		if err != nil {
			return nil, err
		}
		out.Result = append(out.Result, &qdrant.BatchResult{Result: result})
	}
	return out, nil
}

func (p points) ask(ctx context.Context, name string, r *qdrant.QueryPoints) ([]*qdrant.ScoredPoint, error) {
	if ctx.Err() != nil {
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	c, err := p.collection(name)
	if err != nil {
		return nil, err
	}
	limit := defaultLimit
	if r.Limit != nil {
		limit = int(r.GetLimit())
	}
	hits, err := p.find(c, search{r.GetPrefetch(), r.GetQuery(), r.GetUsing(), r.GetFilter(), r.ScoreThreshold, limit, int(r.GetOffset())})
	if err != nil {
		return nil, err
	}
	var out []*qdrant.ScoredPoint
	for _, h := range hits {
		// Neither payload nor vectors unless asked for (search/search).
		out = append(out, &qdrant.ScoredPoint{
			Id: h.point.id, Score: h.score, Version: 1, Payload: shown(h.point.payload, r.GetWithPayload()), Vectors: shownVectors(h.point, r.GetWithVectors()),
		})
	}
	return out, nil
}

// find performs the prefetches and applies the query to what they found
// (search/hybrid-queries); without a prefetch to the whole collection.
func (p points) find(c *collection, s search) ([]hit, error) {
	var sources [][]hit
	for _, pre := range s.prefetch {
		limit := defaultLimit
		if pre.Limit != nil {
			limit = int(pre.GetLimit())
		}
		found, err := p.find(c, search{pre.GetPrefetch(), pre.GetQuery(), pre.GetUsing(), pre.GetFilter(), pre.ScoreThreshold, limit, 0})
		if err != nil {
			return nil, err
		}
		sources = append(sources, found)
	}
	var hits []hit
	var err error
	switch q := s.query.GetVariant().(type) {
	case *qdrant.Query_Fusion:
		if len(sources) == 0 {
			return nil, status.Error(codes.InvalidArgument, "Cannot make fusion query without prefetches")
		}
		if q.Fusion == qdrant.Fusion_DBSF {
			hits = dbsf(sources)
		} else {
			hits = rrf(sources, defaultRRF, nil)
		}
	case *qdrant.Query_Rrf:
		k := float32(defaultRRF)
		if q.Rrf.K != nil {
			k = float32(q.Rrf.GetK())
		}
		if w := q.Rrf.GetWeights(); len(w) > 0 && len(w) != len(sources) {
			return nil, status.Error(codes.InvalidArgument, "The number of weights must match the number of prefetches")
		}
		hits = rrf(sources, k, q.Rrf.GetWeights())
	default:
		hits, err = p.score(c, s, sources)
	}
	if err != nil {
		return nil, err
	}
	if s.threshold != nil {
		hits = slices.DeleteFunc(hits, func(h hit) bool { return h.score < *s.threshold })
	}
	// Qdrant promises no order among equals; here it is that of a hash of the
	// ids, so that nobody comes to rely on one.
	if s.query != nil {
		slices.SortFunc(hits, func(a, b hit) int {
			return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(scatter(a.key), scatter(b.key)))
		})
	}
	hits = hits[min(s.offset, len(hits)):]
	return hits[:min(s.limit, len(hits))], nil
}

func scatter(key string) uint32 {
	h := uint32(2166136261)
	for _, b := range []byte(key) {
		h = (h ^ uint32(b)) * 16777619
	}
	return h
}

// score scores the points that pass the filter; with sources, only what these
// found.
func (p points) score(c *collection, s search, sources [][]hit) ([]hit, error) {
	of, err := c.scorer(s.query, s.using)
	if err != nil {
		return nil, err
	}
	among := p.among(c, s.filter)
	if s.prefetch != nil {
		among = map[string]*point{}
		for _, source := range sources {
			for _, h := range source {
				among[h.key] = h.point
			}
		}
	} else if v := s.query.GetNearest().GetSparse(); v != nil {
		among = c.sharing(s.using, v, among)
	}
	var hits []hit
	for key, n := range among {
		score, ok := of(n)
		if !ok {
			continue
		}
		if ok, err := p.lets(s.filter, key, n); err != nil {
			return nil, err
		} else if ok {
			hits = append(hits, hit{key, n, score})
		}
	}
	if s.query == nil {
		slices.SortFunc(hits, func(a, b hit) int { return cmp.Compare(a.key, b.key) }) // no query: by id (search/search, Query API)
	}
	return hits, nil
}

// sharing returns those points that share a dimension with v, if they are fewer
// than among.
func (c *collection) sharing(using string, v *qdrant.SparseVector, among map[string]*point) map[string]*point {
	n := 0
	for _, dim := range v.GetIndices() {
		n += len(c.postings[using][dim])
	}
	if n >= len(among) {
		return among
	}
	out := make(map[string]*point, n)
	for _, dim := range v.GetIndices() {
		maps.Copy(out, c.postings[using][dim])
	}
	return out
}

// scorer returns how q scores a point, and whether it finds it at all.
func (c *collection) scorer(q *qdrant.Query, using string) (func(*point) (float32, bool), error) {
	if q == nil {
		return func(*point) (float32, bool) { return 1, true }, nil // as Qdrant's engine (qdrant-edge 0.9.0) does
	}
	nearest, ok := q.GetVariant().(*qdrant.Query_Nearest)
	if !ok {
		return nil, status.Errorf(codes.Unimplemented, "qdrantfake: query %T", q.GetVariant())
	}
	switch v := nearest.Nearest.GetVariant().(type) {
	case *qdrant.VectorInput_Dense:
		return c.denseScorer(v.Dense.GetData(), using)
	case *qdrant.VectorInput_Sparse:
		return c.sparseScorer(v.Sparse, using)
	}
	return nil, status.Errorf(codes.Unimplemented, "qdrantfake: vector %T", nearest.Nearest.GetVariant())
}

func (c *collection) denseScorer(q []float32, using string) (func(*point) (float32, bool), error) {
	params := c.dense[using]
	if params == nil {
		return nil, status.Errorf(codes.InvalidArgument, "Wrong input: Not existing vector name error: %s", using)
	}
	if uint64(len(q)) != params.GetSize() {
		return nil, status.Errorf(codes.InvalidArgument, "Wrong input: Vector dimension error: expected dim: %d, got %d", params.GetSize(), len(q))
	}
	switch params.GetDistance() {
	case qdrant.Distance_Cosine:
		// "implemented as dot-product over normalized vectors" (manage-data/collections)
		q = slices.Clone(q)
		normalize(q)
	case qdrant.Distance_Dot:
	default:
		return nil, status.Errorf(codes.Unimplemented, "qdrantfake: distance %v", params.GetDistance())
	}
	return func(p *point) (float32, bool) {
		d, ok := p.dense[using]
		if !ok {
			return 0, false
		}
		var sum float32
		for i, x := range d {
			sum += x * q[i]
		}
		return sum, true
	}, nil
}

// sparseScorer: the dot product over the indices that both have; a point that
// shares none is not found (manage-data/vectors, Sparse Vectors). With the
// modifier idf, the query's values are multiplied by
// ln(1 + (N - n + 0.5) / (n + 0.5)), where N is the number of points in the
// collection and n of those that have the index (manage-data/indexing, IDF
// Modifier), as count counts them.
func (c *collection) sparseScorer(v *qdrant.SparseVector, using string) (func(*point) (float32, bool), error) {
	params := c.sparse[using]
	if params == nil {
		return nil, status.Errorf(codes.InvalidArgument, "Wrong input: Not existing vector name error: %s", using)
	}
	q, err := sparseOf(v)
	if err != nil {
		return nil, err
	}
	if params.GetModifier() == qdrant.Modifier_Idf {
		total := float64(c.with[using])
		for i, dim := range q.indices {
			n := float64(c.counted[using][dim])
			q.values[i] *= float32(math.Log(1 + (total-n+0.5)/(n+0.5)))
		}
	}
	return func(p *point) (float32, bool) {
		d := p.sparse[using]
		if d == nil {
			return 0, false
		}
		var sum float32
		shared := false
		for i, dim := range q.indices {
			if j, ok := slices.BinarySearch(d.indices, dim); ok {
				sum += q.values[i] * d.values[j]
				shared = true
			}
		}
		return sum, shared
	}, nil
}

// defaultRRF is k unless it is set (search/hybrid-queries).
const defaultRRF = 2

// rrf is reciprocal rank fusion: the sum over the sources of
// 1 / (k + (rank + 1) / weight - 1), with ranks from 0 (search/hybrid-queries).
func rrf(sources [][]hit, k float32, weights []float32) []hit {
	return fused(sources, func(source, rank int, _ hit) float32 {
		w := float32(1)
		if len(weights) > 0 {
			w = weights[source]
		}
		return 1 / (k + (float32(rank)+1)/w - 1)
	})
}

// dbsf is distribution-based score fusion: each source's scores are mapped by
// (s - (mean - 3 deviations)) / (6 deviations), and summed; 0.5 where all are
// the same (search/hybrid-queries).
func dbsf(sources [][]hit) []hit {
	mean, deviation := make([]float64, len(sources)), make([]float64, len(sources))
	for i, source := range sources {
		for _, h := range source {
			mean[i] += float64(h.score) / float64(len(source))
		}
		if len(source) < 2 {
			continue
		}
		for _, h := range source {
			d := float64(h.score) - mean[i]
			deviation[i] += d * d / float64(len(source)-1) // "sample standard deviation"
		}
		deviation[i] = math.Sqrt(deviation[i])
	}
	return fused(sources, func(source, _ int, h hit) float32 {
		if deviation[source] == 0 {
			return 0.5
		}
		return float32((float64(h.score) - (mean[source] - 3*deviation[source])) / (6 * deviation[source]))
	})
}

func fused(sources [][]hit, score func(source, rank int, h hit) float32) []hit {
	var out []hit
	at := map[string]int{}
	for source, hits := range sources {
		for rank, h := range hits {
			i, ok := at[h.key]
			if !ok {
				i = len(out)
				at[h.key] = i
				out = append(out, hit{key: h.key, point: h.point})
			}
			out[i].score += score(source, rank, h)
		}
	}
	return out
}
