package retrieval_test

import (
	"fmt"
	"testing"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

func titled(titles ...string) []retrieval.Passage {
	var ps []retrieval.Passage
	for _, t := range titles {
		ps = append(ps, retrieval.Passage{Title: t})
	}
	return ps
}

func titles(ps []retrieval.Passage) string {
	var out []string
	for _, p := range ps {
		out = append(out, p.Title)
	}
	return fmt.Sprintf("%q", out)
}

func TestNamedFirst(t *testing.T) {
	ps := titled("Nattely Footprint", "Tent", "Nattely Tent", "Mug")
	for question, want := range map[string]string{
		"How much is the Nattely Tent?":     `["Nattely Tent" "Tent" "Nattely Footprint" "Mug"]`,
		"how much is the nattely tents":     `["Nattely Tent" "Tent" "Nattely Footprint" "Mug"]`,
		"Is a Mug dishwasher-safe?":         `["Mug" "Nattely Footprint" "Tent" "Nattely Tent"]`,
		"Nattely":                           titles(ps),
		"":                                  titles(ps),
		"mugs and the footprint of Nattely": `["Mug" "Nattely Footprint" "Tent" "Nattely Tent"]`,
	} {
		if got := titles(retrieval.NamedFirst(ps, question)); got != want {
			t.Errorf("%q: got %s, want %s", question, got, want)
		}
	}
	if titles(ps) != titles(titled("Nattely Footprint", "Tent", "Nattely Tent", "Mug")) {
		t.Error("the passages passed in were changed")
	}
}

func TestWholly(t *testing.T) {
	bag := retrieval.Passage{Title: "Sommernatt Sleeping Bag"}
	dry := retrieval.Passage{Title: "Dry Bag"}
	liner := retrieval.Passage{Title: "Silk Liner", Facts: catalog.Facts{Categories: []string{"Camping > Sleeping Bags"}}}
	ps := []retrieval.Passage{dry, bag, liner}
	for text, want := range map[string]string{
		"sleeping bag":      `["Sommernatt Sleeping Bag" "Silk Liner"]`,
		"the sleeping bags": `["Sommernatt Sleeping Bag" "Silk Liner"]`,
		"bag":               `["Dry Bag" "Sommernatt Sleeping Bag" "Silk Liner"]`,
		"kayak":             titles(ps),
	} {
		if got := titles(retrieval.Wholly(ps, text)); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
