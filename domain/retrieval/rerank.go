package retrieval

import (
	"cmp"
	"slices"
	"strings"
)

// Bounds of what a reranker is asked.
const (
	MaxReranked   = 100  // texts of one call
	MaxRerankText = 2000 // bytes of one text; what is longer is cut before
)

// Rank is what a reranker says of one text.
type Rank struct {
	Place int     // of the text in the list that it was given
	Score float64 // higher is better; comparable within one call only
}

// Ranking is what a reranker says of a list of texts.
type Ranking struct {
	// Ranks are best first, each text at most once. A text that is not among
	// them was not judged.
	Ranks []Rank
	// Input and Output are the tokens that the provider bills for, if Reported;
	// otherwise they are the reranker's own upper bound.
	Input, Output int64
	Reported      bool
	Model         string // the name that the provider reports, "" if none
	RawUsage      string // the provider's usage report as it came, "" if none
	// Suspect is set if a usage report of the provider's was refused as absurd.
	Suspect bool
}

// RerankText returns what a reranker is given of p: title, heading and text, at
// most MaxRerankText bytes.
func RerankText(p Passage) string {
	var parts []string
	for _, s := range []string{p.Title, p.Heading, p.Text} {
		if s = strings.TrimSpace(s); s != "" {
			parts = append(parts, s)
		}
	}
	text := strings.Join(parts, "\n")
	if len(text) > MaxRerankText {
		text = strings.ToValidUTF8(text[:MaxRerankText], "")
	}
	return text
}

// RerankBound returns the most tokens that judging texts may take: a
// cross-encoder reads the query beside each of them, and a chat model reads all
// of them once, below an instruction of at most RerankInstruction bytes, and
// writes their numbers. count returns a text's tokens, or its bytes.
func RerankBound(query string, texts []string, count func(string) int64) (input, output int64) {
	n := int64(len(texts))
	input = RerankInstruction + n*(count(query)+rerankFrame)
	for _, t := range texts {
		input += count(t)
	}
	return input, RerankOutput(len(texts))
}

const (
	// RerankInstruction is how long an instruction to rank may be, in bytes,
	// with all that frames the messages.
	RerankInstruction = 1000
	// rerankFrame is what frames one text: its number, tags, separators.
	rerankFrame = 40
)

// RerankOutput returns how many tokens the numbers of n texts are at most, with
// what stands between them.
func RerankOutput(n int) int64 { return 16 + 6*int64(n) }

// Reorder returns ps in the order of r, which judged those of them that stand at
// places: r.Ranks count within places. What was judged shares the places that it
// had; all else keeps its own, and so does what r left out. The result is ps in
// another order, whatever r says. ps itself is not changed.
func Reorder(ps []Passage, places []int, r Ranking) []Passage {
	out := slices.Clone(ps)
	var free, order []int
	seen := make(map[int]bool, len(r.Ranks))
	for _, k := range r.Ranks {
		if k.Place < 0 || k.Place >= len(places) || seen[k.Place] {
			continue
		}
		if at := places[k.Place]; at >= 0 && at < len(ps) && !slices.Contains(order, at) {
			seen[k.Place] = true
			order, free = append(order, at), append(free, at)
		}
	}
	slices.Sort(free)
	for i, at := range free {
		out[at] = ps[order[i]]
	}
	return out
}

// SortRanks sorts ranks best first, ties by place.
func SortRanks(ranks []Rank) {
	slices.SortStableFunc(ranks, func(a, b Rank) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Place, b.Place))
	})
}
