package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/ports"
)

// answer is what the guard has read of a chat answer.
type answer struct {
	counter  outputCounter
	model    string
	finish   string // the finish reason, "" if there was none yet
	finished bool   // a finish reason came
	done     bool   // [DONE] came
	cut      bool   // we ended it at the cap
	shown    bool   // some text was for the shopper
	refusal  bool
	tools    bool

	usage   json.RawMessage // the last report
	usageAt int64           // the counter's pieces when it came
}

// complete reports whether the answer has an end of its own, so that what goes
// wrong after it harms only the usage report.
func (a *answer) complete() bool { return a.finished || a.cut }

// chatBody stands in the place of a chat answer's body: it reads the provider's
// events, checks them, and yields clean ones to langchaingo. Read and Close may
// be called at the same time; after Close has returned, nothing is written to
// the answer any more.
type chatBody struct {
	call     *call
	answer   *answer
	settings settings
	status   int
	upstream io.ReadCloser
	events   eventSource

	firstToken *time.Timer // runs from the sending of the request
	nextToken  *time.Timer // runs while Read waits, after the first token

	mu  sync.Mutex // held by Read; Close waits for it
	out []byte     // clean lines that langchaingo has not yet read
	err error      // how the stream ended: io.EOF if well
}

// eventSource yields events until io.EOF.
type eventSource interface {
	next() (event, error)
}

// usageTime is how long the usage report may take after the finish reason:
// the shopper waits for the end of a text that is already there.
const usageTime = 2 * time.Second

// drainTime and drainBytes bound how long we look for the end of the body
// behind [DONE], so that the connection can be used again.
const (
	drainTime  = 50 * time.Millisecond
	drainBytes = 4 << 10
)

// newChatBody takes over a 200 answer. first is the running first-token timer.
func newChatBody(s settings, c *call, a *answer, resp *http.Response, first *time.Timer) (*chatBody, error) {
	b := &chatBody{call: c, answer: a, settings: s, status: resp.StatusCode, upstream: resp.Body, firstToken: first}
	switch t := mediaType(resp.Header); t {
	case "text/event-stream", "": // some servers name no type
		b.events = newEventReader(resp.Body, s.MaxEvent, b.alive)
	case "application/json":
		b.events = &jsonAnswer{in: resp.Body, max: s.MaxEvent}
	default:
		return nil, malformed(resp.StatusCode, nil, "the answer is %q, not an event stream: is the base URL that of an API?", c.clean.name(t))
	}
	b.nextToken = time.AfterFunc(s.BetweenTokens, func() { c.cancel(ErrNoNextToken) })
	b.nextToken.Stop()
	return b, nil
}

// Read yields the next clean lines, of one event of the provider's at a time.
func (b *chatBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.out) == 0 && b.err == nil {
		b.step()
	}
	if len(b.out) == 0 {
		return 0, b.err
	}
	n := copy(p, b.out)
	b.out = b.out[n:]
	return n, nil
}

// Close closes the upstream and waits until no Read is at work. It may be
// called again.
func (b *chatBody) Close() error {
	b.call.cancel(context.Canceled)
	b.firstToken.Stop()
	err := b.upstream.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.nextToken.Stop()
	if b.err == nil {
		b.err = errClosed
	}
	return err
}

var errClosed = errors.New("openai: the answer was closed")

// alive is told that the provider is still sending.
func (b *chatBody) alive() {
	switch {
	case b.answer.complete():
		b.nextToken.Reset(min(b.settings.BetweenTokens, usageTime))
	case b.answer.counter.pieces > 0:
		b.nextToken.Reset(b.settings.BetweenTokens)
	}
}

// step reads one event of the provider's.
func (b *chatBody) step() {
	b.alive()
	e, err := b.events.next()
	b.nextToken.Stop()
	if err == nil {
		err = b.event(e)
	}
	if err == nil {
		return
	}
	if b.answer.complete() && !errors.Is(err, errBroken) {
		// The answer is whole: what came after it can only cost us the usage
		// report, and then our own count stands.
		err = io.EOF
	}
	b.end(err)
}

// errBroken marks errors that spoil an answer although its finish reason has
// come.
var errBroken = errors.New("broken after its end")

// end ends the stream, well with io.EOF.
func (b *chatBody) end(err error) {
	switch {
	case !errors.Is(err, io.EOF):
		b.err = b.call.fail(b.explain(err))
	case b.answer.complete():
		b.err = io.EOF
		b.out = append(b.out, doneLine...)
		b.drain()
	default:
		b.err = b.call.fail(&ports.ModelError{
			Kind: ports.ModelTruncated, Status: b.status,
			Message: "the stream ended without a finish reason", Err: io.ErrUnexpectedEOF,
		})
	}
	b.firstToken.Stop()
	b.call.cancel(context.Canceled)
}

