package porttest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
	"github.com/aiwoochat/woochat/test/porttest/brokentest"
)

// badQueue is a queue that works but for what is set.
type badQueue struct {
	good    *memory.Queue
	now     ports.Clock
	enqueue func(context.Context, tenant.Scope, []ingestion.Hint) error
	take    func(context.Context, string, int, time.Duration) (ports.Batch, error)
	finish  func(context.Context, ports.Batch, []ingestion.Outcome, bool, time.Duration) error
	jobs    func(context.Context, tenant.Scope, string, int) ([]ingestion.Job, error)
	change  func(context.Context, tenant.Scope, ingestion.Action, []ingestion.Object) (int, error)
	depth   func(context.Context) (ingestion.Depth, error)
	hold    func(context.Context, string, string, time.Duration) (bool, error)
	yield   func(context.Context, string, string) error
	other   *memory.Queue // what another process sees
}

func (b *badQueue) Enqueue(ctx context.Context, s tenant.Scope, hints []ingestion.Hint) error {
	return b.enqueue(ctx, s, hints)
}

func (b *badQueue) Take(ctx context.Context, worker string, limit int, ttl time.Duration) (ports.Batch, error) {
	return b.take(ctx, worker, limit, ttl)
}

func (b *badQueue) Finish(ctx context.Context, batch ports.Batch, out []ingestion.Outcome, release bool, d time.Duration) error {
	return b.finish(ctx, batch, out, release, d)
}

func (b *badQueue) Jobs(ctx context.Context, s tenant.Scope, after string, limit int) ([]ingestion.Job, error) {
	return b.jobs(ctx, s, after, limit)
}

func (b *badQueue) Change(ctx context.Context, s tenant.Scope, a ingestion.Action, objects []ingestion.Object) (int, error) {
	return b.change(ctx, s, a, objects)
}

func (b *badQueue) Depth(ctx context.Context) (ingestion.Depth, error) { return b.depth(ctx) }

func (b *badQueue) Hold(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	return b.hold(ctx, name, holder, ttl)
}

func (b *badQueue) Yield(ctx context.Context, name, holder string) error {
	return b.yield(ctx, name, holder)
}

func openBadQueue(spoil func(*badQueue)) func(t *testing.T, now ports.Clock) porttest.QueueStore {
	return func(_ *testing.T, now ports.Clock) porttest.QueueStore {
		good := memory.NewQueue(now)
		b := &badQueue{
			good: good, now: now, enqueue: good.Enqueue, take: good.Take, finish: good.Finish, jobs: good.Jobs, change: good.Change,
			depth: good.Depth, hold: good.Hold, yield: good.Yield, other: good,
		}
		spoil(b)
		s := porttest.QueueStore{Queue: b, Jobs: b, Leases: b, NewScope: randomScope}
		s.Replica = func(*testing.T) porttest.QueueStore {
			return porttest.QueueStore{Queue: b.other, Jobs: b.other, Leases: b.other}
		}
		return s
	}
}

// hinted changes each hint before it is noted.
func (b *badQueue) hinted(change func(*ingestion.Hint)) {
	b.enqueue = func(ctx context.Context, s tenant.Scope, hints []ingestion.Hint) error {
		hints = slices.Clone(hints)
		for i := range hints {
			change(&hints[i])
		}
		return b.good.Enqueue(ctx, s, hints)
	}
}

// taken changes each batch.
func (b *badQueue) taken(change func(*ports.Batch)) {
	b.take = func(ctx context.Context, worker string, limit int, ttl time.Duration) (ports.Batch, error) {
		batch, err := b.good.Take(ctx, worker, limit, ttl)
		if err == nil {
			change(&batch)
		}
		return batch, err
	}
}

// outcomes changes what is told.
func (b *badQueue) outcomes(change func(*ingestion.Outcome, ports.Batch)) {
	b.finish = func(ctx context.Context, batch ports.Batch, out []ingestion.Outcome, release bool, d time.Duration) error {
		out = slices.Clone(out)
		for i := range out {
			change(&out[i], batch)
		}
		return b.good.Finish(ctx, batch, out, release, d)
	}
}

