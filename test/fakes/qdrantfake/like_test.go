package qdrantfake_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/qdrant/go-client/qdrant"

	"github.com/aiwoochat/woochat/test/fakes/qdrantfake"
)

// TestLikeOnAServer does the same random things to the fake and to the Qdrant at
// WOOCHAT_TEST_QDRANT_URL: both must answer the same.
func TestLikeOnAServer(t *testing.T) {
	address := os.Getenv("WOOCHAT_TEST_QDRANT_URL")
	if address == "" {
		t.Skip("WOOCHAT_TEST_QDRANT_URL is not set")
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	fake, err := qdrantfake.Start(qdrantfake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			b := both{t: t, r: rand.New(rand.NewPCG(seed, 2)), name: fmt.Sprintf("woochat_test_like_%d_%d", os.Getpid(), seed), fake: dial(t, fake.Addr()), server: dial(t, u.Host)}
			b.create()
			for step := range 200 {
				b.step = step
				b.change()
				b.read()
			}
			b.do("delete the collection", func(c *qdrant.Client) (any, error) { return nil, c.DeleteCollection(t.Context(), b.name) })
		})
	}
}

func dial(t *testing.T, address string) *qdrant.Client {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	c, err := qdrant.NewClient(&qdrant.Config{Host: host, Port: n, SkipCompatibilityCheck: true, APIKey: os.Getenv("WOOCHAT_TEST_QDRANT_API_KEY")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// both are the two servers and what is random.
type both struct {
	t            *testing.T
	r            *rand.Rand
	name         string
	fake, server *qdrant.Client
	step         int
}

// do asks both, and fails the test unless they answer the same.
func (b *both) do(what any, ask func(*qdrant.Client) (any, error)) {
	b.t.Helper()
	b.scored(what, func(c *qdrant.Client) (any, []float32, error) {
		got, err := ask(c)
		return got, nil, err
	})
}

// scored is do with scores, which may differ by how they are rounded.
func (b *both) scored(what any, ask func(*qdrant.Client) (any, []float32, error)) {
	b.t.Helper()
	got, scores, gotErr := ask(b.fake)
	want, wanted, wantErr := ask(b.server)
	near := func(x, y float32) bool { return math.Abs(float64(x-y)) < 1e-5 }
	if (gotErr == nil) != (wantErr == nil) || fmt.Sprint(got) != fmt.Sprint(want) || !slices.EqualFunc(scores, wanted, near) {
		b.t.Fatalf("step %d: %v:\n    fake %v, %v\n  server %v, %v", b.step, what, got, gotErr, want, wantErr)
	}
}

func (b *both) create() {
	idf := qdrant.Modifier_Idf
	b.do("create", func(c *qdrant.Client) (any, error) {
		return nil, c.CreateCollection(b.t.Context(), &qdrant.CreateCollection{
			CollectionName:      b.name,
			VectorsConfig:       qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{"dense": {Size: 3, Distance: qdrant.Distance_Dot}}),
			SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"sparse": {Modifier: &idf}}),
		})
	})
	for field, kind := range map[string]qdrant.FieldType{
		"word": qdrant.FieldType_FieldTypeKeyword, "number": qdrant.FieldType_FieldTypeInteger, "truth": qdrant.FieldType_FieldTypeBool,
		"offers[].low": qdrant.FieldType_FieldTypeFloat, "offers[].word": qdrant.FieldType_FieldTypeKeyword,
	} {
		b.do("index", func(c *qdrant.Client) (any, error) {
			r, err := c.CreateFieldIndex(b.t.Context(), &qdrant.CreateFieldIndexCollection{CollectionName: b.name, FieldName: field, FieldType: &kind, Wait: new(true)})
			return r.GetStatus(), err
		})
	}
}

func (b *both) id() *qdrant.PointId {
	n := b.r.Uint64N(40)
	if n%3 == 0 {
		return qdrant.NewIDNum(n)
	}
	return qdrant.NewIDUUID(fmt.Sprintf("%08x-0000-5000-8000-00000000%04x", (n*2654435761)&0xffffffff, n))
}

func (b *both) ids() []*qdrant.PointId {
	seen := map[string]bool{}
	var out []*qdrant.PointId
	for range b.r.IntN(4) {
		if id := b.id(); !seen[id.String()] {
			seen[id.String()] = true
			out = append(out, id)
		}
	}
	return out
}

