package wiring

import (
	"context"
	"maps"
	"math/rand/v2"
	"sync"
	"time"

	"go.uber.org/fx"

	"github.com/aiwoochat/woochat/adapters/decorated"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// jobStore is what a store keeps of jobs.
type jobStore interface {
	ports.Queue
	ports.Jobs
	ports.Leases
}

// queues are the ports of jobs. Whoever enqueues wakes the worker of this
// process.
type queues struct {
	fx.Out

	Queue  ports.Queue
	Jobs   ports.Jobs
	Leases ports.Leases
}

// queueModule keeps what must be read again, in the store that cfg asks for.
func queueModule(cfg Config) fx.Option {
	open := map[string]any{"memory": memory.NewQueue, "sqlite": (*sqlite.DB).Queue, "postgres": (*postgres.DB).Queue}[cfg.kind()]
	if open == nil {
		return fx.Options() // storeModule says so
	}
	return fx.Module("queue", fx.Provide(
		fx.Annotate(open, fx.As(new(jobStore))),
		ingesting.NewBell,
		func(j ports.Jobs, log ports.AuditLog, now ports.Clock, id ports.NewID) (*ingesting.Backlog, error) {
			return ingesting.NewBacklog(ingesting.BacklogDeps{Jobs: j, Audit: log, Now: now, NewID: id})
		},
		func(s jobStore, b *ingesting.Bell) queues {
			return queues{Queue: decorated.Queue(s, b.Ring), Jobs: s, Leases: s}
		},
	))
}

type workerParams struct {
	fx.In

	Ingesting *ingesting.Service
	Metering  *metering.Service
	Queue     ports.Queue
	Jobs      ports.Jobs
	Leases    ports.Leases
	Connected ports.ConnectedSites
	Shops     ports.Shops
	Sites     ports.Sites `name:"cached"`
	Tenants   ports.Tenants
	Sync      *ingesting.Sync
	Tasks     []map[string]ingesting.TaskFunc `group:"tasks"`
	Health    ports.SiteHealth
	Now       ports.Clock
	NewID     ports.NewID
	Bell      *ingesting.Bell
	Events    ports.EventSink
	Sink      *system.Sink
}

// newWorker returns the worker of a process that serves, whose queue is in the
// metrics.
func newWorker(cfg Config, p workerParams) (*ingesting.Worker, error) {
	tasks := p.Sync.Tasks()
	for _, some := range p.Tasks {
		maps.Copy(tasks, some)
	}
	if err := p.Sink.WatchQueue(func(ctx context.Context) (system.Queue, error) { return depth(ctx, p.Jobs, p.Now) }); err != nil {
		return nil, err
	}
	return ingesting.NewWorker(ingesting.WorkerDeps{
		Service: p.Ingesting, Queue: p.Queue, Jobs: p.Jobs, Leases: p.Leases, Connected: p.Connected, Shops: p.Shops, Sites: p.Sites, Tenants: p.Tenants,
		License: func(ctx context.Context, s tenant.Scope) error {
			_, err := p.Metering.License(ctx, s)
			return err
		},
		Tasks: tasks, Health: p.Health, Now: p.Now, Rand: rand.Float64, Bell: p.Bell, Events: p.Events,
	}, ingesting.WorkerConfig{Name: p.NewID(), Sites: int(cfg.IngestSites), Intervals: cfg.Intervals})
}

// workerModule works at the queue while the process runs, if it serves.
func workerModule(cfg Config, o Options) fx.Option {
	if !o.Listen {
		return fx.Options()
	}
	return fx.Module("worker", fx.Invoke(func(p workerParams, lc fx.Lifecycle) error {
		worker, err := newWorker(cfg, p)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithCancel(context.Background())
		var done sync.WaitGroup
		lc.Append(fx.Hook{
			OnStart: func(context.Context) error {
				done.Go(func() { worker.Run(ctx) })
				return nil
			},
			OnStop: func(context.Context) error {
				cancel()
				done.Wait() // it ends what it has in hand, which it bounds itself
				return nil
			},
		})
		return nil
	}))
}

// depthTimeout is how long a store may take to count what waits.
const depthTimeout = 2 * time.Second

func depth(ctx context.Context, jobs ports.Jobs, now ports.Clock) (system.Queue, error) {
	ctx, cancel := context.WithTimeout(ctx, depthTimeout)
	defer cancel()
	d, err := jobs.Depth(ctx)
	if err != nil {
		return system.Queue{}, err
	}
	q := system.Queue{Pending: d.Pending, Dead: d.Dead}
	if !d.Oldest.IsZero() {
		q.Age = max(0, now().Sub(d.Oldest))
	}
	return q, nil
}
