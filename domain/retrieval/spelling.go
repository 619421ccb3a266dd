package retrieval

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Respelled is one word of a question that was read as another.
type Respelled struct {
	From string // as the question has it
	To   string // a word of the shop
}

// String says so for whoever asks why something was found.
func (r Respelled) String() string {
	return "read " + r.From + " as " + r.To
}

// Respell returns the question with those words that are slips of the fingers
// for words of the shop put right, and which they were. Everything else stays as
// it is, and a question without such words is returned unchanged.
//
// A word is put right only if the shop does not have it in any form, nor both
// parts of which it may be put together; if it is of letters only and stands
// neither in a code, an address nor a quantity; if it is not one of those by
// which Understand reads filters; and if isWord, which may be nil, does not know
// it: who asks a shop of tents for sofas means sofas. What it is read as is the
// nearest word of the shop by Damerau's distance: one slip, two from eight
// letters on, those with the right first letter first, then those that the shop
// uses oftener.
//
// At most four words of the first few thousand characters are put right. On
// 100,000 words this takes about a millisecond for each: BenchmarkRespell.
func Respell(question string, v Vocabulary, l *Lexicon, isWord func(word string) bool) (string, []Respelled) {
	if l.Len() == 0 || !utf8.ValidString(question) {
		return question, nil
	}
	q := reading{text: question[:min(len(question), maxRead)], vocabulary: v}
	suspects := l.suspects(q.text, isWord)
	if len(suspects) == 0 {
		return question, nil
	}
	// What Understand reads is no slip.
	q.readWords()
	q.readCodes()
	q.readTitles()
	q.readPrices()
	q.readQuantities()
	q.readPhrases()
	q.readTerms()
	var out strings.Builder
	var read []Respelled
	done := 0
	for _, s := range suspects {
		if len(read) == maxRespells {
			break
		}
		if q.reads(s.span) {
			continue
		}
		to := l.nearest(s.token)
		if slices.ContainsFunc(v.languages, func(language string) bool { return language != "en" }) {
			// Nobody knows the words of that language here: ohren is none of bohren, and
			// cuir none of cui.
			short := utf8.RuneCountInString(s.token) <= minSpelled
			to = slices.DeleteFunc(to, func(x spelling) bool { return short || x.start == 0 })
		}
		if len(to) == 0 || to[0].slips > 1 && l.joined(s.token, minPart) {
			continue
		}
		r := Respelled{From: q.text[s.start:s.end], To: to[0].word}
		read = append(read, r)
		out.WriteString(question[done:s.start])
		out.WriteString(r.To)
		done = s.end
	}
	if len(read) == 0 {
		return question, nil
	}
	out.WriteString(question[done:])
	return out.String(), read
}

// suspects returns the words of text that the shop does not know and that can be
// slips, in their order.
func (l *Lexicon) suspects(text string, isWord func(string) bool) []word {
	var out []word
	eachWord(text, func(start, end int, w string) {
		n := utf8.RuneCountInString(w)
		if n < minSpelled || n > maxSpelled || !onlyLetters(w) || l.Knows(w) || inCode(text, start, end) ||
			stopWord(w) || smallWord(w) || isCardinal(w) || isWord != nil && isWord(w) || l.joined(w, minPart+1) {
			return
		}
		out = append(out, word{span: span{start, end}, token: w})
	})
	return out
}

// joined reports whether word is made of two words of the shop, each of at least
// so many characters: an index finds those where the parts are.
func (l *Lexicon) joined(word string, part int) bool {
	return slices.ContainsFunc(Cuts(word), func(c Cut) bool {
		return utf8.RuneCountInString(c.Head) >= part && utf8.RuneCountInString(c.Tail) >= part && l.tokens[c.Head] > 0 && l.tokens[c.Tail] > 0
	})
}

// inCode reports whether the letters from start up to end stand in something
// that is spelled on purpose: beside a digit, or in an address, or in capitals
// joined to something else.
func inCode(text string, start, end int) bool {
	from := strings.LastIndexFunc(text[:start], unicode.IsSpace) + 1
	to := len(text)
	if n := strings.IndexFunc(text[end:], unicode.IsSpace); n >= 0 {
		to = end + n
	}
	field := strings.Trim(text[from:to], `.,;:!?()[]{}"'’“”„`)
	if strings.ContainsAny(field, "@/_\\") || strings.ContainsFunc(field, unicode.IsDigit) || strings.Contains(field, "www.") {
		return true
	}
	joined := len(field) > end-start
	return joined && (strings.Contains(field, ".") || field == strings.ToUpper(field))
}

// reads reports whether what stands at s was read as something.
func (q *reading) reads(s span) bool {
	if slices.ContainsFunc(q.gone, func(g span) bool { return g.start < s.end && s.start < g.end }) {
		return true
	}
	i := slices.IndexFunc(q.words, func(w word) bool { return w.start == s.start })
	if i < 0 {
		return true
	}
	t := q.words[i].token
	return boundary(t) || anyThing(t) || priceWord(t) || policyWord(t) || lacking(t) || joins(t) ||
		slices.ContainsFunc(q.terms, func(t termSpan) bool { return t.from <= i && i < t.to || t.named(q.words[i].token) })
}
