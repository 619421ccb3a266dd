// Package decorated wraps ports in what adapters leave out: retries, breakers,
// timeouts, observation, and, for tests, faults. A wrapped port is the same
// port: it passes the suites of test/porttest around any adapter that does.
//
// What is done around a call is an [Around], and each port has a function that
// puts any number of them around it; the first is the outermost:
//
//	search := decorated.Searcher(index,
//		decorated.Observed(now, hook),                // one observation of the whole
//		decorated.Retry(decorated.RetryConfig{}),     // of up to three tries
//		decorated.Timeout(2*time.Second),             // of two seconds each
//	)
package decorated

import (
	"context"
	"slices"

	"github.com/aiwoochat/woochat/ports"
)

// Call names a call of a port: as in package ports, such as Ledger and Reserve.
type Call struct {
	Port   string
	Method string
}

// ofModel reports whether c is a call of a model provider, whose errors are
// *ports.ModelError.
func (c Call) ofModel() bool {
	return c.Port == "ChatModel" || c.Port == "Embedder" || c.Port == "Reranker"
}

// Around runs do, the call c itself, as often as it sees fit, and returns the
// error that the caller gets. What do returns beside its error stays that of
// the last run. An Around is safe for concurrent use.
type Around func(ctx context.Context, c Call, do func(ctx context.Context) error) error

// chain puts the first Around outermost.
func chain(as []Around) Around {
	all := func(ctx context.Context, _ Call, do func(context.Context) error) error { return do(ctx) }
	for _, outer := range slices.Backward(as) {
		inner := all
		all = func(ctx context.Context, c Call, do func(context.Context) error) error {
			return outer(ctx, c, func(ctx context.Context) error { return inner(ctx, c, do) })
		}
	}
	return all
}

// run makes one call that returns something beside its error.
func run[R any](ctx context.Context, a Around, c Call, do func(context.Context) (R, error)) (R, error) {
	var got R
	err := a(ctx, c, func(ctx context.Context) error {
		var err error
		got, err = do(ctx)
		return err
	})
	return got, err
}

// FallbackSearcher returns a Searcher that asks first, and second where first
// is unavailable: another replica, or an index by words only. fellBack is told
// of each time with the error of first; nil tells nobody.
func FallbackSearcher(first, second ports.Searcher, fellBack func(ctx context.Context, err error)) ports.Searcher {
	return fallbackSearcher{first, second, fellBack}
}
