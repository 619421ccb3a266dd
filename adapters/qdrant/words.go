package qdrant

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/qdrant/go-client/qdrant"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// meanTokens stands for the mean length of a site's chunks, by which BM25
// divides: it is part of what is stored of a chunk and cannot follow the site.
const meanTokens = 150

// Words that every chunk of a generation has, and that its anchor has. No token
// holds a space.
const (
	everyChunk = "every chunk"
	anchorWord = "the anchor"
)

// dimension returns the number of a word in the sparse vectors of o. Another
// owner's is another one, but for one in four billion, and then a filter keeps
// them apart all the same.
func (o owner) dimension(word string) uint32 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s|%s|%d|%s", o.Tenant, o.Site, o.generation, word)
	sum := h.Sum64()
	sum ^= sum >> 33 // FNV's high bits know little of the last letters
	sum *= 0xff51afd7ed558ccd
	sum ^= sum >> 33
	return uint32(sum)
}

// sparseOf returns the sparse vector of a chunk: for each of its words the half
// of BM25 that is its own.
func (o owner) sparseOf(e retrieval.Entry, c retrieval.Chunk) *qdrant.Vector {
	weighted, tokens := retrieval.WeightedTokens(e, c)
	values := map[uint32]float32{o.dimension(everyChunk): 1}
	for word, w := range weighted {
		values[o.dimension(word)] += float32(retrieval.Saturation(w, tokens, meanTokens))
	}
	indices := make([]uint32, 0, len(values))
	for i := range values {
		indices = append(indices, i)
	}
	slices.Sort(indices)
	out := make([]float32, len(indices))
	for i, dim := range indices {
		out[i] = values[dim]
	}
	return qdrant.NewVectorSparse(indices, out)
}

// statistics are what a generation's words are weighted by.
//
// The server's modifier multiplies a word of the query with
// ln((N + 1) / (n + 0.5)), where N counts the points of the whole collection, of
// whichever site, and n those that have the word: the site's own, since a word's
// number holds the scope. In a collection of many sites N makes all words alike
// rare, and what other sites put would change a site's order. So words are asked
// for with weights that undo it: what the site alone would give, over what the
// server gives. Both follow from the scores of single words, which tell n, and
// from that of the anchor, the one point with its word, which tells N. The
// anchor is asked for in each search anew.
type statistics struct {
	at     time.Time
	change int64          // of Index.change when they were asked for
	log    float64        // ln(N + 1)
	chunks int            // of the generation
	in     map[string]int // the chunks that have a word
}

// Statistics are asked for again when they are as old as statisticsFor: a site
// that another process writes to is ranked by somewhat old ones until then. What
// this process writes is seen at once.
const (
	statisticsFor  = 30 * time.Second
	statisticsMost = 1000 // generations
	statisticsDeep = 4096 // words of one
)

// drift is by how much ln(N + 1) may have moved before a search is done again
// with new weights.
const drift = 0.01

// idf returns the modifier's factor for a word that n points have.
func (s *statistics) idf(n int) float64 { return s.log - math.Log(float64(n)+0.5) }

// query returns the sparse vector to ask for words with.
func (s *statistics) query(o owner, words []wanted) *qdrant.Query {
	site := retrieval.Collection{Chunks: max(1, s.chunks)}
	weights := make(map[uint32]float32, len(words))
	for _, w := range words {
		// One that nobody had may be there by now.
		weights[o.dimension(w.token)] += float32(w.weight * site.IDF(min(max(1, w.in), site.Chunks)) / max(s.idf(max(1, s.in[w.token])), 1e-6))
	}
	indices := make([]uint32, 0, len(weights))
	for i := range weights {
		indices = append(indices, i)
	}
	slices.Sort(indices)
	values := make([]float32, len(indices))
	for i, dim := range indices {
		values[i] = weights[dim]
	}
	return qdrant.NewQuerySparse(indices, values)
}

