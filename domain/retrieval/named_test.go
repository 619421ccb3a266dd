package retrieval_test

import (
	"fmt"
	"testing"

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

func TestTitledFirst(t *testing.T) {
	ps := titled("Nattely Footprint", "Night Tents", "Mug", "Tent Pole")
	for text, want := range map[string]string{
		"tent":      `["Night Tents" "Tent Pole" "Nattely Footprint" "Mug"]`,
		"tent pole": `["Tent Pole" "Nattely Footprint" "Night Tents" "Mug"]`,
		"":          titles(ps),
	} {
		if got := titles(retrieval.TitledFirst(ps, text)); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestSpread(t *testing.T) {
	var ps []retrieval.Passage
	for _, at := range []struct {
		document retrieval.DocumentID
		seq      int
	}{{"a", 2}, {"a", 0}, {"b", 1}, {"a", 1}, {"c", 0}, {"b", 0}} {
		ps = append(ps, retrieval.Passage{Ref: retrieval.PassageRef{Document: at.document, Seq: at.seq}})
	}
	var got []string
	for _, p := range retrieval.Spread(ps) {
		got = append(got, fmt.Sprint(p.Ref.Document, p.Ref.Seq))
	}
	if want := "[a2 b1 c0 a0 b0 a1]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
