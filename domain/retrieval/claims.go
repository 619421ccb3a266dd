package retrieval

import (
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// What a product is free of, it says itself: "Gluten Free Penne", "ohne Akku",
// "alkoholfrei", "no added sugar". That is worth more than the silence of the others:
// wheat pasta does not say that it has gluten. So who wants none is shown what says
// so, if the shop has anything that does.

// free returns what a text of these tokens says that something is free of, in so
// many words: of gluten, of perfume. Whoever leaves a thing like that out says so;
// that bags have no handles, most sellers of bags without handles do not say.
func free(tokens []string) []string {
	var out []string
	for i, t := range tokens {
		if head := strings.TrimSuffix(t, "frei"); head != t && len(head) >= minPart {
			out = append(out, head)
		}
		if i > 0 && (t == "free" || t == "frei") && plainWord(tokens[i-1]) && !stopWord(tokens[i-1]) {
			out = append(out, tokens[i-1])
		}
	}
	return out
}

// claims returns what a text of these tokens says that something is without, in
// whatever words.
func claims(tokens []string) []string {
	var out []string
	add := func(t string) {
		if plainWord(t) && !stopWord(t) && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	for _, t := range free(tokens) {
		add(t)
	}
	for i, t := range tokens {
		if lacking(t) || t == "no" {
			for _, next := range tokens[i+1 : min(i+3, len(tokens))] {
				if plainWord(next) && !stopWord(next) && !wordIn("added extra real any zugesetzten zusatz", next) {
					add(next)
					break
				}
			}
		}
	}
	return out
}

// claimed returns what the fields of a product say that it is without, each text as
// read by the given function.
func claimed(title string, facts catalog.Facts, read func(tokens []string) []string) []string {
	out := read(Tokens(title))
	for _, a := range facts.Attributes {
		for _, v := range a.Values {
			out = append(out, read(Tokens(v))...)
		}
	}
	return out
}

// saysFree reports whether a product says itself that it is without all of words.
func saysFree(title string, facts catalog.Facts, words []string) bool {
	if len(words) == 0 {
		return true
	}
	has := claimed(title, facts, claims)
	return !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(has, w) })
}

// learnClaims adds what a product says that it is free of.
func (v *Vocabulary) learnClaims(title string, f catalog.Facts) {
	if len(f.Offers) == 0 {
		return
	}
	for _, c := range claimed(title, f, free) {
		v.claims[c] = true
	}
}

// readClaims finds what the question does not want of which some product says that
// it is without. It takes the place of an exclusion of the same word: what says
// "Gluten free" has the word, too.
func (q *reading) readClaims() {
	if len(q.vocabulary.claims) == 0 {
		return
	}
	for i, w := range q.words {
		t, from, to := w.token, i, i+1
		if head := strings.TrimSuffix(t, "frei"); head != t && q.vocabulary.claims[head] {
			t = head
		} else {
			switch {
			case !q.vocabulary.claims[t]:
				continue
			case q.token(i+1) == "free" || q.token(i+1) == "frei":
				to++
			case q.negator(i-1) >= 0:
				from = q.negator(i - 1)
			default:
				continue
			}
		}
		read := func(s termSpan) bool { return s.from <= i && i < s.to }
		if slices.ContainsFunc(q.terms, func(s termSpan) bool { return read(s) && !s.excluded }) {
			continue // "gluten free" is a value that the shop filters by
		}
		q.terms = slices.DeleteFunc(q.terms, read)
		q.negated = true
		q.gone = append(q.gone, span{q.words[from].start, q.words[to-1].end})
		if !slices.Contains(q.out.Filter.Free, t) {
			q.out.Filter.Free = append(q.out.Filter.Free, t)
			q.because("says itself that it is without " + t)
		}
	}
}

// Loose returns f with what it wants products to say themselves turned into what
// they must not have: for shops in which none that is else as wanted says so.
func (f Filter) Loose() Filter {
	f.Without = slices.Concat(f.Without, f.Free)
	f.Free = nil
	return f
}

// FreeFirst returns ps with those first whose text says that they are without
// what the question does not want; the rest keeps its order. ps itself is not
// changed.
func FreeFirst(ps []Passage, question string, f Filter) []Passage {
	unwanted := unwantedTokens(Tokens(question))
	for _, w := range f.Without {
		for _, t := range Tokens(w) {
			unwanted[t] = true
		}
	}
	if len(unwanted) == 0 {
		return ps
	}
	says := func(p Passage) int {
		if slices.ContainsFunc(claims(Tokens(p.Title+"\n"+p.Text)), func(c string) bool { return unwanted[c] }) {
			return 1
		}
		return 0
	}
	out := slices.Clone(ps)
	slices.SortStableFunc(out, func(a, b Passage) int { return says(b) - says(a) })
	return out
}

// traces reports whether an attribute lists what is in a product for those who must
// not have it: nobody looks for hazelnuts by them.
func traces(name string) bool {
	for t := range strings.FieldsSeq(attributeKey(name)) {
		if strings.HasPrefix(t, "allerg") || wordIn("contain trace spuren enthalt", t) {
			return true
		}
	}
	return false
}
