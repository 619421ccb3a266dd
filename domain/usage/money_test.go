package usage_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"testing"
	"testing/quick"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/usage"
)

func usd(t *testing.T, s string) usage.NanoUSD {
	t.Helper()
	n, err := usage.ParseUSD(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Vectors worked out by hand, one for each way in which comparable systems have
// billed wrong.
func TestCostVectors(t *testing.T) {
	mini := usage.Price{Input: usd(t, "0.15"), CachedInput: usd(t, "0.075"), Output: usd(t, "0.60")}
	for _, c := range []struct {
		name   string
		price  usage.Price
		tokens chat.Tokens
		want   string
	}{
		{"nothing", mini, chat.Tokens{}, "0.00"},
		{"one input token", mini, chat.Tokens{Input: 1}, "0.00000015"},
		{"one output token", mini, chat.Tokens{Output: 1}, "0.0000006"},
		{"a turn", mini, chat.Tokens{Input: 1200, Output: 300}, "0.00036"},
		// 2,000 * 0.15 + 8,000 * 0.075 + 500 * 0.60, in millionths of a dollar.
		{"cached input at its own price, not twice and not in full", mini, chat.Tokens{Input: 10_000, Cached: 8_000, Output: 500}, "0.0012"},
		{"all cached", mini, chat.Tokens{Input: 10_000, Cached: 10_000}, "0.00075"},
		{"more cached than input never makes a cost negative", mini, chat.Tokens{Input: 100, Cached: 1_000_000}, "0.000015"},
		{"negative cached is as none", mini, chat.Tokens{Input: 100, Cached: -100}, "0.000015"},
		{"negative counts cost nothing", mini, chat.Tokens{Input: -5, Output: -5}, "0.00"},
		// 898 of 1,000 output tokens are reasoning, and are billed, once.
		{"reasoning is a part of the output", mini, chat.Tokens{Output: 1_000, Reasoning: 898}, "0.0006"},
		{"an embedding", usage.Price{Input: usd(t, "0.02")}, chat.Tokens{Input: 1}, "0.00000002"},
		{"a million embedding tokens", usage.Price{Input: usd(t, "0.02")}, chat.Tokens{Input: 1_000_000}, "0.02"},
		{"half a nano-dollar rounds up", usage.Price{Input: 500_000}, chat.Tokens{Input: 1}, "0.000000001"},
		{"less rounds down", usage.Price{Input: 499_999}, chat.Tokens{Input: 1}, "0.00"},
		{"rounded once for the call, not for each part", usage.Price{Input: 400_000, Output: 400_000}, chat.Tokens{Input: 1, Output: 1}, "0.000000001"},
		{"the largest call at a high price", usage.Price{Input: usd(t, "150"), Output: usd(t, "600")}, chat.Tokens{Input: chat.MaxTokensPerCall, Output: chat.MaxTokensPerCall}, "75000.00"},
		{"what does not fit is the largest amount", usage.Price{Input: math.MaxInt64, Output: math.MaxInt64}, chat.Tokens{Input: chat.MaxTokensPerCall, Output: chat.MaxTokensPerCall}, "9223372036.854775807"},
	} {
		if got := c.price.Cost(c.tokens).String(); got != c.want {
			t.Errorf("%s: %+v cost %s, want %s", c.name, c.tokens, got, c.want)
		}
	}
}

// A quota of whole cents, or of whole tokens of a base price, loses what small
// calls cost. Here the sum of a million of them is exact.
func TestSmallCallsAddUp(t *testing.T) {
	p := usage.Price{Input: usd(t, "0.02")}
	var sum usage.NanoUSD
	for range 1_000_000 {
		sum += p.Cost(chat.Tokens{Input: 1})
	}
	if sum != usd(t, "0.02") {
		t.Errorf("a million calls of one token cost %s, want 0.02", sum)
	}
}

func TestCostIsExact(t *testing.T) {
	check := func(in, cached, out uint32, pi, pc, po uint32) bool {
		tokens := chat.Tokens{Input: int64(in % (chat.MaxTokensPerCall + 1)), Output: int64(out % (chat.MaxTokensPerCall + 1))}
		tokens.Cached = int64(cached) % (tokens.Input + 1)
		p := usage.Price{Input: usage.NanoUSD(pi) * 64, CachedInput: usage.NanoUSD(pc) * 64, Output: usage.NanoUSD(po) * 64}
		sum := new(big.Int)
		for _, term := range [][2]int64{{tokens.Input - tokens.Cached, int64(p.Input)}, {tokens.Cached, int64(p.CachedInput)}, {tokens.Output, int64(p.Output)}} {
			sum.Add(sum, new(big.Int).Mul(big.NewInt(term[0]), big.NewInt(term[1])))
		}
		sum.Add(sum, big.NewInt(500_000)).Div(sum, big.NewInt(1_000_000))
		want := usage.NanoUSD(math.MaxInt64)
		if sum.IsInt64() {
			want = usage.NanoUSD(sum.Int64())
		}
		return p.Cost(tokens) == want
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 5000}); err != nil {
		t.Error(err)
	}
}

// What a call is held for is never less than what it can come to cost.
func TestNoCostIsAboveItsBound(t *testing.T) {
	check := func(prompt, maxOutput, in, cached, out uint32, pi, pc, po uint32) bool {
		bound := chat.Tokens{Input: int64(prompt) % 1_000_000, Output: int64(maxOutput) % 1_000_000}
		spent := chat.Tokens{Input: int64(in) % (bound.Input + 1), Output: int64(out) % (bound.Output + 1)}
		spent.Cached = int64(cached) % (spent.Input + 1)
		p := usage.Price{Input: usage.NanoUSD(pi), CachedInput: usage.NanoUSD(pc), Output: usage.NanoUSD(po)}
		return p.Cost(spent) <= p.Bound(bound.Input, bound.Output)
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 5000}); err != nil {
		t.Error(err)
	}
}

