package ingesting_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// A product for which the shop fails is a dead letter after the usual attempts,
// also if no other product ever comes with it, and whatever way the shop fails;
// everything else of the site goes on meanwhile.
func TestALoneProductThatFailsIsBuried(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		after  time.Duration // which the shop takes to fail
		stored bool          // another product of the shop is
	}{
		"500":                      {500, 0, true},
		"refused by a firewall":    {403, 0, true},
		"no answer":                {0, time.Minute, true},
		"500, and nothing stored":  {500, 0, false},
		"none, and nothing stored": {0, time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, tasks := newWorks(t), &counted{}
				w.deps.Tasks = map[string]ingesting.TaskFunc{ingestion.Poll: tasks.task("poll", nil)}
				w.shop.set("5", "crimson")
				defer w.run(nil)()
				if c.stored {
					w.hint(site, productJob("5"))
					wait(time.Second)
				}
				w.deps.Shops = w.shop
				w.shop.breaks(func(ids []string) error {
					if !slices.Contains(ids, "17") {
						return nil
					}
					w.shop.mu.Unlock()
					<-time.After(c.after)
					w.shop.mu.Lock()
					return shopError(c.status, 0)
				})
				w.hint(site, productJob("17"), taskJob(ingestion.Poll))
				wait(5 * time.Hour)
				j := w.jobs(site)["product:17"]
				if !j.Dead || j.Attempts != ingestion.MaxAttempts || j.Error == "" {
					t.Errorf("got %+v, want a dead letter that says why", j)
				}
				if n := tasks.times("poll"); n < 50 {
					t.Errorf("the shop was polled %d times in five hours", n)
				}
				w.shop.breaks(nil)
				w.shop.set("17", "turquoise")
				w.hint(site, productJob("17"))
				wait(time.Second)
				w.found("turquoise", "product:17")
			})
		})
	}
}

// While the shop is away no attempt is counted, neither of a product that failed
// by itself before.
func TestAnOutageCountsNoAttempts(t *testing.T) {
	for _, status := range []int{500, 502, 503, 401, 0} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorks(t)
				w.cfg.Look = 5 * time.Second // the day is long
				defer w.run(nil)()
				for _, id := range []string{"1", "2", "3", "4"} {
					w.shop.set(id, "crimson")
				}
				w.hint(site, productJob("1"), productJob("2"), productJob("3"), productJob("4"))
				wait(time.Second)
				w.shop.breaks(func(ids []string) error {
					if slices.Contains(ids, "17") {
						return shopError(500, 0)
					}
					return nil
				})
				w.hint(site, productJob("17"))
				wait(time.Minute)
				before := w.jobs(site)["product:17"].Attempts
				if before == 0 {
					t.Fatal("no attempt was counted of a product that fails while others are read")
				}
				w.shop.breaks(func([]string) error { return shopError(status, 0) })
				w.hint(site, productJob("2"))
				wait(12 * time.Hour)
				for name, j := range w.jobs(site) {
					if want := map[string]int{"product:17": before}[name]; j.Dead || j.Attempts != want {
						t.Errorf("%s: %+v, want %d attempts", name, j, want)
					}
				}
				w.shop.set("2", "turquoise")
				w.shop.breaks(nil)
				wait(10 * time.Minute)
				w.found("turquoise", "product:2")
				if n := len(w.jobs(site)); n != 0 {
					t.Errorf("jobs are %v", w.jobs(site))
				}
			})
		})
	}
}

// unsettledShops know no way to send the key until they are settled.
type unsettledShops struct {
	*fakeShop
	settled atomic.Bool
}

func (u *unsettledShops) Shop(ctx context.Context, s tenant.Scope) (ports.Shop, error) {
	if !u.settled.Load() {
		return nil, fmt.Errorf("%w: it is not known how", ports.ErrConflict)
	}
	return u.fakeShop.Shop(ctx, s)
}

