package woocommerce_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/domain/catalog"
)

// capturesAsOf is when the captures were made.
var capturesAsOf = time.Date(2026, 11, 23, 12, 20, 0, 0, time.UTC)

// said writes what a captured product, variation or error says, as a reader
// checks it: everything that is shown and filtered, and nothing else. Texts are
// written as a hash where they may not be committed.
type said struct {
	strings.Builder
	t     *testing.T
	texts bool
}

func (s *said) line(format string, args ...any) { fmt.Fprintf(s, format+"\n", args...) }

func (s *said) text(name, text string) {
	switch {
	case text == "":
	case s.texts:
		s.line("  %s: %s", name, strings.ReplaceAll(text, "\n", "\n    "))
	default:
		s.line("  %s: %d bytes %x", name, len(text), sha256.Sum256([]byte(text)))
	}
}

func (s *said) product(name string, body []byte) {
	p, err := woocommerce.ParseProduct(body, rest)
	variation, isVariation := errors.AsType[*woocommerce.VariationError](err)
	switch {
	case isVariation:
		v, parent, err := woocommerce.ParseVariation(body, rest)
		s.line("%s: variation %s of product %s, status %d %s", name, variation.ID, parent, v.Status, errorText(err))
		s.offer(v.Offer)
		s.text("image", v.Image)
	case err != nil:
		s.line("%s: %s", name, errorText(err))
	default:
		s.line("%s: product %s type %d status %d visibility %d protected %v shown %v updated %s", name, p.ID, p.Type, p.Status, p.Visibility, p.Protected, p.Shown(), p.Updated.Format(time.RFC3339))
		s.shown(p)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return fmt.Sprintf("error: %.120v", err)
}

func (s *said) shown(p catalog.Product) {
	toText := func(source string) string {
		text, err := html.New().Text(source, p.URL)
		if err != nil {
			s.t.Error(err)
		}
		return text
	}
	f := p.Facts(capturesAsOf)
	s.text("name", p.Name)
	s.text("url", p.URL)
	for _, list := range []struct {
		name   string
		values []string
	}{{"skus", f.SKUs}, {"gtins", f.GTINs}, {"members", p.Members}} {
		if len(list.values) > 0 {
			s.line("  %s: %s", list.name, strings.Join(list.values, ", "))
		}
	}
	s.text("brands", strings.Join(f.Brands, ", "))
	s.text("categories", strings.Join(f.Categories, ", "))
	s.text("tags", strings.Join(f.Tags, ", "))
	for _, a := range f.Attributes {
		s.text("attribute "+hashed(s.texts, a.Name), strings.Join(a.Values, ", "))
	}
	s.text("image", f.ImageURL)
	if f.External {
		s.text("external", p.BuyURL)
	}
	for _, o := range f.Offers {
		s.offer(o)
	}
	s.text("text", p.Text(toText))
}

func hashed(texts bool, s string) string {
	if texts {
		return s
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(s)))[:12]
}

func (s *said) offer(o catalog.Offer) {
	line := fmt.Sprintf("  offer: %s %s regular %s", o.SKU, o.GTIN, o.Regular)
	if o.Sale.IsSet() {
		line += " sale " + o.Sale.String()
	}
	if !o.SaleFrom.IsZero() || !o.SaleTo.IsZero() {
		line += fmt.Sprintf(" from %s up to %s", o.SaleFrom.Format(time.RFC3339), o.SaleTo.Format(time.RFC3339))
	}
	line += " " + o.Stock.String()
	if o.Counted {
		line += fmt.Sprintf(" %d", o.Quantity)
	}
	for _, a := range o.Attributes {
		line += fmt.Sprintf(" %s=%s", hashed(s.texts, a.Name), hashed(s.texts, strings.Join(a.Values, "|")))
	}
	s.line("  %s", strings.Join(strings.Fields(line), " "))
}

func (s *said) compare(file string) {
	s.t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(s.String()), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	got, wanted := strings.Split(s.String(), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(got), len(wanted)) {
		if i >= len(got) || i >= len(wanted) || got[i] != wanted[i] {
			s.t.Fatalf("%s, line %d: got\n%s\nwant\n%s", file, i+1, strings.Join(got[min(i, len(got)):min(i+3, len(got))], "\n"), strings.Join(wanted[min(i, len(wanted)):min(i+3, len(wanted))], "\n"))
		}
	}
}

