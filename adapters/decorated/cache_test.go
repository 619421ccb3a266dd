package decorated_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/decorated"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// licensesFunc is a ports.Licenses that counts its calls.
type licensesFunc struct {
	calls atomic.Int64
	of    func(ctx context.Context, s tenant.Scope) (usage.License, error)
}

func (l *licensesFunc) LicenseOf(ctx context.Context, s tenant.Scope) (usage.License, error) {
	l.calls.Add(1)
	return l.of(ctx, s)
}

// numbersFunc is a ports.Changes.
type numbersFunc func(ctx context.Context) (ports.ChangeNumbers, error)

func (f numbersFunc) Numbers(ctx context.Context) (ports.ChangeNumbers, error) { return f(ctx) }

func noChanges(context.Context) (ports.ChangeNumbers, error) { return ports.ChangeNumbers{}, nil }

func noonClock() *porttest.Clock {
	return porttest.NewClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
}

func cacheOf(now ports.Clock) *decorated.Cache {
	return decorated.NewCache(decorated.CacheConfig{Changes: numbersFunc(noChanges), Now: now})
}

func TestCacheLife(t *testing.T) {
	clock := noonClock()
	for name, c := range map[string]struct {
		err  error
		life time.Duration // 0: not kept
	}{
		"found":             {nil, 5 * time.Second},
		"not found":         {fmt.Errorf("license: %w", ports.ErrNotFound), time.Second},
		"unavailable":       {ports.ErrUnavailable, 0},
		"no scope":          {tenant.ErrNoScope, 0},
		"another error":     {errors.New("broken"), 0},
		"canceled meantime": {fmt.Errorf("%w: %w", ports.ErrUnavailable, context.Canceled), 0},
	} {
		t.Run(name, func(t *testing.T) {
			store := &licensesFunc{of: func(context.Context, tenant.Scope) (usage.License, error) { return usage.License{Plan: name}, c.err }}
			lic := cacheOf(clock.Now).Licenses(store)
			s := newScope(t)
			read := func(what string, calls int64) {
				t.Helper()
				l, err := lic.LicenseOf(t.Context(), s)
				if !errors.Is(err, c.err) || c.err == nil && (err != nil || l.Plan != name) {
					t.Errorf("%s: got %+v, %v", what, l, err)
				}
				if got := store.calls.Load(); got != calls {
					t.Errorf("%s: the store was asked %d times, want %d", what, got, calls)
				}
			}
			read("first", 1)
			if c.life == 0 {
				read("again", 2)
				return
			}
			read("again", 1)
			clock.Advance(c.life - 1)
			read("at the end of its life", 1)
			clock.Advance(1)
			read("after its life", 2)
			clock.Advance(-time.Hour)
			read("by a clock that was set back", 3)
		})
	}
}

// Age counts from before the load: the store may have read at its begin.
func TestCacheLifeBeginsBeforeTheLoad(t *testing.T) {
	clock := noonClock()
	store := &licensesFunc{of: func(context.Context, tenant.Scope) (usage.License, error) {
		clock.Advance(3 * time.Second)
		return usage.License{}, nil
	}}
	lic := cacheOf(clock.Now).Licenses(store)
	s := newScope(t)
	_, _ = lic.LicenseOf(t.Context(), s)
	clock.Advance(2 * time.Second)
	if _, _ = lic.LicenseOf(t.Context(), s); store.calls.Load() != 2 {
		t.Errorf("served 5 s after its load had begun")
	}
}

// A store that goes down is not noticed by what is kept, for as long as it is
// believed and no longer.
func TestCacheOfAStoreThatGoesDown(t *testing.T) {
	clock := noonClock()
	var down atomic.Bool
	store := &licensesFunc{of: func(context.Context, tenant.Scope) (usage.License, error) {
		if down.Load() {
			return usage.License{}, ports.ErrUnavailable
		}
		return usage.License{Status: usage.Active}, nil
	}}
	lic := cacheOf(clock.Now).Licenses(store)
	s := newScope(t)
	for _, step := range []struct {
		after time.Duration
		want  error
	}{{0, nil}, {5*time.Second - 1, nil}, {1, ports.ErrUnavailable}, {0, ports.ErrUnavailable}} {
		clock.Advance(step.after)
		if _, err := lic.LicenseOf(t.Context(), s); !errors.Is(err, step.want) || step.want == nil && err != nil {
			t.Errorf("after %v: %v, want %v", step.after, err, step.want)
		}
		down.Store(true)
	}
}

