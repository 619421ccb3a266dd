package ingestion

import (
	"fmt"
	"slices"
	"time"
)

const (
	// Quiet is how long an object rests from the moment at which it was taken:
	// what happens to it meanwhile is one job, and a thing that is saved a
	// thousand times a second is read and embedded once a second.
	Quiet = time.Second

	// MaxHints is how many hints one call takes.
	MaxHints = 1000
)

// Kept is a Job as a queue keeps it. It is kept until Quiet although it is Done,
// so that the next hint for its object waits until then.
type Kept struct {
	Job
	Latest time.Time // when the newest hint came
	Quiet  time.Time // it is not due before; zero: at any time
	Done   bool
}

// Live reports whether there is something to be done, now or later.
func (k Kept) Live() bool { return !k.Done && !k.Dead }

// Hint returns k with one more hint, which came at now and has the number seq:
// above that of all others of the site. The zero Kept is that of an object that
// has no job.
func (k Kept) Hint(h Hint, seq int64, now time.Time) Kept {
	due := h.Due
	if due.IsZero() {
		due = now
	}
	switch {
	case k.Seq == 0 || k.Done:
		k = Kept{Job: Job{Object: h.Object, Hinted: now, Due: due}, Quiet: k.Quiet}
	case k.Dead:
		k.Dead, k.Attempts, k.Error, k.Due = false, 0, "", due
	case due.Before(k.Due):
		k.Due = due
	}
	k.Seq, k.Latest, k.Due = seq, now, later(k.Due, k.Quiet)
	if h.Payload != nil && (k.Payload == nil || !h.Modified.Before(k.Modified)) {
		k.Payload, k.Modified = h.Payload, h.Modified
	}
	return k
}

// Finish returns what is left of k after o, of a batch that was taken at the
// given time.
func (k Kept) Finish(o Outcome, taken time.Time) Kept {
	quiet := taken.Add(Quiet)
	switch {
	case k.Done: // it has been told already
	case o.Seq != k.Seq:
		// A hint has come since. What it asks for was not done, whatever came of
		// the older ones.
		k.Attempts, k.Error, k.Dead, k.Hinted = 0, "", false, k.Latest
		k.Quiet, k.Due = quiet, later(k.Due, quiet)
	case o.Err == "" && o.Again.IsZero():
		k.Done, k.Quiet = true, quiet
	case o.Err == "":
		k.Attempts, k.Error, k.Due = 0, "", o.Again
	default:
		k.Attempts, k.Error, k.Due, k.Dead = k.Attempts+1, o.Err, o.Again, o.Again.IsZero()
		if k.Dead {
			k.Due = taken
		}
	}
	return k
}

// Retry returns k as an operator's Retry at now leaves it: due at once, with no
// attempts counted.
func (k Kept) Retry(now time.Time) Kept {
	k.Dead, k.Attempts, k.Error, k.Due = false, 0, "", now
	return k
}

// LastPlace returns what one turn of a site takes. jobs are its first due jobs, at
// most limit; where they leave out all of its due tasks, the oldest of these, which
// task returns (false if there is none), has the last place, unless that is the only
// one: products that come again and again must not hide what else the site has to
// do. task is asked only if it matters; its error is returned.
func LastPlace(jobs []Job, limit int, task func() (Job, bool, error)) ([]Job, error) {
	isTask := func(j Job) bool { return j.Object.Kind == Task }
	if limit <= 1 || len(jobs) < limit || slices.ContainsFunc(jobs, isTask) {
		return jobs, nil
	}
	oldest, ok, err := task()
	if err != nil || !ok {
		return jobs, err
	}
	return append(slices.Clone(jobs[:limit-1]), oldest), nil
}

// later returns the later of two times.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Valid returns an error that matches ErrBadObject unless o can be named.
func (o Object) Valid() error {
	if back, err := ParseObject(o.String()); err != nil || back != o {
		return fmt.Errorf("%w: kind %d, id %.80q", ErrBadObject, o.Kind, o.ID)
	}
	return nil
}

// CheckHints returns an error that matches ErrBadObject unless one call may
// bring the hints.
func CheckHints(hints []Hint) error {
	if len(hints) > MaxHints {
		return fmt.Errorf("%w: %d hints in one call, and %d are the most", ErrBadObject, len(hints), MaxHints)
	}
	for _, h := range hints {
		if err := h.Object.Valid(); err != nil {
			return err
		}
	}
	return nil
}

// With returns d with k counted, as it is at now.
func (d Depth) With(k Kept, now time.Time) Depth {
	due := !k.Due.After(now)
	switch {
	case k.Done:
	case k.Dead:
		d.Dead++
	case due || k.Object.Kind != Task:
		d.Pending++
	}
	if k.Live() && due && (d.Oldest.IsZero() || k.Due.Before(d.Oldest)) {
		d.Oldest = k.Due
	}
	return d
}
