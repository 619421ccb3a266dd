package eval_test

import (
	"fmt"
	"math"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// signs is how many numbers a logistic model of retrieval.Signs has.
const signs = 6

func numbers(s retrieval.Signs) [signs]float64 {
	n := [signs]float64{1, s.Words, s.Covered, s.Titled, 0, s.Cosine}
	if s.Page {
		n[4] = 1
	}
	return n
}

func weights(b [signs]float64) retrieval.SignWeights {
	return retrieval.SignWeights{None: b[0], Words: b[1], Covered: b[2], Titled: b[3], Page: b[4], Cosine: b[5]}
}

// fit returns the weights under which what is right of the likeliest passages of
// js is least surprising. Which passage is the likeliest hangs on the weights, so
// that it begins with the first that is found and goes on with what it has. Each
// set counts alike, and in each what has an answer as much as what has none.
func fit(js []judged) retrieval.SignWeights {
	share := make(map[string]float64)
	for _, j := range js {
		share[j.part()]++
	}
	var b [signs]float64
	for round := range 6 {
		var xs [][signs]float64
		var ys, ws []float64
		for _, j := range js {
			if len(j.signs) == 0 {
				continue
			}
			best := 0
			if round > 0 {
				best, _ = j.best(weights(b))
			}
			if j.signs[best].Exact {
				continue // has a number of its own
			}
			y := 0.0
			if j.right[best] {
				y = 1
			}
			xs, ys, ws = append(xs, numbers(j.signs[best])), append(ys, y), append(ws, 1000/share[j.part()])
		}
		b = logistic(xs, ys, ws)
	}
	return weights(b)
}

// part names the part of the set that a question is of.
func (j judged) part() string { return fmt.Sprint(j.set, j.none) }

// best returns the place of the likeliest passage, -1 for none, and how likely
// it is.
func (j judged) best(w retrieval.SignWeights) (int, float64) {
	best, most := -1, 0.0
	for i, s := range j.signs {
		if e := w.Evidence(s); best < 0 || e > most {
			best, most = i, e
		}
	}
	return best, most
}

// answered reports whether the likeliest passage answers, and how likely that
// is.
func (j judged) answered(w retrieval.SignWeights) (right bool, likely float64) {
	best, likely := j.best(w)
	return best >= 0 && j.right[best], likely
}

// ridge keeps weights small of which the data say little.
const ridge = 1

// logistic fits a logistic regression of weighted rows by Newton's method, which
// is the same each time.
func logistic(xs [][signs]float64, ys, ws []float64) [signs]float64 {
	var b [signs]float64
	for range 25 {
		var gradient [signs]float64
		var hessian [signs][signs]float64
		for i, x := range xs {
			z := 0.0
			for k := range x {
				z += b[k] * x[k]
			}
			p := 1 / (1 + math.Exp(-z))
			for k := range x {
				gradient[k] += ws[i] * (ys[i] - p) * x[k]
				for l := range x {
					hessian[k][l] += ws[i] * p * (1 - p) * x[k] * x[l]
				}
			}
		}
		for k := range b {
			if k > 0 {
				gradient[k] -= ridge * b[k]
			}
			hessian[k][k] += ridge
		}
		for k, step := range solve(hessian, gradient) {
			b[k] += step
		}
	}
	return b
}

// solve returns x of a x = b by Gauss and Jordan.
func solve(a [signs][signs]float64, b [signs]float64) [signs]float64 {
	for c := range b {
		most := c
		for r := c + 1; r < signs; r++ {
			if math.Abs(a[r][c]) > math.Abs(a[most][c]) {
				most = r
			}
		}
		a[c], a[most], b[c], b[most] = a[most], a[c], b[most], b[c]
		for r := range b {
			if r == c {
				continue
			}
			f := a[r][c] / a[c][c]
			for k := range b {
				a[r][k] -= f * a[c][k]
			}
			b[r] -= f * b[c]
		}
	}
	for c := range b {
		b[c] /= a[c][c]
	}
	return b
}

// loss is the mean surprise of what is right of js, in nats, each part counting
// alike, and off how far likelihoods in ten bands are from what came true.
func loss(js []judged, w func(judged) retrieval.SignWeights) (surprise, off float64) {
	share := make(map[string]float64)
	for _, j := range js {
		share[j.part()]++
	}
	var bands [10]struct{ weight, said, true float64 }
	all := float64(len(share))
	for _, j := range js {
		right, likely := j.answered(w(j))
		likely = max(1e-6, min(1-1e-6, likely))
		weight := 1 / share[j.part()] / all
		b := &bands[min(9, int(likely*10))]
		b.weight += weight
		b.said += weight * likely
		if right {
			b.true += weight
			surprise -= weight * math.Log(likely)
		} else {
			surprise -= weight * math.Log(1-likely)
		}
	}
	for _, b := range bands {
		off += math.Abs(b.said - b.true)
	}
	return surprise, off
}
