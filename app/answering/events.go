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

// StoredLate is published when the store took an answer that had to wait for
// it.
type StoredLate struct {
	Message chat.MessageID
	Waited  time.Duration // since the answer ended
}

// EventName implements ports.Event.
func (StoredLate) EventName() string { return "answer.stored_late" }

// NotStored is published when an answer that its shopper has seen was given up:
// its store was away for too long or until the process ended, or refused it.
// It is not in the history, and its Idempotency-Key is answered anew.
type NotStored struct {
	Message chat.MessageID
	Waited  time.Duration // since the answer ended
	Err     error
}

// EventName implements ports.Event.
func (NotStored) EventName() string { return "answer.not_stored" }

// FellBack is published when the fallback answered in place of the model.
type FellBack struct {
	Message chat.MessageID
	Err     error
}

// EventName implements ports.Event.
func (FellBack) EventName() string { return "answer.fell_back" }
