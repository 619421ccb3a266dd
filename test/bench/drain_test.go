package bench

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// vectorsAfter is an embedder that answers after a while, with vectors of the
// length of a real model's.
type vectorsAfter struct {
	takes  time.Duration
	vector []float32
}

func newVectorsAfter(takes time.Duration) *vectorsAfter {
	e := &vectorsAfter{takes: takes, vector: make([]float32, 1536)}
	for i := range e.vector {
		e.vector[i] = float32(i%7) - 3
	}
	return e
}

func (e *vectorsAfter) Embed(_ context.Context, texts []string) (retrieval.Embedding, error) {
	if e.takes > 0 {
		<-time.After(e.takes)
	}
	out := retrieval.Embedding{Vectors: make([][]float32, len(texts)), Tokens: int64(len(texts)), Reported: true}
	for i := range texts {
		out.Vectors[i] = e.vector
	}
	return out, nil
}

// drained is a shop of n products on SQLite whose index can be emptied again.
type drained struct {
	*ingesting.Service
	ctx   context.Context
	docs  *sqlite.Documents
	index *sqlite.Index
	scope tenant.Scope
	price int64
}

const drainedProducts = 2000

func newDrained(b *testing.B, e ports.Embedder, change func(*ingesting.Deps)) *drained {
	b.Helper()
	ctx, dir := b.Context(), b.TempDir()
	db, err := sqlite.Open(ctx, sqlite.Config{Dir: dir, Now: system.Now, NewID: system.NewID})
	if err != nil {
		b.Fatal(err)
	}
	x, err := sqlite.OpenIndex(ctx, sqlite.IndexConfig{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _, _ = x.Close(), db.Close() })
	docs := db.Documents()
	d := ingesting.Deps{
		Documents: docs, Inventory: docs, Stored: docs, Cursors: docs, Indexer: x, Text: html.New(), Tokenizer: memory.NewTokenizer(), Now: system.Now,
		Generations: docs, RetiredGenerations: docs, IndexModel: docs, Chunks: docs,
		EmbeddingModel: "bench", Embedder: func(tenant.Scope, string) ports.Embedder { return e },
	}
	if change != nil {
		change(&d)
	}
	s, err := ingesting.New(d)
	if err != nil {
		b.Fatal(err)
	}
	out := &drained{Service: s, ctx: ctx, docs: docs, index: x, scope: site(ctx, b, db)}
	out.reprice(b)
	return out
}

