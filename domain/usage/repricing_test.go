package usage_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/usage"
)

func TestCheckRepricings(t *testing.T) {
	good := usage.Repricing{Event: "evt_1", PriceVersion: "v1", Cost: 1, At: time.Unix(1, 0)}
	with := func(change func(*usage.Repricing)) []usage.Repricing {
		r := good
		change(&r)
		return []usage.Repricing{r}
	}
	many := make([]usage.Repricing, usage.MaxRepricings+1)
	for i := range many {
		many[i] = good
		many[i].Event = usage.EventID(fmt.Sprint("evt_", i))
	}
	other := good
	other.PriceVersion = "v2"
	for name, rs := range map[string][]usage.Repricing{
		"none": nil, "free": with(func(r *usage.Repricing) { r.Cost = 0 }), "two versions": {good, other}, "a full step": many[1:],
	} {
		if err := usage.CheckRepricings(rs); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, rs := range map[string][]usage.Repricing{
		"no event": with(func(r *usage.Repricing) { r.Event = "" }), "no version": with(func(r *usage.Repricing) { r.PriceVersion = "" }),
		"a negative cost": with(func(r *usage.Repricing) { r.Cost = -1 }), "no time": with(func(r *usage.Repricing) { r.At = time.Time{} }),
		"twice": {good, good}, "too many": many,
	} {
		if err := usage.CheckRepricings(rs); !errors.Is(err, usage.ErrBadRepricing) {
			t.Errorf("%s: got %v, want ErrBadRepricing", name, err)
		}
	}
}

func TestBilled(t *testing.T) {
	e := usage.Event{Tokens: chat.Tokens{Input: 100, Cached: 80, Output: 10, Reasoning: 9, CountedBy: chat.ByBound}, Cost: 50}
	for _, c := range []struct {
		name string
		a    *usage.Adjustment
		want chat.Tokens
		cost usage.NanoUSD
	}{
		{"as recorded", nil, e.Tokens, 50},
		{"more", &usage.Adjustment{Prompt: 5, Completion: 20, Delta: usage.Amounts{Cost: 7}}, chat.Tokens{Input: 105, Cached: 80, Output: 30, Reasoning: 9, CountedBy: chat.ByBound}, 57},
		{"less", &usage.Adjustment{Prompt: -50, Completion: -4, Delta: usage.Amounts{Cost: -30}}, chat.Tokens{Input: 50, Cached: 50, Output: 6, Reasoning: 6, CountedBy: chat.ByBound}, 20},
		{"less than nothing", &usage.Adjustment{Prompt: -500, Completion: -40, Delta: usage.Amounts{Cost: -50}}, chat.Tokens{CountedBy: chat.ByBound}, 0},
	} {
		got, cost := e.Billed(c.a)
		if got != c.want || cost != c.cost || !got.Valid() {
			t.Errorf("%s: %+v, %s, want %+v, %s", c.name, got, cost, c.want, c.cost)
		}
	}
}

func ExampleEvent_Billed() {
	e := usage.Event{Tokens: chat.Tokens{Input: 1_000}, Cost: 150_000}
	tokens, billed := e.Billed(nil)
	now := usage.Price{Input: usage.USD / 10, CachedInput: usage.USD / 10}
	fmt.Println("billed", billed, "USD; at today's price", now.Cost(tokens), "USD")
	// Output: billed 0.00015 USD; at today's price 0.0001 USD
}
