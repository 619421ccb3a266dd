package ingesting_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// What no store takes is taken out of every text, whatever source it came from.
func TestDocumentsHaveNoControlCharacters(t *testing.T) {
	w := newWorld(t, nil)
	bad := "a\x00b\xff\x07 \u009Fc"
	p := product(1, 100)
	p.Product.Name, p.Product.SKU, p.Product.Brands, p.Product.Tags = bad, bad, []string{bad}, []string{bad}
	p.Product.Attributes = []catalog.Attribute{{Name: bad, Values: []string{bad}}}
	p.Product.Images = []string{"https://shop.example.com/" + bad}
	p.Product.Offer.SKU, p.Product.Weight = bad, bad
	changes := []catalog.Change{
		p,
		{Page: &catalog.Page{ID: "2", Title: bad, URL: "https://shop.example.com/" + bad, Status: catalog.Published, HTML: bad}},
		{FAQ: &catalog.FAQ{ID: "3", Question: bad, Answer: bad, URL: bad}},
	}
	for _, c := range changes {
		if _, err := w.Apply(t.Context(), site, "s", c, ingesting.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	pending, err := w.documents.Pending(t.Context(), site, retrieval.Stage{}, 10)
	if err != nil || len(pending) != 3 {
		t.Fatalf("%d documents, %v", len(pending), err)
	}
	for _, p := range pending {
		all := fmt.Sprintf("%s|%s|%s|%+v|%+v", p.Document.Title, p.Document.URL, p.Document.Body, p.Document.Facts, p.Chunks)
		if !utf8.ValidString(all) || strings.ContainsFunc(all, func(c rune) bool { return unicode.IsControl(c) && c != '\n' }) {
			t.Errorf("%s: %q", p.Document.ID, all)
		}
		if p.Document.Title != "ab\uFFFD c" {
			t.Errorf("%s: title %q", p.Document.ID, p.Document.Title)
		}
	}
}

func TestPagesKeepTheirLanguage(t *testing.T) {
	for _, c := range []struct{ page, shop, want string }{{"nb-NO", "de", "nb-NO"}, {"", "de", "de"}} {
		w := newWorld(t, nil)
		p := catalog.Page{ID: "1", Title: "Hjelp", Status: catalog.Published, HTML: "<p>x</p>", Locale: c.page}
		if _, err := w.Apply(t.Context(), site, "s", catalog.Change{Page: &p}, ingesting.Options{Locale: c.shop}); err != nil {
			t.Fatal(err)
		}
		pending, err := w.documents.Pending(t.Context(), site, retrieval.Stage{}, 10)
		if err != nil || len(pending) != 1 || pending[0].Document.Locale != c.want {
			t.Errorf("%+v: %+v, %v", c, pending, err)
		}
	}
}

// One document that is too much is rejected with a reason, and others flow.
func TestDocumentsThatAreTooMuch(t *testing.T) {
	huge := product(1, 100)
	huge.Product.Name = strings.Repeat("x", 3000)
	odd := product(2, 100)
	odd.Product.ID = "2\x00"
	tags := product(3, 100)
	for i := range 60_000 {
		tags.Product.Tags = append(tags.Product.Tags, fmt.Sprint("tag ", i))
	}
	many := variations(25_000)
	for name, c := range map[string]struct {
		change catalog.Change
		says   string
	}{
		"a long title":    {huge, "a title of 3000 bytes"},
		"an id with NUL":  {odd, "cannot be stored"},
		"tags":            {tags, "more than a product can have"},
		"variations":      {many, "25000 variations, at most 20000 are taken"},
		"a long question": {catalog.Change{FAQ: &catalog.FAQ{ID: "5", Question: strings.Repeat("x", 3000), Answer: "x"}}, "shorten it"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			source := &feed{changes: []catalog.Change{c.change, product(9, 100)}}
			r, err := w.Import(t.Context(), site, "s", source, ingesting.Options{})
			if err != nil || r.Rejected != 1 || r.Changed != 1 || len(r.Rejects) != 1 || !strings.Contains(r.Rejects[0].Reason, c.says) {
				t.Errorf("got %+v, %v; want %q", r, err, c.says)
			}
			if _, err := w.Apply(t.Context(), site, "s", c.change, ingesting.Options{}); !errors.Is(err, ports.ErrInvalid) {
				t.Errorf("Apply: %v", err)
			}
		})
	}
}

// variations returns a product of n variations, each with its own code.
func variations(n int) catalog.Change {
	p := product(77, 0).Product
	p.Type = catalog.Variable
	for i := range n {
		p.Variations = append(p.Variations, catalog.Variation{
			ID: fmt.Sprint(i), Status: catalog.Published,
			Offer: catalog.Offer{
				SKU: fmt.Sprintf("SKU-%05d", i), GTIN: fmt.Sprintf("%013d", i), Regular: catalog.Money{Minor: int64(i + 1), Currency: "EUR", Exponent: 2},
				Attributes: []catalog.Attribute{{Name: "Size", Values: []string{fmt.Sprint("Size ", i)}}}, Stock: catalog.InStock,
			},
		})
	}
	return catalog.Change{Product: p}
}

// Ten thousand variations are one document with as many offers.
func TestTenThousandVariations(t *testing.T) {
	w := newWorld(t, nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	if _, err := w.Apply(t.Context(), site, "s", variations(10_000), ingesting.Options{}); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	pending, err := w.documents.Pending(t.Context(), site, retrieval.Stage{}, 10)
	if err != nil || len(pending) != 1 || len(pending[0].Document.Facts.Offers) != 10_000 {
		t.Fatalf("%d documents, %v", len(pending), err)
	}
	if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 20*time.Second || mb > 500 {
		t.Errorf("took %v and %d MB", took, mb)
	}
	for _, c := range pending[0].Chunks {
		if n := len(retrieval.EmbeddingText(pending[0].Document.Title, c)); n > 4000 {
			t.Errorf("a chunk of %d bytes", n)
		}
	}
	t.Logf("%v, %d MB, %d chunks", took, (after.TotalAlloc-before.TotalAlloc)>>20, len(pending[0].Chunks))
}
