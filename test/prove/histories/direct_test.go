package histories

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/fakes/wooshop"
)

// first is a shop that was read once, and what came of it.
type first struct {
	shop  *wooshop.Shop
	index Index
}

func (f first) differences(t *testing.T, truth []wooshop.Seen) []string {
	t.Helper()
	d, err := f.index.Differences(t.Context(), direct, truth, "EUR", 2, f.shop.Now())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var direct = tenant.Scope{Tenant: "ten_0192f7a0-0000-7000-8000-000000000001", Site: "site_0192f7a0-0000-7000-8000-000000000002"}

// imported makes a shop by random edits and reads all of it once.
func imported(t *testing.T, seed uint64) first {
	t.Helper()
	shop := wooshop.New(wooshop.Options{Seed: seed, TLS: true})
	r := rand.New(rand.NewPCG(seed, 1))
	for range 150 {
		shop.RandomEdit(r)
		shop.Advance(time.Duration(r.IntN(3600)) * time.Second)
	}
	made := shop.AddKey("read")
	key := ingestion.Credentials{Key: ingestion.NewSecret(made.Key), Secret: ingestion.NewSecret(made.Secret)}
	docs, idx := memory.NewDocuments(), memory.NewIndex()
	svc, err := ingesting.New(ingesting.Deps{
		Documents: docs, Batches: docs, Inventory: docs, Stored: docs, Cursors: docs, Indexer: idx, Entries: idx, Text: html.New(), Tokenizer: memory.NewTokenizer(), Now: shop.Now,
		EmbeddingModel: "test-embedding", Embedder: func(tenant.Scope, string) ports.Embedder { return memory.NewEmbedder(8) },
	})
	if err != nil {
		t.Fatal(err)
	}
	// Nothing is stored of this connection, nor sealed.
	shops, err := woocommerce.NewShops(woocommerce.Config{
		Connections: struct{ ports.Connections }{}, Sealer: struct{ ports.Sealer }{}, Client: &http.Client{Transport: shop.Transport()}, Now: shop.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := shops.Probe(t.Context(), shop.URL(), key)
	if err != nil {
		t.Fatal(err)
	}
	open := shops.Connected(conn, key)
	for _, feed := range []string{ports.FeedProducts, ports.FeedPages, ports.FeedPosts} {
		src, err := open.Source(feed)
		if err != nil {
			t.Fatal(err)
		}
		report, err := svc.Import(t.Context(), direct, feed, src, ingesting.Options{})
		if err != nil || report.Rejected > 0 {
			t.Fatalf("%s: %v %+v", feed, err, report)
		}
	}
	if _, err := svc.Drain(t.Context(), direct); err != nil {
		t.Fatal(err)
	}
	return first{shop, Index{docs, docs, idx}}
}

// TestFirstImport reads shops that random edits have made and compares the
// index with them.
func TestFirstImport(t *testing.T) {
	for seed := range uint64(40) {
		in := imported(t, seed)
		if d := in.differences(t, in.shop.Truth()); len(d) > 0 {
			t.Errorf("seed %d: %q", seed, d)
		}
	}
}
