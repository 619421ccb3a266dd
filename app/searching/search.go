package searching

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Question is what is searched for.
type Question struct {
	Scope tenant.Scope
	Text  string
	// Before are the earlier turns of the same conversation, oldest first: what
	// "and in red?" goes on with.
	Before []retrieval.Earlier
	// Locales are of the shop's texts and of who asks, BCP 47: in their languages
	// words are found in other forms than they are asked in, too.
	Locales []string
	// Budget is what the chosen passages may take together, in what
	// Config.Model's input is counted in: Service.Budget says what that is.
	Budget int64
	// Candidates is how many passages are looked for, 0 for six times those that
	// are chosen at most.
	Candidates int
	// WordsOnly leaves meaning out, also where the site has vectors.
	WordsOnly bool
	// Plain searches the text as it is: nothing in it is read as a filter, a code
	// or an order.
	Plain bool
}

// Result is what was found, and how.
type Result struct {
	// FollowUp is the question as it was read after those before it. Its Question
	// is what was searched.
	FollowUp      retrieval.FollowUp
	Understanding retrieval.Understanding
	Generation    retrieval.Generation // in which it was searched
	Meaning       bool                 // it was searched by meaning, too
	Searches      []Search
	Reranked      Reranked // the zero Reranked if nothing was to be judged
	// Fit says whether the shop has anything on the question, by the first
	// Config.Passages of Found.
	Fit retrieval.Fit
	// Found is all that was found, best first, without what has changed since
	// it was indexed, and what of it goes into a prompt.
	Found []retrieval.Choice
	Took  Took
}

// Chosen returns what goes into a prompt, best first.
func (r Result) Chosen() []retrieval.Passage {
	var out []retrieval.Passage
	for _, c := range r.Found {
		if c.Verdict == retrieval.Chosen {
			out = append(out, c.Passage)
		}
	}
	return out
}

// Search is one search of the index.
type Search struct {
	Query retrieval.Query
	Why   string // "" for what the question itself asks
	Hits  int    // as the index has found
	Left  int    // of them, what the store still has and the filter still lets through
}

// Took is how long each step took. Searches run one after the other.
type Took struct {
	Vocabulary time.Duration // reading the shop's words, 0 or so if they were at hand
	Embed      time.Duration
	Search     time.Duration // in the index
	Load       time.Duration // from the store
	Rerank     time.Duration // 0 without a reranker
	Choose     time.Duration
}

// Reasons for searches beside the one that the question asks.
const (
	WhyPages  = "pages and FAQs without the filter: the answer may stand there"
	WhyFields = "without words: no product that fits has them"
	WhyNear   = "without the filter: nothing is like that"
)

// candidates is how many passages are searched for each one that is used:
// some are dropped because they have changed, repeat another or do not fit.
const candidates = 6

// maxSorted is how many of the best matches are put in order where no product
// has all words of a question that asks for an order.
const maxSorted = 500

// perDocument lets a page speak with several of its parts: the table with the
// answer is often not the part that has the question's words.
const perDocument = 4

// Search finds what the shop says on q, as it stands now. Finding nothing is no
// error. That q could not be embedded is none, either: it is published as
// LexicalOnly, and the words alone are searched. Embedding is metered.
func (s *Service) Search(ctx context.Context, q Question) (Result, error) {
	var r Result
	start := s.deps.Now()
	words, err := s.vocabulary.of(ctx, q.Scope)
	if err != nil {
		return r, err
	}
	now := s.deps.Now()
	r.Took.Vocabulary = now.Sub(start)
	if s.deps.Synonyms != nil && !q.Plain {
		if words.synonyms, err = s.deps.Synonyms.SynonymsOf(ctx, q.Scope); err != nil {
			return r, fmt.Errorf("synonyms: %w", err)
		}
	}
	f, u := understand(q, words, s.deps.IsWord)
	q.Text = f.Question
	r.FollowUp, r.Understanding = f, u
	limit := cmp.Or(max(0, q.Candidates), s.cfg.Passages*candidates)
	if u.Sort != retrieval.ByRelevance {
		limit = max(limit, maxSorted)
	}
	if r.Generation, err = s.generation(ctx, q.Scope); err != nil {
		return r, err
	}
	vector := s.embed(ctx, q, &r)
	var arms [][]retrieval.Passage
	exact := false // something fits the filter or the codes
	for i, query := range u.Queries(vector, limit, now) {
		why := ""
		if i > 0 {
			why = WhyPages
		}
		arm, err := s.search(ctx, q.Scope, query, why, &r)
		if err != nil {
			return r, err
		}
		if len(arm) == 0 && query.Text != "" && query.Filter.ConstrainsOffer() {
			// No product that fits has the words: the fields say all that is known.
			query.Text, query.Vector = "", nil
			if arm, err = s.search(ctx, q.Scope, query, WhyFields, &r); err != nil {
				return r, err
			}
		}
		if query.Sort != retrieval.ByRelevance {
			if last := r.Searches[len(r.Searches)-1]; last.Hits >= limit && slices.ContainsFunc(arm, bestMatch) {
				r.Understanding.Because = append(r.Understanding.Because, fmt.Sprintf("%s among the %d passages that match best: nothing has all words", u.Sort, limit))
			}
			arm = retrieval.SortPassages(arm, u.Sort, u.Filter, now) // what was loaded may be newer than the index
		}
		if !query.Filter.IsZero() {
			arm = retrieval.Spread(arm)
		}
		exact = exact || i == 0 && len(arm) > 0 && (!u.Filter.IsZero() || len(u.Codes) > 0 || u.Sort != retrieval.ByRelevance)
		arms = append(arms, arm)
	}
	found := retrieval.Interleave(arms...)
	if u.Sort == retrieval.ByRelevance {
		found = s.rerank(ctx, q, found, &r)
	}
	found = retrieval.TitledFirst(found, u.Head)
	if len(found) == 0 && !u.Filter.IsZero() {
		// Show the nearest, and let the answer say so.
		near := retrieval.Query{Text: q.Text, Also: u.Also, Vector: vector, Limit: limit, At: now, Filter: retrieval.Filter{Without: u.Filter.Without}}
		if found, err = s.search(ctx, q.Scope, near, WhyNear, &r); err != nil {
			return r, err
		}
	}
	if u.Sort == retrieval.ByRelevance {
		found = retrieval.NamedFirst(found, q.Text)
	}
	if len(f.About) > 0 {
		if found, err = s.about(ctx, q.Scope, f, found, now, &r); err != nil {
			return r, err
		}
	}
	start = s.deps.Now()
	r.Fit = s.fit(f.Question, found, exact || len(f.About) > 0, r)
	r.Found = retrieval.Choose(found, q.Budget, s.cost, retrieval.PackOptions{Passages: s.cfg.Passages, PerDocument: perDocument})
	r.Took.Choose = s.deps.Now().Sub(start)
	return r, nil
}

