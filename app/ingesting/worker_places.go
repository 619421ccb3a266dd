package ingesting

import (
	"context"
	"errors"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// A shop that hangs answers after a minute, or never, and must not keep the
// places of those that answer. A batch that takes longer than any slice of work
// goes on aside and leaves its place to the next; a site that was not answered
// the last time begins aside. Where there is no room aside, the first is cut off
// and the second waits.
const (
	// patience is how long a batch keeps its place: a slice of a task and a page.
	patience = 5 * time.Second
	// asides is how many batches may be aside for each place: they wait, and cost
	// a request under way and what was taken for it.
	asides = 8
	// asideRest is how long a site waits for room aside.
	asideRest = 5 * time.Second
)

// errStuck is why a batch is cut off.
var errStuck = errors.New("its shop or the embedding model did not answer for long, as those of many other sites: it is tried again later")

// placed works at a batch that was taken, and gives its place back.
func (w *Worker) placed(hand context.Context, b ports.Batch) {
	if w.suspect(b.Scope) {
		select {
		case w.aside <- struct{}{}:
			<-w.places
			w.batch(hand, b)
			<-w.aside
		default:
			w.finish(hand, b, &working{rest: asideRest})
			<-w.places
		}
		return
	}
	ctx, cut := context.WithCancelCause(hand)
	defer cut(nil)
	done, left := make(chan struct{}), make(chan chan struct{})
	go func() { left <- w.watch(done, cut) }()
	w.batch(ctx, b)
	close(done)
	<-<-left
}

// watch moves a batch aside that takes long, or cuts it off if there is no room,
// and returns the place that it has when it is done.
func (w *Worker) watch(done <-chan struct{}, cut context.CancelCauseFunc) chan struct{} {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
		return w.places
	case <-timer.C:
	}
	timer.Reset(patience)
	select {
	case <-done:
		return w.places
	case w.aside <- struct{}{}:
		<-w.places
		<-done
		return w.aside
	case <-timer.C:
	}
	cut(errStuck)
	<-done
	return w.places
}

// suspect reports whether the site could not be worked at the last time.
func (w *Worker) suspect(s tenant.Scope) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.away[s] > 0
}

// stuck lets a site rest that was cut off.
func (r *working) stuck(ctx context.Context) {
	failures := r.missed()
	r.rest = ingestion.Rest(failures, 0, r.deps.Rand())
	r.publish(ctx, r.scope, ShopAway{Err: errStuck, Failures: failures, Rests: r.rest})
}
