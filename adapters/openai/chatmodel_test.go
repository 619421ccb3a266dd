package openai_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aiwoochat/woochat/adapters/openai"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
)

// roundTrip is a transport of the test's own.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// stream answers with the given events.
func stream(frames ...string) *http.Response {
	body := "data: " + strings.Join(frames, "\n\ndata: ") + "\n\n"
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"text/event-stream"}},
		Body:       io.NopCloser(strings.NewReader(body)),
	}
}

var good = []string{
	`{"model":"m-1","choices":[{"index":0,"delta":{"content":"Yes."},"finish_reason":"stop"}]}`,
	`{"choices":[],"usage":{"prompt_tokens":30,"completion_tokens":2}}`,
	`[DONE]`,
}

func TestRequest(t *testing.T) {
	// What langchaingo would take from the environment must not be used.
	t.Setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/wrong")
	t.Setenv("OPENAI_ORGANIZATION", "org-environment")
	t.Setenv("OPENAI_API_KEY", "sk-environment")
	half := 0.5
	both := []string{"max_tokens", "max_completion_tokens"}
	for _, c := range []struct {
		name   string
		cfg    openai.Config
		url    string
		limits []string
		header map[string]string
		temp   string
	}{
		{
			name: "openai", cfg: openai.Config{APIKey: openai.NewSecret(testKey), Organization: "org-1", Project: "proj-1"},
			url: "https://api.openai.com/v1/chat/completions", limits: []string{"max_completion_tokens"},
			header: map[string]string{"Authorization": "Bearer " + testKey, "Openai-Organization": "org-1", "Openai-Project": "proj-1"},
		},
		{
			name: "local", cfg: openai.Config{BaseURL: "http://localhost:11434/v1/"},
			url: "http://localhost:11434/v1/chat/completions", limits: both,
			header: map[string]string{"Authorization": "", "Openai-Organization": "", "Openai-Project": ""},
		},
		{
			name: "older", cfg: openai.Config{BaseURL: "http://localhost:8000/v1", Output: openai.OutputMaxTokens, Temperature: &half},
			url: "http://localhost:8000/v1/chat/completions", limits: both[:1], temp: "0.5",
		},
		{
			name: "newer", cfg: openai.Config{BaseURL: "http://localhost:8000/v1", Output: openai.OutputMaxCompletionTokens},
			url: "http://localhost:8000/v1/chat/completions", limits: both[1:],
		},
		{
			name: "both", cfg: openai.Config{Output: openai.OutputBoth},
			url: "https://api.openai.com/v1/chat/completions", limits: both,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var req *http.Request
			var body map[string]json.RawMessage
			c.cfg.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				req = r
				raw, err := io.ReadAll(r.Body)
				if err != nil {
					return nil, err
				}
				return stream(good...), json.Unmarshal(raw, &body)
			})
			got, err := newChat(t, c.cfg).Complete(t.Context(), prompt("gpt-x", 77), nil)
			if err != nil || got.Text != "Yes." || got.Tokens != (chat.Tokens{Input: 30, Output: 2, CountedBy: chat.ByProvider}) {
				t.Fatalf("%+v, %v", got, err)
			}
			if req.URL.String() != c.url {
				t.Errorf("URL = %s, want %s", req.URL, c.url)
			}
			for name, want := range c.header {
				if got := strings.Join(req.Header.Values(name), ","); got != want {
					t.Errorf("%s = %q, want %q", name, got, want)
				}
			}
			if req.Header.Get("X-Woochat-Call-Id") != "evt_gpt-x" {
				t.Errorf("headers = %v: the call id is missing", req.Header)
			}
			want := append([]string{"messages", "model", "stream", "stream_options"}, c.limits...)
			if c.temp != "" {
				want = append(want, "temperature")
			}
			slices.Sort(want)
			if fields := slices.Sorted(maps.Keys(body)); !slices.Equal(fields, want) {
				t.Errorf("fields sent: %v, want %v", fields, want)
			}
			for _, name := range c.limits {
				if string(body[name]) != "77" {
					t.Errorf("%s = %s", name, body[name])
				}
			}
			if string(body["temperature"]) != c.temp || string(body["model"]) != `"gpt-x"` {
				t.Errorf("temperature = %s, model = %s", body["temperature"], body["model"])
			}
			wantMessages := `[{"role":"system","content":"Answer from the passages.\n[1] The blue mug holds 350 ml."},{"role":"user","content":"` + question + `"}]`
			if string(body["messages"]) != wantMessages {
				t.Errorf("messages = %s", body["messages"])
			}
		})
	}
}

