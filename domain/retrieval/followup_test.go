package retrieval_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// outfitter is a shop in which a conversation can go on: jackets, shoes, tents.
func outfitter() retrieval.Vocabulary {
	var v retrieval.Vocabulary
	attr := func(name string, values ...string) catalog.Attribute {
		return catalog.Attribute{Name: name, Values: values}
	}
	jacket := catalog.Facts{
		SKUs: []string{"JK-100"}, Brands: []string{"Mountain Peak"}, Categories: []string{"Clothing > Jackets"}, Offers: []catalog.Offer{{Regular: eur(12900)}},
		Attributes: []catalog.Attribute{attr("Colour", "Blue", "Red", "Green"), attr("Size", "S", "M", "L"), attr("Material", "Wool", "Leather")},
	}
	v.Add("Storm Jacket", jacket)
	v.Add("Alpine Trek Jacket", jacket)
	v.Add("Trail Runner", catalog.Facts{
		SKUs: []string{"E4304"}, Brands: []string{"Fjord"}, Categories: []string{"Shoes"}, Offers: []catalog.Offer{{Regular: eur(7900)}},
		Attributes: []catalog.Attribute{attr("pa_size", "41", "42", "43"), attr("Colour", "Black", "Red")},
	})
	v.Add("Dome Tent", catalog.Facts{Categories: []string{"Tents & Tarps"}, Offers: []catalog.Offer{{Regular: eur(19900)}}})
	v.Add("Sturmjacke", catalog.Facts{Categories: []string{"Jacken"}, Attributes: []catalog.Attribute{attr("Farbe", "Rot", "Blau")}})
	return v
}

// products of earlier answers.
func product(title string, cents int64, colours ...string) retrieval.Shown {
	return retrieval.Shown{
		Document: retrieval.DocumentID("product:" + strings.ToLower(strings.ReplaceAll(title, " ", "-"))), Title: title, Code: "SKU-" + title[:1], Price: eur(cents),
		Attributes: []catalog.Attribute{{Name: "Colour", Values: colours}},
	}
}

func earlier(question string, shown ...retrieval.Shown) retrieval.Earlier {
	return retrieval.Earlier{Question: question, Shown: shown}
}

// taken writes a follow-up in one line.
func taken(f retrieval.FollowUp) string {
	if !f.Depends() {
		return "alone"
	}
	var about []string
	for _, a := range f.About {
		about = append(about, a.Title)
	}
	out := f.Question
	if len(about) > 0 {
		out += " | " + strings.Join(about, ", ")
	}
	if f.Terms {
		out += " | terms"
	}
	var beside []string
	for _, s := range f.Beside {
		beside = append(beside, s.Title)
	}
	if len(beside) > 0 {
		out += " | without " + strings.Join(beside, ", ")
	}
	if len(f.Beyond) > 0 {
		out += fmt.Sprintf(" | beyond %d", len(f.Beyond))
	}
	return out
}

