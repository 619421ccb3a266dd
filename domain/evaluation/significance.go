package evaluation

import (
	"cmp"
	"math"
	"slices"
)

// Result is what one run measured for one question.
type Result struct {
	Question string // its id
	Text     string
	Scores   Scores
	Found    []string // names of the documents, best first, as far as they were scored
	// Abstained is set if the search said that nothing fits.
	Abstained    bool
	Unanswerable bool
}

// Difference is what changed for one question from one run to the next.
type Difference struct {
	Question   string
	Text       string
	Was, Is    float64 // NDCG
	WasAbstain bool
	IsAbstain  bool
}

// Change is how much better it is now, less than 0 for worse.
func (d Difference) Change() float64 { return d.Is - d.Was }

// Comparison says how a run differs from an earlier one over the questions that
// both have asked.
type Comparison struct {
	Differences []Difference // of the questions that changed, the largest first
	Questions   int          // in both runs
	LeftOut     int          // that this run asked and the earlier one did not, or not in these words
	Better      int
	Worse       int
	Was, Is     float64 // mean NDCG over the questions in both
	// P is the probability of so large a difference of the means if the two runs
	// were equally good: see PairedP.
	P float64
}

// sameScore is the difference below which two scores are one: what the sums of
// floating point numbers make of the same ranking.
const sameScore = 1e-9

// Compare compares run is with an earlier run was by NDCG, paired by question: by
// its id, and its text too, since questions that nobody named are numbered by
// where they stand in their file. Questions that only one of them asked are left
// out, and so are those that have no answer in one of them, where they have no
// NDCG; that they are answered differently is in Differences all the same.
func Compare(was, is []Result, seed uint64) Comparison {
	type asked struct{ id, text string }
	before, byText := make(map[asked]Result, len(was)), make(map[string]Result, len(was))
	for _, r := range was {
		before[asked{r.Question, r.Text}], byText[r.Text] = r, r
	}
	var c Comparison
	var changes []float64
	for _, r := range is {
		old, ok := before[asked{r.Question, r.Text}]
		if !ok {
			old, ok = byText[r.Text] // it may stand elsewhere by now
		}
		if !ok {
			c.LeftOut++
			continue
		}
		d := Difference{Question: r.Question, Text: r.Text, Was: old.Scores.NDCG, Is: r.Scores.NDCG, WasAbstain: old.Abstained, IsAbstain: r.Abstained}
		if math.Abs(d.Change()) > sameScore || d.WasAbstain != d.IsAbstain {
			c.Differences = append(c.Differences, d)
		}
		if r.Unanswerable || old.Unanswerable {
			continue
		}
		c.Questions++
		c.Was, c.Is = c.Was+d.Was, c.Is+d.Is
		changes = append(changes, d.Change())
		switch {
		case d.Change() > sameScore:
			c.Better++
		case d.Change() < -sameScore:
			c.Worse++
		}
	}
	if c.Questions > 0 {
		c.Was, c.Is = c.Was/float64(c.Questions), c.Is/float64(c.Questions)
	}
	c.P = PairedP(changes, seed)
	slices.SortFunc(c.Differences, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Change()), math.Abs(a.Change())), cmp.Compare(a.Question, b.Question))
	})
	return c
}

// rounds is how often PairedP flips a coin for each question: enough that p =
// 0.05 is known to 0.002.
const rounds = 10_000

// PairedP returns the two-sided p of Fisher's randomisation test over paired
// differences, as Smucker, Allan and Carterette recommend for the comparison of
// searches ("A comparison of statistical significance tests for information
// retrieval evaluation", CIKM 2007): if the two runs were equally good, each
// difference could as well have had the other sign; p is how often a mean at
// least as far from 0 comes out when signs are drawn at random. Signs are drawn
// 10,000 times from the seed, and the observed draw counts as one (Phipson and
// Smyth, "Permutation p-values should never be zero", 2010), so that p is never
// 0 and the same differences and seed give the same p. It is 1 for no
// differences.
func PairedP(differences []float64, seed uint64) float64 {
	var sum float64
	for _, d := range differences {
		sum += d
	}
	observed := math.Abs(sum) - sameScore
	if observed <= 0 {
		return 1
	}
	coin := splitMix{seed}
	extreme := 1
	for range rounds {
		var s float64
		var bits uint64
		for i, d := range differences {
			if i%64 == 0 {
				bits = coin.next()
			}
			if bits&1 == 0 {
				d = -d
			}
			bits >>= 1
			s += d
		}
		if math.Abs(s) >= observed {
			extreme++
		}
	}
	return float64(extreme) / (rounds + 1)
}

// splitMix is SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): a small generator
// whose numbers are the same everywhere.
type splitMix struct{ state uint64 }

func (r *splitMix) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
