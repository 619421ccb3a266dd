package porttest_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
	"github.com/aiwoochat/woochat/test/porttest/brokentest"
)

// licenseFuncs, priceFunc and takeFunc are adapters made of functions.
type licenseFuncs struct {
	of  func(context.Context, tenant.Scope) (usage.License, error)
	put func(context.Context, tenant.Scope, usage.License) error
}

func (l licenseFuncs) LicenseOf(ctx context.Context, s tenant.Scope) (usage.License, error) {
	return l.of(ctx, s)
}

func (l licenseFuncs) PutLicense(ctx context.Context, s tenant.Scope, lic usage.License) error {
	return l.put(ctx, s, lic)
}

type priceFunc func(context.Context, string, time.Time) (usage.Price, error)

func (p priceFunc) PriceOf(ctx context.Context, model string, at time.Time) (usage.Price, error) {
	return p(ctx, model, at)
}

type takeFunc func(context.Context, tenant.Scope, usage.Bucket, int64) error

func (f takeFunc) Take(ctx context.Context, s tenant.Scope, b usage.Bucket, n int64) error {
	return f(ctx, s, b, n)
}

// openLicenses returns a working store with one fault. Limits that were
// corrupted come back as none, malformed.
func openLicenses(fault func(good licenseFuncs, owners func(tenant.SiteID) tenant.Scope) licenseFuncs) func(*testing.T) porttest.LicenseStore {
	return func(*testing.T) porttest.LicenseStore {
		accounts := memory.NewAccounts()
		store := memory.NewLicenses(accounts)
		var corrupted seen[tenant.Scope, bool]
		var owners seen[tenant.SiteID, tenant.Scope]
		good := licenseFuncs{
			of: func(ctx context.Context, s tenant.Scope) (usage.License, error) {
				l, err := store.LicenseOf(ctx, s)
				if bad, _ := corrupted.get(s); bad && err == nil {
					l.Limits, l.Malformed = usage.Limits{}, "corrupted"
				}
				return l, err
			},
			put: func(ctx context.Context, s tenant.Scope, l usage.License) error {
				err := store.PutLicense(ctx, s, l)
				if err == nil {
					corrupted.put(s, false)
				}
				return err
			},
		}
		l := fault(good, func(id tenant.SiteID) tenant.Scope {
			s, _ := owners.get(id)
			return s
		})
		return porttest.LicenseStore{
			Licenses: l, LicenseBook: l,
			NewScope: func(t *testing.T) tenant.Scope {
				s := randomScope(t)
				if err := errors.Join(
					accounts.PutTenant(t.Context(), tenant.Tenant{ID: s.Tenant, Name: "tenant"}),
					accounts.PutSite(t.Context(), tenant.Site{ID: s.Site, Tenant: s.Tenant, Name: "shop", URL: "https://shop.example.com", TimeZone: "UTC"}),
				); err != nil {
					t.Fatal(err)
				}
				owners.put(s.Site, s)
				return s
			},
			Corrupt: func(t *testing.T, s tenant.Scope, text string) {
				// Of all texts that the suite stores one can be read.
				if !strings.Contains(text, `"more"`) {
					corrupted.put(s, true)
					return
				}
				l := usage.License{Plan: "plan", Status: usage.Active, Limits: usage.Limits{ChatTokens: 1, ChatRequests: usage.Unlimited, Cost: usage.Unlimited}}
				if err := good.put(t.Context(), s, l); err != nil {
					t.Fatal(err)
				}
			},
		}
	}
}