func TestTakeUp(t *testing.T) {
	storm, alpine, runner := product("Storm Jacket", 9900, "Blue", "Red"), product("Alpine Trek Jacket", 12900, "Green"), product("Trail Runner", 7900, "Black")
	one := []retrieval.Earlier{earlier("Is the Storm Jacket waterproof?", storm)}
	list := []retrieval.Earlier{earlier("Do you have blue jackets under 150?", storm, alpine)}
	shoes := []retrieval.Earlier{earlier("leather shoes in size 41", runner)}
	shipping := []retrieval.Earlier{earlier("How much is shipping to Austria?")}
	german := []retrieval.Earlier{earlier("Habt ihr blaue Jacken?", storm, alpine)}
	for _, c := range []struct {
		before   []retrieval.Earlier
		question string
		want     string
	}{
		// Another wish of the same kind.
		{list, "and in red?", "Do you have jackets under 150 in red"},
		{list, "In red?", "Do you have jackets under 150 In red"},
		{list, "what about green", "Do you have jackets under 150 and green"},
		{list, "red ones please", "Do you have jackets under 150 and red ones please"},
		{list, "and in purple?", "Do you have jackets under 150 in purple"},
		{list, "and under 100?", "Do you have blue jackets under 100"},
		{list, "under 100 euros", "Do you have blue jackets under 100 euros"},
		{list, "and without leather?", "Do you have blue jackets under 150 without leather"},
		{list, "and for kids?", "Do you have blue jackets under 150 for kids"},
		{list, "and waterproof?", "Do you have blue jackets under 150 and waterproof"},
		{list, "do you have a bigger one?", "Do you have blue jackets under 150 and a bigger one"},
		{list, "which is the cheapest?", "Do you have blue jackets under 150 and which is the cheapest"},
		{shoes, "what about size 42", "leather shoes and size 42"},
		{shoes, "size 44?", "leather shoes and size 44"},
		{shoes, "and size 42 in black", "leather shoes and size 42 in black"},
		{shipping, "and to Switzerland?", "How much is shipping to Switzerland"},
		{german, "und in rot?", "Habt ihr Jacken in rot"},
		{german, "Wie sieht es mit Rot aus?", "alone"},
		{one, "and in red?", "Storm Jacket in red | Storm Jacket"},
		{one, "do you have it in size M?", "Storm Jacket: do you have it in size M? | Storm Jacket"},

		{one, "and under 50 euros?", "Jacket under 50 euros"},
		{list, "and red, in stock, under 100?", "Do you have jackets and red, in stock, under 100"},
		{list, "size M in green", "Do you have jackets under 150 and size M in green"},

		// Lighter, heavier, newer, better rated than were shown.
		{list, "anything lighter?", "Do you have blue jackets under 150 lightest | beyond 2"},
		{list, "Do you have a lighter one?", "Do you have blue jackets under 150 lightest | beyond 2"},
		{list, "do you have anything less heavy than these?", "Do you have blue jackets under 150 lightest | beyond 2"},
		{list, "something heavier please", "Do you have blue jackets under 150 heaviest | beyond 2"},
		{list, "a newer one?", "Do you have blue jackets under 150 newest | beyond 2"},
		{list, "anything more recent?", "Do you have blue jackets under 150 newest | beyond 2"},
		{list, "anything better rated?", "Do you have blue jackets under 150 best rated | beyond 2"},
		{one, "anything lighter?", "Jacket lightest | beyond 1"},
		{german, "Habt ihr etwas Leichteres?", "Habt ihr blaue Jacken lightest | beyond 2"},
		{german, "gibt es neuere?", "Habt ihr blaue Jacken newest | beyond 2"},
		{list, "quelque chose de plus léger ?", "Do you have blue jackets under 150 lightest | beyond 2"},
		{list, "¿algo más ligero?", "Do you have blue jackets under 150 lightest | beyond 2"},
		{list, "qualcosa di più leggero?", "Do you have blue jackets under 150 lightest | beyond 2"},
		{list, "iets lichters?", "Do you have blue jackets under 150 lightest | beyond 2"},
		{[]retrieval.Earlier{earlier("lightest blue jackets", storm)}, "anything newer?", "blue jackets newest | beyond 1"},
		{shipping, "anything lighter?", "alone"},
		{list, "do you have a lighter?", "alone"},
		{list, "lighter tents", "alone"},
		{list, "something lighter for climbing", "alone"},

		// Others than were shown.
		{list, "anything else?", "Do you have blue jackets under 150? | without Storm Jacket, Alpine Trek Jacket"},
		{list, "Ok, and what else do you have, please?", "Do you have blue jackets under 150? | without Storm Jacket, Alpine Trek Jacket"},
		{german, "Habt ihr noch andere?", "Habt ihr blaue Jacken? | without Storm Jacket, Alpine Trek Jacket"},
		{list, "algo más?", "Do you have blue jackets under 150? | without Storm Jacket, Alpine Trek Jacket"},
		{list, "Quoi d'autre ?", "Do you have blue jackets under 150? | without Storm Jacket, Alpine Trek Jacket"},
		{one, "any others?", "Jacket | without Storm Jacket"},
		{shipping, "anything else?", "alone"},
		{list, "What else should I know about down?", "alone"},
		{
			append(slices.Clone(list), earlier("any others?", runner), earlier("show me more", product("Rain Jacket", 5000))), "anything else?",
			"Do you have blue jackets under 150? | without Storm Jacket, Alpine Trek Jacket, Trail Runner, Rain Jacket",
		},
		{append(slices.Clone(list), earlier("any others?", runner)), "and in red?", "Do you have jackets under 150 in red"},

		// What was spoken of.
		{one, "is it warm?", "Storm Jacket: is it warm? | Storm Jacket"},
		{one, "how much does it cost?", "Storm Jacket: how much does it cost? | Storm Jacket"},
		{one, "What colours does it come in?", "Storm Jacket: What colours does it come in? | Storm Jacket"},
		{one, "How much is shipping for that?", "How much is shipping for that? | Storm Jacket | terms"},
		{one, "can I return it?", "can I return it? | Storm Jacket | terms"},
		{one, "is that one in stock?", "Storm Jacket: is that one in stock? | Storm Jacket"},
		{one, "is this jacket warm?", "Storm Jacket: is this jacket warm? | Storm Jacket"},
		{one, "Does the jacket have a hood?", "Storm Jacket: Does the jacket have a hood? | Storm Jacket"},
		{one, "how do I wash it?", "Storm Jacket: how do I wash it? | Storm Jacket"},
		{one, "how waterproof is it really", "Storm Jacket: how waterproof is it really | Storm Jacket"},
		{one, "I want it in red", "Storm Jacket: I want it in red | Storm Jacket"},
		{one, "Thanks! Can you tell me if it has pockets?", "Storm Jacket: Thanks! Can you tell me if it has pockets? | Storm Jacket"},
		{one, "do you ship it to France?", "do you ship it to France? | Storm Jacket | terms"},
		{one, "what is the price of that", "Storm Jacket: what is the price of that | Storm Jacket"},
		{one, "how much?", "Storm Jacket: how much? | Storm Jacket"},
		{one, "which sizes are available?", "Storm Jacket: which sizes are available? | Storm Jacket"},
		{one, "still in stock?", "Storm Jacket: still in stock? | Storm Jacket"},
		{one, "Ist sie wasserdicht?", "Storm Jacket: Ist sie wasserdicht? | Storm Jacket"},
		{one, "was kostet die?", "Storm Jacket: was kostet die? | Storm Jacket"},
		{one, "gibt es die auch in rot?", "Storm Jacket: gibt es die auch in rot? | Storm Jacket"},
		{one, "Wie hoch sind die Versandkosten dafür?", "Wie hoch sind die Versandkosten dafür? | Storm Jacket | terms"},
		{one, "est-elle imperméable ?", "Storm Jacket: est-elle imperméable ? | Storm Jacket"},
		{list, "are they waterproof?", "Storm Jacket, Alpine Trek Jacket: are they waterproof? | Storm Jacket, Alpine Trek Jacket"},
		{list, "which one is warmer?", "Storm Jacket, Alpine Trek Jacket: which one is warmer? | Storm Jacket, Alpine Trek Jacket"},
		{shipping, "how long does it take?", "alone"},
		{shipping, "and is it insured?", "and is it insured? How much is shipping to Austria"},

		// One of those that were shown.
		{list, "the cheaper one", "Storm Jacket: the cheaper one | Storm Jacket"},
		{list, "Is the cheaper one waterproof?", "Storm Jacket: Is the cheaper one waterproof? | Storm Jacket"},
		{list, "the more expensive one please", "Alpine Trek Jacket: the more expensive one please | Alpine Trek Jacket"},
		{list, "tell me more about the second one", "Alpine Trek Jacket: tell me more about the second one | Alpine Trek Jacket"},
		{list, "the last", "Alpine Trek Jacket: the last | Alpine Trek Jacket"},
		{list, "is the green one warm?", "Alpine Trek Jacket: is the green one warm? | Alpine Trek Jacket"},
		{list, "how much is shipping for the first one?", "how much is shipping for the first one? | Storm Jacket | terms"},
		{list, "die zweite bitte", "Alpine Trek Jacket: die zweite bitte | Alpine Trek Jacket"},
		{list, "die günstigere", "Storm Jacket: die günstigere | Storm Jacket"},
		{list, "le premier", "Storm Jacket: le premier | Storm Jacket"},
		{list, "el más barato", "Storm Jacket: el más barato | Storm Jacket"},

		{list, "which one is cheaper?", "Storm Jacket: which one is cheaper? | Storm Jacket"},
		{list, "and which is more expensive", "Alpine Trek Jacket: and which is more expensive | Alpine Trek Jacket"},
		{list, "which of the two is lighter?", "Storm Jacket, Alpine Trek Jacket: which of the two is lighter? | Storm Jacket, Alpine Trek Jacket"},
		{list, "Welche ist günstiger?", "Storm Jacket: Welche ist günstiger? | Storm Jacket"},
		{one, "which is lighter?", "Jacket lightest | beyond 1"},

		// Cheaper than what was shown.
		{list, "anything cheaper?", "Do you have blue jackets under €99.00"},
		{list, "do you have something less expensive?", "Do you have blue jackets under €99.00"},
		{list, "more expensive ones?", "Do you have blue jackets over €129.00"},
		{one, "cheaper?", "Jacket under €99.00"},
		{list, "etwas günstigeres?", "Do you have blue jackets under €99.00"},
	} {
		if got := taken(retrieval.TakeUp(c.question, c.before, outfitter())); got != c.want {
			t.Errorf("after %q, %q is read as\n\t%s, want\n\t%s", c.before[0].Question, c.question, got, c.want)
		}
	}
}

