// Package metering is the only way to a model call: it admits work against a
// site's license, reserves before a call is sent, settles after it, and tells
// what was spent.
//
// The steps of one message or batch are Admit, then for each call Start and
// Settle; Close ends it. [Metered], [MeteredEmbedder] and [Guard] do them for
// callers who have one call at a time.
package metering

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Deps are what a Service needs. All but Events are required.
type Deps struct {
	Ledger       ports.Ledger
	Checkpointer ports.Checkpointer
	Sweeper      ports.Sweeper
	Usage        ports.UsageReader
	Licenses     ports.Licenses
	Prices       ports.Prices
	Sites        ports.Sites
	Tokenizer    ports.Tokenizer
	Now          ports.Clock
	NewID        ports.NewID
	Events       ports.EventSink // nil: nobody is told

	// CallTimeout is the longest that admitted work may take. A hold expires
	// ExpiryMargin after it, so that none expires under a running call.
	CallTimeout time.Duration
}

// ExpiryMargin is how long after the end of the longest call its hold expires.
const ExpiryMargin = 10 * time.Second

// callMargin is how long after CallTimeout a call that its caller has not ended
// is ended here: later than the caller, who knows why, and sooner than the
// hold, after which others could be given what it may still spend.
const callMargin = ExpiryMargin / 2

// settleTimeout bounds the writes that go on although the caller has gone.
const settleTimeout = 10 * time.Second

// Service meters model calls. Make one with New; it is safe for concurrent use.
type Service struct {
	Deps

	mu      sync.Mutex // guards running
	running map[*Call]struct{}
}

