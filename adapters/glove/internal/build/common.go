package main

// common returns the common component: the direction that texts share whatever
// they are about, which is taken out of every text's vector.
//
// Arora, Liang and Ma take the first singular vector of the texts at hand. Ours
// must not depend on a shop, or a text's vector would change when another is
// added; so it is computed here, over the text that the language model behind
// the weights stands for: words drawn by their frequency. The expected vector of
// such a text is the sum over all words of frequency x weight x vector, and the
// first singular vector of long ones comes to its direction.
func common(words []word) []float64 {
	out := make([]float64, dim)
	for _, w := range words { // sorted, so that the sum is the same on every machine
		f := frequency(w.rank) * weight(w.rank)
		for i, x := range w.vector {
			out[i] += float64(f * x)
		}
	}
	unit(out)
	return out
}
