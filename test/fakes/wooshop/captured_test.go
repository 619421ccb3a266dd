package wooshop

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testdata = "../../testdata/woocommerce"
	secret   = "wh-s3cret-äöü"
)

// capture is a delivery of the real shop.
type capture struct {
	Headers [][2]string `json:"headers"`
	Body    []byte      `json:"body_base64"`
}

func captured(t *testing.T, name string) capture {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testdata, "webhooks", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var c capture
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// listener is the plain listener that the captures were made with.
type listener struct {
	url string

	mu     sync.Mutex
	heard  []capture
	status int // to answer with; 0 is 200
}

func listen(t *testing.T) *listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	heard := &listener{url: "http://" + l.Addr().String()}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			heard.take(conn)
		}
	}()
	return heard
}

// take reads a request byte by byte, as it stands on the wire.
func (l *listener) take(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	var data []byte
	one := make([]byte, 1)
	for !bytes.HasSuffix(data, []byte("\r\n\r\n")) {
		if _, err := io.ReadFull(conn, one); err != nil {
			return
		}
		data = append(data, one[0])
	}
	var c capture
	length := 0
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\r\n") {
		if i == 0 {
			continue
		}
		name, value, _ := strings.Cut(line, ": ")
		c.Headers = append(c.Headers, [2]string{name, value})
		if name == "Content-Length" {
			_, _ = fmt.Sscan(value, &length) // 0 for what is no number
		}
	}
	c.Body = make([]byte, length)
	if _, err := io.ReadFull(conn, c.Body); err != nil {
		return
	}
	l.mu.Lock()
	l.heard = append(l.heard, c)
	status := max(l.status, 200)
	l.mu.Unlock()
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status)
}

// all returns what was heard since the last call.
func (l *listener) all() []capture {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.heard
	l.heard = nil
	return out
}

var (
	related = regexp.MustCompile(`"related_ids":\[[0-9,]*\]`)
	varying = map[string]bool{"Host": true, "X-WC-Webhook-Signature": true, "X-WC-Webhook-Delivery-ID": true, "Content-Length": true}
)

// same compares a delivery with a captured one, field by field and byte by
// byte. The order of related products is chance, and what depends on it is
// checked by itself.
func same(t *testing.T, name string, got, want capture) {
	t.Helper()
	plain := func(b []byte) string { return related.ReplaceAllString(string(b), `"related_ids":[]`) }
	if g, w := plain(got.Body), plain(want.Body); g != w {
		at := 0
		for at < len(g) && at < len(w) && g[at] == w[at] {
			at++
		}
		t.Errorf("%s: bodies differ at %d:\n got ...%s\nwant ...%s", name, at, g[max(at-60, 0):min(at+200, len(g))], w[max(at-60, 0):min(at+200, len(w))])
	}
	header := func(c capture) []string {
		var out []string
		for _, h := range c.Headers {
			if varying[h[0]] {
				h[1] = ""
			}
			out = append(out, h[0]+": "+h[1])
		}
		return out
	}
	if g, w := header(got), header(want); !slices.Equal(g, w) {
		t.Errorf("%s: headers\n got %q\nwant %q", name, g, w)
	}
	for _, c := range []capture{got, want} {
		for _, h := range c.Headers {
			if h[0] == "X-WC-Webhook-Signature" && h[1] != sign(secret, c.Body) {
				t.Errorf("%s: the signature %s is not that of the body, %s", name, h[1], sign(secret, c.Body))
			}
			if raw, err := base64.StdEncoding.DecodeString(h[1]); h[0] == "X-WC-Webhook-Signature" && (err != nil || len(raw) != 32) {
				t.Errorf("%s: signature of %d bytes, %v", name, len(raw), err)
			}
			if h[0] == "X-WC-Webhook-Delivery-ID" && !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(h[1]) {
				t.Errorf("%s: delivery id %q", name, h[1])
			}
		}
	}
}

func at(clock string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", "2026-11-23 "+clock)
	if err != nil {
		panic(err)
	}
	return t
}

// played is the captured shop, made to live its recorded hour again.
type played struct {
	*testing.T
	*Shop
	heard *listener
}

func play(t *testing.T) *played {
	t.Helper()
	p := &played{T: t, heard: listen(t), Shop: New(Options{Seed: 1, URL: "http://127.0.0.1:8088", Began: at("12:12:22"), OrdersTouch: true})}
	return p
}

// step moves the clock, does something, sends what is due a moment later and
// compares it with the captures named.
func (p *played) step(clock string, do func(), names ...string) {
	p.Helper()
	p.Advance(at(clock).Sub(p.Now()))
	do()
	p.Deliver(context.Background())
	got := p.heard.all()
	if len(got) != len(names) {
		p.Fatalf("%s: %d deliveries, want %d: %v", clock, len(got), len(names), names)
	}
	for i, name := range names {
		same(p.T, name, got[i], captured(p.T, name))
	}
}

