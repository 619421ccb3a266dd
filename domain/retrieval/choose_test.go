package retrieval_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/quick"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

func words(p retrieval.Passage) int64 { return int64(len(strings.Fields(p.Text))) }

func said(doc string, seq int, kind catalog.Kind, text string) retrieval.Passage {
	return retrieval.Passage{Ref: retrieval.PassageRef{Document: retrieval.DocumentID(doc), Seq: seq}, Kind: kind, Text: text}
}

func TestChooseSaysWhy(t *testing.T) {
	ps := []retrieval.Passage{
		said("a", 0, catalog.KindPage, "returns within thirty days of the delivery"),
		said("a", 1, catalog.KindPage, "refunds go to the card that paid"),
		said("a", 2, catalog.KindPage, "exchanges are free in our stores"),
		said("b", 0, catalog.KindPage, "Returns within thirty days of the delivery."),
		said("a", 0, catalog.KindPage, "returns within thirty days of the delivery"),
		said("c", 0, catalog.KindPage, strings.Repeat("long text here ", 10)),
		said("d", 0, catalog.KindProduct, "a mug that holds a lot of tea"),
		said("e", 0, catalog.KindProduct, "a mug that holds a lot of tea"),
		said("f", 0, catalog.KindProduct, "a kettle"),
	}
	want := []retrieval.Verdict{
		retrieval.Chosen, retrieval.Chosen, retrieval.TooMany, retrieval.SaysTheSame, retrieval.Twice, retrieval.LeavesNoRoom,
		retrieval.Chosen, retrieval.Chosen, retrieval.Enough,
	}
	got := retrieval.Choose(ps, 33, words, retrieval.PackOptions{Passages: 4})
	for i, c := range got {
		if c.Ref != ps[i].Ref || c.Verdict != want[i] {
			t.Errorf("%d: %s %v, want %v", i, c.Ref.Document, c.Verdict, want[i])
		}
	}
}

// A question with its answer that stands in a page that is chosen says nothing
// new; one that has the page's words and says something else does.
func TestChooseLeavesOutWhatAPageSays(t *testing.T) {
	page := said("page", 0, catalog.KindPage, "# Delivery\n\nParcels leave on weekdays before noon. Within Germany a parcel takes two to three days, and costs nothing from sixty euros. "+
		"We do not deliver to islands. Returns are free within thirty days of the day on which the parcel came.")
	for text, want := range map[string]retrieval.Verdict{
		"Within Germany a parcel takes two to three days, and costs nothing from sixty euros.":    retrieval.SaysTheSame,
		"Within thirty days a parcel to Germany costs three euros, and nothing from two parcels.": retrieval.Chosen,
		"Parcels": retrieval.Chosen,
	} {
		got := retrieval.Choose([]retrieval.Passage{page, said("faq", 0, catalog.KindFAQ, text)}, 1000, words, retrieval.PackOptions{})
		if got[1].Verdict != want {
			t.Errorf("%q: %v, want %v", text, got[1].Verdict, want)
		}
	}
}

// Of two pages the one that says more that is new is chosen, although the other
// is a little better; of two products the better one, however alike they are.
func TestChooseWantsWhatIsNew(t *testing.T) {
	list := func(kind catalog.Kind) []retrieval.Passage {
		ps := []retrieval.Passage{
			said("best", 0, kind, "delivery to Norway takes five days and costs nine euros"),
			said("alike", 0, kind, "delivery to Norway takes six days and costs ten euros"),
			said("new", 0, kind, "customs duty is paid on arrival"),
		}
		for i := range 20 {
			ps = append(ps, said(fmt.Sprint("other", i), 0, kind, fmt.Sprintf("thing%d here%d", i, i)))
		}
		return ps
	}
	for kind, want := range map[catalog.Kind]string{catalog.KindPage: "new", catalog.KindProduct: "alike"} {
		got := retrieval.Pack(list(kind), 1000, words, retrieval.PackOptions{Passages: 2})
		if len(got) != 2 || got[0].Ref.Document != "best" || string(got[1].Ref.Document) != want {
			t.Errorf("%v: %v, want best and %s", kind, got, want)
		}
	}
	got := retrieval.Pack(list(catalog.KindPage), 1000, words, retrieval.PackOptions{Passages: 2, Diversity: -1})
	if len(got) != 2 || got[1].Ref.Document != "alike" {
		t.Errorf("without diversity: %v, want best and alike", got)
	}
}

// Whatever is asked, the choice keeps within the budget and the order.
func TestChooseKeepsItsBounds(t *testing.T) {
	if err := quick.Check(func(lengths []uint8, budget uint8, passages, per uint8) bool {
		var ps []retrieval.Passage
		for i, n := range lengths {
			ps = append(ps, said(fmt.Sprint(i%5), i%7, catalog.KindPage, strings.Repeat(fmt.Sprint("w", i, " "), int(n%40))))
		}
		o := retrieval.PackOptions{Passages: int(passages % 9), PerDocument: int(per%3) + 1}
		cs := retrieval.Choose(ps, int64(budget), words, o)
		var cost int64
		n, of := 0, map[retrieval.DocumentID]int{}
		for i, c := range cs {
			if c.Ref != ps[i].Ref || c.Verdict == 0 || strings.Contains(c.Verdict.String(), "not judged") {
				return false
			}
			if c.Verdict == retrieval.Chosen {
				cost += words(c.Passage)
				n++
				of[c.Ref.Document]++
			}
		}
		for _, k := range of {
			if k > o.PerDocument {
				return false
			}
		}
		chosen := retrieval.Pack(ps, int64(budget), words, o)
		inOrder := slices.IsSortedFunc(chosen, func(a, b retrieval.Passage) int {
			at := func(p retrieval.Passage) int {
				return slices.IndexFunc(ps, func(q retrieval.Passage) bool { return q.Ref == p.Ref })
			}
			return at(a) - at(b)
		})
		return cost <= int64(budget) && (o.Passages == 0 || n <= o.Passages) && len(cs) == len(ps) && len(chosen) == n && inOrder
	}, &quick.Config{MaxCount: 2000}); err != nil {
		t.Error(err)
	}
}

func ExampleChoose() {
	passages := []retrieval.Passage{
		said("page:1", 0, catalog.KindPage, "Returns are free within 30 days."),
		said("page:2", 0, catalog.KindPage, "Returns are free within 30 days!"),
		said("product:3", 0, catalog.KindProduct, "A mug."),
	}
	for _, c := range retrieval.Choose(passages, 100, words, retrieval.PackOptions{}) {
		fmt.Println(c.Ref.Document, c.Verdict)
	}
	// Output:
	// page:1 chosen
	// page:2 says the same as one that is chosen
	// product:3 chosen
}
