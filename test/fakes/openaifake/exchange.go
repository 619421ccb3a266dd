package openaifake

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Exchange is one chat request being answered: what a scenario writes with.
// Its methods give up quietly once the client has left.
type Exchange struct {
	Call    *Call
	Request ChatRequest

	server  *Server
	ctx     context.Context
	w       http.ResponseWriter
	zip     *gzip.Writer
	eol     string
	started bool
	over    bool
	limit   int // of tokens still to be sent; -1 = none
	usage   Usage
	finish  string
}

func (s *Server) newExchange(w http.ResponseWriter, r *http.Request, c *Call) *Exchange {
	e := &Exchange{Call: c, Request: c.Chat, server: s, ctx: r.Context(), w: w, eol: "\n", limit: -1, finish: "stop"}
	e.usage.Prompt = promptTokens(c.Chat)
	c.prompt.Store(int64(e.usage.Prompt))
	for _, m := range []*int{c.Chat.MaxTokens, c.Chat.MaxCompletionTokens} {
		if m != nil && (e.limit < 0 || *m < e.limit) {
			e.limit = *m
		}
	}
	return e
}

// Answer returns the script's text for this request.
func (e *Exchange) Answer() string { return e.server.script(e.Request) }

// Status answers with an HTTP status and a body instead of a stream. header
// holds names and values in turn.
func (e *Exchange) Status(code int, contentType, body string, header ...string) {
	e.over = true
	h := e.w.Header()
	h.Set("Content-Type", contentType)
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	e.w.WriteHeader(code)
	n, _ := io.WriteString(e.w, body)
	e.Call.bytes.Add(int64(n))
}

// Start sends the headers of an event stream. Raw does it if nobody has.
func (e *Exchange) Start() {
	if e.started {
		return
	}
	e.started = true
	h := e.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	if e.zip != nil {
		h.Set("Content-Encoding", "gzip")
	}
	e.w.WriteHeader(http.StatusOK)
	e.flush()
}

// Raw writes bytes as they are, when the gate lets them, and flushes.
// It reports whether the client is still there.
func (e *Exchange) Raw(s string) bool { return e.raw(s, 0) }

// raw writes bytes that hold so many tokens. These count as sent before the
// first byte leaves: the client may act on it at once.
func (e *Exchange) raw(s string, tokens int) bool {
	if e.over {
		return false
	}
	e.Start()
	if e.server.gate.pass(e.ctx) != nil {
		return e.lost()
	}
	e.usage.Completion += tokens
	e.Call.sent.Add(int64(tokens))
	return e.write(s)
}

func (e *Exchange) write(s string) bool {
	var to io.Writer = e.w
	if e.zip != nil {
		to = e.zip
	}
	n, err := io.WriteString(to, s)
	e.Call.bytes.Add(int64(n))
	if err != nil || e.flush() != nil || e.ctx.Err() != nil {
		return e.lost()
	}
	return true
}

// lost notes that the client has left. It is called wherever that shows first:
// in a failed write, or in the request's context, whose own callback may be
// stopped by the end of the handler before it runs. It returns false.
func (e *Exchange) lost() bool {
	e.over = true
	e.Call.leave()
	return false
}

