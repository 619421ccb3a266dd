package eval_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/evaluation"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// TestWholeWay asks the judged questions as shoppers' questions are asked, with
// all that is read out of them, in a catalogue whose sellers fill its fields as
// they like. A filter that hides what fits is worse than none.
func TestWholeWay(t *testing.T) {
	figure(t)
	s := theSet(t)
	stores := memory.NewStores(noon, porttest.NewID, usage.Price{Model: "model-1"})
	site, err := stores.AddSite(t.Context(), "Shop", "https://shop.example.com", usage.NoLimits())
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range s.products {
		if _, err := stores.Documents.Put(t.Context(), site.Scope(), p.Document(), s.entries[i].Chunks); err != nil {
			t.Fatal(err)
		}
	}
	search := newSearch(t, stores, newRanking(s.entries))
	same := func(text string) string { return text }
	ask := func(plain bool, typed func(string) string) []evaluation.Scores {
		out := make([]evaluation.Scores, len(s.questions))
		for i, q := range s.questions {
			r, err := search.Search(t.Context(), searching.Question{Scope: site.Scope(), Text: typed(q.Text), Candidates: 8 * k, Plain: plain})
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			seen := make(map[string]bool)
			for _, c := range r.Found {
				if name := strings.TrimPrefix(string(c.Ref.Document), "product:"); !seen[name] {
					seen[name] = true
					found = append(found, name)
				}
			}
			out[i] = evaluation.Score(found, q.Judged, k)
		}
		return out
	}
	plain, whole := ask(true, same), ask(false, same)
	tell(t, "plain", plain)
	tell(t, "the whole way", whole)
	if p, w := evaluation.Mean(plain).NDCG, evaluation.Mean(whole).NDCG; w < p-slack {
		t.Errorf("the whole way: NDCG@10 %.4f, the text as it is %.4f", w, p)
	}
	differ := 0
	for i := range plain {
		if plain[i].NDCG != whole[i].NDCG {
			differ++
		}
	}
	t.Logf("%d of %d questions differ; in the worst twentieth of other samples by %+.4f", differ, len(plain), resampled(plain, whole))
	if least := resampled(plain, whole); least < -2*slack {
		t.Errorf("of other samples of these questions one in twenty is worse by %.4f the whole way", -least)
	}
	for name, typed := range map[string]func(string) string{
		"in capitals": strings.ToUpper,
		"politely":    func(text string) string { return "hi! could you please show me " + text + " 🙂 thanks!!" },
	} {
		if p, w := evaluation.Mean(plain).NDCG, evaluation.Mean(ask(false, typed)).NDCG; w < p-2*slack {
			t.Errorf("%s: NDCG@10 %.4f, the text as it is %.4f", name, w, p)
		} else {
			t.Logf("%s: NDCG@10 %.4f", name, w)
		}
	}
}

// resampled returns by how much the second scores are better than the first, paired
// by question, in the worst twentieth of samples of the same size, drawn with
// replacement.
func resampled(first, second []evaluation.Scores) float64 {
	r := rand.New(rand.NewPCG(1, 2))
	gains := make([]float64, 2000)
	for i := range gains {
		for range first {
			n := r.IntN(len(first))
			gains[i] += (second[n].NDCG - first[n].NDCG) / float64(len(first))
		}
	}
	slices.Sort(gains)
	return gains[len(gains)/20]
}

func newSearch(t *testing.T, stores *memory.Stores, index ports.Searcher) *searching.Service {
	t.Helper()
	meter, err := metering.New(metering.Deps{
		Ledger: stores.Ledger, Checkpointer: stores.Ledger, Sweeper: stores.Ledger, Usage: stores.Ledger, Licenses: stores.Licenses,
		Prices: stores.Prices, Sites: stores.Accounts, Tokenizer: stores.Tokenizer, Now: noon, NewID: porttest.NewID, CallTimeout: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	search, err := searching.New(searching.Deps{
		Meter: meter, Searcher: index, Passages: stores.Documents, Inventory: stores.Documents, Tokenizer: stores.Tokenizer, Now: noon,
	}, searching.Config{Model: "model-1"})
	if err != nil {
		t.Fatal(err)
	}
	return search
}
