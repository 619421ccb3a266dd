package metering_test

import (
	"context"
	"testing"

	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// mute is a Checkpointer of which the replies to some dispatches are lost, of
// those that were done as of those that were not.
type mute struct {
	ports.Checkpointer
	lost map[int]bool // by the call's number: whether it was done
	err  error        // as which a loss shows; nil: ports.ErrUnavailable
}

func (m *mute) Dispatch(ctx context.Context, s tenant.Scope, id usage.ReservationID, c usage.Call, rest usage.Amounts) error {
	done, lost := m.lost[c.No]
	if !lost || done {
		if err := m.Checkpointer.Dispatch(ctx, s, id, c, rest); err != nil || !lost {
			return err
		}
	}
	if m.err != nil {
		return m.err
	}
	return ports.ErrUnavailable
}

// muted is a world whose dispatches are lost as the table says.
func muted(t *testing.T, lost map[int]bool, change func(*world)) *world {
	t.Helper()
	return newWorld(t, usage.NoLimits(), func(w *world) {
		w.deps.Checkpointer = &mute{Checkpointer: w.deps.Checkpointer, lost: lost}
		if change != nil {
			change(w)
		}
	})
}

// failedStart starts a call whose dispatch is lost.
func (w *world) failedStart(a *metering.Admitted, rest usage.Amounts, want error) {
	w.Helper()
	if _, err := a.Start(w.Context(), w.chatCall(), rest); err == nil {
		w.Error("it was started")
	} else {
		w.wantErr(err, want)
	}
}

// wantUnsent checks an event of a call that was not sent.
func (w *world) wantUnsent(e usage.Event, no int, requests int64, last bool) {
	w.Helper()
	if e.CallNo != no || e.ChatRequests != requests || e.Last != last || e.Success || e.ErrorCode != metering.CodeNotSent || e.Tokens.Total() != 0 || e.Cost != 0 {
		w.Errorf("got %+v, want call %d with %d requests, settled at nothing, last: %v", e, no, requests, last)
	}
}

// TestADispatchWhoseReplyIsLost is noted as sent, and nobody will settle it by
// what it took: closing the work settles it at nothing, and nothing waits for the
// sweep.
func TestADispatchWhoseReplyIsLost(t *testing.T) {
	for name, how := range map[string]error{"the store is away": nil, "the time is up": context.DeadlineExceeded, "the caller has gone": context.Canceled} {
		t.Run(name, func(t *testing.T) {
			w := muted(t, map[int]bool{1: true}, func(w *world) { w.deps.Checkpointer.(*mute).err = how })
			a := w.admit(w.room(2))
			want := how
			if want == nil {
				want = ports.ErrUnavailable
			}
			w.failedStart(a, usage.Amounts{}, want)
			for range 2 { // although the caller has gone, and twice
				w.must(a.Close(done(w.Context())))
			}
			w.wantUnsent(w.one(), 1, 1, true)
			w.clock.Advance(a.Hold().Expires.Sub(w.clock.Now()))
			if n, err := w.Sweep(w.Context()); err != nil || n != 0 {
				w.Errorf("swept %d, %v", n, err)
			}
			if d := w.day(); d.Used != (usage.Amounts{ChatRequests: 1}) {
				w.Errorf("used %+v", d.Used)
			}
		})
	}
}

// TestADispatchThatWasNotDone leaves nothing behind.
func TestADispatchThatWasNotDone(t *testing.T) {
	w := muted(t, map[int]bool{1: false}, nil)
	a := w.admit(w.room(1))
	w.failedStart(a, usage.Amounts{}, ports.ErrUnavailable)
	w.must(a.Close(w.Context()))
	w.nothing()
}

// TestAnotherCallAfterALostOne: the next call has a number of its own, all of the
// hold, and the message's request.
func TestAnotherCallAfterALostOne(t *testing.T) {
	for name, was := range map[string]bool{"noted as sent": true, "not noted": false} {
		t.Run(name, func(t *testing.T) {
			w := muted(t, map[int]bool{1: was}, nil)
			a := w.admit(w.room(1))
			w.failedStart(a, usage.Amounts{}, ports.ErrUnavailable)
			_, err := w.start(a, w.chatCall(), usage.Amounts{}).Settle(w.Context(), spent(90, 3), true)
			w.must(err)
			w.must(a.Close(w.Context()))
			events := w.events()
			if len(events) != 2 || events[1].CallNo != 2 || events[1].ChatRequests != 1 || !events[1].Success || !events[1].Last {
				t.Fatalf("got %+v", events)
			}
			w.wantUnsent(events[0], 1, 0, false)
			if d := w.day(); d.Held != (usage.Amounts{}) || d.Used.ChatTokens != 93 || d.Used.ChatRequests != 1 {
				t.Errorf("the day says %+v", d)
			}
		})
	}
}

// TestASecondCallThatCannotBeDispatched frees what the first has left of the
// hold: by a lost reply, and because it does not fit.
func TestASecondCallThatCannotBeDispatched(t *testing.T) {
	for name, lost := range map[string]map[int]bool{"noted as sent": {2: true}, "not noted": {2: false}, "too large": nil} {
		t.Run(name, func(t *testing.T) {
			w := muted(t, lost, nil)
			a := w.admit(w.room(2))
			rest := w.room(1)
			rest.ChatRequests = 0
			_, err := w.start(a, w.chatCall(), rest).Settle(w.Context(), spent(90, 3), false)
			w.must(err)
			big := w.chatCall()
			if lost == nil {
				big.PromptTokens = 10_000
			}
			if _, err := a.Start(w.Context(), big, usage.Amounts{}); err == nil {
				t.Fatal("it was started")
			}
			w.must(a.Close(w.Context()))
			events := w.events()
			if len(events) != 2 || events[0].ChatRequests != 1 {
				t.Fatalf("got %+v", events)
			}
			w.wantUnsent(events[1], 2, 0, true)
			if d := w.day(); d.Held != (usage.Amounts{}) || d.Used.ChatTokens != 93 {
				t.Errorf("the day says %+v", d)
			}
		})
	}
}

// TestALostDispatchOfAStoreThatIsAway is settled once the store is back: the
// settlement is what the spool takes.
func TestALostDispatchOfAStoreThatIsAway(t *testing.T) {
	l := &ledger{releaseErr: ports.ErrUnavailable, settleErr: ports.ErrUnavailable}
	w := muted(t, map[int]bool{1: true}, func(w *world) { l.Ledger = w.deps.Ledger; w.deps.Ledger = l })
	a := w.admit(w.room(1))
	w.failedStart(a, usage.Amounts{}, ports.ErrUnavailable)
	w.wantErr(a.Close(w.Context()), ports.ErrUnavailable)
	l.settleErr = nil // the spool takes it
	w.must(a.Close(w.Context()))
	w.wantUnsent(w.one(), 1, 1, true)
}

// TestWrappersSettleWhatWasNotSent: a model, an embedder and guarded work whose
// dispatch is lost are not called, and hold nothing.
func TestWrappersSettleWhatWasNotSent(t *testing.T) {
	for name, call := range map[string]func(w *world) error{
		"Metered": func(w *world) error {
			_, err := metering.Metered(w.Service, w.scope(), nil).Complete(w.Context(), prompt(), nil)
			return err
		},
		"MeteredEmbedder": func(w *world) error {
			_, err := metering.MeteredEmbedder(w.Service, w.scope(), "embedder-1", nil).Embed(w.Context(), []string{"words"})
			return err
		},
		"Guard": func(w *world) error {
			_, err := metering.Guard(w.Context(), w.Service, w.scope(), metering.Work{Kind: usage.Chat, Model: "model-1", Input: 10, Output: 5, ChatRequests: 1}, nil)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := muted(t, map[int]bool{1: true}, nil)
			w.wantErr(call(w), ports.ErrUnavailable)
			if e := w.one(); e.ErrorCode != metering.CodeNotSent || e.Tokens.Total() != 0 || !e.Last {
				t.Errorf("got %+v", e)
			}
		})
	}
}
