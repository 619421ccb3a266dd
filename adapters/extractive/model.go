// Package extractive answers without a model: it quotes the sentences of the
// evidence that speak of what was asked, with their numbers, and says that it
// quotes. It costs nothing, needs no network, and answers the demo, tests, and
// the shopper whose question a provider that is down cannot answer.
//
// It never writes a sentence of its own about the shop. All that it says has
// passed chat.Gate, the same check as a model's words.
package extractive

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// Name is the name under which a Model is asked for, priced and reported.
const Name = "extractive"

// Model is a ports.ChatModel that quotes Prompt.Evidence. It reads Question,
// Meant, Also, Evidence, Locale and MaxTokens of a prompt and nothing else: history and
// instructions in Messages say nothing to it. The zero Model is ready for use,
// and safe for concurrent use.
type Model struct{}

var _ ports.ChatModel = (*Model)(nil)

// New returns a Model.
func New() *Model { return &Model{} }

// Complete implements ports.ChatModel. The answer comes word by word, at most
// three sources and five sentences, or a list of at most five products. Where
// the evidence has nothing of what was asked, the answer is chat.NothingFits, and
// chat.Welcome where nothing was asked.
//
// It spends no tokens. MaxTokens is kept by the length in UTF-8 bytes, which no
// count of tokens exceeds: lines that do not fit are left out, and if not even
// the first fits, it is cut and Finish is chat.Length.
//
// Errors: that of ctx, that of emit, and a *ports.ModelError that matches
// ports.ErrInvalid if MaxTokens is below 1.
func (*Model) Complete(ctx context.Context, p chat.Prompt, emit func(text string) error) (chat.Completion, error) {
	if p.MaxTokens < 1 {
		return chat.Completion{}, &ports.ModelError{
			Kind: ports.ModelRefused, Code: "max_tokens", Message: fmt.Sprintf("MaxTokens is %d: want at least 1", p.MaxTokens), Unspent: true,
		}
	}
	c := chat.Completion{Model: Name, Tokens: chat.Tokens{CountedBy: chat.ByProvider}}
	if err := ctx.Err(); err != nil {
		return c, err
	}
	text, whole := answer(p)
	var said strings.Builder
	for _, piece := range pieces(text) {
		if err := ctx.Err(); err != nil {
			c.Text = said.String()
			return c, err
		}
		said.WriteString(piece)
		if emit == nil {
			continue
		}
		if err := emit(piece); err != nil {
			c.Text = said.String()
			return c, err
		}
	}
	c.Text, c.Finish = said.String(), chat.Complete
	if !whole {
		c.Finish = chat.Length
	}
	return c, nil
}

// pieces cuts text after each run of white space.
func pieces(text string) []string {
	var out []string
	start, space := 0, false
	for i, r := range text {
		blank := r == ' ' || r == '\n'
		if space && !blank {
			out = append(out, text[start:i])
			start = i
		}
		space = blank
	}
	if start < len(text) {
		out = append(out, text[start:])
	}
	return out
}

// answer writes the answer to p, and reports whether it is all of it.
func answer(p chat.Prompt) (text string, whole bool) {
	p.Locale = strings.ReplaceAll(p.Locale, "_", "-")
	w := wordsOf(p.Locale)
	gate := chat.NewGate(p.Evidence, p.Question)
	holds := func(s string) bool { return gate.Push(s)+gate.Flush() == s }
	lines, near := choose(p, w, holds)
	lead := w.lead
	if near {
		lead = w.nearest
	}
	limit := int(min(p.MaxTokens, 1<<30))
	for ; len(lines) > 0; lines = shorter(lines) {
		text = layout(lead, lines)
		if len(text) <= limit && holds(text) {
			return text, true
		}
	}
	if text == "" {
		text = chat.NothingFits(p.Locale, "")
		if retrieval.SaysNothing(cmp.Or(p.Meant, p.Question)) {
			text = chat.Welcome(p.Locale)
		}
	}
	if len(text) <= limit && holds(text) {
		return text, true
	}
	return cut(text, limit, holds), false
}

// shorter returns lines without the last one, or the only line without its
// last sentence.
func shorter(lines [][]string) [][]string {
	if len(lines) > 1 {
		return lines[:len(lines)-1]
	}
	if only := lines[0]; len(only) > 1 {
		return [][]string{only[:len(only)-1]}
	}
	return nil
}

// layout writes one line as a paragraph, and several as a list.
func layout(lead string, lines [][]string) string {
	if len(lines) == 1 {
		return lead + "\n\n" + strings.Join(lines[0], " ")
	}
	var b strings.Builder
	b.WriteString(lead + "\n")
	for _, sentences := range lines {
		b.WriteString("\n- " + strings.Join(sentences, " "))
	}
	return b.String()
}

// cut returns the longest run of whole words at the beginning of text that is
// at most limit bytes long and says nothing that the whole does not: half an
// amount is another amount. If not even one word fits, it is a part of that
// word.
func cut(text string, limit int, holds func(string) bool) string {
	words := pieces(text)
	for n := len(words); n > 0; n-- {
		if s := strings.TrimRight(strings.Join(words[:n], ""), " \n"); len(s) <= limit && holds(s) {
			return s
		}
	}
	return strings.ToValidUTF8(text[:limit], "")
}
