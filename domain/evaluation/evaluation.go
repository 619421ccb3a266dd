// Package evaluation says how good a search is: it compares what was found for
// questions with what people said should be found, and one run with another.
package evaluation

import (
	"math"
	"slices"
)

// Question is one question with what people said of its answers.
type Question struct {
	ID     string
	Text   string
	Judged Judged
	// Unanswerable is set if the shop has nothing that fits: what should be found
	// is nothing.
	Unanswerable bool
}

// Judged holds what people said of documents, by the documents' names. What
// nobody judged is worth nothing.
type Judged map[string]Judgement

// Judgement is what a document is worth to who asked.
type Judgement struct {
	Gain     float64 // not negative; 1 for just what was asked for
	Relevant bool    // counts for recall, precision and the reciprocal rank
}

// Relevant returns how many documents are relevant.
func (j Judged) Relevant() int {
	n := 0
	for _, d := range j {
		if d.Relevant {
			n++
		}
	}
	return n
}

// Scores say how well one question was answered by the first k documents found,
// each from 0 to 1.
type Scores struct {
	// NDCG is the normalised discounted cumulative gain (Järvelin and Kekäläinen,
	// TOIS 2002): gain / log2(rank + 1) summed, over the sum of the best order of
	// all documents that were judged. It is 0 if none is worth anything.
	NDCG float64
	// Recall is the share of the relevant documents that were found. With more
	// of them than k it cannot reach 1.
	Recall float64
	// Precision is the share of the k places that hold a relevant document.
	Precision float64
	// ReciprocalRank is 1 / rank of the first relevant document, 0 for none.
	ReciprocalRank float64
}

// Score returns the scores of the documents found, best first, at depth k. What
// is found twice counts once, at its first rank.
func Score(found []string, judged Judged, k int) Scores {
	found = unique(found)
	found = found[:min(max(k, 0), len(found))]
	var s Scores
	relevant := 0
	for i, name := range found {
		j := judged[name]
		s.NDCG += j.Gain / math.Log2(float64(i+2))
		if j.Relevant {
			relevant++
			if s.ReciprocalRank == 0 {
				s.ReciprocalRank = 1 / float64(i+1)
			}
		}
	}
	if ideal := idealGain(judged, k); ideal > 0 {
		s.NDCG /= ideal
	}
	if all := judged.Relevant(); all > 0 {
		s.Recall = float64(relevant) / float64(all)
	}
	if k > 0 {
		s.Precision = float64(relevant) / float64(k)
	}
	return s
}

func idealGain(judged Judged, k int) float64 {
	gains := make([]float64, 0, len(judged))
	for _, j := range judged {
		gains = append(gains, j.Gain)
	}
	slices.Sort(gains)
	slices.Reverse(gains)
	var sum float64
	for i, g := range gains[:min(max(k, 0), len(gains))] {
		sum += g / math.Log2(float64(i+2))
	}
	return sum
}

func unique(names []string) []string {
	seen := make(map[string]bool, len(names))
	out := make([]string, 0, len(names))
	for _, n := range names {
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}

// Mean returns the mean of each score, zeros for none.
func Mean(scores []Scores) Scores {
	var m Scores
	for _, s := range scores {
		m.NDCG += s.NDCG
		m.Recall += s.Recall
		m.Precision += s.Precision
		m.ReciprocalRank += s.ReciprocalRank
	}
	if n := float64(len(scores)); n > 0 {
		m.NDCG, m.Recall, m.Precision, m.ReciprocalRank = m.NDCG/n, m.Recall/n, m.Precision/n, m.ReciprocalRank/n
	}
	return m
}

// Abstention counts how a search that may say "nothing fits" did: over
// questions that have an answer, and such that have none.
type Abstention struct {
	Unanswerable int // questions without an answer
	Refused      int // of these, those for which it said that nothing fits
	Answerable   int // questions with an answer
	Withheld     int // of these, those for which it said so wrongly
}

// Add counts one question.
func (a *Abstention) Add(unanswerable, abstained bool) {
	switch {
	case unanswerable && abstained:
		a.Unanswerable++
		a.Refused++
	case unanswerable:
		a.Unanswerable++
	case abstained:
		a.Answerable++
		a.Withheld++
	default:
		a.Answerable++
	}
}

// Recall is the share of the questions without an answer for which the search
// said so; 0 if there are none.
func (a Abstention) Recall() float64 { return share(a.Refused, a.Unanswerable) }

// Precision is how often it was right to say that nothing fits; 0 if it never
// said so.
func (a Abstention) Precision() float64 { return share(a.Refused, a.Refused+a.Withheld) }

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
