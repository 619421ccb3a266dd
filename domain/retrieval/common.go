package retrieval

import (
	"math"
	"slices"
	"strings"
)

// commonWeight is how much a built-in synonym counts: less than a shop's own.
const commonWeight = 0.4

// stray is how many times as often the shop must write another word for it than
// the one that was asked for: who sells a model of a ship may call shipping
// delivery all the same.
const stray = 8

// commonThing is a line of commonTable, or a country.
type commonThing struct {
	place  bool
	europe bool   // a place in Europe
	near   string // the thing under which a shop speaks of it that has no word for it
	words  []commonWord
}

type commonWord struct {
	language string // "" for the names of a country: any
	tokens   []string
	content  []string // those of them that are searched
	asked    bool     // tokens[0] is only how a word begins that is asked with
}

// searched reports whether the shop's texts are searched for w. What is left of
// several words when the small ones are gone may mean something else: the back of
// "give back".
func (w commonWord) searched() bool {
	return !w.asked && (len(w.content) == len(w.tokens) || len(w.content) > 1)
}

// CommonWords are words that shops and shoppers everywhere take for the same, in
// English, German, French, Spanish, Italian and Dutch: of shipping, returns and
// the like, and of where a shop sends to. Make them once with NewCommonWords; they
// are only read and may be used concurrently. Nil CommonWords know none.
type CommonWords struct {
	things []commonThing
	first  map[string][]commonRef // words by their first token, and by language and stem: see stemKey
	begins []commonRef            // those of which only the beginning is known
	abroad commonThing            // what a country is called that a shop does not name
	within commonThing            // the same of one in Europe
	named  map[string]int         // places in things of the lines of commonTable
}

type commonRef struct{ thing, word int }

// NewCommonWords reads the built-in tables.
func NewCommonWords() *CommonWords {
	c := &CommonWords{first: make(map[string][]commonRef), named: make(map[string]int)}
	languages := strings.Fields(commonLanguages)
	for line := range strings.Lines(strings.TrimSpace(commonTable)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), ": ")
		var t commonThing
		name, t.near, _ = strings.Cut(name, " < ")
		c.named[name] = len(c.things)
		for i, column := range strings.Split(rest, " | ") {
			c.read(&t, languages[i], column)
		}
		c.things = append(c.things, t)
		switch name {
		case "abroad":
			c.abroad = t
		case "europe":
			c.within = t
		}
	}
	for _, places := range []string{europe, elsewhere} {
		for line := range strings.Lines(strings.TrimSpace(places)) {
			t := commonThing{place: true, europe: places == europe}
			c.read(&t, "", strings.TrimSpace(line))
			c.things = append(c.things, t)
		}
	}
	return c
}

// read adds the words of a list to t, which is the next of c's things.
func (c *CommonWords) read(t *commonThing, language, list string) {
	for word := range strings.SplitSeq(list, ", ") {
		ref := commonRef{len(c.things), len(t.words)}
		if begin, ok := strings.CutSuffix(word, "-"); ok {
			t.words = append(t.words, commonWord{language: language, tokens: []string{fold(begin)}, asked: true})
			c.begins = append(c.begins, ref)
			continue
		}
		w := commonWord{language: language, tokens: Tokens(word), content: QueryTokens(word)}
		t.words = append(t.words, w)
		c.first[w.tokens[0]] = append(c.first[w.tokens[0]], ref)
		if k := stemKey(w.language, w.tokens[0]); k != "" && language != "" {
			c.first[k] = append(c.first[k], ref)
		}
	}
}

// stemKey returns what the forms of a token have in common in a language, "" if
// the stem is so short that it is that of other words, too.
func stemKey(language, token string) string {
	if len(token) >= minCommonStem {
		if stem := Stem(language, token); len(stem) >= minCommonStem {
			return language + " " + stem
		}
	}
	return ""
}

const minCommonStem = 5

