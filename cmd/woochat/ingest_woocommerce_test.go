package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/test/fakes/wooshop"
)

// newShopShell returns a shell with a site, and a shop with n products that it
// may reach.
func newShopShell(t *testing.T, n int, o wooshop.Options) (*shell, *wooshop.Shop, string) {
	t.Helper()
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	shop, key := s.shopOf(n, o)
	return s, shop, key
}

// shop opens a shop with n products, and returns it with a key that reads.
func (s *shell) shop(n int) (*wooshop.Shop, string) { return s.shopOf(n, wooshop.Options{}) }

func (s *shell) shopOf(n int, o wooshop.Options) (*wooshop.Shop, string) {
	s.t.Helper()
	o.Now = time.Now
	shop, err := wooshop.Start(o, "")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { shop.Close() })
	for i := range n {
		shop.Create(wooshop.Product{Name: fmt.Sprint("Mug ", i), Regular: "12.50"})
	}
	u, err := url.Parse(shop.URL())
	if err != nil {
		s.t.Fatal(err)
	}
	s.env["WOOCHAT_ALLOW_HOSTS"] = u.Host
	k := shop.AddKey("read")
	return shop, k.Key + ":" + k.Secret
}

func TestIngestWooCommerce(t *testing.T) {
	s, shop, key := newShopShell(t, 120, wooshop.Options{})
	shop.AddPage(wooshop.Page{Title: "Shipping", HTML: "<p>Daily.</p><details><summary>When?</summary><p>Today.</p></details>"})
	shop.AddPage(wooshop.Page{Title: "News", HTML: "<p>Open.</p>", Post: true})
	broken := shop.Create(wooshop.Product{Name: "Broken", Regular: "cheap"})
	file := s.file("shop.key", strings.Replace(key, ":", "\n", 1)+"\n")
	s.env["SHOP_KEY"] = key

	r := s.run("ingest", "woocommerce", "--url", shop.URL(), "--key", "@"+file, "--pages", "--json")
	if r.code != 0 || r.err != "" {
		t.Fatalf("exit code %d\n%s", r.code, r.err)
	}
	got := events(t, r.out)
	want := map[string][3]float64{"woocommerce": {121, 120, 1}, "woocommerce-pages": {2, 2, 0}, "woocommerce-posts": {1, 1, 0}}
	for _, done := range got["done"] {
		w := want[done["source"].(string)]
		if done["seen"] != w[0] || done["changed"] != w[1] || done["rejected"] != w[2] || done["complete"] != true {
			t.Errorf("done: %v", done)
		}
	}
	if len(got["done"]) != 3 || len(got["rejected"]) != 1 || got["rejected"][0]["id"] != fmt.Sprint(broken) || got["indexed"][0]["indexed"] != 124.0 {
		t.Errorf("events %v", got)
	}
	if first := got["progress"][0]; first["total"] != 121.0 {
		t.Errorf("progress %v: want a total", first)
	}

	// Again, by the other ways to give a key: nothing has changed.
	shop.ForceDelete(10)
	for _, way := range []string{"env:SHOP_KEY", key} {
		r = s.run("ingest", "woocommerce", "--url", shop.URL(), "--key", way, "--json")
		if done := events(t, r.out)["done"][0]; r.code != 0 || done["changed"] != 0.0 || done["unchanged"] != 119.0 {
			t.Errorf("%d, %v\n%s", r.code, done, r.err)
		}
	}
	for _, row := range fromJSON[list[sourceStatus]](t, s.ok("ingest", "status", "--json")).Data {
		if row.Source == "woocommerce" && (row.Shown != 120 || row.Hidden != 1 || row.Pending != 0) {
			t.Errorf("status %+v", row)
		}
	}
	shop.Edit(11, func(p *wooshop.Product) { p.Regular = "9" })
	out := s.ok("ingest", "woocommerce", "--no-full", "--url", shop.URL(), "--key", "env:SHOP_KEY", "--json")
	if done := events(t, out)["done"][0]; done["changed"] != 1.0 {
		t.Errorf("what has changed: %v", done)
	}
	for text := range strings.SplitSeq(key, ":") {
		if strings.Contains(r.out+r.err+out, text) {
			t.Errorf("the key was printed: %s", r.out+r.err)
		}
	}
}

// A shop that wants to be left alone is, and the import goes on from there.
func TestIngestWooCommerceWaits(t *testing.T) {
	s, shop, key := newShopShell(t, 450, wooshop.Options{RateLimit: 8, RatePer: 5 * time.Second})
	s.env["SHOP_KEY"] = key
	r := s.run("ingest", "woocommerce", "--url", shop.URL(), "--key", "env:SHOP_KEY")
	got := events(t, r.out)
	if done := got["done"]; r.code != 0 || len(done) != 1 || done[0]["changed"] != 450.0 || done[0]["complete"] != true || done[0]["resumed"] != false {
		t.Errorf("%d, %v\n%s", r.code, done, r.err)
	}
	if w := got["waiting"]; len(w) == 0 || w[0]["seconds"].(float64) < 1 || w[0]["seconds"].(float64) > 5 || !strings.Contains(w[0]["reason"].(string), "less often") {
		t.Errorf("waiting %v", w)
	}
}

