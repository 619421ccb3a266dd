// Package ports declares what the application needs from the outside world,
// one file for each group of ports. It imports the standard library and the
// domain only.
//
// These rules hold for every port. Package test/porttest checks them.
//
//   - Methods are safe for concurrent use.
//   - A method that takes a [tenant.Scope] reads and writes that scope's data
//     only, and returns [tenant.ErrNoScope] for an incomplete one. What belongs
//     to another scope looks as if it did not exist.
//   - A done context ends the call; the error then matches ctx.Err().
//   - Errors match one of the Err values below, or a domain error that the
//     method names, under [errors.Is]. The SDK's own error may be wrapped for
//     the log; callers never need its type.
//   - An adapter does not retry and does not log. Decorators do.
//   - Slices and maps passed in are not kept; those returned belong to the caller.
//   - Times are stored to the microsecond at least and come back in UTC.
package ports

import (
	"errors"
	"time"
)

// Errors that adapters return, wrapped with %w and context.
var (
	// ErrNotFound means that the named thing does not exist in the scope. It
	// is also what another tenant's thing looks like.
	ErrNotFound = errors.New("not found")

	// ErrConflict means that the thing has changed or was settled otherwise.
	// Reading it again and deciding again may succeed.
	ErrConflict = errors.New("conflict")

	// ErrInvalid means that the request can never succeed as it is.
	ErrInvalid = errors.New("invalid request")

	// ErrUnavailable means that the far side did not answer and that trying
	// again later may succeed. It must not be returned if the call may have
	// had an effect and the method is not idempotent.
	ErrUnavailable = errors.New("unavailable")
)

// Clock tells the time. Domain functions take a time.Time instead.
type Clock func() time.Time

// NewID returns a fresh UUIDv7 in its canonical form, without a prefix: unique
// and ordered by time.
type NewID func() string
