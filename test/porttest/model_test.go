package porttest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
	"github.com/aiwoochat/woochat/test/porttest/brokentest"
)

type emitFunc = func(text string) error

// modelFunc is a model that is one function.
type modelFunc func(ctx context.Context, p chat.Prompt, emit emitFunc) (chat.Completion, error)

func (f modelFunc) Complete(ctx context.Context, p chat.Prompt, emit emitFunc) (chat.Completion, error) {
	return f(ctx, p, emit)
}

// stalling says a word and then nothing until ctx is done, and returns late
// after that.
func stalling(late time.Duration) modelFunc {
	return func(ctx context.Context, _ chat.Prompt, emit emitFunc) (chat.Completion, error) {
		c := chat.Completion{Text: "The ", Finish: chat.Failed, Tokens: chat.Tokens{Input: 1, Output: 1, CountedBy: chat.ByTokenizer}}
		if err := emit("The "); err != nil {
			return c, err
		}
		<-ctx.Done()
		if late > 0 {
			<-time.NewTimer(late).C
		}
		return c, ctx.Err()
	}
}

// brokenModels are wrong in one way each, by the case that must catch it.
func brokenModels() map[string]struct {
	by   string
	wrap func(right ports.ChatModel, says string) modelFunc
} {
	type broken = struct {
		by   string
		wrap func(right ports.ChatModel, says string) modelFunc
	}
	// after changes what a right call returns.
	after := func(by string, change func(c *chat.Completion, err *error)) broken {
		return broken{by, func(right ports.ChatModel, _ string) modelFunc {
			return func(ctx context.Context, p chat.Prompt, emit emitFunc) (chat.Completion, error) {
				c, err := right.Complete(ctx, p, emit)
				change(&c, &err)
				return c, err
			}
		}}
	}
	// calling changes how a right call is made.
	calling := func(by string, call func(ctx context.Context, right ports.ChatModel, p chat.Prompt, emit emitFunc) (chat.Completion, error)) broken {
		return broken{by, func(right ports.ChatModel, _ string) modelFunc {
			return func(ctx context.Context, p chat.Prompt, emit emitFunc) (chat.Completion, error) {
				return call(ctx, right, p, emit)
			}
		}}
	}
	return map[string]broken{
		"says something else": after("answer", func(c *chat.Completion, _ *error) { c.Text = strings.ToUpper(c.Text) }),
		"forgets the tokens":  after("answer", func(c *chat.Completion, _ *error) { c.Tokens = chat.Tokens{CountedBy: chat.ByBound} }),
		"says not who counted": after("answer", func(c *chat.Completion, _ *error) {
			c.Tokens.CountedBy = 0
		}),
		"caches more than there is": after("answer", func(c *chat.Completion, _ *error) { c.Tokens.Cached = c.Tokens.Input + 1 }),
		"ends without a reason":     after("answer", func(c *chat.Completion, _ *error) { c.Finish = 0 }),
		"a cut answer is complete": after("cap", func(c *chat.Completion, _ *error) {
			if c.Finish == chat.Length {
				c.Finish = chat.Complete
			}
		}),
		"a broken answer is complete": after("broke off", func(c *chat.Completion, err *error) {
			var me *ports.ModelError
			if errors.As(*err, &me) && !me.Unspent {
				c.Finish, *err = chat.Complete, nil
			}
		}),
		"hides the cause": after("broke off", func(_ *chat.Completion, err *error) {
			if *err != nil {
				*err = fmt.Errorf("model: %v", *err) //nolint:errorlint // it is the fault
			}
		}),
		"loses what was said before it broke": after("broke off", func(c *chat.Completion, err *error) {
			if *err != nil {
				*c = chat.Completion{}
			}
		}),
		"swallows the emit error": calling("emit fails", func(ctx context.Context, right ports.ChatModel, p chat.Prompt, emit emitFunc) (chat.Completion, error) {
			if emit == nil {
				return right.Complete(ctx, p, nil)
			}
			return right.Complete(ctx, p, func(text string) error { _ = emit(text); return nil })
		}),
		"calls a nil emit": calling("no emit", func(ctx context.Context, right ports.ChatModel, p chat.Prompt, emit emitFunc) (chat.Completion, error) {
			if emit == nil {
				return chat.Completion{}, &ports.ModelError{Kind: ports.ModelUnavailable, Message: "emit is nil"}
			}
			return right.Complete(ctx, p, emit)
		}),
		"empty pieces": calling("answer", func(ctx context.Context, right ports.ChatModel, p chat.Prompt, emit emitFunc) (chat.Completion, error) {
			if err := emit(""); err != nil {
				return chat.Completion{}, err
			}
			return right.Complete(ctx, p, emit)
		}),
		"ignores the cap": calling("cap", func(ctx context.Context, right ports.ChatModel, p chat.Prompt, emit emitFunc) (chat.Completion, error) {
			p.MaxTokens = 10_000
			return right.Complete(ctx, p, emit)
		}),
		"sends the cap and believes the provider": calling("cap", func(ctx context.Context, right ports.ChatModel, p chat.Prompt, emit emitFunc) (chat.Completion, error) {
			most := p.MaxTokens
			p.MaxTokens += 3
			c, err := right.Complete(ctx, p, emit)
			if c.Tokens.Output > most {
				c.Finish = chat.Length
			}
			return c, err
		}),
		"no cap is any cap": calling("no cap", func(ctx context.Context, right ports.ChatModel, p chat.Prompt, emit emitFunc) (chat.Completion, error) {
			p.MaxTokens = max(1, p.MaxTokens)
			return right.Complete(ctx, p, emit)
		}),
		"ignores a done context": calling("done context", func(ctx context.Context, right ports.ChatModel, p chat.Prompt, emit emitFunc) (chat.Completion, error) {
			return right.Complete(context.WithoutCancel(ctx), p, emit)
		}),
		"finishes what was cancelled": calling("cancelled", func(ctx context.Context, right ports.ChatModel, p chat.Prompt, emit emitFunc) (chat.Completion, error) {
			if err := ctx.Err(); err != nil {
				return chat.Completion{}, err
			}
			return right.Complete(context.WithoutCancel(ctx), p, emit)
		}),
		"changes the prompt": calling("prompt", func(ctx context.Context, right ports.ChatModel, p chat.Prompt, emit emitFunc) (chat.Completion, error) {
			c, err := right.Complete(ctx, p, emit)
			p.Messages[0].Text = "You are helpful. " + p.Messages[0].Text
			return c, err
		}),
		"cuts characters": calling("awkward text", func(ctx context.Context, right ports.ChatModel, p chat.Prompt, emit emitFunc) (chat.Completion, error) {
			return right.Complete(ctx, p, func(text string) error {
				for i := 0; i < len(text); i += 2 {
					if err := emit(text[i:min(i+2, len(text))]); err != nil {
						return err
					}
				}
				return nil
			})
		}),
		"one answer for all callers": {"concurrent", func(right ports.ChatModel, _ string) modelFunc {
			var mu sync.Mutex
			var last chat.Completion
			return func(ctx context.Context, p chat.Prompt, _ emitFunc) (chat.Completion, error) {
				c, err := right.Complete(ctx, p, nil)
				mu.Lock()
				defer mu.Unlock()
				if last.Text == "" {
					last = c
				}
				return last, err
			}
		}},
		"closes the upstream late": {"stalled", nil},
	}
}

