package qdrant

import (
	"context"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

// The note that the documents of all sites have been put in is a point of a
// collection of its own, which goes when all collections are deleted.
const (
	fieldBuilt = "built"
	builtID    = "b2a4f3c1-5d1e-4c8a-9a39-0f6f6b1f7a10"
)

func (x *Index) stateCollection() string { return x.c.Prefix + "_state" }

// NeedsRebuild reports whether the index is new or was cleared and Rebuilt was
// not called since: documents that count as indexed are not in it then.
func (x *Index) NeedsRebuild(ctx context.Context) (bool, error) {
	lost := true
	err := x.do(ctx, "state of the index", func(ctx context.Context) error {
		got, err := x.client.Get(ctx, &qdrant.GetPoints{
			CollectionName: x.stateCollection(), Ids: []*qdrant.PointId{qdrant.NewIDUUID(builtID)}, WithPayload: qdrant.NewWithPayloadInclude(fieldBuilt),
		})
		if isCode(err, codes.NotFound) {
			return nil
		}
		lost = len(got) == 0 || !got[0].GetPayload()[fieldBuilt].GetBoolValue()
		return err
	})
	return err == nil && lost, err
}

// Rebuilt notes that all documents have been put in, or will be, since they no
// longer count as indexed.
func (x *Index) Rebuilt(ctx context.Context) error {
	return x.do(ctx, "note that the index is rebuilt", func(ctx context.Context) error {
		err := x.client.CreateCollection(ctx, &qdrant.CreateCollection{
			CollectionName:      x.stateCollection(),
			SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{sparseVector: {}}),
		})
		if err != nil && !isCode(err, codes.AlreadyExists) {
			return err
		}
		r, err := x.client.Upsert(ctx, &qdrant.UpsertPoints{
			CollectionName: x.stateCollection(), Wait: new(true),
			Points: []*qdrant.PointStruct{{
				Id: qdrant.NewIDUUID(builtID), Payload: map[string]*qdrant.Value{fieldBuilt: qdrant.NewValueBool(true)},
				Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{sparseVector: qdrant.NewVectorSparse([]uint32{0}, []float32{1})}),
			}},
		})
		if err != nil {
			return err
		}
		return finished(r)
	})
}

// Clear deletes all collections of the index, of all sites. NeedsRebuild is true
// after it.
func (x *Index) Clear(ctx context.Context) error {
	defer x.forgetAll()
	return x.do(ctx, "clear", func(ctx context.Context) error {
		dims, err := x.collections(ctx)
		if err != nil {
			return err
		}
		// The state first: what is killed here is built again.
		names := []string{x.stateCollection()}
		for _, dim := range dims {
			names = append(names, x.collection(dim))
		}
		for _, name := range names {
			if err := x.client.DeleteCollection(ctx, name); err != nil {
				return err
			}
		}
		return nil
	})
}
