package metering

import "github.com/aiwoochat/woochat/domain/usage"

// Recorded is published after a usage event was recorded.
type Recorded struct {
	Event    usage.Event
	Unpriced bool // counted as costing nothing, since nobody knows the price
}

// EventName implements ports.Event.
func (Recorded) EventName() string { return "usage.recorded" }

// LimitReached is published when a request was refused for a spent limit.
type LimitReached struct{ Meters []usage.Meter }

// EventName implements ports.Event.
func (LimitReached) EventName() string { return "usage.limit_reached" }

// SettleFailed is published when a settlement could not be written; the sweep
// will settle the call.
type SettleFailed struct{ Reservation usage.ReservationID }

// EventName implements ports.Event.
func (SettleFailed) EventName() string { return "usage.settle_failed" }
