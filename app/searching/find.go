package searching

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// look is a question as it is looked for, once or again in all languages.
type look struct {
	q             Question
	speech        string // the language whose small words say nothing
	called        string // what the thing is called that is asked for
	followUp      retrieval.FollowUp
	understanding retrieval.Understanding
	language      retrieval.Language // what is searched alone
	vector        []float32
	limit         int
	at            time.Time
}

// filter returns f in the language that is searched.
func (l look) filter(f retrieval.Filter) retrieval.Filter {
	f.Language = l.language
	return f
}

// others returns the products of ps that were not shown already, where others than
// those, or such that go beyond them, are asked for, and else ps.
func (l look) others(ps []retrieval.Passage) []retrieval.Passage {
	if len(l.followUp.Beside)+len(l.followUp.Beyond) == 0 {
		return ps
	}
	return slices.DeleteFunc(ps, func(p retrieval.Passage) bool {
		return p.Kind != catalog.KindProduct || slices.ContainsFunc(l.followUp.Beside, func(s retrieval.Shown) bool { return s.Document == p.Ref.Document })
	})
}

// compared reports whether what is asked for has to go beyond the document.
func (l look) compared(id retrieval.DocumentID) bool {
	return slices.ContainsFunc(l.followUp.Beyond, func(s retrieval.Shown) bool { return s.Document == id })
}

// find searches, judges and chooses what l asks for, into r. In one language
// alone it shows nothing that is only near what was asked: another language may
// have it.
func (s *Service) find(ctx context.Context, l look, r *Findings) error {
	u, sc := l.understanding, l.q.Scope
	r.Language = l.language
	var arms [][]retrieval.Passage
	exact := false // something fits the filter or the codes
	for i, query := range u.Queries(l.vector, l.limit, l.at) {
		why := ""
		if i > 0 {
			why = WhyPages
		}
		filtered := !query.Filter.IsZero()
		query.Filter = l.filter(query.Filter)
		arm, err := s.fitting(ctx, sc, query, u, why, r)
		if err != nil {
			return err
		}
		if len(arm) == 0 && query.Text != "" && query.Filter.ConstrainsOffer() {
			// No product that fits has the words: the fields say all that is known.
			query.Text, query.Vector, query.Codes = "", nil, u.Codes
			if arm, err = s.fitting(ctx, sc, query, u, WhyFields, r); err != nil {
				return err
			}
		}
		arm = l.others(arm)
		if query.Sort != retrieval.ByRelevance {
			if last := r.Searches[len(r.Searches)-1]; slices.ContainsFunc(arm, bestMatch) {
				r.Understanding.Because = append(r.Understanding.Because, fmt.Sprintf("%s among the %d passages that match nearly as well as the best: nothing has all words, and what has less of them is left out", u.Sort, last.Found))
			}
			arm = retrieval.SortPassages(arm, u.Sort, u.Filter, l.at) // what was loaded may be newer than the index
			if len(l.followUp.Beyond) > 0 {
				arm = retrieval.Beyond(arm, l.followUp.Beyond, u.Sort, u.Filter, l.at)
			}
		}
		if filtered {
			arm = retrieval.Spread(arm)
		}
		if i == 0 {
			if query.Sort == retrieval.ByRelevance {
				arm = retrieval.Sharing(arm, u.Open)
			}
			if arm, err = s.within(ctx, l, query, arm, r); err != nil {
				return err
			}
		}
		exact = exact || i == 0 && len(arm) > 0 && (!u.Filter.IsZero() || len(u.Codes) > 0 || u.Sort != retrieval.ByRelevance)
		arms = append(arms, arm)
	}
	if u.Filter.ConstrainsOffer() && len(arms[0]) == 0 && !u.Terms {
		// A page answers then only if it is about what the question says.
		arms = [][]retrieval.Passage{slices.DeleteFunc(retrieval.Interleave(arms...), func(p retrieval.Passage) bool { return !retrieval.Entitled(p.Title, u.Open) })}
	}
	found := retrieval.Interleave(arms...)
	if u.Sort == retrieval.ByRelevance {
		found = s.rerank(ctx, l.q, found, r)
	}
	found = retrieval.TitledFirst(found, u.Head, u.Open)
	found = retrieval.SizedFirst(found, u.Sized, u.Open)
	found = retrieval.FreeFirst(found, l.q.Text, u.Filter)
	if u.Terms && !u.Filter.ConstrainsOffer() {
		found = retrieval.TermsFirst(found, l.q.Text)
	}
	unmet := len(found) > 0 && slices.ContainsFunc(u.Unmet, func(q retrieval.Unmet) bool {
		return !slices.ContainsFunc(found, q.Meets) &&
			slices.ContainsFunc(found[:min(len(found), s.cfg.Passages)], func(p retrieval.Passage) bool { return q.Contradicts(p, u.Open, u.Also...) })
	})
	unfit := (unmet || len(found) == 0 && !u.Filter.IsZero()) && l.language.IsZero()
	if unfit && !unmet {
		// Show the nearest, and let the answer say so.
		near := retrieval.Query{Text: l.q.Text, Also: u.Also, Vector: l.vector, Limit: l.limit, At: l.at, Filter: retrieval.Filter{Without: u.Filter.Without}}
		var err error
		if found, err = s.search(ctx, sc, near, WhyNear, r); err != nil {
			return err
		}
		found = slices.DeleteFunc(l.others(found), func(p retrieval.Passage) bool { return l.compared(p.Ref.Document) })
	}
	if u.Sort == retrieval.ByRelevance {
		found = retrieval.NamedFirst(found, l.q.Text)
	}
	if len(l.followUp.About) > 0 {
		var err error
		if found, err = s.about(ctx, sc, l.followUp, found, l.at, r); err != nil {
			return err
		}
	}
	start := s.deps.Now()
	question := retrieval.WithoutSmallWords(l.followUp.Question, l.speech)
	if r.Fit = s.fit(question, found, exact || len(l.followUp.About) > 0, *r); unfit && len(l.followUp.About) == 0 {
		r.Fit = r.Fit.Unfit(question, found[:min(len(found), s.cfg.Passages)], r.Meaning && s.judges(*r), s.least(*r), u.Also...)
	}
	if titled := retrieval.CalledSo(found, l.called, u.Also...); r.Fit.Nothing && !unfit && len(titled) > 0 {
		// It is called so, whatever else is said of what it is for.
		if fit := s.fit(l.called, titled, false, *r); !fit.Nothing {
			r.Fit, found = fit, append(titled, slices.DeleteFunc(found, func(p retrieval.Passage) bool {
				return slices.ContainsFunc(titled, func(o retrieval.Passage) bool { return o.Ref == p.Ref })
			})...)
		}
	}
	r.Found = s.choose(found, l.q.Budget)
	r.Took.Choose = s.deps.Now().Sub(start)
	return nil
}

