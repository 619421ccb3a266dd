package ports

import (
	"context"

	"github.com/aiwoochat/woochat/domain/tenant"
)

// EventSink is told what happened, after it happened.
type EventSink interface {
	// Publish hands e over and does not wait for its delivery. It never
	// fails the caller's work: a sink that loses events counts them. It works
	// although ctx is done.
	Publish(ctx context.Context, s tenant.Scope, e Event)
}

// Event is a fact of the domain, for monitoring and alerts. It holds no text of
// a shopper.
type Event interface {
	// EventName is stable, lower case and dotted, such as usage.limit_reached.
	EventName() string
}
