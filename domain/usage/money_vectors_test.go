package usage_test

import (
	"errors"
	"math"
	"math/big"
	"math/rand"
	"testing"
	"testing/quick"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/usage"
)

// What comparable systems have billed wrong, by their issues: the tokens and
// prices that were reported there, and the right cost. How each report is read
// is tested in adapters/openai.
func TestCostOfKnownBugs(t *testing.T) {
	price := func(input, cached, output string) usage.Price {
		return usage.Price{Input: usd(t, input), CachedInput: usd(t, cached), Output: usd(t, output)}
	}
	for _, c := range []struct {
		name   string
		price  usage.Price
		tokens chat.Tokens
		want   string
		not    string // what that bug makes of it
	}{
		{"litellm#6215: cached in full", price("2.50", "1.25", "10"), chat.Tokens{Input: 2006, Cached: 1920, Output: 300}, "0.005615", "0.008015"},
		// A cache that is filled costs more than input at some providers; that
		// price is what the table must have as input then.
		{"litellm#9812: written to the cache, twice", price("3.75", "0.30", "15"), chat.Tokens{Input: 12307, Output: 550}, "0.05440125", "0.091311"},
		{"litellm#14849: cached twice", price("1.25", "0.625", "10"), chat.Tokens{Input: 262960, Cached: 257955, Output: 1744}, "0.184918125", "0.7642"},
		{"litellm#11364: DeepSeek's hits in full", price("0.27", "0.07", "1.10"), chat.Tokens{Input: 100, Cached: 64, Output: 7}, "0.0000219", "0.0000347"},
		{"litellm#31714: cached in full", price("1.40", "0.26", "4.40"), chat.Tokens{Input: 27147, Cached: 27146, Output: 351}, "0.00860376", "0.0395502"},
		{"new-api#5003: negative, since more was cached than prompt", price("3", "0.30", "15"), chat.Tokens{Input: 12307, Cached: 12304, Output: 550}, "0.0119502", "-0.0249618"},
		{"new-api#1103: reasoning missing, 89.8 % of the output", price("0.30", "0.30", "2.50"), chat.Tokens{Input: 20, Output: 1000, Reasoning: 898}, "0.002506", "0.000261"},
		{"litellm#18599: reasoning left out", price("0.25", "0.025", "2"), chat.Tokens{Input: 5, Output: 600, Reasoning: 512}, "0.00120125", "0.00017725"},
		{"litellm#30488: reasoning twice", price("0.25", "0.025", "2"), chat.Tokens{Input: 32, Output: 103, Reasoning: 94}, "0.000214", "0.000402"},
		{"one-hub#795: reasoning missing", price("0.30", "0.30", "2.50"), chat.Tokens{Input: 9, Output: 1985, Reasoning: 1321}, "0.0049652", "0.0016627"},
		{"litellm#37992: no output, so the prompt alone", price("0.15", "0.075", "0.60"), chat.Tokens{Input: 30}, "0.0000045", "0.00"},
		{"new-api#2608: a cost below every whole quota", price("0.15", "0.075", "0.60"), chat.Tokens{Input: 1, Output: 1}, "0.00000075", "0.00"},
	} {
		got := c.price.Cost(c.tokens).String()
		if got != c.want || got == c.not {
			t.Errorf("%s: %+v cost %s, want %s", c.name, c.tokens, got, c.want)
		}
	}
}

// A cost is off by less than one nano-USD, rounded for a call and nowhere else:
// the sum of any number of calls is the sum of what was written for each.
func TestRoundingIsWithinOneNano(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	var sum usage.NanoUSD
	var day usage.Amounts
	for range 20_000 {
		tokens := chat.Tokens{Input: r.Int63n(200_000), Output: r.Int63n(20_000)}
		tokens.Cached, tokens.Reasoning = r.Int63n(tokens.Input+1), r.Int63n(tokens.Output+1)
		p := usage.Price{Input: usage.NanoUSD(r.Int63n(int64(usage.USD))), Output: usage.NanoUSD(r.Int63n(int64(10 * usage.USD)))}
		p.CachedInput = usage.NanoUSD(r.Int63n(int64(p.Input) + 1))
		cost := p.Cost(tokens)
		exact := new(big.Rat)
		for _, part := range [][2]int64{{tokens.Input - tokens.Cached, int64(p.Input)}, {tokens.Cached, int64(p.CachedInput)}, {tokens.Output, int64(p.Output)}} {
			exact.Add(exact, big.NewRat(0, 1).SetFrac(new(big.Int).Mul(big.NewInt(part[0]), big.NewInt(part[1])), big.NewInt(1_000_000)))
		}
		off := new(big.Rat).Sub(exact, big.NewRat(int64(cost), 1))
		if off.Abs(off).Cmp(big.NewRat(1, 2)) > 0 {
			t.Fatalf("%+v at %+v cost %s, exactly %s nano-USD", tokens, p, cost, exact.FloatString(3))
		}
		sum += cost
		day = day.Plus(usage.Event{Kind: usage.Chat, Tokens: tokens, Cost: cost}.Spent())
	}
	if day.Cost != sum {
		t.Errorf("the day's cost is %s, the sum of its events %s", day.Cost, sum)
	}
}