// Who begins anew inherits nothing, whatever was said before.
func TestTakeUpLeavesNewQuestionsAlone(t *testing.T) {
	befores := [][]retrieval.Earlier{
		nil,
		{earlier("Do you have blue jackets under 150?", product("Storm Jacket", 9900, "Blue"), product("Alpine Trek Jacket", 12900, "Green"))},
		{earlier("Is the Storm Jacket waterproof?", product("Storm Jacket", 9900, "Blue"))},
		{earlier("How much is shipping?")},
	}
	for _, question := range []string{
		"Do you have tents?", "red shoes", "red shoes in size 42", "show me red jackets", "jackets", "and tents?", "what about tents?", "What about shoes in red?", "and do you sell shoes?",
		"Is the Trail Runner waterproof?", "Trail Runner in red", "E4304", "is E4304 in stock?", "Which is the cheapest tent?", "cheapest jacket", "the cheapest shoes",
		"cheaper tents", "something cheaper than the Dome Tent", "shoes cheaper than 50 euros", "anything under 20 euros cheaper than 10?",
		"What do you have in red?", "show me everything in red", "what is on sale?", "do you have anything in stock in green?", "What can I get for under 50 euros?", "anything under 30 euros?",
		"how long does it take to ship to Austria?", "Is it possible to pay with PayPal?", "how does it work?", "do you deliver to France?", "and what are your opening hours?", "and shipping?", "what about returns?",
		"How much is shipping?", "what does shipping cost?", "Can I return shoes if they do not fit?", "I need shoes and they must be waterproof", "a tent that fits 3 people", "I want a jacket that is waterproof",
		"newest arrivals", "what's new?", "What is new?", "best rated products", "die neuesten Produkte", "Was ist neu?", "cheapest items",
		"Do you sell gift cards, and how do they work?", "is a down bag warm and can I wash it?", "I am looking for a present for my brother, he likes hiking",
		"hello", "thank you", "thanks, that is all I wanted to know for today, have a nice day, see you at the shop",
		"Who runs this shop?", "are you open this weekend?", "what happens with these data?", "do you have a shop in Vienna?",
		"one person tent", "tent for one person", "first aid kit", "second hand clothes", "do you offer a loyalty programme?", "which brands do you have?", "the best jacket for winter",
		"Habt ihr Zelte?", "Haben Sie Schuhe in rot?", "gibt es Zelte?", "Was kostet der Versand?", "Welche Schuhe sind wasserdicht?", "und habt ihr Zelte?", "wann habt ihr geöffnet?", "Wie lange dauert die Lieferung?",
		"haben sie am samstag offen?", "avez-vous des tentes ?", "quel est le prix de la livraison ?", "¿tienen zapatos rojos?", "avete scarpe?", "hebben jullie tenten?", "Ça va ?",
		"I like it warm, what sleeping bag do you recommend?", "What sleeping bag is best if it rains?", "does it rain in Vienna?",
		"red, in stock, below 25 euros", "leather under 100 euros", "Fjord in stock under 30", "do pupils get cheaper rates", "cheaper lodging for overnight stays",
		"buy one get one free", "It's been a month", "it's too late", "which one is better, ergo or ortho?",
		"is the zip of a dome tent ok, and can I repair it?", "I bought boots last week and they broke", "my order arrived and it is damaged", "does your newsletter cost anything, and how often is it sent?",
		strings.Repeat("and in red ", 40), "?", "", "\x00\xff",
	} {
		for _, before := range befores {
			f := retrieval.TakeUp(question, before, outfitter())
			if f.Depends() || len(f.About) > 0 || f.Question != question {
				t.Errorf("after %v: %q is read as %s", before, question, taken(f))
			}
		}
	}
}

