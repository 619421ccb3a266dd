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
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
	"github.com/aiwoochat/woochat/test/porttest/brokentest"
)

// badConnections is a store of connections that works but for what is set.
type badConnections struct {
	good      *memory.Connections
	accounts  *memory.Accounts
	get       func(context.Context, tenant.Scope) (ingestion.Connection, error)
	save      func(context.Context, tenant.Scope, ingestion.Connection) (ingestion.Connection, error)
	remove    func(context.Context, tenant.Scope) error
	receiver  func(context.Context, tenant.SiteID) (ingestion.Receiver, error)
	connected func(context.Context, tenant.SiteID, int) ([]tenant.Scope, error)
	saveState func(context.Context, tenant.Scope, string, ingestion.ConnectNote, time.Time) error
	takeState func(context.Context, string) (tenant.Scope, ingestion.ConnectNote, error)
	shown     func(context.Context, tenant.Scope) (ingestion.Shown, error)
	heard     func(context.Context, tenant.Scope, time.Time) error
	// last is the scope of each site that was saved last.
	mu   sync.Mutex
	last map[tenant.SiteID]tenant.Scope
}

func (b *badConnections) Connection(ctx context.Context, s tenant.Scope) (ingestion.Connection, error) {
	return b.get(ctx, s)
}

func (b *badConnections) SaveConnection(ctx context.Context, s tenant.Scope, c ingestion.Connection) (ingestion.Connection, error) {
	got, err := b.save(ctx, s, c)
	if err == nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.last[s.Site] = s
	}
	return got, err
}

func (b *badConnections) RemoveConnection(ctx context.Context, s tenant.Scope) error {
	return b.remove(ctx, s)
}

func (b *badConnections) Receiver(ctx context.Context, site tenant.SiteID) (ingestion.Receiver, error) {
	return b.receiver(ctx, site)
}

func (b *badConnections) Connected(ctx context.Context, after tenant.SiteID, limit int) ([]tenant.Scope, error) {
	return b.connected(ctx, after, limit)
}

func (b *badConnections) SaveState(ctx context.Context, s tenant.Scope, hash string, note ingestion.ConnectNote, expires time.Time) error {
	return b.saveState(ctx, s, hash, note, expires)
}

func (b *badConnections) TakeState(ctx context.Context, hash string) (tenant.Scope, ingestion.ConnectNote, error) {
	return b.takeState(ctx, hash)
}

func (b *badConnections) Shown(ctx context.Context, s tenant.Scope) (ingestion.Shown, error) {
	return b.shown(ctx, s)
}

func (b *badConnections) Heard(ctx context.Context, s tenant.Scope, at time.Time) error {
	return b.heard(ctx, s, at)
}

// owner returns the scope under which the site was saved.
func (b *badConnections) owner(s tenant.Scope) tenant.Scope {
	b.mu.Lock()
	defer b.mu.Unlock()
	if last, ok := b.last[s.Site]; ok {
		return last
	}
	return s
}

// spoilt makes every save store what spoil leaves of it.
func (b *badConnections) spoilt(spoil func(*ingestion.Connection)) {
	b.save = func(ctx context.Context, s tenant.Scope, c ingestion.Connection) (ingestion.Connection, error) {
		c.Secrets = slices.Clone(c.Secrets)
		spoil(&c)
		return b.good.SaveConnection(ctx, s, c)
	}
}