// No count or price that is let in comes near what an int64 holds.
func TestNothingThatIsLetInOverflows(t *testing.T) {
	dearest := usage.Price{Input: usage.MaxPrice, CachedInput: usage.MaxPrice, Output: usage.MaxPrice}
	if err := dearest.Valid(); err != nil {
		t.Fatal(err)
	}
	call := usage.Call{No: 1, Kind: usage.Chat, Model: "m", PromptTokens: chat.MaxTokensPerCall, MaxOutput: chat.MaxTokensPerCall, Price: dearest}
	hold := usage.Hold{ID: "res_1", Day: "2026-11-23", Want: call.Bound()}
	hold.Expires = hold.Admit.Add(1)
	r, err := usage.NewReservation(hold)
	if err != nil {
		t.Fatalf("the dearest call that there can be is refused: %v", err)
	}
	if _, err := r.Dispatch(call, usage.Amounts{}); err != nil {
		t.Fatal(err)
	}
	tokens := chat.Tokens{Input: chat.MaxTokensPerCall, Output: chat.MaxTokensPerCall}
	e := usage.Event{ID: "evt_1", CallNo: 1, Last: true, Kind: usage.Chat, Tokens: tokens, Cost: dearest.Cost(tokens)}
	if eff, err := r.Settle(e); err != nil || eff.Used.Cost != 1_000_000*usage.USD {
		t.Errorf("cost %s, %v", eff.Used.Cost, err)
	}
	for _, p := range []usage.Price{{Input: -1}, {CachedInput: -1}, {Output: -1}, {Input: usage.MaxPrice + 1}, {CachedInput: math.MaxInt64}, {Output: usage.MaxPrice + 1}} {
		if err := p.Valid(); !errors.Is(err, usage.ErrBadPrice) {
			t.Errorf("%+v: got %v, want ErrBadPrice", p, err)
		}
	}
}

// Sums that do not fit stay at the border, so that a limit refuses what comes
// on top; they never become negative.
func TestSumsDoNotWrapAround(t *testing.T) {
	all := func(n int64) usage.Amounts { return usage.Amounts{n, n, n, n, usage.NanoUSD(n)} }
	if got := all(math.MaxInt64).Plus(all(1)); got != all(math.MaxInt64) {
		t.Errorf("got %+v", got)
	}
	if got := all(math.MinInt64).Plus(all(-1)); got != all(math.MinInt64) {
		t.Errorf("got %+v", got)
	}
	full := all(math.MaxInt64).Plus(all(math.MaxInt64))
	limits := usage.Limits{ChatTokens: math.MaxInt64, ChatRequests: math.MaxInt64, EmbeddingTokens: math.MaxInt64, Cost: math.MaxInt64}
	if err := limits.Admit(full, all(1)); !errors.Is(err, usage.ErrLimitExceeded) {
		t.Errorf("got %v, want ErrLimitExceeded", err)
	}
	if err := quick.Check(func(a, b int64) bool {
		want := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
		switch {
		case want.Cmp(big.NewInt(math.MaxInt64)) > 0:
			want.SetInt64(math.MaxInt64)
		case want.Cmp(big.NewInt(math.MinInt64)) < 0:
			want.SetInt64(math.MinInt64)
		}
		return all(a).Plus(all(b)) == all(want.Int64()) && (b == math.MinInt64 || all(a).Minus(all(-b)) == all(want.Int64()))
	}, nil); err != nil {
		t.Error(err)
	}
}
