package ports

import (
	"context"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// Conversations keeps conversations.
type Conversations interface {
	// Open stores c if there is no conversation of its id, and returns what is
	// stored. ErrNotFound if the id is another visitor's or another site's.
	Open(ctx context.Context, s tenant.Scope, c chat.Conversation) (chat.Conversation, error)

	// Last returns the last n done turns of the visitor's conversation, oldest
	// first; none if there is no such conversation.
	Last(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.ConversationID, n int) ([]chat.Turn, error)

	// Delete removes the visitor's conversation with all of its turns, running
	// ones too. What was spent stays recorded. Deleting what is not there is
	// no error.
	Delete(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.ConversationID) error
}

// Turns keeps a message's life, from question to settled answer, in one row.
type Turns interface {
	// Begin stores t, which is Running, with the next Seq of its conversation,
	// and returns it. If t.Key is not empty and the visitor has sent it within
	// chat.KeyLife before t.Asked, the stored turn's Again decides: the stored
	// turn is returned if it is the answer (State Done); it is taken over with
	// t's Reservation and Lease, the next Attempt and its old Message and Seq
	// if its lease has run out; otherwise the error is a *chat.InProgressError
	// or chat.ErrKeyMismatch. The check and the write are one step.
	//
	// ErrNotFound if the visitor has no such conversation. ErrConflict if a
	// turn with t.Message is there already.
	Begin(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error)

	// Finish stores the end of the attempt: the answer of a Done turn with all
	// that belongs to it; a Withdrawn turn is removed. Repeating it changes
	// nothing. ErrConflict if a later attempt has begun, or the turn is done
	// with another answer; ErrNotFound if there is no such turn.
	Finish(ctx context.Context, s tenant.Scope, t chat.Turn) error

	// Find returns the visitor's turn, with the answer so far if it is
	// Running, or ErrNotFound.
	Find(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID) (chat.Turn, error)
}

// Unanswered tells what a shop could not answer.
type Unanswered interface {
	// UnansweredQuestions returns the done turns of the site's conversations, of all
	// visitors, whose Notice is chat.NoticeNothingFits: at most n, in the
	// descending order of their Message, which begins with the time, and of those
	// before the turn before only, "" for the last. Turns of conversations that
	// were deleted or erased are gone. ErrInvalid if n is below 1 or before is no
	// id.
	UnansweredQuestions(ctx context.Context, s tenant.Scope, before chat.MessageID, n int) ([]chat.Turn, error)
}

// Drafts keeps how far running answers have come, so that another process can
// serve them.
type Drafts interface {
	// SaveDrafts stores the drafts of running turns of any sites in one step,
	// and renews their leases. A draft never goes back; drafts of turns that
	// are done, gone or in a later attempt are skipped.
	SaveDrafts(ctx context.Context, ds []ScopedDraft) error
}

// ScopedDraft is a draft and whose it is.
type ScopedDraft struct {
	Scope tenant.Scope
	Draft chat.Draft
}

// Feedback keeps what shoppers think of answers.
type Feedback interface {
	// Rate stores the visitor's rating of an answer, in place of an earlier
	// one. ErrNotFound if the visitor has no such done turn, ErrInvalid for a
	// rating that is none.
	Rate(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID, r chat.Rating, at time.Time) error
}
