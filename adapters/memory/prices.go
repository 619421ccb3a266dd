package memory

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Prices keeps a price table in process memory. It is a [ports.Prices]. Make
// one with NewPrices.
type Prices struct {
	mu  sync.Mutex // guards all
	all map[string][]datedPrice
}

type datedPrice struct {
	usage.Price
	from, until time.Time // zero: from ever, for ever
}

var _ ports.Prices = (*Prices)(nil)

// NewPrices returns a table of prices that are in force for ever.
func NewPrices(prices ...usage.Price) *Prices {
	t := &Prices{all: map[string][]datedPrice{}}
	for _, p := range prices {
		t.Put(p, time.Time{}, time.Time{})
	}
	return t
}

// Put adds a price that is in force from an instant until another one, the
// first at which it is over; zero is from ever, and for ever. Where two prices
// of a model overlap the one put last counts.
func (t *Prices) Put(p usage.Price, from, until time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all[p.Model] = append(t.all[p.Model], datedPrice{p, from, until})
}

// PriceOf implements [ports.Prices].
func (t *Prices) PriceOf(ctx context.Context, model string, at time.Time) (usage.Price, error) {
	if err := ctx.Err(); err != nil {
		return usage.Price{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range slices.Backward(t.all[model]) {
		if !at.Before(p.from) && (p.until.IsZero() || at.Before(p.until)) {
			return p.Price, nil
		}
	}
	return usage.Price{}, fmt.Errorf("memory: price of %q at %s: %w", model, at.UTC().Format(time.RFC3339), ports.ErrNotFound)
}
