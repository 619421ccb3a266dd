package openaifake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Options says how a [Server] behaves. The zero value is a server that
// answers every request by [Quote], without looking at the key.
type Options struct {
	// Addr is where to listen; default "127.0.0.1:0". It must be a loopback
	// address.
	Addr string

	// Script answers chat requests that no scenario claims; default [Quote].
	Script Script

	// Scenario is played for every request whose model is not the name of
	// another one. Empty: the script answers.
	Scenario string

	// Scenarios adds chat scenarios of the test's own, by name.
	Scenarios map[string]func(*Exchange)

	// Gate, if not nil, holds back each piece of each stream.
	Gate *Gate

	// APIKey, if not empty, must come as the bearer token; else the answer is
	// a 401 that repeats what came, as OpenAI's does.
	APIKey string

	// Models are what GET /v1/models lists; default one chat and one
	// embedding model. Any model is answered.
	Models []string

	// Dimensions is the length of the vectors for a request that names none;
	// default 64.
	Dimensions int

	// MaxEmbedTexts and MaxEmbedTokens are the most that one embedding request
	// may hold, more is a 400; default 2048 and 300,000, OpenAI's own limits.
	MaxEmbedTexts, MaxEmbedTokens int
}

// Server is a running fake. Its methods are safe for concurrent use.
type Server struct {
	opts     Options
	script   Script
	gate     *Gate
	scenes   map[string]func(*Exchange)
	listener net.Listener
	http     *http.Server
	closing  chan struct{}
	served   chan struct{}
	once     sync.Once

	mu    sync.Mutex
	calls []*Call
	more  chan struct{}
}

// TB is the part of testing.TB that [New] needs, so that this package can be
// linked into a program without package testing.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// New starts a server that is closed when the test ends.
func New(t TB, o Options) *Server {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatalf("%v", err)
		return nil
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Fatalf("%v", err)
		}
	})
	return s
}

// Start starts a server. The caller closes it.
func Start(o Options) (*Server, error) {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.Script == nil {
		o.Script = Quote
	}
	if o.Dimensions == 0 {
		o.Dimensions = 64
	}
	if o.MaxEmbedTexts == 0 {
		o.MaxEmbedTexts = 2048
	}
	if o.MaxEmbedTokens == 0 {
		o.MaxEmbedTokens = 300_000
	}
	if len(o.Models) == 0 {
		o.Models = []string{"fake-chat", "fake-embedding"}
	}
	s := &Server{
		opts: o, script: o.Script, gate: o.Gate, scenes: scenarios(),
		closing: make(chan struct{}), served: make(chan struct{}), more: make(chan struct{}),
	}
	maps.Copy(s.scenes, o.Scenarios)
	if o.Scenario != "" && !s.plays(o.Scenario) {
		return nil, fmt.Errorf("openaifake: no scenario is called %q; choose one of: %s", o.Scenario, strings.Join(Scenarios(), ", "))
	}
	l, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("openaifake: %w", err)
	}
	if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("openaifake: %s is not a loopback address", o.Addr), l.Close())
	}
	s.listener = l
	// Broken connections are this server's trade: they are not worth a line in
	// the log of the test that asked for them.
	s.http = &http.Server{Handler: http.HandlerFunc(s.serve), ErrorLog: log.New(io.Discard, "", 0)}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(l) // always ErrServerClosed: only Close ends it
	}()
	return s, nil
}

// Scenarios returns the names of all scenarios, sorted.
func Scenarios() []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(scenarios())), maps.Keys(embedScenarios()))
	slices.Sort(names)
	return names
}

// URL returns the base URL, with /v1 and without a slash at the end.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() + "/v1" }

// Close ends all streams and the server, and waits for its goroutines. It may
// be called again.
func (s *Server) Close() error {
	var err error
	s.once.Do(func() {
		close(s.closing)
		err = s.http.Close()
		<-s.served
		for _, c := range s.Calls() {
			<-c.Done()
		}
	})
	return err
}

