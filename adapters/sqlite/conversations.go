package sqlite

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
type Conversations struct{ db *DB }

// Conversations returns the store of conversations in db.
func (db *DB) Conversations() *Conversations { return &Conversations{db} }

// conversationKey is whose conversation is meant, as it is stored.
type conversationKey struct {
	owner
	visitor, id string
}

func conversationKeyOf(s tenant.Scope, v chat.VisitorID, id chat.ConversationID) (conversationKey, error) {
	o, err := ownerOf(s)
	if err != nil {
		return conversationKey{}, err
	}
	visitor, err := bare(chat.VisitorPrefix, v)
	if err != nil {
		return conversationKey{}, err
	}
	bareID, err := bare(chat.ConversationPrefix, id)
	return conversationKey{o, visitor, bareID}, err
}

type conversationRow struct {
	Locale  string `db:"locale"`
	Started int64  `db:"started_at"`
}

const selectConversation = `select locale, started_at from conversations
	where tenant_id = ? and site_id = ? and id = ? and visitor_id = ?`

// Open implements [ports.Conversations].
func (c *Conversations) Open(ctx context.Context, s tenant.Scope, conv chat.Conversation) (chat.Conversation, error) {
	k, err := conversationKeyOf(s, conv.Visitor, conv.ID)
	if err != nil {
		return chat.Conversation{}, mapped(ctx, err)
	}
	var row conversationRow
	get := func(tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &row, selectConversation, k.tenant, k.site, k.id, k.visitor)
	}
	// Most questions are asked in a conversation that is open, and reading
	// waits for nobody.
	err = c.db.read(ctx, get)
	if errors.Is(err, ports.ErrNotFound) {
		err = c.db.write(ctx, func(tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, `
				insert into conversations (id, tenant_id, site_id, visitor_id, locale, started_at) values (?, ?, ?, ?, ?, ?)
				on conflict (id) do nothing`, k.id, k.tenant, k.site, k.visitor, conv.Locale, micros(conv.Started))
			if err != nil {
				return err
			}
			return get(tx)
		})
	}
	if err != nil {
		return chat.Conversation{}, fmt.Errorf("conversation %s: %w", conv.ID, err)
	}
	return chat.Conversation{ID: conv.ID, Visitor: conv.Visitor, Locale: row.Locale, Started: timeOf(row.Started)}, nil
}

// Last implements [ports.Conversations].
func (c *Conversations) Last(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.ConversationID, n int) ([]chat.Turn, error) {
	k, err := conversationKeyOf(s, v, id)
	if err != nil {
		return nil, mapped(ctx, err)
	}
	var rows []turnRow
	err = c.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, `
			select `+turnColumns+` from messages
			where tenant_id = ? and site_id = ? and conversation_id = ? and visitor_id = ? and state = 'done'
			order by seq desc limit ?`, k.tenant, k.site, k.id, k.visitor, max(0, n))
	})
	if err != nil {
		return nil, fmt.Errorf("conversation %s: %w", id, err)
	}
	var turns []chat.Turn
	for _, r := range slices.Backward(rows) {
		t, err := r.turn()
		if err != nil {
			return nil, err
		}
		turns = append(turns, t)
	}
	return turns, nil
}

// UnansweredQuestions implements [ports.Unanswered].
func (c *Conversations) UnansweredQuestions(ctx context.Context, s tenant.Scope, before chat.MessageID, n int) ([]chat.Turn, error) {
	o, err := ownerOf(s)
	if err != nil {
		return nil, mapped(ctx, err)
	}
	if n < 1 {
		return nil, fmt.Errorf("%w: %d unanswered questions", ports.ErrInvalid, n)
	}
	last := "~" // after every id
	if before != "" {
		if last, err = bare(chat.MessagePrefix, before); err != nil {
			return nil, fmt.Errorf("%w: %w", ports.ErrInvalid, err)
		}
	}
	var rows []turnRow
	err = c.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, `
			select `+turnColumns+` from messages
			where tenant_id = ? and site_id = ? and id < ? and state = 'done' and notice = ?
			order by id desc limit ?`, o.tenant, o.site, last, chat.NoticeNothingFits, n)
	})
	if err != nil {
		return nil, fmt.Errorf("unanswered questions: %w", err)
	}
	turns := make([]chat.Turn, len(rows))
	for i, r := range rows {
		if turns[i], err = r.turn(); err != nil {
			return nil, err
		}
	}
	return turns, nil
}

// Delete implements [ports.Conversations].
func (c *Conversations) Delete(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.ConversationID) error {
	k, err := conversationKeyOf(s, v, id)
	if err != nil {
		return mapped(ctx, err)
	}
	err = c.db.write(ctx, func(tx *sqlx.Tx) error {
		// Turns and ratings go with it, by their foreign keys.
		_, err := tx.ExecContext(ctx, `delete from conversations
			where tenant_id = ? and site_id = ? and id = ? and visitor_id = ?`, k.tenant, k.site, k.id, k.visitor)
		return err
	})
	if err != nil {
		return fmt.Errorf("conversation %s: %w", id, err)
	}
	return nil
}

// Rate implements [ports.Feedback].
func (c *Conversations) Rate(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID, r chat.Rating, at time.Time) error {
	if r != chat.Good && r != chat.Bad {
		return fmt.Errorf("%w: rating %d is neither good nor bad", ports.ErrInvalid, r)
	}
	k, err := turnKeyOf(s, v, id)
	if err != nil {
		return mapped(ctx, err)
	}
	err = c.db.write(ctx, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `
			insert into feedback (message_id, tenant_id, site_id, rating, rated_at)
			select id, tenant_id, site_id, ?, ? from messages
			where tenant_id = ? and site_id = ? and id = ? and visitor_id = ? and state = 'done'
			on conflict (message_id) do update set rating = excluded.rating, rated_at = excluded.rated_at`,
			int64(r), micros(at), k.tenant, k.site, k.id, k.visitor)
		if err != nil {
			return err
		}
		return changedOne(res, sql.ErrNoRows)
	})
	if err != nil {
		return fmt.Errorf("message %s: %w", id, err)
	}
	return nil
}
