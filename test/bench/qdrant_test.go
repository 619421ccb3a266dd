package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	client "github.com/qdrant/go-client/qdrant"

	"github.com/aiwoochat/woochat/adapters/qdrant"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/fakes/qdrantfake"
)

// BenchmarkQdrantSearch searches a site of 2,000 chunks with 384 numbers each,
// beside ten smaller ones, by words and meaning, and in turn with it asks the
// same two arms by go-client alone: what the adapter adds are the words' weights,
// two more look-ups in the same request (the anchor, titles), the check of each
// hit, and the fusion. The server is test/fakes/qdrantfake, which is no Qdrant:
// "of_bare" is the ratio of the medians, "of_fused" that to one query that the
// server fuses and of which it returns ten, and "added_us" what the adapter adds
// where the server answers at once: divide it by what your server takes.
//
// The first search in half a minute, or one with words that were not asked since,
// asks for the words' statistics first: "first_of_later" is the ratio of it to the
// later ones, "first_of_bare" that to the bare arms, and "first_added_us" what it
// takes more than a later one.
func BenchmarkQdrantSearch(b *testing.B) {
	ctx := b.Context()
	server, err := qdrantfake.Start(qdrantfake.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Close)
	var ahead time.Duration // of the clock
	x, err := qdrant.Open(qdrant.Config{URL: server.Addr(), Now: func() time.Time { return system.Now().Add(ahead) }})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = x.Close() })
	s := fillQdrant(ctx, b, x)

	bare, capture := bareClient(b, server)
	q := retrieval.Query{Text: "copper kettle with a wooden handle", Vector: randomVector(rand.New(rand.NewPCG(9, 9))), Limit: 10, At: system.Now()}
	search := func() {
		if ps, err := x.Search(ctx, s, q); err != nil || len(ps) != q.Limit {
			b.Fatalf("%d passages, %v", len(ps), err)
		}
	}
	first := func() {
		ahead += time.Minute // what is known of the words is too old now
		search()
	}
	search() // the words are counted, the home is known
	asked := capture(search)
	arms := asked.GetQueryPoints()[1:3]
	batch := &client.QueryBatchPoints{CollectionName: asked.GetCollectionName(), QueryPoints: arms}
	ten := new(uint64(10))
	fused := &client.QueryPoints{CollectionName: asked.GetCollectionName(), Query: client.NewQueryRRF(&client.Rrf{K: new(uint32(61))}), Limit: ten, WithPayload: arms[0].GetWithPayload()}
	for _, a := range arms {
		fused.Prefetch = append(fused.Prefetch, &client.PrefetchQuery{Query: a.GetQuery(), Using: a.Using, Filter: a.GetFilter(), Limit: a.Limit})
	}
	replies := make(map[int]*client.QueryBatchResponse)
	for _, r := range []*client.QueryBatchPoints{asked, batch} {
		got, err := bare.QueryBatch(ctx, r)
		if err != nil {
			b.Fatal(err)
		}
		replies[len(r.GetQueryPoints())] = &client.QueryBatchResponse{Result: got}
	}
	atOnce := func(_ string, req any) (any, bool) {
		r, ok := req.(*client.QueryBatchPoints)
		return replies[len(r.GetQueryPoints())], ok
	}
	ask := func() {
		if got, err := bare.QueryBatch(ctx, batch); err != nil || len(got) != 2 {
			b.Fatal(got, err)
		}
	}
	askFused := func() {
		if got, err := bare.Query(ctx, fused); err != nil || len(got) != 10 {
			b.Fatal(got, err)
		}
	}
	var times [6][]time.Duration
	// One leaves the next its garbage and its caches, so each goes first in turn.
	inTurn := func(round, at int, runs ...func()) {
		for i := range runs {
			n := (round + i) % len(runs)
			start := time.Now()
			runs[n]()
			times[at+n] = append(times[at+n], time.Since(start))
		}
	}
	for round := 0; b.Loop(); round++ {
		server.Answer(nil)
		inTurn(round, 0, search, ask, askFused)
		server.Answer(atOnce)
		for i := range 4 {
			inTurn(i, 3, search, ask)
		}
		server.Answer(nil)
		inTurn(0, 5, first)
	}
	server.Answer(nil)
	median := func(i int) float64 {
		slices.Sort(times[i])
		return float64(times[i][len(times[i])/2].Nanoseconds()) / 1000
	}
	b.ReportMetric(median(0), "search_us")
	b.ReportMetric(median(1), "bare_us")
	b.ReportMetric(median(0)/median(1), "of_bare")
	b.ReportMetric(median(0)/median(2), "of_fused")
	b.ReportMetric(median(3)-median(4), "added_us")
	b.ReportMetric(median(5)/median(0), "first_of_later")
	b.ReportMetric(median(5)/median(1), "first_of_bare")
	b.ReportMetric(median(5)-median(0), "first_added_us")
	b.ReportMetric(median(4), "bare_at_once_us")
}

// bareClient returns a client of the server, and a function that returns the
// batch of queries that f asks.
func bareClient(b *testing.B, server *qdrantfake.Server) (*client.Client, func(f func()) *client.QueryBatchPoints) {
	b.Helper()
	host, port, err := net.SplitHostPort(server.Addr())
	if err != nil {
		b.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		b.Fatal(err)
	}
	c, err := client.NewClient(&client.Config{Host: host, Port: n, SkipCompatibilityCheck: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	return c, func(f func()) *client.QueryBatchPoints {
		var got *client.QueryBatchPoints
		server.Hook(func(_ string, req any) {
			if q, ok := req.(*client.QueryBatchPoints); ok {
				got = q
			}
		})
		f()
		server.Hook(nil)
		return got
	}
}

// fillQdrant puts a site of 2,000 chunks and ten of 200 to x, and returns the
// first.
func fillQdrant(ctx context.Context, b *testing.B, x *qdrant.Index) tenant.Scope {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("copper kettle lamp blue red stand tea pot wool hat boots wooden handle steel glass litre minutes boils whistle gas induction lid spout enamel")
	for i := range 400 {
		words = append(words, fmt.Sprint("word", i))
	}
	var first tenant.Scope
	for site := range 11 {
		s := tenant.Scope{Tenant: tenant.ID(tenant.Prefix + system.NewID()), Site: tenant.SiteID(tenant.SitePrefix + system.NewID())}
		n := 200
		if site == 0 {
			first, n = s, 2000
		}
		for i := range n {
			text := make([]string, 120)
			for j := range text {
				text[j] = words[r.IntN(len(words))]
			}
			e := retrieval.Entry{
				Document: retrieval.DocumentID(fmt.Sprint("product:", i)), Revision: "0123456789abcdef0123456789abcdef", Kind: catalog.KindProduct, Title: strings.Join(text[:4], " "),
				Chunks: []retrieval.Chunk{{Text: strings.Join(text, " "), Vector: randomVector(r)}},
			}
			if err := x.Put(ctx, s, e); err != nil {
				b.Fatal(err)
			}
		}
	}
	return first
}

func randomVector(r *rand.Rand) []float32 {
	v := make([]float32, 384)
	for i := range v {
		v[i] = r.Float32() - 0.5
	}
	return retrieval.Unit(v)
}