func (b *both) word() string { return []string{"", "a", "b", "c a", "ü", "red kettle"}[b.r.IntN(6)] }

// value is what a field may hold: one of its kind, none, or a list.
func (b *both) value(field string, lists int) *qdrant.Value {
	switch n := b.r.IntN(10); {
	case n == 0:
		return qdrant.NewValueNull()
	case n < 4 && lists > 0:
		var out []*qdrant.Value
		for range b.r.IntN(4) {
			out = append(out, b.value(field, lists-1))
		}
		return qdrant.NewValueFromList(out...)
	}
	switch field {
	case "word":
		return qdrant.NewValueString(b.word())
	case "number":
		return qdrant.NewValueInt(int64(b.r.IntN(4)) - 1)
	case "truth":
		return qdrant.NewValueBool(b.r.IntN(2) == 0)
	case "low":
		return qdrant.NewValueDouble(float64(b.r.IntN(8))/2 - 1)
	}
	return b.value([]string{"word", "number", "truth", "low"}[b.r.IntN(4)], 0)
}

// Fields of a point, and of each of its offers. All but plain are indexed.
var fields, offerFields = []string{"word", "number", "truth", "plain"}, []string{"low", "word", "plain"}

func (b *both) payload() map[string]*qdrant.Value {
	out := map[string]*qdrant.Value{}
	for _, f := range fields {
		if b.r.IntN(3) > 0 {
			out[f] = b.value(f, 1)
		}
	}
	if b.r.IntN(3) > 0 {
		var offers []*qdrant.Value
		for range b.r.IntN(3) {
			o := map[string]*qdrant.Value{}
			for _, f := range offerFields {
				if b.r.IntN(4) > 0 {
					o[f] = b.value(f, 1)
				}
			}
			offers = append(offers, qdrant.NewValueFromFields(o))
		}
		out["offers"] = qdrant.NewValueFromList(offers...)
	}
	return out
}

func (b *both) sparse() ([]uint32, []float32) {
	var is []uint32
	var vs []float32
	for i := range uint32(6) {
		if b.r.IntN(3) == 0 {
			is, vs = append(is, i*1000003), append(vs, 0.25+b.r.Float32())
		}
	}
	return is, vs
}

func (b *both) dense() []float32 {
	return []float32{b.r.Float32() - 0.5, b.r.Float32() - 0.5, b.r.Float32()}
}

func (b *both) points() []*qdrant.PointStruct {
	var out []*qdrant.PointStruct
	for _, id := range b.ids() {
		vectors := map[string]*qdrant.Vector{}
		if b.r.IntN(4) > 0 {
			vectors["dense"] = qdrant.NewVectorDense(b.dense())
		}
		if is, vs := b.sparse(); len(is) > 0 || b.r.IntN(2) == 0 {
			vectors["sparse"] = qdrant.NewVectorSparse(is, vs)
		}
		out = append(out, &qdrant.PointStruct{Id: id, Payload: b.payload(), Vectors: qdrant.NewVectorsMap(vectors)})
	}
	return out
}

// condition returns one of those that the fake knows. Below depth 1 it is one of
// an element of offers.
func (b *both) condition(depth int) *qdrant.Condition {
	if depth > 0 {
		switch b.r.IntN(11) {
		case 0:
			return qdrant.NewNestedFilter("offers", &qdrant.Filter{Must: append(b.conditions(0), b.condition(0)), MustNot: b.conditions(0)})
		case 1:
			return qdrant.NewHasVector([]string{"dense", "sparse"}[b.r.IntN(2)])
		case 10:
			return qdrant.NewIsEmpty(fields[b.r.IntN(len(fields))])
		case 2:
			return qdrant.NewHasID(b.ids()...)
		case 3:
			return qdrant.NewFilterAsCondition(b.filter(depth - 1))
		case 4, 5:
			field := offerFields[b.r.IntN(len(offerFields))]
			return b.fieldCondition("offers[]."+field, field)
		}
		field := fields[b.r.IntN(len(fields))]
		return b.fieldCondition(field, field)
	}
	field := offerFields[b.r.IntN(len(offerFields))]
	return b.fieldCondition(field, field)
}

