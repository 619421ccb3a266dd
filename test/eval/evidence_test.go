package eval_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// development returns all that the weights of evidence are fitted to.
func development(t *testing.T, meaning bool) []judged {
	t.Helper()
	var all []judged
	for _, shop := range shops {
		all = append(all, ofTraining(t, shop, meaning)...)
	}
	return append(append(all, ofDemo(t, meaning)...), ofESCI(t, meaning)...)
}

// folds is into how many parts the questions are cut: each is judged by weights
// fitted to the others.
const folds = 5

// TestEvidenceIsFitted fits the weights of evidence anew: those in
// domain/retrieval are no worse, and questions that they were not fitted to are
// judged nearly as well.
func TestEvidenceIsFitted(t *testing.T) {
	figure(t)
	for _, meaning := range []bool{false, true} {
		t.Run(fmt.Sprintf("meaning=%v", meaning), func(t *testing.T) {
			all := development(t, meaning)
			fitted, held := fit(all), make([]retrieval.SignWeights, folds)
			fold := make(map[string]int)
			for _, j := range all {
				if _, ok := fold[j.about]; !ok {
					fold[j.about] = len(fold) % folds
				}
			}
			for f := range held {
				var others []judged
				for _, j := range all {
					if fold[j.about] != f {
						others = append(others, j)
					}
				}
				held[f] = fit(others)
			}
			t.Logf("fitted %.2f", fitted)
			tellEvidence(t, "held out", all, func(j judged) retrieval.SignWeights { return held[fold[j.about]] })
			heldOut, off := loss(all, func(j judged) retrieval.SignWeights { return held[fold[j.about]] })
			best, _ := loss(all, func(judged) retrieval.SignWeights { return fitted })
			ours, _ := loss(all, func(judged) retrieval.SignWeights { return retrieval.FittedSignWeights(meaning) })
			t.Logf("surprise: fitted %.4f, held out %.4f, in use %.4f; off by %.4f", best, heldOut, ours, off)
			if ours > best+0.005 {
				t.Errorf("the weights in use have a surprise of %.4f, fitted ones %.4f: take those", ours, best)
			}
			if heldOut > best+0.02 || off > 0.1 {
				t.Errorf("held out: surprise %.4f (fitted %.4f), off by %.4f", heldOut, best, off)
			}
		})
	}
}

// tellEvidence says of each set how many questions are answered rightly, how
// many at all, and how many of those that nothing fits are refused, by threshold;
// and what came true of what was said.
func tellEvidence(t *testing.T, what string, all []judged, w func(judged) retrieval.SignWeights) {
	t.Helper()
	sets := map[string][]judged{}
	var names []string
	for _, j := range all {
		if sets[j.set] == nil {
			names = append(names, j.set)
		}
		sets[j.set] = append(sets[j.set], j)
	}
	for _, name := range names {
		c := curveOf(sets[name], w)
		var b strings.Builder
		for _, least := range []float64{0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5} {
			p := c.at(least)
			fmt.Fprintf(&b, "  %.2f: %.3f %.3f %.3f", least, p.right, p.answered, p.refused)
		}
		t.Logf("%s, %s: threshold: right, answered, refused%s", name, what, b.String())
		var bands [10][3]float64
		for _, j := range sets[name] {
			right, likely := j.answered(w(j))
			x := &bands[min(9, int(likely*10))]
			x[0]++
			x[1] += likely
			if right {
				x[2]++
			}
		}
		b.Reset()
		for _, x := range bands {
			if x[0] > 0 {
				fmt.Fprintf(&b, "  %.2f %.2f (%.0f)", x[1]/x[0], x[2]/x[0], x[0])
			}
		}
		t.Logf("%s, %s: said and true%s", name, what, b.String())
	}
}

// curve is how a set of questions fares by threshold.
type curve struct {
	in, out int // questions with an answer, and without
	points  []question
}

type question struct {
	likely      float64
	right, none bool
}

// point is what a threshold gives, as shares: of the questions with an answer
// those that get the right one and those that get any, and of those without one
// those that are refused.
type point struct{ least, right, answered, refused float64 }

func curveOf(js []judged, w func(judged) retrieval.SignWeights) curve {
	var c curve
	for _, j := range js {
		right, likely := j.answered(w(j))
		c.points = append(c.points, question{likely, right, j.none})
		if j.none {
			c.out++
		} else {
			c.in++
		}
	}
	return c
}

func (c curve) at(least float64) point {
	p := point{least: least}
	for _, q := range c.points {
		switch {
		case q.none && q.likely < least:
			p.refused++
		case !q.none && q.likely >= least:
			p.answered++
			if q.right {
				p.right++
			}
		}
	}
	p.right, p.answered, p.refused = p.right/float64(c.in), p.answered/float64(c.in), p.refused/float64(c.out)
	return p
}

// refusing returns the point that gives the most right answers of those that
// refuse at least this share.
func (c curve) refusing(share float64) point {
	best := point{refused: -1}
	for _, q := range append(c.points, question{likely: 0}, question{likely: 2}) {
		if p := c.at(q.likely); p.refused >= share && (best.refused < 0 || p.right > best.right) {
			best = p
		}
	}
	return best
}

// TestEvidenceOfTheDemo: by default the demo refuses most of what it has nothing
// on, and hardly anything that it is asked in its own words.
func TestEvidenceOfTheDemo(t *testing.T) {
	for _, meaning := range []bool{false, true} {
		var own []judged
		for _, j := range ofDemo(t, meaning) {
			if strings.HasPrefix(j.about, "evidence.csv") {
				own = append(own, j)
			}
		}
		p := curveOf(own, func(judged) retrieval.SignWeights { return retrieval.FittedSignWeights(meaning) }).at(retrieval.DefaultLeastEvidence)
		t.Logf("meaning %v: answered %.3f, of which rightly %.3f; refused %.3f", meaning, p.answered, p.right, p.refused)
		if p.answered < 0.9 || p.refused < 0.75 {
			t.Errorf("meaning %v: answered %.3f, refused %.3f", meaning, p.answered, p.refused)
		}
	}
}
