package searching_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

func (w *world) searchAfter(text string, before ...retrieval.Earlier) searching.Findings {
	w.Helper()
	s, err := searching.New(w.deps, w.cfg)
	w.must(err)
	r, err := s.Search(w.Context(), searching.Question{Scope: w.scope(), Text: text, Before: before, Budget: 4000})
	w.must(err)
	return r
}

func shown(id, title, sku string) retrieval.Shown {
	return retrieval.Shown{Document: retrieval.DocumentID("product:" + id), Title: title, Code: sku}
}

// What was spoken of comes first; where the shop's terms are asked for, they do.
func TestSearchAfter(t *testing.T) {
	w := newWorld(t)
	storm, camp := shown("1", "Storm Jacket", "TS-1"), shown("2", "Camp Jacket", "TS-2")
	one := retrieval.Earlier{Question: "Is the Camp Jacket warm?", Shown: []retrieval.Shown{camp}}
	two := retrieval.Earlier{Question: "warm jackets", Shown: []retrieval.Shown{storm, camp}}
	for _, c := range []struct {
		before         retrieval.Earlier
		question, want string
	}{
		{one, "is it waterproof?", "Camp Jacket, Storm Jacket"},
		{one, "is that under 10 euros?", "Camp Jacket, Storm Jacket"}, // it is not, and that is the answer
		{one, "how much is shipping for that?", "Shipping, Camp Jacket"},
		{two, "the second one", "Camp Jacket, Storm Jacket"},
		{two, "and under 100?", "Storm Jacket"},
		{two, "What does shipping cost?", "Shipping"},
		{retrieval.Earlier{Question: "warm jackets", Shown: []retrieval.Shown{camp}}, "anything else?", "Storm Jacket"},
		{two, "anything else?", ""},
	} {
		if got := titles(w.searchAfter(c.question, c.before).Chosen()); got != c.want {
			t.Errorf("after %q, %q: chose %s, want %s", c.before.Question, c.question, got, c.want)
		}
	}
}

// Something lighter, heavier, newer or better rated goes beyond what was shown, and
// nothing is said to be that is as heavy.
func TestBeyondWhatWasShown(t *testing.T) {
	w := newWorld(t)
	tent := func(id, title, weight string, days int, rating catalog.Rating) {
		w.must(w.stores.Add(w.Context(), w.scope(), retrieval.Document{
			ID: retrieval.DocumentID("product:" + id), Revision: "r1", Kind: catalog.KindProduct, Title: title,
			Facts: catalog.Facts{
				Weight: catalog.ParseWeight(weight), Published: time.Date(2026, 1, days, 0, 0, 0, 0, time.UTC), Rating: rating,
				Offers: []catalog.Offer{{Regular: catalog.Money{Minor: 10000, Currency: "EUR", Exponent: 2}, Stock: catalog.InStock}},
			},
		}, "Sleeps two."))
	}
	tent("11", "Fell Tent", "900 g", 3, catalog.Rating{Hundredths: 480, Count: 90})
	tent("12", "Dale Tent", "2 kg", 2, catalog.Rating{Hundredths: 450, Count: 90})
	tent("13", "Gill Tent", "2000 g", 1, catalog.Rating{Hundredths: 400, Count: 90})
	tent("14", "Hall Tent", "4 kg", 4, catalog.Rating{})
	fell, dale, gill, hall := shown("11", "Fell Tent", ""), shown("12", "Dale Tent", ""), shown("13", "Gill Tent", ""), shown("14", "Hall Tent", "")
	for _, c := range []struct {
		shown          []retrieval.Shown
		question, want string
	}{
		{[]retrieval.Shown{dale, hall}, "anything lighter?", "Fell Tent"}, // and not the other one of 2 kg
		{[]retrieval.Shown{dale}, "do you have a heavier one?", "Hall Tent"},
		{[]retrieval.Shown{gill, dale}, "anything newer?", "Hall Tent, Fell Tent"},
		{[]retrieval.Shown{gill}, "anything better rated?", "Fell Tent, Dale Tent"},
		{[]retrieval.Shown{fell}, "anything lighter?", ""},
		{[]retrieval.Shown{shown("99", "Lost Tent", ""), hall}, "anything lighter?", "Fell Tent, Dale Tent, Gill Tent"},
	} {
		r := w.searchAfter(c.question, retrieval.Earlier{Question: "tents for two", Shown: c.shown})
		if got := titles(r.Chosen()); got != c.want {
			t.Errorf("after %v, %q: chose %s, want %s", c.shown, c.question, got, c.want)
		}
		if r.Fit.Nothing != (c.want == "") {
			t.Errorf("after %v, %q: nothing fits: %v", c.shown, c.question, r.Fit.Nothing)
		}
	}
	// A shop that says no weights is not said to have nothing lighter.
	if got := titles(w.searchAfter("anything lighter?", retrieval.Earlier{Question: "jackets", Shown: []retrieval.Shown{shown("1", "Storm Jacket", "TS-1")}}).Chosen()); got != "Storm Jacket, Camp Jacket" {
		t.Errorf("without weights: %s", got)
	}
}

// blind finds nothing by the words of a question, as where a thousand others have
// them, too.
type blind struct{ ports.Searcher }

func (b blind) Search(ctx context.Context, s tenant.Scope, q retrieval.Query) ([]retrieval.Passage, error) {
	if len(q.Codes) == 0 {
		return nil, ctx.Err()
	}
	return b.Searcher.Search(ctx, s, q)
}

// A product that was spoken of is looked up, if the words do not find it; one
// that the shop no longer has is not there.
func TestWhatWasSpokenOfIsLookedUp(t *testing.T) {
	w := newWorld(t)
	w.deps.Searcher = blind{w.deps.Searcher}
	r := w.searchAfter("is it warm?", retrieval.Earlier{Question: "Camp Jacket", Shown: []retrieval.Shown{shown("2", "Camp Jacket", "TS-2")}})
	if got := titles(r.Chosen()); got != "Camp Jacket" {
		t.Errorf("chose %s", got)
	}
	if !slices.Contains(whys(r), searching.WhyAbout) {
		t.Errorf("searched %q", whys(r))
	}
	r = w.searchAfter("is it warm?", retrieval.Earlier{Question: "Lost Jacket", Shown: []retrieval.Shown{shown("9", "Lost Jacket", "TS-2")}})
	if got := titles(r.Chosen()); got != "" {
		t.Errorf("of a product that is gone: chose %s", got)
	}
}

// As it is asked, and as it was meant, is what an explanation says.
func TestExplainSaysWhatWasTakenUp(t *testing.T) {
	w := newWorld(t)
	e, err := w.explainer().Explain(t.Context(), w.support(), w.scope(), "is it waterproof?", searching.ExplainOptions{})
	w.must(err)
	if e.Understood.ReadAs != "" || e.Understood.Follows != "" {
		t.Errorf("without anything before it: %+v", e.Understood)
	}
	e, err = w.explainer().Explain(t.Context(), w.support(), w.scope(), "is it waterproof?", searching.ExplainOptions{After: []string{"Is the Camp Jacket warm?"}})
	w.must(err)
	if e.Question != "is it waterproof?" || e.Understood.ReadAs != "Camp Jacket: is it waterproof?" || !strings.Contains(e.Understood.Follows, `"it" is Camp Jacket`) {
		t.Errorf("%q: %+v", e.Question, e.Understood)
	}
	if len(e.Passages) == 0 || e.Passages[0].Title != "Camp Jacket" {
		t.Errorf("found %+v", e.Passages)
	}
}
