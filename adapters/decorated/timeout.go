package decorated

import (
	"context"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/ports"
)

// TimeoutError is the error of a call that Timeout ended. It matches
// ports.ErrUnavailable.
type TimeoutError struct {
	Call  Call
	After time.Duration
	Err   error // what the call returned when it was told to end
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("%s.%s took longer than %v: %v", e.Call.Port, e.Call.Method, e.After, e.Err)
}

// Unwrap returns ports.ErrUnavailable. The call's own error, which is mostly
// that of a context, is left out: the caller's context has not ended.
func (e *TimeoutError) Unwrap() error { return ports.ErrUnavailable }

// Timeout ends a call after d, or when ctx ends, whichever comes first. The
// error of a call that it ended is a *TimeoutError; that of a model is a
// *ports.ModelError of kind ModelTimeout around it, for which something may
// have been spent. It is for methods that may be repeated, as all of those
// that this package wraps are.
func Timeout(d time.Duration) Around {
	return func(ctx context.Context, c Call, do func(context.Context) error) error {
		mine, cancel := context.WithTimeout(ctx, d)
		defer cancel()
		err := do(mine)
		if err == nil || mine.Err() == nil || ctx.Err() != nil {
			return err
		}
		late := &TimeoutError{Call: c, After: d, Err: err}
		if c.ofModel() {
			return &ports.ModelError{Kind: ports.ModelTimeout, Message: late.Error(), Err: late}
		}
		return late
	}
}