// Calls returns the requests seen so far, oldest first.
func (s *Server) Calls() []*Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Await returns the nth request (the first is 0), and waits until it comes.
func (s *Server) Await(ctx context.Context, n int) (*Call, error) {
	for {
		s.mu.Lock()
		if n < len(s.calls) {
			defer s.mu.Unlock()
			return s.calls[n], nil
		}
		more := s.more
		s.mu.Unlock()
		select {
		case <-more:
		case <-s.closing:
			return nil, fmt.Errorf("openaifake: closed before request %d came", n)
		case <-ctx.Done():
			return nil, fmt.Errorf("openaifake: waiting for request %d: %w", n, context.Cause(ctx))
		}
	}
}

// Find returns the request that carried the given call id, or nil.
func (s *Server) Find(callID string) *Call {
	for _, c := range s.Calls() {
		if c.ID == callID {
			return c
		}
	}
	return nil
}

// Dated returns the name that the fake reports for a model: providers answer
// with a dated name for the alias that was asked for.
func Dated(model string) string { return model + "-2024-07-18" }

func (s *Server) plays(name string) bool {
	_, chat := s.scenes[name]
	_, embed := embedScenarios()[name]
	return chat || embed
}

func (s *Server) record(r *http.Request) (*Call, int, error) {
	raw, err := io.ReadAll(r.Body)
	c := &Call{
		Method: r.Method, Path: r.URL.Path, Header: r.Header.Clone(), ID: r.Header.Get(CallIDHeader), Raw: raw,
		gone: make(chan struct{}), done: make(chan struct{}),
	}
	model := ""
	if err == nil && r.Method == http.MethodPost {
		if err = json.Unmarshal(raw, &c.Body); err == nil {
			if r.URL.Path == "/v1/embeddings" {
				err, model = json.Unmarshal(raw, &c.Embed), c.Embed.Model
			} else {
				err, model = json.Unmarshal(raw, &c.Chat), c.Chat.Model
			}
		}
		if json.Unmarshal(c.Body["model"], &model) != nil {
			model = ""
		}
	}
	switch {
	case s.plays(model):
		c.Scenario = model
	default:
		c.Scenario = s.opts.Scenario
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
	close(s.more)
	s.more = make(chan struct{})
	return c, len(s.calls), err
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	c, n, bad := s.record(r)
	// The request's context ends when the client goes away, and also when this
	// function returns; only the first counts as gone.
	stop := context.AfterFunc(r.Context(), c.leave)
	defer close(c.done)
	defer stop()

	w.Header().Set("X-Request-Id", "req_fake_"+strconv.Itoa(n))
	e := s.newExchange(w, r, c)
	key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case bad != nil:
		e.Status(http.StatusBadRequest, "application/json",
			errorBody("We could not parse the JSON body of your request: "+bad.Error(), "invalid_request_error", ""))
	case s.opts.APIKey != "" && key != s.opts.APIKey:
		keyEcho(e)
	case r.Method == http.MethodGet && r.URL.Path == "/v1/models":
		s.models(e)
	case r.Method == http.MethodPost && r.URL.Path == "/v1/chat/completions":
		s.chat(e)
	case r.Method == http.MethodPost && r.URL.Path == "/v1/embeddings":
		s.embed(e)
	default:
		e.Status(http.StatusNotFound, "application/json",
			errorBody("Invalid URL ("+r.Method+" "+r.URL.Path+")", "invalid_request_error", ""))
	}
}

func (s *Server) models(e *Exchange) {
	type model struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int64  `json:"created"`
		OwnedBy string `json:"owned_by"`
	}
	list := make([]model, len(s.opts.Models))
	for i, id := range s.opts.Models {
		list[i] = model{ID: id, Object: "model", Created: 1700000000, OwnedBy: "fake"}
	}
	b, err := json.Marshal(map[string]any{"object": "list", "data": list})
	if err != nil {
		panic(err) // strings and numbers always have a JSON form
	}
	e.Status(http.StatusOK, "application/json", string(b))
}

func (s *Server) chat(e *Exchange) {
	if play, ok := s.scenes[e.Call.Scenario]; ok {
		play(e)
		return
	}
	if !e.Request.Stream {
		e.JSON(e.Answer())
		return
	}
	e.Complete(e.Answer())
}