// Frames that only some servers send.
func TestOddFrames(t *testing.T) {
	const yes = `{"choices":[{"index":0,"delta":{"content":"Yes, sir."}}]}`
	const stop = `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`
	own := chat.Tokens{Input: 42, Output: 2, CountedBy: chat.ByTokenizer}
	for _, c := range []struct {
		name    string
		frames  []string
		kind    ports.ModelErrorKind
		tokens  chat.Tokens
		suspect bool
	}{
		{
			"an empty finish reason after the true one",
			[]string{
				yes, stop,
				`{"choices":[{"index":0,"delta":{"content":""},"finish_reason":""}],"usage":{"prompt_tokens":9,"completion_tokens":3}}`, `[DONE]`,
			},
			0,
			chat.Tokens{Input: 9, Output: 3, CountedBy: chat.ByProvider},
			false,
		},
		{"no prompt", []string{yes, stop, `{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":3}}`}, 0, own, true},
		{"no output", []string{yes, stop, `{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":0}}`}, 0, own, true},
		{"an error after the end", []string{yes, stop, `{"error":{"message":"output withheld"}}`}, ports.ModelBroke, own, false},
		{"rubbish after the end", []string{yes, stop, `{"choi`}, ports.ModelMalformed, own, false},
		{"empty data", []string{"", yes, "", stop, `[DONE]`}, 0, own, false},
		{
			"one frame for all",
			[]string{`{"choices":[{"index":0,"delta":{"content":"Yes, sir."},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3}}`},
			0,
			chat.Tokens{Input: 9, Output: 3, CountedBy: chat.ByProvider},
			false,
		},
		{"numbers as names", []string{yes, `{"error":{"message":null,"code":503}}`}, ports.ModelBroke, own, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := openai.Config{Tokenizer: words{}, Transport: roundTrip(func(*http.Request) (*http.Response, error) { return stream(c.frames...), nil })}
			got, err := newChat(t, cfg).Complete(t.Context(), prompt("m", 9), nil)
			var e *ports.ModelError
			if errors.As(err, &e) != (c.kind != 0) || e != nil && e.Kind != c.kind {
				t.Errorf("err = %v, want %v", err, c.kind)
			}
			if got.Text != "Yes, sir." || got.Tokens != c.tokens || got.Suspect != c.suspect {
				t.Errorf("%q, %+v, suspect %v, want %+v, %v", got.Text, got.Tokens, got.Suspect, c.tokens, c.suspect)
			}
		})
	}
}

// The cap holds whatever the server makes of the field, and whether or not we
// know its vocabulary.
func TestOutputCap(t *testing.T) {
	eight := strings.TrimSpace(strings.Repeat("word ", 8))
	for _, c := range []struct {
		model   string
		output  openai.OutputField
		unknown bool
		cut     bool // by us
	}{
		{model: "ignores-max-completion-tokens"},
		{model: "ignores-max-tokens"},
		{model: "ignores-max-completion-tokens", output: openai.OutputMaxCompletionTokens, cut: true},
		{model: "ignores-max-tokens", output: openai.OutputMaxTokens, cut: true},
		{model: "ignores-both", cut: true},
		{model: "ignores-both", cut: true, unknown: true},
		{model: "refuses-max-tokens", output: openai.OutputMaxCompletionTokens},
		{model: "refuses-both", output: openai.OutputMaxTokens},
	} {
		t.Run(c.model+strconv.Itoa(int(c.output)), func(t *testing.T) {
			gate := new(openaifake.Gate)
			fake := openaifake.New(t, openaifake.Options{Gate: gate})
			cfg := config(fake)
			cfg.Output = c.output
			if c.cut {
				gate.Step(9) // more must not be needed
			} else {
				gate.Open()
			}
			want := chat.Tokens{Output: 8, CountedBy: chat.ByProvider}
			if c.cut {
				want = chat.Tokens{Output: 9, CountedBy: chat.ByTokenizer} // the ninth told us
			}
			if c.unknown {
				cfg.Tokenizer = words{unknown: c.model}
				want.CountedBy = chat.ByBound
			}
			got, err := newChat(t, cfg).Complete(t.Context(), prompt(c.model, 8), nil)
			if err != nil || got.Finish != chat.Length || strings.TrimSpace(got.Text) != eight {
				t.Errorf("Finish %v, Text %q, err = %v", got.Finish, got.Text, err)
			}
			if got.Tokens.Output != want.Output || got.Tokens.CountedBy != want.CountedBy {
				t.Errorf("Tokens = %+v, want %+v", got.Tokens, want)
			}
			if c.cut {
				<-fake.Calls()[0].Gone() // while it waits to write the tenth
			}
		})
	}
}

