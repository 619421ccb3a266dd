package model

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/porttest"
)

// TestOvershootOnPostgres has 400 clients of two processes reserve, spend and
// give back at once on one site, while a reader looks: at no moment is more used
// and held than the limit, not by one unit, and no room is left unused.
func TestOvershootOnPostgres(t *testing.T) {
	d := newDatabase(t)
	a, b := openPostgres(t, direct(d), porttest.NewID), openPostgres(t, direct(d), porttest.NewID)
	seed, begun := firstSeed(t), time.Now()
	var looks, admitted, refused int64
	repeats := size(2, 50)
	for n := range repeats {
		r := rand.New(rand.NewPCG(seed+uint64(n), 5))
		limits := usage.Limits{
			ChatTokens: usage.Limit(20_000 + r.Int64N(100_000)), ChatRequests: usage.Limit(50 + r.Int64N(200)), EmbeddingTokens: usage.Limit(5_000), Cost: usage.Unlimited,
		}
		s := makeSites(t, a.Accounts(), 1)[0]
		var in, out atomic.Int64
		seen := watchLimit(t, b.Ledger(), s, limits, func() {
			var all sync.WaitGroup
			for client := range 400 {
				l, r := []*postgres.DB{a, b}[client%2].Ledger(), rand.New(rand.NewPCG(seed+uint64(n), uint64(100+client)))
				all.Go(func() {
					switch err := spend(t.Context(), r, l, s, limits); {
					case err == nil:
						in.Add(1)
					case errors.Is(err, usage.ErrLimitExceeded):
						out.Add(1)
					default:
						t.Errorf("WOOCHAT_SEED=%d: %v", seed+uint64(n), err)
					}
				})
			}
			all.Wait()
		})
		looks, admitted, refused = looks+seen, admitted+in.Load(), refused+out.Load()
		wantSums(t, a.Ledger(), s)
		if in.Load()+out.Load() != 400 || out.Load() == 0 {
			t.Errorf("%d admitted, %d refused, %d looks", in.Load(), out.Load(), seen)
		}
	}
	if looks < int64(4*repeats) {
		t.Errorf("the reader looked only %d times", looks)
	}
	t.Logf("%d times 400 clients: %d admitted, %d refused, 0 units over in %d looks, in %v", repeats, admitted, refused, looks, time.Since(begun).Round(time.Millisecond))
}

// spend is one client: a hold of some size, a call that takes no more than it,
// or a change of mind.
func spend(ctx context.Context, r *rand.Rand, l ledger, s tenant.Scope, limits usage.Limits) error {
	id := usage.ReservationID(usage.ReservationPrefix + porttest.NewID())
	input, output := 1+r.Int64N(1500), 1+r.Int64N(600)
	call := usage.Call{No: 1, Kind: usage.Chat, Model: "model-1", ChatRequests: 1, PromptTokens: input, MaxOutput: output, Price: price(), At: start()}
	want := call.Bound()
	if r.IntN(4) == 0 {
		want.EmbeddingTokens = r.Int64N(300)
	}
	if err := l.Reserve(ctx, s, usage.Hold{
		ID: id, Day: usage.DayOf(start(), time.UTC), Want: want, Limits: limits, Admit: start(), Expires: start().Add(time.Minute), ResetAt: start().Add(time.Hour),
	}); err != nil {
		return err
	}
	if r.IntN(8) == 0 {
		return l.Release(ctx, s, id)
	}
	if err := l.Dispatch(ctx, s, id, call, usage.Amounts{}); err != nil {
		return err
	}
	tokens := chat.Tokens{Input: input, Output: r.Int64N(output + 1), CountedBy: chat.ByProvider}
	return l.Settle(ctx, s, id, usage.Event{
		ID: usage.EventID(usage.EventPrefix + porttest.NewID()), CallNo: 1, Kind: usage.Chat, Model: "model-1", ChatRequests: 1, Tokens: tokens,
		Cost: price().Cost(tokens), PriceVersion: "1", Success: true, At: start(), Last: true,
	})
}

