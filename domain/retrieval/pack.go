package retrieval

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
