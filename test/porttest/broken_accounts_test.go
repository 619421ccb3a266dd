package porttest_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
	"github.com/aiwoochat/woochat/test/porttest/brokentest"
)

// badAccounts is a store of accounts that works but for what is set.
type badAccounts struct {
	good         *memory.Accounts
	putTenant    func(context.Context, tenant.Tenant) error
	tenant       func(context.Context, tenant.ID) (tenant.Tenant, error)
	listTenants  func(context.Context, tenant.ID, int) ([]tenant.Tenant, error)
	putSite      func(context.Context, tenant.Site) error
	site         func(context.Context, tenant.Scope) (tenant.Site, error)
	listSites    func(context.Context, tenant.ID, tenant.SiteID, int) ([]tenant.Site, error)
	putKey       func(context.Context, tenant.Key) error
	listKeys     func(context.Context, tenant.Scope) ([]tenant.Key, error)
	scopeOf      func(context.Context, string) (tenant.Scope, error)
	apiKeyOf     func(context.Context, string) (tenant.Key, error)
	putMember    func(context.Context, tenant.ID, roles.Member) error
	listMembers  func(context.Context, tenant.ID) ([]roles.Member, error)
	removeMember func(context.Context, tenant.ID, roles.Subject) error
	putAdmin     func(context.Context, roles.Subject, string) error
	listAdmins   func(context.Context) ([]roles.Member, error)
	removeAdmin  func(context.Context, roles.Subject) error
	grantsOf     func(context.Context, roles.Subject) (roles.Grants, error)
}

func newBadAccounts() *badAccounts {
	good := memory.NewAccounts()
	return &badAccounts{
		good: good, putTenant: good.PutTenant, tenant: good.Tenant, listTenants: good.ListTenants,
		putSite: good.PutSite, site: good.Site, listSites: good.ListSites, putKey: good.PutKey, listKeys: good.ListKeys,
		scopeOf: good.ScopeOf, apiKeyOf: good.APIKeyOf, putMember: good.PutMember, listMembers: good.ListMembers,
		removeMember: good.RemoveMember, putAdmin: good.PutPlatformUser, listAdmins: good.ListPlatformUsers,
		removeAdmin: good.RemovePlatformUser, grantsOf: good.GrantsOf,
	}
}

func (b *badAccounts) PutTenant(ctx context.Context, t tenant.Tenant) error {
	return b.putTenant(ctx, t)
}

func (b *badAccounts) Tenant(ctx context.Context, id tenant.ID) (tenant.Tenant, error) {
	return b.tenant(ctx, id)
}

func (b *badAccounts) ListTenants(ctx context.Context, after tenant.ID, limit int) ([]tenant.Tenant, error) {
	return b.listTenants(ctx, after, limit)
}

func (b *badAccounts) PutSite(ctx context.Context, s tenant.Site) error { return b.putSite(ctx, s) }

func (b *badAccounts) Site(ctx context.Context, s tenant.Scope) (tenant.Site, error) {
	return b.site(ctx, s)
}

func (b *badAccounts) ListSites(ctx context.Context, id tenant.ID, after tenant.SiteID, limit int) ([]tenant.Site, error) {
	return b.listSites(ctx, id, after, limit)
}

func (b *badAccounts) PutKey(ctx context.Context, k tenant.Key) error { return b.putKey(ctx, k) }

func (b *badAccounts) ListKeys(ctx context.Context, s tenant.Scope) ([]tenant.Key, error) {
	return b.listKeys(ctx, s)
}

func (b *badAccounts) ScopeOf(ctx context.Context, key string) (tenant.Scope, error) {
	return b.scopeOf(ctx, key)
}

func (b *badAccounts) APIKeyOf(ctx context.Context, hash string) (tenant.Key, error) {
	return b.apiKeyOf(ctx, hash)
}

func (b *badAccounts) PutMember(ctx context.Context, id tenant.ID, m roles.Member) error {
	return b.putMember(ctx, id, m)
}

func (b *badAccounts) ListMembers(ctx context.Context, id tenant.ID) ([]roles.Member, error) {
	return b.listMembers(ctx, id)
}

func (b *badAccounts) RemoveMember(ctx context.Context, id tenant.ID, who roles.Subject) error {
	return b.removeMember(ctx, id, who)
}

