package porttest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// ModelUnderTest is a model that was told what to say. The suite's prompts have
// the text as evidence too, for a model that cannot be told and quotes.
type ModelUnderTest struct {
	ports.ChatModel
	// Verbatim is set if the model says exactly the text that open was given.
	Verbatim bool
	// Free is set if the model spends no tokens.
	Free bool
	// Stalling begins to answer with the text's first words and then says
	// nothing until its call ends; nil if the model cannot stall.
	Stalling ports.ChatModel
	// Breaking begins to answer and then breaks off; nil if the model cannot.
	Breaking ports.ChatModel
}

// ChatModel checks an adapter of ports.ChatModel. open is called once for each
// case and returns a model that answers every prompt with the text says.
func ChatModel(t *testing.T, open func(t *testing.T, says string) ModelUnderTest) {
	t.Helper()
	runCases(t, chatModelCases, func(t *testing.T) *modelFixture {
		return &modelFixture{storeT: storeT{t}, open: open}
	})
}

type modelFixture struct {
	storeT
	open func(t *testing.T, says string) ModelUnderTest
}

const (
	modelAnswer = "The Fjord kettle holds 1.7 litres [1]. It boils in four minutes, and it is „leise“ 🫖."
	// modelUpstreamClosed is how long a call may take to end when its context
	// is over; on a busy machine it is allowed four times that.
	modelUpstreamClosed = 250 * time.Millisecond
)

// modelLong is more than any cap that the suite sets.
func modelLong() string {
	return strings.TrimSpace(strings.Repeat("The kettle holds water and boils it. ", 100))
}

// prompt asks about the kettle with the given text as evidence.
func (f *modelFixture) prompt(evidence string) chat.Prompt {
	const question = "How much does the kettle hold and how long does it take?"
	return chat.Prompt{
		Model: "gpt-4o-mini",
		Messages: []chat.Message{
			{Speaker: chat.System, Text: "Answer from the evidence. [1] " + evidence},
			{Speaker: chat.Shopper, Text: "Hello"},
			{Speaker: chat.Assistant, Text: "Hello, what are you looking for?"},
			{Speaker: chat.Shopper, Text: question},
		},
		MaxTokens: 5_000, Question: question, Locale: "en", CallID: NewID(),
		Evidence: []chat.Evidence{{
			Citation: chat.Citation{Marker: 1, Passage: retrieval.PassageRef{Document: "product:1", Revision: "r"}, Title: "Fjord kettle", URL: "https://shop.example.com/kettle"},
			Text:     evidence,
		}},
	}
}

// complete runs a call, collects its pieces and checks what holds for every
// call, whatever became of it.
func (f *modelFixture) complete(ctx context.Context, m ports.ChatModel, p chat.Prompt, onPiece func(n int) error) (chat.Completion, []string, error) {
	f.Helper()
	var mu sync.Mutex
	var pieces []string
	refused := false
	c, err := m.Complete(ctx, p, func(text string) error {
		if !mu.TryLock() {
			f.Error("emit: called concurrently")
			return nil
		}
		defer mu.Unlock()
		if refused {
			f.Error("emit: called again after it returned an error")
		}
		if text == "" {
			f.Error("emit: an empty piece")
		}
		pieces = append(pieces, text)
		var err error
		if onPiece != nil {
			err = onPiece(len(pieces))
		}
		refused = err != nil
		return err
	})
	if got := strings.Join(pieces, ""); got != c.Text {
		f.Errorf("the pieces together:\n got %q\nwant Completion.Text %q", got, c.Text)
	}
	if !c.Tokens.Valid() {
		f.Errorf("Tokens: %+v cannot be true", c.Tokens)
	}
	if c.Tokens.Output > p.MaxTokens {
		f.Errorf("Tokens.Output: got %d, the cap is %d", c.Tokens.Output, p.MaxTokens)
	}
	if err == nil && c.Finish != chat.Complete && c.Finish != chat.Length && c.Finish != chat.Filtered {
		f.Errorf("Finish: got %v without an error", c.Finish)
	}
	if c.Text != "" && c.Tokens.CountedBy == 0 {
		f.Error("Tokens.CountedBy is not set although something was said")
	}
	return c, pieces, err
}

