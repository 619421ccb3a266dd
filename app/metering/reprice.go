package metering

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aiwoochat/woochat/app/auditing"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// RepricerDeps are what a Repricer needs. All are required.
type RepricerDeps struct {
	Usage      ports.UsageReader
	Repricings ports.Repricings
	// Prices is the table alone: a ceiling, or a price of nothing for a model
	// that nobody knows, is no price to compute again with.
	Prices ports.Prices
	Audit  ports.AuditLog // of who had it computed, on which site
	Now    ports.Clock
	NewID  ports.NewID
}

// Repricer computes what recorded events would have cost at the prices of
// another day. Make one with NewRepricer; it is safe for concurrent use.
type Repricer struct {
	deps  RepricerDeps
	audit *auditing.Service
}

// NewRepricer returns a Repricer. It reports every missing dependency at once.
func NewRepricer(d RepricerDeps) (*Repricer, error) {
	var errs []error
	for _, need := range []struct {
		name string
		ok   bool
	}{{"Usage", d.Usage != nil}, {"Repricings", d.Repricings != nil}, {"Prices", d.Prices != nil}} {
		if !need.ok {
			errs = append(errs, fmt.Errorf("metering: RepricerDeps.%s is missing", need.name))
		}
	}
	audit, err := auditing.New(auditing.Deps{Log: d.Audit, Now: d.Now, NewID: d.NewID})
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	return &Repricer{d, audit}, nil
}

// RepriceOrder says what to compute again, and at which prices.
type RepriceOrder struct {
	AsOf        time.Time // the prices in force at this instant
	First, Last usage.Day // of the events, both included
	Model       string    // only events of this model; "" for all
	DryRun      bool      // nothing is stored
}

// Repriced is what the events of one model were billed, and what they would
// have cost. Events that could not be priced are in neither sum.
type Repriced struct {
	Model        string
	PriceVersion string // "" if the model has no price at that time
	Events       int64
	Billed       usage.NanoUSD // adjustments included
	Repriced     usage.NanoUSD
	Unpriced     int64         // events that could not be priced
	NotCompared  usage.NanoUSD // what those were billed
}

// Difference returns what the events would have cost more; negative for less.
func (r Repriced) Difference() usage.NanoUSD { return r.Repriced - r.Billed }

// repricePage is how many events are read and stored in one step.
const repricePage = 500

// Reprice computes what each event of s in the order's days would have cost,
// stores it beside what was billed, which stays, and returns a row for each
// model, by name. It may be called again: the same order stores the same. What
// was stored before an error stays, and is found again.
//
// Only a super admin may, and it is recorded for the tenant's owner to read;
// others get roles.ErrForbidden. The error matches ports.ErrInvalid if the order
// has no instant, or no range of days.
func (r *Repricer) Reprice(ctx context.Context, who roles.Grants, s tenant.Scope, o RepriceOrder) ([]Repriced, error) {
	if err := who.Can(roles.RepriceUsage, s); err != nil {
		return nil, err
	}
	if err := s.Valid(); err != nil {
		return nil, fmt.Errorf("reprice: %w", err)
	}
	if _, err := usage.Days(o.First, o.Last); err != nil {
		return nil, fmt.Errorf("reprice: %w: %w", ports.ErrInvalid, err)
	}
	if o.AsOf.IsZero() {
		return nil, fmt.Errorf("reprice: %w: say as of when", ports.ErrInvalid)
	}
	what := fmt.Sprintf("%s to %s at the prices of %s", o.First, o.Last, o.AsOf.UTC().Format(time.DateOnly))
	if o.DryRun {
		what += ", dry run"
	}
	if err := r.audit.Allow(ctx, who, roles.RepriceUsage, s, what); err != nil {
		return nil, fmt.Errorf("reprice: %w", err)
	}
	adjustments, err := r.deps.Usage.Adjustments(ctx, s, o.First, o.Last)
	if err != nil {
		return nil, fmt.Errorf("reprice: %w", err)
	}
	run := repricing{deps: r.deps, scope: s, order: o, adjusted: map[usage.EventID]*usage.Adjustment{}, byModel: map[string]*modelRun{}}
	for i := range adjustments {
		run.adjusted[adjustments[i].Event] = &adjustments[i]
	}
	for after, more := usage.EventID(""), true; more; {
		events, err := r.deps.Usage.Events(ctx, s, o.First, o.Last, after, repricePage)
		if err != nil {
			return nil, fmt.Errorf("reprice: %w", err)
		}
		if err := run.page(ctx, events); err != nil {
			return nil, fmt.Errorf("reprice: %w", err)
		}
		if more = len(events) == repricePage; more {
			after = events[len(events)-1].ID
		}
	}
	var out []Repriced
	for _, model := range slices.Sorted(maps.Keys(run.byModel)) {
		out = append(out, run.byModel[model].Repriced)
	}
	return out, nil
}

// repricing is one run of Reprice.
type repricing struct {
	deps     RepricerDeps
	scope    tenant.Scope
	order    RepriceOrder
	adjusted map[usage.EventID]*usage.Adjustment
	byModel  map[string]*modelRun
}

// modelRun is what has come of one model so far, and its price.
type modelRun struct {
	Repriced
	price usage.Price
	known bool
}

func (r *repricing) model(ctx context.Context, name string) (*modelRun, error) {
	if m, ok := r.byModel[name]; ok {
		return m, nil
	}
	p, err := r.deps.Prices.PriceOf(ctx, name, r.order.AsOf)
	if err != nil && !errors.Is(err, ports.ErrNotFound) {
		return nil, err
	}
	m := &modelRun{Repriced: Repriced{Model: name}, price: p, known: err == nil && !p.Unpriced}
	if m.known {
		m.PriceVersion = p.Version
	}
	r.byModel[name] = m
	return m, nil
}

func (r *repricing) page(ctx context.Context, events []usage.Event) error {
	var rows []usage.Repricing
	for _, e := range events {
		if r.order.Model != "" && e.Model != r.order.Model {
			continue
		}
		m, err := r.model(ctx, e.Model)
		if err != nil {
			return err
		}
		tokens, billed := e.Billed(r.adjusted[e.ID])
		m.Events++
		if !m.known {
			m.Unpriced++
			m.NotCompared = sum(m.NotCompared, billed)
			continue
		}
		cost := usage.NanoUSD(0)
		if !m.price.Local {
			cost = m.price.Cost(tokens)
		}
		m.Billed, m.Repriced.Repriced = sum(m.Billed, billed), sum(m.Repriced.Repriced, cost)
		rows = append(rows, usage.Repricing{Event: e.ID, PriceVersion: m.PriceVersion, Cost: cost, At: r.deps.Now()})
	}
	if r.order.DryRun || len(rows) == 0 {
		return nil
	}
	return r.deps.Repricings.PutRepricings(ctx, r.scope, rows)
}

func sum(a, b usage.NanoUSD) usage.NanoUSD {
	return usage.Amounts{Cost: a}.Plus(usage.Amounts{Cost: b}).Cost
}
