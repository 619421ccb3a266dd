package ports

import (
	"context"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
)

// UsageReports reads what ledgers recorded for a caller, over as many sites as
// he may read. What who does not allow to be read (roles.ReadUsage) looks as if
// it were not there; use cases ask package roles first, and the store checks
// again.
//
// The visiting methods call visit for one thing after the other, of any number,
// in constant memory. They stop at the first error of visit and return it.
// While visit runs nothing is locked and no transaction is open, so it may take
// its time and call the store; what is recorded meanwhile may be visited or
// not, and nothing is visited twice.
//
// Errors: ErrInvalid if the query's Valid or ValidBy refuses it.
type UsageReports interface {
	// EachDay visits the totals of each site and day in the order of tenants,
	// sites, then days. A day on which nothing was used and is held is left
	// out. ErrInvalid also if q.Kind is set.
	EachDay(ctx context.Context, who roles.Grants, q usage.Query, visit func(usage.SiteTotals) error) error

	// Summary returns what was used in each group, in the order of the groups;
	// groups of nothing are left out. All groupings add up to the same. Those
	// by site, tenant and day take no longer for more events.
	Summary(ctx context.Context, who roles.Grants, q usage.Query, by usage.Grouping) ([]usage.Sum, error)

	// EachEvent visits at most limit events (0: all) in the order of tenants,
	// sites, days, and then that in which they were recorded, beginning after
	// the event named by after ("" for the first), which need not be of q's
	// days or kind. ErrNotFound if there is no such event that who may read
	// and q's tenant and site cover.
	EachEvent(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, limit int, visit func(usage.SiteEvent) error) error
}

// AuditLog keeps who used a super admin's power for what. Nothing in it is ever
// changed or removed.
type AuditLog interface {
	// Record appends e durably. Recording an entry again changes nothing.
	// ErrInvalid if e.Valid refuses it, ErrConflict if another entry has its
	// id.
	Record(ctx context.Context, e roles.AuditEntry) error

	// List returns at most limit entries, the one recorded last first,
	// beginning after the one named by after ("" for the newest): those about
	// the site s; those about the tenant and all its sites if s.Site is empty;
	// those about the platform as a whole if all of s is. What who does not
	// allow to be read (roles.ReadAudit) looks as if it were not there.
	// ErrNotFound if there is no such entry as after in that list.
	List(ctx context.Context, who roles.Grants, s tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error)
}
