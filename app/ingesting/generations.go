package ingesting

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// errMoved says that the site's generations have changed under a Drain.
var errMoved = errors.New("the generations of the index have changed")

// moved returns errMoved for a conflict about generations.
func moved(err error) error {
	if errors.Is(err, ports.ErrConflict) {
		return fmt.Errorf("%w: %w", errMoved, err)
	}
	return err
}

// retireAfter is how long the index keeps a generation after it was retired:
// far longer than a process believes that it is searched.
const retireAfter = time.Minute

// FormerFor is how long a generation is kept after another one took its place, so
// that the site can go back to it: see Service.Rollback.
const FormerFor = 7 * 24 * time.Hour

// generations returns those of the site, after the model and the Chunking that
// are wanted were asked for if they are others and the site is not pinned.
//
// What is wanted is what a server has noted, so that processes with different
// settings do not take turns in rebuilding. Where nothing is noted, a site stays at
// what it has, and one that has nothing gets ours. Who cannot embed for the model
// begins nothing.
func (d *draining) generations(ctx context.Context) (retrieval.Generations, error) {
	if d.deps.Generations == nil {
		g := retrieval.Generations{}
		if d.deps.Embedder != nil {
			g.Served.Model = d.deps.EmbeddingModel
		}
		return g, nil
	}
	g, err := d.deps.Generations.GenerationsOf(ctx, d.scope)
	if err != nil {
		return g, fmt.Errorf("generations of the index: %w", err)
	}
	wanted, chunking, noted, err := d.wanted(ctx, d.scope, g)
	if err != nil || !noted && g.Served.No != 0 {
		return g, err
	}
	same := g.Head().Is(wanted, chunking)
	if same && !g.Pinned || !same && (g.Pinned || wanted != "" && d.embedder(wanted) == nil) {
		return g, nil
	}
	g, err = d.deps.Generations.Begin(ctx, d.scope, retrieval.Rebuild{Model: wanted, Chunking: chunking, At: d.deps.Now()})
	if err != nil {
		return g, fmt.Errorf("begin a generation of the index for %s, in chunks of %s: %w", wanted, chunking, err)
	}
	return g, nil
}

// wanted returns the model and the Chunking that the site's index is to come to:
// what servers have noted, and no model that is of no use to the site. Of what
// none has noted, a site keeps what it has, unless it is pinned to that, and a new
// one gets ours. noted is false if no server has said anything.
func (s *Service) wanted(ctx context.Context, scope tenant.Scope, g retrieval.Generations) (model string, c retrieval.Chunking, noted bool, err error) {
	w, err := s.deps.IndexModel.Wanted(ctx)
	if err != nil {
		return "", c, false, fmt.Errorf("what is wanted of the index: %w", err)
	}
	model, c = s.deps.EmbeddingModel, s.deps.Chunking
	if g.Served.No != 0 && !g.Pinned {
		model, c = g.Head().Model, g.Head().Chunking
	}
	if w.Model != nil {
		model = *w.Model
	}
	if w.Chunking != nil {
		c = *w.Chunking
	}
	if model != "" && s.deps.ModelOf != nil {
		if model, err = s.deps.ModelOf(ctx, scope, model); err != nil {
			return "", c, false, fmt.Errorf("the embedding model of the site: %w", err)
		}
	}
	return model, c, w.Model != nil || w.Chunking != nil, nil
}

// embedder returns the site's embedder for a model, nil if there is none.
func (d *draining) embedder(model string) ports.Embedder {
	if d.deps.Embedder == nil || model == "" {
		return nil
	}
	return d.deps.Embedder(d.scope, model)
}

// sweep drops the generations of which nobody asks any more.
func (d *draining) sweep(ctx context.Context) error {
	if d.deps.Generations == nil {
		return nil
	}
	now := d.deps.Now()
	if err := d.deps.RetiredGenerations.Expire(ctx, d.scope, now.Add(-FormerFor), now); err != nil {
		return fmt.Errorf("former generation of the index: %w", err)
	}
	old, err := d.deps.RetiredGenerations.Retired(ctx, d.scope, now.Add(-retireAfter))
	if err != nil {
		return fmt.Errorf("retired generations of the index: %w", err)
	}
	for _, no := range old {
		if err := d.deps.Indexer.Drop(ctx, d.scope, no); err != nil {
			return fmt.Errorf("drop generation %d of the index: %w", no, err)
		}
		if err := d.deps.RetiredGenerations.Forget(ctx, d.scope, no); err != nil {
			return fmt.Errorf("forget generation %d of the index: %w", no, err)
		}
	}
	return nil
}