// captures returns the bodies of the webhook deliveries in a folder, by name.
func captures(t *testing.T, dir, pattern string) (names []string, bodies map[string][]byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no captures, %v", dir, err)
	}
	bodies = map[string][]byte{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var delivery struct {
			Body string `json:"body_base64"`
		}
		if err := json.Unmarshal(data, &delivery); err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		body, err := base64.StdEncoding.DecodeString(delivery.Body)
		if err != nil {
			t.Fatal(err)
		}
		names, bodies[name] = append(names, name), body
	}
	slices.Sort(names)
	return names, bodies
}

// answerOf returns the elements of a captured list.
func answerOf(t *testing.T, file string) []json.RawMessage {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Body []json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Body
}

// TestCaptures reads every captured delivery and list that may be committed.
// What came of them was read by a person: documents/captures.txt.
func TestCaptures(t *testing.T) {
	s := &said{t: t, texts: true}
	names, bodies := captures(t, filepath.Join(testdata, "webhooks"), "*.json")
	for _, name := range names {
		s.product(name, bodies[name])
	}
	for i, body := range answerOf(t, filepath.Join(testdata, "rest/products-modified-after.json")) {
		s.product(fmt.Sprint("products-modified-after ", i), body)
	}
	s.compare(filepath.Join(testdata, "documents/captures.txt"))
	for _, secret := range []string{"geheim", "feucht"} {
		if strings.Contains(s.String(), secret) {
			t.Errorf("what is made of the captures holds %q", secret)
		}
	}
}

// shared returns the folder of the captures that are no part of this repository.
func shared(t *testing.T) string {
	t.Helper()
	const dir = "../../../shared/fixtures/woocommerce"
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("the captures with WooCommerce's own texts are not here: %v", err)
	}
	return dir
}

// TestCapturesNotCommitted does the same for those that hold WooCommerce's own
// texts, of which ids, facts and hashes are kept.
func TestCapturesNotCommitted(t *testing.T) {
	dir := shared(t)
	s := &said{t: t}
	names, bodies := captures(t, filepath.Join(dir, "webhooks-11.0.1"), "28-*.json")
	for _, name := range names {
		s.product(name, bodies[name])
	}
	for _, list := range []string{"products-p1", "products-p3"} {
		for i, body := range answerOf(t, filepath.Join(dir, "rest", list+".json")) {
			s.product(fmt.Sprint(list, " ", i), body)
		}
	}
	s.compare(filepath.Join(testdata, "documents/not-committed.txt"))
}

// TestCapturedOthers reads the deliveries that are about no product: no text of
// theirs becomes one.
func TestCapturedOthers(t *testing.T) {
	dir := filepath.Join(shared(t), "webhooks-11.0.1")
	for _, pattern := range []string{"*--order-*.json", "*--customer-*.json", "*--coupon-*.json", "*--ping*.json", "*--product-deleted.json"} {
		names, bodies := captures(t, dir, pattern)
		for _, name := range names {
			if p, err := woocommerce.ParseProduct(bodies[name], rest); err == nil {
				t.Errorf("%s is taken for product %s", name, p.ID)
			}
		}
	}
}

// TestCapturedPages reads the captured pages as a shop answers them.
func TestCapturedPages(t *testing.T) {
	dir := shared(t)
	for file, want := range map[string]string{
		"wp-posts": "1 shown",
		"wp-pages": "51 shown; 8 hidden; 7 hidden; 6 hidden; 5 shown; 2 shown", // 6 to 8 are the cart, the checkout and the account
	} {
		got := feedOf(t, answerOf(t, filepath.Join(dir, "rest", file+".json")))
		var lines []string
		for _, c := range got {
			if c.Page == nil {
				t.Errorf("%s: %+v", file, c.Rejected)
				continue
			}
			shown := "hidden"
			if c.Page.Shown() {
				shown = "shown"
			}
			lines = append(lines, c.Page.ID+" "+shown)
		}
		if got := strings.Join(lines, "; "); got != want {
			t.Errorf("%s: %q", file, got)
		}
	}
}
