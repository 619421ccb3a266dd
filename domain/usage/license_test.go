package usage_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/aiwoochat/woochat/domain/usage"
)

func TestLicenseCheck(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name    string
		license usage.License
		err     error
		status  string
	}{
		{"active", usage.License{Status: usage.Active}, nil, ""},
		{"trialing", usage.License{Status: usage.Trialing}, nil, ""},
		{"none", usage.License{}, usage.ErrLicenseInactive, "none"},
		{"suspended", usage.License{Status: usage.Suspended}, usage.ErrLicenseInactive, "suspended"},
		{"expired", usage.License{Status: usage.Expired}, usage.ErrLicenseInactive, "expired"},
		{"cancelled", usage.License{Status: usage.Cancelled}, usage.ErrLicenseInactive, "cancelled"},
		{"a status that is none", usage.License{Status: 99}, usage.ErrLicenseInactive, "none"},
		{"not yet", usage.License{Status: usage.Active, ValidFrom: now.Add(1)}, usage.ErrLicenseInactive, "active"},
		{"from now", usage.License{Status: usage.Active, ValidFrom: now}, nil, ""},
		{"until now", usage.License{Status: usage.Active, ValidUntil: now}, usage.ErrLicenseInactive, "active"},
		{"until then", usage.License{Status: usage.Active, ValidUntil: now.Add(1)}, nil, ""},
		{"malformed", usage.License{Status: usage.Active, Malformed: "max_tokens_per_day is missing"}, usage.ErrLicenseInvalid, "active"},
		{"over and malformed", usage.License{Status: usage.Expired, Malformed: "x"}, usage.ErrLicenseInactive, "expired"},
	} {
		err := c.license.Check(now)
		if !errors.Is(err, c.err) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.err)
		}
		var le *usage.LicenseError
		if errors.As(err, &le) && le.Status != c.status {
			t.Errorf("%s: the error says status %s, want %s", c.name, le.Status, c.status)
		}
	}
}

func TestParseStatus(t *testing.T) {
	for st := usage.Active; st <= usage.Cancelled; st++ {
		if got, err := usage.ParseStatus(st.String()); err != nil || got != st {
			t.Errorf("%s: got %v, %v", st, got, err)
		}
	}
	for _, s := range []string{"", "none", "Active", "canceled", "ACTIVE "} {
		if got, err := usage.ParseStatus(s); err == nil {
			t.Errorf("%q was taken as %s", s, got)
		}
	}
}

func TestParseLimits(t *testing.T) {
	whole := func(change ...string) map[string]string {
		v := map[string]string{"max_tokens_per_day": "1000000", "max_chat_requests_per_day": "1000", "max_embedding_tokens_per_day": "100000"}
		for i := 0; i < len(change); i += 2 {
			if change[i+1] == "" {
				delete(v, change[i])
			} else {
				v[change[i]] = change[i+1]
			}
		}
		return v
	}
	seed := usage.Limits{ChatTokens: 1_000_000, ChatRequests: 1000, EmbeddingTokens: 100_000, Cost: usage.Unlimited}
	for name, c := range map[string]struct {
		values map[string]string
		want   usage.Limits
	}{
		"the seed's":      {whole(), seed},
		"other keys":      {whole("note", `"x"`), seed},
		"null":            {whole("max_tokens_per_day", "null", "max_chat_requests_per_day", "null", "max_embedding_tokens_per_day", "null"), usage.NoLimits()},
		"zero":            {whole("max_tokens_per_day", "0"), usage.Limits{ChatRequests: 1000, EmbeddingTokens: 100_000, Cost: usage.Unlimited}},
		"cost":            {whole("max_cost_usd_per_day", `"2.50"`), usage.Limits{ChatTokens: 1_000_000, ChatRequests: 1000, EmbeddingTokens: 100_000, Cost: usage.Limit(usage.USD * 5 / 2)}},
		"a cost of none":  {whole("max_cost_usd_per_day", `"0"`), usage.Limits{ChatTokens: 1_000_000, ChatRequests: 1000, EmbeddingTokens: 100_000}},
		"cost unlimited":  {whole("max_cost_usd_per_day", "null"), seed},
		"the largest one": {whole("max_tokens_per_day", "9223372036854775807"), usage.Limits{ChatTokens: 1<<63 - 1, ChatRequests: 1000, EmbeddingTokens: 100_000, Cost: usage.Unlimited}},
	} {
		if got, err := usage.ParseLimits(c.values); err != nil || got != c.want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, c.want)
		}
	}
	for name, c := range map[string]struct {
		values map[string]string
		names  []string // every one must be in the error
	}{
		"nothing":          {nil, []string{"max_tokens_per_day", "max_chat_requests_per_day", "max_embedding_tokens_per_day"}},
		"one missing":      {whole("max_tokens_per_day", ""), []string{"max_tokens_per_day is missing"}},
		"negative":         {whole("max_tokens_per_day", "-1"), []string{"max_tokens_per_day is -1"}},
		"a string":         {whole("max_tokens_per_day", `"5"`), []string{`max_tokens_per_day is "5"`}},
		"a fraction":       {whole("max_tokens_per_day", "1.5"), []string{"max_tokens_per_day is 1.5"}},
		"an exponent":      {whole("max_tokens_per_day", "1e3"), []string{"max_tokens_per_day is 1e3"}},
		"too large":        {whole("max_tokens_per_day", "9223372036854775808"), []string{"max_tokens_per_day"}},
		"a truth":          {whole("max_tokens_per_day", "true"), []string{"max_tokens_per_day is true"}},
		"a list":           {whole("max_tokens_per_day", "[1]"), []string{"max_tokens_per_day is [1]"}},
		"a cost as number": {whole("max_cost_usd_per_day", "2.5"), []string{"max_cost_usd_per_day is 2.5"}},
		"a negative cost":  {whole("max_cost_usd_per_day", `"-1"`), []string{"max_cost_usd_per_day"}},
		"an empty cost":    {whole("max_cost_usd_per_day", `""`), []string{"max_cost_usd_per_day"}},
		"several":          {whole("max_tokens_per_day", "x", "max_chat_requests_per_day", "", "max_cost_usd_per_day", "5"), []string{"max_tokens_per_day is x", "max_chat_requests_per_day is missing", "max_cost_usd_per_day is 5"}},
		"very long":        {whole("max_tokens_per_day", strings.Repeat("9", 5000)), []string{"..."}},
	} {
		got, err := usage.ParseLimits(c.values)
		if !errors.Is(err, usage.ErrLicenseInvalid) || got != (usage.Limits{}) {
			t.Errorf("%s: got %+v, %v, want ErrLicenseInvalid and no limits", name, got, err)
			continue
		}
		for _, n := range c.names {
			if !strings.Contains(err.Error(), n) {
				t.Errorf("%s: %q does not say %q", name, err, n)
			}
		}
		if len(err.Error()) > 500 {
			t.Errorf("%s: the error is %d bytes long", name, len(err.Error()))
		}
	}
}

