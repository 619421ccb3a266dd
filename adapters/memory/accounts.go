package memory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Accounts keeps tenants, sites, keys and members in memory. It is a
// [ports.Tenants], [ports.Sites], [ports.Keys], [ports.SiteKeys],
// [ports.Members], [ports.PlatformUsers] and [ports.Grants].
type Accounts struct {
	mu       sync.RWMutex // guards all below
	tenants  map[tenant.ID]tenant.Tenant
	sites    map[tenant.SiteID]tenant.Site
	keys     map[string]tenant.Key // by id
	byHash   map[string]string     // id of a key by its hash
	members  map[tenant.ID]map[roles.Subject]roles.Member
	platform map[roles.Subject]roles.Member
	changes  ports.ChangeNumbers // all but Licenses
}

// NewAccounts returns an empty store.
func NewAccounts() *Accounts {
	return &Accounts{
		tenants:  map[tenant.ID]tenant.Tenant{},
		sites:    map[tenant.SiteID]tenant.Site{},
		keys:     map[string]tenant.Key{},
		byHash:   map[string]string{},
		members:  map[tenant.ID]map[roles.Subject]roles.Member{},
		platform: map[roles.Subject]roles.Member{},
	}
}

// PutTenant implements [ports.Tenants].
func (a *Accounts) PutTenant(ctx context.Context, t tenant.Tenant) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if t.ID == "" || strings.TrimSpace(t.Name) == "" {
		return fmt.Errorf("%w: a tenant needs an id and a name", ports.ErrInvalid)
	}
	t.Created = t.Created.UTC()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tenants[t.ID] = t
	a.changes.Sites++
	return nil
}

// Tenant implements [ports.Tenants].
func (a *Accounts) Tenant(ctx context.Context, id tenant.ID) (tenant.Tenant, error) {
	if err := ctx.Err(); err != nil {
		return tenant.Tenant{}, err
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	t, ok := a.tenants[id]
	if !ok {
		return tenant.Tenant{}, fmt.Errorf("tenant %s: %w", id, ports.ErrNotFound)
	}
	return t, nil
}

// ListTenants implements [ports.Tenants].
func (a *Accounts) ListTenants(ctx context.Context, after tenant.ID, limit int) ([]tenant.Tenant, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	var list []tenant.Tenant
	for _, id := range slices.Sorted(maps.Keys(a.tenants)) {
		if id > after && len(list) < limit {
			list = append(list, a.tenants[id])
		}
	}
	return list, nil
}

// PutSite implements [ports.Sites].
func (a *Accounts) PutSite(ctx context.Context, site tenant.Site) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := site.Valid(); err != nil {
		return fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.tenants[site.Tenant]; !ok {
		return fmt.Errorf("tenant %s: %w", site.Tenant, ports.ErrNotFound)
	}
	old, ok := a.sites[site.ID]
	if ok && old.Tenant != site.Tenant {
		return fmt.Errorf("site %s: %w: the id is taken", site.ID, ports.ErrConflict)
	}
	a.sites[site.ID] = copySite(site)
	a.changes.Sites++
	if ok && old.Generation != site.Generation {
		a.changes.Generations++
	}
	return nil
}

// Site implements [ports.Sites].
func (a *Accounts) Site(ctx context.Context, s tenant.Scope) (tenant.Site, error) {
	if err := begin(ctx, s); err != nil {
		return tenant.Site{}, err
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	site, ok := a.sites[s.Site]
	if !ok || site.Tenant != s.Tenant {
		return tenant.Site{}, fmt.Errorf("site %s: %w", s.Site, ports.ErrNotFound)
	}
	site.Disabled = site.Disabled || a.tenants[s.Tenant].Disabled
	return copySite(site), nil
}

// ListSites implements [ports.Sites].
func (a *Accounts) ListSites(ctx context.Context, id tenant.ID, after tenant.SiteID, limit int) ([]tenant.Site, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	var list []tenant.Site
	for _, key := range slices.Sorted(maps.Keys(a.sites)) {
		if site := a.sites[key]; site.Tenant == id && key > after && len(list) < limit {
			list = append(list, copySite(site))
		}
	}
	return list, nil
}

// hasSite reports whether s is a site of its tenant. a.mu is held.
func (a *Accounts) hasSite(s tenant.Scope) bool {
	site, ok := a.sites[s.Site]
	return ok && site.Tenant == s.Tenant
}

// PutKey implements [ports.Keys].
func (a *Accounts) PutKey(ctx context.Context, k tenant.Key) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := k.Valid(); err != nil {
		return fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.hasSite(k.Scope) {
		return fmt.Errorf("site %s: %w", k.Scope.Site, ports.ErrNotFound)
	}
	old, stored := a.keys[k.ID]
	if id, taken := a.byHash[k.Hash]; taken && id != k.ID {
		return fmt.Errorf("key %s: %w: another key has the hash", k.ID, ports.ErrConflict)
	}
	if stored {
		changed := k
		changed.Name, changed.Disabled, changed.Created = old.Name, old.Disabled, old.Created
		if changed != old {
			return fmt.Errorf("key %s: %w: only its name and Disabled may change", k.ID, ports.ErrConflict)
		}
		k.Created = old.Created
	}
	k.Created = k.Created.UTC()
	a.keys[k.ID] = k
	a.byHash[k.Hash] = k.ID
	a.changes.Keys++
	return nil
}

// ListKeys implements [ports.Keys].
func (a *Accounts) ListKeys(ctx context.Context, s tenant.Scope) ([]tenant.Key, error) {
	if err := begin(ctx, s); err != nil {
		return nil, err
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	var list []tenant.Key
	for _, id := range slices.Sorted(maps.Keys(a.keys)) {
		if k := a.keys[id]; k.Scope == s {
			list = append(list, k)
		}
	}
	return list, nil
}

// ScopeOf implements [ports.SiteKeys]. The key is looked up by its hash, so
// that the time it takes says nothing about how much of a guess was right.
func (a *Accounts) ScopeOf(ctx context.Context, key string) (tenant.Scope, error) {
	hash := sha256.Sum256([]byte(key))
	k, err := a.keyOf(ctx, tenant.SiteKey, hex.EncodeToString(hash[:]))
	return k.Scope, err
}

// APIKeyOf implements [ports.SiteKeys].
func (a *Accounts) APIKeyOf(ctx context.Context, hash string) (tenant.Key, error) {
	return a.keyOf(ctx, tenant.APIKey, hash)
}

func (a *Accounts) keyOf(ctx context.Context, kind tenant.KeyKind, hash string) (tenant.Key, error) {
	if err := ctx.Err(); err != nil {
		return tenant.Key{}, err
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	k, ok := a.keys[a.byHash[hash]]
	if !ok || k.Kind != kind || k.Disabled || a.sites[k.Scope.Site].Disabled || a.tenants[k.Scope.Tenant].Disabled {
		return tenant.Key{}, fmt.Errorf("key: %w", ports.ErrNotFound)
	}
	return k, nil
}

func copySite(s tenant.Site) tenant.Site {
	s.Origins, s.Suggestions = slices.Clone(s.Origins), slices.Clone(s.Suggestions)
	s.ZoneSince, s.Created = s.ZoneSince.UTC(), s.Created.UTC()
	return s
}
