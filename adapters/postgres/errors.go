package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// mapped returns err so that it matches what the ports promise. Domain errors
// and those that match already pass unchanged. What the server can say beside a
// broken constraint, and all that the network can, is mended by the operator or
// by time, so it is ports.ErrUnavailable: deadlocks and serialization failures,
// too, after which nothing was changed.
func mapped(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case isPort(err), ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return err
	case ctx.Err() != nil:
		// The server says that the statement was canceled, the driver that the
		// connection or the transaction is over.
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	case errors.Is(err, usage.ErrOverHold), errors.Is(err, usage.ErrBadHold), errors.Is(err, usage.ErrBadDays),
		errors.Is(err, usage.ErrBadQuery), errors.Is(err, roles.ErrBadEntry), errors.Is(err, tenant.ErrBadID):
		return fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	case errors.Is(err, usage.ErrClosed), errors.Is(err, usage.ErrDispatched):
		return fmt.Errorf("%w: %w", ports.ErrConflict, err)
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("%w: %w", ports.ErrNotFound, err)
	}
	server, ok := errors.AsType[*pq.Error](err)
	if !ok {
		return fmt.Errorf("%w: %w", ports.ErrUnavailable, err)
	}
	switch code := server.Code; {
	case code == pqerror.ForeignKeyViolation:
		// What the row belongs to is not there, or is another scope's.
		return fmt.Errorf("%w: %w", ports.ErrNotFound, err)
	case code == pqerror.UniqueViolation:
		return fmt.Errorf("%w: %w", ports.ErrConflict, err)
	case code.Class() == "22", code.Class() == "23", code == pqerror.ProgramLimitExceeded, code == pqerror.UntranslatableCharacter:
		return fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	return fmt.Errorf("%w: %w", ports.ErrUnavailable, err)
}

// isPort reports whether err is an error that callers know, and so was decided
// here and not by the driver.
func isPort(err error) bool {
	for _, known := range []error{
		ports.ErrNotFound, ports.ErrConflict, ports.ErrInvalid, ports.ErrUnavailable,
		tenant.ErrNoScope, usage.ErrLimitExceeded,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	var rate *usage.RateError
	return errors.As(err, &rate)
}

// failing returns a function that says what failed, in the words of the ports.
func failing[ID ~string](ctx context.Context, what string, id ID) func(error) error {
	return func(err error) error {
		if err == nil {
			return nil
		}
		return fmt.Errorf("postgres: %s %s: %w", what, id, mapped(ctx, err))
	}
}