func (b *badAccounts) PutPlatformUser(ctx context.Context, who roles.Subject, email string) error {
	return b.putAdmin(ctx, who, email)
}

func (b *badAccounts) ListPlatformUsers(ctx context.Context) ([]roles.Member, error) {
	return b.listAdmins(ctx)
}

func (b *badAccounts) RemovePlatformUser(ctx context.Context, who roles.Subject) error {
	return b.removeAdmin(ctx, who)
}

func (b *badAccounts) GrantsOf(ctx context.Context, who roles.Subject) (roles.Grants, error) {
	return b.grantsOf(ctx, who)
}

// TestAccountSuitesCatch runs the suites on stores that are wrong in one way
// each.
func TestAccountSuitesCatch(t *testing.T) {
	for _, b := range slices.Concat(brokenTenants, brokenSites, brokenKeys, brokenSiteKeys, brokenMembers, brokenPlatformUsers, brokenGrants) {
		t.Run(b.name, func(t *testing.T) {
			brokentest.Caught(t, b.by, func(t *testing.T) {
				b.suite(t, func(*testing.T) porttest.AccountsUnderTest {
					bad := newBadAccounts()
					b.spoil(bad)
					return porttest.AccountsUnderTest{
						Tenants: bad, Sites: bad, Keys: bad, SiteKeys: bad, Members: bad, PlatformUsers: bad, Grants: bad,
					}
				})
			})
		})
	}
}

type brokenAccounts struct {
	name  string
	suite func(*testing.T, func(*testing.T) porttest.AccountsUnderTest)
	by    string // the case that must catch it
	spoil func(b *badAccounts)
}

var brokenTenants = []brokenAccounts{
	{"tenants are inserted and never changed", porttest.Tenants, "replace", func(b *badAccounts) {
		b.putTenant = func(ctx context.Context, t tenant.Tenant) error {
			if _, err := b.good.Tenant(ctx, t.ID); err == nil {
				return nil
			}
			return b.good.PutTenant(ctx, t)
		}
	}},
	{"a tenant without a name is stored", porttest.Tenants, "invalid", func(b *badAccounts) {
		b.putTenant = func(ctx context.Context, t tenant.Tenant) error {
			if t.Name == "" {
				t.Name = "(no name)"
			}
			return b.good.PutTenant(ctx, t)
		}
	}},
	{"tenants' pages overlap", porttest.Tenants, "list", func(b *badAccounts) {
		b.listTenants = func(ctx context.Context, after tenant.ID, limit int) ([]tenant.Tenant, error) {
			list, err := b.good.ListTenants(ctx, "", 1000)
			list = slices.DeleteFunc(list, func(t tenant.Tenant) bool { return t.ID < after })
			return list[:min(limit, len(list))], err
		}
	}},
	{"an unknown tenant is an empty one", porttest.Tenants, "not found", func(b *badAccounts) {
		b.tenant = func(ctx context.Context, id tenant.ID) (tenant.Tenant, error) {
			t, err := b.good.Tenant(ctx, id)
			if errors.Is(err, ports.ErrNotFound) {
				err = nil
			}
			return t, err
		}
	}},
	{"a tenant's time is cut to seconds", porttest.Tenants, "round trip", func(b *badAccounts) {
		b.putTenant = func(ctx context.Context, t tenant.Tenant) error {
			t.Created = t.Created.Truncate(time.Second)
			return b.good.PutTenant(ctx, t)
		}
	}},
}

