package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Repricings keeps what the events of a [Ledger] would have cost at other
// prices. It is a [ports.Repricings]. Make one with NewRepricings.
type Repricings struct {
	ledger *Ledger

	mu   sync.Mutex // guards rows; taken after ledger.mu
	rows map[tenant.Scope]map[repricingKey]usage.Repricing
}

type repricingKey struct {
	event   usage.EventID
	version string
}

var _ ports.Repricings = (*Repricings)(nil)

// NewRepricings returns an empty store beside l.
func NewRepricings(l *Ledger) *Repricings {
	return &Repricings{ledger: l, rows: map[tenant.Scope]map[repricingKey]usage.Repricing{}}
}

// PutRepricings implements [ports.Repricings].
func (r *Repricings) PutRepricings(ctx context.Context, s tenant.Scope, rs []usage.Repricing) error {
	if err := begin(ctx, s); err != nil {
		return err
	}
	if err := usage.CheckRepricings(rs); err != nil {
		return fmt.Errorf("memory: put repricings: %w: %w", ports.ErrInvalid, err)
	}
	r.ledger.mu.Lock()
	defer r.ledger.mu.Unlock()
	for _, row := range rs {
		if _, known := r.eventAt(s, row.Event); !known {
			return fmt.Errorf("memory: put repricings: event %s: %w", row.Event, ports.ErrNotFound)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rows[s] == nil {
		r.rows[s] = map[repricingKey]usage.Repricing{}
	}
	for _, row := range rs {
		row.At = row.At.UTC()
		r.rows[s][repricingKey{row.Event, row.PriceVersion}] = row
	}
	return nil
}

// eventAt returns where in its book an event is; ledger.mu is held.
func (r *Repricings) eventAt(s tenant.Scope, id usage.EventID) (int, bool) {
	b, ok := r.ledger.books[s]
	if !ok {
		return 0, false
	}
	at, ok := b.eventAt[id]
	return at, ok
}

// ListRepricings implements [ports.Repricings].
func (r *Repricings) ListRepricings(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.Repricing, limit int) ([]usage.Repricing, error) {
	if err := begin(ctx, s); err != nil {
		return nil, err
	}
	if _, err := usage.Days(first, last); err != nil {
		return nil, fmt.Errorf("memory: list repricings: %w", portError(err))
	}
	r.ledger.mu.Lock()
	defer r.ledger.mu.Unlock()
	from := -1
	if after.Event != "" {
		var known bool
		if from, known = r.eventAt(s, after.Event); !known {
			return nil, fmt.Errorf("memory: list repricings: after event %s: %w", after.Event, ports.ErrNotFound)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	type placed struct {
		at int
		usage.Repricing
	}
	var found []placed
	for _, row := range r.rows[s] {
		at, _ := r.eventAt(s, row.Event)
		if day := r.ledger.books[s].events[at].Day; day < first || last < day {
			continue
		}
		if at > from || at == from && row.PriceVersion > after.PriceVersion {
			found = append(found, placed{at, row})
		}
	}
	slices.SortFunc(found, func(x, y placed) int {
		return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.PriceVersion, y.PriceVersion))
	})
	var out []usage.Repricing
	for _, f := range found[:min(max(limit, 0), len(found))] {
		out = append(out, f.Repricing)
	}
	return out, nil
}
