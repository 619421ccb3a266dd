package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

const (
	// A visitor's turns begin one after the other, whichever processes they come
	// to: so a key is looked for and stored in one step, and Seq has no gaps.
	// The lock ends with the transaction. Two visitors of one hash wait for each
	// other, and nothing else.
	lockVisitor = `select pg_advisory_xact_lock(hashtextextended('woochat visitor ' || $1::text || ' ' || $2::text, 0))`

	insertTurn = `insert into messages (id, tenant_id, site_id, conversation_id, visitor_id, seq, idempotency_key, body_hash, question,
		page_url, page_title, asked_at, state, attempt, reservation_id, lease_at)
	values ($1, $2, $3, $4, $5,
		(select coalesce(max(m.seq), 0) + 1 from messages m where m.tenant_id = $2 and m.site_id = $3 and m.conversation_id = $4),
		$6, $7, $8, $9, $10, $11, 'running', $12, $13, $14)
	returning ` + turnColumns

	// Locked, since an answer may be stored at the same time.
	selectByKey = `select ` + turnColumns + ` from messages
	where tenant_id = $1 and site_id = $2 and visitor_id = $3 and idempotency_key = $4 for update`

	forgetKey = `update messages set idempotency_key = null where tenant_id = $1 and site_id = $2 and id = $3`

	// The new attempt begins with nothing said.
	takeOver = `update messages set attempt = attempt + 1, reservation_id = $4, lease_at = $5,
		answer = '', citations = null, cards = null, last_event = 0
	where tenant_id = $1 and site_id = $2 and id = $3
	returning ` + turnColumns

	selectTurn = `select ` + turnColumns + ` from messages
	where tenant_id = $1 and site_id = $2 and id = $3 and visitor_id = $4`

	lockTurn = `select state, attempt, answer, finish, error_code from messages
	where tenant_id = $1 and site_id = $2 and id = $3 and visitor_id = $4 for update`

	deleteTurn = `delete from messages where tenant_id = $1 and site_id = $2 and id = $3`

	finishTurn = `update messages set state = 'done', answer = $4, finish = $5, citations = $6, cards = $7, prompt_tokens = $8,
		completion_tokens = $9, cached_tokens = $10, reasoning_tokens = $11, usage_source = $12, error_code = $13, notice = $14,
		last_event = $15, answered_at = $16
	where tenant_id = $1 and site_id = $2 and id = $3`
)

// Begin implements [ports.Turns]. The time at which a stored turn decides is
// t.Asked.
func (c *Conversations) Begin(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
	fail := failing(ctx, "begin message", t.Message)
	conv, err := conversationKeyOf(t.Visitor, t.Conversation)
	if err != nil {
		return chat.Turn{}, fail(err)
	}
	message, err := bare(chat.MessagePrefix, t.Message)
	if err != nil {
		return chat.Turn{}, fail(err)
	}
	reservation, err := bareOrNull(usage.ReservationPrefix, t.Reservation)
	if err != nil {
		return chat.Turn{}, fail(err)
	}
	b := beginning{Turn: t, conversationKey: conv, message: message, reservation: reservation}
	if err := c.db.withScope(ctx, s, func(tx *sqlx.Tx, o owner) error { return b.do(ctx, tx, o) }); err != nil {
		return chat.Turn{}, fail(err)
	}
	if b.refused != nil {
		return chat.Turn{}, b.refused
	}
	return b.begun, nil
}

// beginning is one call of Begin: what is asked for, and what came of it.
type beginning struct {
	chat.Turn
	conversationKey
	message     string
	reservation *string

	begun chat.Turn
	// refused is what the domain says against it. It is no error of the
	// transaction, which has then read and changed nothing.
	refused error
}

// do runs in a transaction whose every statement sees what was committed before
// it began: so what it reads under the visitor's lock is still so when it writes.
func (b *beginning) do(ctx context.Context, tx *sqlx.Tx, o owner) error {
	if _, err := tx.ExecContext(ctx, lockVisitor, o.site, b.visitor); err != nil {
		return err
	}
	var conv conversationRow
	if err := tx.GetContext(ctx, &conv, selectConversation, o.tenant, o.site, b.id, b.visitor); err != nil {
		return err
	}
	if b.Key != "" {
		if known, err := b.again(ctx, tx, o); err != nil || known {
			return err
		}
	}
	var stored turnRow
	// A message of this id that is there already breaks the primary key, which
	// is ports.ErrConflict.
	err := tx.GetContext(ctx, &stored, insertTurn,
		b.message, o.tenant, o.site, b.id, b.visitor, sql.NullString{String: b.Key, Valid: b.Key != ""}, b.BodyHash, b.Question,
		b.Page.URL, b.Page.Title, micros(b.Asked), b.Attempt, b.reservation, micros(b.Lease))
	if err != nil {
		return err
	}
	b.begun, err = stored.turn()
	return err
}

