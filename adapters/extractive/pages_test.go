package extractive_test

import (
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/adapters/extractive"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// part returns a further part of the page that p is of.
func part(p retrieval.Passage, text string) retrieval.Passage {
	p.Ref.Seq++
	p.Text = text
	return p
}

// Pages are quoted from all of their parts, each with the number of its own.
func TestPages(t *testing.T) {
	shipping := page("shipping", "Shipping", "Parcels leave us at noon.\n\n## Gas\n\nGas is heavy. It goes to Norway by road and takes two days longer.")
	returns := page("returns", "Returns & Exchanges", "You have 30 days. Shoes worn outside stay with you.\n\n## What cannot be returned\n\n- Gift cards\n- Opened filters\n\n## What it costs\n\nA label is free in Norway.")
	about := page("about", "About Us", "We began in a boat shed.\n\n## Contact\n\n|  |  |\n| --- | --- |\n| E-mail | hello@example.com |\n| Telephone | weekdays 9:00 to 17:00 |\n| Shop | By the harbour |")
	sizes := page("sizes", "Size Guide", "| Size | Chest | Waist |\n| --- | --- | --- |\n| M | 94 to 101 cm | 78 to 85 cm |\n| XL | 110 to 117 cm | 94 to 101 cm |")
	faq := page("faq", "Questions", "### Do you deliver to lockers?\n\nYes. Enter its number.\n\n### Can I cancel?\n\nUntil it is packed.")
	german := page("versand", "Versand & Zahlung", "Wir verschicken jeden Tag.\n\n| Land | Kosten | Lieferzeit |\n| --- | --- | --- |\n| Österreich | 9,90 € | 3 bis 5 Werktage |\n| Schweiz | 14,90 € | eine Woche |\n\n## Rücksendung\n\nSie können 30 Tage lang alles zurückgeben.")
	boots := product("9", "Trail Boots", "TR-BTS", 12900, 0, catalog.InStock, "Soles that ship lighter. Built to be worn hard.")
	evidence := chat.EvidenceOf([]retrieval.Passage{
		shipping, returns, about, sizes, faq, boots,
		part(shipping, "## Costs and times\n\n| Country | Standard |\n| --- | --- |\n| Norway | 4.90 EUR, 1 to 3 days |\n| Sweden | 6.90 EUR, 2 to 4 days |"),
		german,
	}, now())

	const nothing = "I could not find anything reliable about that on this shop's pages."
	for _, c := range []struct{ name, question, want string }{
		{"in another part of the best page", "What does delivery to Norway cost?", "Country: Norway, Standard: 4.90 EUR, 1 to 3 days [7]."},
		{"a time", "How long does it take to ship to Sweden?", "Country: Sweden, Standard: 6.90 EUR, 2 to 4 days [7]."},
		{"a table whose columns have no names", "How can I reach you?", "E-mail: hello@example.com [3]. Telephone: weekdays 9:00 to 17:00 [3]."},
		{"one row of it", "What is your phone number?", "Telephone: weekdays 9:00 to 17:00 [3]."},
		{"items under the heading that makes them an answer", "Can gift cards be returned?", "What cannot be returned: Gift cards [2]."},
		{"with the sentence that says what it is", "Can I send back shoes that I wore outside?", "Shoes worn outside stay with you [2]."},
		{"the page as a whole", "What is your return policy?", "You have 30 days [2]. Shoes worn outside stay with you [2]. What cannot be returned: Gift cards; Opened filters [2]."},
		{"a range of the column that was named", "Which size is a chest of 96 cm?", "Size: M, Chest: 94 to 101 cm, Waist: 78 to 85 cm [4]."},
		{"the shop's own question", "Do you ship to lockers?", "Yes [5]. Enter its number [5]."},
		{"what they are", "Is gas to Norway slower by road?", "Gas is heavy [1]. It goes to Norway by road and takes two days longer [1]."},
		{"German", "Wie lange dauert die Lieferung nach Österreich?", "Land: Österreich, Kosten: 9,90 €, Lieferzeit: 3 bis 5 Werktage [8]."},
		{"German words for the same", "Wie lange kann ich etwas zurückschicken?", "Sie können 30 Tage lang alles zurückgeben [8]."},
		{"a name that no page has", "Do you have Gore-Tex boots?", nothing},
		{"less than two words of five", "Which famous painter bought worn shoes in Paris?", nothing},
		{"a number", "What is 2 + 2?", nothing},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := chat.Prompt{Question: c.question, Evidence: evidence, MaxTokens: 2000, Locale: "en"}
			a, err := extractive.New().Complete(t.Context(), p, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimPrefix(a.Text, "From the shop's pages:\n\n"); got != c.want {
				t.Errorf("%s\ngot:  %s\nwant: %s", c.question, got, c.want)
			}
			passes(t, p, a.Text)
		})
	}
}
