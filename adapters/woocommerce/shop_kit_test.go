package woocommerce_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/fakes/wooshop"
)

// connections keeps one connection; it seals nothing.
type connections struct {
	mu   sync.Mutex
	conn ingestion.Connection
}

func (c *connections) Connection(_ context.Context, s tenant.Scope) (ingestion.Connection, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s != site || c.conn.URL == "" {
		return ingestion.Connection{}, ports.ErrNotFound
	}
	return c.conn, nil
}

func (c *connections) SaveConnection(_ context.Context, _ tenant.Scope, conn ingestion.Connection) (ingestion.Connection, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if conn.Version != c.conn.Version {
		return conn, ports.ErrConflict
	}
	conn.Version++
	c.conn = conn
	return conn, nil
}

func (c *connections) RemoveConnection(context.Context, tenant.Scope) error { return nil }

// sealer marks what is sealed, so that it can be told from what is not.
type sealer struct{}

func (sealer) Seal(purpose string, plain []byte) (string, error) {
	return "sealed for " + purpose + "|" + string(plain), nil
}

func (sealer) Open(purpose, sealed string) ([]byte, error) {
	plain, ok := strings.CutPrefix(sealed, "sealed for "+purpose+"|")
	if !ok {
		return nil, ports.ErrNotFound
	}
	return []byte(plain), nil
}

func (sealer) Current(string) bool { return true }

// market is a fake shop that is connected.
type market struct {
	*testing.T
	*wooshop.Shop
	conns *connections
	shops *woocommerce.Shops
	key   ingestion.Credentials
}

func credentials(k wooshop.Key) ingestion.Credentials {
	return ingestion.Credentials{Key: ingestion.NewSecret(k.Key), Secret: ingestion.NewSecret(k.Secret)}
}

// newMarket opens a shop; it is connected under its own address.
func newMarket(t *testing.T, o wooshop.Options, change func(*woocommerce.Config)) *market {
	t.Helper()
	if o.Began.IsZero() && o.Now == nil {
		o.Began = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	}
	shop := wooshop.New(o)
	m := &market{T: t, Shop: shop, conns: &connections{}, key: credentials(shop.AddKey("read_write"))}
	cfg := woocommerce.Config{
		Connections: m.conns, Sealer: sealer{}, Client: &http.Client{Transport: shop.Transport()}, Now: shop.Now,
		FAQs: html.New().FAQs, Page: 10,
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	if m.shops, err = woocommerce.NewShops(cfg); err != nil {
		t.Fatal(err)
	}
	auth := ingestion.OAuth1
	if strings.HasPrefix(shop.URL(), "https") {
		auth = ingestion.Basic
	}
	sealed, err := sealer{}.Seal(ingestion.KeyPurpose(site.Site), m.key.Plain())
	if err != nil {
		t.Fatal(err)
	}
	m.conns.conn = ingestion.Connection{
		URL: shop.URL(), Auth: auth, PlainPermalinks: o.PlainPermalinks, Key: sealed, Currency: "EUR", Exponent: 2, WeightUnit: "kg", DimensionUnit: "cm", Version: 1,
	}
	return m
}

func (m *market) shop() ports.Shop {
	m.Helper()
	s, err := m.shops.Shop(m.Context(), site)
	if err != nil {
		m.Fatal(err)
	}
	return s
}

// feed reads a feed from a cursor to its end.
func (m *market) feed(name string, since catalog.Cursor) ([]catalog.Change, catalog.Cursor) {
	m.Helper()
	source, err := m.shop().Source(name)
	if err != nil {
		m.Fatal(err)
	}
	var out []catalog.Change
	next, err := source.Changes(m.Context(), site, since, func(c catalog.Change) error {
		out = append(out, c)
		return nil
	})
	if err != nil {
		m.Fatal(err)
	}
	return out, next
}

// names says what changes are about: product:10, deleted:11, rejected:12.
func names(changes []catalog.Change) []string {
	var out []string
	for _, c := range changes {
		switch {
		case c.Product != nil:
			out = append(out, "product:"+c.Product.ID)
		case c.Page != nil:
			out = append(out, "page:"+c.Page.ID)
		case c.FAQ != nil:
			out = append(out, "faq:"+c.FAQ.ID)
		case c.Deleted != nil:
			out = append(out, "deleted:"+c.Deleted.ID)
		case c.Rejected != nil:
			out = append(out, "rejected:"+c.Rejected.ID)
		}
	}
	return out
}

// mugs makes n products of a shop and returns their names in a feed.
func (m *market) mugs(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprint("product:", m.Create(wooshop.Product{Name: fmt.Sprint("Mug ", i), Regular: "12.50"})))
	}
	return out
}

func (m *market) variable(n int) int {
	id := m.Create(wooshop.Product{
		Type: "variable", Name: "Shirt", Attributes: []wooshop.Attribute{{Name: "Size", Options: []string{"S", "M"}, Variation: true}},
	})
	for i := range n {
		m.AddVariation(id, wooshop.Variation{Options: [][2]string{{"Size", []string{"S", "M"}[i%2]}}, Regular: fmt.Sprint(10 + i), SKU: fmt.Sprint("S-", id, "-", i)})
	}
	return id
}

func wantNames(t *testing.T, what string, got []catalog.Change, want []string) {
	t.Helper()
	if list := names(got); !slices.Equal(list, want) {
		t.Errorf("%s: got %v, want %v", what, list, want)
	}
}

// feedOf reads a list of pages, as a shop that has just them answers it.
func feedOf(t *testing.T, items []json.RawMessage) []catalog.Change {
	t.Helper()
	body, err := json.Marshal(items)
	if err != nil {
		t.Fatal(err)
	}
	shop := answering(t, nil, func(r *http.Request) (*http.Response, error) { return reply(http.StatusOK, string(body), ""), nil })
	source, err := shop.Source(ports.FeedPages)
	if err != nil {
		t.Fatal(err)
	}
	var out []catalog.Change
	if _, err := source.Changes(t.Context(), site, "", func(c catalog.Change) error {
		out = append(out, c)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// answering returns a shop whose answers a function gives.
func answering(t *testing.T, change func(*woocommerce.Config), answer roundTrip) ports.Shop {
	t.Helper()
	cfg := woocommerce.Config{Connections: &connections{}, Sealer: sealer{}, Client: &http.Client{Transport: answer}, Now: time.Now}
	if change != nil {
		change(&cfg)
	}
	shops, err := woocommerce.NewShops(cfg)
	if err != nil {
		t.Fatal(err)
	}
	key := ingestion.Credentials{Key: ingestion.NewSecret("ck_very_secret"), Secret: ingestion.NewSecret("cs_very_secret")}
	return shops.Connected(ingestion.Connection{URL: "https://shop.example.com", Auth: ingestion.Basic, Currency: "EUR", Exponent: 2}, key)
}

func reply(status int, body, contentType string) *http.Response {
	if contentType == "" {
		contentType = "application/json; charset=UTF-8"
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(body))}
}
