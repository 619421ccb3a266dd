package retrieval

import (
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// antecedent reports whether what the pronoun at i is about is named before it:
// there is a word that could be its name. A verb before it ("how do I wash it"),
// an adjective after "how" and what a "one" is like are none.
func (h *heard) antecedent(i int, p pronounKind) bool {
	if h.ownThing() && !(p == single && h.partOf(i)) {
		return true
	}
	like := i // where what a "one" is like begins: a bigger one
	for p == another && like > h.begin && !article(h.word(like-1)) && !h.held(like-1) {
		like--
	}
	for j := h.begin; j < like; j++ {
		switch {
		case h.held(j), h.constraint(j), h.word(j-1) == "how", h.word(j-1) == "wie":
		case j == i-1 && subject(h.word(j-1)):
		default:
			return true
		}
	}
	return false
}

// partOf reports whether the things that h names are what the one at i may come
// with or be for: does it come with a charger?
func (h *heard) partOf(i int) bool {
	if i != h.begin+1 || !linking(h.word(h.begin)) && !wordIn("does do will can has hat passt", h.word(h.begin)) {
		return false
	}
	at := i + 1
	for ; at < len(h.words); at++ {
		if wordIn("with without for have include includes need needs fit fits mit ohne zu", h.word(at)) {
			break
		}
	}
	return at < len(h.words) && !slices.ContainsFunc(h.reading.terms, func(t termSpan) bool {
		return isThing(t) && h.reading.words[t.from].start < h.words[at].start
	})
}

// held reports whether word i cannot be the name of a thing that is spoken of.
func (h *heard) held(i int) bool {
	w := h.word(i)
	return glue(w) || clauseWord(w) || preposition(w) || attributeWord(w) || priceOf(w) || availableWord(w) || subject(w) || aside(w) || termsWord(w)
}

// pronounKind says what a pronoun is about.
type pronounKind uint8

const (
	noPronoun pronounKind = iota
	single                // it, that one
	several               // they, which one
	another               // one of the same kind: a bigger one
)

// pronoun returns the first pronoun that is about something said before, and
// its place.
func (h *heard) pronoun() (int, pronounKind) {
	for i := range h.words {
		if p := h.pronounAt(i); p != noPronoun {
			return i, p
		}
	}
	return 0, noPronoun
}

func (h *heard) pronounAt(i int) pronounKind {
	w, before, next := h.word(i), h.word(i-1), h.word(i+1)
	ends := next == "" || glue(next) || preposition(next) || clauseWord(next) || attributeWord(next)
	last := i == len(h.words)-1
	switch w {
	case "it", "its":
		if expletive(h, i) {
			return noPronoun
		}
		return single
	case "they", "them", "their", "theirs", "both":
		return several
	case "this", "that":
		switch {
		case next == "one", thingWord(next):
			return single
		case before == "of" && next == "": // the price of that
			return single
		case last && (linking(before) || clauseWord(before) || preposition(before) || glue(before)):
			return single
		case linking(before) && i == h.begin+1 && !ownNoun(h, i+1): // is that waterproof
			return single
		case preposition(next) && (clauseWord(before) || linking(before) || before == "have" || before == "get"):
			return single
		}
	case "these", "those":
		switch {
		case next == "one" || next == "ones" || thingWord(next) || last:
			return several
		case linking(before) && i == h.begin+1 && !ownNoun(h, i+1):
			return several
		case preposition(next) && before != "":
			return several
		}
	case "one", "ones":
		switch {
		case before == "buy" || before == "get": // buy one get one
		case !ends || before == "" || before == "no" || before == "every" || before == "some" || before == "any":
			if w == "ones" && ends {
				return another
			}
		case before == "which":
			if slices.ContainsFunc(h.words[i:], func(x spoken) bool { return x.word == "or" || x.word == "oder" }) {
				return noPronoun // it names its own
			}
			return several
		case before == "this" || before == "that":
			return single
		default:
			return another
		}
	case "er", "ihn", "ihm", "es", "sie":
		if written := h.text[h.words[i].start:h.words[i].end]; w == "sie" && written != "sie" {
			return noPronoun // you
		}
		if german3(before) && !(w == "es" && before == "gibt") {
			return single
		}
	case "das", "die", "den", "der", "dieser", "diese", "dieses", "diesen", "deze", "dat", "dit", "hem":
		if (last || particle(next)) && (clauseWord(before) || linking(before) || german3(before) || particle(before) || preposition(before)) {
			return single
		}
		if (before == "ist" || before == "sind" || before == "is" || before == "zijn") && i == h.begin+1 && i+1 == len(h.words)-1 && !capital(h.text[h.words[i+1].start:]) && !ownNoun(h, i+1) {
			return single
		}
	case "dafur", "davon", "damit", "daran", "dazu", "ervoor", "ervan", "ermee":
		return single
	case "celui", "celle", "ceux", "celles", "ca", "cela":
		if w == "ca" && (before == "comment" || next == "va") {
			return noPronoun
		}
		return single
	case "eso", "esa", "ese", "esto", "esta", "este", "esos", "esas", "quello", "quella", "questo", "questa", "quelli", "quelle":
		if last || preposition(next) || glue(next) {
			return single
		}
	case "il", "elle", "ils", "elles": // est-il, sont-elles
		if i > 0 && (before == "est" || before == "sont" || before == "t") && h.words[i].start > 0 && h.text[h.words[i].start-1] == '-' {
			return single
		}
	}
	return noPronoun
}

// ownNoun reports whether the word at i is a thing of the shop's.
func ownNoun(h *heard, i int) bool {
	if i >= len(h.words) {
		return false
	}
	t := h.termAt(i)
	return t >= 0 && isThing(h.reading.terms[t])
}

// expletive reports whether the "it" at i is about nothing: is it possible,
// how long does it take.
func expletive(h *heard, i int) bool {
	before, next := h.word(i-1), h.word(i+1)
	switch next {
	case "possible", "true", "ok", "okay", "allowed", "necessary", "rain", "raining", "snow", "snowing", "seems", "depends", "matter", "matters", "say", "says", "been", "already", "late", "too", "about":
		return true
	case "take", "takes":
		return true
	case "work", "works":
		return h.word(i-2) == "how"
	case "safe":
		return h.word(i+2) == "to"
	case "better", "easy", "hard", "best", "like", "when", "if":
		return before == "is" || before == "does"
	}
	switch before {
	case "make", "made", "as", "when", "because", "think", "so":
		return true
	case "like", "love", "prefer": // I like it warm
		return next != "" && !preposition(next) && !glue(next)
	}
	return false
}

// factAsked returns the word by which h asks for what only a product has, and
// for nothing else; "" if it does not.
func (h *heard) factAsked() string {
	if h.ownThing() || asksTerms(h.text) || h.reading.out.Sort != ByRelevance || len(h.reading.prices) > 0 {
		return ""
	}
	word := ""
	for i := h.begin; i < len(h.words); i++ {
		switch w := h.words[i].word; {
		case h.in(i, h.reading.gone) && h.reading.out.Filter.InStock, attributeWord(w), priceOf(w), availableWord(w):
			if word == "" {
				word = w
			}
		case w == "much" && h.word(i-1) == "how", w == "viel" && h.word(i-1) == "wie":
			if word == "" {
				word = h.word(i-1) + " " + w
			}
		case glue(w), linking(w), asking(w):
		default:
			return ""
		}
	}
	return word
}

// comparative returns the word by which h asks for what costs less than what was
// shown, or more, or is lighter, heavier, newer or better rated, and the order in
// which that comes first; "" if it does not.
func (h *heard) comparative() (word string, order Sort) {
	for i := range h.words {
		if order = h.comparedAt(i); order == ByRelevance {
			continue
		}
		if than := h.word(i + 1); than == "than" || than == "als" || than == "que" || than == "di" || than == "dan" {
			if to := h.word(i + 2); to != "that" && to != "this" && to != "it" && to != "those" && to != "these" && to != "das" && to != "die" {
				return "", ByRelevance // than something of its own
			}
		}
		for j := range h.words {
			if j != i && !h.held(j) && !wordIn("something anything any anyone one ones else etwas was irgendwas less more moins menos mas piu meno plus minder better besser mieux mejor meglio beter than als que di dan that this it those these das die quelque chose algo qualcosa iets", h.word(j)) {
				return "", ByRelevance // of something of its own
			}
		}
		return h.words[i].word, order
	}
	return "", ByRelevance
}

// comparedAt returns the order that the word at i asks for by comparing.
func (h *heard) comparedAt(i int) Sort {
	before, w := h.word(i-1), h.word(i)
	less := wordIn("less moins meno menos minder", before)
	more := wordIn("more plus mas piu", before)
	switch {
	case wordIn("cheaper gunstiger gunstigeres gunstigere gunstigeren billiger billigeres billigere goedkoper", w):
		return CheapestFirst
	case wordIn("pricier dearer teurer teureres teurere duurder", w):
		return DearestFirst
	case w == "affordable" && (less || more):
		return CheapestFirst
	case wordIn("expensive cher chere caro cara caros", w) && less, wordIn("barato barata baratos economico economica", w) && wordIn("mas piu meno menos moins", before):
		return CheapestFirst
	case wordIn("expensive cher chere caro cara caros", w) && more, wordIn("barato barata baratos economico economica", w) && before == "plus":
		return DearestFirst
	case wordIn("better besser mieux mejor meglio beter", before) && wordIn("rated reviewed bewertet bewertete bewerteten bewertetes note notee notes valorado valorada recensito recensita valutato valutata beoordeeld beoordeelde", w):
		return BestRatedFirst
	case definite(before), article(before) && w == "lighter" && !wordIn("one ones", h.word(i+1)): // one that was shown, or a thing to make fire
		return ByRelevance
	case wordIn("lighter leichter leichtere leichteren leichterer leichteres lichter lichtere lichters", w),
		more && wordIn("lightweight leger legere legers legeres ligero ligera ligeros ligeras liviano liviana leggero leggera leggeri leggere", w),
		less && wordIn("heavy lourd lourde lourds lourdes pesado pesada pesados pesadas pesante pesanti zwaar", w):
		return LightestFirst
	case wordIn("heavier schwerer schwerere schwereren schwererer schwereres zwaarder zwaardere zwaarders", w),
		more && wordIn("lourd lourde lourds lourdes pesado pesada pesados pesadas pesante pesanti", w):
		return HeaviestFirst
	case wordIn("newer neuer neuere neueren neuerer neueres nieuwer nieuwere nieuwers recenter recentere", w),
		more && wordIn("recent recente recents recentes nuevo nueva nuevos nuevas reciente recientes nuovo nuova nuovi nuove recenti", w):
		return NewestFirst
	}
	return ByRelevance
}

// compared returns what h asks of which of those that were shown it is, and says
// nothing else: "lighter" of "which one is lighter?"; "" if it does not. The
// cheapest is asked of all that there is.
func (h *heard) compared() string {
	at := h.after(h.begin, whichOfThem)
	if at == h.begin || !linking(h.word(at)) || at+1 >= len(h.words) {
		return ""
	}
	rest := h.words[at+1:]
	last := rest[len(rest)-1].word
	if len(rest) > 2 || superlative(last) || len(rest) == 2 && !wordIn("more less plus moins mas menos piu meno the", rest[0].word) {
		return ""
	}
	return last
}

// chosen returns how h chooses among what was shown, and in which words; nil if
// it does not.
func (h *heard) chosen() (why string, pick func([]Shown) []Shown) {
	for i, w := range h.words {
		before, next := h.word(i-1), h.word(i+1)
		if !definite(before) {
			continue
		}
		why = quote(before + " " + w.word)
		ends := next == "" || next == "one" || next == "of" || glue(next) || linking(next) || clauseWord(next) || preposition(next)
		if n := ordinal(w.word); n != 0 && (ends || thingWord(next)) {
			return why, func(shown []Shown) []Shown { return nth(shown, n) }
		}
		if next != "one" && next != "ones" && next != "" && next != "of" && !(german(before) && (linking(next) || particle(next))) {
			continue
		}
		if up, ok := dearerOrCheaper(w.word, h.word(i-2)); ok && (next != "" || !superlative(w.word)) {
			return why, func(shown []Shown) []Shown { return byPrice(shown, up) }
		}
		if t := h.termAt(i); t >= 0 && h.reading.terms[t].terms[0].kind == termAttribute {
			terms := h.reading.terms[t].terms
			return why, func(shown []Shown) []Shown { return withValue(shown, terms) }
		}
	}
	// the more expensive one, le moins cher
	for i, w := range h.words {
		if (w.word == "more" || w.word == "less" || w.word == "moins" || w.word == "plus" || w.word == "mas" || w.word == "piu" || w.word == "meno") && definite(h.word(i-1)) {
			up, ok := dearerOrCheaper(h.word(i+1), w.word)
			if next := h.word(i + 2); ok && (next == "one" || next == "" || next == "of") {
				return quote(h.word(i-1) + " " + w.word + " " + h.word(i+1)), func(shown []Shown) []Shown { return byPrice(shown, up) }
			}
		}
	}
	return "", nil
}

func nth(shown []Shown, n int) []Shown {
	if n < 0 {
		n = len(shown)
	}
	if n > len(shown) {
		return nil
	}
	return shown[n-1 : n]
}

// byPrice returns the cheapest of shown, or with up the dearest; none where only
// one was shown, which is no choice.
func byPrice(shown []Shown, up bool) []Shown {
	if len(pricesOf(shown)) < 2 || len(pricesOf(shown)) != len(shown) {
		return nil
	}
	compare := func(a, b Shown) int { return a.Price.Cmp(b.Price) }
	if up {
		return []Shown{slices.MaxFunc(shown, compare)}
	}
	return []Shown{slices.MinFunc(shown, compare)}
}

func withValue(shown []Shown, terms []term) []Shown {
	var out []Shown
	for _, s := range shown {
		if slices.ContainsFunc(terms, func(t term) bool {
			return slices.ContainsFunc(s.Attributes, func(a catalog.Attribute) bool {
				return strings.EqualFold(a.Name, t.name) && containsFold(a.Values, t.value)
			})
		}) {
			out = append(out, s)
		}
	}
	if len(out) == len(shown) && len(shown) > 1 {
		return nil // all are: it chooses nothing
	}
	return out
}
