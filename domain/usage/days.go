package usage

import (
	"errors"
	"fmt"
	"time"
)

// MaxDays is how many days a reader looks back beyond the first.
const MaxDays = 400

// ErrBadDays is matched by the errors of Days.
var ErrBadDays = errors.New("not a range of days")

// Days returns the days from first to last, both included. The error matches
// ErrBadDays if one of them is no day, last is before first, or last is more
// than MaxDays after it.
func Days(first, last Day) ([]Day, error) {
	from, err := time.Parse(time.DateOnly, string(first))
	if err != nil {
		return nil, fmt.Errorf("%w: the first day is %q", ErrBadDays, first)
	}
	to, err := time.Parse(time.DateOnly, string(last))
	if err != nil {
		return nil, fmt.Errorf("%w: the last day is %q", ErrBadDays, last)
	}
	if to.Before(from) || to.After(from.AddDate(0, 0, MaxDays)) {
		return nil, fmt.Errorf("%w: %s to %s: want at most %d days, the first one first", ErrBadDays, first, last, MaxDays)
	}
	var days []Day
	for d := from; !d.After(to); d = d.AddDate(0, 0, 1) {
		days = append(days, DayOf(d, time.UTC))
	}
	return days, nil
}
