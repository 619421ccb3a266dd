package ports

import (
	"context"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// Tenants keeps tenants.
type Tenants interface {
	// PutTenant stores t in place of what there is of its id. ErrInvalid if it
	// has no id or name.
	PutTenant(ctx context.Context, t tenant.Tenant) error
	// Tenant returns a tenant or ErrNotFound.
	Tenant(ctx context.Context, id tenant.ID) (tenant.Tenant, error)
	// ListTenants returns at most limit tenants in the order of their ids,
	// beginning after the given one.
	ListTenants(ctx context.Context, after tenant.ID, limit int) ([]tenant.Tenant, error)
}

// Sites keeps sites.
type Sites interface {
	// PutSite stores site in place of what there is of its id. ErrInvalid if
	// site.Valid refuses it, ErrNotFound if there is no such tenant,
	// ErrConflict if the id is another tenant's.
	PutSite(ctx context.Context, site tenant.Site) error
	// Site returns a site or ErrNotFound. A site of a disabled tenant comes
	// back Disabled.
	Site(ctx context.Context, s tenant.Scope) (tenant.Site, error)
	// ListSites returns at most limit of the tenant's sites in the order of
	// their ids, beginning after the given one.
	ListSites(ctx context.Context, id tenant.ID, after tenant.SiteID, limit int) ([]tenant.Site, error)
}

// Keys keeps the keys of sites.
type Keys interface {
	// PutKey stores k in place of what there is of its id: a key's name and
	// Disabled may change, its hash may not (ErrConflict, also if another key
	// has the hash). ErrInvalid if k.Valid refuses it, ErrNotFound if there is
	// no such site.
	PutKey(ctx context.Context, k tenant.Key) error
	// ListKeys returns all keys of the site in the order of their ids.
	ListKeys(ctx context.Context, s tenant.Scope) ([]tenant.Key, error)
}

// SiteKeys finds whose a key is, before any scope is known.
type SiteKeys interface {
	// ScopeOf returns the scope that a public site key names, or ErrNotFound:
	// also for a disabled key, site or tenant. It takes the same time for a
	// wrong key as for a right one.
	ScopeOf(ctx context.Context, key string) (tenant.Scope, error)
	// APIKeyOf returns the secret API key whose text has the given SHA-256 in
	// hex, or ErrNotFound as above.
	APIKeyOf(ctx context.Context, hash string) (tenant.Key, error)
}

// Members keeps who may do what in a tenant.
type Members interface {
	// PutMember stores m in place of what there is of its subject. ErrInvalid
	// if m.Valid refuses it, ErrNotFound if there is no such tenant. ErrConflict
	// if the tenant's last owner would lose that role.
	PutMember(ctx context.Context, id tenant.ID, m roles.Member) error
	// ListMembers returns all members in the order of their subjects.
	ListMembers(ctx context.Context, id tenant.ID) ([]roles.Member, error)
	// RemoveMember removes a member; removing one who is none is no error.
	// ErrConflict for the last owner.
	RemoveMember(ctx context.Context, id tenant.ID, who roles.Subject) error
}

// PlatformUsers keeps the super admins.
type PlatformUsers interface {
	// PutPlatformUser makes who a super admin.
	PutPlatformUser(ctx context.Context, who roles.Subject, email string) error
	// ListPlatformUsers returns all super admins, with Role 0, in the order of
	// their subjects.
	ListPlatformUsers(ctx context.Context) ([]roles.Member, error)
	// RemovePlatformUser removes a super admin; removing one who is none is no
	// error.
	RemovePlatformUser(ctx context.Context, who roles.Subject) error
}

// Grants looks up what a subject holds. What that allows is decided by
// package roles.
type Grants interface {
	// GrantsOf returns the subject's grants; an unknown subject holds none,
	// and that is no error.
	GrantsOf(ctx context.Context, who roles.Subject) (roles.Grants, error)
}