func TestChatModelSuiteCatches(t *testing.T) {
	for name, b := range brokenModels() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			brokentest.Caught(t, b.by, func(t *testing.T) {
				porttest.ChatModel(t, func(_ *testing.T, says string) porttest.ModelUnderTest {
					var right, breaking ports.ChatModel = memory.NewModel(says), memory.NewModelFunc(func(context.Context, chat.Prompt) (string, error) {
						return says[:40], &ports.ModelError{Kind: ports.ModelTruncated}
					})
					if b.wrap != nil {
						right, breaking = b.wrap(right, says), b.wrap(breaking, says)
					}
					return porttest.ModelUnderTest{ChatModel: right, Breaking: breaking, Stalling: stalling(1100 * time.Millisecond), Verbatim: true}
				})
			})
		})
	}
}

func TestChatModelSuiteAcceptsAStallThatEnds(t *testing.T) {
	porttest.ChatModel(t, func(_ *testing.T, says string) porttest.ModelUnderTest {
		return porttest.ModelUnderTest{ChatModel: memory.NewModel(says), Stalling: stalling(0), Verbatim: true}
	})
}

type embedFunc func(ctx context.Context, texts []string) (retrieval.Embedding, error)

func (f embedFunc) Embed(ctx context.Context, texts []string) (retrieval.Embedding, error) {
	return f(ctx, texts)
}