// An honest answer in a vocabulary that we do not hold is not cut, however its
// tokens lie; without a report it is bounded, within the hold.
func TestUnknownVocabulary(t *testing.T) {
	long := strings.Repeat("shipping ", 50)
	fake := openaifake.New(t, openaifake.Options{Script: func(openaifake.ChatRequest) string { return long }})
	cfg := config(fake)
	cfg.Tokenizer = nil
	got, err := newChat(t, cfg).Complete(t.Context(), prompt("m", 60), nil)
	if err != nil || strings.TrimSpace(got.Text) != strings.TrimSpace(long) || got.Tokens.CountedBy != chat.ByProvider {
		t.Errorf("%d bytes, %+v, %v", len(got.Text), got.Tokens, err)
	}
	p := prompt("usage-missing", 40)
	got, err = newChat(t, cfg).Complete(t.Context(), p, nil)
	bound, _ := p.CountInput(func(string) (int64, bool) { return 0, false })
	if want := (chat.Tokens{Input: bound, Output: 40, CountedBy: chat.ByBound}); err != nil || got.Tokens != want || got.Text != openaifake.Story {
		t.Errorf("%q, %+v, want %+v, %v", got.Text, got.Tokens, want, err)
	}
}

// One byte at a time is slow, but it is an answer.
func TestTrickle(t *testing.T) {
	gate := new(openaifake.Gate)
	gate.Open()
	fake := openaifake.New(t, openaifake.Options{Gate: gate})
	got, err := newChat(t, config(fake)).Complete(t.Context(), prompt("trickle", 100), nil)
	if err != nil || got.Text != openaifake.Story || got.Tokens.CountedBy != chat.ByProvider {
		t.Errorf("%q, %+v, %v", got.Text, got.Tokens, err)
	}
}

// Text reaches the shopper when it comes, not when a buffer is full.
func TestTextIsPassedOnAtOnce(t *testing.T) {
	gate := new(openaifake.Gate)
	fake := openaifake.New(t, openaifake.Options{Gate: gate})
	gate.Step(1)
	pieces := 0
	_, err := newChat(t, config(fake)).Complete(t.Context(), prompt("fault-01", 100), func(string) error {
		pieces++
		if sent := fake.Calls()[0].Sent(); sent > pieces {
			t.Errorf("%d tokens were sent when piece %d came", sent, pieces)
		}
		gate.Step(1)
		if pieces == len(strings.Fields(openaifake.Story)) {
			gate.Open()
		}
		return nil
	})
	if err != nil || pieces != len(strings.Fields(openaifake.Story)) {
		t.Errorf("%d pieces, %v", pieces, err)
	}
}

func TestWholeJSONAnswersOfUnknownSize(t *testing.T) {
	cfg := openai.Config{MaxEvent: 100, Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		resp := stream(good...)
		resp.Header.Set("Content-Type", "application/json")
		return resp, nil
	})}
	_, err := newChat(t, cfg).Complete(t.Context(), prompt("m", 9), nil)
	var e *ports.ModelError
	if !errors.As(err, &e) || e.Kind != ports.ModelMalformed {
		t.Errorf("err = %v", err)
	}
}

func TestNobodyThere(t *testing.T) {
	cfg := openai.Config{BaseURL: "http://127.0.0.1:1/v1", EmbeddingModel: "e"} // a port that nobody is given
	got, err := newChat(t, cfg).Complete(t.Context(), prompt("m", 9), nil)
	var e *ports.ModelError
	if !errors.As(err, &e) || e.Kind != ports.ModelUnavailable || !e.Unspent || got.Tokens != (chat.Tokens{}) {
		t.Errorf("%+v, %v", got, err)
	}
	v, err := newEmbedder(t, cfg).Embed(t.Context(), []string{"a"})
	if !errors.As(err, &e) || e.Kind != ports.ModelUnavailable || !e.Unspent || v.Tokens != 0 {
		t.Errorf("%+v, %v", v, err)
	}
}

