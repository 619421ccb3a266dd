package qdrant

import (
	"cmp"
	"context"
	"slices"

	"github.com/qdrant/go-client/qdrant"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// A sparse vector knows words and nothing between them. What the domain makes of
// a question beside its words, words that are not wanted and compounds that are
// nowhere, is worked out here, from the vectors of what was found; most
// questions have neither, and then no vector is fetched.

// compound is a word that no chunk has, and a way to take it apart.
type compound struct {
	token string
	cut   retrieval.Cut
}

// Bounds of what is asked for compounds.
const (
	cutsTried    = 2   // of a word
	compoundMost = 300 // chunks of each
)

// joined is a chunk that has both parts of a compound.
type joined struct {
	retrieval.Found // scored by the words of the question that are somewhere

	value float64 // of the compound, before how rare it is
}

// read reads the question's words and counts them.
func (l *looking) read(ctx context.Context) error {
	var all []string
	for _, t := range retrieval.QueryTerms(l.q.Text) {
		all = append(all, t.Token)
		if t.Unwanted {
			l.unwanted = append(l.unwanted, t)
		} else {
			l.tokens = append(l.tokens, t.Token)
		}
	}
	if len(l.tokens) == 0 {
		return nil
	}
	var err error
	if l.statistics, err = l.x.statistics(ctx, l.o, l.dim, all); err != nil {
		return err
	}
	var nowhere []string
	for _, t := range l.tokens {
		if l.statistics.in[t] == 0 && len(nowhere) < retrieval.MaxCompounds {
			nowhere = append(nowhere, t)
		}
	}
	if len(nowhere) == 0 {
		return nil
	}
	var parts []string
	for _, t := range nowhere {
		for _, c := range retrieval.Cuts(t) {
			parts = append(parts, c.Head, c.Tail)
		}
	}
	slices.Sort(parts)
	if l.statistics, err = l.x.statistics(ctx, l.o, l.dim, slices.Compact(append(all, parts...))); err != nil {
		return err
	}
	for _, t := range nowhere {
		cuts := slices.DeleteFunc(retrieval.Cuts(t), func(c retrieval.Cut) bool { return l.most(c) == 0 })
		slices.SortStableFunc(cuts, func(a, b retrieval.Cut) int { return cmp.Compare(l.most(b), l.most(a)) })
		for _, c := range cuts[:min(cutsTried, len(cuts))] {
			l.compounds = append(l.compounds, compound{t, c})
		}
	}
	return nil
}

// most returns how many chunks can have both parts of a cut.
func (l *looking) most(c retrieval.Cut) int {
	return min(l.statistics.in[c.Head], l.statistics.in[c.Tail])
}

// idf returns how much a word counts that n chunks of the site have.
func (l *looking) idf(n int) float64 {
	site := retrieval.Collection{Chunks: max(1, l.statistics.chunks)}
	return site.IDF(min(max(1, n), site.Chunks))
}

// without takes off a hit what it has that is not wanted.
func (l *looking) without(h *retrieval.Found, p *qdrant.ScoredPoint) {
	title := p.GetPayload()[fieldTitle].GetStringValue()
	for _, t := range l.unwanted {
		if worth := t.Worth(title); worth != 0 {
			h.Score += worth * l.idf(l.statistics.in[t.Token]) * float64(valueOf(p, l.o.dimension(t.Token)))
		}
	}
}

// compoundArms asks for the chunks that have the parts of compounds.
func (l *looking) compoundArms(f *finds, filter func(...*qdrant.Condition) *qdrant.Filter) []*arm {
	f.compounds = make([][]joined, len(l.compounds))
	out := make([]*arm, len(l.compounds))
	for i, c := range l.compounds {
		head, tail := l.o.dimension(c.cut.Head), l.o.dimension(c.cut.Tail)
		if head == tail {
			out[i] = &arm{over: true}
			continue
		}
		query := qdrant.NewQuerySparse([]uint32{min(head, tail), max(head, tail)}, []float32{1, 1})
		var hits []retrieval.Found
		out[i] = &arm{
			enough: compoundMost, into: &hits,
			ask: func() *qdrant.QueryPoints {
				return &qdrant.QueryPoints{Query: query, Using: new(sparseVector), Filter: filter()}
			},
			look: func(h *retrieval.Found, p *qdrant.ScoredPoint) {
				a, b := valueOf(p, head), valueOf(p, tail)
				if a <= 0 || b <= 0 {
					return
				}
				j := joined{retrieval.Found{Ref: h.Ref}, float64(min(a, b))}
				for _, t := range l.tokens {
					j.Score += l.idf(l.statistics.in[t]) * float64(valueOf(p, l.o.dimension(t)))
				}
				l.without(&j.Found, p)
				f.compounds[i] = append(f.compounds[i], j)
			},
		}
	}
	return out
}

// join adds the chunks that have compounds to what the words have found: of the
// cuts of a word that one which most chunks have.
func (l *looking) join(f *finds) {
	at := make(map[retrieval.PassageRef]int)
	if len(l.compounds) > 0 {
		for i, h := range f.lexical {
			at[h.Ref] = i
		}
	}
	joints := l.joints(*f)
	for best, c := range l.compounds {
		if i, ok := joints[c.token]; !ok || i != best {
			continue
		}
		for _, j := range f.compounds[best] {
			i, ok := at[j.Ref]
			if !ok {
				i = len(f.lexical)
				at[j.Ref] = i
				f.lexical = append(f.lexical, j.Found)
			}
			f.lexical[i].Score += l.idf(len(f.compounds[best])) * j.value
		}
	}
}

// joints returns, for each compound that is somewhere, the cut that counts.
func (l *looking) joints(f finds) map[string]int {
	out := make(map[string]int)
	for i, c := range l.compounds {
		if i < len(f.compounds) && len(f.compounds[i]) > 0 {
			if best, ok := out[c.token]; !ok || len(f.compounds[i]) > len(f.compounds[best]) {
				out[c.token] = i
			}
		}
	}
	return out
}

// possible returns the lexical score that a chunk with all words would have.
func (l *looking) possible(f finds) float64 {
	if l.statistics == nil {
		return 0
	}
	joints := l.joints(f)
	in := make([]int, 0, len(l.tokens))
	for _, t := range l.tokens {
		n := l.statistics.in[t]
		if i, ok := joints[t]; ok {
			n = len(f.compounds[i])
		}
		in = append(in, n)
	}
	return retrieval.Collection{Chunks: l.statistics.chunks}.Possible(in...)
}
