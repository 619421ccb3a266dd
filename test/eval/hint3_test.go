package eval_test

import (
	"math"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// bm25 is how the nearest utterance by BM25 fares on the test questions of a shop
// at each threshold that was measured: of the questions without an answer it
// refuses this share, and of those with one it answers this share rightly.
var bm25 = map[string][]point{
	"curekart":    {{refused: 0.244, right: 0.699}, {refused: 0.461, right: 0.660}, {refused: 0.690, right: 0.523}},
	"sofmattress": {{refused: 0.306, right: 0.557}, {refused: 0.583, right: 0.458}},
	heldOutShop:   {{refused: 0.151, right: 0.540}, {refused: 0.510, right: 0.498}},
}

// TestHINT3: what customers wrote to three shops is answered rightly or refused, by
// the evidence, better than by BM25 whatever the threshold, by words alone and
// with meaning. Nothing was fitted to these questions.
func TestHINT3(t *testing.T) {
	figure(t)
	for _, shop := range judgedShops() {
		t.Run(shop, func(t *testing.T) {
			for what, meaning := range map[string]bool{"words": false, "words and meaning": true} {
				js := ofTest(t, shop, meaning, nil)
				weights := func(judged) retrieval.SignWeights { return retrieval.FittedSignWeights(meaning) }
				c := curveOf(js, weights)
				tellEvidence(t, what, js, weights)
				shares := []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9}
				for _, p := range bm25[shop] {
					shares = append(shares, p.refused)
				}
				for _, share := range shares {
					p := c.refusing(share)
					t.Logf("%s: of %d without an answer %.3f are refused, of %d with one %.3f answered rightly (evidence of at least %.3f)", what, c.out, p.refused, c.in, p.right, p.least)
				}
				points := bm25[shop]
				for share := points[0].refused; share <= points[len(points)-1].refused+1e-9; share += 0.01 {
					if p, least := c.refusing(share), between(points, share); p.right <= least {
						t.Errorf("%s: where %.3f are refused, %.3f are answered rightly, by BM25 %.3f", what, share, p.right, least)
						break
					}
				}
				if p := c.refusing(0.6); shop == "curekart" && p.right < 0.68 {
					t.Errorf("%s: where %.3f are refused, %.3f are answered rightly, want 0.68", what, p.refused, p.right)
				}
			}
		})
	}
}

// between returns where the line through points stands at a share that is
// refused.
func between(points []point, refused float64) float64 {
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		if refused <= b.refused || i == len(points)-1 {
			along := math.Min(1, (refused-a.refused)/(b.refused-a.refused))
			return a.right + along*(b.right-a.right)
		}
	}
	return points[0].right
}
