package extractive

import (
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// words are what is said around the quotes in one language. Nothing of them is
// a fact but the words for stock, which chat.Gate knows.
type words struct {
	lead, nearest string // above the quotes
	sale          string // after a price; %s is the regular one
	some          string // after a range of prices of which some are reduced
	in, out, back string // stock
	stop          string // words that are in every question
}

// wordsOf returns the words of a locale's language, the English ones if we have
// none.
func wordsOf(locale string) words {
	lang, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(locale, "_", "-")), "-")
	switch lang {
	case "de":
		return words{
			"Von den Seiten des Shops:", "Genau das gibt es hier nicht. Am nächsten kommt:",
			" (im Angebot, regulär %s)", " (teils im Angebot)", "auf Lager", "nicht vorrätig", "auf Nachbestellung",
			"der die das den dem des ein eine einen einem einer und oder ist sind war hat habe habt haben kann kannst könnt können ihr ich du wir sie es mir mich euch uns mein dein was wie wo wann wer wieviel welche welcher welches gibt es für mit von zu zum zur im in an auf aus bei bitte auch noch nicht kein keine suche brauche möchte",
		}
	case "fr":
		return words{
			"Extrait des pages de la boutique :", "Rien ne correspond exactement. Le plus proche :",
			" (en promotion, prix normal %s)", " (en partie en promotion)", "en stock", "en rupture de stock", "sur commande",
			"le la les un une des de du d l et ou est sont avez vous je tu nous il elle ce cette ces que quel quelle quels quelles qui où quand comment combien pour avec dans sur en au aux à pas ne j ai a avoir cherche voudrais mon ma mes votre vos s y",
		}
	case "es":
		return words{
			"De las páginas de la tienda:", "Nada coincide exactamente. Lo más parecido:",
			" (en oferta, precio normal %s)", " (en parte en oferta)", "en existencias", "agotado", "disponible bajo pedido",
			"el la los las un una unos unas de del y o es son hay tiene tienen tenéis yo tú usted que qué cuál cuáles quién dónde cuándo cómo cuánto cuánta para por con en a al mi su se me no busco quiero lo", //nolint:misspell // Spanish
		}
	case "it":
		return words{
			"Dalle pagine del negozio:", "Nulla corrisponde esattamente. La cosa più vicina:",
			" (in offerta, prezzo normale %s)", " (in parte in offerta)", "disponibile", "esaurito", "disponibile su ordinazione",
			"il lo la i gli le un uno una di del della dei e o è sono c'è avete ha hai io tu voi che cosa quale quali chi dove quando come quanto quanta per con in a al su da mi si non cerco vorrei",
		}
	case "nl":
		return words{
			"Van de pagina’s van de winkel:", "Niets past precies. Het dichtst in de buurt:",
			" (in de aanbieding, normale prijs %s)", " (deels in de aanbieding)", "op voorraad", "niet op voorraad", "op nabestelling",
			"de het een en of is zijn hebben heb hebt heeft jullie ik je jij u wij we ze mij mijn uw wat welke welk wie waar wanneer hoe hoeveel voor met van naar in op aan uit bij ook niet geen zoek wil kan kunnen er",
		}
	}
	return words{
		lead: "From the shop's pages:", nearest: "Nothing on the shop's pages fits exactly. The nearest:",
		sale: " (on sale, regular price %s)", some: " (some variations on sale)", in: "in stock", out: "out of stock", back: "available on backorder",
		stop: "much many best good really there's am use tell",
	}
}

func (w words) stock(s catalog.StockStatus) string {
	switch s {
	case catalog.InStock:
		return w.in
	case catalog.OutOfStock:
		return w.out
	case catalog.OnBackorder:
		return w.back
	}
	return ""
}

// factWord reports whether token asks for what every product's card says:
// price, sale or stock.
func factWord(token string) bool {
	switch token {
	case "price", "priced", "cost", "expensive", "cheap", "cheaper", "cheapest", "budget", "under", "below", "less", "over", "above", "between", "max", "maximum",
		"euro", "eur", "dollar", "usd", "pound", "gbp", "sale", "discount", "discounted", "offer", "deal", "reduced", "stock", "available", "availability",
		"preis", "preise", "kostet", "kosten", "billig", "gunstig", "gunstige", "teuer", "unter", "uber", "zwischen", "angebot", "angebote", "rabatt", "reduziert", "lager", "verfugbar", "lieferbar", "vorratig",
		"prix", "coute", "coutent", "cher", "moin", "moins", "entre", "promotion", "promo", "solde", "disponible", "disponibles",
		"precio", "cuesta", "cuestan", "barato", "menos", "oferta", "descuento", "existencias",
		"prezzo", "costa", "costano", "economico", "sotto", "meno", "offerta", "sconto", "disponibile", "disponibili",
		"prij", "prijs", "kost", "goedkoop", "onder", "korting", "aanbieding", "voorraad":
		return true
	}
	return false
}

// weightUnit reports whether token, behind a number, is what a weight is told in.
func weightUnit(token string) bool {
	switch token {
	case "kg", "kilo", "kilogram", "kilogramm", "kilogramme", "g", "gram", "gramm", "gramme", "lb", "oz", "ounce":
		return true
	}
	return false
}

// ofPages reports whether a factWord may also be what a page is about: the
// discount for students, the return of sale items.
func ofPages(token string) bool {
	switch token {
	case "sale", "discount", "discounted", "deal", "reduced", "stock", "available", "availability",
		"angebot", "angebote", "rabatt", "reduziert", "lager", "verfugbar", "lieferbar", "vorratig",
		"promotion", "promo", "solde", "disponible", "disponibles", "oferta", "descuento", "existencias",
		"offerta", "sconto", "disponibile", "disponibili", "korting", "aanbieding", "voorraad":
		return true
	}
	return false
}
