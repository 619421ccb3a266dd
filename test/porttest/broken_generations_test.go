package porttest_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

type beginFunc func(context.Context, tenant.Scope, retrieval.Rebuild) (retrieval.Generations, error)

// noteAll notes that a generation holds all that it lacks, whether it does or not.
func noteAll(ctx context.Context, b *badDocs, s tenant.Scope, no int64) error {
	at := retrieval.Stage{Generation: no}
	list, err := b.good.Pending(ctx, s, at, 1000)
	var refs []retrieval.DocumentRef
	for _, p := range list {
		refs = append(refs, retrieval.DocumentRef{ID: p.Document.ID, Revision: p.Document.Revision})
	}
	return errors.Join(err, b.good.Indexed(ctx, s, at, refs))
}

var brokenGenerations = []brokenDocs{
	{"a new model is searched before it is built", porttest.Generations, "behind", func(b *badDocs) {
		b.begin = func(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
			g, err := b.good.Begin(ctx, s, r)
			if err == nil && g.Building.No != 0 {
				if err := noteAll(ctx, b, s, g.Building.No); err != nil {
					return g, err
				}
				return b.good.Switch(ctx, s, g.Building.No, r.At)
			}
			return g, err
		}
	}},
	{"a new site waits for a generation to be built", porttest.Generations, "first", func(b *badDocs) {
		b.begin = func(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
			g, err := b.good.Begin(ctx, s, r)
			return retrieval.Generations{Building: g.Served}, err
		}
	}},
	{"hidden documents are pending in what is built", porttest.Generations, "behind", func(b *badDocs) {
		b.pending = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, limit int) ([]ports.PendingDocument, error) {
			list, err := b.good.Pending(ctx, s, at, limit)
			states, serr := b.good.States(ctx, s, "", 1000)
			g, gerr := b.good.GenerationsOf(ctx, s)
			for _, st := range states {
				if !st.Shown && at.Generation == g.Building.No && at.Generation != 0 {
					list = append(list, ports.PendingDocument{Document: retrieval.Document{ID: st.ID, Revision: st.Revision}})
				}
			}
			return list[:min(len(list), limit)], errors.Join(err, serr, gerr)
		}
	}},
	{"one note counts for both generations", porttest.Generations, "behind", func(b *badDocs) {
		b.indexed = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, done []retrieval.DocumentRef) error {
			g, err := b.good.GenerationsOf(ctx, s)
			if err == nil && g.Building.No != 0 && g.Has(at.Generation) {
				err = b.good.Indexed(ctx, s, retrieval.Stage{Generation: g.Building.No}, done)
			}
			return errors.Join(err, b.good.Indexed(ctx, s, at, done))
		}
	}},
	{"what changes is not pending in what is built", porttest.Generations, "behind", func(b *badDocs) {
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			ok, err := b.good.Put(ctx, s, d, chunks)
			if g, gerr := b.good.GenerationsOf(ctx, s); gerr == nil && g.Building.No != 0 {
				at := retrieval.Stage{Generation: g.Building.No}
				return ok, errors.Join(err, b.good.Indexed(ctx, s, at, []retrieval.DocumentRef{{ID: d.ID, Revision: d.Revision}}))
			}
			return ok, err
		}
	}},
	{"Switch waits for nobody", porttest.Generations, "switch", func(b *badDocs) {
		b.swap = func(ctx context.Context, s tenant.Scope, no int64, at time.Time) (retrieval.Generations, error) {
			if g, err := b.good.GenerationsOf(ctx, s); err == nil && g.Building.No == no && no != 0 {
				if err := noteAll(ctx, b, s, no); err != nil {
					return g, err
				}
			}
			return b.good.Switch(ctx, s, no, at)
		}
	}},
	{"Switch goes to whatever is built", porttest.Generations, "switch", func(b *badDocs) {
		b.swap = func(ctx context.Context, s tenant.Scope, no int64, at time.Time) (retrieval.Generations, error) {
			g, err := b.good.GenerationsOf(ctx, s)
			if err == nil && g.Building.No != 0 && no != g.Served.No {
				no = g.Building.No
			}
			got, serr := b.good.Switch(ctx, s, no, at)
			return got, errors.Join(err, serr)
		}
	}},
	{"Switch cannot be repeated", porttest.Generations, "switch", func(b *badDocs) {
		b.swap = func(ctx context.Context, s tenant.Scope, no int64, at time.Time) (retrieval.Generations, error) {
			if g, err := b.good.GenerationsOf(ctx, s); err != nil || g.Served.No == no {
				return g, errors.Join(err, ports.ErrConflict)
			}
			return b.good.Switch(ctx, s, no, at)
		}
	}},
	{"Switch leaves what waited for the old one", porttest.Generations, "switch", func(b *badDocs) {
		var left remembered[int]
		b.swap = func(ctx context.Context, s tenant.Scope, no int64, at time.Time) (retrieval.Generations, error) {
			before, err := b.good.Tally(ctx, s)
			g, serr := b.good.Switch(ctx, s, no, at)
			if serr == nil {
				left.note(string(s.Site), before.Waiting)
			}
			return g, errors.Join(err, serr)
		}
		b.tally = func(ctx context.Context, s tenant.Scope) (retrieval.Tally, error) {
			n, err := b.good.Tally(ctx, s)
			n.Waiting += left.of(string(s.Site), 0)
			return n, err
		}
	}},
	{"the retired generation is still noted", porttest.Generations, "switch", func(b *badDocs) {
		b.indexed = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, done []retrieval.DocumentRef) error {
			if err := b.good.Indexed(ctx, s, at, done); !errors.Is(err, ports.ErrConflict) {
				return err
			}
			return nil
		}
	}},
	{"what is built is not given up", porttest.Generations, "given up", func(b *badDocs) {
		b.begin = func(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
			if g, err := b.good.GenerationsOf(ctx, s); err == nil && g.Building.No != 0 && r.Model == g.Served.Model && !r.Anew {
				return g, nil
			}
			return b.good.Begin(ctx, s, r)
		}
	}},
	{"numbers are used again", porttest.Generations, "given up", func(b *badDocs) {
		renumber := func(g retrieval.Generations, err error) (retrieval.Generations, error) {
			if g.Building.No != 0 {
				g.Building.No = g.Served.No + 1
			}
			return g, err
		}
		b.begin = func(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
			return renumber(b.good.Begin(ctx, s, r))
		}
		b.of = func(ctx context.Context, s tenant.Scope) (retrieval.Generations, error) {
			return renumber(b.good.GenerationsOf(ctx, s))
		}
	}},
	{"one model is one generation", porttest.Generations, "anew", func(b *badDocs) {
		b.begin = func(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
			r.Anew = false
			return b.good.Begin(ctx, s, r)
		}
	}},
	{"what was retired just now is listed", porttest.Generations, "retired", func(b *badDocs) {
		b.retired = func(ctx context.Context, s tenant.Scope, _ time.Time) ([]int64, error) {
			return b.good.Retired(ctx, s, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))
		}
	}},
	{"nothing is forgotten", porttest.Generations, "retired", func(b *badDocs) {
		b.forget = func(ctx context.Context, _ tenant.Scope, _ int64) error { return ctx.Err() }
	}},
	{"what was searched is retired at once", porttest.Generations, "retired", func(b *badDocs) {
		b.retired = func(ctx context.Context, s tenant.Scope, before time.Time) ([]int64, error) {
			list, err := b.good.Retired(ctx, s, before)
			if g, gerr := b.good.GenerationsOf(ctx, s); gerr == nil && g.Former.No != 0 {
				list = append(list, g.Former.No)
				slices.Sort(list)
			}
			return list, err
		}
	}},
	{"the former one is kept for ever", porttest.Generations, "retired", func(b *badDocs) {
		b.expire = func(ctx context.Context, _ tenant.Scope, _, _ time.Time) error { return ctx.Err() }
	}},
	{"the former one expires at once", porttest.Generations, "retired", func(b *badDocs) {
		b.expire = func(ctx context.Context, s tenant.Scope, _, at time.Time) error {
			return b.good.Expire(ctx, s, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), at)
		}
	}},
	{"what expires was retired when it began to be kept", porttest.Generations, "retired", func(b *badDocs) {
		b.expire = func(ctx context.Context, s tenant.Scope, before, _ time.Time) error {
			return b.good.Expire(ctx, s, before, before.Add(-time.Hour))
		}
	}},
	{"nobody goes back", porttest.Generations, "back", func(b *badDocs) {
		b.begin = func(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
			if r.Back {
				return b.good.GenerationsOf(ctx, s)
			}
			return b.good.Begin(ctx, s, r)
		}
	}},
	{"the former one is as it was", porttest.Generations, "back", func(b *badDocs) {
		b.begin = func(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
			g, err := b.good.Begin(ctx, s, r)
			if err == nil && r.Back && g.Building.No != 0 {
				err = noteAll(ctx, b, s, g.Building.No)
			}
			return g, err
		}
	}},
	{"what was hidden meanwhile stays in the former one", porttest.Generations, "back", func(b *badDocs) {
		b.pending = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, limit int) ([]ports.PendingDocument, error) {
			list, err := b.good.Pending(ctx, s, at, limit)
			if g, gerr := b.good.GenerationsOf(ctx, s); gerr == nil && g.Pinned && at.Generation == g.Building.No {
				list = slices.DeleteFunc(list, func(p ports.PendingDocument) bool { return !p.Document.Shown })
			}
			return list, err
		}
	}},
	{"the former one is made anew", porttest.Generations, "back", func(b *badDocs) {
		b.pending = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, limit int) ([]ports.PendingDocument, error) {
			list, err := b.good.Pending(ctx, s, at, limit)
			if g, gerr := b.good.GenerationsOf(ctx, s); gerr == nil && g.Pinned && at.Generation == g.Building.No {
				all, serr := b.good.Stored(ctx, s, []retrieval.DocumentID{"page:5"})
				for _, d := range all {
					list = append(list, ports.PendingDocument{Document: d, Chunks: make([]retrieval.Chunk, 1)})
				}
				err = errors.Join(err, serr)
			}
			return list, err
		}
	}},
	{"a site that went back goes forward by itself", porttest.Generations, "back", func(b *badDocs) {
		b.begin = func(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
			if g, err := b.good.GenerationsOf(ctx, s); err == nil && g.Pinned && g.Head().Model != r.Model {
				r.Anew = !r.Back
			}
			return b.good.Begin(ctx, s, r)
		}
	}},
	{"a site that went back is never free again", porttest.Generations, "back", func(b *badDocs) {
		pin := func(g retrieval.Generations, err error) (retrieval.Generations, error) {
			g.Pinned = g.Pinned || g.Former.No > g.Served.No
			return g, err
		}
		b.begin = func(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
			return pin(b.good.Begin(ctx, s, r))
		}
		b.of = func(ctx context.Context, s tenant.Scope) (retrieval.Generations, error) {
			return pin(b.good.GenerationsOf(ctx, s))
		}
	}},
	{"Switch looks first and writes then", porttest.Generations, "change or switch", func(b *badDocs) {
		var puts remembered[string]
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			ok, err := b.good.Put(ctx, s, d, chunks)
			puts.set("", d.Revision)
			return ok, err
		}
		b.swap = func(ctx context.Context, s tenant.Scope, no int64, at time.Time) (retrieval.Generations, error) {
			list, err := b.good.Pending(ctx, s, retrieval.Stage{Generation: no}, 1)
			if err != nil || len(list) > 0 {
				return b.good.Switch(ctx, s, no, at)
			}
			now := puts.of("", "")
			waitFor(func() bool { return puts.of("", "") != now })
			if err := noteAll(ctx, b, s, no); err != nil {
				return retrieval.Generations{}, err
			}
			return b.good.Switch(ctx, s, no, at)
		}
	}},
	{"each who asks begins one", porttest.Generations, "together", func(b *badDocs) {
		b.begin = func(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
			g, err := b.good.GenerationsOf(ctx, s)
			if err != nil || g.Head().Model == r.Model {
				return g, err
			}
			n := g.Head().No
			waitFor(func() bool {
				now, err := b.good.GenerationsOf(ctx, s)
				return err != nil || now.Head().No != n
			})
			r.Anew = true
			return b.good.Begin(ctx, s, r)
		}
	}},
	{"a tenant's sites have one generation", porttest.Generations, "isolation", func(b *badDocs) {
		wide := tenantWide()
		b.of = func(ctx context.Context, s tenant.Scope) (retrieval.Generations, error) {
			return b.good.GenerationsOf(ctx, wide(s))
		}
		b.begin = func(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
			return b.good.Begin(ctx, wide(s), r)
		}
	}},
	{"Forget asks not whose it is", porttest.Generations, "isolation", func(b *badDocs) {
		var all remembered[[]tenant.Scope]
		b.begin = func(begin beginFunc) beginFunc {
			return func(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
				if s.Valid() == nil {
					all.set("", append(slices.Clone(all.of("", nil)), s))
				}
				return begin(ctx, s, r)
			}
		}(b.begin)
		b.forget = func(ctx context.Context, s tenant.Scope, no int64) error {
			for _, o := range all.of("", nil) {
				if err := b.good.Forget(ctx, o, no); err != nil {
					return err
				}
			}
			return b.good.Forget(ctx, s, no)
		}
	}},
	{"a done context does not end the call", porttest.Generations, "done context", func(b *badDocs) {
		b.begin = func(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
			return b.good.Begin(context.WithoutCancel(ctx), s, r)
		}
	}},
	{"the first model that was wanted stays", porttest.IndexModel, "model", func(b *badDocs) {
		b.want = func(ctx context.Context, model string) error {
			if w, err := b.good.Wanted(ctx); err != nil || w.Model != nil {
				return err
			}
			return b.good.WantModel(ctx, model)
		}
	}},
	{"no model is the same as none noted", porttest.IndexModel, "model", func(b *badDocs) {
		b.wanted = func(ctx context.Context) (retrieval.Wanted, error) {
			w, err := b.good.Wanted(ctx)
			if w.Model != nil && *w.Model == "" {
				w.Model = nil
			}
			return w, err
		}
	}},
	{"the default chunking is the same as none noted", porttest.IndexModel, "chunking", func(b *badDocs) {
		b.wanted = func(ctx context.Context) (retrieval.Wanted, error) {
			w, err := b.good.Wanted(ctx)
			if w.Chunking != nil && *w.Chunking == (retrieval.Chunking{}) {
				w.Chunking = nil
			}
			return w, err
		}
	}},
	{"to note the model forgets the chunking", porttest.IndexModel, "chunking", func(b *badDocs) {
		b.want = func(ctx context.Context, model string) error {
			return errors.Join(b.good.WantModel(ctx, model), b.good.WantChunking(ctx, retrieval.Chunking{}))
		}
	}},
}
