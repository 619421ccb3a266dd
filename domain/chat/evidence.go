package chat

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// EvidenceOf numbers passages from 1 and writes each out as a model sees it:
// the passage's text, preceded by what is known as facts at the time now.
func EvidenceOf(ps []retrieval.Passage, now time.Time) []Evidence {
	ev := make([]Evidence, 0, len(ps))
	for i, p := range ps {
		e := Evidence{
			Citation: Citation{Marker: i + 1, Passage: p.Ref, Title: p.Title, URL: p.URL},
			Text:     p.Text,
		}
		if p.Kind == catalog.KindProduct {
			card := CardOf(p, now)
			e.Card = &card
			e.Text = FactLines(p.Facts, now) + p.Text
		}
		ev = append(ev, e)
	}
	return ev
}

// CardOf returns the card of a product's passage at the time now.
func CardOf(p retrieval.Passage, now time.Time) Card {
	c := Card{
		Document: p.Ref.Document, Title: p.Title, URL: p.URL, ImageURL: p.Facts.ImageURL,
		Price: p.Facts.PriceRange(now), Stock: p.Facts.Stock(), Attributes: p.Facts.Attributes, AsOf: p.Facts.AsOf,
	}
	if len(p.Facts.SKUs) > 0 {
		c.SKU = p.Facts.SKUs[0]
	}
	return c
}

// maxOffers is how many variations are written out; the rest is summed up by
// the range.
const maxOffers = 24

// FactLines writes price, sale and stock of a product at the time now, its rating
// and its age as lines of text, which is all that an answer may state of them. What
// it weighs stands in its text, as the shop writes it.
func FactLines(f catalog.Facts, now time.Time) string {
	var b strings.Builder
	r := f.PriceRange(now)
	if r.Min.IsSet() {
		fmt.Fprintf(&b, "Price: %s", PriceText(r.Min, r.Max))
		switch before := RegularText(r); {
		case before != "":
			fmt.Fprintf(&b, " (on sale, regular price %s)", before)
		case r.OnSale:
			b.WriteString(" (some variations on sale)")
		}
		b.WriteString(".\n")
	}
	if text := StockText(f.Stock()); text != "" {
		fmt.Fprintf(&b, "Stock: %s.\n", text)
	}
	if f.Rating.IsSet() {
		fmt.Fprintf(&b, "Rating: %s.\n", f.Rating)
	}
	if !f.Published.IsZero() {
		fmt.Fprintf(&b, "In the shop since: %s.\n", f.Published.UTC().Format(time.DateOnly))
	}
	if len(f.Offers) > 1 {
		for _, o := range f.Offers[:min(len(f.Offers), maxOffers)] {
			var parts []string
			for _, a := range o.Attributes {
				parts = append(parts, a.Name+" "+strings.Join(a.Values, ", "))
			}
			if p := o.Price(now); p.IsSet() {
				parts = append(parts, p.String())
			}
			if text := StockText(o.Stock); text != "" {
				parts = append(parts, text)
			}
			if o.SKU != "" {
				parts = append(parts, "SKU "+o.SKU)
			}
			b.WriteString("- " + strings.Join(parts, ", ") + "\n")
		}
	} else if len(f.SKUs) > 0 {
		fmt.Fprintf(&b, "SKU: %s.\n", f.SKUs[0])
	}
	if len(f.GTINs) == 1 {
		fmt.Fprintf(&b, "GTIN: %s.\n", f.GTINs[0])
	}
	return b.String()
}

// PriceText returns one price, or a range from lo to hi.
func PriceText(lo, hi catalog.Money) string {
	if lo.Cmp(hi) == 0 {
		return lo.String()
	}
	return lo.String() + " – " + hi.String()
}

// RegularText returns the range before a sale, "" if there is no sale or it
// has left one of the ends of the range as it was: then some variations are not
// on sale, and "€24.90 – €35.00, regular price €35.00" would hide which.
func RegularText(r catalog.PriceRange) string {
	if !r.OnSale || r.Min.Cmp(r.RegularMin) == 0 || r.Max.Cmp(r.RegularMax) == 0 {
		return ""
	}
	return PriceText(r.RegularMin, r.RegularMax)
}

// StockText returns s in words, "" if it is not known.
func StockText(s catalog.StockStatus) string {
	switch s {
	case catalog.InStock:
		return "in stock"
	case catalog.OutOfStock:
		return "out of stock"
	case catalog.OnBackorder:
		return "available on backorder"
	}
	return ""
}

// Shown returns what goes with an answer: the citations of the markers that it
// holds, in the order of their numbers, and cards of products that
// it cites or names, in the order of the evidence, as many as most at most.
func Shown(answer string, cited []int, ev []Evidence, most int) ([]Citation, []Card) {
	var sources []Citation
	var cards []Card
	seen := map[retrieval.DocumentID]bool{}
	names := named(strings.ToLower(plain(answer)), ev)
	for i, e := range ev {
		marked := slices.Contains(cited, e.Marker)
		if marked {
			sources = append(sources, e.Citation)
		}
		if e.Card == nil || seen[e.Passage.Document] || len(cards) >= most {
			continue
		}
		if marked || names[i] {
			seen[e.Passage.Document] = true
			cards = append(cards, *e.Card)
		}
	}
	return sources, cards
}
