package decorated

import (
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Licenses returns next, looked up through the cache.
func (c *Cache) Licenses(next ports.Licenses) ports.Licenses { return cachedLicenses{c, next} }

type cachedLicenses struct {
	cache *Cache
	next  ports.Licenses
}

// LicenseOf implements ports.Licenses.
func (w cachedLicenses) LicenseOf(ctx context.Context, s tenant.Scope) (usage.License, error) {
	return w.cache.licenses.get(ctx, s, func(ctx context.Context) (usage.License, error) { return w.next.LicenseOf(ctx, s) })
}

// LicenseBook returns next, whose writes the cache sees at once.
func (c *Cache) LicenseBook(next ports.LicenseBook) ports.LicenseBook { return seenLicenses{c, next} }

type seenLicenses struct {
	cache *Cache
	next  ports.LicenseBook
}

// PutLicense implements ports.LicenseBook.
func (w seenLicenses) PutLicense(ctx context.Context, s tenant.Scope, l usage.License) error {
	// Also after an error: the write may have been made all the same.
	defer w.cache.licenses.drop()
	return w.next.PutLicense(ctx, s, l)
}

// Sites returns next with Site looked up through the cache, which sees its
// writes at once. Lists are not cached.
func (c *Cache) Sites(next ports.Sites) ports.Sites { return cachedSites{c.SitesPast(next), c} }

type cachedSites struct {
	ports.Sites
	cache *Cache
}

// Site implements ports.Sites.
func (w cachedSites) Site(ctx context.Context, s tenant.Scope) (tenant.Site, error) {
	site, err := w.cache.sites.get(ctx, s, func(ctx context.Context) (tenant.Site, error) { return w.Sites.Site(ctx, s) })
	// The first caller has what is kept, too, and each may change what he has.
	site.Origins, site.Suggestions = slices.Clone(site.Origins), slices.Clone(site.Suggestions)
	return site, err
}

// SitesPast returns next read past the cache, which sees its writes at once:
// for who reads a site to change it.
func (c *Cache) SitesPast(next ports.Sites) ports.Sites { return seenSites{next, c} }

type seenSites struct {
	ports.Sites
	cache *Cache
}

// PutSite implements ports.Sites.
func (w seenSites) PutSite(ctx context.Context, site tenant.Site) error {
	defer w.cache.dropSites()
	return w.Sites.PutSite(ctx, site)
}

// Tenants returns next, whose writes the cache sees at once: sites and keys of
// a disabled tenant are disabled. Tenants themselves are not cached.
func (c *Cache) Tenants(next ports.Tenants) ports.Tenants { return seenTenants{next, c} }

type seenTenants struct {
	ports.Tenants
	cache *Cache
}

// PutTenant implements ports.Tenants.
func (w seenTenants) PutTenant(ctx context.Context, t tenant.Tenant) error {
	defer w.cache.dropSites()
	return w.Tenants.PutTenant(ctx, t)
}

// Keys returns next, whose writes the cache sees at once. Lists are not cached.
func (c *Cache) Keys(next ports.Keys) ports.Keys { return seenKeys{next, c} }

type seenKeys struct {
	ports.Keys
	cache *Cache
}

// PutKey implements ports.Keys.
func (w seenKeys) PutKey(ctx context.Context, k tenant.Key) error {
	defer w.cache.dropKeys()
	return w.Keys.PutKey(ctx, k)
}

// SiteKeys returns next, looked up through the cache. It knows keys by their
// hashes only: those of secret keys are all that it is given, and how long it
// looks for a site key says nothing about how much of a guess was right.
func (c *Cache) SiteKeys(next ports.SiteKeys) ports.SiteKeys { return cachedSiteKeys{c, next} }

type cachedSiteKeys struct {
	cache *Cache
	next  ports.SiteKeys
}

// ScopeOf implements ports.SiteKeys.
func (w cachedSiteKeys) ScopeOf(ctx context.Context, key string) (tenant.Scope, error) {
	return w.cache.scopes.get(ctx, sha256.Sum256([]byte(key)), func(ctx context.Context) (tenant.Scope, error) { return w.next.ScopeOf(ctx, key) })
}

// APIKeyOf implements ports.SiteKeys.
func (w cachedSiteKeys) APIKeyOf(ctx context.Context, hash string) (tenant.Key, error) {
	if len(hash) != 2*sha256.Size {
		return w.next.APIKeyOf(ctx, hash) // no hash, and of any length: not to be kept
	}
	return w.cache.apiKeys.get(ctx, hash, func(ctx context.Context) (tenant.Key, error) { return w.next.APIKeyOf(ctx, hash) })
}

// Generations returns next, looked up through the cache, which sees its writes
// at once. For who searches: who fills an index asks past it.
func (c *Cache) Generations(next ports.Generations) ports.Generations {
	return cachedGenerations{c, next}
}

type cachedGenerations struct {
	cache *Cache
	next  ports.Generations
}

// GenerationsOf implements ports.Generations.
func (w cachedGenerations) GenerationsOf(ctx context.Context, s tenant.Scope) (retrieval.Generations, error) {
	return w.cache.indexes.get(ctx, s, func(ctx context.Context) (retrieval.Generations, error) { return w.next.GenerationsOf(ctx, s) })
}

// Begin implements ports.Generations.
func (w cachedGenerations) Begin(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
	defer w.cache.indexes.drop()
	return w.next.Begin(ctx, s, r)
}

// Switch implements ports.Generations.
func (w cachedGenerations) Switch(ctx context.Context, s tenant.Scope, generation int64, at time.Time) (retrieval.Generations, error) {
	defer w.cache.indexes.drop()
	return w.next.Switch(ctx, s, generation, at)
}
