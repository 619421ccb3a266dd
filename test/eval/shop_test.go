package eval_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/glove"
	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/adapters/tiktoken"
	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

const demo = "../../cmd/woochat/demoshop/content"

// demoEntries returns the demo's products and pages as an index keeps them, with
// vectors of adapters/glove.
func demoEntries(t *testing.T) []retrieval.Entry {
	t.Helper()
	return demoCutBy(t, retrieval.Chunking{})
}

func demoCutBy(t *testing.T, c retrieval.Chunking) []retrieval.Entry {
	t.Helper()
	documents := demoDocuments(t)
	count := newCount()
	entries := make([]retrieval.Entry, 0, len(documents))
	for _, d := range documents {
		e := retrieval.Entry{Document: d.ID, Revision: d.Revision, Kind: d.Kind, Title: d.Title, Facts: d.Facts, Chunks: retrieval.ChunkDocument(d, count, c)}
		embed(t, &e)
		entries = append(entries, e)
	}
	return entries
}

// plainText returns what reads HTML as an import does.
func plainText(t *testing.T) func(source string) string {
	t.Helper()
	text := html.New()
	return func(source string) string {
		out, err := text.Text(source, "https://shop.example.com/")
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// demoDocuments returns what the demo's shop shows.
func demoDocuments(t *testing.T) []retrieval.Document {
	t.Helper()
	plain := plainText(t)
	var documents []retrieval.Document
	add := func(d retrieval.Document) {
		if d.Shown {
			d.Revision = "1"
			documents = append(documents, d)
		}
	}
	products := woocommerce.NewCSVSource(func() (io.ReadCloser, error) { return os.Open(filepath.Join(demo, "products.csv")) },
		woocommerce.CSVConfig{Currency: "EUR", Exponent: 2, SiteURL: "https://shop.example.com"})
	if _, err := products.Changes(t.Context(), newSite(), "", func(c catalog.Change) error {
		if p := c.Product; p != nil {
			add(retrieval.Document{
				ID: retrieval.NewDocumentID(catalog.KindProduct, p.ID), Kind: catalog.KindProduct, Title: p.Name, Body: p.Text(plain), Facts: p.Facts(time.Time{}), Shown: p.Shown(),
			})
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var pages []struct{ Slug, Title, File string }
	b, err := os.ReadFile(filepath.Join(demo, "pages.json"))
	if err := errors.Join(err, json.Unmarshal(b, &pages)); err != nil {
		t.Fatal(err)
	}
	for _, pg := range pages {
		source, err := os.ReadFile(filepath.Join(demo, "pages", pg.File))
		if err != nil {
			t.Fatal(err)
		}
		p := catalog.Page{ID: pg.Slug, Title: pg.Title, HTML: string(source), Status: catalog.Published}
		add(retrieval.Document{ID: retrieval.NewDocumentID(catalog.KindPage, p.ID), Kind: catalog.KindPage, Title: p.Title, Body: p.Text(plain), Shown: p.Shown()})
	}
	return documents
}

// newCount returns what counts tokens as an import does.
func newCount() func(text string) int64 {
	tokens := tiktoken.New()
	return func(text string) int64 {
		n, _ := tokens.Count("text-embedding-3-small", text)
		return n
	}
}

// embed sets the vectors of e's chunks, made by adapters/glove.
func embed(t *testing.T, e *retrieval.Entry) {
	t.Helper()
	texts := make([]string, len(e.Chunks))
	for i, c := range e.Chunks {
		texts[i] = retrieval.EmbeddingText(e.Title, c)
	}
	for i, v := range gloveVectors(t, texts) {
		e.Chunks[i].Vector = v
	}
}

// embedded returns the entries of the judged set with vectors of adapters/glove,
// which are made once.
func embedded(t *testing.T) []retrieval.Entry {
	t.Helper()
	entries := theSet(t).entries
	made.Do(func() {
		for _, e := range entries {
			e.Chunks = slices.Clone(e.Chunks)
			embed(t, &e)
			made.entries = append(made.entries, e)
		}
	})
	if len(made.entries) != len(entries) {
		t.Fatal("the entries were not embedded")
	}
	return made.entries
}

var made struct {
	sync.Once
	entries []retrieval.Entry
}

var words = glove.New()

func gloveVectors(t *testing.T, texts []string) [][]float32 {
	t.Helper()
	got, err := words.Embed(context.Background(), texts)
	if err != nil {
		t.Fatal(err)
	}
	return got.Vectors
}
