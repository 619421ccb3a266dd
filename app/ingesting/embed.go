package ingesting

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// smallBatch is how many texts are not worth a second call at the same time.
const smallBatch = 64

// embedded is what came of a call.
type embedded struct {
	texts []*text
	got   retrieval.Embedding
	err   error
}

// embed makes the vectors that are missing, several calls at once, and puts each
// document when its last one has come. Everything but the calls is done by one
// goroutine.
func (g *page) embed(ctx context.Context) error {
	if len(g.missing()) == 0 {
		return nil
	}
	// Whoever drains to the end asks: somebody waits for it.
	if wait, ok := g.alone(); ok && !g.draining.until.IsZero() {
		g.paused = wait.err
		return nil
	}
	fresh, err := g.hold(ctx)
	if err != nil {
		if errors.Is(err, errBusy) {
			g.paused = err
			return nil
		}
		return err
	}
	if fresh { // whoever had the lease before may have done it just now
		if err := g.takeOver(ctx); err != nil {
			return err
		}
		if err := g.putReady(ctx); err != nil {
			return err
		}
	}
	queue, err := g.batches(ctx, g.missing())
	if err != nil {
		return err
	}
	calls, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan embedded)
	running, called := 0, 0
	var failed error
	var refused []*text
	for {
		// A slice that was over before its first call would never come further.
		for failed == nil && !g.stopped() && len(queue) > 0 && running < g.room() && (called == 0 || !g.over()) {
			batch := queue[0]
			queue = queue[1:]
			running, called = running+1, called+1
			go func() { done <- g.call(calls, batch) }()
		}
		if running == 0 {
			break
		}
		r := <-done
		running--
		again, bad, err := g.take(ctx, r, running)
		queue, refused = append(again, queue...), append(refused, bad...)
		if err != nil && failed == nil {
			failed = err
			stop()
		}
	}
	g.cut = g.cut || len(queue) > 0 && !g.stopped()
	if failed == nil {
		failed = g.refuse(ctx, refused)
	}
	return errors.Join(failed, ctx.Err())
}

// missing returns the texts whose vectors are to be made.
func (g *page) missing() []*text {
	var out []*text
	for _, t := range g.order {
		if t.vector == nil && t.err == nil {
			out = append(out, t)
		}
	}
	return out
}

// room returns how many calls may run at once.
func (g *page) room() int {
	if g.serial {
		return 1
	}
	return g.deps.EmbedParallel
}

// batches cuts texts into calls: at most what the provider takes, and no fewer
// than can run at once if there is enough for that. A text that the model cannot
// take is left out.
func (g *page) batches(ctx context.Context, texts []*text) ([][]*text, error) {
	most := min(g.deps.EmbedTexts, max(smallBatch, (len(texts)+g.deps.EmbedParallel-1)/g.deps.EmbedParallel))
	var out [][]*text
	tokens := int64(0)
	for _, t := range texts {
		n, exact := g.deps.Tokenizer.Count(g.gen.Model, t.text)
		t.tokens = n
		if exact && n > g.deps.EmbedLongest {
			t.failed(fmt.Errorf("%w: a text of %d tokens, and %s takes at most %d: cut chunks smaller", ports.ErrInvalid, n, g.gen.Model, g.deps.EmbedLongest))
			continue
		}
		last := len(out) - 1
		if last < 0 || len(out[last]) >= most || tokens+n > g.deps.EmbedTokens {
			out = append(out, nil)
			last, tokens = last+1, 0
		}
		out[last] = append(out[last], t)
		tokens += n
	}
	return out, g.putTouched(ctx, texts, true)
}

// call embeds one batch when it is its tenant's turn.
func (g *page) call(ctx context.Context, batch []*text) embedded {
	r := embedded{texts: batch}
	if r.err = g.turns.take(ctx, g.scope.Tenant); r.err != nil {
		return r
	}
	defer g.turns.give(g.scope.Tenant)
	texts := make([]string, len(batch))
	for i, t := range batch {
		texts[i] = t.text
	}
	r.got, r.err = g.embedder.Embed(ctx, texts)
	if r.err == nil && len(r.got.Vectors) != len(texts) {
		r.err = fmt.Errorf("%w: the embedder gave %d vectors for %d texts", ports.ErrUnavailable, len(r.got.Vectors), len(texts))
	}
	return r
}

