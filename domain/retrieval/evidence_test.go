package retrieval_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

func TestSignsOf(t *testing.T) {
	kettle := retrieval.Passage{
		Arms: retrieval.Arms{Lexical: 1, Words: 0.5, Dense: 2, Cosine: 0.7}, Kind: catalog.KindProduct, Title: "Steel Kettle", Text: "Boils water fast.",
		Facts: catalog.Facts{Brands: []string{"Brattli"}},
	}
	page := retrieval.Passage{Kind: catalog.KindPage, Title: "Shipping & Delivery", Heading: "Norway", Text: "4.90 EUR"}
	named := retrieval.Passage{Arms: retrieval.Arms{Exact: true}, Title: "Steel Kettle"}
	for _, c := range []struct {
		question string
		p        retrieval.Passage
		meaning  bool
		want     retrieval.Signs
	}{
		{"do you have a Brattli kettle for the water of two", kettle, true, retrieval.Signs{Words: 0.5, Covered: 0.75, Titled: 0.5, Cosine: 0.7, Meaning: true}},
		{"do you have a Brattli kettle for the water of two", kettle, false, retrieval.Signs{Words: 0.5, Covered: 0.75, Titled: 0.5}},
		{"a steel kettle without steam", kettle, false, retrieval.Signs{Words: 0.5, Covered: 1, Titled: 1}},
		{"shipping to Norway", page, false, retrieval.Signs{Covered: 1, Titled: 0.5, Page: true}},
		{"FF-1", named, false, retrieval.Signs{Exact: true}},
		{"?!", page, true, retrieval.Signs{Page: true, Meaning: true}},
	} {
		if got := retrieval.SignsOf(c.question, c.p, c.meaning); got != c.want {
			t.Errorf("%q: got %+v, want %+v", c.question, got, c.want)
		}
	}
}

