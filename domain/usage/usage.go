// Package usage decides what a site may spend and records what it has spent.
// Every decision about money is made here, by pure functions; the ledgers only
// keep what these decide.
package usage

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Amounts counts each meter. The zero Amounts is nothing.
type Amounts struct {
	ChatRequests      int64
	EmbeddingRequests int64 // counted, not limited
	ChatTokens        int64 // input + output tokens of chat and rerank calls
	EmbeddingTokens   int64
	Cost              NanoUSD
}

// Plus returns a+b. A sum that does not fit is the largest number there is, or
// the smallest, so that a limit refuses it: it never wraps around.
func (a Amounts) Plus(b Amounts) Amounts {
	return Amounts{
		plus(a.ChatRequests, b.ChatRequests), plus(a.EmbeddingRequests, b.EmbeddingRequests),
		plus(a.ChatTokens, b.ChatTokens), plus(a.EmbeddingTokens, b.EmbeddingTokens), plus(a.Cost, b.Cost),
	}
}

func plus[N ~int64](a, b N) N {
	switch sum := a + b; {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	default:
		return sum
	}
}

// Minus returns a-b, which may be negative, and wraps around as little as Plus.
func (a Amounts) Minus(b Amounts) Amounts {
	return Amounts{
		minus(a.ChatRequests, b.ChatRequests), minus(a.EmbeddingRequests, b.EmbeddingRequests),
		minus(a.ChatTokens, b.ChatTokens), minus(a.EmbeddingTokens, b.EmbeddingTokens), minus(a.Cost, b.Cost),
	}
}

func minus[N ~int64](a, b N) N {
	if b == math.MinInt64 { // which has no positive counterpart
		return plus(plus(a, math.MaxInt64), 1)
	}
	return plus(a, -b)
}

// AtLeast returns the larger of a and b for each meter.
func (a Amounts) AtLeast(b Amounts) Amounts {
	return Amounts{
		max(a.ChatRequests, b.ChatRequests), max(a.EmbeddingRequests, b.EmbeddingRequests),
		max(a.ChatTokens, b.ChatTokens), max(a.EmbeddingTokens, b.EmbeddingTokens), max(a.Cost, b.Cost),
	}
}

// Within reports whether a is at most b for each meter.
func (a Amounts) Within(b Amounts) bool { return a.AtLeast(b) == b }

// IsNegative reports whether any meter of a is below zero.
func (a Amounts) IsNegative() bool { return a.AtLeast(Amounts{}) != a }

// largest is more than any meter sees in a day, and so small that thousands of
// such amounts can be added.
const largest = 1 << 50

// sane reports whether no meter of a is negative or larger than largest.
func (a Amounts) sane() bool {
	return !a.IsNegative() && a.Within(Amounts{largest, largest, largest, largest, largest})
}

// tokens returns the meter on which tokens of a call of kind k count.
func (a Amounts) tokens(k Kind) int64 {
	if k == Embedding {
		return a.EmbeddingTokens
	}
	return a.ChatTokens
}

// Meter names what is limited. The values are the keys of
// licenses.plan_limits and never change.
type Meter string

// Meters.
const (
	ChatTokens      Meter = "max_tokens_per_day"
	ChatRequests    Meter = "max_chat_requests_per_day"
	EmbeddingTokens Meter = "max_embedding_tokens_per_day"
	Cost            Meter = "max_cost_usd_per_day"
)

// Limit caps one meter for a day. The zero Limit admits nothing.
type Limit int64

// Unlimited is the Limit that admits everything. It must be asked for: a limit
// that is not known is never taken as unlimited.
const Unlimited Limit = -1

// Limits caps each meter for a day. The zero Limits admits nothing.
type Limits struct {
	ChatTokens      Limit
	ChatRequests    Limit
	EmbeddingTokens Limit
	Cost            Limit // in nano-USD
}

// NoLimits returns Limits that admit everything.
func NoLimits() Limits { return Limits{Unlimited, Unlimited, Unlimited, Unlimited} }

