package ingesting

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Options are how an Import is done. The zero value reads on where the last one
// ended.
type Options struct {
	// Full is set if the source delivers all that it has and not only what has
	// changed, as a file does: it is read from its beginning (or from where an
	// interrupted Full import ended), and what it has no longer is taken out of
	// sight.
	Full bool
	// AsOf is when the shop said what the source says, such as the time at
	// which a file was exported. It is told with prices. The zero time is now.
	AsOf   time.Time
	Locale string // of the texts, BCP 47; "" for the site's
	// Batch is the number of changes after which the position is saved; 0 for
	// 200.
	Batch int
	// Rejects is the number of rejected things that the report lists; 0 for
	// 100.
	Rejects int
	// Progress, if not nil, is called after each change, one call at a time.
	Progress func(Progress)
}

// Progress counts what an Import has read so far. Seen is the sum of Changed,
// Unchanged and Rejected.
type Progress struct {
	Seen      int
	Changed   int // stored, because it was new or not the same
	Unchanged int
	Rejected  int // could not be read; what was stored of it stays
	Hidden    int // of Changed and Unchanged: drafts and the like, not for shoppers
	Removed   int // taken out of sight: deleted, or no longer in a Full source
}

// Report says what an Import did.
type Report struct {
	Progress
	Rejects []catalog.Rejected // the first of those rejected
	Resumed bool               // it went on where an interrupted one had ended
	// Kept says why nothing was removed although the source is Full: it was
	// empty, or had rows that could not be told from those missing. "" if that
	// is not so.
	Kept string
}

// errBatch ends a batch: it never leaves the package.
var errBatch = errors.New("ingesting: the batch is full")

// Import reads source, which is known by name, and stores what it says. It may
// be called again at any time, after a crash too: what was stored is found
// unchanged. Things that cannot be read are listed in the report, and those
// that were stored of them before stay as they are.
//
// If the source or the store fails, Import returns what was done so far and the
// error, and the next call goes on from the last batch; nothing is taken out of
// sight then. Errors: those of source.Changes, of the store, and that of ctx.
func (s *Service) Import(ctx context.Context, scope tenant.Scope, name string, source ports.DocumentSource, o Options) (Report, error) {
	if err := scope.Valid(); err != nil {
		return Report{}, err
	}
	if name == "" {
		return Report{}, fmt.Errorf("%w: a source needs a name", ports.ErrInvalid)
	}
	if o.Batch <= 0 {
		o.Batch = 200
	}
	if o.Rejects <= 0 {
		o.Rejects = 100
	}
	if o.AsOf.IsZero() {
		o.AsOf = s.deps.Now()
	}
	run := importing{Service: s, scope: scope, name: name, source: source, opts: o, found: found{documents: map[retrieval.DocumentID]struct{}{}, rejected: map[string]struct{}{}}}
	err := run.read(ctx)
	if err == nil && o.Full {
		err = run.remove(ctx)
	}
	if err == nil {
		err = run.save(ctx, positionDone)
	}
	if err != nil {
		return run.report, fmt.Errorf("import %s: %w", name, err)
	}
	if s.deps.Events != nil {
		s.deps.Events.Publish(ctx, scope, Imported{Source: name, Counts: run.report.Progress, Resumed: run.report.Resumed})
	}
	return run.report, nil
}

// importing is one run of Import.
type importing struct {
	*Service
	scope  tenant.Scope
	name   string
	source ports.DocumentSource
	opts   Options

	report Report
	cursor catalog.Cursor
	found  found
	whole  bool // found holds all that the source has
}

// found is what a source has.
type found struct {
	documents map[retrieval.DocumentID]struct{}
	rejected  map[string]struct{} // ids, as the shop has them
	nameless  bool                // something was rejected and nobody knows what
}

func (f *found) add(c catalog.Change) {
	switch {
	case c.Product != nil:
		f.documents[retrieval.NewDocumentID(catalog.KindProduct, c.Product.ID)] = struct{}{}
	case c.Page != nil:
		f.documents[retrieval.NewDocumentID(catalog.KindPage, c.Page.ID)] = struct{}{}
	case c.FAQ != nil:
		f.documents[retrieval.NewDocumentID(catalog.KindFAQ, c.FAQ.ID)] = struct{}{}
	case c.Rejected != nil && c.Rejected.ID == "":
		f.nameless = true
	case c.Rejected != nil:
		f.rejected[c.Rejected.ID] = struct{}{}
	}
}

func (f *found) has(id retrieval.DocumentID) bool {
	if _, ok := f.documents[id]; ok {
		return true
	}
	_, shopID, _ := strings.Cut(string(id), ":")
	_, ok := f.rejected[shopID]
	return ok
}

// Stored positions are the source's cursor with a mark before it: whether the
// import that saved it had come to its end.
const (
	positionRunning = "1r:"
	positionDone    = "1d:"
)