// IndexStatus says how far a site's index is.
type IndexStatus struct {
	retrieval.Generations
	retrieval.Tally
}

// IndexStatus returns how far the site's index is. Of the generation that is
// built, Shown - Unbuilt documents are there.
func (s *Service) IndexStatus(ctx context.Context, scope tenant.Scope) (IndexStatus, error) {
	var st IndexStatus
	var err error
	if s.deps.Generations != nil {
		if st.Generations, err = s.deps.Generations.GenerationsOf(ctx, scope); err != nil {
			return IndexStatus{}, fmt.Errorf("generations of the index: %w", err)
		}
	}
	if st.Tally, err = s.deps.Inventory.Tally(ctx, scope); err != nil {
		return IndexStatus{}, fmt.Errorf("count documents: %w", err)
	}
	return st, nil
}

// ErrOneGeneration means that this Service knows no generations.
var ErrOneGeneration = errors.New("the index has one generation: it cannot be built anew behind the one that is searched")

// ErrNoFormer means that a site has no generation to go back to.
var ErrNoFormer = errors.New("no generation of the index is kept that was searched before: one is for seven days after another took its place")

// ErrNoEmbedder means that nobody here can embed questions for a generation.
var ErrNoEmbedder = errors.New("this process cannot embed for the model of the generation that was searched before: configure the provider that it came from")

// Rollback asks the site to go back to the generation that was searched before the
// present one, which is kept for FormerFor. Drain brings it up to date, which
// cuts and embeds no more than what has changed since, and switches; where nothing
// has, that is at once. The site is pinned to it then: it is kept there whatever
// model and Chunking are wanted, until Rebuild, or until those that are wanted are
// the ones that it has. Rolled back once more, it returns to where it was. It may be called again
// while it is under way. Errors match ErrNoFormer, ErrNoEmbedder or
// ErrOneGeneration, or are the store's.
func (s *Service) Rollback(ctx context.Context, scope tenant.Scope) (retrieval.Generations, error) {
	if s.deps.Generations == nil {
		return retrieval.Generations{}, ErrOneGeneration
	}
	g, err := s.deps.Generations.GenerationsOf(ctx, scope)
	switch {
	case err != nil:
		return retrieval.Generations{}, fmt.Errorf("roll the index back: %w", err)
	case g.Pinned && g.Building.No != 0: // under way
		return g, nil
	case g.Former.No == 0:
		return g, ErrNoFormer
	case g.Former.Model != "" && (&draining{Service: s, scope: scope}).embedder(g.Former.Model) == nil:
		return g, fmt.Errorf("%w (%s)", ErrNoEmbedder, g.Former.Model)
	}
	g, err = s.deps.Generations.Begin(ctx, scope, retrieval.Rebuild{Back: true, At: s.deps.Now()})
	switch {
	case err != nil:
		return retrieval.Generations{}, fmt.Errorf("roll the index back: %w", err)
	case !g.Pinned || g.Building.No == 0: // it has just expired
		return g, ErrNoFormer
	}
	return g, nil
}

// Rebuild asks for a new generation of the site's index, of the model and the
// Chunking that it has or is coming to; of a site that is pinned, of those that are
// wanted, and it is pinned no longer. So is it of a site that has none yet. Drain builds it, and what is searched meanwhile stays as
// it is. Vectors whose texts have not changed are taken over, not paid again. One
// that is being built already is begun anew.
func (s *Service) Rebuild(ctx context.Context, scope tenant.Scope) (retrieval.Generations, error) {
	if s.deps.Generations == nil {
		return retrieval.Generations{}, ErrOneGeneration
	}
	g, err := s.deps.Generations.GenerationsOf(ctx, scope)
	model, chunking := g.Head().Model, g.Head().Chunking
	if err == nil && (g.Pinned || g.Head().No == 0) {
		model, chunking, _, err = s.wanted(ctx, scope, g)
	}
	if err == nil {
		g, err = s.deps.Generations.Begin(ctx, scope, retrieval.Rebuild{Model: model, Chunking: chunking, Anew: true, At: s.deps.Now()})
	}
	if err != nil {
		return retrieval.Generations{}, fmt.Errorf("rebuild the index: %w", err)
	}
	return g, nil
}
