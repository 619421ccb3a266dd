package ingesting_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

var errTask = errors.New("the disk is full")

// counted are tasks that count how often they ran.
type counted struct {
	mu  sync.Mutex
	ran map[string]int
}

func (c *counted) task(name string, do func(n int) (time.Time, error)) ingesting.TaskFunc {
	return func(_ context.Context, s tenant.Scope) (time.Time, error) {
		c.mu.Lock()
		if c.ran == nil {
			c.ran = map[string]int{}
		}
		c.ran[name+" "+string(s.Site)]++
		c.ran[name]++
		n := c.ran[name]
		c.mu.Unlock()
		if do == nil {
			return time.Time{}, nil
		}
		return do(n)
	}
}

func (c *counted) times(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ran[name]
}

func TestTasksEndAsTheySay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := newWorks(t), &counted{}
		w.deps.Tasks = map[string]ingesting.TaskFunc{
			ingestion.Import: c.task("import", func(n int) (time.Time, error) {
				if n < 20 {
					return time.Now(), nil
				}
				return time.Time{}, nil
			}),
			ingestion.Diff:  c.task("diff", func(int) (time.Time, error) { return time.Time{}, ports.ErrNotFound }),
			ingestion.Hooks: c.task("hooks", func(int) (time.Time, error) { return time.Time{}, errTask }),
			ingestion.Poll:  c.task("poll", nil),
			ingestion.Sweep: c.task("sweep", func(int) (time.Time, error) { return time.Now().Add(7 * time.Hour), nil }),
		}
		defer w.run(nil)()
		w.hint(site, taskJob(ingestion.Import))
		wait(time.Second)
		if c.times("import") != 20 || len(w.jobs(site)) != 0 {
			t.Errorf("the import ran %d times, jobs are %v", c.times("import"), w.jobs(site))
		}
		w.hint(site, taskJob(ingestion.Diff), taskJob(ingestion.Hooks), taskJob(ingestion.Poll), taskJob(ingestion.Sweep), taskJob("of a later version"))
		wait(2 * time.Second)
		now, jobs := time.Now(), w.jobs(site)
		if _, ok := jobs["task:diff"]; ok {
			t.Error("a task of a site that is not connected is kept")
		}
		if j := jobs["task:hooks"]; j.Attempts != 1 || j.Error != errTask.Error() || j.Due.Before(now) {
			t.Errorf("hooks: %+v", j)
		}
		if due := jobs["task:poll"].Due.Sub(now); due < 4*time.Minute || due > 6*time.Minute {
			t.Errorf("the next poll is in %v, want five minutes or so", due)
		}
		if due := jobs["task:sweep"].Due.Sub(now); due < 7*time.Hour-time.Minute || due > 7*time.Hour {
			t.Errorf("the sweep goes on in %v, want when it said", due)
		}
		if j := jobs["task:of a later version"]; j.Dead || j.Attempts > 0 {
			t.Errorf("a task that nobody knows: %+v", j)
		}
		wait(20 * time.Hour)
		if j := w.jobs(site)["task:hooks"]; j.Dead || j.Attempts <= ingestion.MaxAttempts {
			t.Errorf("a periodic task: %+v, want it to be tried for ever", j)
		}
	})
}

func TestATaskWaitsForItsShop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := newWorks(t), &counted{}
		w.deps.Tasks = map[string]ingesting.TaskFunc{ingestion.Import: c.task("import", func(n int) (time.Time, error) {
			if n < 200 {
				return time.Time{}, shopError(503, 0)
			}
			return time.Time{}, nil
		})}
		defer w.run(nil)()
		w.hint(site, taskJob(ingestion.Import))
		wait(17 * time.Hour)
		if len(w.jobs(site)) != 0 || c.times("import") != 200 {
			t.Errorf("it ran %d times, jobs are %v", c.times("import"), w.jobs(site))
		}
	})
}

