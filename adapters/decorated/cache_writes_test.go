package decorated_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// slowBook, slowSites, slowTenants and slowKeys call before ahead of each write.
type slowBook struct {
	ports.LicenseBook
	before func()
}

func (w slowBook) PutLicense(ctx context.Context, s tenant.Scope, l usage.License) error {
	w.before()
	return w.LicenseBook.PutLicense(ctx, s, l)
}

type slowSites struct {
	ports.Sites
	before func()
}

func (w slowSites) PutSite(ctx context.Context, s tenant.Site) error {
	w.before()
	return w.Sites.PutSite(ctx, s)
}

type slowTenants struct {
	ports.Tenants
	before func()
}

func (w slowTenants) PutTenant(ctx context.Context, t tenant.Tenant) error {
	w.before()
	return w.Tenants.PutTenant(ctx, t)
}

type slowKeys struct {
	ports.Keys
	before func()
}

func (w slowKeys) PutKey(ctx context.Context, k tenant.Key) error {
	w.before()
	return w.Keys.PutKey(ctx, k)
}

// Who reads while a write is under way leaves nothing old behind.
func TestCacheReadDuringAWrite(t *testing.T) {
	c := newCachedStore(noonClock().Now, 0)
	site := c.newSite(t)
	s := site.Scope()
	l := usage.License{Status: usage.Active, Limits: usage.NoLimits()}
	key := tenant.Key{ID: "key_" + porttest.NewID(), Kind: tenant.SiteKey, Scope: s, Text: "pk_x"}
	sum := sha256.Sum256([]byte(key.Text))
	key.Hash = hex.EncodeToString(sum[:])
	if err := errors.Join(c.licenses.PutLicense(t.Context(), s, l), c.accounts.PutKey(t.Context(), key)); err != nil {
		t.Fatal(err)
	}
	lic, sites, siteKeys := c.cache.Licenses(c.licenses), c.cache.Sites(c.accounts), c.cache.SiteKeys(c.accounts)
	state := func() string {
		l, lerr := lic.LicenseOf(t.Context(), s)
		site, serr := sites.Site(t.Context(), s)
		_, kerr := siteKeys.ScopeOf(t.Context(), key.Text)
		return fmt.Sprint(l.Status, " ", lerr, " disabled ", site.Disabled, " ", serr, " key ", kerr == nil)
	}
	read := func() { state() }
	suspended, off, offKey := l, site, key
	suspended.Status, off.Disabled, offKey.Disabled = usage.Suspended, true, true
	ctx := t.Context()
	for _, w := range []struct {
		write func() error
		want  string
	}{
		{func() error { return c.cache.LicenseBook(slowBook{c.licenses, read}).PutLicense(ctx, s, suspended) }, "suspended <nil> disabled false <nil> key true"},
		{func() error { return c.cache.Keys(slowKeys{c.accounts, read}).PutKey(ctx, offKey) }, "suspended <nil> disabled false <nil> key false"},
		{func() error { return c.cache.Keys(slowKeys{c.accounts, read}).PutKey(ctx, key) }, "suspended <nil> disabled false <nil> key true"},
		{func() error { return c.cache.Sites(slowSites{c.accounts, read}).PutSite(ctx, off) }, "suspended <nil> disabled true <nil> key false"},
		{func() error { return c.cache.SitesPast(slowSites{c.accounts, read}).PutSite(ctx, site) }, "suspended <nil> disabled false <nil> key true"},
		{func() error {
			return c.cache.Tenants(slowTenants{c.accounts, read}).PutTenant(ctx, tenant.Tenant{ID: s.Tenant, Name: "tenant", Disabled: true})
		}, "suspended <nil> disabled true <nil> key false"},
	} {
		if err := w.write(); err != nil {
			t.Fatal(err)
		}
		if got := state(); got != w.want {
			t.Errorf("got %s, want %s", got, w.want)
		}
	}
}

// Whoever asks after a write through the cache has returned gets it, whatever
// was being loaded and looked for meanwhile.
func TestCacheReadsItsWrites(t *testing.T) {
	c := newCachedStore(time.Now, 4)
	lic, book, s := c.cache.Licenses(c.licenses), c.cache.LicenseBook(c.licenses), c.newSite(t).Scope()
	var written atomic.Int64
	put := func(i int64) {
		l := usage.License{Status: usage.Active, Limits: usage.NoLimits()}
		l.Limits.ChatRequests = usage.Limit(i)
		if err := book.PutLicense(t.Context(), s, l); err != nil {
			t.Error(err)
		}
		written.Store(i)
	}
	put(1)
	over := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				least := written.Load()
				if l, err := lic.LicenseOf(t.Context(), s); err != nil || int64(l.Limits.ChatRequests) < least {
					t.Errorf("license %d, %v, after %d was written", l.Limits.ChatRequests, err, least)
					return
				}
			}
		})
	}
	wg.Go(func() {
		for range 500 {
			if err := c.cache.Poll(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	for i := range int64(500) {
		put(i + 2)
	}
	close(over)
	wg.Wait()
}
