package woocommerce_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/fakes/wooshop"
	"github.com/aiwoochat/woochat/test/porttest"
)

// kindsOfShops are the ways in which shops answer.
var kindsOfShops = map[string]wooshop.Options{
	"tls":                 {TLS: true},
	"plain http":          {URL: "http://shop.example.com:8088"},
	"plain permalinks":    {TLS: true, PlainPermalinks: true},
	"plain, both":         {URL: "http://shop.example.com", PlainPermalinks: true},
	"subdirectory":        {TLS: true, URL: "https://shop.example.com/de/laden"},
	"subdirectory, plain": {URL: "http://shop.example.com/laden", PlainPermalinks: true},
	"header stripped":     {TLS: true, StripsAuthorization: true},
}

// What a shop shows comes whatever the shop is like, and a shop that is probed
// is found out.
func TestKindsOfShops(t *testing.T) {
	for name, o := range kindsOfShops {
		t.Run(name, func(t *testing.T) {
			o.Currency, o.Decimals, o.WeightUnit, o.DimensionUnit = "KWD", 3, "lbs", "in"
			m := newMarket(t, o, nil)
			want := m.mugs(25)
			shirt := m.variable(12)
			want = append(want, fmt.Sprint("product:", shirt))
			conn, err := m.shops.Probe(t.Context(), m.URL()+"/", m.key)
			if err != nil {
				t.Fatal(err)
			}
			auth := ingestion.OAuth1
			switch {
			case o.StripsAuthorization:
				auth = ingestion.Query
			case o.TLS:
				auth = ingestion.Basic
			}
			if want := (ingestion.Connection{URL: m.URL(), Auth: auth, PlainPermalinks: o.PlainPermalinks, Write: true, Currency: "KWD", Exponent: 3, WeightUnit: "lbs", DimensionUnit: "in"}); !equalConnections(conn, want) {
				t.Errorf("probed %+v, want %+v", conn, want)
			}
			conn.Key, conn.Version = m.conns.conn.Key, m.conns.conn.Version
			m.conns.conn = conn
			got, _ := m.feed(ports.FeedProducts, "")
			wantNames(t, "feed", got, want)
			if p := got[len(got)-1].Product; len(p.ShownVariations()) != 12 || p.Variations[0].Offer.Regular.String() != "10.000 KWD" {
				t.Errorf("variations %+v", p.Variations)
			}
		})
	}
}

func equalConnections(a, b ingestion.Connection) bool {
	return fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", b)
}

// A key of one kind is found out, and nothing of the shop is changed.
func TestProbeKeys(t *testing.T) {
	m := newMarket(t, wooshop.Options{TLS: true}, nil)
	m.mugs(1)
	conn, err := m.shops.Probe(t.Context(), m.URL(), credentials(m.AddKey("read")))
	if err != nil || conn.Write {
		t.Errorf("a key that reads: write %v, %v", conn.Write, err)
	}
	if len(m.Hooks()) != 0 {
		t.Error("probing made a webhook")
	}
	revoked := m.AddKey("read_write")
	m.RevokeKey(revoked)
	unknown := ingestion.Credentials{Key: ingestion.NewSecret("ck_unknown"), Secret: ingestion.NewSecret("cs_unknown")}
	for what, key := range map[string]ingestion.Credentials{"revoked": credentials(revoked), "unknown": unknown} {
		_, err := m.shops.Probe(t.Context(), m.URL(), key)
		wantShopError(t, what, err, ports.ErrInvalid, "does not take the REST key", m.key, key)
	}
	poor := m.AddKey("read")
	m.DisownKey(poor, true)
	_, err = m.shops.Probe(t.Context(), m.URL(), credentials(poor))
	wantShopError(t, "no rights", err, ports.ErrInvalid, "Shop manager", credentials(poor))
	_, err = m.shops.Probe(t.Context(), m.URL(), ingestion.Credentials{Key: ingestion.NewSecret("hello")})
	wantShopError(t, "no key", err, ports.ErrInvalid, "ck_")
}

