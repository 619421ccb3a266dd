package usage

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/aiwoochat/woochat/domain/chat"
)

// NanoUSD is money in billionths of a US dollar. It is never a float.
type NanoUSD int64

// USD is one US dollar.
const USD NanoUSD = 1_000_000_000

// ErrBadAmount is matched by the errors of ParseUSD.
var ErrBadAmount = errors.New("not an amount in USD")

// ParseUSD reads a decimal number of dollars, such as "2.50", exactly. More
// than nine decimals, signs and exponents are errors.
func ParseUSD(s string) (NanoUSD, error) {
	whole, frac, _ := strings.Cut(s, ".")
	digits := whole + frac
	if digits == "" || strings.Trim(digits, "0123456789") != "" || len(frac) > 9 {
		return 0, fmt.Errorf("%w: %q: want digits with at most nine decimals, such as 2.50", ErrBadAmount, s)
	}
	n, err := strconv.ParseInt(digits+strings.Repeat("0", 9-len(frac)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %q is out of range", ErrBadAmount, s)
	}
	return NanoUSD(n), nil
}

// String returns n as dollars with as many decimals as it has, two at least.
func (n NanoUSD) String() string {
	sign, u := "", uint64(n)
	if n < 0 {
		sign, u = "-", -u
	}
	frac := strings.TrimRight(fmt.Sprintf("%09d", u%uint64(USD)), "0")
	for len(frac) < 2 {
		frac += "0"
	}
	return sign + strconv.FormatUint(u/uint64(USD), 10) + "." + frac
}

// Price is what a model costs, in nano-USD for a million tokens, so that every
// published price is a whole number.
type Price struct {
	Model       string
	Version     string // of the price table
	Input       NanoUSD
	CachedInput NanoUSD // for the part of the input that the provider had cached
	Output      NanoUSD // 0 for an embedding model
	// Unpriced marks a price of nothing that stands for "not known": a server
	// of the operator's own.
	Unpriced bool
	// Local marks a model of our own that runs in this process: it costs
	// nothing and uses no tokens; only the request counts.
	Local bool
}

// MaxPrice is more than any model costs for a million tokens. Up to it, what a
// call of chat.MaxTokensPerCall costs is far from an overflow.
const MaxPrice = 5_000 * USD

// ErrBadPrice is matched by the errors of Price.Valid.
var ErrBadPrice = errors.New("not a price")

// Valid returns an error that matches ErrBadPrice unless each part of p is from
// 0 to MaxPrice.
func (p Price) Valid() error {
	for _, part := range [...]struct {
		name string
		n    NanoUSD
	}{{"input", p.Input}, {"cached input", p.CachedInput}, {"output", p.Output}} {
		if part.n < 0 || part.n > MaxPrice {
			return fmt.Errorf("%w: %s costs %s USD for a million tokens: want 0 to %s", ErrBadPrice, part.name, part.n, MaxPrice)
		}
	}
	return nil
}

// Cost returns what t costs at p, rounded half up to the nano-USD once for the
// whole call. Reasoning tokens are a part of the output and cost the same.
// Counts that chat.Tokens.Valid refuses cost as if Cached were 0.
func (p Price) Cost(t chat.Tokens) NanoUSD {
	cached := t.Cached
	if !t.Valid() {
		cached = 0
	}
	return perMillion(false, term{t.Input - cached, p.Input}, term{cached, p.CachedInput}, term{t.Output, p.Output})
}

// Bound returns the most that input and output tokens can cost at p, rounded
// up. No Cost of as many tokens or fewer is above it.
func (p Price) Bound(input, output int64) NanoUSD {
	return perMillion(true, term{input, max(p.Input, p.CachedInput)}, term{output, p.Output})
}

type term struct {
	tokens int64
	price  NanoUSD
}

// perMillion sums tokens*price/1e6 exactly in 128 bits; what does not fit an
// int64 is the largest amount there is, so that a limit refuses it.
func perMillion(up bool, terms ...term) NanoUSD {
	const million = 1_000_000
	var hi, lo uint64
	for _, t := range terms {
		if t.tokens <= 0 || t.price <= 0 {
			continue
		}
		h, l := bits.Mul64(uint64(t.tokens), uint64(t.price))
		var carry uint64
		lo, carry = bits.Add64(lo, l, 0)
		hi, carry = bits.Add64(hi, h, carry)
		if carry != 0 {
			return math.MaxInt64
		}
	}
	round := uint64(million / 2)
	if up {
		round = million - 1
	}
	lo, carry := bits.Add64(lo, round, 0)
	hi += carry
	if hi >= million {
		return math.MaxInt64
	}
	q, _ := bits.Div64(hi, lo, million)
	if q > math.MaxInt64 {
		return math.MaxInt64
	}
	return NanoUSD(q)
}
