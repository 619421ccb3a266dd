package ingestion

import (
	"hash/fnv"
	"time"
)

// Intervals say how often the tasks of a site are done. A zero one is its
// default.
type Intervals struct {
	Poll  time.Duration // 5 minutes
	Sweep time.Duration // 30 minutes
	Pages time.Duration // 15 minutes
	Hooks time.Duration // 1 hour
}

// Periodic are the tasks that are planned for each connected site. Diff is done
// once a night.
func Periodic() []string { return []string{Poll, Sweep, Diff, Pages, Hooks} }

// A night's work begins between one and five o'clock, when shops are quiet.
const (
	nightBegins = 1
	nightLasts  = 4 * time.Hour
)

// every returns how often a task is done, zero for one that is not periodic, and
// for Diff.
func (i Intervals) every(task string) time.Duration {
	pick := func(d, otherwise time.Duration) time.Duration {
		if d > 0 {
			return d
		}
		return otherwise
	}
	switch task {
	case Poll:
		return pick(i.Poll, 5*time.Minute)
	case Sweep:
		return pick(i.Sweep, 30*time.Minute)
	case Pages:
		return pick(i.Pages, 15*time.Minute)
	case Hooks:
		return pick(i.Hooks, time.Hour)
	}
	return 0
}

// First returns when a periodic task is done for the first time of a site that
// is new at now: within its interval, so that sites do not go in step. jitter is
// in [0, 1).
func (i Intervals) First(task string, now time.Time, site string, zone *time.Location, jitter float64) time.Time {
	if task == Diff {
		return i.Next(task, now, site, zone, jitter)
	}
	return now.Add(time.Duration(float64(i.every(task)) * min(max(jitter, 0), 1)))
}

// Next returns when a periodic task that was done at now is done again: after
// its interval, give or take a tenth, and Diff at the site's own moment of the
// next night, by the clock of its zone. The zero time for any other task.
func (i Intervals) Next(task string, now time.Time, site string, zone *time.Location, jitter float64) time.Time {
	if task == Diff {
		return night(now, site, zone)
	}
	d := i.every(task)
	if d == 0 {
		return time.Time{}
	}
	return now.Add(d - d/10 + time.Duration(float64(d/5)*min(max(jitter, 0), 1)))
}

// night returns the site's next moment of a night after now.
func night(now time.Time, site string, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(site)) // it never fails
	into := time.Duration(h.Sum64() % uint64(nightLasts))
	y, m, d := now.In(zone).Date()
	for day := 0; ; day++ {
		// The hour is set by the clock on the wall; where it does not exist, or
		// twice, Date takes one that is near.
		at := time.Date(y, m, d+day, nightBegins, 0, 0, 0, zone).Add(into)
		if at.After(now) {
			return at.UTC()
		}
	}
}
