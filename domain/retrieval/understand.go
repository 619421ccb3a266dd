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
	Text   string        // the words to search; "" if fields say all
	Also   []Alternative // what counts as words of Text
	Open   string        // the words of Text that no field says, for an order; "" for none
	Head   string        // what the thing is called, if only a part of a category's name says it, for TitledFirst
	Codes  []string      // SKUs, GTINs and models that the question names, as the shop writes them
	Newer  []string      // words of Text spelled as codes that the vocabulary has not: those of products that are newer than it
	Filter Filter
	Sort   Sort
	// Pages is set if the answer may stand on a page, which has neither price
	// nor stock nor attributes: the question speaks of shipping, returns and
	// the like, or has words that the filter does not explain. Search once
	// more without the filter, then; Queries does.
	Pages bool
	// Terms is set if the question speaks of the shop's terms: shipping, returns and
	// the like.
	Terms bool
	// Unmet are quantities and sizes that nothing in the shop has: see Unmet.Contradicts.
	Unmet []Unmet
	// Sized are quantities as titles write them: what has one of them comes first, see
	// SizedFirst.
	Sized []string
	// Because says for each part of the rest why it is there, and which words
	// looked like a filter and are none.
	Because []string
}

// Understand reads prices, stock, sales, attributes, brands, categories,
// exclusions, codes and superlatives out of a question. It makes no filter from
// a word that is not in v, and none from one that it cannot be sure of: such a
// word stays in Text and is searched. Amounts are in the currency of v. The
// phrases around the shop's own words ("under 30", "auf Lager", "en solde") are
// English, German, French, Spanish, Italian and Dutch, whatever v.For says; the
// shop's own words are read in other forms ("rote" for Rot) in the languages of
// v.For only.
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
	q := reading{text: digits(inches(question[:cut])), vocabulary: v}
	q.readWords()
	q.readCodes()
	q.readTitles()
	q.readPrices()
	q.readQuantities()
	q.readPhrases()
	q.readTerms()
	q.readSizes()
	q.readPurposes()
	q.readExclusions()
	q.readClaims()
	q.readButNot()
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
	q := Query{Text: u.Text, Also: u.Also, Codes: u.Codes, Vector: vector, Filter: u.Filter, Limit: limit, At: at}
	out := []Query{q}
	if u.Sort != ByRelevance {
		out[0].Sort, out[0].Text = u.Sort, u.Open // all that fits is put in order, whatever words it has of those that the filter says
		if len(u.Filter.Kinds) == 0 {
			out[0].Filter.Kinds = []catalog.Kind{catalog.KindProduct} // no page is cheap, or new
		}
	}
	if out[0].Text != "" { // or it asks for all that fits
		out[0].Codes = slices.Concat(u.Codes, u.Newer)
	}
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
	measures   []measure
	titles     []titleSpan
	gone       []span // what is not searched
	said       []span // what is searched, too, but a field says it
	prices     []span
	categories []string // that are named; nil until somebody asks
	title      bool     // the question has a product's whole title of three words or more
	negated    bool     // some term is excluded
	abroad     bool     // the shop, who asks or a word of the question speaks another language than English
	out        Understanding
}

// span is a range of bytes of the question.
type span struct{ start, end int }

// word is one token of the question and where it stands.
type word struct {
	span
	token  string
	folded string // as it is written, in lower case and without diacritics
}

func (q *reading) readWords() {
	q.abroad = slices.ContainsFunc(q.vocabulary.languages, func(l string) bool { return l != "en" })
	eachWord(q.text, func(start, end int, w string) {
		for _, t := range wordTokens(w) {
			q.words = append(q.words, word{span{start, end}, t, w})
			q.abroad = q.abroad || foreign(w)
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

// folded returns the word at i as it is written, folded; "" outside of the
// question.
func (q *reading) folded(i int) string {
	if i < 0 || i >= len(q.words) {
		return ""
	}
	return q.words[i].folded
}

func (q *reading) key(from, to int) string {
	tokens := make([]string, 0, to-from)
	for _, w := range q.words[from:to] {
		tokens = append(tokens, w.token)
	}
	return strings.Join(tokens, " ")
}

// readCodes finds SKUs, GTINs and models. One that could be an ordinary word or number
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
			code, ok := q.vocabulary.code(written)
			if n == 1 && !ok && q.vocabulary.lacksCode(written) && looksLikeCode(written, "") && len(q.out.Newer) < maxNewer {
				q.out.Newer = append(q.out.Newer, written)
			}
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

// maxNewer bounds the codes that are asked for although the shop had none of them.
const maxNewer = 8

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
	case "sku", "gtin", "ean", "upc", "isbn", "mpn", "code", "item", "article", "artikel", "artikelnummer", "model", "modell", "modèle", "modelo", "modello", "part",
		"reference", "référence", "ref", "referencia", "number", "no", "nr", "":
		return true
	}
	return false
}
