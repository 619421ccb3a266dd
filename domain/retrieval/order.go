package retrieval

import (
	"slices"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// Sort is an order that a question asks for. The zero Sort is by relevance.
type Sort uint8

// Sorts.
const (
	ByRelevance   Sort = iota
	CheapestFirst      // "cheapest"
	DearestFirst       // "most expensive"
)

// String returns the order in words.
func (s Sort) String() string {
	switch s {
	case CheapestFirst:
		return "cheapest first"
	case DearestFirst:
		return "most expensive first"
	case ByRelevance:
	}
	return "by relevance"
}

// Listed is a document as far as an order looks at it.
type Listed struct {
	Ref   PassageRef // its first chunk
	Title string
	Facts catalog.Facts
}

// Sorted answers a query with an order: what is cheapest is told by the prices
// of all that fit and not by the best matches. all are the documents that
// q.Filter lets through, in any order, which is changed. Of those Sorted takes
// the ones whose title has every word of q.Text; if none has, those whose title,
// categories, brands or attributes have: who asks for the cheapest sleeping bag
// wants no bag that is not for sleeping in, however cheap it is. It puts them in
// the order of q.Sort, ties by document, and cuts at q.Limit.
//
// If no document has every word, found is asked for what q finds by relevance,
// and that is put in order; its error is returned. Arms.Order is set in any case,
// and the other arms in the second only.
func Sorted(all []Listed, q Query, found func(Query) ([]Passage, error)) ([]Passage, error) {
	ranks := make(map[DocumentID]rank, len(all))
	for _, d := range all {
		ranks[d.Ref.Document] = rankOf(d.Title, d.Facts, q.Sort, q.Filter, q.At)
	}
	var out []Passage
	if whole := wholly(all, q); len(whole) > 0 || len(all) == 0 {
		for _, d := range whole {
			p := Passage{Ref: d.Ref}
			if q.Text != "" {
				p.Arms.Words = 1 // it has all of them
			}
			out = append(out, p)
		}
		slices.SortFunc(out, func(a, b Passage) int { return compareRef(a.Ref, b.Ref) })
	} else {
		q.Sort = ByRelevance
		var err error
		if out, err = found(q); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(out, func(a, b Passage) int { return ranks[a.Ref.Document].compare(ranks[b.Ref.Document]) })
	out = out[:min(q.Limit, len(out))]
	for i := range out {
		out[i].Arms.Order = i + 1
	}
	return out, nil
}

// wholly returns those of all whose title has every word that is wanted; if none
// has, those whose title, categories, brands or attributes have.
func wholly(all []Listed, q Query) []Listed {
	want := QueryTokens(q.Text)
	if len(want) == 0 {
		return all
	}
	var titled, said []Listed
	for _, d := range all {
		have := Tokens(d.Title)
		if q.covered(want, have) {
			titled = append(titled, d)
			continue
		}
		if len(titled) > 0 {
			continue
		}
		fields := slices.Concat(d.Facts.Categories, d.Facts.Brands)
		for _, a := range d.Facts.Attributes {
			fields = append(fields, a.Values...)
		}
		if q.covered(want, append(have, Tokens(strings.Join(fields, " "))...)) {
			said = append(said, d)
		}
	}
	if len(titled) > 0 {
		return titled
	}
	return said
}

// covered reports whether have holds all that is wanted, or what counts as it.
func (q Query) covered(want, have []string) bool {
	return !slices.ContainsFunc(want, func(t string) bool {
		return !slices.Contains(have, t) && !slices.ContainsFunc(q.Also, func(a Alternative) bool {
			return slices.Contains(a.Of, t) && hasAll(have, a.Tokens)
		})
	})
}

// SortPassages returns ps in the order s, by the price at the time now of the
// cheapest (or dearest) offer of each that f lets through. What has no such
// price comes last; what is equal keeps its order. ps itself is not changed.
func SortPassages(ps []Passage, s Sort, f Filter, now time.Time) []Passage {
	out := slices.Clone(ps)
	if s == ByRelevance {
		return out
	}
	slices.SortStableFunc(out, func(a, b Passage) int {
		return rankOf(a.Title, a.Facts, s, f, now).compare(rankOf(b.Title, b.Facts, s, f, now))
	})
	return out
}

// rank is where a document stands in an order.
type rank struct {
	price catalog.Money // not set: last
	down  bool          // the higher comes first
}

// rankOf returns where what has these facts stands in the order s.
func rankOf(title string, facts catalog.Facts, s Sort, f Filter, now time.Time) rank {
	at := rank{down: s == DearestFirst}
	for _, o := range facts.Offers {
		price := o.Price(now)
		if !price.IsSet() || !f.MatchOffer(title, facts, o, now) {
			continue
		}
		if c := price.Cmp(at.price); !at.price.IsSet() || !at.down && c < 0 || at.down && c > 0 {
			at.price = price
		}
	}
	return at
}

func (a rank) compare(b rank) int {
	switch {
	case !a.price.IsSet() || !b.price.IsSet():
		return compareBool(!a.price.IsSet(), !b.price.IsSet())
	case a.down:
		return b.price.Cmp(a.price)
	}
	return a.price.Cmp(b.price)
}