// again looks for a turn with the same key, and reports whether there is one
// that decides. A key whose life is over is forgotten, so that it is free.
func (b *beginning) again(ctx context.Context, tx *sqlx.Tx, o owner) (known bool, err error) {
	var row turnRow
	err = tx.GetContext(ctx, &row, selectByKey, o.tenant, o.site, b.visitor, b.Key)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	old, err := row.turn()
	if err != nil {
		return false, err
	}
	if old.Asked.Before(b.Asked.Add(-chat.KeyLife)) {
		_, err := tx.ExecContext(ctx, forgetKey, o.tenant, o.site, row.ID)
		return false, err
	}
	retry, err := old.Again(b.BodyHash, b.Asked)
	if err != nil {
		b.refused = err
		return true, nil //nolint:nilerr // a refusal is no failure of the transaction
	}
	if !retry {
		b.begun = old
		return true, nil
	}
	if err := tx.GetContext(ctx, &row, takeOver, o.tenant, o.site, row.ID, b.reservation, micros(b.Lease)); err != nil {
		return false, err
	}
	b.begun, err = row.turn()
	return true, err
}

// Finish implements [ports.Turns].
func (c *Conversations) Finish(ctx context.Context, s tenant.Scope, t chat.Turn) error {
	fail := failing(ctx, "finish message", t.Message)
	if t.State != chat.Done && t.State != chat.Withdrawn {
		return fail(fmt.Errorf("%w: a turn ends done or withdrawn", ports.ErrInvalid))
	}
	k, err := turnKeyOf(t.Visitor, t.Message)
	if err != nil {
		return fail(err)
	}
	citations, err := citationsToJSON(t.Citations)
	if err != nil {
		return fail(err)
	}
	cards, err := cardsToJSON(t.Cards)
	if err != nil {
		return fail(err)
	}
	return fail(c.db.withScope(ctx, s, func(tx *sqlx.Tx, o owner) error {
		var old endedRow
		if err := tx.GetContext(ctx, &old, lockTurn, o.tenant, o.site, k.id, k.visitor); err != nil {
			return err
		}
		ended, err := old.ended(t)
		switch {
		case err != nil || ended:
			return err
		case t.State == chat.Withdrawn:
			return one(tx.ExecContext(ctx, deleteTurn, o.tenant, o.site, k.id))
		}
		return one(tx.ExecContext(ctx, finishTurn, o.tenant, o.site, k.id,
			t.Answer, t.Finish.String(), citations, cards, t.Tokens.Input, t.Tokens.Output, t.Tokens.Cached, t.Tokens.Reasoning,
			t.Tokens.CountedBy.String(), t.ErrorCode, t.Notice, t.LastEvent, timeOrNull(t.Answered)))
	}))
}

// endedRow is what tells whether a turn may end, or has ended so before.
type endedRow struct {
	State     string `db:"state"`
	Attempt   int    `db:"attempt"`
	Answer    string `db:"answer"`
	Finish    string `db:"finish"`
	ErrorCode string `db:"error_code"`
}

// ended reports whether the turn has ended as t says; the error is what speaks
// against its ending so.
func (r endedRow) ended(t chat.Turn) (bool, error) {
	switch {
	case r.Attempt != t.Attempt:
		return false, fmt.Errorf("%w: attempt %d has begun", ports.ErrConflict, r.Attempt)
	case r.State != stateDone:
		return false, nil
	case t.State == chat.Done && r.Answer == t.Answer && r.Finish == t.Finish.String() && r.ErrorCode == t.ErrorCode:
		return true, nil
	}
	return false, fmt.Errorf("%w: it is answered otherwise", ports.ErrConflict)
}

// Find implements [ports.Turns].
func (c *Conversations) Find(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID) (chat.Turn, error) {
	fail := failing(ctx, "message", id)
	k, err := turnKeyOf(v, id)
	if err != nil {
		return chat.Turn{}, fail(err)
	}
	var row turnRow
	if err := c.db.withScope(ctx, s, func(tx *sqlx.Tx, o owner) error {
		return tx.GetContext(ctx, &row, selectTurn, o.tenant, o.site, k.id, k.visitor)
	}); err != nil {
		return chat.Turn{}, fail(err)
	}
	t, err := row.turn()
	return t, fail(err)
}
