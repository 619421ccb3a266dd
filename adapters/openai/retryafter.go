package openai

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter bounds what a provider may ask us to wait, so that a broken
// clock over there does not take the provider out of service for a year.
const maxRetryAfter = 24 * time.Hour

// retryAfter reads how long the provider asks us to wait: retry-after-ms (as
// OpenAI and Azure send beside the other), or Retry-After as seconds or as an
// HTTP date (RFC 9110, 10.2.3). A date is compared with the response's own
// Date, if there is one, since the provider's clock made both. It returns 0 if
// there is none or it cannot be read.
func retryAfter(h http.Header, now time.Time) time.Duration {
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
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
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