var brokenSites = []brokenAccounts{
	{"a site is found by its id alone", porttest.Sites, "isolation", func(b *badAccounts) {
		var scope remembered[tenant.Scope]
		b.putSite = func(ctx context.Context, s tenant.Site) error {
			scope.note(string(s.ID), s.Scope())
			return b.good.PutSite(ctx, s)
		}
		b.site = func(ctx context.Context, s tenant.Scope) (tenant.Site, error) {
			return b.good.Site(ctx, scope.of(string(s.Site), s))
		}
	}},
	{"a site can be taken over", porttest.Sites, "isolation", func(b *badAccounts) {
		b.putSite = func(ctx context.Context, s tenant.Site) error {
			if err := b.good.PutSite(ctx, s); !errors.Is(err, ports.ErrConflict) {
				return err
			}
			return nil
		}
	}},
	{"all tenants' sites are listed", porttest.Sites, "list", func(b *badAccounts) {
		b.listSites = func(ctx context.Context, id tenant.ID, after tenant.SiteID, limit int) ([]tenant.Site, error) {
			tenants, err := b.good.ListTenants(ctx, "", 1000)
			var list []tenant.Site
			for _, t := range tenants {
				sites, err := b.good.ListSites(ctx, t.ID, after, 1000)
				if err != nil {
					return nil, err
				}
				list = append(list, sites...)
			}
			slices.SortFunc(list, func(a, b tenant.Site) int { return strings.Compare(string(a.ID), string(b.ID)) })
			return list[:min(limit, len(list))], err
		}
	}},
	{"a disabled tenant's sites go on", porttest.Sites, "disabled tenant", func(b *badAccounts) {
		b.putTenant = func(ctx context.Context, t tenant.Tenant) error {
			t.Disabled = false
			return b.good.PutTenant(ctx, t)
		}
	}},
	{"disabling a tenant disables his sites for good", porttest.Sites, "disabled tenant", func(b *badAccounts) {
		var disabled remembered[bool]
		b.site = func(ctx context.Context, s tenant.Scope) (tenant.Site, error) {
			site, err := b.good.Site(ctx, s)
			if site.Disabled {
				disabled.set(string(s.Site), true)
			}
			site.Disabled = disabled.of(string(s.Site), false)
			return site, err
		}
	}},
	{"a site is not checked", porttest.Sites, "invalid", func(b *badAccounts) {
		b.putSite = func(ctx context.Context, s tenant.Site) error {
			if _, err := time.LoadLocation(s.TimeZone); err != nil {
				s.TimeZone = "UTC"
			}
			return b.good.PutSite(ctx, s)
		}
	}},
	{"the zone before is not stored", porttest.Sites, "round trip", func(b *badAccounts) {
		b.putSite = func(ctx context.Context, s tenant.Site) error {
			s.ZoneBefore = ""
			return b.good.PutSite(ctx, s)
		}
	}},
	{"a zone that never changed changed in year 1970", porttest.Sites, "bare", func(b *badAccounts) {
		b.site = func(ctx context.Context, s tenant.Scope) (tenant.Site, error) {
			site, err := b.good.Site(ctx, s)
			if site.ZoneSince.IsZero() {
				site.ZoneSince = time.Unix(0, 0).UTC()
			}
			return site, err
		}
	}},
	{"origins are shared", porttest.Sites, "not kept", func(b *badAccounts) {
		var origins remembered[[]string]
		b.putSite = func(ctx context.Context, s tenant.Site) error {
			origins.set(string(s.ID), s.Origins)
			return b.good.PutSite(ctx, s)
		}
		b.site = func(ctx context.Context, s tenant.Scope) (tenant.Site, error) {
			site, err := b.good.Site(ctx, s)
			site.Origins = origins.of(string(s.Site), nil)
			return site, err
		}
	}},
	{"PutSite looks whose the id is, and stores then", porttest.Sites, "one owner", func(b *badAccounts) {
		var owner remembered[tenant.ID]
		b.putSite = func(ctx context.Context, s tenant.Site) error {
			if owner.of(string(s.ID), s.Tenant) != s.Tenant {
				return ports.ErrConflict
			}
			runtime.Gosched()
			owner.set(string(s.ID), s.Tenant)
			if err := b.good.PutSite(ctx, s); !errors.Is(err, ports.ErrConflict) {
				return err
			}
			return nil
		}
	}},
}

