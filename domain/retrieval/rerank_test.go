package retrieval_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

func lettered(names string) []retrieval.Passage {
	var out []retrieval.Passage
	for _, n := range names {
		out = append(out, retrieval.Passage{Title: string(n)})
	}
	return out
}

func letters(ps []retrieval.Passage) string {
	var out strings.Builder
	for _, p := range ps {
		out.WriteString(p.Title)
	}
	return out.String()
}

func TestReorder(t *testing.T) {
	ranks := func(places ...int) retrieval.Ranking {
		var r retrieval.Ranking
		for _, p := range places {
			r.Ranks = append(r.Ranks, retrieval.Rank{Place: p})
		}
		return r
	}
	all := []int{0, 1, 2, 3}
	for _, c := range []struct {
		name   string
		places []int
		r      retrieval.Ranking
		want   string
	}{
		{"all judged", all, ranks(3, 1, 0, 2), "dbac"},
		{"nothing judged", all, ranks(), "abcd"},
		{"what was left out keeps its place", all, ranks(3, 0), "dbca"},
		{"some were asked for", []int{1, 3}, ranks(1, 0), "adcb"},
		{"a text twice", all, ranks(2, 2, 0), "cbad"},
		{"places that are none", all, ranks(-1, 4, 99, 1, 0), "bacd"},
	} {
		before := lettered("abcd")
		if got := letters(retrieval.Reorder(before, c.places, c.r)); got != c.want || letters(before) != "abcd" {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// Whatever a reranker says, nothing is lost and nothing comes twice.
func TestReorderIsAPermutation(t *testing.T) {
	always := func(n uint8, places, ranks []int8) bool {
		var names strings.Builder
		for i := range int(n % 20) {
			names.WriteByte(byte('a' + i))
		}
		at := make([]int, len(places))
		for i, p := range places {
			at[i] = int(p)
		}
		var r retrieval.Ranking
		for _, k := range ranks {
			r.Ranks = append(r.Ranks, retrieval.Rank{Place: int(k)})
		}
		got := []rune(letters(retrieval.Reorder(lettered(names.String()), at, r)))
		slices.Sort(got)
		return string(got) == names.String()
	}
	if err := quick.Check(always, nil); err != nil {
		t.Error(err)
	}
}

func TestRerankText(t *testing.T) {
	p := retrieval.Passage{Title: "Shipping", Heading: "Abroad", Text: " To Austria. "}
	if got := retrieval.RerankText(p); got != "Shipping\nAbroad\nTo Austria." {
		t.Errorf("%q", got)
	}
	p.Text = strings.Repeat("ü", 5000)
	if got := retrieval.RerankText(p); len(got) > retrieval.MaxRerankText || !utf8.ValidString(got) {
		t.Errorf("%d bytes", len(got))
	}
}

func TestRerankBound(t *testing.T) {
	count := func(text string) int64 { return int64(len(text)) }
	in, out := retrieval.RerankBound("query", []string{"one", "three"}, count)
	if in < retrieval.RerankInstruction+2*5+8 || out != retrieval.RerankOutput(2) {
		t.Errorf("%d in, %d out", in, out)
	}
}

func ExampleReorder() {
	found := []retrieval.Passage{{Title: "Returns"}, {Title: "Shipping"}, {Title: "Contact"}}
	judged := retrieval.Ranking{Ranks: []retrieval.Rank{{Place: 1, Score: 0.9}, {Place: 0, Score: 0.1}}}
	for _, p := range retrieval.Reorder(found, []int{0, 1, 2}, judged) {
		fmt.Println(p.Title)
	}
	// Output:
	// Shipping
	// Returns
	// Contact
}
