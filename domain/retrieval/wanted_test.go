package retrieval_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

func TestQueryTerms(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"nike shoes without laces", "nike shoe -lace"},
		{"a desk chair without the wheels and with arms", "desk chair -wheel arm"},
		{"gel kit without led lamp for nails", "gel kit -led -lamp nail"},
		{"Stiefel ohne Schnürsenkel", "stiefel -schnursenkel"},
		{"bottle without straw lid handle strap", "bottle -straw -lid -handle strap"},
		{"without leather", "leather"}, // better than nothing
		{"sold without", "sold"},
		{"", ""},
	} {
		var got []string
		for _, term := range retrieval.QueryTerms(c.text) {
			sign := ""
			if term.Unwanted {
				sign = "-"
			}
			got = append(got, sign+term.Token)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

// shelf is a corpus of products, by their titles, each with a text.
type shelf struct {
	documents []*retrieval.Indexed
	postings  map[string][]retrieval.Posting
	asked     int
}

func shelfOf(products ...[2]string) *shelf {
	s := &shelf{postings: map[string][]retrieval.Posting{}}
	for _, p := range products {
		e := retrieval.Entry{Document: retrieval.DocumentID(p[0]), Kind: catalog.KindProduct, Title: p[0]}
		d := &retrieval.Indexed{Document: e.Document, Kind: e.Kind, Title: e.Title}
		counts, n := retrieval.WeightedTokens(e, retrieval.Chunk{Text: p[1]})
		d.Chunks = append(d.Chunks, retrieval.IndexedChunk{Tokens: n})
		d.Prepare()
		for token, weighted := range counts {
			s.postings[token] = append(s.postings[token], retrieval.Posting{Document: d, Weighted: weighted})
		}
		s.documents = append(s.documents, d)
	}
	return s
}

func (s *shelf) search(t *testing.T, text string) string {
	t.Helper()
	ps, err := retrieval.NewCorpus(s.documents, retrieval.FusionWeights{}).Search(retrieval.Query{Text: text, Limit: 10}, func(token string) ([]retrieval.Posting, error) {
		s.asked++
		return s.postings[token], nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return order(ps)
}

// TestUnwanted: who wants no handles is shown bags whose names have none first,
// and never finds a handle by that word.
func TestUnwanted(t *testing.T) {
	s := shelfOf(
		[2]string{"Paper bag with handles", "A bag."},
		[2]string{"Paper bag", "It has no handles."},
		[2]string{"Paper bags without handles", "Bags."},
		[2]string{"Door handles", "For doors."},
	)
	if got, want := s.search(t, "paper bag without handles"), "Paper bags without handles Paper bag Paper bag with handles"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestCompounds: a word that is nowhere is found where its parts are.
func TestCompounds(t *testing.T) {
	s := shelfOf(
		[2]string{"Fire TV Stick", "A stick for the screen."},
		[2]string{"Fire place", "It burns."},
		[2]string{"Walking stick", "To lean on."},
		[2]string{"Jacke aus Leder", "Warm."},
		[2]string{"Jacke", "Ohne alles."},
	)
	for query, want := range map[string]string{
		"firestick":     "Fire TV Stick",
		"firesticks":    "Fire TV Stick",
		"Lederjacke":    "Jacke aus Leder",
		"tvstick":       "", // a part of two letters is none
		"firexyz":       "",
		"stick":         "Walking stick Fire TV Stick",
		"jackefireplac": "",
	} {
		if got := s.search(t, query); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
	s.asked = 0
	s.search(t, strings.Repeat("abcdefghijklmnop"+"qrstuvw ", 1)+"zyxwvutsrqponm1 zyxwvutsrqponm2 zyxwvutsrqponm3 zyxwvutsrqponm4 zyxwvutsrqponm5 zyxwvutsrqponm6 "+strings.Repeat("x", 5000))
	if s.asked > 300 {
		t.Errorf("a question of invented words asked the index %d times", s.asked)
	}
}

func TestCompoundsPassErrorsOn(t *testing.T) {
	broken := errors.New("broken")
	_, err := retrieval.NewCorpus(shelfOf([2]string{"Fire", ""}).documents, retrieval.FusionWeights{}).Search(retrieval.Query{Text: "firestick", Limit: 1}, func(token string) ([]retrieval.Posting, error) {
		if token == "stick" {
			return nil, broken
		}
		return []retrieval.Posting{}, nil
	})
	if err != nil {
		t.Errorf("a part was asked for although the other is nowhere: %v", err)
	}
	s := shelfOf([2]string{"Fire", ""})
	_, err = retrieval.NewCorpus(s.documents, retrieval.FusionWeights{}).Search(retrieval.Query{Text: "firestick", Limit: 1}, func(token string) ([]retrieval.Posting, error) {
		if token == "stick" {
			return nil, broken
		}
		return s.postings[token], nil
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want the index's error", err)
	}
}

func ExampleQueryTerms() {
	for _, t := range retrieval.QueryTerms("paper bags without handles") {
		fmt.Println(t.Token, t.Unwanted)
	}
	// Output:
	// paper false
	// bag false
	// handle true
}
