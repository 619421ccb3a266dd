package searching_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// lover is a reranker that puts texts with a word first, and notes what it was
// given.
type lover struct {
	word  string
	err   error
	given *[]string
}

func (l lover) Rerank(_ context.Context, _ string, texts []string) (retrieval.Ranking, error) {
	if l.given != nil {
		*l.given = append(*l.given, texts...)
	}
	r := retrieval.Ranking{Input: 5, Reported: true}
	if l.err != nil {
		return r, l.err
	}
	for i, t := range texts {
		r.Ranks = append(r.Ranks, retrieval.Rank{Place: i, Score: float64(strings.Count(t, l.word))})
	}
	retrieval.SortRanks(r.Ranks)
	return r, nil
}

func (w *world) loves(l lover) {
	w.deps.Reranker, w.cfg.RerankModel = l, "model-1"
	w.stores.Prices.Put(usage.Price{Model: "model-1", Version: "v1", Input: 500_000_000}, time.Time{}, time.Time{})
}

// The reranker's order counts, but for what the question names and for what is
// sorted by a fact.
func TestRerank(t *testing.T) {
	w := newWorld(t)
	var given []string
	w.loves(lover{word: "Camp", given: &given})
	for question, want := range map[string]string{
		"waterproof jacket":             "Camp Jacket, Storm Jacket",
		"TS-1":                          "Storm Jacket",
		"is the Storm Jacket a jacket?": "Storm Jacket, Camp Jacket",
		"cheapest jacket":               "Storm Jacket, Camp Jacket",
		"jackets under 100":             "Storm Jacket",
	} {
		if got := titles(w.search(question).Chosen()); got != want {
			t.Errorf("%s: %s, want %s", question, got, want)
		}
	}
	for _, text := range given {
		if !strings.Contains(text, "Jacket\n") {
			t.Errorf("it was given %q, want title and text", text)
		}
	}
	r := w.search("waterproof jacket")
	if r.Reranked.Model != "model-1" || r.Reranked.Asked != 2 || r.Reranked.Judged != 2 || r.Reranked.Failed != "" {
		t.Errorf("%+v", r.Reranked)
	}
	e, err := w.explainer().Explain(t.Context(), w.support(), w.scope(), "waterproof jacket", searching.ExplainOptions{})
	w.must(err)
	if p := e.Passages[0]; p.Title != "Camp Jacket" || p.RerankBefore != 2 || p.RerankAfter != 1 || p.RerankScore < 1 {
		t.Errorf("%+v", p)
	}
}

// One that fails leaves the order as it was found, and that is told and no error.
func TestRerankerAway(t *testing.T) {
	w := newWorld(t)
	w.loves(lover{err: &ports.ModelError{Kind: ports.ModelUnavailable}})
	r := w.search("waterproof jacket")
	if got := titles(r.Chosen()); got != "Storm Jacket, Camp Jacket" || r.Reranked.Failed != "UPSTREAM_UNAVAILABLE" || r.Reranked.Judged != 0 {
		t.Errorf("%s: %+v", got, r.Reranked)
	}
	all := w.stores.Events.All()
	if len(all) != 1 {
		t.Fatalf("published %+v", all)
	}
	if e, ok := all[0].Event.(searching.NotReranked); !ok || !errors.Is(e.Err, ports.ErrUnavailable) || e.EventName() != "answer.not_reranked" {
		t.Errorf("published %+v", all[0])
	}
}

// One that fails is not waited for again when all languages are searched.
func TestRerankerAwayInEachLanguage(t *testing.T) {
	w := newWorld(t)
	w.page("2", "de", "Versand", "Delivery takes three days.")
	w.page("3", "en", "Delivery", "Delivery takes two days.")
	w.page("4", "en", "Times", "Delivery on Sundays.")
	var given []string
	w.loves(lover{given: &given, err: &ports.ModelError{Kind: ports.ModelTimeout}})
	w.cfg.LeastEvidence = 1
	r := w.from("en", "delivery in winter storms")
	if !r.Language.IsZero() || r.Reranked.Failed != "UPSTREAM_TIMEOUT" {
		t.Fatalf("searched in %q, %+v", r.Language, r.Reranked)
	}
	if len(given) != 3 {
		t.Errorf("it was given %q: asked again after it failed", given)
	}
}

// Only so many passages are judged as may be, and nothing is asked of words alone.
func TestRerankIsBounded(t *testing.T) {
	w := newWorld(t)
	for i := range 20 {
		w.product(string(rune('a'+i)), "Rain Jacket "+string(rune('a'+i)), "A jacket.", 5000)
	}
	var given []string
	w.loves(lover{word: "Camp", given: &given})
	w.cfg.RerankPassages = 5
	w.search("jacket")
	if len(given) != 5 {
		t.Errorf("%d passages were judged", len(given))
	}
	given = nil
	s, err := searching.New(w.deps, w.cfg)
	w.must(err)
	_, err = s.Search(w.Context(), searching.Question{Scope: w.scope(), Text: "jacket", Budget: 4000, WordsOnly: true})
	w.must(err)
	if len(given) > 0 {
		t.Errorf("by words only, %d passages were judged", len(given))
	}
}
