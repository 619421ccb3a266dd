package qdrant

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/qdrant/go-client/qdrant"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// A sparse vector knows words and nothing between them. What the domain makes of
// a question beside its words, words that are not wanted and compounds that are
// nowhere, is worked out here, from the vectors of what was found; most
// questions have neither, and then no vector is fetched.

// wanted is a word of the question, or what counts as one.
type wanted struct {
	token  string
	weight float64
	in     int    // chunks that count for how rare it is
	bits   uint64 // of the question's words that it counts as
}

// compound is what several words make only together: a way to take a word apart
// that no chunk has, or words that mean the same as one of the question.
type compound struct {
	token  string // of the question; "" for what counts beside its words
	parts  []string
	weight float64
	bits   uint64 // of the question's words that it counts as
}

// Bounds of what is asked for compounds.
const (
	cutsTried    = 2   // of a word
	compoundMost = 300 // chunks of each
)

// joined is a chunk that has all parts of a compound.
type joined struct {
	retrieval.Found // scored by the words of the question that are somewhere

	value float64 // of the compound, before how rare it is
}

// read reads the question's words and counts them.
func (l *looking) read(ctx context.Context) error {
	words := l.q.Words()
	var places retrieval.WordPlaces
	var all []string
	asked := false
	for _, w := range words {
		if w.Token != "" {
			all = append(all, w.Token)
			asked = asked || !w.Unwanted
		}
		if w.Unwanted {
			l.unwanted = append(l.unwanted, w.Term)
		}
		for _, a := range w.Also {
			all = append(all, a.Tokens...)
		}
	}
	if !asked {
		return nil
	}
	slices.Sort(all)
	all = slices.Compact(all)
	var err error
	if l.statistics, err = l.x.statistics(ctx, l.o, l.dim, all); err != nil {
		return err
	}
	var nowhere []compound
	var parts []string
	for _, w := range words {
		bits := places.Of(w)
		if !w.Unwanted && l.add(w, bits) == 0 && w.Token != "" && len(nowhere) < retrieval.MaxCompounds {
			nowhere = append(nowhere, compound{token: w.Token, weight: 1, bits: bits})
			for _, c := range retrieval.Cuts(w.Token) {
				parts = append(parts, c.Head, c.Tail)
			}
		}
	}
	if len(nowhere) == 0 {
		return nil
	}
	parts = append(all, parts...)
	slices.Sort(parts)
	if l.statistics, err = l.x.statistics(ctx, l.o, l.dim, slices.Compact(parts)); err != nil {
		return err
	}
	for _, of := range nowhere {
		cuts := slices.DeleteFunc(retrieval.Cuts(of.token), func(c retrieval.Cut) bool { return l.most(c) == 0 })
		slices.SortStableFunc(cuts, func(a, b retrieval.Cut) int { return cmp.Compare(l.most(b), l.most(a)) })
		for _, c := range cuts[:min(cutsTried, len(cuts))] {
			of.parts = []string{c.Head, c.Tail}
			l.compounds = append(l.compounds, of)
		}
	}
	return nil
}

// add takes a word, which has these bits, with what counts as it, and returns about how many chunks have
// any of them: as many as if each stood where it stands whatever the others do.
func (l *looking) add(w retrieval.Word, bits uint64) int {
	chunks := float64(max(1, l.statistics.chunks()))
	none := 1.0 // the share of chunks that have none of them
	lacks := func(token string) { none *= 1 - min(1, float64(l.statistics.in[token].chunks)/chunks) }
	first := len(l.wanted)
	if w.Token != "" {
		l.wanted = append(l.wanted, wanted{token: w.Token, weight: 1, bits: bits})
		lacks(w.Token)
	}
	for _, a := range w.Also {
		if len(a.Tokens) > 1 {
			l.compounds = append(l.compounds, compound{parts: a.Tokens, weight: a.Weight, bits: bits})
			continue
		}
		l.wanted = append(l.wanted, wanted{token: a.Tokens[0], weight: a.Weight, bits: bits})
		lacks(a.Tokens[0])
	}
	in := int(math.Round((1 - none) * chunks))
	if len(w.Also) == 0 {
		in = l.statistics.in[w.Token].chunks
	}
	for i := range l.wanted[first:] {
		l.wanted[first+i].in = in
	}
	if w.Token != "" {
		l.in = append(l.in, in)
		l.tokens = append(l.tokens, w.Token)
	}
	return in
}

// score returns what the words of the question count in a point.
func (l *looking) score(p *qdrant.ScoredPoint) float64 {
	var sum float64
	for _, w := range l.wanted {
		sum += w.weight * l.idf(w.in) * float64(valueOf(p, l.o.dimension(w.token)))
	}
	return sum
}

