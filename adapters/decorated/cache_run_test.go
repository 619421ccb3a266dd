package decorated_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiwoochat/woochat/adapters/decorated"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// running starts c.Run, to be ended by the returned function. In a bubble of
// synctest.
func running(t *testing.T, c *decorated.Cache) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.Run(ctx)
	}()
	synctest.Wait()
	return func() {
		cancel()
		<-ended
	}
}

// pass lets d pass by a bubble's clock, and all that is due then happen.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// Whenever a license is suspended by another process, it is refused half a
// second later, and not before anybody could know.
func TestRunFollowsAChange(t *testing.T) {
	for _, at := range []time.Duration{0, 1, 499 * time.Millisecond, 500 * time.Millisecond, 1234 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			c := newCachedStore(time.Now, 0)
			lic, s := c.cache.Licenses(c.licenses), c.newSite(t).Scope()
			active := usage.License{Status: usage.Active, Limits: usage.NoLimits()}
			if err := c.licenses.PutLicense(t.Context(), s, active); err != nil {
				t.Fatal(err)
			}
			defer running(t, c.cache)()
			read := func() usage.Status {
				l, err := lic.LicenseOf(t.Context(), s)
				if err != nil {
					t.Fatal(err)
				}
				return l.Status
			}
			read()
			pass(at)
			read()
			suspended := active
			suspended.Status = usage.Suspended
			if err := c.licenses.PutLicense(t.Context(), s, suspended); err != nil {
				t.Fatal(err)
			}
			if got := read(); got != usage.Active {
				t.Errorf("%s before anybody looked: the cache is not in the way", got)
			}
			pass(500 * time.Millisecond)
			if got := read(); got != usage.Suspended {
				t.Errorf("changed at %v: still %s half a second later", at, got)
			}
		})
	}
}

// While changes cannot be read, or the reading hangs, nothing older than five
// seconds is served; what went by unseen is seen as soon as it can be.
func TestRunWhileChangesCannotBeRead(t *testing.T) {
	refuses := func(context.Context) error { return ports.ErrUnavailable }
	hangs := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	for name, fails := range map[string]func(context.Context) error{"refused": refuses, "hanging": hangs} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				accounts := memory.NewAccounts()
				licenses := memory.NewLicenses(nil)
				changes := memory.NewChanges(accounts, licenses, memory.NewDocuments())
				var down atomic.Bool
				var told []bool
				cache := decorated.NewCache(decorated.CacheConfig{
					Now: time.Now,
					Changes: numbersFunc(func(ctx context.Context) (ports.ChangeNumbers, error) {
						if down.Load() {
							return ports.ChangeNumbers{}, fails(ctx)
						}
						return changes.Numbers(ctx)
					}),
					Failed: func(_ context.Context, err error) { told = append(told, err != nil) },
				})
				lic, s := cache.Licenses(licenses), newScope(t)
				put := func(st usage.Status) {
					if err := licenses.PutLicense(t.Context(), s, usage.License{Status: st, Limits: usage.NoLimits()}); err != nil {
						t.Fatal(err)
					}
				}
				want := func(what string, want usage.Status) {
					t.Helper()
					if l, err := lic.LicenseOf(t.Context(), s); err != nil || l.Status != want {
						t.Errorf("%s: got %s, %v, want %s", what, l.Status, err, want)
					}
				}
				put(usage.Active)
				stop := running(t, cache)
				want("up", usage.Active)
				down.Store(true)
				put(usage.Suspended)
				pass(5*time.Second - 1)
				want("nearly five seconds old", usage.Active)
				pass(1)
				want("five seconds old", usage.Suspended)
				put(usage.Expired)
				down.Store(false)
				pass(3 * time.Second)
				want("up again", usage.Expired)
				stop()
				if !slices.Equal(told, []bool{true, false}) {
					t.Errorf("Failed was told %v, want once of the failure and once of its end", told)
				}
			})
		})
	}
}

// The end of Run is no failure.
func TestRunEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := decorated.NewCache(decorated.CacheConfig{
			Now: time.Now, Changes: numbersFunc(func(ctx context.Context) (ports.ChangeNumbers, error) {
				<-ctx.Done()
				return ports.ChangeNumbers{}, ctx.Err()
			}),
			Failed: func(_ context.Context, err error) { t.Errorf("told of %v", err) },
		})
		running(t, cache)()
	})
}

func ExampleCache() {
	ctx := context.Background()
	accounts := memory.NewAccounts()
	book := memory.NewLicenses(nil)
	cache := decorated.NewCache(decorated.CacheConfig{Changes: memory.NewChanges(accounts, book, memory.NewDocuments()), Now: time.Now})
	licenses := cache.Licenses(book) // what requests look up; a server calls cache.Run, too

	shop := tenant.Scope{Tenant: "ten_1", Site: "site_1"}
	err := book.PutLicense(ctx, shop, usage.License{Status: usage.Active, Limits: usage.NoLimits()})
	l, lerr := licenses.LicenseOf(ctx, shop)
	fmt.Println(l.Status, errors.Join(err, lerr))

	// Another process suspends it.
	err = book.PutLicense(ctx, shop, usage.License{Status: usage.Suspended, Limits: usage.NoLimits()})
	perr := cache.Poll(ctx)
	l, lerr = licenses.LicenseOf(ctx, shop)
	fmt.Println(l.Status, errors.Join(err, perr, lerr))
	// Output:
	// active <nil>
	// suspended <nil>
}
