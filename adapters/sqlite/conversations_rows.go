package sqlite

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// turnKey is whose turn is meant, as it is stored.
type turnKey struct {
	owner
	visitor, id string
}

func turnKeyOf(s tenant.Scope, v chat.VisitorID, id chat.MessageID) (turnKey, error) {
	o, err := ownerOf(s)
	if err != nil {
		return turnKey{}, err
	}
	visitor, err := bare(chat.VisitorPrefix, v)
	if err != nil {
		return turnKey{}, err
	}
	bareID, err := bare(chat.MessagePrefix, id)
	return turnKey{o, visitor, bareID}, err
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
	Asked        int64          `db:"asked_at"`
	State        string         `db:"state"`
	Attempt      int            `db:"attempt"`
	Reservation  sql.NullString `db:"reservation_id"`
	Lease        int64          `db:"lease_at"`
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
	Answered     sql.NullInt64  `db:"answered_at"`
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
		Question: r.Question, Page: chat.Page{URL: r.PageURL, Title: r.PageTitle}, Asked: timeOf(r.Asked),
		State: chat.Running, Attempt: r.Attempt, Reservation: full[string](usage.ReservationPrefix, r.Reservation), Lease: timeOf(r.Lease),
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