func connectionsNoon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func openBadConnections(fault func(*badConnections)) func(*testing.T) porttest.ConnectionsUnderTest {
	return func(*testing.T) porttest.ConnectionsUnderTest {
		accounts := memory.NewAccounts()
		good := memory.NewConnections(accounts, connectionsNoon)
		b := &badConnections{
			good: good, accounts: accounts, get: good.Connection, save: good.SaveConnection, remove: good.RemoveConnection, receiver: good.Receiver,
			connected: good.Connected, saveState: good.SaveState, takeState: good.TakeState, shown: good.Shown, heard: good.Heard,
			last: map[tenant.SiteID]tenant.Scope{},
		}
		fault(b)
		put := func(t *testing.T, id tenant.ID) tenant.Scope {
			site := tenant.Site{
				ID: tenant.SiteID(tenant.SitePrefix + porttest.NewID()), Tenant: id, Name: "Shop",
				URL: "https://shop.example.com", TimeZone: "UTC", Created: connectionsNoon(),
			}
			if err := accounts.PutSite(t.Context(), site); err != nil {
				t.Fatal(err)
			}
			return site.Scope()
		}
		putTenant := func(t *testing.T, id tenant.ID, disabled bool) {
			if err := accounts.PutTenant(t.Context(), tenant.Tenant{ID: id, Name: "tenant", Created: connectionsNoon(), Disabled: disabled}); err != nil {
				t.Fatal(err)
			}
		}
		return porttest.ConnectionsUnderTest{
			Connections: b, ConnectedSites: b, ConnectStates: b, Deliveries: b, Now: connectionsNoon, NewSite: put,
			NewScope: func(t *testing.T) tenant.Scope {
				id := tenant.ID(tenant.Prefix + porttest.NewID())
				putTenant(t, id, false)
				return put(t, id)
			},
			Disable: func(t *testing.T, s tenant.Scope, whole, disabled bool) {
				if whole {
					putTenant(t, s.Tenant, disabled)
					return
				}
				site, err := accounts.Site(t.Context(), s)
				if err != nil {
					t.Fatal(err)
				}
				site.Disabled = disabled
				if err := accounts.PutSite(t.Context(), site); err != nil {
					t.Fatal(err)
				}
			},
		}
	}
}

type connectionSuite = func(*testing.T, func(*testing.T) porttest.ConnectionsUnderTest)

func TestConnectionSuitesPassWithoutAFault(t *testing.T) {
	for _, suite := range []connectionSuite{porttest.Connections, porttest.ConnectedSites, porttest.ConnectStates, porttest.Deliveries} {
		suite(t, openBadConnections(func(*badConnections) {}))
	}
}