func TestParseUSD(t *testing.T) {
	for s, want := range map[string]usage.NanoUSD{
		"0": 0, "1": usage.USD, "2.50": 2_500_000_000, "0.000000001": 1, ".5": usage.USD / 2, "5.": 5 * usage.USD,
		"9223372036.854775807": math.MaxInt64, "007": 7 * usage.USD,
	} {
		if got, err := usage.ParseUSD(s); err != nil || got != want {
			t.Errorf("ParseUSD(%q) = %d, %v, want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", ".", "-1", "+1", "1e3", "1,5", "0x10", " 1", "1 ", "1.2.3", "0.0000000001", "9223372036.854775808", "99999999999999999999", "NaN", "١"} {
		if got, err := usage.ParseUSD(s); !errors.Is(err, usage.ErrBadAmount) {
			t.Errorf("ParseUSD(%q) = %d, %v, want ErrBadAmount", s, got, err)
		}
	}
	for n, want := range map[usage.NanoUSD]string{
		0: "0.00", 1: "0.000000001", usage.USD: "1.00", 2_500_000_000: "2.50", -1_230_000_000: "-1.23", math.MinInt64: "-9223372036.854775808",
	} {
		if got := n.String(); got != want {
			t.Errorf("%d is %q, want %q", int64(n), got, want)
		}
	}
	if err := quick.Check(func(n int64) bool {
		n &= math.MaxInt64
		got, err := usage.ParseUSD(usage.NanoUSD(n).String())
		return err == nil && got == usage.NanoUSD(n)
	}, nil); err != nil {
		t.Error(err)
	}
}

func FuzzParseUSD(f *testing.F) {
	f.Add("2.50")
	f.Add("0.000000001")
	f.Add("1..2")
	f.Fuzz(func(t *testing.T, s string) {
		n, err := usage.ParseUSD(s)
		if err != nil {
			return
		}
		if again, err := usage.ParseUSD(n.String()); n < 0 || err != nil || again != n {
			t.Errorf("%q is %d, which prints as %s and reads as %d, %v", s, n, n, again, err)
		}
	})
}

func ExamplePrice_Cost() {
	input, _ := usage.ParseUSD("0.15")
	cached, _ := usage.ParseUSD("0.075")
	output, _ := usage.ParseUSD("0.60")
	p := usage.Price{Model: "model-1", Input: input, CachedInput: cached, Output: output}
	fmt.Println(p.Cost(chat.Tokens{Input: 10_000, Cached: 8_000, Output: 500}), "USD")
	// Output: 0.0012 USD
}
