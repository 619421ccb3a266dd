package extractive_test

import (
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/adapters/extractive"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// parts are what awkward titles, texts and questions are made of: amounts in
// many spellings, stock words that need not be true, codes, links, markers of
// our own kind, Markdown, other scripts and broken UTF-8.
var parts = []string{
	"jacket", "Storm", "waterproof", "Größe M", "shipping", "returns", "€4.90", "4,90 €", "EUR 1.299,00", "$20", "12.50", "25% off", "50 %",
	"in stock", "out of stock", "auf Lager", "ausverkauft", "sold out", "AB-12", "ZX_9-K", "https://shop.example.com/a/", "www.example.net",
	"[1]", "[2]", "[99]", "[1", "**", "_", "|", "\n", "\n\n", "# ", "- ", "> ", "1. ", "e.g. ", ". ", "! ", "? ", "… ", "。", "価格", "مرحبا", "🧥",
	"\xff", "\u200b", "<script>", "`code`", "![i](https://shop.example.com/i.png)", "under 30", "between 20 and 40 €", "1 299,00 kr", "3,000", "’", "\"", ")", "No. 5",
}

func text(r *rand.Rand, n int) string {
	var b strings.Builder
	for range r.IntN(n + 1) {
		b.WriteString(parts[r.IntN(len(parts))])
		if r.IntN(3) > 0 {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func randomPrompt(r *rand.Rand) chat.Prompt {
	money := func() catalog.Money {
		if r.IntN(5) == 0 {
			return catalog.Money{}
		}
		return catalog.Money{Minor: r.Int64N(500_000), Currency: []string{"EUR", "USD", "SEK", "JPY"}[r.IntN(4)], Exponent: uint8(r.IntN(3))}
	}
	var ps []retrieval.Passage
	for range r.IntN(7) {
		p := retrieval.Passage{
			Ref:  retrieval.PassageRef{Document: retrieval.DocumentID("page:" + strconv.Itoa(r.IntN(5)))},
			Kind: catalog.KindPage, Title: text(r, 4), Text: text(r, 40),
		}
		if r.IntN(2) == 0 {
			p.Kind = catalog.KindProduct
			regular := money()
			for range 1 + r.IntN(3) {
				o := catalog.Offer{SKU: text(r, 1), Regular: regular, Stock: catalog.StockStatus(r.IntN(4))}
				if r.IntN(2) == 0 {
					o.Sale = regular
					o.Sale.Minor /= 2
				}
				p.Facts.Offers = append(p.Facts.Offers, o)
			}
		}
		ps = append(ps, p)
	}
	ev := chat.EvidenceOf(ps, now())
	if r.IntN(4) == 0 { // a prompt's maker may leave facts out of the text that a card has
		for i := range ev {
			ev[i].Text = text(r, 20)
		}
	}
	return chat.Prompt{
		Question: text(r, 8), Evidence: ev, MaxTokens: 1 + r.Int64N(800),
		Locale: []string{"", "en", "de-DE", "fr", "es", "it", "nl", "xx"}[r.IntN(8)],
	}
}

var cites = regexp.MustCompile(`\[(\d{1,3})\]`)

// Whatever the evidence, all that is said passes the gate unchanged, points at
// evidence that there is, and keeps the cap.
func TestEverythingSaidPassesTheGate(t *testing.T) {
	r := rand.New(rand.NewPCG(20261123, 7))
	quoted := 0
	for range 250 {
		p := randomPrompt(r)
		c, err := extractive.New().Complete(t.Context(), p, func(piece string) error {
			if piece == "" {
				t.Fatal("an empty piece")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(c.Text)) > p.MaxTokens {
			t.Fatalf("%d bytes at MaxTokens %d", len(c.Text), p.MaxTokens)
		}
		passes(t, p, c.Text)
		for _, m := range cites.FindAllStringSubmatch(c.Text, -1) {
			quoted++
			if n, _ := strconv.Atoi(m[1]); n < 1 || n > len(p.Evidence) {
				t.Fatalf("cites [%d] of %d: %q", n, len(p.Evidence), c.Text)
			}
		}
	}
	if quoted < 90 {
		t.Errorf("only %d citations in 250 answers: the prompts do not try much", quoted)
	}
}

func FuzzComplete(f *testing.F) {
	f.Add("Is it in stock?", "Storm Jacket", "It costs €97.42. In stock.", int64(600))
	f.Add("under 30", "A [1]", "| a | b |\n| - | - |\n| 1 | €2 |", int64(9))
	f.Fuzz(func(t *testing.T, question, title, body string, limit int64) {
		ev := chat.EvidenceOf([]retrieval.Passage{
			{Title: title, Text: body, Kind: catalog.KindPage},
			product("1", title, "AB-1", 12990, 9742, catalog.InStock, body),
		}, now())
		p := chat.Prompt{Question: question, Evidence: ev, MaxTokens: max(1, limit)}
		c, err := extractive.New().Complete(t.Context(), p, nil)
		if err != nil {
			t.Fatal(err)
		}
		passes(t, p, c.Text)
	})
}
