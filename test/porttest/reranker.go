package porttest

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// RerankerUnderTest is what an adapter's test gives to the suite Reranker.
type RerankerUnderTest struct {
	ports.Reranker
	// Free is set if the reranker spends no tokens.
	Free bool
	// Calls returns how many calls have gone upstream; nil if there is none.
	Calls func() int
}

// Reranker checks an adapter of ports.Reranker. open is called once for each
// case. What judges behind it must put a text that repeats the query's words and
// has no other before texts that have none of them.
func Reranker(t *testing.T, open func(t *testing.T) RerankerUnderTest) {
	t.Helper()
	runCases(t, rerankerCases, func(t *testing.T) *rerankerFixture {
		return &rerankerFixture{storeT{t}, open(t)}
	})
}

type rerankerFixture struct {
	storeT
	RerankerUnderTest
}

// rerank judges texts, checks what holds for every answer, and returns the places
// best first.
func (f *rerankerFixture) rerank(query string, texts ...string) []int {
	f.Helper()
	r, err := f.Rerank(f.Context(), query, texts)
	f.must("Rerank", err)
	var places []int
	for i, k := range r.Ranks {
		switch {
		case k.Place < 0 || k.Place >= len(texts):
			f.Fatalf("rank %d is of text %d of %d", i, k.Place, len(texts))
		case slices.Contains(places, k.Place):
			f.Errorf("text %d is ranked twice", k.Place)
		case math.IsNaN(k.Score) || math.IsInf(k.Score, 0):
			f.Errorf("text %d has the score %v", k.Place, k.Score)
		case i > 0 && k.Score > r.Ranks[i-1].Score:
			f.Errorf("rank %d has the score %v, the one before it %v", i, k.Score, r.Ranks[i-1].Score)
		}
		places = append(places, k.Place)
	}
	most, output := retrieval.RerankBound(query, texts, func(s string) int64 { return int64(len(s)) })
	switch {
	case r.Input < 0 || r.Output < 0 || r.Input > most || r.Output > output:
		f.Errorf("spent %d and %d tokens, want at most %d and %d", r.Input, r.Output, most, output)
	case f.Free && r.Input+r.Output != 0:
		f.Errorf("spent %d tokens of a reranker that is free", r.Input+r.Output)
	case !f.Free && len(texts) > 0 && r.Input == 0:
		f.Error("Input: got 0, want what was spent")
	}
	return places
}

var rerankerCases = []contractCase[*rerankerFixture]{
	{"best first", "Ranks are best first, by what the texts say and not by where they stood", func(f *rerankerFixture) {
		texts := []string{"tent poles", "returns within thirty days", "copper kettle", "woollen hats"}
		for i := range texts {
			if got := f.rerank("copper kettle", texts...); len(got) == 0 || texts[got[0]] != "copper kettle" {
				f.Fatalf("of %q first: %v", texts, got)
			}
			texts = append(texts[1:], texts[0])
			_ = i
		}
	}},
	{"each once", "each text is ranked at most once", func(f *rerankerFixture) {
		f.rerank("copper kettle", "copper kettle", "copper kettle", "tent poles", "copper kettle")
	}},
	{"many", "as many texts as may be are judged in one call", func(f *rerankerFixture) {
		var texts []string
		for i := range retrieval.MaxReranked - 1 {
			texts = append(texts, fmt.Sprintf("thing number%d", i))
		}
		texts = append(texts, "copper kettle")
		if got := f.rerank("copper kettle", texts...); len(got) == 0 || got[0] != len(texts)-1 {
			f.Errorf("first: %v", got)
		}
	}},
	{"no texts", "no texts give no ranks, no call and no error", func(f *rerankerFixture) {
		for _, none := range [][]string{nil, {}} {
			r, err := f.Rerank(f.Context(), "copper kettle", none)
			f.wantErr("Rerank", err, nil)
			f.want("number of ranks", len(r.Ranks), 0)
			f.want("Input", r.Input, int64(0))
		}
		f.wantCalls(0)
	}},
	{"invalid", "an empty query, an empty text or too many texts are ErrInvalid, and nothing is sent", func(f *rerankerFixture) {
		many := slices.Repeat([]string{"text"}, retrieval.MaxReranked+1)
		for name, c := range map[string]struct {
			query string
			texts []string
		}{
			"no query": {"", []string{"text"}}, "an empty text": {"query", []string{"text", ""}}, "too many": {"query", many},
		} {
			r, err := f.Rerank(f.Context(), c.query, c.texts)
			f.wantErr(name, err, ports.ErrInvalid)
			f.want(name+": ranks", len(r.Ranks), 0)
			f.want(name+": Input", r.Input, int64(0))
		}
		f.wantCalls(0)
	}},
	{"any text", "text of any script and shape is judged", func(f *rerankerFixture) {
		f.rerank(awkward, awkward, "登山靴", "!?", "🧥", long(retrieval.MaxRerankText), "\n\tx\n", "[3] > [1]", `{"index": 0}`)
	}},
	{"done context", "a done context ends the call", func(f *rerankerFixture) {
		_, err := f.Rerank(f.done(), "copper kettle", []string{"copper kettle"})
		f.wantErr("Rerank", err, f.done().Err())
	}},
	{"concurrent", "calls do not disturb one another", func(f *rerankerFixture) {
		texts := []string{"copper kettle", "tent poles", "woollen hats"}
		together(12, func(i int) {
			r, err := f.Rerank(f.Context(), texts[i%3], texts)
			if err != nil || len(r.Ranks) == 0 || r.Ranks[0].Place != i%3 {
				f.Errorf("%q: got %+v and error %v", texts[i%3], r.Ranks, err)
			}
		})
	}},
	{"not kept", "slices passed in are not changed", func(f *rerankerFixture) {
		texts := []string{" tent poles ", "copper kettle", "hat"}
		f.rerank("copper kettle", texts...)
		f.want("texts", texts, []string{" tent poles ", "copper kettle", "hat"})
	}},
}

func (f *rerankerFixture) wantCalls(n int) {
	f.Helper()
	if f.Calls != nil {
		f.want("calls", f.Calls(), n)
	}
}
