package usage_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand"
	"slices"
	"testing"
	"testing/quick"
	"time"

	"github.com/aiwoochat/woochat/domain/usage"
)

func TestAdmit(t *testing.T) {
	limits := usage.Limits{ChatTokens: 100, ChatRequests: 10, EmbeddingTokens: 50, Cost: 1000}
	for _, c := range []struct {
		name          string
		limits        usage.Limits
		current, want usage.Amounts
		exceeded      []usage.Meter
	}{
		{"fits", limits, usage.Amounts{ChatTokens: 40}, usage.Amounts{ChatTokens: 59, ChatRequests: 1}, nil},
		{"to the brim", limits, usage.Amounts{ChatTokens: 40}, usage.Amounts{ChatTokens: 60}, nil},
		{"one too many", limits, usage.Amounts{ChatTokens: 40}, usage.Amounts{ChatTokens: 61}, []usage.Meter{usage.ChatTokens}},
		{"requests", limits, usage.Amounts{ChatRequests: 10}, usage.Amounts{ChatRequests: 1, ChatTokens: 1}, []usage.Meter{usage.ChatRequests}},
		{"embeddings", limits, usage.Amounts{EmbeddingTokens: 50}, usage.Amounts{EmbeddingTokens: 1}, []usage.Meter{usage.EmbeddingTokens}},
		{"cost", limits, usage.Amounts{Cost: 999}, usage.Amounts{Cost: 2}, []usage.Meter{usage.Cost}},
		{"all of them", limits, usage.Amounts{}, usage.Amounts{ChatTokens: 101, ChatRequests: 11, EmbeddingTokens: 51, Cost: 1001}, []usage.Meter{usage.ChatTokens, usage.ChatRequests, usage.EmbeddingTokens, usage.Cost}},
		{"spent, but not asked for", limits, usage.Amounts{EmbeddingTokens: 500}, usage.Amounts{ChatTokens: 1}, nil},
		{"embedding requests are not limited", limits, usage.Amounts{EmbeddingRequests: math.MaxInt64}, usage.Amounts{EmbeddingRequests: 1}, nil},
		{"zero limits admit nothing", usage.Limits{}, usage.Amounts{}, usage.Amounts{ChatRequests: 1}, []usage.Meter{usage.ChatRequests}},
		{"nothing is always admitted", usage.Limits{}, usage.Amounts{ChatTokens: 5}, usage.Amounts{}, nil},
		{"no limits admit everything", usage.NoLimits(), usage.Amounts{ChatTokens: math.MaxInt64}, usage.Amounts{ChatTokens: math.MaxInt64}, nil},
		{"the sum may not overflow into room", usage.Limits{ChatTokens: math.MaxInt64}, usage.Amounts{ChatTokens: math.MaxInt64 - 1}, usage.Amounts{ChatTokens: 2}, []usage.Meter{usage.ChatTokens}},
		{"already over the limit", limits, usage.Amounts{ChatTokens: 101}, usage.Amounts{ChatTokens: 1}, []usage.Meter{usage.ChatTokens}},
	} {
		err := c.limits.Admit(c.current, c.want)
		var over *usage.LimitError
		switch {
		case c.exceeded == nil && err != nil:
			t.Errorf("%s: got %v", c.name, err)
		case c.exceeded != nil && (!errors.As(err, &over) || !errors.Is(err, usage.ErrLimitExceeded)):
			t.Errorf("%s: got %v, want a *LimitError", c.name, err)
		case c.exceeded != nil && (!slices.Equal(over.Exceeded, c.exceeded) || over.Current != c.current || over.Requested != c.want || over.Limits != c.limits):
			t.Errorf("%s: got %+v, want %v exceeded, and what was asked", c.name, over, c.exceeded)
		}
	}
	if err := limits.Admit(usage.Amounts{}, usage.Amounts{ChatTokens: -1}); !errors.Is(err, usage.ErrBadHold) {
		t.Errorf("a negative amount: got %v, want ErrBadHold", err)
	}
}

