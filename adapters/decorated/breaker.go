package decorated

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/ports"
)

// BreakerConfig says when a breaker opens. The zero value of a field means its
// default; Now is required.
type BreakerConfig struct {
	Failures int           // in a row, until it opens; default 5
	Open     time.Duration // until it lets one call probe; default 10 s
	Now      ports.Clock
	// Changed is told when the breaker opens, half-opens or closes, in the
	// order in which it does; it must not wait or call. nil tells nobody.
	Changed func(state BreakerState)
}

// BreakerState is what a breaker does with calls.
type BreakerState uint8

// Breaker states. The zero BreakerState is invalid.
const (
	BreakerClosed   BreakerState = iota + 1 // lets all through
	BreakerOpen                             // refuses all
	BreakerHalfOpen                         // has let one through, to see
)

// String returns the state in words.
func (s BreakerState) String() string {
	switch s {
	case BreakerClosed:
		return "closed"
	case BreakerOpen:
		return "open"
	case BreakerHalfOpen:
		return "half open"
	}
	return ""
}

// ErrOpen is matched by the error of a call that an open breaker refused. It
// matches ports.ErrUnavailable.
var ErrOpen = fmt.Errorf("the breaker is open after repeated failures: %w", ports.ErrUnavailable)

// Breaker keeps calls from a provider that is down: after c.Failures failures
// in a row it refuses calls at once, and after c.Open lets one through. If that
// one succeeds all may call again; if it fails, the breaker stays open as long
// again. A refused call of a model is a *ports.ModelError with Unspent set: the
// fallback can answer.
//
// Failures are ports.ErrUnavailable and all errors of a model but
// ports.ModelRefused, by which the provider shows that it is there. A call that
// its caller ended says nothing about the provider: it neither counts nor ends
// a row, and as a probe it lets the next call probe. So does a call that began
// before the breaker opened, whenever it ends.
//
// One Breaker around several ports of one provider counts for all of them.
func Breaker(c BreakerConfig) Around {
	if c.Failures <= 0 {
		c.Failures = 5
	}
	if c.Open <= 0 {
		c.Open = 10 * time.Second
	}
	b := &breaker{config: c, state: BreakerClosed}
	return func(ctx context.Context, call Call, do func(context.Context) error) error {
		period, wait, ok := b.enter()
		if !ok {
			if call.ofModel() {
				return &ports.ModelError{Kind: ports.ModelUnavailable, Message: ErrOpen.Error(), RetryAfter: wait, Unspent: true, Err: ErrOpen}
			}
			return fmt.Errorf("%s.%s: %w", call.Port, call.Method, ErrOpen)
		}
		result := failed // of a panic, too
		defer func() { b.leave(period, result) }()
		err := do(ctx)
		switch {
		case err == nil:
			result = succeeded
		case ctx.Err() != nil:
			result = unknown
		case !failure(err):
			result = succeeded
		}
		return err
	}
}

// failure reports whether err is the far side's failure.
func failure(err error) bool {
	if me, ok := errors.AsType[*ports.ModelError](err); ok {
		return me.Kind != ports.ModelRefused
	}
	return errors.Is(err, ports.ErrUnavailable)
}

// result is what a call says about the provider.
type result uint8

const (
	unknown result = iota + 1
	succeeded
	failed
)

type breaker struct {
	config BreakerConfig

	mu       sync.Mutex // guards all below
	state    BreakerState
	period   int       // counts the changes of state
	failures int       // in a row, while closed
	until    time.Time // while open
	probing  bool      // while half open
}

// enter admits a call, and returns the period in which it did; or for how long
// no call will be admitted.
func (b *breaker) enter() (period int, wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.config.Now()
	if b.state == BreakerOpen && !now.Before(b.until) {
		b.turn(BreakerHalfOpen)
	}
	switch {
	case b.state == BreakerOpen:
		return 0, b.until.Sub(now), false
	case b.state == BreakerHalfOpen && b.probing:
		return 0, 0, false
	}
	b.probing = b.state == BreakerHalfOpen
	return b.period, 0, true
}

// leave takes what a call that was admitted in a period says about the
// provider. Calls of earlier periods say what was, not what is.
func (b *breaker) leave(period int, r result) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if period != b.period {
		return
	}
	b.probing = false
	switch {
	case r == unknown:
	case r == succeeded && b.state == BreakerHalfOpen:
		b.turn(BreakerClosed)
	case r == succeeded:
		b.failures = 0
	default:
		b.failures++
		if b.state == BreakerHalfOpen || b.failures >= b.config.Failures {
			b.until = b.config.Now().Add(b.config.Open)
			b.turn(BreakerOpen)
		}
	}
}

// turn changes the state; b.mu is held.
func (b *breaker) turn(to BreakerState) {
	b.state, b.failures, b.probing = to, 0, false
	b.period++
	if b.config.Changed != nil {
		b.config.Changed(to)
	}
}
