package retrieval

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// Understanding is what a question asks for, as far as fields can say it.
type Understanding struct {
	Text   string   // the words to search; "" if fields say all
	Codes  []string // SKUs and GTINs that the question names, as the shop writes them
	Filter Filter
	Sort   Sort
	// Pages is set if the answer may stand on a page, which has neither price
	// nor stock nor attributes: the question speaks of shipping, returns and
	// the like, or has words that the filter does not explain. Search once
	// more without the filter, then; Queries does.
	Pages bool
	// Because says for each part of the rest why it is there, and which words
	// looked like a filter and are none.
	Because []string
}

// Understand reads prices, stock, sales, attributes, brands, categories,
// exclusions, codes and superlatives out of a question. It makes no filter from
// a word that is not in v, and none from one that it cannot be sure of: such a
// word stays in Text and is searched. Amounts are in the currency of v. The
// phrases around the shop's own words ("under 30", "auf Lager") are English and
// German.
//
// Only the first few thousand characters are read for filters; all of it is
// searched. A question about one product ("is the Alpine jacket in stock?", or one that
// has a code) gets no filter, since "no" is an answer, too.
func Understand(question string, v Vocabulary) Understanding {
	question = strings.ToValidUTF8(question, " ")
	cut := len(question)
	if cut > maxRead {
		cut = strings.LastIndexByte(question[:maxRead], ' ') + 1
		if cut == 0 {
			cut = maxRead
			for !utf8.RuneStart(question[cut]) {
				cut--
			}
		}
	}
	q := reading{text: question[:cut], vocabulary: v}
	q.readWords()
	q.readCodes()
	q.readTerms()
	q.readExclusions()
	q.readPrices()
	q.readPhrases()
	q.decide()
	if rest := strings.TrimSpace(question[cut:]); rest != "" {
		q.out.Text = strings.TrimSpace(q.out.Text + " " + rest)
		q.out.Pages = true
	}
	return q.out
}

// maxRead is how much of a question is read for filters, in bytes. What comes
// after it is searched only: nobody asks that long for a blue jacket.
const maxRead = 4096

// Queries returns the searches that answer u: one by its filter and, if
// u.Pages, one of the pages and FAQs without it. Merge what they find with
// Interleave.
func (u Understanding) Queries(vector []float32, limit int, at time.Time) []Query {
	q := Query{Text: u.Text, Codes: u.Codes, Vector: vector, Filter: u.Filter, Limit: limit, At: at}
	out := []Query{q}
	if u.Pages && !u.Filter.IsZero() && (u.Text != "" || len(vector) > 0) {
		q.Filter, q.Codes = Filter{Kinds: []catalog.Kind{catalog.KindPage, catalog.KindFAQ}}, nil
		out = append(out, q)
	}
	return out
}

// reading is a question as it is being understood.
type reading struct {
	text       string
	vocabulary Vocabulary
	words      []word
	terms      []termSpan
	gone       []span // what is not searched
	prices     []span
	title      bool // the question has a product's whole title of three words or more
	negated    bool // some term is excluded
	out        Understanding
}

// span is a range of bytes of the question.
type span struct{ start, end int }

// word is one token of the question and where it stands.
type word struct {
	span
	token string
}

// termSpan is a range of words that the vocabulary knows.
type termSpan struct {
	from, to int // words, to is exclusive
	terms    []term
	excluded bool
}

func (q *reading) readWords() {
	eachWord(q.text, func(start, end int, w string) {
		for _, t := range wordTokens(w) {
			q.words = append(q.words, word{span{start, end}, t})
		}
	})
}

func (q *reading) because(why string) { q.out.Because = append(q.out.Because, why) }

// token returns the token at i, "" outside of the question.
func (q *reading) token(i int) string {
	if i < 0 || i >= len(q.words) {
		return ""
	}
	return q.words[i].token
}

func (q *reading) key(from, to int) string {
	tokens := make([]string, 0, to-from)
	for _, w := range q.words[from:to] {
		tokens = append(tokens, w.token)
	}
	return strings.Join(tokens, " ")
}

// readCodes finds SKUs and GTINs. One that could be an ordinary word or number
// counts only where the question says that it is a code.
func (q *reading) readCodes() {
	fields := strings.FieldsFunc(q.text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`,;()"“”„`, r) })
	taken := 0
	for i := range fields {
		if i < taken {
			continue
		}
		for n := min(3, len(fields)-i); n >= 1; n-- {
			written := strings.Trim(strings.Join(fields[i:i+n], " "), `.:!?#'’[]{}<>`)
			code, ok := q.vocabulary.codes[CodeKey(written)]
			if !ok || !looksLikeCode(written, code) && !(i > 0 && announcesCode(fields[i-1])) {
				continue
			}
			if !slices.Contains(q.out.Codes, code) {
				q.out.Codes = append(q.out.Codes, code)
				q.because("code " + code)
			}
			taken = i + n
			break
		}
	}
}

