package eval_test

import (
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/porttest"
)

// TestTerms asks the demo, whose shop is English, for its terms as shoppers say
// them in six languages, by verbs more often than by nouns, and from many
// countries: the page that answers comes first, and is not refused. All of the
// way is gone, by words.
func TestTerms(t *testing.T) {
	figure(t)
	questions := questionsOf(t, "terms.csv")
	entries, documents := demoEntries(t), demoDocuments(t)
	stores := memory.NewStores(noon, porttest.NewID, usage.Price{Model: "model-1"})
	site, err := stores.AddSite(t.Context(), "Shop", "https://shop.example.com", usage.NoLimits())
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range documents {
		if _, err := stores.Documents.Put(t.Context(), site.Scope(), d, entries[i].Chunks); err != nil {
			t.Fatal(err)
		}
	}
	search := newSearch(t, stores, newRanking(entries))
	asked, right := make(map[string]int), make(map[string]int)
	for _, q := range questions {
		r, err := search.Search(t.Context(), searching.Question{Scope: site.Scope(), Text: q.Text, ShopLocale: "en", Locale: "en"})
		if err != nil {
			t.Fatal(err)
		}
		first := ""
		if len(r.Found) > 0 && !r.Fit.Nothing {
			first = string(r.Found[0].Ref.Document)
		}
		half, _, _ := strings.Cut(q.ID, "-")
		asked[half]++
		if first == "" && q.Unanswerable || q.Judged[first].Relevant {
			right[half]++
			continue
		}
		t.Logf("%s: %q: got %q, evidence %.2f; %s", q.ID, q.Text, first, r.Fit.Evidence, strings.Join(r.Understanding.Because, "; "))
	}
	// The first half was written before anything was mended for it, the other before
	// it was asked; the first time 50 of 97 and 54 of 67 were right.
	for half, least := range map[string]float64{"a": 0.88, "b": 0.82} {
		t.Logf("%s: %d of %d right", half, right[half], asked[half])
		if float64(right[half]) < least*float64(asked[half]) {
			t.Errorf("%s: %d of %d right, want %.2f of them", half, right[half], asked[half], least)
		}
	}
}
