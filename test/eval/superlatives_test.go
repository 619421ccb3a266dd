package eval_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/porttest"
)

// superlative is a question for the cheapest or dearest of a kind of thing.
type superlative struct {
	text string
	kind func(asin string) bool // whether a product is of that kind
}

// TestOrdersKeepTheKind asks for the cheapest and the dearest of things of which
// no product has all words, in a catalogue whose fields do not decide: what share
// of the first three that are listed is of the kind that was asked for. The
// questions are the judged ones, and one of each kind of product that has
// enough of them with a price, with one or two words of one product's text.
func TestOrdersKeepTheKind(t *testing.T) {
	figure(t)
	s := theSet(t)
	stores := memory.NewStores(noon, porttest.NewID, usage.Price{Model: "model-1"})
	site, err := stores.AddSite(t.Context(), "Shop", "https://shop.example.com", usage.NoLimits())
	if err != nil {
		t.Fatal(err)
	}
	products := make(map[retrieval.DocumentID]retrieval.Passage)
	for i, p := range s.products {
		d := p.Document()
		if _, err := stores.Documents.Put(t.Context(), site.Scope(), d, s.entries[i].Chunks); err != nil {
			t.Fatal(err)
		}
		products[d.ID] = retrieval.Passage{Kind: catalog.KindProduct, Title: d.Title, Facts: d.Facts}
	}
	index := newRanking(s.entries)
	search := newSearch(t, stores, index)
	searchBefore := newSearch(t, stores, sortedBefore{index, products})
	for name, set := range map[string]struct {
		questions []superlative
		least     float64
	}{
		"judged":    {s.judgedSuperlatives(), 0.7},
		"generated": {s.madeSuperlatives(index), 0.8},
	} {
		t.Run(name, func(t *testing.T) {
			var was, is float64
			asked := 0
			for _, q := range set.questions {
				a, byRelevance := q.first(t, search, site.Scope())
				if !byRelevance {
					continue // something has all words, and is put in order as it was
				}
				b, _ := q.first(t, searchBefore, site.Scope())
				asked++
				was, is = was+b, is+a
			}
			was, is = was/float64(asked), is/float64(asked)
			t.Logf("of %d questions %d have all words nowhere; of the first three %.3f are of the kind, without the cut %.3f", len(set.questions), asked, is, was)
			if asked < 20 || is < set.least || was > set.least-0.2 {
				t.Errorf("of the first three of %d questions %.3f are of the kind, without the cut %.3f; want at least 20, %v and far less", asked, is, was, set.least)
			}
		})
	}
}

// first returns what share of the first that are listed are of the kind that q asks
// for, and whether they were found by relevance.
func (q superlative) first(t *testing.T, search *searching.Service, sc tenant.Scope) (share float64, byRelevance bool) {
	t.Helper()
	r, err := search.Search(t.Context(), searching.Question{Scope: sc, Text: q.text})
	if err != nil {
		t.Fatal(err)
	}
	if r.Understanding.Sort == retrieval.ByRelevance {
		t.Fatalf("%q asks for no order", q.text)
	}
	var seen []string
	of := 0
	for _, c := range r.Found {
		asin := strings.TrimPrefix(string(c.Ref.Document), "product:")
		if byRelevance = c.Arms.Lexical > 0; len(seen) == firstListed || !byRelevance {
			break
		}
		if !slices.Contains(seen, asin) {
			seen = append(seen, asin)
			if q.kind(asin) {
				of++
			}
		}
	}
	return float64(of) / float64(max(1, len(seen))), byRelevance
}

// firstListed is how many of what is listed are looked at.
const firstListed = 3

// judgedSuperlatives asks for the cheapest and the dearest, in turn, of what the
// judged questions ask for. Of the kind is what was judged to be it or to do instead,
// and what nobody judged, if it is filed where such a thing is.
func (s set) judgedSuperlatives() []superlative {
	filed := s.filed()
	var out []superlative
	for i, q := range s.questions {
		kinds := make(map[string]bool)
		for asin, judged := range q.Judged {
			if judged.Gain == 1 && filed[asin] != "" {
				kinds[filed[asin]] = true
			}
		}
		out = append(out, superlative{orders[i%2] + " " + q.Text, func(asin string) bool {
			if judged, ok := q.Judged[asin]; ok {
				return judged.Gain >= substitute
			}
			return kinds[filed[asin]]
		}})
	}
	return out
}

// substitute is the gain of what is not what was asked for, but does instead.
const substitute = 0.1

var orders = []string{"cheapest", "most expensive"}

// madeSuperlatives asks for things of each kind that has at least four with a price,
// with one word of the text of one of them or, in turn, two.
func (s set) madeSuperlatives(x ranking) []superlative {
	filed := s.filed()
	of := make(map[string][]int)
	var kinds []string
	for i, p := range s.products {
		if kind := filed[p.ASIN]; kind != "" && p.Price > 0 {
			if len(of[kind]) == 0 {
				kinds = append(kinds, kind)
			}
			of[kind] = append(of[kind], i)
		}
	}
	r := rand.New(rand.NewPCG(7, 8))
	var out []superlative
	for _, kind := range kinds {
		if len(of[kind]) < 4 {
			continue
		}
		words := x.said(s.entries[of[kind][r.IntN(len(of[kind]))]])
		if len(words) < 2 {
			continue
		}
		r.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
		text := orders[len(out)/2%2] + " " + strings.ToLower(kind) + " with " + strings.Join(words[:1+len(out)%2], " and ")
		out = append(out, superlative{text, func(asin string) bool { return filed[asin] == kind }})
	}
	return out
}

// filed returns the narrowest category of each product that has one.
func (s set) filed() map[string]string {
	out := make(map[string]string)
	for _, p := range s.products {
		if n := len(p.Category); n > 0 {
			out[p.ASIN] = p.Category[n-1]
		}
	}
	return out
}

// said returns the words of the beginning of e's text that no field has, and
// that are neither in few texts nor in many, sorted.
func (x ranking) said(e retrieval.Entry) []string {
	var fields []string
	for _, f := range retrieval.Fields() {
		if f != retrieval.FieldBody {
			fields = append(fields, retrieval.FieldTokens(f, e, retrieval.Chunk{})...)
		}
	}
	var out []string
	for _, word := range retrieval.QueryTokens(e.Chunks[0].Text) {
		in := len(x.postings[word])
		if in >= 5 && in < 600 && len(word) > 3 && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") == "" && !slices.Contains(fields, word) {
			out = append(out, word)
		}
	}
	slices.Sort(out)
	return out
}

// sortedBefore puts what has not all words in order as it was done before there
// was a cut: the best matches, however little they match.
type sortedBefore struct {
	ranking
	products map[retrieval.DocumentID]retrieval.Passage
}

// Search implements ports.Searcher.
func (x sortedBefore) Search(ctx context.Context, sc tenant.Scope, q retrieval.Query) ([]retrieval.Passage, error) {
	found, err := x.ranking.Search(ctx, sc, q)
	if err != nil || q.Sort == retrieval.ByRelevance || len(found) == 0 || found[0].Arms.Lexical == 0 {
		return found, err
	}
	order := q.Sort
	q.Sort = retrieval.ByRelevance
	if found, err = x.ranking.Search(ctx, sc, q); err != nil {
		return nil, err
	}
	for i, p := range found {
		of := x.products[p.Ref.Document]
		found[i].Title, found[i].Facts = of.Title, of.Facts
	}
	return retrieval.SortPassages(found, order, q.Filter, q.At), nil
}
