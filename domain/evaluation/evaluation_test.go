package evaluation_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/evaluation"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

// TestScore holds the metrics to sums made by hand.
func TestScore(t *testing.T) {
	judged := evaluation.Judged{
		"a": {Gain: 1, Relevant: true}, "b": {Gain: 1, Relevant: true}, "s": {Gain: 0.1}, "c": {Gain: 0.01}, "i": {},
	}
	log2 := math.Log2
	ideal3 := 1 + 1/log2(3) + 0.1/log2(4)
	for _, c := range []struct {
		name  string
		found string
		k     int
		want  evaluation.Scores
	}{
		{"the best order", "a b s c", 3, evaluation.Scores{NDCG: 1, Recall: 1, Precision: 2.0 / 3, ReciprocalRank: 1}},
		{"the ideal goes over all that is judged", "a", 3, evaluation.Scores{NDCG: 1 / ideal3, Recall: 0.5, Precision: 1.0 / 3, ReciprocalRank: 1}},
		{"second place", "i b", 3, evaluation.Scores{NDCG: 1 / log2(3) / ideal3, Recall: 0.5, Precision: 1.0 / 3, ReciprocalRank: 0.5}},
		{"what nobody judged is worth nothing", "x s y", 3, evaluation.Scores{NDCG: 0.1 / log2(3) / ideal3}},
		{"below k does not count", "x y z a", 3, evaluation.Scores{}},
		{"twice counts once, and takes one place", "i i b", 2, evaluation.Scores{NDCG: 1 / log2(3) / (1 + 1/log2(3)), Recall: 0.5, Precision: 0.5, ReciprocalRank: 0.5}},
		{"nothing found", "", 3, evaluation.Scores{}},
		{"no depth", "a", 0, evaluation.Scores{}},
	} {
		got := evaluation.Score(strings.Fields(c.found), judged, c.k)
		if !near(got.NDCG, c.want.NDCG) || !near(got.Recall, c.want.Recall) || !near(got.Precision, c.want.Precision) || !near(got.ReciprocalRank, c.want.ReciprocalRank) {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
	if got := evaluation.Score([]string{"a"}, nil, 10); got != (evaluation.Scores{}) {
		t.Errorf("nothing judged: got %+v", got)
	}
	m := evaluation.Mean([]evaluation.Scores{{NDCG: 1, Recall: 1}, {NDCG: 0.5, Precision: 1, ReciprocalRank: 1}})
	if m != (evaluation.Scores{NDCG: 0.75, Recall: 0.5, Precision: 0.5, ReciprocalRank: 0.5}) || evaluation.Mean(nil) != (evaluation.Scores{}) {
		t.Errorf("Mean: got %+v", m)
	}
}

func TestAbstention(t *testing.T) {
	var a evaluation.Abstention
	if a.Recall() != 0 || a.Precision() != 0 {
		t.Error("of nothing: not 0")
	}
	for _, c := range []struct{ unanswerable, abstained bool }{{true, true}, {true, false}, {false, true}, {false, false}, {true, true}, {true, true}} {
		a.Add(c.unanswerable, c.abstained)
	}
	if a != (evaluation.Abstention{Unanswerable: 4, Refused: 3, Answerable: 2, Withheld: 1}) || a.Recall() != 0.75 || a.Precision() != 0.75 {
		t.Errorf("got %+v, recall %v, precision %v", a, a.Recall(), a.Precision())
	}
}

// TestPairedP holds the randomisation test to what can be counted out: of the 2^n
// signs of n equal differences, two have a mean as far from 0.
func TestPairedP(t *testing.T) {
	for _, c := range []struct {
		name string
		d    []float64
		want float64
	}{
		{"none", nil, 1},
		{"no change", []float64{0, 0, 0}, 1},
		{"one question", []float64{1}, 1},
		{"two alike", []float64{1, 1}, 0.5},
		{"five alike", []float64{1, 1, 1, 1, 1}, 2.0 / 32},
		{"as much up as down", []float64{1, -1}, 1},
		// Of eight: +++ and ---, and those two with the third turned.
		{"one that hardly counts", []float64{1, 1, 0.1}, 2.0 / 8},
	} {
		if got := evaluation.PairedP(c.d, 1); math.Abs(got-c.want) > 0.015 {
			t.Errorf("%s: got %v, want about %v", c.name, got, c.want)
		}
	}
	many := make([]float64, 200)
	for i := range many {
		many[i] = 0.1
	}
	if got := evaluation.PairedP(many, 1); got != 1.0/10_001 {
		t.Errorf("beyond doubt: got %v, want the smallest p there is", got)
	}
	d := []float64{0.3, -0.1, 0.2, 0, -0.05, 0.1}
	if evaluation.PairedP(d, 7) != evaluation.PairedP(d, 7) {
		t.Error("the same seed gives another p")
	}
	if a, b := evaluation.PairedP(d, 7), evaluation.PairedP(d, 8); math.Abs(a-b) > 0.02 {
		t.Errorf("the seed makes the p: %v and %v", a, b)
	}
}

func TestCompare(t *testing.T) {
	score := func(id string, ndcg float64) evaluation.Result {
		return evaluation.Result{Question: id, Text: "text of " + id, Scores: evaluation.Scores{NDCG: ndcg}}
	}
	refused := evaluation.Result{Question: "none", Unanswerable: true, Abstained: true}
	answered := evaluation.Result{Question: "none", Unanswerable: true}
	c := evaluation.Compare(
		[]evaluation.Result{score("a", 0.5), score("b", 0.2), score("same", 0.4), score("gone", 1), answered},
		[]evaluation.Result{score("same", 0.4), score("a", 0.4), score("b", 0.5), score("new", 1), refused}, 1)
	if c.Questions != 3 || c.Better != 1 || c.Worse != 1 || !near(c.Was, 1.1/3) || !near(c.Is, 1.3/3) {
		t.Errorf("got %+v", c)
	}
	var got []string
	for _, d := range c.Differences {
		got = append(got, d.Question)
	}
	if strings.Join(got, " ") != "b a none" || !near(c.Differences[1].Change(), -0.1) || !c.Differences[2].IsAbstain || c.Differences[2].WasAbstain {
		t.Errorf("differences: got %+v", c.Differences)
	}
	if c.P < 0.9 {
		t.Errorf("P: got %v for one up and one down", c.P)
	}
	if c.LeftOut != 1 {
		t.Errorf("%d questions were left out, want the new one", c.LeftOut)
	}

	// A file without ids, to which a row was added at the top.
	numbered := func(id, text string, ndcg float64) evaluation.Result {
		return evaluation.Result{Question: id, Text: text, Scores: evaluation.Scores{NDCG: ndcg}}
	}
	c = evaluation.Compare(
		[]evaluation.Result{numbered("1", "tent", 1), numbered("2", "mug", 0.5), {Question: "3", Text: "who are you", Unanswerable: true}},
		[]evaluation.Result{numbered("1", "lamp", 0), numbered("2", "tent", 1), numbered("3", "mug", 0.5), numbered("4", "who are you", 1)}, 1)
	if c.Questions != 2 || c.Better != 0 || c.Worse != 0 || c.LeftOut != 1 || !near(c.Was, 0.75) || !near(c.Is, 0.75) {
		t.Errorf("numbered anew: got %+v", c)
	}
}

func TestReadQueries(t *testing.T) {
	qs, err := evaluation.ReadQueries(strings.NewReader("\ufeffquery_id\tquery\n# a remark\n\n1\t blue jacket \r\n2\ttents\tfor two\n"))
	if err != nil || len(qs) != 2 || qs[0].ID != "1" || qs[0].Text != "blue jacket" || qs[1].Text != "tents\tfor two" {
		t.Errorf("got %+v, %v", qs, err)
	}
	if qs, err := evaluation.ReadQueries(strings.NewReader("\ufeff1\ttent\n")); err != nil || qs[0].ID != "1" {
		t.Errorf("a mark before the first id: got %+v, %v", qs, err)
	}
	for text, want := range map[string]string{
		"1 blue":            "line 1: want an id, a tab",
		"1\tblue\n\n1\tred": "line 3: question 1 is there twice",
		"1\t ":              "line 1: want an id",
	} {
		if _, err := evaluation.ReadQueries(strings.NewReader(text)); !errors.Is(err, evaluation.ErrMalformed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	if _, err := evaluation.ReadQueries(strings.NewReader("1\t" + strings.Repeat("x", 2<<20))); !errors.Is(err, evaluation.ErrMalformed) {
		t.Errorf("a line of 2 MiB: got %v", err)
	}
}

func TestReadQrels(t *testing.T) {
	qs := []evaluation.Question{{ID: "1"}, {ID: "2"}, {ID: "3"}}
	err := evaluation.ReadQrels(strings.NewReader("query_id\tasin\tlabel\n1\ta\tE\n1\tb\tS\n1\tc\tC\n1\td\tI\n2 0 x 3\n2 0 y 0\n2 0 z -1\n9 0 x 1\n3 0 x 0\n"), qs)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		q    int
		name string
		want evaluation.Judgement
	}{
		{0, "a", evaluation.Judgement{Gain: 1, Relevant: true}},
		{0, "b", evaluation.Judgement{Gain: 0.1}},
		{0, "c", evaluation.Judgement{Gain: 0.01}},
		{0, "d", evaluation.Judgement{}},
		{1, "x", evaluation.Judgement{Gain: 3, Relevant: true}},
		{1, "y", evaluation.Judgement{}},
		{1, "z", evaluation.Judgement{}},
	} {
		if got, ok := qs[c.q].Judged[c.name]; !ok || got != c.want {
			t.Errorf("%s: got %+v, %v", c.name, got, ok)
		}
	}
	if qs[0].Unanswerable || qs[1].Unanswerable || !qs[2].Unanswerable {
		t.Errorf("Unanswerable: got %v %v %v, want the third only", qs[0].Unanswerable, qs[1].Unanswerable, qs[2].Unanswerable)
	}
	for text, want := range map[string]string{
		"1 a":              "line 1: want question",
		"1 0 a X":          `line 1: judgement "X"`,
		"1 a 0.5":          `line 1: judgement "0.5"`,
		"7 0 a 1\n8 0 a 1": "none of its 2 judgements",
		"":                 "none of its 0 judgements",
	} {
		if err := evaluation.ReadQrels(strings.NewReader(text), qs); !errors.Is(err, evaluation.ErrMalformed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestReadQuestions(t *testing.T) {
	qs, err := evaluation.ReadQuestions(strings.NewReader("\ufeffQuestion,note,expected\n\"tents, for two\",x,SKU-1| SKU-2\nwho are you,,\n"))
	if err != nil || len(qs) != 2 {
		t.Fatalf("got %+v, %v", qs, err)
	}
	if q := qs[0]; q.ID != "1" || q.Text != "tents, for two" || len(q.Judged) != 2 || !q.Judged["SKU-2"].Relevant || q.Judged["SKU-1"].Gain != 1 || q.Unanswerable {
		t.Errorf("got %+v", q)
	}
	if !qs[1].Unanswerable || qs[1].ID != "2" {
		t.Errorf("nothing expected: got %+v", qs[1])
	}
	if qs, err := evaluation.ReadQuestions(strings.NewReader("\ufeff\"question\",\"expected\"\n\"tent\",\"a\"\n")); err != nil || len(qs) != 1 {
		t.Errorf("a mark before a quote: got %+v, %v", qs, err)
	}
	if qs, err := evaluation.ReadQuestions(strings.NewReader("id,expected,question\nq7,a,tent\n")); err != nil || qs[0].ID != "q7" {
		t.Errorf("with ids: got %+v, %v", qs, err)
	}
	for text, want := range map[string]string{
		"":                                     "no header",
		"question,answer\n":                    "line 1: want the columns",
		"question,expected\n,a\n":              "line 2: no question",
		"id,question,expected\n1,a,b\n1,c,d\n": "line 3: question 1 is there twice",
		"question,expected\n\"a,b\n":           "malformed",
		"question,expected\na,b,c\n":           "line 2: has 3 cells, and the header has 2",
		"question,expected\na,b\ntent\n":       "line 3: has 1 cells, and the header has 2",
	} {
		if _, err := evaluation.ReadQuestions(strings.NewReader(text)); !errors.Is(err, evaluation.ErrMalformed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("query_id\tquery\n1\tx")
	f.Add("question,expected\n\"a\",b|c\n")
	f.Add("1 0 a E\n1 a 3")
	f.Fuzz(func(t *testing.T, text string) {
		for _, read := range []func() ([]evaluation.Question, error){
			func() ([]evaluation.Question, error) { return evaluation.ReadQueries(strings.NewReader(text)) },
			func() ([]evaluation.Question, error) { return evaluation.ReadQuestions(strings.NewReader(text)) },
		} {
			qs, err := read()
			if err != nil && !errors.Is(err, evaluation.ErrMalformed) {
				t.Fatalf("%q: %v", text, err)
			}
			seen := map[string]bool{}
			for _, q := range qs {
				if q.ID == "" || q.Text == "" || seen[q.ID] {
					t.Fatalf("%q: question %+v", text, q)
				}
				seen[q.ID] = true
			}
			if err := evaluation.ReadQrels(strings.NewReader(text), qs); err != nil && !errors.Is(err, evaluation.ErrMalformed) {
				t.Fatalf("%q: %v", text, err)
			}
			for _, q := range qs {
				s := evaluation.Score([]string{"a", "x"}, q.Judged, 10)
				if s.NDCG < 0 || s.NDCG > 1+1e-9 || s.Recall > 1 {
					t.Fatalf("%q: %+v", text, s)
				}
			}
		}
	})
}
