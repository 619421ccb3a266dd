package decorated_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/decorated"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// cachedStore is accounts and licenses in memory, and a cache before them.
type cachedStore struct {
	accounts *memory.Accounts
	licenses *memory.Licenses
	cache    *decorated.Cache
}

func newCachedStore(now ports.Clock, size int) cachedStore {
	a := memory.NewAccounts()
	l := memory.NewLicenses(a)
	return cachedStore{a, l, decorated.NewCache(decorated.CacheConfig{Changes: memory.NewChanges(a, l, memory.NewDocuments()), Now: now, Size: size})}
}

// looked looks for changes before each read, as Run does in time.
type looked struct {
	ports.Tenants
	ports.Sites
	ports.Keys
	siteKeys ports.SiteKeys
	licenses ports.Licenses
	ports.LicenseBook
	cache *decorated.Cache
}

func (l looked) Site(ctx context.Context, s tenant.Scope) (tenant.Site, error) {
	_ = l.cache.Poll(context.WithoutCancel(ctx))
	return l.Sites.Site(ctx, s)
}

func (l looked) ScopeOf(ctx context.Context, key string) (tenant.Scope, error) {
	_ = l.cache.Poll(context.WithoutCancel(ctx))
	return l.siteKeys.ScopeOf(ctx, key)
}

func (l looked) APIKeyOf(ctx context.Context, hash string) (tenant.Key, error) {
	_ = l.cache.Poll(context.WithoutCancel(ctx))
	return l.siteKeys.APIKeyOf(ctx, hash)
}

func (l looked) LicenseOf(ctx context.Context, s tenant.Scope) (usage.License, error) {
	_ = l.cache.Poll(context.WithoutCancel(ctx))
	return l.licenses.LicenseOf(ctx, s)
}

// written is the store when all is written through the cache.
func (c cachedStore) written() looked {
	return looked{
		Tenants: c.cache.Tenants(c.accounts), Sites: c.cache.Sites(c.accounts), Keys: c.cache.Keys(c.accounts),
		siteKeys: c.cache.SiteKeys(c.accounts), licenses: c.cache.Licenses(c.licenses), LicenseBook: c.cache.LicenseBook(c.licenses),
	}
}

// elsewhere is the store when another process writes, past the cache.
func (c cachedStore) elsewhere() looked {
	l := c.written()
	l.Tenants, l.Keys, l.LicenseBook, l.cache = c.accounts, c.accounts, c.licenses, c.cache
	l.Sites = splitSites{c.accounts, l.Sites}
	return l
}

// splitSites writes past the cache that it reads through.
type splitSites struct {
	ports.Sites
	reads ports.Sites
}

func (s splitSites) Site(ctx context.Context, sc tenant.Scope) (tenant.Site, error) {
	return s.reads.Site(ctx, sc)
}

// The clock of these stands still: time drops nothing. Sizes of one entry and
// of many are both right.
func TestCacheKeepsTheContracts(t *testing.T) {
	still := func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }
	for _, size := range []int{1, 10_000} {
		accounts := func(elsewhere bool) func(*testing.T) porttest.AccountsUnderTest {
			return func(*testing.T) porttest.AccountsUnderTest {
				c := newCachedStore(still, size)
				if elsewhere {
					l := c.elsewhere()
					return porttest.AccountsUnderTest{Tenants: l.Tenants, Sites: l, Keys: l.Keys, SiteKeys: l, Members: c.accounts, PlatformUsers: c.accounts, Grants: c.accounts}
				}
				l := c.written()
				return porttest.AccountsUnderTest{Tenants: l.Tenants, Sites: l.Sites, Keys: l.Keys, SiteKeys: l.siteKeys, Members: c.accounts, PlatformUsers: c.accounts, Grants: c.accounts}
			}
		}
		licenses := func(elsewhere bool) func(*testing.T) porttest.LicenseStore {
			return func(*testing.T) porttest.LicenseStore {
				c := newCachedStore(still, size)
				l := c.written()
				store := porttest.LicenseStore{Licenses: l.licenses, LicenseBook: l.LicenseBook}
				if elsewhere {
					l = c.elsewhere()
					store = porttest.LicenseStore{Licenses: l, LicenseBook: l.LicenseBook}
				}
				store.NewScope = func(t *testing.T) tenant.Scope { return c.newSite(t).Scope() }
				return store
			}
		}
		for name, elsewhere := range map[string]bool{"written through it": false, "written elsewhere": true} {
			t.Run(name, func(t *testing.T) {
				t.Run("Tenants", func(t *testing.T) { porttest.Tenants(t, accounts(elsewhere)) })
				t.Run("Sites", func(t *testing.T) { porttest.Sites(t, accounts(elsewhere)) })
				t.Run("Keys", func(t *testing.T) { porttest.Keys(t, accounts(elsewhere)) })
				t.Run("SiteKeys", func(t *testing.T) { porttest.SiteKeys(t, accounts(elsewhere)) })
				t.Run("Licenses", func(t *testing.T) { porttest.Licenses(t, licenses(elsewhere)) })
			})
		}
	}
}