func (b *both) fieldCondition(at, field string) *qdrant.Condition {
	if field == "plain" {
		field = []string{"word", "number", "truth", "low"}[b.r.IntN(4)]
	}
	several := b.r.IntN(2) == 0
	switch {
	case field == "word" && b.r.IntN(4) == 0:
		return qdrant.NewMatchText(at, []string{"a", "A", "a c", "ü", "red kettle", "tle", "", "c-a"}[b.r.IntN(8)])
	case field == "word" && several:
		return qdrant.NewMatchKeywords(at, b.word(), b.word())
	case field == "word":
		return qdrant.NewMatchKeyword(at, b.word())
	case field == "truth":
		return qdrant.NewMatchBool(at, several)
	case field == "low" || b.r.IntN(2) == 0:
		return qdrant.NewRange(at, &qdrant.Range{Gte: new(float64(b.r.IntN(8))/2 - 1), Lt: new(float64(b.r.IntN(8)) / 2)})
	case several:
		return qdrant.NewMatchInts(at, int64(b.r.IntN(4))-1, 2)
	}
	return qdrant.NewMatchInt(at, int64(b.r.IntN(4))-1)
}

func (b *both) conditions(depth int) []*qdrant.Condition {
	var out []*qdrant.Condition
	for range b.r.IntN(3) {
		out = append(out, b.condition(depth))
	}
	return out
}

func (b *both) filter(depth int) *qdrant.Filter {
	f := &qdrant.Filter{}
	if b.r.IntN(2) == 0 {
		f.Must = b.conditions(depth)
	}
	if b.r.IntN(3) == 0 {
		f.Should = b.conditions(depth)
	}
	if b.r.IntN(3) == 0 {
		f.MustNot = b.conditions(depth)
	}
	return f
}

func (b *both) selector() *qdrant.PointsSelector {
	if b.r.IntN(2) == 0 {
		return qdrant.NewPointsSelectorIDs(b.ids())
	}
	f := b.filter(2)
	f.Must = append(f.Must, qdrant.NewHasID(append(b.ids(), b.id())...))
	return qdrant.NewPointsSelectorFilter(f)
}

// change does one of what changes points.
func (b *both) change() {
	b.t.Helper()
	ctx := b.t.Context()
	set := &qdrant.PointsUpdateOperation_SetPayload{Payload: b.payload(), PointsSelector: b.selector()}
	unset := &qdrant.PointsUpdateOperation_DeletePayload{Keys: []string{"word", "plain"}[:1+b.r.IntN(2)], PointsSelector: b.selector()}
	remove := b.selector()
	points := b.points()
	if len(points) == 0 {
		return
	}
	switch b.r.IntN(6) {
	case 0:
		b.do(set, func(c *qdrant.Client) (any, error) {
			r, err := c.SetPayload(ctx, &qdrant.SetPayloadPoints{CollectionName: b.name, Wait: new(true), Payload: set.Payload, PointsSelector: set.PointsSelector})
			return r.GetStatus(), err
		})
	case 1:
		b.do(remove, func(c *qdrant.Client) (any, error) {
			r, err := c.Delete(ctx, &qdrant.DeletePoints{CollectionName: b.name, Wait: new(true), Points: remove})
			return r.GetStatus(), err
		})
	case 2:
		ops := []*qdrant.PointsUpdateOperation{
			qdrant.NewPointsUpdateSetPayload(set), qdrant.NewPointsUpdateDeletePayload(unset),
			qdrant.NewPointsUpdateDeletePoints(&qdrant.PointsUpdateOperation_DeletePoints{Points: remove}),
		}
		b.do(ops, func(c *qdrant.Client) (any, error) {
			r, err := c.UpdateBatch(ctx, &qdrant.UpdateBatchPoints{CollectionName: b.name, Wait: new(true), Operations: ops})
			return len(r), err
		})
	default:
		b.do(points, func(c *qdrant.Client) (any, error) {
			r, err := c.Upsert(ctx, &qdrant.UpsertPoints{CollectionName: b.name, Wait: new(true), Points: points})
			return r.GetStatus(), err
		})
	}
}

