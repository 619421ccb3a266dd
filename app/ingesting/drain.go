package ingesting

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// DrainReport says what a Drain did.
type DrainReport struct {
	Indexed  int   // documents that the searched generation holds now as they are stored
	TakenOut int   // of these: not shown any more, so no longer in the index
	Texts    int   // texts that were embedded
	Kept     int   // texts whose vectors the index had: they had not changed
	Tokens   int64 // what the embedding took, as the embedder counts
	Built    int   // documents put to the generation that is built
	Switched bool  // it is complete, and searched from now on
	More     bool  // there is more to be done: drain again at once
	// Busy says that another process embeds for the site now. What has changed is
	// found by words until it is done, or until the next Drain.
	Busy bool

	// Paused says why embedding stopped before all was done: a
	// *usage.LimitError until the day's tokens come back, or the embedder's
	// error while it is down or refuses our credentials. nil if all is done.
	Paused error
	// ResumeAt is when to drain again; the zero time is soon.
	ResumeAt time.Time
	// Waiting is the number of documents whose vectors are still to be made.
	// They are found by words meanwhile.
	Waiting int
	// Refused are documents of whose texts the embedder will never take some.
	// By these they are found by words only, and they are not tried again until
	// they change.
	Refused []Refused
}

// unfinished reports whether there is work left that another Drain can do.
func (r DrainReport) unfinished() bool { return r.Paused != nil || r.More || r.Busy }

// Refused is a document that cannot be embedded, or not all of it.
type Refused struct {
	Document retrieval.DocumentID
	Err      error
}

// Drain brings the index after the store: it embeds the texts whose vectors the
// index does not have, puts documents that have changed to it, and notes that it
// did. Where another embedding model is wanted, or a rebuild was asked for, it
// builds the new generation behind the one that is searched, and switches when it
// is complete. That takes as many Drains as it needs, of a second or so each, so
// that what changes meanwhile is not kept waiting: see More.
//
// Of several processes that drain a site, one embeds.
// It may be killed anywhere and called again: what was paid for and is not in the
// index yet is no more than the calls that were under way.
//
// When the site's embedding tokens are spent, or the embedder is away, nothing
// waits for it: what has changed goes to the index by words at once, what is no
// longer shown leaves it at once, and the report says Paused. That is no error.
// Errors are those of the stores and the index, and that of ctx.
func (s *Service) Drain(ctx context.Context, scope tenant.Scope) (DrainReport, error) {
	return s.drain(ctx, scope, (*draining).run, time.Time{})
}

// drainSlice is how long a Worker's Drain follows the generation that is
// searched, so that a deletion or a price need not wait for thousands of texts.
const drainSlice = time.Second

// drainSome is Drain that leaves what it has not done after a slice to another
// one: More says so.
func (s *Service) drainSome(ctx context.Context, scope tenant.Scope) (DrainReport, error) {
	return s.drain(ctx, scope, (*draining).run, s.deps.Now().Add(drainSlice))
}

// drainFirst brings documents that were just stored into the index before all
// that wait there, and leaves these to another Drain: More says whether there is
// any. What cannot be embedded within a slice is found by words.
func (s *Service) drainFirst(ctx context.Context, scope tenant.Scope, docs []ports.PendingDocument) (DrainReport, error) {
	first := func(d *draining, ctx context.Context) error { return d.first(ctx, docs) }
	return s.drain(ctx, scope, first, s.deps.Now().Add(drainSlice))
}

func (s *Service) drain(ctx context.Context, scope tenant.Scope, do func(*draining, context.Context) error, until time.Time) (DrainReport, error) {
	if err := scope.Valid(); err != nil {
		return DrainReport{}, err
	}
	d := draining{Service: s, scope: scope, until: until}
	defer d.yield(ctx)
	err := do(&d, ctx)
	if err == nil {
		err = d.tell(ctx)
	}
	if err != nil {
		return d.report, fmt.Errorf("drain: %w", err)
	}
	return d.report, nil
}

// draining is one run of Drain.
type draining struct {
	*Service
	scope  tenant.Scope
	until  time.Time // when to leave what the searched generation lacks to the next Drain; zero: never
	few    bool      // it looks at some documents only, and does not know how the others are
	report DrainReport
	lease  *lease // nil until something is to be embedded
}

// moves is how often the generations may change under one Drain.
const moves = 4

func (d *draining) run(ctx context.Context) error {
	if err := d.settled(ctx, d.follow); err != nil {
		return err
	}
	return d.sweep(ctx)
}

// settled does something with the site's generations, and once more if they
// change under it.
func (d *draining) settled(ctx context.Context, do func(context.Context, retrieval.Generations) error) error {
	for left := moves; ; left-- {
		g, err := d.generations(ctx)
		if err != nil {
			return err
		}
		if err = do(ctx, g); errors.Is(err, errMoved) && left > 0 {
			continue
		}
		return err
	}
}

// first brings docs into the generation that is searched, whatever else waits.
func (d *draining) first(ctx context.Context, docs []ports.PendingDocument) error {
	d.few = true
	return d.settled(ctx, func(ctx context.Context, g retrieval.Generations) error {
		served := d.pass(g.Served)
		served.until = d.until
		page, err := served.page(ctx, docs)
		if err != nil {
			return err
		}
		page.words = served.blind()
		if err := page.index(ctx); err != nil {
			return err
		}
		if !page.words {
			if err := page.putRest(ctx); err != nil {
				return err
			}
		}
		d.note(served)
		others, err := served.pending(ctx, retrieval.Stage{Generation: g.Served.No, Words: true}, 1)
		if err != nil {
			return err
		}
		d.report.More = served.cut || len(others) > 0 || g.Building.No != 0
		return d.count(ctx, served)
	})
}