// New returns a Service. It reports every missing dependency at once.
func New(d Deps) (*Service, error) {
	var errs []error
	for name, ok := range map[string]bool{
		"Ledger": d.Ledger != nil, "Checkpointer": d.Checkpointer != nil, "Sweeper": d.Sweeper != nil, "Usage": d.Usage != nil,
		"Licenses": d.Licenses != nil, "Prices": d.Prices != nil, "Sites": d.Sites != nil, "Tokenizer": d.Tokenizer != nil,
		"Now": d.Now != nil, "NewID": d.NewID != nil, "CallTimeout": d.CallTimeout > 0,
	} {
		if !ok {
			errs = append(errs, fmt.Errorf("metering: Deps.%s is missing", name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Service{Deps: d, running: map[*Call]struct{}{}}, nil
}

// ErrUnpriced means that a model's price is not known, so that no call of it
// can be held to a limit.
var ErrUnpriced = errors.New("the model's price is not known: add it to the price table, or set a ceiling price")

// Admitted is work that a license has let in: a reservation of which calls are
// made. It is for one goroutine at a time.
type Admitted struct {
	meter *Service
	scope tenant.Scope
	hold  usage.Hold
	left  usage.Amounts // what calls to come may still use
	calls int
	// requested is set once a call carries the hold's chat requests.
	requested bool
	// failed is the last call that could not be dispatched; nil: there is none.
	// It was not sent.
	failed *usage.Call
	// unsure is set if failed may be noted as sent all the same, since the reply
	// was lost.
	unsure bool
}

// License returns the license of s if it admits requests now. The error
// matches usage.ErrLicenseInactive or usage.ErrLicenseInvalid.
func (m *Service) License(ctx context.Context, s tenant.Scope) (usage.License, error) {
	lic, err := m.Licenses.LicenseOf(ctx, s)
	if err != nil && !errors.Is(err, ports.ErrNotFound) {
		return usage.License{}, fmt.Errorf("license: %w", err)
	}
	return lic, lic.Check(m.Now())
}

// Price returns the price of model now. The error matches ErrUnpriced if it is
// not known.
func (m *Service) Price(ctx context.Context, model string) (usage.Price, error) {
	p, err := m.Prices.PriceOf(ctx, model, m.Now())
	if errors.Is(err, ports.ErrNotFound) {
		return usage.Price{}, fmt.Errorf("%w (%s)", ErrUnpriced, model)
	}
	return p, err
}

// Calendar returns the calendar of a site, which tells its day.
func Calendar(site tenant.Site) (usage.Calendar, error) {
	zone, err := time.LoadLocation(site.TimeZone)
	if err != nil {
		return usage.Calendar{}, fmt.Errorf("site %s: %w", site.ID, err)
	}
	c := usage.Calendar{Zone: zone, Since: site.ZoneSince, Floor: usage.Day(site.ZoneFloor)}
	if site.ZoneBefore != "" {
		if c.Before, err = time.LoadLocation(site.ZoneBefore); err != nil {
			return usage.Calendar{}, fmt.Errorf("site %s: %w", site.ID, err)
		}
	}
	return c, nil
}

// NewReservation returns a fresh id for Admit.
func (m *Service) NewReservation() usage.ReservationID {
	return usage.ReservationID(usage.ReservationPrefix + m.NewID())
}

// Admit checks the license of s and reserves want under id. Admitting an id
// again is the same reservation. Nothing is spent or held if the error is not
// nil: a *usage.LicenseError, a *usage.LimitError, ports.ErrNotFound for a site
// that is not there or disabled, or an error of the store, which is to be
// taken as a refusal.
func (m *Service) Admit(ctx context.Context, s tenant.Scope, id usage.ReservationID, want usage.Amounts) (*Admitted, error) {
	lic, err := m.License(ctx, s)
	if err != nil {
		return nil, err
	}
	site, err := m.Sites.Site(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("admit: %w", err)
	}
	if site.Disabled {
		return nil, fmt.Errorf("admit: site %s is disabled: %w", s.Site, ports.ErrNotFound)
	}
	cal, err := Calendar(site)
	if err != nil {
		return nil, err
	}
	now := m.Now()
	hold := usage.Hold{
		ID: id, Day: cal.Day(now), Want: want, Limits: lic.Limits,
		Admit: now, Expires: now.Add(m.CallTimeout + ExpiryMargin), ResetAt: cal.Reset(now),
	}
	if err := m.Ledger.Reserve(ctx, s, hold); err != nil {
		if over, ok := errors.AsType[*usage.LimitError](err); ok {
			m.publish(ctx, s, LimitReached{Meters: over.Exceeded})
		}
		return nil, fmt.Errorf("admit: %w", err)
	}
	return &Admitted{meter: m, scope: s, hold: hold, left: want}, nil
}

// Hold returns what was reserved.
func (a *Admitted) Hold() usage.Hold { return a.hold }

// Left returns what calls to come may still use.
func (a *Admitted) Left() usage.Amounts { return a.left }

// Close ends work of which no call is under way, and gives back what is left of
// its hold. After a call that was settled as the last one it does nothing. It
// works although ctx is done, and may be called twice.
func (a *Admitted) Close(ctx context.Context) error {
	if a.calls == 0 {
		err := a.release(ctx)
		if err == nil || !a.unsure {
			a.failed = nil
			return err
		}
		// It is noted as sent, or nobody can say: then it is settled.
	}
	if a.failed == nil {
		return nil
	}
	return a.settleUnsent(ctx, true)
}

func (a *Admitted) release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if err := a.meter.Ledger.Release(ctx, a.scope, a.hold.ID); err != nil {
		return fmt.Errorf("release %s: %w", a.hold.ID, err)
	}
	return nil
}

// CodeNotSent is the ErrorCode of the event of a call that was never sent, since
// it could not be made sure that it was noted: it took nothing.
const CodeNotSent = "NOT_SENT"

// settleUnsent settles the failed call at nothing, so that no sweep takes it for
// one that was sent and nobody came back from; its number is used up. The
// message's chat requests are counted with it if it is the last call.
func (a *Admitted) settleUnsent(ctx context.Context, last bool) error {
	c, m := a.failed, a.meter
	e := usage.Event{
		ID: usage.EventID(usage.EventPrefix + m.NewID()), Reservation: a.hold.ID, CallNo: c.No, Last: last,
		Conversation: c.Conversation, Message: c.Message, Kind: c.Kind, Model: c.Model,
		Tokens: chat.Tokens{CountedBy: chat.ByBound}, PriceVersion: c.Price.Version, ErrorCode: CodeNotSent, Day: a.hold.Day, At: m.Now(),
	}
	if last {
		e.ChatRequests = c.ChatRequests
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if err := m.Ledger.Settle(ctx, a.scope, a.hold.ID, e); err != nil {
		m.publish(ctx, a.scope, SettleFailed{Reservation: a.hold.ID})
		return fmt.Errorf("settle call %d of %s, which was not sent: %w", c.No, a.hold.ID, err)
	}
	a.calls, a.failed, a.unsure = c.No, nil, false
	m.publish(ctx, a.scope, Recorded{Event: e, Unpriced: c.Price.Unpriced})
	return nil
}

// bounded returns ctx with an end before the hold expires. The time that has
// passed since admission is read from a clock that may be set; the rest runs by
// the monotonic one.
func (a *Admitted) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	most := a.meter.CallTimeout + callMargin
	passed := min(max(0, a.meter.Now().Sub(a.hold.Admit)), most)
	return context.WithTimeout(ctx, most-passed)
}

// Call is one model call of admitted work, from its dispatch to its settlement.
type Call struct {
	admitted *Admitted
	call     usage.Call
	started  time.Time

	mu      sync.Mutex // guards output
	output  int64
	settled bool // guarded by the caller's single goroutine
}

// Start reserves nothing more: it notes durably that c is about to be sent, and
// lowers the hold to what c and rest need. It sets c's number, time and
// requests: the first chat call carries those of the hold, whatever embedding
// came before it. The error matches usage.ErrOverHold if c does not
// fit; then c must not be sent. Whatever the error, another call may be started,
// and Close ends the work: one of which it is not known whether it is noted as
// sent is settled at nothing before.
func (a *Admitted) Start(ctx context.Context, c usage.Call, rest usage.Amounts) (*Call, error) {
	if a.unsure {
		if err := a.settleUnsent(ctx, false); err != nil {
			return nil, err
		}
	}
	c.No, c.At = a.calls+1, a.meter.Now()
	c.ChatRequests = 0
	switch {
	case a.requested:
	case c.Kind == usage.Embedding:
		rest.ChatRequests = a.hold.Want.ChatRequests // for the chat call to come
	default:
		c.ChatRequests = a.hold.Want.ChatRequests
	}
	if err := a.meter.Checkpointer.Dispatch(ctx, a.scope, a.hold.ID, c, rest); err != nil {
		refused := errors.Is(err, ports.ErrInvalid) || errors.Is(err, ports.ErrConflict) || errors.Is(err, ports.ErrNotFound)
		a.failed, a.unsure = &c, !refused
		return nil, fmt.Errorf("dispatch: %w", err)
	}
	a.failed = nil
	a.calls++
	a.requested = a.requested || c.Kind != usage.Embedding
	call := &Call{admitted: a, call: c, started: c.At}
	a.meter.mu.Lock()
	a.meter.running[call] = struct{}{}
	a.meter.mu.Unlock()
	a.left = rest
	return call, nil
}

// forget takes c off the list of running calls: a call that ended in a panic is
// left to the sweep. It may be called after Settle, and again.
func (c *Call) forget() {
	m := c.admitted.meter
	m.mu.Lock()
	delete(m.running, c)
	m.mu.Unlock()
}

// Wrote notes output tokens so far, for the next checkpoint. It may be called
// from any goroutine.
func (c *Call) Wrote(output int64) {
	c.mu.Lock()
	c.output = max(c.output, output)
	c.mu.Unlock()
}

// Outcome is how a call ended.
type Outcome struct {
	Tokens        chat.Tokens
	ProviderModel string
	RawUsage      string
	ErrorCode     string // "" for success
	// Suspect says that the provider's usage report was refused: Tokens is our
	// own count. It is recorded as CodeUsageRefused if the call succeeded, and
	// published either way.
	Suspect bool
}

// Settle records the call's end. last says that no further call will come. It
// works although ctx is done; if the store is away the error says so, and the
// sweep will settle the call at its last checkpoint. It may be called twice.
func (c *Call) Settle(ctx context.Context, o Outcome, last bool) (usage.Event, error) {
	a, m := c.admitted, c.admitted.meter
	c.forget()
	now := m.Now()
	e := usage.Event{
		ID: usage.EventID(usage.EventPrefix + m.NewID()), Reservation: a.hold.ID, CallNo: c.call.No, Last: last,
		Conversation: c.call.Conversation, Message: c.call.Message, Kind: c.call.Kind,
		Model: c.call.Model, ProviderModel: o.ProviderModel, ChatRequests: c.call.ChatRequests,
		Tokens: o.Tokens, Cost: c.call.Price.Cost(o.Tokens), PriceVersion: c.call.Price.Version,
		Latency: max(0, now.Sub(c.started)), Success: o.ErrorCode == "", ErrorCode: o.ErrorCode, RawUsage: o.RawUsage,
		Day: a.hold.Day, At: now,
	}
	if o.Suspect && e.Success {
		e.ErrorCode = usage.CodeUsageRefused
	}
	if c.settled {
		return e, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if err := m.Ledger.Settle(ctx, a.scope, a.hold.ID, e); err != nil {
		m.publish(ctx, a.scope, SettleFailed{Reservation: a.hold.ID})
		return e, fmt.Errorf("settle call %d of %s: %w", e.CallNo, a.hold.ID, err)
	}
	c.settled = true
	if !last {
		a.left = a.left.Plus(c.call.Bound().Minus(e.Spent())).AtLeast(usage.Amounts{})
	}
	m.publish(ctx, a.scope, Recorded{Event: e, Unpriced: c.call.Price.Unpriced})
	if o.Suspect {
		m.publish(ctx, a.scope, UsageRefused{Event: e.ID, Model: e.Model, CountedBy: e.Tokens.CountedBy})
	}
	return e, nil
}

func (m *Service) publish(ctx context.Context, s tenant.Scope, e ports.Event) {
	if m.Events != nil {
		m.Events.Publish(ctx, s, e)
	}
}

// Checkpoint writes how far all running calls have come, in one step. A
// process calls it once a second.
func (m *Service) Checkpoint(ctx context.Context) error {
	m.mu.Lock()
	cs := make([]ports.Checkpoint, 0, len(m.running))
	for c := range m.running {
		c.mu.Lock()
		if c.output > 0 {
			cs = append(cs, ports.Checkpoint{Scope: c.admitted.scope, Reservation: c.admitted.hold.ID, CallNo: c.call.No, Output: c.output})
		}
		c.mu.Unlock()
	}
	m.mu.Unlock()
	if len(cs) == 0 {
		return nil
	}
	return m.Checkpointer.Checkpoint(ctx, cs)
}

// sweepBatch keeps one sweep's writes short.
const sweepBatch = 100

// Sweep settles all holds that have expired, and returns how many.
func (m *Service) Sweep(ctx context.Context) (int, error) {
	n := 0
	for {
		swept, err := m.Sweeper.Sweep(ctx, m.Now(), sweepBatch)
		for _, s := range swept {
			for _, e := range s.Events {
				m.publish(ctx, s.Scope, Recorded{Event: e})
			}
		}
		n += len(swept)
		if err != nil || len(swept) < sweepBatch {
			return n, err
		}
	}
}