var brokenKeys = []brokenAccounts{
	{"the tenant's keys are listed", porttest.Keys, "isolation", func(b *badAccounts) {
		b.listKeys = func(ctx context.Context, s tenant.Scope) ([]tenant.Key, error) {
			if err := s.Valid(); err != nil {
				return nil, err
			}
			sites, err := b.good.ListSites(ctx, s.Tenant, "", 1000)
			var list []tenant.Key
			for _, site := range sites {
				keys, err := b.good.ListKeys(ctx, site.Scope())
				if err != nil {
					return nil, err
				}
				list = append(list, keys...)
			}
			return list, err
		}
	}},
	{"a key of another site can be disabled", porttest.Keys, "isolation", func(b *badAccounts) {
		var scope remembered[tenant.Scope]
		b.putKey = func(ctx context.Context, k tenant.Key) error {
			scope.note(k.ID, k.Scope)
			k.Scope = scope.of(k.ID, k.Scope)
			return b.good.PutKey(ctx, k)
		}
	}},
	{"a changed hash is ignored", porttest.Keys, "hash stays", func(b *badAccounts) {
		var first remembered[tenant.Key]
		b.putKey = func(ctx context.Context, k tenant.Key) error {
			first.note(k.ID, k)
			old := first.of(k.ID, k)
			k.Hash, k.Text, k.Hint = old.Hash, old.Text, old.Hint
			return b.good.PutKey(ctx, k)
		}
	}},
	{"hashes are unique within a site only", porttest.Keys, "hash is unique", func(b *badAccounts) {
		b.putKey = func(ctx context.Context, k tenant.Key) error {
			err := b.good.PutKey(ctx, k)
			if keys, listErr := b.good.ListKeys(ctx, k.Scope); errors.Is(err, ports.ErrConflict) && listErr == nil && len(keys) == 0 {
				return nil
			}
			return err
		}
	}},
	{"the newest key is listed first", porttest.Keys, "round trip", func(b *badAccounts) {
		b.listKeys = func(ctx context.Context, s tenant.Scope) ([]tenant.Key, error) {
			list, err := b.good.ListKeys(ctx, s)
			slices.Reverse(list)
			return list, err
		}
	}},
	{"the text of a secret key is accepted", porttest.Keys, "invalid", func(b *badAccounts) {
		b.putKey = func(ctx context.Context, k tenant.Key) error {
			if k.Kind == tenant.APIKey {
				k.Text = ""
			}
			return b.good.PutKey(ctx, k)
		}
	}},
	{"PutKey looks for the hash first and stores then", porttest.Keys, "one hash, one key", func(b *badAccounts) {
		var known remembered[bool]
		b.putKey = func(ctx context.Context, k tenant.Key) error {
			if known.of(k.Hash, false) {
				return ports.ErrConflict
			}
			runtime.Gosched()
			known.set(k.Hash, true)
			if err := b.good.PutKey(ctx, k); !errors.Is(err, ports.ErrConflict) {
				return err
			}
			return nil
		}
	}},
}

var brokenSiteKeys = []brokenAccounts{
	{"disabled keys work", porttest.SiteKeys, "disabled", func(b *badAccounts) {
		b.putKey = func(ctx context.Context, k tenant.Key) error {
			k.Disabled = false
			return b.good.PutKey(ctx, k)
		}
	}},
	{"keys of a disabled site work", porttest.SiteKeys, "disabled", func(b *badAccounts) {
		b.putSite = func(ctx context.Context, s tenant.Site) error {
			s.Disabled = false
			return b.good.PutSite(ctx, s)
		}
	}},
	{"keys of a disabled tenant work", porttest.SiteKeys, "disabled", func(b *badAccounts) {
		b.putTenant = func(ctx context.Context, t tenant.Tenant) error {
			t.Disabled = false
			return b.good.PutTenant(ctx, t)
		}
	}},
	{"one disabled key disables the site", porttest.SiteKeys, "one of several", func(b *badAccounts) {
		var off remembered[bool]
		b.putKey = func(ctx context.Context, k tenant.Key) error {
			if k.Disabled {
				off.set(string(k.Scope.Site), true)
			}
			return b.good.PutKey(ctx, k)
		}
		b.scopeOf = func(ctx context.Context, key string) (tenant.Scope, error) {
			s, err := b.good.ScopeOf(ctx, key)
			if off.of(string(s.Site), false) {
				return tenant.Scope{}, ports.ErrNotFound
			}
			return s, err
		}
	}},
	{"any kind of key names a site", porttest.SiteKeys, "kinds", func(b *badAccounts) {
		var scope remembered[tenant.Scope]
		b.putKey = func(ctx context.Context, k tenant.Key) error {
			scope.set(k.Hash, k.Scope)
			return b.good.PutKey(ctx, k)
		}
		b.apiKeyOf = func(ctx context.Context, hash string) (tenant.Key, error) {
			k, err := b.good.APIKeyOf(ctx, hash)
			if s := scope.of(hash, tenant.Scope{}); err != nil && s.Valid() == nil {
				return tenant.Key{Scope: s, Role: "owner"}, nil
			}
			return k, err
		}
	}},
	{"blanks around a key are trimmed", porttest.SiteKeys, "near misses", func(b *badAccounts) {
		b.scopeOf = func(ctx context.Context, key string) (tenant.Scope, error) {
			return b.good.ScopeOf(ctx, strings.TrimSpace(key))
		}
	}},
	{"a key's case does not matter", porttest.SiteKeys, "near misses", func(b *badAccounts) {
		b.scopeOf = func(ctx context.Context, key string) (tenant.Scope, error) {
			return b.good.ScopeOf(ctx, strings.ToLower(key))
		}
	}},
	{"a tenant's keys all name his first site", porttest.SiteKeys, "found", func(b *badAccounts) {
		wide := tenantWide()
		b.scopeOf = func(ctx context.Context, key string) (tenant.Scope, error) {
			s, err := b.good.ScopeOf(ctx, key)
			return wide(s), err
		}
	}},
}

