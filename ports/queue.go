package ports

import (
	"context"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// Queue keeps what must be looked at again in each site. Hints for one object
// are one job, however many come before it is worked at; a hint that comes
// after the job was taken is new work, due ingestion.Quiet after that. Jobs of
// one site are taken by one worker at a time, and sites take turns, so that no
// shop starves another. All of its rules are those of ingestion.Kept.
type Queue interface {
	// Enqueue notes hints, durably before it returns and all or none. For an
	// object that has a pending job the job's Seq grows, its Due becomes the
	// earlier of the two, its payload is replaced as ingestion.Hint says, and a
	// dead job lives again with no attempts counted; else a job is made. ErrInvalid
	// for a hint without an object, and for more than ingestion.MaxHints;
	// ErrNotFound if there is no such site.
	Enqueue(ctx context.Context, s tenant.Scope, hints []ingestion.Hint) error

	// Take leases the site that has waited longest among those with a job that
	// is due and no lease that still runs, and returns at most limit of its due
	// jobs, oldest Due first. Where the limit leaves out all of its due tasks, the
	// oldest of these has the last place, unless that is the only one: products
	// that come again and again must not hide what else the site has to do. A site
	// waits from its oldest Due or the end of its last turn, whichever is later. The lease runs for ttl by the Queue's
	// clock; a worker that dies leaves it to run out. ErrNotFound if nothing is
	// due; ErrInvalid for a limit below 1, a ttl that is none, or no worker.
	Take(ctx context.Context, worker string, limit int, ttl time.Duration) (Batch, error)

	// Finish notes what came of jobs of a batch. If release is set, it gives the
	// site back, which then rests for d, whatever is due; else the lease runs
	// for d from now, also with no outcomes at all, which renews it. A job whose
	// Seq has grown stays pending, with no attempts counted. Outcomes of jobs
	// that are not there any more are skipped, so it may be repeated.
	// ErrConflict, and nothing is noted, if the lease is no longer that of b:
	// somebody else works at the site now, or b was released and this call would
	// renew it.
	Finish(ctx context.Context, b Batch, outcomes []ingestion.Outcome, release bool, d time.Duration) error
}

// Batch is some due jobs of one site, leased to one worker.
type Batch struct {
	Scope  tenant.Scope
	Lease  int64 // grows with each Take of the site
	Worker string
	Taken  time.Time // by the Queue's clock
	Jobs   []ingestion.Job
}

// Jobs shows what a Queue holds, and lets an operator mend it.
type Jobs interface {
	// Jobs returns at most limit jobs of the site in the order of their
	// objects' names, beginning after the given one ("" for the first);
	// payloads are left out.
	Jobs(ctx context.Context, s tenant.Scope, after string, limit int) ([]ingestion.Job, error)

	// Change does one of ingestion.Actions to the jobs named, to all dead ones
	// of the site if none is, and returns how many that were. ErrNotFound if
	// one that is named is not there; nothing is changed then. After a Retry the
	// site rests no longer.
	Change(ctx context.Context, s tenant.Scope, action ingestion.Action, objects []ingestion.Object) (int, error)

	// Depth returns what waits in all sites, for metrics: this is the
	// platform's own question, and names no site.
	Depth(ctx context.Context) (ingestion.Depth, error)
}

// Leases let one process of several do what only one should.
type Leases interface {
	// Hold takes the lease of that name for holder, or renews it, until ttl
	// from now by the adapter's clock, and reports whether holder has it. A
	// lease that ran out can be taken by anybody.
	Hold(ctx context.Context, name, holder string, ttl time.Duration) (bool, error)
	// Yield gives up the lease if holder has it; else it changes nothing.
	Yield(ctx context.Context, name, holder string) error
}
