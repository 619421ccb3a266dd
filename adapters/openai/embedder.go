package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	lcopenai "github.com/tmc/langchaingo/llms/openai"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// Embedder is a ports.Embedder on /embeddings. It is safe for concurrent use.
type Embedder struct {
	cfg  settings
	llm  *lcopenai.LLM
	base http.RoundTripper
	// length is the length of the first vectors that came: all others must
	// have it, or they could not be compared.
	length atomic.Int64
}

var _ ports.Embedder = (*Embedder)(nil)

// NewEmbedder returns an Embedder of cfg.EmbeddingModel, or an error that lists
// everything that is wrong with cfg. It does not connect. Close it when it is
// no longer needed.
func NewEmbedder(cfg Config) (*Embedder, error) {
	s, err := cfg.check()
	if cfg.EmbeddingModel == "" {
		missing := errors.New("EmbeddingModel is empty: name the model that makes the vectors")
		if err == nil {
			err = fmt.Errorf("openai: wrong configuration: %w", missing)
		} else {
			err = errors.Join(err, missing)
		}
	}
	if err != nil {
		return nil, err
	}
	base := s.transport()
	llm, err := newLLM(s, base, s.EmbeddingModel)
	if err != nil {
		return nil, err
	}
	e := &Embedder{cfg: s, llm: llm, base: base}
	e.length.Store(int64(s.Dimensions))
	return e, nil
}

// Close closes the connections that no call is using. Calls that are under way
// are not harmed. It may be called again; a call after it connects anew.
func (e *Embedder) Close() error {
	closeIdle(e.base)
	return nil
}

// Embed implements ports.Embedder. Many texts go out in several requests, one
// after the other; if one fails, Embedding.Tokens is what all of them cost.
func (e *Embedder) Embed(ctx context.Context, texts []string) (retrieval.Embedding, error) {
	out := retrieval.Embedding{Reported: true}
	for i, t := range texts {
		if t == "" {
			return retrieval.Embedding{}, fmt.Errorf("openai: %w", refused("text %d is empty: there is nothing to embed", i))
		}
	}
	if err := ctx.Err(); err != nil {
		return retrieval.Embedding{}, fmt.Errorf("openai: not sent: %w", err)
	}
	var raw []string
	for _, b := range e.batches(texts) {
		r, err := e.request(ctx, texts[b.from:b.to], b.bound)
		var failed *ports.ModelError
		if errors.As(err, &failed) && out.Tokens > 0 {
			failed.Unspent = false // the requests before it have cost
		}
		out.Tokens += r.tokens
		out.Reported = out.Reported && r.reported
		out.Suspect = out.Suspect || r.suspect
		if r.usage != "" {
			raw = append(raw, r.usage)
		}
		if out.Model == "" {
			out.Model = r.model
		}
		out.Vectors = append(out.Vectors, r.vectors...)
		out.RawUsage = joinUsage(raw)
		if err != nil {
			out.Vectors = nil
			return out, err
		}
	}
	out.Reported = out.Reported && len(raw) > 0
	return out, nil
}

// joinUsage returns the usage report of one request as it came, and those of
// several as a JSON list.
func joinUsage(raw []string) string {
	if len(raw) == 1 {
		return raw[0]
	}
	if len(raw) == 0 {
		return ""
	}
	return "[" + strings.Join(raw, ",") + "]"
}

// batch is a run of texts that go out together.
type batch struct {
	from, to int
	bound    int64 // tokens at most
}

// batches splits texts by number and by tokens. A text that is over the cap on
// tokens by itself goes alone: whether it is too long is the provider's to say.
func (e *Embedder) batches(texts []string) []batch {
	count := e.cfg.count(e.cfg.EmbeddingModel)
	var out []batch
	for i, t := range texts {
		n, _ := count(t)
		n += chat.MessageOverhead // some models frame each text by tokens of their own
		last := len(out) - 1
		if last < 0 || out[last].to-out[last].from >= e.cfg.MaxBatchTexts || out[last].bound+n > e.cfg.MaxBatchTokens {
			out = append(out, batch{from: i, to: i + 1, bound: n})
			continue
		}
		out[last].to++
		out[last].bound += n
	}
	return out
}

// embedded is what one request brought.
type embedded struct {
	vectors  [][]float32
	tokens   int64
	reported bool
	suspect  bool
	model    string
	usage    string
}

func (e *Embedder) request(ctx context.Context, texts []string, bound int64) (embedded, error) {
	ctxCall, cancel := context.WithCancelCause(ctx)
	defer cancel(context.Canceled)
	slow := time.AfterFunc(e.cfg.EmbedTimeout, func() { cancel(ErrSlowEmbedding) })
	defer slow.Stop()
	var got embeddingAnswer
	c := &call{ctx: ctxCall, cancel: cancel, clean: scrubber{key: e.cfg.APIKey.Reveal(), said: texts}, edit: e.editBody}
	c.receive = func(resp *http.Response) (io.ReadCloser, error) {
		return e.receive(c, resp, len(texts), &got)
	}
	_, lcErr := e.llm.CreateEmbedding(context.WithValue(ctx, callKey{}, c), texts)

	var out embedded
	var failed *ports.ModelError
	if c.reached() && !(errors.As(c.err, &failed) && failed.Unspent) {
		out = embedded{tokens: bound, model: c.clean.name(got.Model), usage: string(got.Usage)}
		n, ok, suspect := got.tokens()
		if out.suspect = suspect; ok {
			out.tokens, out.reported = n, true
		}
	}
	switch {
	case ctx.Err() != nil:
		return out, fmt.Errorf("openai: the call was ended: %w", ctx.Err())
	case c.err != nil:
		return out, fmt.Errorf("openai: %w", c.err)
	case lcErr != nil:
		return out, fmt.Errorf("openai: %w", malformed(http.StatusOK, nil, "%s", c.clean.clean(lcErr.Error())))
	}
	out.vectors = got.vectors
	return out, nil
}

// editBody changes langchaingo's request to what this provider is to get.
func (e *Embedder) editBody(body map[string]json.RawMessage) error {
	if e.cfg.Dimensions > 0 {
		body["dimensions"] = json.RawMessage(strconv.Itoa(e.cfg.Dimensions))
	}
	if e.cfg.base64Vectors() {
		body["encoding_format"] = json.RawMessage(`"base64"`)
	}
	return nil
}
