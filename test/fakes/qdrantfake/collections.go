package qdrantfake

import (
	"context"
	"maps"
	"slices"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// collection is a named set of points with the vectors that each may have.
type collection struct {
	dense   map[string]*qdrant.VectorParams
	sparse  map[string]*qdrant.SparseVectorParams
	created *qdrant.CreateCollection
	indexes map[string]*qdrant.PayloadSchemaInfo

	points map[string]*point
	order  []string // ids, ascending; nil if it is to be made again
	// postings are, for each sparse vector and dimension, the points that have
	// it.
	postings map[string]map[uint32]map[string]*point
	// counted are how many points have it as the modifier idf counts them, and
	// with how many have the sparse vector at all: those that were deleted, too,
	// for good (see count).
	counted map[string]map[uint32]int
	with    map[string]int
	// keywords are, for each field with a keyword index, the points by value.
	keywords map[string]map[string]map[string]*point
	version  uint64
}

// Create implements qdrant.CollectionsServer (manage-data/collections).
func (s *Server) Create(_ context.Context, r *qdrant.CreateCollection) (*qdrant.CollectionOperationResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.GetCollectionName() == "" {
		return nil, status.Error(codes.InvalidArgument, "collection_name is empty")
	}
	if s.collections[r.GetCollectionName()] != nil {
		return nil, status.Errorf(codes.AlreadyExists, "Wrong input: Collection `%s` already exists!", r.GetCollectionName())
	}
	c := &collection{
		dense: map[string]*qdrant.VectorParams{}, sparse: maps.Clone(r.GetSparseVectorsConfig().GetMap()), created: r,
		indexes: map[string]*qdrant.PayloadSchemaInfo{}, points: map[string]*point{},
		postings: map[string]map[uint32]map[string]*point{}, counted: map[string]map[uint32]int{}, with: map[string]int{}, keywords: map[string]map[string]map[string]*point{},
	}
	switch v := r.GetVectorsConfig().GetConfig().(type) {
	case *qdrant.VectorsConfig_Params:
		c.dense[""] = v.Params
	case *qdrant.VectorsConfig_ParamsMap:
		maps.Copy(c.dense, v.ParamsMap.GetMap())
	}
	for name, p := range c.dense {
		if p.GetSize() < 1 {
			return nil, status.Errorf(codes.InvalidArgument, "Validation error in body: vector %q has size 0", name)
		}
	}
	for name := range c.sparse {
		c.postings[name], c.counted[name] = map[uint32]map[string]*point{}, map[uint32]int{}
	}
	s.collections[r.GetCollectionName()] = c
	return &qdrant.CollectionOperationResponse{Result: true}, nil
}

// Get implements qdrant.CollectionsServer.
func (s *Server) Get(_ context.Context, r *qdrant.GetCollectionInfoRequest) (*qdrant.GetCollectionInfoResponse, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, err := s.collection(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	count := uint64(len(c.points))
	return &qdrant.GetCollectionInfoResponse{Result: &qdrant.CollectionInfo{
		Status: qdrant.CollectionStatus_Green, SegmentsCount: 1, PointsCount: &count, PayloadSchema: maps.Clone(c.indexes),
		Config: &qdrant.CollectionConfig{
			Params:     &qdrant.CollectionParams{ShardNumber: 1, VectorsConfig: c.created.GetVectorsConfig(), SparseVectorsConfig: c.created.GetSparseVectorsConfig()},
			HnswConfig: c.created.GetHnswConfig(), QuantizationConfig: c.created.GetQuantizationConfig(),
		},
	}}, nil
}

// List implements qdrant.CollectionsServer.
func (s *Server) List(context.Context, *qdrant.ListCollectionsRequest) (*qdrant.ListCollectionsResponse, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := &qdrant.ListCollectionsResponse{}
	for _, name := range slices.Sorted(maps.Keys(s.collections)) {
		out.Collections = append(out.Collections, &qdrant.CollectionDescription{Name: name})
	}
	return out, nil
}

// CollectionExists implements qdrant.CollectionsServer.
func (s *Server) CollectionExists(_ context.Context, r *qdrant.CollectionExistsRequest) (*qdrant.CollectionExistsResponse, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return &qdrant.CollectionExistsResponse{Result: &qdrant.CollectionExists{Exists: s.collections[r.GetCollectionName()] != nil}}, nil
}

// Delete implements qdrant.CollectionsServer. The result is false if there was
// none.
func (s *Server) Delete(_ context.Context, r *qdrant.DeleteCollection) (*qdrant.CollectionOperationResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, had := s.collections[r.GetCollectionName()]
	delete(s.collections, r.GetCollectionName())
	return &qdrant.CollectionOperationResponse{Result: had}, nil
}

// CreateFieldIndex implements qdrant.PointsServer. An index that is there
// already is no error (manage-data/indexing).
func (p points) CreateFieldIndex(_ context.Context, r *qdrant.CreateFieldIndexCollection) (*qdrant.PointsOperationResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, err := p.collection(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	c.indexes[r.GetFieldName()] = &qdrant.PayloadSchemaInfo{DataType: qdrant.PayloadSchemaType(r.GetFieldType() + 1), Params: r.GetFieldIndexParams()}
	if r.GetFieldType() == qdrant.FieldType_FieldTypeKeyword && c.keywords[r.GetFieldName()] == nil {
		c.keywords[r.GetFieldName()] = map[string]map[string]*point{}
		for key, n := range c.points {
			c.file(r.GetFieldName(), key, n)
		}
	}
	return done(c), nil
}

// file puts a point under its values of an indexed field.
func (c *collection) file(field, key string, p *point) {
	for _, v := range values(p.payload, field) {
		word, ok := v.GetKind().(*qdrant.Value_StringValue)
		if !ok {
			continue
		}
		under := c.keywords[field][word.StringValue]
		if under == nil {
			under = map[string]*point{}
			c.keywords[field][word.StringValue] = under
		}
		under[key] = p
	}
}

// unfile takes it out again.
func (c *collection) unfile(field, key string, p *point) {
	for _, v := range values(p.payload, field) {
		word := v.GetStringValue()
		delete(c.keywords[field][word], key)
		if len(c.keywords[field][word]) == 0 {
			delete(c.keywords[field], word)
		}
	}
}

// candidates returns points among which are all that pass f: those of the
// narrowest of its conditions that an index answers, or all.
func (c *collection) candidates(f *qdrant.Filter) map[string]*point {
	best := c.points
	for _, m := range f.GetMust() {
		if under, ok := c.indexed(m); ok && len(under) < len(best) {
			best = under
		}
	}
	return best
}

// indexed returns the points that meet a condition, if an index knows.
func (c *collection) indexed(m *qdrant.Condition) (map[string]*point, bool) {
	if f := m.GetFilter(); f != nil && len(f.GetShould()) > 0 {
		under := map[string]*point{}
		for _, s := range f.GetShould() {
			one, ok := c.indexed(s)
			if !ok {
				return nil, false
			}
			maps.Copy(under, one)
		}
		return under, true
	}
	field := m.GetField()
	index, ok := c.keywords[field.GetKey()]
	if !ok {
		return nil, false
	}
	switch v := field.GetMatch().GetMatchValue().(type) {
	case *qdrant.Match_Keyword:
		return index[v.Keyword], true
	case *qdrant.Match_Keywords:
		under := map[string]*point{}
		for _, word := range v.Keywords.GetStrings() {
			maps.Copy(under, index[word])
		}
		return under, true
	}
	return nil, false
}

// collection returns the collection of that name. s.mu is held.
func (s *Server) collection(name string) (*collection, error) {
	c := s.collections[name]
	if c == nil {
		return nil, status.Errorf(codes.NotFound, "Not found: Collection `%s` doesn't exist!", name)
	}
	return c, nil
}

// done is the reply to an update that was waited for.
func done(c *collection) *qdrant.PointsOperationResponse {
	return &qdrant.PointsOperationResponse{Result: updated(c)}
}

func updated(c *collection) *qdrant.UpdateResult {
	c.version++
	n := c.version
	return &qdrant.UpdateResult{OperationId: &n, Status: qdrant.UpdateStatus_Completed}
}
