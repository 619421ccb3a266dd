package ports

import (
	"context"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
)

// Repricings keeps what recorded events would have cost at other prices. It
// never touches the events, their adjustments or the day's totals.
type Repricings interface {
	// PutRepricings stores rs in one step: all of them, or none if there is an
	// error. One of an event and price version that is there already is
	// replaced, so it may be called again.
	//
	// Errors: ErrNotFound if an event is not one of s; ErrInvalid if
	// usage.CheckRepricings refuses rs.
	PutRepricings(ctx context.Context, s tenant.Scope, rs []usage.Repricing) error

	// ListRepricings returns at most limit repricings of the events of the
	// days from first to last: the events in the order in which they were
	// recorded, and those of one event in the order of their price versions,
	// byte by byte. It begins after the one of after's Event and PriceVersion,
	// whether or not there is such a one, and at the first if the Event is "".
	//
	// Errors: ErrNotFound if after's Event is not one of s; ErrInvalid if
	// usage.Days refuses the range.
	ListRepricings(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.Repricing, limit int) ([]usage.Repricing, error)
}
