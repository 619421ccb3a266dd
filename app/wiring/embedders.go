package wiring

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/adapters/decorated"
	"github.com/aiwoochat/woochat/adapters/glove"
	"github.com/aiwoochat/woochat/adapters/openai"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// embedders gives the embedder of a model, nil for none: that of the program
// itself, or of the provider. While an index is built for another model,
// questions are still embedded by the one before it.
type embedders struct {
	of func(model string) ports.Embedder // of a shop's texts; nil if there is none at all
	// ask gives that of questions, which a shopper waits for; nil as of is.
	ask func(model string) ports.Embedder
	// isWord tells words from slips, by the program's own list of words.
	isWord func(word string) bool
}

// noEmbedders returns what there is where nothing is embedded: slips are told
// from words all the same.
func noEmbedders() embedders { return embedders{isWord: glove.New().IsWord} }

// ownEmbedders returns the embedders where there is no provider.
func ownEmbedders(now ports.Clock, sink *system.Sink) embedders {
	words := glove.New()
	own := decorated.Embedder(words, decorated.Observed(now, sink.Called))
	of := func(model string) ports.Embedder {
		if model == glove.Model {
			return own
		}
		return nil
	}
	return embedders{of: of, ask: of, isWord: words.IsWord}
}

// newEmbedders returns the embedders of the provider that c names, and the
// program's own. That of c.EmbeddingModel is made now, so that what is wrong with
// c is said. A question's call that takes longer than patience is ended: its words
// are searched, and no answer fails for its vector.
func newEmbedders(c openai.Config, patience time.Duration, now ports.Clock, sink *system.Sink, opened *closers) (embedders, error) {
	type provided struct{ texts, questions ports.Embedder }
	own := ownEmbedders(now, sink)
	var mu sync.Mutex // guards made and closing
	made := map[string]provided{}
	var closing []func() error
	open := func(model string) (provided, error) {
		if e := own.of(model); e != nil {
			return provided{e, e}, nil
		}
		mu.Lock()
		defer mu.Unlock()
		if e, ok := made[model]; ok {
			return e, nil
		}
		c := c
		c.EmbeddingModel = model
		e, err := openai.NewEmbedder(c)
		if err != nil {
			return provided{}, err
		}
		closing = append(closing, e.Close)
		// A breaker each: that questions come back late does not hold up an import,
		// which can wait. It counts what a shopper would have waited for in vain, too.
		observed, breaker := decorated.Observed(now, sink.Called), decorated.BreakerConfig{Now: now}
		made[model] = provided{
			texts:     decorated.Embedder(e, observed, decorated.Breaker(breaker)),
			questions: decorated.Embedder(e, observed, decorated.Breaker(breaker), decorated.Timeout(patience)),
		}
		return made[model], nil
	}
	if _, err := open(c.EmbeddingModel); err != nil {
		return embedders{}, err
	}
	opened.add(func() error {
		mu.Lock()
		defer mu.Unlock()
		var errs []error
		for _, end := range closing {
			errs = append(errs, end())
		}
		return errors.Join(errs...)
	})
	// Only a model without a name can be wrong where the first one is right: then
	// there is neither.
	return embedders{
		of:     func(model string) ports.Embedder { e, _ := open(model); return e.texts },
		ask:    func(model string) ports.Embedder { e, _ := open(model); return e.questions },
		isWord: own.isWord,
	}, nil
}

// KnowsLanguage reports whether an embedding model understands texts in a
// language, a BCP 47 tag: the program's own knows English only, and of a
// provider's it is taken for granted.
func KnowsLanguage(model, locale string) bool {
	return model != glove.Model || glove.Knows(locale)
}

// languages tells which model a site gets where one is wanted for all: none if
// the model does not know the site's language. It says so once for each site.
func languages(sites ports.Sites, log *slog.Logger) func(context.Context, tenant.Scope, string) (string, error) {
	var told sync.Map // tenant.Scope
	return func(ctx context.Context, s tenant.Scope, model string) (string, error) {
		if model != glove.Model {
			return model, nil
		}
		site, err := sites.Site(ctx, s)
		switch {
		case err != nil:
			return "", err
		case KnowsLanguage(model, site.Locale):
			return model, nil
		}
		if _, before := told.LoadOrStore(s, true); !before {
			log.InfoContext(ctx, "index.words_only: the embedding model does not know the site's language", "site_id", s.Site, "locale", site.Locale, "model", model)
		}
		return "", nil
	}
}
