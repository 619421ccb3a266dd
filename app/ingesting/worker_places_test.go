package ingesting_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// manyShops opens the healthy shop for site, and one that hangs for each other.
type manyShops struct {
	*fakeShop
	hangs func(ctx context.Context) error
}

func (m manyShops) Shop(_ context.Context, s tenant.Scope) (ports.Shop, error) {
	if s == site {
		return m.fakeShop, nil
	}
	return hangs{m.fakeShop, m.hangs}, nil
}

type hangs struct {
	*fakeShop
	hang func(ctx context.Context) error
}

func (h hangs) Read(ctx context.Context, ids []string) ([]catalog.Change, error) {
	if err := h.hang(ctx); err != nil {
		return nil, err
	}
	return h.fakeShop.Read(ctx, ids)
}

func (h hangs) Light(ctx context.Context, since catalog.Cursor, offers bool, visit func(catalog.Product) error) (catalog.Cursor, bool, error) {
	if err := h.hang(ctx); err != nil {
		return since, false, err
	}
	return h.fakeShop.Light(ctx, since, offers, visit)
}

// addSites makes sites beside site.
func (w *works) addSites(n int) []tenant.Scope {
	w.Helper()
	var all []tenant.Scope
	for i := range n {
		s := tenant.Scope{Tenant: site.Tenant, Site: tenant.SiteID(fmt.Sprintf("site_00000000-0000-7000-8000-0000000010%02d", i))}
		if err := w.sites.PutSite(w.Context(), tenant.Site{
			ID: s.Site, Tenant: s.Tenant, Name: "shop", URL: fmt.Sprintf("https://hangs%d.example.com", i), Locale: "en", Currency: "EUR", TimeZone: "UTC", Generation: 1,
		}); err != nil {
			w.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// However many shops hang, one that answers is searchable: late only while they
// are found out, and not even then where there is room aside. What changed in those that
// hung is there when they answer.
func TestShopsThatHangDoNotHoldOthers(t *testing.T) {
	for _, c := range []struct {
		hanging, places int
		first           time.Duration
	}{{10, 0, 20 * time.Second}, {40, 1, 6 * time.Minute}} {
		t.Run(fmt.Sprint(c.hanging, " with ", c.places), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorks(t)
				back := make(chan struct{})
				w.deps.Shops = manyShops{w.shop, func(ctx context.Context) error {
					select { // as the guard of all requests does
					case <-time.After(time.Minute):
						return &ports.ShopError{Reason: "it does not answer", Err: ports.ErrUnavailable}
					case <-ctx.Done():
						return ctx.Err()
					case <-back:
						return nil
					}
				}}
				others := w.addSites(c.hanging)
				for _, s := range others {
					w.hint(s, productJob("1"), productJob("2"), taskJob(ingestion.Reindex))
				}
				defer w.run(func(_ *ingesting.WorkerDeps, cfg *ingesting.WorkerConfig) { cfg.Sites = c.places })()
				wait(time.Second)
				var slowest time.Duration
				for i := range 200 {
					word := fmt.Sprint("turquoise", i)
					w.shop.set(fmt.Sprint(i), word)
					w.hint(site, productJob(fmt.Sprint(i)))
					w.bell.Ring()
					begun := time.Now()
					for len(w.finds(word)) == 0 && time.Since(begun) < 30*time.Minute {
						wait(100 * time.Millisecond)
					}
					took := time.Since(begun)
					if i > 0 {
						slowest = max(slowest, took)
					} else if took > c.first {
						t.Errorf("the first change took %v", took)
					}
					wait(1100 * time.Millisecond)
				}
				if slowest > 11*time.Second {
					t.Errorf("a change took %v", slowest)
				}
				for _, s := range others {
					if jobs := w.jobs(s); jobs["product:1"].Attempts != 0 || jobs["product:2"].Seq == 0 {
						t.Fatalf("a site that hangs has %v", jobs)
					}
				}
				close(back)
				wait(10 * time.Minute)
				for _, s := range others {
					if jobs := w.jobs(s); len(jobs) != 0 {
						t.Errorf("a site that answers again has %v", jobs)
					}
				}
			})
		})
	}
}
