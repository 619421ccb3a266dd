package ports

import (
	"context"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
)

// Ledger holds and records what a site spends. Reserve before the spending,
// then Settle each call or Release the whole. What each step means is decided
// by [usage.Reservation]; a ledger makes it durable and atomic. Every method
// may be repeated.
type Ledger interface {
	// Reserve holds h.Want if h.Limits admit it on top of what the site has
	// used and holds on h.Day. The check and the hold are one atomic step, so
	// concurrent calls, of other processes too, never hold more than h.Limits
	// together. An expired hold counts until Sweep has settled it.
	//
	// Errors: a *usage.LimitError with ResetAt = h.ResetAt if the limits do
	// not admit it, and then nothing is held or changed; ErrConflict if h.ID
	// was reserved with other amounts or on another day; ErrInvalid if
	// usage.NewReservation refuses h. Reserving h.ID again with the same
	// amounts changes nothing, whatever has become of it since.
	Reserve(ctx context.Context, s tenant.Scope, h usage.Hold) error

	// Settle records the end of one call, as usage.Reservation.Settle decides:
	// event, day and hold change in one atomic step.
	//
	// Errors: ErrNotFound if id was never reserved, ErrConflict if it was
	// released, ErrInvalid if the event makes no sense. Settling a call again
	// changes nothing.
	Settle(ctx context.Context, s tenant.Scope, id usage.ReservationID, e usage.Event) error

	// Release ends the hold and records nothing. Releasing an id that is
	// unknown or closed changes nothing and is not an error. ErrConflict if a
	// call of it was dispatched.
	Release(ctx context.Context, s tenant.Scope, id usage.ReservationID) error
}

// Checkpointer notes how far the calls of a reservation have come, so that a
// process that dies leaves behind what its calls have spent.
type Checkpointer interface {
	// Dispatch is durable before it returns, and a call's first byte goes out
	// after it. It lowers the hold to the bounds of all calls under way plus
	// rest, as usage.Reservation.Dispatch decides.
	//
	// Errors: ErrNotFound if id was never reserved; ErrConflict if it is
	// closed or the call was sent before, ErrInvalid if the call makes no
	// sense or does not fit (usage.ErrOverHold matches too). Repeating it with
	// the same call changes nothing.
	Dispatch(ctx context.Context, s tenant.Scope, id usage.ReservationID, c usage.Call, rest usage.Amounts) error

	// Checkpoint notes output tokens of running calls of any sites, in one
	// step. It is monotone; entries that are unknown, settled or older than
	// what is noted are skipped. The day's totals are not touched.
	Checkpoint(ctx context.Context, cs []Checkpoint) error
}

// Checkpoint is how far one call has come.
type Checkpoint struct {
	Scope       tenant.Scope
	Reservation usage.ReservationID
	CallNo      int
	Output      int64 // output tokens so far
}

// Sweeper settles the holds that nobody will settle any more. It works for the
// platform, across sites.
type Sweeper interface {
	// Sweep settles at most limit reservations that expired at or before now,
	// oldest first, each in one atomic step as usage.Reservation.Sweep
	// decides, and returns what it settled. Several processes may sweep at the
	// same time; each reservation is settled once.
	Sweep(ctx context.Context, now time.Time, limit int) ([]Swept, error)
}

// Swept is one reservation that a Sweep has settled.
type Swept struct {
	Scope       tenant.Scope
	Reservation usage.ReservationID
	Events      []usage.Event // empty if nothing had been sent
}

// UsageReader reads what a Ledger recorded.
type UsageReader interface {
	// Days returns the totals of each day from first to last, both included,
	// in order; a day without usage is all zero but for its Day. ErrInvalid if
	// last is before first or more than 400 days after it.
	Days(ctx context.Context, s tenant.Scope, first, last usage.Day) ([]usage.Totals, error)

	// Events returns at most limit events of the days from first to last, day
	// by day, each day's in the order in which they were recorded, beginning
	// after the event named by after ("" for the first), which may be of any
	// day. An event that is recorded meanwhile, of a day that was passed, is
	// not among those that follow. ErrNotFound if there is no event after.
	Events(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.EventID, limit int) ([]usage.Event, error)

	// Adjustments returns all adjustments of the days from first to last.
	Adjustments(ctx context.Context, s tenant.Scope, first, last usage.Day) ([]usage.Adjustment, error)
}

// Licenses looks up what a site has bought.
type Licenses interface {
	// LicenseOf returns the site's license, whatever its status, or
	// ErrNotFound. Stored limits that cannot be read give a License that says
	// so in Malformed, and no error.
	LicenseOf(ctx context.Context, s tenant.Scope) (usage.License, error)
}

// LicenseBook changes what a site has bought. There is one license for a site.
type LicenseBook interface {
	// PutLicense sets the site's license. ErrNotFound if there is no such
	// site, ErrInvalid if l has no status or is Malformed.
	PutLicense(ctx context.Context, s tenant.Scope, l usage.License) error
}

// Prices looks up what a model costs.
type Prices interface {
	// PriceOf returns the price in force at t, or ErrNotFound: a model whose
	// price is not known is not called.
	PriceOf(ctx context.Context, model string, t time.Time) (usage.Price, error)
}

// Limiter spends from token buckets.
type Limiter interface {
	// Take takes n from bucket b, or takes nothing and returns a
	// *usage.RateError that says when n will be there. The decision is
	// usage.Bucket.Take. ErrInvalid if n is not from 1 to b.Burst.
	Take(ctx context.Context, s tenant.Scope, b usage.Bucket, n int64) error
}
