package retrieval

import (
	"regexp"
	"strings"
)

// How orders that are no prices are asked for, in English, German, French, Spanish,
// Italian and Dutch. French has the article before "plus", or it is a comparison.
// "New" alone says nothing: a new jacket is one that nobody wore.
var (
	newestPhrase = regexp.MustCompile(wishStart + strings.Join([]string{
		`(?:the |your )?(?:very )?(?:newest|latest|most recent(?:ly added)?|(?:recently|newly) added)(?: (?:arrivals?|additions?))?`,
		`(?:the |your )?new(?:ly)? (?:arrivals?|arrived|additions?)`, `(?:what(?:['’]?s| is)|anything|something) new`,
		`neueste[nmrs]?|neuste[nmrs]?|neuheiten|neuzugänge|neu eingetroffen(?:e[nmrs]?)?|was (?:gibt es neues|gibt['’]?s neues|ist neu)`,
		`nouveaut[ée]s?|(?:le|la|les) plus r[ée]cente?s?|(?:les )?derniers (?:arrivages|produits|articles)|quoi de neuf`,
		`novedades|(?:(?:el|la|los|las) )?m[áa]s (?:nuev[oa]s?|recientes?)|reci[ée]n llegad[oa]s?|qu[ée] hay de nuevo`,
		`novit[àa]['’]?|(?:(?:il|la|i|gli|le) )?pi[ùu]['’]? (?:nuov[oaie]|recent[ei])|(?:nuovi|ultimi) arrivi`,
		`(?:(?:de|het) )?nieuwste|nieuw binnen|nieuwigheden|wat is er nieuw`,
	}, `|`) + wishEnd)
	ratedPhrase = regexp.MustCompile(wishStart + strings.Join([]string{
		`(?:the )?(?:best|top|highest)[ -](?:rated|reviewed|scored)`, `(?:(?:with|has|have) )?(?:the )?(?:best|highest|top) (?:(?:customer|average|user) )?(?:ratings?|reviews?)`, `(?:the )?most stars`,
		`(?:am )?(?:best(?:en)?|höchst(?:en)?)[ -]?bewertet(?:e[nmrs]?)?|(?:mit )?(?:(?:den|der|die) )?(?:besten?|höchsten?) (?:kunden)?bewertung(?:en)?`,
		`(?:(?:le|la|les) )?mieux (?:not[ée]|[ée]valu[ée]|cot[ée])e?s?|(?:avec )?(?:(?:la|le|les) )?meilleure?s? (?:notes?|avis|[ée]valuations?)`,
		`(?:(?:el|la|los|las) )?mejor(?:es)? (?:valorad|puntuad|calificad|evaluad)[oa]s?|mejor(?:es)? (?:valoraci[óo]n(?:es)?|opiniones|reseñas|calificaci[óo]n(?:es)?|puntuaci[óo]n(?:es)?)`, //nolint:misspell // Spanish
		`(?:(?:il|la|i|gli|le) )?(?:meglio|pi[ùu]['’]?) (?:recensit|valutat|votat)[oaie]|miglior[ei]? (?:recension[ei]|valutazion[ei])`,
		`(?:(?:de|het) )?(?:best|hoogst) (?:beoordeelde?|gewaardeerde?)|(?:beste|hoogste) (?:beoordeling(?:en)?|waardering(?:en)?|reviews?)`,
	}, `|`) + wishEnd)
	lightPhrase = regexp.MustCompile(wishStart + strings.Join([]string{
		`(?:the )?(?:lightest(?:[ -]weight)?|most lightweight|least heavy)`,
		`(?:am )?leichteste[nmrs]?`,
		`(?:le|la|les) (?:plus l[ée]g(?:er|[èe]re)s?|moins lourde?s?)`,
		`(?:(?:el|la|los|las) )?(?:m[áa]s (?:liger|livian)[oa]s?|menos pesad[oa]s?)`,
		`(?:(?:il|la|i|gli|le) )?(?:pi[ùu]['’]? legger[oaie]|meno pesant[ei])`,
		`(?:(?:de|het) )?(?:lichtste|minst zware?)`,
	}, `|`) + wishEnd)
	heavyPhrase = regexp.MustCompile(wishStart + strings.Join([]string{
		`(?:the )?(?:heaviest(?:[ -]weight)?|least light)`,
		`(?:am )?schwerste[nmrs]?`,
		`(?:le|la|les) (?:plus lourde?s?|moins l[ée]g(?:er|[èe]re)s?)`,
		`(?:(?:el|la|los|las) )?m[áa]s pesad[oa]s?`,
		`(?:(?:il|la|i|gli|le) )?pi[ùu]['’]? pesant[ei]`,
		`(?:(?:de|het) )?zwaarste`,
	}, `|`) + wishEnd)
)

// ordering is an order and how it is asked for.
type ordering struct {
	sort   Sort
	phrase *regexp.Regexp
}

// orderings are those orders that are no prices.
func orderings() []ordering {
	return []ordering{{NewestFirst, newestPhrase}, {BestRatedFirst, ratedPhrase}, {LightestFirst, lightPhrase}, {HeaviestFirst, heavyPhrase}}
}

// late reports whether the "latest" at s speaks of an hour and not of a product:
// the latest that I can order, the latest delivery date.
func (q *reading) late(s span) bool {
	if !strings.HasSuffix(strings.ToLower(q.text[s.start:s.end]), "latest") {
		return false
	}
	next := ""
	for _, w := range q.words {
		if w.start >= s.end {
			next = w.token
			break
		}
	}
	switch next {
	case "product", "item", "thing", "article", "stuff":
		return false
	case "", "time", "date", "day", "hour", "moment", "order", "version", "update", "news":
		return true
	}
	return stopWord(next) || policyWord(next)
}
