package openai

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/aiwoochat/woochat/ports"
)

// Causes of errors, for errors.Is.
var (
	// ErrNoFirstToken and ErrNoNextToken are the causes of a ModelTimeout.
	// Both match os.ErrDeadlineExceeded; neither matches
	// context.DeadlineExceeded, which is for the caller's own deadline.
	ErrNoFirstToken error = timeoutError("no output came within the first-token timeout")
	ErrNoNextToken  error = timeoutError("no more output came within the between-token timeout")
	// ErrSlowEmbedding is the cause of a ModelTimeout of an Embedder.
	ErrSlowEmbedding error = timeoutError("the embedding request took longer than its timeout")

	// ErrToolCalls is the cause of a ModelMalformed error: the answer asks for
	// tools, which nobody offered.
	ErrToolCalls = errors.New("the answer consists of tool calls, but no tools were offered")
)

type timeoutError string

func (e timeoutError) Error() string        { return string(e) }
func (e timeoutError) Timeout() bool        { return true }
func (e timeoutError) Is(target error) bool { return target == os.ErrDeadlineExceeded }

// maxErrorBody is how much of an error answer is read, in bytes.
const maxErrorBody = 64 << 10

// wireError is a provider's error: an object, or a bare string as some local
// servers send.
type wireError struct {
	Message string
	Type    string
	Code    string
}

// UnmarshalJSON never fails for well-formed JSON: whatever stands there, it is
// an error.
func (e *wireError) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		*e = wireError{Message: text}
		return nil
	}
	var w struct {
		Message json.RawMessage `json:"message"`
		Type    json.RawMessage `json:"type"`
		Code    json.RawMessage `json:"code"`
	}
	_ = json.Unmarshal(b, &w) // a list or a number says no more than that it is an error
	*e = wireError{Message: plain(w.Message), Type: plain(w.Type), Code: plain(w.Code)}
	return nil
}

// plain returns a JSON string's text, or a number as it stands.
func plain(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	if isNull(raw) {
		return ""
	}
	return string(raw)
}

// code returns the code, or the type for want of one.
func (e wireError) code() string {
	if e.Code != "" {
		return e.Code
	}
	return e.Type
}

// statusError turns an answer that is not 200 into an error. It closes nothing.
func statusError(resp *http.Response, clean scrubber, clock ports.Clock) *ports.ModelError {
	e := &ports.ModelError{
		Status:     resp.StatusCode,
		Message:    http.StatusText(resp.StatusCode),
		RetryAfter: retryAfter(resp.Header, clock),
	}
	// An answer that breaks off is still this answer: its status has come.
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	var w struct {
		Error   *wireError      `json:"error"`
		Message json.RawMessage `json:"message"` // some servers send the error without its envelope
		Detail  json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(body, &w) == nil {
		switch {
		case w.Error != nil:
			e.Code = clean.name(w.Error.code())
			if w.Error.Message != "" {
				e.Message = clean.clean(w.Error.Message)
			}
		case plain(w.Message) != "":
			e.Message = clean.clean(plain(w.Message))
		case plain(w.Detail) != "":
			e.Message = clean.clean(plain(w.Detail))
		}
	}
	e.Kind, e.Unspent = kindOf(resp.StatusCode)
	if resp.StatusCode/100 == 3 {
		e.Message = fmt.Sprintf("the provider redirects to another address, which is not followed: set the base URL to it (%s)", e.Message)
	}
	return e
}

// kindOf says what a status means, and whether it proves that nothing was
// spent. A gateway that gave up waiting (408, 504, 524) proves nothing: the
// model behind it may have run.
func kindOf(status int) (kind ports.ModelErrorKind, unspent bool) {
	switch {
	case status == http.StatusTooManyRequests || status == http.StatusPaymentRequired:
		return ports.ModelRateLimited, true
	case status == http.StatusRequestTimeout || status == http.StatusGatewayTimeout || status == 524:
		return ports.ModelTimeout, false
	case status == http.StatusConflict || status == http.StatusTooEarly || status >= 500:
		return ports.ModelUnavailable, true
	case status >= 300:
		return ports.ModelRefused, true
	}
	return ports.ModelMalformed, false // 2xx, but not the 200 of an answer
}

// refused is the error of a call that is not sent at all.
func refused(format string, args ...any) *ports.ModelError {
	return &ports.ModelError{Kind: ports.ModelRefused, Message: fmt.Sprintf(format, args...), Unspent: true}
}

// malformed is the error of an answer that is not the protocol.
func malformed(status int, cause error, format string, args ...any) *ports.ModelError {
	return &ports.ModelError{Kind: ports.ModelMalformed, Status: status, Message: fmt.Sprintf(format, args...), Err: cause}
}

// inStream is the error that a provider reports after its answer has begun.
func inStream(status int, w wireError, clean scrubber) *ports.ModelError {
	message := clean.clean(w.Message)
	if message == "" {
		message = "the provider reported an error without a text"
	}
	return &ports.ModelError{
		Kind: ports.ModelBroke, Status: status,
		Code: clean.name(w.code()), Message: message,
	}
}

// mediaType returns the media type of a Content-Type header, in lower case.
func mediaType(h http.Header) string {
	t, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(t))
}
