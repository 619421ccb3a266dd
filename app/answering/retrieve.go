package answering

import (
	"context"
	"errors"
	"fmt"

	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// candidates is how many passages are searched for each one that is used:
// some are dropped because they have changed, repeat another or do not fit.
const candidates = 6

// retrieve finds what the shop says on the question, as it stands now.
func (s *Service) retrieve(ctx context.Context, j job) ([]chat.Evidence, error) {
	words, err := s.vocabulary.of(ctx, j.question.Scope)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	u := retrieval.Understand(j.question.Text, words)
	limit := s.cfg.Passages * candidates
	if u.Sort != retrieval.ByRelevance {
		// What is cheapest is told by the prices of all, not by the best matches.
		limit = maxSorted
	}
	vector := s.embed(ctx, j)
	var arms [][]retrieval.Passage
	for _, q := range u.Queries(vector, limit, now) {
		arm, err := s.search(ctx, j, q)
		if err != nil {
			return nil, err
		}
		if len(arm) == 0 && q.Text != "" && q.Filter.ConstrainsOffer() {
			// No product that fits has the words: the fields say all that is known.
			q.Text, q.Vector = "", nil
			if arm, err = s.search(ctx, j, q); err != nil {
				return nil, err
			}
		}
		if u.Sort != retrieval.ByRelevance {
			arm = retrieval.SortPassages(retrieval.Wholly(arm, u.Text), u.Sort, u.Filter, now)
		}
		arms = append(arms, arm)
	}
	found := retrieval.Interleave(arms...)
	if len(found) == 0 && !u.Filter.IsZero() {
		// Nothing is like that: show the nearest, and let the answer say so.
		near := retrieval.Query{Text: j.question.Text, Vector: vector, Limit: limit, At: now, Filter: retrieval.Filter{Without: u.Filter.Without}}
		if found, err = s.search(ctx, j, near); err != nil {
			return nil, err
		}
	}
	found = retrieval.NamedFirst(found, j.question.Text)
	found = retrieval.Pack(found, s.promptBudget(), s.cost, retrieval.PackOptions{Passages: s.cfg.Passages, PerDocument: perDocument})
	return chat.EvidenceOf(found, now), nil
}

// maxSorted bounds what is read to sort it.
const maxSorted = 500

// search finds, loads and checks again: an index may be behind the shop, so
// the loaded facts decide.
func (s *Service) search(ctx context.Context, j job, q retrieval.Query) ([]retrieval.Passage, error) {
	hits, err := s.Searcher.Search(ctx, j.question.Scope, q)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	refs := make([]retrieval.PassageRef, len(hits))
	found := make(map[retrieval.PassageRef]retrieval.Passage, len(hits))
	for i, h := range hits {
		refs[i], found[h.Ref] = h.Ref, h
	}
	loaded, err := s.Passages.Load(ctx, j.question.Scope, refs)
	if err != nil {
		return nil, fmt.Errorf("load passages: %w", err)
	}
	out := loaded[:0]
	for _, p := range loaded {
		if q.Filter.Match(p.Kind, p.Title, p.Facts, q.At) {
			p.Score, p.Arms = found[p.Ref].Score, found[p.Ref].Arms
			out = append(out, p)
		}
	}
	return out, nil
}

// embed returns the question's vector, nil if there is no embedder or it
// cannot be had: the words alone are searched then.
func (s *Service) embed(ctx context.Context, j job) []float32 {
	if s.Embedder == nil {
		return nil
	}
	e, err := metering.MeteredEmbedder(s.Meter, j.question.Scope, s.cfg.EmbeddingModel, s.Embedder).Embed(ctx, []string{j.question.Text})
	if err == nil && len(e.Vectors) != 1 {
		err = errors.New("no vector came")
	}
	if err != nil {
		s.publish(ctx, j.question.Scope, LexicalOnly{Err: err})
		return nil
	}
	return e.Vectors[0]
}

// cost returns about what a passage takes in a prompt; FitPrompt has the last
// word.
func (s *Service) cost(p retrieval.Passage) int64 {
	n, _ := s.Tokenizer.Count(s.cfg.Model, p.Title+p.Text)
	return n + chat.BoundOverhead
}

// perDocument lets a page speak with several of its parts: the table with the
// answer is often not the part that has the question's words.
const perDocument = 4
