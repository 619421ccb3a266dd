package woocommerce_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/fakes/wooshop"
)

// giant is a description that is larger than is read.
var giant = strings.Repeat("A long story. ", 1<<14)

// day0 is when prices are looked at.
var day0 = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// price returns what a product costs as it was read, "none" without an offer.
func price(p *catalog.Product) string {
	if p == nil {
		return "unknown"
	}
	f := p.Facts(day0)
	if len(f.Offers) == 0 {
		return "none"
	}
	return fmt.Sprint(f.PriceRange(day0).Min.Minor)
}

// Whatever makes a product unreadable, it is known whether it is shown, and its
// price if that could be read: by a feed, by its id, and by a light read.
func TestWhatIsKnownOfProductsThatCannotBeRead(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(m *market, id int)
		price string // as it is known
	}{
		"a giant text":         {func(m *market, id int) { m.Edit(id, func(p *wooshop.Product) { p.Description = giant }) }, "1100"},
		"a text that breaks":   {func(m *market, id int) { m.BreakAt(id, "description") }, "1100"},
		"a price in words":     {func(m *market, id int) { m.Say(id, "regular_price", `"cheap"`) }, "none"},
		"a sale without end":   {func(m *market, id int) { m.Say(id, "date_on_sale_to_gmt", `"never"`) }, "none"},
		"broken terms":         {func(m *market, id int) { m.Say(id, "categories", `[{"name":{"en":"Mugs"}}]`) }, "none"},
		"a price that breaks":  {func(m *market, id int) { m.BreakAt(id, "regular_price") }, "none"},
		"a state that breaks":  {func(m *market, id int) { m.BreakAt(id, "status") }, "unknown"},
		"a visibility unheard": {func(m *market, id int) { m.Say(id, "catalog_visibility", `"vips"`) }, "hidden"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMarket(t, wooshop.Options{TLS: true}, func(c *woocommerce.Config) { c.MaxProduct = 128 << 10 })
			m.mugs(25)
			const id, text = 22, "22"
			m.Edit(id, func(p *wooshop.Product) { p.Regular = "11" })
			c.spoil(m, id)
			said := func(ch catalog.Change) string {
				switch {
				case ch.Product != nil && !ch.Product.Shown(), ch.Deleted != nil, ch.Rejected != nil && ch.Rejected.Known != nil && !ch.Rejected.Known.Shown():
					return "hidden"
				case ch.Rejected == nil || ch.Rejected.Kind != catalog.KindProduct:
					return fmt.Sprintf("%+v", ch)
				}
				return price(ch.Rejected.Known)
			}
			all, _ := m.feed(ports.FeedProducts, "")
			if len(all) != 25 {
				t.Fatalf("%d changes: %v", len(all), names(all))
			}
			if got := said(all[12]); got != c.price {
				t.Errorf("the feed says %s, want %s", got, c.price)
			}
			if c.price != "unknown" {
				got, err := m.shop().Read(t.Context(), []string{text})
				if err != nil || said(got[0]) != c.price {
					t.Errorf("read by its id it is %s, %v, want %s", said(got[0]), err, c.price)
				}
			}
			var light string
			for cursor, done := catalog.Cursor(""), false; !done; {
				var err error
				if cursor, done, err = m.shop().Light(t.Context(), cursor, true, func(p catalog.Product) error {
					switch {
					case p.ID != text:
					case p.Type == 0:
						light = "unknown"
					case !p.Shown():
						light = "hidden"
					default:
						light = price(&p)
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
			}
			if light != c.price {
				t.Errorf("lightly it is %s, want %s", light, c.price)
			}
			// What is hidden is no fault of the shop.
			if c.price == "unknown" {
				return
			}
			for status, hide := range map[string]func(){
				"private":  func() { m.SetStatus(id, "private") },
				"password": func() { m.SetStatus(id, "publish"); m.Edit(id, func(p *wooshop.Product) { p.Password = "hush" }) },
			} {
				hide()
				got, err := m.shop().Read(t.Context(), []string{text})
				if err != nil || said(got[0]) != "hidden" {
					t.Errorf("%s: read by its id it is %s, %v", status, said(got[0]), err)
				}
				if all, _ := m.feed(ports.FeedProducts, ""); said(all[12]) != "hidden" {
					t.Errorf("%s: the feed says %s", status, said(all[12]))
				}
			}
		})
	}
}

// A product of which no price can be trusted keeps its texts.
func TestAPriceThatCannotBeReadLeavesTheTexts(t *testing.T) {
	m := newMarket(t, wooshop.Options{TLS: true}, nil)
	id := m.Create(wooshop.Product{Name: "Mug", Description: "of blue enamel", Regular: "5"})
	m.Say(id, "sale_price", `"half of it"`)
	got, err := m.shop().Read(t.Context(), []string{strconv.Itoa(id)})
	if err != nil || got[0].Rejected == nil || got[0].Rejected.Known == nil || !strings.Contains(got[0].Rejected.Known.Description, "blue enamel") || price(got[0].Rejected.Known) != "none" {
		t.Errorf("%+v, %v", got, err)
	}
	// Without one of its variations a product has another price.
	shirt := m.variable(3)
	m.Say(m.Variations(shirt)[1], "regular_price", `"cheap"`)
	got, err = m.shop().Read(t.Context(), []string{strconv.Itoa(shirt)})
	if err != nil || got[0].Rejected == nil || price(got[0].Rejected.Known) != "none" {
		t.Errorf("%+v, %v", got, err)
	}
}

// An import passes products at which the shop breaks, in few requests.
func TestImportPassesProductsAtWhichTheShopBreaks(t *testing.T) {
	m := newMarket(t, wooshop.Options{TLS: true}, nil)
	want := m.mugs(60)
	ids := m.IDs()
	for i, at := range []int{0, 17, 18, 19, 30, 59} {
		if i%2 == 0 {
			m.BreakAt(ids[at])
		} else {
			m.BreakAt(ids[at], "description", "images")
		}
		want[at] = strings.Replace(want[at], "product", "rejected", 1)
	}
	m.BreakAt(ids[40], "id") // not even that
	before := len(m.Asked())
	got, next := m.feed(ports.FeedProducts, "")
	for i, name := range want {
		if i != 40 && strings.HasPrefix(name, "rejected") && names(got)[i] == "rejected:" {
			want[i] = "rejected:" // one of which nothing is told, not even its id
		}
	}
	want[40] = "rejected:"
	wantNames(t, "feed", got, want)
	if n := len(m.Asked()) - before; n > 150 {
		t.Errorf("it took %d requests", n)
	}
	// Variations at which it breaks, and what is read of it afterwards.
	shirt := m.variable(3)
	m.BreakAt(m.Variations(shirt)[1])
	got, _ = m.feed(ports.FeedProducts, next)
	if last := got[len(got)-1]; last.Rejected == nil || price(last.Rejected.Known) != "none" || !strings.Contains(last.Rejected.Reason, "breaks") {
		t.Errorf("the shirt: %+v", last)
	}
}

// A shop that gives nothing is away, and no product is to blame.
func TestAShopThatBreaksAtEverythingIsAway(t *testing.T) {
	for name, c := range map[string]struct {
		fields   []string
		requests int
	}{
		"at everything": {nil, 10},
		"at each text":  {[]string{"description"}, 250},
	} {
		m := newMarket(t, wooshop.Options{TLS: true}, nil)
		m.mugs(300)
		for _, id := range m.IDs()[5:] {
			m.BreakAt(id, c.fields...)
		}
		source, err := m.shop().Source(ports.FeedProducts)
		if err != nil {
			t.Fatal(err)
		}
		var got []catalog.Change
		visit := func(ch catalog.Change) error { got = append(got, ch); return nil }
		at, err := source.Changes(t.Context(), site, "", visit)
		wantShopError(t, name, err, ports.ErrUnavailable, "500")
		if len(got) > 5 || slices.ContainsFunc(got, func(ch catalog.Change) bool { return ch.Rejected != nil }) {
			t.Errorf("%s: %v", name, names(got))
		}
		before := len(m.Asked())
		next, err := source.Changes(t.Context(), site, at, visit)
		if n := len(m.Asked()) - before; !errors.Is(err, ports.ErrUnavailable) || next != at || n > c.requests {
			t.Errorf("%s: %d requests, %v", name, n, err)
		}
		for _, id := range m.IDs() {
			m.MendAt(id)
		}
		if _, err := source.Changes(t.Context(), site, at, visit); err != nil || len(got) != 300 {
			t.Errorf("%s: after it was mended %d came, %v", name, len(got), err)
		}
	}
}

// A shop that breaks at a page of WordPress's, and one that is only slow at many.
func TestPagesThatAreTooMuchAtOnce(t *testing.T) {
	asked := 0
	m := newMarket(t, wooshop.Options{TLS: true}, func(c *woocommerce.Config) {
		in := c.Client.Transport
		c.Client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if asked++; r.URL.Query().Get("per_page") == "10" {
				return reply(http.StatusGatewayTimeout, "<html>", "text/html"), nil
			}
			return in.RoundTrip(r)
		})}
	})
	for i := range 12 {
		m.AddPage(wooshop.Page{Title: fmt.Sprint("Page ", i), HTML: "<p>x</p>"})
	}
	if got, _ := m.feed(ports.FeedPages, ""); len(got) != 12 || asked > 60 {
		t.Errorf("%d pages, %d requests", len(got), asked)
	}
}

// A shop that breaks once, as one that is just restarted does, has not broken at
// the product that was asked for then.
func TestAShopThatBreaksOnceRejectsNothing(t *testing.T) {
	m := newMarket(t, wooshop.Options{TLS: true}, func(*woocommerce.Config) {})
	m.mugs(3)
	id := strconv.Itoa(m.IDs()[1])
	m.Break(wooshop.Fault{Weather: wooshop.Crashed, Times: 1})
	got, err := m.shop().Read(t.Context(), []string{id})
	if err != nil || len(got) != 1 || got[0].Product == nil {
		t.Errorf("got %+v, %v; want the whole product", got, err)
	}
}
