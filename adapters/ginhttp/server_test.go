package ginhttp

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestNewNamesAllThatIsMissing(t *testing.T) {
	_, err := New(Deps{}, Config{})
	for _, name := range []string{"Answering", "Metering", "Reports", "Auditing", "Tenants", "Sites", "SiteKeys", "Now", "NewID", "TokenKeys"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
	_, err = New(Deps{}, Config{TokenKeys: []TokenKey{key("k1", 1), {ID: "k2", Secret: []byte("short")}}})
	if err == nil || !strings.Contains(err.Error(), "TokenKeys[1]") || strings.Contains(err.Error(), "TokenKeys[0]") {
		t.Errorf("got %v", err)
	}
}

func TestLauncher(t *testing.T) {
	w := newWorld(t, nil)
	rec := w.do("GET", "/w.js", "", "")
	h := rec.Header()
	if rec.Code != 200 || rec.Body.String() != "launch()" || h.Get("Content-Type") != "text/javascript; charset=utf-8" || h.Get("ETag") != `"abc"` ||
		h.Get("Cache-Control") != "public, max-age=300, stale-while-revalidate=86400" || h.Get("Access-Control-Allow-Origin") != "*" ||
		h.Get("Cross-Origin-Resource-Policy") != "cross-origin" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("got %d %v %s", rec.Code, h, rec.Body)
	}
	for value, want := range map[string]int{
		`"abc"`: 304, `W/"abc"`: 304, `"old", "abc"`: 304, "*": 304, `"abcd"`: 200, "abc": 200, "": 200,
	} {
		rec := w.do("GET", "/w.js", "", "", "If-None-Match", value)
		if rec.Code != want || (want == 304) != (rec.Body.Len() == 0) || rec.Header().Get("ETag") != `"abc"` {
			t.Errorf("If-None-Match %s: %d with %d bytes, want %d", value, rec.Code, rec.Body.Len(), want)
		}
	}
	if rec := w.do("HEAD", "/w.js", "", ""); rec.Code != 200 {
		t.Errorf("HEAD: %d", rec.Code)
	}
}

func TestAssets(t *testing.T) {
	w := newWorld(t, nil)
	rec := w.do("GET", "/w/panel-123.js", "", "")
	if rec.Code != 200 || rec.Body.String() != "panel()" || rec.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" ||
		rec.Header().Get("Access-Control-Allow-Origin") != "*" || rec.Header().Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("got %d %v", rec.Code, rec.Header())
	}
	if rec := w.do("GET", "/w/licenses.txt", "", ""); rec.Code != 200 || rec.Header().Get("Content-Type") != "text/plain; charset=utf-8" || rec.Header().Get("Cache-Control") != "" {
		t.Errorf("got %d %v", rec.Code, rec.Header())
	}
	for _, path := range []string{"/w/", "/w/none.js", "/w/../server.go", "/w/%2e%2e/server.go", "/w//etc/passwd", "/w/."} {
		rec := w.do("GET", path, "", "")
		if rec.Code != 404 && rec.Code != 301 && rec.Code != 307 {
			t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
		}
	}
}

func TestUnknownRoutes(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.cfg.Fallback = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { fmt.Fprintf(rw, "shop %s", r.URL.Path) })
	})
	if rec := w.do("GET", "/product/x", "", ""); rec.Code != 200 || rec.Body.String() != "shop /product/x" {
		t.Errorf("the fallback: %d %s", rec.Code, rec.Body)
	}
	w.wantError(w.do("GET", "/api/nothing", "", ""), 404, "NOT_FOUND")
	w.wantError(w.do("GET", "/api/chat/nothing", "", ""), 404, "NOT_FOUND")
	rec := w.do("PUT", "/api/chat/message", "", "{}")
	w.wantError(rec, 405, "METHOD_NOT_ALLOWED")
	if allow := rec.Header().Get("Allow"); !strings.Contains(allow, "POST") {
		t.Errorf("Allow is %q", allow)
	}
	// The admin API is not on the public listener, nor the other way round.
	w.wantError(w.do("GET", "/api/admin/site", w.apiKey, ""), 404, "NOT_FOUND")
	w.wantError(serve(t, w.Admin(), "POST", "/api/chat/session", "", "{}"), 404, "NOT_FOUND")

	w = newWorld(t, nil)
	w.wantError(w.do("GET", "/product/x", "", ""), 404, "NOT_FOUND")
}

