package chat_test

import (
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// wall is more evidence: what a gate is asked about in several languages.
func wall() []chat.Evidence {
	ev := append(shelf(), chat.EvidenceOf([]retrieval.Passage{
		{
			Ref: retrieval.PassageRef{Document: "product:4"}, Kind: catalog.KindProduct, Title: "Mug", URL: "https://shop.example.com/product/mug/",
			Text: "Holds 12.50 dl. 100% cotton handle cover. BPA-free. In 2 sizes.",
			Facts: catalog.Facts{
				SKUs:       []string{"FJ-MUG-09", "4711"},
				Attributes: []catalog.Attribute{{Name: "Colour", Values: []string{"Blue", "Red"}}},
				Offers: []catalog.Offer{
					{SKU: "FJ-MUG-09", Regular: eur(700), Stock: catalog.InStock, Attributes: []catalog.Attribute{{Name: "Colour", Values: []string{"Blue"}}}},
					{SKU: "4711", Regular: eur(700), Stock: catalog.OutOfStock, Attributes: []catalog.Attribute{{Name: "Colour", Values: []string{"Red"}}}},
				},
			},
		},
		{
			Ref: retrieval.PassageRef{Document: "page:5"}, Kind: catalog.KindPage, Title: "Help", URL: "https://shop.example.com/help/",
			Text: "Feel free to write to help@shop.example.com. We have 14 days for returns. Items in stock ship within 24 hours. A wholesale tent costs €1.299,00. See also www.example.org/guide. In the app, the badge means 10% off.",
		},
	}, shelfTime())...)
	for i := range ev {
		ev[i].Marker = i + 1
	}
	return ev
}

// TestGateWithholdsWhatHasNoSource has one false claim in each spelling that a
// model, or a text that has got hold of it, could give it.
func TestGateWithholdsWhatHasNoSource(t *testing.T) {
	for _, c := range []struct{ name, question, answer string }{
		// Amounts in other spellings.
		{"words for money", "", "It costs 89 bucks."},
		{"words for money, British", "", "It costs 89 quid."},
		{"rupees", "", "It costs Rs. 500."},
		{"rupees, sign", "", "It costs ₹500."},
		{"roubles", "", "It costs 500 ₽."},
		{"roubles in words", "", "Стоит 500 руб."},
		{"euro in Cyrillic", "", "Это стоит 89 евро."},
		{"won", "", "It costs 500원."},
		{"yen in kanji", "", "89円です。"},
		{"zloty at the end", "", "Kosztuje 89 zł."},
		{"koruna", "", "Stojí 89 Kč."},
		{"francs", "", "Das kostet 89 Franken."},
		{"francs, abbreviated", "", "Das kostet Fr. 89."},
		{"lira", "", "It costs ₺89."},
		{"real", "", "It costs R$ 89."},
		{"code behind", "", "It costs 89 NZD."},
		{"dash for no cents", "", "Das kostet 89,- €."},
		{"dash for no cents and no currency", "", "Das kostet nur 89,-."},
		{"hyphen", "", "That is the 89-euro jacket."},
		{"brackets", "", "It costs 89 (EUR)."},
		{"thousands by a space", "", "It costs €60 000."},
		{"thousands by a thin space", "", "It costs 60\u202f000 €."},
		{"thousands by a point", "", "It costs €60.000."},
		{"thousands by k", "", "It costs €60k."},
		{"thousands in words", "", "It costs 60 thousand euros."},
		{"no-break space", "", "It costs 89\u00a0€."},
		{"full-width digits", "", "It costs ８９ €."},
		{"full-width all", "", "It costs ￥８９."},
		{"Arabic digits", "", "It costs ٨٩ €."},
		{"superscript cents", "", "It costs €60⁵⁰."},
		{"zero-width space", "", "It costs €60\u200b5."},
		{"bold", "", "It costs €**89**."},
		{"bold, currency behind", "", "It costs **89** €."},
		{"code", "", "It costs `89` EUR."},
		{"escaped", "", `It costs \€89.`},
		{"HTML", "", "It costs €<b>89</b>."},
		{"entity", "", "It costs &euro;89."},
		{"entity by number", "", "It costs &#8364;89."},
		{"entity of a space", "", "It costs 89&nbsp;€."},
		{"entity of digits", "", "It costs €&#56;&#57;."},
		{"over a line", "", "It costs €\n89"},
		{"over a line, currency behind", "", "It costs 89\nEUR"},
		{"a fence", "", "```\n€89\n```"},
		{"a table", "", "| Price (EUR) |\n|---|\n| 89 |\n"},
		{"a line of its own", "", "Its price:\n89"},
		{"no currency at all", "", "It costs 89."},
		{"no currency, is", "", "The price is only 89."},
		{"no currency, colon", "", "Price: 89"},
		{"no currency in German", "", "Das kostet nur 89."},
		{"words", "", "It costs eighty-nine euros."},
		{"words in German", "", "Das kostet neunundachtzig Euro."},
		{"words in French", "", "Cela coûte vingt euros."},
		{"a range by a dash", "", "They cost €60–89."},
		{"a range by a dash, currency behind", "", "They cost 59–60 €."},
		{"a range by a word", "", "They cost €60 to 89."},
		{"cents", "", "It costs 89 cents."},
		{"cents, sign", "", "It costs 89¢."},
		{"the other currency", "", "The Storm Jacket costs $97.42 [1]."},
		{"the other currency in words", "", "The Storm Jacket costs 97.42 pounds [1]."},
		{"a measure as a price", "", "It costs €12.50."},
		{"another product's price", "", "The Camp Mug costs €97.42 [2]."},
		{"another product's price, cited only", "", "It costs €97.42 [2]."},
		{"another product's price, named only", "", "The Camp Mug costs €97.42."},
		{"half a price", "", "It costs €97."},

		// Discounts.
		{"percent in words", "", "Today 50 percent off!"},
		{"per cent", "", "Today 50 per cent off!"},
		{"Prozent", "", "Heute 50 Prozent Rabatt!"},
		{"pour cent", "", "Aujourd'hui 50 pour cent de remise !"},
		{"percent all in words", "", "Today fifty percent off!"},
		{"percent after a no-break space", "", "Today 50\u00a0% off!"},
		{"percent, full-width", "", "Today 50％ off!"},
		{"percent with decimals", "", "That is 25.9% off [1]."},
		{"percent of a longer number", "", "That is 125% off [1]."},
		{"a percentage put into its mouth", "Is the jacket 90% off?", "Yes, the jacket is 90% off."},
		{"another source's percentage", "", "The Camp Mug has 10% off [2]."},
		{"half price", "", "Everything is half price today."},
		{"half off", "", "Everything is half off."},
		{"half price in German", "", "Alles zum halben Preis!"},
		{"two for one", "", "Mugs are 2 for 1 today."},
		{"buy one get one", "", "Buy one, get one free."},
		{"a third off", "", "Everything is a third off."},
		{"a code", "", "Use the code SAVE20 at checkout."},
		{"on sale", "", "The Camp Mug is on sale [2]."},

		// What is free.
		{"free returns", "", "Returns are free [5]."},
		{"free returns, the other way", "", "We offer free returns."},
		{"a free gift", "", "You get a free gift with it."},
		{"for free", "", "You get a second one for free [2]."},
		{"kostenlos", "", "Die Rückgabe ist kostenlos [5]."},
		{"gratuit", "", "Les retours sont gratuits [5]."},
		{"complimentary", "", "Gift wrapping is complimentary [5]."},

		// Links.
		{"the beginning of a host", "", "See https://shop.example.co for more."},
		{"the beginning of a path", "", "See https://shop.example.com/product/storm for more."},
		{"a host in front of a path", "", "See https://shop.example.com.evil.example.net/ for more."},
		{"a user in front of a host", "", "See https://shop.example.com@evil.example.net/ for more."},
		{"no scheme", "", "See evil-shop.com/now for more."},
		{"no scheme in Markdown", "", "See [our shop](//evil.example.net/now)."},
		{"script in Markdown", "", "See [our shop](javascript:alert(1))."},
		{"entity in a link", "", "See https&#58;//evil.example.net/now."},
		{"in a tag", "", `See <a href="https://evil.example.net/now">this</a>.`},
		{"in angle brackets", "", "See <https://evil.example.net/now>."},
		{"an image", "", "![a](https://evil.example.net/p.png)"},
		{"an address of mail", "", "Write to refunds@evil.example.net."},
		{"a link put into its mouth", "Is https://evil.example.net/now your shop?", "Yes, pay at https://evil.example.net/now."},

		// Codes.
		{"the beginning of a SKU", "", "Its SKU is FJ-JKT-0."},
		{"a SKU without a hyphen", "", "Its SKU is 4712."},
		{"an article number", "", "Artikelnummer: AB1234"},

		// Stock.
		{"in stock of nothing named", "", "The Camp Mug? Yes, it is in stock [2]."},
		{"ready to ship", "", "The Camp Mug is ready to ship [2]."},
		{"en stock", "", "Camp Mug est en stock [2]."},
		{"isn't in stock", "", "The Storm Jacket isn't in stock [1]."},
		{"no longer in stock", "", "The Storm Jacket is no longer in stock [1]."},
		{"en rupture", "", "Storm Jacket est en rupture de stock [1]."},
		{"the variation that is out", "", "The Mug in red is in stock [4]."},
		{"the variation that is in", "", "The Mug in blue is sold out [4]."},
		{"only some left", "", "Only 3 left, so be quick!"},
		{"pieces in stock", "", "We have 12 pieces in stock."},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := chat.NewGate(wall(), c.question)
			if got := g.Push(c.answer) + g.Flush(); g.Withheld() == 0 {
				t.Errorf("said %q", got)
			}
			// Token by token, nothing more gets out than at once.
			whole := chat.NewGate(wall(), c.question)
			want := whole.Push(c.answer) + whole.Flush()
			g = chat.NewGate(wall(), c.question)
			var got strings.Builder
			for _, r := range c.answer {
				got.WriteString(g.Push(string(r)))
			}
			got.WriteString(g.Flush())
			if got.String() != want {
				t.Errorf("rune by rune: %q, at once: %q", got.String(), want)
			}
		})
	}
}