// lookedIndexes looks for changes before each read, and writes past the cache
// where past is set.
type lookedIndexes struct {
	ports.Generations
	cache *decorated.Cache
	past  ports.Generations
}

func (l lookedIndexes) GenerationsOf(ctx context.Context, s tenant.Scope) (retrieval.Generations, error) {
	_ = l.cache.Poll(context.WithoutCancel(ctx))
	return l.Generations.GenerationsOf(ctx, s)
}

func (l lookedIndexes) Begin(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
	return l.past.Begin(ctx, s, r)
}

func (l lookedIndexes) Switch(ctx context.Context, s tenant.Scope, no int64, at time.Time) (retrieval.Generations, error) {
	return l.past.Switch(ctx, s, no, at)
}

// expired looks for changes after a generation has expired: who fills an index
// does that, past the cache.
type expired struct {
	ports.RetiredGenerations
	cache *decorated.Cache
}

func (e expired) Expire(ctx context.Context, s tenant.Scope, before, at time.Time) error {
	defer func() { _ = e.cache.Poll(context.WithoutCancel(ctx)) }()
	return e.RetiredGenerations.Expire(ctx, s, before, at)
}

func TestCacheOfGenerationsKeepsTheContract(t *testing.T) {
	still := func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }
	for name, elsewhere := range map[string]bool{"written through it": false, "written elsewhere": true} {
		t.Run(name, func(t *testing.T) {
			open := func(*testing.T) porttest.DocumentsUnderTest {
				d, a := memory.NewDocuments(), memory.NewAccounts()
				c := decorated.NewCache(decorated.CacheConfig{Changes: memory.NewChanges(a, memory.NewLicenses(a), d), Now: still})
				u := porttest.DocumentsUnderTest{
					Documents: d, Inventory: d, Generations: c.Generations(d), RetiredGenerations: expired{d, c}, DocumentChunks: d, Passages: d, NewScope: newScope, NewSite: newSite,
				}
				if elsewhere {
					u.Generations = lookedIndexes{c.Generations(d), c, d}
				}
				return u
			}
			porttest.Generations(t, open)
			porttest.Chunkings(t, open)
		})
	}
}

// newSite stores a site past the cache.
func (c cachedStore) newSite(t *testing.T) tenant.Site {
	t.Helper()
	s := newScope(t)
	site := tenant.Site{
		ID: s.Site, Tenant: s.Tenant, Name: "shop", URL: "https://shop.example.com", TimeZone: "UTC",
		Origins: []string{"https://shop.example.com"}, Suggestions: []string{"Do you ship?"},
	}
	if err := errors.Join(
		c.accounts.PutTenant(t.Context(), tenant.Tenant{ID: s.Tenant, Name: "tenant"}), c.accounts.PutSite(t.Context(), site),
	); err != nil {
		t.Fatal(err)
	}
	return site
}
