package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tmc/langchaingo/llms"
	lcopenai "github.com/tmc/langchaingo/llms/openai"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/ports"
)

// ChatModel is a ports.ChatModel on /chat/completions. It always streams, also
// for a caller that does not. It is safe for concurrent use.
type ChatModel struct {
	cfg  settings
	llm  *lcopenai.LLM
	base http.RoundTripper
}

var _ ports.ChatModel = (*ChatModel)(nil)

// NewChatModel returns a ChatModel, or an error that lists everything that is
// wrong with cfg. It does not connect. Close it when it is no longer needed.
func NewChatModel(cfg Config) (*ChatModel, error) {
	s, err := cfg.check()
	if err != nil {
		return nil, err
	}
	base := s.transport()
	llm, err := newLLM(s, base, "unset")
	if err != nil {
		return nil, err
	}
	return &ChatModel{cfg: s, llm: llm, base: base}, nil
}

// newLLM returns langchaingo's client on our guard. Everything that it would
// else take from the environment is given; the key stays with the guard.
func newLLM(s settings, base http.RoundTripper, embeddingModel string) (*lcopenai.LLM, error) {
	llm, err := lcopenai.New(
		lcopenai.WithToken("the guard sets it"),
		lcopenai.WithBaseURL(s.base),
		lcopenai.WithOrganization(""),
		lcopenai.WithModel("unset"),
		lcopenai.WithEmbeddingModel(embeddingModel),
		lcopenai.WithHTTPClient(&guard{settings: s, base: base}),
	)
	if err != nil {
		return nil, fmt.Errorf("openai: %w", err)
	}
	return llm, nil
}

// Close closes the connections that no call is using. Calls that are under way
// are not harmed. It may be called again; a call after it connects anew.
func (m *ChatModel) Close() error {
	closeIdle(m.base)
	return nil
}