// A conversation goes on over several turns, and what is spoken of stays
// through a question about the shop's terms.
func TestTakeUpOverSeveralTurns(t *testing.T) {
	storm, alpine, runner := product("Storm Jacket", 9900, "Blue"), product("Alpine Trek Jacket", 12900, "Green"), product("Trail Runner", 7900, "Black")
	var before []retrieval.Earlier
	for i, c := range []struct {
		question string
		shown    []retrieval.Shown
		want     string
	}{
		{"Do you have blue jackets?", []retrieval.Shown{storm, alpine}, "alone"},
		{"and in red?", []retrieval.Shown{storm}, "Do you have jackets in red"},
		{"and in green?", []retrieval.Shown{alpine, storm}, "Do you have jackets in green"},
		{"the second one", []retrieval.Shown{storm}, "Storm Jacket: the second one | Storm Jacket"},
		{"how much is shipping for that?", nil, "how much is shipping for that? | Storm Jacket | terms"},
		{"and to Switzerland?", nil, "how much is shipping for that to Switzerland"},
		{"is it waterproof?", []retrieval.Shown{storm}, "Storm Jacket: is it waterproof? | Storm Jacket"},
		{"what is your returns policy?", nil, "alone"},
		{"does it come in red?", []retrieval.Shown{storm}, "Storm Jacket: does it come in red? | Storm Jacket"},
		{"Do you have shoes?", []retrieval.Shown{runner}, "alone"},
		{"is it waterproof?", []retrieval.Shown{runner}, "Trail Runner: is it waterproof? | Trail Runner"},
	} {
		if got := taken(retrieval.TakeUp(c.question, before, outfitter())); got != c.want {
			t.Errorf("%d: %q is read as %s, want %s", i, c.question, got, c.want)
		}
		before = append(before, earlier(c.question, c.shown...))
	}
}

