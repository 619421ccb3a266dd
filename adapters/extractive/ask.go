package extractive

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// question is what is asked: the words that it is about, and what kind of
// answer it wants, which is no word to look for.
type question struct {
	terms  []term
	facts  bool // for price, sale or stock
	bounds bool // for all that there is within a price, on sale or in stock
	sorted bool // for the cheapest or dearest
	when   bool // for a time
	amount bool // for what something costs
	reach  bool // for a way to get in touch
}

// term is a word that a question is about.
type term struct {
	token  string
	family string // see family
	number bool
	name   bool    // written as a name is; in German, as any noun
	weight float64 // of how little of the evidence it stands in
}

// asked reads a question. What holds it together is left out: stop words, the
// scaffold ("does it take", "is it possible") and what says the kind of answer
// ("how long", "what does ... cost").
func asked(text string, w words) question {
	text = strings.ToValidUTF8(text, " ")
	var q question
	tokens := retrieval.Tokens(text)
	stop := map[string]bool{}
	for _, t := range retrieval.Tokens(w.stop) {
		stop[t] = true
	}
	// A question of nothing but "do you have any" would be searched for just
	// that; the added word, which is then left out, prevents it.
	const none = "0"
	content := map[string]bool{}
	for _, t := range retrieval.QueryTokens(text + " " + none) {
		content[t] = !stop[t] && t != none
		q.facts = q.facts || factWord(t) && t != "offer"
	}
	q.facts = q.facts || slices.Contains(tokens, "offer") && strings.Contains(strings.ToLower(text), "on offer")
	bounded := q.facts // by a word; a sign needs a number
	if strings.ContainsAny(text, "€$£¥") {
		q.facts = true
		bounded = bounded || strings.ContainsAny(text, "0123456789")
	}

	names := namesOf(text)
	q.sorted = retrieval.Understand(text, retrieval.Vocabulary{}).Sort != retrieval.ByRelevance
	var topics []term
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		before, after := "", ""
		if i > 0 {
			before = tokens[i-1]
		}
		if i+1 < len(tokens) {
			after = tokens[i+1]
		}
		when, amount := asksWhen(t), asksAmount(t)
		if before == "how" || before == "wie" {
			w, a := afterHow(t)
			when, amount = when || w, amount || a
		}
		if before == "combien" && (t == "de" && after == "temp" || t == "temp") {
			when = true
		}
		q.when, q.amount = q.when || when, q.amount || amount
		switch {
		case when, amount, scaffold(t), factWord(t) && !ofPages(t):
			continue
		case t == "time" || t == "hour":
			q.when = true
			if t == "time" {
				continue
			}
		case strings.Trim(t, "0123456789") == "" && q.facts:
			continue
		case t == "back" && sendsBack(tokens[:i]):
			t = "return"
		case (t == "send" || t == "sent" || t == "ship") && slices.Contains(tokens[i:min(len(tokens), i+5)], "back"):
			continue
		case (t == "reach" || t == "erreiche" || t == "erreichen" || t == "talk" || t == "speak") && aPerson(tokens[i+1:]):
			t = "contact"
		case !content[t]:
			continue
		}
		if slices.ContainsFunc(q.terms, func(have term) bool { return have.token == t }) ||
			slices.ContainsFunc(topics, func(have term) bool { return have.token == t }) {
			continue
		}
		one := term{token: t, family: family(t), number: strings.Trim(t, "0123456789") == "", name: names[t]}
		switch one.family {
		case "contact", "phone", "mail":
			q.reach = true
		case "free":
			q.amount = true
		}
		if general(t) {
			topics = append(topics, one)
			continue
		}
		q.terms = append(q.terms, one)
	}
	if len(q.terms) == 0 {
		q.terms = topics
	}
	if !slices.ContainsFunc(q.terms, func(t term) bool { return !t.number || len(t.token) > 3 }) {
		q.terms = nil // a number says nothing alone
	}
	q.bounds = bounded && slices.ContainsFunc(tokens, func(t string) bool { return factWord(t) && !asksAmount(t) && t != "offer" }) ||
		strings.ContainsAny(text, "€$£¥") && strings.ContainsAny(text, "0123456789")
	q.facts = q.facts || q.amount
	return q
}

// sendsBack reports whether "back" after these tokens makes them a return:
// "send it back", "my money back".
func sendsBack(tokens []string) bool {
	return slices.ContainsFunc(tokens[max(0, len(tokens)-4):], func(t string) bool {
		switch t {
		case "send", "sent", "ship", "bring", "give", "money", "pay", "paid":
			return true
		}
		return false
	})
}

// aPerson reports whether tokens begin with whom one can talk to.
func aPerson(tokens []string) bool {
	for _, t := range tokens[:min(3, len(tokens))] {
		switch t {
		case "you", "someone", "somebody", "anyone", "support", "customer", "human", "person", "team", "euch", "sie", "jemanden", "kundendienst":
			return true
		}
	}
	return false
}

// namesOf returns the tokens of the words of text that begin with a capital
// although no sentence begins there.
func namesOf(text string) map[string]bool {
	names := map[string]bool{}
	begins := true
	for _, field := range strings.Fields(text) {
		if r, _ := utf8.DecodeRuneInString(field); unicode.IsUpper(r) && !begins {
			for _, t := range retrieval.Tokens(field) {
				names[t] = true
			}
		}
		begins = strings.ContainsAny(field[len(field)-1:], ".!?")
	}
	return names
}

// ofTerms reports whether q asks for what a shop's pages lay down.
func (q question) ofTerms() bool {
	return slices.ContainsFunc(q.terms, func(t term) bool { return ofTerms(t.family) })
}

// termsIn reports whether one of the terms that covers has is of that kind.
func (q question) termsIn(covers uint64) bool {
	for i, t := range q.terms {
		if covers&(1<<i) != 0 && ofTerms(t.family) {
			return true
		}
	}
	return false
}

// all returns the bits of all terms.
func (q question) all() uint64 { return 1<<len(q.terms) - 1 }
