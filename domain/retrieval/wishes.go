package retrieval

import (
	"regexp"
	"slices"
	"strings"
)

// What a question says of stock, sales and the order, in the languages of shops.
var (
	stockPhrase = regexp.MustCompile(wishStart + strings.Join([]string{
		`(?:currently |still |now |right now |immediately )?(?:in[ -]?stock|on stock|available(?: (?:right )?(?:now|today|immediately|at once|for immediate \pL+))?)`, `ready to (?:ship|go)`,
		`(?:can|could|will) (?:be )?ship(?:ped)? (?:right )?(?:now|today|at once|immediately)`, `(?:(?:that )?(?:can |could )?(?:i|we) (?:can |could )?)?(?:get|have|buy) (?:it |them |one )?(?:right now|immediately|at once|today)`,
		`auf lager`, `vorrätige?[nrs]?`, `lagernde?[nrs]?`, `(?:sofort |direkt |jetzt )?(?:verfügbar|lieferbar|erhältlich)e?[nrs]?`,
		`en stock`, `disponibles?(?: (?:imm[eé]diatement|maintenant|tout de suite|de suite|ya|ahora|inmediatamente))?`,
		`en existencias?`, `in stock`, `disponibil[ei](?: (?:subito|ora|adesso))?`, `(?:in|a) magazzino`, `(?:in )?pronta consegna`,
		`op voorraad`, `(?:direct |nu |meteen )?(?:leverba(?:ar|re)|beschikba(?:ar|re)|verkrijgba(?:ar|re))`,
	}, `|`) + wishEnd)
	// unsoldPhrase says of stock what is not: not sold out.
	unsoldPhrase = regexp.MustCompile(wishStart + strings.Join([]string{
		`(?:not|isn['’]?t|aren['’]?t|never) (?:currently |yet )?(?:sold out|out of stock|unavailable)`, `nicht ausverkauft`, `pas (?:[eé]puis[eé]e?s?|en rupture(?: de stock)?)`, `no agotad[oa]s?`, `non esaurit[oaie]`, `niet uitverkocht`,
	}, `|`) + wishEnd)
	salePhrase = regexp.MustCompile(wishStart + strings.Join([]string{
		`(?:that )?(?:on sale|in (?:the |your )?sales?|on (?:special )?offer|on discount|at (?:a )?discount(?:ed prices?)?|with (?:a )?(?:discount|price cut|reduction)|discounted|marked down|reduced(?: in price)?|sale (?:items?|products?)|` +
			`on promo(?:tion)?|(?:special offers?|deals?|bargains?)(?: on| for)?|on clearance|in the clearance)`,
		`reduzierte?[rns]?`, `(?:im|in dem) (?:angebot|sale|ausverkauf|schlussverkauf)`, `mit (?:einem )?(?:rabatt|nachlass)`, `rabattierte?[rns]?`, `her[au][bn]?u?[nt]?e?r?gesetzte?[rns]?`, `ermäßigte?[rns]?`,
		`en (?:promo(?:tion)?s?|soldes?|r[eé]duction)`, `sold[eé]e?s?`, `[aà] prix r[eé]duit`, `avec (?:une )?(?:remise|r[eé]duction)`, `remis[eé]e?s?`,
		`(?:en|de) (?:ofertas?|rebajas?|promoci[oó]n|liquidaci[oó]n)`, `rebajad[oa]s?`, `con (?:un )?descuento`,
		`in (?:offerta|saldo|sconto|promozione|promo)`, `scontat[oaie]`, `con (?:lo |uno )?sconto`, `ribassat[oaie]`,
		`in de (?:aanbieding|uitverkoop|sale)`, `met korting`, `afgeprijsde?`, `in (?:de )?actie`,
	}, `|`) + wishEnd)
	lowPhrase = regexp.MustCompile(wishStart + strings.Join([]string{
		`(?:the )?(?:cheapest|lowest[- ]pric(?:ed?|ing)|least (?:expensive|costly)|most affordable|lowest cost)(?: (?:ones?|first))?`, `(?:with|at|for) the lowest price`, `(?:the )?lowest prices?(?: first)?`,
		`(?:sort(?:ed)?|order(?:ed)?) by price`, `price (?:low to high|ascending)`,
		`(?:am )?(?:günstigste|billigste|preiswerteste|preisgünstigste)[rns]?`, `zum (?:niedrigsten|kleinsten|besten) preis`,
		`moins ch(?:er|ers|[eè]res?)`, `(?:plus )?[eé]conomiques`, `au prix le plus bas`,
		`m[aá]s (?:barat|econ[oó]mic)[oa]s?`, `menos car[oa]s?`, `al precio m[aá]s bajo`,
		`pi[uù] (?:economic(?:o|a|i|he)|convenient[ei])`, `meno (?:car[oaei]|costos[oaei])`, `al prezzo pi[uù] basso`,
		`goedkoopste`, `voordeligste`, `laagst geprijsde?`, `met de laagste prijs`,
	}, `|`) + wishEnd)
	highPhrase = regexp.MustCompile(wishStart + strings.Join([]string{
		`(?:the )?(?:most (?:expensive|costly)|priciest|dearest|costliest|highest[- ]pric(?:ed?|ing))(?: (?:ones?|first))?`, `(?:with|at|for) the highest price`, `(?:the )?highest prices?(?: first)?`, `price (?:high to low|descending)`,
		`(?:am )?(?:teuerste|teuersten)[rns]?`, `zum höchsten preis`,
		`plus ch(?:er|ers|[eè]res?)`, `m[aá]s car[oa]s?`, `pi[uù] (?:car[oaei]|costos[oaei])`, `duurste`,
	}, `|`) + wishEnd)
)

