package openai

import (
	"encoding/json"
	"fmt"
)

// frame is one event of a chat stream, or a whole JSON answer, as far as it is
// read. Only these fields reach us; what else a server adds is ignored.
type frame struct {
	Model   string          `json:"model"`
	Choices []choice        `json:"choices"`
	Usage   json.RawMessage `json:"usage"`
	Error   *wireError      `json:"error"`
}

type choice struct {
	Index   int     `json:"index"`
	Delta   *delta  `json:"delta"`
	Message *delta  `json:"message"` // of a JSON answer
	Finish  *string `json:"finish_reason"`
}

// delta is a piece of an answer. Reasoning and tool calls are counted, since
// they are billed, and never shown.
type delta struct {
	Content   *string `json:"content"`
	Refusal   *string `json:"refusal"`
	Reasoning *string `json:"reasoning_content"` // DeepSeek, vLLM, llama.cpp
	Thinking  *string `json:"reasoning"`         // Ollama, OpenRouter

	ToolCalls []struct {
		Function toolFunction `json:"function"`
	} `json:"tool_calls"`
	FunctionCall *toolFunction `json:"function_call"` // the older form
}

type toolFunction struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// piece is what one frame adds to an answer.
type piece struct {
	shown   string // text for the shopper
	hidden  string // billed output that is not shown
	refusal bool   // shown says why the model declines
	tools   bool
	finish  *string
}

// pieceOf returns what the first answer's choice of f adds. Other choices were
// not asked for.
func (f frame) pieceOf() piece {
	var p piece
	for _, c := range f.Choices {
		if c.Index != 0 {
			continue
		}
		if c.Finish != nil {
			p.finish = c.Finish
		}
		d := c.Delta
		if d == nil {
			d = c.Message
		}
		if d == nil {
			continue
		}
		p.shown += text(d.Content)
		if r := text(d.Refusal); r != "" {
			p.shown += r
			p.refusal = true
		}
		p.hidden += text(d.Reasoning)
		if d.Reasoning == nil {
			p.hidden += text(d.Thinking)
		}
		for _, t := range d.ToolCalls {
			p.tools = true
			p.hidden += t.Function.Name + t.Function.Arguments
		}
		if d.FunctionCall != nil {
			p.tools = true
			p.hidden += d.FunctionCall.Name + d.FunctionCall.Arguments
		}
	}
	return p
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// maxPiece is how much text one line to langchaingo holds: its scanner stops
// at 64 KiB, and JSON makes at most 6 bytes of one.
const maxPiece = 8 << 10

// appendText appends to out the lines by which langchaingo reads shown.
func appendText(out []byte, shown string) ([]byte, error) {
	for len(shown) > 0 {
		part := truncate(shown, maxPiece)
		shown = shown[len(part):]
		quoted, err := json.Marshal(part)
		if err != nil {
			return nil, fmt.Errorf("openai: writing a clean frame: %w", err)
		}
		out = append(out, `data: {"choices":[{"delta":{"content":`...)
		out = append(out, quoted...)
		out = append(out, "}}]}\n\n"...)
	}
	return out, nil
}

// doneLine ends the stream for langchaingo.
const doneLine = "data: [DONE]\n\n"
