package openai_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/openai"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
)

// fault is a way in which the provider behaves, and what must come of it.
type fault struct {
	model string
	cfg   func(*openai.Config)
	max   int64 // tokens; 0 = 100

	text    string
	finish  chat.Finish          // 0: it fails
	kind    ports.ModelErrorKind // 0: it succeeds
	is      error                // another error that it must match
	retry   time.Duration        // RetryAfter, to the second, at least
	unspent bool
	by      chat.CountedBy // 0: nothing was spent
	suspect bool
	output  int64 // tokens; -1: what the fake sent
}

// The clocks are tested in TestTiming, where time costs nothing; here they are
// as short as a loaded machine allows.
func quick(c *openai.Config) { c.BetweenTokens = time.Second }

func impatient(c *openai.Config) { c.FirstToken = time.Second }

// story is a good answer.
func story(model string, by chat.CountedBy) fault {
	return fault{model: model, text: openaifake.Story, finish: chat.Complete, by: by, output: -1}
}

// broken is an answer that broke off after its first half.
func broken(model string, kind ports.ModelErrorKind) fault {
	return fault{model: model, text: openaifake.Half(), kind: kind, by: chat.ByTokenizer, output: -1}
}

// refused is a call that failed before the first byte.
func refused(model string, kind ports.ModelErrorKind) fault {
	return fault{model: model, kind: kind, unspent: true}
}

func (f fault) with(change func(*fault)) fault {
	change(&f)
	return f
}