// What a thing comes with or is for is asked of it, whatever else that is.
func TestTakeUpOfParts(t *testing.T) {
	before := []retrieval.Earlier{earlier("How much is the Storm Jacket?", product("Storm Jacket", 9900))}
	for question, want := range map[string]string{
		"does it come with shoes?": "Storm Jacket: does it come with shoes? | Storm Jacket",
		"will it fit with shoes?":  "Storm Jacket: will it fit with shoes? | Storm Jacket",
		"do they have shoes?":      "alone",
		"shoes, does it matter?":   "alone",
	} {
		if got := taken(retrieval.TakeUp(question, before, outfitter())); got != want {
			t.Errorf("%q is read as %s, want %s", question, got, want)
		}
	}
}

// Why a question was read so is said.
func TestTakeUpSaysWhy(t *testing.T) {
	before := []retrieval.Earlier{earlier("Do you have blue jackets?", product("Storm Jacket", 9900))}
	for question, want := range map[string]string{
		"and in red?":    `"and in red?" goes on with the question before, with another colour`,
		"is it warm?":    `"it" is Storm Jacket`,
		"how much?":      `what "how much" is asked of is Storm Jacket`,
		"cheaper?":       `"cheaper" than what was shown: the question before, under €99.00`,
		"the first one?": `"the first" is Storm Jacket`,
	} {
		if got := retrieval.TakeUp(question, before, outfitter()).Because; got != want {
			t.Errorf("%q: because %s, want %s", question, got, want)
		}
	}
}

// Whatever is said, it is read within bounds, twice alike, and never about more
// products than a question can be about.
func FuzzTakeUp(f *testing.F) {
	f.Add("and in red?", "Do you have blue jackets under 150?", "Storm Jacket")
	f.Add("the cheaper one", "size 42", "")
	f.Add("ça l'été\xff", "'' d'", "\u0301")
	v := outfitter()
	f.Fuzz(func(t *testing.T, question, first, title string) {
		before := []retrieval.Earlier{
			earlier(first, product("Storm Jacket", 9900)), {Question: first, Shown: []retrieval.Shown{{Title: title}, product("Trail Runner", 1), {}}},
		}
		a, b := retrieval.TakeUp(question, before, v), retrieval.TakeUp(question, before, v)
		if taken(a) != taken(b) {
			t.Fatalf("%q is read as %s and as %s", question, taken(a), taken(b))
		}
		if !a.Depends() && (a.Question != question || len(a.About) > 0) {
			t.Fatalf("%q stands alone and is read as %s", question, taken(a))
		}
		if len(a.About) > 4 {
			t.Fatalf("%q is about %d products", question, len(a.About))
		}
	})
}

func ExampleTakeUp() {
	var v retrieval.Vocabulary
	v.Add("Storm Jacket", catalog.Facts{Categories: []string{"Jackets"}, Attributes: []catalog.Attribute{{Name: "Colour", Values: []string{"Blue", "Red"}}}})
	before := []retrieval.Earlier{{Question: "Do you have blue jackets?", Shown: []retrieval.Shown{{Document: "product:1", Title: "Storm Jacket"}}}}
	for _, question := range []string{"and in red?", "is it waterproof?", "Do you have tents?"} {
		fmt.Println(retrieval.TakeUp(question, before, v).Question)
	}
	// Output:
	// Do you have jackets in red
	// Storm Jacket: is it waterproof?
	// Do you have tents?
}
