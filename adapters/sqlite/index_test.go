package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func openIndexAt(t *testing.T, dir string, cacheBytes int64) *Index {
	t.Helper()
	x, err := OpenIndex(t.Context(), IndexConfig{Dir: dir, CacheBytes: cacheBytes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

func newIndexScope(*testing.T) tenant.Scope {
	return tenant.Scope{Tenant: tenant.ID(tenant.Prefix + porttest.NewID()), Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
}

func TestIndex(t *testing.T) {
	for name, cacheBytes := range map[string]int64{"cached": 0, "hardly cached": 1} {
		t.Run(name, func(t *testing.T) {
			porttest.Index(t, func(t *testing.T) porttest.IndexUnderTest {
				dir := t.TempDir()
				open := func(t *testing.T) porttest.IndexUnderTest {
					x := openIndexAt(t, dir, cacheBytes)
					return porttest.IndexUnderTest{Searcher: x, Indexer: x, NewScope: newIndexScope}
				}
				u := open(t)
				u.Replica = open
				return u
			})
			porttest.IndexBatches(t, func(t *testing.T) porttest.IndexUnderTest {
				x := openIndexAt(t, t.TempDir(), cacheBytes)
				return porttest.IndexUnderTest{Searcher: x, Indexer: x, Batches: x, NewScope: newIndexScope}
			})
		})
	}
}

func entryOf(id string, texts ...string) retrieval.Entry {
	e := retrieval.Entry{Document: retrieval.DocumentID(id), Revision: "r1", Kind: catalog.KindPage, Title: "Title " + id}
	for i, text := range texts {
		e.Chunks = append(e.Chunks, retrieval.Chunk{Seq: i, Text: text})
	}
	return e
}

func putAll(t *testing.T, x *Index, s tenant.Scope, entries ...retrieval.Entry) {
	t.Helper()
	for _, e := range entries {
		if err := x.Put(t.Context(), s, e); err != nil {
			t.Fatal(err)
		}
	}
}

func searchIDs(t *testing.T, x *Index, s tenant.Scope, text string) []retrieval.DocumentID {
	t.Helper()
	ps, err := x.Search(t.Context(), s, retrieval.Query{Text: text, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var ids []retrieval.DocumentID
	for _, p := range ps {
		ids = append(ids, p.Ref.Document)
	}
	return ids
}

func TestIndexSurvivesReopening(t *testing.T) {
	dir, s := t.TempDir(), newIndexScope(t)
	x := openIndexAt(t, dir, 0)
	e := entryOf("product:1", "copper kettle")
	e.Kind = catalog.KindProduct
	e.Facts = catalog.Facts{
		SKUs: []string{"KT-1"}, Attributes: []catalog.Attribute{{Name: "Finish", Values: []string{"Matt"}}},
		Offers: []catalog.Offer{{SKU: "KT-1", Regular: catalog.Money{Minor: 100, Currency: "EUR", Exponent: 2}, Stock: catalog.InStock, SaleTo: epoch}},
	}
	e.Chunks[0].Vector = []float32{3, 4}
	putAll(t, x, s, e)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	x = openIndexAt(t, dir, 0)
	ps, err := x.Search(t.Context(), s, retrieval.Query{
		Text: "kettle", Vector: []float32{3, 4}, Codes: []string{"kt1"}, Limit: 1, At: epoch,
		Filter: retrieval.Filter{InStock: true, MaxPrice: e.Facts.Offers[0].Regular, Attributes: e.Facts.Attributes},
	})
	if err != nil || len(ps) != 1 || !ps[0].Arms.Exact || ps[0].Arms.Lexical != 1 || ps[0].Arms.Dense != 1 {
		t.Errorf("got %v and error %v, want product:1 by all arms", ps, err)
	}
}

func TestIndexClear(t *testing.T) {
	dir, s := t.TempDir(), newIndexScope(t)
	x, other := openIndexAt(t, dir, 0), openIndexAt(t, dir, 0)
	needs := func(want bool) {
		t.Helper()
		if got, err := other.NeedsRebuild(t.Context()); err != nil || got != want {
			t.Fatalf("NeedsRebuild: got %v and error %v, want %v", got, err, want)
		}
	}
	needs(true)
	if err := x.Rebuilt(t.Context()); err != nil {
		t.Fatal(err)
	}
	needs(false)
	putAll(t, x, s, entryOf("page:1", "kettle"), entryOf("page:2", "kettle"))
	if got := searchIDs(t, other, s, "kettle"); len(got) != 2 {
		t.Fatalf("before: got %v", got)
	}
	if err := x.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	needs(true)
	for _, o := range []*Index{x, other} {
		if got := searchIDs(t, o, s, "kettle"); len(got) != 0 {
			t.Errorf("after: got %v", got)
		}
	}
	e := entryOf("page:1", "kettle")
	e.Chunks[0].Vector = []float32{1, 2, 3} // the old length is forgotten
	putAll(t, other, s, e)
	if got := searchIDs(t, x, s, "kettle"); len(got) != 1 {
		t.Errorf("put in again: got %v, want page:1", got)
	}
}

func TestIndexOfAnotherVersionIsMadeAnew(t *testing.T) {
	dir, s := t.TempDir(), newIndexScope(t)
	x := openIndexAt(t, dir, 0)
	putAll(t, x, s, entryOf("page:1", "kettle"))
	if err := x.Rebuilt(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := x.file.writer.Exec(`pragma user_version = 99`); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = openIndexAt(t, dir, 0)
	if needs, err := x.NeedsRebuild(t.Context()); err != nil || !needs {
		t.Errorf("NeedsRebuild: got %v and error %v, want true", needs, err)
	}
	if got := searchIDs(t, x, s, "kettle"); len(got) != 0 {
		t.Errorf("got %v of the old index", got)
	}
}

// An index from before there were locales is kept, with its vectors: its documents
// are in a language that is not known until they are put again.
func TestIndexWithoutLocales(t *testing.T) {
	dir, s := t.TempDir(), newIndexScope(t)
	x := openIndexAt(t, dir, 0)
	e := entryOf("page:1", "kettle")
	e.Chunks[0].Vector = []float32{1, 0}
	putAll(t, x, s, e)
	if err := x.Rebuilt(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := x.file.writer.Exec(`alter table entries drop column locale; pragma user_version = 3`); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = openIndexAt(t, dir, 0)
	if needs, err := x.NeedsRebuild(t.Context()); err != nil || needs {
		t.Errorf("NeedsRebuild: %v, %v", needs, err)
	}
	if vectors, err := x.Vectors(t.Context(), s, 0, []retrieval.DocumentID{"page:1"}); err != nil || len(vectors) != 1 {
		t.Errorf("the vectors: %v, %v", vectors, err)
	}
	german := func() []retrieval.Passage {
		t.Helper()
		ps, err := x.Search(t.Context(), s, retrieval.Query{Text: "kettle", Limit: 9, Filter: retrieval.Filter{Language: retrieval.Language{Locale: "de"}}})
		if err != nil {
			t.Fatal(err)
		}
		return ps
	}
	if got := german(); len(got) != 1 {
		t.Errorf("of a page whose language is not known: %v", got)
	}
	putAll(t, x, s, e) // which says no locale, and so is in the site's language
	if got := german(); len(got) != 0 {
		t.Errorf("of the page that was put again: %v", got)
	}
}

func TestOpenIndexWhereNothingCanBe(t *testing.T) {
	if _, err := OpenIndex(t.Context(), IndexConfig{}); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("no folder: got %v, want ErrInvalid", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, indexFile), []byte(strings.Repeat("this is no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenIndex(t.Context(), IndexConfig{Dir: dir}); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("a file that is no database: got %v, want ErrUnavailable", err)
	}
	path := filepath.Join(dir, "a file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenIndex(t.Context(), IndexConfig{Dir: path}); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("a file for a folder: got %v, want ErrUnavailable", err)
	}
}

func TestIndexIsPrivate(t *testing.T) {
	dir := t.TempDir()
	x := openIndexAt(t, dir, 0)
	putAll(t, x, newIndexScope(t), entryOf("page:1", "kettle"))
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		t.Fatalf("got %v and error %v", entries, err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v: others may read it", entry.Name(), info.Mode())
		}
	}
}

func TestIndexRefusesTooManyChunks(t *testing.T) {
	e := entryOf("page:1")
	for i := range maxChunks + 1 {
		e.Chunks = append(e.Chunks, retrieval.Chunk{Seq: i, Text: "x"})
	}
	if err := openIndexAt(t, t.TempDir(), 0).Put(t.Context(), newIndexScope(t), e); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
}

func TestIndexCacheIsBounded(t *testing.T) {
	x := openIndexAt(t, t.TempDir(), 20_000)
	var sites []tenant.Scope
	for range 10 {
		s := newIndexScope(t)
		sites = append(sites, s)
		e := entryOf("page:1", "kettle")
		e.Chunks[0].Vector = make([]float32, 1500)
		e.Chunks[0].Vector[0] = 1
		putAll(t, x, s, e)
	}
	for range 2 {
		for _, s := range sites {
			if got := searchIDs(t, x, s, "kettle"); len(got) != 1 {
				t.Errorf("got %v, want page:1", got)
			}
			if x.cache.bytes > x.cache.limit || len(x.cache.slots) > 4 {
				t.Fatalf("%d bytes of %d sites are kept, the limit is %d", x.cache.bytes, len(x.cache.slots), x.cache.limit)
			}
		}
	}
	if x.cache.bytes == 0 {
		t.Error("nothing is kept")
	}
}

// A site that is larger than the cache stays in it until another one is searched.
func TestIndexKeepsALargeSite(t *testing.T) {
	x := openIndexAt(t, t.TempDir(), 1)
	large, other := newIndexScope(t), newIndexScope(t)
	loaded := func(s tenant.Scope) *siteSlot {
		searchIDs(t, x, s, "tent")
		return x.cache.slots[indexOf{scope: s}]
	}
	putAll(t, x, large, entryOf("a", "a tent"))
	putAll(t, x, other, entryOf("b", "a tent"))
	first := loaded(large)
	if again := loaded(large); first == nil || again != first {
		t.Error("a site that is larger than the cache is loaded anew for each search")
	}
	loaded(other)
	if x.cache.slots[indexOf{scope: large}] != nil {
		t.Error("it is kept although another one was searched since")
	}
}

// TestIndexReadsOnlyWhatChanged: a change leaves what is in memory of the site's
// other documents where it is.
func TestIndexReadsOnlyWhatChanged(t *testing.T) {
	x, s := openIndexAt(t, t.TempDir(), 0), newIndexScope(t)
	putAll(t, x, s, entryOf("page:1", "kettle"), entryOf("page:2", "kettle"), entryOf("page:3", "kettle"))
	held := func() map[retrieval.DocumentID]*retrieval.Indexed {
		searchIDs(t, x, s, "kettle")
		out := make(map[retrieval.DocumentID]*retrieval.Indexed)
		for _, e := range x.cache.slots[indexOf{scope: s}].state.entries {
			out[e.document.Document] = e.document
		}
		return out
	}
	before := held()
	putAll(t, x, s, entryOf("page:2", "kettle", "lamp"), retrieval.Entry{Document: "page:3"}, entryOf("page:4", "kettle"))
	after := held()
	if len(before) != 3 || len(after) != 3 || after["page:1"] != before["page:1"] || after["page:2"] == before["page:2"] || after["page:4"] == nil {
		t.Errorf("held %v, and %v after the change", before, after)
	}
}

func TestIndexFindsWhatMemoryFinds(t *testing.T) {
	porttest.CompareIndexes(t, openIndexAt(t, t.TempDir(), 0), memory.NewIndex(), newIndexScope(t), porttest.Comparison{Steps: 400})
}

func ExampleOpenIndex() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "woochat-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	index, err := OpenIndex(ctx, IndexConfig{Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer index.Close()
	shop := tenant.Scope{Tenant: "ten_0197a000-0000-7000-8000-000000000001", Site: "site_0197a000-0000-7000-8000-000000000002"}
	if err := index.Put(ctx, shop, retrieval.Entry{
		Document: "product:7", Revision: "1", Kind: catalog.KindProduct, Title: "Copper kettle",
		Chunks: []retrieval.Chunk{{Text: "Copper kettle\nBoils a litre in four minutes."}},
	}); err != nil {
		fmt.Println(err)
		return
	}
	found, err := index.Search(ctx, shop, retrieval.Query{Text: "which kettle is fastest?", Limit: 5})
	fmt.Println(len(found), found[0].Ref.Document, err)
	// Output: 1 product:7 <nil>
}
