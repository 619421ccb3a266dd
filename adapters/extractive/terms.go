package extractive

import (
	"regexp"
	"slices"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// family returns the name under which a shop's pages and its shoppers mean the
// same thing by different words, "" for every other word: who asks for
// delivery is answered by the page on shipping. The words are tokens of
// retrieval.Tokens, English and German.
func family(token string) string {
	switch token {
	case "delivery", "deliver", "delivered", "delivering", "shipping", "ship", "shipped", "shipment", "dispatch", "dispatched",
		"versand", "versenden", "versendet", "verschicken", "lieferung", "lieferungen", "liefern", "liefert", "geliefert",
		"lieferzeit", "lieferzeiten", "versandzeit", "versandkosten", "lieferkosten", "zustellung":
		return "shipping"
	case "send", "sent", "sending", "schicken", "schickt", "geschickt":
		return "send"
	case "return", "returned", "returning", "refund", "refunded", "refunding",
		"ruckgabe", "zuruckgeben", "zuruckgegeben", "zuruckschicken", "zurucksenden", "rucksendung", "retoure", "retouren", "erstattung", "erstattet", "ruckerstattung", "widerruf":
		return "return"
	case "exchange", "exchanged", "swap", "umtausch", "umtauschen", "tauschen":
		return "exchange"
	case "pay", "paid", "paying", "payment", "bezahlen", "bezahlt", "bezahlung", "zahlen", "zahlung", "zahlungen", "zahlungsart", "zahlungsarten":
		return "payment"
	case "invoice", "rechnung":
		return "invoice"
	case "warranty", "guarantee", "guaranteed", "garantie", "gewahrleistung":
		return "warranty"
	case "contact", "kontakt", "kontaktieren":
		return "contact"
	case "phone", "telephone", "call", "telefon", "telefonnummer", "anrufen", "hotline":
		return "phone"
	case "mail", "email":
		return "mail"
	case "cancel", "cancelled", "cancellation", "stornieren", "stornierung", "storno":
		return "cancel"
	case "repair", "repaired", "mend", "reparatur", "reparaturen", "reparieren":
		return "repair"
	case "duty", "custom", "import", "tariff", "zoll", "zolle":
		return "customs"
	case "uk", "kingdom", "britain", "england":
		return "uk"
	case "parcel", "package", "packet", "paket":
		return "parcel"
	case "lost", "missing", "arrive", "arrived", "verloren", "angekommen":
		return "arrival"
	case "vat", "tax", "mwst", "mehrwertsteuer", "steuer":
		return "tax"
	case "shop", "store", "laden":
		return "shop"
	case "size", "grosse":
		return "size"
	case "discount", "rabatt":
		return "discount"
	case "free", "kostenlos", "gratis":
		return "free"
	case "weight", "weigh", "heavy", "heavier", "heaviest", "lighter", "lightest", "gewicht", "wiegt", "schwer", "leichter":
		return "weight"
	case "colour", "color", "farbe", "farben":
		return "colour"
	case "rating", "rated", "review", "star", "bewertung", "bewertungen":
		return "rating"
	}
	return ""
}

// kindred reports how well two families of words answer each other: a
// telephone number is a way to contact.
func kindred(a, b string) float64 {
	switch {
	case a == "" || b == "":
		return 0
	case a == b:
		return 0.85
	case a == "send" && b == "shipping":
		return 0.7
	case a == "shipping" && b == "send":
		return 0.5
	case a == "contact" && (b == "phone" || b == "mail"):
		return 0.7
	case b == "contact" && (a == "phone" || a == "mail"):
		return 0.5
	}
	return 0
}

// terms reports whether a family is of what a shop's pages lay down: who asks
// for it asks the pages, whatever else the question names.
func ofTerms(family string) bool {
	switch family {
	case "shipping", "send", "return", "exchange", "payment", "invoice", "warranty", "contact", "phone", "mail", "cancel", "repair", "customs":
		return true
	}
	return false
}

// scaffold reports whether token only holds a question together, in the way
// that retrieval's stop words do: "does it take", "is it possible", "what
// happens if".
func scaffold(token string) bool {
	switch token {
	case "take", "taking", "taken", "possible", "possibly", "work", "happen", "go", "going", "know", "let", "way", "able", "allow", "allowed", "accept", "accepted",
		"offer", "provide", "come", "up", "still", "already", "now", "currently", "exactly", "usually", "actually", "etc", "question", "ask", "option", "thing", "stuff", "more", "most", "least", "only", "compare", "comparison", "difference", "differ", "versu", "vs", "better", "highest", "lowest",
		"dauert", "dauern", "geht", "gehen", "moglich", "funktioniert", "passiert", "bekomme", "bekommen", "macht", "machen", "nehmt", "nehmen",
		"akzeptiert", "akzeptieren", "bietet", "anbieten", "artikel", "eure", "euer", "euren", "eurem", "eurer", "ihre", "ihr", "ihren", "man", "wenn", "nach", "wird", "werden", "sache", "sachen":
		return true
	}
	return false
}

// ofPlaces reports whether p speaks of countries, and so of those that it does not
// name, too: outside of this table, worldwide. The row of a table does if it is
// of the rest; that of another country does not.
func (p *passage) ofPlaces() bool {
	if len(p.cells) > 0 {
		return slices.ContainsFunc(retrieval.Tokens(p.cells[0]), func(t string) bool {
			switch t {
			case "rest", "other", "eu", "europe", "world", "international", "europa", "ubrige", "andere", "welt", "reste", "autre", "resto", "otro", "altri", "overige":
				return true
			}
			return false
		})
	}
	return slices.ContainsFunc(p.own, func(t string) bool {
		switch t {
		case "country", "abroad", "international", "internationally", "worldwide", "world", "overseas",
			"land", "lander", "ausland", "weltweit", "etranger", "monde", "pais", "paise", "extranjero", "mundo",
			"paesi", "estero", "mondo", "landen", "buitenland", "wereldwijd":
			return true
		}
		return false
	})
}

// general reports whether token asks for what there is on a subject and names
// none: "your return policy", "information on sizes".
func general(token string) bool {
	switch token {
	case "policy", "condition", "term", "rule", "info", "information", "detail", "guide", "richtlinie", "richtlinien", "bedingungen", "regeln", "informationen":
		return true
	}
	return false
}

// Words after "how" that ask for a time, and words that do by themselves.
func afterHow(token string) (when, amount bool) {
	switch token {
	case "long", "soon", "fast", "quick", "quickly", "late", "lange", "lang", "schnell":
		return true, false
	case "much", "viel":
		return false, true
	}
	return false, false
}

func asksWhen(token string) bool {
	switch token {
	case "when", "wann", "dauer", "duration", "deadline", "frist", "quand", "delai", "cuando", "plazo", "quando", "wanneer":
		return true
	}
	return false
}

func asksAmount(token string) bool {
	switch token {
	case "price", "cost", "fee", "kostet", "kosten", "preis", "preise", "gebuhr", "gebuhren", "wieviel",
		"prix", "coute", "coutent", "combien", "frais", "precio", "cuesta", "cuestan", "cuanto", "prezzo", "costa", "costano", "quanto", "prij", "prijs", "kost", "hoeveel":
		return true
	}
	return false
}

// What answers a question for a time, an amount or a way to get in touch. Only
// those quotes are preferred by them; nothing is read out of them.
var (
	timeSpan = regexp.MustCompile(`(?i)(?:\b\d{1,2}:\d{2}\b|\b\d{1,2}\s?(?:am|pm|uhr)\b|\b(?:hours?|days?|weeks?|stunden|tage|werktage|wochen)\s?:\s?\d|` +
		`\b(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|thirty|same|next|working|business|` +
		`einen?|eine[mr]?|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf|vierzehn|dreißig|nächsten?|selben|une?|deux|trois|quatre|cinq|dos|tres|due|tre|een|twee|drie)` +
		`(?:[ \x{a0}-]+(?:full|working|business|calendar|volle|ouvrables|ouvrés))?[ \x{a0}-]*` +
		`(?:min(?:ute)?s?|h|hours?|days?|weeks?|months?|years?|minuten?|stunden?|tage?n?|werktage?n?|wochen?|monate?n?|jahre?n?|` +
		`minutes?|heures?|jours?|semaines?|mois|ans?|horas?|días?|semanas?|mes(?:es)?|años?|or[ae]|giorn[oi]|settiman[ae]|mes[ei]|ann[oi]|uur|dag(?:en)?|weken|maand(?:en)?|jaar)\b)`)
	sum      = regexp.MustCompile(`(?i)[€$£¥]\s?\d|\d\s?(?:[€$£¥%]|(?:eur|euros?|usd|dollars?|gbp|pounds?|chf|sek|nok|dkk|pln|czk|kr)\b)|\b(?:eur|usd|gbp|chf|sek|nok|dkk|pln|czk)\s?\d`)
	forFree  = regexp.MustCompile(`(?i)\b(?:free|gratis|kostenlos|kostenfrei|versandkostenfrei|umsonst|gratuite?s?|no charge)\b`)
	toReach  = regexp.MustCompile(`(?i)\S@\S|\b(?:e-?mail|(?:tele)?phone|telefon|téléphone|teléfono|telefono|telefoon)\b|\+\d{2}`)
	dangling = regexp.MustCompile(`^(?:They|It|This|These|Those|That|He|She|Sie|Es|Er|Diese[rs]?|Das|Dies|Dazu|Then|Dann)\b`)
)
