package retrieval_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// termsPage is what a shop writes that calls shipping delivery.
const termsPage = "Delivery to Norway and Germany. Delivery is free. Returns: send us a mail, we refund. Contact us by phone. Voucher codes are one each. A model of a ship."

func TestCommonWords(t *testing.T) {
	common := retrieval.NewCommonWords()
	l := &retrieval.Lexicon{}
	l.Add(strings.Repeat(termsPage+"\n", 5))
	for _, c := range []struct{ question, want string }{
		{"shipping to Germany", "shipping: ship, delivery"},
		{"Versand nach Deutschland", "versand: ship, delivery; deutschland: germany"},
		{"combien coûte la livraison en Norvège", "livraison: ship, delivery; norvege: norway"},
		{"can I send it straight back", "send back: return, refund"},
		{"how do I get in touch", "touch: contact"},
		{"a promo code", "promo code: voucher"},
		// In other forms of verbs, and in two parts.
		{"wird es verschickt", "verschickt: ship, delivery"},
		{"¿Cómo devuelvo unas botas?", "devuelvo: return, refund"},
		{"je serai remboursé", "rembourse: return, refund"},
		{"hoe stuur ik de schoenen terug", "terug: return, refund"},
		// What the shop writes itself is not made another word.
		{"delivery to Norway", ""},
		{"my refund", ""},
		{"merino socks", ""},
		{"", ""},
	} {
		var parts []string
		for _, a := range common.SynonymsOf(c.question, l, "en") {
			of := strings.Join(a.Of, " ") + ": "
			if a.Weight <= 0 || a.Weight >= 0.64 {
				t.Errorf("%q: %v counts %v, a shop's own 0.8 and its other forms 0.64", c.question, a.Tokens, a.Weight)
			}
			if i := len(parts) - 1; i >= 0 && strings.HasPrefix(parts[i], of) {
				parts[i] += ", " + strings.Join(a.Tokens, " ")
				continue
			}
			parts = append(parts, of+strings.Join(a.Tokens, " "))
		}
		if got := strings.Join(parts, "; "); got != c.want {
			t.Errorf("%q: got %q, want %q", c.question, got, c.want)
		}
	}
	// In the languages of the shop only.
	if got := common.SynonymsOf("Versand nach Hause", l, "fr"); len(got) > 0 {
		t.Errorf("in French: %v", got)
	}
}

// A country that the shop does not name is one of its others, and where it is in
// Europe one of those, too; but only where the shop's terms are asked for.
func TestCommonWordsOfCountries(t *testing.T) {
	common := retrieval.NewCommonWords()
	l := &retrieval.Lexicon{}
	l.Add("Shipping to Norway, the EU and other countries.")
	for question, want := range map[string]string{
		"do you ship to Canada":          "[[ship] also as [shipping] [canada] also as [country]]",
		"Versand nach Ungarn":            "[[versand] also as [shipping] [ungarn] also as [country] [ungarn] also as [eu]]",
		"shipping to Norway":             "[]", // which it names
		"Versand nach Norwegen":          "[[versand] also as [shipping] [norwegen] also as [norway]]",
		"a panama hat":                   "[]",
		"shipping to the United States":  "[[united state] also as [country]]",
		"verzending naar Nieuw-Zeeland?": "[[verzending] also as [shipping] [nieuw zeeland] also as [country]]",
	} {
		var got []string
		for _, a := range common.SynonymsOf(question, l, "en") {
			got = append(got, fmt.Sprint(a.Of, " also as ", a.Tokens))
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%q: got %v, want %v", question, got, want)
		}
	}
	if !common.Has("australia") || !common.Has("zuruckgeschickt") {
		t.Error("a country, or a form of a verb, is taken for a slip")
	}
}

// A word that stands somewhere by the way does not hide what the shop says
// everywhere by another.
func TestCommonWordsOfStrayWords(t *testing.T) {
	common := retrieval.NewCommonWords()
	for times, want := range map[int]bool{2: false, 20: true} {
		l := &retrieval.Lexicon{}
		l.Add("A ship in a bottle. " + strings.Repeat("Delivery. ", times))
		if got := len(common.SynonymsOf("do you ship to Norway", l, "en")) > 0; got != want {
			t.Errorf("delivery %d times, ship once: %v, want %v", times, got, want)
		}
	}
}

func TestCommonWordsHas(t *testing.T) {
	common := retrieval.NewCommonWords()
	for token, want := range map[string]bool{"versand": true, "versandkosten": true, "paket": true, "deutschland": true, "touch": false, "jacket": false, "": false} {
		if got := common.Has(token); got != want {
			t.Errorf("%q: %v, want %v", token, got, want)
		}
	}
	var none *retrieval.CommonWords
	if none.Has("versand") || len(none.SynonymsOf("versand", &retrieval.Lexicon{}, "en")) > 0 {
		t.Error("nil words know some")
	}
}

func FuzzCommonWords(f *testing.F) {
	common := retrieval.NewCommonWords()
	l := &retrieval.Lexicon{}
	l.Add(termsPage)
	for _, s := range []string{"Versand", "send send send back back", "get in touch", "\xff", strings.Repeat("send ", 200)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, question string) {
		asked := retrieval.QueryTokens(question)
		all := common.SynonymsOf(question, l, "en", "de")
		if len(all) > retrieval.MaxAlternatives {
			t.Errorf("%d alternatives", len(all))
		}
		for _, a := range all {
			if slices.ContainsFunc(a.Of, func(t string) bool { return !slices.Contains(asked, t) }) || len(a.Of) == 0 || len(a.Tokens) == 0 {
				t.Errorf("%q: %+v", question, a)
			}
		}
	})
}

func ExampleCommonWords_SynonymsOf() {
	l := &retrieval.Lexicon{}
	l.Add("Delivery to Germany takes two days.")
	for _, a := range retrieval.NewCommonWords().SynonymsOf("Wie lange dauert der Versand nach Deutschland?", l, "en") {
		fmt.Println(a.Of, "also as", a.Tokens)
	}
	// Output:
	// [versand] also as [delivery]
	// [deutschland] also as [germany]
}

// What a shop has no word for is looked for under what is near: exchanges among
// returns. In German it may be written as one word with another.
func TestCommonWordsThatAreNear(t *testing.T) {
	c := retrieval.NewCommonWords()
	for _, x := range []struct{ shop, question, language, want string }{
		{"Returns within 30 days.", "can I exchange it?", "en", "searched exchange also as return"},
		{"Returns within 30 days. We exchange sizes.", "can I exchange it?", "en", ""},
		{"Rückgabe in 30 Tagen", "kann ich umtauschen", "de", "searched umtauschen also as ruckgabe"},
		{"Zahlungsarten", "kann ich bar bezahlen", "de", "searched bezahlen also as zahlungsarten"},
		{"Zahlung mit PayPal", "kann ich bar bezahlen", "de", "searched bezahlen also as zahlung"},
		{"Öffnungszeiten", "habt ihr einen Laden", "de", "searched laden also as offnungszeiten"},
		{"Horaires", "avez-vous une boutique", "fr", "searched boutique also as horaire"},
	} {
		var l retrieval.Lexicon
		l.Add(x.shop)
		if got := strings.Join(retrieval.AlsoBecause(c.SynonymsOf(x.question, &l, x.language)), "; "); got != x.want {
			t.Errorf("%q of %q: %q, want %q", x.question, x.shop, got, x.want)
		}
	}
}
