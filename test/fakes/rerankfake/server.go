// Package rerankfake is a reranker on the loopback interface: POST /rerank, in
// each of the forms that are served, and with the faults that real servers were
// seen to have. It records every request.
package rerankfake

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
)

// Shape is the form in which a Server answers.
type Shape string

// Shapes, by who is known for them.
const (
	Jina   Shape = "jina"   // results with relevance_score, usage.total_tokens
	Cohere Shape = "cohere" // results, meta with billed units and tokens
	Voyage Shape = "voyage" // data, usage.total_tokens
	TEI    Shape = "tei"    // a bare list with score
)

// Fault is what a Server does wrong.
type Fault string

// Faults. The zero Fault is none.
const (
	RateLimited Fault = "429" // with Retry-After: 7
	Down        Fault = "500"
	Denied      Fault = "401" // repeats the key and the query, as gateways do
	Gateway     Fault = "504"
	Page        Fault = "html"     // 200 with a page
	Cut         Fault = "cut"      // breaks off in the middle
	Hang        Fault = "hang"     // never answers
	Foreign     Fault = "foreign"  // a text that was not sent
	Doubled     Fault = "doubled"  // a text twice
	Scoreless   Fault = "no score" // results without scores
	Empty       Fault = "empty"    // no results
	HugeUsage   Fault = "huge"     // 1e18 tokens
	NoUsage     Fault = "no usage" // nothing of what it cost
	Partial     Fault = "partial"  // the best one only
	Redirect    Fault = "302"
)

// Call is a request as it came.
type Call struct {
	Header http.Header
	Model  string
	Query  string
	Texts  []string
	TopN   int
}

// Server is a running fake. Its methods are safe for concurrent use.
type Server struct {
	URL string
	// Asked has one thing in it for each request that came, up to a hundred.
	Asked chan struct{}

	mu    sync.Mutex // guards all below
	shape Shape
	fault Fault
	score func(query, text string) float64
	calls []Call
	free  chan struct{} // closed when hanging calls may end
}

// TB is the part of testing.TB that New needs.
type TB interface {
	Helper()
	Cleanup(func())
}

// New starts a Server that answers as Jina does and ends with the test. It
// scores a text by score; nil: by the words that it shares with the query.
func New(t TB, score func(query, text string) float64) *Server {
	t.Helper()
	if score == nil {
		score = shared
	}
	s := &Server{shape: Jina, score: score, free: make(chan struct{}), Asked: make(chan struct{}, 100)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /rerank", s.rerank)
	h := httptest.NewServer(mux)
	s.URL = h.URL
	t.Cleanup(func() { close(s.free); h.Close() })
	return s
}

// Break makes the Server do f from now on.
func (s *Server) Break(f Fault) { s.mu.Lock(); defer s.mu.Unlock(); s.fault = f }

// Speak makes the Server answer in that form from now on.
func (s *Server) Speak(as Shape) { s.mu.Lock(); defer s.mu.Unlock(); s.shape = as }

// Calls returns the requests so far.
func (s *Server) Calls() []Call { s.mu.Lock(); defer s.mu.Unlock(); return slices.Clone(s.calls) }

// shared is the share of the text's words that the query has.
func shared(query, text string) float64 {
	n, words := 0, strings.Fields(strings.ToLower(text))
	for _, w := range words {
		if slices.Contains(strings.Fields(strings.ToLower(query)), w) {
			n++
		}
	}
	return float64(n) / float64(len(words)+1)
}

func (s *Server) rerank(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Model     string   `json:"model"`
		Query     string   `json:"query"`
		Documents []string `json:"documents"`
		Texts     []string `json:"texts"`
		TopN      int      `json:"top_n"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 8<<20)).Decode(&in); err != nil {
		http.Error(w, `{"error":"not JSON"}`, http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	shape, fault := s.shape, s.fault
	texts := in.Documents
	if shape == TEI {
		texts = in.Texts
	}
	s.calls = append(s.calls, Call{r.Header.Clone(), in.Model, in.Query, texts, in.TopN})
	s.mu.Unlock()
	select {
	case s.Asked <- struct{}{}:
	default:
	}
	if len(texts) == 0 || in.Query == "" {
		http.Error(w, `{"error":{"code":"bad_request","message":"nothing to rank"}}`, http.StatusUnprocessableEntity)
		return
	}
	if s.refuse(w, r, fault, in.Query) {
		return
	}
	var results []map[string]any
	tokens := 0
	for i, t := range texts {
		tokens += len(strings.Fields(in.Query)) + len(strings.Fields(t)) + 1
		results = append(results, map[string]any{"index": i, "score": s.score(in.Query, t)})
	}
	slices.SortStableFunc(results, func(a, b map[string]any) int {
		x, _ := a["score"].(float64)
		y, _ := b["score"].(float64)
		return cmp.Compare(y, x)
	})
	s.answer(w, shape, fault, in.Model, spoil(results, fault), tokens)
}

// refuse plays the faults that have no results, and reports whether it did.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, fault Fault, query string) bool {
	switch fault {
	case RateLimited:
		w.Header().Set("Retry-After", "7")
		http.Error(w, `{"error":{"code":"rate_limit_exceeded","message":"slow down"}}`, http.StatusTooManyRequests)
	case Down:
		http.Error(w, `{"error":"out of memory","error_type":"overloaded"}`, http.StatusInternalServerError)
	case Denied:
		http.Error(w, fmt.Sprintf(`{"error":{"code":"invalid_api_key","message":%q}}`, r.Header.Get("Authorization")+" asked "+query), http.StatusUnauthorized)
	case Gateway:
		http.Error(w, "<html>gateway timeout</html>", http.StatusGatewayTimeout)
	case Page:
		_, _ = w.Write([]byte("<html>maintenance</html>"))
	case Redirect:
		http.Redirect(w, r, "https://example.com/rerank", http.StatusFound)
	case Cut:
		w.Header().Set("Content-Length", "500")
		_, _ = w.Write([]byte(`{"results": [{"index": 0, `))
	case Hang:
		select {
		case <-r.Context().Done():
		case <-s.free:
		}
	default:
		return false
	}
	return true
}

func spoil(results []map[string]any, fault Fault) []map[string]any {
	switch fault {
	case Foreign:
		results[0]["index"] = len(results)
	case Doubled:
		results = append(results, results[0])
	case Scoreless:
		delete(results[0], "score")
	case Empty:
		results = nil
	case Partial:
		results = results[:1]
	default:
	}
	return results
}

func (s *Server) answer(w http.ResponseWriter, shape Shape, fault Fault, model string, results []map[string]any, tokens int) {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	if shape == TEI {
		_ = enc.Encode(results)
		return
	}
	for _, r := range results {
		if score, ok := r["score"]; ok {
			r["relevance_score"] = score
			delete(r, "score")
		}
	}
	out := map[string]any{"model": model, "results": results}
	count := any(tokens)
	if fault == HugeUsage {
		count = 1e18
	}
	switch {
	case fault == NoUsage:
	case shape == Cohere:
		delete(out, "model")
		out["meta"] = map[string]any{"billed_units": map[string]any{"search_units": 1}, "tokens": map[string]any{"input_tokens": count}}
	default:
		out["usage"] = map[string]any{"total_tokens": count}
	}
	if shape == Voyage {
		out["data"] = results
		delete(out, "results")
	}
	_ = enc.Encode(out)
}
