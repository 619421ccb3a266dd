package ports

import (
	"context"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// Erasure forgets a shopper, as he may ask of the shop.
type Erasure interface {
	// Erase removes conversations with all of their turns and ratings, and takes
	// their names off what was spent: its events stay, with every amount and
	// time, and tell of no conversation and no message any more. Erased are all
	// conversations of the visitor v ("" for none), and those of ids, of which
	// nothing but what was spent may be left.
	//
	// ErrConflict while something is held for a message of theirs that is not
	// settled yet; then nothing is changed. ErrInvalid for neither v nor ids.
	// What is not there, or erased already, is no error.
	Erase(ctx context.Context, s tenant.Scope, v chat.VisitorID, ids []chat.ConversationID) (Erased, error)
}

// Erased is how much an Erase has found.
type Erased struct {
	Conversations int64 // removed
	Messages      int64 // removed with them
	Events        int64 // that have lost their names
}
