package openai

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	date := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for _, c := range []struct {
		name   string
		header map[string]string
		want   time.Duration
	}{
		{"none", nil, 0},
		{"seconds", map[string]string{"Retry-After": "7"}, 7 * time.Second},
		{"part of a second", map[string]string{"Retry-After": " 0.5 "}, 500 * time.Millisecond},
		{"milliseconds first", map[string]string{"Retry-After": "7", "Retry-After-Ms": "6250"}, 6250 * time.Millisecond},
		{"date", map[string]string{"Retry-After": date(90 * time.Second)}, 90 * time.Second},
		{"date by the provider's clock", map[string]string{"Retry-After": date(time.Hour + 9*time.Second), "Date": date(time.Hour)}, 9 * time.Second},
		{"past", map[string]string{"Retry-After": date(-time.Minute)}, 0},
		{"negative", map[string]string{"Retry-After": "-3"}, 0},
		{"endless", map[string]string{"Retry-After": "1e300"}, maxRetryAfter},
		{"no number", map[string]string{"Retry-After": "NaN"}, 0},
		{"nonsense", map[string]string{"Retry-After": "soon"}, 0},
	} {
		h := http.Header{}
		for k, v := range c.header {
			h.Set(k, v)
		}
		if got := retryAfter(h, func() time.Time { return now }); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestRetryAfterWithoutAClock(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC)
	h := http.Header{"Retry-After": {at.Format(http.TimeFormat)}}
	if got := retryAfter(h, nil); got != 0 {
		t.Errorf("%v without anything to compare with", got)
	}
	h.Set("Date", at.Add(-30*time.Second).Format(http.TimeFormat))
	if got := retryAfter(h, nil); got != 30*time.Second {
		t.Errorf("%v, want 30s", got)
	}
}

func TestScrub(t *testing.T) {
	s := scrubber{key: "local-secret-0042", said: []string{"please deliver to 5 Elm Street", "red mug?"}}
	for in, want := range map[string]string{
		"Incorrect API key provided: local-secret-0042.": "Incorrect API key provided: [redacted].",
		"key local-se****0042 is wrong":                  "key [redacted] is wrong",
		"try sk-proj-abcdefgh123 or gsk_0123456789":      "try [redacted] or [redacted]",
		"masked sk-ab***wxyz here":                       "masked [redacted] here",
		"Authorization: Bearer abc.def":                  "Authorization: [redacted]",
		`"deliver to 5 Elm Street" is bad`:               `"[prompt]" is bad`,
		"no results for red mug? sorry":                  "no results for [prompt] sorry",
		"maximum context length is 128000 tokens":        "maximum context length is 128000 tokens",
		"two\n lines\tand\x1b[31m red":                   "two lines and [31m red",
		"bad \xffbyte":                                   "bad byte",
	} {
		if got := s.clean(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := s.clean(strings.Repeat("é", 10_000)); len(got) > maxMessage || !strings.HasPrefix(got, "é") {
		t.Errorf("%d bytes are left", len(got))
	}
}
