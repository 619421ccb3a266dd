package chat_test

import (
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// A rating, a weight and a date are no prices, and no price is one of them.
func TestGateKnowsRatingsFromPrices(t *testing.T) {
	ev := chat.EvidenceOf([]retrieval.Passage{{
		Ref: retrieval.PassageRef{Document: "product:1"}, Kind: catalog.KindProduct, Title: "Storm Jacket", Text: "Weight: 0.42 kg",
		Facts: catalog.Facts{
			Offers: []catalog.Offer{{Regular: eur(12990), Stock: catalog.InStock}}, Rating: catalog.NewRating("4.60", 87),
			Weight: catalog.ParseWeight("0.42 kg"), Published: time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC),
		},
	}}, shelfTime())
	for answer, holds := range map[string]bool{
		"The Storm Jacket is rated 4.6 of 5 stars by 87 shoppers [1].": true,
		"It weighs 0.42 kg [1].":                                                  true,
		"It weighs 420 g, which is the lightest we have [1].":                     true,
		"It has been in the shop since 2026-05-04 [1].":                           true,
		"The Storm Jacket costs €129.90 and is rated 4.60 of 5 (87 ratings) [1].": true,
		"It costs €4.60 [1].":                                                     false,
		"It costs 87 euros [1].":                                                  false,
		"Its price is €0.42 [1].":                                                 false,
		"It costs €2,026 [1].":                                                    false,
	} {
		g := chat.NewGate(ev, "")
		got := g.Push(answer) + g.Flush()
		if (g.Withheld() == 0) != holds {
			t.Errorf("%q: said %q", answer, got)
		}
	}
}
