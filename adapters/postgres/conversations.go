package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Conversations keeps conversations and their turns. It is a
// [ports.Conversations], [ports.Turns], [ports.Unanswered], [ports.Drafts] and
// [ports.Feedback].
// All it does is done by the runtime login, within one site's rows.
//
// Text that Postgres cannot hold, which is text with the character U+0000 or
// that is no UTF-8, is ports.ErrInvalid, and nothing is stored.
type Conversations struct{ db *DB }

var (
	_ ports.Conversations = (*Conversations)(nil)
	_ ports.Turns         = (*Conversations)(nil)
	_ ports.Unanswered    = (*Conversations)(nil)
	_ ports.Drafts        = (*Conversations)(nil)
	_ ports.Feedback      = (*Conversations)(nil)
)

// Conversations returns the store of conversations in db.
func (db *DB) Conversations() *Conversations { return &Conversations{db} }

const (
	selectConversation = `select locale, started_at from conversations
	where tenant_id = $1 and site_id = $2 and id = $3 and visitor_id = $4`

	// Whichever unique index is met first: that of ids, or that of a site's ids.
	// With one of them named, several who open the same would fail at the other.
	insertConversation = `insert into conversations (id, tenant_id, site_id, visitor_id, locale, started_at) values ($1, $2, $3, $4, $5, $6)
	on conflict do nothing`

	selectLast = `select ` + turnColumns + ` from messages
	where tenant_id = $1 and site_id = $2 and conversation_id = $3 and visitor_id = $4 and state = 'done'
	order by seq desc limit $5`

	// A null is before none.
	selectUnanswered = `select ` + turnColumns + ` from messages
	where tenant_id = $1 and site_id = $2 and ($3::uuid is null or id < $3::uuid) and state = 'done' and notice = $4
	order by id desc limit $5`

	// Whoever changes several turns locks them in the order of their ids.
	lockTurns = `select id from messages
	where tenant_id = $1 and site_id = $2 and conversation_id = $3 and visitor_id = $4 order by id for update`

	// Turns and ratings go with it, by their foreign keys.
	deleteConversation = `delete from conversations where tenant_id = $1 and site_id = $2 and id = $3 and visitor_id = $4`

	rateTurn = `insert into feedback (message_id, tenant_id, site_id, rating, rated_at)
	select id, tenant_id, site_id, $5, $6 from messages
	where tenant_id = $1 and site_id = $2 and id = $3 and visitor_id = $4 and state = 'done'
	on conflict (message_id) do update set rating = excluded.rating, rated_at = excluded.rated_at`
)

// Open implements [ports.Conversations].
func (c *Conversations) Open(ctx context.Context, s tenant.Scope, conv chat.Conversation) (chat.Conversation, error) {
	fail := failing(ctx, "conversation", conv.ID)
	k, err := conversationKeyOf(conv.Visitor, conv.ID)
	if err != nil {
		return chat.Conversation{}, fail(err)
	}
	var row conversationRow
	err = c.db.withScope(ctx, s, func(tx *sqlx.Tx, o owner) error {
		// Most questions are asked in a conversation that is open.
		err := tx.GetContext(ctx, &row, selectConversation, o.tenant, o.site, k.id, k.visitor)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if _, err := tx.ExecContext(ctx, insertConversation, k.id, o.tenant, o.site, k.visitor, conv.Locale, micros(conv.Started)); err != nil {
			return err
		}
		return tx.GetContext(ctx, &row, selectConversation, o.tenant, o.site, k.id, k.visitor)
	})
	if err != nil {
		return chat.Conversation{}, fail(err)
	}
	return chat.Conversation{ID: conv.ID, Visitor: conv.Visitor, Locale: row.Locale, Started: row.Started.UTC()}, nil
}

// Last implements [ports.Conversations].
func (c *Conversations) Last(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.ConversationID, n int) ([]chat.Turn, error) {
	fail := failing(ctx, "conversation", id)
	k, err := conversationKeyOf(v, id)
	if err != nil {
		return nil, fail(err)
	}
	var rows []turnRow
	if err := c.db.withScope(ctx, s, func(tx *sqlx.Tx, o owner) error {
		return tx.SelectContext(ctx, &rows, selectLast, o.tenant, o.site, k.id, k.visitor, max(0, n))
	}); err != nil {
		return nil, fail(err)
	}
	var turns []chat.Turn
	for _, r := range slices.Backward(rows) {
		t, err := r.turn()
		if err != nil {
			return nil, fail(err)
		}
		turns = append(turns, t)
	}
	return turns, nil
}

// Delete implements [ports.Conversations].
func (c *Conversations) Delete(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.ConversationID) error {
	fail := failing(ctx, "conversation", id)
	k, err := conversationKeyOf(v, id)
	if err != nil {
		return fail(err)
	}
	return fail(c.db.withScope(ctx, s, func(tx *sqlx.Tx, o owner) error {
		for _, statement := range []string{lockTurns, deleteConversation} {
			if _, err := tx.ExecContext(ctx, statement, o.tenant, o.site, k.id, k.visitor); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Rate implements [ports.Feedback].
func (c *Conversations) Rate(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID, r chat.Rating, at time.Time) error {
	fail := failing(ctx, "rate message", id)
	if r != chat.Good && r != chat.Bad {
		return fail(fmt.Errorf("%w: rating %d is neither good nor bad", ports.ErrInvalid, r))
	}
	k, err := turnKeyOf(v, id)
	if err != nil {
		return fail(err)
	}
	return fail(c.db.withScope(ctx, s, func(tx *sqlx.Tx, o owner) error {
		res, err := tx.ExecContext(ctx, rateTurn, o.tenant, o.site, k.id, k.visitor, int64(r), micros(at))
		if err != nil {
			return err
		}
		return changed(res)
	}))
}

// changed returns sql.ErrNoRows if a statement changed nothing.
func changed(res sql.Result) error {
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		err = sql.ErrNoRows
	}
	return err
}

// UnansweredQuestions implements [ports.Unanswered].
func (c *Conversations) UnansweredQuestions(ctx context.Context, s tenant.Scope, before chat.MessageID, n int) ([]chat.Turn, error) {
	fail := failing(ctx, "unanswered questions", before)
	if n < 1 {
		return nil, fail(fmt.Errorf("%w: %d of them", ports.ErrInvalid, n))
	}
	var last sql.NullString
	if before != "" {
		id, err := bare(chat.MessagePrefix, before)
		if err != nil {
			return nil, fail(fmt.Errorf("%w: %w", ports.ErrInvalid, err))
		}
		last = sql.NullString{String: id, Valid: true}
	}
	var rows []turnRow
	if err := c.db.withScope(ctx, s, func(tx *sqlx.Tx, o owner) error {
		return tx.SelectContext(ctx, &rows, selectUnanswered, o.tenant, o.site, last, chat.NoticeNothingFits, n)
	}); err != nil {
		return nil, fail(err)
	}
	turns := make([]chat.Turn, len(rows))
	for i, r := range rows {
		var err error
		if turns[i], err = r.turn(); err != nil {
			return nil, fail(err)
		}
	}
	return turns, nil
}
