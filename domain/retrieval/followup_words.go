package retrieval

import "strings"

// The words of follow-ups, folded as eachWord folds them: without diacritics,
// in lower case. English and German, and the simple ones of French, Spanish,
// Italian and Dutch.

// connectives begin a question that goes on with the one before.
const connectives = "and|or|but|and what about|what about|and how about|how about|what if|" +
	"und|oder|aber|und wie ist es mit|wie ist es mit|wie sieht es mit|und wie sieht es mit|wie sieht es aus mit|was ist mit|und was ist mit|wie ware es mit|" +
	"et|ou|mais|et pour|y|o|pero|que tal|e|ma|en|maar|en wat met"

// leadIns begin a question of which the wishes say the rest: do you have it in
// red.
const leadIns = "do you have|do you have any|have you got|have you got any|got|got any|is there|is there a|are there|are there any|any|maybe|rather|" +
	"gibt es|gibts|habt ihr|haben sie|hast du|lieber|avez vous|tienen|teneis|avete|hebben jullie|hebt u"

// whichOfThem begin a question that asks to choose among what was shown.
const whichOfThem = "which|which one|which of them|which of these|which of those|which of the two|which of both|" +
	"welcher|welche|welches|welcher von beiden|welche von beiden|welches von beiden|welcher davon|welche davon|welches davon|" +
	"lequel|laquelle|lequel des deux|laquelle des deux|cual|cual de los dos|cual de ellos|quale|quale dei due|welke|welke van de twee"

// wordIn reports whether word is one of list, words parted by spaces.
func wordIn(list, word string) bool {
	for w := range strings.SplitSeq(list, " ") {
		if w == word {
			return word != ""
		}
	}
	return false
}

// glue reports whether w only holds wishes together.
func glue(w string) bool {
	return wordIn("in a an the one ones only but not please also too instead rather maybe as well and or with without of for me then just again still now "+
		"auch nur lieber bitte im den der die das dem ein eine einen mit ohne und oder noch denn stattdessen jetzt fur "+
		"et ou de la le les du un une avec sans aussi plutot svp y o con sin el los las del tambien e il lo gli i di anche con senza en of het een met zonder ook van", w)
}

// preposition reports whether w begins what is added to a question: for kids.
func preposition(w string) bool {
	return wordIn("in for with without to from at on under over below above between up by into inside like than fur mit ohne nach aus bis unter uber ab zum zur bei im "+
		"pour avec sans au aux chez para con sin hasta per senza voor met zonder naar", w)
}

// clauseWord reports whether w is of a whole question: a verb, or what asks.
func clauseWord(w string) bool {
	return linking(w) || asking(w) || wordIn("do does did have has had can could will would should shall may might must get got buy sell offer order ship come comes came cost costs fit fits work works "+
		"know need want look looking pay return send sent make made recommend show tell give find take takes "+
		"hat habt haben habe kann konnen wird werden kostet kosten passt gibt geht macht liefert verkauft bietet suche suchen brauche mochte will wollen "+
		"avez peut coute est sont tienen tiene hay cuesta puedo avete costa posso hebben heeft kost kan", w)
}

// linking reports whether w is a form of to be.
func linking(w string) bool {
	return wordIn("is are was were be been isn aren isnt arent ist sind war waren bin est sont es son e sono zijn", w)
}

// asking reports whether w asks.
func asking(w string) bool {
	return wordIn("what which who whom whose when where why how was wer wie wo wann warum welche welcher welches welchen wieviel quel quelle quels quelles combien comment "+
		"cual cuanto cuanta que quanto quale quali come wat welke hoeveel hoe", w)
}

// german3 reports whether w is a German verb before er, sie or es.
func german3(w string) bool {
	return wordIn("ist hat kostet passt wiegt wird kann halt gibt braucht lauft", w)
}

// german reports whether w is a German article.
func german(w string) bool { return wordIn("der die das den dem", w) }

// particle reports whether w may follow a German or Dutch pronoun, and no noun
// does then.
func particle(w string) bool {
	return wordIn("auch noch denn in aus mit fur ohne nicht da hier wohl eigentlich schon ook nog", w)
}

// definite reports whether w points at one that is known.
func definite(w string) bool {
	return wordIn("the this that these those der die das den dem dieser diese dieses diesen le la les el los las il lo i gli de het deze dat cette ce cet", w)
}

// subject reports whether a verb may stand between w and "it": I wash it.
func subject(w string) bool {
	return wordIn("i you we they one to can could do does ich du wir man kann je on yo ik", w)
}

// aside reports whether w says nothing of what is asked for.
func aside(w string) bool {
	return wordIn("if whether ok okay great nice thanks thank good cool yes no hi hello hey so long many much more most few other another lot still ever exactly really very actually again yet danke super gut ja nein "+
		"merci gracias grazie dank je ich wir ihr sie euch dir mir hoch", w)
}

