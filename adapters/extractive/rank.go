package extractive

import (
	"math"
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// source is one piece of evidence as it is judged.
type source struct {
	chat.Evidence
	rank    int // its place in the evidence, which the retriever has ordered
	title   []string
	units   []unit
	tokens  [][]string // of each unit
	above   [][]string // of the heading of each unit
	all     []string   // every token of it
	score   float64    // how much of the question it speaks of
	wholly  bool       // the question holds its whole title
	product bool
}

// question is what is asked, as weighed words.
type question struct {
	tokens []string
	weight map[string]float64
	facts  bool // it asks for price, sale or stock
}

// read weighs the words of text by how few of the sources have them: a word
// that all of them have tells nothing apart (inverse document frequency, Spärck
// Jones 1972, in the form ln(1+N/df)). A word that none has weighs nothing.
func read(text string, w words, ev []chat.Evidence) (question, []source) {
	stop := map[string]bool{}
	for _, t := range retrieval.Tokens(w.stop) {
		stop[t] = true
	}
	q := question{weight: map[string]float64{}}
	text = strings.ToValidUTF8(text, " ")
	q.facts = strings.ContainsAny(text, "€$£¥")
	// A question of nothing but "do you have any" would be searched for just
	// that; the added word, which is then left out, prevents it.
	const none = "0"
	tokens := retrieval.QueryTokens(text + " " + none)
	q.facts = q.facts || slices.ContainsFunc(tokens, factWord)
	for _, t := range tokens {
		amount := q.facts && strings.Trim(t, "0123456789") == ""
		if !stop[t] && !amount && t != none {
			q.tokens = append(q.tokens, t)
		}
	}

	asked := retrieval.Tokens(text)
	var sources []source
	for i, e := range ev {
		e.Title, e.Text = strings.ToValidUTF8(e.Title, ""), strings.ToValidUTF8(e.Text, "")
		s := source{Evidence: e, rank: i, product: e.Card != nil, title: retrieval.Tokens(e.Title), units: unitsOf(e.Title, e.Text)}
		s.all = append(s.all, s.title...)
		for _, u := range s.units {
			tokens, above := retrieval.Tokens(u.text), retrieval.Tokens(u.heading)
			s.tokens, s.above = append(s.tokens, tokens), append(s.above, above)
			s.all = append(append(s.all, tokens...), above...)
		}
		s.wholly = len(s.title) > 0 && holdsRun(asked, s.title)
		sources = append(sources, s)
	}
	for _, t := range q.tokens {
		df := 0
		for _, s := range sources {
			if match(t, s.all) > 0 || s.product && factWord(t) {
				df++
			}
		}
		if df > 0 {
			q.weight[t] = math.Log(1 + float64(len(sources))/float64(df))
		}
	}
	for i := range sources {
		s := &sources[i]
		for _, t := range q.tokens {
			m := match(t, s.all)
			if s.product && factWord(t) {
				m = 1
			}
			// A word of the title says what a source is about.
			if n := match(t, s.title); n > 0 {
				m = 1.5 * n
			}
			s.score += m * q.weight[t]
		}
	}
	return q, sources
}

// overlaps reports whether s has a word of the question that is not one of
// price and stock, which every product has.
func (q question) overlaps(s source) bool {
	for _, t := range q.tokens {
		if !(s.product && factWord(t)) && match(t, s.all) > 0 {
			return true
		}
	}
	return false
}

// unitScore says how much of the question unit i of s speaks of. What stands
// above it counts for half. own leaves the words of the title out, which any
// sentence about the thing may repeat.
func (q question) unitScore(s source, i int, own bool) float64 {
	var sum float64
	for _, t := range q.tokens {
		if own && match(t, s.title) > 0 {
			continue
		}
		m := match(t, s.tokens[i])
		if m == 0 {
			m = 0.5 * match(t, s.above[i])
		}
		if m == 0 && !own {
			m = 0.3 * match(t, s.title)
		}
		sum += m * q.weight[t]
	}
	return sum
}

// match returns how well the best of words is the word t: 1 for the same, less
// for one of the same stem or with the same beginning, 0 for none.
func match(t string, words []string) float64 {
	best := 0.0
	stem := stemOf(t)
	for _, w := range words {
		switch {
		case w == t:
			return 1
		case best < 0.9 && stemOf(w) == stem:
			best = 0.9
		case best < 0.6 && kin(t, w):
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
