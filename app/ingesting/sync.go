package ingesting

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// SyncDeps are what a Sync needs. Health, Deliveries and Refresh may be nil; all
// else is required.
type SyncDeps struct {
	Service *Service
	Shops   ports.Shops
	Stored  ports.StoredDocuments
	Queue   ports.Queue
	Jobs    ports.Jobs
	Health  ports.SiteHealth // nil: nobody is told what was found
	// Deliveries tell whether a site's webhooks have ever told anything: where none
	// did, no webhook is lost. nil: they do everywhere.
	Deliveries ports.Deliveries
	// Refresh reads what the shop says of itself, such as its currency, and
	// reports whether that changed, so that all products have to be read again.
	// nil: that stays as it was when the shop was connected.
	Refresh func(context.Context, tenant.Scope) (changed bool, err error)
	Now     ports.Clock

	// Slice is how long a task works before it lets others of the site work; 0
	// is 5 s. It ends its page first.
	Slice time.Duration
}

// Sync keeps what is stored equal to connected shops, where no webhook told of a
// change: its methods are TaskFuncs, for Worker. Make one with NewSync.
type Sync struct {
	deps SyncDeps
}

// NewSync returns a Sync. It reports every missing dependency at once.
func NewSync(d SyncDeps) (*Sync, error) {
	var errs []error
	for _, dep := range []struct {
		name string
		ok   bool
	}{
		{"Service", d.Service != nil},
		{"Shops", d.Shops != nil},
		{"Stored", d.Stored != nil},
		{"Queue", d.Queue != nil},
		{"Jobs", d.Jobs != nil},
		{"Now", d.Now != nil},
	} {
		if !dep.ok {
			errs = append(errs, fmt.Errorf("ingesting: SyncDeps.%s is missing", dep.name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if d.Slice <= 0 {
		d.Slice = 5 * time.Second
	}
	return &Sync{d}, nil
}

// Tasks returns the tasks that y does, by their names.
func (y *Sync) Tasks() map[string]TaskFunc {
	return map[string]TaskFunc{
		ingestion.Import: y.Import, ingestion.Poll: y.Poll, ingestion.Sweep: y.Sweep, ingestion.Diff: y.Diff, ingestion.Pages: y.Pages,
	}
}

// Import is the TaskFunc that reads all products of a site's shop, and then asks
// for a Diff, which takes out what the shop has no longer, and for the Pages: what
// the shop sells comes first.
func (y *Sync) Import(ctx context.Context, s tenant.Scope) (time.Time, error) {
	return y.products(ctx, s, true)
}

// Poll is the TaskFunc that reads the products that say that they were modified.
// It goes on with an Import that has not ended, if there is one.
func (y *Sync) Poll(ctx context.Context, s tenant.Scope) (time.Time, error) {
	return y.products(ctx, s, false)
}

func (y *Sync) products(ctx context.Context, s tenant.Scope, full bool) (time.Time, error) {
	shop, err := y.deps.Shops.Shop(ctx, s)
	if err != nil {
		return time.Time{}, err
	}
	source, err := shop.Source(ports.FeedProducts)
	if err != nil {
		return time.Time{}, err
	}
	run := y.deps.Service.importing(s, ShopProducts, source, y.deps.Service.defaults(Options{Full: full, Batch: readBatch}))
	run.removes, run.enough = false, y.enough()
	found := y.rejections()
	var late []string
	run.applied = func(c catalog.Change, changed bool, rejected *catalog.Rejected) {
		found.note(c, rejected)
		if p := c.Product; p != nil && changed && !run.unfinished && !full && y.deps.Now().Sub(p.Updated) > webhookTime {
			late = append(late, p.ID)
		}
	}
	done, err := run.run(ctx)
	if err := errors.Join(err, found.tell(ctx, s), y.lost(ctx, s, late)); err != nil {
		return time.Time{}, err
	}
	switch {
	case !done:
		return y.deps.Now(), nil
	case full || run.unfinished:
		return time.Time{}, y.ask(ctx, s, ingestion.Diff, ingestion.Pages)
	}
	return time.Time{}, nil
}

// enough returns a function that tells when a slice is over.
func (y *Sync) enough() func() bool {
	end := y.deps.Now().Add(y.deps.Slice)
	return func() bool { return !y.deps.Now().Before(end) }
}

// ask enqueues tasks of the site.
func (y *Sync) ask(ctx context.Context, s tenant.Scope, tasks ...string) error {
	hints := make([]ingestion.Hint, len(tasks))
	for i, task := range tasks {
		hints[i].Object = ingestion.Object{Kind: ingestion.Task, ID: task}
	}
	return y.deps.Queue.Enqueue(ctx, s, hints)
}

// hint enqueues products to be read again.
func (y *Sync) hint(ctx context.Context, s tenant.Scope, ids []string) error {
	const most = 1000 // of one Enqueue
	for len(ids) > 0 {
		n := min(len(ids), most)
		hints := make([]ingestion.Hint, 0, n)
		for _, id := range ids[:n] {
			hints = append(hints, ingestion.Hint{Object: ingestion.Object{Kind: ingestion.Product, ID: id}})
		}
		if err := y.deps.Queue.Enqueue(ctx, s, hints); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}
