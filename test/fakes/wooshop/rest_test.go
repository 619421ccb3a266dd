package wooshop

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// ask sends a request to a shop in this process.
func ask(t *testing.T, s *Shop, method, address string, body string, header ...string) (status int, head http.Header, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := s.Transport().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(data)
}

func basic(k Key) []string {
	return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(k.Key+":"+k.Secret))}
}

// TestCapturedREST holds answers of the API to those of the real shop, the
// headers that a client may read included.
func TestCapturedREST(t *testing.T) {
	s := New(Options{URL: "http://127.0.0.1:8088", Began: at("12:14:25"), TLS: true})
	s.lastID = 10
	s.mu.Lock()
	s.lastTerm = 14
	s.term("product_cat", "Uncategorized", 0)
	s.mu.Unlock()
	shirt := s.Create(Product{
		Type: "variable", Name: "T-Shirt «Café» ☕", SKU: "TS", Description: "100&nbsp;% Bio-Baumwolle",
		Attributes: []Attribute{{Name: "Größe", Options: []string{"S", "M", "L"}, Variation: true}, {Name: "Farbe", Options: []string{"Rot", "Türkis"}, Variation: true}},
	})
	for _, v := range []struct{ clock, size, colour string }{
		{"12:14:30", "S", "Rot"}, {"12:14:31", "S", "Türkis"}, {"12:14:31", "M", "Rot"}, {"12:14:31", "M", "Türkis"}, {"12:14:32", "L", "Rot"}, {"12:14:32", "L", "Türkis"},
	} {
		s.Advance(at(v.clock).Sub(s.Now()))
		s.AddVariation(shirt, Variation{Options: [][2]string{{"Größe", v.size}, {"Farbe", v.colour}}, Description: v.size + " " + v.colour, SKU: "TS-" + v.size + "-" + v.colour, Regular: "19.90", ManageStock: true, Stock: 3})
	}
	s.Advance(at("12:14:45").Sub(s.Now()))
	s.DeleteVariation(12)
	k := s.AddKey("read")
	for name, path := range map[string]string{"product-variable.json": "/products/11", "variations.json": "/products/11/variations?per_page=100"} {
		want := capturedAnswer(t, name)
		status, head, got := ask(t, s, "GET", s.URL()+"/wp-json/wc/v3"+path, "", basic(k)...)
		var g, w bytes.Buffer
		if err := json.Compact(&w, want.Body); err != nil {
			t.Fatal(err)
		}
		if err := json.Compact(&g, []byte(plainJSON(t, got))); err != nil {
			t.Fatal(err)
		}
		if a, b := related.ReplaceAllString(g.String(), ""), related.ReplaceAllString(plainJSON(t, w.String()), ""); status != want.Status || a != b {
			t.Errorf("%s: %d\n got %s\nwant %s", name, status, a, b)
		}
		for n, v := range want.Headers {
			if n != "Host" && n != "Date" && n != "Connection" && head.Get(n) != v {
				t.Errorf("%s: header %s is %q, want %q", name, n, head.Get(n), v)
			}
		}
	}
}

// plainJSON writes JSON with its members in order and its texts in one spelling.
func plainJSON(t *testing.T, text string) string {
	t.Helper()
	return strings.NewReplacer(`\/`, "/").Replace(unescaped(text))
}

