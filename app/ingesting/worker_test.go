package ingesting_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

func TestAHintIsSearchable(t *testing.T) {
	for name, ring := range map[string]bool{"rung": true, "not rung": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorks(t)
				defer w.run(nil)()
				wait(1234 * time.Millisecond)
				w.shop.set("1", "turquoise")
				w.hint(site, productJob("1"))
				within := 500 * time.Millisecond
				if ring {
					w.bell.Ring()
					within = time.Millisecond
				}
				wait(within)
				w.found("turquoise", "product:1")
				if n := len(w.jobs(site)); n != 0 {
					t.Errorf("%d jobs are left", n)
				}
			})
		})
	}
}

func TestAThousandUpdatesAreTwoEmbeddings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		// Two workers, as of two processes.
		defer w.run(nil)()
		defer w.run(func(_ *ingesting.WorkerDeps, c *ingesting.WorkerConfig) { c.Name = "another" })()
		for i := range 1000 {
			w.shop.set("1", fmt.Sprint("version", i))
			w.hint(site, productJob("1"))
			w.bell.Ring()
			wait(time.Millisecond)
		}
		wait(2 * time.Second)
		w.found("version999", "product:1")
		if n := w.embedder.count(); n == 0 || n > 2 {
			t.Errorf("%d embeddings of a product that changed 1,000 times in a second, want at most 2", n)
		}
	})
}

func TestAShopThatIsAwayLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		w.cfg.Look = 5 * time.Second // the day is long
		defer w.run(nil)()
		w.shop.breaks(func([]string) error { return shopError(500, 0) })
		for i := range 150 {
			w.shop.set(fmt.Sprint(i), "turquoise")
			w.hint(site, productJob(fmt.Sprint(i)))
		}
		wait(24 * time.Hour)
		if n := w.shop.asked(); n > 3*24*60/2 {
			t.Errorf("the shop was asked %d times in a day", n)
		}
		for name, j := range w.jobs(site) {
			if j.Dead || j.Attempts > 0 {
				t.Fatalf("%s: %+v: it is not its fault", name, j)
			}
		}
		if !w.health.has("shop_unreachable ") {
			t.Error("nobody was told")
		}
		w.shop.breaks(nil)
		wait(5 * time.Minute)
		if n := len(w.finds("turquoise")); n != 150 {
			t.Errorf("%d of 150 are found after the shop came back", n)
		}
		if w.health.has("shop_unreachable ") {
			t.Error("it is told that the shop is away although it is back")
		}
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		defer w.run(nil)()
		w.shop.breaks(func([]string) error { return shopError(429, 20*time.Minute) })
		w.hint(site, productJob("1"), productJob("2"))
		wait(time.Second)
		w.shop.set("1", "turquoise")
		w.shop.breaks(nil)
		w.hint(site, productJob("1"))
		wait(20*time.Minute - 2*time.Second)
		if n := w.shop.asked(); n != 1 {
			t.Errorf("the shop was asked %d times, although it wants to be left alone", n)
		}
		wait(3 * time.Second)
		w.found("turquoise", "product:1")
	})
}

func TestOneBadProductDoesNotHoldTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		defer w.run(nil)()
		w.shop.breaks(func(ids []string) error {
			if slices.Contains(ids, "17") || slices.Contains(ids, "18") {
				return shopError(500, 0)
			}
			return nil
		})
		var all []ingestion.Object
		for i := range 100 {
			w.shop.set(fmt.Sprint(i), "turquoise")
			all = append(all, productJob(fmt.Sprint(i)))
		}
		w.hint(site, all...)
		wait(time.Second)
		if n := len(w.finds("turquoise")); n != 98 {
			t.Errorf("%d of 98 are found", n)
		}
		if n := w.shop.asked(); n > 40 {
			t.Errorf("it took %d requests", n)
		}
		wait(2 * time.Hour)
		j := w.jobs(site)["product:17"]
		if !j.Dead || j.Attempts != ingestion.MaxAttempts || j.Error == "" {
			t.Errorf("got %+v, want a dead letter that says why", j)
		}
		// The next hint finds it mended.
		w.shop.breaks(nil)
		w.hint(site, productJob("17"))
		wait(time.Second)
		if n := len(w.finds("turquoise")); n != 99 {
			t.Errorf("%d of 99 are found", n)
		}
	})
}

