package chat

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// facts are what one Evidence says, for checking sentences against it.
type facts struct {
	meant    bool // the sentence is about this product
	card     *Card
	text     string // plain and lower case: title, address and text
	visible  string // as text, for codes
	amounts  map[int64][]currency
	numbers  map[int64]bool
	percents map[int64]bool
	free     bool
}

func factsOf(e Evidence) facts {
	all := e.Title + "\n" + e.URL + "\n" + e.Text
	f := facts{
		card: e.Card, text: strings.ToLower(plain(all)), visible: strings.ToLower(visible(all)),
		amounts: map[int64][]currency{}, numbers: map[int64]bool{}, percents: map[int64]bool{},
	}
	// Line by line: the number of one line has nothing to do with the next.
	for line := range strings.SplitSeq(plain(e.Title+"\n"+e.Text), "\n") {
		for _, n := range numbersIn(line) {
			for _, v := range n.meant() {
				f.numbers[v] = true
				if n.money {
					f.amounts[v] = append(f.amounts[v], n.currency)
				}
				if n.percent {
					f.percents[v] = true
				}
			}
		}
	}
	f.addDiscount(e.Card)
	_, nothing := f.amounts[0]
	f.free = nothing || free.MatchString(f.text)
	return f
}

// addDiscount adds the discount that a card's prices amount to, rounded as a
// shop rounds it.
func (f *facts) addDiscount(c *Card) {
	if c == nil || !c.Price.OnSale || c.Price.RegularMax.Minor <= 0 {
		return
	}
	const percent = 10_000
	for _, pair := range [][2]catalog.Money{{c.Price.Min, c.Price.RegularMin}, {c.Price.Max, c.Price.RegularMax}} {
		if now, before := pair[0].Minor, pair[1].Minor; now > 0 && now < before {
			off := (before - now) * 100
			f.percents[off/before*percent] = true
			f.percents[(off+before/2)/before*percent] = true
			f.percents[(off*10+before/2)/before*(percent/10)] = true // one decimal
		}
	}
}

// bounds ends in a word after which an amount is a limit and not a price.
var bounds = regexp.MustCompile(`(?i)(?:^|[^\p{L}])(?:under|below|over|above|than|up to|within|maximum of|max\.?|budget of|between|unter|über|bis|als|zwischen)[ ]*(?:\p{Sc}?\d[\d.,]*[ ]*(?:€|eur|euros?)?[ ]*(?:and|und|to|bis|-)[ ]*)?$`)

// amountsHold checks every amount and percentage of c.
func (g *Gate) amountsHold(c claim) bool {
	if strings.ContainsFunc(c.text, unicode.IsDigit) {
		for _, n := range numbersIn(c.text) {
			if !g.numberHolds(c, n) {
				return false
			}
		}
	}
	for _, m := range spelled.FindAllStringSubmatch(c.text, -1) {
		said := strings.ToLower(m[1])
		if !c.any(func(f facts) bool { return strings.Contains(f.text, said) }) {
			return false
		}
	}
	return true
}

func (g *Gate) numberHolds(c claim, n number) bool {
	before := tail(c.text[:n.from])
	switch {
	case n.percent:
		negated := denied.MatchString(before)
		return slices.ContainsFunc(n.claimed(), func(v int64) bool {
			return negated && g.asked[v] || c.any(func(f facts) bool { return f.percents[v] })
		})
	case n.money && n.scaled:
		said := strings.ToLower(strings.TrimSpace(c.text[n.from:min(len(c.text), n.to+2)]))
		return c.any(func(f facts) bool { return strings.Contains(f.text, said) })
	case n.money:
		// "Nothing under 30 euros" repeats the shopper's bound; "it costs 30
		// euros" would be a price.
		bound := bounds.MatchString(before)
		return slices.ContainsFunc(n.claimed(), func(v int64) bool {
			return bound && g.asked[v] || c.any(func(f facts) bool { return slices.ContainsFunc(f.amounts[v], n.currency.fits) })
		})
	case priced.MatchString(n.text) || bare(c.text):
		return slices.ContainsFunc(n.meant(), func(v int64) bool { return c.any(func(f facts) bool { return f.numbers[v] }) })
	}
	return true
}

