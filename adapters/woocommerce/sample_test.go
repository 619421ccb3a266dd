package woocommerce_test

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/domain/catalog"
)

// sample opens one of WooCommerce's own sample exports. They are under the GPL
// and no part of this repository: they lie in shared/fixtures beside it.
func sample(t *testing.T, name string) *os.File {
	t.Helper()
	const shared = "../../../shared"
	if _, err := os.Stat(shared); err != nil && os.Getenv("CI") != "true" {
		t.Skipf("WooCommerce's sample exports are not here: %v", err)
	}
	f, err := os.Open(filepath.Join(shared, "fixtures/woocommerce/sample", name))
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatal(err)
	case err != nil:
		t.Skip(err)
	}
	return f
}

func readSample(t *testing.T, name string) []catalog.Product {
	t.Helper()
	cfg := woocommerce.CSVConfig{Currency: "USD", Exponent: 2, SiteURL: "https://shop.example.com"}
	source := woocommerce.NewCSVSource(func() (io.ReadCloser, error) { return sample(t, name), nil }, cfg)
	var products []catalog.Product
	if _, err := source.Changes(t.Context(), site, "", func(c catalog.Change) error {
		if c.Product == nil {
			t.Errorf("rejected: %+v", c.Rejected)
			return nil
		}
		products = append(products, *c.Product)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return products
}

func TestSampleProducts(t *testing.T) {
	products := readSample(t, "sample_products.csv")
	byID := map[string]catalog.Product{}
	shown := 0
	for _, p := range products {
		byID[p.ID] = p
		if p.Shown() {
			shown++
		}
	}
	// 25 rows: 18 products, one of them hidden, and 7 variations of two.
	if len(products) != 18 || shown != 17 || byID["64"].Shown() {
		t.Errorf("%d products, %d shown; product 64 shown: %v", len(products), shown, byID["64"].Shown())
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		id, min, max string
		offers       int
		onSale       bool
	}{
		{"44", "15.00", "20.00", 3, false},
		{"45", "42.00", "45.00", 4, true},
		{"48", "18.00", "18.00", 1, true},
		{"47", "18.00", "18.00", 1, false},
		{"75", "2.00", "2.00", 1, true},
		{"89", "11.05", "11.05", 1, false},
	} {
		f := byID[c.id].Facts(now)
		r := f.PriceRange(now)
		if len(f.Offers) != c.offers || r.Min.Decimal() != c.min || r.Max.Decimal() != c.max || r.OnSale != c.onSale || f.Stock() != catalog.InStock {
			t.Errorf("product %s: %d offers, %+v, %v", c.id, len(f.Offers), r, f.Stock())
		}
	}
	if p := byID["87"]; p.Type != catalog.Grouped || !slices.Equal(p.Members, []string{"46", "47", "48"}) {
		t.Errorf("grouped product: %v", p.Members)
	}
	if p := byID["89"]; !p.Facts(now).External || p.BuyURL == "" {
		t.Errorf("external product: %q", p.BuyURL)
	}
	if p := byID["44"]; p.Weight != "0.5 lbs" || p.Dimensions != "24 × 1 × 2 in" || p.URL != "https://shop.example.com/product/v-neck-t-shirt/" {
		t.Errorf("product 44: %q, %q, %q", p.Weight, p.Dimensions, p.URL)
	}
}

// This export has neither IDs nor variations.
func TestFashionSample(t *testing.T) {
	products := readSample(t, "experimental_fashion_sample_9_products.csv")
	if len(products) != 9 {
		t.Fatalf("%d products", len(products))
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	offers, skus := 0, 0
	for _, p := range products {
		f := p.Facts(now)
		offers += len(f.Offers)
		if p.ID == p.SKU && len(f.SKUs) == 1 {
			skus++
		}
	}
	// Two are variable without variations, one has no price.
	if offers != 6 || skus != 9 {
		t.Errorf("%d offers, %d products known by their SKU; want 6 and 9", offers, skus)
	}
}
