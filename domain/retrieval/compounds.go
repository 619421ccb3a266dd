package retrieval

import (
	"cmp"
	"slices"
	"strings"
)

// How much the words of a compound count beside what was asked for. A
// Montagehandschuh is a Handschuh; a Lederhandschuh is made of Leder, and a
// Lederpflege is not.
const (
	headWeight     = formWeight * synonymWeight
	modifierWeight = 0.4
	partWeight     = 0.2 // who asks for a welding machine is not helped by machines
)

// Bounds of compounds that are looked for in a shop's words.
const (
	minHead      = 4 // letters of a word that others may be made of
	minModified  = 4 // letters of what stands behind one
	maxHeads     = 10
	maxModifiers = 6
	maxAsked     = 48 // different words of a question
)

// compounding reports whether a language writes several words as one.
func compounding(language string) bool { return language == "de" || language == "nl" }

// Compounds returns the words of the shop that are made of the words of a question,
// and those that these are made of, in the languages that write several words as
// one: Montagehandschuhe for Handschuhe, Lederjacke for Leder, Rabatt for
// Mengenrabatt. Besides it returns the nouns of verbs, and the other way round:
// Abholung for abholen, Öffnung for geöffnet. Words that known reports are left
// alone. What it costs grows with how many words are made of those of the question,
// and not with the shop's others: BenchmarkCompounds.
func (l *Lexicon) Compounds(question string, known func(token string) bool, languages ...string) []Alternative {
	var out []Alternative
	asked := QueryTokens(question)
	refused := l.Refused(question, languages...)
	var done []string
	eachWord(question, func(_, _ int, w string) {
		tokens := wordTokens(w)
		if len(tokens) != 1 || len(out) >= MaxAlternatives || len(done) >= maxAsked || slices.Contains(done, w) || slices.Contains(refused, w) || allergy(w) != "" ||
			!slices.Contains(asked, tokens[0]) || policyWord(tokens[0]) || known(tokens[0]) {
			return
		}
		done = append(done, w)
		for _, a := range l.compounds(w, languages) {
			if len(out) < MaxAlternatives && !slices.ContainsFunc(a.Tokens, func(t string) bool { return slices.Contains(asked, t) }) {
				a.Of = tokens
				out = append(out, a)
			}
		}
	})
	return out
}

// HasCompound reports whether the shop has a compound or another word that
// Compounds finds for word, which is folded, and not only for a part of it: it is no
// slip then.
func (l *Lexicon) HasCompound(word string, languages ...string) bool {
	return slices.ContainsFunc(l.compounds(word, languages), func(a Alternative) bool { return a.Weight > partWeight })
}

// compounds returns what counts as w, without what it counts as.
func (l *Lexicon) compounds(w string, languages []string) []Alternative {
	if len(w) < minHead || !letters(w) || formless(w) {
		return nil
	}
	var out []Alternative
	add := func(weight float64, words ...string) {
		a := Alternative{Weight: weight}
		for _, word := range words {
			a.Tokens = append(a.Tokens, wordTokens(word)...)
		}
		if !slices.ContainsFunc(out, func(have Alternative) bool { return slices.Equal(have.Tokens, a.Tokens) }) {
			out = append(out, a)
		}
	}
	for _, language := range languages {
		if !compounding(language) {
			continue
		}
		roots := rootsOf(w, language)
		for _, word := range l.relatives(w, roots) {
			add(headWeight, word)
		}
		heads, modified := l.madeOf(w, language)
		for _, r := range roots[min(1, len(roots)):] { // the first is in w itself
			_, more := l.madeOf(r, language)
			modified = append(modified, more...)
		}
		for _, x := range heads {
			add(headWeight, x)
		}
		for _, x := range modified {
			add(modifierWeight, x)
		}
		if len(out) > 0 || l.Knows(w) || len(l.forms(w, languages)) > 0 {
			continue
		}
		switch modifier, head := l.parts(w, language); {
		case modifier != "" && head != "":
			add(formWeight, modifier, head)
			add(partWeight, head)
		case head != "":
			add(partWeight, head)
		case modifier != "":
			add(partWeight, modifier)
		}
	}
	return out
}

// letters reports whether w is of the letters a to z only, as stems are.
func letters(w string) bool {
	return strings.IndexFunc(w, func(r rune) bool { return r < 'a' || r > 'z' }) < 0
}

// root returns the stem of w, or w if the stem is too short to be told from
// others.
func root(language, w string) string {
	if s := Stem(language, w); len(s) >= minHead {
		return s
	}
	return w
}

// rootsOf returns what w may be bent from, in German: the abhol of abholen and
// Abholung, the holt and hol of holt, the geöffn and öffn of geöffnet.
func rootsOf(w, language string) []string {
	if language != "de" {
		return nil
	}
	var roots []string
	add := func(r string) {
		if len(r) >= minHead && !slices.Contains(roots, r) {
			roots = append(roots, r)
		}
	}
	for _, ending := range []string{"ungen", "ung", "en", "et", "t"} {
		r, ok := strings.CutSuffix(w, ending)
		if !ok {
			continue
		}
		add(r)
		if bent, ok := strings.CutPrefix(r, "ge"); ok && ending != "ung" && ending != "ungen" {
			add(bent)
		}
		if ending != "et" {
			break
		}
	}
	return roots
}