var brokenConnections = []struct {
	name  string
	suite connectionSuite
	by    string
	fault func(b *badConnections)
}{
	{"loses how the key is sent", porttest.Connections, "round trip", func(b *badConnections) {
		b.spoilt(func(c *ingestion.Connection) { c.Auth = 0 })
	}},
	{"counts from one again", porttest.Connections, "removed", func(b *badConnections) {
		var first seen[tenant.Scope, int64] // less one
		b.get = func(ctx context.Context, s tenant.Scope) (ingestion.Connection, error) {
			c, err := b.good.Connection(ctx, s)
			if from, _ := first.get(s); err == nil {
				c.Version -= from
			}
			return c, err
		}
		b.save = func(ctx context.Context, s tenant.Scope, c ingestion.Connection) (ingestion.Connection, error) {
			made := c.Version == 0
			if from, _ := first.get(s); !made {
				c.Version += from
			}
			got, err := b.good.SaveConnection(ctx, s, c)
			if err != nil {
				return got, err
			}
			if made {
				first.put(s, got.Version-1)
			}
			from, _ := first.get(s)
			got.Version -= from
			return got, nil
		}
	}},
	{"loses the second secret", porttest.Connections, "round trip", func(b *badConnections) {
		b.spoilt(func(c *ingestion.Connection) { c.Secrets = c.Secrets[:min(1, len(c.Secrets))] })
	}},
	{"stores times to the second", porttest.Connections, "round trip", func(b *badConnections) {
		b.spoilt(func(c *ingestion.Connection) { c.Updated = c.Updated.Truncate(time.Second) })
	}},
	{"sorts the secrets", porttest.Connections, "bare", func(b *badConnections) { b.spoilt(func(c *ingestion.Connection) { slices.Sort(c.Secrets) }) }},
	{"takes no way for Basic", porttest.Connections, "bare", func(b *badConnections) {
		b.spoilt(func(c *ingestion.Connection) { c.Auth = max(c.Auth, ingestion.Basic) })
	}},
	{"keeps the key where there is none", porttest.Connections, "replaced", func(b *badConnections) {
		b.save = func(ctx context.Context, s tenant.Scope, c ingestion.Connection) (ingestion.Connection, error) {
			if old, err := b.good.Connection(ctx, s); err == nil && c.Key == "" {
				c.Key = old.Key
			}
			return b.good.SaveConnection(ctx, s, c)
		}
	}},
	{"the last save wins", porttest.Connections, "conflict", func(b *badConnections) {
		b.save = func(ctx context.Context, s tenant.Scope, c ingestion.Connection) (ingestion.Connection, error) {
			got, err := b.good.SaveConnection(ctx, s, c)
			if errors.Is(err, ports.ErrConflict) {
				old, _ := b.good.Connection(ctx, s)
				c.Version = old.Version
				return b.good.SaveConnection(ctx, s, c)
			}
			return got, err
		}
	}},
	{"the first save may be of any version", porttest.Connections, "conflict", func(b *badConnections) {
		b.save = func(ctx context.Context, s tenant.Scope, c ingestion.Connection) (ingestion.Connection, error) {
			if _, err := b.good.Connection(ctx, s); errors.Is(err, ports.ErrNotFound) {
				c.Version = 0
			}
			return b.good.SaveConnection(ctx, s, c)
		}
	}},
	{"looks at the version and saves then", porttest.Connections, "at once", func(b *badConnections) {
		b.save = func(ctx context.Context, s tenant.Scope, c ingestion.Connection) (ingestion.Connection, error) {
			old, _ := b.good.Connection(ctx, s)
			if old.Version != c.Version {
				return ingestion.Connection{}, ports.ErrConflict
			}
			for range 20 {
				runtime.Gosched()
			}
			for {
				got, err := b.good.SaveConnection(ctx, s, c)
				if !errors.Is(err, ports.ErrConflict) {
					return got, err
				}
				old, _ = b.good.Connection(ctx, s)
				c.Version = old.Version
			}
		}
	}},
	{"stores three secrets as two", porttest.Connections, "invalid", func(b *badConnections) {
		b.spoilt(func(c *ingestion.Connection) { c.Secrets = c.Secrets[:min(2, len(c.Secrets))] })
	}},
	{"removes with an error where there is nothing", porttest.Connections, "removed", func(b *badConnections) {
		b.remove = func(ctx context.Context, s tenant.Scope) error {
			if _, err := b.good.Connection(ctx, s); err != nil {
				return err
			}
			return b.good.RemoveConnection(ctx, s)
		}
	}},
	{"removes the secrets only", porttest.Connections, "removed", func(b *badConnections) {
		b.remove = func(ctx context.Context, s tenant.Scope) error {
			c, err := b.good.Connection(ctx, s)
			if err != nil {
				return nil // there is nothing
			}
			c.Key, c.Secrets = "", nil
			_, err = b.good.SaveConnection(ctx, s, c)
			return err
		}
	}},
	{"forgets the tenant when reading", porttest.Connections, "isolation", func(b *badConnections) {
		b.get = func(ctx context.Context, s tenant.Scope) (ingestion.Connection, error) {
			if s.Valid() == nil {
				s = b.owner(s)
			}
			return b.good.Connection(ctx, s)
		}
	}},
	{"forgets the tenant when saving", porttest.Connections, "isolation", func(b *badConnections) {
		b.save = func(ctx context.Context, s tenant.Scope, c ingestion.Connection) (ingestion.Connection, error) {
			if s.Valid() == nil {
				s = b.owner(s)
			}
			return b.good.SaveConnection(ctx, s, c)
		}
	}},
	{"removes all of the tenant", porttest.Connections, "isolation", func(b *badConnections) {
		b.remove = func(ctx context.Context, s tenant.Scope) error {
			if err := s.Valid(); err != nil {
				return err
			}
			list, _ := b.good.Connected(ctx, "", 1000)
			for _, other := range list {
				if other.Tenant == s.Tenant {
					_ = b.good.RemoveConnection(ctx, other)
				}
			}
			return nil
		}
	}},
	{"returns what it keeps", porttest.Connections, "not kept", func(b *badConnections) {
		kept := map[tenant.Scope]ingestion.Connection{}
		b.get = func(ctx context.Context, s tenant.Scope) (ingestion.Connection, error) {
			if c, ok := kept[s]; ok {
				return c, nil
			}
			c, err := b.good.Connection(ctx, s)
			kept[s] = c
			return c, err
		}
	}},
	{"saves although the context is done", porttest.Connections, "done context", func(b *badConnections) {
		b.save = func(ctx context.Context, s tenant.Scope, c ingestion.Connection) (ingestion.Connection, error) {
			got, err := b.good.SaveConnection(context.WithoutCancel(ctx), s, c)
			return got, errors.Join(err, ctx.Err())
		}
	}},

	{"the receiver of whoever came first", porttest.ConnectedSites, "receiver", func(b *badConnections) {
		b.receiver = func(ctx context.Context, site tenant.SiteID) (ingestion.Receiver, error) {
			if list, _ := b.good.Connected(ctx, "", 1); len(list) == 1 {
				site = list[0].Site
			}
			return b.good.Receiver(ctx, site)
		}
	}},
	{"every receiver has a key", porttest.ConnectedSites, "receiver", func(b *badConnections) {
		b.receiver = func(ctx context.Context, site tenant.SiteID) (ingestion.Receiver, error) {
			r, err := b.good.Receiver(ctx, site)
			r.HasKey = err == nil
			return r, err
		}
	}},
	{"remembers a receiver", porttest.ConnectedSites, "changed", func(b *badConnections) {
		kept := map[tenant.SiteID]ingestion.Receiver{}
		b.save = func(ctx context.Context, s tenant.Scope, c ingestion.Connection) (ingestion.Connection, error) {
			got, err := b.good.SaveConnection(ctx, s, c)
			if _, ok := kept[s.Site]; !ok && err == nil {
				kept[s.Site], _ = b.good.Receiver(ctx, s.Site)
			}
			return got, err
		}
		b.receiver = func(ctx context.Context, site tenant.SiteID) (ingestion.Receiver, error) {
			if r, ok := kept[site]; ok && ctx.Err() == nil {
				return r, nil
			}
			return b.good.Receiver(ctx, site)
		}
	}},
	{"tells a bad id from an unknown one", porttest.ConnectedSites, "unknown", func(b *badConnections) {
		b.receiver = func(ctx context.Context, site tenant.SiteID) (ingestion.Receiver, error) {
			if tenant.CheckID(tenant.SitePrefix, string(site)) != nil {
				return ingestion.Receiver{}, ports.ErrInvalid
			}
			return b.good.Receiver(ctx, site)
		}
	}},
	{"receives for disabled sites", porttest.ConnectedSites, "disabled", func(b *badConnections) {
		b.receiver = func(ctx context.Context, site tenant.SiteID) (ingestion.Receiver, error) {
			s := b.owner(tenant.Scope{Site: site})
			c, err := b.good.Connection(ctx, s)
			if err != nil {
				return b.good.Receiver(ctx, site)
			}
			return ingestion.Receiver{Scope: s, Secrets: c.Secrets, HasKey: c.Key != ""}, nil
		}
	}},
	{"lists disabled sites", porttest.ConnectedSites, "disabled", func(b *badConnections) {
		b.connected = func(ctx context.Context, after tenant.SiteID, limit int) ([]tenant.Scope, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			var list []tenant.Scope
			for _, s := range b.last {
				list = append(list, s)
			}
			return list, ctx.Err()
		}
	}},
	{"a page begins with the one before it", porttest.ConnectedSites, "pages", func(b *badConnections) {
		b.connected = func(ctx context.Context, after tenant.SiteID, limit int) ([]tenant.Scope, error) {
			list, err := b.good.Connected(ctx, after, limit)
			if s := b.owner(tenant.Scope{Site: after}); after != "" && len(list) < limit {
				list = append([]tenant.Scope{s}, list...)
			}
			return list, err
		}
	}},
	{"a page of no limit", porttest.ConnectedSites, "pages", func(b *badConnections) {
		b.connected = func(ctx context.Context, after tenant.SiteID, limit int) ([]tenant.Scope, error) {
			if limit == 0 {
				limit = 100
			}
			return b.good.Connected(ctx, after, limit)
		}
	}},

	{"loses who asked", porttest.ConnectStates, "round trip", func(b *badConnections) {
		b.saveState = func(ctx context.Context, s tenant.Scope, hash string, n ingestion.ConnectNote, at time.Time) error {
			n.By = ""
			return b.good.SaveState(ctx, s, hash, n, at)
		}
	}},
	{"one state for all", porttest.ConnectStates, "round trip", func(b *badConnections) {
		var mu sync.Mutex
		var last string
		b.saveState = func(ctx context.Context, s tenant.Scope, hash string, n ingestion.ConnectNote, at time.Time) error {
			mu.Lock()
			defer mu.Unlock()
			last = hash
			return b.good.SaveState(ctx, s, hash, n, at)
		}
		b.takeState = func(ctx context.Context, _ string) (tenant.Scope, ingestion.ConnectNote, error) {
			mu.Lock()
			defer mu.Unlock()
			return b.good.TakeState(ctx, last)
		}
	}},
	{"a state can be taken again", porttest.ConnectStates, "once", func(b *badConnections) {
		b.takeState = func(ctx context.Context, hash string) (tenant.Scope, ingestion.ConnectNote, error) {
			s, n, err := b.good.TakeState(ctx, hash)
			if err == nil {
				_ = b.good.SaveState(ctx, s, hash, n, connectionsNoon().Add(time.Hour))
			}
			return s, n, err
		}
	}},
	{"looks for a state and takes it then", porttest.ConnectStates, "at once", func(b *badConnections) {
		var mu sync.Mutex
		type saved struct {
			s tenant.Scope
			n ingestion.ConnectNote
		}
		all := map[string]saved{}
		b.saveState = func(_ context.Context, s tenant.Scope, hash string, n ingestion.ConnectNote, _ time.Time) error {
			mu.Lock()
			defer mu.Unlock()
			all[hash] = saved{s, n}
			return nil
		}
		b.takeState = func(_ context.Context, hash string) (tenant.Scope, ingestion.ConnectNote, error) {
			mu.Lock()
			have, ok := all[hash]
			mu.Unlock()
			if !ok {
				return tenant.Scope{}, ingestion.ConnectNote{}, ports.ErrNotFound
			}
			for range 50 {
				runtime.Gosched()
			}
			mu.Lock()
			delete(all, hash)
			mu.Unlock()
			return have.s, have.n, nil
		}
	}},
	{"goes by a part of the hash", porttest.ConnectStates, "unknown", func(b *badConnections) {
		cut := func(hash string) string { return hash[:min(len(hash), 63)] }
		b.saveState = func(ctx context.Context, s tenant.Scope, hash string, n ingestion.ConnectNote, at time.Time) error {
			return b.good.SaveState(ctx, s, cut(hash), n, at)
		}
		b.takeState = func(ctx context.Context, hash string) (tenant.Scope, ingestion.ConnectNote, error) {
			return b.good.TakeState(ctx, cut(hash))
		}
	}},
	{"trims the hash", porttest.ConnectStates, "unknown", func(b *badConnections) {
		b.takeState = func(ctx context.Context, hash string) (tenant.Scope, ingestion.ConnectNote, error) {
			return b.good.TakeState(ctx, strings.TrimSpace(hash))
		}
	}},
	{"states never expire", porttest.ConnectStates, "expired", func(b *badConnections) {
		b.saveState = func(ctx context.Context, s tenant.Scope, hash string, n ingestion.ConnectNote, _ time.Time) error {
			return b.good.SaveState(ctx, s, hash, n, connectionsNoon().Add(time.Hour))
		}
	}},
	{"a state is good until its very end", porttest.ConnectStates, "expired", func(b *badConnections) {
		b.saveState = func(ctx context.Context, s tenant.Scope, hash string, n ingestion.ConnectNote, at time.Time) error {
			return b.good.SaveState(ctx, s, hash, n, at.Add(time.Nanosecond))
		}
	}},
	{"a state can be written over", porttest.ConnectStates, "refused", func(b *badConnections) {
		b.saveState = func(ctx context.Context, s tenant.Scope, hash string, n ingestion.ConnectNote, at time.Time) error {
			err := b.good.SaveState(ctx, s, hash, n, at)
			if errors.Is(err, ports.ErrConflict) {
				_, _, _ = b.good.TakeState(ctx, hash)
				return b.good.SaveState(ctx, s, hash, n, at)
			}
			return err
		}
	}},
	{"takes although the context is done", porttest.ConnectStates, "done context", func(b *badConnections) {
		b.takeState = func(ctx context.Context, hash string) (tenant.Scope, ingestion.ConnectNote, error) {
			s, n, err := b.good.TakeState(context.WithoutCancel(ctx), hash)
			return s, n, errors.Join(err, ctx.Err())
		}
	}},

	{"shows one secret", porttest.Deliveries, "shown", func(b *badConnections) {
		b.shown = func(ctx context.Context, s tenant.Scope) (ingestion.Shown, error) {
			x, err := b.good.Shown(ctx, s)
			x.Secrets = min(x.Secrets, 1)
			return x, err
		}
	}},
	{"the last that comes stays", porttest.Deliveries, "heard", func(b *badConnections) {
		at := map[tenant.Scope]time.Time{}
		b.heard = func(_ context.Context, s tenant.Scope, t time.Time) error {
			at[s] = t.UTC()
			return nil
		}
		b.shown = func(ctx context.Context, s tenant.Scope) (ingestion.Shown, error) {
			x, err := b.good.Shown(ctx, s)
			x.LastHook = at[s]
			return x, err
		}
	}},
	{"a save forgets what was heard", porttest.Deliveries, "heard", func(b *badConnections) {
		b.save = func(ctx context.Context, s tenant.Scope, c ingestion.Connection) (ingestion.Connection, error) {
			if c.Version != 0 {
				_ = b.good.RemoveConnection(ctx, s)
				c.Version = 0
			}
			return b.good.SaveConnection(ctx, s, c)
		}
	}},
	{"to be heard is a change", porttest.Deliveries, "heard", func(b *badConnections) {
		b.heard = func(ctx context.Context, s tenant.Scope, at time.Time) error {
			c, err := b.good.Connection(ctx, s)
			if err == nil {
				_, _ = b.good.SaveConnection(ctx, s, c)
			}
			return b.good.Heard(ctx, s, at)
		}
	}},
	{"hears who is not connected", porttest.Deliveries, "forgotten", func(b *badConnections) {
		b.heard = func(ctx context.Context, s tenant.Scope, at time.Time) error {
			if err := b.good.Heard(ctx, s, at); !errors.Is(err, ports.ErrNotFound) {
				return err
			}
			return nil
		}
	}},
	{"a site is heard for its tenant's others", porttest.Deliveries, "isolation", func(b *badConnections) {
		b.heard = func(ctx context.Context, s tenant.Scope, at time.Time) error {
			list, _ := b.good.Connected(ctx, "", 1000)
			for _, other := range list {
				if other.Tenant == s.Tenant && s.Site != "" {
					_ = b.good.Heard(ctx, other, at)
				}
			}
			return b.good.Heard(ctx, s, at)
		}
	}},
	{"hears by the site alone", porttest.Deliveries, "isolation", func(b *badConnections) {
		b.heard = func(ctx context.Context, s tenant.Scope, at time.Time) error {
			if s.Valid() == nil {
				s = b.owner(s)
			}
			return b.good.Heard(ctx, s, at)
		}
	}},
	{"looks for the latest and notes then", porttest.Deliveries, "at once", func(b *badConnections) {
		var mu sync.Mutex
		at := map[tenant.Scope]time.Time{}
		b.heard = func(_ context.Context, s tenant.Scope, t time.Time) error {
			mu.Lock()
			last := at[s]
			mu.Unlock()
			for range 50 {
				runtime.Gosched()
			}
			if t.After(last) {
				mu.Lock()
				at[s] = t
				mu.Unlock()
			}
			return nil
		}
		b.shown = func(ctx context.Context, s tenant.Scope) (ingestion.Shown, error) {
			x, err := b.good.Shown(ctx, s)
			mu.Lock()
			defer mu.Unlock()
			x.LastHook = at[s]
			return x, err
		}
	}},
}

