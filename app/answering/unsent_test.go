package answering_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// mute notes that a call is sent, and the reply to the first n is lost.
type mute struct {
	ports.Checkpointer
	n int
}

func (m *mute) Dispatch(ctx context.Context, s tenant.Scope, id usage.ReservationID, c usage.Call, rest usage.Amounts) error {
	err := m.Checkpointer.Dispatch(ctx, s, id, c, rest)
	if m.n--; err == nil && m.n >= 0 {
		err = ports.ErrUnavailable
	}
	return err
}

func losingDispatches(n int, fallback bool) func(*world) {
	return func(w *world) {
		if fallback {
			withFallback(w)
		}
		w.checkpointer = &mute{Checkpointer: w.stores.Ledger, n: n}
	}
}

// TestADispatchIsLost: the model is not asked by a call of which nobody knows
// whether it is noted; nothing is left to the sweep.
func TestADispatchIsLost(t *testing.T) {
	t.Run("without a fallback", func(t *testing.T) {
		inWorld(t, losingDispatches(1, false), func(w *world) {
			st := w.ask()
			var failed *answering.FailedError
			if end := last(w.all(st)); !errors.As(end.Err, &failed) || failed.Code != "UNAVAILABLE" {
				w.Errorf("ended with %+v", end)
			}
			if n := len(w.model.calls()); n != 0 {
				w.Errorf("the model was called %d times", n)
			}
			if e := w.settled(1)[0]; e.ErrorCode != metering.CodeNotSent || e.Success || e.Tokens.Total() != 0 || e.Message != st.Message() || e.ChatRequests != 1 {
				w.Errorf("settled as %+v", e)
			}
		})
	})
	t.Run("the fallback answers", func(t *testing.T) {
		inWorld(t, losingDispatches(1, true), func(w *world) {
			events := w.all(w.ask())
			if end := last(events); end.Finish != chat.Complete || end.Notice != chat.NoticeQuoted {
				w.Errorf("ended with %+v", end)
			}
			booked := w.settled(2)
			if booked[0].ErrorCode != metering.CodeNotSent || booked[0].ChatRequests != 0 || booked[1].ErrorCode != "" || booked[1].ChatRequests != 1 || booked[1].Model != "quotes" {
				w.Errorf("settled as %+v", booked)
			}
		})
	})
	t.Run("of the fallback, too", func(t *testing.T) {
		inWorld(t, losingDispatches(2, true), func(w *world) {
			if end := last(w.all(w.ask())); end.Err == nil {
				w.Errorf("ended with %+v", end)
			}
			booked := w.settled(2)
			if booked[0].ChatRequests != 0 || booked[1].ChatRequests != 1 || !booked[1].Last || booked[1].ErrorCode != metering.CodeNotSent {
				w.Errorf("settled as %+v", booked)
			}
		})
	})
}