// explain turns an error of reading into what it means.
func (b *chatBody) explain(err error) error {
	if known, ok := errors.AsType[*ports.ModelError](err); ok {
		return known
	}
	var slow timeoutError
	switch cause := context.Cause(b.call.ctx); {
	case errors.As(cause, &slow):
		return &ports.ModelError{Kind: ports.ModelTimeout, Status: b.status, Message: slow.Error(), Err: slow}
	case cause != nil:
		return cause
	case errors.Is(err, errLineTooLong):
		return malformed(b.status, err, "an event is larger than %d bytes", b.settings.MaxEvent)
	case isUnpackError(err):
		return malformed(b.status, err, "the compressed answer cannot be unpacked")
	}
	return &ports.ModelError{
		Kind: ports.ModelTruncated, Status: b.status,
		Message: "the connection broke in the middle of the answer", Err: notOfContext(err),
	}
}

// event takes one event in. io.EOF means that the answer is over.
func (b *chatBody) event(e event) error {
	a := b.answer
	if bytes.Equal(bytes.TrimSpace(e.data), []byte("[DONE]")) {
		a.done = true
		if _, ok := b.settings.FinishReasons[""]; ok {
			a.finished = true
		}
		return io.EOF
	}
	if len(bytes.TrimSpace(e.data)) == 0 {
		return nil // some servers keep the line alive by empty events
	}
	if e.name == "error" {
		return b.reported(e.data)
	}
	var f frame
	if err := json.Unmarshal(e.data, &f); err != nil {
		return errors.Join(errBroken, malformed(b.status, err, "an event of the stream is not the JSON of a completion"))
	}
	if f.Error != nil {
		return errors.Join(errBroken, inStream(b.status, *f.Error, b.call.clean))
	}
	if a.model == "" {
		a.model = b.call.clean.name(f.Model)
	}
	if err := b.take(f.pieceOf()); err != nil {
		return err
	}
	if len(f.Usage) > 0 && !isNull(f.Usage) {
		a.usage = bytes.Clone(f.Usage)
		a.usageAt = a.counter.pieces
	}
	return nil
}

// reported is the error of an event that calls itself one.
func (b *chatBody) reported(data []byte) error {
	var w struct {
		Error *wireError `json:"error"`
	}
	if json.Unmarshal(data, &w) != nil || w.Error == nil {
		w.Error = new(wireError)
		if json.Unmarshal(data, w.Error) != nil {
			w.Error.Message = string(data)
		}
	}
	return errors.Join(errBroken, inStream(b.status, *w.Error, b.call.clean))
}

// take adds a piece to the answer, and cuts the answer if it is too much.
func (b *chatBody) take(p piece) error {
	a := b.answer
	a.refusal = a.refusal || p.refusal
	a.tools = a.tools || p.tools
	if p.hidden+p.shown != "" {
		b.firstToken.Stop()
	}
	a.counter.add(p.hidden)
	a.counter.add(p.shown)
	shown := p.shown
	if a.counter.over() {
		a.cut = true
		shown = a.counter.fit(p.shown)
	}
	var err error
	if b.out, err = appendText(b.out, shown); err != nil {
		return err
	}
	a.shown = a.shown || shown != ""
	if a.cut {
		return io.EOF
	}
	// Some servers repeat the choice beside the usage, with a finish reason of
	// null: the one that came stands.
	if p.finish != nil && *p.finish != "" {
		a.finish, a.finished = *p.finish, true
	}
	return nil
}

// drain looks for the end of the body, so that the connection can be used
// again. It gives up soon: nothing depends on it.
func (b *chatBody) drain() {
	if !b.answer.done || b.call.ctx.Err() != nil {
		return
	}
	t := time.AfterFunc(drainTime, func() { b.call.cancel(context.Canceled) })
	defer t.Stop()
	_, _ = io.CopyN(io.Discard, b.upstream, drainBytes)
}

// jsonAnswer reads a whole answer of a server that does not stream, as an
// event and the end.
type jsonAnswer struct {
	in   io.Reader
	max  int
	read bool
}

func (j *jsonAnswer) next() (event, error) {
	if j.read {
		return event{}, io.EOF
	}
	j.read = true
	data, err := io.ReadAll(io.LimitReader(j.in, int64(j.max)+1))
	if err != nil {
		return event{}, err
	}
	if len(data) > j.max {
		return event{}, fmt.Errorf("%w: a JSON answer of more than %d bytes", errLineTooLong, j.max)
	}
	return event{data: data}, nil
}
