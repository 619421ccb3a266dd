package retrieval

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// Sort is an order that a question asks for. The zero Sort is by relevance.
type Sort uint8

// Sorts.
const (
	ByRelevance    Sort = iota
	CheapestFirst       // "cheapest"
	DearestFirst        // "most expensive"
	NewestFirst         // "newest", by when the shop first offered it
	BestRatedFirst      // "best rated", by ratedAtLeast
	LightestFirst       // "lightest"
	HeaviestFirst       // "heaviest"
)

// String returns the order in words.
func (s Sort) String() string {
	switch s {
	case CheapestFirst:
		return "cheapest first"
	case DearestFirst:
		return "most expensive first"
	case NewestFirst:
		return "newest first"
	case BestRatedFirst:
		return "best rated first"
	case LightestFirst:
		return "lightest first"
	case HeaviestFirst:
		return "heaviest first"
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

// Sorted answers a query with an order: what is cheapest, newest, best rated or
// lightest is told by the facts of all that fit and not by the best matches. all are the documents that
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

// SortPassages returns ps in the order s: by the price at the time now of the
// cheapest (or dearest) offer of each that f lets through, or by its age, rating or
// weight. What has no such fact comes last; what is equal keeps its order. ps
// itself is not changed.
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

// rank is where a document stands in an order: by its price, if that is set, or
// else by a number.
type rank struct {
	known  bool // not: last
	down   bool // the higher comes first
	price  catalog.Money
	number float64
}

// rankOf returns where what has these facts stands in the order s.
func rankOf(title string, facts catalog.Facts, s Sort, f Filter, now time.Time) rank {
	switch s {
	case NewestFirst:
		return rank{known: !facts.Published.IsZero(), down: true, number: float64(facts.Published.Unix())}
	case BestRatedFirst:
		return rank{known: facts.Rating.IsSet(), down: true, number: ratedAtLeast(facts.Rating)}
	case LightestFirst, HeaviestFirst:
		return rank{known: facts.Weight.IsSet(), down: s == HeaviestFirst, number: float64(facts.Weight.Milligrams)}
	case ByRelevance, CheapestFirst, DearestFirst:
	}
	at := rank{down: s == DearestFirst}
	for _, o := range facts.Offers {
		price := o.Price(now)
		if !price.IsSet() || !f.MatchOffer(title, facts, o, now) {
			continue
		}
		if c := price.Cmp(at.price); !at.known || !at.down && c < 0 || at.down && c > 0 {
			at.known, at.price = true, price
		}
	}
	return at
}

func (a rank) compare(b rank) int {
	if !a.known || !b.known {
		return compareBool(!a.known, !b.known)
	}
	c := cmp.Compare(a.number, b.number)
	if a.price.IsSet() {
		c = a.price.Cmp(b.price)
	}
	if a.down {
		return -c
	}
	return c
}

// surely is how many standard errors ratedAtLeast goes below what is seen: with
// 1.645 it is right in 95 of 100 cases.
const surely = 1.645

// ratedAtLeast returns the share of all stars that a product deserves at least, by
// what shoppers gave it: the lower end of Wilson's interval ("Probable inference,
// the law of succession, and statistical inference", Journal of the American
// Statistical Association 22, 1927), so that one who gave five stars does not beat
// two hundred who gave 4.8.
//
// Wilson's is for yes and no, and a shop tells the average only. No ratings of an
// average m from 1 to 5 vary more than those that are all 1 or 5 (Bhatia and
// Davis, "A better bound on the variance", American Mathematical Monthly 107,
// 2000), which are yes and no in the share (m-1)/4. So this is a bound whatever
// the single ratings were.
func ratedAtLeast(r catalog.Rating) float64 {
	if !r.IsSet() {
		return 0
	}
	n, share := float64(r.Count), (float64(r.Hundredths)/100-1)/4
	const zz = surely * surely
	return (share + zz/(2*n) - surely*math.Sqrt(max(0, share*(1-share)/n+zz/(4*n*n)))) / (1 + zz/n)
}
