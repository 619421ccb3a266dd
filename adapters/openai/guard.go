package openai

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"

	"github.com/aiwoochat/woochat/ports"
)

// callIDHeader carries the id of the usage event to the provider, or to a
// gateway before it, so that the two sides' books can be compared.
const callIDHeader = "X-Woochat-Call-Id"

// guard is the http.Doer beneath langchaingo. It finds the call in the
// request's context, which holds what langchaingo has no word for.
type guard struct {
	settings
	base http.RoundTripper
}

// call is one request as the guard sees it. Nothing of it may be read before
// langchaingo's method has returned: until then the guard writes to it.
type call struct {
	id string
	// edit changes the body before it is sent.
	edit func(body map[string]json.RawMessage) error
	// receive turns a 200 answer into what langchaingo may read.
	receive func(*http.Response) (io.ReadCloser, error)
	clean   scrubber
	// ctx is the request's own context: the guard ends it to close the
	// upstream without ending the caller's.
	ctx    context.Context //nolint:containedctx // a call lives no longer than its request
	cancel context.CancelCauseFunc

	tried     bool        // the request was given to the transport
	traced    atomic.Bool // the transport tells how far the request has come
	sent      atomic.Bool // the request, or a part of it, was written
	requestID string
	err       error // the first failure; langchaingo's own error says less
}

type callKey struct{}

// reached reports whether the provider may have seen the request, so that
// something may have been spent. In doubt it may.
func (c *call) reached() bool { return c.tried && (c.sent.Load() || !c.traced.Load()) }

func (c *call) fail(err error) error {
	if c.err == nil {
		c.err = err
	}
	return err
}

// Do sends a request of langchaingo's. Implements the Doer of its options.
func (g *guard) Do(req *http.Request) (*http.Response, error) {
	c, ok := req.Context().Value(callKey{}).(*call)
	if !ok {
		return nil, errors.New("openai: a request without a call in its context")
	}
	out, err := g.prepare(req, c)
	if err != nil {
		return nil, c.fail(err)
	}
	c.tried = true
	resp, err := g.base.RoundTrip(out)
	if err != nil {
		return nil, c.fail(g.unanswered(c, err))
	}
	c.sent.Store(true)
	c.requestID = c.clean.name(resp.Header.Get("X-Request-Id"))
	if err := g.open(resp, c); err != nil {
		_ = resp.Body.Close() // the answer is of no use: err says why
		return nil, c.fail(err)
	}
	return resp, nil
}

// open checks an answer's head and puts the call's reader in place of its body.
func (g *guard) open(resp *http.Response, c *call) error {
	switch encoding := strings.ToLower(resp.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		resp.Body = &gzipBody{in: resp.Body}
		resp.ContentLength = -1
	default:
		return malformed(resp.StatusCode, nil, "the answer is compressed by %q, which was not asked for", truncate(encoding, maxName))
	}
	if resp.StatusCode != http.StatusOK {
		return statusError(resp, c.clean, g.Clock)
	}
	body, err := c.receive(resp)
	if err != nil {
		return err
	}
	resp.Body = body
	resp.ContentLength = -1
	return nil
}

// prepare returns the request to send in place of langchaingo's.
func (g *guard) prepare(req *http.Request, c *call) (*http.Request, error) {
	raw, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, fmt.Errorf("openai: reading our own request: %w", err)
	}
	var body map[string]json.RawMessage
	if err := json.Unmarshal(raw, &body); err != nil {
		return nil, fmt.Errorf("openai: our own request is not JSON: %w", err)
	}
	if err := c.edit(body); err != nil {
		return nil, err
	}
	if raw, err = json.Marshal(body); err != nil {
		return nil, fmt.Errorf("openai: writing our own request: %w", err)
	}
	ctx := httptrace.WithClientTrace(c.ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { c.traced.Store(true) },
		WroteHeaders: func() { c.sent.Store(true) },
	})
	out, err := http.NewRequestWithContext(ctx, req.Method, req.URL.String(), bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("openai: %w", err)
	}
	out.Header.Set("Content-Type", "application/json")
	out.Header.Set("Accept", "text/event-stream, application/json")
	out.Header.Set("Accept-Encoding", "identity")
	out.Header.Set("User-Agent", "woochat")
	set := func(name, value string) {
		if value != "" {
			out.Header.Set(name, value)
		}
	}
	if !g.APIKey.Empty() {
		set("Authorization", "Bearer "+g.APIKey.Reveal())
	}
	set("OpenAI-Organization", g.Organization)
	set("OpenAI-Project", g.Project)
	set(callIDHeader, c.id)
	return out, nil
}

// unanswered explains why no answer came.
func (g *guard) unanswered(c *call, err error) error {
	cause := context.Cause(c.ctx)
	var slow timeoutError
	switch {
	case errors.As(cause, &slow):
		return &ports.ModelError{Kind: ports.ModelTimeout, Message: slow.Error(), Unspent: !c.reached(), Err: slow}
	case cause != nil:
		return cause
	}
	e := &ports.ModelError{Kind: ports.ModelUnavailable, Unspent: !c.reached(), Err: notOfContext(err)}
	e.Message = "no connection to the provider: is its address right, and does it run?"
	if c.reached() {
		e.Message = "the provider closed the connection without an answer"
	}
	return e
}

// notOfContext returns err in a form that no context error matches: the
// timeouts of package net match context.DeadlineExceeded, but the caller's
// context is not done.
func notOfContext(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return errors.New(err.Error())
	}
	return err
}

// gzipBody unpacks a body that came compressed although nobody asked for it.
// Its head is read by the first Read, so that a provider that stalls there is
// under the same clock as any other.
type gzipBody struct {
	in  io.ReadCloser
	zip *gzip.Reader
}

func (b *gzipBody) Read(p []byte) (int, error) {
	if b.zip == nil {
		z, err := gzip.NewReader(b.in)
		if err != nil {
			return 0, err
		}
		b.zip = z
	}
	return b.zip.Read(p)
}

func (b *gzipBody) Close() error { return b.in.Close() }

// isUnpackError reports whether a compressed body is damaged, rather than cut
// off.
func isUnpackError(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt)
}
