package postgres_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/ports"
)

// What Postgres cannot hold is refused, and nothing of it is stored.
func TestTextThatCannotBeStored(t *testing.T) {
	d := migrated(t)
	db, s := opened(t, d, noon), newScope(d)(t)
	conv := conversation(t, db, s)
	for what, bad := range map[string]string{"U+0000": "a\x00b", "no UTF-8": "a\xffb"} {
		for field, m := range map[string]func(*chat.Turn){
			"question": func(m *chat.Turn) { m.Question = bad },
			"key":      func(m *chat.Turn) { m.Key = bad },
			"page":     func(m *chat.Turn) { m.Page.Title = bad },
		} {
			turn := message(conv, "")
			m(&turn)
			if _, err := db.Conversations().Begin(t.Context(), s, turn); !errors.Is(err, ports.ErrInvalid) {
				t.Errorf("%s in the %s: %v, want ErrInvalid", what, field, err)
			}
			if _, err := db.Conversations().Find(t.Context(), s, turn.Visitor, turn.Message); !errors.Is(err, ports.ErrNotFound) {
				t.Errorf("%s in the %s: Find: %v, want ErrNotFound", what, field, err)
			}
		}
		turn, err := db.Conversations().Begin(t.Context(), s, message(conv, ""))
		if err != nil {
			t.Fatal(err)
		}
		other := conv
		other.ID, other.Locale = chat.ConversationID(chat.ConversationPrefix+turn.Reservation[len("res_"):]), bad
		if _, err := db.Conversations().Open(t.Context(), s, other); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("%s in the locale: %v, want ErrInvalid", what, err)
		}
		done := turn
		done.State, done.Finish, done.Answer = chat.Done, chat.Complete, bad
		if err := db.Conversations().Finish(t.Context(), s, done); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("%s in the answer: %v, want ErrInvalid", what, err)
		}
		draft := ports.ScopedDraft{Scope: s, Draft: chat.Draft{Message: turn.Message, Attempt: 1, Answer: bad, LastEvent: 1, Lease: turn.Lease}}
		if err := db.Conversations().SaveDrafts(t.Context(), []ports.ScopedDraft{draft}); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("%s in a draft: %v, want ErrInvalid", what, err)
		}
		got, err := db.Conversations().Find(t.Context(), s, turn.Visitor, turn.Message)
		if err != nil || got.State != chat.Running || got.Answer != "" {
			t.Errorf("%s: after it: %+v, %v, want the turn as it began", what, got, err)
		}
	}
	// In JSON, what is no UTF-8 becomes U+FFFD; U+0000 is refused.
	turn, err := db.Conversations().Begin(t.Context(), s, message(conv, ""))
	if err != nil {
		t.Fatal(err)
	}
	turn.State, turn.Finish, turn.Cards = chat.Done, chat.Complete, []chat.Card{{Title: "a\x00b"}}
	if err := db.Conversations().Finish(t.Context(), s, turn); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("U+0000 in a card: %v, want ErrInvalid", err)
	}
}

// No error says what a shopper has written.
func TestErrorsHoldNoShoppersText(t *testing.T) {
	d := migrated(t)
	db, s := opened(t, d, noon), newScope(d)(t)
	m := message(conversation(t, db, s), "")
	m.Question = "a secret\x00"
	_, err := db.Conversations().Begin(t.Context(), s, m)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got error %v, want one without the question", err)
	}
}

func TestFeedbackIsStored(t *testing.T) {
	d := migrated(t)
	db, s := opened(t, d, noon), newScope(d)(t)
	turn, err := db.Conversations().Begin(t.Context(), s, message(conversation(t, db, s), ""))
	if err != nil {
		t.Fatal(err)
	}
	turn.State, turn.Finish = chat.Done, chat.Complete
	if err := db.Conversations().Finish(t.Context(), s, turn); err != nil {
		t.Fatal(err)
	}
	all := super(t, d)
	for i, r := range []chat.Rating{chat.Good, chat.Bad} {
		at := noon().Add(time.Duration(i) * time.Hour)
		if err := db.Conversations().Rate(t.Context(), s, turn.Visitor, turn.Message, r, at); err != nil {
			t.Fatal(err)
		}
		var rows []struct {
			Rating int64     `db:"rating"`
			At     time.Time `db:"rated_at"`
		}
		if err := all.SelectContext(t.Context(), &rows, `select rating, rated_at from feedback`); err != nil {
			t.Fatal(err)
		}
		if len(rows) != 1 || rows[0].Rating != int64(r) || !rows[0].At.Equal(at) {
			t.Errorf("after rating %d: stored %+v", r, rows)
		}
	}
	if err := db.Conversations().Delete(t.Context(), s, turn.Visitor, turn.Conversation); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := all.GetContext(t.Context(), &left, `select (select count(*) from feedback) + (select count(*) from messages)`); err != nil || left != 0 {
		t.Errorf("%d rows are left of a deleted conversation, %v", left, err)
	}
}
