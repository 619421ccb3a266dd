package openai_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiwoochat/woochat/adapters/openai"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/ports"
)

// script is a provider in a bubble of synctest, where time costs nothing: it
// writes its parts with a pause before each.
type script []struct {
	pause time.Duration
	write string
}

func (s script) RoundTrip(req *http.Request) (*http.Response, error) {
	r, w := io.Pipe()
	ctx := req.Context()
	context.AfterFunc(ctx, func() { _ = r.CloseWithError(ctx.Err()) }) // as net/http does
	go func() {
		for _, part := range s {
			select {
			case <-time.After(part.pause):
			case <-ctx.Done():
				return
			}
			if _, err := io.WriteString(w, part.write); err != nil {
				return
			}
		}
		<-ctx.Done() // the connection stays open
	}()
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: r}, nil
}

const (
	word   = `data: {"choices":[{"index":0,"delta":{"content":" word"}}]}` + "\n\n"
	finish = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n"
	usage  = `data: {"choices":[],"usage":{"prompt_tokens":40,"completion_tokens":2}}` + "\n\n"
	done   = "data: [DONE]\n\n"
)

// bytewise is text, one byte at a time.
func bytewise(text string, every time.Duration) script {
	s := make(script, len(text))
	for i := range text {
		s[i].pause, s[i].write = every, text[i:i+1]
	}
	return s
}

func TestTiming(t *testing.T) {
	const first, between = 30 * time.Second, 15 * time.Second
	heartbeats := func(n int) script { return bytewise(strings.Repeat(":", n), time.Second) }
	for _, c := range []struct {
		name   string
		script script
		slow   time.Duration // how long emit takes
		took   time.Duration // 0: not looked at
		is     error
		by     chat.CountedBy
	}{
		{name: "at once", script: script{{0, word + word + finish + usage + done}}, by: chat.ByProvider},
		{name: "a byte every 100 ms", script: bytewise(word+word+finish+usage+done, 100*time.Millisecond), by: chat.ByProvider},
		{name: "just in time", script: script{{first - 1, word}, {between - 1, word}, {between - 1, finish + usage + done}}, by: chat.ByProvider},
		{name: "no first token", script: script{}, took: first, is: openai.ErrNoFirstToken, by: chat.ByTokenizer},
		{name: "comments only", script: heartbeats(100), took: first, is: openai.ErrNoFirstToken, by: chat.ByTokenizer},
		{
			name: "roles are no output", script: script{{first - 1, `data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}` + "\n\n"}},
			took: first, is: openai.ErrNoFirstToken, by: chat.ByTokenizer,
		},
		{name: "silence", script: script{{0, word}}, took: between, is: openai.ErrNoNextToken, by: chat.ByTokenizer},
		{name: "silence and comments", script: append(script{{0, word}}, heartbeats(100)...), took: between, is: openai.ErrNoNextToken, by: chat.ByTokenizer},
		{name: "a slow reader", script: script{{0, word}, {0, word}, {0, finish + usage + done}}, slow: time.Minute, by: chat.ByProvider},
		{name: "no usage", script: script{{0, word + word}, {0, finish}}, took: 2 * time.Second, by: chat.ByTokenizer},
		{name: "open after the end", script: script{{0, word + word + finish + usage + done}}, took: 50 * time.Millisecond, by: chat.ByProvider},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newChat(t, openai.Config{Transport: c.script, Tokenizer: words{}, FirstToken: first, BetweenTokens: between})
				start := time.Now()
				got, err := m.Complete(t.Context(), prompt("m", 100), func(string) error {
					if c.slow > 0 {
						<-time.After(c.slow)
					}
					return nil
				})
				if took := time.Since(start); c.took != 0 && took != c.took {
					t.Errorf("it took %v, want %v", took, c.took)
				}
				if got.Tokens.CountedBy != c.by {
					t.Errorf("Tokens = %+v", got.Tokens)
				}
				if c.is == nil {
					if err != nil || got.Text != " word word" || got.Finish != chat.Complete {
						t.Errorf("%q, %v, %v", got.Text, got.Finish, err)
					}
					return
				}
				var e *ports.ModelError
				if !errors.Is(err, c.is) || !errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) ||
					!errors.As(err, &e) || e.Kind != ports.ModelTimeout || e.Unspent {
					t.Errorf("err = %v", err)
				}
			})
		})
	}
}

// An emit that fails while the provider is silent ends the call at once.
func TestEmitErrorDuringSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		start := time.Now()
		_, err := newChat(t, openai.Config{Transport: script{{0, word}}}).Complete(t.Context(), prompt("m", 100), func(string) error { return gone })
		if took := time.Since(start); !errors.Is(err, gone) || took != 0 {
			t.Errorf("%v after %v", err, took)
		}
	})
}
