package wooshop

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Asked is a request that the shop got. Its query may hold a key: do not log it.
type Asked struct {
	Method, Path string
	Query        url.Values
	Status       int
}

// Asked returns the requests that the shop has answered so far, the oldest
// first; of very many, the newest.
func (s *Shop) Asked() []Asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Asked(nil), s.asked...)
}

// request is one request on its way through the shop.
type request struct {
	r     *http.Request
	route string // such as /wc/v3/products, "" for what is no API
	query url.Values
	body  []byte
	tls   bool
}

// answer is what the shop says to it.
type answer struct {
	status int
	header [][2]string
	typ    string // content type
	body   []byte
}

const jsonType = "application/json; charset=UTF-8"

func reply(v any) answer { return answer{status: http.StatusOK, typ: jsonType, body: encode(v)} }

func fail(code, message string, status int) answer {
	a := reply(apiError(code, message, status))
	a.status = status
	return a
}

func (a answer) with(name, value string) answer {
	a.header = append(a.header, [2]string{name, value})
	return a
}

func page404() answer {
	return answer{status: http.StatusNotFound, typ: "text/html; charset=UTF-8", body: []byte("<!DOCTYPE html>\n<html lang=\"en-US\"><head><title>Page not found</title></head><body><h1>Page not found</h1></body></html>\n")}
}

// ServeHTTP answers as the shop does, or as what stands in front of it.
func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return // the client has gone
	}
	s.mu.Lock()
	s.publishFuture()
	r.Header = r.Header.Clone()
	if s.o.StripsAuthorization {
		r.Header.Del("Authorization")
	}
	fault := s.nextFault(r)
	limited := s.overRate()
	s.mu.Unlock()
	if fault != nil && fault.stall(r) {
		return
	}
	var a answer
	switch {
	case fault != nil && fault.instead():
		a = fault.answer()
	case limited > 0:
		a = fail("too_many_requests", "Too many requests.", http.StatusTooManyRequests).with("Retry-After", strconv.Itoa(limited))
	default:
		a = s.answer(&request{r: r, body: body, tls: r.TLS != nil || s.o.TLS})
	}
	s.record(r, a.status)
	if fault != nil {
		fault.write(w, r, a)
		return
	}
	a.write(w, r)
}

func (a answer) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Powered-By", "PHP/8.2.36")
	h.Set("Content-Type", a.typ)
	for _, m := range a.header {
		h.Set(m[0], m[1])
	}
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body) // a client that has gone misses nothing
	}
}

func (s *Shop) record(r *http.Request, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.asked) >= keepSent {
		s.asked = append([]Asked(nil), s.asked[keepSent/2:]...)
	}
	s.asked = append(s.asked, Asked{Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Status: status})
}

// overRate returns the seconds after which to come back, 0 if there is room.
func (s *Shop) overRate() int {
	if s.o.RateLimit == 0 {
		return 0
	}
	now := s.clock()
	if now.Sub(s.window) >= s.o.RatePer {
		s.window, s.inWindow = now, 0
	}
	s.inWindow++
	if s.inWindow <= s.o.RateLimit {
		return 0
	}
	return max(int(s.o.RatePer.Seconds()), 1)
}

// answer finds the route of a request as WordPress does.
func (s *Shop) answer(q *request) answer {
	s.mu.Lock()
	home, plain := s.home(), s.o.PlainPermalinks
	s.mu.Unlock()
	path, inside := strings.CutPrefix(q.r.URL.Path, home)
	q.query = q.r.URL.Query()
	switch {
	case !inside:
		return page404()
	case q.query.Get("rest_route") != "" && (path == "/" || path == "" || path == "/index.php"):
		q.route = q.query.Get("rest_route")
	case path == "/wp-json" || strings.HasPrefix(path, "/wp-json/"):
		if plain {
			return page404()
		}
		q.route = strings.TrimPrefix(path, "/wp-json")
	case strings.HasPrefix(path, "/wc-auth/v1/"):
		return s.authorize(strings.TrimPrefix(path, "/wc-auth/v1/"), q)
	case path == "" || path == "/":
		return answer{status: http.StatusOK, typ: "text/html; charset=UTF-8", body: []byte("<!DOCTYPE html>\n<html><head><title>A shop</title></head><body>Welcome to the shop.</body></html>\n")}
	default:
		return page404()
	}
	q.route = "/" + strings.Trim(q.route, "/")
	return s.rest(q)
}

// Transport returns a transport that asks the shop without a network, whatever
// the address: for tests that cannot have sockets, such as those in a bubble of
// testing/synctest. Bodies come whole.
func (s *Shop) Transport() http.RoundTripper { return inProcess{s} }

// HandlerTransport does the same for any handler, such as the one that is to
// get the shop's webhooks.
func HandlerTransport(h http.Handler) http.RoundTripper { return inProcess{h} }

type inProcess struct{ h http.Handler }

// RoundTrip implements http.RoundTripper.
func (t inProcess) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr, in.Host = r.URL.RequestURI(), "127.0.0.1:1", r.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			resp, err = nil, io.ErrUnexpectedEOF
		default:
			panic(p)
		}
	}()
	t.h.ServeHTTP(w, in)
	if r.Body != nil {
		_ = r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return &http.Response{
		Status: strconv.Itoa(w.status) + " " + http.StatusText(w.status), StatusCode: w.status, Proto: w.proto(), ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(bytes.NewReader(w.body.Bytes())), ContentLength: int64(w.body.Len()), Request: r,
	}, nil
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	wrote  bool
	body   bytes.Buffer
}

func (w *recorder) proto() string { return "HTTP/1.1" }

// Header implements http.ResponseWriter.
func (w *recorder) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	if !w.wrote {
		w.status, w.wrote = status, true
	}
}

// Write implements http.ResponseWriter.
func (w *recorder) Write(b []byte) (int, error) {
	w.wrote = true
	return w.body.Write(b)
}