func unescaped(text string) string {
	var b strings.Builder
	for {
		i := strings.Index(text, `\u`)
		if i < 0 || i+6 > len(text) {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		var r rune
		if _, err := fmt.Sscanf(text[i+2:i+6], "%04x", &r); err != nil {
			panic(err)
		}
		b.WriteRune(r)
		text = text[i+6:]
	}
}

func TestPaging(t *testing.T) {
	s := New(Options{TLS: true})
	k := s.AddKey("read")
	for i := range 25 {
		s.Create(Product{Name: fmt.Sprintf("P%d", i), Regular: "1"})
		s.Advance(time.Second)
	}
	list := func(query string) (ids []int, head http.Header, status int) {
		status, head, body := ask(t, s, "GET", s.URL()+"/wp-json/wc/v3/products?"+query, "", basic(k)...)
		var items []struct {
			ID int `json:"id"`
		}
		if status == 200 {
			if err := json.Unmarshal([]byte(body), &items); err != nil {
				t.Fatal(err)
			}
		}
		for _, i := range items {
			ids = append(ids, i.ID)
		}
		return ids, head, status
	}
	ids, head, _ := list("")
	if len(ids) != 10 || ids[0] != 34 || head.Get("X-WP-Total") != "25" || head.Get("X-WP-TotalPages") != "3" {
		t.Errorf("the first page is %v, %v", ids, head)
	}
	if l := head.Get("Link"); l != `<https://shop.example.com/wp-json/wc/v3/products?page=2>; rel="next"` {
		t.Errorf("Link: %s", l)
	}
	ids, head, _ = list("page=3&orderby=id&order=asc")
	if len(ids) != 5 || ids[0] != 30 || !strings.Contains(head.Get("Link"), `rel="prev"`) || strings.Contains(head.Get("Link"), "next") {
		t.Errorf("the last page is %v, %v", ids, head)
	}
	if ids, _, status := list("page=9"); len(ids) != 0 || status != 200 {
		t.Errorf("a page beyond: %v, %d", ids, status)
	}
	if _, _, status := list("per_page=101"); status != 400 {
		t.Errorf("101 a page: %d", status)
	}
	if ids, _, _ := list("include=12,30,11&orderby=include"); !slices.Equal(ids, []int{12, 30, 11}) {
		t.Errorf("include: %v", ids)
	}
	s.Order(10, 1)
	s.Edit(20, func(p *Product) { p.Name = "new" })
	after := s.Now().Add(-time.Second).Format("2006-01-02T15:04:05")
	if ids, _, _ := list("dates_are_gmt=true&modified_after=" + after); !slices.Equal(ids, []int{20}) {
		t.Errorf("modified after %s: %v", after, ids)
	}
	if ids, _, _ := list("dates_are_gmt=true&modified_after=" + s.Now().Format("2006-01-02T15:04:05")); len(ids) != 0 {
		t.Errorf("modified_after gives its own second: %v", ids)
	}
	s.Trash(20)
	if ids, _, _ := list("include=20&status=any"); len(ids) != 0 {
		t.Errorf("any holds the trash: %v", ids)
	}
	if ids, _, _ := list("status=trash"); !slices.Equal(ids, []int{20}) {
		t.Errorf("the trash: %v", ids)
	}
	if _, _, body := ask(t, s, "GET", s.URL()+"/wp-json/wc/v3/products?include=11&_fields=id,price,stock_status", "", basic(k)...); body != `[{"id":11,"price":"1","stock_status":"instock"}]` {
		t.Errorf("_fields: %s", body)
	}
}

func TestAuthorisation(t *testing.T) {
	safe, plain := New(Options{TLS: true}), New(Options{URL: "http://shop.example.com", Seed: 2})
	for _, s := range []*Shop{safe, plain} {
		s.Create(Product{Name: "A"})
	}
	read, write, other := safe.AddKey("read"), safe.AddKey("read_write"), plain.AddKey("read")
	products := "/wp-json/wc/v3/products"
	code := func(s *Shop, method, path string, header ...string) string {
		status, _, body := ask(t, s, method, s.URL()+path, "", header...)
		var e struct {
			Code string `json:"code"`
		}
		_ = json.Unmarshal([]byte(body), &e) // a list has none
		return fmt.Sprint(status, " ", e.Code)
	}
	for what, c := range map[string][2]string{
		"Basic over TLS":          {code(safe, "GET", products, basic(read)...), "200 "},
		"no key":                  {code(safe, "GET", products), "401 woocommerce_rest_cannot_view"},
		"an unknown key":          {code(safe, "GET", products, basic(other)...), "401 woocommerce_rest_cannot_view"},
		"a wrong secret":          {code(safe, "GET", products, basic(Key{Key: read.Key, Secret: "cs_no"})...), "401 woocommerce_rest_authentication_error"},
		"in the query":            {code(safe, "GET", products+"?consumer_key="+read.Key+"&consumer_secret="+read.Secret), "200 "},
		"writing with read":       {code(safe, "POST", "/wp-json/wc/v3/webhooks", basic(read)...), "401 woocommerce_rest_authentication_error"},
		"Basic without TLS":       {code(plain, "GET", products, basic(other)...), "401 woocommerce_rest_cannot_view"},
		"the query without TLS":   {code(plain, "GET", products+"?consumer_key="+other.Key+"&consumer_secret="+other.Secret), "401 woocommerce_rest_cannot_view"},
		"signed":                  {code(plain, "GET", products+"?"+signed(plain, other, "GET", products, url.Values{"per_page": {"2"}}, "n1", plain.Now())), "200 "},
		"signed, the same nonce":  {code(plain, "GET", products+"?"+signed(plain, other, "GET", products, url.Values{"per_page": {"2"}}, "n1", plain.Now())), "401 woocommerce_rest_authentication_error"},
		"signed an hour ago":      {code(plain, "GET", products+"?"+signed(plain, other, "GET", products, nil, "n2", plain.Now().Add(-time.Hour))), "401 woocommerce_rest_authentication_error"},
		"signed for another":      {code(plain, "GET", products+"/10?"+signed(plain, other, "GET", products, nil, "n3", plain.Now())), "401 woocommerce_rest_authentication_error"},
		"pages with a shop's key": {code(safe, "GET", "/wp-json/wp/v2/pages", basic(write)...), "401 invalid_username"},
		"pages":                   {code(safe, "GET", "/wp-json/wp/v2/pages"), "200 "},
	} {
		// The nonce's two cases are evaluated in order above.
		if c[0] != c[1] {
			t.Errorf("%s: %s, want %s", what, c[0], c[1])
		}
	}
	safe.DisownKey(read, true)
	if c := code(safe, "GET", products, basic(read)...); c != "403 woocommerce_rest_cannot_view" {
		t.Errorf("a key whose user lost his rights: %s", c)
	}
	safe.RevokeKey(write)
	if c := code(safe, "GET", products, basic(write)...); c != "401 woocommerce_rest_cannot_view" {
		t.Errorf("a revoked key: %s", c)
	}
	stripped := New(Options{TLS: true, StripsAuthorization: true})
	k := stripped.AddKey("read")
	if c := code(stripped, "GET", products, basic(k)...); c != "401 woocommerce_rest_cannot_view" {
		t.Errorf("a stripped header: %s", c)
	}
	if c := code(stripped, "GET", products+"?consumer_key="+k.Key+"&consumer_secret="+k.Secret); c != "200 " {
		t.Errorf("the query behind a host that strips headers: %s", c)
	}
}

// signed is a query signed by OAuth 1.0a, written down from RFC 5849.
func signed(s *Shop, k Key, method, path string, query url.Values, nonce string, when time.Time) string {
	all := url.Values{}
	maps.Copy(all, query)
	for n, v := range map[string]string{
		"oauth_consumer_key": k.Key, "oauth_nonce": nonce, "oauth_signature_method": "HMAC-SHA256", "oauth_timestamp": fmt.Sprint(when.Unix()),
	} {
		all.Set(n, v)
	}
	base := method + "&" + url.QueryEscape(s.URL()+path) + "&" + url.QueryEscape(all.Encode())
	m := hmac.New(sha256.New, []byte(k.Secret+"&"))
	m.Write([]byte(base))
	all.Set("oauth_signature", base64.StdEncoding.EncodeToString(m.Sum(nil)))
	return all.Encode()
}

func TestPlaces(t *testing.T) {
	plain := New(Options{TLS: true, URL: "https://example.com/shop", PlainPermalinks: true})
	k := plain.AddKey("read")
	plain.Create(Product{Name: "A"})
	plain.Create(Product{Name: "B"})
	if status, head, _ := ask(t, plain, "GET", "https://example.com/shop/wp-json/wc/v3/products", "", basic(k)...); status != 404 || !strings.HasPrefix(head.Get("Content-Type"), "text/html") {
		t.Errorf("a pretty address: %d %v", status, head)
	}
	status, head, _ := ask(t, plain, "GET", "https://example.com/shop/?rest_route=/wc/v3/products&per_page=1", "", basic(k)...)
	if want := `<https://example.com/shop/index.php?rest_route=/wc/v3/products&per_page=1&page=2>; rel="next"`; status != 200 || head.Get("Link") != want {
		t.Errorf("a plain address: %d %v", status, head.Get("Link"))
	}
	if status, _, _ := ask(t, plain, "GET", "https://example.com/?rest_route=/wc/v3/products", "", basic(k)...); status != 404 {
		t.Errorf("outside of the subdirectory: %d", status)
	}
}

func TestWeather(t *testing.T) {
	s, err := Start(Options{}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	get := func() (*http.Response, string, error) {
		req, err := http.NewRequestWithContext(t.Context(), "GET", s.URL()+"/wp-json/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Close = true // or the client would try again by itself
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, "", err
		}
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(resp.Body)
		return resp, string(body), err
	}
	for w, want := range map[Weather]string{
		Maintenance: "503 text/html; charset=UTF-8 600", Coming: "200 text/html; charset=UTF-8 ", Busy: "429 application/json; charset=UTF-8 7",
		Overloaded: "503 text/html; charset=UTF-8 7", Refused: "403 text/html; charset=UTF-8 ", Crashed: "500 text/html; charset=UTF-8 ", Old: "200 application/json; charset=UTF-8 ",
	} {
		s.Break(Fault{Weather: w, RetryAfter: 7 * time.Second, Times: 1})
		resp, _, err := get()
		if err != nil {
			t.Errorf("%d: %v", w, err)
			continue
		}
		if got := fmt.Sprint(resp.StatusCode, " ", resp.Header.Get("Content-Type"), " ", resp.Header.Get("Retry-After")); got != want {
			t.Errorf("%d: %s, want %s", w, got, want)
		}
		if w == Old && resp.ProtoMinor != 0 {
			t.Errorf("HTTP/1.%d", resp.ProtoMinor)
		}
	}
	for _, w := range []Weather{Gone, Torn} {
		s.Break(Fault{Weather: w, Times: 1})
		if _, _, err := get(); err == nil {
			t.Errorf("%d: no error", w)
		}
	}
	if resp, _, err := get(); err != nil || resp.StatusCode != 200 {
		t.Errorf("fine again: %v", err)
	}
	until := make(chan struct{})
	s.Break(Fault{Weather: Silent, Times: 1, Until: until})
	close(until)
	if resp, _, err := get(); err != nil || resp.StatusCode != 200 {
		t.Errorf("after silence: %v", err)
	}
	s.Break(Fault{Weather: Silent, Times: 1})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", s.URL()+"/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(req); err == nil {
		_ = resp.Body.Close()
		t.Error("silence answered")
	}
}

// restCapture is an answer of the real shop.
type restCapture struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

func capturedAnswer(t *testing.T, name string) (c restCapture) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testdata, "rest", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// members returns the names of a JSON object's members, in order.
func members(t *testing.T, object json.RawMessage) (names []string) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(object))
	depth, key := 0, true
	for {
		tok, err := dec.Token()
		if err != nil {
			return names
		}
		switch d, delim := tok.(json.Delim); {
		case delim && (d == '{' || d == '['):
			depth++
		case delim:
			depth--
			key = depth == 1
			continue
		case depth == 1 && key:
			names = append(names, fmt.Sprint(tok))
			key = false
			continue
		}
		key = depth == 1
	}
}

