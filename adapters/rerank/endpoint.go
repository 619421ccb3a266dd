package rerank

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// Style says how texts are sent. Whatever it is, all answers are understood.
type Style uint8

// Styles.
const (
	// Documents sends model, query, documents and top_n, as Jina
	// (https://api.jina.ai/v1), Cohere (https://api.cohere.com/v2), vLLM, LocalAI
	// and OpenVINO take them. It is the default.
	Documents Style = iota
	// Texts sends query and texts, as text-embeddings-inference takes them.
	Texts
)

// Config says how to reach a reranker.
type Config struct {
	BaseURL string // up to and without /rerank
	APIKey  string // sent as a bearer token; "" for none
	Model   string // required
	Style   Style
	// Tokenizer counts what the provider does not report. Without one bytes
	// are counted: an upper bound.
	Tokenizer ports.Tokenizer
	// Transport replaces the HTTP transport, as for tests. It must honour the
	// request's context.
	Transport http.RoundTripper
}

// Endpoint is a ports.Reranker on a server's /rerank. Make it with NewEndpoint;
// it is safe for concurrent use.
type Endpoint struct {
	cfg    Config
	url    string
	client *http.Client
}

var _ ports.Reranker = (*Endpoint)(nil)

// NewEndpoint returns an Endpoint, or an error that lists everything that is
// wrong with c. It does not connect. Close it when it is no longer needed.
func NewEndpoint(c Config) (*Endpoint, error) {
	var wrong []error
	base := strings.TrimRight(c.BaseURL, "/")
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		wrong = append(wrong, errors.New("BaseURL must begin with http:// or https:// and name a host, like https://api.jina.ai/v1"))
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		wrong = append(wrong, errors.New("BaseURL must hold no user, password, ? or #: give the key as APIKey"))
	case strings.HasSuffix(u.Path, "/rerank"):
		wrong = append(wrong, errors.New("BaseURL must end before /rerank"))
	}
	if strings.ContainsFunc(c.APIKey, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		wrong = append(wrong, errors.New("APIKey has spaces, line breaks or other characters that no key has: was it copied whole?"))
	}
	if c.Model == "" {
		wrong = append(wrong, errors.New("no Model: name the model that judges"))
	}
	if c.Style > Texts {
		wrong = append(wrong, errors.New("Style is none of the Style constants"))
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("rerank: wrong configuration: %w", errors.Join(wrong...))
	}
	if c.Transport == nil {
		c.Transport = &http.Transport{
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout: 5 * time.Second, ForceAttemptHTTP2: true, MaxIdleConns: 64, MaxIdleConnsPerHost: 64,
			IdleConnTimeout: 90 * time.Second, MaxResponseHeaderBytes: 64 << 10,
		}
	}
	return &Endpoint{cfg: c, url: base + "/rerank", client: &http.Client{
		Transport: c.Transport,
		// The key must not follow a redirect to elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close closes the connections that no call is using. It may be called again.
func (e *Endpoint) Close() error {
	e.client.CloseIdleConnections()
	return nil
}

type request struct {
	Model     string   `json:"model,omitempty"`
	Query     string   `json:"query"`
	Documents []string `json:"documents,omitempty"`
	TopN      int      `json:"top_n,omitempty"`
	Texts     []string `json:"texts,omitempty"`
	Truncate  bool     `json:"truncate,omitempty"`
}

// Rerank implements ports.Reranker.
func (e *Endpoint) Rerank(ctx context.Context, query string, texts []string) (retrieval.Ranking, error) {
	if err := ctx.Err(); err != nil {
		return retrieval.Ranking{}, fmt.Errorf("rerank: not sent: %w", err)
	}
	if len(texts) == 0 {
		return retrieval.Ranking{}, nil
	}
	if err := check(query, texts); err != nil {
		return retrieval.Ranking{}, err
	}
	in := request{Query: query, Texts: texts, Truncate: true}
	if e.cfg.Style == Documents {
		in = request{Model: e.cfg.Model, Query: query, Documents: texts, TopN: len(texts)}
	}
	body, err := json.Marshal(in)
	if err != nil {
		return retrieval.Ranking{}, refused("%v", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return retrieval.Ranking{}, refused("%v", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if e.cfg.APIKey != "" {
		req.Header.Set("Authorization", "Bearer "+e.cfg.APIKey)
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return e.unanswered(ctx, query, texts, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		failed := statusError(resp)
		var out retrieval.Ranking
		if !failed.Unspent {
			out = e.spent(query, texts)
		}
		return out, fmt.Errorf("rerank: %w", failed)
	}
	out := e.spent(query, texts)
	answer, err := read(resp.Body, int64(len(body)))
	if err != nil {
		if ctx.Err() != nil {
			return out, fmt.Errorf("rerank: the call was ended: %w", ctx.Err())
		}
		return out, fmt.Errorf("rerank: %w", err)
	}
	answer.bill(&out)
	if out.Ranks, err = answer.ranks(len(texts)); err != nil {
		return out, fmt.Errorf("rerank: %w", err)
	}
	return out, nil
}

// spent returns the Ranking of a call that may have cost as much as it can.
func (e *Endpoint) spent(query string, texts []string) retrieval.Ranking {
	input, _ := retrieval.RerankBound(query, texts, func(s string) int64 {
		if e.cfg.Tokenizer == nil {
			return int64(len(s))
		}
		n, _ := e.cfg.Tokenizer.Count(e.cfg.Model, s)
		return n
	})
	return retrieval.Ranking{Input: input}
}

// unanswered returns what a call came to that brought no answer. Only a
// connection that was never made proves that nothing was spent.
func (e *Endpoint) unanswered(ctx context.Context, query string, texts []string, err error) (retrieval.Ranking, error) {
	if ctx.Err() != nil {
		return e.spent(query, texts), fmt.Errorf("rerank: the call was ended: %w", ctx.Err())
	}
	var op *net.OpError
	unspent := errors.As(err, &op) && op.Op == "dial"
	out := retrieval.Ranking{}
	if !unspent {
		out = e.spent(query, texts)
	}
	kind := ports.ModelUnavailable
	var slow net.Error
	if errors.As(err, &slow) && slow.Timeout() {
		kind = ports.ModelTimeout
	}
	return out, fmt.Errorf("rerank: %w", &ports.ModelError{Kind: kind, Message: "no answer came", Unspent: unspent, Err: err})
}