func TestLicenseSuiteCatches(t *testing.T) {
	type owners = func(tenant.SiteID) tenant.Scope
	for _, b := range []struct {
		name, by string
		fault    func(good licenseFuncs, owner owners) licenseFuncs
	}{
		{"no license is an empty one", "none", func(good licenseFuncs, _ owners) licenseFuncs {
			return licenseFuncs{func(ctx context.Context, s tenant.Scope) (usage.License, error) {
				l, err := good.of(ctx, s)
				if errors.Is(err, ports.ErrNotFound) {
					return usage.License{}, nil
				}
				return l, err
			}, good.put}
		}},
		{"no license admits everything", "none", func(good licenseFuncs, _ owners) licenseFuncs {
			return licenseFuncs{func(ctx context.Context, s tenant.Scope) (usage.License, error) {
				l, err := good.of(ctx, s)
				if errors.Is(err, ports.ErrNotFound) {
					return usage.License{Status: usage.Active, Limits: usage.NoLimits()}, nil
				}
				return l, err
			}, good.put}
		}},
		{"unreadable limits are unlimited", "malformed", func(good licenseFuncs, _ owners) licenseFuncs {
			return licenseFuncs{func(ctx context.Context, s tenant.Scope) (usage.License, error) {
				l, err := good.of(ctx, s)
				if l.Malformed != "" {
					l.Malformed, l.Limits = "", usage.NoLimits()
				}
				return l, err
			}, good.put}
		}},
		{"unreadable limits are an error", "malformed", func(good licenseFuncs, _ owners) licenseFuncs {
			return licenseFuncs{func(ctx context.Context, s tenant.Scope) (usage.License, error) {
				l, err := good.of(ctx, s)
				if l.Malformed != "" {
					return usage.License{}, ports.ErrUnavailable
				}
				return l, err
			}, good.put}
		}},
		{"a limit of nothing is unlimited", "round trip", func(good licenseFuncs, _ owners) licenseFuncs {
			return licenseFuncs{func(ctx context.Context, s tenant.Scope) (usage.License, error) {
				l, err := good.of(ctx, s)
				if l.Limits.EmbeddingTokens == 0 {
					l.Limits.EmbeddingTokens = usage.Unlimited
				}
				return l, err
			}, good.put}
		}},
		{"times without their end", "round trip", func(good licenseFuncs, _ owners) licenseFuncs {
			return licenseFuncs{good.of, func(ctx context.Context, s tenant.Scope, l usage.License) error {
				l.ValidUntil = time.Time{}
				return good.put(ctx, s, l)
			}}
		}},
		{"hides what is not active", "round trip", func(good licenseFuncs, _ owners) licenseFuncs {
			return licenseFuncs{func(ctx context.Context, s tenant.Scope) (usage.License, error) {
				l, err := good.of(ctx, s)
				if err == nil && l.Status > usage.Trialing {
					return usage.License{}, ports.ErrNotFound
				}
				return l, err
			}, good.put}
		}},
		{"takes a license without status", "invalid", func(good licenseFuncs, _ owners) licenseFuncs {
			return licenseFuncs{good.of, func(ctx context.Context, s tenant.Scope, l usage.License) error {
				if l.Status == 0 {
					l.Status = usage.Active
				}
				return good.put(ctx, s, l)
			}}
		}},
		{"reads by site without the tenant", "isolation", func(good licenseFuncs, owner owners) licenseFuncs {
			return licenseFuncs{func(ctx context.Context, s tenant.Scope) (usage.License, error) {
				return good.of(ctx, owner(s.Site))
			}, good.put}
		}},
		{"writes by site without the tenant", "isolation", func(good licenseFuncs, owner owners) licenseFuncs {
			return licenseFuncs{good.of, func(ctx context.Context, s tenant.Scope, l usage.License) error {
				return good.put(ctx, owner(s.Site), l)
			}}
		}},
		{"puts a license of no site", "no such site", func(good licenseFuncs, _ owners) licenseFuncs {
			return licenseFuncs{good.of, func(ctx context.Context, s tenant.Scope, l usage.License) error {
				if err := good.put(ctx, s, l); !errors.Is(err, ports.ErrNotFound) {
					return err
				}
				return nil
			}}
		}},
		{"goes on when the context is done", "done context", func(good licenseFuncs, _ owners) licenseFuncs {
			return licenseFuncs{good.of, func(ctx context.Context, s tenant.Scope, l usage.License) error {
				return good.put(context.WithoutCancel(ctx), s, l)
			}}
		}},
	} {
		t.Run(b.name, func(t *testing.T) {
			brokentest.Caught(t, b.by, func(t *testing.T) { porttest.Licenses(t, openLicenses(b.fault)) })
		})
	}
}

