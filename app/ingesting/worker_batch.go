package ingesting

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

const (
	// licenseRest is how long a site waits whose license is not active: it goes
	// on so soon after it is.
	licenseRest = 5 * time.Second

	// maxPause bounds how long a spent limit is believed: it may be raised.
	maxPause = 10 * time.Minute
	// soon is when a Drain that was paused for no known time is tried again.
	soon = 30 * time.Second
	// noSuchTask is how long a task waits for a version that knows it.
	noSuchTask = 10 * time.Minute
)

// batch works at one site's jobs and gives the site back.
func (w *Worker) batch(hand context.Context, b ports.Batch) {
	ctx, lost := context.WithCancel(hand)
	defer lost()
	ended := w.renew(ctx, lost, b)
	run := working{Worker: w, scope: b.Scope}
	run.batch(ctx, b.Jobs)
	ended()
	if errors.Is(context.Cause(ctx), errStuck) {
		run.stuck(context.WithoutCancel(ctx))
	}
	w.finish(hand, b, &run)
}

// finish notes what came of a batch, and gives its site back.
func (w *Worker) finish(hand context.Context, b ports.Batch, run *working) {
	call, cancel := context.WithTimeout(context.WithoutCancel(hand), queueTimeout)
	defer cancel()
	switch err := w.deps.Queue.Finish(call, b, run.outcomes, true, run.rest); {
	case errors.Is(err, ports.ErrConflict):
		w.publish(call, b.Scope, LeaseLost{})
	case err != nil:
		// The lease runs out, and all of it is done again.
		w.store(call, err)
	}
}

// renew keeps b's lease while ctx lasts, and calls lost if somebody else has it.
// The caller ends it, and then nothing of it runs any more.
func (w *Worker) renew(ctx context.Context, lost context.CancelFunc, b ports.Batch) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(w.cfg.Lease / 3)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := w.deps.Queue.Finish(ctx, b, nil, false, w.cfg.Lease); errors.Is(err, ports.ErrConflict) {
				lost()
				return
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// working is one batch of a site.
type working struct {
	*Worker
	scope tenant.Scope

	outcomes []ingestion.Outcome
	rest     time.Duration   // how long the site rests afterwards
	reached  bool            // the shop answered
	silent   bool            // it did not, so the site rests
	inHand   map[string]bool // ids of the products that were taken
}

// batch works at jobs: at all products, and at the oldest of the tasks, so that
// others of the site have their turn before the next. What it did not come to
// has no outcome, and is as due as before.
func (r *working) batch(ctx context.Context, jobs []ingestion.Job) {
	site, err := r.admitted(ctx)
	if err != nil {
		r.troubled(ctx, err)
		return
	}
	if r.rest > 0 {
		return
	}
	var products []ingestion.Job
	var task *ingestion.Job
	other := false // products failed, and the task may not
	var reindex *ingestion.Job
	for _, j := range jobs {
		if j.Object.Kind == ingestion.Task && j.Object.ID == ingestion.Reindex {
			reindex = &j
		}
		switch {
		case j.Object.Kind == ingestion.Product:
			products = append(products, j)
		case task == nil:
			task = &j
		}
	}
	if len(products) > 0 {
		if err := guarded(func() error { return r.products(ctx, products) }); err != nil {
			r.failed(ctx, err)
			// Whoever breaks over all of its products, as far as we know, may not over
			// what a task asks: the site must be polled and swept all the same.
			other = replied(err) && perhapsOneProduct(err)
		}
	}
	if task != nil && (r.rest == 0 || other) && ctx.Err() == nil {
		r.task(ctx, site, *task)
		if ctx.Err() == nil && task.Object.ID != ingestion.Reindex {
			report, err := r.deps.Service.drainSome(ctx, r.scope)
			r.drained(ctx, report, err, r.outcomes)
		}
	}
	if r.silent && reindex != nil && !slices.ContainsFunc(r.outcomes, func(o ingestion.Outcome) bool { return o.Object == reindex.Object }) {
		r.meanwhile(ctx, *reindex)
	}
}

// replied reports whether err is an answer of the shop.
func replied(err error) bool {
	shop, ok := errors.AsType[*ports.ShopError](err)
	return ok && shop.Status != 0
}

// longMeanwhile bounds how long an index is worked at while its shop rests.
const longMeanwhile = time.Minute

// meanwhile brings the index after the store while the site rests since its shop
// is away: for that the shop is not needed.
func (r *working) meanwhile(ctx context.Context, j ingestion.Job) {
	begun := r.deps.Now()
	out := ingestion.Outcome{Object: j.Object, Seq: j.Seq}
	for ctx.Err() == nil {
		report, err := r.deps.Service.drainSome(ctx, r.scope)
		if err != nil {
			return // it is due when the site has rested
		}
		spent := r.deps.Now().Sub(begun)
		if report.More && spent < min(r.rest, longMeanwhile) {
			continue
		}
		if report.unfinished() {
			out.Again = r.resume(report)
		}
		r.outcomes = append(r.outcomes, out)
		r.rest = max(0, r.rest-spent)
		return
	}
}

// admitted returns the site; if it may not be worked at now, it rests.
func (r *working) admitted(ctx context.Context) (tenant.Site, error) {
	site, err := r.deps.Sites.Site(ctx, r.scope)
	if err == nil && !site.Disabled {
		err = r.deps.License(ctx, r.scope)
	}
	for _, waits := range []error{usage.ErrLicenseInactive, usage.ErrLicenseInvalid, ports.ErrNotFound} {
		if site.Disabled || errors.Is(err, waits) {
			r.rest = licenseRest
			return site, nil
		}
	}
	return site, err
}

// errPanic is matched by what guarded makes of a panic.
var errPanic = errors.New("panic")

// guarded makes an error of a panic: one thing that cannot be read must not end
// the process, again and again.
func guarded(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errPanic, p)
		}
	}()
	return do()
}