func faults() []fault {
	first := strings.SplitAfter(openaifake.Story, "The")[0]
	suspect := func(f *fault) { f.suspect = true }
	return []fault{
		story("fault-01", chat.ByProvider),
		broken("fault-02", ports.ModelBroke),
		broken("fault-03", ports.ModelTruncated).with(func(f *fault) { f.is = io.ErrUnexpectedEOF }),
		broken("fault-04", ports.ModelTruncated).with(func(f *fault) { f.is = syscall.ECONNRESET }),
		broken("fault-05", ports.ModelMalformed).with(func(f *fault) { f.output = 5 }),
		{model: "fault-06", max: 20_000, text: openaifake.LongText(), finish: chat.Complete, by: chat.ByProvider, output: 1},
		// fault-07 is TestCancel.
		refused("fault-08", ports.ModelRateLimited).with(func(f *fault) { f.retry = 7 * time.Second }),
		{model: "fault-09", kind: ports.ModelMalformed, by: chat.ByTokenizer},
		broken("fault-10", 0).with(func(f *fault) { f.finish, f.by = chat.Length, chat.ByProvider }),
		broken("fault-11", 0).with(func(f *fault) { f.finish, f.by = chat.Filtered, chat.ByProvider }),
		story("fault-12", chat.ByTokenizer).with(suspect),
		{model: "fault-13", cfg: quick, text: first, kind: ports.ModelTimeout, is: os.ErrDeadlineExceeded, by: chat.ByTokenizer, output: 1},
		story("fault-14", chat.ByProvider),
		{model: "fault-15", max: 8, text: " word0 word1 word2 word3 word4 word5 word6 word7 ", finish: chat.Length, by: chat.ByTokenizer, output: 9},

		story("usage-missing", chat.ByTokenizer),
		story("usage-duplicated", chat.ByProvider),
		story("usage-early", chat.ByProvider),
		story("usage-running", chat.ByProvider),
		story("usage-stale", chat.ByTokenizer),
		story("usage-cached", chat.ByProvider).with(func(f *fault) { f.output = 16 + 9 }),
		story("usage-cached-over-prompt", chat.ByTokenizer).with(suspect),
		story("usage-float", chat.ByTokenizer).with(suspect),
		story("usage-huge", chat.ByTokenizer).with(suspect),
		story("usage-zero", chat.ByTokenizer).with(suspect),
		story("usage-string", chat.ByTokenizer).with(suspect),
		story("usage-with-choice", chat.ByProvider),
		broken("usage-after-error", ports.ModelBroke).with(func(f *fault) { f.by = chat.ByProvider }),

		{model: "tools-only", kind: ports.ModelMalformed, is: openai.ErrToolCalls, by: chat.ByProvider, output: 3},
		{model: "tools-interleaved", kind: ports.ModelMalformed, is: openai.ErrToolCalls, by: chat.ByProvider, output: 2},
		{model: "tools-legacy", kind: ports.ModelMalformed, is: openai.ErrToolCalls, by: chat.ByProvider, output: 2},
		broken("text-then-tools", ports.ModelMalformed).with(func(f *fault) { f.is, f.by = openai.ErrToolCalls, chat.ByProvider }),
		{model: "refusal", text: "I cannot help with that.", finish: chat.Filtered, by: chat.ByProvider, output: -1},
		story("reasoning", chat.ByProvider),

		story("gzip", chat.ByProvider),
		story("crlf", chat.ByProvider),
		story("mixed-lines", chat.ByProvider),
		story("extra-choice", chat.ByProvider),
		story("json-answer", chat.ByProvider),
		{model: "json-error", kind: ports.ModelBroke, by: chat.ByTokenizer},
		{model: "heartbeats", cfg: impatient, kind: ports.ModelTimeout, is: openai.ErrNoFirstToken, by: chat.ByTokenizer},
		broken("long-line", ports.ModelMalformed).with(func(f *fault) { f.output = 5 }),
		broken("stream-error-echo", ports.ModelBroke),
		broken("event-error", ports.ModelBroke),
		broken("error-string", ports.ModelBroke),

		{model: "empty-body", kind: ports.ModelTruncated, by: chat.ByTokenizer},
		{model: "empty-answer", kind: ports.ModelMalformed, by: chat.ByProvider},
		story("no-done", chat.ByProvider),
		story("done-only", chat.ByTokenizer).with(func(f *fault) { f.finish, f.kind = 0, ports.ModelTruncated }),
		story("done-only", chat.ByTokenizer).with(func(f *fault) {
			f.cfg = func(c *openai.Config) { c.FinishReasons = map[string]chat.Finish{"": chat.Complete} }
		}),
		story("null-finish", chat.ByProvider).with(func(f *fault) { f.finish, f.kind = 0, ports.ModelTruncated }),
		story("unknown-finish", chat.ByProvider).with(func(f *fault) { f.finish, f.kind = 0, ports.ModelMalformed }),
		story("unknown-finish", chat.ByProvider).with(func(f *fault) {
			f.cfg = func(c *openai.Config) { c.FinishReasons = map[string]chat.Finish{"eos_reached": chat.Complete} }
		}),
		story("stall-after-finish", chat.ByTokenizer).with(func(f *fault) { f.cfg = quick }),
		story("reset-after-finish", chat.ByTokenizer),
		broken("eof-unclean", ports.ModelTruncated),
		{model: "reset-before-headers", kind: ports.ModelUnavailable, by: chat.ByTokenizer},
		{model: "stall-before-headers", cfg: impatient, kind: ports.ModelTimeout, is: os.ErrDeadlineExceeded, by: chat.ByTokenizer},
		{model: "stall-before-token", cfg: impatient, kind: ports.ModelTimeout, is: os.ErrDeadlineExceeded, by: chat.ByTokenizer},

		refused("status-400", ports.ModelRefused),
		refused("status-400-context", ports.ModelRefused),
		refused("status-401-echo", ports.ModelRefused),
		refused("status-403", ports.ModelRefused),
		refused("status-404", ports.ModelRefused),
		refused("status-408", ports.ModelTimeout).with(func(f *fault) { f.unspent, f.by = false, chat.ByTokenizer }),
		refused("status-413", ports.ModelRefused),
		refused("status-429-date", ports.ModelRateLimited).with(func(f *fault) { f.retry = 88 * time.Second }),
		refused("status-429-quota", ports.ModelRateLimited),
		refused("status-500", ports.ModelUnavailable),
		refused("status-502", ports.ModelUnavailable),
		refused("status-503", ports.ModelUnavailable).with(func(f *fault) { f.retry = 2 * time.Second }),
		refused("status-500-reset", ports.ModelUnavailable),
		refused("redirect", ports.ModelRefused),
		refused("refuses-both", ports.ModelRefused),
		refused("refuses-max-tokens", ports.ModelRefused),
		story("refuses-temperature", chat.ByProvider),
	}
}

func TestFaults(t *testing.T) {
	fake := openaifake.New(t, openaifake.Options{})
	for i, f := range faults() {
		t.Run(f.model, func(t *testing.T) {
			t.Parallel()
			cfg := config(fake)
			if f.cfg != nil {
				f.cfg(&cfg)
			}
			p := prompt(f.model, max(f.max, 100))
			if f.max > 0 {
				p.MaxTokens = f.max
			}
			p.CallID = fmt.Sprintf("evt_%d", i)
			var pieces []string
			got, err := newChat(t, cfg).Complete(t.Context(), p, func(s string) error {
				pieces = append(pieces, s)
				return nil
			})
			call := fake.Find(p.CallID)
			if call == nil {
				t.Fatalf("the call %s did not reach the provider: %v", p.CallID, err)
			}
			f.checkAnswer(t, got, pieces)
			f.checkError(t, err)
			f.checkTokens(t, p, got, call)
		})
	}
}

