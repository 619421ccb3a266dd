package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// mapped returns err so that it matches what the ports promise. Domain errors
// and those that match already pass unchanged. All that SQLite itself can say
// beside a broken constraint (busy, disk full, disk I/O, damaged file) is
// mended by the operator or by time, so it is ports.ErrUnavailable.
func mapped(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case isPort(err), ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return err
	case ctx.Err() != nil:
		// The driver says interrupted, or that the transaction is over.
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	case errors.Is(err, usage.ErrOverHold), errors.Is(err, usage.ErrBadHold), errors.Is(err, usage.ErrBadDays),
		errors.Is(err, usage.ErrBadQuery), errors.Is(err, roles.ErrBadEntry), errors.Is(err, tenant.ErrBadID):
		return fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	case errors.Is(err, usage.ErrClosed), errors.Is(err, usage.ErrDispatched):
		return fmt.Errorf("%w: %w", ports.ErrConflict, err)
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("%w: %w", ports.ErrNotFound, err)
	}
	switch code(err) {
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		// What the row belongs to is not there, or is another scope's.
		return fmt.Errorf("%w: %w", ports.ErrNotFound, err)
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return fmt.Errorf("%w: %w", ports.ErrConflict, err)
	case sqlite3.SQLITE_CONSTRAINT_CHECK, sqlite3.SQLITE_CONSTRAINT_NOTNULL, sqlite3.SQLITE_CONSTRAINT_TRIGGER,
		sqlite3.SQLITE_CONSTRAINT_DATATYPE, sqlite3.SQLITE_TOOBIG:
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

// code returns SQLite's extended result code, 0 if err is not SQLite's.
func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

// busy reports whether err says that another connection has the lock.
func busy(err error) bool { return code(err)&0xff == sqlite3.SQLITE_BUSY }