// looksLikeCode reports whether written, which is the shop's code, is nothing
// else: letters with digits, a long number, or joined and spelled as the code.
func looksLikeCode(written, code string) bool {
	key := CodeKey(written)
	digits := strings.IndexFunc(key, unicode.IsDigit) >= 0
	letters := strings.IndexFunc(key, unicode.IsLetter) >= 0
	switch {
	case digits && letters && len(key) >= 4 && !strings.Contains(written, " "):
		return true
	case digits && letters && len(key) >= 5:
		return true
	case digits && !letters:
		return len(key) >= 5
	}
	return strings.ContainsAny(written, "-_./") && strings.EqualFold(written, code)
}

func announcesCode(before string) bool {
	switch strings.Trim(strings.ToLower(before), ".:#") {
	case "sku", "gtin", "ean", "upc", "isbn", "mpn", "code", "item", "article", "artikel", "artikelnummer", "model", "part", "number", "no", "nr", "":
		return true
	}
	return false
}

// readTerms finds the vocabulary's terms, the longest first, and the titles.
func (q *reading) readTerms() {
	v := q.vocabulary
	type titleSpan struct {
		from, to int
		values   []string
	}
	var titles []titleSpan
	for i := range q.words {
		for n := min(v.most, len(q.words)-i); n >= 1; n-- {
			if values, ok := v.titles[q.key(i, i+n)]; ok && n >= 2 {
				titles = append(titles, titleSpan{i, i + n, values})
				q.title = q.title || n >= 3
				break
			}
		}
	}
	for i := 0; i < len(q.words); {
		n := min(v.most, len(q.words)-i)
		for ; n >= 1; n-- {
			key := q.key(i, i+n)
			known := slices.ContainsFunc(titles, func(t titleSpan) bool {
				return t.from <= i && i+n <= t.to && !slices.Contains(t.values, key)
			})
			if terms := q.certain(v.terms[key], i, i+n); len(terms) > 0 && !known {
				q.terms = append(q.terms, termSpan{from: i, to: i + n, terms: terms})
				break
			}
		}
		if n == 0 && q.partUnwanted(i) {
			q.terms = append(q.terms, termSpan{from: i, to: i + 1, terms: []term{{kind: termAttribute, value: q.token(i)}}})
		}
		i += max(1, n)
	}
}

// partUnwanted reports whether word i is one of those in the shop's attribute
// values and the question does not want it. Who wants no leather wants no
// full-grain leather; who wants large does not want extra large, so that only
// an exclusion goes by a part of a value.
func (q *reading) partUnwanted(i int) bool {
	t := q.token(i)
	if !q.vocabulary.parts[t] || !plainWord(t) || stopWord(t) {
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
	return q.token(to) == "free" && q.text[q.words[to-1].end:q.words[to].start] == "-"
}

// certain returns those of terms that the words from i up to j can only mean.
func (q *reading) certain(terms []term, i, j int) []term {
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
		return nil
	}
	for _, t := range terms {
		if t.kind != termAttribute || !yesOrNo(t.value) {
			out = append(out, t)
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
	if t == "color" {
		return "colour"
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
	if t := q.token(i - 1); t != "in" {
		return false
	}
	if next := q.token(i + 1); next != "" && !stopWord(next) && !boundary(next) {
		return false
	}
	written := q.text[q.words[i].start:q.words[i].end]
	return written == strings.ToUpper(written)
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
	case "under", "below", "less", "over", "above", "between", "max", "maximum", "min", "up", "cheaper", "more", "available", "costing", "made",
		"now", "today", "unter", "uber", "ab", "bis", "auf", "fur", "mit", "ohne", "und", "oder", "im":
		return true
	}
	return false
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
		switch q.token(i) {
		case "without", "excluding", "except", "non", "ohne", "kein", "keine", "keinen", "ausser":
			return i
		case "no":
			if i == 0 || !announcesCode(q.text[q.words[i].start:q.words[i].end]) || q.token(i-1) != "item" {
				return i
			}
			return -1
		case "not", "nicht", "dont", "doesnt", "isnt", "arent", "never":
			return i
		case "but":
			if t := q.token(i - 1); t == "anything" || t == "everything" || t == "all" {
				return i - 1
			}
			return -1
		case "than":
			if q.token(i-1) == "other" {
				return i - 1
			}
			return -1
		case "made", "of", "from", "in", "a", "an", "any", "the", "with", "contain", "containing", "want", "like", "be", "au", "aus", "mit":
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
