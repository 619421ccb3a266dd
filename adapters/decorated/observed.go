package decorated

import (
	"context"
	"errors"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Observed tells hook of each call after it has ended: its port and method, the
// Class of its error, and how long it took by now. hook must not wait. Around a
// Retry it sees the whole, inside of one each try.
func Observed(now ports.Clock, hook func(ctx context.Context, port, method, class string, took time.Duration)) Around {
	return func(ctx context.Context, c Call, do func(context.Context) error) error {
		start := now()
		err := do(ctx)
		hook(ctx, c.Port, c.Method, Class(err), now().Sub(start))
		return err
	}
}

// Class returns a word for the kind of err, "" for nil. There are few, and they
// hold nothing of the error's text, so that they can be a metric's label.
func Class(err error) string {
	var me *ports.ModelError
	switch {
	case err == nil:
		return ""
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.As(err, &me):
		return "model_" + me.Kind.String()
	case errors.As(err, new(*TimeoutError)), errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, ErrOpen):
		return "open"
	case errors.Is(err, usage.ErrLimitExceeded):
		return "limit"
	case errors.Is(err, tenant.ErrNoScope):
		return "no_scope"
	case errors.Is(err, ports.ErrNotFound):
		return "not_found"
	case errors.Is(err, ports.ErrConflict):
		return "conflict"
	case errors.Is(err, ports.ErrInvalid):
		return "invalid"
	case errors.Is(err, ports.ErrUnavailable):
		return "unavailable"
	}
	return "other"
}
