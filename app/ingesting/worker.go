package ingesting

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// TaskFunc does one of the tasks of a site (ingestion.Poll and the like). It
// returns when to go on: the zero time if it is done until the planner or a
// hint asks again, and the present time if there is more to do at once. While
// it runs nothing else is done for the site, so it returns after a few seconds,
// having saved how far it came; it may be killed anywhere and called again.
//
// An error that matches ports.ErrNotFound ends the task: the site is not
// connected, or no longer. After a *ports.ShopError that matches
// ports.ErrUnavailable it goes on when the shop is back, and no attempt is
// counted; after any other error it is tried again, later each time.
type TaskFunc func(ctx context.Context, s tenant.Scope) (again time.Time, err error)

// WorkerDeps are what a Worker needs. All are required but those that say so.
type WorkerDeps struct {
	Service *Service
	Queue   ports.Queue
	Jobs    ports.Jobs
	Leases  ports.Leases

	Connected ports.ConnectedSites // whose periodic tasks are planned; nil: nobody's
	Shops     ports.Shops          // nil: payloads are all that is known of a product
	Sites     ports.Sites          // for a site's time zone, and whether it is there
	// Tenants are those whose sites' indexes are looked after, connected or not:
	// whoever stores documents may be cut off before the index has them. nil:
	// nobody's.
	Tenants ports.Tenants
	// License returns nil if the site's license admits ingestion, and an error
	// that matches usage.ErrLicenseInactive or usage.ErrLicenseInvalid if not:
	// its changes wait then.
	License func(context.Context, tenant.Scope) error
	// Tasks are by the names in package ingestion. A task without a function
	// stays in the queue for a version that has one.
	Tasks  map[string]TaskFunc
	Health ports.SiteHealth // nil: findings are told to nobody

	Now    ports.Clock
	Rand   func() float64  // in [0, 1), for jitter; safe for concurrent use
	Bell   *Bell           // nil: hints of this process wait for the next look, too
	Events ports.EventSink // nil: nobody is told
}

// WorkerConfig says how a Worker works. The zero value of each field but Name
// is its default.
type WorkerConfig struct {
	// Name tells this process from others on the same store, such as a fresh id.
	Name      string
	Sites     int           // how many sites are worked at at a time, those aside that take long; 4
	Batch     int           // how many jobs are taken at a time; 100
	Lease     time.Duration // how long a dead worker's site waits; 30 s
	Look      time.Duration // how often the queue is looked into without a bell; 500 ms
	Plan      time.Duration // how often connected sites are listed, for those whose tasks are not planned; 15 s
	Grace     time.Duration // how long work in hand may go on after Run is told to end; 10 s
	Intervals ingestion.Intervals
}

// Worker brings the index after the shops: it takes what the queue holds,
// reads it from the shop, stores it, and drains. Any number of Workers, in any
// number of processes, share one queue; one of them plans periodic tasks. It may
// be killed anywhere: a job is finished when the index has what it was about, and
// what was not finished is done again. Make one with NewWorker.
type Worker struct {
	deps WorkerDeps
	cfg  WorkerConfig
	// more is rung after each batch: its site may have more to do, and somebody
	// else may be asleep who found nothing while it was leased.
	more   *Bell
	places chan struct{} // one for each batch that is worked at, but for those aside
	aside  chan struct{} // one for each batch that takes long

	mu    sync.Mutex           // guards all below
	away  map[tenant.Scope]int // how often in a row a site's shop did not answer
	quiet bool                 // it was said that the store is away
}

