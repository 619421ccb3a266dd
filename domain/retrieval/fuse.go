package retrieval

import (
	"cmp"
	"math"
	"slices"
)

// Found is a chunk that one arm of a search has found, with that arm's score.
type Found struct {
	Ref   PassageRef
	Score float64 // higher is better; comparable within one arm only
	// Has says which of the question's words the chunk has, a bit each as
	// WordPlaces numbers them; 0 unless an order is asked for.
	Has uint64
}

// Finds is what the arms of a search have found, each best first.
type Finds struct {
	Lexical []Found
	// Possible is the score of a chunk that had every word of the question, as
	// often as any can: Collection.Possible. 0 if it is not known: the question's
	// words are half trusted then.
	Possible float64
	// IDF is how much each of the question's words counts, as WordPlaces numbers
	// them; nil unless an order is asked for.
	IDF   []float64
	Dense []Found
	Exact []PassageRef // chunks of what the question names; in any order
}

// FusionWeights says how much each arm of a search counts.
type FusionWeights struct {
	Lexical float64
	Dense   float64
}

// DefaultFusionWeights lets the nearest by meaning count as much as all words
// of a question would, before Fuse takes off what the words have already found.
func DefaultFusionWeights() FusionWeights { return FusionWeights{Lexical: 1, Dense: 1} }

// doubt is how fast meaning gives way to words: the power of the share of the
// question that no chunk answers. With 3 to 6 both embedders that were measured
// (a sentence encoder and adapters/glove) leave the judged questions of ESCI
// where words alone have them, within 0.003, and find what shares no word with
// the question; docs/retrieval.md.
const doubt = 4

// FusionDepth is how many of each arm's best are fused for a search that wants
// limit passages: enough that what one arm ranks low and the other high is
// seen.
func FusionDepth(limit int) int { return max(100, min(limit, 1_000_000)) }

// Best sorts found best first, ties by document and chunk, and returns the
// first n. It reorders found.
func Best(found []Found, n int) []Found {
	slices.SortFunc(found, func(a, b Found) int {
		if a.Score != b.Score {
			return cmp.Compare(b.Score, a.Score)
		}
		return compareRef(a.Ref, b.Ref)
	})
	return found[:min(n, len(found))]
}

// leastTrust keeps the order that words give, however little they find.
const leastTrust = 0.01

// Confidence says how much of the question its words find, from 0 to 1: the
// score of the best chunk by words, over Possible. It is near 1 where one chunk
// has all the words, the rare above all, and 0 where no chunk has any.
func (f Finds) Confidence() float64 {
	switch {
	case len(f.Lexical) == 0:
		return 0
	case f.Possible <= 0:
		return 0.5
	}
	return max(0, min(1, f.Lexical[0].Score/f.Possible))
}

// Fuse merges what the arms of a search have found. A chunk's score is the sum
// of its lexical score over f.Possible, and of its dense one on a scale from the
// last of the arm, 0, to the first, 1, times what is left of the question: the
// fourth power of 1 - f.Confidence. So meaning leads where words find nothing,
// and where they find all that was asked for it has no say: a weak embedder
// drags no search below what its words alone find. (Reciprocal rank fusion,
// which does not look at scores, does: it costs 5 points of nDCG@10 on the
// judged questions of ESCI.)
//
// The chunks of f.Exact come before all others, whether or not an arm found
// them. The result is sorted by score, ties by document and chunk, and at most
// limit long; Ref, Score and Arms are set. The scores of f.Dense are cosines. A zero w is DefaultFusionWeights.
func Fuse(f Finds, w FusionWeights, limit int) []Passage {
	if w == (FusionWeights{}) {
		w = DefaultFusionWeights()
	}
	all := make([]fused, 0, len(f.Lexical)+len(f.Dense)+len(f.Exact))
	at := make(map[PassageRef]int, cap(all))
	passage := func(ref PassageRef) *fused {
		i, ok := at[ref]
		if !ok {
			i = len(all)
			at[ref] = i
			all = append(all, fused{Ref: ref})
		}
		return &all[i]
	}
	confidence := f.Confidence()
	for i, h := range f.Lexical {
		if p := passage(h.Ref); p.Arms.Lexical == 0 {
			p.Arms.Lexical = i + 1
			if f.Possible > 0 {
				p.Arms.Words = max(0, min(1, h.Score/f.Possible))
			}
			from := min(0, f.Lexical[len(f.Lexical)-1].Score) // less than nothing: it has what is not wanted
			p.Score += w.Lexical * share(h.Score, from, f.Lexical[0].Score) * max(confidence, leastTrust)
		}
	}
	left := w.Dense * math.Pow(1-confidence, doubt)
	for i, h := range f.Dense {
		if p := passage(h.Ref); p.Arms.Dense == 0 {
			p.Arms.Dense, p.Arms.Cosine = i+1, h.Score
			p.Score += left * share(h.Score, f.Dense[len(f.Dense)-1].Score, f.Dense[0].Score)
		}
	}
	for _, ref := range f.Exact {
		if p := passage(ref); !p.Arms.Exact {
			p.Arms.Exact = true
			p.Score += 1 + w.Lexical + w.Dense // more than both arms can give
		}
	}
	slices.SortFunc(all, func(a, b fused) int {
		if a.Score != b.Score { // nearly always: strings are compared for ties only
			return cmp.Compare(b.Score, a.Score)
		}
		return compareRef(a.Ref, b.Ref)
	})
	all = all[:max(0, min(limit, len(all)))]
	out := make([]Passage, len(all))
	for i, p := range all {
		out[i] = Passage{Ref: p.Ref, Score: p.Score, Arms: p.Arms}
	}
	return out
}

// fused is what Fuse sets of a Passage: a whole one is ten times as large, and
// many are sorted of which few are returned.
type fused struct {
	Ref   PassageRef
	Score float64
	Arms  Arms
}

// share returns where x lies between from and to, which is the best: from 0 to
// 1, and 1 where all are equal.
func share(x, from, to float64) float64 {
	if to <= from {
		return 1
	}
	return max(0, min(1, (x-from)/(to-from)))
}

func compareRef(a, b PassageRef) int {
	return cmp.Or(cmp.Compare(a.Document, b.Document), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Revision, b.Revision))
}