// What was read before a change and comes back after it has been noticed is
// handed to who asked before, and to nobody else.
func TestCacheChangeDuringALoad(t *testing.T) {
	for name, notice := range map[string]func(t *testing.T, c *decorated.Cache, s tenant.Scope){
		"noticed by its number": func(t *testing.T, c *decorated.Cache, _ tenant.Scope) {
			if err := c.Poll(t.Context()); err != nil {
				t.Error(err)
			}
		},
		"written in this process": func(t *testing.T, c *decorated.Cache, s tenant.Scope) {
			_ = c.LicenseBook(memory.NewLicenses(nil)).PutLicense(t.Context(), s, usage.License{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			var number atomic.Int64
			cache := decorated.NewCache(decorated.CacheConfig{Now: noonClock().Now, Changes: numbersFunc(func(context.Context) (ports.ChangeNumbers, error) {
				return ports.ChangeNumbers{Licenses: number.Load()}, nil
			})})
			if err := cache.Poll(t.Context()); err != nil {
				t.Fatal(err)
			}
			loading, goOn := make(chan struct{}), make(chan struct{})
			var status atomic.Int64
			status.Store(int64(usage.Active))
			store := &licensesFunc{}
			store.of = func(context.Context, tenant.Scope) (usage.License, error) {
				l := usage.License{Status: usage.Status(status.Load())}
				if store.calls.Load() == 1 {
					close(loading)
					<-goOn
				}
				return l, nil
			}
			lic := cache.Licenses(store)
			s := newScope(t)
			first := make(chan usage.License)
			go func() {
				l, _ := lic.LicenseOf(t.Context(), s)
				first <- l
			}()
			<-loading
			status.Store(int64(usage.Suspended))
			number.Add(1)
			notice(t, cache, s)
			close(goOn)
			if l := <-first; l.Status != usage.Active {
				t.Errorf("the read from before the change got %s", l.Status)
			}
			if l, _ := lic.LicenseOf(t.Context(), s); l.Status != usage.Suspended {
				t.Errorf("after the change: %s, want suspended", l.Status)
			}
		})
	}
}

// Nobody knows how old the first numbers are.
func TestCacheFirstPollDropsAll(t *testing.T) {
	c := newCachedStore(noonClock().Now, 0)
	lic, s := c.cache.Licenses(c.licenses), c.newSite(t).Scope()
	_, _ = lic.LicenseOf(t.Context(), s)
	if err := errors.Join(c.licenses.PutLicense(t.Context(), s, usage.License{Status: usage.Active, Limits: usage.NoLimits()}), c.cache.Poll(t.Context())); err != nil {
		t.Fatal(err)
	}
	if _, err := lic.LicenseOf(t.Context(), s); err != nil {
		t.Errorf("a change from before the first look is not seen: %v", err)
	}
}

// A number drops its own kind, and what depends on it.
func TestCacheDropsByKind(t *testing.T) {
	var n ports.ChangeNumbers
	c := newCachedStore(noonClock().Now, 0)
	cache := decorated.NewCache(decorated.CacheConfig{Now: noonClock().Now, Changes: numbersFunc(func(context.Context) (ports.ChangeNumbers, error) { return n, nil })})
	licenses := &licensesFunc{of: c.licenses.LicenseOf}
	var sites, scopes, keys atomic.Int64
	counting := func(n *atomic.Int64) decorated.Around {
		return func(ctx context.Context, _ decorated.Call, do func(context.Context) error) error {
			n.Add(1)
			return do(ctx)
		}
	}
	byMethod := func(ctx context.Context, call decorated.Call, do func(context.Context) error) error {
		n := &keys
		if call.Method == "ScopeOf" {
			n = &scopes
		}
		n.Add(1)
		return do(ctx)
	}
	lic, site := cache.Licenses(licenses), cache.Sites(decorated.Sites(c.accounts, counting(&sites)))
	siteKeys := cache.SiteKeys(decorated.SiteKeys(c.accounts, byMethod))
	s := c.newSite(t).Scope()
	reads := func() [4]int64 {
		_, _ = lic.LicenseOf(t.Context(), s)
		_, _ = site.Site(t.Context(), s)
		_, _ = siteKeys.ScopeOf(t.Context(), "pk_x")
		_, _ = siteKeys.APIKeyOf(t.Context(), "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
		return [4]int64{licenses.calls.Swap(0), sites.Swap(0), scopes.Swap(0), keys.Swap(0)}
	}
	_ = cache.Poll(t.Context())
	reads()
	for _, step := range []struct {
		name   string
		change func()
		want   [4]int64 // reads of licenses, sites, site keys, API keys
	}{
		{"nothing", func() {}, [4]int64{0, 0, 0, 0}},
		{"licenses", func() { n.Licenses++ }, [4]int64{1, 0, 0, 0}},
		{"sites", func() { n.Sites++ }, [4]int64{0, 1, 1, 1}},
		{"keys", func() { n.Keys++ }, [4]int64{0, 0, 1, 1}},
		{"generations", func() { n.Generations++ }, [4]int64{0, 1, 0, 0}},
		{"prices", func() { n.Prices++ }, [4]int64{0, 0, 0, 0}},
		{"a number that went back, as of a restored store", func() { n.Licenses-- }, [4]int64{1, 0, 0, 0}},
	} {
		step.change()
		if err := cache.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := reads(); got != step.want {
			t.Errorf("%s: the store was read %v times, want %v", step.name, got, step.want)
		}
	}
}

func TestCachedSitesBelongToTheirReaders(t *testing.T) {
	c := newCachedStore(noonClock().Now, 0)
	want := c.newSite(t)
	sites := c.cache.Sites(c.accounts)
	for range 3 {
		got, err := sites.Site(t.Context(), want.Scope())
		if err != nil || got.Origins[0] != want.Origins[0] || got.Suggestions[0] != want.Suggestions[0] {
			t.Fatalf("got %+v, %v", got, err)
		}
		got.Origins[0], got.Suggestions[0] = "https://evil.example.com", "changed"
	}
}

// Entries are bounded: the least recently used goes first, and what is not
// found pushes out nothing that is.
func TestCacheIsBounded(t *testing.T) {
	store := &licensesFunc{}
	missing := usage.License{}
	known := map[tenant.Scope]bool{}
	store.of = func(_ context.Context, s tenant.Scope) (usage.License, error) {
		if known[s] {
			return usage.License{Status: usage.Active}, nil
		}
		return missing, ports.ErrNotFound
	}
	cache := decorated.NewCache(decorated.CacheConfig{Changes: numbersFunc(noChanges), Now: noonClock().Now, Size: 3})
	lic := cache.Licenses(store)
	read := func(s tenant.Scope) (fromStore bool) {
		before := store.calls.Load()
		_, _ = lic.LicenseOf(t.Context(), s)
		return store.calls.Load() != before
	}
	a, b, c, d := newScope(t), newScope(t), newScope(t), newScope(t)
	for _, s := range []tenant.Scope{a, b, c, d} {
		known[s] = true
	}
	read(a)
	read(b)
	read(c)
	for range 100 {
		read(newScope(t))
	}
	if read(a) || read(c) {
		t.Error("guesses pushed out what was found")
	}
	read(d)
	if read(a) || read(c) || read(d) {
		t.Error("of four entries in three places a recently used one is gone")
	}
	if !read(b) {
		t.Error("four entries in three places")
	}
}
