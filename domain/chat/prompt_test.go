package chat_test

import (
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/chat"
)

func TestCountInput(t *testing.T) {
	p := chat.Prompt{Messages: []chat.Message{{Speaker: chat.System, Text: "Größe"}, {Speaker: chat.Shopper, Text: "two words"}}}
	known := func(text string) (int64, bool) { return int64(len(strings.Fields(text))), true }
	if n, by := p.CountInput(known); n != 1+2+3*chat.MessageOverhead || by != chat.ByTokenizer {
		t.Errorf("known: %d by %v", n, by)
	}
	unknown := func(string) (int64, bool) { return 0, false }
	if n, by := p.CountInput(unknown); n != 7+9+2*chat.BoundOverhead+chat.MessageOverhead || by != chat.ByBound {
		t.Errorf("unknown: %d by %v", n, by)
	}
	half := func(text string) (int64, bool) { return 1, text == "two words" }
	if n, by := p.CountInput(half); n != 7+chat.BoundOverhead+1+2*chat.MessageOverhead || by != chat.ByBound {
		t.Errorf("one unknown text makes it a bound: %d by %v", n, by)
	}
	if n, by := (chat.Prompt{}).CountInput(known); n != chat.MessageOverhead || by != chat.ByTokenizer {
		t.Errorf("nothing: %d by %v", n, by)
	}
}

func TestTokensValid(t *testing.T) {
	for _, c := range []struct {
		tokens chat.Tokens
		want   bool
	}{
		{chat.Tokens{}, true},
		{chat.Tokens{Input: 10, Output: 5, Cached: 10, Reasoning: 5}, true},
		{chat.Tokens{Input: chat.MaxTokensPerCall, Output: chat.MaxTokensPerCall}, true},
		{chat.Tokens{Input: -1}, false},
		{chat.Tokens{Output: -1}, false},
		{chat.Tokens{Input: 10, Cached: 11}, false},
		{chat.Tokens{Input: 10, Cached: -1}, false},
		{chat.Tokens{Output: 10, Reasoning: 11}, false},
		{chat.Tokens{Output: 10, Reasoning: -1}, false},
		{chat.Tokens{Input: chat.MaxTokensPerCall + 1}, false},
		{chat.Tokens{Output: chat.MaxTokensPerCall + 1}, false},
	} {
		if got := c.tokens.Valid(); got != c.want {
			t.Errorf("%+v: got %v", c.tokens, got)
		}
	}
}