var brokenMembers = []brokenAccounts{
	{"the last owner can be removed", porttest.Members, "last owner", func(b *badAccounts) {
		b.removeMember = func(ctx context.Context, id tenant.ID, who roles.Subject) error {
			if err := b.good.RemoveMember(ctx, id, who); !errors.Is(err, ports.ErrConflict) {
				return err
			}
			return nil
		}
	}},
	{"the last owner can be given a lesser role", porttest.Members, "last owner", func(b *badAccounts) {
		b.putMember = func(ctx context.Context, id tenant.ID, m roles.Member) error {
			if err := b.good.PutMember(ctx, id, m); !errors.Is(err, ports.ErrConflict) {
				return err
			}
			return nil
		}
	}},
	{"no owner can be removed", porttest.Members, "last owner", func(b *badAccounts) {
		b.removeMember = func(ctx context.Context, id tenant.ID, who roles.Subject) error {
			list, err := b.good.ListMembers(ctx, id)
			if slices.ContainsFunc(list, func(m roles.Member) bool { return m.Subject == who && m.Role == roles.Owner }) {
				return ports.ErrConflict
			}
			return errors.Join(err, b.good.RemoveMember(ctx, id, who))
		}
	}},
	{"owners are counted first and removed then", porttest.Members, "owners at once", func(b *badAccounts) {
		var mu sync.Mutex // guards removed
		removed := map[roles.Subject]bool{}
		b.removeMember = func(ctx context.Context, id tenant.ID, who roles.Subject) error {
			list, err := b.good.ListMembers(ctx, id)
			mu.Lock()
			owners := slices.DeleteFunc(list, func(m roles.Member) bool { return m.Role != roles.Owner || removed[m.Subject] })
			mu.Unlock()
			if err != nil || len(owners) < 2 {
				return errors.Join(err, ports.ErrConflict)
			}
			runtime.Gosched()
			mu.Lock()
			defer mu.Unlock()
			removed[who] = true
			return nil
		}
		b.putMember = func(ctx context.Context, id tenant.ID, m roles.Member) error {
			if m.Role == roles.Admin {
				return b.removeMember(ctx, id, m.Subject)
			}
			return b.good.PutMember(ctx, id, m)
		}
		b.listMembers = func(ctx context.Context, id tenant.ID) ([]roles.Member, error) {
			list, err := b.good.ListMembers(ctx, id)
			mu.Lock()
			defer mu.Unlock()
			return slices.DeleteFunc(list, func(m roles.Member) bool { return removed[m.Subject] }), err
		}
	}},
	{"removing a member removes him everywhere", porttest.Members, "isolation", func(b *badAccounts) {
		b.removeMember = func(ctx context.Context, _ tenant.ID, who roles.Subject) error {
			tenants, err := b.good.ListTenants(ctx, "", 1000)
			for _, t := range tenants {
				err = errors.Join(err, b.good.RemoveMember(ctx, t.ID, who))
			}
			return err
		}
	}},
	{"removing nobody is an error", porttest.Members, "remove", func(b *badAccounts) {
		b.removeMember = func(ctx context.Context, id tenant.ID, who roles.Subject) error {
			list, err := b.good.ListMembers(ctx, id)
			if !slices.ContainsFunc(list, func(m roles.Member) bool { return m.Subject == who }) {
				return ports.ErrNotFound
			}
			return errors.Join(err, b.good.RemoveMember(ctx, id, who))
		}
	}},
	{"a member of nothing is stored", porttest.Members, "invalid", func(b *badAccounts) {
		b.putMember = func(ctx context.Context, id tenant.ID, m roles.Member) error {
			if err := b.good.PutMember(ctx, id, m); !errors.Is(err, ports.ErrNotFound) {
				return err
			}
			return nil
		}
	}},
}