func (f fault) checkAnswer(t *testing.T, got chat.Completion, pieces []string) {
	t.Helper()
	if got.Text != f.text {
		t.Errorf("Text = %.200q (%d bytes), want %.200q (%d bytes)", got.Text, len(got.Text), f.text, len(f.text))
	}
	if joined := strings.Join(pieces, ""); joined != got.Text {
		t.Errorf("the pieces emitted are %.200q, Text is %.200q", joined, got.Text)
	}
	if slices.Contains(pieces, "") {
		t.Error("an empty piece was emitted")
	}
	if got.Finish != f.finish {
		t.Errorf("Finish = %v, want %v", got.Finish, f.finish)
	}
	if f.finish != 0 {
		if want := openaifake.Dated(f.model); got.Model != want {
			t.Errorf("Model = %q, want %q", got.Model, want)
		}
	}
	if !strings.HasPrefix(got.RequestID, "req_fake_") && f.model != "reset-before-headers" && f.model != "stall-before-headers" {
		t.Errorf("RequestID = %q", got.RequestID)
	}
}

func (f fault) checkError(t *testing.T, err error) {
	t.Helper()
	if f.kind == 0 {
		if err != nil {
			t.Errorf("err = %v, want none", err)
		}
		return
	}
	var e *ports.ModelError
	if !errors.As(err, &e) {
		t.Fatalf("err = %v, want a *ports.ModelError", err)
	}
	if e.Kind != f.kind {
		t.Errorf("Kind = %v, want %v: %v", e.Kind, f.kind, err)
	}
	want := ports.ErrUnavailable
	if f.kind == ports.ModelRefused {
		want = ports.ErrInvalid
	}
	if !errors.Is(err, want) || f.is != nil && !errors.Is(err, f.is) {
		t.Errorf("err = %v matches %v: %v, %v: %v", err, want, errors.Is(err, want), f.is, errors.Is(err, f.is))
	}
	if e.Unspent != f.unspent {
		t.Errorf("Unspent = %v, want %v", e.Unspent, f.unspent)
	}
	if e.RetryAfter < f.retry || e.RetryAfter > f.retry+2*time.Second {
		t.Errorf("RetryAfter = %v, want %v", e.RetryAfter, f.retry)
	}
	if e.Message == "" {
		t.Error("Message is empty")
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", e), e.Message, e.Code} {
		if strings.Contains(text, testKey) || strings.Contains(text, testKey[:12]) || strings.Contains(text, "sk-proj-abc") || strings.Contains(text, question) {
			t.Errorf("the error tells a secret: %s", text)
		}
	}
}

func (f fault) checkTokens(t *testing.T, p chat.Prompt, got chat.Completion, call *openaifake.Call) {
	t.Helper()
	if got.Tokens.CountedBy != f.by {
		t.Errorf("CountedBy = %q, want %q", got.Tokens.CountedBy, f.by)
	}
	if got.Suspect != f.suspect {
		t.Errorf("Suspect = %v, want %v (%s)", got.Suspect, f.suspect, got.RawUsage)
	}
	if !got.Tokens.Valid() {
		t.Errorf("Tokens = %+v cannot be", got.Tokens)
	}
	if f.by == 0 {
		if got.Tokens != (chat.Tokens{}) {
			t.Errorf("Tokens = %+v, want none", got.Tokens)
		}
		return
	}
	want := f.output
	if want < 0 {
		<-call.Done()
		want = int64(call.Sent())
	}
	if got.Tokens.Output != want {
		t.Errorf("Output = %d tokens, want %d", got.Tokens.Output, want)
	}
	input := int64(call.Prompt())
	if f.by != chat.ByProvider {
		input, _ = p.CountInput(func(s string) (int64, bool) { return words{}.Count(p.Model, s) })
	}
	if got.Tokens.Input != input {
		t.Errorf("Input = %d tokens, want %d", got.Tokens.Input, input)
	}
	if f.model == "usage-cached" && (got.Tokens.Cached != input-1 || got.Tokens.Reasoning != 9) {
		t.Errorf("Tokens = %+v: cached or reasoning tokens are lost", got.Tokens)
	}
}
