package usage

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Status is the state of a license.
type Status uint8

// License states. The zero Status is "none": there is no license.
const (
	Active Status = iota + 1
	Trialing
	Suspended
	Expired
	Cancelled
)

// String returns the word of licenses.status, "none" for the zero Status.
func (s Status) String() string {
	switch s {
	case Active:
		return "active"
	case Trialing:
		return "trialing"
	case Suspended:
		return "suspended"
	case Expired:
		return "expired"
	case Cancelled:
		return "cancelled"
	}
	return "none"
}

// ParseStatus reads the word of licenses.status.
func ParseStatus(s string) (Status, error) {
	for st := Active; st <= Cancelled; st++ {
		if st.String() == s {
			return st, nil
		}
	}
	return 0, fmt.Errorf("%q is not a license status: want active, trialing, suspended, expired or cancelled", s)
}

// License is what a site has bought.
type License struct {
	Plan   string
	Status Status
	Limits Limits
	// Malformed says why the stored limits cannot be read; then Limits is
	// zero, and the license is refused.
	Malformed  string
	ValidFrom  time.Time // zero: from ever
	ValidUntil time.Time // zero: for ever; the first instant at which it is over
}

// Errors of License.Check, matched by a *LicenseError.
var (
	ErrLicenseInactive = errors.New("license is not active")
	ErrLicenseInvalid  = errors.New("license limits cannot be read")
)

// LicenseError says why a license admits nothing.
type LicenseError struct {
	Status string // none, active, trialing, suspended, expired, cancelled
	Reason string
	Err    error // ErrLicenseInactive or ErrLicenseInvalid
}

func (e *LicenseError) Error() string { return fmt.Sprintf("%v: %s", e.Err, e.Reason) }

// Unwrap returns ErrLicenseInactive or ErrLicenseInvalid.
func (e *LicenseError) Unwrap() error { return e.Err }

// Check returns a *LicenseError unless l admits requests at the time now. The
// zero License, which is none, does not.
func (l License) Check(now time.Time) error {
	inactive := func(reason string) error {
		return &LicenseError{Status: l.Status.String(), Reason: reason, Err: ErrLicenseInactive}
	}
	switch {
	case l.Status == 0:
		return inactive("the site has no license")
	case l.Status != Active && l.Status != Trialing:
		return inactive("the license is " + l.Status.String())
	case now.Before(l.ValidFrom):
		return inactive("the license is not valid yet")
	case !l.ValidUntil.IsZero() && !now.Before(l.ValidUntil):
		return inactive("the license is no longer valid")
	case l.Malformed != "":
		return &LicenseError{Status: l.Status.String(), Reason: l.Malformed, Err: ErrLicenseInvalid}
	}
	return nil
}

// ParseLimits reads the values of licenses.plan_limits, given by key as JSON
// tokens (such as 1000, null or "2.50"). The three keys of the seed must be
// there, null meaning unlimited; max_cost_usd_per_day may be missing, which
// means the same, and is a decimal string otherwise. Other keys are ignored.
// The error matches ErrLicenseInvalid and names every bad key.
func ParseLimits(values map[string]string) (Limits, error) {
	var bad []string
	count := func(m Meter) Limit {
		v, ok := values[string(m)]
		switch {
		case !ok:
			bad = append(bad, fmt.Sprintf("%s is missing", m))
			return 0
		case v == "null":
			return Unlimited
		}
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 {
			bad = append(bad, fmt.Sprintf("%s is %s: want null or a whole number from 0", m, clip(v)))
			return 0
		}
		return Limit(n)
	}
	l := Limits{ChatTokens: count(ChatTokens), ChatRequests: count(ChatRequests), EmbeddingTokens: count(EmbeddingTokens), Cost: Unlimited}
	if v, ok := values[string(Cost)]; ok && v != "null" {
		l.Cost = 0
		text, isString := strings.CutPrefix(v, `"`)
		if n, err := ParseUSD(strings.TrimSuffix(text, `"`)); err != nil || !isString {
			bad = append(bad, fmt.Sprintf(`%s is %s: want null or a decimal string such as "2.50"`, Cost, clip(v)))
		} else {
			l.Cost = Limit(n)
		}
	}
	if bad != nil {
		slices.Sort(bad)
		return Limits{}, fmt.Errorf("%w: %s", ErrLicenseInvalid, strings.Join(bad, "; "))
	}
	return l, nil
}

// Format returns l as ParseLimits reads it, all four keys.
func (l Limits) Format() map[string]string {
	token := func(n Limit) string {
		if n == Unlimited {
			return "null"
		}
		return strconv.FormatInt(int64(n), 10)
	}
	cost := "null"
	if l.Cost != Unlimited {
		cost = `"` + NanoUSD(l.Cost).String() + `"`
	}
	return map[string]string{
		string(ChatTokens): token(l.ChatTokens), string(ChatRequests): token(l.ChatRequests),
		string(EmbeddingTokens): token(l.EmbeddingTokens), string(Cost): cost,
	}
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}

// Plan is a named set of limits to sell.
type Plan struct {
	Name   string
	Limits Limits
}

// Plans returns the plans that woochat ships with, smallest first. The first
// one is what a license without limits of its own gets.
func Plans() []Plan {
	return []Plan{
		{"trial", Limits{ChatTokens: 200_000, ChatRequests: 100, EmbeddingTokens: 500_000, Cost: Limit(1 * USD)}},
		{"starter", Limits{ChatTokens: 1_000_000, ChatRequests: 1_000, EmbeddingTokens: 2_000_000, Cost: Limit(5 * USD)}},
		{"growth", Limits{ChatTokens: 5_000_000, ChatRequests: 5_000, EmbeddingTokens: 10_000_000, Cost: Limit(25 * USD)}},
		{"unlimited", NoLimits()},
	}
}

// PlanNamed returns the plan of that name; false if there is none.
func PlanNamed(name string) (Plan, bool) {
	i := slices.IndexFunc(Plans(), func(p Plan) bool { return p.Name == name })
	if i < 0 {
		return Plan{}, false
	}
	return Plans()[i], true
}

// ErrBadLicense is matched by the errors of License.Valid.
var ErrBadLicense = errors.New("invalid license")

// Valid checks that l can be stored: it has a status, its limits are known and
// can be read back, and it does not end before it begins.
func (l License) Valid() error {
	switch {
	case l.Status < Active || l.Status > Cancelled:
		return fmt.Errorf("%w: it has no status", ErrBadLicense)
	case l.Malformed != "":
		return fmt.Errorf("%w: its limits are not known: %s", ErrBadLicense, l.Malformed)
	case !l.ValidUntil.IsZero() && l.ValidUntil.Before(l.ValidFrom):
		return fmt.Errorf("%w: it ends before it begins", ErrBadLicense)
	}
	if _, err := ParseLimits(l.Limits.Format()); err != nil {
		return fmt.Errorf("%w: %w", ErrBadLicense, err)
	}
	return nil
}
