package retrieval

import (
	"slices"
	"strings"
	"unicode"
)

// termSpan is a range of words that the vocabulary knows.
type termSpan struct {
	from, to int // words, to is exclusive
	terms    []term
	excluded bool
}

// titleSpan is a range of words that is the title of a product.
type titleSpan struct {
	from, to int
	titled
	compared bool // the product is what others are compared with
}

// readTitles finds the titles of products, and the prices of those that others
// are compared with.
func (q *reading) readTitles() {
	v := q.vocabulary
	for i := range q.words {
		for n := min(v.most, len(q.words)-i); n >= 2; n-- {
			t, ok := v.titles[q.key(i, i+n)]
			if !ok {
				continue
			}
			s := titleSpan{from: i, to: i + n, titled: t.at(v.At)}
			s.compared = q.compare(s)
			q.titles = append(q.titles, s)
			q.title = q.title || n >= 3 && !s.compared
			break
		}
	}
}

// readTerms finds the vocabulary's terms, the longest first.
func (q *reading) readTerms() {
	v := q.vocabulary
	for i := 0; i < len(q.words); {
		n := min(v.most, len(q.words)-i)
		for ; n >= 1; n-- {
			if q.isGone(i, i+n) {
				continue
			}
			key := q.key(i, i+n)
			known := slices.ContainsFunc(q.titles, func(t titleSpan) bool {
				return t.from <= i && i+n <= t.to && !slices.Contains(t.values, key)
			})
			of := v.terms[key]
			if len(of) == 0 && n == 1 {
				of = v.terms[spelledOtherwise(key)]
			}
			if len(of) == 0 {
				of = v.bent(q.words[i : i+n]...)
			}
			if len(of) == 0 && n == 1 {
				of = v.kindOf(q.words[i])
			}
			if terms := q.certain(of, i, i+n); len(terms) > 0 && !known {
				q.terms = append(q.terms, termSpan{from: i, to: i + n, terms: terms})
				break
			}
		}
		if n == 0 {
			if t, words := q.sizeWord(i); words > 0 {
				n = words
				q.terms = append(q.terms, termSpan{from: i, to: i + n, terms: []term{t}})
			}
		}
		if n == 0 && q.partUnwanted(i) {
			q.terms = append(q.terms, termSpan{from: i, to: i + 1, terms: []term{{kind: termAttribute, value: q.token(i)}}})
		}
		i += max(1, n)
	}
}

// kindOf returns the category that w is a shorter or longer name of: TV of TVs, which
// no stemmer makes one of, and Gartengeräte of Garten.
func (v Vocabulary) kindOf(w word) []term {
	var of []term
	switch head := thingsOf(w.folded); {
	case len(w.token) == 2:
		of = v.terms[w.token+"s"]
	case head != "":
		of = v.terms[head]
	}
	return slices.DeleteFunc(slices.Clone(of), func(t term) bool { return t.kind != termCategory })
}

// thingsOf returns what a German compound is about that ends with a word for any
// thing, "" for other words.
func thingsOf(folded string) string {
	for _, thing := range []string{"gerate", "gerat", "artikel", "sachen", "produkte", "bedarf"} { //nolint:misspell // German
		if head := strings.TrimSuffix(folded, thing); head != folded && len(head) >= minPart {
			return head
		}
	}
	return ""
}

// isGone reports whether one of the words from i up to j is read already.
func (q *reading) isGone(i, j int) bool {
	start, end := q.words[i].start, q.words[j-1].end
	return slices.ContainsFunc(q.gone, func(s span) bool { return s.start < end && start < s.end })
}

// sizeWord returns the size that the words from i on say, and how many they are:
// M for medium and XL for extra large, if the question speaks of a category in
// which the shop has it. A large tent is no size.
func (q *reading) sizeWord(i int) (term, int) {
	at, prefix := i, ""
	for ; at-i < 2 && wordIn("extra x xx 2x 3x", q.token(at)); at++ {
		if prefix += strings.ToUpper(q.token(at)); q.token(at) == "extra" {
			prefix = strings.TrimSuffix(prefix, "EXTRA") + "X"
		}
	}
	var size string
	switch q.token(at) {
	case "small", "klein", "kleine":
		size = "S"
	case "medium", "mittel":
		size = "M"
	case "large", "gross", "grosse":
		size = "L"
	}
	if size == "" || size == "M" && prefix != "" || q.isGone(i, at+1) || q.namesSize(at) {
		return term{}, 0
	}
	size = prefix + size
	for _, t := range q.vocabulary.terms[strings.ToLower(size)] {
		if t.kind != termAttribute || !q.vocabulary.decides(t) {
			continue
		}
		for _, c := range q.categoriesNamed() {
			if q.vocabulary.sizes[sizeKey(c, size)] {
				return t, at + 1 - i
			}
		}
	}
	return term{}, 0
}

// namesSize reports whether word i is the German "Größe" and not "große", which
// an index has as the same.
func (q *reading) namesSize(i int) bool {
	w := q.words[i]
	return w.folded == "grosse" && (strings.ContainsAny(q.text[w.start:w.end], "öÖ") || len(q.vocabulary.terms[q.token(i+1)]) > 0)
}