func TestLicenseSuitePassesWithoutAFault(t *testing.T) {
	porttest.Licenses(t, openLicenses(func(good licenseFuncs, _ func(tenant.SiteID) tenant.Scope) licenseFuncs { return good }))
}

func TestPriceSuiteCatches(t *testing.T) {
	change := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	known := []porttest.KnownPrice{
		{Price: usage.Price{Model: "model-1", Version: "1", Input: 3}, Until: change},
		{Price: usage.Price{Model: "model-1", Version: "2", Input: 2, Output: 5}, From: change},
		{Price: usage.Price{Model: "model-2", Version: "2", Input: 7}, Until: change},
	}
	for _, b := range []struct {
		name, by string
		fault    func(good ports.Prices) priceFunc
	}{
		{"takes the family's price for a dated name", "unknown", func(good ports.Prices) priceFunc {
			return func(ctx context.Context, model string, at time.Time) (usage.Price, error) {
				for _, k := range known {
					if strings.HasPrefix(model, k.Model) {
						model = k.Model
					}
				}
				return good.PriceOf(ctx, model, at)
			}
		}},
		{"gives what is unknown away", "unknown", func(good ports.Prices) priceFunc {
			return func(ctx context.Context, model string, at time.Time) (usage.Price, error) {
				p, err := good.PriceOf(ctx, model, at)
				if errors.Is(err, ports.ErrNotFound) {
					return usage.Price{Model: model, Version: "none"}, nil
				}
				return p, err
			}
		}},
		{"always today's price", "in force", func(good ports.Prices) priceFunc {
			return func(ctx context.Context, model string, _ time.Time) (usage.Price, error) {
				return good.PriceOf(ctx, model, change.AddDate(0, 1, 0))
			}
		}},
		{"the border belongs to the old price", "in force", func(good ports.Prices) priceFunc {
			return func(ctx context.Context, model string, at time.Time) (usage.Price, error) {
				return good.PriceOf(ctx, model, at.Add(-time.Nanosecond))
			}
		}},
		{"the day in the machine's zone", "in force", func(good ports.Prices) priceFunc {
			return func(ctx context.Context, model string, at time.Time) (usage.Price, error) {
				y, m, d := at.Date()
				return good.PriceOf(ctx, model, time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
			}
		}},
		{"no version", "complete", func(good ports.Prices) priceFunc {
			return func(ctx context.Context, model string, at time.Time) (usage.Price, error) {
				p, err := good.PriceOf(ctx, model, at)
				p.Version = ""
				return p, err
			}
		}},
		{"goes on when the context is done", "done context", func(good ports.Prices) priceFunc {
			return func(ctx context.Context, model string, at time.Time) (usage.Price, error) {
				return good.PriceOf(context.WithoutCancel(ctx), model, at)
			}
		}},
	} {
		t.Run(b.name, func(t *testing.T) {
			brokentest.Caught(t, b.by, func(t *testing.T) {
				porttest.Prices(t, func(*testing.T) porttest.PriceTable {
					good := memory.NewPrices()
					for _, k := range known {
						good.Put(k.Price, k.From, k.Until)
					}
					return porttest.PriceTable{Prices: b.fault(good), Known: known}
				})
			})
		})
	}
}

func TestLimiterSuiteCatches(t *testing.T) {
	for _, b := range []struct {
		name, by string
		fault    func(good ports.Limiter, now ports.Clock) takeFunc
	}{
		{"checks, then takes", "no overshoot", func(_ ports.Limiter, now ports.Clock) takeFunc {
			var full seen[string, time.Time]
			return func(_ context.Context, s tenant.Scope, b usage.Bucket, n int64) error {
				key := string(s.Tenant) + string(s.Site) + b.Key
				old, _ := full.get(key)
				next, err := b.Take(old, now(), n)
				if err != nil {
					return err
				}
				runtime.Gosched()
				full.put(key, next)
				return nil
			}
		}},
		{"one bucket for all sites", "isolation", func(good ports.Limiter, _ ports.Clock) takeFunc {
			return func(ctx context.Context, s tenant.Scope, b usage.Bucket, n int64) error {
				if s.Valid() == nil {
					s = tenant.Scope{Tenant: "ten_1", Site: "site_1"}
				}
				return good.Take(ctx, s, b, n)
			}
		}},
		{"a site's bucket without the tenant", "isolation", func(good ports.Limiter, _ ports.Clock) takeFunc {
			return func(ctx context.Context, s tenant.Scope, b usage.Bucket, n int64) error {
				if s.Valid() == nil {
					s.Tenant = "ten_1"
				}
				return good.Take(ctx, s, b, n)
			}
		}},
		{"one bucket for all keys", "keys", func(good ports.Limiter, _ ports.Clock) takeFunc {
			return func(ctx context.Context, s tenant.Scope, b usage.Bucket, n int64) error {
				b.Key = "visitor:1"
				return good.Take(ctx, s, b, n)
			}
		}},
		{"takes what it refuses", "burst", func(good ports.Limiter, now ports.Clock) takeFunc {
			var mu sync.Mutex
			debt := map[string]time.Duration{}
			return func(ctx context.Context, s tenant.Scope, b usage.Bucket, n int64) error {
				mu.Lock()
				defer mu.Unlock()
				err := good.Take(ctx, s, b, n)
				if rate, ok := errors.AsType[*usage.RateError](err); ok {
					rate.Retry += debt[b.Key]
					debt[b.Key] += time.Duration(n) * b.Every
				}
				return err
			}
		}},
		{"a window instead of a bucket", "refill", func(_ ports.Limiter, now ports.Clock) takeFunc {
			var mu sync.Mutex
			taken := map[string]int64{}
			return func(_ context.Context, _ tenant.Scope, b usage.Bucket, n int64) error {
				mu.Lock()
				defer mu.Unlock()
				window := time.Duration(b.Burst) * b.Every
				key := b.Key + now().Truncate(window).String()
				if taken[key]+n > b.Burst {
					return &usage.RateError{Bucket: b.Key, Retry: now().Truncate(window).Add(window).Sub(now())}
				}
				taken[key] += n
				return nil
			}
		}},
		{"whole seconds only", "refill", func(good ports.Limiter, _ ports.Clock) takeFunc {
			return func(ctx context.Context, s tenant.Scope, b usage.Bucket, n int64) error {
				err := good.Take(ctx, s, b, n)
				if rate, ok := errors.AsType[*usage.RateError](err); ok {
					rate.Retry = rate.Retry.Truncate(time.Second)
				}
				return err
			}
		}},
		{"takes more than the burst", "invalid", func(good ports.Limiter, _ ports.Clock) takeFunc {
			return func(ctx context.Context, s tenant.Scope, b usage.Bucket, n int64) error {
				return good.Take(ctx, s, b, min(n, b.Burst))
			}
		}},
		{"takes although the context is done", "done context", func(good ports.Limiter, _ ports.Clock) takeFunc {
			return func(ctx context.Context, s tenant.Scope, b usage.Bucket, n int64) error {
				return good.Take(context.WithoutCancel(ctx), s, b, n)
			}
		}},
	} {
		t.Run(b.name, func(t *testing.T) {
			brokentest.Caught(t, b.by, func(t *testing.T) {
				porttest.Limiter(t, func(_ *testing.T, now ports.Clock) porttest.LimiterStore {
					return porttest.LimiterStore{Limiter: b.fault(memory.NewLimiter(now), now), NewScope: randomScope}
				})
			})
		})
	}
}
