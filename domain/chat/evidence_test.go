package chat_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

func TestEvidenceOf(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	ev := chat.EvidenceOf([]retrieval.Passage{
		{Ref: retrieval.PassageRef{Document: "page:1", Seq: 2}, Kind: catalog.KindPage, Title: "Shipping", URL: "u1", Text: "Free.", Facts: catalog.Facts{Offers: []catalog.Offer{{Regular: eur(1)}}}},
		{Ref: retrieval.PassageRef{Document: "product:1"}, Kind: catalog.KindProduct, Title: "Mug", URL: "u2", Text: "Enamel.", Facts: catalog.Facts{
			SKUs: []string{"M-1", "M-2"}, ImageURL: "i", AsOf: now, Attributes: []catalog.Attribute{{Name: "Colour", Values: []string{"Red"}}},
			Offers: []catalog.Offer{{SKU: "M-1", Regular: eur(1490), Stock: catalog.OnBackorder}},
		}},
	}, now)
	if len(ev) != 2 || ev[0].Marker != 1 || ev[1].Marker != 2 || ev[0].Card != nil || ev[0].Text != "Free." || ev[0].Passage.Seq != 2 || ev[0].URL != "u1" {
		t.Fatalf("got %+v", ev)
	}
	if ev[1].Text != "Price: €14.90.\nStock: available on backorder.\nSKU: M-1.\nEnamel." {
		t.Errorf("got %q", ev[1].Text)
	}
	c := ev[1].Card
	want := chat.Card{
		Document: "product:1", Title: "Mug", URL: "u2", ImageURL: "i", SKU: "M-1", Price: catalog.PriceRange{Min: eur(1490), Max: eur(1490)},
		Stock: catalog.OnBackorder, Attributes: []catalog.Attribute{{Name: "Colour", Values: []string{"Red"}}}, AsOf: now,
	}
	if c == nil || fmt.Sprintf("%+v", *c) != fmt.Sprintf("%+v", want) {
		t.Errorf("card %+v, want %+v", c, want)
	}
	if got := chat.EvidenceOf(nil, now); len(got) != 0 {
		t.Errorf("of nothing: %+v", got)
	}
}

func TestFactLines(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	colour := func(v string) []catalog.Attribute {
		return []catalog.Attribute{{Name: "Colour", Values: []string{v}}}
	}
	var many []catalog.Offer
	for i := range 30 {
		many = append(many, catalog.Offer{SKU: fmt.Sprintf("X-%02d", i), Regular: eur(int64(100 + i)), Stock: catalog.InStock})
	}
	sale := catalog.Offer{SKU: "S-1", Regular: eur(2000), Sale: eur(1500), SaleFrom: now.Add(-time.Hour), SaleTo: now.Add(time.Hour), Stock: catalog.InStock}
	for name, c := range map[string]struct {
		facts catalog.Facts
		at    time.Time
		want  string
	}{
		"nothing known":    {catalog.Facts{}, now, ""},
		"no price":         {catalog.Facts{SKUs: []string{"A"}}, now, "SKU: A.\n"},
		"free":             {catalog.Facts{Offers: []catalog.Offer{{Regular: eur(0)}}}, now, "Price: €0.00.\n"},
		"on sale":          {catalog.Facts{SKUs: []string{"S-1"}, Offers: []catalog.Offer{sale}}, now, "Price: €15.00 (on sale, regular price €20.00).\nStock: in stock.\nSKU: S-1.\n"},
		"the sale is over": {catalog.Facts{Offers: []catalog.Offer{sale}}, now.Add(time.Hour), "Price: €20.00.\nStock: in stock.\n"},
		"variations": {catalog.Facts{Offers: []catalog.Offer{
			{SKU: "V-R", Regular: eur(1000), Attributes: colour("Red"), Stock: catalog.OutOfStock},
			{SKU: "V-B", Regular: eur(1200), Attributes: colour("Blue"), Stock: catalog.InStock},
		}}, now, "Price: €10.00 – €12.00.\nStock: in stock.\n- Colour Red, €10.00, out of stock, SKU V-R\n- Colour Blue, €12.00, in stock, SKU V-B\n"},
	} {
		if got := chat.FactLines(c.facts, c.at); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	lines := chat.FactLines(catalog.Facts{Offers: many}, now)
	if n := strings.Count(lines, "\n- "); n != 24 || strings.Contains(lines, "X-24") || !strings.Contains(lines, "€1.00 – €1.29") {
		t.Errorf("%d of 30 variations are written out: %s", n, lines)
	}
}

// Whatever the facts say in lines, the gate lets an answer repeat.
func TestTheGateKnowsTheFactLines(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for line := range strings.SplitSeq(strings.TrimSpace(chat.FactLines(catalog.Facts{Offers: []catalog.Offer{
		{SKU: "V-R1", Regular: eur(1000), Sale: eur(800), Stock: catalog.InStock}, {SKU: "V-B2", Regular: eur(120000), Stock: catalog.InStock},
	}}, now)), "\n") {
		g := chat.NewGate(chat.EvidenceOf([]retrieval.Passage{{
			Ref: retrieval.PassageRef{Document: "product:1"}, Kind: catalog.KindProduct, Title: "Thing", Facts: catalog.Facts{Offers: []catalog.Offer{
				{SKU: "V-R1", Regular: eur(1000), Sale: eur(800), Stock: catalog.InStock}, {SKU: "V-B2", Regular: eur(120000), Stock: catalog.InStock},
			}},
		}}, now), "")
		if got := g.Push(line) + g.Flush(); got != line {
			t.Errorf("%q came out as %q", line, got)
		}
	}
}

func TestShown(t *testing.T) {
	ev := shelf()
	twice := append(ev[:3:3], ev[0])
	twice[3].Marker = 4
	for name, c := range map[string]struct {
		answer  string
		cited   []int
		ev      []chat.Evidence
		max     int
		sources string
		cards   string
	}{
		"cited":              {"It is [1].", []int{1}, ev, 4, "1", "product:1"},
		"named":              {"Take the STORM jacket.", nil, ev, 4, "", "product:1"},
		"a page has no card": {"See [3].", []int{3}, ev, 4, "3", ""},
		"nothing":            {"Hello.", nil, ev, 4, "", ""},
		"in their order":     {"[2] and [1].", []int{1, 2}, ev, 4, "1 2", "product:1 product:2"},
		"at most max":        {"[2] and [1].", []int{1, 2}, ev, 1, "1 2", "product:1"},
		"one card a product": {"[1] and [4].", []int{1, 4}, twice, 4, "1 4", "product:1"},
		"no evidence":        {"[1]", []int{1}, nil, 4, "", ""},
	} {
		sources, cards := chat.Shown(c.answer, c.cited, c.ev, c.max)
		var s, k []string
		for _, x := range sources {
			s = append(s, fmt.Sprint(x.Marker))
		}
		for _, x := range cards {
			k = append(k, string(x.Document))
		}
		if strings.Join(s, " ") != c.sources || strings.Join(k, " ") != c.cards {
			t.Errorf("%s: got sources %v and cards %v", name, s, k)
		}
	}
}