// TestGatePassesHonestSentences has what a good answer says, which must not be
// lost to the caution above.
func TestGatePassesHonestSentences(t *testing.T) {
	for _, c := range []struct{ name, question, answer string }{
		{"a price", "", "The Storm Jacket costs **€97.42** instead of €129.90 [1]."},
		{"a price in the shopper's spelling", "", "Das kostet 97,42 Euro [1]."},
		{"a price with a no-break space", "", "Cela coûte 97,42\u00a0€ [1]."},
		{"thousands", "", "A wholesale tent costs €1,299 [5]."},
		{"thousands by a space", "", "A wholesale tent costs 1 299 € [5]."},
		{"two products", "", "The Storm Jacket is €97.42 and the Camp Mug is €14.90 [1][2]."},
		{"two products, one cited", "", "The Storm Jacket is €97.42, and the Camp Mug €14.90 [1]."},
		{"a product and shipping", "", "The Storm Jacket costs €97.42 [1], with free shipping from €60 [3]."},
		{"no marker", "", "It costs €97.42."},
		{"a table", "", "| Product | Price |\n|---|---|\n| Storm Jacket | €97.42 |\n| Camp Mug | €14.90 |\n"},
		{"a list by numbers", "", "1. Storm Jacket, €97.42 [1]\n2. Camp Mug, €14.90 [2]\n"},
		{"a discount", "", "That is 25 percent off [1]."},
		{"on sale", "", "The Storm Jacket is on sale [1]."},
		{"not on sale", "", "The Camp Mug is not on sale [2]."},
		{"nothing so cheap", "anything at 50% off?", "Nothing is 50% off at the moment."},
		{"a share", "", "Its cover is 100% cotton [4]."},
		{"measures", "", "It holds 350 ml, weighs 420 g and is waterproof to 10,000 mm."},
		{"days", "", "Delivery takes 2-4 working days [3]."},
		{"returns", "", "You have 14 days for returns [5]."},
		{"free shipping", "", "Shipping is free from €60 [3]."},
		{"kostenlos", "", "Der Versand ist ab 60 € kostenlos [3]."},
		{"feel free", "", "Feel free to ask me anything else!"},
		{"BPA-free", "", "It is BPA-free [4]."},
		{"free of", "", "It is free of harmful substances."},
		{"not free", "", "Returns are not free."},
		{"half", "", "About half of them are blue."},
		{"a link", "", "See https://shop.example.com/shipping [3]."},
		{"a link in Markdown", "", "See [Shipping](https://shop.example.com/shipping/)."},
		{"the shop itself", "", "You find it at https://shop.example.com."},
		{"a link from a text", "", "See www.example.org/guide [5]."},
		{"mail", "", "Write to help@shop.example.com [5]."},
		{"abbreviations with points", "", "It suits e.g. hikers, i.e. people outdoors, in sizes S.M.L. and so on."},
		{"a SKU of the shop", "", "Its SKU is 4711 [4]."},
		{"a SKU asked for", "Do you have FJ-XXX-77?", "I could not find FJ-XXX-77."},
		{"in stock", "", "The Storm Jacket is in stock [1]."},
		{"out of stock", "", "The Camp Mug is currently out of stock [2]."},
		{"the longer name", "", "The Camp Mug is not in stock [2]."},
		{"the longer name, not cited", "", "The Camp Mug is sold out."},
		{"the variation that is in", "", "The Mug in blue is in stock [4]."},
		{"the variation that is out", "", "The Mug in red is sold out [4]."},
		{"a rule about stock", "", "Items in stock ship within 24 hours [5]."},
		{"once it is back", "", "I cannot say when the Camp Mug will be available again, please ask if it is in stock [2]."},
		{"not available in", "", "The Storm Jacket is not available in green [1]."},
		{"not known", "", "That information is not available."},
		{"a bound", "under 20 euros?", "Under €20 I found the Camp Mug for €14.90 [2]."},
		{"a bound without a currency", "jackets below 50", "There is no jacket below 50."},
		{"numbers of things", "", "It comes in 2 sizes and with 3 pockets."},
		{"a year", "", "It was made in 2024."},
		{"a percent sign in the evidence", "", "In the app, the badge means 10% off [5]."},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := chat.NewGate(wall(), c.question)
			if got := g.Push(c.answer) + g.Flush(); got != c.answer {
				t.Errorf("of %q was said %q", c.answer, got)
			}
		})
	}
}