func TestAmounts(t *testing.T) {
	half := func(a usage.Amounts) usage.Amounts { // whose sums fit
		return usage.Amounts{a.ChatRequests / 2, a.EmbeddingRequests / 2, a.ChatTokens / 2, a.EmbeddingTokens / 2, a.Cost / 2}
	}
	if err := quick.Check(func(a, b usage.Amounts) bool {
		a, b = half(a), half(b)
		return a.Plus(b) == b.Plus(a) && a.Plus(b).Minus(b) == a && a.Minus(a) == usage.Amounts{} &&
			a.Within(a.AtLeast(b)) && b.Within(a.AtLeast(b)) && (!a.Within(b) || a.AtLeast(b) == b) &&
			a.IsNegative() == (min(a.ChatRequests, a.EmbeddingRequests, a.ChatTokens, a.EmbeddingTokens, int64(a.Cost)) < 0)
	}, nil); err != nil {
		t.Error(err)
	}
}

// In any time of length d a bucket gives at most its burst and what comes back
// in d; and when it refuses, it says the first instant at which it will not.
func TestBucketNeverGivesMoreThanItHolds(t *testing.T) {
	check := func(seed int64) bool {
		r := rand.New(rand.NewSource(seed))
		b := usage.Bucket{Key: "k", Burst: 1 + r.Int63n(20), Every: time.Duration(1 + r.Int63n(int64(time.Minute)))}
		now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		type take struct {
			at time.Time
			n  int64
		}
		var full time.Time
		var taken []take
		for range 200 {
			now = now.Add(time.Duration(r.Int63n(int64(b.Every) * 2)))
			n := 1 + r.Int63n(b.Burst)
			next, err := b.Take(full, now, n)
			if err != nil {
				var rate *usage.RateError
				if !errors.As(err, &rate) || rate.Retry <= 0 || next.Before(full) {
					return false
				}
				if _, err := b.Take(full, now.Add(rate.Retry), n); err != nil {
					t.Logf("after %v there is not enough", rate.Retry)
					return false
				}
				if _, err := b.Take(full, now.Add(rate.Retry-1), n); err == nil {
					t.Logf("before %v there is enough", rate.Retry)
					return false
				}
				continue
			}
			full = next
			taken = append(taken, take{now, n})
			var sum int64
			for _, earlier := range slices.Backward(taken) {
				sum += earlier.n
				if room := b.Burst + int64(now.Sub(earlier.at)/b.Every) + 1; sum > room {
					t.Logf("%d were taken in %v from a bucket of %d with one each %v", sum, now.Sub(earlier.at), b.Burst, b.Every)
					return false
				}
			}
		}
		return len(taken) > 0
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 200}); err != nil {
		t.Error(err)
	}
}

func TestBucketRefusesNonsense(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		bucket usage.Bucket
		n      int64
	}{
		"none":                 {usage.Bucket{Burst: 5, Every: time.Second}, 0},
		"negative":             {usage.Bucket{Burst: 5, Every: time.Second}, -1},
		"more than the burst":  {usage.Bucket{Burst: 5, Every: time.Second}, 6},
		"never filled":         {usage.Bucket{Burst: 5}, 1},
		"no burst":             {usage.Bucket{Every: time.Second}, 1},
		"longer than can be":   {usage.Bucket{Burst: math.MaxInt64, Every: time.Second}, 1},
		"slower than can be":   {usage.Bucket{Burst: 2, Every: math.MaxInt64}, 1},
		"filled backwards":     {usage.Bucket{Burst: 5, Every: -time.Second}, 1},
		"longer and all taken": {usage.Bucket{Burst: 1 << 40, Every: time.Hour}, 1 << 40},
	} {
		full := now.Add(time.Second)
		if got, err := c.bucket.Take(full, now, c.n); !errors.Is(err, usage.ErrBadHold) || !got.Equal(full) {
			t.Errorf("%s: got %v, %v, want ErrBadHold and no change", name, got, err)
		}
	}
}

func ExampleLimits_Admit() {
	plan, _ := usage.PlanNamed("trial")
	err := plan.Limits.Admit(usage.Amounts{ChatRequests: 100}, usage.Amounts{ChatRequests: 1, ChatTokens: 1500})
	var over *usage.LimitError
	fmt.Println(errors.As(err, &over), over.Exceeded)
	// Output: true [max_chat_requests_per_day]
}
