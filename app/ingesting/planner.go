package ingesting

import (
	"context"
	"errors"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

const (
	planLease = "ingestion planner"
	planPage  = 500
	// planLooks is how many looks of the leader are missed before another process
	// leads.
	planLooks = 3
	// indexEvery is how often it is looked for sites whose documents wait for the
	// index and nobody works at it: after an import that was cut off.
	indexEvery = 30 * time.Second
	// planAgain is how often it is looked whether a site's tasks are still there.
	planAgain = 10 * time.Minute
)

// plan sees to it that each connected site has its periodic tasks in the queue,
// while this process leads. A task that was done comes again by itself; here are
// planned those of sites that are new, and those that an operator has dropped.
func (w *Worker) plan(ctx context.Context) {
	if w.deps.Connected == nil && w.deps.Tenants == nil {
		return
	}
	planned := map[tenant.Scope]time.Time{} // when a site's tasks were last seen to be there
	var indexes, all time.Time              // when indexes were last looked at; and all, whether they had to be
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			call, cancel := context.WithTimeout(context.WithoutCancel(ctx), queueTimeout)
			defer cancel()
			// Whoever waits for the lease gets it now, or when it runs out.
			_ = w.deps.Leases.Yield(call, planLease, w.cfg.Name)
			return
		case <-timer.C:
		}
		leads, err := w.deps.Leases.Hold(ctx, planLease, w.cfg.Name, planLooks*w.cfg.Plan)
		now := w.deps.Now()
		switch {
		case err != nil:
		case !leads:
			clear(planned)
			all = time.Time{}
		default:
			planned, err = w.planAll(ctx, planned)
			if now.Sub(indexes) >= indexEvery {
				whole := now.Sub(all) >= planAgain
				if indexes = now; whole {
					all = now
				}
				err = errors.Join(err, w.planIndexes(ctx, whole))
			}
		}
		if err != nil && ctx.Err() == nil {
			w.publish(ctx, tenant.Scope{}, WorkFailed{Err: err})
		}
		timer.Reset(w.cfg.Plan)
	}
}

// planAll goes over all connected sites and returns those that are planned.
func (w *Worker) planAll(ctx context.Context, planned map[tenant.Scope]time.Time) (map[tenant.Scope]time.Time, error) {
	if w.deps.Connected == nil {
		return planned, nil
	}
	now := w.deps.Now()
	next := make(map[tenant.Scope]time.Time, len(planned))
	for after := tenant.SiteID(""); ; {
		page, err := w.deps.Connected.Connected(ctx, after, planPage)
		if err != nil {
			return planned, err
		}
		for _, s := range page {
			after = s.Site
			if at, ok := planned[s]; ok && now.Sub(at) < planAgain {
				next[s] = at
				continue
			}
			switch err := w.planSite(ctx, s, now); {
			case err == nil:
				next[s] = now
			case !errors.Is(err, ports.ErrNotFound): // that one is gone meanwhile
				return next, err
			}
		}
		if len(page) < planPage {
			return next, nil
		}
	}
}

func (w *Worker) planSite(ctx context.Context, s tenant.Scope, now time.Time) error {
	jobs, err := w.deps.Jobs.Jobs(ctx, s, "task:", 100)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, j := range jobs {
		there[j.Object.ID] = true
	}
	site, err := w.deps.Sites.Site(ctx, s)
	if err != nil {
		return err
	}
	var hints []ingestion.Hint
	for _, task := range ingestion.Periodic() {
		if there[task] || w.deps.Tasks[task] == nil {
			continue
		}
		due := w.cfg.Intervals.First(task, now, string(s.Site), zoneOf(site), w.deps.Rand())
		hints = append(hints, ingestion.Hint{Object: ingestion.Object{Kind: ingestion.Task, ID: task}, Due: due})
	}
	if len(hints) == 0 {
		return nil
	}
	return w.deps.Queue.Enqueue(ctx, s, hints)
}

// planIndexes asks for a Drain of the sites whose documents wait for the index;
// if whole is set, of all sites, since an index has more to be done than that: a
// new generation to be built, or an old one to be dropped.
func (w *Worker) planIndexes(ctx context.Context, whole bool) error {
	if w.deps.Tenants == nil {
		return nil
	}
	var errs []error
	for after, more := tenant.ID(""), true; more; {
		tenants, err := w.deps.Tenants.ListTenants(ctx, after, planPage)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for _, t := range tenants {
			if after = t.ID; !t.Disabled {
				errs = append(errs, w.planIndexesOf(ctx, t.ID, whole))
			}
		}
		more = len(tenants) == planPage
	}
	return errors.Join(errs...)
}

func (w *Worker) planIndexesOf(ctx context.Context, id tenant.ID, whole bool) error {
	var errs []error
	for after, more := tenant.SiteID(""), true; more; {
		sites, err := w.deps.Sites.ListSites(ctx, id, after, planPage)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for _, s := range sites {
			if after = s.ID; !s.Disabled {
				errs = append(errs, w.planIndex(ctx, s.Scope(), whole))
			}
		}
		more = len(sites) == planPage
	}
	return errors.Join(errs...)
}

func (w *Worker) planIndex(ctx context.Context, s tenant.Scope, whole bool) error {
	if !whole {
		behind, err := w.deps.Service.behind(ctx, s)
		if err != nil || !behind {
			return err
		}
	}
	reindex := ingestion.Object{Kind: ingestion.Task, ID: ingestion.Reindex}
	name := reindex.String()
	// One that waits, such as for tomorrow's tokens, is not called earlier; one
	// that has failed too often is, since nothing else would ever ask again.
	there, err := w.deps.Jobs.Jobs(ctx, s, name[:len(name)-1], 1)
	if err != nil || len(there) > 0 && there[0].Object == reindex && !there[0].Dead {
		return err
	}
	return w.deps.Queue.Enqueue(ctx, s, []ingestion.Hint{{Object: reindex}})
}

// behind reports whether the site's index has not come as far as its documents,
// or is not as it is wanted.
func (s *Service) behind(ctx context.Context, scope tenant.Scope) (bool, error) {
	var g retrieval.Generations
	if s.deps.Generations != nil {
		var err error
		if g, err = s.deps.Generations.GenerationsOf(ctx, scope); err != nil || g.Building.No != 0 {
			return err == nil, err
		}
		model, chunking, noted, err := s.wanted(ctx, scope, g)
		if err != nil {
			return false, err
		}
		if noted && !g.Served.Is(model, chunking) && !g.Pinned {
			return true, nil // somebody who can call it begins another generation
		}
	}
	waiting, err := s.deps.Documents.Pending(ctx, scope, retrieval.Stage{Generation: g.Served.No}, 1)
	if errors.Is(err, ports.ErrConflict) {
		return true, nil // it is just being moved
	}
	return len(waiting) > 0, err
}
