package memory

import (
	"context"
	"slices"
	"sync"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Events records what happened, for tests and for whoever wants to look. It is
// a [ports.EventSink].
type Events struct {
	mu      sync.Mutex // guards all below
	list    []Published
	dropped int64
}

// Published is an event and whose it is.
type Published struct {
	Scope tenant.Scope
	Event ports.Event
}

// MaxEvents is how many events an Events keeps; those that come later are
// dropped and counted.
const MaxEvents = 10_000

// NewEvents returns an empty sink.
func NewEvents() *Events { return &Events{} }

// Publish implements [ports.EventSink].
func (e *Events) Publish(_ context.Context, s tenant.Scope, event ports.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.list) >= MaxEvents {
		e.dropped++
		return
	}
	e.list = append(e.list, Published{s, event})
}

// All returns what was published, oldest first. The slice is the caller's.
func (e *Events) All() []Published {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.list)
}

// Dropped returns how many events were dropped.
func (e *Events) Dropped() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.dropped
}
