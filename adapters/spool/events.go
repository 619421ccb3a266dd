package spool

import (
	"time"

	"github.com/aiwoochat/woochat/domain/usage"
)

// Spooled is published when a settlement was written into the journal in place
// of the store.
type Spooled struct {
	Reservation usage.ReservationID
	Event       usage.EventID
	Err         error // what the store said; nil if others waited before it
}

// EventName implements ports.Event.
func (Spooled) EventName() string { return "usage.settlement_spooled" }

// Unrecorded is published when a settlement could be written neither to the
// store nor into the journal: what the call has spent is known to nobody else,
// and the sweep will settle it by its last checkpoint.
type Unrecorded struct {
	Reservation usage.ReservationID
	Event       usage.EventID
	Err         error
}

// EventName implements ports.Event.
func (Unrecorded) EventName() string { return "usage.settlement_unrecorded" }

// ReplayWaits is published when the store does not take the settlement that is
// to be replayed next, once until it takes one.
type ReplayWaits struct {
	Pending int
	Err     error
}

// EventName implements ports.Event.
func (ReplayWaits) EventName() string { return "usage.replay_waits" }

// Replayed is published when no settlement waits any more.
type Replayed struct {
	Settled int // since the first that waited
	Buried  int // that the store will never take
	Waited  time.Duration
}

// EventName implements ports.Event.
func (Replayed) EventName() string { return "usage.settlements_replayed" }

// Buried is published when the store will never take a settlement: it is in the
// dead-letter file, for a person to look at.
type Buried struct {
	Reservation usage.ReservationID
	Event       usage.EventID
	Err         error // why
}

// EventName implements ports.Event.
func (Buried) EventName() string { return "usage.settlement_buried" }

// ReplayTrouble is published when the spool's own files give trouble. Nothing
// is lost by it; it is tried again.
type ReplayTrouble struct{ Err error }

// EventName implements ports.Event.
func (ReplayTrouble) EventName() string { return "usage.replay_trouble" }