func TestCapturedHooksAndPosts(t *testing.T) {
	s := New(Options{URL: "http://127.0.0.1:8088", Began: at("12:12:22"), TLS: true, Transport: HandlerTransport(&ears{})})
	k := s.AddKey("read_write")
	want := capturedAnswer(t, "webhooks.json")
	var hooks []map[string]any
	if err := json.Unmarshal(want.Body, &hooks); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(hooks)
	for _, h := range hooks {
		made, err := time.Parse("2006-01-02T15:04:05", fmt.Sprint(h["date_created"]))
		if err != nil {
			t.Fatal(err)
		}
		s.Advance(made.Sub(s.Now()))
		id, err := s.AddHook(fmt.Sprint(h["topic"]), fmt.Sprint(h["delivery_url"]), secret)
		if err != nil {
			t.Fatal(err)
		}
		// When it was last used is not in the captures' order of events.
		last, err := time.Parse("2006-01-02T15:04:05", fmt.Sprint(h["date_modified"]))
		if err != nil {
			t.Fatal(err)
		}
		s.hooks[id].modified = last
	}
	s.hooks[2].Status = "disabled"
	status, head, got := ask(t, s, "GET", s.URL()+"/wp-json/wc/v3/webhooks?per_page=100", "", basic(k)...)
	var w bytes.Buffer
	if err := json.Compact(&w, want.Body); err != nil {
		t.Fatal(err)
	}
	if g := plainJSON(t, got); status != want.Status || g != plainJSON(t, w.String()) || head.Get("X-WP-Total") != want.Headers["X-WP-Total"] {
		t.Errorf("webhooks: %d %v\n got %s\nwant %s", status, head, g, w.String())
	}

	want = capturedAnswer(t, "webhooks-bad-topic.json")
	status, _, got = ask(t, s, "POST", s.URL()+"/wp-json/wc/v3/webhooks", `{"topic":"no.topic","delivery_url":"https://example.com"}`, append(basic(k), "Content-Type", "application/json")...)
	w.Reset()
	if err := json.Compact(&w, want.Body); err != nil {
		t.Fatal(err)
	}
	if status != want.Status || got != w.String() {
		t.Errorf("a bad topic: %d %s, want %s", status, got, w.String())
	}

	s.AddPage(Page{Post: true, Title: "Hello world!", HTML: "<p>Hello</p>"})
	status, _, got = ask(t, s, "GET", s.URL()+"/wp-json/wp/v2/posts", "")
	var posts, captured []json.RawMessage
	if err := json.Unmarshal([]byte(got), &posts); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(capturedAnswer(t, "wp-posts.json").Body, &captured); err != nil {
		t.Fatal(err)
	}
	if g, w := members(t, posts[0]), members(t, captured[0]); status != 200 || !slices.Equal(g, w) {
		t.Errorf("a post has %v, want %v", g, w)
	}
}