// read asks in all ways.
func (b *both) read() {
	b.t.Helper()
	ctx := b.t.Context()
	for range 6 {
		f := b.filter(2)
		b.do(f, func(c *qdrant.Client) (any, error) {
			return c.Count(ctx, &qdrant.CountPoints{CollectionName: b.name, Filter: f, Exact: new(true)})
		})
		scroll := &qdrant.ScrollPoints{
			CollectionName: b.name, Filter: f, Limit: new(1 + b.r.Uint32N(20)), WithPayload: b.withPayload(), WithVectors: b.withVectors(),
		}
		if b.r.IntN(2) == 0 {
			scroll.Offset = b.id()
		}
		b.do(scroll, func(c *qdrant.Client) (any, error) {
			ps, next, err := c.ScrollAndOffset(ctx, scroll)
			var out []string
			for _, p := range ps {
				out = append(out, fmt.Sprint(p.GetId(), shown(p.GetPayload(), p.GetVectors())))
			}
			return fmt.Sprint(out, next), err
		})
		q := &qdrant.QueryPoints{CollectionName: b.name, Filter: f, Limit: new(1 + b.r.Uint64N(30)), WithPayload: b.withPayload(), WithVectors: b.withVectors()}
		if b.r.IntN(2) == 0 {
			q.Offset = new(b.r.Uint64N(5))
		}
		switch b.r.IntN(3) {
		case 0:
			q.Query, q.Using = qdrant.NewQuerySparse(b.sparse()), new("sparse")
		case 1:
			q.Query, q.Using = qdrant.NewQueryDense(b.dense()), new("dense")
		}
		b.scored(q, func(c *qdrant.Client) (any, []float32, error) { return ranked(ctx, c, q) })
	}
	ids := b.ids()
	b.do(ids, func(c *qdrant.Client) (any, error) {
		ps, err := c.Get(ctx, &qdrant.GetPoints{CollectionName: b.name, Ids: ids, WithPayload: qdrant.NewWithPayload(true), WithVectors: qdrant.NewWithVectors(true)})
		var out []string
		for _, p := range ps {
			out = append(out, fmt.Sprint(p.GetId(), shown(p.GetPayload(), p.GetVectors())))
		}
		slices.Sort(out)
		return out, err
	})
}

// ranked returns what a query finds without a limit, by id, and all scores: those
// within the limit in order. Equals may stand in any.
func ranked(ctx context.Context, c *qdrant.Client, q *qdrant.QueryPoints) (any, []float32, error) {
	part, err := c.Query(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	limit, offset := q.Limit, q.Offset
	q.Limit, q.Offset = new(uint64(1000)), nil
	all, err := c.Query(ctx, q)
	q.Limit, q.Offset = limit, offset
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(all, func(x, y *qdrant.ScoredPoint) int { return cmp.Compare(x.GetId().String(), y.GetId().String()) })
	var out []string
	var scores []float32
	for _, p := range all {
		out, scores = append(out, fmt.Sprint(p.GetId(), shown(p.GetPayload(), p.GetVectors()))), append(scores, p.GetScore())
	}
	for _, p := range part {
		scores = append(scores, p.GetScore())
	}
	return out, scores, nil
}

func (b *both) withPayload() *qdrant.WithPayloadSelector {
	switch b.r.IntN(4) {
	case 0:
		return nil
	case 1:
		return qdrant.NewWithPayloadInclude("word", "nowhere")
	case 2:
		return qdrant.NewWithPayloadExclude("word", "offers")
	}
	return qdrant.NewWithPayload(true)
}

func (b *both) withVectors() *qdrant.WithVectorsSelector {
	switch b.r.IntN(4) {
	case 0:
		return nil
	case 1:
		return qdrant.NewWithVectorsInclude("sparse")
	}
	return qdrant.NewWithVectors(true)
}

// shown writes payload and vectors, always in the same order.
func shown(payload map[string]*qdrant.Value, v *qdrant.VectorsOutput) string {
	out := ""
	for _, k := range slices.Sorted(maps.Keys(payload)) {
		out += " " + k + "=" + text(payload[k])
	}
	named := v.GetVectors().GetVectors()
	for _, k := range slices.Sorted(maps.Keys(named)) {
		out += fmt.Sprint(" ", k, named[k].GetDense().GetData(), named[k].GetSparse().GetIndices(), named[k].GetSparse().GetValues())
	}
	return out
}

func text(v *qdrant.Value) string {
	switch v := v.GetKind().(type) {
	case *qdrant.Value_StructValue:
		out := "{"
		for _, k := range slices.Sorted(maps.Keys(v.StructValue.GetFields())) {
			out += k + ":" + text(v.StructValue.GetFields()[k]) + " "
		}
		return out + "}"
	case *qdrant.Value_ListValue:
		out := "["
		for _, one := range v.ListValue.GetValues() {
			out += text(one) + " "
		}
		return out + "]"
	default:
		return fmt.Sprintf("%T(%v)", v, v)
	}
}
