package retrieval_test

import (
	"fmt"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

func TestGuessLanguage(t *testing.T) {
	for text, want := range map[string]string{
		"How long does delivery to Germany take?":              "en",
		"Wie lange dauert der Versand nach Deutschland?":       "de",
		"Kann ich die Jacke zurückgeben, wenn sie nicht passt": "de",
		"Combien coûte la livraison en Allemagne ?":            "fr",
		"Est-ce qu’il y a des vestes d’hiver ?":                "fr",
		"¿Cuánto cuesta el envío a Alemania?":                  "es", //nolint:misspell // Spanish
		"¿Tienen chaquetas para la lluvia?":                    "es",
		"Quanto costa la spedizione in Germania?":              "it",
		"Hoe lang duurt het voordat mijn pakket er is?":        "nl",
		"Wat kost de verzending naar Duitsland?":               "nl",
		"merino socks":                                         "", "Jacken unter 100": "", "die": "", "": "", "\xff": "",
		"おすすめのテントはありますか":                  "",
		"Mam pytanie o dostawę do Polski": "",
		"do you have the Fjell de Luxe":   "en", // a name of another language
	} {
		if got := retrieval.GuessLanguage(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestWithoutSmallWords(t *testing.T) {
	for _, c := range [][3]string{
		{"Combien coûte la livraison en Allemagne ?", "fr", "livraison Allemagne ?"},
		{"Jacken, die nicht blau sind", "de", "Jacken, nicht blau"},
		{"die Jacke", "", "die Jacke"},
		{"wie", "de", ""},
	} {
		if got := retrieval.WithoutSmallWords(c[0], c[1]); got != c[2] {
			t.Errorf("%q: got %q, want %q", c[0], got, c[2])
		}
	}
}

func ExampleGuessLanguage() {
	fmt.Println(retrieval.GuessLanguage("Wie lange dauert der Versand?"))
	// Output: de
}
