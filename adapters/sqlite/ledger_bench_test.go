package sqlite

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/porttest"
)

// BenchmarkMessages is what a chat message costs the ledger: Reserve, Dispatch
// and Settle, by one caller and by 200 at a time.
func BenchmarkMessages(b *testing.B) {
	for _, c := range []struct {
		name    string
		callers int
	}{{"1 caller", 1}, {"200 callers", 200}} {
		b.Run(c.name, func(b *testing.B) {
			db, err := Open(b.Context(), Config{Dir: b.TempDir(), Now: time.Now, NewID: porttest.NewID})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			l, scope := db.Ledger(), makeSite(b, db)
			work := make(chan struct{})
			var wg sync.WaitGroup
			for range c.callers {
				wg.Go(func() {
					for range work {
						if err := message(b.Context(), l, scope); err != nil {
							b.Error(err)
						}
					}
				})
			}
			for b.Loop() {
				work <- struct{}{}
			}
			close(work)
			wg.Wait()
		})
	}
}

func message(ctx context.Context, l *Ledger, s tenant.Scope) error {
	now := time.Now()
	h := usage.Hold{
		ID: usage.ReservationID(usage.ReservationPrefix + porttest.NewID()), Day: "2026-11-23",
		Want: usage.Amounts{ChatRequests: 1, ChatTokens: 1000}, Limits: usage.NoLimits(), Admit: now, Expires: now.Add(time.Minute),
	}
	if err := l.Reserve(ctx, s, h); err != nil {
		return err
	}
	call := usage.Call{No: 1, Kind: usage.Chat, Model: "m", ChatRequests: 1, PromptTokens: 600, MaxOutput: 300, At: now}
	if err := l.Dispatch(ctx, s, h.ID, call, usage.Amounts{}); err != nil {
		return err
	}
	return l.Settle(ctx, s, h.ID, usage.Event{
		ID: usage.EventID(usage.EventPrefix + porttest.NewID()), CallNo: 1, Last: true, Kind: usage.Chat, Model: "m", ChatRequests: 1,
		Tokens: chat.Tokens{Input: 600, Output: 100, CountedBy: chat.ByProvider}, Success: true, At: now,
	})
}