// What counts as words of the question stands for them.
func TestSignsOfAlternatives(t *testing.T) {
	p := retrieval.Passage{Title: "Gym Shoes", Text: "For indoor sports."}
	also := []retrieval.Alternative{
		{Of: []string{"sneaker"}, Tokens: []string{"gym", "shoe"}, Weight: 0.8},
		{Of: []string{"blue"}, Tokens: []string{"navy"}, Weight: 0.8},
		{Of: []string{"not", "asked"}, Tokens: []string{"indoor"}, Weight: 0.8},
	}
	if got, want := retrieval.SignsOf("blue sneakers", p, false, also...), (retrieval.Signs{Covered: 0.5, Titled: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	with, _ := retrieval.Evidence("blue sneakers", []retrieval.Passage{p}, false, also...)
	if without, _ := retrieval.Evidence("blue sneakers", []retrieval.Passage{p}, false); with <= without {
		t.Errorf("evidence %v with them, %v without", with, without)
	}
}

// TestEvidenceGrows: every sign speaks for an answer, and none takes evidence
// out of 0 to 1.
func TestEvidenceGrows(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		s := retrieval.Signs{
			Words: random.Float64(), Covered: random.Float64(), Titled: random.Float64(), Cosine: 2*random.Float64() - 1,
			Page: random.IntN(2) == 1, Meaning: random.IntN(2) == 1,
		}
		w := retrieval.FittedSignWeights(s.Meaning)
		e := w.Evidence(s)
		if !(e > 0 && e < 1) {
			t.Fatalf("%+v: %v", s, e)
		}
		for what, more := range map[string]func(*retrieval.Signs){
			"words":   func(s *retrieval.Signs) { s.Words = min(1, s.Words+0.1) },
			"covered": func(s *retrieval.Signs) { s.Covered = min(1, s.Covered+0.1) },
			"titled":  func(s *retrieval.Signs) { s.Titled = min(1, s.Titled+0.1) },
			"page":    func(s *retrieval.Signs) { s.Page = true },
			"cosine":  func(s *retrieval.Signs) { s.Cosine = min(1, s.Cosine+0.1) },
			"exact":   func(s *retrieval.Signs) { s.Exact = true },
		} {
			better := s
			more(&better)
			if got := w.Evidence(better); got < e {
				t.Errorf("more of %s: %v, without %v", what, got, e)
			}
		}
		if !s.Meaning {
			near := s
			near.Cosine = 1
			if w.Evidence(near) != e {
				t.Errorf("a cosine counts without meaning: %+v", s)
			}
		}
	}
}

func TestEvidenceOfTheLikeliest(t *testing.T) {
	other := retrieval.Passage{Title: "Gift Card", Text: "Five years."}
	named := retrieval.Passage{Arms: retrieval.Arms{Exact: true}, Title: "Steel Kettle"}
	if e, best := retrieval.Evidence("kettle", nil, true); e != 0 || best != -1 {
		t.Errorf("nothing: %v, %d", e, best)
	}
	if e, best := retrieval.Evidence("steel kettle", []retrieval.Passage{other, named}, false); e < 0.95 || best != 1 {
		t.Errorf("named: %v, %d", e, best)
	}
	if e, best := retrieval.Evidence("who won the cup", []retrieval.Passage{other, other}, false); e >= retrieval.DefaultLeastEvidence || best != 0 {
		t.Errorf("nothing fits: %v, %d", e, best)
	}
}

// TestFuseKeepsWhatCanBeCompared: shares of what words can score, and cosines.
func TestFuseKeepsWhatCanBeCompared(t *testing.T) {
	ref := func(n int) retrieval.PassageRef { return retrieval.PassageRef{Document: "product:1", Seq: n} }
	found := retrieval.Finds{
		Lexical: []retrieval.Found{{Ref: ref(1), Score: 3}, {Ref: ref(2), Score: -1}}, Possible: 4,
		Dense: []retrieval.Found{{Ref: ref(2), Score: 0.9}, {Ref: ref(3), Score: -0.2}},
	}
	want := map[int][2]float64{1: {0.75, 0}, 2: {0, 0.9}, 3: {0, -0.2}}
	for _, p := range retrieval.Fuse(found, retrieval.FusionWeights{}, 10) {
		if got := [2]float64{p.Arms.Words, p.Arms.Cosine}; got != want[p.Ref.Seq] {
			t.Errorf("chunk %d: %v, want %v", p.Ref.Seq, got, want[p.Ref.Seq])
		}
	}
	found.Possible = 0 // not known
	for _, p := range retrieval.Fuse(found, retrieval.FusionWeights{}, 10) {
		if p.Arms.Words != 0 {
			t.Errorf("chunk %d: words %v", p.Ref.Seq, p.Arms.Words)
		}
	}
}

func ExampleEvidence() {
	found := []retrieval.Passage{
		{Title: "Gift Card", Text: "Valid for five years.", Arms: retrieval.Arms{Lexical: 2, Words: 0.1}},
		{Title: "Can I rent a tent?", Text: "Yes, for a weekend.", Arms: retrieval.Arms{Lexical: 1, Words: 0.8}},
	}
	likely, best := retrieval.Evidence("rent a tent", found, false)
	fmt.Println(found[best].Title, likely >= retrieval.DefaultLeastEvidence)
	// Output: Can I rent a tent? true
}

func TestFitOf(t *testing.T) {
	passage := func(id, title string, seq int) retrieval.Passage {
		return retrieval.Passage{Ref: retrieval.PassageRef{Document: retrieval.DocumentID(id), Seq: seq}, Title: title}
	}
	tent, again, mug := passage("product:1", "Tent", 0), passage("product:1", "Tent", 1), passage("product:2", "Mug", 0)
	lots := []retrieval.Passage{tent, again, mug, passage("product:3", "Pot", 0), passage("product:4", "Pan", 0), passage("product:5", "Cup", 0)}
	ids := func(ps []retrieval.Passage) string {
		var out []string
		for _, p := range ps {
			out = append(out, fmt.Sprint(p.Ref.Document, "/", p.Ref.Seq))
		}
		return fmt.Sprint(out)
	}
	for name, c := range map[string]struct {
		question string
		ps       []retrieval.Passage
		exact    bool
		least    float64
		nothing  bool
		near     string
	}{
		"nothing was found":                 {question: "who won the cup", nothing: true, near: "[]"},
		"never":                             {question: "who won the cup", least: -1, near: "[]"},
		"nothing was found of a greeting":   {question: "Hello, how are you?", near: "[]"},
		"a greeting":                        {question: "thanks!", ps: lots, least: 1, near: "[]"},
		"little":                            {question: "who won the cup final", ps: lots[:3], least: 0.5, nothing: true, near: "[]"},
		"little, which is all that is near": {question: "bell tent", ps: lots[:3], least: 0.6, nothing: true, near: "[product:1/0]"},
		"each document once, a few at most": {question: "tent mug pot pan cup set", ps: lots, least: 0.5, nothing: true, near: "[product:1/0 product:2/0 product:3/0]"},
		"little of what fits exactly":       {question: "who won the cup final", ps: lots[:3], exact: true, least: 0.5, near: "[]"},
		"enough":                            {question: "tent", ps: lots[:3], least: 0.4, near: "[]"},
		"anything will do":                  {question: "who won the cup final", ps: lots[:3], near: "[]"},
	} {
		f := retrieval.FitOf(c.question, c.ps, false, c.exact, c.least)
		e, _ := retrieval.Evidence(c.question, c.ps, false)
		if f.Nothing != c.nothing || ids(f.Near) != c.near || f.Evidence != e {
			t.Errorf("%s: nothing %v, near %s, evidence %.3f", name, f.Nothing, ids(f.Near), f.Evidence)
		}
	}
}

// The words that join a title in another language are none of its length.
func TestTitlesOfOtherLanguages(t *testing.T) {
	for title, want := range map[string]float64{"Poupée de chiffon": 0.5, "Doll of cloth": 0, "Poupée": 1, "De la": 0} {
		s := retrieval.SignsOf("une poupée", retrieval.Passage{Kind: catalog.KindProduct, Title: title}, false)
		if s.Titled != want {
			t.Errorf("%s: %v of the title, want %v", title, s.Titled, want)
		}
	}
}