// What stands around a phrase, which is the first group.
const (
	wishStart = `(?i)` + before + `(`
	wishEnd   = `)(?:[^\pL\pN]|$)`
)

// readPhrases finds stock, sale and superlatives.
func (q *reading) readPhrases() {
	q.gone = append(q.gone, q.phrases(shopPhrase)...)
	for _, s := range q.fresh(unsoldPhrase, stockPhrase) {
		if !q.out.Filter.InStock {
			q.because("in stock")
		}
		q.out.Filter.InStock = true
		q.gone = append(q.gone, s)
	}
	for _, s := range q.fresh(salePhrase) {
		if !q.out.Filter.OnSale {
			q.because("on sale")
		}
		q.out.Filter.OnSale = true
		q.gone = append(q.gone, s)
	}
	for _, s := range q.fresh(lowPhrase) {
		q.sorted(CheapestFirst, s)
	}
	for _, s := range q.fresh(highPhrase) {
		q.sorted(DearestFirst, s)
	}
	for _, o := range orderings() {
		for _, s := range q.fresh(o.phrase) {
			if o.sort != NewestFirst || !q.late(s) {
				q.sorted(o.sort, s)
			}
		}
	}
}

func (q *reading) sorted(by Sort, s span) {
	q.out.Sort = by
	q.gone = append(q.gone, s)
	q.because(by.String())
}

// fresh returns where phrases stand that are no part of what was read already:
// who asks for what is cheaper than 30 asks for no order.
func (q *reading) fresh(phrases ...*regexp.Regexp) []span {
	var out []span
	for _, phrase := range phrases {
		for _, s := range q.phrases(phrase) {
			if !slices.ContainsFunc(q.gone, func(g span) bool { return g.start < s.end && s.start < g.end }) {
				out = append(out, s)
			}
		}
	}
	return out
}

// phrases returns where phrase stands and is not denied.
func (q *reading) phrases(phrase *regexp.Regexp) []span {
	var out []span
	for at := 0; at < len(q.text); {
		m := phrase.FindStringSubmatchIndex(q.text[at:])
		if m == nil {
			break
		}
		s := span{at + m[2], at + m[3]}
		at = s.end // what ends one phrase may stand before the next
		if !q.denied(s.start) {
			out = append(out, s)
		}
	}
	return out
}

// denied reports whether the words before start say the contrary, or ask when.
func (q *reading) denied(start int) bool {
	last := ""
	for _, w := range q.words {
		if w.start < start {
			last = w.folded
		}
	}
	return wordIn("not isn't isnt aren't arent wasn't wasnt nicht never back no longer un pas non niet wieder", last)
}
