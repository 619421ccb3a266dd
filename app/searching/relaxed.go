package searching

import (
	"context"
	"slices"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// fitting searches as query says. If nothing is like that, it asks for less of what
// a shopper would rather be told than refused: that it is sold out, or that it does
// not say itself what it is without. What is sold out comes first where it has the
// words of the question in its title and nothing in stock has.
func (s *Service) fitting(ctx context.Context, sc tenant.Scope, query retrieval.Query, u retrieval.Understanding, why string, r *Findings) ([]retrieval.Passage, error) {
	arm, err := s.search(ctx, sc, query, why, r)
	if err != nil {
		return nil, err
	}
	if len(arm) == 0 && len(query.Filter.Free) > 0 {
		query.Filter = query.Filter.Loose()
		if arm, err = s.search(ctx, sc, query, WhyFree, r); err != nil {
			return nil, err
		}
	}
	if rest, says, ok := query.Filter.InWords(); ok && len(arm) == 0 {
		loose := query
		loose.Filter = rest
		if arm, err = s.search(ctx, sc, loose, WhyWords, r); err != nil {
			return nil, err
		}
		arm = slices.DeleteFunc(arm, func(p retrieval.Passage) bool { return !says(p) })
	}
	titled := func(p retrieval.Passage) bool { return retrieval.TitledWith(p.Title, u.Open) }
	ages, rest := ofAge(query.Filter.Attributes)
	if len(arm) == 0 && len(query.Filter.Categories) > 0 && len(ages) > 0 {
		// Puzzles have no size, whatever "for 4 years" is of clothes.
		loose := query
		loose.Filter.Attributes = rest
		if arm, err = s.search(ctx, sc, loose, WhyAge, r); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(arm, func(p retrieval.Passage) bool { return retrieval.HasAttribute(p.Facts, ages) }) {
			arm = nil
		}
	}
	if len(arm) == 0 && len(query.Filter.Categories) > 0 && u.Open != "" {
		// Somebody files bonnets for babies under Accessories.
		loose := query
		loose.Filter.Categories = nil
		if arm, err = s.search(ctx, sc, loose, WhyFiled, r); err != nil {
			return nil, err
		}
		arm = slices.DeleteFunc(arm, func(p retrieval.Passage) bool { return !titled(p) })
	}
	if !query.Filter.InStock || len(arm) > 0 && (u.Open == "" || query.Sort != retrieval.ByRelevance || slices.ContainsFunc(arm, titled)) {
		return arm, nil
	}
	query.Filter.InStock = false
	sold, err := s.search(ctx, sc, query, WhySold, r)
	if err != nil || len(arm) == 0 {
		return sold, err
	}
	return retrieval.Interleave(append(slices.DeleteFunc(sold, func(p retrieval.Passage) bool { return !titled(p) }), arm...)), nil
}

// ofAge returns those of attributes that are ages of children, and the others.
func ofAge(attributes []catalog.Attribute) (ages, rest []catalog.Attribute) {
	for _, a := range attributes {
		if retrieval.AgesOnly(a.Values) {
			ages = append(ages, a)
		} else {
			rest = append(rest, a)
		}
	}
	return ages, rest
}

// within returns arm, or nothing where no title in it has a word of what the thing is
// called, and the shop has things that are called so at other prices or of other
// weights: there is olive oil, but none under 5.
func (s *Service) within(ctx context.Context, l look, query retrieval.Query, arm []retrieval.Passage, r *Findings) ([]retrieval.Passage, error) {
	called := l.called
	says := func(p retrieval.Passage) bool { return retrieval.Entitled(p.Title, called) }
	loose, bounded := query.Filter.Unbounded()
	if called == "" || len(arm) == 0 || len(loose.Categories) > 0 && l.understanding.Head == "" || !bounded || slices.ContainsFunc(arm, says) {
		return arm, nil
	}
	query.Filter, query.Sort, query.Text = loose, retrieval.ByRelevance, called
	all, err := s.search(ctx, l.q.Scope, query, WhyOutside, r)
	if err != nil || !slices.ContainsFunc(all, func(p retrieval.Passage) bool { return retrieval.TitledWith(p.Title, called) }) {
		return arm, err
	}
	return nil, nil
}
