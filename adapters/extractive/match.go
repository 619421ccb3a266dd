package extractive

import (
	"slices"
	"strings"
)

// asAlso is how well a word is told by what counts as it.
const asAlso = 0.85

// match returns how well the best of words is the word t: 1 for the same, less
// for one of the same stem or family or with the same beginning, 0 for none.
func match(t term, words []string) float64 {
	best := 0.0
	for _, a := range t.also {
		if !slices.ContainsFunc(a, func(t string) bool { return !slices.Contains(words, t) }) {
			best = asAlso
		}
	}
	stem := stemOf(t.token)
	for _, w := range words {
		if w == t.token {
			return 1
		}
		if best < 0.9 && stemOf(w) == stem {
			best = 0.9
		}
		if t.family != "" && best < 0.85 {
			best = max(best, kindred(t.family, family(w)))
		}
		if best < 0.6 && kin(t.token, w) {
			best = 0.6
		}
	}
	return best
}

// stemOf takes common English endings off a word, so that shipping and ship,
// delivered and delivery are the same. It need not be a word.
func stemOf(w string) string {
	for _, end := range []string{"ability", "able", "ment", "ing", "ed", "er", "ly", "y", "e"} {
		if s, ok := strings.CutSuffix(w, end); ok && len(s) >= 4 {
			if n := len(s); s[n-1] == s[n-2] && strings.IndexByte("bdgmnprt", s[n-1]) >= 0 {
				s = s[:n-1] // shipp, wrapp
			}
			return s
		}
	}
	return w
}

// kin reports whether two words begin alike for most of their length, as the
// forms of a word do in most of Europe's languages (Lieferzeit, Lieferung).
func kin(a, b string) bool {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		if a[n] >= '0' && a[n] <= '9' {
			return false // codes and sizes are the same or they are not
		}
		n++
	}
	return n >= 5 && 5*n >= 3*max(len(a), len(b))
}

// holdsRun reports whether all of run stands in list, one after the other.
func holdsRun(list, run []string) bool {
	for i := 0; i+len(run) <= len(list); i++ {
		same := true
		for j := range run {
			same = same && list[i+j] == run[j]
		}
		if same {
			return true
		}
	}
	return false
}
