package evaluating_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/app/evaluating"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/evaluation"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

var shop = tenant.Scope{Tenant: "ten_1", Site: "site_1"}

// shelf finds documents named in the question, in its order, some of which have
// several passages.
func shelf(asked *[]evaluating.Ask) evaluating.Search {
	return func(_ context.Context, s tenant.Scope, a evaluating.Ask) (evaluating.Answer, error) {
		if s != shop {
			return evaluating.Answer{}, ports.ErrNotFound
		}
		*asked = append(*asked, a)
		var out evaluating.Answer
		for name := range strings.FieldsSeq(a.Question) {
			for seq := range 30 {
				if name != "long" && seq > 0 {
					break
				}
				out.Passages = append(out.Passages, retrieval.Passage{
					Ref: retrieval.PassageRef{Document: retrieval.DocumentID("product:" + name), Seq: seq}, Facts: catalog.Facts{SKUs: []string{"SKU-" + name}, GTINs: []string{"GTIN-" + name}},
				})
			}
		}
		out.NothingFits = len(out.Passages) == 0 || a.Question == "vague"
		out.Passages = out.Passages[:min(a.Limit, len(out.Passages))]
		return out, nil
	}
}

func right(names ...string) evaluation.Judged {
	j := evaluation.Judged{}
	for _, n := range names {
		j[n] = evaluation.Judgement{Gain: 1, Relevant: true}
	}
	return j
}

func TestRun(t *testing.T) {
	var asked []evaluating.Ask
	s, err := evaluating.New(shelf(&asked))
	if err != nil {
		t.Fatal(err)
	}
	var done []int
	run, err := s.Run(t.Context(), shop, []evaluation.Question{
		{ID: "by id", Text: "a b", Judged: right("product:b")},
		{ID: "by bare id", Text: "a b", Judged: right("a")},
		{ID: "by SKU", Text: "a b", Judged: right("SKU-a")},
		{ID: "by GTIN", Text: "a b", Judged: right("GTIN-b")},
		{ID: "behind a long one", Text: "long a b", Judged: right("a")},
		{ID: "refused", Text: " ", Unanswerable: true},
		{ID: "answered", Text: "a", Unanswerable: true},
		{ID: "withheld", Text: "vague", Judged: right("a")},
	}, evaluating.Options{K: 2, Words: true, Plain: true, Progress: func(n int) { done = append(done, n) }})
	if err != nil {
		t.Fatal(err)
	}
	var found, ranks []string
	for _, r := range run.Results {
		found = append(found, strings.Join(r.Found, " "))
		ranks = append(ranks, fmt.Sprint(r.Scores.ReciprocalRank))
	}
	if want := []string{"product:a product:b", "a product:b", "SKU-a product:b", "product:a GTIN-b", "product:long a", "", "product:a", "product:vague"}; !slices.Equal(found, want) {
		t.Errorf("found: got %q, want %q", found, want)
	}
	if want := []string{"0.5", "1", "1", "0.5", "0.5", "0", "0", "0"}; !slices.Equal(ranks, want) {
		t.Errorf("reciprocal ranks: got %v, want %v", ranks, want)
	}
	// The six that have an answer make the mean: the others do not lower it.
	if want := 3.5 / 6; run.Mean.ReciprocalRank != want || run.K != 2 {
		t.Errorf("mean: got %+v at %d, want %v", run.Mean, run.K, want)
	}
	if want := (evaluation.Abstention{Unanswerable: 2, Refused: 1, Answerable: 6, Withheld: 1}); run.Abstention != want {
		t.Errorf("abstention: got %+v, want %+v", run.Abstention, want)
	}
	if !slices.Equal(done, []int{1, 2, 3, 4, 5, 6, 7, 8}) || slices.ContainsFunc(asked, func(a evaluating.Ask) bool { return !a.Words || !a.Plain }) {
		t.Errorf("progress %v, asked %+v", done, asked)
	}
}

func TestRunRefuses(t *testing.T) {
	if _, err := evaluating.New(nil); err == nil {
		t.Error("New without a search: no error")
	}
	var asked []evaluating.Ask
	s, err := evaluating.New(shelf(&asked))
	if err != nil {
		t.Fatal(err)
	}
	one := []evaluation.Question{{ID: "q7", Text: "a"}}
	if _, err := s.Run(t.Context(), shop, nil, evaluating.Options{K: 10}); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("no questions: got %v", err)
	}
	if _, err := s.Run(t.Context(), shop, one, evaluating.Options{}); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("k of 0: got %v", err)
	}
	if _, err := s.Run(t.Context(), tenant.Scope{Tenant: "ten_1", Site: "site_2"}, one, evaluating.Options{K: 1}); !errors.Is(err, ports.ErrNotFound) || !strings.Contains(err.Error(), "q7") {
		t.Errorf("a search that fails: got %v", err)
	}
}

func Example() {
	s, _ := evaluating.New(func(context.Context, tenant.Scope, evaluating.Ask) (evaluating.Answer, error) {
		return evaluating.Answer{Passages: []retrieval.Passage{{Ref: retrieval.PassageRef{Document: "product:44"}}}}, nil
	})
	run, err := s.Run(context.Background(), shop, []evaluation.Question{{ID: "q1", Text: "a tent", Judged: right("44")}}, evaluating.Options{K: 10})
	fmt.Println(run.Mean.NDCG, err)
	// Output: 1 <nil>
}
