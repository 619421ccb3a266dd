package postgres

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Erasure forgets shoppers. It is a [ports.Erasure]. It is the platform's work,
// done by a function that is the only one who may touch what was recorded.
type Erasure struct{ db *DB }

var _ ports.Erasure = (*Erasure)(nil)

// Erasure returns what erases in db.
func (db *DB) Erasure() *Erasure { return &Erasure{db} }

const erase = `select held, conversations, messages, events from public.erase($1, $2, $3, $4)`

// Erase implements [ports.Erasure].
func (e *Erasure) Erase(ctx context.Context, s tenant.Scope, v chat.VisitorID, ids []chat.ConversationID) (ports.Erased, error) {
	fail := failing(ctx, "erase from site", s.Site)
	if err := ctx.Err(); err != nil {
		return ports.Erased{}, fail(err)
	}
	o, err := ownerOf(s)
	if err != nil {
		return ports.Erased{}, fail(err)
	}
	if v == "" && len(ids) == 0 {
		return ports.Erased{}, fail(fmt.Errorf("%w: name a visitor or a conversation", ports.ErrInvalid))
	}
	visitor, err := bareOrNull(chat.VisitorPrefix, v)
	if err != nil {
		return ports.Erased{}, fail(err)
	}
	named := []string{}
	for _, id := range ids {
		name, err := bare(chat.ConversationPrefix, id)
		if err != nil {
			return ports.Erased{}, fail(err)
		}
		named = append(named, name)
	}
	var row struct {
		Held          bool  `db:"held"`
		Conversations int64 `db:"conversations"`
		Messages      int64 `db:"messages"`
		Events        int64 `db:"events"`
	}
	if err := e.db.asService(ctx, func(tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &row, erase, o.tenant, o.site, visitor, pq.StringArray(named))
	}); err != nil {
		return ports.Erased{}, fail(err)
	}
	if row.Held {
		return ports.Erased{}, fail(fmt.Errorf("%w: an answer is not settled yet", ports.ErrConflict))
	}
	return ports.Erased{Conversations: row.Conversations, Messages: row.Messages, Events: row.Events}, nil
}
