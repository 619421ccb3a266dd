package openaifake

import (
	"regexp"
	"strings"
	"unicode"
)

// Script answers a chat request with text. It must be safe for concurrent use.
type Script func(ChatRequest) string

// Line is one entry of [Lines].
type Line struct {
	Contains string // of the last user message, without regard to case
	Answer   string
}

// Lines is a Script that answers with the first line whose Contains is found
// in the last user message, and by [Quote] if there is none.
func Lines(lines ...Line) Script {
	lines = append([]Line(nil), lines...)
	return func(r ChatRequest) string {
		question := strings.ToLower(r.Question())
		for _, l := range lines {
			if strings.Contains(question, strings.ToLower(l.Contains)) {
				return l.Answer
			}
		}
		return Quote(r)
	}
}

// passage finds numbered evidence in a prompt: "[1] text", at the start of a
// line, as our prompts number their passages.
var passage = regexp.MustCompile(`(?m)^\s*\[(\d+)\][ \t]*(\S.*)$`)

// Quote is the default Script: it repeats the prompt's first numbered passage
// and cites it, and says that it does not know if there is none. So the fake
// never states what the prompt does not hold.
func Quote(r ChatRequest) string {
	for _, m := range r.Messages {
		if p := passage.FindStringSubmatch(m.Content); p != nil {
			return "Here is what the shop says: " + strings.TrimSpace(p[2]) + " [" + p[1] + "]"
		}
	}
	return "I do not know that from what the shop has told me."
}

// pieces splits text into what the fake calls tokens: a run of spaces and the
// word after it. Joined, they are text again.
func pieces(text string) []string {
	var out []string
	start, inWord := 0, false
	for i, r := range text {
		if unicode.IsSpace(r) {
			if inWord {
				out = append(out, text[start:i])
				start, inWord = i, false
			}
			continue
		}
		inWord = true
	}
	if start < len(text) {
		out = append(out, text[start:])
	}
	return out
}

// promptTokens counts a request as the fake bills it: its words, and 3 tokens
// a message for the frame around each (the figure of OpenAI's cookbook).
// It is never more than a byte-level tokenizer would find.
func promptTokens(r ChatRequest) int {
	n := 3
	for _, m := range r.Messages {
		n += 3 + len(pieces(m.Content))
	}
	return n
}
