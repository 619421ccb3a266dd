package chat_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
)

func TestTurnAgain(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	const held, ended, over = time.Microsecond, 0, -time.Hour // what is left of the lease
	for _, c := range []struct {
		state    chat.State
		body     string
		lease    time.Duration
		retry    bool
		mismatch bool
		running  bool
	}{
		{chat.Running, "same", held, false, false, true},
		{chat.Running, "same", ended, true, false, false}, // a lease ends at its time, not after it
		{chat.Running, "same", over, true, false, false},
		{chat.Running, "other", held, false, true, false},
		{chat.Running, "other", over, false, true, false},
		{chat.Done, "same", held, false, false, false},
		{chat.Done, "same", over, false, false, false},
		{chat.Done, "other", held, false, true, false},
		{chat.Done, "other", over, false, true, false},
	} {
		turn := chat.Turn{Message: "msg_1", State: c.state, BodyHash: "same", Lease: now.Add(c.lease)}
		retry, err := turn.Again(c.body, now)
		var running *chat.InProgressError
		if retry != c.retry || errors.Is(err, chat.ErrKeyMismatch) != c.mismatch || errors.As(err, &running) != c.running {
			t.Errorf("%+v: Again() = %v, %v", c, retry, err)
		}
		if err != nil && !c.mismatch && !c.running {
			t.Errorf("%+v: Again() = %v, want no error", c, err)
		}
		if running != nil && running.Message != turn.Message {
			t.Errorf("%+v: in progress is message %q, want %q", c, running.Message, turn.Message)
		}
	}
}

// Whose state nobody has set is not an answer.
func TestTurnAgainOfNoState(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	if retry, err := (chat.Turn{Lease: now.Add(time.Second)}).Again("", now); retry || err == nil {
		t.Errorf("Again() = %v, %v, want in progress", retry, err)
	}
}

func ExampleTurn_Again() {
	asked := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	turn := chat.Turn{Message: "msg_1", State: chat.Running, BodyHash: "b", Lease: asked.Add(15 * time.Second)}
	fmt.Println(turn.Again("b", asked.Add(time.Second)))
	fmt.Println(turn.Again("b", asked.Add(time.Minute)))
	// Output:
	// false message msg_1 with this Idempotency-Key is still being answered: resume its stream
	// true <nil>
}
