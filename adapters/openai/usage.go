package openai

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// wireUsage is a provider's usage report. The counts stay raw JSON until they
// are checked: a float or a string must be refused, not rounded, and must not
// make the frame that carries it unreadable.
type wireUsage struct {
	Prompt     json.RawMessage `json:"prompt_tokens"`
	Completion json.RawMessage `json:"completion_tokens"`
	Input      struct {
		Cached json.RawMessage `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
	Output struct {
		Reasoning json.RawMessage `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
}

// counts are the numbers of a usage report that may be believed as numbers.
type counts struct {
	prompt, completion, cached, reasoning int64
}

// readUsage reads a usage report. It refuses counts that are not whole
// numbers; whether the numbers could be true is for the caller to say.
func readUsage(raw json.RawMessage) (counts, error) {
	var w wireUsage
	if err := json.Unmarshal(raw, &w); err != nil {
		return counts{}, fmt.Errorf("usage is not an object of counts: %w", err)
	}
	if w.Prompt == nil && w.Completion == nil {
		return counts{}, fmt.Errorf("usage has neither prompt_tokens nor completion_tokens")
	}
	var c counts
	for _, f := range []struct {
		name string
		raw  json.RawMessage
		to   *int64
	}{
		{"prompt_tokens", w.Prompt, &c.prompt},
		{"completion_tokens", w.Completion, &c.completion},
		{"cached_tokens", w.Input.Cached, &c.cached},
		{"reasoning_tokens", w.Output.Reasoning, &c.reasoning},
	} {
		if len(f.raw) == 0 || isNull(f.raw) {
			continue
		}
		n, err := strconv.ParseInt(string(f.raw), 10, 64)
		if err != nil {
			return counts{}, fmt.Errorf("usage: %s is not a whole number", f.name)
		}
		*f.to = n
	}
	return c, nil
}

func isNull(raw json.RawMessage) bool { return bytes.Equal(raw, []byte("null")) }
