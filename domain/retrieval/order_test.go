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
	relevant := []retrieval.Passage{{Ref: all[4].Ref, Arms: retrieval.Arms{Lexical: 1}}, {Ref: all[3].Ref, Arms: retrieval.Arms{Lexical: 2}}}
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
		}}, func(q retrieval.Query) ([]retrieval.Passage, error) {
			if q.Text != "kayak" || q.Sort != retrieval.ByRelevance {
				t.Errorf("%q: asked for %+v by relevance", c.text, q)
			}
			return append([]retrieval.Passage{}, relevant...), nil
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
	if _, err := retrieval.Sorted(all, retrieval.Query{Text: "kayak", Sort: retrieval.CheapestFirst, Limit: 1}, func(retrieval.Query) ([]retrieval.Passage, error) { return nil, away }); !errors.Is(err, away) {
		t.Errorf("got %v", err)
	}
	if ps, err := retrieval.Sorted(nil, retrieval.Query{Text: "kayak", Sort: retrieval.CheapestFirst, Limit: 1}, nil); len(ps) != 0 || err != nil {
		t.Errorf("of nothing: %v, %v", ps, err)
	}
}
