package retrieval_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

func TestSortPassages(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	product := func(id string, offers ...catalog.Offer) retrieval.Passage {
		return retrieval.Passage{Ref: ref(id), Facts: catalog.Facts{Offers: offers}}
	}
	blue := []catalog.Attribute{{Name: "Colour", Values: []string{"Blue"}}}
	ps := []retrieval.Passage{
		product("page"),
		product("dear", catalog.Offer{Regular: eur(900), Attributes: blue}, catalog.Offer{Regular: eur(100)}),
		product("sale", catalog.Offer{Regular: eur(1000), Sale: eur(500), Attributes: blue}),
		product("mid", catalog.Offer{Regular: eur(700), Attributes: blue}),
	}
	f := retrieval.Filter{Attributes: blue}
	for _, c := range []struct {
		s    retrieval.Sort
		f    retrieval.Filter
		want string
	}{
		{retrieval.ByRelevance, f, "page dear sale mid"},
		{retrieval.CheapestFirst, f, "sale mid dear page"},
		{retrieval.DearestFirst, f, "dear mid sale page"},
		{retrieval.CheapestFirst, retrieval.Filter{}, "dear sale mid page"},
	} {
		if got := order(retrieval.SortPassages(ps, c.s, c.f, now)); got != c.want {
			t.Errorf("%v: got %q, want %q", c.s, got, c.want)
		}
	}
	if order(ps) != "page dear sale mid" {
		t.Error("SortPassages changed what it was given")
	}
}

// What has all words is put in order, best of all in its title; if nothing has,
// what is found by relevance.
func TestWholly(t *testing.T) {
	listed := func(title string, cents int64, category string) retrieval.Listed {
		return retrieval.Listed{
			Ref: retrieval.PassageRef{Document: retrieval.DocumentID(title)}, Title: title,
			Facts: catalog.Facts{Categories: []string{category}, Offers: []catalog.Offer{{Regular: eur(cents)}}},
		}
	}
	all := []retrieval.Listed{
		{Ref: retrieval.PassageRef{Document: "Map"}, Title: "Map"},
		listed("Winter Sleeping Bag", 9000, "Camping"), listed("Dry Bag", 1000, "Camping"), listed("Silk Liner", 2000, "Sleeping Bags"),
		listed("Summer Sleeping Bag", 5000, "Camping"), listed("Another Dry Bag", 1000, "Camping"),
	}
	relevant := retrieval.Finds{Lexical: []retrieval.Found{{Ref: all[4].Ref, Score: 2, Has: 1}, {Ref: all[3].Ref, Score: 1, Has: 1}}, IDF: []float64{1}, Possible: 3}
	for _, c := range []struct {
		text  string
		sort  retrieval.Sort
		limit int
		want  string
	}{
		{"sleeping bag", retrieval.CheapestFirst, 9, "[Summer Sleeping Bag Winter Sleeping Bag]"},
		{"the sleeping bags", retrieval.DearestFirst, 9, "[Winter Sleeping Bag Summer Sleeping Bag]"},
		{"winter sleeper", retrieval.CheapestFirst, 9, "[Winter Sleeping Bag]"},
		{"bag", retrieval.CheapestFirst, 1, "[Another Dry Bag]"},
		{"camping", retrieval.DearestFirst, 2, "[Winter Sleeping Bag Summer Sleeping Bag]"},
		{"", retrieval.CheapestFirst, 9, "[Another Dry Bag Dry Bag Silk Liner Summer Sleeping Bag Winter Sleeping Bag Map]"},
		{"kayak", retrieval.CheapestFirst, 9, "[Silk Liner Summer Sleeping Bag]"},
	} {
		ps, err := retrieval.Sorted(append([]retrieval.Listed{}, all...), retrieval.Query{Text: c.text, Sort: c.sort, Limit: c.limit, Also: []retrieval.Alternative{
			{Of: []string{"sleeper"}, Tokens: []string{"sleeping", "bag"}, Weight: 1},
		}}, retrieval.FusionWeights{}, func(q retrieval.Query) (retrieval.Finds, error) {
			if q.Text != "kayak" || q.Sort != retrieval.ByRelevance {
				t.Errorf("%q: asked for %+v by relevance", c.text, q)
			}
			return relevant, nil
		})
		var got []retrieval.DocumentID
		for i, p := range ps {
			got = append(got, p.Ref.Document)
			if p.Arms.Order != i+1 || (p.Arms.Lexical > 0) != (c.text == "kayak") {
				t.Errorf("%q: arms %+v at %d", c.text, p.Arms, i)
			}
		}
		if fmt.Sprint(got) != c.want || err != nil {
			t.Errorf("%q: got %v, %v; want %s", c.text, got, err, c.want)
		}
	}
	away := errors.New("away")
	if _, err := retrieval.Sorted(all, retrieval.Query{Text: "kayak", Sort: retrieval.CheapestFirst, Limit: 1}, retrieval.FusionWeights{}, func(retrieval.Query) (retrieval.Finds, error) { return retrieval.Finds{}, away }); !errors.Is(err, away) {
		t.Errorf("got %v", err)
	}
	if ps, err := retrieval.Sorted(nil, retrieval.Query{Text: "kayak", Sort: retrieval.CheapestFirst, Limit: 1}, retrieval.FusionWeights{}, nil); len(ps) != 0 || err != nil {
		t.Errorf("of nothing: %v, %v", ps, err)
	}
}

