package woocommerce_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/domain/catalog"
)

// sameness is a product by what both readers must agree on. By nature they do
// not on:
//
//   - ids, and so the members of a group: an importer gives new ones
//   - the address of a product, which a CSV does not hold
//   - images: the file names the shop that was exported, and the shop that took
//     them has its own copies, or none where it could not fetch them
//   - when a product was changed, which a CSV does not hold
//   - the path of a category: REST names the category only
//   - the order of variations and of categories
//   - the order of values: a shop sorts those of a global attribute by name
type sameness struct{ lines []string }

func samenessOf(t *testing.T, p catalog.Product, skuOf map[string]string) sameness {
	t.Helper()
	f := p.Facts(time.Time{})
	var s sameness
	say := func(format string, args ...any) { s.lines = append(s.lines, fmt.Sprintf(format, args...)) }
	say("name %s type %d status %d visibility %d protected %v weight %q dimensions %q external %q", p.Name, p.Type, p.Status, p.Visibility, p.Protected, p.Weight, p.Dimensions, p.BuyURL)
	var members []string
	for _, id := range p.Members {
		members = append(members, skuOf[id])
	}
	slices.Sort(members)
	var categories []string
	for _, c := range f.Categories {
		categories = append(categories, c[strings.LastIndex(c, "> ")+1:])
	}
	for i, c := range categories {
		categories[i] = strings.TrimSpace(c)
	}
	slices.Sort(categories)
	slices.Sort(f.SKUs)
	slices.Sort(f.GTINs)
	slices.Sort(f.Tags)
	say("members %v categories %v tags %v brands %v skus %v gtins %v", members, categories, f.Tags, f.Brands, f.SKUs, f.GTINs)
	attributes := map[string][]string{}
	for _, a := range f.Attributes {
		attributes[a.Name] = slices.Sorted(slices.Values(a.Values))
	}
	say("attributes %v", attributes)
	var offers []string
	for _, o := range f.Offers {
		offers = append(offers, fmt.Sprintf("%+v", o))
	}
	slices.Sort(offers)
	say("offers %s", strings.Join(offers, "\n"))
	say("text %s", p.Text(func(source string) string {
		text, err := html.New().Text(source, "https://shop.example.com/")
		if err != nil {
			t.Error(err)
		}
		return text
	}))
	return s
}

// The sample shop of WooCommerce comes to the same by its CSV, and by what a shop
// that has imported it says by REST.
func TestSampleShopByCSVAndREST(t *testing.T) {
	dir := shared(t)
	cfg := woocommerce.RESTConfig{Currency: "USD", Exponent: 2, WeightUnit: "lbs", DimensionUnit: "in"}
	names, bodies := captures(t, filepath.Join(dir, "webhooks-11.0.1"), "28-*.json")
	products := map[string]catalog.Product{} // by id; of two deliveries of one product the last
	variations := map[string]map[string]catalog.Variation{}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(sequence(a), sequence(b)) })
	for _, name := range names {
		p, err := woocommerce.ParseProduct(bodies[name], cfg)
		if is, ok := errors.AsType[*woocommerce.VariationError](err); ok {
			v, parent, err := woocommerce.ParseVariation(bodies[name], cfg)
			if err != nil {
				t.Fatal(is, err)
			}
			if variations[parent] == nil {
				variations[parent] = map[string]catalog.Variation{}
			}
			variations[parent][v.ID] = v
			continue
		}
		if err != nil {
			t.Fatal(name, err)
		}
		products[p.ID] = p
	}
	skuOf := map[string]string{}
	rest := map[string]catalog.Product{}
	for id, p := range products {
		skuOf[id] = p.SKU
		p.Variations = nil
		for _, v := range variations[id] {
			p.Variations = append(p.Variations, v)
		}
		rest[p.SKU] = p
	}
	csv := readSample(t, "sample_products.csv")
	csvSKU := map[string]string{}
	for _, p := range csv {
		csvSKU[p.ID] = p.SKU
	}
	compared := 0
	for _, p := range csv {
		other, ok := rest[p.SKU]
		if !ok {
			t.Errorf("%s is not in the shop", p.SKU)
			continue
		}
		a, b := samenessOf(t, p, csvSKU), samenessOf(t, other, skuOf)
		for i := range a.lines {
			if a.lines[i] != b.lines[i] {
				t.Errorf("%s: by CSV\n%s\nby REST\n%s", p.SKU, a.lines[i], b.lines[i])
			}
		}
		compared++
	}
	if compared != len(csv) || compared != len(rest) || compared != 18 {
		t.Errorf("%d compared of %d and %d", compared, len(csv), len(rest))
	}
}

// sequence returns the number of a delivery, such as 078.
func sequence(name string) string { return name[strings.LastIndex(name, "-")+1:] }
