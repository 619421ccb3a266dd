package qdrant_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	client "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/aiwoochat/woochat/adapters/qdrant"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/test/fakes/qdrantfake"
)

// read counts what a server has answered.
type read struct{ calls, points, facts, bytes atomic.Int64 }

// count is an interceptor of the server.
func (r *read) count(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	reply, err := handle(ctx, req)
	if m, ok := reply.(proto.Message); ok && err == nil {
		r.calls.Add(1)
		r.bytes.Add(int64(proto.Size(m)))
	}
	point := func(p map[string]*client.Value) {
		r.points.Add(1)
		if p["facts"] != nil {
			r.facts.Add(1)
		}
	}
	switch m := reply.(type) {
	case *client.ScrollResponse:
		for _, p := range m.GetResult() {
			point(p.GetPayload())
		}
	case *client.GetResponse:
		for _, p := range m.GetResult() {
			point(p.GetPayload())
		}
	case *client.QueryBatchResponse:
		for _, q := range m.GetResult() {
			for _, p := range q.GetResult() {
				point(p.GetPayload())
			}
		}
	}
	return reply, err
}

// TestFieldsAreAskedOfTheServer: a search by fields reads what passes them and no
// site; one for the first of them reads the facts of few more than it shows.
func TestFieldsAreAskedOfTheServer(t *testing.T) {
	var r read
	server := startFake(t, qdrantfake.Options{GRPC: []grpc.ServerOption{grpc.ChainUnaryInterceptor(r.count)}})
	x, s := open(t, qdrant.Config{URL: server.Addr()}), newScope(t)
	const products, rare = 2000, 20
	for i := range products {
		e := entry(fmt.Sprintf("product:%04d", i), "r1", "a thing of copper")
		e.Kind, e.Chunks[0].Vector = catalog.KindProduct, nil
		e.Facts = catalog.Facts{
			Brands: []string{"Fjord"}, Categories: []string{"Kitchen > Kettles"}, ImageURL: "https://shop.example.com/wp-content/uploads/kettle.jpg",
			Offers: []catalog.Offer{{SKU: fmt.Sprint("K-", i), Regular: catalog.Money{Minor: int64(1000 + i), Currency: "EUR", Exponent: 2}, Stock: catalog.InStock}},
		}
		if i%(products/rare) == 0 {
			e.Facts.Brands = []string{"Peak"}
		}
		put(t, x, s, e)
	}
	peak := retrieval.Filter{Brands: []string{"Peak"}}
	for _, c := range []struct {
		name         string
		q            retrieval.Query
		found        int
		facts, bytes int64
	}{
		{"everything, the first ten", retrieval.Query{Limit: 10}, 10, 0, 400_000},
		{"of a brand that few have", retrieval.Query{Limit: 10, Filter: peak}, 10, rare, 40_000},
		{"of a brand that most have, the first ten", retrieval.Query{Limit: 10, Filter: retrieval.Filter{Brands: []string{"Fjord"}}}, 10, 100, 500_000},
		{"cheapest of a brand that few have", retrieval.Query{Limit: 10, Filter: peak, Sort: retrieval.CheapestFirst}, 10, rare, 40_000},
		{"cheapest of all", retrieval.Query{Limit: 10, Sort: retrieval.CheapestFirst}, 10, products, 3_000_000},
	} {
		c.q.At = noon()
		for _, n := range []*atomic.Int64{&r.calls, &r.points, &r.facts, &r.bytes} {
			n.Store(0)
		}
		ps, err := x.Search(t.Context(), s, c.q)
		if err != nil || len(ps) != c.found {
			t.Fatalf("%s: %d passages, %v", c.name, len(ps), err)
		}
		t.Logf("%s: %d requests, %d points, %d with facts, %d bytes", c.name, r.calls.Load(), r.points.Load(), r.facts.Load(), r.bytes.Load())
		if r.facts.Load() > c.facts || r.bytes.Load() > c.bytes {
			t.Errorf("%s: read the facts of %d points and %d bytes, want at most %d and %d", c.name, r.facts.Load(), r.bytes.Load(), c.facts, c.bytes)
		}
	}
}

// A document that is replaced, or taken out, between the two requests of a search
// by fields is found as it is then: once, by what passes the filter, or not at all.
func TestReplacedWhileItIsListed(t *testing.T) {
	dear := func(revision string, cents int64) retrieval.Entry {
		e := entry("product:1", revision, "a thing", "and more of it")
		e.Kind, e.Facts.Offers = catalog.KindProduct, []catalog.Offer{{Regular: catalog.Money{Minor: cents, Currency: "EUR", Exponent: 2}}}
		return e
	}
	cheap := retrieval.Filter{MaxPrice: catalog.Money{Minor: 1000, Currency: "EUR", Exponent: 2}}
	for name, c := range map[string]struct {
		q    retrieval.Query
		put  retrieval.Entry
		want []string
	}{
		"still cheap":        {retrieval.Query{Filter: cheap}, dear("r2", 900), []string{"product:1 r2 0"}},
		"no more":            {retrieval.Query{Filter: cheap}, dear("r2", 2000), []string{}},
		"taken out":          {retrieval.Query{Filter: cheap}, retrieval.Entry{Document: "product:1"}, []string{}},
		"in order":           {retrieval.Query{Sort: retrieval.CheapestFirst}, dear("r2", 2000), []string{"product:1 r2 0"}},
		"in order and cheap": {retrieval.Query{Sort: retrieval.CheapestFirst, Filter: cheap}, dear("r2", 900), []string{"product:1 r2 0"}},
		"in order, out":      {retrieval.Query{Sort: retrieval.CheapestFirst}, retrieval.Entry{Document: "product:1"}, []string{}},
	} {
		server, s := startFake(t, qdrantfake.Options{}), newScope(t)
		x, other := open(t, qdrant.Config{URL: server.Addr()}), open(t, qdrant.Config{URL: server.Addr()})
		put(t, x, s, dear("r1", 800))
		refs(t, other, s, c.q) // the home is known
		var replaced atomic.Bool
		server.Hook(func(method string, _ any) {
			if method == "Get" && replaced.CompareAndSwap(false, true) {
				put(t, other, s, c.put)
			}
		})
		if got := refs(t, x, s, c.q); !slices.Equal(got, c.want) || !replaced.Load() {
			t.Errorf("%s: found %v, want %v", name, got, c.want)
		}
		server.Hook(nil)
	}
}
