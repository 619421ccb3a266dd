package spool

import (
	"errors"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/ports"
)

// Errors of a Journal and a Ledger. Both match ports.ErrUnavailable.
var (
	// ErrPending means that settlements wait for the store to come back, so
	// that nobody knows what may still be spent.
	ErrPending = fmt.Errorf("settlements wait in the spool for the store: %w", ports.ErrUnavailable)

	// ErrClosed means that the journal was closed.
	ErrClosed = fmt.Errorf("the spool is closed: %w", ports.ErrUnavailable)
)

// FullError means that a settlement was not spooled, since the journal would
// grow beyond its cap. It matches ports.ErrUnavailable.
type FullError struct {
	Bytes int64 // what the journal and the new record would have
	Max   int64
}

func (e *FullError) Error() string {
	return fmt.Sprintf("the spool is full: %d bytes are needed, %d are allowed: bring the store back, or raise WOOCHAT_SPOOL_MAX_BYTES", e.Bytes, e.Max)
}

// Unwrap makes e match ports.ErrUnavailable.
func (e *FullError) Unwrap() error { return ports.ErrUnavailable }

// LockedError says who has the spool.
type LockedError struct {
	PID   int
	Host  string
	Since time.Time
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("the spool is in use by process %d on host %q since %s: stop that server first, or use another data folder",
		e.PID, e.Host, e.Since.Format(time.RFC3339))
}

// VersionError means that a newer version of this program wrote the journal.
type VersionError struct{ Version int }

func (e *VersionError) Error() string {
	return fmt.Sprintf("the spool holds records of version %d, this program knows %d: start the newer program once, until the spool is empty", e.Version, recordVersion)
}

// errBroken means that the journal's end is not known any more.
var errBroken = errors.New("an earlier write failed and could not be undone: restart once the disk is well")