func TestHealth(t *testing.T) {
	var ready error
	w := newWorld(t, func(w *world) { w.deps.Ready = func() error { return ready } })
	for _, h := range []http.Handler{w.Public(), w.Admin()} {
		ready = nil
		if rec := serve(t, h, "GET", "/livez", "", ""); rec.Code != 200 || rec.Body.String() != `{"status":"ok","version":"1.2.3"}` {
			t.Errorf("livez: %d %s", rec.Code, rec.Body)
		}
		if rec := serve(t, h, "GET", "/readyz", "", ""); rec.Code != 200 {
			t.Errorf("readyz: %d %s", rec.Code, rec.Body)
		}
		ready = errors.New("the store at 10.0.0.1 is away")
		if rec := serve(t, h, "GET", "/readyz", "", ""); rec.Code != 503 || rec.Body.String() != `{"reason":"store_unavailable","status":"not ready"}` {
			t.Errorf("readyz: %d %s", rec.Code, rec.Body)
		}
		ready = fmt.Errorf("wrapped: %w", &NotReadyError{Reason: ReasonSpooled, Err: errors.New("3 wait for the store at 10.0.0.1")})
		if rec := serve(t, h, "GET", "/readyz", "", ""); rec.Code != 503 || rec.Body.String() != `{"reason":"settlements_spooled","status":"not ready"}` {
			t.Errorf("readyz: %d %s", rec.Code, rec.Body)
		}
	}
	if rec := serve(t, w.Admin(), "GET", "/metrics", "", ""); rec.Body.String() != "up 1\n" {
		t.Errorf("metrics: %d %s", rec.Code, rec.Body)
	}
	w.wantError(w.do("GET", "/metrics", "", ""), 404, "NOT_FOUND")
}

func TestPanics(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.cfg.Fallback = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/late" {
				_, _ = io.WriteString(rw, "half a page")
			}
			if r.URL.Path == "/abort" {
				panic(http.ErrAbortHandler)
			}
			panic("secret")
		})
	})
	rec := w.do("GET", "/early", "", "")
	w.wantError(rec, 500, "INTERNAL")
	if strings.Contains(rec.Body.String(), "secret") {
		t.Errorf("the panic is shown: %s", rec.Body)
	}
	if log := w.log.String(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, "panic: secret") || !strings.Contains(log, "server_test.go") {
		t.Errorf("the panic is not logged with its stack: %s", log)
	}
	// What was sent cannot be taken back: no second body is put behind it.
	if rec := w.do("GET", "/late", "", ""); rec.Body.String() != "half a page" {
		t.Errorf("got %s", rec.Body)
	}
	func() {
		defer func() {
			p := recover()
			if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				t.Errorf("recovered %v, want http.ErrAbortHandler to pass", p)
			}
		}()
		w.do("GET", "/abort", "", "")
	}()
}

func TestRequestID(t *testing.T) {
	w := newWorld(t, nil)
	for id, kept := range map[string]bool{
		"abc-1.2_X": true, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false, "a b": false, "a\"b": false, "ü": false,
	} {
		got := w.do("GET", "/livez", "", "", "X-Request-Id", id).Header().Get("X-Request-Id")
		if (got == id) != kept || !kept && !strings.HasPrefix(got, "req_") {
			t.Errorf("%q became %q", id, got)
		}
	}
}

// TestLogHoldsNoText logs a request by its route, without a shopper's words.
func TestLogHoldsNoText(t *testing.T) {
	w := newWorld(t, nil)
	s := w.session("")
	w.log.Reset()
	w.do("POST", "/api/chat/message", s.Token, `{"message":"my number is 555-1234"}`)
	w.do("GET", "/api/chat/history?conversation_id=555-1234", s.Token, "")
	log := w.log.String()
	if strings.Contains(log, "555-1234") || strings.Contains(log, s.Token) {
		t.Errorf("logged %s", log)
	}
	if !strings.Contains(log, "route=/api/chat/message") || !strings.Contains(log, "status=200") || !strings.Contains(log, "status=422") {
		t.Errorf("logged %s", log)
	}
}

func TestTrustedProxies(t *testing.T) {
	for _, c := range []struct {
		trusted bool
		from    string // who is counted: the proxy, or whom it names
	}{{false, "192.0.2.1"}, {true, "198.51.100.7"}} {
		w := newWorld(t, func(w *world) {
			w.deps.Limiter = w.stores.Limiter
			if c.trusted {
				w.cfg.TrustedProxies = append(w.cfg.TrustedProxies, netip.MustParsePrefix("192.0.2.0/24"))
			}
		})
		// httptest's requests come from 192.0.2.1.
		open := func(forwarded string) int {
			return w.do("POST", "/api/chat/session", "", fmt.Sprintf(`{"site_key":%q}`, w.siteKey), "X-Forwarded-For", forwarded).Code
		}
		for range sessionBurst {
			if code := open("198.51.100.7"); code != 200 {
				t.Fatalf("got %d", code)
			}
		}
		if code := open("198.51.100.7"); code != 429 {
			t.Errorf("trusted %v: one more got %d", c.trusted, code)
		}
		if code := open("198.51.100.8"); (code == 200) != c.trusted {
			t.Errorf("trusted %v: another address behind the proxy got %d", c.trusted, code)
		}
	}
}

