package usecases

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/adapters/tiktoken"
	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// bodies returns what the captured shop has sent of products: committed
// captures, and all others where they are.
func bodies(t *testing.T) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	for _, glob := range []string{"../testdata/woocommerce/webhooks/*.json", "../testdata/woocommerce/rest/product*.json", "../../../shared/fixtures/woocommerce/webhooks-11.0.1/*.json", "../../../shared/fixtures/woocommerce/rest/*.json"} {
		paths, err := filepath.Glob(glob)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var capture struct {
				UTF8   string          `json:"body_utf8"`
				Base64 string          `json:"body_base64"`
				Body   json.RawMessage `json:"body"`
			}
			if json.Unmarshal(data, &capture) != nil {
				continue
			}
			body := []byte(capture.UTF8)
			if raw, err := base64.StdEncoding.DecodeString(capture.Base64); err == nil && len(raw) > 0 {
				body = raw
			}
			if len(body) == 0 {
				body = capture.Body
			}
			var list []json.RawMessage
			if json.Unmarshal(body, &list) == nil {
				for i, one := range list {
					found[fmt.Sprintf("%s %d", filepath.Base(path), i)] = one
				}
				continue
			}
			found[filepath.Base(path)] = body
		}
	}
	return found
}

// public are the fields of a product that shoppers see, or that say whether they
// may; all below the ones that end with a dot.
const public = " id name permalink type status catalog_visibility description short_description sku price regular_price sale_price date_modified_gmt date_on_sale_from_gmt date_on_sale_to_gmt external_url weight dimensions. stock_status stock_quantity manage_stock backorders global_unique_id parent_id post_password categories.name brands.name tags.name images.src image.src attributes.name attributes.options attributes.option attributes.visible attributes.variation variations grouped_products "

func isPublic(path string) bool {
	top, _, _ := strings.Cut(path, ".")
	return strings.Contains(public, " "+path+" ") || strings.Contains(public, " "+top+". ")
}

// plant writes a mark into all texts and numbers that are not public.
func plant(v any, path string) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			v[k] = plant(e, strings.TrimPrefix(path+"."+k, "."))
		}
		return v
	case []any:
		for i, e := range v {
			v[i] = plant(e, path)
		}
		return v
	case string, float64:
		if !isPublic(path) {
			return "PRIVATE " + path
		}
	}
	return v
}

// Whatever a shop sends with a product that is not for shoppers (download links,
// purchase notes, meta data, cost of goods, a plugin's own), and whatever else it
// sends (orders, customers, coupons): none of it comes into a document.
func TestNothingPrivateIsIndexed(t *testing.T) {
	cfg := woocommerce.RESTConfig{Currency: "EUR", Exponent: 2, WeightUnit: "kg", DimensionUnit: "cm"}
	all := bodies(t)
	products := 0
	for name, body := range all {
		var v map[string]any
		if json.Unmarshal(body, &v) != nil {
			continue
		}
		v["purchase_note"], v["cost_of_goods_sold"] = "x", map[string]any{"values": []any{map[string]any{"defined_value": 4.2}}, "total_value": 4.2}
		v["downloads"] = []any{map[string]any{"id": "x", "name": "x", "file": "https://shop.example.com/x.zip"}}
		v["meta_data"] = []any{map[string]any{"id": 1, "key": "_supplier", "value": map[string]any{"deep": []any{"x"}}}}
		v["billing"], v["customer_note"] = map[string]any{"email": "x"}, "x"
		planted, err := json.Marshal(plant(v, ""))
		if err != nil {
			t.Fatal(err)
		}
		p, err := woocommerce.ParseProduct(planted, cfg)
		if err != nil {
			continue // an order, a customer, a coupon, a variation, a deletion
		}
		if strings.Contains(name, "--order-") || strings.Contains(name, "--customer-") || strings.Contains(name, "--coupon-") || strings.HasPrefix(name, "orders") {
			t.Errorf("%s is taken for a product", name)
		}
		in := newIngestion(t, nil)
		if _, err := in.Apply(t.Context(), demoSite, "s", catalog.Change{Product: &p}, ingesting.Options{}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		pending, err := in.documents.Pending(t.Context(), demoSite, retrieval.Stage{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range pending {
			products++
			if text := fmt.Sprintf("%+v %+v", d.Document, d.Chunks); strings.Contains(text, "PRIVATE") {
				t.Errorf("%s: %s", name, text[max(0, strings.Index(text, "PRIVATE")-100):])
			}
		}
	}
	if products < 10 {
		t.Errorf("only %d products of %d captures came through", products, len(all))
	}
}

// No chunk is larger than its bound, counted by the tokenizer of the model that
// embeds it, and each says what it is about.
func TestChunksKeepTheirBoundExactly(t *testing.T) {
	tok, text := tiktoken.New(), html.New()
	const model = "text-embedding-3-small"
	count := func(s string) int64 {
		n, exact := tok.Count(model, s)
		if !exact {
			t.Fatal("the tokenizer does not know the model")
		}
		return n
	}
	paths, err := filepath.Glob("../../adapters/html/testdata/*.html")
	if err != nil || len(paths) == 0 {
		t.Fatal(err)
	}
	sources := map[string]string{
		"a large table": "<h2>Sizes</h2><table><tr><th>EAN</th><th>Größe</th></tr>" + strings.Repeat("<tr><td>2000041010134</td><td>36–39</td></tr>", 3000) + "</table>",
		"one word":      "<p>" + strings.Repeat("Donaudampfschifffahrtsgesellschaft", 300) + "</p>",
		"emoji":         "<p>" + strings.Repeat("👩‍🚀🧦", 800) + "</p>",
		"Chinese":       "<p>" + strings.Repeat("我们的杯子是手工制作的。", 300) + "</p>",
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sources[filepath.Base(path)] = string(data)
	}
	for name, source := range sources {
		body, err := text.Text(source, "https://shop.example.com/")
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range []catalog.Kind{catalog.KindPage, catalog.KindProduct, catalog.KindFAQ} {
			doc := retrieval.Document{Kind: kind, Title: "Ein Titel", Body: body, Facts: catalog.Facts{Brands: []string{"Fjord"}, SKUs: []string{"A-1"}}}
			for _, o := range []retrieval.Chunking{{}, {Target: 60, Max: 80}} {
				for _, c := range retrieval.ChunkDocument(doc, count, o) {
					bound := int64(400)
					if o.Max > 0 {
						bound = o.Max
					}
					if n := count(c.Text); n > bound {
						t.Errorf("%s as %v: a chunk of %d tokens, at most %d", name, kind, n, bound)
					}
					if !strings.Contains(retrieval.EmbeddingText(doc.Title, c), doc.Title) {
						t.Errorf("%s as %v: chunk %d does not say what it is of", name, kind, c.Seq)
					}
				}
			}
		}
	}
}