var brokenPlatformUsers = []brokenAccounts{
	{"a super admin's address stays", porttest.PlatformUsers, "again", func(b *badAccounts) {
		var email remembered[string]
		b.putAdmin = func(ctx context.Context, who roles.Subject, address string) error {
			email.note(string(who), address)
			return b.good.PutPlatformUser(ctx, who, email.of(string(who), address))
		}
	}},
	{"super admins have a role", porttest.PlatformUsers, "round trip", func(b *badAccounts) {
		b.listAdmins = func(ctx context.Context) ([]roles.Member, error) {
			list, err := b.good.ListPlatformUsers(ctx)
			for i := range list {
				list[i].Role = roles.Owner
			}
			return list, err
		}
	}},
	{"super admins stay", porttest.PlatformUsers, "remove", func(b *badAccounts) {
		b.removeAdmin = func(context.Context, roles.Subject) error { return nil }
	}},
}

var brokenGrants = []brokenAccounts{
	{"everybody is a super admin", porttest.Grants, "unknown", func(b *badAccounts) {
		b.grantsOf = func(ctx context.Context, who roles.Subject) (roles.Grants, error) {
			g, err := b.good.GrantsOf(ctx, who)
			g.SuperAdmin = true
			return g, err
		}
	}},
	{"an owner is a super admin", porttest.Grants, "roles", func(b *badAccounts) {
		b.grantsOf = func(ctx context.Context, who roles.Subject) (roles.Grants, error) {
			g, err := b.good.GrantsOf(ctx, who)
			for _, r := range g.Tenants {
				g.SuperAdmin = g.SuperAdmin || r == roles.Owner
			}
			return g, err
		}
	}},
	{"an unknown subject is an error", porttest.Grants, "unknown", func(b *badAccounts) {
		b.grantsOf = func(ctx context.Context, who roles.Subject) (roles.Grants, error) {
			g, err := b.good.GrantsOf(ctx, who)
			if len(g.Tenants) == 0 && !g.SuperAdmin {
				return roles.Grants{}, ports.ErrNotFound
			}
			return g, err
		}
	}},
	{"grants are cached", porttest.Grants, "at once", func(b *badAccounts) {
		var cache remembered[roles.Grants]
		b.grantsOf = func(ctx context.Context, who roles.Subject) (roles.Grants, error) {
			g, err := b.good.GrantsOf(ctx, who)
			cache.note(string(who), g)
			return cache.of(string(who), g), err
		}
	}},
	{"the highest role counts everywhere", porttest.Grants, "roles", func(b *badAccounts) {
		b.grantsOf = func(ctx context.Context, who roles.Subject) (roles.Grants, error) {
			g, err := b.good.GrantsOf(ctx, who)
			var highest roles.Role
			for _, r := range g.Tenants {
				highest = max(highest, r)
			}
			for t := range g.Tenants {
				g.Tenants[t] = highest
			}
			return g, err
		}
	}},
	{"a removed super admin stays one", porttest.Grants, "super admin", func(b *badAccounts) {
		b.removeAdmin = func(context.Context, roles.Subject) error { return nil }
	}},
	{"members are narrowed to no sites", porttest.Grants, "roles", func(b *badAccounts) {
		b.grantsOf = func(ctx context.Context, who roles.Subject) (roles.Grants, error) {
			g, err := b.good.GrantsOf(ctx, who)
			g.Sites = []tenant.SiteID{}
			return g, err
		}
	}},
}
