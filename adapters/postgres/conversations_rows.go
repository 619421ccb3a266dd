package postgres

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// conversationKey is whose conversation is meant, as it is stored.
type conversationKey struct{ visitor, id string }

func conversationKeyOf(v chat.VisitorID, id chat.ConversationID) (conversationKey, error) {
	visitor, err := bare(chat.VisitorPrefix, v)
	if err != nil {
		return conversationKey{}, err
	}
	bareID, err := bare(chat.ConversationPrefix, id)
	return conversationKey{visitor, bareID}, err
}

type conversationRow struct {
	Locale  string    `db:"locale"`
	Started time.Time `db:"started_at"`
}

// turnKey is whose turn is meant, as it is stored.
type turnKey struct{ visitor, id string }

func turnKeyOf(v chat.VisitorID, id chat.MessageID) (turnKey, error) {
	visitor, err := bare(chat.VisitorPrefix, v)
	if err != nil {
		return turnKey{}, err
	}
	bareID, err := bare(chat.MessagePrefix, id)
	return turnKey{visitor, bareID}, err
}

// turnRow is a row of messages without its owner, which whoever asked knows.
type turnRow struct {
	ID           string         `db:"id"`
	Conversation string         `db:"conversation_id"`
	Visitor      string         `db:"visitor_id"`
	Seq          int            `db:"seq"`
	Key          sql.NullString `db:"idempotency_key"`
	BodyHash     string         `db:"body_hash"`
	Question     string         `db:"question"`
	PageURL      string         `db:"page_url"`
	PageTitle    string         `db:"page_title"`
	Asked        time.Time      `db:"asked_at"`
	State        string         `db:"state"`
	Attempt      int            `db:"attempt"`
	Reservation  sql.NullString `db:"reservation_id"`
	Lease        time.Time      `db:"lease_at"`
	Answer       string         `db:"answer"`
	Finish       string         `db:"finish"`
	Citations    sql.NullString `db:"citations"`
	Cards        sql.NullString `db:"cards"`
	Input        int64          `db:"prompt_tokens"`
	Output       int64          `db:"completion_tokens"`
	Cached       int64          `db:"cached_tokens"`
	Reasoning    int64          `db:"reasoning_tokens"`
	CountedBy    string         `db:"usage_source"`
	ErrorCode    string         `db:"error_code"`
	Notice       string         `db:"notice"`
	LastEvent    int64          `db:"last_event"`
	Answered     sql.NullTime   `db:"answered_at"`
}

const turnColumns = `id, conversation_id, visitor_id, seq, idempotency_key, body_hash, question, page_url, page_title, asked_at,
	state, attempt, reservation_id, lease_at, answer, finish, citations, cards, prompt_tokens, completion_tokens, cached_tokens,
	reasoning_tokens, usage_source, error_code, notice, last_event, answered_at`

// Words of messages.state.
const (
	stateRunning = "running"
	stateDone    = "done"
)

func (r turnRow) turn() (chat.Turn, error) {
	t := chat.Turn{
		Message:      chat.MessageID(chat.MessagePrefix + r.ID),
		Conversation: chat.ConversationID(chat.ConversationPrefix + r.Conversation),
		Visitor:      chat.VisitorID(chat.VisitorPrefix + r.Visitor),
		Seq:          r.Seq, Key: r.Key.String, BodyHash: r.BodyHash,
		Question: r.Question, Page: chat.Page{URL: r.PageURL, Title: r.PageTitle}, Asked: r.Asked.UTC(),
		State: chat.Running, Attempt: r.Attempt, Reservation: full[string](usage.ReservationPrefix, r.Reservation), Lease: r.Lease.UTC(),
		Answer: r.Answer, ErrorCode: r.ErrorCode, Notice: r.Notice, LastEvent: r.LastEvent, Answered: timeOrZero(r.Answered),
		Tokens: chat.Tokens{Input: r.Input, Output: r.Output, Cached: r.Cached, Reasoning: r.Reasoning},
	}
	if r.State == stateDone {
		t.State = chat.Done
	}
	var errs [4]error
	t.Finish, errs[0] = parse(r.Finish, 0, chat.Failed)
	t.Tokens.CountedBy, errs[1] = parse(r.CountedBy, 0, chat.ByBound)
	t.Citations, errs[2] = citationsOfJSON(r.Citations)
	t.Cards, errs[3] = cardsOfJSON(r.Cards)
	if err := errors.Join(errs[:]...); err != nil {
		return chat.Turn{}, fmt.Errorf("message %s: %w: %w", t.Message, ports.ErrUnavailable, err)
	}
	return t, nil
}
