package memory

import (
	"context"
	"fmt"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Days implements [ports.UsageReader].
func (l *Ledger) Days(ctx context.Context, s tenant.Scope, first, last usage.Day) ([]usage.Totals, error) {
	if err := begin(ctx, s); err != nil {
		return nil, err
	}
	days, err := usage.Days(first, last)
	if err != nil {
		return nil, fmt.Errorf("memory: days: %w", portError(err))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	totals := make([]usage.Totals, len(days))
	for i, d := range days {
		if b, ok := l.books[s]; ok {
			totals[i] = b.days[d]
		}
		totals[i].Day = d
	}
	return totals, nil
}

// Events implements [ports.UsageReader].
func (l *Ledger) Events(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.EventID, limit int) ([]usage.Event, error) {
	if err := begin(ctx, s); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var events []usage.Event
	from := 0
	b, ok := l.books[s]
	if after != "" {
		at, known := 0, false
		if ok {
			at, known = b.eventAt[after]
		}
		if !known {
			return nil, fmt.Errorf("memory: events after %s: %w", after, ports.ErrNotFound)
		}
		from = at + 1
	}
	if !ok {
		return nil, nil
	}
	for _, e := range b.events[from:] {
		if len(events) >= limit {
			break
		}
		if first <= e.Day && e.Day <= last {
			events = append(events, e)
		}
	}
	return events, nil
}

// Adjustments implements [ports.UsageReader].
func (l *Ledger) Adjustments(ctx context.Context, s tenant.Scope, first, last usage.Day) ([]usage.Adjustment, error) {
	if err := begin(ctx, s); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.books[s]
	if !ok {
		return nil, nil
	}
	var adjustments []usage.Adjustment
	for _, a := range b.adjustments {
		if first <= a.Day && a.Day <= last {
			adjustments = append(adjustments, a)
		}
	}
	return adjustments, nil
}
