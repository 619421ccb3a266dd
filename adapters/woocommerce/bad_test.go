package woocommerce_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/ports"
)

func plainProduct(id int, more string) string {
	return fmt.Sprintf(`{"id":%d,"type":"simple","status":"publish","catalog_visibility":"visible","name":"Mug","regular_price":"5"%s}`, id, more)
}

// badProducts are things that a shop must not be able to do to us, and what is
// said of each.
func badProducts() map[string]struct{ body, says string } {
	return map[string]struct{ body, says string }{
		"20 MiB description":     {plainProduct(2, `,"description":"`+strings.Repeat("long text ", 2<<20)+`"`), "larger than 4096 KiB"},
		"twice":                  {plainProduct(2, `,"status":"draft"`), `"status" twice`},
		"twice in another case":  {plainProduct(2, `,"Catalog_Visibility":"hidden"`), `"catalog_visibility" twice`},
		"broken UTF-8":           {plainProduct(2, ",\"description\":\"M\xf6bel\""), "not UTF-8"},
		"a price in words":       {plainProduct(2, `,"sale_price":"cheap"`), "sale_price"},
		"10,000 variations":      {`{"id":2,"type":"variable","status":"publish","catalog_visibility":"visible","name":"Mug","variations":[` + strings.TrimSuffix(strings.Repeat("7,", 10_000), ",") + `]}`, "10000 variations, at most 2000"},
		"an object for a text":   {plainProduct(2, `,"name":{"rendered":"x"}`), "not a product"},
		"deeply nested":          {plainProduct(2, `,"name":`+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)), "not a product"},
		"a variation in a list":  {`{"id":2,"type":"variation","parent_id":9}`, "variation of product 9"},
		"an error in a list":     {`{"id":2,"code":"oops","type":"simple","status":"publish","catalog_visibility":"nowhere"}`, "nowhere"},
		"a key that comes again": {plainProduct(2, `,"regular_price":"ck_very_secret"`), "twice"},
	}
}

