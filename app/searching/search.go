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
)

// Question is what is searched for.
type Question struct {
	Scope tenant.Scope
	Text  string
	// Before are the earlier turns of the same conversation, oldest first: what
	// "and in red?" goes on with.
	Before []retrieval.Earlier
	// ShopLocale is of the shop's texts that do not say theirs, and Locale of the
	// page that is asked from, "" if nobody knows it; both BCP 47. In their
	// languages words are found in other forms than they are asked in, too. Of what
	// a shop says in several languages, that of the page is searched, see
	// retrieval.Languages.Prefer; if nothing in it fits, all are.
	ShopLocale, Locale string
	// Budget is what the chosen passages may take together, in what
	// Config.Model's input is counted in: Service.Budget says what that is. 0 chooses
	// none, and judges none.
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

// Findings are what was found, and how.
type Findings struct {
	// FollowUp is the question as it was read after those before it. Its Question
	// is what was searched.
	FollowUp      retrieval.FollowUp
	Understanding retrieval.Understanding
	// Language is the one whose texts were searched alone; the zero Language if all
	// were.
	Language   retrieval.Language
	Generation retrieval.Generation // in which it was searched
	Meaning    bool                 // it was searched by meaning, too
	// NoMeaning is why it was not although it should have been: an error's code; ""
	// if nothing went wrong.
	NoMeaning string
	Searches  []Search
	Reranked  Reranked // the zero Reranked if nothing was to be judged
	// Fit says whether the shop has anything on the question, by the first
	// Config.Passages of Found.
	Fit retrieval.Fit
	// Found is all that was found, best first, without what has changed since
	// it was indexed, and what of it goes into a prompt.
	Found []retrieval.Choice
	Took  Took
}

// Chosen returns what goes into a prompt, best first.
func (r Findings) Chosen() []retrieval.Passage {
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
	Found int    // passages that the index has found
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
	WhyPages   = "pages and FAQs without the filter: the answer may stand there"
	WhyFields  = "without words: no product that fits has them"
	WhyFree    = "also what does not say itself that it is without"
	WhyWords   = "also what says so in words and not in fields"
	WhyAge     = "without the age, if nothing of that category is sized by it"
	WhyFiled   = "also what is called so and filed elsewhere"
	WhyOutside = "whether the shop has any at another price or weight"
	WhySold    = "also what is not in stock"
	WhyNear    = "without the filter: nothing is like that"
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
func (s *Service) Search(ctx context.Context, q Question) (Findings, error) {
	var r Findings
	var err error
	if r.Generation, err = s.generation(ctx, q.Scope); err != nil {
		return r, err
	}
	start := s.deps.Now()
	words, err := s.vocabulary.get(ctx, q.Scope)
	if err != nil {
		return r, err
	}
	now := s.deps.Now()
	r.Took.Vocabulary = now.Sub(start)
	words.vocabulary.At = now
	if s.deps.Synonyms != nil && !q.Plain {
		if words.synonyms, err = s.deps.Synonyms.SynonymsOf(ctx, q.Scope); err != nil {
			return r, fmt.Errorf("synonyms: %w", err)
		}
	}
	language := speech(q)
	f, u, slips := understand(q, words, s.common, s.deps.IsWord)
	if len(slips) > 0 {
		newer, err := s.newer(ctx, q.Scope, r.Generation, slips)
		if err != nil {
			return r, err
		}
		if newer.Len() > 0 {
			f, u, _ = understand(q, words, s.common, func(word string) bool {
				return newer.Knows(word) || s.deps.IsWord != nil && s.deps.IsWord(word)
			})
		}
	}
	called := retrieval.WithoutSmallWords(u.Called(), language)
	u.Text, u.Open = retrieval.WithoutSmallWords(u.Text, language), retrieval.WithoutSmallWords(u.Open, language)
	q.Text = f.Question
	r.FollowUp, r.Understanding = f, u
	limit := cmp.Or(max(0, q.Candidates), s.cfg.Passages*candidates)
	if u.Sort != retrieval.ByRelevance {
		limit = max(limit, maxSorted)
	}
	l := look{q: q, speech: language, followUp: f, called: called, understanding: u, vector: s.embed(ctx, q, &r), limit: limit, at: now}
	if !q.Plain {
		l.language = words.languages.Prefer(q.ShopLocale, q.Locale)
	}
	if err := s.find(ctx, l, &r); err != nil {
		return r, err
	}
	if !l.language.IsZero() && (len(r.Found) == 0 || r.Fit.Nothing) {
		// Better an answer from a text in another language than none.
		r.Understanding = u
		r.Understanding.Because = append(slices.Clone(u.Because), "all languages: nothing "+l.language.String()+" fits")
		l.language = retrieval.Language{}
		if err := s.find(ctx, l, &r); err != nil {
			return r, err
		}
	}
	return r, nil
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
func (s *Service) embed(ctx context.Context, q Question, r *Findings) []float32 {
	model := r.Generation.Model
	if s.deps.Embedder == nil || model == "" || q.WordsOnly {
		return nil
	}
	embedder := s.deps.Embedder(model)
	if embedder == nil {
		return nil
	}
	if language := retrieval.GuessLanguage(q.Text); language != "" && s.deps.KnowsLanguage != nil && !s.deps.KnowsLanguage(model, language) {
		return nil
	}
	start := s.deps.Now()
	e, err := metering.MeteredEmbedder(s.deps.Meter, q.Scope, model, embedder).Embed(ctx, []string{q.Text})
	r.Took.Embed = s.deps.Now().Sub(start)
	if err == nil && len(e.Vectors) != 1 {
		err = errors.New("no vector came")
	}
	if err != nil {
		r.NoMeaning = codeOf(err)
		s.publish(ctx, q.Scope, LexicalOnly{Err: err})
		return nil
	}
	if len(e.Unknown) > 0 {
		return nil // a code, or a language that the model does not know: its words say more
	}
	r.Meaning = true
	return e.Vectors[0]
}
