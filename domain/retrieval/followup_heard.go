package retrieval

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// heard is a question as it is listened to for what it leaves out.
type heard struct {
	text    string
	reading reading
	words   []spoken
	begin   int // the first word after "and", "what about"
}

// spoken is one word, folded but for its plural, and where it stands.
type spoken struct {
	span
	word string
}

func hear(question string, v Vocabulary) *heard {
	h := &heard{text: strings.ToValidUTF8(question, " "), reading: reading{vocabulary: v}}
	q := &h.reading
	q.text = h.text
	q.readWords()
	q.readCodes()
	q.readTitles()
	if strings.ContainsAny(q.text, "0123456789") {
		q.readPrices()
		q.readQuantities()
	}
	q.readPhrases()
	q.readTerms()
	q.readExclusions()
	eachWord(h.text, func(start, end int, word string) {
		for part := range strings.SplitSeq(word, "'") { // it's, l'altro
			if part != "s" || part == word { // it's is it
				h.words = append(h.words, spoken{span{start, end}, part})
			}
		}
	})
	h.begin = h.after(0, connectives)
	return h
}

func fold(s string) string {
	var out string
	eachWord(s, func(_, _ int, w string) { out += w })
	return out
}

// asksTerms reports whether question asks for the shop's terms.
func asksTerms(question string) bool { return slices.ContainsFunc(Tokens(question), termsWord) }

// word returns word i, "" outside of the question.
func (h *heard) word(i int) string {
	if i < 0 || i >= len(h.words) {
		return ""
	}
	return h.words[i].word
}

// after returns the place behind the longest of phrases that stands at the
// given place; that place if none does.
func (h *heard) after(at int, phrases string) int {
	best := at
	for p := range strings.SplitSeq(phrases, "|") {
		if words := strings.Fields(p); at+len(words) > best && h.has(at, words) {
			best = at + len(words)
		}
	}
	return best
}

func (h *heard) has(at int, words []string) bool {
	for i, w := range words {
		if h.word(at+i) != w {
			return false
		}
	}
	return true
}

// ownProduct reports whether h names a product or a code of its own.
func (h *heard) ownProduct() bool { return len(h.reading.titles) > 0 || len(h.reading.out.Codes) > 0 }

// sortsAll reports whether h asks for the first of all that the shop has, by an
// order: the newest arrivals, the best rated products, what is new.
func (h *heard) sortsAll() bool {
	if h.reading.out.Sort == ByRelevance {
		return false
	}
	return h.reading.out.Sort == NewestFirst && h.after(0, "what is new|what new|whats new|was ist neu|was gibt es neues") == len(h.words) ||
		slices.ContainsFunc(h.words, func(w spoken) bool {
			return wordIn("arrivals products items articles neuheiten produkte artikel nouveautes produits novedades productos articulos novita prodotti articoli producten artikelen", w.word) //nolint:misspell // Spanish
		})
}

// ownThing reports whether h names a kind of thing of its own.
func (h *heard) ownThing() bool { return h.ownThingBut(span{}) }

// ownThingBut is ownThing without the word at s.
func (h *heard) ownThingBut(s span) bool {
	return h.ownProduct() || slices.ContainsFunc(h.reading.terms, func(t termSpan) bool {
		at := h.reading.words[t.from]
		return !(s.start <= at.start && at.start < s.end) && isThing(t)
	})
}

// isThing reports whether t can only be a kind of thing.
func isThing(t termSpan) bool {
	return !slices.ContainsFunc(t.terms, func(x term) bool { return x.kind != termCategory })
}

// in reports whether word i is in one of spans.
func (h *heard) in(i int, spans []span) bool {
	w := h.words[i].span
	return slices.ContainsFunc(spans, func(s span) bool { return s.start < w.end && w.start < s.end })
}

// termAt returns the place of the term that word i is of, -1 for none.
func (h *heard) termAt(i int) int {
	w, q := h.words[i].span, h.reading
	return slices.IndexFunc(q.terms, func(t termSpan) bool { return q.words[t.from].start < w.end && w.start < q.words[t.to-1].end })
}

// constraint reports whether word i is of a wish that fields can say: a colour,
// a size, a price.
func (h *heard) constraint(i int) bool {
	if h.in(i, h.reading.gone) {
		return true
	}
	if t := h.termAt(i); t >= 0 && !isThing(h.reading.terms[t]) {
		return true
	}
	w := h.words[i].word
	return colourWord(w) || sizeAttribute(h.word(i-1)) && (len(w) <= 4 || strings.IndexFunc(w, unicode.IsDigit) >= 0)
}

// replaced says which wishes of the last question another one takes the place
// of.
type replaced struct {
	names       []string // of attributes
	brand       bool
	price, sort bool
}

// constrains reports whether there is any.
func (r replaced) constrains() bool { return len(r.names) > 0 || r.brand || r.price || r.sort }

// String names what is replaced.
func (r replaced) String() string {
	out := slices.Clone(r.names)
	for i, n := range out {
		out[i] = strings.ToLower(strings.TrimPrefix(n, "pa_"))
	}
	if r.brand {
		out = append(out, "brand")
	}
	if r.price {
		out = append(out, "price")
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), " and ")
}