// choose chooses what goes into a prompt. Without a budget nobody wants one, and what
// each passage costs is not counted: that takes longer than all else.
func (s *Service) choose(found []retrieval.Passage, budget int64) []retrieval.Choice {
	if budget > 0 {
		return retrieval.Choose(found, budget, s.cost, retrieval.PackOptions{Passages: s.cfg.Passages, PerDocument: perDocument})
	}
	out := make([]retrieval.Choice, len(found))
	for i, p := range found {
		out[i].Passage = p
	}
	return out
}

// bestMatch reports whether p was found by relevance.
func bestMatch(p retrieval.Passage) bool { return p.Arms.Lexical > 0 || p.Arms.Dense > 0 }

// fit says whether the first of found answer. By meaning only where the vectors
// are of the model for which it is known how near is near.
func (s *Service) fit(question string, found []retrieval.Passage, exact bool, r Findings) retrieval.Fit {
	return retrieval.FitOf(question, found[:min(len(found), s.cfg.Passages)], r.Meaning && s.judges(r), exact, s.least(r), r.Understanding.Also...)
}

// judges reports whether the vectors of r are of the model by which evidence is
// judged.
func (s *Service) judges(r Findings) bool { return r.Generation.Model == s.cfg.EvidenceModel }

// least returns the evidence that is wanted of r, 0 for any, less for less than
// that.
func (s *Service) least(r Findings) float64 {
	if s.cfg.LeastEvidence == 0 && (s.judges(r) || !r.Meaning) {
		return retrieval.DefaultLeastEvidence
	}
	return s.cfg.LeastEvidence
}

// search finds, loads and checks again: an index may be behind the shop, so
// the loaded facts decide.
func (s *Service) search(ctx context.Context, sc tenant.Scope, q retrieval.Query, why string, r *Findings) ([]retrieval.Passage, error) {
	q.Generation = r.Generation.No
	start := s.deps.Now()
	found, err := s.deps.Searcher.Search(ctx, sc, q)
	if len(q.Vector) > 0 && errors.Is(err, ports.ErrInvalid) {
		// Not of the index's kind: another server behind the model's name, say.
		s.publish(ctx, sc, LexicalOnly{Err: err})
		q.Vector, r.Meaning, r.NoMeaning = nil, false, codeOf(err)
		found, err = s.deps.Searcher.Search(ctx, sc, q)
	}
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	searched := s.deps.Now()
	r.Took.Search += searched.Sub(start)
	refs := make([]retrieval.PassageRef, len(found))
	byRef := make(map[retrieval.PassageRef]retrieval.Passage, len(found))
	for i, p := range found {
		refs[i], byRef[p.Ref] = p.Ref, p
	}
	loaded, err := s.deps.Passages.Load(ctx, sc, r.Generation.Chunking, refs)
	if err != nil {
		return nil, fmt.Errorf("load passages: %w", err)
	}
	r.Took.Load += s.deps.Now().Sub(searched)
	out := loaded[:0]
	for _, p := range loaded {
		if q.Filter.Match(p.Kind, p.Locale, p.Title, p.Facts, q.At) {
			p.Score, p.Arms = byRef[p.Ref].Score, byRef[p.Ref].Arms
			out = append(out, p)
		}
	}
	r.Searches = append(r.Searches, Search{Query: q, Why: why, Found: len(found), Left: len(out)})
	return out, nil
}
