package ingesting

import (
	"context"
	"errors"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/retrieval"
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
	var outcomes []ingestion.Outcome
	reasons := taken{}
	for _, j := range jobs {
		if err := known.failed[j.Object.ID]; err != nil {
			out, err := r.gaveUp(ctx, j, err)
			if err != nil {
				return err
			}
			outcomes = append(outcomes, out)
			continue
		}
		var rejected string
		err := guarded(func() (err error) {
			if shop != nil {
				rejected, err = r.apply(ctx, known.changes[j.Object.ID], nil)
			} else {
				rejected, err = r.payload(ctx, j)
			}
			return err
		})
		if errors.Is(err, errPanic) || errors.Is(err, ports.ErrInvalid) { // of the store: it takes this one never
			out, err := r.gaveUp(ctx, j, err)
			if err != nil {
				return err
			}
			outcomes = append(outcomes, out)
			continue
		}
		if err != nil {
			return err
		}
		reasons[j.Object.String()] = rejected
		outcomes = append(outcomes, ingestion.Outcome{Object: j.Object, Seq: j.Seq})
	}
	if len(known.changes) > 0 {
		r.answered() // and the store has taken it
	}
	r.tell(ctx, reasons)
	report, err := r.deps.Service.drainFirst(ctx, r.scope, r.changed)
	r.drained(ctx, report, err, outcomes)
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

// gaveUp returns the outcome of a product that failed by itself. If nobody asks
// for it again, the price that is stored of it may be wrong for good, and is not
// told any more. An error is the store's.
func (r *working) gaveUp(ctx context.Context, j ingestion.Job, why error) (ingestion.Outcome, error) {
	now := r.deps.Now()
	out := ingestion.Failed(j, why.Error(), now, 0, r.deps.Rand())
	dead := out.Again.IsZero()
	r.publish(ctx, r.scope, JobFailed{Object: j.Object, Attempts: j.Attempts + 1, Dead: dead, Err: why.Error()})
	if !dead {
		return out, nil
	}
	unread := catalog.Rejected{Kind: catalog.KindProduct, ID: j.Object.ID, Reason: why.Error()}
	_, err := r.deps.Service.reject(ctx, r.scope, ShopProducts, unread, Options{Read: now})
	if errors.Is(err, ports.ErrInvalid) {
		err = nil // it takes nothing of this one
	}
	return out, err
}

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

// apply stores what a change says; by is not nil if the shop told it by itself.
// rejected says why it cannot be taken, if so; see reject. An error is the store's.
func (r *working) apply(ctx context.Context, c catalog.Change, by *told) (rejected string, err error) {
	s, o := r.deps.Service, Options{Read: c.Read, told: by}
	unread := c.Rejected
	var doc retrieval.Document
	if unread == nil {
		if doc, err = s.document(ShopProducts, c, o); err != nil {
			unread = rejectedBecause(c, err) // it is about this one product
		}
	}
	if unread != nil {
		_, err := s.reject(ctx, r.scope, ShopProducts, *unread, o)
		return unread.Reason, err
	}
	// A deletion has no date of its own, and what was taken out of the trash may
	// have an old one: the hint has that from which it counts.
	switch {
	case by != nil:
		doc.Told, doc.Updated = true, by.modified
	case c.Deleted != nil:
		doc.Updated = time.Time{}
	}
	chunks := s.chunks(doc)
	changed, err := s.putChunks(ctx, r.scope, doc, chunks)
	if changed {
		r.changed = append(r.changed, ports.PendingDocument{Document: doc, Chunks: chunks})
	}
	return "", err
}

// payload stores what the shop sent with a hint, since it cannot be asked. A hint
// without a payload is one for the parent of a variation that has changed: what a
// shopper sees of it is in the parent's page, which nobody has sent.
func (r *working) payload(ctx context.Context, j ingestion.Job) (rejected string, err error) {
	if j.Payload == nil {
		return "one of its variations has changed, or it was not sent with its webhook: connect the shop with a REST key, or import its products again", nil
	}
	c, err := DecodePayload(j.Payload)
	if err != nil {
		return err.Error(), nil //nolint:nilerr // it is about this one product
	}
	c.Read = r.deps.Now()
	return r.apply(ctx, c, &told{j.Modified})
}