// termsWord reports whether w is of the shop's terms: shipping, returns.
func termsWord(w string) bool {
	return policyWord(w) || wordIn("returns refunds versandkosten lieferkosten lieferzeit porto versenden verschicken zuruckgeben zuruckschicken ruckgaberecht livraison retour retours envio devolucion "+
		"spedizione reso verzending verzendkosten bezorging retourneren", w)
}

// superlative reports whether w is the cheapest or dearest of all.
func superlative(w string) bool {
	return wordIn("cheapest gunstigste gunstigsten billigste billigsten goedkoopste dearest priciest teuerste teuersten", w)
}

// article reports whether w begins a noun.
func article(w string) bool {
	return wordIn("a an the my your our his her some any another ein eine einen einem einer der das den dem mein meine meinen meiner un une le la mon ma mes una el mi il lo mio mia een het mijn", w)
}

// attributeWord reports whether w is what an attribute is called.
func attributeWord(w string) bool { return colourName(w) || sizeAttribute(w) || isMaterial(w) }

func colourName(w string) bool {
	return wordIn("colour colours color colors shade shades farbe farben couleur couleurs colores colore colori kleur kleuren", w)
}

// sizeAttribute reports whether w is what a size is called.
func sizeAttribute(w string) bool {
	return wordIn("size sizes grosse grossen schuhgrosse taille tailles pointure pointures talla tallas taglia taglie maat maten schoenmaat", w) //nolint:misspell // French
}

// priceOf reports whether w asks what something costs.
func priceOf(w string) bool {
	return wordIn("price prices cost costs preis preise kosten prix precio prezzo prijs", w)
}

// availableWord reports whether w asks whether there is any.
func availableWord(w string) bool {
	return wordIn("available availability stock verfugbar lieferbar vorratig lager disponible disponibile leverbaar", w)
}

// thingWord reports whether w stands for any product.
func thingWord(w string) bool {
	return wordIn("product item model thing article produkt artikel modell produit producto prodotto", w) //nolint:misspell // Spanish
}

// adjective reports whether w, of which the shop's vocabulary does not know,
// tells what something is like and is none by itself.
func adjective(w string) bool {
	for _, suffix := range []string{"proof", "able", "ible", "less", "resistant", "dicht", "fest", "bar"} {
		if strings.HasSuffix(w, suffix) && len(w) > len(suffix)+2 {
			return true
		}
	}
	return wordIn("bigger larger smaller lighter heavier warmer longer shorter thicker thinner softer better washable vegan organic insulated "+
		"grosser kleiner leichter warmer langer kurzer besser", w)
}

// ordinal returns which one w says, counted from 1, -1 for the last, 0 if none.
func ordinal(w string) int {
	for n, words := range []string{
		"first 1st erste ersten erster erstes premier premiere primero primera primo prima eerste",
		"second 2nd zweite zweiten zweiter zweites deuxieme second segundo segunda secondo seconda tweede",
		"third 3rd dritte dritten dritter drittes troisieme tercero tercera terzo terza derde",
		"fourth 4th vierte vierten vierter viertes",
		"fifth 5th funfte funften funfter funftes",
	} {
		if wordIn(words, w) {
			return n + 1
		}
	}
	if wordIn("last letzte letzten letzter letztes dernier derniere ultimo ultima laatste", w) {
		return -1
	}
	return 0
}

// dearerOrCheaper reports whether w, after the word before, chooses by price,
// and whether the dearer one.
func dearerOrCheaper(w, before string) (up, ok bool) {
	switch {
	case wordIn("cheaper cheapest gunstigere gunstigeren gunstigeres gunstigste gunstigsten billigere billigeren billigste goedkopere goedkoopste", w):
		return false, true
	case wordIn("dearer dearest pricier priciest teurere teureren teuerste teuersten duurdere", w):
		return true, true
	case wordIn("expensive cher chere caro cara", w):
		return !wordIn("less moins meno menos", before), wordIn("more less most least moins plus mas menos piu meno", before)
	case wordIn("barato barata economico economica affordable", w):
		return false, wordIn("more most mas piu", before)
	}
	return false, false
}

// colourWord reports whether w is a colour, in a shop that may have none of it.
func colourWord(w string) bool {
	return wordIn("red blue green yellow black white grey gray brown pink purple orange navy beige violet turquoise olive "+
		"rot rote roten roter rotes blau blaue blauen grun grune grunen gelb gelbe schwarz schwarze schwarzen weiss weisse grau graue braun braune rosa lila "+
		"rouge bleu bleue vert verte jaune noir noire blanc blanche gris grise marron "+
		"rojo roja azul verde amarillo amarilla negro negra blanco blanca rosso rossa blu giallo nero nera bianco bianca grigio "+
		"rood rode blauw blauwe groen groene geel zwart zwarte wit witte grijs bruin paars", w)
}