func TestNoLicenseLetsChangesWait(t *testing.T) {
	for name, no := range map[string]error{"inactive": usage.ErrLicenseInactive, "malformed": usage.ErrLicenseInvalid, "none": ports.ErrNotFound} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorks(t)
				var admitted atomic.Bool
				w.license = func() error {
					if admitted.Load() {
						return nil
					}
					return no
				}
				defer w.run(nil)()
				w.shop.set("1", "turquoise")
				w.hint(site, productJob("1"), taskJob(ingestion.Poll))
				wait(7 * time.Hour)
				if n := w.shop.asked(); n != 0 {
					t.Errorf("the shop was asked %d times", n)
				}
				for _, j := range w.jobs(site) {
					if j.Attempts > 0 || j.Dead || j.Error != "" {
						t.Errorf("got %+v, want it as it was", j)
					}
				}
				admitted.Store(true)
				wait(6 * time.Second)
				w.found("turquoise", "product:1")
			})
		})
	}
}

func TestWithoutAKeyPayloadsAreTheTruth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		w.shop.keyed = false
		defer w.run(nil)()
		begun := time.Now()
		tell := func(c catalog.Change, modified time.Duration) {
			t.Helper()
			if c.Product != nil {
				c.Product.Updated = begun.Add(modified)
			}
			text, err := ingesting.EncodePayload(c)
			if err != nil {
				t.Fatal(err)
			}
			h := ingestion.Hint{Object: productJob("1"), Payload: text, Modified: begun.Add(modified)}
			if err := w.queue.Enqueue(t.Context(), site, []ingestion.Hint{h}); err != nil {
				t.Fatal(err)
			}
			wait(2 * time.Second)
		}
		gone := catalog.Change{Deleted: &catalog.Deleted{Kind: catalog.KindProduct, ID: "1"}}
		tell(saying("1", "turquoise"), time.Minute)
		w.found("turquoise", "product:1")
		tell(saying("1", "crimson"), 0)
		w.found("crimson")
		tell(gone, 2*time.Minute)
		w.found("turquoise")
		tell(saying("1", "turquoise"), time.Minute) // late
		w.found("turquoise")
		restored, err := ingesting.EncodePayload(saying("1", "turquoise")) // with its date from before
		if err != nil {
			t.Fatal(err)
		}
		again := ingestion.Hint{Object: productJob("1"), Payload: restored, Modified: begun.Add(150 * time.Second)}
		if err := w.queue.Enqueue(t.Context(), site, []ingestion.Hint{again}); err != nil {
			t.Fatal(err)
		}
		wait(2 * time.Second)
		w.found("turquoise", "product:1")
		tell(gone, 160*time.Second)
		w.found("turquoise")
		tell(saying("1", "turquoise"), 3*time.Minute)
		w.found("turquoise", "product:1")
		hidden := saying("1", "turquoise")
		hidden.Product.Status = catalog.Draft
		tell(hidden, 4*time.Minute)
		w.found("turquoise")

		w.hint(site, productJob("2")) // one of its variations has changed
		broken := ingestion.Hint{Object: productJob("3"), Payload: []byte("{"), Modified: begun}
		if err := w.queue.Enqueue(t.Context(), site, []ingestion.Hint{broken}); err != nil {
			t.Fatal(err)
		}
		wait(time.Second)
		if len(w.jobs(site)) != 0 || !w.health.has("rejected product:2") || !w.health.has("rejected product:3") {
			t.Errorf("jobs %v, findings %v; want what cannot be read to be told and not to be tried again", w.jobs(site), w.health.all)
		}
	})
}

func TestWhatCannotBeTakenIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		defer w.run(nil)()
		w.shop.set("1", "turquoise")
		w.hint(site, productJob("1"))
		wait(2 * time.Second)
		for _, bad := range []string{"REJECTED", "TOO LARGE"} {
			w.shop.set("1", bad)
			w.shop.set("2", "crimson")
			w.hint(site, productJob("1"), productJob("2"))
			wait(2 * time.Second)
			w.found("turquoise", "product:1") // as it was
			w.found("crimson", "product:2")
			if !w.health.has("rejected product:1") || len(w.jobs(site)) != 0 {
				t.Errorf("%s: findings %v, jobs %v", bad, w.health.all, w.jobs(site))
			}
			w.shop.set("1", "turquoise")
			w.hint(site, productJob("1"))
			wait(2 * time.Second)
			if w.health.has("rejected product:1") {
				t.Errorf("%s: it is mended, and still told", bad)
			}
		}
	})
}

func TestAPausedEmbeddingGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		var back atomic.Bool
		w.embedder.refuse = func([]string) error {
			if !back.Load() {
				return fmt.Errorf("%w: the embedder is away", ports.ErrUnavailable)
			}
			return nil
		}
		defer w.run(nil)()
		w.shop.set("1", "turquoise")
		w.hint(site, productJob("1"))
		wait(time.Second)
		w.found("turquoise", "product:1") // by words
		if j, ok := w.jobs(site)["task:reindex"]; !ok || len(w.jobs(site)) != 1 {
			t.Fatalf("jobs are %v, want the index to be looked at again: %+v", w.jobs(site), j)
		}
		wait(10 * time.Minute)
		back.Store(true)
		wait(time.Minute)
		if n := w.embedder.count(); n != 1 || len(w.jobs(site)) != 0 {
			t.Errorf("%d texts are embedded, jobs are %v", n, w.jobs(site))
		}
	})
}

func TestAPanicIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		w.deps.Tasks = map[string]ingesting.TaskFunc{ingestion.Import: func(context.Context, tenant.Scope) (time.Time, error) { panic("odd") }}
		defer w.run(nil)()
		w.hint(site, taskJob(ingestion.Import))
		wait(time.Second)
		if j := w.jobs(site)["task:import"]; j.Attempts != 1 || !strings.Contains(j.Error, "odd") {
			t.Errorf("got %+v", j)
		}
		wait(2 * time.Hour)
		if j := w.jobs(site)["task:import"]; !j.Dead || j.Attempts != ingestion.MaxAttempts {
			t.Errorf("got %+v, want a dead letter", j)
		}
	})
}

// One product at which our own code trips does not hold the others.
func TestAProductThatPanicsIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		defer w.run(nil)()
		w.shop.set("1", "PANIC")
		w.shop.set("2", "turquoise")
		w.hint(site, productJob("1"), productJob("2"))
		wait(time.Second)
		w.found("turquoise", "product:2")
		wait(2 * time.Hour)
		if j := w.jobs(site)["product:1"]; !j.Dead || len(w.jobs(site)) != 1 {
			t.Errorf("jobs are %+v, want one dead letter", w.jobs(site))
		}
	})
}

func TestTheStoreIsAwayIsSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		q := &flaky{Queue: w.queue}
		w.deps.Queue = q
		defer w.run(nil)()
		wait(time.Minute)
		q.away(true)
		wait(time.Minute)
		q.away(false)
		wait(time.Minute)
		var said []bool
		for _, e := range w.events.All() {
			if a, ok := e.Event.(ingesting.QueueAway); ok {
				said = append(said, a.Err != nil)
			}
		}
		if !slices.Equal(said, []bool{true, false}) {
			t.Errorf("said %v, want once that it is away and once that it is back", said)
		}
	})
}

// flaky is a queue whose store can be away.
type flaky struct {
	ports.Queue
	mu   sync.Mutex
	gone bool
}

func (f *flaky) away(gone bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone = gone
}

func (f *flaky) Take(ctx context.Context, worker string, limit int, ttl time.Duration) (ports.Batch, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return ports.Batch{}, fmt.Errorf("%w: no connection", ports.ErrUnavailable)
	}
	return f.Queue.Take(ctx, worker, limit, ttl)
}

func TestNewWorkerNamesWhatIsMissing(t *testing.T) {
	_, err := ingesting.NewWorker(ingesting.WorkerDeps{}, ingesting.WorkerConfig{})
	for _, name := range []string{"Service", "Queue", "Jobs", "Leases", "Sites", "License", "Now", "Rand", "Name"} {
		if err == nil || !strings.Contains(err.Error(), name+" is missing") {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}