// has returns the bits of the question's words that a point has.
func (l *looking) has(p *qdrant.ScoredPoint) uint64 {
	var bits uint64
	for _, w := range l.wanted {
		if valueOf(p, l.o.dimension(w.token)) > 0 {
			bits |= w.bits
		}
	}
	return bits
}

// most returns how many chunks can have both parts of a cut.
func (l *looking) most(c retrieval.Cut) int {
	return min(l.statistics.in[c.Head].chunks, l.statistics.in[c.Tail].chunks)
}

// idf returns how much a word counts that n chunks of the site have.
func (l *looking) idf(n int) float64 {
	site := retrieval.Collection{Chunks: max(1, l.statistics.chunks())}
	return site.IDF(min(max(1, n), site.Chunks))
}

// without takes off a point what it has that is not wanted.
func (l *looking) without(h *retrieval.Found, p *qdrant.ScoredPoint) {
	title := p.GetPayload()[fieldTitle].GetStringValue()
	for _, t := range l.unwanted {
		if worth := t.Worth(title); worth != 0 {
			h.Score += worth * l.idf(l.statistics.in[t.Token].chunks) * float64(valueOf(p, l.o.dimension(t.Token)))
		}
	}
}

// compoundArms asks for the chunks that have the parts of compounds.
func (l *looking) compoundArms(f *finds, filter func(...*qdrant.Condition) *qdrant.Filter) []*arm {
	f.compounds = make([][]joined, len(l.compounds))
	out := make([]*arm, len(l.compounds))
	for i, c := range l.compounds {
		dims := make([]uint32, len(c.parts))
		for j, part := range c.parts {
			dims[j] = l.o.dimension(part)
		}
		slices.Sort(dims)
		dims = slices.Compact(dims)
		var found []retrieval.Found
		out[i] = &arm{enough: compoundMost, into: &found, over: len(dims) < len(c.parts)}
		query := qdrant.NewQuerySparse(dims, slices.Repeat([]float32{1}, len(dims)))
		out[i].ask = func() *qdrant.QueryPoints {
			return &qdrant.QueryPoints{Query: query, Using: new(sparseVector), Filter: filter()}
		}
		out[i].look = func(h *retrieval.Found, p *qdrant.ScoredPoint) {
			least := float32(math.Inf(1))
			for _, d := range dims {
				least = min(least, valueOf(p, d))
			}
			if least <= 0 {
				return
			}
			j := joined{retrieval.Found{Ref: h.Ref, Score: l.score(p)}, float64(least)}
			l.without(&j.Found, p)
			f.compounds[i] = append(f.compounds[i], j)
			if l.which {
				f.note(h.Ref, l.has(p))
			}
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
		if i, ok := joints[c.token]; c.token != "" && (!ok || i != best) {
			continue
		}
		for _, j := range f.compounds[best] {
			i, ok := at[j.Ref]
			if !ok {
				i = len(f.lexical)
				at[j.Ref] = i
				f.lexical = append(f.lexical, j.Found)
			}
			f.lexical[i].Score += c.weight * l.idf(len(f.compounds[best])) * j.value
			if l.which {
				f.note(j.Ref, c.bits)
			}
		}
	}
}

// joints returns, for each compound that is somewhere, the cut that counts.
func (l *looking) joints(f finds) map[string]int {
	out := make(map[string]int)
	for i, c := range l.compounds {
		if c.token != "" && i < len(f.compounds) && len(f.compounds[i]) > 0 {
			if best, ok := out[c.token]; !ok || len(f.compounds[i]) > len(f.compounds[best]) {
				out[c.token] = i
			}
		}
	}
	return out
}

// finds returns what the arms have found.
func (l *looking) finds(f finds) retrieval.Finds {
	if l.statistics == nil {
		return f.finds(l.depth)
	}
	site, in := retrieval.Collection{Chunks: l.statistics.chunks()}, l.holding(f)
	for i, h := range f.lexical {
		f.lexical[i].Has = f.words[h.Ref]
	}
	out := f.finds(l.depth)
	out.Possible, out.IDF = site.Possible(in...), site.IDFs(in)
	return out
}

// holding returns how many chunks hold each of the question's words.
func (l *looking) holding(f finds) []int {
	joints := l.joints(f)
	in := make([]int, 0, len(l.tokens))
	for i, t := range l.tokens {
		n := l.in[i]
		if i, ok := joints[t]; ok {
			n = len(f.compounds[i])
		}
		in = append(in, n)
	}
	return in
}