// NewWorker returns a Worker. It reports every missing dependency at once.
func NewWorker(d WorkerDeps, c WorkerConfig) (*Worker, error) {
	var errs []error
	for _, dep := range []struct {
		name string
		ok   bool
	}{
		{"WorkerDeps.Service", d.Service != nil},
		{"WorkerDeps.Queue", d.Queue != nil},
		{"WorkerDeps.Jobs", d.Jobs != nil},
		{"WorkerDeps.Leases", d.Leases != nil},
		{"WorkerDeps.Sites", d.Sites != nil},
		{"WorkerDeps.License", d.License != nil},
		{"WorkerDeps.Now", d.Now != nil},
		{"WorkerDeps.Rand", d.Rand != nil},
		{"WorkerConfig.Name", c.Name != ""},
	} {
		if !dep.ok {
			errs = append(errs, fmt.Errorf("ingesting: %s is missing", dep.name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for _, f := range []struct {
		field     *int
		otherwise int
	}{{&c.Sites, 4}, {&c.Batch, readBatch}} {
		if *f.field <= 0 {
			*f.field = f.otherwise
		}
	}
	for _, f := range []struct {
		field     *time.Duration
		otherwise time.Duration
	}{{&c.Lease, 30 * time.Second}, {&c.Look, 500 * time.Millisecond}, {&c.Plan, 15 * time.Second}, {&c.Grace, 10 * time.Second}} {
		if *f.field <= 0 {
			*f.field = f.otherwise
		}
	}
	return &Worker{
		deps: d, cfg: c, more: NewBell(), away: map[tenant.Scope]int{},
		places: make(chan struct{}, c.Sites), aside: make(chan struct{}, asides*c.Sites),
	}, nil
}

// queueTimeout bounds one call of the queue: it is made although the Worker is
// told to end, so that what was done is noted.
const queueTimeout = 15 * time.Second

// Run works until ctx is done. Then it finishes what it has in hand, for at
// most WorkerConfig.Grace, gives up its leases and returns.
func (w *Worker) Run(ctx context.Context) {
	hand, drop := context.WithCancel(context.WithoutCancel(ctx))
	defer drop()
	var running sync.WaitGroup
	running.Go(func() { w.work(ctx, hand, &running) })
	running.Go(func() { w.plan(ctx) })
	<-ctx.Done()
	late := time.AfterFunc(w.cfg.Grace, drop)
	defer late.Stop()
	running.Wait()
}

// work takes one batch after the other, while there is a place for it, until ctx
// is done; one that was taken is worked at while hand lasts.
func (w *Worker) work(ctx, hand context.Context, running *sync.WaitGroup) {
	for {
		select {
		case <-ctx.Done():
			return
		case w.places <- struct{}{}:
		}
		b, ok := w.next(ctx)
		if !ok {
			<-w.places
			return
		}
		running.Go(func() {
			w.placed(hand, b)
			w.more.Ring()
		})
	}
}

// next waits for a site that has something to do; ok is false if ctx is done.
func (w *Worker) next(ctx context.Context) (b ports.Batch, ok bool) {
	for ctx.Err() == nil {
		// What was rung until now is seen by this Take.
		w.more.drop()
		if w.deps.Bell != nil {
			w.deps.Bell.drop()
		}
		// A Take that is cut off may have leased a site all the same.
		take, cancel := context.WithTimeout(context.WithoutCancel(ctx), queueTimeout)
		b, err := w.deps.Queue.Take(take, w.cfg.Name, w.cfg.Batch, w.cfg.Lease)
		cancel()
		if err == nil || errors.Is(err, ports.ErrNotFound) {
			w.store(ctx, nil)
		}
		if err == nil {
			return b, true
		}
		wait := w.cfg.Look
		if !errors.Is(err, ports.ErrNotFound) {
			w.store(ctx, err)
			wait = max(wait, storeRest)
		}
		w.sleep(ctx, wait)
	}
	return ports.Batch{}, false
}

// storeRest is how long nothing is tried after the store failed.
const storeRest = time.Second

// sleep waits for d, for a bell or for the end of ctx.
func (w *Worker) sleep(ctx context.Context, d time.Duration) {
	var rung chan struct{}
	if w.deps.Bell != nil {
		rung = w.deps.Bell.rung
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-rung:
	case <-w.more.rung:
	case <-timer.C:
	}
}

// store notes whether the queue's store answers, and tells when that changes.
func (w *Worker) store(ctx context.Context, err error) {
	w.mu.Lock()
	was := w.quiet
	w.quiet = err != nil
	w.mu.Unlock()
	if was != (err != nil) {
		w.publish(ctx, tenant.Scope{}, QueueAway{Err: err})
	}
}

func (w *Worker) publish(ctx context.Context, s tenant.Scope, e ports.Event) {
	if w.deps.Events != nil {
		w.deps.Events.Publish(ctx, s, e)
	}
}