// However a text is cut into pieces, the same of it is said: where a sentence
// ends is not decided before it is known.
func TestPiecesMakeNoDifference(t *testing.T) {
	parts := []string{
		"€", "89", "97.42", " ", " ", "\n", "\n", ". ", ".", "! ", "Rs. ", "kr", " EUR", "euros", "[1]", " [2]", "[", "**", "_", ")", "(", "- ", ":", "1. ", "It costs", "Fr. ", "円", "&euro;", "-", "8", "。",
	}
	r := rand.New(rand.NewSource(20261123))
	for range 400 {
		var b strings.Builder
		for range 1 + r.Intn(12) {
			b.WriteString(parts[r.Intn(len(parts))])
		}
		whole := chat.NewGate(shelf(), "")
		want := whole.Push(b.String()) + whole.Flush()
		g := chat.NewGate(shelf(), "")
		var got strings.Builder
		for _, c := range b.String() {
			got.WriteString(g.Push(string(c)))
		}
		got.WriteString(g.Flush())
		if got.String() != want {
			t.Fatalf("of %q was said %q rune by rune, %q at once", b.String(), got.String(), want)
		}
	}
}

// What a page's address is may be said if its shop has named it.
func TestGateAllowsAnAddress(t *testing.T) {
	const answer = "Please ask at https://shop.example.com/contact."
	g := chat.NewGate(wall(), "")
	if got := g.Push(answer) + g.Flush(); got != "" {
		t.Errorf("said %q", got)
	}
	g = chat.NewGate(wall(), "")
	g.AllowLink("https://shop.example.com/contact/")
	g.AllowLink("")
	if got := g.Push(answer) + g.Flush(); got != answer {
		t.Errorf("said %q, want it all", got)
	}
}

