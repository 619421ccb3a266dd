package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Queue keeps jobs and leases in process memory. It is a [ports.Queue],
// [ports.Jobs] and [ports.Leases]. Make one with NewQueue.
type Queue struct {
	now ports.Clock

	mu     sync.Mutex // guards all below, and what they point to
	sites  map[tenant.Scope]*siteJobs
	leases map[string]leader
}

type siteJobs struct {
	jobs   map[ingestion.Object]ingestion.Kept
	seq    int64     // the last hint's
	lease  int64     // the last Take's
	worker string    // who has it
	taken  time.Time // when
	until  time.Time // when the lease runs out; zero: it was given back
	rest   time.Time // not taken before
}

type leader struct {
	holder string
	until  time.Time
}

var (
	_ ports.Queue  = (*Queue)(nil)
	_ ports.Jobs   = (*Queue)(nil)
	_ ports.Leases = (*Queue)(nil)
)

// NewQueue returns an empty queue that tells the time by now.
func NewQueue(now ports.Clock) *Queue {
	return &Queue{now: now, sites: map[tenant.Scope]*siteJobs{}, leases: map[string]leader{}}
}

// Enqueue implements [ports.Queue].
func (q *Queue) Enqueue(ctx context.Context, s tenant.Scope, hints []ingestion.Hint) error {
	if err := begin(ctx, s); err != nil {
		return err
	}
	if err := ingestion.CheckHints(hints); err != nil {
		return fmt.Errorf("memory: enqueue: %w: %w", ports.ErrInvalid, err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	site := q.sites[s]
	if site == nil {
		site = &siteJobs{jobs: map[ingestion.Object]ingestion.Kept{}}
		q.sites[s] = site
	}
	now := q.now().UTC()
	for _, h := range hints {
		site.seq++
		h.Due, h.Modified, h.Payload = h.Due.UTC(), h.Modified.UTC(), slices.Clone(h.Payload)
		site.jobs[h.Object] = site.jobs[h.Object].Hint(h, site.seq, now)
	}
	return nil
}

// ready returns since when the site waits; ok is false if it never will.
func (site *siteJobs) ready() (since time.Time, ok bool) {
	for _, k := range site.jobs {
		if k.Live() && (!ok || k.Due.Before(since)) {
			since, ok = k.Due, true
		}
	}
	if since.Before(site.rest) {
		since = site.rest
	}
	return since, ok
}

// Take implements [ports.Queue].
func (q *Queue) Take(ctx context.Context, worker string, limit int, ttl time.Duration) (ports.Batch, error) {
	if err := ctx.Err(); err != nil {
		return ports.Batch{}, err
	}
	if worker == "" || limit < 1 || ttl <= 0 {
		return ports.Batch{}, fmt.Errorf("memory: take: %w: a worker, a limit and a time are needed", ports.ErrInvalid)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now().UTC()
	var first tenant.Scope
	var since time.Time
	for s, site := range q.sites {
		at, ok := site.ready()
		if !ok || at.After(now) || site.until.After(now) {
			continue
		}
		if first == (tenant.Scope{}) || cmp.Or(at.Compare(since), cmp.Compare(s.Site, first.Site)) < 0 {
			first, since = s, at
		}
	}
	site := q.sites[first]
	if site == nil {
		return ports.Batch{}, fmt.Errorf("memory: take: nothing is due: %w", ports.ErrNotFound)
	}
	site.lease++
	site.worker, site.taken, site.until = worker, now, now.Add(ttl)
	b := ports.Batch{Scope: first, Lease: site.lease, Worker: worker, Taken: now}
	for _, k := range site.jobs {
		if k.Live() && !k.Due.After(now) {
			b.Jobs = append(b.Jobs, copyJob(k.Job))
		}
	}
	slices.SortFunc(b.Jobs, func(x, y ingestion.Job) int {
		return cmp.Or(x.Due.Compare(y.Due), cmp.Compare(x.Object.String(), y.Object.String()))
	})
	due := b.Jobs
	b.Jobs, _ = ingestion.LastPlace(slices.Clip(due[:min(len(due), limit)]), limit, func() (ingestion.Job, bool, error) {
		i := slices.IndexFunc(due, func(j ingestion.Job) bool { return j.Object.Kind == ingestion.Task })
		if i < 0 {
			return ingestion.Job{}, false, nil
		}
		return due[i], true, nil
	}) // it fails only if the function does
	return b, nil
}

func copyJob(j ingestion.Job) ingestion.Job {
	j.Payload = slices.Clone(j.Payload)
	return j
}

// Finish implements [ports.Queue].
func (q *Queue) Finish(ctx context.Context, b ports.Batch, outcomes []ingestion.Outcome, release bool, d time.Duration) error {
	if err := begin(ctx, b.Scope); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	site := q.sites[b.Scope]
	if site == nil || site.lease != b.Lease || site.worker != b.Worker || site.until.IsZero() && !release {
		return fmt.Errorf("memory: finish: the lease is somebody else's: %w", ports.ErrConflict)
	}
	now := q.now().UTC()
	for _, o := range outcomes {
		if k, ok := site.jobs[o.Object]; ok {
			o.Again = o.Again.UTC()
			site.jobs[o.Object] = k.Finish(o, site.taken)
		}
	}
	maps.DeleteFunc(site.jobs, func(_ ingestion.Object, k ingestion.Kept) bool { return k.Done && !k.Quiet.After(now) })
	if release {
		site.until, site.rest = time.Time{}, now.Add(max(0, d))
	} else {
		site.until = now.Add(d)
	}
	return nil
}

// Jobs implements [ports.Jobs].
func (q *Queue) Jobs(ctx context.Context, s tenant.Scope, after string, limit int) ([]ingestion.Job, error) {
	if err := begin(ctx, s); err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	var list []ingestion.Job
	if site := q.sites[s]; site != nil {
		for o, k := range site.jobs {
			if k.Payload = nil; !k.Done && o.String() > after {
				list = append(list, k.Job)
			}
		}
	}
	slices.SortFunc(list, func(x, y ingestion.Job) int { return cmp.Compare(x.Object.String(), y.Object.String()) })
	return slices.Clip(list[:min(max(0, limit), len(list))]), nil
}

// Change implements [ports.Jobs].
func (q *Queue) Change(ctx context.Context, s tenant.Scope, action ingestion.Action, objects []ingestion.Object) (int, error) {
	if err := begin(ctx, s); err != nil {
		return 0, err
	}
	if action != ingestion.Retry && action != ingestion.Drop {
		return 0, fmt.Errorf("memory: change jobs: %w: action %d", ports.ErrInvalid, action)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	site := q.sites[s]
	if site == nil {
		site = &siteJobs{}
	}
	chosen := map[ingestion.Object]bool{}
	for _, o := range objects {
		if k, ok := site.jobs[o]; !ok || k.Done {
			return 0, fmt.Errorf("memory: change jobs: %s: %w", o, ports.ErrNotFound)
		}
		chosen[o] = true
	}
	if len(objects) == 0 {
		for o, k := range site.jobs {
			if k.Dead {
				chosen[o] = true
			}
		}
	}
	now := q.now().UTC()
	for o := range chosen {
		if action == ingestion.Drop {
			delete(site.jobs, o)
			continue
		}
		site.jobs[o] = site.jobs[o].Retry(now)
	}
	if action == ingestion.Retry {
		site.rest = time.Time{}
	}
	return len(chosen), nil
}

// Depth implements [ports.Jobs].
func (q *Queue) Depth(ctx context.Context) (ingestion.Depth, error) {
	if err := ctx.Err(); err != nil {
		return ingestion.Depth{}, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	var d ingestion.Depth
	for _, site := range q.sites {
		for _, k := range site.jobs {
			d = d.With(k, now)
		}
	}
	return d, nil
}

// Hold implements [ports.Leases].
func (q *Queue) Hold(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if name == "" || holder == "" || ttl <= 0 {
		return false, fmt.Errorf("memory: hold: %w: a name, a holder and a time are needed", ports.ErrInvalid)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	if l := q.leases[name]; l.holder != holder && l.until.After(now) {
		return false, nil
	}
	q.leases[name] = leader{holder, now.Add(ttl)}
	return true, nil
}

// Yield implements [ports.Leases].
func (q *Queue) Yield(ctx context.Context, name, holder string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.leases[name].holder == holder {
		delete(q.leases, name)
	}
	return nil
}
