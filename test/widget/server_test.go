package widget_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/widget"

	"github.com/aiwoochat/woochat/test/harness/browser"
)

// request is one call of the widget, as the server saw it.
type request struct {
	method, path string
	header       http.Header
	body         map[string]any
}

// reply answers one call. Handlers of a path run in the order in which they were scripted; the last one stays.
type reply func(w *stream, r request)

// server plays the chat API on one origin and a shop on another, so that CORS is what it is in real life.
type server struct {
	t         *testing.T
	api, shop *httptest.Server

	mu     sync.Mutex
	script map[string][]reply
	calls  []request
	wake   chan struct{}

	// lose is how many requests for the panel fail before it is served.
	lose int

	// html of the shop's page, and a policy it is served with.
	html, policy string
}

// newServer starts both; they end with the test, whatever still streams.
func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, script: map[string][]reply{}, wake: make(chan struct{})}
	s.api = httptest.NewServer(http.HandlerFunc(s.serveAPI))
	s.shop = httptest.NewServer(http.HandlerFunc(s.serveShop))
	s.html = shopPage(s.api.URL, `data-site-key="pk_test"`)
	t.Cleanup(func() {
		for _, srv := range []*httptest.Server{s.api, s.shop} {
			srv.CloseClientConnections()
			srv.Close()
		}
	})
	s.on("POST /api/chat/session", session(nil))
	s.on("GET /api/chat/history", refuse(404, "NOT_FOUND", nil))
	return s
}

// on scripts the answers to a call, replacing earlier ones.
func (s *server) on(call string, replies ...reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script[call] = replies
}

// seen returns the calls so far with this method and path.
func (s *server) seen(call string) []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []request
	for _, r := range s.calls {
		if r.method+" "+r.path == call {
			found = append(found, r)
		}
	}
	return found
}

// waitFor returns the n-th call (from 1) with this method and path as soon as it has come.
func (s *server) waitFor(call string, n int) request {
	s.t.Helper()
	deadline := time.After(browser.Patience)
	for {
		s.mu.Lock()
		wake := s.wake
		s.mu.Unlock()
		if calls := s.seen(call); len(calls) >= n {
			return calls[n-1]
		}
		select {
		case <-wake:
		case <-deadline:
			s.t.Fatalf("%s was called %d times, wanted %d", call, len(s.seen(call)), n)
		}
	}
}

func (s *server) serveAPI(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Expose-Headers", "Retry-After, X-Request-Id")
	if r.Method == http.MethodOptions {
		w.Header().Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
		w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Last-Event-ID")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if name, body, etag := widget.Launcher(); r.URL.Path == "/"+name {
		w.Header().Set("ETag", etag)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
		return
	}
	if strings.HasPrefix(r.URL.Path, "/w/") {
		s.mu.Lock()
		s.lose--
		lost := s.lose >= 0
		s.mu.Unlock()
		if lost {
			http.Error(w, "lost", http.StatusBadGateway)
			return
		}
		http.StripPrefix("/w/", http.FileServerFS(widget.Assets())).ServeHTTP(w, r)
		return
	}

	req := request{method: r.Method, path: r.URL.Path, header: r.Header.Clone()}
	if raw, _ := io.ReadAll(r.Body); len(raw) > 0 {
		if err := json.Unmarshal(raw, &req.body); err != nil {
			s.t.Errorf("%s %s: body is not JSON: %v", r.Method, r.URL.Path, err)
		}
	}
	call := r.Method + " " + r.URL.Path
	s.mu.Lock()
	s.calls = append(s.calls, req)
	close(s.wake)
	s.wake = make(chan struct{})
	replies := s.script[call]
	if len(replies) > 1 {
		s.script[call] = replies[1:]
	}
	s.mu.Unlock()
	if len(replies) == 0 {
		s.t.Errorf("unexpected call %s", call)
		http.NotFound(w, r)
		return
	}
	replies[0](&stream{ResponseWriter: w, done: r.Context().Done()}, req)
}

func (s *server) serveShop(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		if s.policy != "" {
			w.Header().Set("Content-Security-Policy", s.policy)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, s.html)
	case "/mug.svg", "/jug.svg", "/hero.svg":
		w.Header().Set("Content-Type", "image/svg+xml")
		io.WriteString(w, picture(r.URL.Path))
	default:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html><html lang=en><title>%s</title><h1>elsewhere</h1>", "Another page")
	}
}

// stream writes one reply.
type stream struct {
	http.ResponseWriter
	done <-chan struct{}
	open bool
}

// raw writes bytes of an event stream and sends them off at once.
func (w *stream) raw(text string) {
	if !w.open {
		w.open = true
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store, no-transform")
		w.WriteHeader(http.StatusOK)
	}
	io.WriteString(w.ResponseWriter, text)
	w.ResponseWriter.(http.Flusher).Flush()
}

// event writes one event of message id.
func (w *stream) event(id string, n int, name string, data any) {
	w.raw(event(id, n, name, data))
}

// hold waits until the test goes on, or the shopper has gone.
func (w *stream) hold(gate <-chan struct{}) {
	select {
	case <-gate:
	case <-w.done:
	}
}

func event(id string, n int, name string, data any) string {
	return fmt.Sprintf("event: %s\nid: %s:%d\ndata: %s\n\n", name, id, n, browser.Quote(data))
}

func (w *stream) json(status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	io.WriteString(w, browser.Quote(body))
}

// session opens a session with this configuration of the shop.
func session(config map[string]any) reply {
	return func(w *stream, r request) {
		visitor, _ := r.body["visitor_id"].(string)
		if visitor == "" {
			visitor = "visitor-1"
		}
		w.json(http.StatusOK, map[string]any{
			"token": "token-1", "expires_at": time.Now().Add(15 * time.Minute).Format(time.RFC3339),
			"visitor_id": visitor, "conversation_id": "conv_1", "config": config,
		})
	}
}

// refuse answers with the error envelope.
func refuse(status int, code string, details map[string]any) reply {
	return func(w *stream, _ request) {
		w.json(status, map[string]any{"error": map[string]any{"code": code, "message": "internal words about " + code, "details": details, "request_id": "req_1"}})
	}
}

// say streams a whole answer: text in small pieces, then the rest.
func say(id, text, finish string, sources, products any) reply {
	return func(w *stream, _ request) {
		n := 0
		send := func(name string, data any) {
			n++
			w.event(id, n, name, data)
		}
		send("message.start", map[string]string{"conversation_id": "conv_1", "message_id": id})
		runes := []rune(text)
		for len(runes) > 0 {
			k := min(7, len(runes))
			send("delta", map[string]string{"text": string(runes[:k])})
			runes = runes[k:]
		}
		if sources != nil {
			send("sources", sources)
		}
		if products != nil {
			send("products", products)
		}
		send("message.end", map[string]any{"finish": finish, "usage": map[string]int{"total_tokens": 42}})
	}
}