// A card is shown for a product that is named, not for one whose name is a part
// of a word or of a longer name.
func TestShownMatchesWholeNames(t *testing.T) {
	ev := wall()
	_, cards := chat.Shown("The Camp Mug is smugly enamelled.", nil, ev, 4)
	if len(cards) != 1 || cards[0].Title != "Camp Mug" {
		t.Errorf("got %+v, want the Camp Mug", cards)
	}
}

// Nobody can keep the gate busy: what an answer or a question costs is about in
// proportion to its length. (In the square of it, one of these took 30 s at 4,000
// bytes.) Times are only compared with each other, and a text fails when it was
// out of proportion each time, so that a machine with other work changes nothing.
func TestGateIsNotKeptBusy(t *testing.T) {
	for _, odd := range []string{"1 ", "€1 to ", "a.com ", "1€\n", "free ", "[1", "not "} {
		took := func(size int) time.Duration {
			text := strings.Repeat(odd, size/len(odd))
			began := time.Now()
			g := chat.NewGate(wall(), text)
			for _, r := range text {
				_ = g.Push(string(r))
			}
			_ = g.Flush()
			return time.Since(began)
		}
		var times []float64
		for len(times) < 9 {
			few := took(300)
			times = append(times, float64(took(1500))/float64(few))
			if times[len(times)-1] < 12 { // in proportion 5, in the square 25
				break
			}
		}
		if slices.Min(times) >= 12 {
			t.Errorf("%q: five times the text takes %.1f times as long", odd, times)
		}
	}
}