// wantShopError checks an error of a shop, and that it holds no key.
func wantShopError(t *testing.T, what string, err, matches error, says string, keys ...ingestion.Credentials) *ports.ShopError {
	t.Helper()
	var of *ports.ShopError
	if !errors.As(err, &of) || !errors.Is(err, matches) || !strings.Contains(of.Reason, says) {
		t.Errorf("%s: %v (%T), want a ShopError that matches %v and says %q", what, err, err, matches, says)
		return &ports.ShopError{}
	}
	for _, k := range keys {
		text := fmt.Sprintf("%v %+v %#v", err, *of, *of)
		if strings.Contains(text, k.Key.Reveal()) || strings.Contains(text, k.Secret.Reveal()) {
			t.Errorf("%s: the error holds a key: %s", what, text)
		}
	}
	return of
}

func TestProbeAddresses(t *testing.T) {
	m := newMarket(t, wooshop.Options{TLS: true, URL: "https://shop.example.com/laden"}, nil)
	m.mugs(1)
	for _, address := range []string{
		"https://shop.example.com/laden", "https://SHOP.example.com/laden/", "shop.example.com/laden", "https://shop.example.com/laden/wp-json/wc/v3",
		"https://shop.example.com/laden/wp-admin/admin.php?page=wc-settings", " https://shop.example.com/laden/#top ", "https://shop.example.com/laden/index.php",
	} {
		if conn, err := m.shops.Probe(t.Context(), address, m.key); err != nil || conn.URL != m.URL() {
			t.Errorf("%q: %q, %v", address, conn.URL, err)
		}
	}
	for _, address := range []string{"", "ftp://shop.example.com", "https://", "https://user:pw@shop.example.com/laden", "javascript:alert(1)", "https://[::1"} {
		_, err := m.shops.Probe(t.Context(), address, m.key)
		wantShopError(t, address, err, ports.ErrInvalid, "is not the address of a shop")
	}
	_, err := m.shops.Probe(t.Context(), "https://shop.example.com/other", m.key)
	wantShopError(t, "another path", err, ports.ErrInvalid, "no REST API")
}