// An import that is ended goes on from there when it is run again.
func TestIngestWooCommerceResumes(t *testing.T) {
	s, shop, key := newShopShell(t, 450, wooshop.Options{})
	s.env["SHOP_KEY"] = key
	shop.Break(wooshop.Fault{Weather: wooshop.Refused, Path: "/orders"})
	args := []string{"ingest", "woocommerce", "--url", shop.URL(), "--key", "env:SHOP_KEY"}
	ctx, cancel := context.WithCancel(t.Context())
	screen := newScreen()
	p := newProgram(s.lookup, strings.NewReader(""), screen, screen)
	began := p.now()
	looks := 0
	p.now = func() time.Time { // each look at the clock is a second, so that each change is told
		if looks++; looks == 300 {
			cancel()
		}
		return began.Add(time.Duration(looks) * time.Second)
	}
	if code := p.run(ctx, args); code != exitInterrupted || !strings.Contains(screen.String(), "goes on from there") {
		t.Fatalf("%d\n%.2000s", code, screen.String())
	}
	done := events(t, s.ok(args...))["done"][0]
	if done["resumed"] != true || done["seen"].(float64) > 350 || done["changed"].(float64) < 150 {
		t.Errorf("done %v", done)
	}
	if got := fromJSON[list[sourceStatus]](t, s.ok("ingest", "status", "--json")); got.Data[0].Shown != 450 {
		t.Errorf("status %+v", got.Data)
	}
}

func TestIngestWooCommerceRefused(t *testing.T) {
	s, shop, key := newShopShell(t, 1, wooshop.Options{})
	revoked := shop.AddKey("read")
	shop.RevokeKey(revoked)
	s.env["GOOD"], s.env["REVOKED"], s.env["ODD"] = key, revoked.Key+":"+revoked.Secret, "hello"
	for _, c := range []struct{ url, key, says string }{
		{shop.URL(), "env:REVOKED", "REST key: it was revoked"},
		{shop.URL(), "env:ODD", "the variable: not a REST key"},
		{shop.URL(), "env:NOTHING", "no variable"},
		{shop.URL(), "@/nonexistent", "no such file"},
		{shop.URL(), "-", "stdin: not a REST key"},
		{shop.URL(), "", "a REST key of the shop is needed"},
		{"http://127.0.0.1:1", "env:GOOD", "WOOCHAT_ALLOW_HOSTS"},
		{"http://169.254.169.254", "env:GOOD", "WOOCHAT_ALLOW_HOSTS"},
		{"ftp://x", "env:GOOD", "is not the address of a shop"},
		{shop.URL() + "/nothing", "env:GOOD", "no REST API"},
	} {
		args := []string{"ingest", "woocommerce", "--url", c.url}
		if c.key != "" {
			args = append(args, "--key", c.key)
		}
		r := s.run(args...)
		if r.code != exitFailure || !strings.Contains(r.err, c.says) || strings.Contains(r.err, strings.Split(key, ":")[1]) {
			t.Errorf("%s %s: %d %s", c.url, c.key, r.code, r.err)
		}
	}
	if r := s.run("ingest", "woocommerce"); r.code != exitFailure || !strings.Contains(r.err, "a REST key of the shop is needed") {
		t.Errorf("not connected: %d %s", r.code, r.err)
	}
}

// A shop that has too much to do when it is first asked is waited for, too, as
// long as it asks for no more than an hour.
func TestIngestWooCommerceWaitsAtFirst(t *testing.T) {
	s, shop, key := newShopShell(t, 3, wooshop.Options{})
	s.env["SHOP_KEY"] = key
	for _, weather := range []wooshop.Weather{wooshop.Busy, wooshop.Overloaded} {
		shop.Break(wooshop.Fault{Weather: weather, RetryAfter: time.Second, Times: 1})
		r := s.run("ingest", "woocommerce", "--url", shop.URL(), "--key", "env:SHOP_KEY", "--json")
		got := events(t, r.out)
		if w := got["waiting"]; r.code != 0 || len(w) != 1 || w[0]["seconds"] != 1.0 || len(got["done"]) != 1 || got["done"][0]["seen"] != 3.0 {
			t.Errorf("%d, %v\n%s", r.code, got, r.err)
		}
	}
	shop.Break(wooshop.Fault{Weather: wooshop.Busy, RetryAfter: 2 * time.Hour})
	if r := s.run("ingest", "woocommerce", "--url", shop.URL(), "--key", "env:SHOP_KEY", "--json"); r.code == 0 || !strings.Contains(r.err, "less often") {
		t.Errorf("%d\n%s", r.code, r.err)
	}
}
