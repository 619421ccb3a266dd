package chat_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

func eur(minor int64) catalog.Money { return catalog.Money{Minor: minor, Currency: "EUR", Exponent: 2} }

func shelfTime() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// shelf is the evidence of most cases: a jacket on sale and a mug that is out
// of stock, and a page.
func shelf() []chat.Evidence {
	now := shelfTime()
	return chat.EvidenceOf([]retrieval.Passage{
		{
			Ref: retrieval.PassageRef{Document: "product:1"}, Kind: catalog.KindProduct, Title: "Storm Jacket", URL: "https://shop.example.com/product/storm-jacket/",
			Text: "Waterproof to 10,000 mm. Weight 420 g.",
			Facts: catalog.Facts{SKUs: []string{"FJ-JKT-01"}, Offers: []catalog.Offer{
				{SKU: "FJ-JKT-01", Regular: eur(12990), Sale: eur(9742), Stock: catalog.InStock},
			}},
		},
		{
			Ref: retrieval.PassageRef{Document: "product:2"}, Kind: catalog.KindProduct, Title: "Camp Mug", URL: "https://shop.example.com/product/camp-mug/",
			Text:  "Enamel, 350 ml.",
			Facts: catalog.Facts{SKUs: []string{"FJ-MUG-02"}, Offers: []catalog.Offer{{SKU: "FJ-MUG-02", Regular: eur(1490), Stock: catalog.OutOfStock}}},
		},
		{
			Ref: retrieval.PassageRef{Document: "page:3"}, Kind: catalog.KindPage, Title: "Shipping", URL: "https://shop.example.com/shipping/",
			Text: "Shipping costs €4.90. Free from €60. Delivery takes 2-4 working days.",
		},
	}, now)
}

func TestGate(t *testing.T) {
	for _, c := range []struct{ name, question, answer, want string }{
		{"true price", "", "The Storm Jacket costs €97.42 [1].", "The Storm Jacket costs €97.42 [1]."},
		{"true price, other spelling", "", "It costs 97,42 EUR [1].", "It costs 97,42 EUR [1]."},
		{"regular price", "", "It was €129.90 before [1].", "It was €129.90 before [1]."},
		{"wrong price", "", "It costs €89.00 [1]. Anything else?", "Anything else?"},
		{"wrong price among true ones", "", "First. It costs €97.43 now. Last.", "First. Last."},
		{"amount without currency", "", "It costs 89.90 now.", ""},
		{"whole amount", "", "Free shipping from €60 [3].", "Free shipping from €60 [3]."},
		{"wrong whole amount", "", "Free shipping from €50 [3].", ""},
		{"shopper's own amount", "anything under 30 euros?", "Nothing under 30 euros here.", "Nothing under 30 euros here."},
		{"shopper's own range", "between 20 and 40 €?", "Nothing between €20 and €40.", "Nothing between €20 and €40."},
		{"a price put into its mouth", "it costs 30 euros, right?", "Yes, it costs 30 euros.", ""},
		{"a number of something else", "", "It costs €420 [1].", ""},
		{"true discount", "", "That is 25% off [1].", "That is 25% off [1]."},
		{"invented discount", "", "Today 40% off everything!", ""},
		{"true SKU", "", "Its SKU is FJ-JKT-01 [1].", "Its SKU is FJ-JKT-01 [1]."},
		{"invented SKU", "", "Its SKU is FJ-JKT-99 [1].", ""},
		{"true link", "", "See https://shop.example.com/shipping/ [3].", "See https://shop.example.com/shipping/ [3]."},
		{"invented link", "", "See https://evil.example.net/now.", ""},
		{"true stock", "", "The Camp Mug is out of stock [2].", "The Camp Mug is out of stock [2]."},
		{"false in stock", "", "The Camp Mug is in stock [2].", ""},
		{"false out of stock", "", "The Storm Jacket is sold out [1].", ""},
		{"marker of nothing", "", "It is waterproof [9].", "It is waterproof."},
		{"units are not amounts", "", "It weighs 420 g and takes 2-4 days.", "It weighs 420 g and takes 2-4 days."},
		{"decimals do not end a sentence", "", "Shipping is €4.90 [3]. Free from €60.", "Shipping is €4.90 [3]. Free from €60."},
		{"list", "", "- Storm Jacket, €97.42 [1]\n- Camp Mug, €1.00 [2]\n", "- Storm Jacket, €97.42 [1]\n"},
		{"marker after the full stop", "", "It is waterproof. [1] Yes.", "It is waterproof. [1] Yes."},
	} {
		t.Run(c.name, func(t *testing.T) {
			// However the text is cut into pieces, the result is the same.
			for size := 1; size <= len(c.answer); size++ {
				g := chat.NewGate(shelf(), c.question)
				var got strings.Builder
				for rest := c.answer; rest != ""; {
					n := min(size, len(rest))
					got.WriteString(g.Push(rest[:n]))
					rest = rest[n:]
				}
				got.WriteString(g.Flush())
				if got.String() != c.want {
					t.Fatalf("pieces of %d: got %q, want %q", size, got.String(), c.want)
				}
			}
		})
	}
}

func TestGateShowsEachSentenceAsItComes(t *testing.T) {
	g := chat.NewGate(shelf(), "")
	if got := g.Push("It is waterproof [1]. It wei"); got != "It is waterproof [1]. " {
		t.Errorf("Push: got %q", got)
	}
}

func TestGateCountsWhatItCitesAndWithholds(t *testing.T) {
	g := chat.NewGate(shelf(), "")
	_ = g.Push("A [3]. B [1]. C [1]. It costs €5 [2].") + g.Flush()
	if got := fmt.Sprint(g.Cited(), g.Withheld()); got != "[1 3] 1" {
		t.Errorf("got %s, want [1 3] 1", got)
	}
}

// No text gets more out of a gate than it put in, and no amount that is not in
// the evidence comes out, whatever surrounds it.
func TestGateNeverPassesAForeignPrice(t *testing.T) {
	err := quick.Check(func(before, after string, cents uint16) bool {
		price := eur(int64(cents) + 100_000) // above all of the shelf's
		g := chat.NewGate(shelf(), "")
		out := g.Push(before+" "+price.String()+" ") + g.Push(after) + g.Flush()
		return !strings.Contains(out, price.Decimal())
	}, nil)
	if err != nil {
		t.Error(err)
	}
}

func ExampleGate() {
	g := chat.NewGate([]chat.Evidence{{Citation: chat.Citation{Marker: 1}, Text: "Shipping costs €4.90."}}, "What is shipping?")
	fmt.Print(g.Push("Shipping costs €4.90 [1]. Over €20 it is free. "))
	fmt.Println(g.Flush())
	// Output: Shipping costs €4.90 [1].
}