// A transport that does not tell how far a request came may have sent it.
func TestUnknownFateIsNotUnspent(t *testing.T) {
	cfg := openai.Config{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, io.ErrClosedPipe })}
	got, err := newChat(t, cfg).Complete(t.Context(), prompt("m", 9), nil)
	var e *ports.ModelError
	if !errors.As(err, &e) || e.Unspent || got.Tokens.Input == 0 || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestBadPromptsAreNotSent(t *testing.T) {
	fake := openaifake.New(t, openaifake.Options{})
	m := newChat(t, config(fake))
	for name, change := range map[string]func(*chat.Prompt){
		"model":    func(p *chat.Prompt) { p.Model = "" },
		"cap":      func(p *chat.Prompt) { p.MaxTokens = 0 },
		"messages": func(p *chat.Prompt) { p.Messages = nil },
		"speaker":  func(p *chat.Prompt) { p.Messages[0].Speaker = 0 },
		"call id":  func(p *chat.Prompt) { p.CallID = "a\r\nX-Evil: 1" },
	} {
		p := prompt("m", 9)
		change(&p)
		got, err := m.Complete(t.Context(), p, nil)
		var e *ports.ModelError
		if !errors.As(err, &e) || e.Kind != ports.ModelRefused || !e.Unspent || !errors.Is(err, ports.ErrInvalid) || got.Tokens != (chat.Tokens{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if n := len(fake.Calls()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestConnectionsAreKept(t *testing.T) {
	fake := openaifake.New(t, openaifake.Options{})
	m := newChat(t, config(fake))
	fresh := 0
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) {
		if !c.Reused {
			fresh++
		}
	}})
	for range 5 {
		if _, err := m.Complete(ctx, prompt("fault-01", 100), nil); err != nil {
			t.Fatal(err)
		}
	}
	if fresh != 1 {
		t.Errorf("5 calls in a row took %d connections", fresh)
	}
}

func TestProxyIsUsedOnlyIfConfigured(t *testing.T) {
	fake := openaifake.New(t, openaifake.Options{})
	cfg := config(fake)
	cfg.BaseURL = "http://provider.example.com/v1"
	cfg.Proxy = openai.NewSecret(strings.TrimSuffix(fake.URL(), "/v1"))
	if _, err := newChat(t, cfg).Complete(t.Context(), prompt("fault-01", 100), nil); err != nil {
		t.Errorf("through the proxy: %v", err)
	}
	if n := len(fake.Calls()); n != 1 {
		t.Errorf("the proxy saw %d calls", n)
	}
}

func TestConcurrentCallsDoNotMix(t *testing.T) {
	fake := openaifake.New(t, openaifake.Options{Script: func(r openaifake.ChatRequest) string {
		return strings.Repeat(r.Question()+" ", 20)
	}})
	m := newChat(t, config(fake))
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			p := prompt("m", 100)
			p.CallID = "evt_" + strconv.Itoa(i)
			p.Messages[1].Text = "q" + strconv.Itoa(i)
			got, err := m.Complete(t.Context(), p, func(string) error { return nil })
			if err != nil || strings.TrimSpace(got.Text) != strings.TrimSpace(strings.Repeat(p.Messages[1].Text+" ", 20)) {
				t.Errorf("call %d: %q, %v", i, got.Text, err)
			}
			if c := fake.Find(p.CallID); c == nil || c.Chat.Question() != p.Messages[1].Text {
				t.Errorf("call %d is not the request with its id", i)
			}
		})
	}
	wg.Wait()
}

// The prompt's words are taken out of errors, whatever the provider quotes.
func TestPromptIsNotInErrors(t *testing.T) {
	cfg := openai.Config{APIKey: openai.NewSecret("local-secret-0042"), Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 400, Header: http.Header{}, Body: io.NopCloser(bytes.NewBufferString(
			`{"error":{"message":"Bad content: \"my address is 5 Elm Street\"\u001b[31m; key local-se****-0042 and local-secret-0042","code":"bad\nlocal-secret-0042"}}`))}, nil
	})}
	p := prompt("m", 9)
	p.Messages[1].Text = "Hello, my address is 5 Elm Street. Do you deliver?"
	_, err := newChat(t, cfg).Complete(t.Context(), p, nil)
	var e *ports.ModelError
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	for _, secret := range []string{"Elm", "local-se", "0042", "\n", "\x1b"} {
		if strings.Contains(e.Message+e.Code, secret) {
			t.Errorf("%q is in %q, %q", secret, e.Message, e.Code)
		}
	}
	if !strings.Contains(e.Message, "Bad content") {
		t.Errorf("Message = %q: nothing useful is left", e.Message)
	}
}

func BenchmarkComplete(b *testing.B) {
	fake, err := openaifake.Start(openaifake.Options{Script: func(openaifake.ChatRequest) string { return strings.Repeat("tok ", 200) }})
	if err != nil {
		b.Fatal(err)
	}
	defer fake.Close()
	m, err := openai.NewChatModel(config(fake))
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Complete(b.Context(), prompt("m", 1000), func(string) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