// statistics returns those of o for tokens, from memory or by one request.
func (x *Index) statistics(ctx context.Context, o owner, dim int, tokens []string) (*statistics, error) {
	x.mu.Lock()
	have, change := x.counts[o], x.change
	x.mu.Unlock()
	now := x.c.Now()
	if have != nil && now.Sub(have.at).Abs() < statisticsFor && len(have.in) <= statisticsDeep {
		if !slices.ContainsFunc(tokens, func(t string) bool { _, ok := have.in[t]; return !ok }) {
			return have, nil
		}
	} else {
		have = nil
	}
	made := &statistics{at: now, change: change, in: make(map[string]int)}
	ask := tokens
	if have != nil {
		made.at, made.change = have.at, have.change
		ask = nil
		for _, t := range tokens {
			if _, ok := have.in[t]; !ok {
				ask = append(ask, t)
			}
		}
		maps.Copy(made.in, have.in)
	}
	if err := x.count(ctx, o, dim, made, ask); err != nil {
		return nil, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.change == change { // or somebody has written meanwhile
		if len(x.counts) >= statisticsMost {
			clear(x.counts)
		}
		x.counts[o] = made
	}
	return made, nil
}

// count asks how many chunks have each of these words, all at once.
func (x *Index) count(ctx context.Context, o owner, dim int, s *statistics, tokens []string) error {
	probe := func(word string) *qdrant.QueryPoints {
		return &qdrant.QueryPoints{
			Query: qdrant.NewQuerySparse([]uint32{o.dimension(word)}, []float32{1}), Using: new(sparseVector),
			Filter: o.filter(), Limit: new(uint64(1)), WithVectors: qdrant.NewWithVectorsInclude(sparseVector),
		}
	}
	all := []*qdrant.QueryPoints{probe(anchorWord), probe(everyChunk)}
	for _, t := range tokens {
		all = append(all, probe(t))
	}
	results, err := x.batch(ctx, dim, all)
	if err != nil {
		return err
	}
	idf := func(i int, word string) (float64, bool) {
		for _, p := range results[i] {
			if v := valueOf(p, o.dimension(word)); v > 0 {
				return float64(p.GetScore()) / float64(v), true
			}
		}
		return 0, false
	}
	log, ok := idf(0, anchorWord)
	if !ok {
		return errMoved
	}
	s.log = log + math.Log(1.5)
	number := func(i int, word string) int {
		f, ok := idf(i, word)
		if !ok {
			return 0
		}
		return max(1, int(math.Round(math.Exp(s.log-f)-0.5)))
	}
	s.chunks = number(1, everyChunk)
	for i, t := range tokens {
		s.in[t] = number(i+2, t)
	}
	return nil
}

// valueOf returns what the point's sparse vector has at dim.
func valueOf(p *qdrant.ScoredPoint, dim uint32) float32 {
	v := p.GetVectors().GetVectors().GetVectors()[sparseVector].GetSparse()
	for i, d := range v.GetIndices() {
		if d == dim {
			return v.GetValues()[i]
		}
	}
	return 0
}

// wrote notes that o was written to: its statistics are old.
func (x *Index) wrote(o owner) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.change++
	delete(x.counts, o)
}

// batch asks several queries of a collection at once.
func (x *Index) batch(ctx context.Context, dim int, queries []*qdrant.QueryPoints) ([][]*qdrant.ScoredPoint, error) {
	name := x.collection(dim)
	for _, q := range queries {
		q.CollectionName = name
	}
	results, err := x.client.QueryBatch(ctx, &qdrant.QueryBatchPoints{CollectionName: name, QueryPoints: queries})
	if err != nil {
		return nil, err
	}
	out := make([][]*qdrant.ScoredPoint, len(queries))
	for i := range results {
		if i < len(out) {
			out[i] = results[i].GetResult()
		}
	}
	return out, nil
}
