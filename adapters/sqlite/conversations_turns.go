package sqlite

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

// Begin implements [ports.Turns]. The time at which a stored turn decides is
// t.Asked.
func (c *Conversations) Begin(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
	conv, err := conversationKeyOf(s, t.Visitor, t.Conversation)
	if err != nil {
		return chat.Turn{}, mapped(ctx, err)
	}
	message, err := bare(chat.MessagePrefix, t.Message)
	if err != nil {
		return chat.Turn{}, mapped(ctx, err)
	}
	reservation, err := bareOrNull(usage.ReservationPrefix, t.Reservation)
	if err != nil {
		return chat.Turn{}, mapped(ctx, err)
	}
	b := beginning{Turn: t, conversationKey: conv, message: message, reservation: reservation}
	if err := c.db.write(ctx, func(tx *sqlx.Tx) error { return b.do(ctx, tx) }); err != nil {
		return chat.Turn{}, fmt.Errorf("message %s: %w", t.Message, err)
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
	reservation sql.NullString

	begun chat.Turn
	// refused is what the domain says against it. It is no error of the
	// transaction, which has then read and changed nothing.
	refused error
}

// do runs in the transaction that holds the write lock from its first
// statement on, so that what it reads is still so when it writes.
func (b *beginning) do(ctx context.Context, tx *sqlx.Tx) error {
	var row conversationRow
	if err := tx.GetContext(ctx, &row, selectConversation, b.tenant, b.site, b.id, b.visitor); err != nil {
		return err
	}
	if b.Key != "" {
		if known, err := b.again(ctx, tx); err != nil || known {
			return err
		}
	}
	var taken bool
	if err := tx.GetContext(ctx, &taken, `select exists (select 1 from messages where id = ?)`, b.message); err != nil {
		return err
	}
	if taken {
		return fmt.Errorf("%w: it is there already", ports.ErrConflict)
	}
	var stored turnRow
	err := tx.GetContext(ctx, &stored, `
		insert into messages (id, tenant_id, site_id, conversation_id, visitor_id, seq, idempotency_key, body_hash, question,
			page_url, page_title, asked_at, state, attempt, reservation_id, lease_at)
		select ?, ?, ?, ?, ?, coalesce(max(seq), 0) + 1, ?, ?, ?, ?, ?, ?, 'running', ?, ?, ?
		from messages where tenant_id = ? and site_id = ? and conversation_id = ?
		returning `+turnColumns,
		b.message, b.tenant, b.site, b.id, b.visitor, sql.NullString{String: b.Key, Valid: b.Key != ""}, b.BodyHash, b.Question,
		b.Page.URL, b.Page.Title, micros(b.Asked), b.Attempt, b.reservation, micros(b.Lease),
		b.tenant, b.site, b.id)
	if err != nil {
		return err
	}
	b.begun, err = stored.turn()
	return err
}

// again looks for a turn with the same key, and reports whether there is one
// that decides. A key whose life is over is forgotten, so that it is free.
func (b *beginning) again(ctx context.Context, tx *sqlx.Tx) (known bool, err error) {
	var row turnRow
	err = tx.GetContext(ctx, &row, `
		select `+turnColumns+` from messages
		where tenant_id = ? and site_id = ? and visitor_id = ? and idempotency_key = ?`, b.tenant, b.site, b.visitor, b.Key)
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
		_, err := tx.ExecContext(ctx, `update messages set idempotency_key = null where tenant_id = ? and site_id = ? and id = ?`,
			b.tenant, b.site, row.ID)
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
	// The new attempt begins with nothing said.
	err = tx.GetContext(ctx, &row, `
		update messages set attempt = attempt + 1, reservation_id = ?, lease_at = ?,
			answer = '', citations = null, cards = null, last_event = 0
		where tenant_id = ? and site_id = ? and id = ?
		returning `+turnColumns, b.reservation, micros(b.Lease), b.tenant, b.site, row.ID)
	if err != nil {
		return false, err
	}
	b.begun, err = row.turn()
	return true, err
}

// Finish implements [ports.Turns].
func (c *Conversations) Finish(ctx context.Context, s tenant.Scope, t chat.Turn) error {
	if t.State != chat.Done && t.State != chat.Withdrawn {
		return fmt.Errorf("message %s: %w: a turn ends done or withdrawn", t.Message, ports.ErrInvalid)
	}
	k, err := turnKeyOf(s, t.Visitor, t.Message)
	if err != nil {
		return mapped(ctx, err)
	}
	citations, err := citationsToJSON(t.Citations)
	if err != nil {
		return err
	}
	cards, err := cardsToJSON(t.Cards)
	if err != nil {
		return err
	}
	err = c.db.write(ctx, func(tx *sqlx.Tx) error {
		var old struct {
			State     string `db:"state"`
			Attempt   int    `db:"attempt"`
			Answer    string `db:"answer"`
			Finish    string `db:"finish"`
			ErrorCode string `db:"error_code"`
		}
		err := tx.GetContext(ctx, &old, `select state, attempt, answer, finish, error_code from messages
			where tenant_id = ? and site_id = ? and id = ? and visitor_id = ?`, k.tenant, k.site, k.id, k.visitor)
		switch {
		case err != nil:
			return err
		case old.Attempt != t.Attempt:
			return fmt.Errorf("%w: attempt %d has begun", ports.ErrConflict, old.Attempt)
		case old.State == stateDone:
			if t.State == chat.Done && old.Answer == t.Answer && old.Finish == t.Finish.String() && old.ErrorCode == t.ErrorCode {
				return nil
			}
			return fmt.Errorf("%w: it is answered otherwise", ports.ErrConflict)
		case t.State == chat.Withdrawn:
			_, err := tx.ExecContext(ctx, `delete from messages where tenant_id = ? and site_id = ? and id = ?`, k.tenant, k.site, k.id)
			return err
		}
		_, err = tx.ExecContext(ctx, `
			update messages set state = 'done', answer = ?, finish = ?, citations = ?, cards = ?, prompt_tokens = ?,
				completion_tokens = ?, cached_tokens = ?, reasoning_tokens = ?, usage_source = ?, error_code = ?, notice = ?,
				last_event = ?, answered_at = ?
			where tenant_id = ? and site_id = ? and id = ?`,
			t.Answer, t.Finish.String(), citations, cards, t.Tokens.Input, t.Tokens.Output, t.Tokens.Cached, t.Tokens.Reasoning,
			t.Tokens.CountedBy.String(), t.ErrorCode, t.Notice, t.LastEvent, microsOrNull(t.Answered), k.tenant, k.site, k.id)
		return err
	})
	if err != nil {
		return fmt.Errorf("message %s: %w", t.Message, err)
	}
	return nil
}

// Find implements [ports.Turns].
func (c *Conversations) Find(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID) (chat.Turn, error) {
	k, err := turnKeyOf(s, v, id)
	if err != nil {
		return chat.Turn{}, mapped(ctx, err)
	}
	var row turnRow
	err = c.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &row, `select `+turnColumns+` from messages
			where tenant_id = ? and site_id = ? and id = ? and visitor_id = ?`, k.tenant, k.site, k.id, k.visitor)
	})
	if err != nil {
		return chat.Turn{}, fmt.Errorf("message %s: %w", id, err)
	}
	return row.turn()
}

