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

func TestTitledFirst(t *testing.T) {
	ps := titled("Nattely Footprint", "Night Tents", "Mug", "Tent Pole")
	for i := range ps {
		ps[i].Kind = catalog.KindProduct
	}
	for text, want := range map[string]string{
		"tent":      `["Night Tents" "Tent Pole" "Nattely Footprint" "Mug"]`,
		"tent pole": `["Tent Pole" "Nattely Footprint" "Night Tents" "Mug"]`,
		"":          titles(ps),
	} {
		if got := titles(retrieval.TitledFirst(ps, text, "")); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// TestTitledFirstKeepsToTheQuestion: pages are no tents, and what has all that is
// asked of a tent comes before what is only called one.
func TestTitledFirstKeepsToTheQuestion(t *testing.T) {
	ps := titled("Care of a tent", "Tent Pole", "Night House")
	for i := range ps[1:] {
		ps[1+i].Kind = catalog.KindProduct
	}
	ps[0].Kind, ps[2].Text = catalog.KindPage, "A shelter with a porch and a stove jack."
	if got, want := titles(retrieval.TitledFirst(ps, "tent", "stove jack")), `["Night House" "Tent Pole" "Care of a tent"]`; got != want {
		t.Errorf("got %s, want %s", got, want)
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

func TestTermsFirst(t *testing.T) {
	ps := titled("Refurbished laptop", "Student discount", "Warranty and repairs", "Gift voucher")
	for i, k := range []catalog.Kind{catalog.KindProduct, catalog.KindPage, catalog.KindPage, catalog.KindProduct} {
		ps[i].Kind = k
	}
	for question, want := range map[string]string{
		"how long is the warranty on laptops": `["Warranty and repairs" "Refurbished laptop" "Student discount" "Gift voucher"]`,
		"repairs of laptops":                  titles(ps), // no word of the shop's terms
		"a voucher for laptops":               titles(ps), // shops sell them
	} {
		if got := titles(retrieval.TermsFirst(ps, question)); got != want {
			t.Errorf("%q: got %s, want %s", question, got, want)
		}
	}
}

func TestSharing(t *testing.T) {
	ps := titled("Olive oil 500 ml", "Shampoo 500 ml", "Soap", "Vinegar")
	ps[2].Text, ps[3].Facts.Tags = "Of olives.", []string{"oil"}
	for text, want := range map[string]string{
		"olive oil":   `["Olive oil 500 ml" "Soap" "Vinegar"]`,
		"walnut oil":  titles(ps), // nothing is called so
		"":            titles(ps),
		"bath soap":   titles(ps),
		"soap":        `["Soap"]`,
		"oil shampoo": titles(ps),
	} {
		if got := titles(retrieval.Sharing(ps, text)); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// TestInWords: what a product may say in its words is asked of them, sizes are not.
func TestInWordsOfProducts(t *testing.T) {
	f := retrieval.Filter{InStock: true, Attributes: []catalog.Attribute{{Name: "Diet", Values: []string{"Vegan", "Vegetarian"}}, {Name: "Size", Values: []string{"M"}}}}
	rest, says, ok := f.InWords()
	if !ok || len(rest.Attributes) != 1 || rest.Attributes[0].Name != "Size" || !rest.InStock || len(f.Attributes) != 2 {
		t.Errorf("got %s, %v, of %s", rest, ok, f)
	}
	ps := titled("Spread", "Spread", "Spread")
	ps[0].Facts.Tags, ps[1].Text = []string{"vegan"}, "Not for vegetarians, with beef."
	for i, want := range []bool{true, true, false} {
		if says(ps[i]) != want {
			t.Errorf("passage %d says %v", i, !want)
		}
	}
	if _, _, ok := (retrieval.Filter{Attributes: []catalog.Attribute{{Name: "Size", Values: []string{"Large"}}, {Values: []string{"42"}}}}).InWords(); ok {
		t.Error("a size is asked of words")
	}
}