// watchLimit looks at the day as often as it can while do runs, and once more; it
// returns how often it looked.
func watchLimit(t *testing.T, l ledger, s tenant.Scope, limits usage.Limits, do func()) int64 {
	t.Helper()
	looks := int64(0)
	look := func() {
		days, err := l.Days(t.Context(), s, usage.DayOf(start(), time.UTC), usage.DayOf(start(), time.UTC))
		if err != nil {
			t.Errorf("Days: %v", err)
			return
		}
		looks++
		over := func(has int64, most usage.Limit) bool { return most != usage.Unlimited && has > int64(most) }
		if got := days[0].Admitted(); over(got.ChatTokens, limits.ChatTokens) || over(got.ChatRequests, limits.ChatRequests) || over(got.EmbeddingTokens, limits.EmbeddingTokens) {
			t.Errorf("used and held are %+v, the limits %+v", got, limits)
		}
	}
	done, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		for {
			select {
			case <-done:
				return
			default:
				look()
			}
		}
	}()
	do()
	close(done)
	<-watched
	look()
	return looks
}

// words is a tokenizer that takes each word for a token, and knows it.
type words struct{}

func (words) Count(_, text string) (int64, bool) { return int64(len(strings.Fields(text))), true }

// TestUtilisationOnPostgres spends a limit of 1,000,000 tokens by metered calls,
// 8 at a time: 95 % of it are used before the first refusal.
func TestUtilisationOnPostgres(t *testing.T) {
	const limit, atOnce, maxTokens = 1_000_000, 8, 600
	d := newDatabase(t)
	db, begun := openPostgres(t, direct(d), porttest.NewID), time.Now()
	seed := firstSeed(t)
	s := makeSites(t, db.Accounts(), 1)[0]
	limits := usage.Limits{ChatTokens: limit, ChatRequests: usage.Unlimited, EmbeddingTokens: usage.Unlimited, Cost: usage.Unlimited}
	must(t, db.Licenses().PutLicense(t.Context(), s, usage.License{Plan: "test", Status: usage.Active, Limits: limits}))
	l := db.Ledger()
	meter, err := metering.New(metering.Deps{
		Ledger: l, Checkpointer: l, Sweeper: l, Usage: l, Licenses: db.Licenses(), Sites: db.Accounts(), Prices: memory.NewPrices(price()),
		Tokenizer: words{}, Now: start, NewID: porttest.NewID, CallTimeout: time.Minute,
	})
	must(t, err)
	var calls, used atomic.Int64
	model := memory.NewModelFunc(func(_ context.Context, p chat.Prompt) (string, error) {
		calls.Add(1)
		// As long as the question's first letter says: from 100 to 300 words.
		return strings.Repeat("word ", 100+int(p.Messages[0].Text[0]-'!')*200/89), nil
	})
	day := usage.DayOf(start(), time.UTC)
	seen := watchLimit(t, l, s, limits, func() {
		var refused atomic.Bool
		var all sync.WaitGroup
		for client := range atOnce {
			r := rand.New(rand.NewPCG(seed, uint64(client)))
			all.Go(func() {
				for !refused.Load() {
					text := strings.Repeat(fmt.Sprintf("%c ", '!'+r.IntN(90)), 1000+r.IntN(1001))
					_, err := metering.Metered(meter, s, model).Complete(t.Context(), chat.Prompt{
						Model: "model-1", MaxTokens: maxTokens, Messages: []chat.Message{{Speaker: chat.Shopper, Text: text}},
					}, nil)
					switch {
					case errors.Is(err, usage.ErrLimitExceeded):
						if !refused.Swap(true) {
							var over *usage.LimitError
							errors.As(err, &over)
							used.Store(over.Current.ChatTokens)
						}
					case err != nil:
						t.Errorf("WOOCHAT_SEED=%d: %v", seed, err)
						return
					}
				}
			})
		}
		all.Wait()
	})
	days, err := l.Days(t.Context(), s, day, day)
	must(t, err)
	share := float64(days[0].Used.ChatTokens) / limit
	if share < 0.95 || days[0].Held != (usage.Amounts{}) {
		t.Errorf("%.1f %% of the limit was used before the first refusal, %+v", 100*share, days[0])
	}
	t.Logf("%d calls used %d tokens, %.1f %% of the limit; at the first refusal %d were used and held; %d looks, in %v",
		calls.Load(), days[0].Used.ChatTokens, 100*share, used.Load(), seen, time.Since(begun).Round(time.Millisecond))
}