// SaveDrafts implements [ports.Drafts].
func (c *Conversations) SaveDrafts(ctx context.Context, ds []ports.ScopedDraft) error {
	rows := make([]draftRow, 0, len(ds))
	for _, d := range ds {
		r, err := draftRowOf(d)
		if err != nil {
			return mapped(ctx, err)
		}
		rows = append(rows, r)
	}
	err := c.db.write(ctx, func(tx *sqlx.Tx) error {
		for _, r := range rows {
			if err := r.save(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save drafts: %w", err)
	}
	return nil
}

// draftRow is a draft as it is stored.
type draftRow struct {
	chat.Draft
	owner
	id               string
	citations, cards sql.NullString
}

func draftRowOf(d ports.ScopedDraft) (draftRow, error) {
	r := draftRow{Draft: d.Draft}
	var err error
	if r.owner, err = ownerOf(d.Scope); err != nil {
		return r, err
	}
	if r.id, err = bare(chat.MessagePrefix, d.Draft.Message); err != nil {
		return r, err
	}
	if r.citations, err = citationsToJSON(d.Draft.Citations); err != nil {
		return r, err
	}
	r.cards, err = cardsToJSON(d.Draft.Cards)
	return r, err
}

// save stores the draft if it is not behind what is stored, and renews the
// lease in any case. No row is no error: the turn has ended otherwise.
func (r draftRow) save(ctx context.Context, tx *sqlx.Tx) error {
	res, err := tx.ExecContext(ctx, `
		update messages set lease_at = max(lease_at, ?)
		where tenant_id = ? and site_id = ? and id = ? and attempt = ? and state = 'running'`,
		micros(r.Lease), r.tenant, r.site, r.id, r.Attempt)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		update messages set answer = ?, citations = ?, cards = ?, last_event = ?
		where tenant_id = ? and site_id = ? and id = ? and attempt = ? and state = 'running' and last_event <= ?`,
		r.Answer, r.citations, r.cards, r.LastEvent, r.tenant, r.site, r.id, r.Attempt, r.LastEvent)
	return err
}
