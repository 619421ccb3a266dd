package ingesting

import (
	"context"
	"errors"
	"fmt"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// Bounds of what is stored at once: a durable store takes about as long for a
// group as for one document, and other writers wait for it.
const (
	groupSize  = 50
	groupBytes = 4 << 20 // as they came

	variationBytes = 256 // about what one takes
)

// weight returns how large a change is, more or less.
func weight(c catalog.Change) int {
	switch {
	case c.Product != nil:
		return len(c.Product.Short) + len(c.Product.Description) + variationBytes*len(c.Product.Variations)
	case c.Page != nil:
		return len(c.Page.HTML)
	case c.FAQ != nil:
		return len(c.FAQ.Answer)
	}
	return 0
}

// incoming is a change on its way into the store.
type incoming struct {
	change   catalog.Change
	document ports.PendingDocument
	rejected *catalog.Rejected // then there is no document
}

// flush stores and counts the changes that were taken. It is called before a
// position is saved, and at the end.
func (r *importing) flush(ctx context.Context) error {
	group := r.group
	r.group, r.weight = nil, 0
	if err := r.prepare(ctx, group); err != nil {
		return err
	}
	changed, err := r.store(ctx, group)
	if err != nil {
		return err
	}
	for i, t := range group {
		if t.rejected != nil {
			_, err := r.reject(ctx, r.scope, r.name, *t.rejected, readAt(t.change, r.opts))
			if err != nil && !errors.Is(err, ports.ErrInvalid) { // which it takes of others
				return err
			}
		}
		r.count(t, changed[i])
	}
	return nil
}

// prepare makes documents of a group: HTML to text, text to chunks that are
// counted in tokens, which is what takes the most of an import's time, and so it
// is done on all processors.
func (r *importing) prepare(ctx context.Context, group []incoming) error {
	if len(group) == 0 {
		return nil
	}
	c, err := r.chunkingOf(ctx, r.scope)
	if err != nil {
		return err
	}
	return onAll(len(group), func(i int) error {
		if group[i].rejected != nil {
			return nil
		}
		return r.prepareOne(&group[i], c)
	})
}

// prepareOne makes a document of a change, or says why there can be none.
func (r *importing) prepareOne(in *incoming, c retrieval.Chunking) error {
	err := guarded(func() error {
		doc, err := r.document(r.name, in.change, r.opts)
		if err == nil {
			in.document = r.chunked(doc, c)
		}
		return err
	})
	if unreadable(err) || errors.Is(err, errPanic) {
		in.rejected = rejectedBecause(in.change, err)
		return nil
	}
	return err
}

// store stores a group, and returns which of it has changed anything. What the
// store does not take while it takes others is rejected; if it takes none, the
// fault is ours, and it is an error.
func (r *importing) store(ctx context.Context, group []incoming) ([]bool, error) {
	changed := make([]bool, len(group))
	var docs []ports.PendingDocument
	var at []int
	for i, t := range group {
		if t.rejected == nil {
			docs, at = append(docs, t.document), append(at, i)
		}
	}
	if r.deps.Batches != nil && len(docs) > 1 {
		all, err := r.deps.Batches.PutAll(ctx, r.scope, docs)
		if err == nil {
			for j, i := range at {
				changed[i] = all[j]
			}
			return changed, nil
		}
		if !errors.Is(err, ports.ErrInvalid) {
			return nil, &storeError{fmt.Errorf("store %d documents: %w", len(docs), err)}
		}
		// One by one, to find the one that the store does not take.
	}
	var refused []error
	for j, i := range at {
		var err error
		changed[i], err = r.putChunks(ctx, r.scope, docs[j].Document, docs[j].Chunks)
		switch {
		case errors.Is(err, ports.ErrInvalid):
			refused = append(refused, err)
			group[i].rejected = rejectedBecause(group[i].change, err)
		case err != nil:
			return nil, err
		}
	}
	if len(refused) > 0 && len(refused) == len(docs) {
		return nil, errors.Join(refused...)
	}
	return changed, nil
}

// count counts what came of one change.
func (r *importing) count(t incoming, changed bool) {
	p := &r.report.Progress
	p.Seen++
	switch {
	case t.rejected != nil:
		p.Rejected++
		if len(r.report.Rejects) < r.opts.Rejects {
			r.report.Rejects = append(r.report.Rejects, *t.rejected)
		}
	case changed:
		p.Changed++
	default:
		p.Unchanged++
	}
	switch {
	case t.rejected != nil:
	case t.change.Deleted != nil && changed:
		p.Removed++
	case t.change.Deleted == nil && !shown(t.change):
		p.Hidden++
	}
	if r.applied != nil {
		r.applied(t.change, changed, t.rejected)
	}
	r.progress()
}
