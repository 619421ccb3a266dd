package memory

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"unicode"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/ports"
)

// Model is a [ports.ChatModel] that says what it was told to say, word by word.
// A word is a token. It is for tests and examples.
type Model struct {
	answer  func(ctx context.Context, p chat.Prompt) (string, error)
	mu      sync.Mutex // guards prompts
	prompts []chat.Prompt
}

// NewModel returns a Model that answers every prompt with text.
func NewModel(text string) *Model {
	return NewModelFunc(func(context.Context, chat.Prompt) (string, error) { return text, nil })
}

// NewModelFunc returns a Model that answers with what answer returns; if that
// is an error, the text that comes with it is said first and then the call
// breaks off with the error, which should be a [ports.ModelError]. Calls of
// answer may be concurrent.
func NewModelFunc(answer func(ctx context.Context, p chat.Prompt) (string, error)) *Model {
	return &Model{answer: answer}
}

// Prompts returns the prompts that m was given, in order.
func (m *Model) Prompts() []chat.Prompt {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]chat.Prompt(nil), m.prompts...)
}

// Complete implements [ports.ChatModel].
func (m *Model) Complete(ctx context.Context, p chat.Prompt, emit func(text string) error) (chat.Completion, error) {
	if err := ctx.Err(); err != nil {
		return chat.Completion{}, err
	}
	if p.MaxTokens < 1 {
		return chat.Completion{}, &ports.ModelError{Kind: ports.ModelRefused, Message: fmt.Sprintf("max tokens is %d, want at least 1", p.MaxTokens), Unspent: true}
	}
	m.mu.Lock()
	m.prompts = append(m.prompts, p)
	m.mu.Unlock()

	text, failure := m.answer(ctx, p)
	c := chat.Completion{Model: p.Model, Tokens: chat.Tokens{CountedBy: chat.ByTokenizer}}
	for _, message := range p.Messages {
		c.Tokens.Input += int64(len(strings.Fields(message.Text)))
	}
	var said strings.Builder
	finish := func(f chat.Finish, err error) (chat.Completion, error) {
		c.Text, c.Finish = said.String(), f
		return c, err
	}
	for _, piece := range pieces(text) {
		if c.Tokens.Output == p.MaxTokens {
			return finish(chat.Length, nil)
		}
		if err := ctx.Err(); err != nil {
			return finish(chat.Failed, err)
		}
		// What was made is spent, whether or not somebody takes it.
		c.Tokens.Output++
		said.WriteString(piece)
		if emit != nil {
			if err := emit(piece); err != nil {
				return finish(chat.Failed, err)
			}
		}
	}
	if failure != nil {
		return finish(chat.Failed, failure)
	}
	return finish(chat.Complete, nil)
}

// pieces cuts text after each run of white space.
func pieces(text string) []string {
	var out []string
	start, blank := 0, false
	for i, r := range text {
		space := unicode.IsSpace(r)
		if blank && !space {
			out = append(out, text[start:i])
			start = i
		}
		blank = space
	}
	if start < len(text) {
		out = append(out, text[start:])
	}
	return out
}