// refs returns the words of the table that begin with a token, in any form.
func (c *CommonWords) refs(token string) []commonRef {
	if c == nil {
		return nil
	}
	out := slices.Clone(c.first[token])
	for language := range strings.FieldsSeq(commonLanguages) {
		k := stemKey(language, token)
		if k == "" {
			continue
		}
		for _, r := range c.first[k] {
			if !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	for _, r := range c.begins {
		if strings.HasPrefix(token, c.things[r.thing].words[r.word].tokens[0]) {
			out = append(out, r)
		}
	}
	return out
}

// maxApart is how many tokens may stand between those of a word: send it back.
const maxApart = 3

// at returns those tokens of asked that are w, whose first stands at i; nil if
// they are not there.
func (w commonWord) at(asked []string, i int) []string {
	found := []string{asked[i]}
	for _, t := range w.tokens[1:] {
		from := i + 1
		j := slices.Index(asked[from:min(len(asked), from+1+maxApart)], t)
		if j < 0 {
			return nil
		}
		i = from + j
		found = append(found, asked[i])
	}
	return found
}

// SynonymsOf returns what counts as words of a question by c: delivery as
// shipping, and what both are called in other languages. The words of the shop
// are those that l has, and the one that was
// asked for not or hardly ever, in the given languages; those of the question are looked
// for in all, so that who writes another language than the shop finds its terms.
// They count less than what the shop itself takes for the same. Where the shop's
// terms are asked for, a country that it does not name is looked for as one of
// others, too: Canada among the countries outside of its table.
func (c *CommonWords) SynonymsOf(question string, l *Lexicon, languages ...string) []Alternative {
	asked, content := Tokens(question), QueryTokens(question)
	var out []Alternative
	add := func(of []string, own int, words []commonWord) {
		for _, w := range words {
			a := Alternative{Of: of, Tokens: w.content, Weight: commonWeight}
			there := func(have Alternative) bool { return slices.Equal(have.Of, a.Of) && slices.Equal(have.Tokens, a.Tokens) }
			if w.searched() && (w.language == "" || slices.Contains(languages, w.language)) && len(out) < MaxAlternatives &&
				l.uses(a.Tokens) > stray*own && !hasAll(a.Of, a.Tokens) && !slices.ContainsFunc(out, there) {
				out = append(out, a)
			}
			if own == 0 {
				out = append(out, l.compoundsOf(w, of, out, languages)...)
			}
		}
	}
	type unnamed struct {
		of    []string
		place commonThing
	}
	var places []unnamed
	terms := false
	for i, t := range asked[:min(len(asked), MaxQueryTokens)] {
		for _, r := range c.refs(t) {
			thing := c.things[r.thing]
			w := thing.words[r.word]
			of := slices.DeleteFunc(w.at(asked, i), func(t string) bool { return !slices.Contains(content, t) })
			if len(of) == 0 {
				continue
			}
			own := 0 // of several words, which apart mean something else
			if len(w.tokens) == 1 {
				own = l.uses(of)
			}
			add(of, own, thing.words)
			if near, ok := c.named[thing.near]; ok && !l.says(thing, languages) {
				add(of, own, c.things[near].words)
			}
			switch {
			case !thing.place:
				terms = true
			case !slices.ContainsFunc(thing.words, func(w commonWord) bool { return l.uses(w.tokens) > 0 }):
				places = append(places, unnamed{of, thing})
			}
		}
	}
	for _, p := range places {
		if !terms {
			break
		}
		add(p.of, 0, c.abroad.words)
		if p.place.europe {
			add(p.of, 0, c.within.words)
		}
	}
	return out
}

// compoundsOf returns the shop's words that begin with w, which it does not write by
// itself, beside those of have: Zahlungsarten for Zahlung.
func (l *Lexicon) compoundsOf(w commonWord, of []string, have []Alternative, languages []string) []Alternative {
	if !compounding(w.language) || !slices.Contains(languages, w.language) || !w.searched() || len(w.content) != 1 || l.uses(w.content) > 0 {
		return nil
	}
	var out []Alternative
	_, modified := l.madeOf(w.content[0], w.language)
	for _, word := range modified {
		a := Alternative{Of: of, Tokens: wordTokens(word), Weight: commonWeight}
		there := func(have Alternative) bool { return slices.Equal(have.Of, a.Of) && slices.Equal(have.Tokens, a.Tokens) }
		if len(have)+len(out) < MaxAlternatives && !slices.ContainsFunc(have, there) {
			out = append(out, a)
		}
	}
	return out
}

// says reports whether the shop has a word for the thing in one of the languages.
func (l *Lexicon) says(thing commonThing, languages []string) bool {
	return slices.ContainsFunc(thing.words, func(w commonWord) bool {
		return w.searched() && slices.Contains(languages, w.language) && l.uses(w.content) > 0
	})
}

// uses returns how often the shop writes the rarest of these tokens.
func (l *Lexicon) uses(tokens []string) int {
	least := math.MaxInt
	for _, t := range tokens {
		least = min(least, int(l.tokens[t]))
	}
	return least
}

// Has reports whether a token is one of c by itself, in any form: it is no slip,
// though the shop may not have it.
func (c *CommonWords) Has(token string) bool {
	return slices.ContainsFunc(c.refs(token), func(r commonRef) bool { return len(c.things[r.thing].words[r.word].tokens) == 1 })
}