func (e *Exchange) flush() error {
	if e.zip != nil {
		if err := e.zip.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(e.w).Flush()
}

// Event writes one SSE event with the given data. Every line of data becomes
// a data line.
func (e *Exchange) Event(data string) bool { return e.event(data, 0) }

func (e *Exchange) event(data string, tokens int) bool {
	var b strings.Builder
	for line := range strings.SplitSeq(data, "\n") {
		b.WriteString("data: " + line + e.eol)
	}
	b.WriteString(e.eol)
	return e.raw(b.String(), tokens)
}

func (e *Exchange) frame(choices, usage string) string {
	if usage == "" {
		usage = "null"
	}
	return fmt.Sprintf(`{"id":"chatcmpl-fake","object":"chat.completion.chunk","created":1700000000,"model":%s,"choices":[%s],"usage":%s}`,
		quoted(Dated(e.Request.Model)), choices, usage)
}

// Delta writes text, one event a token, until the request's own limit is
// reached. It reports whether all of text was sent.
func (e *Exchange) Delta(text string) bool {
	for _, p := range pieces(text) {
		if e.limit >= 0 && e.usage.Completion >= e.limit {
			e.finish = "length"
			return false
		}
		if !e.Piece(p) {
			return false
		}
	}
	return true
}

// Piece writes text as one event that counts as one token.
func (e *Exchange) Piece(text string) bool {
	return e.Token(`{"index":0,"delta":{"content":` + quoted(text) + `},"finish_reason":null}`)
}

// Token writes one event with the given choice, which counts as one token.
func (e *Exchange) Token(choice string) bool {
	return e.event(e.frame(choice, ""), 1)
}

// Finish writes the event with the finish reason; "" stands for the true one:
// stop, or length if the request's own limit ended the text.
func (e *Exchange) Finish(reason string) bool {
	if reason == "" {
		reason = e.finish
	}
	return e.Event(e.frame(`{"index":0,"delta":{},"finish_reason":`+quoted(reason)+`}`, ""))
}

// Usage writes the event with the usage, as the raw JSON given; "" stands for
// the true one. It is written only if the request asked for it.
func (e *Exchange) Usage(raw string) bool {
	if raw == "" {
		raw = e.usage.json()
	}
	if e.Request.StreamOptions == nil || !e.Request.StreamOptions.IncludeUsage {
		return !e.over
	}
	return e.Event(e.frame("", raw))
}

// End writes [DONE].
func (e *Exchange) End() bool { return e.Event("[DONE]") }

// Complete plays a whole good answer.
func (e *Exchange) Complete(text string) {
	e.Delta(text)
	e.Finish("")
	e.Usage("")
	e.End()
}

// Wait blocks until the client leaves or the server is closed.
func (e *Exchange) Wait() {
	e.over = true
	select {
	case <-e.ctx.Done():
		e.lost()
	case <-e.server.closing:
	}
}

// pause waits as long as the next byte of a trickle takes: until the gate
// lets it pass, or 100 ms without a gate.
func (e *Exchange) pause() bool {
	if e.server.gate != nil {
		return e.server.gate.pass(e.ctx) == nil || e.lost()
	}
	t := time.NewTimer(100 * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-e.ctx.Done():
		return e.lost()
	case <-e.server.closing:
		return false
	}
}

// Reset breaks the connection with a TCP reset; the client may still read
// what was flushed before.
func (e *Exchange) Reset() { e.hangUp(true) }

// HangUp closes the connection in the middle of the body, without a reset.
func (e *Exchange) HangUp() { e.hangUp(false) }

func (e *Exchange) hangUp(reset bool) {
	e.over = true
	conn, _, err := http.NewResponseController(e.w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0) // a lost reset is an ordinary close: the same fault to the client
	}
	_ = conn.Close()
}

// JSON answers in one piece, as for a request without stream.
func (e *Exchange) JSON(text string) {
	var b strings.Builder
	for _, p := range pieces(text) {
		if e.limit >= 0 && e.usage.Completion >= e.limit {
			e.finish = "length"
			break
		}
		b.WriteString(p)
		e.usage.Completion++
		e.Call.sent.Add(1)
	}
	e.Status(http.StatusOK, "application/json", fmt.Sprintf(
		`{"id":"chatcmpl-fake","object":"chat.completion","created":1700000000,"model":%s,`+
			`"choices":[{"index":0,"message":{"role":"assistant","content":%s},"finish_reason":%s}],"usage":%s}`,
		quoted(Dated(e.Request.Model)), quoted(b.String()), quoted(e.finish), e.usage.json()))
}