func (r *importing) save(ctx context.Context, mark string) error {
	if err := r.deps.Cursors.SaveCursor(ctx, r.scope, r.name, catalog.Cursor(mark)+r.cursor); err != nil {
		return fmt.Errorf("save the position: %w", err)
	}
	return nil
}

// read reads the source to its end, in batches.
func (r *importing) read(ctx context.Context) error {
	stored, err := r.deps.Cursors.Cursor(ctx, r.scope, r.name)
	if err != nil {
		return fmt.Errorf("read the position: %w", err)
	}
	if rest, ok := strings.CutPrefix(string(stored), positionRunning); ok {
		r.cursor = catalog.Cursor(rest)
	} else if rest, ok := strings.CutPrefix(string(stored), positionDone); ok && !r.opts.Full {
		r.cursor = catalog.Cursor(rest)
	}
	r.report.Resumed = r.cursor != ""
	for {
		r.whole = r.whole || r.cursor == ""
		inBatch := 0
		next, err := r.source.Changes(ctx, r.scope, r.cursor, func(c catalog.Change) error {
			if inBatch == r.opts.Batch {
				return errBatch
			}
			inBatch++
			return r.change(ctx, c)
		})
		switch {
		case errors.Is(err, errBatch):
			r.cursor = next
			if err := r.save(ctx, positionRunning); err != nil {
				return err
			}
		case errors.Is(err, ports.ErrInvalid) && r.cursor != "" && inBatch == 0:
			// A position that the source does not know any more; if the source
			// itself cannot be read, it will say so again.
			r.cursor, r.report.Resumed = "", false
		case err != nil:
			return err
		default:
			r.cursor = next
			return nil
		}
	}
}

// change stores one change and counts it.
func (r *importing) change(ctx context.Context, c catalog.Change) error {
	r.found.add(c)
	rejected := c.Rejected
	var changed bool
	if rejected == nil {
		var err error
		changed, err = r.Apply(ctx, r.scope, r.name, c, r.opts)
		switch {
		case unreadable(err):
			rejected = rejectedBecause(c, err)
		case err != nil:
			return err
		}
	}
	p := &r.report.Progress
	p.Seen++
	switch {
	case rejected != nil:
		p.Rejected++
		if len(r.report.Rejects) < r.opts.Rejects {
			r.report.Rejects = append(r.report.Rejects, *rejected)
		}
	case changed:
		p.Changed++
	default:
		p.Unchanged++
	}
	switch {
	case rejected != nil:
	case c.Deleted != nil && changed:
		p.Removed++
	case c.Deleted == nil && !shown(c):
		p.Hidden++
	}
	r.progress()
	return nil
}

func (r *importing) progress() {
	if r.opts.Progress != nil {
		r.opts.Progress(r.report.Progress)
	}
}

func shown(c catalog.Change) bool {
	return c.Product != nil && c.Product.Shown() || c.Page != nil && c.Page.Shown() || c.FAQ != nil && c.FAQ.Shown()
}

func rejectedBecause(c catalog.Change, err error) *catalog.Rejected {
	rejected := catalog.Rejected{Reason: err.Error()}
	switch {
	case c.Product != nil:
		rejected.ID, rejected.Where = c.Product.ID, "product "+c.Product.ID
	case c.Page != nil:
		rejected.ID, rejected.Where = c.Page.ID, "page "+c.Page.ID
	case c.FAQ != nil:
		rejected.ID, rejected.Where = c.FAQ.ID, "question "+c.FAQ.ID
	case c.Deleted != nil:
		rejected.ID, rejected.Where = c.Deleted.ID, "deleted "+c.Deleted.ID
	}
	return &rejected
}

// remove takes out of sight what came from this source and is no longer in it.
func (r *importing) remove(ctx context.Context) error {
	if !r.whole {
		// This run began in the middle: what came before was seen by another.
		r.found = found{documents: map[retrieval.DocumentID]struct{}{}, rejected: map[string]struct{}{}}
		if _, err := r.source.Changes(ctx, r.scope, "", func(c catalog.Change) error { r.found.add(c); return nil }); err != nil {
			return err
		}
	}
	switch {
	case r.found.nameless:
		r.report.Kept = "some rows could not be read at all, and what is missing may be in them: mend them and import again"
		return nil
	case len(r.found.documents) == 0:
		r.report.Kept = "the source is empty, which is more likely a fault than a shop without products"
		return nil
	}
	const page = 500
	var after retrieval.DocumentID
	for {
		states, err := r.deps.Inventory.States(ctx, r.scope, after, page)
		if err != nil {
			return fmt.Errorf("list the documents: %w", err)
		}
		for _, st := range states {
			after = st.ID
			if st.Source != r.name || !st.Shown || r.found.has(st.ID) {
				continue
			}
			changed, err := r.deps.Documents.Put(ctx, r.scope, tombstone(st.ID, st.Kind, r.name, st.Title), nil)
			if err != nil {
				return fmt.Errorf("take out %s: %w", st.ID, err)
			}
			if changed {
				r.report.Removed++
				r.progress()
			}
		}
		if len(states) < page {
			return nil
		}
	}
}
