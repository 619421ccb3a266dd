package metering

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aiwoochat/woochat/app/auditing"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// ReportDeps are what Reports need. All are required.
type ReportDeps struct {
	Usage ports.UsageReports
	Audit ports.AuditLog // of what is read as a super admin
	Now   ports.Clock
	NewID ports.NewID
}

// Reports tell callers what was spent. Every call asks package roles first, and
// the store checks again; a super admin's look is recorded. Make one with
// NewReports; it is safe for concurrent use.
//
// A caller reads one site, or one tenant as a whole. All tenants together, and
// the grouping by tenant, are for super admins. The errors match
// roles.ErrForbidden if the caller's role does not allow it, ports.ErrNotFound
// if it is another tenant's or site's, and ports.ErrInvalid for a query that
// makes no sense.
type Reports struct {
	deps  ReportDeps
	audit *auditing.Service
}

// NewReports returns Reports. It reports everything that is missing at once.
func NewReports(d ReportDeps) (*Reports, error) {
	var missing error
	if d.Usage == nil {
		missing = errors.New("metering: ReportDeps.Usage is missing")
	}
	audit, err := auditing.New(auditing.Deps{Log: d.Audit, Now: d.Now, NewID: d.NewID})
	if err := errors.Join(missing, err); err != nil {
		return nil, err
	}
	return &Reports{deps: d, audit: audit}, nil
}

// allow decides whether who may ask q, and records it if that needs a super
// admin's power.
func (r *Reports) allow(ctx context.Context, who roles.Grants, q usage.Query, what string) error {
	s := tenant.Scope{Tenant: q.Tenant, Site: q.Site}
	if err := who.Can(roles.ReadUsage, s); err != nil {
		outside := who.Sites != nil && q.Site != "" && !slices.Contains(who.Sites, q.Site)
		if q.Tenant != "" && (who.Tenants[q.Tenant] == 0 || outside) {
			return fmt.Errorf("usage: %w", ports.ErrNotFound)
		}
		return err
	}
	return r.audit.Allow(ctx, who, roles.ReadUsage, s, fmt.Sprintf("%s, %s to %s", what, q.First, q.Last))
}

func invalid(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("usage: %w: %w", ports.ErrInvalid, err)
}

// EachDay visits the totals of each site and day; see ports.UsageReports.
func (r *Reports) EachDay(ctx context.Context, who roles.Grants, q usage.Query, visit func(usage.SiteTotals) error) error {
	if err := invalid(q.ValidBy(usage.ByDay)); err != nil {
		return err
	}
	if err := r.allow(ctx, who, q, "days"); err != nil {
		return err
	}
	return r.deps.Usage.EachDay(ctx, who, q, visit)
}

// Summary returns what each group used; see ports.UsageReports.
func (r *Reports) Summary(ctx context.Context, who roles.Grants, q usage.Query, by usage.Grouping) ([]usage.Sum, error) {
	if err := invalid(q.ValidBy(by)); err != nil {
		return nil, err
	}
	if err := r.allow(ctx, who, q, "summary by "+by.String()); err != nil {
		return nil, err
	}
	if by == usage.ByTenant {
		// Allowed for the platform, or not at all.
		if err := who.Can(roles.ReadUsage, tenant.Scope{}); err != nil {
			return nil, err
		}
	}
	return r.deps.Usage.Summary(ctx, who, q, by)
}

// MaxEventPage is how many events a page has at most.
const MaxEventPage = 1000

// EventPage returns at most limit events, from 1 to MaxEventPage, beginning
// after the one named by after ("" for the first), and whether there are more.
func (r *Reports) EventPage(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, limit int) (page []usage.SiteEvent, more bool, err error) {
	err = invalid(q.Valid())
	if limit < 1 || limit > MaxEventPage {
		err = invalid(fmt.Errorf("%w: a page has 1 to %d events", usage.ErrBadQuery, MaxEventPage))
	}
	if err != nil {
		return nil, false, err
	}
	if err := r.allow(ctx, who, q, "events"); err != nil {
		return nil, false, err
	}
	if err := r.deps.Usage.EachEvent(ctx, who, q, after, limit+1, func(e usage.SiteEvent) error {
		page = append(page, e)
		return nil
	}); err != nil {
		return nil, false, err
	}
	if len(page) > limit {
		return page[:limit], true, nil
	}
	return page, false, nil
}

// EachEvent visits all events, of any number, in constant memory; see
// ports.UsageReports.
func (r *Reports) EachEvent(ctx context.Context, who roles.Grants, q usage.Query, visit func(usage.SiteEvent) error) error {
	if err := invalid(q.Valid()); err != nil {
		return err
	}
	if err := r.allow(ctx, who, q, "all events"); err != nil {
		return err
	}
	return r.deps.Usage.EachEvent(ctx, who, q, "", 0, visit)
}
