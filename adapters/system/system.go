// Package system is what the application needs of the machine that it runs on:
// the time, fresh ids, the operator's secret key, logs and metrics.
package system

import (
	"time"

	"github.com/google/uuid"

	"github.com/aiwoochat/woochat/ports"
)

var (
	_ ports.Clock = Now
	_ ports.NewID = NewID
)

// Now returns the time in UTC. It is a ports.Clock.
func Now() time.Time { return time.Now().UTC() }

// NewID returns a fresh UUIDv7 (RFC 9562, 5.7) in its canonical form: unique,
// and ordered by the time at which it was made. It is a ports.NewID.
func NewID() string { return uuid.Must(uuid.NewV7()).String() } // crypto/rand does not fail