func TestNetwork(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "?": "unknown", "": "unknown",
	} {
		if got := network(ip); got != want {
			t.Errorf("%q: got %q, want %q", ip, got, want)
		}
	}
}

func TestDecode(t *testing.T) {
	w := newWorld(t, nil)
	token := w.session("").Token
	deep := func(n int) string {
		return `{"message":"Hello?","x":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + "}"
	}
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
		field  string
		reason string // a part of it
	}{
		"empty":                  {"", 422, "INVALID_REQUEST", "body", "is empty"},
		"no JSON":                {"message=hello", 422, "INVALID_REQUEST", "body", "not a JSON object"},
		"half a JSON":            {`{"message":"Hello?"`, 422, "INVALID_REQUEST", "body", "not a JSON object"},
		"two":                    {`{"message":"Hello?"}{}`, 422, "INVALID_REQUEST", "body", "not a JSON object"},
		"a list":                 {`["Hello?"]`, 422, "INVALID_REQUEST", "body", "not a JSON object"},
		"null":                   {`null`, 422, "INVALID_REQUEST", "message", "is empty"},
		"message a number":       {`{"message":5}`, 422, "INVALID_REQUEST", "message", "is a number: want a string"},
		"message an object":      {`{"message":{}}`, 422, "INVALID_REQUEST", "message", "is a object: want a string"},
		"conversation a number":  {`{"message":"Hello?","conversation_id":5}`, 422, "INVALID_REQUEST", "conversation_id", "want a string"},
		"page a string":          {`{"message":"Hello?","page":"x"}`, 422, "INVALID_REQUEST", "page", "is a string: want an object"},
		"page URL a bool":        {`{"message":"Hello?","page":{"url":true}}`, 422, "INVALID_REQUEST", "page.url", "is a bool: want a string"},
		"conversation malformed": {`{"message":"Hello?","conversation_id":"5"}`, 422, "INVALID_REQUEST", "conversation_id", "malformed"},
		"no message":             {`{}`, 422, "INVALID_REQUEST", "message", "is empty"},
		"control characters":     {`{"message":"a\u0000b"}`, 422, "INVALID_REQUEST", "message", "control"},
		"too deep":               {deep(17), 422, "INVALID_REQUEST", "body", "16 levels"},
		"very deep":              {strings.Repeat("[", 60_000), 422, "INVALID_REQUEST", "body", "16 levels"},
		"as deep as may be":      {deep(16), 200, "", "", ""},
		"brackets in a string":   {`{"message":"` + strings.Repeat(`[{\"\\`, 50) + `"}`, 200, "", "", ""},
		"long message":           {`{"message":"` + strings.Repeat("a", 4001) + `"}`, 422, "INVALID_REQUEST", "message", "4000 bytes"},
		"as large as may be":     {`{"message":"Hello?"}` + strings.Repeat(" ", maxBody-20), 200, "", "", ""},
		"one byte more":          {`{"message":"Hello?"}` + strings.Repeat(" ", maxBody-19), 413, "REQUEST_TOO_LARGE", "", ""},
		"huge":                   {strings.Repeat(" ", 10<<20), 413, "REQUEST_TOO_LARGE", "", ""},
		"unknown fields":         {`{"message":"Hello?","future":1}`, 200, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			rec := w.do("POST", "/api/chat/message", token, c.body)
			if c.status == 200 {
				if rec.Code != 200 {
					t.Errorf("got %d %s", rec.Code, rec.Body)
				}
				return
			}
			d := w.wantError(rec, c.status, c.code)
			if c.field != "" && (d["field"] != c.field || !strings.Contains(fmt.Sprint(d["reason"]), c.reason)) {
				t.Errorf("details %v, want %s %s", d, c.field, c.reason)
			}
		})
	}
	t.Run("a body that breaks off", func(t *testing.T) {
		req := httptest.NewRequest("POST", "/api/chat/message", io.MultiReader(strings.NewReader(`{"mess`), brokenReader{}))
		req.Header.Set("Authorization", "Bearer "+token)
		rec := httptest.NewRecorder()
		w.Public().ServeHTTP(rec, req)
		w.wantError(rec, 422, "INVALID_REQUEST")
	})
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// TestNothingOfABadRequestIsKept: 422 and 413 are said before anything is held.
func TestNothingOfABadRequestIsKept(t *testing.T) {
	w := newWorld(t, nil)
	s := w.session("")
	w.do("POST", "/api/chat/message", s.Token, fmt.Sprintf(`{"message":" ","conversation_id":%q}`, s.Conversation))
	rec := w.do("GET", "/api/chat/history?conversation_id="+s.Conversation, s.Token, "")
	if rec.Body.String() != `{"data":[]}` {
		t.Errorf("history: %d %s", rec.Code, rec.Body)
	}
	if d := w.day(); d.Used.ChatRequests != 0 || d.Held.ChatRequests != 0 {
		t.Errorf("the day says %+v", d)
	}
}
