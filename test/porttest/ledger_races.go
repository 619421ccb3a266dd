package porttest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// crowd callers come at once in each round of a race.
const crowd = 16

// ledgerRaces are what concurrent callers may and may not see.
var ledgerRaces = []contractCase[*usageFixture]{
	{"no overshoot", "concurrent Reserves never hold more than a limit together, on any meter", func(f *usageFixture) {
		meters := []usage.Amounts{{ChatTokens: 10}, {ChatRequests: 10}, {EmbeddingTokens: 10}, {Cost: 10}}
		limits := usage.Limits{ChatTokens: 50, ChatRequests: 50, EmbeddingTokens: 50, Cost: 50}
		// Many rounds: one alone misses a check that is apart from its hold by
		// less than a microsecond.
		for round := range 80 {
			var admitted atomic.Int64
			day := usage.Day(fmt.Sprintf("2026-%02d-%02d", 1+round/28, 1+round%28))
			together(crowd, func(int) {
				h := f.holdOf(meters[round%len(meters)], limits)
				h.Day = day
				switch err := f.Reserve(f.Context(), f.a, h); {
				case err == nil:
					admitted.Add(1)
				case !errors.Is(err, usage.ErrLimitExceeded):
					f.Errorf("Reserve: %v", err)
				}
			})
			if n := admitted.Load(); n != 5 {
				f.Fatalf("round %d: %d of %d Reserves of 10 were admitted, want 5 of limit 50", round, n, crowd)
			}
			if held := f.totals(f.a, day).Held; held.ChatTokens+held.ChatRequests+held.EmbeddingTokens+int64(held.Cost) != 50 {
				f.Fatalf("round %d: %+v is held, want 50", round, held)
			}
		}
	}},
	{"reserve together", "concurrent Reserves of one id hold once", func(f *usageFixture) {
		for range 20 {
			s := f.NewScope(f.T)
			h := f.hold(10, 1000)
			together(crowd, func(int) { wantErr(f.T, "Reserve", f.Reserve(f.Context(), s, h), nil) })
			f.wantDay(s, 0, 10)
		}
	}},
	{"settle together", "concurrent Settles of one call record it once", func(f *usageFixture) {
		for range 20 {
			s := f.NewScope(f.T)
			id := f.reserve(s, f.hold(100, 100))
			together(crowd, func(int) { wantErr(f.T, "Settle", f.Settle(f.Context(), s, id, f.event(1, 20, 10)), nil) })
			f.wantDay(s, 30, 0)
			if n := len(f.events(s)); n != 1 {
				f.Fatalf("there are %d events of one call", n)
			}
		}
	}},
	{"settle or release", "of a concurrent Settle and Release one wins, and the totals are true either way", func(f *usageFixture) {
		for range 20 {
			s := f.NewScope(f.T)
			id := f.reserve(s, f.hold(100, 100))
			together(crowd, func(i int) {
				if i%2 == 0 {
					if err := f.Release(f.Context(), s, id); err != nil && !errors.Is(err, ports.ErrConflict) {
						f.Errorf("Release: %v", err)
					}
				} else if err := f.Settle(f.Context(), s, id, f.event(1, 20, 10)); err != nil && !errors.Is(err, ports.ErrConflict) {
					f.Errorf("Settle: %v", err)
				}
			})
			f.wantDay(s, int64(len(f.events(s)))*30, 0)
			f.wantSums(s)
		}
	}},
	{"busy day", "while many reserve, dispatch, settle and release on two sites, used + held stays within each limit and the sums are true", func(f *usageFixture) {
		const limit = 600
		together(crowd, func(i int) {
			for range 6 {
				s := [...]tenant.Scope{f.a, f.b}[i%2]
				h := f.hold(100, limit)
				if err := f.Reserve(f.Context(), s, h); err != nil {
					if !errors.Is(err, usage.ErrLimitExceeded) {
						f.Errorf("Reserve: %v", err)
					}
					continue
				}
				if got := f.totals(s, h.Day).Admitted().ChatTokens; got > limit {
					f.Errorf("%d chat tokens are used and held, the limit is %d", got, limit)
				}
				if i%5 == 0 {
					wantErr(f.T, "Release", f.Release(f.Context(), s, h.ID), nil)
					continue
				}
				wantErr(f.T, "Dispatch", f.Dispatch(f.Context(), s, h.ID, f.call(1, 50, 20), usage.Amounts{}), nil)
				wantErr(f.T, "Settle", f.Settle(f.Context(), s, h.ID, f.event(1, 50, int64(i))), nil)
			}
		})
		for _, s := range []tenant.Scope{f.a, f.b} {
			if got := f.totals(s, f.today()); got.Held != (usage.Amounts{}) || got.Used.ChatTokens > limit || got.Used.ChatTokens == 0 {
				f.Errorf("at the end of the day: %+v", got)
			}
			f.wantSums(s)
		}
	}},
}

// TwoHundredAgainstTen checks on an empty store what the whole system promises
// for its chat route: of 200 requests at once against room for 10, exactly 10
// are admitted, each of the others is told that the limit is reached, and the
// totals are those of the 10.
func TwoHundredAgainstTen(t *testing.T, open OpenUsage) {
	t.Helper()
	f := openUsage(open)(t)
	limits := usage.NoLimits()
	limits.ChatRequests = 10
	var admitted, refused atomic.Int64
	together(200, func(int) {
		h := f.holdOf(chatAmounts(1, 1000), limits)
		err := f.Reserve(f.Context(), f.a, h)
		var over *usage.LimitError
		switch {
		case errors.As(err, &over):
			refused.Add(1)
			if len(over.Exceeded) != 1 || over.Exceeded[0] != usage.ChatRequests || over.Current.ChatRequests != 10 {
				t.Errorf("a refusal says %+v, want 10 of 10 chat requests", over)
			}
		case err != nil:
			t.Errorf("Reserve: %v", err)
		default:
			admitted.Add(1)
			wantErr(t, "Dispatch", f.Dispatch(f.Context(), f.a, h.ID, f.call(1, 800, 200), usage.Amounts{}), nil)
			wantErr(t, "Settle", f.Settle(f.Context(), f.a, h.ID, f.event(1, 700, 100)), nil)
		}
	})
	if admitted.Load() != 10 || refused.Load() != 190 {
		t.Errorf("%d were admitted and %d refused, want 10 and 190", admitted.Load(), refused.Load())
	}
	got := f.totals(f.a, f.today())
	if got.Used.ChatRequests != 10 || got.Used.ChatTokens != 8000 || got.Held != (usage.Amounts{}) {
		t.Errorf("the day has %+v, want 10 requests, 8000 chat tokens and nothing held", got)
	}
	if n := len(f.events(f.a)); n != 10 {
		t.Errorf("there are %d events, want 10", n)
	}
	f.wantSums(f.a)
}