// One product that cannot be taken is rejected with a reason, and the others
// come: in a feed, in a light read, and asked for by ids.
func TestBadProductsDoNotHoldUpOthers(t *testing.T) {
	for name, bad := range badProducts() {
		t.Run(name, func(t *testing.T) {
			list := "[" + plainProduct(1, "") + ",\n " + bad.body + "," + plainProduct(3, "") + "]"
			shop := answering(t, nil, func(r *http.Request) (*http.Response, error) {
				return reply(http.StatusOK, list, ""), nil
			})
			source, err := shop.Source(ports.FeedProducts)
			if err != nil {
				t.Fatal(err)
			}
			var got []catalog.Change
			if _, err := source.Changes(t.Context(), site, "", func(c catalog.Change) error {
				got = append(got, c)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			wantNames(t, "feed", got, []string{"product:1", "rejected:2", "product:3"})
			if len(got) == 3 && got[1].Rejected != nil && (!strings.Contains(got[1].Rejected.Reason, bad.says) || len(got[1].Rejected.Reason) > 500 || strings.Contains(got[1].Rejected.Reason, "ck_very_secret")) {
				t.Errorf("reason %q, want %q", got[1].Rejected.Reason, bad.says)
			}
			got, err = shop.Read(t.Context(), []string{"1", "2", "3"})
			if err != nil {
				t.Fatal(err)
			}
			wantNames(t, "read", got, []string{"product:1", "rejected:2", "product:3"})
			var ids []string
			if _, done, err := shop.Light(t.Context(), "", false, func(p catalog.Product) error {
				ids = append(ids, p.ID)
				return nil
			}); err != nil || !done || strings.Join(ids, " ") != "1 2 3" {
				t.Errorf("light: %v, %v, %v", ids, done, err)
			}
		})
	}
}

// A shop that answers with pages of giants takes neither our memory nor the
// feed's end.
func TestGiants(t *testing.T) {
	if raceDetector {
		t.Skip("takes a minute with the race detector: .ci/run has a stage without it")
	}
	const n = 30
	text := strings.Repeat("x", 1<<20)
	var mu sync.Mutex // guards most
	var most uint64
	var sending sync.WaitGroup
	shop := answering(t, func(c *woocommerce.Config) { c.MaxBody = 40 << 20 }, func(r *http.Request) (*http.Response, error) {
		var per, offset int
		q := r.URL.Query()
		fmt.Sscan(q.Get("per_page"), &per)
		fmt.Sscan(q.Get("offset"), &offset)
		pr, pw := io.Pipe()
		sending.Go(func() {
			io.WriteString(pw, "[")
			for i := offset; i < min(offset+per, n); i++ {
				if i > offset {
					io.WriteString(pw, ",")
				}
				if i%10 != 5 {
					io.WriteString(pw, plainProduct(i+1, ""))
					continue
				}
				io.WriteString(pw, strings.TrimSuffix(plainProduct(i+1, `,"description":"`), "}"))
				for range 60 { // 60 MiB
					if _, err := io.WriteString(pw, text); err != nil {
						return
					}
				}
				io.WriteString(pw, `"}`)
			}
			io.WriteString(pw, "]")
			pw.Close()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			mu.Lock()
			defer mu.Unlock()
			most = max(most, m.HeapInuse)
		})
		resp := reply(http.StatusOK, "", "")
		resp.Body = pr
		resp.Header.Set("X-WP-Total", fmt.Sprint(n))
		return resp, nil
	})
	source, err := shop.Source(ports.FeedProducts)
	if err != nil {
		t.Fatal(err)
	}
	good, rejected := 0, 0
	if _, err := source.Changes(t.Context(), site, "", func(c catalog.Change) error {
		if c.Rejected != nil {
			rejected++
		} else {
			good++
		}
		return nil
	}); err != nil || good != n-3 || rejected != 3 {
		t.Errorf("%d read, %d rejected, %v", good, rejected, err)
	}
	sending.Wait()
	if most > 100<<20 {
		t.Errorf("%d MiB of memory", most>>20)
	}
}

// Variations that cannot be read take their product with them, and no other.
func TestBadVariations(t *testing.T) {
	variable := func(id int) string {
		return fmt.Sprintf(`{"id":%d,"type":"variable","status":"publish","catalog_visibility":"visible","name":"Shirt","variations":[%d]}`, id, id+100)
	}
	for name, c := range map[string]struct {
		status int
		body   string
		says   string // "" if the answer is the shop's as a whole
	}{
		"a bad price":    {200, `[{"id":101,"status":"publish","regular_price":"x"}]`, "variation 101"},
		"broken UTF-8":   {200, "[{\"id\":101,\"type\":\"variation\",\"sku\":\"\xff\"}]", "not UTF-8"},
		"deleted":        {404, `{"code":"woocommerce_rest_product_invalid_id","message":"Invalid ID.","data":{"status":404}}`, "deleted while it was read"},
		"a giant":        {200, `[{"id":101,"sku":"` + strings.Repeat("x", 5<<20) + `"}]`, "variation 101 is larger"},
		"no list":        {200, `{"id":101}`, ""},
		"too many":       {200, "[" + strings.TrimSuffix(strings.Repeat(`{"id":101,"type":"variation","status":"publish"},`, 2100), ",") + "]", "more than 2000 variations"},
		"a server error": {500, `{"code":"internal_server_error","message":"x","data":{"status":500}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			shop := answering(t, nil, func(r *http.Request) (*http.Response, error) {
				switch {
				case strings.HasSuffix(r.URL.Path, "/1/variations"):
					resp := reply(c.status, c.body, "")
					resp.Header.Set("X-WP-Total", "3000")
					if name != "too many" {
						resp.Header.Del("X-WP-Total")
					}
					return resp, nil
				case strings.HasSuffix(r.URL.Path, "/2/variations"):
					return reply(http.StatusOK, `[{"id":102,"status":"publish","regular_price":"5"}]`, ""), nil // an old shop: neither type nor parent
				}
				return reply(http.StatusOK, "["+variable(1)+","+variable(2)+"]", ""), nil
			})
			got, err := shop.Read(t.Context(), []string{"1", "2"})
			if c.says == "" {
				wantShopError(t, name, err, ports.ErrUnavailable, "")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			wantNames(t, "read", got, []string{"rejected:1", "product:2"})
			if !strings.Contains(got[0].Rejected.Reason, c.says) {
				t.Errorf("reason %q, want %q", got[0].Rejected.Reason, c.says)
			}
			if len(got[1].Product.ShownVariations()) != 1 {
				t.Errorf("the other: %+v", got[1].Product)
			}
		})
	}
}

// What a shop, or what stands before it, answers instead of data.
func TestAnswersThatAreNoData(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		body    string
		header  http.Header
		matches error
		says    string
	}{
		"PHP warnings":      {200, "<br />\n<b>Deprecated</b>: Function x in /var/www/a.php on line 7<br />\n[]", nil, ports.ErrInvalid, "WP_DEBUG_DISPLAY"},
		"nothing":           {200, "", nil, ports.ErrUnavailable, "nothing"},
		"a text":            {200, `"hello"`, nil, ports.ErrUnavailable, "web page instead"},
		"an error with 200": {200, `{"code":"x","message":"y","data":{"status":500}}`, nil, ports.ErrUnavailable, "something else than a list"},
		"Cloudflare":        {403, "<html>Just a moment...</html>", http.Header{"Server": {"cloudflare"}}, ports.ErrInvalid, "Cloudflare"},
		"Wordfence":         {403, "<html>Generated by Wordfence</html>", nil, ports.ErrInvalid, "Wordfence"},
		"a web password":    {401, "<html>401</html>", nil, ports.ErrInvalid, "password of the web server"},
		"REST API closed":   {401, `{"code":"rest_not_logged_in","message":"You are not currently logged in.","data":{"status":401}}`, nil, ports.ErrInvalid, "rest_not_logged_in"},
		"no rights":         {401, `{"code":"woocommerce_rest_cannot_view","message":"Sorry, you cannot list resources.","data":{"status":401}}`, nil, ports.ErrInvalid, "Shop manager"},
		"a wrong clock":     {401, `{"code":"woocommerce_rest_authentication_error","message":"Invalid timestamp.","data":{"status":401}}`, http.Header{"Date": {"Mon, 23 Nov 2026 12:00:00 GMT"}}, ports.ErrInvalid, "says it is 2026-11-23 12:00:00, this server"},
		"fatal error":       {500, `{"code":"internal_server_error","message":"<p>There has been a critical error</p>","data":{"status":500}}`, nil, ports.ErrUnavailable, "WooCommerce > Status > Logs"},
		"bad gateway":       {502, "<html>", nil, ports.ErrUnavailable, "502"},
		"a parameter":       {400, `{"code":"rest_invalid_param","message":"Invalid parameter(s): orderby","data":{"status":400}}`, nil, ports.ErrInvalid, "orderby"},
		"a quoted key":      {400, `{"code":"ck_very_secret","message":"cs_very_secret is bad","data":{"status":400}}`, nil, ports.ErrInvalid, "[redacted] is bad"},
		"no WooCommerce":    {404, `{"code":"rest_no_route","message":"No route","data":{"status":404}}`, nil, ports.ErrInvalid, "no WooCommerce"},
		"permalinks":        {404, "<html>", nil, ports.ErrInvalid, "permalinks"},
		"moved":             {301, "", http.Header{"Location": {"https://new.example.com/wp-json/wc/v3/products?consumer_key=ck_very_secret"}}, ports.ErrInvalid, "leads to https://new.example.com/wp-json/wc/v3/products:"},
	} {
		shop := answering(t, nil, func(r *http.Request) (*http.Response, error) {
			resp := reply(c.status, c.body, "text/html")
			maps.Copy(resp.Header, c.header)
			return resp, nil
		})
		_, err := shop.Read(t.Context(), []string{"1"})
		wantShopError(t, name, err, c.matches, c.says, ingestion.Credentials{Key: ingestion.NewSecret("ck_very_secret"), Secret: ingestion.NewSecret("cs_very_secret")})
	}
	// A byte order mark before the data is no fault.
	shop := answering(t, nil, func(*http.Request) (*http.Response, error) {
		return reply(http.StatusOK, "\xef\xbb\xbf["+plainProduct(1, "")+"]", ""), nil
	})
	if got, err := shop.Read(t.Context(), []string{"1"}); err != nil || got[0].Product == nil {
		t.Errorf("a byte order mark: %v, %v", got, err)
	}
}

// A shop that does not list by ids is told from one that changes.
func TestOrderThatIsNone(t *testing.T) {
	shop := answering(t, func(c *woocommerce.Config) { c.Page = 2 }, func(r *http.Request) (*http.Response, error) {
		resp := reply(http.StatusOK, "["+plainProduct(9, "")+","+plainProduct(4, "")+"]", "") // whatever is asked
		resp.Header.Set("X-WP-Total", "500")
		return resp, nil
	})
	source, err := shop.Source(ports.FeedProducts)
	if err != nil {
		t.Fatal(err)
	}
	_, err = source.Changes(t.Context(), site, "", func(catalog.Change) error { return nil })
	wantShopError(t, "no order", err, ports.ErrInvalid, "another order")
}

// Zero bytes, which a shop's texts may hold and no store keeps, are left out.
func TestZeroBytes(t *testing.T) {
	p, err := woocommerce.ParseProduct([]byte(plainProduct(1, `,"description":"a\u0000b","sku":"\u0000x"`)), rest)
	if err != nil || p.Description != "ab" || p.SKU != "x" {
		t.Errorf("%q, %q, %v", p.Description, p.SKU, err)
	}
}

func FuzzElements(f *testing.F) {
	f.Add(`[{"id":1},{"id":2}]`)
	f.Add(`[ "a,b]", [1,[2]], {"x":"\"]"} ]`)
	f.Fuzz(func(t *testing.T, list string) {
		shop := answering(t, func(c *woocommerce.Config) { c.MaxProduct = 1 << 10 }, func(*http.Request) (*http.Response, error) {
			return reply(http.StatusOK, list, ""), nil
		})
		var want []json.RawMessage
		valid := json.Unmarshal([]byte(list), &want) == nil
		got, err := shop.Read(t.Context(), []string{"1"})
		if err == nil && len(got) != 1 {
			t.Errorf("%d changes", len(got))
		}
		var of *ports.ShopError
		if err != nil && !errors.As(err, &of) {
			t.Errorf("%v (%T), valid: %v", err, err, valid)
		}
	})
}