// Products in the order of their change, as they were captured: the drafts, too,
// and no variations.
func TestCapturedList(t *testing.T) {
	want := capturedAnswer(t, "products-modified-after.json")
	var items []json.RawMessage
	if err := json.Unmarshal(want.Body, &items); err != nil {
		t.Fatal(err)
	}
	s := New(Options{TLS: true})
	k := s.AddKey("read")
	s.Create(Product{Name: "A", Type: "variable"})
	s.AddVariation(10, Variation{Regular: "1"})
	s.Create(Product{Name: "B", Status: "draft"})
	s.Advance(time.Second)
	s.Edit(10, func(p *Product) { p.Name = "A2" })
	status, head, got := ask(t, s, "GET", s.URL()+"/wp-json/wc/v3/products?per_page=1&modified_after=2026-01-01T00:00:00&dates_are_gmt=true&orderby=modified&order=asc", "", basic(k)...)
	var ours []json.RawMessage
	if err := json.Unmarshal([]byte(got), &ours); err != nil {
		t.Fatal(err)
	}
	if g, w := members(t, ours[0]), members(t, items[0]); status != 200 || !slices.Equal(g, w) || !strings.Contains(got, `"draft"`) {
		t.Errorf("a product has %v, want %v", g, w)
	}
	if l := head.Get("Link"); !strings.Contains(l, "modified_after=2026-01-01T00%3A00%3A00&dates_are_gmt=1&orderby=modified&order=asc&page=2>; rel=\"next\"") || !strings.Contains(want.Headers["Link"], "&dates_are_gmt=1&") {
		t.Errorf("Link: %s", l)
	}
}

func TestStoreAPI(t *testing.T) {
	s := New(Options{Currency: "KWD", Decimals: 3})
	s.Create(Product{Name: "A", Regular: "19.9", Sale: "9.9995"})
	s.Create(Product{Name: "Unlisted", Visibility: "hidden", Regular: "1"})
	s.Create(Product{Name: "Sketch", Status: "draft"})
	s.Create(Product{Name: "closed", Password: "geheim", Description: "secret text"})
	status, _, got := ask(t, s, "GET", s.URL()+"/wp-json/wc/store/v1/products", "")
	if status != 200 || !strings.Contains(got, `"price":"10000","regular_price":"19900"`) || !strings.Contains(got, "Unlisted") || strings.Contains(got, "Sketch") || strings.Contains(got, "secret text") {
		t.Errorf("%d %s", status, got)
	}
	if _, _, got := ask(t, s, "GET", s.URL()+"/wp-json/wc/store/v1/products?catalog_visibility=search", ""); strings.Contains(got, "Unlisted") {
		t.Errorf("what may be searched: %s", got)
	}
}