// has reports whether t is a wish of a kind that r replaces.
func (r replaced) has(t termSpan) bool {
	return slices.ContainsFunc(t.terms, func(x term) bool {
		return r.brand && x.kind == termBrand || x.kind == termAttribute && slices.ContainsFunc(r.names, func(n string) bool { return sameName(n, x.name) })
	})
}

func sameName(a, b string) bool {
	return strings.EqualFold(a, b) || isColour(a) && isColour(b) || sizeAttribute(attributeKey(a)) && sizeAttribute(attributeKey(b))
}

// replaces returns which wishes h states.
func (h *heard) replaces() replaced {
	var r replaced
	q := h.reading
	name := func(ts []term) {
		for _, t := range ts {
			if t.kind == termAttribute {
				r.names = append(r.names, t.name)
			}
			r.brand = r.brand || t.kind == termBrand
		}
	}
	for _, t := range q.terms {
		name(t.terms)
	}
	for _, m := range q.measures {
		name(m.terms)
	}
	for i := range h.words {
		switch w := h.words[i].word; {
		case h.termAt(i) >= 0:
		case colourWord(w):
			r.names = append(r.names, "colour")
		case sizeAttribute(w) && h.word(i+1) != "":
			r.names = append(r.names, "size")
		}
	}
	r.names = slices.DeleteFunc(r.names, func(n string) bool { return n == "" })
	slices.Sort(r.names)
	r.names = slices.Compact(r.names)
	r.price, r.sort = len(q.prices) > 0, q.out.Sort != ByRelevance
	return r
}

// without returns h's text without the wishes that r replaces.
func (h *heard) without(r replaced) string {
	var gone []span
	q := h.reading
	cut := func(from, to int) { // words of the reading, with the name and the preposition before them
		for from > 0 && (nameToken(q.token(from-1)) == "colour" || sizeAttribute(q.token(from-1)) || q.token(from-1) == "in") {
			from--
		}
		gone = append(gone, span{q.words[from].start, q.words[to-1].end})
	}
	for _, t := range q.terms {
		if r.has(t) {
			cut(t.from, t.to)
		}
	}
	for _, m := range q.measures {
		if r.has(termSpan{terms: m.terms}) {
			gone = append(gone, m.span)
		}
	}
	for i, w := range q.words {
		if h.unknown(w) && slices.ContainsFunc(r.names, isColour) && colourWord(w.token) {
			cut(i, i+1)
		}
	}
	if r.price {
		gone = append(gone, q.prices...)
	}
	if r.sort {
		gone = append(append(gone, q.phrases(lowPhrase)...), q.phrases(highPhrase)...)
		for _, o := range orderings() {
			gone = append(gone, q.phrases(o.phrase)...)
		}
	}
	left := []byte(h.text)
	for _, s := range gone {
		for i := s.start; i < s.end; i++ {
			left[i] = ' '
		}
	}
	return strings.Join(strings.Fields(strings.TrimRight(strings.TrimSpace(string(left)), "?!., ")), " ")
}

// unknown reports whether w is of no term.
func (h *heard) unknown(w word) bool {
	q := h.reading
	return !slices.ContainsFunc(q.terms, func(t termSpan) bool { return q.words[t.from].start <= w.start && w.end <= q.words[t.to-1].end })
}

// wish returns what h says after "and", "what about" and the like.
func (h *heard) wish() string {
	at := h.after(h.begin, leadIns)
	if at >= len(h.words) {
		return h.text
	}
	return strings.Trim(strings.TrimSpace(h.text[h.words[at].start:]), "?!. ")
}

// elliptic reports whether h is no whole question: wishes and nothing that they
// are of, or "and" and a few words that begin with "for" or "to".
func (h *heard) elliptic() bool {
	begin := h.after(h.begin, leadIns)
	if begin >= len(h.words) || h.ownThing() {
		return false
	}
	wishes, strange := 0, 0
	for i := begin; i < len(h.words); i++ {
		switch {
		case h.constraint(i):
			wishes++
		case glue(h.word(i)), attributeWord(h.word(i)):
		case h.reading.out.Sort != ByRelevance && (linking(h.word(i)) || asking(h.word(i))): // which is the cheapest
		default:
			strange++
		}
	}
	if strange == 0 && wishes > 0 {
		// Who lists wishes of several kinds may begin anew: blue, in stock, under 20.
		return h.begin > 0 || h.kindsOfWishes() <= 1
	}
	rest := h.words[begin:]
	if h.begin == 0 || begin != h.begin || len(rest) > maxRest {
		return false // no "and", or "and do you have …"
	}
	if asksTerms(h.text) || slices.ContainsFunc(rest, func(w spoken) bool { return clauseWord(w.word) }) {
		return false
	}
	return preposition(rest[0].word) || len(rest) == 1 && adjective(rest[0].word)
}

// kindsOfWishes returns of how many kinds the wishes of h are; a size and a colour
// are one.
func (h *heard) kindsOfWishes() int {
	r, f := h.replaces(), h.reading.out.Filter
	choices, n := false, 0
	for _, name := range r.names {
		if isColour(name) || sizeAttribute(attributeKey(name)) {
			choices = true
		} else {
			n++
		}
	}
	for _, is := range []bool{choices, r.brand, r.price, r.sort, f.InStock, f.OnSale, h.reading.negated && n == 0} {
		if is {
			n++
		}
	}
	return n
}

// maxRest is how many words may follow "and" in what is no whole question.
const maxRest = 6

func capital(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(r)
}