// relatives returns the words of the shop that are the verb or the noun of one of
// the roots, and not w.
func (l *Lexicon) relatives(w string, roots []string) []string {
	var out []string
	for _, r := range roots {
		for _, ending := range []string{"en", "ung", "ungen"} {
			if _, ok := l.places[r+ending]; ok && r+ending != w {
				out = append(out, r+ending)
			}
		}
	}
	return out
}

// madeOf returns the words of the shop that end with w, or a form of it, and those
// that begin with it: the most used first.
func (l *Lexicon) madeOf(w, language string) (heads, modified []string) {
	stem := root(language, w)
	var ends, begins []lexeme
	for _, at := range l.starting[beginning(stem)] {
		x := l.lexemes[at]
		if rest, ok := strings.CutPrefix(x.word, stem); ok && len(unlinked(rest)) >= minModified && letters(x.word) {
			begins = append(begins, x)
		}
	}
	for _, end := range slices.Compact([]string{w, stem}) {
		for _, at := range l.ending[tail(end)] {
			if x := l.lexemes[at]; !strings.HasPrefix(x.word, stem) && endsWith(x.word, w, stem) {
				ends = append(ends, x)
			}
		}
	}
	return mostUsed(ends, maxHeads), mostUsed(begins, maxModifiers)
}

// inflections are what a noun or an adjective ends with beside its stem in the
// languages that Compounds knows; "" for nothing.
func inflections() []string { return []string{"", "e", "n", "en", "er", "ern", "es", "s"} }

// tail returns what Lexicon.ending lists words by.
func tail(word string) string { return word[max(0, len(word)-minPart):] }

// learnEnding notes the word at a place by what it ends with, in each form that it
// may be bent from, if it is long enough to be a compound.
func (l *Lexicon) learnEnding(word string, at int32) {
	if len(word) < minHead+minPart || !letters(word) {
		return
	}
	for _, ending := range inflections() {
		if form, ok := strings.CutSuffix(word, ending); ok && len(form) >= minHead+minPart {
			l.ending[tail(form)] = append(l.ending[tail(form)], at)
		}
	}
}

// endsWith reports whether word ends with w or a form of it, and has a word before
// that.
func endsWith(word, w, stem string) bool {
	for _, ending := range inflections() {
		if strings.HasPrefix(ending, "er") && strings.HasSuffix(w, "en") {
			continue // an Akkuschrauber is none of Schrauben
		}
		if whole, ok := strings.CutSuffix(word, ending); ok {
			for _, end := range []string{w, stem} {
				rest, ok := strings.CutSuffix(whole, end)
				if ok && len(rest) >= minPart && (ending != "" || end == w || len(stem) > minHead || prefixed(rest)) {
					return true
				}
			}
		}
	}
	return false
}

// prefixed reports whether what stands before a short stem makes another verb of
// it, or is long enough to be a word: the leih of Verleih and Geräteverleih, and
// not the leit of begleiten.
func prefixed(rest string) bool {
	return wordIn("ver aus auf ein ent mit vor nach ruck uber unter", rest) || len(rest) > minHead && strings.IndexByte("aiou", rest[len(rest)-1]) < 0
}

// unlinked returns rest without the letters that link the words of a compound.
func unlinked(rest string) string {
	for _, link := range []string{"en", "er", "es", "s", "n", "e"} {
		if r, ok := strings.CutPrefix(rest, link); ok {
			return r
		}
	}
	return rest
}

// mostUsed returns the n words that are written oftenest, each once.
func mostUsed(words []lexeme, n int) []string {
	slices.SortFunc(words, func(a, b lexeme) int {
		return cmp.Or(cmp.Compare(b.times, a.times), strings.Compare(a.word, b.word))
	})
	words = slices.CompactFunc(words, func(a, b lexeme) bool { return a.word == b.word })
	var out []string
	for _, x := range words[:min(n, len(words))] {
		out = append(out, x.word)
	}
	return out
}

// parts returns the longest words of the shop that w begins and ends with, "" for
// none.
func (l *Lexicon) parts(w, language string) (modifier, head string) {
	for n := len(w) - minModified; n >= minHead && modifier == ""; n-- {
		if l.written(w[:n]) {
			modifier = w[:n]
		}
	}
	bent := Stem(language, w)
	for from := minPart; len(bent)-from >= minHead && head == ""; from++ {
		for _, ending := range inflections() {
			if x := bent[from:] + ending; l.written(x) && root(language, x) == bent[from:] {
				head = x
				break
			}
		}
	}
	return modifier, head
}

// written reports whether the shop writes word, and it is no small one.
func (l *Lexicon) written(word string) bool {
	_, ok := l.places[word]
	return ok && !formless(word)
}