// ordinal is the number of a list, alone on its line.
var ordinal = regexp.MustCompile(`^\s*\d{1,2}[.)]\s*$`)

// bare reports whether text is nothing but numbers, as a cell of a table or a
// line of its own: what they count stands somewhere else.
func bare(text string) bool {
	if strings.HasPrefix(strings.TrimSpace(text), "|") {
		for cell := range strings.SplitSeq(text, "|") {
			if strings.ContainsFunc(cell, unicode.IsDigit) && !strings.ContainsFunc(cell, unicode.IsLetter) {
				return true
			}
		}
		return false
	}
	return !strings.ContainsFunc(text, unicode.IsLetter) && !ordinal.MatchString(text)
}

// Words for numbers, before a word for money or a share.
const (
	tens = `a|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|dozen|` +
		`ein|eine|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|\p{L}*(?:zehn|zig|ßig|hundert|tausend)|` +
		`un|deux|trois|quatre|cinq|sept|huit|neuf|dix|onze|douze|quinze|vingts?|trente|quarant[ea]|cinquante|soixante|cents?|mille|` +
		`dos|tres|cuatro|cinco|siete|ocho|nueve|diez|once|doce|veinte|treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa|cien|ciento|mil|` +
		`due|tre|quattro|cinque|sei|sette|otto|nove|dieci|venti|trenta|cinquanta|cento|` +
		`een|twee|drie|vijf|zes|zeven|negen|tien|\p{L}*tig|honderd|duizend`
	coins = `euros?|dollars?|dólares|dollari|pounds?|pfund|quid|bucks?|francs?|franken|kron[eo]r|kronen|pesos?|yen|rupees?|pence|percent|per cent|prozent|pour cent|por ciento|per cento|procent`
)

var spelled = regexp.MustCompile(`(?i)(?:^|[^\p{L}])((?:` + tens + `)(?:[ -](?:` + tens + `|and|und|et|y|e|en))*[ -](?:` + coins + `))(?:[^\p{L}]|$)`)

// denied ends in a word that says no to what follows.
var denied = regexp.MustCompile(`(?i)(?:^|[^\p{L}])(?:no|not|nothing|none|never|neither|without|\p{L}+n't|cannot|kein\p{L}*|nicht|nichts|nie|ohne|pas|aucun\p{L}*|rien|ningún|ninguna|nada|nessun\p{L}*|niente|non|niet|geen|niets)(?: [\p{L}']+){0,3}[ ]*$`)

// Words for discounts.
var (
	halfPrice = regexp.MustCompile(`(?i)(?:half|½)[ -]?price|half (?:off|the price)|halbe[nrm]? preis|moitié prix|moitié du prix|mitad de(?:l)? precio|metà prezzo|halve prijs`)
	multiBuy  = regexp.MustCompile(`(?i)buy (?:one|two|three|\d),? (?:and )?get|bogo|(?:two|three|four|2|3|4) for (?:one|two|three|the price|1|2|3)(?:[^\d\p{L}]|$)|\d für \d|\d ?x ?1(?:[^\d]|$)|\d pour \d|\d por \d`)
	aPartOff  = regexp.MustCompile(`(?i)(?:a|one|two) (?:third|quarter|fifth|tenth)s? (?:off|less|cheaper)|(?:ein drittel|ein viertel) (?:günstiger|billiger|rabatt|weniger)`)
	onSale    = regexp.MustCompile(`(?i)(?:^|[^\p{L}])(?:on sale|discounted|(?:price )?reduced (?:from|in price|price)|on (?:special )?offer|special offer|im angebot|im sale|rabattiert\p{L}*|(?:preis)?reduziert\p{L}*|herabgesetzt\p{L}*|en promo(?:tion)?|en solde|soldé\p{L}*|en oferta|rebajad\p{L}*|in offerta|scontat\p{L}*|in de aanbieding|afgeprijsd)`)
)

