package ingestion

import (
	"slices"
	"time"
)

const (
	// MaxAttempts is after how many failures a job is a dead letter.
	MaxAttempts = 10

	firstDelay = 5 * time.Second
	maxDelay   = time.Hour
	// maxRest bounds how long a site rests because its shop is away: it may be
	// back any minute, and nobody tells.
	maxRest = 5 * time.Minute
	// maxRetryAfter bounds what a shop can ask for.
	maxRetryAfter = time.Hour
)

// Delay returns how long to wait after the given number of failures, which is
// at least 1: twice as long each time, and at most an hour. jitter, in [0, 1),
// takes up to a half off, so that what has failed together is not tried again
// together.
func Delay(failures int, jitter float64) time.Duration {
	return jittered(grown(failures, maxDelay), jitter)
}

// Rest returns how long a site is left alone after its shop did not answer the
// given number of times in a row: like Delay, at most five minutes, but never
// less than the shop asked for with Retry-After, of which an hour is believed.
func Rest(failures int, retryAfter time.Duration, jitter float64) time.Duration {
	return max(jittered(grown(failures, maxRest), jitter), min(max(0, retryAfter), maxRetryAfter))
}

func grown(failures int, most time.Duration) time.Duration {
	d := firstDelay
	for range min(failures, 64) - 1 {
		if d *= 2; d >= most {
			return most
		}
	}
	return d
}

func jittered(d time.Duration, jitter float64) time.Duration {
	jitter = min(max(jitter, 0), 1)
	return d - time.Duration(float64(d/2)*jitter)
}

// Failed returns the outcome of a job that failed at now: another attempt, or
// the end of a job that had enough of them. A task that is planned anew each
// time never dies, since nobody would revive it.
func Failed(j Job, why string, now time.Time, retryAfter time.Duration, jitter float64) Outcome {
	o := Outcome{Object: j.Object, Seq: j.Seq, Err: why}
	if o.Err == "" {
		o.Err = "failed"
	}
	if j.Attempts+1 >= MaxAttempts && !j.Object.periodic() {
		return o
	}
	wait := max(Delay(j.Attempts+1, jitter), min(max(0, retryAfter), maxRetryAfter))
	o.Again = now.Add(wait)
	return o
}

func (o Object) periodic() bool {
	return o.Kind == Task && slices.Contains(Periodic(), o.ID)
}