// newest returns the number of the newest hint for an object.
func (b *badQueue) newest(s tenant.Scope, o ingestion.Object) int64 {
	list, _ := b.good.Jobs(context.Background(), s, "", 1_000_000)
	for _, j := range list {
		if j.Object == o {
			return j.Seq
		}
	}
	return 0
}

type brokenQueue struct {
	name  string
	suite func(*testing.T, func(*testing.T, ports.Clock) porttest.QueueStore)
	by    string // the case that must catch it
	spoil func(b *badQueue)
}

var brokenQueues = []brokenQueue{
	{"finishing an object ends newer hints, too", porttest.Queue, "lost hint", func(b *badQueue) {
		b.outcomes(func(o *ingestion.Outcome, batch ports.Batch) {
			if n := b.newest(batch.Scope, o.Object); n > 0 {
				o.Seq = n
			}
		})
	}},
	{"a hint for a job that was taken is noted nowhere", porttest.Queue, "lost hint", func(b *badQueue) {
		var mu sync.Mutex
		busy := map[ingestion.Object]bool{}
		b.taken(func(batch *ports.Batch) {
			mu.Lock()
			defer mu.Unlock()
			for _, j := range batch.Jobs {
				busy[j.Object] = true
			}
		})
		b.enqueue = func(ctx context.Context, s tenant.Scope, hints []ingestion.Hint) error {
			mu.Lock()
			defer mu.Unlock()
			return b.good.Enqueue(ctx, s, slices.DeleteFunc(slices.Clone(hints), func(h ingestion.Hint) bool { return busy[h.Object] }))
		}
	}},
	{"what was seen once is never taken again", porttest.Queue, "never for good", func(b *badQueue) {
		var seen seen[string, bool]
		b.enqueue = func(ctx context.Context, s tenant.Scope, hints []ingestion.Hint) error {
			kept := slices.DeleteFunc(slices.Clone(hints), func(h ingestion.Hint) bool {
				key := h.Object.String() + string(h.Payload)
				_, known := seen.get(key)
				seen.put(key, true)
				return known && h.Payload != nil
			})
			return b.good.Enqueue(ctx, s, kept)
		}
	}},
	{"each hint is a job", porttest.Queue, "coalesce", func(b *badQueue) {
		n := 0
		b.taken(func(batch *ports.Batch) {
			if n++; len(batch.Jobs) > 0 {
				batch.Jobs = append(batch.Jobs, batch.Jobs[0])
			}
		})
	}},
	{"an object is taken again at once", porttest.Queue, "quiet", func(b *badQueue) {
		// A queue that forgets what it has finished, as a table of rows that are deleted does.
		queues := map[tenant.Scope]int{}
		b.finish = func(ctx context.Context, batch ports.Batch, out []ingestion.Outcome, release bool, d time.Duration) error {
			err := b.good.Finish(ctx, batch, out, release, d)
			queues[batch.Scope]++
			return err
		}
		b.enqueue = func(ctx context.Context, s tenant.Scope, hints []ingestion.Hint) error {
			if err := b.good.Enqueue(ctx, s, hints); err != nil {
				return err
			}
			var named []ingestion.Object
			for _, h := range hints {
				if h.Due.IsZero() {
					named = append(named, h.Object)
				}
			}
			_, err := b.good.Change(ctx, s, ingestion.Retry, named)
			return err
		}
	}},
	{"two workers have one site", porttest.Queue, "one worker", func(b *badQueue) {
		b.take = func(ctx context.Context, worker string, limit int, ttl time.Duration) (ports.Batch, error) {
			batch, err := b.good.Take(ctx, worker, limit, ttl)
			if err == nil {
				err = b.good.Finish(ctx, batch, nil, true, 0)
			}
			return batch, err
		}
	}},
	{"a lease that never runs out", porttest.Queue, "lease runs out", func(b *badQueue) {
		b.take = func(ctx context.Context, worker string, limit int, _ time.Duration) (ports.Batch, error) {
			return b.good.Take(ctx, worker, limit, 1000*time.Hour)
		}
	}},
	{"a lease that cannot be renewed", porttest.Queue, "renew", func(b *badQueue) {
		b.finish = func(ctx context.Context, batch ports.Batch, out []ingestion.Outcome, release bool, d time.Duration) error {
			if !release && len(out) == 0 {
				return nil
			}
			return b.good.Finish(ctx, batch, out, release, d)
		}
	}},
	{"who has lost the lease finishes all the same", porttest.Queue, "stale lease", func(b *badQueue) {
		var last seen[tenant.Scope, ports.Batch]
		b.taken(func(batch *ports.Batch) { last.put(batch.Scope, *batch) })
		b.finish = func(ctx context.Context, batch ports.Batch, out []ingestion.Outcome, release bool, d time.Duration) error {
			if now, ok := last.get(batch.Scope); ok {
				batch.Lease, batch.Worker = now.Lease, now.Worker
			}
			return b.good.Finish(ctx, batch, out, release, d)
		}
	}},
	{"who has lost the lease is told so, and notes what came of it", porttest.Queue, "stale lease", func(b *badQueue) {
		var last seen[tenant.Scope, ports.Batch]
		b.taken(func(batch *ports.Batch) { last.put(batch.Scope, *batch) })
		b.finish = func(ctx context.Context, batch ports.Batch, out []ingestion.Outcome, release bool, d time.Duration) error {
			err := b.good.Finish(ctx, batch, out, release, d)
			if now, ok := last.get(batch.Scope); errors.Is(err, ports.ErrConflict) && ok {
				_ = b.good.Finish(ctx, now, out, false, d)
			}
			return err
		}
	}},
	{"a lease goes by the worker alone", porttest.Queue, "stale lease", func(b *badQueue) {
		var last seen[tenant.Scope, ports.Batch]
		b.taken(func(batch *ports.Batch) { last.put(batch.Scope, *batch) })
		b.finish = func(ctx context.Context, batch ports.Batch, out []ingestion.Outcome, release bool, d time.Duration) error {
			if now, ok := last.get(batch.Scope); ok && now.Worker == batch.Worker {
				batch.Lease = now.Lease
			}
			return b.good.Finish(ctx, batch, out, release, d)
		}
	}},
	{"told twice is an error", porttest.Queue, "again", func(b *badQueue) {
		b.finish = func(ctx context.Context, batch ports.Batch, out []ingestion.Outcome, release bool, d time.Duration) error {
			for _, o := range out {
				if b.newest(batch.Scope, o.Object) == 0 {
					return ports.ErrNotFound
				}
			}
			return b.good.Finish(ctx, batch, out, release, d)
		}
	}},
	{"the oldest jobs first, whose ever they are", porttest.Queue, "turns", func(b *badQueue) {
		b.finish = func(ctx context.Context, batch ports.Batch, out []ingestion.Outcome, release bool, d time.Duration) error {
			err := b.good.Finish(ctx, batch, out, release, d)
			if err == nil && release && d == 0 { // no turn is remembered
				_, err = b.good.Change(ctx, batch.Scope, ingestion.Retry, nil)
			}
			return err
		}
	}},
	{"the jobs of a batch in no order", porttest.Queue, "order", func(b *badQueue) {
		b.taken(func(batch *ports.Batch) { slices.Reverse(batch.Jobs) })
	}},
	{"more jobs than asked for", porttest.Queue, "order", func(b *badQueue) {
		b.take = func(ctx context.Context, worker string, _ int, ttl time.Duration) (ports.Batch, error) {
			return b.good.Take(ctx, worker, 1000, ttl)
		}
	}},
	{"the oldest jobs, whatever they are", porttest.Queue, "a task's place", func(b *badQueue) {
		b.take = func(ctx context.Context, worker string, limit int, ttl time.Duration) (ports.Batch, error) {
			batch, err := b.good.Take(ctx, worker, 1_000_000, ttl)
			batch.Jobs = batch.Jobs[:min(max(0, limit), len(batch.Jobs))]
			return batch, err
		}
	}},
	{"a place for any task that is due", porttest.Queue, "a task's place", func(b *badQueue) {
		b.take = func(ctx context.Context, worker string, limit int, ttl time.Duration) (ports.Batch, error) {
			batch, err := b.good.Take(ctx, worker, 1_000_000, ttl)
			all := batch.Jobs
			batch.Jobs = all[:min(max(0, limit), len(all))]
			if err == nil && limit > 1 && len(all) > limit && all[len(all)-1].Object.Kind == ingestion.Task {
				batch.Jobs[limit-1] = all[len(all)-1]
			}
			return batch, err
		}
	}},
	{"later is now", porttest.Queue, "earlier", func(b *badQueue) { b.hinted(func(h *ingestion.Hint) { h.Due = time.Time{} }) }},
	{"the later due holds", porttest.Queue, "earlier", func(b *badQueue) {
		var first seen[ingestion.Object, time.Time]
		b.hinted(func(h *ingestion.Hint) {
			if due, ok := first.get(h.Object); ok && h.Due.Before(due) {
				h.Due = due
			}
			first.put(h.Object, h.Due)
		})
	}},
	{"the last payload holds", porttest.Queue, "payload", func(b *badQueue) {
		n := time.Duration(0)
		b.hinted(func(h *ingestion.Hint) {
			if h.Payload != nil {
				n++
				h.Modified = time.Date(2030, 1, 1, 0, 0, 0, int(n), time.UTC)
			}
		})
	}},
	{"the first of equal payloads holds", porttest.Queue, "payload", func(b *badQueue) {
		n := time.Duration(0)
		b.hinted(func(h *ingestion.Hint) {
			if h.Payload != nil {
				n++
				h.Modified = h.Modified.Add(-n)
			}
		})
	}},
	{"a hint without a payload takes the payload away", porttest.Queue, "payload", func(b *badQueue) {
		b.hinted(func(h *ingestion.Hint) {
			if h.Payload == nil {
				h.Payload, h.Modified = []byte{}, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
			}
		})
	}},
	{"failures are not counted", porttest.Queue, "failure", func(b *badQueue) {
		b.outcomes(func(o *ingestion.Outcome, _ ports.Batch) {
			if !o.Again.IsZero() {
				o.Err = ""
			}
		})
	}},
	{"a dead letter is tried again", porttest.Queue, "failure", func(b *badQueue) {
		b.outcomes(func(o *ingestion.Outcome, _ ports.Batch) {
			if o.Err != "" && o.Again.IsZero() {
				o.Again = b.now()
			}
		})
	}},
	{"going on is a failure", porttest.Queue, "go on", func(b *badQueue) {
		b.outcomes(func(o *ingestion.Outcome, _ ports.Batch) {
			if o.Err == "" && !o.Again.IsZero() {
				o.Err = "it is not done"
			}
		})
	}},
	{"a dead letter is not revived", porttest.Queue, "dead lives", func(b *badQueue) {
		b.enqueue = func(ctx context.Context, s tenant.Scope, hints []ingestion.Hint) error {
			list, _ := b.good.Jobs(ctx, s, "", 1000)
			return b.good.Enqueue(ctx, s, slices.DeleteFunc(slices.Clone(hints), func(h ingestion.Hint) bool {
				return slices.ContainsFunc(list, func(j ingestion.Job) bool { return j.Dead && j.Object == h.Object })
			}))
		}
	}},
	{"a site never rests", porttest.Queue, "rest", func(b *badQueue) {
		b.finish = func(ctx context.Context, batch ports.Batch, out []ingestion.Outcome, release bool, d time.Duration) error {
			if release {
				d = 0
			}
			return b.good.Finish(ctx, batch, out, release, d)
		}
	}},
	{"hints are noted one by one", porttest.Queue, "all or none", func(b *badQueue) {
		b.enqueue = func(ctx context.Context, s tenant.Scope, hints []ingestion.Hint) error {
			for i := range hints {
				if err := b.good.Enqueue(ctx, s, hints[i:i+1]); err != nil {
					return err
				}
			}
			return nil
		}
	}},
	{"who asks for none gets all", porttest.Queue, "invalid", func(b *badQueue) {
		b.take = func(ctx context.Context, worker string, limit int, ttl time.Duration) (ports.Batch, error) {
			if limit < 1 {
				limit = 100
			}
			return b.good.Take(ctx, worker, limit, ttl)
		}
	}},
	{"hints go by the site alone", porttest.Queue, "isolation", func(b *badQueue) {
		note, find := bySite()
		b.enqueue = func(ctx context.Context, s tenant.Scope, hints []ingestion.Hint) error {
			s = find(s)
			note(s)
			return b.good.Enqueue(ctx, s, hints)
		}
	}},
	{"outcomes go by the lease alone", porttest.Queue, "isolation", func(b *badQueue) {
		var last seen[int64, ports.Batch]
		b.taken(func(batch *ports.Batch) { last.put(batch.Lease, *batch) })
		b.finish = func(ctx context.Context, batch ports.Batch, out []ingestion.Outcome, release bool, d time.Duration) error {
			err := b.good.Finish(ctx, batch, out, release, d)
			if leased, ok := last.get(batch.Lease); errors.Is(err, ports.ErrConflict) && ok {
				return b.good.Finish(ctx, leased, out, release, d)
			}
			return err
		}
	}},
	{"of hints at once one is noted", porttest.Queue, "same at once", func(b *badQueue) {
		var busy sync.Mutex
		b.enqueue = func(ctx context.Context, s tenant.Scope, hints []ingestion.Hint) error {
			if !busy.TryLock() {
				return nil
			}
			defer busy.Unlock()
			waitFor(func() bool { return false })
			return b.good.Enqueue(ctx, s, hints)
		}
	}},
	{"looks, and finishes then", porttest.Queue, "hint or finish", func(b *badQueue) {
		b.finish = func(ctx context.Context, batch ports.Batch, out []ingestion.Outcome, release bool, d time.Duration) error {
			same := true
			for _, o := range out {
				same = same && b.newest(batch.Scope, o.Object) == o.Seq
			}
			waitFor(func() bool { return len(out) > 0 && b.newest(batch.Scope, out[0].Object) != out[0].Seq })
			if same {
				out = slices.Clone(out)
				for i := range out {
					out[i].Seq = b.newest(batch.Scope, out[i].Object)
				}
			}
			return b.good.Finish(ctx, batch, out, release, d)
		}
	}},
	{"whole seconds", porttest.Queue, "round trip", func(b *badQueue) {
		b.hinted(func(h *ingestion.Hint) { h.Modified = h.Modified.Truncate(time.Second) })
	}},
	{"payloads are text", porttest.Queue, "round trip", func(b *badQueue) {
		b.hinted(func(h *ingestion.Hint) {
			if h.Payload != nil {
				h.Payload = []byte(strings.ToValidUTF8(string(h.Payload), "?"))
			}
		})
	}},
	{"gives away what it keeps", porttest.Queue, "not kept", func(b *badQueue) {
		var kept seen[ingestion.Object, []byte]
		b.hinted(func(h *ingestion.Hint) { kept.put(h.Object, slices.Clone(h.Payload)) })
		b.taken(func(batch *ports.Batch) {
			for i := range batch.Jobs {
				batch.Jobs[i].Payload, _ = kept.get(batch.Jobs[i].Object)
			}
		})
	}},
	{"nobody's scope is a site", porttest.Queue, "no scope", func(b *badQueue) {
		b.enqueue = func(ctx context.Context, s tenant.Scope, hints []ingestion.Hint) error {
			if s.Valid() != nil {
				return nil
			}
			return b.good.Enqueue(ctx, s, hints)
		}
	}},
	{"a done context does not end the call", porttest.Queue, "done context", func(b *badQueue) {
		b.enqueue = func(ctx context.Context, s tenant.Scope, hints []ingestion.Hint) error {
			return b.good.Enqueue(context.WithoutCancel(ctx), s, hints)
		}
	}},
	{"each process has a queue", porttest.Queue, "replica", func(b *badQueue) { b.other = memory.NewQueue(b.now) }},

	{"in the order of a dictionary", porttest.Jobs, "pages", func(b *badQueue) {
		b.jobs = func(ctx context.Context, s tenant.Scope, after string, limit int) ([]ingestion.Job, error) {
			all, err := b.good.Jobs(ctx, s, "", 1000)
			slices.SortFunc(all, func(x, y ingestion.Job) int {
				return strings.Compare(strings.ToLower(x.Object.String()), strings.ToLower(y.Object.String()))
			})
			all = slices.DeleteFunc(all, func(j ingestion.Job) bool {
				return strings.ToLower(j.Object.String()) <= strings.ToLower(after) && after != ""
			})
			return all[:min(limit, len(all))], err
		}
	}},
	{"dead letters are not listed", porttest.Jobs, "pages", func(b *badQueue) {
		b.jobs = func(ctx context.Context, s tenant.Scope, after string, limit int) ([]ingestion.Job, error) {
			list, err := b.good.Jobs(ctx, s, after, limit)
			return slices.DeleteFunc(list, func(j ingestion.Job) bool { return j.Dead }), err
		}
	}},
	{"a retry counts attempts on", porttest.Jobs, "retry", func(b *badQueue) {
		var attempts seen[ingestion.Object, int]
		b.change = func(ctx context.Context, s tenant.Scope, a ingestion.Action, objects []ingestion.Object) (int, error) {
			list, _ := b.good.Jobs(ctx, s, "", 1000)
			for _, j := range list {
				attempts.put(j.Object, j.Attempts)
			}
			return b.good.Change(ctx, s, a, objects)
		}
		b.taken(func(batch *ports.Batch) {
			for i := range batch.Jobs {
				batch.Jobs[i].Attempts, _ = attempts.get(batch.Jobs[i].Object)
			}
		})
	}},
	{"a retry of none does nothing", porttest.Jobs, "retry of none", func(b *badQueue) {
		b.change = func(ctx context.Context, s tenant.Scope, a ingestion.Action, objects []ingestion.Object) (int, error) {
			list, err := b.good.Jobs(ctx, s, "", 1000)
			if err == nil && len(objects) == 0 && !slices.ContainsFunc(list, func(j ingestion.Job) bool { return j.Dead }) {
				return 0, nil
			}
			return b.good.Change(ctx, s, a, objects)
		}
	}},
	{"what is dropped lives", porttest.Jobs, "drop", func(b *badQueue) {
		b.change = func(ctx context.Context, s tenant.Scope, _ ingestion.Action, objects []ingestion.Object) (int, error) {
			return b.good.Change(ctx, s, ingestion.Retry, objects)
		}
	}},
	{"what is not there is skipped", porttest.Jobs, "all or none", func(b *badQueue) {
		b.change = func(ctx context.Context, s tenant.Scope, a ingestion.Action, objects []ingestion.Object) (int, error) {
			n := 0
			for _, o := range objects {
				m, err := b.good.Change(ctx, s, a, []ingestion.Object{o})
				if err != nil {
					return n, err
				}
				n += m
			}
			if len(objects) == 0 {
				return b.good.Change(ctx, s, a, nil)
			}
			return n, nil
		}
	}},
	{"tasks for later count", porttest.Jobs, "depth", func(b *badQueue) {
		var later seen[string, bool]
		b.enqueue = func(ctx context.Context, s tenant.Scope, hints []ingestion.Hint) error {
			for _, h := range hints {
				if h.Object.Kind == ingestion.Task {
					later.put("any", true)
				}
			}
			return b.good.Enqueue(ctx, s, hints)
		}
		b.depth = func(ctx context.Context) (ingestion.Depth, error) {
			d, err := b.good.Depth(ctx)
			if _, ok := later.get("any"); ok && d.Oldest.IsZero() {
				d.Pending++
			}
			return d, err
		}
	}},
	{"dead letters are the oldest", porttest.Jobs, "depth", func(b *badQueue) {
		b.depth = func(ctx context.Context) (ingestion.Depth, error) {
			d, err := b.good.Depth(ctx)
			if d.Dead > 0 {
				d.Oldest = b.now()
			}
			return d, err
		}
	}},
	{"anybody may drop", porttest.Jobs, "isolation", func(b *badQueue) {
		note, find := bySite()
		b.enqueue = func(ctx context.Context, s tenant.Scope, hints []ingestion.Hint) error {
			note(s)
			return b.good.Enqueue(ctx, s, hints)
		}
		b.change = func(ctx context.Context, s tenant.Scope, a ingestion.Action, objects []ingestion.Object) (int, error) {
			return b.good.Change(ctx, find(s), a, objects)
		}
	}},

	{"everybody has the lease", porttest.Leases, "one holder", func(b *badQueue) {
		b.hold = func(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
			_, err := b.good.Hold(ctx, name, holder, ttl)
			return err == nil, err
		}
	}},
	{"the holder does not renew", porttest.Leases, "renew", func(b *badQueue) {
		var held seen[string, bool]
		b.hold = func(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
			if _, ok := held.get(name + holder); ok {
				return true, nil
			}
			ok, err := b.good.Hold(ctx, name, holder, ttl)
			if ok {
				held.put(name+holder, true)
			}
			return ok, err
		}
	}},
	{"anybody may yield", porttest.Leases, "yield", func(b *badQueue) {
		var last seen[string, string]
		b.hold = func(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
			ok, err := b.good.Hold(ctx, name, holder, ttl)
			if ok {
				last.put(name, holder)
			}
			return ok, err
		}
		b.yield = func(ctx context.Context, name, holder string) error {
			if h, ok := last.get(name); ok {
				holder = h
			}
			return b.good.Yield(ctx, name, holder)
		}
	}},
	{"a lease is not given up", porttest.Leases, "yield", func(b *badQueue) {
		b.yield = func(context.Context, string, string) error { return nil }
	}},
	{"one lease for all names", porttest.Leases, "names", func(b *badQueue) {
		b.hold = func(ctx context.Context, _, holder string, ttl time.Duration) (bool, error) {
			return b.good.Hold(ctx, "one", holder, ttl)
		}
	}},
	{"looks, and takes then", porttest.Leases, "together", func(b *badQueue) {
		var mu sync.Mutex
		free := map[string]time.Time{}
		b.hold = func(_ context.Context, name, _ string, ttl time.Duration) (bool, error) {
			mu.Lock()
			until := free[name]
			mu.Unlock()
			if until.After(b.now()) {
				return false, nil
			}
			waitFor(func() bool { return false })
			mu.Lock()
			free[name] = b.now().Add(ttl)
			mu.Unlock()
			return true, nil
		}
	}},
	{"each process has the lease", porttest.Leases, "replica", func(b *badQueue) { b.other = memory.NewQueue(b.now) }},
}

func TestQueueSuitesCatch(t *testing.T) {
	for _, broken := range brokenQueues {
		t.Run(broken.name, func(t *testing.T) {
			brokentest.Caught(t, broken.by, func(t *testing.T) { broken.suite(t, openBadQueue(broken.spoil)) })
		})
	}
}

func TestQueueSuitesPassWithoutAFault(t *testing.T) {
	open := openBadQueue(func(*badQueue) {})
	t.Run("Queue", func(t *testing.T) { porttest.Queue(t, open) })
	t.Run("Jobs", func(t *testing.T) { porttest.Jobs(t, open) })
	t.Run("Leases", func(t *testing.T) { porttest.Leases(t, open) })
}
