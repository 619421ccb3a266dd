package qdrant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/aiwoochat/woochat/ports"
)

// do calls f and explains its error.
func (x *Index) do(ctx context.Context, what string, f func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return x.explain(ctx, what, f(ctx))
}

// within is do with a context that ends after d.
func (x *Index) within(ctx context.Context, d time.Duration, what string, f func(context.Context) error) error {
	mine, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return x.do(ctx, what, func(context.Context) error { return f(mine) })
}

// deadlineSlack is far longer than two timers of one deadline are apart.
const deadlineSlack = 20 * time.Millisecond

// explain turns an error of the client into one of ports, with what to do about
// it. gRPC's errors do not match those of a context.
func (x *Index) explain(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	if status.Code(cause(err)) == codes.DeadlineExceeded {
		// The server knows the caller's deadline, and may be a moment earlier to
		// say that it is over than the caller's own timer.
		moment, cancel := context.WithTimeout(ctx, deadlineSlack)
		<-moment.Done()
		cancel()
	}
	if ctx.Err() != nil {
		return fmt.Errorf("qdrant: %s: %w", what, ctx.Err())
	}
	if errors.Is(err, ports.ErrInvalid) || errors.Is(err, ports.ErrUnavailable) { // errMoved, too
		return fmt.Errorf("qdrant: %s: %w", what, err)
	}
	if full, ok := errors.AsType[*qdrant.QdrantResourceExhaustedError](err); ok {
		return fmt.Errorf("qdrant %s: %s: %w: it takes no more for now, try again in %d seconds: %s", x.where, what, ports.ErrUnavailable, full.RetryAfterS, x.redact(full.Reason))
	}
	s := status.Convert(cause(err))
	do := "look into Qdrant's log"
	switch s.Code() {
	case codes.Unavailable:
		do = "nobody answers there: woochat doctor looks why"
	case codes.DeadlineExceeded:
		do = "it was too slow to answer"
	case codes.Canceled:
		do = "the index was closed"
	case codes.Unauthenticated, codes.PermissionDenied:
		do = "set WOOCHAT_QDRANT_API_KEY to a key that may read and write all collections"
	case codes.NotFound:
		x.forgetAll()
		do = "another process has replaced or dropped it meanwhile, or the collection is gone: try again, and if that does not help, woochat index rebuild makes it anew"
	default:
	}
	return fmt.Errorf("qdrant %s: %s: %w: %s: %s (%s)", x.where, what, ports.ErrUnavailable, do, x.redact(s.Message()), s.Code())
}

// cause returns the gRPC error that the client has wrapped.
func cause(err error) error {
	if inner, ok := errors.AsType[*qdrant.QdrantError](err); ok {
		return inner.Unwrap()
	}
	return err
}

func isCode(err error, c codes.Code) bool { return err != nil && status.Code(cause(err)) == c }

// forgetAll forgets what is remembered of the server's collections.
func (x *Index) forgetAll() {
	x.mu.Lock()
	defer x.mu.Unlock()
	clear(x.made)
	clear(x.homes)
	clear(x.counts)
}

// finished returns an error unless all of an update was applied: a server that
// is stopped or slow may only have taken note of it.
func finished(rs ...*qdrant.UpdateResult) error {
	for _, r := range rs {
		if r.GetStatus() != qdrant.UpdateStatus_Completed {
			return fmt.Errorf("%w: an update is %s, and not done yet", ports.ErrUnavailable, r.GetStatus())
		}
	}
	return nil
}
