package openaifake

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// ChatRequest is the body of POST /v1/chat/completions as far as the fake
// reads it. A nil pointer means that the field was not sent.
type ChatRequest struct {
	Model               string          `json:"model"`
	Messages            []Message       `json:"messages"`
	Stream              bool            `json:"stream"`
	StreamOptions       *StreamOptions  `json:"stream_options"`
	MaxTokens           *int            `json:"max_tokens"`
	MaxCompletionTokens *int            `json:"max_completion_tokens"`
	Temperature         *float64        `json:"temperature"`
	Tools               json.RawMessage `json:"tools"`
}

// StreamOptions is the member stream_options of a [ChatRequest].
type StreamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

// Question returns the last user message.
func (r ChatRequest) Question() string {
	for _, m := range slices.Backward(r.Messages) {
		if m.Role == "user" {
			return m.Content
		}
	}
	return ""
}

// Message is one message of a [ChatRequest]. Content sent as a list of parts
// is joined.
type Message struct {
	Role    string
	Content string
}

// UnmarshalJSON reads content as a string, null or a list of text parts.
func (m *Message) UnmarshalJSON(b []byte) error {
	var w struct {
		Role    string          `json:"role"`
		Content json.RawMessage `json:"content"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*m = Message{Role: w.Role}
	if len(w.Content) == 0 || string(w.Content) == "null" {
		return nil
	}
	if json.Unmarshal(w.Content, &m.Content) == nil {
		return nil
	}
	var parts []struct {
		Text string `json:"text"`
	}
	if err := json.Unmarshal(w.Content, &parts); err != nil {
		return fmt.Errorf("content is neither text nor a list of parts: %w", err)
	}
	var b2 strings.Builder
	for _, p := range parts {
		b2.WriteString(p.Text)
	}
	m.Content = b2.String()
	return nil
}

// Usage is the member usage of an answer.
type Usage struct {
	Prompt, Completion, Cached, Reasoning int
}

// json renders u as OpenAI does.
func (u Usage) json() string {
	return fmt.Sprintf(`{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,`+
		`"prompt_tokens_details":{"cached_tokens":%d},"completion_tokens_details":{"reasoning_tokens":%d}}`,
		u.Prompt, u.Completion, u.Prompt+u.Completion, u.Cached, u.Reasoning)
}

// quoted renders s as a JSON string.
func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always has a JSON form
	}
	return string(b)
}

// errorBody renders an error as OpenAI does. An empty code becomes null.
func errorBody(message, typ, code string) string {
	c := "null"
	if code != "" {
		c = quoted(code)
	}
	return fmt.Sprintf(`{"error":{"message":%s,"type":%s,"param":null,"code":%s}}`, quoted(message), quoted(typ), c)
}
