package woocommerce_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

var update = flag.Bool("update", false, "write the golden files anew")

const testdata = "../../test/testdata/woocommerce"

var rest = woocommerce.RESTConfig{Currency: "EUR", Exponent: 2, WeightUnit: "kg", DimensionUnit: "cm"}

// captured returns the body of a delivery as a shop of ours sent it.
func captured(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testdata, "webhooks", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var delivery struct {
		Body []byte `json:"body_base64"`
	}
	if err := json.Unmarshal(data, &delivery); err != nil {
		t.Fatal(err)
	}
	return delivery.Body
}

// TestGolden holds the documents that are made of captured products.
func TestGolden(t *testing.T) {
	asOf := time.Date(2026, 11, 23, 12, 20, 0, 0, time.UTC)
	toText := func(source string) string {
		s, err := html.New().Text(source, "https://shop.example.com/")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	golden := func(name string, p catalog.Product) {
		doc := retrieval.Document{ID: retrieval.NewDocumentID(catalog.KindProduct, p.ID), Kind: catalog.KindProduct, Title: p.Name, URL: p.URL, Body: p.Text(toText), Facts: p.Facts(asOf), Shown: p.Shown(), Updated: p.Updated}
		got, err := json.MarshalIndent(doc, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, '\n')
		file := filepath.Join(testdata, "documents", name+".json")
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(file); err != nil || string(want) != string(got) {
			t.Errorf("%s: got\n%s\nwant\n%s\n%v", name, got, want, err)
		}
	}
	for _, name := range []string{
		"02-simple-created--product-created", "12-variable-created-no-variations--product-created", "16-grouped-created--product-created",
		"17-external-created--product-created", "29-with-image-and-password--product-updated",
	} {
		p, err := woocommerce.ParseProduct(captured(t, name), rest)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		golden(name, p)
	}
	golden("variable-with-variations", variableWithVariations(t))
}

// variableWithVariations puts the captured variations to their parent, as a
// caller does that fetches both.
func variableWithVariations(t *testing.T) catalog.Product {
	t.Helper()
	body := func(name string) json.RawMessage {
		data, err := os.ReadFile(filepath.Join(testdata, "rest", name))
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			Body json.RawMessage `json:"body"`
		}
		if err := json.Unmarshal(data, &answer); err != nil {
			t.Fatal(err)
		}
		return answer.Body
	}
	p, err := woocommerce.ParseProduct(body("product-variable.json"), rest)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Variations) == 0 || len(p.ShownVariations()) > 0 {
		t.Fatalf("variations %+v: want ids only, none shown yet", p.Variations)
	}
	var bodies []json.RawMessage
	if err := json.Unmarshal(body("variations.json"), &bodies); err != nil {
		t.Fatal(err)
	}
	p.Variations = nil
	for _, b := range bodies {
		v, parent, err := woocommerce.ParseVariation(b, rest)
		if err != nil || parent != p.ID {
			t.Fatalf("parent %q, %v", parent, err)
		}
		p.Variations = append(p.Variations, v)
	}
	return p
}

func TestParseProductHidden(t *testing.T) {
	for name, want := range map[string]catalog.Status{
		"05-to-draft--product-updated": catalog.Draft, "06-to-private--product-updated": catalog.Private,
		"31-scheduled-future--product-updated": catalog.Scheduled, "07-hidden--product-updated": catalog.Published,
		"29-with-image-and-password--product-updated": catalog.Published,
	} {
		p, err := woocommerce.ParseProduct(captured(t, name), rest)
		if err != nil || p.ID != "10" || p.Status != want || p.Shown() {
			t.Errorf("%s: %v, shown %v, %v; want status %d and not shown", name, p.Status, p.Shown(), err, want)
		}
		if s := fmt.Sprintf("%+v", p); strings.Contains(s, "geheim") || strings.Contains(s, "feucht") || strings.Contains(s, "Massive Eiche") {
			t.Errorf("%s: holds the password, meta data or text of what is hidden: %s", name, s)
		}
	}
}

func TestParseVariation(t *testing.T) {
	body := captured(t, "14-variation-updated--product-updated")
	var is *woocommerce.VariationError
	if _, err := woocommerce.ParseProduct(body, rest); !errors.As(err, &is) || is.ID != "12" || is.Parent != "11" || !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("as a product: %v", err)
	}
	v, parent, err := woocommerce.ParseVariation(body, rest)
	if err != nil || parent != "11" || v.ID != "12" || v.Offer.Regular != eur(2490) || v.Offer.Stock != catalog.OutOfStock || len(v.Offer.Attributes) != 2 {
		t.Errorf("got %+v of %s, %v", v, parent, err)
	}
	if _, _, err := woocommerce.ParseVariation(captured(t, "02-simple-created--product-created"), rest); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("of a simple product: %v", err)
	}
}

