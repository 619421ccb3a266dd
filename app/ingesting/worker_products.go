package ingesting

import (
	"context"
	"errors"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/ports"
)

// products brings what the jobs are about from the shop into the store and the
// index. An error is about the shop as a whole, or of our own.
func (r *working) products(ctx context.Context, jobs []ingestion.Job) error {
	shop, err := r.shop(ctx)
	if errors.Is(err, ports.ErrConflict) {
		r.postpone(jobs)
		return nil
	}
	if err != nil {
		return err
	}
	r.inHand = make(map[string]bool, len(jobs))
	for _, j := range jobs {
		r.inHand[j.Object.ID] = true
	}
	var known reads
	if shop != nil {
		if known, err = r.read(ctx, shop, jobs); err != nil {
			return err
		}
		r.reached = r.reached || len(known.changes) > 0
	}
	chunking, err := r.deps.Service.chunkingOf(ctx, r.scope)
	if err != nil {
		return err
	}
	in := storing{working: r, reasons: taken{}, chunking: chunking}
	for _, j := range jobs {
		var err error
		if why := known.failed[j.Object.ID]; why != nil {
			err = in.gaveUp(ctx, j, why)
		} else {
			err = in.take(ctx, r.come(j, shop != nil, known))
		}
		if err != nil {
			return err
		}
	}
	if err := in.flush(ctx); err != nil {
		return err
	}
	if len(known.changes) > 0 {
		r.answered() // and the store has taken it
	}
	r.tell(ctx, in.reasons)
	report, err := r.deps.Service.drainFirst(ctx, r.scope, in.changed)
	r.drained(ctx, report, err, in.outcomes)
	return nil
}

// postpone leaves products for when it is known how the shop takes its key: the
// task that looks after its webhooks finds out.
func (r *working) postpone(jobs []ingestion.Job) {
	for _, j := range jobs {
		r.outcomes = append(r.outcomes, ingestion.Outcome{Object: j.Object, Seq: j.Seq, Again: r.deps.Now().Add(unsettled)})
	}
}

// unsettled is how long a job waits for somebody who is just finding out how the
// shop is reached.
const unsettled = 10 * time.Second

// shop opens the site's shop; nil without an error if there is none to be asked.
func (r *working) shop(ctx context.Context) (ports.Shop, error) {
	if r.deps.Shops == nil {
		return nil, nil //nolint:nilnil // what the doc comment says
	}
	shop, err := r.deps.Shops.Shop(ctx, r.scope)
	if errors.Is(err, ports.ErrNotFound) {
		return nil, nil //nolint:nilnil // what the doc comment says
	}
	return shop, err
}