// bestMatch reports whether p was found by relevance.
func bestMatch(p retrieval.Passage) bool { return p.Arms.Lexical > 0 || p.Arms.Dense > 0 }

// fit says whether the first of found answer. By meaning only where the vectors
// are of the model for which it is known how near is near.
func (s *Service) fit(question string, found []retrieval.Passage, exact bool, r Result) retrieval.Fit {
	known := r.Generation.Model == s.cfg.EvidenceModel
	least := s.cfg.LeastEvidence
	if least == 0 && (known || !r.Meaning) {
		least = retrieval.DefaultLeastEvidence
	}
	return retrieval.FitOf(question, found[:min(len(found), s.cfg.Passages)], r.Meaning && known, exact, least, r.Understanding.Also...)
}

// search finds, loads and checks again: an index may be behind the shop, so
// the loaded facts decide.
func (s *Service) search(ctx context.Context, sc tenant.Scope, q retrieval.Query, why string, r *Result) ([]retrieval.Passage, error) {
	q.Generation = r.Generation.No
	start := s.deps.Now()
	hits, err := s.deps.Searcher.Search(ctx, sc, q)
	if len(q.Vector) > 0 && errors.Is(err, ports.ErrInvalid) {
		// Not of the index's kind: another server behind the model's name, say.
		s.publish(ctx, sc, LexicalOnly{Err: err})
		q.Vector, r.Meaning = nil, false
		hits, err = s.deps.Searcher.Search(ctx, sc, q)
	}
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	found := s.deps.Now()
	r.Took.Search += found.Sub(start)
	refs := make([]retrieval.PassageRef, len(hits))
	byRef := make(map[retrieval.PassageRef]retrieval.Passage, len(hits))
	for i, h := range hits {
		refs[i], byRef[h.Ref] = h.Ref, h
	}
	loaded, err := s.deps.Passages.Load(ctx, sc, refs)
	if err != nil {
		return nil, fmt.Errorf("load passages: %w", err)
	}
	r.Took.Load += s.deps.Now().Sub(found)
	out := loaded[:0]
	for _, p := range loaded {
		if q.Filter.Match(p.Kind, p.Title, p.Facts, q.At) {
			p.Score, p.Arms = byRef[p.Ref].Score, byRef[p.Ref].Arms
			out = append(out, p)
		}
	}
	r.Searches = append(r.Searches, Search{Query: q, Why: why, Hits: len(hits), Left: len(out)})
	return out, nil
}

// generation returns the one in which the site is searched.
func (s *Service) generation(ctx context.Context, sc tenant.Scope) (retrieval.Generation, error) {
	if s.deps.Generations == nil {
		return retrieval.Generation{Model: s.cfg.EmbeddingModel}, nil
	}
	g, err := s.deps.Generations.GenerationsOf(ctx, sc)
	if err != nil {
		return g.Served, fmt.Errorf("generation of the index: %w", err)
	}
	return g.Served, nil
}

// embed returns the question's vector of the generation's model, nil if there
// is no embedder of it or it cannot be had: the words alone are searched then.
func (s *Service) embed(ctx context.Context, q Question, r *Result) []float32 {
	model := r.Generation.Model
	if s.deps.Embedder == nil || model == "" || q.WordsOnly {
		return nil
	}
	embedder := s.deps.Embedder(model)
	if embedder == nil {
		return nil
	}
	start := s.deps.Now()
	e, err := metering.MeteredEmbedder(s.deps.Meter, q.Scope, model, embedder).Embed(ctx, []string{q.Text})
	r.Took.Embed = s.deps.Now().Sub(start)
	if err == nil && len(e.Vectors) != 1 {
		err = errors.New("no vector came")
	}
	if err != nil {
		s.publish(ctx, q.Scope, LexicalOnly{Err: err})
		return nil
	}
	if len(e.Unknown) > 0 {
		return nil // a code, or a language that the model does not know: its words say more
	}
	r.Meaning = true
	return e.Vectors[0]
}
