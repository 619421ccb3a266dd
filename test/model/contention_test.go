package model

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/aiwoochat/woochat/adapters/decorated"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// retries are those that a server process has.
func retries() decorated.RetryConfig {
	return decorated.RetryConfig{Tries: 6, Base: 20 * time.Millisecond, Max: 500 * time.Millisecond}
}

// TestContentionOnPostgres has two processes do everything to the same
// reservations at once. However they meet, each call is answered as the contract
// says, and the sums are right in the end.
func TestContentionOnPostgres(t *testing.T) {
	d := newDatabase(t)
	a, b := openPostgres(t, direct(d), porttest.NewID), openPostgres(t, direct(d), porttest.NewID)
	seed, begun := firstSeed(t), time.Now()
	var calls, raw atomic.Int64
	for round := range size(4, 60) {
		scopes := makeSites(t, a.Accounts(), 3)
		ids := make([]usage.ReservationID, 24)
		for i := range ids {
			ids[i] = usage.ReservationID(usage.ReservationPrefix + porttest.NewID())
		}
		var all sync.WaitGroup
		for n := range 16 {
			l := []ledger{a.Ledger(), b.Ledger()}[n%2]
			all.Go(func() {
				r := rand.New(rand.NewPCG(seed, uint64(round*100+n)))
				for range 40 {
					i := r.IntN(len(ids))
					if err := meddle(t.Context(), r, counting{l, &raw}, scopes[i%len(scopes)], ids[i], i); err != "" {
						t.Errorf("WOOCHAT_SEED=%d: %s", seed, err)
						return
					}
					calls.Add(1)
				}
			})
		}
		all.Wait()
		must(t, sweepAll(t.Context(), a.Ledger()))
		for _, s := range scopes {
			wantSums(t, b.Ledger(), s)
		}
		if t.Failed() {
			break
		}
	}
	t.Logf("%d calls in %v, %d answered by ErrUnavailable at first", calls.Load(), time.Since(begun).Round(time.Millisecond), raw.Load())
}

// counting counts what a ledger could not do at once.
type counting struct {
	ledger

	unavailable *atomic.Int64
}

func (c counting) around(ctx context.Context, _ decorated.Call, do func(context.Context) error) error {
	err := do(ctx)
	if err != nil && class(err) == class(ports.ErrUnavailable) {
		c.unavailable.Add(1)
	}
	return err
}

// meddle does one thing to a reservation, and says what was wrong with the
// answer.
func meddle(ctx context.Context, r *rand.Rand, c counting, s tenant.Scope, id usage.ReservationID, i int) string {
	l := decorated.RetryLedger(decorated.Ledger(c.ledger, c.around), retries(), retries())
	cp := decorated.RetryCheckpointer(decorated.Checkpointer(c.ledger, c.around), retries())
	no := 1 + r.IntN(3)
	call := usage.Call{No: no, Kind: usage.Chat, Model: "model-1", PromptTokens: 10, MaxOutput: 20, Price: price(), At: start()}
	var err error
	var may []error
	what := []string{"reserve", "dispatch", "checkpoint", "settle", "settle", "release", "sweep"}[r.IntN(7)]
	switch what {
	case "reserve":
		err = l.Reserve(ctx, s, usage.Hold{
			ID: id, Day: usage.DayOf(start().AddDate(0, 0, i%2), time.UTC), Want: usage.Amounts{ChatRequests: 1, ChatTokens: 100, Cost: usage.USD},
			Limits: usage.Limits{ChatRequests: 4, ChatTokens: 350, EmbeddingTokens: 0, Cost: usage.Unlimited},
			Admit:  start(), Expires: start().Add(time.Minute), ResetAt: start().Add(time.Hour),
		})
		may = []error{usage.ErrLimitExceeded}
	case "dispatch":
		err = cp.Dispatch(ctx, s, id, call, usage.Amounts{ChatRequests: 1, ChatTokens: 30, Cost: usage.USD / 2})
		may = []error{ports.ErrNotFound, usage.ErrClosed, usage.ErrOverHold}
	case "checkpoint":
		err = decorated.Checkpointer(cp, decorated.Retry(retries())).Checkpoint(ctx, []ports.Checkpoint{{Scope: s, Reservation: id, CallNo: no, Output: r.Int64N(20)}})
	case "settle":
		tokens := chat.Tokens{Input: 10, Output: r.Int64N(40), CountedBy: chat.ByProvider}
		err = l.Settle(ctx, s, id, usage.Event{
			ID: usage.EventID(usage.EventPrefix + porttest.NewID()), CallNo: no, Kind: usage.Chat, Model: "model-1", Tokens: tokens,
			Cost: price().Cost(tokens), PriceVersion: "1", Success: true, At: start(), Last: r.IntN(3) == 0,
		})
		may = []error{ports.ErrNotFound, usage.ErrClosed}
	case "release":
		err = l.Release(ctx, s, id)
		may = []error{usage.ErrDispatched}
	case "sweep":
		_, err = decorated.Sweeper(c.ledger, decorated.Retry(retries()), c.around).Sweep(ctx, start().Add(time.Hour), 1+r.IntN(4))
	}
	if err == nil {
		return ""
	}
	for _, known := range may {
		if errors.Is(err, known) {
			return ""
		}
	}
	return fmt.Sprintf("%s: %v", what, err)
}

