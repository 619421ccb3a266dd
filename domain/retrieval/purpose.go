package retrieval

import (
	"regexp"
	"slices"
	"strings"
)

// howPhrase finds questions that ask how something is done: their answer is no
// list of what is like the things that they name.
var howPhrase = regexp.MustCompile(`(?i)^\s*(?:how (?:do|does|can|should|would|to)|wie (?:kann|soll|muss|wasche|pflege|reinige)|comment (?:faire|laver|entretenir|puis)|c[oó]mo (?:se|puedo|lavo|limpio)|come (?:si|posso|devo)|hoe (?:kan|moet|was))\s+(\pL+)(?:\s+(\pL+))?`)

// asksHow reports whether the question asks how something is done, and not how
// something is found or bought.
func (q *reading) asksHow() bool {
	m := howPhrase.FindStringSubmatch(q.text)
	return m != nil && !slices.ContainsFunc(m[1:], func(w string) bool {
		return wordIn("find see get buy order filter search sort finde finden kaufen trouver acheter comprar encontrar trovare comprare vinden kopen", strings.ToLower(w))
	})
}

// readPurposes takes back what is said of the thing that another thing is for: a
// cover for a blue backpack need not be blue, and wax for leather boots is not
// made of leather. A size is of whoever wears it and stays.
func (q *reading) readPurposes() {
	for i, w := range q.words {
		vague := wordIn("something anything etwas was quelque algo qualcosa iets", q.folded(i-1))
		if !wordIn("for fur pour para per voor", w.folded) || !vague && !q.isThing(i-1) {
			continue
		}
		end := i + 1
		for end < len(q.words) && !q.endsPurpose(end) {
			end++
		}
		q.terms = slices.DeleteFunc(q.terms, func(t termSpan) bool {
			if vague && !q.isThing(t.to) { // "for men" is a wish, "for dry hands" is none
				return false
			}
			return i < t.from && t.to <= end && !slices.ContainsFunc(t.terms, func(x term) bool { return x.kind == termAttribute && measures(x.name) })
		})
	}
}

// isThing reports whether word i says what is asked for, in a word that is none of
// the vocabulary: the wax for leather boots. Who is looking for blue jackets, or
// asks the price for them, asks for jackets.
func (q *reading) isThing(i int) bool {
	if i < 0 || i >= len(q.words) || q.filler(i) || q.isGone(i, i+1) {
		return false
	}
	t := q.words[i].token
	return plainWord(t) && !boundary(t) && !anyThing(t) && !priceWord(t) && !policyWord(t) && !strings.HasSuffix(t, "ing") &&
		!wordIn("search hunt shop ask wish go option idea suggestion recommendation choice deal discount offer stock availability size sale best cheapest", t) &&
		!slices.ContainsFunc(q.terms, func(s termSpan) bool { return s.from <= i && i < s.to })
}

// endsPurpose reports whether what is said of a purpose ends before word i.
func (q *reading) endsPurpose(i int) bool {
	w := q.words[i]
	between := q.text[q.words[i-1].end:w.start]
	return strings.ContainsAny(between, ",.;:?!") || boundary(w.token) || q.isGone(i, i+1) ||
		wordIn("in with without from by that which who and or but not no on at en con sans avec sin senza zonder met che que qui die der das", w.folded)
}
