package retrieval

import (
	"math"
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// Signs are what shows, from outside, that a passage answers a question. Words,
// Covered and Titled are shares from 0 to 1; Cosine is from -1 to 1.
type Signs struct {
	// Exact is set if the question names the passage's document by a code, or is
	// its whole title.
	Exact bool
	// Words is Arms.Words: of what the question's words could score at most, what
	// the passage scores. Rare words, words in the title and short passages count
	// more.
	Words float64
	// Covered is the share of the question's content words that the passage or
	// its fields have, wherever.
	Covered float64
	// Titled is the share of the title's words that the question has: what a
	// shop has answered under a title of few words is seldom something else.
	Titled float64
	// Page is set for a page: its title says little of what it answers.
	Page bool
	// Cosine is how near both are by meaning. It is looked at if Meaning is set:
	// the search had a vector.
	Cosine  float64
	Meaning bool
}

// SignsOf returns the signs that p, as it was found and then loaded, answers the
// question. meaning says whether the search had a vector, and also what was
// searched as words of the question: a passage that has that has the word.
func SignsOf(question string, p Passage, meaning bool, also ...Alternative) Signs {
	s := Signs{Exact: p.Arms.Exact, Words: p.Arms.Words, Page: p.Kind == catalog.KindPage, Meaning: meaning}
	if meaning {
		s.Cosine = p.Arms.Cosine
	}
	have := make(map[string]float64)
	for _, f := range Fields() {
		for _, t := range FieldTokens(f, Entry{Title: p.Title, Facts: p.Facts}, Chunk{Heading: p.Heading, Text: p.Text}) {
			have[t] = 1
		}
	}
	var wanted []string
	for _, t := range QueryTerms(question) {
		if !t.Unwanted {
			wanted = append(wanted, t.Token)
		}
	}
	asked := make(map[string]float64)
	for _, t := range Tokens(question) {
		asked[t] = 1
	}
	stood := make(map[string]float64)
	for _, a := range also {
		counts := a.evidence()
		if !slices.ContainsFunc(a.Tokens, func(t string) bool { return have[t] == 0 }) {
			for _, t := range a.Of {
				stood[t] = max(stood[t], counts)
			}
		}
		if !slices.ContainsFunc(a.Of, func(t string) bool { return !slices.Contains(wanted, t) }) {
			for _, t := range a.Tokens {
				asked[t] = max(asked[t], counts)
			}
		}
	}
	for t, counts := range stood {
		have[t] = max(have[t], counts)
	}
	s.Covered = shareIn(wanted, have)
	s.Titled = shareIn(withoutJoins(Tokens(p.Title)), asked)
	return s
}

// withoutJoins returns tokens without the short words by which titles in other
// languages than English are joined: Poupée de chiffon is two words long.
func withoutJoins(tokens []string) []string {
	return slices.DeleteFunc(tokens, func(t string) bool { return len(t) <= 3 && smallAbroad(t) && !stopWord(t) })
}

// evidence returns how much of a word a stands for: all of it if it is the shop
// that takes both for the same, or another form, and less if most shops do.
func (a Alternative) evidence() float64 {
	if a.Weight < formWeight*synonymWeight {
		return a.Weight
	}
	return 1
}

// shareIn returns which share of tokens have holds, 0 of none.
func shareIn(tokens []string, have map[string]float64) float64 {
	if len(tokens) == 0 {
		return 0
	}
	n := 0.0
	for _, t := range tokens {
		n += have[t]
	}
	return n / float64(len(tokens))
}

// SignWeights are a logistic model: what each sign adds to the logarithm of the
// odds that a passage answers. None is what there is without any sign.
type SignWeights struct{ None, Words, Covered, Titled, Page, Cosine float64 }

// FittedSignWeights returns the weights of Evidence, for searches with and
// without meaning. They were fitted to questions whose answers are known, with
// vectors of adapters/glove; test/eval fits them anew (TestEvidenceIsFitted) and
// docs/retrieval.md says to what.
func FittedSignWeights(meaning bool) SignWeights {
	if meaning {
		return SignWeights{None: -5.44, Words: 3.02, Covered: 0.90, Titled: 3.18, Page: 1.70, Cosine: 1.89}
	}
	return SignWeights{None: -5.37, Words: 3.71, Covered: 1.08, Titled: 4.21, Page: 2.02}
}

// leastNamed is what a passage's evidence is at least if the question names its
// document. Of the 22 questions to the shops of HINT3 that are the whole title of
// another, all are of the same kind: (22 + 1) / (22 + 2), rounded down.
const leastNamed = 0.95

// DefaultLeastEvidence is the evidence below which a shop is better said to have
// nothing on a question: of ten answers that would be given for less, nine would
// be none.
const DefaultLeastEvidence = 0.1

// Evidence returns how likely it is that a passage with these signs answers the
// question, from 0 to 1.
func (w SignWeights) Evidence(s Signs) float64 {
	x := w.None + w.Words*s.Words + w.Covered*s.Covered + w.Titled*s.Titled
	if s.Page {
		x += w.Page
	}
	if s.Meaning {
		x += w.Cosine * s.Cosine
	}
	likely := 1 / (1 + math.Exp(-x))
	if s.Exact {
		return max(leastNamed, likely)
	}
	return likely
}

// Evidence returns how likely it is that one of ps, as they were found and then
// loaded, answers the question: from 0 to 1, that of the likeliest, whose place
// is best. Without passages it is 0, and best -1. meaning says whether the search
// had a vector; one of a model other than that of FittedSignWeights is better not
// counted, since no two models agree on how near is near.
//
// "Likely" is meant as it stands: of the questions with an evidence of about 0.7
// about seven in ten are answered by the best passage; docs/retrieval.md has how
// well that holds.
//
// also is what was searched as words of the question: see SignsOf.
func Evidence(question string, ps []Passage, meaning bool, also ...Alternative) (likely float64, best int) {
	w, best := FittedSignWeights(meaning), -1
	for i, p := range ps {
		if e := w.Evidence(SignsOf(question, p, meaning, also...)); best < 0 || e > likely {
			likely, best = e, i
		}
	}
	return likely, best
}

// Fit says whether a shop has anything on a question.
type Fit struct {
	Evidence float64 // of the likeliest passage, as Evidence returns it
	// Nothing is set if the shop is better said to have nothing.
	Nothing bool
	// Near holds what is near all the same if Nothing is set: the best passage of
	// each document, at most three, with at least half of the evidence that was
	// wanted.
	Near []Passage
}

// maxNear is how many documents are near at most: more would be an answer.
const maxNear = 3

// FitOf judges ps, as they were found, best first, and then loaded; also is what
// counts as words of the question, as for Evidence. least is the
// evidence that is wanted, 0 for any; if it is negative, nothing is ever said to
// be Nothing. It says Nothing where no passage was found,
// and where the likeliest has less than that; but never where exact is set, since
// ps are then what the question's filter lets through, and not where the question
// says nothing itself, as a greeting does.
func FitOf(question string, ps []Passage, meaning, exact bool, least float64, also ...Alternative) Fit {
	var f Fit
	f.Evidence, _ = Evidence(question, ps, meaning, also...)
	switch {
	case least < 0 || SaysNothing(question):
		return f
	case len(ps) == 0:
		f.Nothing = true
		return f
	case exact || f.Evidence >= least:
		return f
	}
	f.Nothing, f.Near = true, nearest(question, ps, meaning, least, also...)
	return f
}

// Unfit returns f where the question's filter lets nothing through and ps were
// found without it: it is known by fields that nothing fits, whatever the words
// say, and ps are near at best. Its arguments are those of FitOf.
func (f Fit) Unfit(question string, ps []Passage, meaning bool, least float64, also ...Alternative) Fit {
	if least < 0 || SaysNothing(question) {
		return f
	}
	f.Nothing, f.Near = true, nearest(question, ps, meaning, least, also...)
	return f
}

// nearest returns the first passage of each of the documents that have at least
// half of the evidence that is wanted.
func nearest(question string, ps []Passage, meaning bool, least float64, also ...Alternative) []Passage {
	var out []Passage
	w := FittedSignWeights(meaning)
	seen := make(map[DocumentID]bool)
	for _, p := range ps {
		if len(out) < maxNear && !seen[p.Ref.Document] && w.Evidence(SignsOf(question, p, meaning, also...)) >= least/2 {
			seen[p.Ref.Document] = true
			out = append(out, p)
		}
	}
	return out
}

// SaysNothing reports whether text has words, and only such as are in every
// question, in a greeting or in thanks: then nothing is asked of the shop.
func SaysNothing(text string) bool {
	tokens := Tokens(text)
	rest := " " + strings.Join(tokens, " ") + " "
	for _, polite := range courtesies() {
		for strings.Contains(rest, " "+polite+" ") {
			rest = strings.Replace(rest, " "+polite+" ", " ", 1)
		}
	}
	for t := range strings.FieldsSeq(rest) {
		if !stopWord(t) {
			return false
		}
	}
	return len(tokens) > 0
}

// courtesies are greetings, thanks and questions to an assistant of what it is,
// as tokens, beside those that stopWord knows. Only a text that says nothing
// else is one of them: "good morning" is a greeting, and "good mugs" is not.
func courtesies() []string {
	return []string{
		"good morning", "good day", "good afternoon", "good evening", "good night", "very much", "so much", "a lot", "cheer", "bye", "goodbye", "okay",
		"a bot", "a robot", "a human", "a real person", "a person", "an ai",
		"hallo", "guten morgen", "guten tag", "guten abend", "gruss gott", "servu", "moin", "danke", "vielen dank", "danke schon", "tschuss",
		"bonjour", "bonsoir", "salut", "merci beaucoup", "merci",
		"hola", "bueno dia", "buena tarde", "buena noche", "mucha gracia", "gracia",
		"ciao", "buongiorno", "buonasera", "grazie mille", "grazie",
		"goedemorgen", "goedemiddag", "goedenavond", "dank je wel", "dank u wel", "dank je", "dank u", "bedankt",
	}
}