// categoriesNamed returns the categories that have a name in the question. They
// are looked for once: a question may say "large" hundreds of times.
func (q *reading) categoriesNamed() []string {
	if q.categories != nil {
		return q.categories
	}
	q.categories = []string{}
	for i := range q.words {
		for n := min(q.vocabulary.most, len(q.words)-i); n >= 1; n-- {
			for _, c := range q.vocabulary.terms[q.key(i, i+n)] {
				if c.kind == termCategory && !slices.Contains(q.categories, c.value) {
					q.categories = append(q.categories, c.value)
				}
			}
		}
	}
	return q.categories
}

// certain returns those of terms that the words from i up to j can only mean.
func (q *reading) certain(terms []term, i, j int) []term {
	terms = q.decisive(terms, i, j)
	if len(terms) == 0 || stopWord(q.token(i)) && j-i == 1 && len(q.token(i)) > 2 {
		return nil
	}
	var named, out []term
	longest := 0
	for _, t := range terms {
		if t.kind != termAttribute {
			continue
		}
		switch n := q.named(t.name, i, j); {
		case n > longest:
			named, longest = []term{t}, n
		case n == longest && n > 0:
			named = append(named, t)
		}
	}
	if longest > 0 {
		return named
	}
	if short := j-i == 1 && !plainWord(q.token(i)); short && !q.chosenShort(i) {
		// M and 42 mean many things; a TV is one.
		return slices.DeleteFunc(slices.Clone(terms), func(t term) bool {
			return t.kind != termCategory || strings.IndexFunc(q.token(i), unicode.IsDigit) >= 0 || len(q.token(i)) < 2
		})
	}
	for _, t := range terms {
		if t.kind != termAttribute || !yesOrNo(t.value) {
			out = append(out, t)
		}
	}
	return out
}

// decisive returns those of terms, which the words from i up to j say, of which a
// field can decide.
func (q *reading) decisive(terms []term, i, j int) []term {
	var out []term
	for _, t := range terms {
		if q.vocabulary.decides(t) {
			out = append(out, t)
		}
	}
	if len(out) == 0 && slices.ContainsFunc(q.words[i:j], func(w word) bool { return plainWord(w.token) && !stopWord(w.token) }) && len(terms) > 0 {
		why := "searched, not filtered: " + q.key(i, j) + " (titles in this shop say other things than its fields)"
		if !slices.Contains(q.out.Because, why) {
			q.because(why)
		}
	}
	return out
}

// named returns how many words of the attribute's name stand before the words
// from i up to j ("size 42", "colour: blue", "size is M") or right after them.
func (q *reading) named(name string, i, j int) int {
	words := strings.Fields(attributeKey(name))
	before := func(at int) int {
		n := 0
		for n < len(words) && nameToken(q.token(at-1-n)) == words[len(words)-1-n] {
			n++
		}
		return n
	}
	n := before(i)
	switch q.token(i - 1) {
	case "is", "in", "of":
		n = max(n, before(i-1))
	}
	if n == 0 && len(words) > 0 && nameToken(q.token(j)) == words[len(words)-1] {
		n = 1
	}
	return n
}

// nameToken returns t in the spelling that attributeKey gives it.
func nameToken(t string) string {
	switch t {
	case "color":
		return "colour"
	case "gr":
		return "grosse"
	case "sz":
		return "size"
	}
	return t
}

// plainWord reports whether t means the same wherever it stands: not a number,
// nor one or two letters.
func plainWord(t string) bool {
	switch t {
	case "xs", "xl":
		return true
	}
	return strings.IndexFunc(t, unicode.IsLetter) >= 0 && (len(t) > 2 || t[0] >= 0x80)
}

// chosenShort reports whether the short word i is a size all the same: "in 42"
// and "in M" at the end of a question or before a word like "and".
func (q *reading) chosenShort(i int) bool {
	before := q.token(i - 1)
	if before == "a" || before == "an" {
		before = q.token(i - 2)
	}
	if !wordIn("in en eu wear wearing", before) {
		return false
	}
	if next := q.token(i + 1); next != "" && !q.filler(i+1) && !boundary(next) && !q.isGone(i+1, i+2) && !q.begins(i+1) {
		return false
	}
	written := q.text[q.words[i].start:q.words[i].end]
	return written == strings.ToUpper(written)
}

// begins reports whether another wish begins at word i: with a word of the shop
// or what an attribute is called.
func (q *reading) begins(i int) bool {
	t := q.token(i)
	return len(q.vocabulary.terms[t]) > 0 && plainWord(t) || q.vocabulary.names[t] || wordIn("other except excluding anything", t)
}

// yesOrNo reports whether value says nothing without its attribute's name.
func yesOrNo(value string) bool {
	switch TitleKey(value) {
	case "yes", "no", "true", "false", "ye", "none", "other", "any", "all", "new", "good", "best", "standard", "default", "n a", "ja", "nein":
		return true
	}
	return false
}

// boundary reports whether t begins another part of the question.
func boundary(t string) bool {
	switch t {
	case "worth", "priced", "around", "under", "below", "less", "over", "above", "between", "max", "maximum", "min", "up", "cheaper", "more", "available", "costing", "made",
		"now", "today", "unter", "uber", "ab", "bis", "auf", "fur", "mit", "ohne", "und", "oder", "im":
		return true
	}
	return false
}
