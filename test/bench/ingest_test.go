package bench

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/adapters/tiktoken"
	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/harness/served"
)

const (
	benchProducts = 10_000
	benchGroup    = 50 // as many entries as an import puts at once
)

// instant is an embedder that takes no time.
type instant struct{ vector []float32 }

func (e instant) Embed(_ context.Context, texts []string) (retrieval.Embedding, error) {
	out := retrieval.Embedding{Vectors: make([][]float32, len(texts)), Tokens: int64(len(texts))}
	for i := range out.Vectors {
		out.Vectors[i] = e.vector
	}
	return out, nil
}

// recorded keeps what is put to an index.
type recorded struct {
	ports.Indexer
	batches ports.IndexBatches
	mu      sync.Mutex
	entries map[retrieval.DocumentID]retrieval.Entry
}

func (r *recorded) Put(ctx context.Context, s tenant.Scope, e retrieval.Entry) error {
	r.mu.Lock()
	r.entries[e.Document] = e
	r.mu.Unlock()
	return r.Indexer.Put(ctx, s, e)
}

func (r *recorded) PutAll(ctx context.Context, s tenant.Scope, entries []retrieval.Entry) error {
	r.mu.Lock()
	for _, e := range entries {
		r.entries[e.Document] = e
	}
	r.mu.Unlock()
	return r.batches.PutAll(ctx, s, entries)
}

// ingestStore is an empty store with its index, in a folder of its own.
type ingestStore struct {
	db    *sqlite.DB
	index *sqlite.Index
	scope tenant.Scope
}

func newIngestStore(b *testing.B) ingestStore {
	b.Helper()
	dir := b.TempDir()
	db, err := sqlite.Open(b.Context(), sqlite.Config{Dir: dir, Now: system.Now, NewID: system.NewID})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	index, err := sqlite.OpenIndex(b.Context(), sqlite.IndexConfig{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = index.Close() })
	return ingestStore{db, index, site(b.Context(), b, db)}
}

func openCatalog(b *testing.B, shop *catalogShop) ports.Shop {
	b.Helper()
	type none struct{ ports.Connections }
	type no struct{ ports.Sealer }
	shops, err := woocommerce.NewShops(woocommerce.Config{Connections: none{}, Sealer: no{}, Client: &http.Client{}, Now: system.Now})
	if err != nil {
		b.Fatal(err)
	}
	key := ingestion.Credentials{Key: ingestion.NewSecret("ck_bench"), Secret: ingestion.NewSecret("cs_bench")}
	conn, err := shops.Probe(b.Context(), shop.URL, key)
	if err != nil {
		b.Fatal(err)
	}
	return shops.Connected(conn, key)
}

