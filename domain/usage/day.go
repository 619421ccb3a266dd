package usage

import (
	"fmt"
	"time"
)

// Day is a calendar day of a site, as 2006-01-02.
type Day string

// DayOf returns t's calendar day in loc.
func DayOf(t time.Time, loc *time.Location) Day { return Day(t.In(loc).Format(time.DateOnly)) }

// ParseDay reads a day such as 2026-11-23.
func ParseDay(s string) (Day, error) {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", fmt.Errorf("%q is not a day such as 2026-11-23", s)
	}
	return Day(s), nil
}

// midnight returns the first instant of the day after t's in loc. Where clocks
// skip midnight it is the first instant that exists.
func midnight(t time.Time, loc *time.Location) time.Time {
	y, m, d := t.In(loc).Date()
	next := time.Date(y, m, d+1, 0, 0, 0, 0, loc)
	// A zone that skips midnight (as some do for summer time) gives 23:00 or
	// 01:00, depending on the library; walk to the true border.
	today := DayOf(t, loc)
	for DayOf(next, loc) <= today {
		next = next.Add(15 * time.Minute)
	}
	for prev := next.Add(-15 * time.Minute); prev.After(t) && DayOf(prev, loc) > today; prev = next.Add(-15 * time.Minute) {
		next = prev
	}
	return next
}

// Calendar tells a site's day. A change of zone takes effect at the next
// midnight of the old one, and the day never goes back.
type Calendar struct {
	Zone   *time.Location // in force from Since
	Before *time.Location // in force until Since; nil if the zone never changed
	Since  time.Time
	Floor  Day // no earlier day is returned
}

// Day returns the site's day at t.
func (c Calendar) Day(t time.Time) Day {
	var d Day
	switch {
	case c.Before == nil:
		d = DayOf(t, c.Zone)
	case t.Before(c.Since):
		d = DayOf(t, c.Before)
	default:
		d = max(DayOf(t, c.Zone), DayOf(c.Since, c.Before))
	}
	return max(d, c.Floor)
}

// Reset returns the first instant after t at which a later day begins.
func (c Calendar) Reset(t time.Time) time.Time {
	today := c.Day(t)
	for at := t; ; {
		next := midnight(at, c.Zone)
		if c.Before != nil && at.Before(c.Since) {
			next = midnight(at, c.Before)
			if c.Since.Before(next) {
				next = c.Since
			}
		}
		if c.Day(next) > today {
			return next
		}
		at = next
	}
}

// Move returns the calendar after a change to zone at the time now.
func (c Calendar) Move(zone *time.Location, now time.Time) Calendar {
	before := c.Zone
	if c.Before != nil && now.Before(c.Since) {
		before = c.Before // the change that is waiting is replaced
	}
	return Calendar{Zone: zone, Before: before, Since: midnight(now, before), Floor: c.Day(now)}
}
