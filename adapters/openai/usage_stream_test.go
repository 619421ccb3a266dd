package openai_test

import (
	"net/http"
	"testing"

	"github.com/aiwoochat/woochat/adapters/openai"
	"github.com/aiwoochat/woochat/domain/chat"
)

// What a whole stream comes to, from the report to what is billed: who counted
// is said, and a report that cannot be true is refused and flagged.
func TestUsageOfAStream(t *testing.T) {
	const (
		yes  = `{"choices":[{"index":0,"delta":{"content":"Yes, sir."}}]}`
		stop = `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`
		cut  = `{"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}`
		done = `[DONE]`
	)
	last := func(usage string) string { return `{"choices":[],"usage":` + usage + `}` }
	own := chat.Tokens{Input: 42, Output: 2, CountedBy: chat.ByTokenizer}
	by := func(in, out, cached, reasoning int64) chat.Tokens {
		return chat.Tokens{Input: in, Output: out, Cached: cached, Reasoning: reasoning, CountedBy: chat.ByProvider}
	}
	for _, c := range []struct {
		name    string
		frames  []string
		want    chat.Tokens
		suspect bool
	}{
		{"the report in a last chunk of its own (litellm#34875)", []string{yes, stop, last(`{"prompt_tokens":40,"completion_tokens":3}`), done}, by(40, 3, 0, 0), false},
		{"no report, as if it had not been asked for (litellm#22280)", []string{yes, stop, done}, own, false},
		{"a report of null", []string{yes, stop, last(`null`), done}, own, false},
		{"all zero for a text (litellm#34875, crewAI#4056)", []string{yes, stop, last(`{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}`), done}, own, true},
		{"no output for a text", []string{yes, stop, last(`{"prompt_tokens":40,"completion_tokens":0}`), done}, own, true},
		{"no output, and there is none (litellm#37992)", []string{cut, last(`{"prompt_tokens":40,"completion_tokens":0,"total_tokens":40}`), done}, by(40, 0, 0, 0), false},
		{"the prompt of an answer that is only thought", []string{cut, last(`{"prompt_tokens":40,"completion_tokens":8,"completion_tokens_details":{"reasoning_tokens":8}}`), done}, by(40, 8, 0, 8), false},
		{"negative (new-api#5003)", []string{yes, stop, last(`{"prompt_tokens":-12301,"completion_tokens":3}`), done}, own, true},
		{"negative cached", []string{yes, stop, last(`{"prompt_tokens":40,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":-1}}`), done}, own, true},
		{"more cached than prompt", []string{yes, stop, last(`{"prompt_tokens":40,"completion_tokens":3,"total_tokens":43,"prompt_tokens_details":{"cached_tokens":41}}`), done}, own, true},
		{"more thought than output", []string{yes, stop, last(`{"prompt_tokens":40,"completion_tokens":3,"total_tokens":43,"completion_tokens_details":{"reasoning_tokens":4}}`), done}, own, true},
		{"more than any call takes", []string{yes, stop, last(`{"prompt_tokens":40,"completion_tokens":1000000000000000000}`), done}, own, true},
		{"the total more than any call takes", []string{yes, stop, last(`{"prompt_tokens":40,"completion_tokens":3,"total_tokens":1000000000000000000}`), done}, own, true},
		{"DeepSeek whose parts are not its prompt", []string{yes, stop, last(`{"prompt_tokens":40,"completion_tokens":3,"prompt_cache_hit_tokens":30,"prompt_cache_miss_tokens":20}`), done}, own, true},
		{"reasoning that only the total tells (new-api#1103)", []string{yes, stop, last(`{"prompt_tokens":40,"completion_tokens":2,"total_tokens":60}`), done}, by(40, 20, 0, 18), false},
		{"cached beside the prompt (new-api#5003)", []string{yes, stop, last(`{"prompt_tokens":4,"completion_tokens":3,"total_tokens":7,"cache_read_input_tokens":36}`), done}, by(40, 3, 36, 0), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := openai.Config{Tokenizer: words{}, Transport: roundTrip(func(*http.Request) (*http.Response, error) { return stream(c.frames...), nil })}
			got, err := newChat(t, cfg).Complete(t.Context(), prompt("m", 9), nil)
			if err != nil || got.Tokens != c.want || got.Suspect != c.suspect {
				t.Errorf("%+v, suspect %v, %v, want %+v, %v", got.Tokens, got.Suspect, err, c.want, c.suspect)
			}
			if !got.Tokens.Valid() {
				t.Errorf("%+v cannot be true", got.Tokens)
			}
		})
	}
}
