package decorated

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aiwoochat/woochat/ports"
)

// RetryConfig says how often and how soon a call is repeated. The zero value of
// a field means its default.
type RetryConfig struct {
	Tries int           // in all, the first included; default 3
	Base  time.Duration // the longest first wait; it doubles with each; default 100 ms
	Max   time.Duration // the longest wait; default 2 s
	// MaxRetryAfter is the longest time that a provider may ask to be left
	// alone and still be asked again; default 5 s. Who asks for more is not
	// asked again: the caller cannot wait.
	MaxRetryAfter time.Duration
	// Random returns numbers from 0 to below 1 and is safe for concurrent use;
	// default math/rand/v2.
	Random func() float64
}

func (c RetryConfig) withDefaults() RetryConfig {
	if c.Tries <= 0 {
		c.Tries = 3
	}
	if c.Base <= 0 {
		c.Base = 100 * time.Millisecond
	}
	if c.Max <= 0 {
		c.Max = 2 * time.Second
	}
	if c.MaxRetryAfter <= 0 {
		c.MaxRetryAfter = 5 * time.Second
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	return c
}

// Retry repeats a call that failed with ports.ErrUnavailable, which a port
// returns only if repeating is safe. A *ports.ModelError must be Unspent, too:
// a model call that may have cost something is the caller's to settle first.
//
// Between tries it waits a time between half of c.Base and all of it, doubled
// with each try up to c.Max ("equal jitter"), or as long as the provider asks.
// It returns the last error, at once if ctx would end before the next try; if
// ctx is canceled while it waits, an error that matches both.
func Retry(c RetryConfig) Around {
	c = c.withDefaults()
	return func(ctx context.Context, _ Call, do func(context.Context) error) error {
		for try := 1; ; try++ {
			err := do(ctx)
			if err == nil || try == c.Tries || !c.repeats(err) {
				return err
			}
			wait := c.wait(try, err)
			if end, ok := ctx.Deadline(); ok && time.Until(end) <= wait {
				return err // there is no time for another try
			}
			timer := time.NewTimer(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return fmt.Errorf("%w while waiting to try again after: %w", ctx.Err(), err)
			}
		}
	}
}

// repeats reports whether a call that failed with err may be made again.
func (c RetryConfig) repeats(err error) bool {
	if !errors.Is(err, ports.ErrUnavailable) || errors.Is(err, context.Canceled) {
		return false
	}
	var me *ports.ModelError
	return !errors.As(err, &me) || me.Unspent && me.RetryAfter <= c.MaxRetryAfter
}

// wait returns how long to wait after try number n, which failed with err.
func (c RetryConfig) wait(n int, err error) time.Duration {
	var me *ports.ModelError
	if errors.As(err, &me) && me.RetryAfter > 0 {
		return me.RetryAfter
	}
	d := c.Base
	for range n - 1 {
		if d = 2 * d; d >= c.Max {
			break
		}
	}
	d = min(d, c.Max)
	return d/2 + time.Duration(c.Random()*float64(d/2))
}