// BenchmarkIngestShop imports 10,000 products from a shop on the loopback
// interface, on SQLite with an embedder that takes no time, beside the same with
// everything but fetch, parse and index write removed: the entries that the
// import put to its index are put to another one as the products come, in groups
// of the same size. They are measured in turns, three times; the medians are told.
// "x_of_bare" is how many times as long the import takes: the target is 2.
// "cpu_x_of_bare" is that of the processors' time, the shop's among it, which a
// busy machine does not change much.
func BenchmarkIngestShop(b *testing.B) {
	shop := openCatalog(b, newCatalogShop(b, benchProducts))
	tokens := tiktoken.New()
	vector := make([]float32, 1536)
	for i := range vector {
		vector[i] = float32(i%7) / 100
	}
	kept := &recorded{entries: map[retrieval.DocumentID]retrieval.Entry{}}
	whole := func() took {
		store := newIngestStore(b)
		kept.Indexer, kept.batches = store.index, store.index
		docs := store.db.Documents()
		service, err := ingesting.New(ingesting.Deps{
			Documents: docs, Batches: docs, Inventory: docs, Stored: docs, Cursors: docs, Indexer: kept, Entries: kept, Text: html.New(), Tokenizer: tokens, Now: system.Now,
			Embedder: func(tenant.Scope, string) ports.Embedder { return instant{vector} }, EmbeddingModel: "text-embedding-3-small",
		})
		if err != nil {
			b.Fatal(err)
		}
		end := timed(b)
		// As woochat ingest woocommerce does it.
		beside := service.Beside(b.Context(), store.scope)
		r, err := service.ImportShop(b.Context(), store.scope, shop, ingesting.Options{Full: true, Progress: func(ingesting.Progress) { beside.Stored() }})
		if err != nil || r.Changed != benchProducts {
			b.Fatalf("%+v, %v", r, err)
		}
		first := beside.End()
		d, err := service.Drain(b.Context(), store.scope)
		if d = first.Plus(d); err != nil || d.Indexed != benchProducts {
			b.Fatalf("%+v, %v", d, err)
		}
		return end()
	}
	bare := func() took {
		store := newIngestStore(b)
		source, err := shop.Source(ports.FeedProducts)
		if err != nil {
			b.Fatal(err)
		}
		end := timed(b)
		n := 0
		var group []retrieval.Entry
		put := func() error {
			n += len(group)
			err := store.index.PutAll(b.Context(), store.scope, group)
			group = nil
			return err
		}
		if _, err := source.Changes(b.Context(), store.scope, "", func(c catalog.Change) error {
			if group = append(group, kept.entries[retrieval.NewDocumentID(catalog.KindProduct, c.Product.ID)]); len(group) < benchGroup {
				return nil
			}
			return put()
		}); err != nil {
			b.Fatal(err)
		}
		if err := put(); err != nil || n != benchProducts {
			b.Fatalf("%d, %v", n, err)
		}
		return end()
	}
	for b.Loop() {
		var times, bareTimes, ratios, cpuRatios []float64
		for range 3 {
			w, n := whole(), bare()
			times, bareTimes = append(times, w.wall), append(bareTimes, n.wall)
			ratios, cpuRatios = append(ratios, w.wall/n.wall), append(cpuRatios, w.cpu/n.cpu)
			b.Logf("an import took %.1f s (%.1f s of processors), bare %.1f s (%.1f s)", w.wall, w.cpu, n.wall, n.cpu)
		}
		b.ReportMetric(benchProducts/median(times), "products/s")
		b.ReportMetric(benchProducts/median(bareTimes), "bare/s")
		b.ReportMetric(median(ratios), "x_of_bare")
		b.ReportMetric(median(cpuRatios), "cpu_x_of_bare")
	}
}

// took is how many seconds something took, by the clock and of all processors.
type took struct{ wall, cpu float64 }

func timed(b *testing.B) (end func() took) {
	b.Helper()
	cpu := func() float64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
	}
	wall, used := time.Now(), cpu()
	return func() took { return took{time.Since(wall).Seconds(), cpu() - used} }
}

// BenchmarkIngestMemory runs the real binary, which imports a shop of 10,000
// products and one of 100,000, and tells the most memory that each took (its
// maximum resident set). The targets are 150 MiB, and the same for both.
func BenchmarkIngestMemory(b *testing.B) {
	binary := served.Build(b)
	for b.Loop() {
		small := ingestRSS(b, binary, 10_000)
		large := ingestRSS(b, binary, 100_000)
		b.ReportMetric(small, "MiB_10k")
		b.ReportMetric(large, "MiB_100k")
		b.ReportMetric(large/small, "x_of_10k")
	}
}

func ingestRSS(b *testing.B, binary string, products int) float64 {
	b.Helper()
	shop := newCatalogShop(b, products)
	u, err := url.Parse(shop.URL)
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	run := func(args ...string) (string, *os.ProcessState) {
		cmd := exec.CommandContext(b.Context(), binary, args...)
		cmd.Dir = dir
		cmd.Env = []string{"HOME=" + dir, "TMPDIR=" + dir, "WOOCHAT_DATA_DIR=" + dir, "WOOCHAT_ALLOW_HOSTS=" + u.Host, "SHOP_KEY=ck_bench:cs_bench", "WOOCHAT_TEST_RUN=" + os.Getenv("WOOCHAT_TEST_RUN")}
		out, err := cmd.CombinedOutput()
		if err != nil {
			b.Fatalf("%v: %v\n%.2000s", args, err, out)
		}
		return string(out), cmd.ProcessState
	}
	run("init", "--tenant", "bench", "--owner", "bench@example.com", "--url", "https://shop.example.com")
	start := time.Now()
	out, state := run("ingest", "woocommerce", "--url", shop.URL, "--key", "env:SHOP_KEY", "--json")
	if want := fmt.Sprintf(`"changed":%d,`, products); !strings.Contains(out, want) {
		b.Fatalf("%s is not in\n%.2000s", want, out)
	}
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		b.Skip("this system does not tell how much memory a process took")
	}
	most := float64(usage.Maxrss) / 1024 // KiB on Linux
	b.Logf("%d products: %.0f MiB in %v", products, most, time.Since(start).Round(time.Second))
	return most
}
