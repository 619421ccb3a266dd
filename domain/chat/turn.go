package chat

import (
	"errors"
	"fmt"
	"time"
)

// State is where a turn is in its life.
type State uint8

// States of a turn. The zero State is invalid.
const (
	Running State = iota + 1
	Done
	// Withdrawn turns are removed: the message was refused and nothing of it
	// is kept.
	Withdrawn
)

// Turn is a shopper's message and the grounded answer to it. One row keeps it
// from the question to the settled answer.
type Turn struct {
	Message      MessageID
	Conversation ConversationID
	Visitor      VisitorID
	Seq          int // 1 for the first turn of a conversation; set by Begin

	// Key is the caller's Idempotency-Key, "" for none. It is unique by
	// visitor for KeyLife. BodyHash is the hash of the request that came with
	// it.
	Key      string
	BodyHash string

	Question string
	Page     Page
	Asked    time.Time

	State State
	// Attempt counts the tries at an answer, 1 for the first. Each has its own
	// reservation, so that the hold of a lost one is left to the sweep.
	Attempt     int
	Reservation string
	Lease       time.Time // a running turn whose lease has run out was lost

	Answer    string
	Finish    Finish
	Citations []Citation
	Cards     []Card
	Tokens    Tokens
	ErrorCode string // why a Failed answer failed, such as UPSTREAM_TIMEOUT
	Notice    string // what the shopper is told about the answer: NoticeQuoted and the like, "" for nothing
	LastEvent int64  // number of the last stream event that Answer and Cards stand for
	Answered  time.Time
}

// Notices of answers.
const (
	// NoticeQuoted: the model was away, and the shop's pages were quoted.
	NoticeQuoted = "quoted"
	// NoticeNothingFits: the answer says that the shop has nothing on the question.
	NoticeNothingFits = "nothing_fits"
)

// KeyLife is how long an Idempotency-Key is remembered.
const KeyLife = 24 * time.Hour

// ErrKeyMismatch means that an Idempotency-Key came again with another request.
var ErrKeyMismatch = errors.New("the Idempotency-Key was used with another request: send a new key")

// InProgressError means that a message with the same Idempotency-Key is being
// answered.
type InProgressError struct{ Message MessageID }

func (e *InProgressError) Error() string {
	return fmt.Sprintf("message %s with this Idempotency-Key is still being answered: resume its stream", e.Message)
}

// Again decides what a message with the Idempotency-Key of t, which is stored,
// means at the time now: nil and true if a new attempt may begin (the old one
// was lost), nil and false if t is the answer, *InProgressError, or
// ErrKeyMismatch. The question of a key older than KeyLife does not come here.
func (t Turn) Again(bodyHash string, now time.Time) (retry bool, err error) {
	switch {
	case t.BodyHash != bodyHash:
		return false, ErrKeyMismatch
	case t.State == Done:
		return false, nil
	case now.Before(t.Lease):
		return false, &InProgressError{Message: t.Message}
	}
	return true, nil
}

// Draft is how far a running answer has come.
type Draft struct {
	Message   MessageID
	Attempt   int
	Answer    string
	Citations []Citation
	Cards     []Card
	LastEvent int64
	Lease     time.Time
}

// Rating is a shopper's opinion of an answer.
type Rating int8

// Ratings.
const (
	Bad  Rating = -1
	Good Rating = 1
)
