package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"

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
	var from placed
	b, ok := l.books[s]
	if after != "" {
		at, known := 0, false
		if ok {
			at, known = b.eventAt[after]
		}
		if !known {
			return nil, fmt.Errorf("memory: events after %s: %w", after, ports.ErrNotFound)
		}
		from = placed{b.events[at].Day, at + 1}
	}
	if !ok {
		return nil, nil
	}
	var found []placed
	for at, e := range b.events {
		if p := (placed{e.Day, at}); first <= e.Day && e.Day <= last && p.compare(from) >= 0 {
			found = append(found, p)
		}
	}
	slices.SortFunc(found, placed.compare)
	for _, p := range found[:min(max(limit, 0), len(found))] {
		events = append(events, b.events[p.at])
	}
	return events, nil
}

// placed is where an event stands: of its day, and in its book.
type placed struct {
	day usage.Day
	at  int
}

func (p placed) compare(o placed) int {
	return cmp.Or(cmp.Compare(p.day, o.day), cmp.Compare(p.at, o.at))
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
