package evaluation_test

import (
	"fmt"
	"strings"

	"github.com/aiwoochat/woochat/domain/evaluation"
)

func Example() {
	questions, _ := evaluation.ReadQueries(strings.NewReader("q1\twaterproof jacket\n"))
	_ = evaluation.ReadQrels(strings.NewReader("q1 0 jacket E\nq1 0 umbrella S\n"), questions)
	s := evaluation.Score([]string{"umbrella", "jacket"}, questions[0].Judged, 10)
	fmt.Printf("nDCG %.2f, recall %.0f, first hit at %.0f\n", s.NDCG, s.Recall, 1/s.ReciprocalRank)
	// Output: nDCG 0.69, recall 1, first hit at 2
}

func ExampleReadQueries() {
	qs, err := evaluation.ReadQueries(strings.NewReader("query_id\tquery\n7\ttents for two\n"))
	fmt.Println(qs[0].ID, qs[0].Text, err)
	// Output: 7 tents for two <nil>
}

func ExampleReadQrels() {
	qs := []evaluation.Question{{ID: "7"}}
	err := evaluation.ReadQrels(strings.NewReader("7 0 product:44 2\n"), qs)
	fmt.Println(qs[0].Judged["product:44"], err)
	// Output: {2 true} <nil>
}

func ExampleReadQuestions() {
	qs, err := evaluation.ReadQuestions(strings.NewReader("question,expected\ntents for two,TENT-2|TENT-3\ndo you repair cars,\n"))
	fmt.Println(len(qs[0].Judged), qs[1].Unanswerable, err)
	// Output: 2 true <nil>
}

func ExampleScore() {
	s := evaluation.Score([]string{"x", "a"}, evaluation.Judged{"a": {Gain: 1, Relevant: true}}, 2)
	fmt.Println(s.Recall, s.Precision, s.ReciprocalRank)
	// Output: 1 0.5 0.5
}

func ExampleMean() {
	fmt.Println(evaluation.Mean([]evaluation.Scores{{NDCG: 1}, {NDCG: 0.5}}).NDCG)
	// Output: 0.75
}

func ExampleAbstention() {
	var a evaluation.Abstention
	a.Add(true, true)   // no answer, and it said so
	a.Add(true, false)  // no answer, and it gave one
	a.Add(false, false) // an answer, given
	fmt.Println(a.Precision(), a.Recall())
	// Output: 1 0.5
}

func ExampleCompare() {
	was := []evaluation.Result{{Question: "q1", Scores: evaluation.Scores{NDCG: 0.5}}}
	is := []evaluation.Result{{Question: "q1", Scores: evaluation.Scores{NDCG: 0.7}}}
	c := evaluation.Compare(was, is, 1)
	fmt.Printf("%+.1f, p = %.0f\n", c.Differences[0].Change(), c.P)
	// Output: +0.2, p = 1
}

func ExamplePairedP() {
	fmt.Printf("%.1f\n", evaluation.PairedP([]float64{0.1, 0.1}, 1)) // of four pairs of signs, two
	// Output: 0.5
}
