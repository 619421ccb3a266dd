package retrieval

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Alternative is what counts as some words of a question: another form of a
// word, a word that means the same, or several that do together.
type Alternative struct {
	Of     []string // tokens of the question
	Tokens []string // tokens that a chunk must have, all of them
	Weight float64  // how much they count beside the word itself: above 0, at most 1
}

// Bounds of alternatives, so that no question makes a search of hundreds of words.
const (
	MaxAlternatives = 48 // of a question
	maxForms        = 6  // other forms of one word
)

// formWeight is how much another form of a word counts. Anything from 0.5 to 1
// was alike on the judged questions of ESCI.
const formWeight = 0.8

// valid returns an error that matches ErrBadQuery if a cannot be searched.
func (a Alternative) valid() error {
	if len(a.Of) == 0 || len(a.Tokens) == 0 || !(a.Weight > 0 && a.Weight <= 1) {
		return fmt.Errorf("%w: what counts as %q has %d tokens and the weight %v, want some and a weight above 0, at most 1", ErrBadQuery, a.Of, len(a.Tokens), a.Weight)
	}
	return nil
}

// AlsoBecause says in words what counts as what, a line for each word of the
// question.
func AlsoBecause(also []Alternative) []string {
	var of, means []string
	for _, a := range also {
		words, tokens := strings.Join(a.Of, " "), strings.Join(a.Tokens, " ")
		if i := slices.Index(of, words); i >= 0 {
			means[i] += " or " + tokens
			continue
		}
		of, means = append(of, words), append(means, "searched "+words+" also as "+tokens)
	}
	return means
}

// Forms returns the other forms of the words of a question that the shop uses:
// jacken of jacke, in the languages that the shop and who asks write (see Stem).
// A word that nobody reads in a sentence, and one that the question has in both
// forms, has none.
func (l *Lexicon) Forms(question string, languages ...string) []Alternative {
	var out []Alternative
	asked := make(map[string]bool)
	for _, t := range QueryTokens(question) {
		asked[t] = true
	}
	done := make(map[string]bool)
	eachWord(question, func(_, _ int, w string) {
		tokens := wordTokens(w)
		if len(tokens) != 1 || !asked[tokens[0]] || done[w] || len(out) >= MaxAlternatives {
			return
		}
		if policyWord(tokens[0]) || policyWord(Stem("en", w)) {
			return // every page of the shop's terms has all forms of these, and they would drown the rest
		}
		done[w] = true
		for _, form := range l.forms(w, languages) {
			if !asked[form] && !slices.ContainsFunc(out, func(a Alternative) bool { return a.Of[0] == tokens[0] && a.Tokens[0] == form }) && len(out) < MaxAlternatives {
				out = append(out, Alternative{Of: tokens, Tokens: []string{form}, Weight: formWeight})
			}
		}
	})
	return out
}

// HasForm reports whether the shop uses word, which is folded, in some form that
// Forms finds: it is no slip then.
func (l *Lexicon) HasForm(word string, languages ...string) bool {
	return len(l.forms(word, languages)) > 0
}

// forms returns the tokens of the shop's words that have the stem of w in one of
// the languages, the most used first.
func (l *Lexicon) forms(w string, languages []string) []string {
	if utf8.RuneCountInString(w) < minStem || formless(w) {
		return nil
	}
	own := wordTokens(w)[0]
	var found []lexeme
	for _, at := range l.starting[beginning(w)] {
		x := l.lexemes[at]
		if slices.ContainsFunc(languages, func(language string) bool { return Stem(language, x.word) == Stem(language, w) }) {
			found = append(found, x)
		}
	}
	slices.SortFunc(found, func(a, b lexeme) int {
		return cmp.Or(cmp.Compare(b.times, a.times), strings.Compare(a.word, b.word))
	})
	var out []string
	for _, x := range found {
		if t := wordTokens(x.word)[0]; t != own && !slices.Contains(out, t) && !formless(x.word) && len(out) < maxForms {
			out = append(out, t)
		}
	}
	return out
}

// formless reports whether word, which is folded, is a small one of another language
// than English. One of three letters may be a thing: a hat.
func formless(word string) bool { return len(word) > minStem && smallAbroad(word) }

// beginning returns what all words of one stem have in common.
func beginning(word string) string { return word[:min(2, len(word))] }

// Word is one word of a question with all that counts as it, or what counts as
// several of its words together.
type Word struct {
	Term // no Token: several together
	Also []Alternative
}

// Words returns the words that q is searched by: those of QueryTerms, each with
// what counts as it alone, and after them what counts as several together.
func (q Query) Words() []Word {
	terms := QueryTerms(q.Text)
	out := make([]Word, 0, len(terms))
	for _, t := range terms {
		w := Word{Term: t}
		if !t.Unwanted {
			for _, a := range q.Also {
				if len(a.Of) == 1 && a.Of[0] == t.Token {
					w.Also = append(w.Also, a)
				}
			}
		}
		out = append(out, w)
	}
	wanted := func(token string) bool {
		return slices.ContainsFunc(terms, func(t Term) bool { return t.Token == token && !t.Unwanted })
	}
	for _, a := range q.Also {
		if len(a.Of) > 1 && !slices.ContainsFunc(a.Of, func(t string) bool { return !wanted(t) }) {
			out = append(out, Word{Also: []Alternative{a}})
		}
	}
	return out
}

// found returns where a word is: each chunk once, with the sum of what it and all
// that counts as it count there. The corpus has so many rows.
func (w Word) found(rows int, postings func(token string) ([]Posting, error)) ([]Posting, error) {
	var all []Posting
	if w.Token != "" {
		ps, err := postings(w.Token)
		if err != nil || len(w.Also) == 0 {
			return ps, err
		}
		all = slices.Clone(ps) // it may be the index's own
	}
	at := make([]int32, rows) // where in all each row is, from 1
	for i, p := range all {
		at[p.Document.Chunks[p.Chunk].row] = int32(i + 1)
	}
	for _, a := range w.Also {
		ps, err := together(a.Tokens, postings)
		if err != nil {
			return nil, err
		}
		for _, p := range ps {
			p.Weighted *= a.Weight
			i := &at[p.Document.Chunks[p.Chunk].row]
			if *i == 0 {
				all = append(all, p)
				*i = int32(len(all))
				continue
			}
			all[*i-1].Weighted += p.Weighted
		}
	}
	return all, nil
}

// together returns the chunks that have all of these tokens. A chunk has them as
// often as it has the rarest.
func together(tokens []string, postings func(token string) ([]Posting, error)) ([]Posting, error) {
	var out []Posting
	for i, t := range tokens {
		ps, err := postings(t)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			out = ps
			continue
		}
		if out = inBoth(out, ps); len(out) == 0 {
			return nil, nil
		}
	}
	return out, nil
}

// WordPlaces numbers the words of a question that are wanted, in their order, for
// Collection.Covers. The zero WordPlaces has none yet.
type WordPlaces []string

// Of returns the bits of the question's words that w is or counts as: those of
// what counts as several of them together, if they were numbered before; none for
// one that is not wanted.
func (n *WordPlaces) Of(w Word) uint64 {
	if w.Unwanted {
		return 0
	}
	if w.Token != "" {
		*n = append(*n, w.Token)
		return 1 << (len(*n) - 1)
	}
	var bits uint64
	for _, a := range w.Also {
		for _, t := range a.Of {
			if i := slices.Index(*n, t); i >= 0 {
				bits |= 1 << i
			}
		}
	}
	return bits
}
