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

// arrived is what has come of a job's product.
type arrived struct {
	job    ingestion.Job
	change catalog.Change
	by     *told  // not nil: the shop told it by itself
	silent string // why nothing is known of it; then there is no change
	failed error  // it breaks whoever looks at it
}

// come returns what has come for a job: what was read of the shop, or, since it
// cannot be asked, what it sent with the hint. A hint without a payload is one for
// the parent of a variation that has changed: what a shopper sees of it is in the
// parent's page, which nobody has sent.
func (r *working) come(j ingestion.Job, read bool, known reads) arrived {
	a := arrived{job: j}
	switch {
	case read:
		a.change = known.changes[j.Object.ID]
	case j.Payload == nil:
		a.silent = "one of its variations has changed, or it was not sent with its webhook: connect the shop with a REST key, or import its products again"
	default:
		a.failed = guarded(func() error {
			c, err := DecodePayload(j.Payload)
			if err != nil {
				a.silent = err.Error()
				return nil //nolint:nilerr // it is about this one product
			}
			c.Read = r.deps.Now()
			a.change, a.by = c, &told{j.Modified}
			return nil
		})
	}
	return a
}

// storing brings the products of a batch into the store, in the order of their
// jobs, as many at once as an import does: a durable store takes about as long for
// a group as for one. Each job has its own outcome all the same.
type storing struct {
	*working
	chunking retrieval.Chunking // by which documents are cut
	group    []waiting          // to be stored next
	weight   int                // bytes of its texts

	outcomes []ingestion.Outcome
	reasons  taken
	changed  []ports.PendingDocument // products that were stored and are not the same
}

// waiting is a product that is stored with its group.
type waiting struct {
	job      ingestion.Job
	document ports.PendingDocument
}

// take stores what has come, with the next group if it can wait for it. An error
// is the store's.
func (in *storing) take(ctx context.Context, a arrived) error {
	if a.failed != nil {
		return in.gaveUp(ctx, a.job, a.failed)
	}
	if a.silent != "" {
		in.done(a.job, a.silent)
		return nil
	}
	s, o := in.deps.Service, Options{Read: a.change.Read, told: a.by}
	unread := a.change.Rejected
	var doc ports.PendingDocument
	if unread == nil {
		err := guarded(func() (err error) {
			doc, err = in.document(a, o)
			return err
		})
		if errors.Is(err, errPanic) {
			return in.gaveUp(ctx, a.job, err)
		}
		if err != nil {
			unread = rejectedBecause(a.change, err) // it is about this one product
		}
	}
	if unread == nil {
		in.group = append(in.group, waiting{a.job, doc})
		in.weight += weight(a.change)
		if s.deps.Batches == nil || len(in.group) >= groupSize || in.weight >= groupBytes {
			return in.flush(ctx)
		}
		return nil
	}
	if err := in.flush(ctx); err != nil { // what came before is stored before
		return err
	}
	err := guarded(func() error {
		_, err := s.reject(ctx, in.scope, ShopProducts, *unread, o)
		return err
	})
	if ofThisOne(err) {
		return in.gaveUp(ctx, a.job, err)
	}
	if err == nil {
		in.done(a.job, unread.Reason)
	}
	return err
}

// document makes what is stored of a product.
func (in *storing) document(a arrived, o Options) (ports.PendingDocument, error) {
	doc, err := in.deps.Service.document(ShopProducts, a.change, o)
	if err != nil {
		return ports.PendingDocument{}, err
	}
	// A deletion has no date of its own, and what was taken out of the trash may
	// have an old one: the hint has that from which it counts.
	switch {
	case a.by != nil:
		doc.Told, doc.Updated = true, a.by.modified
	case a.change.Deleted != nil:
		doc.Updated = time.Time{}
	}
	return in.deps.Service.chunked(doc, in.chunking), nil
}

// flush stores the group, at once if the store takes all of it. An error is the
// store's, and no product's.
func (in *storing) flush(ctx context.Context) error {
	group := in.group
	in.group, in.weight = nil, 0
	s := in.deps.Service
	if s.deps.Batches != nil && len(group) > 1 {
		docs := make([]ports.PendingDocument, len(group))
		for i, w := range group {
			docs[i] = w.document
		}
		var changed []bool
		err := guarded(func() (err error) {
			changed, err = s.deps.Batches.PutAll(ctx, in.scope, docs)
			return err
		})
		if err == nil {
			for i, w := range group {
				in.stored(w, changed[i])
			}
			return nil
		}
		if !ofThisOne(err) {
			return &storeError{err}
		}
		// One by one, to find the one that the store does not take.
	}
	for _, w := range group {
		var changed bool
		err := guarded(func() (err error) {
			changed, err = s.putChunks(ctx, in.scope, w.document.Document, w.document.Chunks)
			return err
		})
		switch {
		case err == nil:
			in.stored(w, changed)
		case ofThisOne(err):
			if err := in.gaveUp(ctx, w.job, err); err != nil {
				return err
			}
		default:
			return err
		}
	}
	return nil
}

// ofThisOne reports whether an error of the store is about what it was to take,
// which it takes never.
func ofThisOne(err error) bool {
	return errors.Is(err, errPanic) || errors.Is(err, ports.ErrInvalid)
}

func (in *storing) stored(w waiting, changed bool) {
	if changed {
		in.changed = append(in.changed, w.document)
	}
	in.done(w.job, "")
}

// done notes that a job is done; rejected says why nothing could be taken of it,
// if so.
func (in *storing) done(j ingestion.Job, rejected string) {
	in.reasons[j.Object.String()] = rejected
	in.outcomes = append(in.outcomes, ingestion.Outcome{Object: j.Object, Seq: j.Seq})
}

// gaveUp notes the outcome of a product that failed by itself. If nobody asks for
// it again, the price that is stored of it may be wrong for good, and is not told
// any more. An error is the store's.
func (in *storing) gaveUp(ctx context.Context, j ingestion.Job, why error) error {
	now := in.deps.Now()
	out := ingestion.Failed(j, why.Error(), now, 0, in.deps.Rand())
	dead := out.Again.IsZero()
	in.publish(ctx, in.scope, JobFailed{Object: j.Object, Attempts: j.Attempts + 1, Dead: dead, Err: why.Error()})
	in.outcomes = append(in.outcomes, out)
	if !dead {
		return nil
	}
	unread := catalog.Rejected{Kind: catalog.KindProduct, ID: j.Object.ID, Reason: why.Error()}
	_, err := in.deps.Service.reject(ctx, in.scope, ShopProducts, unread, Options{Read: now})
	if errors.Is(err, ports.ErrInvalid) {
		err = nil // it takes nothing of this one
	}
	return err
}
