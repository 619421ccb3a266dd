package wiring

import (
	"fmt"

	"go.uber.org/fx"

	"github.com/aiwoochat/woochat/adapters/decorated"
	"github.com/aiwoochat/woochat/adapters/rerank"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/ports"
)

// judge is the reranker that a configuration asks for. The zero judge is none.
type judge struct {
	of       ports.Reranker // nil for none
	model    string
	passages int
}

// rerankModule provides the judge: behind /rerank where an address is set, else
// the provider's chat model. A call that takes longer than cfg.RerankTimeout is
// ended, tries included, so that no answer waits longer for it.
func rerankModule(cfg Config) fx.Option {
	if cfg.RerankModel == "" {
		return fx.Supply(judge{})
	}
	return fx.Module("rerank", fx.Provide(func(chat ports.ChatModel, tok ports.Tokenizer, now ports.Clock, sink *system.Sink, c *closers) (judge, error) {
		var next ports.Reranker
		if cfg.RerankBaseURL == "" {
			l, err := rerank.NewListwise(chat, cfg.RerankModel)
			if err != nil {
				return judge{}, fmt.Errorf("%w: reranker: %w", ErrConfig, err)
			}
			next = l
		} else {
			e, err := rerank.NewEndpoint(rerank.Config{
				BaseURL: cfg.RerankBaseURL, APIKey: cfg.RerankKey.Reveal(), Model: cfg.RerankModel, Style: rerankStyles()[cfg.RerankStyle], Tokenizer: tok,
			})
			if err != nil {
				return judge{}, fmt.Errorf("%w: reranker: %w", ErrConfig, err)
			}
			c.add(e.Close)
			next = e
		}
		// The breaker counts what the caller would have waited for in vain, too.
		next = decorated.Reranker(next, decorated.Observed(now, sink.Called), decorated.Breaker(decorated.BreakerConfig{Now: now}),
			decorated.Timeout(cfg.RerankTimeout), decorated.Retry(decorated.RetryConfig{Tries: 2}))
		return judge{of: next, model: cfg.RerankModel, passages: cfg.RerankPassages}, nil
	}))
}

func rerankStyles() map[string]rerank.Style {
	return map[string]rerank.Style{"": rerank.Documents, "documents": rerank.Documents, "texts": rerank.Texts}
}