// offers are words for discounts: one must be in the evidence by any word that
// means the same.
func offers() []*regexp.Regexp { return []*regexp.Regexp{halfPrice, multiBuy, aPartOff, onSale} }

// offersHold checks the words for discounts.
func (c claim) offersHold() bool {
	for _, offer := range offers() {
		for _, at := range offer.FindAllStringIndex(c.text, -1) {
			if denied.MatchString(tail(c.text[:at[0]+1])) || denied.MatchString(tail(c.text[:at[0]])) {
				continue
			}
			if !c.any(func(f facts) bool {
				return offer.MatchString(f.text) || offer == onSale && f.card != nil && f.card.Price.OnSale
			}) {
				return false
			}
		}
	}
	return true
}

// free says that something costs nothing; free of, sugar-free and feel free do
// not.
var free = regexp.MustCompile(`(?i)(?:^|[^\p{L}-])(?:for free|free of charge|complimentary|at no (?:extra |additional )?(?:cost|charge)|` +
	`free (?:standard |express |worldwide |home |international |local )?(?:shipping|delivery|postage|returns?|exchanges?|gifts?|gift|samples?|trial|repairs?|collection|pick-?up|wrapping)|` +
	`free (?:from|over|above|ab|on orders?|for orders?|worldwide|within) ?(?:over |above |from |of )?[\p{Sc}\d]|free (?:on|for) (?:all )?orders?|` +
	`(?:is|are|comes?|ships?|delivered|returned|it's|they're|(?:shipping|delivery|returns?|postage)[:|]?) (?:[\p{L}]+ ){0,2}free(?:[.,;!?)\n|]| (?:for|on|over|above|when|if|and|as|with|worldwide)(?:[^\p{L}]|$)|$)|get (?:[\p{L}]+ ){1,3}free(?:[.,;!?\n]|$)|one free|` +
	`(?:^|\n)free\.?(?:\n|$)|gratis|kostenlos\p{L}*|kostenfrei\p{L}*|versandkostenfrei\p{L}*|portofrei|umsonst|gratuit\p{L}*|gratuiti?)(?:[^\p{L}]|$|\d)`)

// Words for what may be free.
var (
	shipping  = regexp.MustCompile(`(?i)shipping|ships|deliver|postage|versand|liefer|livraison|expédition|envío|entrega|spedizion|consegna|verzend|bezorg|frakt|fragt|dostaw`)
	returning = regexp.MustCompile(`(?i)return|exchange|rückgabe|rücksend|retour|umtausch|devoluci|resi|reso`)
	gift      = regexp.MustCompile(`(?i)gift|wrapping|geschenk|cadeau|regalo`)
)

func favours() []*regexp.Regexp { return []*regexp.Regexp{shipping, returning, gift} }

// freeHolds checks what is said to cost nothing: one source must say so of it.
func (c claim) freeHolds() bool {
	for _, at := range free.FindAllStringIndex(c.text, -1) {
		said := c.text[at[0]:at[1]]
		if denied.MatchString(tail(c.text[:at[0]])) || denied.MatchString(tail(c.text[:min(len(c.text), at[0]+1)])) || deniedWithin.MatchString(said) {
			continue
		}
		if !c.any(func(f facts) bool {
			if !f.free {
				return false
			}
			for _, favour := range favours() {
				if favour.MatchString(c.text) && !favour.MatchString(f.text) {
					return false
				}
			}
			return true
		}) {
			return false
		}
	}
	return true
}

var deniedWithin = regexp.MustCompile(`(?i)(?:is|are) (?:not|never)[^\p{L}]`)
