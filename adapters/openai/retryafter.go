package openai

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/ports"
)

// maxRetryAfter bounds what a provider may ask us to wait, so that a broken
// clock over there does not take the provider out of service for a year.
const maxRetryAfter = 24 * time.Hour

// retryAfter reads how long the provider asks us to wait: retry-after-ms (as
// OpenAI and Azure send beside the other), or Retry-After as seconds or as an
// HTTP date (RFC 9110, 10.2.3). A date is compared with the response's own
// Date, since the provider's clock made both; only if there is none, with
// clock, which may be nil. It returns 0 if nothing is asked or can be read.
func retryAfter(h http.Header, clock ports.Clock) time.Duration {
	if ms, err := strconv.ParseFloat(strings.TrimSpace(h.Get("Retry-After-Ms")), 64); err == nil {
		return clampWait(ms * float64(time.Millisecond))
	}
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseFloat(v, 64); err == nil {
		return clampWait(s * float64(time.Second))
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		if clock == nil {
			return 0
		}
		now = clock()
	}
	return clampWait(float64(at.Sub(now)))
}

// clampWait turns nanoseconds into a Duration within [0, maxRetryAfter].
func clampWait(ns float64) time.Duration {
	if !(ns > 0) { // NaN, too
		return 0
	}
	if ns > float64(maxRetryAfter) {
		return maxRetryAfter
	}
	return time.Duration(ns)
}