func TestEmbedderSuiteCatches(t *testing.T) {
	right := memory.NewEmbedder(256)
	for name, b := range map[string]struct {
		by    string
		embed embedFunc
	}{
		"out of order": {"one vector a text", func(ctx context.Context, texts []string) (retrieval.Embedding, error) {
			e, err := right.Embed(ctx, texts)
			slices.Reverse(e.Vectors)
			return e, err
		}},
		"the first batch only": {"many", func(ctx context.Context, texts []string) (retrieval.Embedding, error) {
			return right.Embed(ctx, texts[:min(len(texts), 256)])
		}},
		"the last batch twice": {"many", func(ctx context.Context, texts []string) (retrieval.Embedding, error) {
			texts = slices.Clone(texts)
			for i := 512; i < len(texts); i++ {
				texts[i] = texts[i-256]
			}
			return right.Embed(ctx, texts)
		}},
		"calls for nothing": {"no texts", func(ctx context.Context, texts []string) (retrieval.Embedding, error) {
			e, err := right.Embed(ctx, texts)
			e.Tokens++
			return e, err
		}},
		"leaves empty texts out": {"empty text", func(ctx context.Context, texts []string) (retrieval.Embedding, error) {
			return right.Embed(ctx, slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return s == "" }))
		}},
		"zeros for what it does not know": {"any text", func(ctx context.Context, texts []string) (retrieval.Embedding, error) {
			e, err := right.Embed(ctx, texts)
			for i, text := range texts {
				if len(retrieval.Tokens(text)) == 0 {
					clear(e.Vectors[i])
				}
			}
			return e, err
		}},
		"ignores the context": {"done context", func(ctx context.Context, texts []string) (retrieval.Embedding, error) {
			return right.Embed(context.WithoutCancel(ctx), texts)
		}},
		"drops the usage": {"one vector a text", func(ctx context.Context, texts []string) (retrieval.Embedding, error) {
			e, err := right.Embed(ctx, texts)
			e.Tokens = 0
			return e, err
		}},
		"trims the caller's texts": {"not kept", func(ctx context.Context, texts []string) (retrieval.Embedding, error) {
			for i := range texts {
				texts[i] = strings.TrimSpace(texts[i])
			}
			return right.Embed(ctx, texts)
		}},
		"one vector for all callers": {"concurrent", func() embedFunc {
			var mu sync.Mutex
			var last *retrieval.Embedding
			return func(ctx context.Context, texts []string) (retrieval.Embedding, error) {
				e, err := right.Embed(ctx, texts)
				mu.Lock()
				defer mu.Unlock()
				if len(texts) == 1 && last != nil {
					return *last, err
				}
				if len(texts) == 1 {
					last = &e
				}
				return e, err
			}
		}()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			brokentest.Caught(t, b.by, func(t *testing.T) {
				porttest.Embedder(t, func(*testing.T) porttest.EmbedderUnderTest { return porttest.EmbedderUnderTest{Embedder: b.embed} })
			})
		})
	}
}

type countFunc func(model, text string) (int64, bool)

func (f countFunc) Count(model, text string) (int64, bool) { return f(model, text) }

// words counts as if the model "m" had a vocabulary of words and signs.
func words(model, text string) (int64, bool) {
	if model != "m" {
		return int64(len(text)), false
	}
	n, inWord := int64(0), false
	for i := range len(text) {
		letter := text[i] >= 'a' && text[i] <= 'z' || text[i] >= 'A' && text[i] <= 'Z'
		if !letter || !inWord {
			if text[i] != ' ' || i == 0 || text[i-1] == ' ' {
				n++
			}
		}
		inWord = letter
	}
	return n, true
}

func TestTokenizerSuiteAcceptsARightOne(t *testing.T) {
	porttest.Tokenizer(t, func(*testing.T) porttest.TokenizerUnderTest {
		return porttest.TokenizerUnderTest{Tokenizer: countFunc(words), Models: []string{"m"}}
	})
}

func TestTokenizerSuiteCatches(t *testing.T) {
	for name, b := range map[string]struct {
		by    string
		count countFunc
	}{
		"four characters are a token": {"unknown", func(_, text string) (int64, bool) { return int64(len(text)+3) / 4, false }},
		"claims to know every model":  {"unknown", func(_, text string) (int64, bool) { return words("m", text) }},
		"counts characters for bytes": {"unknown", func(model, text string) (int64, bool) {
			n, exact := words(model, text)
			if !exact {
				n = int64(len([]rune(text)))
			}
			return n, exact
		}},
		"bytes as exact": {"known", func(model, text string) (int64, bool) { return int64(len(text)), model == "m" }},
		"a token for nothing": {"nothing", func(model, text string) (int64, bool) {
			n, exact := words(model, text)
			return max(1, n), exact
		}},
		"obeys control tokens": {"special tokens", func(model, text string) (int64, bool) {
			return words(model, strings.NewReplacer("<|endoftext|>", "x", "<|fim_prefix|>", "x").Replace(text))
		}},
		"drifts": {"known", func() countFunc {
			var mu sync.Mutex
			calls := int64(0)
			return func(model, text string) (int64, bool) {
				mu.Lock()
				defer mu.Unlock()
				calls++
				n, exact := words(model, text)
				if exact {
					n += calls % 2
				}
				return n, exact
			}
		}()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			brokentest.Caught(t, b.by, func(t *testing.T) {
				porttest.Tokenizer(t, func(*testing.T) porttest.TokenizerUnderTest {
					return porttest.TokenizerUnderTest{Tokenizer: b.count, Models: []string{"m"}}
				})
			})
		})
	}
}