// wantSums fails unless events and adjustments add up to what the days say, and
// nothing is held or beyond the limits of meddle but what the events flag.
func wantSums(t *testing.T, l ledger, s tenant.Scope) {
	t.Helper()
	first, last := usage.DayOf(start(), time.UTC), usage.DayOf(start().AddDate(0, 0, 1), time.UTC)
	days, err := l.Days(t.Context(), s, first, last)
	must(t, err)
	events, err := l.Events(t.Context(), s, first, last, "", 100_000)
	must(t, err)
	adjustments, err := l.Adjustments(t.Context(), s, first, last)
	must(t, err)
	for _, d := range days {
		var sum usage.Amounts
		for _, e := range events {
			if e.Day == d.Day {
				sum = sum.Plus(e.Spent())
			}
		}
		for _, a := range adjustments {
			if a.Day == d.Day {
				sum = sum.Plus(a.Delta)
			}
		}
		if sum != d.Used || d.Held != (usage.Amounts{}) {
			t.Errorf("%s: used are %+v and held %+v; events and adjustments are %+v", d.Day, d.Used, d.Held, sum)
		}
	}
}

// TestDeadlockIsRetried plants a deadlock's error, a serialization failure and a
// lock timeout, which changed nothing: they are ErrUnavailable, and repeated.
func TestDeadlockIsRetried(t *testing.T) {
	d := newDatabase(t)
	db, super := openPostgres(t, direct(d), porttest.NewID), connect(t, d)
	for _, q := range []string{
		// The first tries of whoever reserves meet these codes, and then none.
		`create sequence public.tries`,
		`create function public.obstruct() returns trigger language plpgsql security definer set search_path = '' as $$
		declare v_try bigint := nextval('public.tries');
		begin
			if v_try = 1 then raise exception 'planted' using errcode = '40P01';
			elsif v_try = 2 then raise exception 'planted' using errcode = '40001';
			elsif v_try = 3 then raise exception 'planted' using errcode = '55P03';
			end if;
			return new;
		end $$`,
		`create trigger obstruct before insert on public.usage_reservations for each row execute function public.obstruct()`,
	} {
		_, err := super.ExecContext(t.Context(), q)
		must(t, err)
	}
	s := makeSites(t, db.Accounts(), 1)[0]
	hold := usage.Hold{
		ID: usage.ReservationID(usage.ReservationPrefix + porttest.NewID()), Day: usage.DayOf(start(), time.UTC),
		Want: usage.Amounts{ChatRequests: 1}, Limits: usage.NoLimits(), Admit: start(), Expires: start().Add(time.Minute),
	}
	for _, code := range []pqerror.Code{pqerror.TRDeadlockDetected, pqerror.TRSerializationFailure} {
		err := db.Ledger().Reserve(t.Context(), s, hold)
		server, ok := errors.AsType[*pq.Error](err)
		if class(err) != class(ports.ErrUnavailable) || !ok || server.Code != code {
			t.Errorf("%s: got %v, want ErrUnavailable for it", code, err)
		}
	}
	l := decorated.RetryLedger(db.Ledger(), retries(), retries())
	must(t, l.Reserve(t.Context(), s, hold)) // the third try fails, the fourth does it
	days, err := db.Ledger().Days(t.Context(), s, hold.Day, hold.Day)
	must(t, err)
	if days[0].Held != hold.Want {
		t.Errorf("held are %+v, want %+v once", days[0].Held, hold.Want)
	}
}
