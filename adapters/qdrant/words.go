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
// rare, and what other sites put would change a site's order. And both count
// points that were deleted, as Qdrant's engine (qdrant-edge 0.9.0) does until it
// builds their segment anew, so that words of documents that change often would
// look frequent. So words are asked for with weights that undo it: what the site
// alone would give, over what the server gives. The latter follows from the score
// of the word alone, and from that of the anchor, the one point with its word,
// which tells N and is asked for in each search anew. How many chunks have the
// word is seen from what it finds, up to countedMost.
type statistics struct {
	at     time.Time
	change int64             // of Index.change when they were asked for
	log    float64           // ln(N + 1)
	in     map[string]counts // of each word, and of everyChunk
}

// counts are what is known of a word.
type counts struct {
	chunks int     // that have it
	ln     float64 // ln(n + 0.5) of the server's n
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

// idf returns the modifier's factor for a word.
func (s *statistics) idf(word string) float64 {
	c := s.in[word]
	if c.chunks == 0 {
		c.ln = math.Log(1.5) // one chunk may have it by now
	}
	return s.log - c.ln
}

// query returns the sparse vector to ask for words with.
func (s *statistics) query(o owner, words []wanted) *qdrant.Query {
	site := retrieval.Collection{Chunks: max(1, s.chunks())}
	weights := make(map[uint32]float32, len(words))
	for _, w := range words {
		// One that nobody had may be there by now.
		weights[o.dimension(w.token)] += float32(w.weight * site.IDF(min(max(1, w.in), site.Chunks)) / max(s.idf(w.token), 1e-6))
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
	made := &statistics{at: now, change: change, in: make(map[string]counts)}
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

// countedMost is up to how many chunks that have a word are counted one by one.
// The more they are, the less it matters whether some are not there any more.
const countedMost = 256

// count asks how many chunks have each of these words, all at once, and, if s
// does not know yet, how many there are.
func (x *Index) count(ctx context.Context, o owner, dim int, s *statistics, words []string) error {
	every, known := s.in[everyChunk]
	if !known {
		words = append([]string{everyChunk}, words...)
	}
	var all []*qdrant.QueryPoints
	for _, word := range append([]string{anchorWord}, words...) {
		query := qdrant.NewQuerySparse([]uint32{o.dimension(word)}, []float32{1})
		all = append(all,
			&qdrant.QueryPoints{Query: query, Using: new(sparseVector), Filter: o.filter(), Limit: new(uint64(1)), WithVectors: qdrant.NewWithVectorsInclude(sparseVector)},
			&qdrant.QueryPoints{Query: query, Using: new(sparseVector), Filter: o.filter(), Limit: new(uint64(countedMost))})
	}
	results, err := x.batch(ctx, dim, all)
	if err != nil {
		return err
	}
	log, ok := o.factor(results[0], anchorWord)
	if !ok {
		return errMoved
	}
	s.log = log + math.Log(1.5)
	for i, word := range words {
		f, ok := o.factor(results[2*i+2], word)
		if !ok {
			s.in[word] = counts{}
			continue
		}
		c := counts{chunks: len(results[2*i+3]), ln: s.log - f}
		switch {
		case c.chunks < countedMost:
		case word == everyChunk:
			n, err := x.client.Count(ctx, &qdrant.CountPoints{CollectionName: x.collection(dim), Filter: o.chunks(), Exact: new(true)})
			if err != nil {
				return err
			}
			c.chunks = int(n)
		default: // as large a part of the site's as of the server's
			c.chunks = min(every.chunks, max(c.chunks, int(math.Round(float64(every.chunks)*math.Exp(c.ln-every.ln)))))
		}
		if word == everyChunk {
			every = c
		}
		s.in[word] = c
	}
	return nil
}

// factor returns the server's factor for a word that alone has found these.
func (o owner) factor(found []*qdrant.ScoredPoint, word string) (float64, bool) {
	for _, p := range found {
		if v := valueOf(p, o.dimension(word)); v > 0 {
			return float64(p.GetScore()) / float64(v), true
		}
	}
	return 0, false
}

// chunks returns how many the generation has.
func (s *statistics) chunks() int { return s.in[everyChunk].chunks }

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