func closeIdle(rt http.RoundTripper) {
	if c, ok := rt.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// Complete implements ports.ChatModel.
//
// A provider that sends more than p.MaxTokens has spent more than it may: then
// Tokens.Output is what came, above p.MaxTokens, and Text is cut to the cap.
// Where the model's vocabulary is not known, the cut waits until the output is
// surely too long, and an output that the provider did not count is bounded by
// its bytes, but not above p.MaxTokens without proof.
func (m *ChatModel) Complete(ctx context.Context, p chat.Prompt, emit func(text string) error) (chat.Completion, error) {
	messages, err := checkPrompt(p)
	if err != nil {
		return chat.Completion{}, err
	}
	if err := ctx.Err(); err != nil {
		return chat.Completion{}, fmt.Errorf("openai: not sent: %w", err)
	}
	ctxCall, cancel := context.WithCancelCause(ctx)
	defer cancel(context.Canceled)
	a := &answer{counter: outputCounter{count: m.cfg.count(p.Model), cap: p.MaxTokens}}
	c := &call{id: p.CallID, ctx: ctxCall, cancel: cancel, clean: scrubber{key: m.cfg.APIKey.Reveal(), said: texts(p)}}
	first := time.AfterFunc(m.cfg.FirstToken, func() { cancel(ErrNoFirstToken) })
	defer first.Stop()
	c.edit = func(body map[string]json.RawMessage) error { return m.editBody(body, p.MaxTokens) }
	c.receive = func(resp *http.Response) (io.ReadCloser, error) {
		return newChatBody(m.cfg, c, a, resp, first)
	}

	var text strings.Builder
	var emitErr error
	_, lcErr := m.llm.GenerateContent(context.WithValue(ctx, callKey{}, c), messages,
		llms.WithModel(p.Model),
		llms.WithStreamingFunc(func(_ context.Context, piece []byte) error {
			if len(piece) == 0 {
				return nil
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			text.Write(piece)
			if emit != nil {
				emitErr = emit(string(piece))
			}
			return emitErr
		}))

	out := chat.Completion{Text: text.String(), Model: a.model, RequestID: c.requestID}
	m.settle(&out, p, c, a)
	out.Finish, err = m.outcome(ctx, c, a, emitErr, lcErr)
	if err != nil {
		out.Finish = 0
	}
	return out, err
}

// outcome says how the call ended. langchaingo's own error counts only if
// nobody else has one: it may be missing although the call failed.
func (m *ChatModel) outcome(ctx context.Context, c *call, a *answer, emitErr, lcErr error) (chat.Finish, error) {
	switch {
	case emitErr != nil:
		return 0, emitErr
	case ctx.Err() != nil:
		return 0, fmt.Errorf("openai: the call was ended: %w", ctx.Err())
	case c.err != nil:
		return 0, fmt.Errorf("openai: %w", c.err)
	case lcErr != nil:
		return 0, fmt.Errorf("openai: %w", malformed(http.StatusOK, nil, "%s", c.clean.clean(lcErr.Error())))
	}
	f, err := m.finish(c, a)
	if err != nil {
		return 0, fmt.Errorf("openai: %w", err)
	}
	return f, nil
}

// finish translates how the answer ended.
func (m *ChatModel) finish(c *call, a *answer) (chat.Finish, error) {
	var f chat.Finish
	switch {
	case a.cut:
		return chat.Length, nil
	case a.refusal:
		return chat.Filtered, nil
	case m.cfg.FinishReasons[a.finish] != 0:
		f = m.cfg.FinishReasons[a.finish]
	case a.finish == "stop":
		f = chat.Complete
	case a.finish == "length" || a.finish == "max_tokens":
		f = chat.Length
	case a.finish == "content_filter":
		f = chat.Filtered
	case a.tools || a.finish == "tool_calls" || a.finish == "function_call":
		return 0, malformed(http.StatusOK, ErrToolCalls, "%s", ErrToolCalls.Error())
	default:
		return 0, malformed(http.StatusOK, nil,
			"the finish reason %q is not known: say what it means in FinishReasons", c.clean.name(a.finish))
	}
	if f == chat.Complete && !a.shown {
		if a.tools {
			return 0, malformed(http.StatusOK, ErrToolCalls, "%s", ErrToolCalls.Error())
		}
		return 0, malformed(http.StatusOK, nil, "the answer is empty")
	}
	return f, nil
}

// settle fills in what was spent: the provider's report if it can be believed
// and covers the whole answer, else our own count.
func (m *ChatModel) settle(out *chat.Completion, p chat.Prompt, c *call, a *answer) {
	var failed *ports.ModelError
	if errors.As(c.err, &failed) && failed.Unspent || !c.reached() {
		return // nothing was spent, and nobody counted
	}
	output, exact := a.counter.spent()
	input, by := p.CountInput(m.cfg.count(p.Model))
	if !exact && a.counter.pieces > 0 {
		by = chat.ByBound
	}
	out.Tokens = chat.Tokens{Input: input, Output: output, CountedBy: by}
	if a.usage == nil {
		return
	}
	out.RawUsage = string(a.usage)
	n, err := readUsage(a.usage)
	reported := chat.Tokens{Input: n.prompt, Output: n.completion, Cached: n.cached, Reasoning: n.reasoning, CountedBy: chat.ByProvider}
	switch {
	case err != nil, !reported.Valid(), n.prompt == 0, n.completion == 0 && a.usageAt > 0:
		// No prompt is nothing, and no output comes for nothing.
		out.Suspect = true
	case a.usageAt < a.counter.pieces && n.completion < a.counter.pieces:
		// More output came after the report than it speaks of: it was one of a
		// running count whose last is missing.
	default:
		out.Tokens = reported
	}
}

// editBody changes langchaingo's request to what this provider is to get.
func (m *ChatModel) editBody(body map[string]json.RawMessage, maxTokens int64) error {
	for _, name := range []string{"temperature", "max_tokens", "max_completion_tokens"} {
		delete(body, name)
	}
	if m.cfg.Temperature != nil {
		raw, err := json.Marshal(*m.cfg.Temperature)
		if err != nil {
			return fmt.Errorf("openai: %w", err)
		}
		body["temperature"] = raw
	}
	limit := json.RawMessage(strconv.FormatInt(maxTokens, 10))
	field := m.cfg.outputField()
	if field != OutputMaxCompletionTokens {
		body["max_tokens"] = limit
	}
	if field != OutputMaxTokens {
		body["max_completion_tokens"] = limit
	}
	return nil
}

// checkPrompt returns p's messages for langchaingo, or why p cannot be sent.
func checkPrompt(p chat.Prompt) ([]llms.MessageContent, error) {
	switch {
	case p.Model == "":
		return nil, fmt.Errorf("openai: %w", refused("the prompt names no model"))
	case p.MaxTokens < 1 || p.MaxTokens > math.MaxInt32:
		return nil, fmt.Errorf("openai: %w", refused("the prompt's MaxTokens is %d: it must be at least 1", p.MaxTokens))
	case len(p.Messages) == 0:
		return nil, fmt.Errorf("openai: %w", refused("the prompt has no messages"))
	case !headerSafe(p.CallID):
		return nil, fmt.Errorf("openai: %w", refused("the prompt's CallID has characters that a header must not have"))
	}
	out := make([]llms.MessageContent, len(p.Messages))
	for i, msg := range p.Messages {
		var role llms.ChatMessageType
		switch msg.Speaker {
		case chat.System:
			role = llms.ChatMessageTypeSystem
		case chat.Shopper:
			role = llms.ChatMessageTypeHuman
		case chat.Assistant:
			role = llms.ChatMessageTypeAI
		default:
			return nil, fmt.Errorf("openai: %w", refused("message %d of the prompt has no speaker", i))
		}
		out[i] = llms.TextParts(role, msg.Text)
	}
	return out, nil
}

// texts returns what the provider gets to read, to take it out of its errors.
func texts(p chat.Prompt) []string {
	out := make([]string, len(p.Messages))
	for i, m := range p.Messages {
		out[i] = m.Text
	}
	return out
}
