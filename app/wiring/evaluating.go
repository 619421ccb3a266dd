package wiring

import (
	"context"

	"github.com/aiwoochat/woochat/app/evaluating"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// newEvaluating returns the evaluation of what shoppers' questions find: the same
// search, before a prompt is filled from it.
func newEvaluating(search *searching.Service, sites ports.Sites) (*evaluating.Service, error) {
	return evaluating.New(func(ctx context.Context, s tenant.Scope, a evaluating.Ask) (evaluating.Answer, error) {
		site, err := sites.Site(ctx, s)
		if err != nil {
			return evaluating.Answer{}, err
		}
		r, err := search.Search(ctx, searching.Question{Scope: s, Text: a.Question, ShopLocale: site.Locale, Candidates: a.Limit, WordsOnly: a.Words, Plain: a.Plain})
		out := evaluating.Answer{Passages: make([]retrieval.Passage, 0, len(r.Found)), NothingFits: r.Fit.Nothing || len(r.Found) == 0}
		for _, c := range r.Found {
			out.Passages = append(out.Passages, c.Passage)
		}
		if r.NoMeaning != "" {
			out.Without = append(out.Without, "meaning: "+r.NoMeaning)
		}
		if r.Reranked.Failed != "" {
			out.Without = append(out.Without, "the reranker: "+r.Reranked.Failed)
		}
		return out, err
	})
}
