package searching_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/usage"
)

// Whatever size a shop's texts are cut in, what is found has its text, the shop's
// words are known, and what is chosen fits into the budget, as much of it as there
// is room for.
func TestChunksOfEachSize(t *testing.T) {
	for _, target := range []int64{retrieval.LeastTarget, retrieval.DefaultTarget, retrieval.MostTarget} {
		c, err := retrieval.NewChunking(target)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(c.String(), func(t *testing.T) {
			w := newWorld(t)
			w.site, err = w.stores.AddSite(t.Context(), "Other shop", "https://other.example.com", usage.NoLimits())
			w.must(err)
			w.deps.Generations = w.stores.Documents
			_, err := w.stores.Documents.Begin(t.Context(), w.scope(), retrieval.Rebuild{Chunking: c, At: time.Now()})
			w.must(err)
			most := 0
			for i := range 8 {
				var body strings.Builder
				for n := range 90 {
					fmt.Fprintf(&body, "Paragraph %d of page %d says what holds of snowshoes on part%d.\n\n", n, i, i*100+n)
				}
				d := retrieval.Document{
					ID: retrieval.NewDocumentID(catalog.KindPage, fmt.Sprint(i)), Revision: "r1", Kind: catalog.KindPage,
					Title: fmt.Sprintf("Guide %d", i), Body: body.String(), Shown: true,
				}
				var texts []string
				for _, k := range retrieval.ChunkDocument(d, func(text string) int64 { return int64(len(text)+3) / 4 }, c) {
					texts = append(texts, k.Text)
					most = max(most, len(k.Text))
				}
				w.must(w.stores.Add(t.Context(), w.scope(), d, texts...))
			}
			s, err := searching.New(w.deps, w.cfg)
			w.must(err)
			budget := s.Budget(4000) // of which the tokenizer knows bytes only
			r, err := s.Search(t.Context(), searching.Question{Scope: w.scope(), Text: "what of snowshos on part305?", Budget: budget})
			w.must(err)
			if r.Generation.Chunking != c || len(r.Searches) == 0 || r.Searches[0].Found == 0 || r.Searches[0].Left != r.Searches[0].Found {
				t.Fatalf("in %+v: %+v", r.Generation, r.Searches)
			}
			if r.FollowUp.Question != "what of snowshoes on part305?" && !strings.Contains(fmt.Sprint(r.Understanding), "snowshoes") {
				t.Errorf("the shop's words are not known: %+v", r.Understanding)
			}
			var spent int64
			held := false
			for _, f := range r.Found {
				if f.Verdict == retrieval.Chosen {
					spent += f.Cost
					held = held || strings.Contains(f.Text, "part305")
				}
			}
			if n := len(r.Chosen()); spent > budget || n < 2 || spent+int64(most) < budget && n < 8 {
				t.Errorf("%d passages take %d of %d", n, spent, budget)
			}
			if !held {
				t.Error("what was asked for is not among them")
			}
		})
	}
}
