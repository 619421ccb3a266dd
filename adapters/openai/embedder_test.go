package openai_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/openai"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
)

const dimensions = 16

func checkVectors(t *testing.T, got retrieval.Embedding, texts []string, length int) {
	t.Helper()
	if len(got.Vectors) != len(texts) {
		t.Fatalf("%d vectors for %d texts", len(got.Vectors), len(texts))
	}
	for i, text := range texts {
		if !slices.Equal(got.Vectors[i], openaifake.Vector(text, length)) {
			t.Errorf("vector %d is not that of %q", i, text)
		}
	}
}

func numbered(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("text number %d of many", i)
	}
	return out
}

func TestEmbed(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  func(*openai.Config)
		body map[string]string // fields of the request, "" = not sent
	}{
		{"plain", func(*openai.Config) {}, map[string]string{"encoding_format": "", "dimensions": ""}},
		{"base64", func(c *openai.Config) { c.Vectors = openai.VectorsBase64 }, map[string]string{"encoding_format": `"base64"`}},
		{"dimensions", func(c *openai.Config) { c.Dimensions = 32 }, map[string]string{"dimensions": "32"}},
		{"reversed", func(c *openai.Config) { c.EmbeddingModel = "embed-reversed" }, nil},
		{"floats for base64", func(c *openai.Config) {
			c.EmbeddingModel, c.Vectors = "embed-float", openai.VectorsBase64
		}, map[string]string{"encoding_format": `"base64"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake := openaifake.New(t, openaifake.Options{Dimensions: dimensions})
			cfg := config(fake)
			c.cfg(&cfg)
			texts := []string{"blue mug", "red\nmug ", "ein Krug für Öl"}
			before := slices.Clone(texts)
			got, err := newEmbedder(t, cfg).Embed(t.Context(), texts)
			if err != nil {
				t.Fatal(err)
			}
			checkVectors(t, got, before, max(cfg.Dimensions, dimensions))
			if !slices.Equal(texts, before) {
				t.Errorf("the caller's texts were changed: %q", texts)
			}
			call := fake.Calls()[0]
			if got.Tokens != int64(call.Prompt()) || !got.Reported || got.Model != openaifake.Dated(cfg.EmbeddingModel) || !strings.Contains(got.RawUsage, "prompt_tokens") {
				t.Errorf("%d tokens, reported %v, model %q, usage %q", got.Tokens, got.Reported, got.Model, got.RawUsage)
			}
			if !slices.Equal([]string(call.Embed.Input), before) {
				t.Errorf("sent %q", call.Embed.Input)
			}
			if call.Header.Get("Authorization") != "Bearer "+testKey {
				t.Errorf("Authorization = %q", call.Header.Get("Authorization"))
			}
			for name, want := range c.body {
				if string(call.Body[name]) != want {
					t.Errorf("%s = %s, want %q", name, call.Body[name], want)
				}
			}
		})
	}
}

func TestBase64IsAskedOfOpenAI(t *testing.T) {
	var body map[string]json.RawMessage
	e := newEmbedder(t, openai.Config{EmbeddingModel: "text-embedding-3-small", Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewBufferString(
			`{"data":[{"index":0,"embedding":"AACAPwAAAEA="}],"usage":{"prompt_tokens":3}}`))}, json.Unmarshal(raw, &body)
	})})
	got, err := e.Embed(t.Context(), []string{"a"})
	if err != nil || !slices.Equal(got.Vectors[0], []float32{1, 2}) || string(body["encoding_format"]) != `"base64"` {
		t.Errorf("%+v, %v, %s", got, err, body["encoding_format"])
	}
}

func TestEmbedBatches(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  func(*openai.Config)
		n    int
		want []int // texts of each request
	}{
		{"by texts", func(c *openai.Config) { c.MaxBatchTexts = 100 }, 250, []int{100, 100, 50}},
		{"default", func(*openai.Config) {}, 2049, []int{2048, 1}},
		// A text is 5 words, and 8 tokens are added for the frame.
		{"by tokens", func(c *openai.Config) { c.MaxBatchTokens = 13 * 4 }, 10, []int{4, 4, 2}},
		{"every text too long", func(c *openai.Config) { c.MaxBatchTokens = 1 }, 3, []int{1, 1, 1}},
		{"none", func(*openai.Config) {}, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake := openaifake.New(t, openaifake.Options{Dimensions: dimensions})
			cfg := config(fake)
			c.cfg(&cfg)
			texts := numbered(c.n)
			got, err := newEmbedder(t, cfg).Embed(t.Context(), texts)
			if err != nil {
				t.Fatal(err)
			}
			checkVectors(t, got, texts, dimensions)
			var sizes []int
			tokens := 0
			for _, call := range fake.Calls() {
				sizes = append(sizes, len(call.Embed.Input))
				tokens += call.Prompt()
			}
			if !slices.Equal(sizes, c.want) || got.Tokens != int64(tokens) || got.Reported != (c.n > 0) {
				t.Errorf("requests of %v texts, want %v; %d tokens, want %d; reported %v", sizes, c.want, got.Tokens, tokens, got.Reported)
			}
			if c.n > 0 && !json.Valid([]byte(got.RawUsage)) {
				t.Errorf("RawUsage = %q", got.RawUsage)
			}
		})
	}
}

func TestEmbedFaults(t *testing.T) {
	texts := []string{"one two", "three"}
	bound := int64(3 + 2*8)
	for _, c := range []struct {
		model   string
		kind    ports.ModelErrorKind // 0: success
		tokens  int64
		unspent bool
	}{
		{model: "embed-usage-missing", tokens: bound},
		{model: "embed-usage-negative", tokens: bound},
		{model: "embed-missing", kind: ports.ModelMalformed, tokens: 3},
		{model: "embed-extra", kind: ports.ModelMalformed, tokens: 3},
		{model: "embed-duplicate", kind: ports.ModelMalformed, tokens: 3},
		{model: "embed-dimensions", kind: ports.ModelMalformed, tokens: 3},
		{model: "embed-empty", kind: ports.ModelMalformed, tokens: 3},
		{model: "embed-nan", kind: ports.ModelMalformed, tokens: 3},
		{model: "embed-malformed", kind: ports.ModelMalformed, tokens: bound},
		{model: "embed-html", kind: ports.ModelMalformed, tokens: bound},
		{model: "embed-stall", kind: ports.ModelTimeout, tokens: bound},
		{model: "fault-08", kind: ports.ModelRateLimited, unspent: true},
		{model: "status-401-echo", kind: ports.ModelRefused, unspent: true},
		{model: "status-503", kind: ports.ModelUnavailable, unspent: true},
		{model: "json-error", kind: ports.ModelBroke, tokens: bound},
		{model: "reset-before-headers", kind: ports.ModelUnavailable, tokens: bound},
		{model: "eof-unclean", kind: ports.ModelTruncated, tokens: bound},
	} {
		t.Run(c.model, func(t *testing.T) {
			fake := openaifake.New(t, openaifake.Options{Dimensions: dimensions})
			cfg := config(fake)
			cfg.EmbeddingModel = c.model
			if c.kind == ports.ModelTimeout {
				cfg.EmbedTimeout = 300 * time.Millisecond
			}
			got, err := newEmbedder(t, cfg).Embed(t.Context(), texts)
			if got.Tokens != c.tokens || got.Reported != (c.tokens == 3) || got.Suspect != (c.model == "embed-usage-negative") {
				t.Errorf("%d tokens, reported %v, suspect %v, want %d", got.Tokens, got.Reported, got.Suspect, c.tokens)
			}
			if c.kind == 0 {
				if err != nil {
					t.Fatal(err)
				}
				checkVectors(t, got, texts, dimensions)
				return
			}
			var e *ports.ModelError
			if !errors.As(err, &e) || e.Kind != c.kind || e.Unspent != c.unspent {
				t.Errorf("err = %v (%+v), want %v", err, e, c.kind)
			}
			if got.Vectors != nil {
				t.Errorf("%d vectors beside an error", len(got.Vectors))
			}
			if err != nil && strings.Contains(err.Error(), testKey) {
				t.Errorf("the error tells the key: %v", err)
			}
		})
	}
}

// What the first requests cost is told although a later one fails, and then
// the whole is not unspent.
func TestEmbedTellsWhatWasSpentBeforeAFailure(t *testing.T) {
	fake := openaifake.New(t, openaifake.Options{Dimensions: dimensions})
	requests := 0
	cfg := config(fake)
	cfg.MaxBatchTexts = 2
	cfg.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if requests++; requests == 2 {
			return &http.Response{StatusCode: 503, Header: http.Header{}, Body: http.NoBody}, nil
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	got, err := newEmbedder(t, cfg).Embed(t.Context(), []string{"a b", "c", "d"})
	var e *ports.ModelError
	if !errors.As(err, &e) || e.Kind != ports.ModelUnavailable || e.Unspent || got.Tokens != 3 || got.Vectors != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestEmptyTextsAreNotSent(t *testing.T) {
	fake := openaifake.New(t, openaifake.Options{})
	got, err := newEmbedder(t, config(fake)).Embed(t.Context(), []string{"a", ""})
	if !errors.Is(err, ports.ErrInvalid) || !strings.Contains(err.Error(), "text 1") || got.Tokens != 0 || len(fake.Calls()) != 0 {
		t.Errorf("%+v, %v, %d calls", got, err, len(fake.Calls()))
	}
}

// An embedding that costs nothing is not believed.
func TestZeroEmbeddingUsage(t *testing.T) {
	e := newEmbedder(t, openai.Config{EmbeddingModel: "e", Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(
			`{"data":[{"embedding":[1]}],"usage":{"prompt_tokens":0,"total_tokens":0}}`))}, nil
	})})
	if got, err := e.Embed(t.Context(), []string{"abc"}); err != nil || got.Tokens != 3+8 || got.Reported || !got.Suspect {
		t.Errorf("%+v, %v", got, err)
	}
}

// The vectors of one Embedder can always be compared.
func TestLengthStaysTheSame(t *testing.T) {
	length := 0
	e := newEmbedder(t, openai.Config{EmbeddingModel: "e", Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		length++
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(
			`{"data":[{"embedding":[1` + strings.Repeat(",1", length) + `]}],"usage":{"prompt_tokens":1}}`))}, nil
	})})
	if _, err := e.Embed(t.Context(), []string{"a"}); err != nil {
		t.Fatal(err)
	}
	var me *ports.ModelError
	if _, err := e.Embed(t.Context(), []string{"a"}); !errors.As(err, &me) || me.Kind != ports.ModelMalformed {
		t.Errorf("err = %v", err)
	}
}

func TestEmbedCancel(t *testing.T) {
	fake := openaifake.New(t, openaifake.Options{})
	cfg := config(fake)
	cfg.EmbeddingModel = "embed-stall"
	e := newEmbedder(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	var since time.Time
	go func() {
		if _, err := fake.Await(ctx, 0); err == nil {
			since = time.Now()
			cancel()
		}
	}()
	got, err := e.Embed(ctx, []string{"one two"})
	cancel()
	if !errors.Is(err, context.Canceled) || got.Tokens != 2+8 || got.Reported {
		t.Errorf("%+v, %v", got, err)
	}
	checkGone(t, fake.Calls()[0], since)
}

func TestConcurrentEmbedding(t *testing.T) {
	fake := openaifake.New(t, openaifake.Options{Dimensions: dimensions})
	e := newEmbedder(t, config(fake))
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			texts := []string{fmt.Sprintf("text of %d", i), "shared"}
			got, err := e.Embed(t.Context(), texts)
			if err != nil {
				t.Error(err)
				return
			}
			checkVectors(t, got, texts, dimensions)
		})
	}
	wg.Wait()
}
