package openai_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
)

// closeWithin is how soon the provider must see that a call was ended.
const closeWithin = 250 * time.Millisecond

// checkGone waits until the provider has seen the client leave, and returns
// how long after the given time that was.
func checkGone(t *testing.T, call *openaifake.Call, since time.Time) time.Duration {
	t.Helper()
	select {
	case <-call.Gone():
	case <-time.After(30 * time.Second):
		t.Fatal("the upstream was not closed")
	}
	return call.GoneAt().Sub(since)
}

func checkSpent(t *testing.T, got chat.Completion, call *openaifake.Call, atLeast int64) {
	t.Helper()
	k := got.Tokens
	if k.CountedBy != chat.ByTokenizer || k.Input < int64(call.Prompt()) || k.Output < atLeast || k.Output > int64(call.Sent()) {
		t.Errorf("Tokens = %+v, where %d in and %d to %d out were spent", k, call.Prompt(), atLeast, call.Sent())
	}
}

// langchaingo alone returns success from about every other cancelled call.
func TestCancelIsAlwaysTheContextsError(t *testing.T) {
	fake := openaifake.New(t, openaifake.Options{})
	m := newChat(t, config(fake))
	late := 0
	for i := range 40 {
		ctx, cancel := context.WithCancel(t.Context())
		var cancelled time.Time
		p := prompt("fault-07", 1_000_000)
		p.CallID = fmt.Sprintf("evt_%d", i)
		pieces := 0
		got, err := m.Complete(ctx, p, func(string) error {
			if pieces++; pieces == i%7+1 {
				cancelled = time.Now()
				cancel()
			}
			return nil
		})
		cancel()
		if !errors.Is(err, context.Canceled) || got.Finish != 0 {
			t.Errorf("cancel %d: Finish %v, err = %v", i, got.Finish, err)
		}
		if pieces != i%7+1 {
			t.Errorf("cancel %d: emit was called %d times, %d of them after the cancel", i, pieces, pieces-i%7-1)
		}
		call := fake.Find(p.CallID)
		if checkGone(t, call, cancelled) > closeWithin {
			late++
		}
		<-call.Done()
		checkSpent(t, got, call, int64(pieces))
	}
	// A loaded machine may hold up some, but not by half.
	if late > 20 {
		t.Errorf("%d of 40 upstreams were closed later than %v after the cancel", late, closeWithin)
	}
}

// A shopper's connection that takes nothing must not keep the provider writing.
func TestCancelWhileEmitBlocks(t *testing.T) {
	fake := openaifake.New(t, openaifake.Options{})
	m := newChat(t, config(fake))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := m.Complete(ctx, prompt("fault-07", 1_000_000), func(string) error {
		call := fake.Calls()[0]
		since := time.Now()
		cancel()
		checkGone(t, call, since)
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}

func TestDeadline(t *testing.T) {
	for _, model := range []string{"fault-13", "stall-before-headers", "stall-before-token", "heartbeats"} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			fake := openaifake.New(t, openaifake.Options{})
			m := newChat(t, config(fake))
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			got, err := m.Complete(ctx, prompt(model, 100), nil)
			var e *ports.ModelError
			if !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &e) {
				t.Errorf("err = %v, want the context's own", err)
			}
			call, awaitErr := fake.Await(t.Context(), 0)
			if awaitErr != nil {
				t.Fatal(awaitErr)
			}
			<-call.Done()
			checkSpent(t, got, call, int64(call.Sent()))
		})
	}
}

func TestContextDoneBeforeTheCallSendsNothing(t *testing.T) {
	fake := openaifake.New(t, openaifake.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got, err := newChat(t, config(fake)).Complete(ctx, prompt("fault-01", 100), nil)
	if !errors.Is(err, context.Canceled) || got.Tokens != (chat.Tokens{}) || len(fake.Calls()) != 0 {
		t.Errorf("%+v, %v, %d calls", got, err, len(fake.Calls()))
	}
	e, err := newEmbedder(t, config(fake)).Embed(ctx, []string{"a"})
	if !errors.Is(err, context.Canceled) || e.Tokens != 0 || len(fake.Calls()) != 0 {
		t.Errorf("%+v, %v, %d calls", e, err, len(fake.Calls()))
	}
}

func TestEmitErrorEndsTheCall(t *testing.T) {
	fake := openaifake.New(t, openaifake.Options{})
	full := errors.New("the shopper's buffer is full")
	var since time.Time
	pieces := 0
	got, err := newChat(t, config(fake)).Complete(t.Context(), prompt("fault-15", 1_000_000), func(string) error {
		if pieces++; pieces == 3 {
			since = time.Now()
			return full
		}
		return nil
	})
	if !errors.Is(err, full) || pieces != 3 || got.Text != " word0 word1 word2" {
		t.Errorf("err = %v after %d pieces, Text = %q", err, pieces, got.Text)
	}
	call := fake.Calls()[0]
	checkGone(t, call, since)
	<-call.Done()
	checkSpent(t, got, call, 3)
}
