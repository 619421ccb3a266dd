package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

var _ ports.UsageReports = (*Ledger)(nil)

func compareScopes(a, b tenant.Scope) int {
	return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Site, b.Site))
}

// readable returns the scopes that q covers and who may read, in order.
func (l *Ledger) readable(who roles.Grants, q usage.Query) []tenant.Scope {
	l.mu.Lock()
	defer l.mu.Unlock()
	var scopes []tenant.Scope
	for s := range l.books {
		if q.Covers(s) && who.Can(roles.ReadUsage, s) == nil {
			scopes = append(scopes, s)
		}
	}
	slices.SortFunc(scopes, compareScopes)
	return scopes
}

// EachDay implements [ports.UsageReports].
func (l *Ledger) EachDay(ctx context.Context, who roles.Grants, q usage.Query, visit func(usage.SiteTotals) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := q.ValidBy(usage.ByDay); err != nil {
		return fmt.Errorf("memory: each day: %w", portError(err))
	}
	for _, s := range l.readable(who, q) {
		for _, t := range l.daysOf(s, q) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := visit(usage.SiteTotals{Scope: s, Totals: t}); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// daysOf returns what q asks for of one site.
func (l *Ledger) daysOf(s tenant.Scope, q usage.Query) []usage.Totals {
	l.mu.Lock()
	defer l.mu.Unlock()
	days := l.books[s].days
	var totals []usage.Totals
	for _, d := range slices.Sorted(maps.Keys(days)) {
		t := days[d]
		t.Day = d
		if q.First <= d && d <= q.Last && t != (usage.Totals{Day: d}) {
			totals = append(totals, t)
		}
	}
	return totals
}

// Summary implements [ports.UsageReports].
func (l *Ledger) Summary(ctx context.Context, who roles.Grants, q usage.Query, by usage.Grouping) ([]usage.Sum, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := q.ValidBy(by); err != nil {
		return nil, fmt.Errorf("memory: summary: %w", portError(err))
	}
	sums := map[usage.Sum]usage.Sum{} // by the group's name
	add := func(group usage.Sum, used usage.Amounts, prompt, completion int64) {
		s := sums[group]
		s.Used = s.Used.Plus(used)
		s.PromptTokens += prompt
		s.CompletionTokens += completion
		sums[group] = s
	}
	for _, s := range l.readable(who, q) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if by == usage.ByModel {
			l.addModels(s, q, add)
			continue
		}
		for _, t := range l.daysOf(s, q) {
			add(groupOf(by, s, t.Day), t.Used, t.PromptTokens, t.CompletionTokens)
		}
	}
	var list []usage.Sum
	for group, sum := range sums {
		sum.Tenant, sum.Site, sum.Model, sum.Day = group.Tenant, group.Site, group.Model, group.Day
		if !sum.IsZero() {
			list = append(list, sum)
		}
	}
	slices.SortFunc(list, func(a, b usage.Sum) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Site, b.Site), cmp.Compare(a.Model, b.Model), cmp.Compare(a.Day, b.Day))
	})
	return list, ctx.Err()
}

// groupOf returns the name of the group of a site's day.
func groupOf(by usage.Grouping, s tenant.Scope, d usage.Day) usage.Sum {
	switch by {
	case usage.BySite:
		return usage.Sum{Tenant: s.Tenant, Site: s.Site}
	case usage.ByTenant:
		return usage.Sum{Tenant: s.Tenant}
	case usage.ByModel, usage.ByDay: // models are not known by day
	}
	return usage.Sum{Day: d}
}

// addModels adds what one site's events and their adjustments say.
func (l *Ledger) addModels(s tenant.Scope, q usage.Query, add func(group usage.Sum, used usage.Amounts, prompt, completion int64)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.books[s]
	asked := func(e usage.Event) bool {
		return q.First <= e.Day && e.Day <= q.Last && (q.Kind == 0 || q.Kind == e.Kind)
	}
	for _, e := range b.events {
		if asked(e) {
			add(usage.Sum{Model: e.Model}, e.Spent(), e.Tokens.Input, e.Tokens.Output)
		}
	}
	for _, a := range b.adjustments {
		if e := b.events[b.eventAt[a.Event]]; asked(e) {
			add(usage.Sum{Model: e.Model}, a.Delta, a.Prompt, a.Completion)
		}
	}
}

// EachEvent implements [ports.UsageReports].
func (l *Ledger) EachEvent(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, limit int, visit func(usage.SiteEvent) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := q.Valid(); err != nil {
		return fmt.Errorf("memory: each event: %w", portError(err))
	}
	scopes := l.readable(who, q)
	var begin eventPlace
	if after != "" {
		var ok bool
		if begin, ok = l.placeOf(scopes, after); !ok {
			return fmt.Errorf("memory: events after %s: %w", after, ports.ErrNotFound)
		}
	}
	left := limit
	for _, s := range scopes {
		if after != "" && compareScopes(s, begin.scope) < 0 {
			continue
		}
		for _, at := range l.eventsOf(s, q) {
			if s == begin.scope && cmp.Or(cmp.Compare(at.day, begin.day), cmp.Compare(at.index, begin.index)) <= 0 {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := visit(usage.SiteEvent{Scope: s, Event: l.eventAt(s, at.index)}); err != nil {
				return err
			}
			if left--; left == 0 {
				return nil
			}
		}
	}
	return ctx.Err()
}

// eventPlace is where an event stands in the order of EachEvent.
type eventPlace struct {
	scope tenant.Scope
	day   usage.Day
	index int
}

// placeOf finds an event of one of the scopes.
func (l *Ledger) placeOf(scopes []tenant.Scope, id usage.EventID) (eventPlace, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range scopes {
		if i, ok := l.books[s].eventAt[id]; ok {
			return eventPlace{s, l.books[s].events[i].Day, i}, true
		}
	}
	return eventPlace{}, false
}

// eventsOf returns the places of the events that q asks for of one site, in
// order. Events never move, so the places hold while others are added.
func (l *Ledger) eventsOf(s tenant.Scope, q usage.Query) []eventPlace {
	l.mu.Lock()
	defer l.mu.Unlock()
	var places []eventPlace
	for i, e := range l.books[s].events {
		if q.First <= e.Day && e.Day <= q.Last && (q.Kind == 0 || q.Kind == e.Kind) {
			places = append(places, eventPlace{s, e.Day, i})
		}
	}
	slices.SortStableFunc(places, func(a, b eventPlace) int { return cmp.Compare(a.day, b.day) })
	return places
}

func (l *Ledger) eventAt(s tenant.Scope, i int) usage.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.books[s].events[i]
}