// troubled notes an error of our own: the site rests, and no job of it failed.
func (r *working) troubled(ctx context.Context, err error) {
	r.outcomes = nil
	if ctx.Err() != nil {
		return
	}
	r.rest = ingestion.Rest(r.missed(), 0, r.deps.Rand())
	r.publish(ctx, r.scope, WorkFailed{Err: err})
}

// missed counts one more failure of the site in a row.
func (r *working) missed() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away[r.scope]++
	return r.away[r.scope]
}

// answered forgets the failures.
func (r *working) answered() {
	r.reached = true
	r.mu.Lock()
	delete(r.away, r.scope)
	r.mu.Unlock()
}

// failed notes an error of the shop as a whole, or of our own.
func (r *working) failed(ctx context.Context, err error) {
	shop, ok := errors.AsType[*ports.ShopError](err)
	if !ok || ctx.Err() != nil {
		r.troubled(ctx, err)
		return
	}
	r.outcomes, r.silent = nil, true
	failures := r.missed()
	r.rest = ingestion.Rest(failures, shop.RetryAfter, r.deps.Rand())
	r.publish(ctx, r.scope, ShopAway{Err: err, Failures: failures, Rests: r.rest})
	r.raiseShop(ctx, shop, failures)
}

// drained gives the outcomes after the index was brought after the store, and not
// before: who is killed does the jobs again. What cannot be embedded yet is found
// by words, and a task of its own goes on with all that is left.
func (r *working) drained(ctx context.Context, report DrainReport, err error, outcomes []ingestion.Outcome) {
	if err == nil && report.unfinished() {
		again := ingestion.Hint{Object: ingestion.Object{Kind: ingestion.Task, ID: ingestion.Reindex}, Due: r.resume(report)}
		err = r.deps.Queue.Enqueue(ctx, r.scope, []ingestion.Hint{again})
	}
	if err != nil {
		r.troubled(ctx, err)
		return
	}
	r.outcomes = outcomes
}

// resume returns when a Drain goes on that has paused, or left work to the next one.
func (r *working) resume(d DrainReport) time.Time {
	now := r.deps.Now()
	switch {
	case d.More:
		return now
	case d.ResumeAt.IsZero():
		return now.Add(soon)
	}
	if latest := now.Add(maxPause); d.ResumeAt.After(latest) {
		return latest
	}
	return d.ResumeAt
}

// task does one task and notes its outcome.
func (r *working) task(ctx context.Context, site tenant.Site, j ingestion.Job) {
	out := ingestion.Outcome{Object: j.Object, Seq: j.Seq}
	do := r.deps.Tasks[j.Object.ID]
	switch {
	case j.Object.ID == ingestion.Reindex:
		do = r.reindex
	case do == nil:
		out.Again = r.deps.Now().Add(noSuchTask)
		r.outcomes = append(r.outcomes, out)
		return
	}
	var again time.Time
	err := guarded(func() (err error) {
		again, err = do(ctx, r.scope)
		return err
	})
	if ctx.Err() != nil {
		return
	}
	now := r.deps.Now()
	shop, ofShop := errors.AsType[*ports.ShopError](err)
	switch {
	case err == nil:
		if out.Again = again; again.IsZero() {
			out.Again = r.cfg.Intervals.Next(j.Object.ID, now, string(r.scope.Site), zoneOf(site), r.deps.Rand())
		}
		if j.Object.ID != ingestion.Reindex { // all others ask the shop
			r.answered()
			r.tell(ctx, nil)
		}
	case errors.Is(err, ports.ErrNotFound):
		// The site is not connected; whoever connects it asks anew.
	case errors.Is(err, ports.ErrConflict):
		out.Again = now.Add(unsettled) // somebody is changing how it is reached
	case ofShop && errors.Is(err, ports.ErrUnavailable):
		failures := r.missed()
		rest := ingestion.Rest(failures, shop.RetryAfter, r.deps.Rand())
		out.Again = now.Add(rest)
		if !r.reached { // else others need not wait for what this task asks
			r.rest, r.silent = rest, true
		}
		r.publish(ctx, r.scope, ShopAway{Err: err, Failures: failures, Rests: rest})
		r.raiseShop(ctx, shop, failures)
	default:
		var after time.Duration
		if ofShop {
			after = shop.RetryAfter
			r.raiseShop(ctx, shop, 1)
		}
		out = ingestion.Failed(j, err.Error(), now, after, r.deps.Rand())
		r.publish(ctx, r.scope, JobFailed{Object: j.Object, Attempts: j.Attempts + 1, Dead: out.Again.IsZero(), Err: err.Error()})
	}
	r.outcomes = append(r.outcomes, out)
}

// reindex is the task that drains.
func (r *working) reindex(ctx context.Context, s tenant.Scope) (time.Time, error) {
	report, err := r.deps.Service.drainSome(ctx, s)
	if err != nil || !report.unfinished() {
		return time.Time{}, err
	}
	return r.resume(report), nil
}

func zoneOf(site tenant.Site) *time.Location {
	if zone, err := time.LoadLocation(site.TimeZone); err == nil {
		return zone
	}
	return time.UTC // a stored site has a zone that can be loaded; see tenant.Site.Valid
}