func TestParseErrors(t *testing.T) {
	var api *woocommerce.APIError
	_, err := woocommerce.ParseProduct(captured(t, "10-untrashed--coupon-restored"), rest)
	if !errors.As(err, &api) || api.Code != "woocommerce_rest_shop_coupon_invalid_id" || api.Status != 404 || !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("captured error: %v", err)
	}
	_, err = woocommerce.ParseProduct([]byte(`{"code":"woocommerce_rest_cannot_view","message":"Sorry, you cannot view this resource.","data":{"status":401}}`), rest)
	if !errors.As(err, &api) || api.Status != 401 || !errors.Is(err, ports.ErrInvalid) || errors.Is(err, ports.ErrNotFound) {
		t.Errorf("no rights: %v", err)
	}
	for name, body := range map[string]string{
		"deletion": `{"id":10}`, "ping": `webhook_id=1`, "empty": ``, "list": `[]`, "null": `null`, "HTML": `<html>`, "no id": `{"type":"simple"}`,
		"no visibility": `{"id":1,"type":"simple","status":"publish"}`, "price": `{"id":1,"type":"simple","status":"publish","catalog_visibility":"visible","regular_price":"x"}`,
		"wrong type": `{"id":{},"type":"simple"}`,
	} {
		if p, err := woocommerce.ParseProduct([]byte(body), rest); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("%s: got %+v, %v", name, p, err)
		}
	}
}

// Plugins change types: an empty list is false, a quantity is a text or a part.
func TestParseLenient(t *testing.T) {
	p, err := woocommerce.ParseProduct([]byte(`{"id":"7","type":"simple","status":"publish","catalog_visibility":"visible","name":"A","regular_price":5,"sale_price":null,
"manage_stock":true,"stock_quantity":"2.5","stock_status":"instock","images":false,"categories":{},"tags":null,"brands":"","attributes":[],"date_on_sale_to_gmt":null,"weight":0.5}`), rest)
	if err != nil || p.ID != "7" || p.Offer.Regular != eur(500) || p.Offer.Quantity != 2 || p.Weight != "0.5 kg" {
		t.Errorf("got %+v, %v", p, err)
	}
}

// WPML's and Polylang's "lang" is the locale of a product's texts; anything but a
// text there is none.
func TestParseLanguage(t *testing.T) {
	for lang, want := range map[string]string{`"de"`: "de", `"pt_BR"`: "pt-BR", `""`: "", `false`: "", `null`: "", `["de"]`: "", `{"de":1}`: "", `7`: "", `"all languages"`: ""} {
		p, err := woocommerce.ParseProduct([]byte(`{"id":7,"type":"simple","status":"publish","catalog_visibility":"visible","name":"A","lang":`+lang+`,"translations":{"de":7}}`), rest)
		if err != nil || p.Locale != want {
			t.Errorf("%s: %q, %v, want %q", lang, p.Locale, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"id":1,"type":"simple","status":"publish","catalog_visibility":"visible"}`))
	f.Add([]byte(`{"code":"x","data":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := woocommerce.ParseProduct(body, rest)
		if err == nil && p.ID == "" || err != nil && !errors.Is(err, ports.ErrInvalid) && !errors.Is(err, ports.ErrNotFound) {
			t.Fatalf("%+v, %v", p, err)
		}
		if _, _, err := woocommerce.ParseVariation(body, rest); err != nil && !errors.Is(err, ports.ErrInvalid) && !errors.Is(err, ports.ErrNotFound) {
			t.Fatal(err)
		}
	})
}

func ExampleParseProduct() {
	p, err := woocommerce.ParseProduct([]byte(`{"id":10,"name":"Table &amp; chairs","type":"simple","status":"publish","catalog_visibility":"visible",
		"regular_price":"349.90","sale_price":"299.00","stock_status":"instock","post_password":""}`), woocommerce.RESTConfig{Currency: "EUR", Exponent: 2})
	fmt.Println(p.Name, p.Offer.Sale, p.Shown(), err)
	// Output: Table & chairs €299.00 true <nil>
}

func ExampleParseVariation() {
	v, parent, err := woocommerce.ParseVariation([]byte(`{"id":12,"type":"variation","parent_id":11,"status":"publish","regular_price":"19.90",
		"attributes":[{"name":"Size","option":"S"}]}`), woocommerce.RESTConfig{Currency: "EUR", Exponent: 2})
	fmt.Println(v.ID, "of", parent, v.Offer.Attributes, err)
	// Output: 12 of 11 [{Size [S]}] <nil>
}