func (p *played) hook(topic string) {
	p.Helper()
	name := "00-ping--ping"
	id, err := p.AddHook(topic, p.heard.url+"/hooks", secret)
	if err != nil {
		p.Fatal(err)
	}
	if got := p.heard.all(); len(got) != 1 {
		p.Fatalf("%d pings", len(got))
	} else if id == 1 {
		same(p.T, name, got[0], captured(p.T, name))
	}
}

// TestCaptured holds the deliveries of the fake to those of a real shop.
func TestCaptured(t *testing.T) {
	p := play(t)
	for _, topic := range []string{
		"product.created", "product.updated", "product.deleted", "product.restored", "order.created", "order.updated", "order.deleted", "order.restored",
		"customer.created", "customer.updated", "customer.deleted", "coupon.created", "coupon.updated", "coupon.deleted", "coupon.restored",
	} {
		p.hook(topic)
	}
	p.SetHookStatus(5, "paused") // orders are another test's
	p.SetHookStatus(6, "paused")
	furniture := p.AddCategory("Möbel & Décor", 0)
	tables := p.AddCategory("Couchtische", furniture)
	oak := p.AddTag("Eiche massiv")

	var table, shirt int
	p.step("12:13:36", func() {
		table = p.Create(Product{
			Name: "Couchtisch „Åse“ – Eiche 🪵 <em>massiv</em>", SKU: "ASE-01", Regular: "349.90", Sale: "299.00", ManageStock: true, Stock: 7,
			Description: "<h2>Über dieses Produkt</h2>\n<p>Massive Eiche, geölt. Maße: <strong>110 × 60 × 45&nbsp;cm</strong>.</p>\n<ul><li>Lieferung in 3–5 Tagen</li><li>Farbe: natur &amp; geölt</li></ul>\n" +
				"<script>alert(\"x\")</script><!-- wp:paragraph --><p>日本語テキスト — العربية — emoji 🚚</p><!-- /wp:paragraph -->[gallery ids=\"1,2\"]",
			Short: "Kleiner Tisch, <a href=\"https://example.com/pflege\">Pflegehinweise</a>", Weight: "18.5", Length: "110", Width: "60", Height: "45",
			Categories: []int{tables, furniture}, Tags: []int{oak}, Attributes: []Attribute{{Name: "Material", Options: []string{"Eiche", "Öl"}}},
			Meta: []Meta{{Key: "_care", Value: `"Nur feucht abwischen"`}, {Key: "nested", Value: `{"a":[1,2,{"b":"\u00fc"}]}`}},
		})
	}, "02-simple-created--product-created")
	edit := func(change func(*Product)) func() { return func() { p.Edit(table, change) } }
	p.step("12:13:40", edit(func(x *Product) { x.Regular, x.Stock = "329.90", 0 }), "03-simple-updated-price-stock--product-updated")
	p.step("12:13:46", func() {
		for n := 1; n <= 3; n++ {
			p.Edit(table, func(x *Product) { x.Stock = n })
		}
	}, "04-three-updates-burst--product-updated")
	p.step("12:13:50", func() { p.SetStatus(table, "draft") }, "05-to-draft--product-updated")
	p.step("12:13:56", func() { p.SetStatus(table, "private") }, "06-to-private--product-updated")
	p.step("12:14:00", edit(func(x *Product) { x.Status, x.Visibility = "publish", "hidden" }), "07-hidden--product-updated")
	p.step("12:14:04", edit(func(x *Product) { x.Visibility = "visible" }), "08-visible--product-updated")
	p.step("12:14:11", func() { p.Trash(table) }, "09-trashed--coupon-deleted", "09-trashed--product-deleted")
	p.step("12:14:14", func() { p.Restore(table) }, "10-untrashed--coupon-restored", "10-untrashed--product-restored")
	p.step("12:14:21", edit(func(*Product) {}), "11-republished--product-updated")
	p.step("12:14:25", func() {
		shirt = p.Create(Product{
			Type: "variable", Name: "T-Shirt «Café» ☕", SKU: "TS", Description: "100&nbsp;% Bio-Baumwolle",
			Attributes: []Attribute{{Name: "Größe", Options: []string{"S", "M", "L"}, Variation: true}, {Name: "Farbe", Options: []string{"Rot", "Türkis"}, Variation: true}},
		})
	}, "12-variable-created-no-variations--product-created")
	for i, v := range []struct{ clock, size, colour, name string }{
		{"12:14:30", "S", "Rot", "13-variations-batch-created--product-created"},
		{"12:14:31", "S", "Türkis", "13-variations-batch-created--product-created-030"},
		{"12:14:31", "M", "Rot", "13-variations-batch-created--product-created-031"},
		{"12:14:31", "M", "Türkis", "13-variations-batch-created--product-created-032"},
		{"12:14:32", "L", "Rot", "13-variations-batch-created--product-created-033"},
		{"12:14:32", "L", "Türkis", "13-variations-batch-created--product-created-034"},
	} {
		p.step(v.clock, func() {
			id := p.AddVariation(shirt, Variation{Options: [][2]string{{"Größe", v.size}, {"Farbe", v.colour}}, Description: v.size + " " + v.colour, SKU: "TS-" + v.size + "-" + v.colour, Regular: "19.90", ManageStock: true, Stock: 3})
			if id != 12+i {
				t.Fatalf("variation %d, want %d", id, 12+i)
			}
		}, v.name)
	}
	p.step("12:14:38", func() { p.EditVariation(12, func(v *Variation) { v.Regular, v.Stock = "24.90", 0 }) }, "14-variation-updated--product-updated")
	p.step("12:14:45", func() { p.DeleteVariation(12) })
	p.step("12:14:48", func() { p.Create(Product{Type: "grouped", Name: "Bundle", Grouped: []int{table, shirt}}) }, "16-grouped-created--product-created")
	p.step("12:14:53", func() {
		p.Create(Product{Type: "external", Name: "Affiliate", ExternalURL: "https://example.org/x?a=1&b=2", ButtonText: "Kaufen"})
	}, "17-external-created--product-created")
	p.step("12:14:58", func() { p.Create(Product{Name: "Draft product", Status: "draft", Regular: "1"}) }, "18-draft-created--product-created")
	p.step("12:15:02", func() { p.ForceDelete(19) })
	p.step("12:15:07", func() {
		p.Create(Product{Name: "Batch A", Regular: "5"})
		p.Create(Product{Name: "Batch B", Regular: "6"})
	}, "20-batch--product-created", "20-batch--product-created-040")
	p.step("12:15:08", func() {
		p.Edit(table, func(x *Product) { x.Name = "Couchtisch Åse II" })
		p.Edit(18, func(x *Product) { x.Name = "Bundle 2" })
	}, "20-batch--product-updated", "20-batch--product-updated-042")
	p.step("12:15:13", func() { p.RenameCategory(furniture, "Möbel (neu)") })
	p.step("12:15:22", func() { p.Order(table, 2) }, "23-order-created--product-updated")
	// The captured order was deleted afterwards, and its sale with it.
	p.step("12:15:38", func() { p.products[table].sales = 0; p.Review(table) }, "27-review-created--product-updated")
	p.step("12:18:20", func() {
		p.lastID = 49
		p.Edit(table, func(x *Product) {
			x.Password, x.MenuOrder = "geheim", 1
			x.Images = []Image{{File: "2026/11/oak-tisch-a.png", Name: "Eiche", Alt: "Tisch aus Eiche", Width: 640, Height: 480, id: 50, made: at("12:18:00")}}
		})
	}, "29-with-image-and-password--product-updated")
	p.step("12:18:23", edit(func(x *Product) { x.Password = "" }), "30-password-removed--product-updated")
	p.step("12:18:27", edit(func(x *Product) { x.Published = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) }), "31-scheduled-future--product-updated")
	p.step("12:18:31", edit(func(x *Product) {
		x.Status, x.Published = "publish", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		x.Meta = append(x.Meta, Meta{Key: "_wp_old_date", Value: `"2027-01-01"`, id: 946})
	}), "32-published-again--product-updated")
	p.heard.status = 500
	for i, clock := range []string{"12:18:34", "12:18:38", "12:18:41", "12:18:45", "12:18:48", "12:18:51", "12:18:55"} {
		if h := p.Hooks()[1]; h.Status != "active" || h.FailureCount != i {
			t.Errorf("before failure %d: %+v", i+1, h)
		}
		p.step(clock, edit(func(x *Product) { x.MenuOrder = i }), fmt.Sprintf("33-fail-%d--product-updated", i))
	}
	if h := p.Hooks()[1]; h.Status != "disabled" {
		t.Errorf("after the seventh failure: %+v", h)
	}
	p.step("12:18:58", edit(func(*Product) {}))
	p.SetHookStatus(2, "active")
	p.heard.status = 410
	p.step("12:19:00", edit(func(x *Product) { x.MenuOrder = 50 }), "34-410--product-updated")
	if h := p.Hooks()[1]; h.Status != "disabled" {
		t.Errorf("after one more failure: %+v", h)
	}
}