// ErrLimitExceeded is matched by every LimitError.
var ErrLimitExceeded = errors.New("daily usage limit reached")

// LimitError says which limits a request would have crossed. Nothing was held
// or spent.
type LimitError struct {
	Exceeded  []Meter // at least one
	Current   Amounts // used and held when the request came
	Requested Amounts
	Limits    Limits
	ResetAt   time.Time // when the site's next day begins
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("%v: %v: current %+v, requested %+v, limits %+v", ErrLimitExceeded, e.Exceeded, e.Current, e.Requested, e.Limits)
}

// Is reports whether target is ErrLimitExceeded.
func (e *LimitError) Is(target error) bool { return target == ErrLimitExceeded }

// Admit returns a *LimitError if want on top of current crosses a limit that
// want adds to: a chat message is not refused because embeddings are spent.
// Its ResetAt is left to the caller. A negative want is refused as ErrBadHold.
func (l Limits) Admit(current, want Amounts) error {
	if want.IsNegative() {
		return fmt.Errorf("%w: negative amounts %+v", ErrBadHold, want)
	}
	var over []Meter
	for _, c := range [...]struct {
		meter         Meter
		limit         Limit
		current, want int64
	}{
		{ChatTokens, l.ChatTokens, current.ChatTokens, want.ChatTokens},
		{ChatRequests, l.ChatRequests, current.ChatRequests, want.ChatRequests},
		{EmbeddingTokens, l.EmbeddingTokens, current.EmbeddingTokens, want.EmbeddingTokens},
		{Cost, l.Cost, int64(current.Cost), int64(want.Cost)},
	} {
		// The subtraction cannot overflow as the addition could.
		if c.want > 0 && c.limit != Unlimited && (c.current > int64(c.limit) || c.want > int64(c.limit)-c.current) {
			over = append(over, c.meter)
		}
	}
	if over != nil {
		return &LimitError{Exceeded: over, Current: current, Requested: want, Limits: l}
	}
	return nil
}

// Totals are a site's amounts for one day.
type Totals struct {
	Day              Day
	Used             Amounts // settled, adjustments included
	Held             Amounts // reserved and not yet settled, released or swept
	PromptTokens     int64   // input tokens in Used, of all kinds
	CompletionTokens int64   // output tokens in Used, of all kinds
}

// Admitted returns what counts against the limits: used and held.
func (t Totals) Admitted() Amounts { return t.Used.Plus(t.Held) }

// Bucket is a token bucket that smooths bursts; see Bucket.Take.
type Bucket struct {
	Key   string        // names the bucket within its site, such as visitor:vis_...
	Burst int64         // how much it holds when full
	Every time.Duration // how long it takes for one more
}

// RateError says when a bucket will have enough again.
type RateError struct {
	Bucket string
	Retry  time.Duration
}

func (e *RateError) Error() string {
	return fmt.Sprintf("too many requests: retry after %v", e.Retry)
}

// Take takes n from the bucket at the time now by the generic cell rate
// algorithm (ATM Forum, Traffic Management 4.0, 4.4.2): full is the stored
// time at which the bucket is full again, zero for a new bucket. It returns
// the time to store, or a *RateError and nothing is taken. The error matches
// ErrBadHold if n is not from 1 to b.Burst, or the bucket makes no sense.
func (b Bucket) Take(full, now time.Time, n int64) (time.Time, error) {
	if n < 1 || n > b.Burst || b.Every <= 0 || b.Every > math.MaxInt64/4/time.Duration(b.Burst) {
		return full, fmt.Errorf("%w: take %d of a bucket of %d", ErrBadHold, n, b.Burst)
	}
	if full.Before(now) {
		full = now
	}
	next := full.Add(time.Duration(n) * b.Every)
	if wait := next.Sub(now) - time.Duration(b.Burst)*b.Every; wait > 0 {
		return full, &RateError{Bucket: b.Key, Retry: wait}
	}
	return next, nil
}