// Nothing is read while it is not known how the shop takes its key. The task that
// finds out has its turn, and nothing is lost, blamed or told.
func TestProductsWaitForAKeyThatCanBeSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		shops := &unsettledShops{fakeShop: w.shop}
		w.deps.Shops = shops
		var tried atomic.Int64
		w.deps.Tasks = map[string]ingesting.TaskFunc{
			ingestion.Import: func(ctx context.Context, s tenant.Scope) (time.Time, error) {
				_, err := shops.Shop(ctx, s)
				return time.Time{}, err
			},
			ingestion.Hooks: func(context.Context, tenant.Scope) (time.Time, error) {
				if tried.Add(1) > 20 {
					shops.settled.Store(true)
				}
				return time.Now().Add(time.Minute), nil
			},
		}
		defer w.run(nil)()
		w.shop.set("1", "turquoise")
		w.hint(site, productJob("1"), taskJob(ingestion.Import), taskJob(ingestion.Hooks))
		wait(15 * time.Minute)
		if jobs := w.jobs(site); jobs["product:1"].Attempts != 0 || jobs["task:import"].Attempts != 0 || len(jobs) != 3 || w.shop.asked() != 0 || len(w.health.all) != 0 {
			t.Errorf("jobs are %v, told was %v, asked %d times", jobs, w.health.all, w.shop.asked())
		}
		wait(10 * time.Minute)
		w.found("turquoise", "product:1")
		if jobs := w.jobs(site); len(jobs) != 1 {
			t.Errorf("jobs are %v, want the webhooks' alone", jobs)
		}
	})
}

// While a site rests since its shop is away, what it has already is indexed.
func TestAnIndexDoesNotWaitForTheShop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		w.shop.breaks(func([]string) error { return shopError(503, 0) })
		w.embedder.refuse = func(texts []string) error {
			<-time.After(2 * time.Second)
			return nil
		}
		defer w.run(nil)()
		w.hint(site, productJob("1"))
		wait(time.Hour) // it rests for minutes now
		w.load(&feed{changes: products(3000)}, ingesting.Options{})
		w.hint(site, taskJob(ingestion.Reindex))
		wait(6 * time.Minute)
		if n := len(w.finds("enamel")); n != 3000 {
			t.Errorf("%d of 3000 are found", n)
		}
		if jobs := w.jobs(site); len(jobs) != 1 || jobs["product:1"].Attempts != 0 {
			t.Errorf("jobs are %v", jobs)
		}
	})
}

// newPickyWorks returns works on a store that refuses what has the word in it.
func newPickyWorks(t *testing.T, refuses string) (*works, *picky) {
	t.Helper()
	p := &picky{refuses: refuses}
	return newWorksWith(t, func(d *ingesting.Deps) {
		p.Documents, p.batches = d.Documents, d.Batches
		d.Documents, d.Batches = p, p
	}), p
}

func TestAWorkerStoresGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, store := newPickyWorks(t, "nothing has this word")
		var jobs []ingestion.Object
		for i := range 60 {
			id := fmt.Sprint(i + 1)
			w.shop.set(id, "turquoise")
			jobs = append(jobs, productJob(id))
		}
		w.hint(site, jobs...)
		defer w.run(nil)()
		wait(time.Minute)
		if n, left := len(w.finds("turquoise")), len(w.jobs(site)); n != 60 || left != 0 {
			t.Errorf("%d of 60 are found, and %d jobs are left", n, left)
		}
		if n := store.puts.Load(); n > 4 {
			t.Errorf("the store was called %d times for 60 documents", n)
		}
	})
}

// A product that the store never takes is a dead letter of its own: the others of
// its site are stored, and the shop is not asked for it for ever.
func TestAProductThatTheStoreRefuses(t *testing.T) {
	for name, panics := range map[string]bool{"by an error": false, "by a panic": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, store := newPickyWorks(t, "turquoise")
				store.panics = panics
				w.shop.set("1", "crimson")
				w.shop.set("2", "turquoise")
				w.shop.set("3", "crimson")
				defer w.run(nil)()
				w.hint(site, productJob("1"), productJob("2"), productJob("3"))
				wait(time.Minute)
				w.found("crimson", "product:1", "product:3")
				wait(48 * time.Hour)
				jobs := w.jobs(site)
				if j := jobs["product:2"]; len(jobs) != 1 || !j.Dead || !strings.Contains(j.Error, "not this one") {
					t.Errorf("the jobs are %+v", jobs)
				}
				if n := w.shop.asked(); n > 20 {
					t.Errorf("the shop was asked %d times", n)
				}
			})
		})
	}
}
