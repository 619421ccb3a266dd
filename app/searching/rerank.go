package searching

import (
	"context"

	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// Reranked says what a reranker has made of a search.
type Reranked struct {
	Model  string // "" if none was asked
	Asked  int    // passages that it was given
	Judged int    // of them, those that it judged
	Failed string // why there is no judgement; "" if there is one
	ranks  map[retrieval.PassageRef]reranking
}

type reranking struct {
	before, after int // places among what was given, counted from 1
	score         float64
}

// NotReranked is published when what was found could not be judged by the
// reranker, so that it stayed in the order in which it was found.
type NotReranked struct{ Err error }

// EventName implements ports.Event.
func (NotReranked) EventName() string { return "answer.not_reranked" }

// leastReranked is how few passages are worth a call.
const leastReranked = 2

// rerank returns found in the order that the reranker gives its first
// Config.RerankPassages. What the question names by code or title keeps its
// place, and so does all where the reranker is away, refused or too slow: that
// is no error.
func (s *Service) rerank(ctx context.Context, q Question, found []retrieval.Passage, r *Findings) []retrieval.Passage {
	if s.deps.Reranker == nil || q.WordsOnly || q.Text == "" {
		return found
	}
	if r.Reranked.Failed != "" {
		return found // what was found in the page's language was not judged: nobody waits for that twice
	}
	var places []int
	var texts []string
	for i, p := range found {
		if len(places) == s.cfg.RerankPassages {
			break
		}
		if text := retrieval.RerankText(p); !p.Arms.Exact && text != "" {
			places, texts = append(places, i), append(texts, text)
		}
	}
	if len(places) < leastReranked {
		return found
	}
	start := s.deps.Now()
	got, err := metering.MeteredReranker(s.deps.Meter, q.Scope, s.cfg.RerankModel, s.deps.Reranker).Rerank(ctx, q.Text, texts)
	r.Took.Rerank += s.deps.Now().Sub(start)
	r.Reranked = Reranked{Model: s.cfg.RerankModel, Asked: len(texts)}
	if err != nil {
		r.Reranked.Failed = codeOf(err)
		s.publish(ctx, q.Scope, NotReranked{Err: err})
		return found
	}
	r.Reranked.Judged = len(got.Ranks)
	r.Reranked.ranks = make(map[retrieval.PassageRef]reranking, len(got.Ranks))
	for i, k := range got.Ranks {
		if k.Place >= 0 && k.Place < len(places) {
			r.Reranked.ranks[found[places[k.Place]].Ref] = reranking{before: k.Place + 1, after: i + 1, score: k.Score}
		}
	}
	return retrieval.Reorder(found, places, got)
}
