package answering

import (
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
)

// Answered is published when an answer has ended, well or not.
type Answered struct {
	Message  chat.MessageID
	Finish   chat.Finish
	Code     string // "" unless it failed
	Err      error  // what went wrong on our side or upstream; nil if nothing did
	Took     time.Duration
	Withheld int // sentences that the gate kept back
}

// EventName implements ports.Event.
func (Answered) EventName() string { return "answer.ended" }

// FellBack is published when the fallback answered in place of the model.
type FellBack struct {
	Message chat.MessageID
	Err     error
}

// EventName implements ports.Event.
func (FellBack) EventName() string { return "answer.fell_back" }

// LexicalOnly is published when a question could not be embedded, so that only
// its words were searched.
type LexicalOnly struct{ Err error }

// EventName implements ports.Event.
func (LexicalOnly) EventName() string { return "answer.lexical_only" }
