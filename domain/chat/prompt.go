package chat

import "github.com/aiwoochat/woochat/domain/retrieval"

// Evidence is a passage as it stands in a prompt.
type Evidence struct {
	Citation        // Marker counts from 1
	Text     string // what the model may rely on
	Card     *Card  // nil unless the passage is of a product
}

// Prompt is everything that a model is given for one answer.
type Prompt struct {
	Model    string
	Messages []Message
	// MaxTokens caps the output. An adapter sends it and cuts the stream
	// itself, whatever the provider does with it. It is at least 1.
	MaxTokens int64
	// Question and Evidence are what Messages were made of, for models that
	// work on them directly.
	Question string
	Evidence []Evidence
	// Meant is Question as it was read: slips of the fingers as the shop's words,
	// and with what it takes up from earlier turns. It is "" if that is how it was
	// asked. Evidence was searched by it, and a model that sees no history, or
	// compares words, goes by it.
	Meant string
	// Also is what was searched as words of the question beside them: other forms,
	// and what the shop or most shops take for the same. A model that compares
	// words takes it so, too.
	Also []retrieval.Alternative
	// Locale is the language to answer in, BCP 47.
	Locale string
	// CallID is sent to the provider in a header, so that a call can be
	// matched with its usage event.
	CallID string
}

// Completion is what a model returned for one Prompt.
type Completion struct {
	Text   string
	Finish Finish
	Tokens Tokens
	// Model is the name that the provider reports, often a dated one; "" if
	// it reports none.
	Model string
	// RequestID is the provider's own name of the call, for its support desk.
	RequestID string
	// RawUsage is the provider's usage report as it came, "" if it sent none.
	RawUsage string
	// Suspect is set if the provider's usage report was refused as absurd and
	// Tokens is our own count instead.
	Suspect bool
}

// MessageOverhead is added to the count of each message for the tokens that
// frame it. OpenAI's chat format takes 3 or 4 a message and 3 for the reply;
// other servers' templates take up to 8.
const MessageOverhead = 8

// BoundOverhead is added for each message where the text is counted by its
// bytes, since the vocabulary is not known.
const BoundOverhead = 16

// CountInput returns how many tokens p's messages are at most. count returns a
// text's tokens and true if it knows the model's vocabulary; otherwise the
// text's length in bytes is taken, which no byte-level tokenizer exceeds.
func (p Prompt) CountInput(count func(text string) (int64, bool)) (int64, CountedBy) {
	var n int64
	by := ByTokenizer
	for _, m := range p.Messages {
		if c, ok := count(m.Text); ok {
			n += c + MessageOverhead
			continue
		}
		by = ByBound
		n += int64(len(m.Text)) + BoundOverhead
	}
	return n + MessageOverhead, by
}