// take takes what a call brought: documents go into the index, or the batch is
// tried again in smaller ones, or embedding pauses. running says how many others
// are still under way. It returns what is to be called again, and a text that
// was refused alone. The error is that of the index or the store.
func (g *page) take(ctx context.Context, r embedded, running int) (again [][]*text, refused []*text, err error) {
	g.report.Tokens += r.got.Tokens
	switch {
	case r.err == nil:
		g.report.Texts += len(r.texts)
		for i, t := range r.texts {
			t.arrived(r.got.Vectors[i])
		}
		return nil, nil, g.putTouched(ctx, r.texts, false)
	case ctx.Err() != nil:
		return nil, nil, nil //nolint:nilerr // the caller asks ctx itself
	case errors.Is(r.err, usage.ErrLimitExceeded) && running > 0:
		// The others hold more than they will use.
		g.serial = true
		return [][]*text{r.texts}, nil, nil
	case len(r.texts) > 1 && (aboutText(r.err) || errors.Is(r.err, usage.ErrLimitExceeded)):
		// One of the texts is bad, or what is left of the day's tokens is enough
		// for some of them.
		g.serial = g.serial || errors.Is(r.err, usage.ErrLimitExceeded)
		half := len(r.texts) / 2
		return [][]*text{r.texts[:half], r.texts[half:]}, nil, nil
	case aboutText(r.err):
		r.texts[0].err = r.err
		return nil, r.texts, nil
	case neverFits(r.texts[0].tokens, r.err):
		r.texts[0].failed(fmt.Errorf("its text takes more tokens than the license allows a day: %w", r.err))
		return nil, nil, g.putTouched(ctx, r.texts, true)
	}
	if g.leave(r.err); g.paused == nil {
		g.paused = r.err
	}
	return nil, nil, nil
}

// putTouched puts the documents of these texts: those whose last vector has come
// are whole by that, and the others keep what has come of theirs if they are
// worth it, so that it is not paid again.
func (g *page) putTouched(ctx context.Context, texts []*text, wholeOnly bool) error {
	var whole []*leaving
	seen := map[*leaving]bool{}
	for _, t := range texts {
		if wholeOnly && t.err == nil {
			continue
		}
		for _, l := range t.of {
			switch {
			case seen[l]:
			case l.missing == 0:
				whole = append(whole, l)
			case !wholeOnly:
				if err := g.putOne(ctx, l); err != nil {
					return err
				}
			}
			seen[l] = true
		}
	}
	return g.put(ctx, whole, false)
}

// probeText is taken by any embedder that works.
const probeText = "woochat"

// refuse decides about texts that were refused, each alone. That says something
// about a text only if others are taken; else it is the configuration.
func (g *page) refuse(ctx context.Context, refused []*text) error {
	if len(refused) == 0 || g.stopped() {
		return nil
	}
	if g.report.Texts == 0 {
		r := g.call(ctx, []*text{{text: probeText}})
		g.report.Tokens += r.got.Tokens
		if r.err != nil {
			g.paused = refused[0].err
			return ctx.Err()
		}
	}
	for _, t := range refused {
		t.failed(t.err)
	}
	return g.putTouched(ctx, refused, true)
}

// sameModel reports whether the embedder still makes vectors of the length of
// those that an older generation holds; if not, none of them is taken over.
// It is asked once a pass, by embedding one of the texts again.
func (g *page) sameModel(ctx context.Context, held []retrieval.Embedded) (bool, error) {
	if g.sure {
		return true, nil
	}
	i := slices.IndexFunc(held, func(h retrieval.Embedded) bool { return g.wants[h.Key] != nil && g.wants[h.Key].vector == nil })
	if i < 0 {
		return false, nil
	}
	t := g.wants[held[i].Key]
	r := g.call(ctx, []*text{t})
	g.report.Tokens += r.got.Tokens
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case r.err != nil:
		return false, nil //nolint:nilerr // whatever it is, it is met again and told
	}
	g.report.Texts++
	t.arrived(r.got.Vectors[0])
	if g.sure = len(r.got.Vectors[0]) == len(held[i].Vector); !g.sure {
		g.from = nil
	}
	return g.sure, nil
}

// aboutText reports whether the embedder refused the texts themselves, not us.
func aboutText(err error) bool {
	if !errors.Is(err, ports.ErrInvalid) {
		return false
	}
	var model *ports.ModelError
	if !errors.As(err, &model) {
		return true
	}
	switch model.Status {
	case 401, 402, 403, 404: // credentials, quota, a model that is not there
		return false
	}
	return true
}

// neverFits reports whether a text of so many tokens alone needs more than a
// whole day's. A license without any embedding tokens says nothing about it.
func neverFits(tokens int64, err error) bool {
	var limit *usage.LimitError
	return errors.As(err, &limit) && slices.Contains(limit.Exceeded, usage.EmbeddingTokens) &&
		limit.Limits.EmbeddingTokens > 0 && tokens > int64(limit.Limits.EmbeddingTokens)
}