// A shop that has moved is found where it is now; the key is sent only there,
// and later redirects are not followed.
func TestRedirects(t *testing.T) {
	m := newMarket(t, wooshop.Options{TLS: true, URL: "https://www.shop.example.com"}, nil)
	m.mugs(1)
	var strangers []*http.Request
	moved := roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host == "www.shop.example.com" {
			return m.Transport().RoundTrip(r)
		}
		strangers = append(strangers, r)
		to := *r.URL
		to.Host = "www.shop.example.com"
		return &http.Response{StatusCode: http.StatusMovedPermanently, Header: http.Header{"Location": {to.String()}}, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
	})
	shops, err := woocommerce.NewShops(woocommerce.Config{Connections: m.conns, Sealer: sealer{}, Client: &http.Client{Transport: moved}, Now: m.Now})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := shops.Probe(t.Context(), "https://shop.example.com", m.key)
	if err != nil || conn.URL != "https://www.shop.example.com" {
		t.Fatalf("%q, %v", conn.URL, err)
	}
	m.conns.conn.URL = "https://shop.example.com"
	m.conns.conn.Auth = ingestion.Query
	shop, err := shops.Shop(t.Context(), site)
	if err != nil {
		t.Fatal(err)
	}
	_, err = shop.Read(t.Context(), []string{"10"})
	wantShopError(t, "a shop that leads elsewhere", err, ports.ErrInvalid, "leads to https://www.shop.example.com/wp-json/wc/v3/products: connect the shop under that address", m.key)
	for _, r := range strangers[:1] {
		if r.Header.Get("Authorization") != "" || strings.Contains(r.URL.RawQuery, "ck_") {
			t.Errorf("a key was sent before it was known to whom: %s", r.URL.Path)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Bad weather: what each answer means, and that it names no key.
func TestWeather(t *testing.T) {
	for name, c := range map[string]struct {
		fault      wooshop.Fault
		matches    error
		says       string
		retryAfter time.Duration
	}{
		"maintenance":      {wooshop.Fault{Weather: wooshop.Maintenance}, ports.ErrUnavailable, "maintenance", -1},
		"coming soon":      {wooshop.Fault{Weather: wooshop.Coming}, ports.ErrUnavailable, "web page instead of data", -1},
		"busy":             {wooshop.Fault{Weather: wooshop.Busy, RetryAfter: 90 * time.Second}, ports.ErrUnavailable, "less often", 90 * time.Second},
		"busy until":       {wooshop.Fault{Weather: wooshop.Busy, RetryAfter: 2 * time.Minute, AsDate: true}, ports.ErrUnavailable, "less often", 2 * time.Minute},
		"overloaded":       {wooshop.Fault{Weather: wooshop.Overloaded, RetryAfter: 48 * time.Hour}, ports.ErrUnavailable, "maintenance", 24 * time.Hour},
		"overloaded, mute": {wooshop.Fault{Weather: wooshop.Overloaded}, ports.ErrUnavailable, "maintenance", 0},
		"refused":          {wooshop.Fault{Weather: wooshop.Refused}, ports.ErrInvalid, "let the path /wp-json/wc/ through", -1},
		"crashed":          {wooshop.Fault{Weather: wooshop.Crashed}, ports.ErrUnavailable, "500", -1},
		"gone":             {wooshop.Fault{Weather: wooshop.Gone}, ports.ErrUnavailable, "breaks off", -1},
	} {
		for how, o := range map[string]wooshop.Options{"tls": {TLS: true}, "http": {URL: "http://shop.example.com"}, "query": {TLS: true, StripsAuthorization: true}} {
			t.Run(name+" "+how, func(t *testing.T) {
				m := newMarket(t, o, nil)
				if how == "query" {
					m.conns.conn.Auth = ingestion.Query
				}
				m.mugs(3)
				shop := m.shop()
				m.Break(c.fault)
				source, err := shop.Source(ports.FeedProducts)
				if err != nil {
					t.Fatal(err)
				}
				for what, call := range map[string]func() error{
					"read": func() error { _, err := shop.Read(t.Context(), []string{"10", "11"}); return err },
					"light": func() error {
						_, _, err := shop.Light(t.Context(), "", true, func(catalog.Product) error { return nil })
						return err
					},
					"feed": func() error {
						_, err := source.Changes(t.Context(), site, "", func(catalog.Change) error { return nil })
						return err
					},
					"probe": func() error { _, err := m.shops.Probe(t.Context(), m.URL(), m.key); return err },
				} {
					of := wantShopError(t, what, call(), c.matches, c.says, m.key)
					if c.retryAfter >= 0 && (of.RetryAfter < c.retryAfter-time.Second || of.RetryAfter > c.retryAfter) {
						t.Errorf("%s: retry after %v, want %v", what, of.RetryAfter, c.retryAfter)
					}
				}
				m.Heal()
				if got, err := shop.Read(t.Context(), []string{"10"}); err != nil || len(got) != 1 {
					t.Errorf("afterwards: %v, %v", got, err)
				}
			})
		}
	}
}

// An answer by HTTP/1.0, which ends with its connection.
func TestOldHTTP(t *testing.T) {
	shop, err := wooshop.Start(wooshop.Options{Began: time.Now()}, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shop.Close() })
	shop.Create(wooshop.Product{Name: "Mug", Regular: "12.50"})
	key := credentials(shop.AddKey("read"))
	shops, err := woocommerce.NewShops(woocommerce.Config{Connections: &connections{}, Sealer: sealer{}, Client: &http.Client{}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	shop.Break(wooshop.Fault{Weather: wooshop.Old})
	conn, err := shops.Probe(t.Context(), shop.URL(), key)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := shops.Connected(conn, key).Read(t.Context(), []string{"10"}); err != nil || got[0].Product == nil || got[0].Product.Name != "Mug" {
		t.Errorf("%v, %v", got, err)
	}
	shop.Break(wooshop.Fault{Weather: wooshop.Torn})
	_, err = shops.Connected(conn, key).Read(t.Context(), []string{"10"})
	wantShopError(t, "torn", err, ports.ErrUnavailable, "breaks off", key)
}

func TestShopsNotConnected(t *testing.T) {
	m := newMarket(t, wooshop.Options{TLS: true}, nil)
	other := tenant.Scope{Tenant: site.Tenant, Site: "site_other"}
	if _, err := m.shops.Shop(t.Context(), other); !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("another site: %v", err)
	}
	sealed := m.conns.conn.Key
	for key, want := range map[string]error{"": ports.ErrNotFound, "sealed for something else|x": ports.ErrInvalid, strings.Split(sealed, "|")[0] + "|junk": ports.ErrInvalid} {
		m.conns.conn.Key = key
		if _, err := m.shops.Shop(t.Context(), site); !errors.Is(err, want) {
			t.Errorf("key %q: %v", key, err)
		}
		if _, err := m.shops.Hooks(t.Context(), site); !errors.Is(err, want) {
			t.Errorf("hooks with key %q: %v", key, err)
		}
	}
	m.conns.conn.Key = sealed
	// Connected by consent, and nobody has looked yet how it takes its key.
	how := m.conns.conn.Auth
	m.conns.conn.Auth = 0
	if _, err := m.shops.Shop(t.Context(), site); !errors.Is(err, ports.ErrConflict) {
		t.Errorf("no way to send the key: %v", err)
	}
	if _, err := m.shops.Refresh(t.Context(), site); !errors.Is(err, ports.ErrConflict) {
		t.Errorf("refresh with no way to send the key: %v", err)
	}
	m.conns.conn.Auth = how
	// A key is not sent in clear, whatever is stored.
	m.conns.conn.URL = "http://shop.example.com"
	_, err := m.shop().Read(t.Context(), []string{"10"})
	wantShopError(t, "basic over http", err, ports.ErrInvalid, "not https", m.key)
	if len(m.Asked()) != 0 {
		t.Error("it was asked")
	}
	if _, err := woocommerce.NewShops(woocommerce.Config{}); err == nil || !strings.Contains(err.Error(), "Connections") || !strings.Contains(err.Error(), "Now") {
		t.Errorf("nothing given: %v", err)
	}
}

// Permalinks are made plain, and later pretty again, after the shop was
// connected. The next Refresh notes it.
func TestPermalinksChange(t *testing.T) {
	m := newMarket(t, wooshop.Options{TLS: true}, nil)
	want := m.mugs(3)
	m.AddPage(wooshop.Page{Title: "About"})
	for _, plain := range []bool{false, true, false} {
		m.SetPlainPermalinks(plain)
		got, _ := m.feed(ports.FeedProducts, "")
		wantNames(t, "feed", got, want)
		if got[0].Product.URL == "" || strings.Contains(got[0].Product.URL, "?") != plain {
			t.Errorf("plain %v: a product's address is %s", plain, got[0].Product.URL)
		}
		if pages, _ := m.feed(ports.FeedPages, ""); len(pages) != 1 {
			t.Errorf("plain %v: %d pages", plain, len(pages))
		}
		if changed, err := m.shops.Refresh(t.Context(), site); err != nil || changed && plain {
			t.Errorf("plain %v: changed %v, %v", plain, changed, err)
		}
		if c := m.conns.conn; plain && !c.PlainPermalinks {
			t.Error("that they are plain is not stored")
		}
	}
	m.SetPlainPermalinks(true)
	m.RevokeKey(wooshop.Key{Key: m.key.Key.Reveal()})
	conn := m.conns.conn
	conn.PlainPermalinks = false
	m.conns.conn = conn
	if _, err := m.shop().Read(t.Context(), []string{"1"}); err == nil || !strings.Contains(err.Error(), "does not take the REST key") {
		t.Errorf("%v, want what the shop says where its API is", err)
	}
}

func TestRefresh(t *testing.T) {
	m := newMarket(t, wooshop.Options{TLS: true, Currency: "JPY", Decimals: -1}, nil)
	if changed, err := m.shops.Refresh(t.Context(), site); err != nil || !changed {
		t.Errorf("changed %v, %v", changed, err)
	}
	if c := m.conns.conn; c.Currency != "JPY" || c.Exponent != 0 || c.Version != 2 {
		t.Errorf("stored %+v", c)
	}
	if changed, err := m.shops.Refresh(t.Context(), site); err != nil || changed || m.conns.conn.Version != 2 {
		t.Errorf("again: changed %v, %v", changed, err)
	}
}

// Read returns what each id is now, in the order of the ids.
func TestRead(t *testing.T) {
	m := newMarket(t, wooshop.Options{TLS: true}, nil)
	m.mugs(30)
	shirt := m.variable(25)
	id := strconv.Itoa
	variation := m.Variations(shirt)[3]
	trashed, gone, draft, secret := m.Create(wooshop.Product{Name: "A"}), m.Create(wooshop.Product{Name: "B"}), m.Create(wooshop.Product{Name: "C", Status: "draft", Description: "not yet"}),
		m.Create(wooshop.Product{Name: "D", Password: "hush", Description: "for friends"})
	m.Trash(trashed)
	m.ForceDelete(gone)
	var ids []string
	for i := range 30 {
		ids = append(ids, id(39-i))
	}
	ids = append(ids, id(variation), id(trashed), id(gone), id(draft), id(secret), "sku-1", "0", "-3", "007", "99999999999999999999", "", id(shirt), "12")
	got, err := m.shop().Read(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 30 {
		want = append(want, fmt.Sprint("product:", 39-i))
	}
	parent := "product:" + id(shirt)
	want = append(want, parent, "deleted:"+id(trashed), "deleted:"+id(gone), "product:"+id(draft), "product:"+id(secret),
		"deleted:sku-1", "deleted:0", "deleted:-3", "deleted:007", "deleted:99999999999999999999", "deleted:", parent, "product:12")
	wantNames(t, "read", got, want)
	for i, c := range got {
		if c.Read.IsZero() {
			t.Errorf("%s: no time", want[i])
		}
		if p := c.Product; p != nil && (p.ID == id(draft) || p.ID == id(secret)) && (p.Shown() || p.Description != "") {
			t.Errorf("shown: %+v", p)
		}
	}
	if p := got[30].Product; len(p.ShownVariations()) != 25 || p.Variations[3].ID != id(variation) {
		t.Errorf("%d variations", len(p.ShownVariations()))
	}
	// The variations of a draft are of no concern, whatever they call themselves.
	m.SetStatus(shirt, "draft")
	if got, err = m.shop().Read(t.Context(), []string{id(variation)}); err != nil || got[0].Product == nil || got[0].Product.Shown() || got[0].Product.ID != id(shirt) {
		t.Errorf("variation of a draft: %+v, %v", got, err)
	}
	if got, err = m.shop().Read(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("nothing asked: %v, %v", got, err)
	}
	m.RevokeKey(wooshop.Key{Key: m.key.Key.Reveal(), Secret: m.key.Secret.Reveal(), Permissions: "read_write"})
	_, err = m.shop().Read(t.Context(), []string{"12"})
	wantShopError(t, "revoked", err, ports.ErrInvalid, "does not take the REST key", m.key)
}

// The shop is edited while it is read, page by page: whatever is there all the
// time comes, and nothing keeps the feed from its end.
func TestFeedUnderEdits(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		m := newMarket(t, wooshop.Options{TLS: true, Seed: seed}, func(c *woocommerce.Config) { c.Page = 5 + int(seed%4) })
		m.mugs(60)
		var trash []int
		for range 10 {
			id := m.IDs()[r.IntN(len(m.IDs()))]
			m.Trash(id)
			trash = append(trash, id)
		}
		there := map[string]bool{}
		for _, c := range names(first(m.feed(ports.FeedProducts, ""))) {
			there[c] = true
		}
		source, err := m.shop().Source(ports.FeedProducts)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		cursor, stop := catalog.Cursor(""), errors.New("stop")
		for done := false; !done; {
			n, most := 0, 1+r.IntN(12)
			cursor, err = source.Changes(t.Context(), site, cursor, func(c catalog.Change) error {
				if n == most {
					return stop
				}
				n++
				seen["product:"+c.Product.ID]++
				return nil
			})
			if err != nil && !errors.Is(err, stop) {
				t.Fatalf("seed %d: %v", seed, err)
			}
			done = err == nil
			switch r.IntN(3) {
			case 0: // goes
				id := m.IDs()[r.IntN(len(m.IDs()))]
				delete(there, fmt.Sprint("product:", id))
				if r.IntN(2) == 0 {
					m.ForceDelete(id)
				} else {
					m.Trash(id)
				}
			case 1: // comes back, before the place or behind it
				m.Restore(trash[r.IntN(len(trash))])
			case 2:
				m.mugs(1)
			}
		}
		for name := range there {
			if seen[name] == 0 {
				t.Errorf("seed %d: %s was left out", seed, name)
			}
		}
	}
}

func atoi(name string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(name, "product:"))
	if err != nil {
		panic(err)
	}
	return n
}

func first[A, B any](a A, _ B) A { return a }

// What was modified comes with the next reading, also if a thousand things were
// modified in one second, and what came before is not read for ever.
func TestFeedModified(t *testing.T) {
	m := newMarket(t, wooshop.Options{TLS: true}, nil)
	all := m.mugs(35)
	m.Advance(time.Hour)
	got, cursor := m.feed(ports.FeedProducts, "")
	wantNames(t, "first", got, all)
	m.Advance(time.Hour)
	for _, id := range m.IDs()[5:30] {
		m.Edit(id, func(p *wooshop.Product) { p.Regular = "9" })
	}
	got, cursor = m.feed(ports.FeedProducts, cursor)
	wantNames(t, "edited in one second", got, all[5:30])
	// Edited after the last page was answered, but in the same second.
	m.Edit(m.IDs()[7], func(p *wooshop.Product) { p.Regular = "8" })
	got, cursor = m.feed(ports.FeedProducts, cursor)
	if i := slices.Index(names(got), all[7]); i < 0 || got[i].Product.Offer.Regular.Minor != 800 {
		t.Errorf("edited in the second of the last reading: got %v", names(got))
	}
	m.Advance(time.Hour)
	_, cursor = m.feed(ports.FeedProducts, cursor)
	got, cursor = m.feed(ports.FeedProducts, cursor)
	wantNames(t, "nothing", got, nil)
	m.Advance(time.Minute)
	got, _ = m.feed(ports.FeedProducts, cursor)
	wantNames(t, "nothing yet", got, nil)
	for _, bad := range []catalog.Cursor{"csv1:x:1", "wc1:1:2:3", "wc1:a:b:c:d", "wc1:-1:0:0:0", "x"} {
		source, err := m.shop().Source(ports.FeedProducts)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := source.Changes(t.Context(), site, bad, nil); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
	if _, err := m.shop().Source("orders"); !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("another feed: %v", err)
	}
}

func TestFeedSuite(t *testing.T) {
	porttest.DocumentSource(t, func(t *testing.T) porttest.SourceUnderTest {
		m := newMarket(t, wooshop.Options{TLS: true}, func(c *woocommerce.Config) { c.Page = 3 })
		m.mugs(8)
		m.variable(4)
		broken := m.mugs(1)[0]
		m.Edit(atoi(broken), func(p *wooshop.Product) { p.Regular = "12 euros" })
		m.mugs(3)
		source, err := m.shop().Source(ports.FeedProducts)
		if err != nil {
			t.Fatal(err)
		}
		return porttest.SourceUnderTest{DocumentSource: source, Scope: site}
	})
}

// A light read says what a full one says, but for texts and pictures.
func TestLight(t *testing.T) {
	m := newMarket(t, wooshop.Options{TLS: true, Seed: 7}, nil)
	r := rand.New(rand.NewPCG(7, 7))
	for range 300 {
		m.RandomEdit(r)
	}
	full := map[string]catalog.Product{}
	for _, c := range first(m.feed(ports.FeedProducts, "")) {
		if c.Product != nil {
			full[c.Product.ID] = *c.Product
		}
	}
	asOf := m.Now()
	for _, offers := range []bool{true, false} {
		var last int
		n, cursor, done := 0, catalog.Cursor(""), false
		asked := len(m.Asked())
		for pages := 0; !done; pages++ {
			if pages > 100 {
				t.Fatal("no end")
			}
			var err error
			cursor, done, err = m.shop().Light(t.Context(), cursor, offers, func(p catalog.Product) error {
				n++
				id, err := strconv.Atoi(p.ID)
				if err != nil || id <= last {
					t.Errorf("product %s after %d", p.ID, last)
				}
				last = id
				want := full[p.ID]
				if p.Shown() != want.Shown() || p.Status != want.Status || !p.Updated.Equal(want.Updated) {
					t.Errorf("product %s: %+v, want %+v", p.ID, p, want)
				}
				if p.Description != "" || len(p.Images) > 0 {
					t.Errorf("product %s is not light", p.ID)
				}
				facts := want.Facts(asOf)
				facts.ImageURL = ""
				if got := p.Facts(asOf); offers && fmt.Sprint(got) != fmt.Sprint(facts) {
					t.Errorf("product %s: %+v, want %+v", p.ID, got, facts)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if n != len(full) {
			t.Errorf("%d products, want %d", n, len(full))
		}
		if pages := len(m.Asked()) - asked; !offers && pages > n/9+2 {
			t.Errorf("%d requests for the ids of %d products", pages, n)
		}
	}
	if _, _, err := m.shop().Light(t.Context(), "csv1:", true, nil); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("another cursor: %v", err)
	}
}

func TestPages(t *testing.T) {
	m := newMarket(t, wooshop.Options{TLS: true}, nil)
	faq := m.AddPage(wooshop.Page{Title: "Shipping & returns", HTML: "<p>We ship daily.</p><details><summary>How long?</summary><p>Two days.</p></details>"})
	m.AddPage(wooshop.Page{Title: "Secret", HTML: "<p>x</p>", Password: "p"})
	m.AddPage(wooshop.Page{Title: "Draft", HTML: "<p>x</p>", Status: "draft"})
	cart := m.AddPage(wooshop.Page{Title: "Cart", HTML: `<div class="wp-block-woocommerce-cart"><p>Your cart is currently empty!</p></div>`})
	post := m.AddPage(wooshop.Page{Title: "News", HTML: "<p>Open again.</p>", Post: true})
	got, cursor := m.feed(ports.FeedPages, "")
	if len(got) < 2 || got[0].Page == nil || got[0].Page.Title != "Shipping & returns" || !got[0].Page.Shown() || got[1].FAQ == nil || got[1].FAQ.Question != "How long?" ||
		!strings.HasPrefix(got[1].FAQ.ID, strconv.Itoa(faq)+"#") {
		t.Errorf("pages %v: %+v", names(got), got[0].Page)
	}
	for _, c := range got {
		if c.Page != nil && c.Page.ID != strconv.Itoa(faq) && (c.Page.Shown() || c.Page.HTML != "") {
			t.Errorf("shown: %+v", c.Page)
		}
	}
	if !slices.Contains(names(got), "page:"+strconv.Itoa(cart)) {
		t.Error("the cart is not there at all: what is stored of it would stay")
	}
	posts, _ := m.feed(ports.FeedPosts, "")
	wantNames(t, "posts", posts, []string{"page:" + strconv.Itoa(post)})
	m.Advance(40 * time.Hour)
	_, cursor = m.feed(ports.FeedPages, cursor)
	m.EditPage(faq, func(p *wooshop.Page) { p.HTML = "<p>We ship weekly.</p>" })
	got, cursor = m.feed(ports.FeedPages, cursor)
	wantNames(t, "edited", got, []string{"page:" + strconv.Itoa(faq)})
	if got[0].Page.Locale != "" {
		t.Errorf("without a plugin for languages the page is in %q", got[0].Page.Locale)
	}
	m.Advance(40 * time.Hour)
	german := m.AddPage(wooshop.Page{Title: "Versand", HTML: "<p>Täglich.</p><details><summary>Wie lange?</summary><p>Zwei Tage.</p></details>", Lang: "de"})
	got, _ = m.feed(ports.FeedPages, cursor)
	got = got[max(0, len(got)-2):] // behind what is read again
	if len(got) != 2 || got[0].Page == nil || got[0].Page.ID != strconv.Itoa(german) || got[0].Page.Locale != "de" || got[1].FAQ == nil || got[1].FAQ.Locale != "de" {
		t.Errorf("a page in German: %v", names(got))
	}
	for _, a := range m.Asked() {
		if strings.Contains(a.Path, "wp/v2") && (a.Query.Has("consumer_key") || a.Query.Has("oauth_consumer_key")) {
			t.Error("a shop's key was sent to WordPress")
		}
	}
}

func TestHooks(t *testing.T) {
	for name, o := range kindsOfShops {
		t.Run(name, func(t *testing.T) {
			pinged := 0
			o.Transport = wooshop.HandlerTransport(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { pinged++ }))
			m := newMarket(t, o, nil)
			if o.StripsAuthorization {
				m.conns.conn.Auth = ingestion.Query
			}
			const url = "https://chat.example.com/api/ingestion/webhook/site_1"
			if _, err := m.AddHook("order.created", "https://elsewhere.example.com/", "x"); err != nil {
				t.Fatal(err)
			}
			hooks, err := m.shops.Hooks(t.Context(), site)
			if err != nil {
				t.Fatal(err)
			}
			secret := ingestion.NewSecret("a secret & more")
			saved, err := hooks.Save(t.Context(), ingestion.Hook{Topic: "product.updated", Delivery: url, Secret: secret})
			if err != nil || saved.ID == "" || !saved.Active || saved.Topic != "product.updated" || saved.Delivery != url || pinged != 2 {
				t.Fatalf("saved %+v, %v after %d pings", saved, err, pinged)
			}
			id, _ := strconv.Atoi(saved.ID)
			m.SetHookStatus(id, "disabled")
			list, err := hooks.Hooks(t.Context(), url)
			if err != nil || len(list) != 1 || list[0].ID != saved.ID || list[0].Active || list[0].Secret.Reveal() != "" {
				t.Errorf("list %+v, %v", list, err)
			}
			list[0].Secret = ingestion.NewSecret("another")
			if saved, err = hooks.Save(t.Context(), list[0]); err != nil || !saved.Active || len(m.Hooks()) != 2 {
				t.Errorf("changed %+v, %v", saved, err)
			}
			for _, h := range m.Hooks() {
				if h.ID == id && (h.Secret != "another" || h.Status != "active") {
					t.Errorf("the shop has %+v", h)
				}
			}
			for range 2 {
				if err := hooks.Remove(t.Context(), saved.ID); err != nil {
					t.Errorf("remove: %v", err)
				}
			}
			if list, err := hooks.Hooks(t.Context(), url); err != nil || len(list) != 0 || len(m.Hooks()) != 1 {
				t.Errorf("afterwards %v, %v", list, err)
			}
			if err := hooks.Remove(t.Context(), "../products/10"); !errors.Is(err, ports.ErrInvalid) {
				t.Errorf("a bad id: %v", err)
			}
			if _, err := hooks.Save(t.Context(), ingestion.Hook{ID: "x"}); !errors.Is(err, ports.ErrInvalid) {
				t.Errorf("a bad id: %v", err)
			}
			_, err = hooks.Save(t.Context(), ingestion.Hook{Topic: "nonsense", Delivery: url, Secret: secret})
			wantShopError(t, "bad topic", err, ports.ErrInvalid, "400", m.key, ingestion.Credentials{Key: secret, Secret: secret})
			reader := m.AddKey("read")
			m.conns.conn.Key, _ = sealer{}.Seal(ingestion.KeyPurpose(site.Site), credentials(reader).Plain())
			hooks, err = m.shops.Hooks(t.Context(), site)
			if err != nil {
				t.Fatal(err)
			}
			_, err = hooks.Save(t.Context(), ingestion.Hook{Topic: "product.updated", Delivery: url, Secret: secret})
			wantShopError(t, "a key that reads only", err, ports.ErrInvalid, "Read/Write", credentials(reader), ingestion.Credentials{Key: secret, Secret: secret})
		})
	}
}
