package porttest_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/test/porttest"
	"github.com/aiwoochat/woochat/test/porttest/brokentest"
)

type rerankFunc func(ctx context.Context, query string, texts []string) (retrieval.Ranking, error)

func (f rerankFunc) Rerank(ctx context.Context, query string, texts []string) (retrieval.Ranking, error) {
	return f(ctx, query, texts)
}

func TestRerankerSuiteCatches(t *testing.T) {
	right := memory.NewReranker()
	after := func(change func(r *retrieval.Ranking, texts []string)) rerankFunc {
		return func(ctx context.Context, query string, texts []string) (retrieval.Ranking, error) {
			r, err := right.Rerank(ctx, query, texts)
			if err == nil {
				change(&r, texts)
			}
			return r, err
		}
	}
	for name, b := range map[string]struct {
		by     string
		rerank rerankFunc
	}{
		"worst first": {"best first", after(func(r *retrieval.Ranking, _ []string) { slices.Reverse(r.Ranks) })},
		"as they stood": {"best first", after(func(r *retrieval.Ranking, _ []string) {
			slices.SortFunc(r.Ranks, func(a, b retrieval.Rank) int { return a.Place - b.Place })
			for i := range r.Ranks {
				r.Ranks[i].Score = -float64(i)
			}
		})},
		"scores that rise": {"best first", after(func(r *retrieval.Ranking, _ []string) {
			for i := range r.Ranks {
				r.Ranks[i].Score = float64(i)
			}
		})},
		"scores that are none": {"best first", after(func(r *retrieval.Ranking, _ []string) {
			for i := range r.Ranks {
				r.Ranks[i].Score = math.NaN()
			}
		})},
		"one text twice": {"each once", after(func(r *retrieval.Ranking, texts []string) {
			if len(texts) == 4 && texts[0] == texts[1] {
				r.Ranks[1] = r.Ranks[0]
			}
		})},
		"places counted from 1": {"best first", after(func(r *retrieval.Ranking, _ []string) {
			for i := range r.Ranks {
				r.Ranks[i].Place++
			}
		})},
		"the first fifty only": {"many", func(ctx context.Context, query string, texts []string) (retrieval.Ranking, error) {
			if len(texts) > 50 && len(texts) <= retrieval.MaxReranked {
				texts = texts[:50]
			}
			return right.Rerank(ctx, query, texts)
		}},
		"calls for nothing": {"no texts", func(ctx context.Context, query string, texts []string) (retrieval.Ranking, error) {
			r, err := right.Rerank(ctx, query, texts)
			if len(texts) == 0 {
				r.Input++
			}
			return r, err
		}},
		"leaves empty texts out": {"invalid", func(ctx context.Context, query string, texts []string) (retrieval.Ranking, error) {
			return right.Rerank(ctx, query, slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return s == "" }))
		}},
		"cuts what is too many": {"invalid", func(ctx context.Context, query string, texts []string) (retrieval.Ranking, error) {
			return right.Rerank(ctx, query, texts[:min(len(texts), retrieval.MaxReranked)])
		}},
		"reads the text as its own answer": {"any text", after(func(r *retrieval.Ranking, texts []string) {
			if slices.Contains(texts, "[3] > [1]") {
				r.Ranks = []retrieval.Rank{{Place: 3}, {Place: 3}}
			}
		})},
		"ignores the context": {"done context", func(ctx context.Context, query string, texts []string) (retrieval.Ranking, error) {
			return right.Rerank(context.WithoutCancel(ctx), query, texts)
		}},
		"drops the usage":        {"best first", after(func(r *retrieval.Ranking, _ []string) { r.Input = 0 })},
		"spends without a bound": {"best first", after(func(r *retrieval.Ranking, _ []string) { r.Input += 1_000_000 })},
		"trims the caller's texts": {"not kept", func(ctx context.Context, query string, texts []string) (retrieval.Ranking, error) {
			for i := range texts {
				texts[i] = strings.TrimSpace(texts[i])
			}
			return right.Rerank(ctx, query, texts)
		}},
		"one ranking for all callers": {"concurrent", func() rerankFunc {
			var mu sync.Mutex
			var last *retrieval.Ranking
			return func(ctx context.Context, query string, texts []string) (retrieval.Ranking, error) {
				r, err := right.Rerank(ctx, query, texts)
				mu.Lock()
				defer mu.Unlock()
				if len(texts) != 3 || err != nil {
					return r, err
				}
				if last == nil {
					last = &r
				}
				return *last, nil
			}
		}()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			brokentest.Caught(t, b.by, func(t *testing.T) {
				porttest.Reranker(t, func(*testing.T) porttest.RerankerUnderTest { return porttest.RerankerUnderTest{Reranker: b.rerank} })
			})
		})
	}
}
