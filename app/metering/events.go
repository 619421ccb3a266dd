package metering

import (
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/usage"
)

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

// UsageRefused is published when a provider's usage report was absurd: the call
// was recorded by our own count, and what the provider bills is not known. The
// report as it came is the event's RawUsage.
type UsageRefused struct {
	Event     usage.EventID
	Model     string
	CountedBy chat.CountedBy // who counted instead: the tokenizer, or a bound
}

// EventName implements ports.Event.
func (UsageRefused) EventName() string { return "usage.report_refused" }
