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
	AsOf time.Time
	// Read is when whoever asked for what has changed did so: what was read
	// earlier never replaces what was read later. A catalog.Change that says
	// when it was read knows better. The zero time is now, which for an Import
	// is its beginning.
	Read   time.Time
	Locale string // of the texts, BCP 47; "" for the site's
	// Batch is the number of changes after which the position is saved; 0 for
	// 200.
	Batch int
	// Rejects is the number of rejected things that the report lists; 0 for
	// 100.
	Rejects int
	// Wait, if not nil, is asked when the source fails with an error that matches
	// ports.ErrUnavailable: it returns nil when it has waited and reading is to go
	// on from there, or the error to end with.
	Wait func(ctx context.Context, err error) error
	// Progress, if not nil, is called for each change that was stored, one call at
	// a time.
	Progress func(Progress)

	told *told // nil: the source was asked
}

// told is when what the shop said without being asked was changed there.
type told struct{ modified time.Time }

// Progress counts what an Import has read so far. Seen is the sum of Changed,
// Unchanged and Rejected.
type Progress struct {
	Seen      int
	Changed   int // stored, because it was new or not the same
	Unchanged int
	Rejected  int // could not be read as a whole; see Import
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
// unchanged. Things that cannot be read are listed in the report, and what was
// stored of them before stays as it is, but for what the shop hides and for prices
// that may be others by now.
//
// If the source or the store fails, Import returns what was done so far and the
// error, and the next call goes on from there if the source was away, else from
// the last batch; nothing is taken out of sight then. Errors: those of source.Changes, of the store, and that of ctx.
func (s *Service) Import(ctx context.Context, scope tenant.Scope, name string, source ports.DocumentSource, o Options) (Report, error) {
	if err := scope.Valid(); err != nil {
		return Report{}, err
	}
	if name == "" {
		return Report{}, fmt.Errorf("%w: a source needs a name", ports.ErrInvalid)
	}
	run := s.importing(scope, name, source, s.defaults(o))
	_, err := run.run(ctx)
	return run.report, err
}

func (s *Service) defaults(o Options) Options {
	if o.Batch <= 0 {
		o.Batch = 200
	}
	if o.Rejects <= 0 {
		o.Rejects = 100
	}
	if o.Read.IsZero() {
		o.Read = s.deps.Now()
	}
	return o
}

func (s *Service) importing(scope tenant.Scope, name string, source ports.DocumentSource, o Options) *importing {
	return &importing{Service: s, scope: scope, name: name, source: source, opts: o, removes: true, found: found{documents: map[retrieval.DocumentID]struct{}{}, rejected: map[string]struct{}{}}}
}

// run reads the source to its end, or for as long as enough says, and reports
// whether it came to the end.
func (r *importing) run(ctx context.Context) (done bool, err error) {
	done, err = r.read(ctx)
	if err == nil && !done {
		return false, nil
	}
	switch {
	case err != nil || !r.opts.Full:
	case r.removes:
		err = r.remove(ctx)
	case r.last != nil:
		err = r.last(ctx)
	}
	if err == nil {
		err = r.save(ctx, positionDone)
	}
	if err != nil {
		return false, fmt.Errorf("import %s: %w", r.name, err)
	}
	if r.deps.Events != nil {
		r.deps.Events.Publish(ctx, r.scope, Imported{Source: r.name, Counts: r.report.Progress, Resumed: r.report.Resumed})
	}
	return true, nil
}

// importing is one run of Import.
type importing struct {
	*Service
	scope  tenant.Scope
	name   string
	source ports.DocumentSource
	opts   Options

	// removes is set if what a Full source has no longer is taken out of sight;
	// then what it has is remembered.
	removes bool
	// last, if not nil, is what a Full reading does at its end instead.
	last func(context.Context) error
	// believes is set if a source that has nothing is believed: a shop's API says
	// so in words, while a file may just be empty.
	believes bool
	// enough, if not nil, is asked after each batch whether to end there and go
	// on another time.
	enough func() bool
	// applied, if not nil, is told what came of each change.
	applied func(c catalog.Change, changed bool, rejected *catalog.Rejected)

	report     Report
	group      []incoming // not stored yet
	weight     int        // bytes of its texts
	cursor     catalog.Cursor
	unfinished bool // a Full reading was begun before and has not ended
	found      found
	whole      bool // found holds all that the source has
	questions  questions
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

// mark says where a batch ends: what was read of a source that is not Full need
// not be read again if somebody asks for a Full one.
func (r *importing) mark() string {
	if r.opts.Full || r.unfinished {
		return positionRunning
	}
	return positionDone
}

// read reads the source in batches, to its end unless that is enough before.
func (r *importing) read(ctx context.Context) (done bool, err error) {
	stored, err := r.deps.Cursors.Cursor(ctx, r.scope, r.name)
	if err != nil {
		return false, fmt.Errorf("read the position: %w", err)
	}
	if rest, ok := strings.CutPrefix(string(stored), positionRunning); ok {
		r.cursor, r.unfinished = catalog.Cursor(rest), true
	} else if rest, ok := strings.CutPrefix(string(stored), positionDone); ok && !r.opts.Full {
		r.cursor = catalog.Cursor(rest)
	}
	r.report.Resumed = r.cursor != ""
	for {
		r.whole = r.whole || r.cursor == ""
		inBatch := 0
		var ours error // in the middle of what the source says
		next, err := r.source.Changes(ctx, r.scope, r.cursor, func(c catalog.Change) error {
			// A page's questions are of its batch, for the position is between pages.
			if inBatch >= r.opts.Batch && !r.questions.has(c) {
				return errBatch
			}
			inBatch++
			ours = r.change(ctx, c)
			return ours
		})
		switch {
		case ours != nil:
			// What was taken is not stored: the position stays before it, wherever
			// the source is, and whatever the store's error looks like.
			return false, err
		case errors.Is(err, errBatch):
			r.cursor = next
			if err := r.endBatch(ctx, r.mark()); err != nil {
				return false, err
			}
			if r.enough != nil && r.enough() {
				return false, nil
			}
		case errors.Is(err, ports.ErrInvalid) && r.cursor != "" && inBatch == 0 && !ofShop(err):
			// A position that the source does not know any more; if the source
			// itself cannot be read, it will say so again.
			r.cursor, r.report.Resumed = "", false
		case errors.Is(err, ports.ErrUnavailable) && r.opts.Wait != nil:
			r.cursor = next
			// It may be long: what came before is not to wait for it.
			if err := r.flush(ctx); err != nil {
				return false, err
			}
			if err := r.opts.Wait(ctx, err); err != nil {
				return false, err
			}
		case errors.Is(err, ports.ErrUnavailable) && next != r.cursor && inBatch > 0:
			// The source is away: what it said before need not be asked again.
			r.cursor = next
			return false, errors.Join(err, r.endBatch(ctx, r.mark()))
		case err != nil && ctx.Err() == nil:
			return false, errors.Join(err, r.flush(ctx))
		case err != nil:
			return false, err
		default:
			r.cursor = next
			return true, r.endGroup(ctx)
		}
	}
}

// endBatch saves the position. The questions of a page are looked after first:
// nobody would come back for them.
func (r *importing) endBatch(ctx context.Context, mark string) error {
	if err := r.endGroup(ctx); err != nil {
		return err
	}
	return r.save(ctx, mark)
}

// endGroup stores what was taken, and takes out what the last page does not
// answer any more.
func (r *importing) endGroup(ctx context.Context) error {
	if err := r.flush(ctx); err != nil {
		return err
	}
	return r.takeOutQuestions(ctx)
}

// ofShop reports whether err is an answer of the shop, and so says nothing of a
// position.
func ofShop(err error) bool {
	_, ok := errors.AsType[*ports.ShopError](err)
	return ok
}

// change takes one change. It is stored and counted with the others of its
// group: see flush.
func (r *importing) change(ctx context.Context, c catalog.Change) error {
	if r.removes {
		r.found.add(c)
	}
	if err := r.question(ctx, c); err != nil {
		return err
	}
	r.group = append(r.group, incoming{change: c, rejected: c.Rejected})
	r.weight += weight(c)
	if r.deps.Batches == nil || len(r.group) >= groupSize || r.weight >= groupBytes {
		return r.flush(ctx)
	}
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
		rejected.ID, rejected.Where, rejected.Known = c.Product.ID, "product "+c.Product.ID, c.Product
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
	case len(r.found.documents) == 0 && !r.believes:
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
			if err := r.takeOut(ctx, st); err != nil {
				return err
			}
		}
		if len(states) < page {
			return nil
		}
	}
}