// reprice gives every product another price.
func (d *drained) reprice(b *testing.B) {
	b.Helper()
	d.price++
	for i := range drainedProducts {
		p := &catalog.Product{
			ID: fmt.Sprint(i), Type: catalog.Simple, Name: fmt.Sprint("Insulated bottle ", i), SKU: fmt.Sprint("BT-", i), URL: fmt.Sprint("https://shop.example.com/p/", i),
			Status: catalog.Published, Visibility: catalog.Everywhere,
			Description: "<p>" + strings.Repeat(fmt.Sprint("Keeps number ", i, " cold for a day and hot for half of one. "), 20) + "</p>",
			Offer:       catalog.Offer{Regular: catalog.Money{Minor: d.price, Currency: "EUR", Exponent: 2}, Stock: catalog.InStock},
		}
		if _, err := d.Apply(d.ctx, d.scope, "bench", catalog.Change{Product: p}, ingesting.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// emptied makes all of it wait to be embedded.
func (d *drained) emptied(b *testing.B) {
	b.Helper()
	if err := d.index.Clear(d.ctx); err != nil {
		b.Fatal(err)
	}
	if err := d.docs.RequeueAll(d.ctx); err != nil {
		b.Fatal(err)
	}
}

func (d *drained) drain(b *testing.B) ingesting.DrainReport {
	b.Helper()
	r, err := d.Drain(d.ctx, d.scope)
	if err != nil || r.Paused != nil || r.Indexed != drainedProducts {
		b.Fatalf("%+v, %v", r, err)
	}
	return r
}

// BenchmarkDrain counts texts a second with an embedder that takes no time,
// beside the same puts and notes with nothing around them ("of_bare" is bare
// time over Drain's), and what one text allocates. "repriced" is a change of
// price, in products a second, which embeds nothing.
func BenchmarkDrain(b *testing.B) {
	d := newDrained(b, newVectorsAfter(0), nil)
	var texts int
	var took, bare, repriced time.Duration
	var allocs uint64
	rounds := 0
	for b.Loop() {
		rounds++
		b.StopTimer()
		d.emptied(b)
		bare += d.bare(b)
		d.emptied(b)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		b.StartTimer()
		began := time.Now()
		texts += d.drain(b).Texts
		took += time.Since(began)
		b.StopTimer()
		runtime.ReadMemStats(&after)
		allocs += after.Mallocs - before.Mallocs
		d.reprice(b)
		began = time.Now()
		if r := d.drain(b); r.Texts != 0 {
			b.Fatalf("a price embedded %d texts", r.Texts)
		}
		repriced += time.Since(began)
		b.StartTimer()
	}
	b.ReportMetric(float64(texts)/took.Seconds(), "texts/s")
	b.ReportMetric(float64(allocs)/float64(texts), "allocs/text")
	b.ReportMetric(bare.Seconds()/took.Seconds(), "of_bare")
	b.ReportMetric(float64(rounds*drainedProducts)/repriced.Seconds(), "repriced/s")
}

// bare is the same writes with nothing around them.
func (d *drained) bare(b *testing.B) time.Duration {
	b.Helper()
	g, err := d.docs.GenerationsOf(d.ctx, d.scope)
	if err != nil {
		b.Fatal(err)
	}
	if g.Served.No == 0 { // the first round
		if g, err = d.docs.Begin(d.ctx, d.scope, retrieval.Rebuild{Model: "bench", At: system.Now()}); err != nil {
			b.Fatal(err)
		}
	}
	at := retrieval.Stage{Generation: g.Served.No}
	vector := newVectorsAfter(0).vector
	began := time.Now()
	for {
		docs, err := d.docs.Pending(d.ctx, d.scope, at, 200)
		if err != nil {
			b.Fatal(err)
		}
		if len(docs) == 0 {
			return time.Since(began)
		}
		var refs []retrieval.DocumentRef
		for _, p := range docs {
			e := retrieval.Entry{Generation: at.Generation, Document: p.Document.ID, Revision: p.Document.Revision, Kind: p.Document.Kind, Title: p.Document.Title, Facts: p.Document.Facts}
			for _, c := range p.Chunks {
				c.Vector = vector
				e.Chunks = append(e.Chunks, c)
			}
			if err := d.index.Put(d.ctx, d.scope, e); err != nil {
				b.Fatal(err)
			}
			refs = append(refs, retrieval.DocumentRef{ID: p.Document.ID, Revision: p.Document.Revision})
		}
		if err := d.docs.Indexed(d.ctx, d.scope, at, refs); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDrainAtOnce counts texts a second with an embedder of 50 ms a call of
// 16 texts, one call at a time and several. "gain" is over one at a time.
func BenchmarkDrainAtOnce(b *testing.B) {
	rate := func(parallel int) float64 {
		d := newDrained(b, newVectorsAfter(50*time.Millisecond), func(deps *ingesting.Deps) {
			deps.EmbedTexts, deps.EmbedParallel, deps.EmbedTotal = 16, parallel, 16
			deps.Indexer = memory.NewIndex() // what is compared is the waiting
		})
		began := time.Now()
		return float64(d.drain(b).Texts) / time.Since(began).Seconds()
	}
	one := rate(1)
	for _, parallel := range []int{2, 3, 4, 8} {
		b.Run(fmt.Sprint(parallel), func(b *testing.B) {
			var sum float64
			n := 0
			for b.Loop() {
				sum += rate(parallel)
				n++
			}
			b.ReportMetric(sum/float64(n), "texts/s")
			b.ReportMetric(sum/float64(n)/one, "gain")
		})
	}
}
