package retrieval

import (
	"slices"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// PackOptions bounds what goes into a prompt. The zero value is the default.
type PackOptions struct {
	PerDocument int     // passages of one document at most; 0 for 2
	Passages    int     // passages in all at most; 0 for any number
	Similar     float64 // share of common words from which two texts are the same; 0 for 0.85
	Diversity   float64 // what of relevance is given for what is new, up to 1; 0 for 0.3, negative for none
}

func (o PackOptions) withDefaults() PackOptions {
	if o.PerDocument <= 0 {
		o.PerDocument = 2
	}
	if o.Similar <= 0 {
		o.Similar = 0.85
	}
	switch {
	case o.Diversity == 0:
		o.Diversity = 0.3
	case o.Diversity < 0:
		o.Diversity = 0
	}
	return o
}

// Pack returns the passages that Choose chooses, in the order of ps.
func Pack(ps []Passage, budget int64, count func(Passage) int64, o PackOptions) []Passage {
	var out []Passage
	for _, c := range Choose(ps, budget, count, o) {
		if c.Verdict == Chosen {
			out = append(out, c.Passage)
		}
	}
	return out
}

func wordSet(text string) map[string]bool {
	set := make(map[string]bool)
	for _, t := range Tokens(text) {
		set[t] = true
	}
	return set
}

func jaccard(a, b map[string]bool) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	common := 0
	for t := range a {
		if b[t] {
			common++
		}
	}
	return float64(common) / float64(len(a)+len(b)-common)
}

// Interleave merges the results of several searches: the best of each, then
// the second of each, and so on, each passage once. Scores of different
// searches do not compare, so they are not looked at.
func Interleave(searches ...[]Passage) []Passage {
	var out []Passage
	seen := make(map[PassageRef]bool)
	for rank := 0; ; rank++ {
		more := false
		for _, ps := range searches {
			if rank >= len(ps) {
				continue
			}
			more = true
			if !seen[ps[rank].Ref] {
				seen[ps[rank].Ref] = true
				out = append(out, ps[rank])
			}
		}
		if !more {
			return out
		}
	}
}

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

// SortPassages returns ps in the order s, by the price at the time now of the
// cheapest (or dearest) offer of each that f lets through. What has no such
// price comes last; what is equal keeps its order. ps itself is not changed.
func SortPassages(ps []Passage, s Sort, f Filter, now time.Time) []Passage {
	out := slices.Clone(ps)
	if s == ByRelevance {
		return out
	}
	slices.SortStableFunc(out, func(a, b Passage) int {
		pa, pb := extreme(a, s, f, now), extreme(b, s, f, now)
		switch {
		case !pa.IsSet() && !pb.IsSet():
			return 0
		case !pa.IsSet():
			return 1
		case !pb.IsSet():
			return -1
		case s == DearestFirst:
			return pb.Cmp(pa)
		}
		return pa.Cmp(pb)
	})
	return out
}

func extreme(p Passage, s Sort, f Filter, now time.Time) catalog.Money {
	var best catalog.Money
	for _, o := range p.Facts.Offers {
		price := o.Price(now)
		if !price.IsSet() || !f.MatchOffer(p.Title, p.Facts, o, now) {
			continue
		}
		if c := price.Cmp(best); !best.IsSet() || s == CheapestFirst && c < 0 || s == DearestFirst && c > 0 {
			best = price
		}
	}
	return best
}