func TestConnectionSuitesCatch(t *testing.T) {
	for _, b := range brokenConnections {
		t.Run(b.name, func(t *testing.T) {
			brokentest.Caught(t, b.by, func(t *testing.T) { b.suite(t, openBadConnections(b.fault)) })
		})
	}
}

// badHealth is a store of findings that works but for what is set.
type badHealth struct {
	good  *memory.SiteHealth
	raise func(context.Context, tenant.Scope, ingestion.Finding) error
	clear func(context.Context, tenant.Scope, ingestion.FindingKind, string) error
	list  func(context.Context, tenant.Scope, int) ([]ingestion.Finding, error)
}

func (b *badHealth) Raise(ctx context.Context, s tenant.Scope, f ingestion.Finding) error {
	return b.raise(ctx, s, f)
}

func (b *badHealth) Clear(ctx context.Context, s tenant.Scope, kind ingestion.FindingKind, subject string) error {
	return b.clear(ctx, s, kind, subject)
}

func (b *badHealth) Findings(ctx context.Context, s tenant.Scope, limit int) ([]ingestion.Finding, error) {
	return b.list(ctx, s, limit)
}

func (b *badHealth) spoilt(spoil func(*ingestion.Finding)) {
	b.raise = func(ctx context.Context, s tenant.Scope, f ingestion.Finding) error {
		spoil(&f)
		return b.good.Raise(ctx, s, f)
	}
}