// A lone product at which the shop breaks keeps no task from its turn.
func TestTasksGoOnBesideABadProduct(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, status := range []int{500, 401} {
			w, c := newWorks(t), &counted{}
			w.shop.breaks(func([]string) error { return shopError(status, 0) })
			w.deps.Tasks = map[string]ingesting.TaskFunc{ingestion.Poll: c.task("poll", func(int) (time.Time, error) { return time.Time{}, nil })}
			stop := w.run(nil)
			w.hint(site, productJob("17"), taskJob(ingestion.Poll))
			wait(time.Minute)
			if n := c.times("poll"); n != 1 {
				t.Errorf("beside a product that answers %d it ran %d times, want once", status, n)
			}
			stop()
		}
	})
}

// While a long task goes on in slices, hints have their turn.
func TestHintsDoNotWaitForTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		w.deps.Tasks = map[string]ingesting.TaskFunc{ingestion.Import: func(ctx context.Context, _ tenant.Scope) (time.Time, error) {
			<-time.After(300 * time.Millisecond)
			return time.Now(), nil
		}}
		defer w.run(nil)()
		w.hint(site, taskJob(ingestion.Import))
		for i := range 20 {
			wait(1100 * time.Millisecond)
			id := fmt.Sprint(i)
			w.shop.set(id, "turquoise"+id)
			w.hint(site, productJob(id))
			wait(time.Second)
			w.found("turquoise"+id, "product:"+id)
		}
	})
}

func TestOneProcessPlansForAllSites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := newWorks(t), &counted{}
		w.cfg.Look = 5 * time.Second // the days are long
		w.deps.Tasks = map[string]ingesting.TaskFunc{}
		for _, name := range ingestion.Periodic() {
			w.deps.Tasks[name] = c.task(name, nil)
		}
		w.deps.Connected = connected{scopes: []tenant.Scope{site, other}}
		var stops []func()
		for i := range 3 {
			stops = append(stops, w.run(func(_ *ingesting.WorkerDeps, c *ingesting.WorkerConfig) { c.Name = fmt.Sprint("worker", i) }))
		}
		wait(48 * time.Hour)
		for name, want := range map[string][2]int{
			"poll": {48*12*9/10 - 2, 48*12*11/10 + 2}, "sweep": {48*2 - 12, 48*2 + 12}, "pages": {48*4 - 22, 48*4 + 22}, "hooks": {48 - 6, 48 + 6}, "diff": {2, 2},
		} {
			for _, s := range []tenant.Scope{site, other} {
				if n := c.times(name + " " + string(s.Site)); n < want[0] || n > want[1] {
					t.Errorf("%s ran %d times in two days, want %d to %d", name, n, want[0], want[1])
				}
			}
		}
		// What an operator drops comes back; what leads gives way at once.
		if _, err := w.queue.Change(t.Context(), site, ingestion.Drop, []ingestion.Object{taskJob(ingestion.Hooks)}); err != nil {
			t.Fatal(err)
		}
		for _, stop := range stops[:2] {
			stop()
		}
		wait(16 * time.Second)
		if ok, err := w.queue.Hold(t.Context(), "ingestion planner", "somebody", time.Second); err != nil || ok {
			t.Errorf("nobody leads: %v, %v", ok, err)
		}
		wait(11 * time.Minute)
		if _, ok := w.jobs(site)["task:hooks"]; !ok {
			t.Error("a task that was dropped is never planned again")
		}
		stops[2]()
		if ok, err := w.queue.Hold(t.Context(), "ingestion planner", "somebody", time.Second); err != nil || !ok {
			t.Errorf("the lease of who left is kept: %v, %v", ok, err)
		}
	})
}

func TestStopFinishesWhatIsInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		w.shop.slow = 2 * time.Second
		stop := w.run(nil)
		w.shop.set("1", "turquoise")
		w.hint(site, productJob("1"))
		wait(time.Second)
		w.hint(other, productJob("1"))
		begun := time.Now()
		stop()
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("it took %v", took)
		}
		w.found("turquoise", "product:1")
		if len(w.jobs(site)) != 0 {
			t.Errorf("jobs are %v, want what was done to be noted", w.jobs(site))
		}
	})
}

func TestStopDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		w.shop.slow = time.Hour
		stop := w.run(nil)
		w.hint(site, productJob("1"))
		wait(time.Second)
		begun := time.Now()
		stop()
		if took := time.Since(begun); took > 11*time.Second {
			t.Errorf("it took %v", took)
		}
		// Another takes it at once: the lease was given up.
		b, err := w.queue.Take(t.Context(), "another", 10, time.Minute)
		if err != nil || len(b.Jobs) != 1 || b.Jobs[0].Attempts != 0 {
			t.Errorf("got %+v, %v", b, err)
		}
	})
}

// A worker that hangs for longer than its lease, as a machine that was asleep
// does, notes nothing and stores nothing over what came since.
func TestALostLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		hung := &hanging{Queue: w.queue}
		asleep := &sleeper{fakeShop: w.shop, until: make(chan struct{})}
		stop := w.run(func(d *ingesting.WorkerDeps, c *ingesting.WorkerConfig) {
			d.Queue, d.Shops, c.Name, c.Sites = hung, asleep, "asleep", 1
		})
		w.shop.set("1", "crimson")
		w.hint(site, productJob("1"))
		wait(time.Second)
		w.shop.set("1", "turquoise")
		defer w.run(func(_ *ingesting.WorkerDeps, c *ingesting.WorkerConfig) { c.Name = "awake" })()
		wait(time.Minute)
		w.found("turquoise", "product:1")
		hung.wake()
		close(asleep.until)
		wait(time.Minute)
		stop()
		w.found("turquoise", "product:1")
		w.found("crimson")
		names := map[string]int{}
		for _, e := range w.events.All() {
			names[e.Event.EventName()]++
		}
		if names["ingestion.lease_lost"] != 1 {
			t.Errorf("events are %v", maps.Clone(names))
		}
	})
}

// hanging is a queue that does not hear of its worker from its first Take until
// it wakes.
type hanging struct {
	ports.Queue
	mu    sync.Mutex
	taken bool
	awake bool
}

func (h *hanging) Take(ctx context.Context, worker string, limit int, ttl time.Duration) (ports.Batch, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.taken && !h.awake {
		return ports.Batch{}, ports.ErrNotFound
	}
	b, err := h.Queue.Take(ctx, worker, limit, ttl)
	h.taken = h.taken || err == nil
	return b, err
}

func (h *hanging) wake() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.awake = true
}

func (h *hanging) Finish(ctx context.Context, b ports.Batch, out []ingestion.Outcome, release bool, d time.Duration) error {
	h.mu.Lock()
	awake := h.awake
	h.mu.Unlock()
	if !awake {
		return nil
	}
	return h.Queue.Finish(ctx, b, out, release, d)
}

// sleeper is a shop whose answers arrive late.
type sleeper struct {
	*fakeShop
	until chan struct{}
}

func (s *sleeper) Shop(context.Context, tenant.Scope) (ports.Shop, error) { return s, nil }

func (s *sleeper) Read(ctx context.Context, ids []string) ([]catalog.Change, error) {
	cs, err := s.fakeShop.Read(ctx, ids)
	<-s.until // also if ctx is done: nobody runs here
	return cs, err
}

// What an import has stored before it was cut off is indexed without anybody
// asking, also of a site that is not connected.
func TestALeftoverIsIndexed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorks(t)
		w.deps.Tenants = w.deps.Sites.(ports.Tenants)
		defer w.run(nil)()
		wait(time.Hour)
		w.load(&feed{changes: products(3)}, ingesting.Options{Full: true})
		wait(45 * time.Second)
		if n := len(w.finds("enamel")); n != 3 {
			t.Errorf("%d of 3 are found", n)
		}
		if n := len(w.jobs(site)); n != 0 {
			t.Errorf("jobs are left: %v", w.jobs(site))
		}
	})
}
