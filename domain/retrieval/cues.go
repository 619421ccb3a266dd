package retrieval

import (
	"regexp"
	"strings"
)

// The words around an amount that make a bound of it, in the languages of shops:
// English, German, French, Spanish, Italian and Dutch. Accents may be missing, as
// they are where people type in a hurry.
const (
	lessCues = `under|below|less than|cheaper than|lower than|beneath|sub|<|` +
		`unter|weniger als|günstiger als|billiger als|preiswerter als|` +
		`moins de|moins ch(?:er|ers|[eè]res?) que|(?:en|au)[ -]dessous de|sous|inf[eé]rieure?s? [aà]|` +
		`menos de|por debajo de|m[aá]s barat[oa]s? (?:que|de)|inferior(?:es)? a|` +
		`meno di|sotto(?: i| gli)?|inferior[ei] a(?:i| )|pi[uù] economic(?:o|a|i|he) di|meno car[oaei] di|` +
		`onder(?: de)?|minder dan|goedkoper dan|lager dan`
	upToCues = `up to(?: and including)?|at (?:the )?most|max\.?(?:imum)?|within|budget(?: is)?|limit(?: is)?|≤|<=|` +
		`bis(?: zu| maximal| höchstens)?|maximal|höchstens|` +
		`jusqu['’]?\s?[aà]|au maximum|au plus|` +
		`hasta|como m[aá]ximo|m[aá]ximo|` +
		`fino a(?:i| )|al massimo|massimo|` +
		`tot(?: en met| maximaal)?|hoogstens|maximaal`
	overCues = `over|above|more than|more expensive than|dearer than|pricier than|costlier than|higher than|exceed(?:ing|s)?|greater than|>|` +
		`über|mehr als|teurer als|` +
		`plus de|plus ch(?:er|ers|[eè]res?) que|au[ -]dessus de|sup[eé]rieure?s? [aà]|` +
		`m[aá]s de|m[aá]s car[oa]s? (?:que|de)|por encima de|superior(?:es)? a|` +
		`pi[uù] di|pi[uù] car[oaei] di|oltre|sopra(?: i| gli)?|superior[ei] a(?:i| )|` +
		`meer dan|boven(?: de)?|duurder dan|hoger dan`
	fromCues = `at least|min\.?(?:imum)?|from|starting (?:at|from)|≥|>=|` +
		`mindestens|ab|von mindestens|` +
		`[aà] partir de|au moins|d[eè]s|au minimum|` +
		`desde|a partir de|al menos|por lo menos|como m[ií]nimo|m[ií]nimo|` +
		`a partire da|almeno|minimo|da|` +
		`vanaf|minstens|minimaal|ten minste`
	// What may stand between the cue and the amount.
	cueLinks = `(?:of|is|are|a|the|price of|prices of|around|about)`

	// The same behind an amount: "30 max", "30 or more".
	lessAfter = `(?:or|oder|and|und|ou|et|o|y|of|en) (?:less|under|below|cheaper|lower|weniger|g[uü]nstiger|drunter|moins|menos|meno|minder|goedkoper)|` +
		`max\.?(?:imum)?|tops|at (?:the )?(?:very )?most|maximal|höchstens|au plus|au maximum|como m[aá]ximo|m[aá]ximo|al massimo|massimo|maximaal|hoogstens`
	moreAfter = `(?:or|oder|and|und|ou|et|o|y|e|of|en) (?:more|over|above|up(?:wards?)?|higher|mehr|drüber|aufwärts|plus|m[aá]s|pi[uù]|meer|hoger)|` +
		`up|upwards?|aufwärts|en adelante|in su|min\.?(?:imum)?|at least|mindestens|au moins|al menos|almeno|minstens|minimaal`

	// The same again behind an amount with a cue before it: "from 30 up".
	goOnAfter = `(?:and|und) (?:up(?:wards?)?|more|mehr)|or (?:more|less|above|below|higher)|up|upwards?|aufwärts|en adelante|in su|oder (?:mehr|weniger)`

	rangeStarts = `between|btw|from|zwischen|von|entre(?: les| los)?|de|desde|tra(?: i| gli)?|fra(?: i| gli)?|dai?|tussen(?: de)?|van`
	rangeLinks  = `-|–|—|\.\.+|…|&|(?:and|(?:up )?to|till|und|bis|et|[aà]|y|e|en|tot|hasta)(?: (?:i|gli|les|los|de))?`
)

// cue is what the words before an amount make of it.
type cue struct {
	max    bool
	strict bool // the amount itself is outside
	firm   bool // says a price even before a word like "colours" would follow
	weak   bool // says a time, a size or a place as often: it takes a currency
}

var (
	lessCue = regexp.MustCompile(`(?i)^(?:` + lessCues + `)$`)
	upToCue = regexp.MustCompile(`(?i)^(?:` + upToCues + `)$`)
	overCue = regexp.MustCompile(`(?i)^(?:` + overCues + `)$`)
	// firmCue finds what is said of prices only.
	firmCue = regexp.MustCompile(`(?i)cheap|less than|under|below|lower|beneath|<$|^(?:unter|weniger|günstiger|billiger|preiswerter|teurer|budget|limit|moins|menos|meno|minder|goedkoper|duurder|plus ch)|expensive|dearer|pricier|costlier|barat|car[oaei]s? |economic`)
	// weakCue finds what may begin a time, a size or a place as well as a price: it
	// takes a currency.
	weakCue = regexp.MustCompile(`(?i)^(?:within|from|sub|bis|ab|tot|da|d[eè]s|desde|hasta|sous|sotto|sopra|onder|boven|oltre|limit)\b`)
)

func cueOf(words string) cue {
	w := strings.Join(strings.Fields(words), " ")
	// What is written together with the blank behind it has lost it.
	is := func(re *regexp.Regexp) bool { return re.MatchString(w) || re.MatchString(w+" ") }
	c := cue{firm: firmCue.MatchString(w)}
	switch {
	case is(lessCue):
		c.max, c.strict = true, true
	case is(upToCue):
		c.max = true
	case is(overCue):
		c.strict = true
	}
	return c // at least, from
}

// not returns what c says after a "not": not more than is up to, not under is
// from.
func (c cue) not() cue { c.max, c.strict = !c.max, !c.strict; return c }

// denying returns the word at which a negation of what begins at the byte start
// begins, -1 if there is none: "that do not cost more than". Between the two only
// words may stand that speak of costing.
func (q *reading) denying(start int) int {
	i := -1
	for n, w := range q.words {
		if w.end <= start {
			i = n
		}
	}
	for fillers := 0; i >= 0 && fillers <= 4; fillers++ {
		switch w := q.words[i].folded; {
		case wordIn("no not nothing never dont doesnt didnt wont cant cannot isnt arent shouldnt mustnt couldnt wouldnt nicht nichts kein keine keinen pas non niet niets geen", strings.ReplaceAll(w, "'", "")):
			return i
		case wordIn("cost costs costing priced spend pay want to be go going is are any should must can will it that a kosten kostet sein ist be for "+
			"cuesten cueste costino costi costano coute coutent quiero pagar", w):
			i--
		default:
			return -1
		}
	}
	return -1
}