func TestLimitsRoundTrip(t *testing.T) {
	if err := quick.Check(func(a, b, c, d int64) bool {
		limit := func(n int64) usage.Limit {
			if n%5 == 0 {
				return usage.Unlimited
			}
			return usage.Limit(n & (1<<63 - 1))
		}
		l := usage.Limits{ChatTokens: limit(a), ChatRequests: limit(b), EmbeddingTokens: limit(c), Cost: limit(d)}
		got, err := usage.ParseLimits(l.Format())
		return err == nil && got == l
	}, nil); err != nil {
		t.Error(err)
	}
}

func TestLicenseValid(t *testing.T) {
	good := usage.License{Status: usage.Active, Limits: usage.NoLimits()}
	if err := good.Valid(); err != nil {
		t.Errorf("got %v", err)
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, change := range map[string]func(*usage.License){
		"no status":      func(l *usage.License) { l.Status = 0 },
		"unknown status": func(l *usage.License) { l.Status = usage.Cancelled + 1 },
		"malformed":      func(l *usage.License) { l.Malformed = "x" },
		"bad limit":      func(l *usage.License) { l.Limits.ChatTokens = -2 },
		"backwards":      func(l *usage.License) { l.ValidFrom, l.ValidUntil = now, now.Add(-1) },
	} {
		l := good
		change(&l)
		if err := l.Valid(); !errors.Is(err, usage.ErrBadLicense) {
			t.Errorf("%s: got %v, want ErrBadLicense", name, err)
		}
	}
}

func TestPlans(t *testing.T) {
	for i, p := range usage.Plans() {
		if got, ok := usage.PlanNamed(p.Name); !ok || got != p {
			t.Errorf("PlanNamed(%s) = %+v, %v", p.Name, got, ok)
		}
		if err := (usage.License{Plan: p.Name, Status: usage.Active, Limits: p.Limits}).Valid(); err != nil {
			t.Errorf("%s cannot be licensed: %v", p.Name, err)
		}
		if i > 0 && i < len(usage.Plans())-1 && p.Limits.ChatTokens <= usage.Plans()[i-1].Limits.ChatTokens {
			t.Errorf("%s is not larger than the plan before", p.Name)
		}
	}
	if _, ok := usage.PlanNamed("nope"); ok {
		t.Error("there is a plan named nope")
	}
}

func ExampleParseLimits() {
	l, _ := usage.ParseLimits(map[string]string{
		"max_tokens_per_day": "1000000", "max_chat_requests_per_day": "1000", "max_embedding_tokens_per_day": "null",
	})
	fmt.Println(l.ChatRequests, l.EmbeddingTokens == usage.Unlimited)
	_, err := usage.ParseLimits(map[string]string{"max_tokens_per_day": "1000000", "max_chat_requests_per_day": "1000"})
	fmt.Println(err)
	// Output:
	// 1000 true
	// license limits cannot be read: max_embedding_tokens_per_day is missing
}
