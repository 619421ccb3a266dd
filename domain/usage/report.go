package usage

import (
	"errors"
	"fmt"

	"github.com/aiwoochat/woochat/domain/tenant"
)

// Query says which recorded usage is asked for.
type Query struct {
	Tenant tenant.ID     // "": all tenants that the caller may read
	Site   tenant.SiteID // "": all sites of Tenant that the caller may read; needs Tenant
	First  Day           // both days are included, and at most MaxDays apart
	Last   Day
	// Kind narrows events, and a summary ByModel, to one kind of calls; 0 is
	// all. Totals of days are not kept by kind.
	Kind Kind
}

// ErrBadQuery is matched by the errors of Query.Valid that are not about days.
var ErrBadQuery = errors.New("not a query of usage")

// Valid checks that q makes sense. The error matches ErrBadDays or ErrBadQuery.
func (q Query) Valid() error {
	if q.Site != "" && q.Tenant == "" {
		return fmt.Errorf("%w: a site needs its tenant", ErrBadQuery)
	}
	if q.Kind != 0 && q.Kind.String() == "" {
		return fmt.Errorf("%w: %d is no kind of call", ErrBadQuery, q.Kind)
	}
	_, err := Days(q.First, q.Last)
	return err
}

// Covers reports whether q asks for what s owns.
func (q Query) Covers(s tenant.Scope) bool {
	return (q.Tenant == "" || q.Tenant == s.Tenant) && (q.Site == "" || q.Site == s.Site)
}

// Grouping is what a summary adds up by.
type Grouping uint8

// Groupings. The zero Grouping is invalid.
const (
	BySite Grouping = iota + 1
	ByTenant
	ByModel
	ByDay
)

// String returns the grouping's word.
func (g Grouping) String() string {
	switch g {
	case BySite:
		return "site"
	case ByTenant:
		return "tenant"
	case ByModel:
		return "model"
	case ByDay:
		return "day"
	}
	return ""
}

// ParseGrouping reads a grouping's word. The error matches ErrBadQuery.
func ParseGrouping(s string) (Grouping, error) {
	for g := BySite; g <= ByDay; g++ {
		if g.String() == s {
			return g, nil
		}
	}
	return 0, fmt.Errorf("%w: %q is no grouping: want site, tenant, model or day", ErrBadQuery, s)
}

// ValidBy checks that q can be summed up by g. The error matches ErrBadDays or
// ErrBadQuery.
func (q Query) ValidBy(g Grouping) error {
	if g.String() == "" {
		return fmt.Errorf("%w: %d is no grouping", ErrBadQuery, g)
	}
	if q.Kind != 0 && g != ByModel {
		return fmt.Errorf("%w: a kind of call is known for the grouping by model only", ErrBadQuery)
	}
	return q.Valid()
}

// SiteTotals are the totals of one site and day.
type SiteTotals struct {
	Scope tenant.Scope
	Totals
}

// SiteEvent is an event and the site whose it is.
type SiteEvent struct {
	Scope tenant.Scope
	Event
}

// Sum is what a group used: settled, adjustments included. Of the fields that
// name the group, those that the Grouping does not have are empty.
type Sum struct {
	Tenant           tenant.ID     // BySite, ByTenant
	Site             tenant.SiteID // BySite
	Model            string        // ByModel: the model that was asked for
	Day              Day           // ByDay
	Used             Amounts
	PromptTokens     int64 // input tokens in Used, of all kinds
	CompletionTokens int64 // output tokens in Used, of all kinds
}

// IsZero reports whether nothing is in s but its group's name.
func (s Sum) IsZero() bool {
	return s.Used == Amounts{} && s.PromptTokens == 0 && s.CompletionTokens == 0
}
