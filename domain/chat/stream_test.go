package chat_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
)

// These words are on the wire and in databases: they never change.
func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		fmt.Sprint(chat.EventStart, chat.EventDelta, chat.EventSources, chat.EventProducts, chat.EventEnd, chat.EventError, chat.EventKind(0), chat.EventError+1): "message.start delta sources products message.end error  ",
		fmt.Sprint(chat.Complete, chat.Length, chat.Filtered, chat.Stopped, chat.Failed, chat.Finish(0), chat.Failed+1):                                           "stop length filtered stopped failed  ",
		fmt.Sprint(chat.ByProvider, chat.ByTokenizer, chat.ByBound, chat.CountedBy(0), chat.ByBound+1):                                                            "provider tokenizer bound  ",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestAgain decides what a message with a known Idempotency-Key means.
func TestAgain(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		turn  chat.Turn
		hash  string
		retry bool
		want  error // nil, ErrKeyMismatch, or an InProgressError
	}{
		"answered":              {chat.Turn{State: chat.Done, BodyHash: "h"}, "h", false, nil},
		"answered, lease over":  {chat.Turn{State: chat.Done, BodyHash: "h", Lease: now.Add(-time.Hour)}, "h", false, nil},
		"answered, other body":  {chat.Turn{State: chat.Done, BodyHash: "h"}, "x", false, chat.ErrKeyMismatch},
		"running":               {chat.Turn{Message: "msg_1", State: chat.Running, BodyHash: "h", Lease: now.Add(1)}, "h", false, &chat.InProgressError{Message: "msg_1"}},
		"running, other body":   {chat.Turn{State: chat.Running, BodyHash: "h", Lease: now.Add(1)}, "x", false, chat.ErrKeyMismatch},
		"lost at this instant":  {chat.Turn{State: chat.Running, BodyHash: "h", Lease: now}, "h", true, nil},
		"lost long ago":         {chat.Turn{State: chat.Running, BodyHash: "h", Lease: now.Add(-time.Hour)}, "h", true, nil},
		"lost, with other body": {chat.Turn{State: chat.Running, BodyHash: "h", Lease: now.Add(-time.Hour)}, "x", false, chat.ErrKeyMismatch},
	} {
		retry, err := c.turn.Again(c.hash, now)
		var got, want *chat.InProgressError
		same := errors.Is(err, c.want)
		if errors.As(c.want, &want) {
			same = errors.As(err, &got) && *got == *want
		}
		if retry != c.retry || !same {
			t.Errorf("%s: got %v, %v", name, retry, err)
		}
	}
}

func TestIDs(t *testing.T) {
	const uuid = "0190d1b2-7c3a-7def-8123-456789abcdef"
	for id, good := range map[string]bool{uuid: true, "": false, "0190D1B2-7C3A-7DEF-8123-456789ABCDEF": false, uuid + "'": false, uuid[1:]: false} {
		for name, err := range map[string]error{
			"conversation": chat.ConversationID(chat.ConversationPrefix + id).Valid(),
			"message":      chat.MessageID(chat.MessagePrefix + id).Valid(),
			"visitor":      chat.VisitorID(chat.VisitorPrefix + id).Valid(),
		} {
			if (err == nil) != good {
				t.Errorf("%s %q: %v", name, id, err)
			}
		}
	}
	if chat.MessageID(chat.ConversationPrefix+uuid).Valid() == nil {
		t.Error("a conversation's id is taken for a message's")
	}
}
