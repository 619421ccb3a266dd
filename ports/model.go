package ports

import (
	"context"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// ChatModel writes the assistant's next message.
type ChatModel interface {
	// Complete sends p to the model and returns when the answer has ended.
	// If emit is not nil, it is called with each piece of text, in order and
	// never concurrently; an error from emit ends the call and is returned.
	// The pieces together are Completion.Text. No piece is empty.
	//
	// The output never exceeds p.MaxTokens, whatever the provider does: the
	// adapter cuts it, closes the upstream and returns Finish Length.
	//
	// The Completion is meaningful even if the error is not nil: Text is what
	// came, and Tokens is what has been spent so far, so that the caller can
	// settle. Tokens.CountedBy says whose count it is and is 0 only if the
	// provider refused the call before it did anything, with nothing spent.
	// Finish is Complete, Length or Filtered if the error is nil; an answer
	// that broke off is an error, never a success.
	//
	// When ctx ends, the upstream is closed within 250 ms.
	//
	// Errors: a *ModelError, which matches ErrInvalid if p is refused as too
	// long or malformed (or our credentials are), ErrUnavailable otherwise;
	// the error of emit; that of ctx.
	Complete(ctx context.Context, p chat.Prompt, emit func(text string) error) (chat.Completion, error)
}

// Embedder turns texts into vectors of one fixed length.
type Embedder interface {
	// Embed returns one vector for each text, in order. It embeds all of
	// texts or returns an error. No texts give no vectors and no call. An
	// empty text is ErrInvalid. A text of which the model knows nothing has a
	// vector, too, and is in Embedding.Unknown. Embedding.Tokens is what was
	// spent, also if the error is not nil. Errors as in ChatModel.
	Embed(ctx context.Context, texts []string) (retrieval.Embedding, error)
}

// Tokenizer counts tokens as a model does.
type Tokenizer interface {
	// Count returns how many tokens text is for model, and true; or an upper
	// bound (its length in UTF-8 bytes) and false if the model's vocabulary is
	// not known.
	Count(model, text string) (tokens int64, exact bool)
}

// ModelErrorKind says what went wrong with a model call.
type ModelErrorKind uint8

// Kinds of model errors. The zero ModelErrorKind is invalid.
const (
	ModelRefused     ModelErrorKind = iota + 1 // 4xx: the request or our credentials are wrong
	ModelRateLimited                           // 429, or the provider's quota is spent
	ModelUnavailable                           // 5xx, or no connection
	ModelTimeout                               // no first token, or none for too long after one
	ModelTruncated                             // the stream ended without saying so
	ModelMalformed                             // not the protocol: HTML, broken JSON, only tool calls
	ModelBroke                                 // the provider reported an error in mid-stream
)

// String returns a word for logs and metrics.
func (k ModelErrorKind) String() string {
	switch k {
	case ModelRefused:
		return "refused"
	case ModelRateLimited:
		return "rate_limited"
	case ModelUnavailable:
		return "unavailable"
	case ModelTimeout:
		return "timeout"
	case ModelTruncated:
		return "truncated"
	case ModelMalformed:
		return "malformed"
	case ModelBroke:
		return "broke"
	}
	return "unknown"
}

// ModelError is a failed call of a ChatModel or an Embedder. It matches
// ErrInvalid if Kind is ModelRefused and ErrUnavailable otherwise.
type ModelError struct {
	Kind   ModelErrorKind
	Status int    // of HTTP, 0 if there was no answer
	Code   string // the provider's code, "" if it sent none
	// Message is the provider's text with anything like a key removed. It is
	// for the operator's log, never for a shopper.
	Message    string
	RetryAfter time.Duration // as the provider asks, 0 if it does not
	// Unspent is set if the provider refused before it did anything: nothing
	// was spent, and a retry is safe.
	Unspent bool
	Err     error // the cause, may be nil
}

func (e *ModelError) Error() string {
	return fmt.Sprintf("model: %s: status %d, code %q: %s", e.Kind, e.Status, e.Code, e.Message)
}

// Unwrap returns the port error that e matches, and its cause.
func (e *ModelError) Unwrap() []error {
	is := ErrUnavailable
	if e.Kind == ModelRefused {
		is = ErrInvalid
	}
	if e.Err == nil {
		return []error{is}
	}
	return []error{is, e.Err}
}