// Where nothing has all words, what has nearly as much of them as the best product
// is put in order, whatever its text scores; what the question names is always
// there, and what it does not want only if nothing else is.
func TestNearlyWhole(t *testing.T) {
	listed := func(id, title string, kind catalog.Kind, cents int64) retrieval.Listed {
		return retrieval.Listed{Ref: ref(id), Kind: kind, Title: title, Facts: catalog.Facts{Offers: []catalog.Offer{{Regular: eur(cents)}}}}
	}
	all := []retrieval.Listed{
		listed("dress", "Red dress", catalog.KindProduct, 9000), listed("long", "Red dress", catalog.KindProduct, 8000),
		listed("sleeves", "Red dress, long sleeves", catalog.KindProduct, 2000), listed("whisk", "Red whisk", catalog.KindProduct, 300),
		listed("text", "Hanger", catalog.KindProduct, 100),
		{Ref: ref("page"), Kind: catalog.KindPage, Title: "Care"},
	}
	// red, dress, silk; silk is in texts only
	const red, dress, silk = 1, 2, 4
	idf := []float64{1, 3, 2}
	found := func(pairs ...any) (out []retrieval.Found) {
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, retrieval.Found{Ref: ref(pairs[i].(string)), Score: float64(10 - i), Has: uint64(pairs[i+1].(int))})
		}
		return out
	}
	for _, c := range []struct {
		text  string
		finds retrieval.Finds
		want  string
	}{
		{"red dress silk", retrieval.Finds{Lexical: found("dress", red|dress|silk, "whisk", red|silk, "long", red|dress|silk)}, "long dress"},
		{"red dress silk", retrieval.Finds{Lexical: found("dress", red|dress|silk, "long", red|dress)}, "long dress"}, // just four fifths of it
		{"red dress silk", retrieval.Finds{Lexical: found("text", red|dress|silk, "whisk", red|silk, "long", red|dress)}, "long"},
		{"red dress silk", retrieval.Finds{Lexical: found("text", red|dress|silk, "whisk", red|silk, "page", red|dress|silk)}, "text page"},
		{"red dress silk", retrieval.Finds{Lexical: found("page", red|dress|silk, "whisk", red)}, "whisk page"},
		{"red dress silk without sleeves", retrieval.Finds{Lexical: found("dress", red|dress, "sleeves", red|dress)}, "dress"},
		{"red dress silk without sleeves", retrieval.Finds{Lexical: found("sleeves", red|dress)}, "sleeves"},
		{"red dress silk", retrieval.Finds{Lexical: found("dress", red|dress), Exact: []retrieval.PassageRef{ref("whisk")}}, "whisk dress"},
		{"crimson frock", retrieval.Finds{Dense: []retrieval.Found{{Ref: ref("dress"), Score: 0.9}, {Ref: ref("long"), Score: 0.88}, {Ref: ref("whisk"), Score: 0.4}}}, "long dress"},
		{"red dress silk", retrieval.Finds{Lexical: found("dress", red|dress), Dense: []retrieval.Found{{Ref: ref("whisk"), Score: 0.9}, {Ref: ref("text"), Score: 0.4}}}, "dress"},
	} {
		c.finds.IDF, c.finds.Possible = idf, 15
		ps, err := retrieval.Sorted(append([]retrieval.Listed{}, all...), retrieval.Query{Text: c.text, Sort: retrieval.CheapestFirst, Limit: 9}, retrieval.FusionWeights{},
			func(retrieval.Query) (retrieval.Finds, error) { return c.finds, nil })
		if got := order(ps); got != c.want || err != nil {
			t.Errorf("%s, of %+v: got %q, %v; want %q", c.text, c.finds, got, err, c.want)
		}
	}
}

// What has a fact that is better than that of all that was shown goes beyond it.
func TestBeyond(t *testing.T) {
	weighs := func(id, weight string) retrieval.Passage {
		return retrieval.Passage{Ref: ref(id), Facts: catalog.Facts{Weight: catalog.ParseWeight(weight)}}
	}
	ps := []retrieval.Passage{weighs("a", "1 kg"), weighs("b", "2 kg"), weighs("c", "2 kg"), weighs("d", "3 kg"), weighs("e", "")}
	was := func(ids ...string) (out []retrieval.Shown) {
		for _, id := range ids {
			out = append(out, retrieval.Shown{Document: ref(id).Document})
		}
		return out
	}
	for _, c := range []struct {
		shown []retrieval.Shown
		sort  retrieval.Sort
		want  string
	}{
		{was("d", "b"), retrieval.LightestFirst, "a"},
		{was("a", "b"), retrieval.HeaviestFirst, "d"},
		{was("a"), retrieval.LightestFirst, ""},
		{was("e", "gone"), retrieval.LightestFirst, "a b c d"}, // nobody knows what those weigh
		{was("a"), retrieval.NewestFirst, "a b c d e"},         // nor how old any is
	} {
		if got := order(retrieval.Beyond(ps, c.shown, c.sort, retrieval.Filter{}, time.Time{})); got != c.want {
			t.Errorf("%v than %v: got %q, want %q", c.sort, c.shown, got, c.want)
		}
	}
}