// follow brings the generations of g after the store.
func (d *draining) follow(ctx context.Context, g retrieval.Generations) error {
	served := d.pass(g.Served)
	served.until = d.until
	if err := served.fill(ctx); err != nil {
		return err
	}
	if served.stopped() || served.blind() {
		if err := served.byWords(ctx); err != nil {
			return err
		}
	}
	d.note(served)
	switch {
	case served.cut:
		d.report.More = true
	case g.Building.No != 0:
		if err := d.build(ctx, g); err != nil {
			return err
		}
	}
	return d.count(ctx, served)
}

// count counts what waits for its vectors, if anything does.
func (d *draining) count(ctx context.Context, served *pass) error {
	if d.report.Paused == nil && !d.report.Busy && !served.blind() {
		return nil
	}
	n, err := d.deps.Inventory.Tally(ctx, d.scope)
	if err != nil {
		return fmt.Errorf("count what waits: %w", err)
	}
	d.report.Waiting = max(n.Waiting, n.Unbuilt)
	return nil
}

// build goes on with the generation that is built, and switches to it when it
// is complete. A limit that stops the one stops the other.
func (d *draining) build(ctx context.Context, g retrieval.Generations) error {
	p := d.pass(g.Building)
	p.building = true
	if p.blind() || errors.Is(d.report.Paused, usage.ErrLimitExceeded) {
		return nil
	}
	switch g.Building.Model {
	case g.Served.Model:
		p.from = &g.Served.No
	case g.Former.Model:
		if g.Former.No != 0 {
			p.from = &g.Former.No
		}
	}
	p.until = d.deps.Now().Add(buildSlice)
	if err := p.fill(ctx); err != nil {
		return err
	}
	if p.stopped() {
		d.note(p)
		return nil
	}
	if p.cut {
		d.report.More = true
		return nil
	}
	_, err := d.deps.Generations.Switch(ctx, d.scope, g.Building.No, d.deps.Now())
	switch {
	case errors.Is(err, ports.ErrConflict):
		d.report.More = true // something has changed meanwhile
		return nil
	case err != nil:
		return fmt.Errorf("switch to generation %d of the index: %w", g.Building.No, err)
	}
	d.report.Switched = true
	d.report.Paused, d.report.ResumeAt = nil, time.Time{} // what waited for the old model does no more
	d.publish(ctx, Switched{Generation: g.Building})
	return nil
}

// buildSlice is how long a Drain builds before it returns.
const buildSlice = time.Second

// note keeps why a pass has paused.
func (d *draining) note(p *pass) {
	switch {
	case p.paused == nil:
	case errors.Is(p.paused, errBusy):
		d.report.Busy = true
	default:
		d.report.Paused, d.report.ResumeAt = p.paused, d.resumeAt(p)
	}
}

func (d *draining) resumeAt(p *pass) time.Time {
	if limit, ok := errors.AsType[*usage.LimitError](p.paused); ok {
		return limit.ResetAt
	}
	wait, _ := p.alone()
	return wait.until
}

// tell says that embedding has paused, or that it has not.
func (d *draining) tell(ctx context.Context) error {
	if d.report.Paused != nil {
		d.publish(ctx, Paused{Err: d.report.Paused, ResumeAt: d.report.ResumeAt})
	}
	if d.deps.Health == nil {
		return nil
	}
	if d.report.Paused == nil {
		if d.few || d.calm(d.scope) {
			return nil // it was said already, or is not known
		}
		if err := d.deps.Health.Clear(ctx, d.scope, ingestion.EmbeddingPaused, ""); err != nil {
			return fmt.Errorf("clear that embedding has paused: %w", err)
		}
		d.setCalm(d.scope, true)
		return nil
	}
	d.setCalm(d.scope, false)
	now := d.deps.Now()
	f := ingestion.Finding{Kind: ingestion.EmbeddingPaused, Detail: pauseDetail(d.report), First: now, Last: now}
	if err := d.deps.Health.Raise(ctx, d.scope, f); err != nil {
		return fmt.Errorf("tell that embedding has paused: %w", err)
	}
	return nil
}

// pauseDetail says why embedding has paused and what to do, in words of our own:
// a provider's may hold anything.
func pauseDetail(r DrainReport) string {
	var limit *usage.LimitError
	var license *usage.LicenseError
	var model *ports.ModelError
	why := "the embedding model cannot be called: see the log"
	switch {
	case errors.As(r.Paused, &limit):
		why = "the day's embedding tokens are spent"
	case errors.As(r.Paused, &license):
		why = "the license admits nothing now"
	case errors.As(r.Paused, &model):
		why = fmt.Sprintf("the embedding model's provider answers %s (status %d): check its key, its quota and the model's name", model.Kind, model.Status)
	}
	when := "as soon as it can be"
	if !r.ResumeAt.IsZero() {
		when = "at " + r.ResumeAt.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("%d documents are found by words only: %s. It goes on by itself %s.", r.Waiting, why, when)
}

func (d *draining) publish(ctx context.Context, e ports.Event) {
	if d.deps.Events != nil {
		d.deps.Events.Publish(ctx, d.scope, e)
	}
}