var chatModelCases = []contractCase[*modelFixture]{
	{"answer", "the pieces together are Completion.Text; a whole answer is Complete", func(f *modelFixture) {
		m := f.open(f.T, modelAnswer)
		c, pieces, err := f.complete(f.Context(), m, f.prompt(modelAnswer), nil)
		f.must("Complete", err)
		f.want("Finish", c.Finish, chat.Complete)
		if m.Verbatim {
			f.want("Text", c.Text, modelAnswer)
		}
		if len(pieces) == 0 {
			f.Error("nothing was said")
		}
		if !m.Free && (c.Tokens.Input == 0 || c.Tokens.Output == 0) {
			f.Errorf("Tokens: got %+v, want what was spent", c.Tokens)
		}
		if m.Free && c.Tokens.Total() != 0 {
			f.Errorf("Tokens: got %+v of a model that is free", c.Tokens)
		}
	}},
	{"no emit", "emit may be nil", func(f *modelFixture) {
		m := f.open(f.T, modelAnswer)
		c, err := m.Complete(f.Context(), f.prompt(modelAnswer), nil)
		f.must("Complete", err)
		again, _, err := f.complete(f.Context(), m, f.prompt(modelAnswer), nil)
		f.must("Complete", err)
		f.want("Text", c.Text, again.Text)
		f.want("Finish", c.Finish, chat.Complete)
	}},
	{"emit fails", "an error from emit ends the call and is returned; Text is what came", func(f *modelFixture) {
		m := f.open(f.T, modelLong())
		mine := errors.New("the reader is gone")
		c, pieces, err := f.complete(f.Context(), m, f.prompt(modelLong()), func(int) error { return mine })
		f.wantErr("Complete", err, mine)
		f.want("number of pieces", len(pieces), 1)
		if c.Finish == chat.Complete || c.Finish == chat.Length {
			f.Errorf("Finish: got %v of an answer that broke off", c.Finish)
		}
	}},
	{"cap", "the output never exceeds MaxTokens; an answer cut there is Length", func(f *modelFixture) {
		m := f.open(f.T, modelLong())
		whole, err := m.Complete(f.Context(), f.prompt(modelLong()), nil)
		f.must("Complete", err)
		last := 0
		for _, n := range []int64{1, 2, 5, 20} {
			p := f.prompt(modelLong())
			p.MaxTokens = n
			c, _, err := f.complete(f.Context(), m, p, nil)
			f.must("Complete", err)
			// No vocabulary has a token of more than 128 bytes.
			if !m.Free && (len(c.Text) > int(n)*128 || len(c.Text) >= len(whole.Text)) {
				f.Errorf("a cap of %d tokens: got %d bytes", n, len(c.Text))
			}
			if !m.Free && c.Finish != chat.Length {
				f.Errorf("a cap of %d tokens: got %v, want Length", n, c.Finish)
			}
			if m.Verbatim && !strings.HasPrefix(modelLong(), c.Text) {
				f.Errorf("a cap of %d tokens: got %q, want the beginning of the answer", n, c.Text)
			}
			if len(c.Text) < last {
				f.Errorf("a cap of %d tokens: got %d bytes, fewer than with a smaller cap", n, len(c.Text))
			}
			last = len(c.Text)
		}
	}},
	{"no cap", "MaxTokens below 1 is ErrInvalid, and nothing is said or spent", func(f *modelFixture) {
		m := f.open(f.T, modelAnswer)
		for _, n := range []int64{0, -1} {
			p := f.prompt(modelAnswer)
			p.MaxTokens = n
			c, err := m.Complete(f.Context(), p, func(string) error { f.Error("emit was called"); return nil })
			f.wantErr("Complete", err, ports.ErrInvalid)
			f.want("Tokens", c.Tokens, chat.Tokens{})
		}
	}},
	{"done context", "a done context ends the call before anything is said", func(f *modelFixture) {
		m := f.open(f.T, modelAnswer)
		c, pieces, err := f.complete(f.done(), m, f.prompt(modelAnswer), nil)
		f.wantErr("Complete", err, context.Canceled)
		f.want("number of pieces", len(pieces), 0)
		if c.Finish == chat.Complete {
			f.Error("Finish: got Complete")
		}
	}},
	{"cancelled", "when the context ends, so does the call, with its error and what came so far", func(f *modelFixture) {
		m := f.open(f.T, modelLong())
		ctx, cancel := context.WithCancel(f.Context())
		defer cancel()
		c, _, err := f.complete(ctx, m, f.prompt(modelLong()), func(n int) error {
			if n == 2 {
				cancel()
			}
			return nil
		})
		if m.Free && err == nil {
			return // it had said all before it could notice
		}
		f.wantErr("Complete", err, context.Canceled)
		if c.Text == "" || len(c.Text) >= len(modelLong()) || c.Finish == chat.Complete {
			f.Errorf("got %d bytes and finish %v, want the beginning of an answer", len(c.Text), c.Finish)
		}
	}},
	{"stalled", "when the context ends while the upstream says nothing, the call ends within 250 ms", func(f *modelFixture) {
		m := f.open(f.T, modelLong()).Stalling
		if m == nil {
			f.Skip("the model cannot stall")
		}
		ctx, cancel := context.WithCancel(f.Context())
		defer cancel()
		var ended time.Time
		_, pieces, err := f.complete(ctx, m, f.prompt(modelLong()), func(n int) error {
			if n == 1 {
				time.AfterFunc(50*time.Millisecond, func() { cancel() })
				ended = time.Now().Add(50 * time.Millisecond)
			}
			return nil
		})
		took := time.Since(ended)
		f.wantErr("Complete", err, context.Canceled)
		if len(pieces) == 0 {
			f.Fatal("the model said nothing before it stalled")
		}
		if took > 4*modelUpstreamClosed {
			f.Errorf("the call ended %v after its context", took)
		}
	}},
	{"broke off", "an answer that broke off is a *ModelError that matches ErrUnavailable, with what came and what was spent", func(f *modelFixture) {
		u := f.open(f.T, modelLong())
		if u.Breaking == nil {
			f.Skip("the model cannot break off")
		}
		c, pieces, err := f.complete(f.Context(), u.Breaking, f.prompt(modelLong()), nil)
		f.wantErr("Complete", err, ports.ErrUnavailable)
		var me *ports.ModelError
		if !errors.As(err, &me) || me.Unspent {
			f.Errorf("got %v, want a *ModelError that says that something was spent", err)
		}
		if len(pieces) == 0 || c.Finish == chat.Complete || c.Finish == chat.Length {
			f.Errorf("got %d pieces and finish %v, want the beginning of an answer", len(pieces), c.Finish)
		}
		if !u.Free && c.Tokens.Output == 0 {
			f.Errorf("Tokens: got %+v, want what was spent", c.Tokens)
		}
	}},
	{"concurrent", "calls do not disturb one another", func(f *modelFixture) {
		m := f.open(f.T, modelAnswer)
		want, err := m.Complete(f.Context(), f.prompt(modelAnswer), nil)
		f.must("Complete", err)
		together(20, func(i int) {
			p := f.prompt(modelAnswer)
			if i%2 == 1 {
				p.MaxTokens = 2
			}
			c, _, err := f.complete(f.Context(), m, p, nil)
			switch {
			case err != nil:
				f.Errorf("Complete: %v", err)
			case i%2 == 0 && c.Text != want.Text:
				f.Errorf("got %q, want %q", c.Text, want.Text)
			}
		})
	}},
	{"prompt", "the prompt is not changed", func(f *modelFixture) {
		m := f.open(f.T, modelAnswer)
		p := f.prompt(modelAnswer)
		want := f.prompt(modelAnswer)
		want.CallID = p.CallID
		_, _, err := f.complete(f.Context(), m, p, nil)
		f.must("Complete", err)
		if !reflect.DeepEqual(p, want) {
			f.Errorf("got %s, want %s", brief(p), brief(want))
		}
	}},
	{"awkward text", "text of any script comes through as it is, in whole characters", func(f *modelFixture) {
		says := strings.ReplaceAll(awkward, "\r", "") + " end"
		m := f.open(f.T, says)
		c, pieces, err := f.complete(f.Context(), m, f.prompt(says), nil)
		f.must("Complete", err)
		if m.Verbatim {
			f.want("Text", c.Text, says)
		}
		for _, p := range pieces {
			if strings.ToValidUTF8(p, "?") != p {
				f.Errorf("the piece %q is not UTF-8", fmt.Sprintf("%x", p))
			}
		}
	}},
}
