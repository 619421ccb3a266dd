package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Erasure forgets shoppers. It is a [ports.Erasure].
type Erasure struct{ db *DB }

var _ ports.Erasure = (*Erasure)(nil)

// Erasure returns what erases in db.
func (db *DB) Erasure() *Erasure { return &Erasure{db} }

// In each of these the conversations meant are a JSON array of ids. What was
// spent has no index by conversation, which every call would pay for: all that
// the site has spent is read, for what happens a few times a year.
const (
	selectErased = `select id from conversations
		where tenant_id = ? and site_id = ? and (visitor_id = ? or id in (select value from json_each(?)))`

	// The holds of turns, and of calls whose turn is gone.
	selectHeld = `select exists (select 1 from usage_reservations r where r.tenant_id = ?1 and r.site_id = ?2 and r.state = 'open' and (
		r.id in (select m.reservation_id from messages m
			where m.tenant_id = ?1 and m.site_id = ?2 and m.conversation_id in (select value from json_each(?3)))
		or exists (select 1 from usage_calls c where c.tenant_id = ?1 and c.site_id = ?2 and c.reservation_id = r.id
			and c.conversation_id in (select value from json_each(?3)))))`

	countErasedTurns = `select count(*) from messages where tenant_id = ? and site_id = ? and conversation_id in (select value from json_each(?))`

	eraseConversations = `delete from conversations where tenant_id = ? and site_id = ? and id in (select value from json_each(?))`

	eraseCalls = `update usage_calls set conversation_id = null, message_id = null
		where tenant_id = ? and site_id = ? and conversation_id in (select value from json_each(?))`

	eraseEvents = `update usage_events set conversation_id = null, message_id = null
		where tenant_id = ? and site_id = ? and conversation_id in (select value from json_each(?))`
)

// Erase implements [ports.Erasure].
func (e *Erasure) Erase(ctx context.Context, s tenant.Scope, v chat.VisitorID, ids []chat.ConversationID) (ports.Erased, error) {
	fail := failing(ctx, "erase from site", s.Site)
	o, err := begin(ctx, s)
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
	var erased ports.Erased
	err = e.db.write(ctx, func(tx *sqlx.Tx) error {
		text, err := idList(named)
		if err != nil {
			return err
		}
		var found []string
		if err := tx.SelectContext(ctx, &found, selectErased, o.tenant, o.site, visitor, text); err != nil {
			return err
		}
		if text, err = idList(append(named, found...)); err != nil {
			return err
		}
		var held bool
		if err := tx.GetContext(ctx, &held, selectHeld, o.tenant, o.site, text); err != nil {
			return err
		}
		if held {
			return fmt.Errorf("%w: an answer is not settled yet", ports.ErrConflict)
		}
		if err := tx.GetContext(ctx, &erased.Messages, countErasedTurns, o.tenant, o.site, text); err != nil {
			return err
		}
		for _, part := range []struct {
			statement string
			count     *int64
		}{{eraseConversations, &erased.Conversations}, {eraseCalls, new(int64)}, {eraseEvents, &erased.Events}} {
			res, err := tx.ExecContext(ctx, part.statement, o.tenant, o.site, text)
			if err != nil {
				return err
			}
			if *part.count, err = res.RowsAffected(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return ports.Erased{}, fail(err)
	}
	return erased, nil
}

// idList returns ids as the array that json_each reads.
func idList(ids []string) (string, error) {
	text, err := json.Marshal(ids)
	return string(text), err
}