func openBadHealth(fault func(*badHealth)) func(*testing.T) porttest.SiteHealthUnderTest {
	return func(*testing.T) porttest.SiteHealthUnderTest {
		good := memory.NewSiteHealth()
		b := &badHealth{good: good, raise: good.Raise, clear: good.Clear, list: good.Findings}
		fault(b)
		return porttest.SiteHealthUnderTest{
			SiteHealth: b, NewScope: randomScope,
			NewSite: func(_ *testing.T, id tenant.ID) tenant.Scope {
				return tenant.Scope{Tenant: id, Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
			},
		}
	}
}

func TestSiteHealthSuitePassesWithoutAFault(t *testing.T) {
	porttest.SiteHealth(t, openBadHealth(func(*badHealth) {}))
}

func TestSiteHealthSuiteCatches(t *testing.T) {
	for _, b := range []struct {
		name, by string
		fault    func(*badHealth)
	}{
		{"loses the detail", "round trip", func(b *badHealth) { b.spoilt(func(f *ingestion.Finding) { f.Detail = "" }) }},
		{"counts to 32 bits", "round trip", func(b *badHealth) { b.spoilt(func(f *ingestion.Finding) { f.Count = int64(int32(f.Count)) }) }},
		{"stores times to the second", "round trip", func(b *badHealth) { b.spoilt(func(f *ingestion.Finding) { f.Last = f.Last.Truncate(time.Second) }) }},
		{"counts one each time", "counted", func(b *badHealth) { b.spoilt(func(f *ingestion.Finding) { f.Count = 0 }) }},
		{"one kind is one finding", "apart", func(b *badHealth) { b.spoilt(func(f *ingestion.Finding) { f.Subject = "" }) }},
		{"subjects are alike in any case", "apart", func(b *badHealth) { b.spoilt(func(f *ingestion.Finding) { f.Subject = strings.ToLower(f.Subject) }) }},
		{"one subject is one finding", "apart", func(b *badHealth) { b.spoilt(func(f *ingestion.Finding) { f.Kind = ingestion.HookDisabled }) }},
		{"refuses what is long", "cut", func(b *badHealth) {
			b.raise = func(ctx context.Context, s tenant.Scope, f ingestion.Finding) error {
				if len(f.Detail) > 1000 {
					return ports.ErrInvalid
				}
				return b.good.Raise(ctx, s, f)
			}
		}},
		{"the first comes first", "order", func(b *badHealth) {
			b.list = func(ctx context.Context, s tenant.Scope, limit int) ([]ingestion.Finding, error) {
				list, err := b.good.Findings(ctx, s, 1000)
				slices.SortStableFunc(list, func(x, y ingestion.Finding) int { return x.First.Compare(y.First) })
				return list[:min(max(limit, 0), len(list))], err
			}
		}},
		{"no limit", "order", func(b *badHealth) {
			b.list = func(ctx context.Context, s tenant.Scope, _ int) ([]ingestion.Finding, error) {
				return b.good.Findings(ctx, s, 1000)
			}
		}},
		{"an empty subject clears the one without", "cleared", func(b *badHealth) {
			b.clear = func(ctx context.Context, s tenant.Scope, kind ingestion.FindingKind, subject string) error {
				if subject == "" {
					return s.Valid()
				}
				return b.good.Clear(ctx, s, kind, subject)
			}
		}},
		{"clears what is like it", "cleared", func(b *badHealth) {
			b.clear = func(ctx context.Context, s tenant.Scope, kind ingestion.FindingKind, subject string) error {
				list, _ := b.good.Findings(ctx, s, 1000)
				for _, f := range list {
					if f.Kind == kind && strings.HasPrefix(f.Subject, strings.TrimSuffix(subject, "%")) {
						_ = b.good.Clear(ctx, s, kind, f.Subject)
					}
				}
				return nil
			}
		}},
		{"clears whatever the kind", "cleared", func(b *badHealth) {
			b.clear = func(ctx context.Context, s tenant.Scope, kind ingestion.FindingKind, subject string) error {
				return errors.Join(b.good.Clear(ctx, s, kind, subject), b.good.Clear(ctx, s, ingestion.HookDisabled, subject))
			}
		}},
		{"one list for the tenant", "isolation", func(b *badHealth) {
			first := map[tenant.ID]tenant.Scope{}
			b.raise = func(ctx context.Context, s tenant.Scope, f ingestion.Finding) error {
				if _, ok := first[s.Tenant]; !ok {
					first[s.Tenant] = s
				}
				if s.Valid() == nil {
					s = first[s.Tenant]
				}
				return b.good.Raise(ctx, s, f)
			}
			b.list = func(ctx context.Context, s tenant.Scope, limit int) ([]ingestion.Finding, error) {
				if x, ok := first[s.Tenant]; ok && s.Valid() == nil {
					s = x
				}
				return b.good.Findings(ctx, s, limit)
			}
		}},
		{"takes what has no kind", "invalid", func(b *badHealth) {
			b.spoilt(func(f *ingestion.Finding) {
				if f.Kind == "" {
					f.Kind = "unknown"
				}
			})
		}},
		{"reads the count and writes it then", "at once", func(b *badHealth) {
			var mu sync.Mutex
			b.raise = func(ctx context.Context, s tenant.Scope, f ingestion.Finding) error {
				mu.Lock()
				list, _ := b.good.Findings(ctx, s, 1)
				mu.Unlock()
				for range 50 {
					runtime.Gosched()
				}
				if len(list) == 1 {
					f.Count = list[0].Count + 1
				}
				mu.Lock()
				defer mu.Unlock()
				_ = b.good.Clear(ctx, s, f.Kind, f.Subject)
				return b.good.Raise(ctx, s, f)
			}
		}},
		{"raises although the context is done", "done context", func(b *badHealth) {
			b.raise = func(ctx context.Context, s tenant.Scope, f ingestion.Finding) error {
				return errors.Join(b.good.Raise(context.WithoutCancel(ctx), s, f), ctx.Err())
			}
		}},
	} {
		t.Run(b.name, func(t *testing.T) {
			brokentest.Caught(t, b.by, func(t *testing.T) { porttest.SiteHealth(t, openBadHealth(b.fault)) })
		})
	}
}
