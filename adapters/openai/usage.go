package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/aiwoochat/woochat/domain/chat"
)

// wireUsage is a provider's usage report, in all the spellings that servers
// with OpenAI's API use. The counts stay raw JSON until they are checked: a
// float or a string must be refused, not rounded, and must not make the frame
// that carries it unreadable; and an explicit 0 is not the same as nothing.
type wireUsage struct {
	Prompt     json.RawMessage `json:"prompt_tokens"`
	Completion json.RawMessage `json:"completion_tokens"`
	Total      json.RawMessage `json:"total_tokens"`
	Input      inputDetails    `json:"prompt_tokens_details"`
	Output     outputDetails   `json:"completion_tokens_details"`

	// Of OpenAI's Responses, and of Anthropic.
	InputTokens   json.RawMessage `json:"input_tokens"`
	OutputTokens  json.RawMessage `json:"output_tokens"`
	InputDetails  inputDetails    `json:"input_tokens_details"`
	OutputDetails outputDetails   `json:"output_tokens_details"`

	// Of DeepSeek: both together are the prompt.
	CacheHit  json.RawMessage `json:"prompt_cache_hit_tokens"`
	CacheMiss json.RawMessage `json:"prompt_cache_miss_tokens"`

	// Of Anthropic: mostly beside the prompt, and not in it.
	CacheRead  json.RawMessage `json:"cache_read_input_tokens"`
	CacheWrite json.RawMessage `json:"cache_creation_input_tokens"`
}

type inputDetails struct {
	Cached json.RawMessage `json:"cached_tokens"`
}

type outputDetails struct {
	Reasoning json.RawMessage `json:"reasoning_tokens"`
}

// counts are the numbers of a usage report in our sense: cached is a part of
// prompt, and reasoning a part of completion.
type counts struct {
	prompt, completion, cached, reasoning int64
}

// count is one number of a report.
type count struct {
	n     int64
	there bool // 0 may be what the provider says, or that it says nothing
}

// or returns c, or o if the provider does not say c.
func (c count) or(o count) count {
	if c.there {
		return c
	}
	return o
}

// reading collects what is wrong with a report while its counts are read.
type reading struct{ errs []error }

func (r *reading) count(name string, raw json.RawMessage) count {
	if len(raw) == 0 || isNull(raw) {
		return count{}
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	switch {
	case err != nil:
		r.errs = append(r.errs, fmt.Errorf("usage: %s is not a whole number", name))
	case n < 0:
		r.errs = append(r.errs, fmt.Errorf("usage: %s is negative", name))
	case n > chat.MaxTokensPerCall:
		r.errs = append(r.errs, fmt.Errorf("usage: %s is more than any call takes", name))
	default:
		return count{n, true}
	}
	return count{}
}

// readUsage reads a usage report. It refuses counts that are not whole numbers,
// are negative or more than any call takes, and reports that contradict
// themselves; whether the call could have spent that is for the caller to say.
// No count of a refused report is to be used.
func readUsage(raw json.RawMessage) (counts, error) {
	var w wireUsage
	if err := json.Unmarshal(raw, &w); err != nil {
		return counts{}, fmt.Errorf("usage is not an object of counts: %w", err)
	}
	var r reading
	var (
		total   = r.count("total_tokens", w.Total)
		hit     = r.count("prompt_cache_hit_tokens", w.CacheHit)
		miss    = r.count("prompt_cache_miss_tokens", w.CacheMiss)
		read    = r.count("cache_read_input_tokens", w.CacheRead)
		written = r.count("cache_creation_input_tokens", w.CacheWrite)
		listed  = r.count("prompt_tokens", w.Prompt)
		prompt  = listed.or(r.count("input_tokens", w.InputTokens))
		output  = r.count("completion_tokens", w.Completion).or(r.count("output_tokens", w.OutputTokens))
		within  = r.count("cached_tokens", w.Input.Cached).or(r.count("cached_tokens", w.InputDetails.Cached))
		thought = r.count("reasoning_tokens", w.Output.Reasoning).or(r.count("reasoning_tokens", w.OutputDetails.Reasoning))
	)
	c := counts{prompt: prompt.n, completion: output.n, cached: within.n, reasoning: thought.n}
	if hit.there && miss.there && !prompt.there {
		c.prompt, prompt.there = hit.n+miss.n, true
	}
	switch {
	case hit.there && miss.there && hit.n+miss.n != c.prompt:
		r.errs = append(r.errs, errors.New("usage: prompt_cache_hit_tokens and prompt_cache_miss_tokens are not the prompt_tokens"))
	case hit.there:
		c.cached = hit.n
	case within.there:
	case read.there:
		c.cached = read.n
		if beside(c, read.n+written.n, total, listed.there) {
			c.prompt += read.n + written.n
		}
	case written.there && beside(c, written.n, total, listed.there):
		c.prompt += written.n
	}
	if !prompt.there && !output.there {
		r.errs = append(r.errs, errors.New("usage says neither prompt_tokens nor completion_tokens"))
	}
	if err := errors.Join(r.errs...); err != nil {
		return counts{}, err
	}
	// What the total has beyond both is output that is not listed: reasoning
	// that some providers leave out of completion_tokens and bill all the same.
	if rest := total.n - c.prompt - c.completion; prompt.there && rest > 0 {
		c.completion += rest
		if c.reasoning == 0 && output.there {
			c.reasoning = rest
		}
	}
	return c, nil
}

// beside reports whether Anthropic's cache tokens come on top of the prompt, as
// they do with Anthropic, and are not a part of it, as some gateways have it:
// the total tells, or that they are more than the prompt.
func beside(c counts, cache int64, total count, ofOpenAI bool) bool {
	if !ofOpenAI || cache > c.prompt || !total.there {
		return true
	}
	rest := total.n - c.prompt - c.completion
	return rest == cache || rest == cache+c.reasoning
}

func isNull(raw json.RawMessage) bool { return bytes.Equal(raw, []byte("null")) }
