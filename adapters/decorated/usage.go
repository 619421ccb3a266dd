package decorated

import (
	"context"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Ledger returns next with as around each call.
func Ledger(next ports.Ledger, as ...Around) ports.Ledger { return ledger{next, chain(as)} }

// RetryLedger returns next with its calls repeated while the store is
// unavailable, which every method of a ledger allows. Reserve is repeated as
// admit says: a shopper waits for it, and may be told to come back. Settle and
// Release are repeated as settle says: nobody waits, and what is not written
// is left to the sweep, which knows less.
func RetryLedger(next ports.Ledger, admit, settle RetryConfig) ports.Ledger {
	admitting, settling := Retry(admit), Retry(settle)
	return Ledger(next, func(ctx context.Context, c Call, do func(context.Context) error) error {
		if c.Method == "Reserve" {
			return admitting(ctx, c, do)
		}
		return settling(ctx, c, do)
	})
}

type ledger struct {
	next   ports.Ledger
	around Around
}

// Reserve implements ports.Ledger.
func (w ledger) Reserve(ctx context.Context, s tenant.Scope, h usage.Hold) error {
	return w.around(ctx, Call{"Ledger", "Reserve"}, func(ctx context.Context) error { return w.next.Reserve(ctx, s, h) })
}

// Settle implements ports.Ledger.
func (w ledger) Settle(ctx context.Context, s tenant.Scope, id usage.ReservationID, e usage.Event) error {
	return w.around(ctx, Call{"Ledger", "Settle"}, func(ctx context.Context) error { return w.next.Settle(ctx, s, id, e) })
}

// Release implements ports.Ledger.
func (w ledger) Release(ctx context.Context, s tenant.Scope, id usage.ReservationID) error {
	return w.around(ctx, Call{"Ledger", "Release"}, func(ctx context.Context) error { return w.next.Release(ctx, s, id) })
}

// Checkpointer returns next with as around each call.
func Checkpointer(next ports.Checkpointer, as ...Around) ports.Checkpointer {
	return checkpointer{next, chain(as)}
}

// RetryCheckpointer returns next with its calls repeated while the store is
// unavailable, which both methods of a checkpointer allow. Dispatch is repeated
// as c says: a shopper waits for it. Checkpoint is not: the next one, a second
// later, says more.
func RetryCheckpointer(next ports.Checkpointer, c RetryConfig) ports.Checkpointer {
	retry := Retry(c)
	return Checkpointer(next, func(ctx context.Context, call Call, do func(context.Context) error) error {
		if call.Method == "Dispatch" {
			return retry(ctx, call, do)
		}
		return do(ctx)
	})
}

type checkpointer struct {
	next   ports.Checkpointer
	around Around
}

// Dispatch implements ports.Checkpointer.
func (w checkpointer) Dispatch(ctx context.Context, s tenant.Scope, id usage.ReservationID, c usage.Call, rest usage.Amounts) error {
	return w.around(ctx, Call{"Checkpointer", "Dispatch"}, func(ctx context.Context) error { return w.next.Dispatch(ctx, s, id, c, rest) })
}

// Checkpoint implements ports.Checkpointer.
func (w checkpointer) Checkpoint(ctx context.Context, cs []ports.Checkpoint) error {
	return w.around(ctx, Call{"Checkpointer", "Checkpoint"}, func(ctx context.Context) error { return w.next.Checkpoint(ctx, cs) })
}

// Sweeper returns next with as around each call.
func Sweeper(next ports.Sweeper, as ...Around) ports.Sweeper { return sweeper{next, chain(as)} }

type sweeper struct {
	next   ports.Sweeper
	around Around
}

// Sweep implements ports.Sweeper.
func (w sweeper) Sweep(ctx context.Context, now time.Time, limit int) ([]ports.Swept, error) {
	return run(ctx, w.around, Call{"Sweeper", "Sweep"}, func(ctx context.Context) ([]ports.Swept, error) {
		return w.next.Sweep(ctx, now, limit)
	})
}

// Licenses returns next with as around each call.
func Licenses(next ports.Licenses, as ...Around) ports.Licenses { return licenses{next, chain(as)} }

type licenses struct {
	next   ports.Licenses
	around Around
}

// LicenseOf implements ports.Licenses.
func (w licenses) LicenseOf(ctx context.Context, s tenant.Scope) (usage.License, error) {
	return run(ctx, w.around, Call{"Licenses", "LicenseOf"}, func(ctx context.Context) (usage.License, error) {
		return w.next.LicenseOf(ctx, s)
	})
}

// Prices returns next with as around each call.
func Prices(next ports.Prices, as ...Around) ports.Prices { return prices{next, chain(as)} }

type prices struct {
	next   ports.Prices
	around Around
}

// PriceOf implements ports.Prices.
func (w prices) PriceOf(ctx context.Context, model string, t time.Time) (usage.Price, error) {
	return run(ctx, w.around, Call{"Prices", "PriceOf"}, func(ctx context.Context) (usage.Price, error) {
		return w.next.PriceOf(ctx, model, t)
	})
}
