package retrieval

import (
	"slices"
	"strings"
)

// partUnwanted reports whether word i is one of those in the shop's attribute
// values and the question does not want it. Who wants no leather wants no
// full-grain leather; who wants large does not want extra large, so that only
// an exclusion goes by a part of a value.
func (q *reading) partUnwanted(i int) bool {
	t := q.token(i)
	if !slices.ContainsFunc(q.vocabulary.parts[t], q.vocabulary.decides) || !plainWord(t) || stopWord(t) || q.isGone(i, i+1) {
		return false
	}
	if q.negator(i-1) >= 0 || q.freeOf(i+1) {
		return true
	}
	last := len(q.terms) - 1
	if last < 0 || q.terms[last].to != i-1 || q.negator(q.terms[last].from-1) < 0 {
		return false
	}
	switch q.token(i - 1) {
	case "or", "nor", "oder":
		return true
	}
	return false
}

// freeOf reports whether the word before to is joined to "free" by a hyphen.
func (q *reading) freeOf(to int) bool {
	// The tokens of l'free stand in the same place.
	return q.token(to) == "free" && q.words[to-1].end < q.words[to].start && q.text[q.words[to-1].end:q.words[to].start] == "-"
}

// readExclusions marks the terms that the question does not want: "without
// leather", "not red or pink", "non-leather", "leather-free".
func (q *reading) readExclusions() {
	for n := range q.terms {
		t := &q.terms[n]
		from, to := t.from, t.to
		switch {
		case q.freeOf(to):
			to++
		case q.negator(from-1) >= 0:
			from = q.negator(from - 1)
		case n > 0 && q.terms[n-1].excluded && q.lists(q.terms[n-1], *t):
			from = q.terms[n-1].to
		default:
			continue
		}
		t.excluded, q.negated = true, true
		q.gone = append(q.gone, span{q.words[from].start, q.words[to-1].end})
	}
}

// negator returns the word at which a negation begins that ends at i, -1 if
// there is none.
func (q *reading) negator(i int) int {
	for fillers := 0; fillers <= 3 && i >= 0; fillers++ {
		switch w := strings.ReplaceAll(q.folded(i), "'", ""); w {
		case "without", "excluding", "except", "non", "neither", "weder", "ohne", "kein", "keine", "keinen", "keinem", "keiner", "ausser",
			"sans", "sauf", "hors", "hormis", "sin", "excepto", "salvo", "senza", "tranne", "eccetto", "zonder", "behalve", "geen", "menos":
			return i
		case "no":
			if i == 0 || !announcesCode(q.text[q.words[i].start:q.words[i].end]) || q.token(i-1) != "item" {
				return i
			}
			return -1
		case "not", "nicht", "dont", "doesnt", "isnt", "arent", "never", "pas", "niet":
			return i
		case "but":
			switch {
			case wordIn("anything everything all any", q.token(i-1)):
				return i - 1
			case wordIn("any every all", q.token(i-2)): // any colour but
				return i - 2
			}
			return -1
		case "than":
			if q.token(i-1) == "other" {
				return i - 1
			}
			return -1
		case "made", "of", "from", "by", "von", "vom", "der", "marke", "brand", "in", "a", "an", "any", "the", "with", "contain", "containing", "want", "like", "be", "au", "aus", "mit",
			"colour", "color", "en", "de", "del", "di", "da", "van", "het", "sea", "sean", "sia", "farbe", "couleur", "colore", "kleur":
			i--
		default:
			return -1
		}
	}
	return -1
}

// lists reports whether b goes on with the list that a began: "or pink", ",
// wool", where both are of one attribute.
func (q *reading) lists(a, b termSpan) bool {
	for i := a.to; i < b.from; i++ {
		switch q.token(i) {
		case "or", "and", "nor", "no", "oder", "und":
		default:
			return false
		}
	}
	return slices.ContainsFunc(a.terms, func(x term) bool {
		return slices.ContainsFunc(b.terms, func(y term) bool {
			return x.kind == y.kind && (strings.EqualFold(x.name, y.name) || x.name == "" || y.name == "")
		})
	})
}

// readButNot marks what the question sets against what it asks for, in words that
// the vocabulary does not have: "saws but no chainsaws".
func (q *reading) readButNot() {
	for i := 2; i < len(q.words); i++ {
		if !wordIn("but aber mais pero ma maar", q.folded(i-2)) || !wordIn("not no nicht kein keine keinen keiner pas non sin geen niet", q.folded(i-1)) {
			continue
		}
		t := q.token(i)
		if !plainWord(t) || q.filler(i) || q.isGone(i, i+1) || slices.ContainsFunc(q.terms, func(s termSpan) bool { return s.from <= i && i < s.to }) ||
			wordIn("too so very zu sehr trop demasiado troppo te", q.folded(i)) {
			continue
		}
		q.negated = true
		q.gone = append(q.gone, span{q.words[i-2].start, q.words[i].end})
		q.out.Filter.Without = append(q.out.Filter.Without, t)
		q.because("without " + t)
	}
}
