package qdrantfake_test

import (
	"testing"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/aiwoochat/woochat/test/fakes/qdrantfake"
)

// What the documentation leaves open is as Qdrant's engine does it;
// TestLikeOnAServer compares all else.
func TestAsTheEngineDoes(t *testing.T) {
	fake, err := qdrantfake.Start(qdrantfake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	c, ctx := dial(t, fake.Addr()), t.Context()
	idf := qdrant.Modifier_Idf
	if err := c.CreateCollection(ctx, &qdrant.CreateCollection{
		CollectionName: "x", SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"words": {Modifier: &idf}}),
	}); err != nil {
		t.Fatal(err)
	}
	put := func(n uint64, dimensions ...uint32) {
		values := make([]float32, len(dimensions))
		for i := range values {
			values[i] = 1
		}
		if _, err := c.Upsert(ctx, &qdrant.UpsertPoints{CollectionName: "x", Points: []*qdrant.PointStruct{{
			Id: qdrant.NewIDNum(n), Payload: map[string]*qdrant.Value{"a": qdrant.NewValueInt(1)},
			Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{"words": qdrant.NewVectorSparse(dimensions, values)}),
		}}}); err != nil {
			t.Fatal(err)
		}
	}
	first := func(q *qdrant.Query) *qdrant.ScoredPoint {
		t.Helper()
		got, err := c.Query(ctx, &qdrant.QueryPoints{CollectionName: "x", Query: q, Using: new("words"), WithPayload: qdrant.NewWithPayload(true)})
		if err != nil || len(got) == 0 {
			t.Fatal(got, err)
		}
		return got[0]
	}
	one := qdrant.NewQuerySparse([]uint32{1}, []float32{1})

	for n := range uint64(4) {
		put(n, 1)
	}
	put(9, 2)
	before := first(one).GetScore() // ln(6 / 4.5)
	put(0, 1, 3)
	if _, err := c.Delete(ctx, &qdrant.DeletePoints{CollectionName: "x", Points: qdrant.NewPointsSelector(qdrant.NewIDNum(1), qdrant.NewIDNum(2), qdrant.NewIDNum(3))}); err != nil {
		t.Fatal(err)
	}
	if got := first(one).GetScore(); got != before {
		t.Errorf("after three of four were deleted, the word is worth %v, want as before %v", got, before)
	}
	if got := first(nil).GetScore(); got != 1 {
		t.Errorf("without a query the score is %v, want 1", got)
	}
	set := func(id uint64, v *qdrant.Value) error {
		_, err := c.SetPayload(ctx, &qdrant.SetPayloadPoints{CollectionName: "x", Payload: map[string]*qdrant.Value{"a": v}, PointsSelector: qdrant.NewPointsSelector(qdrant.NewIDNum(id))})
		return err
	}
	if err := set(0, qdrant.NewValueNull()); err != nil {
		t.Error(err)
	}
	if got := first(nil).GetPayload(); len(got) != 0 {
		t.Errorf("a field that was set to null is there: %v", got)
	}
	if err := set(77, qdrant.NewValueInt(1)); status.Code(unwrapped(err)) != codes.NotFound {
		t.Errorf("a payload of a point that is not there was set: %v", err)
	}
}

func unwrapped(err error) error {
	if e, ok := err.(interface{ Unwrap() error }); ok {
		return e.Unwrap()
	}
	return err
}
