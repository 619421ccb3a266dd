package retrieval

import "strings"

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

// run is how many words in a row tell that one text has what another says: its
// single words may all be in a longer text that says something else.
const run = 3

// wordSets returns the words of a text and its runs of words, which is the whole
// text if that is shorter than one.
func wordSets(text string) (words, runs map[string]bool) {
	tokens := Tokens(text)
	words, runs = make(map[string]bool, len(tokens)), make(map[string]bool, len(tokens))
	for i, t := range tokens {
		words[t] = true
		if i+run <= len(tokens) {
			runs[strings.Join(tokens[i:i+run], " ")] = true
		}
	}
	if len(runs) == 0 && len(tokens) > 0 {
		runs[strings.Join(tokens, " ")] = true
	}
	return words, runs
}

// shareOf returns how much of a is in b, 0 if a is empty.
func shareOf(a, b map[string]bool) float64 {
	if len(a) == 0 {
		return 0
	}
	return float64(common(a, b)) / float64(len(a))
}

func jaccard(a, b map[string]bool) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	n := common(a, b)
	return float64(n) / float64(len(a)+len(b)-n)
}

func common(a, b map[string]bool) int {
	n := 0
	for t := range a {
		if b[t] {
			n++
		}
	}
	return n
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
