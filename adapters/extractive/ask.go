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
	terms    []term
	facts    bool   // for price, sale or stock
	bounds   bool   // for all that there is within a price, on sale or in stock
	sorted   bool   // for the cheapest, the newest and the like
	by       string // how the line of a product begins by which it is sorted, "" for the price
	anything bool   // sorted, and of no kind of thing
	when     bool   // for a time
	amount   bool   // for what something costs
	reach    bool   // for a way to get in touch
}

// term is a word that a question is about.
type term struct {
	token  string
	family string     // see family
	also   [][]string // tokens that count as it, all of each
	number bool
	name   bool    // written as a name is; in German, as any noun
	place  bool    // where a shop is asked to send to
	weight float64 // of how little of the evidence it stands in
}

// asked reads a question; also is what counts as words of it. What holds it together is left out: stop words, the
// scaffold ("does it take", "is it possible") and what says the kind of answer
// ("how long", "what does ... cost").
func asked(text string, also []retrieval.Alternative, w words) question {
	text = strings.ToValidUTF8(text, " ")
	tokens, names, content := retrieval.Tokens(text), namesOf(text), contentOf(text, w)
	var q question
	read := retrieval.Understand(text, retrieval.Vocabulary{})
	q.sorted, q.by = read.Sort != retrieval.ByRelevance, sortedBy(read.Sort)
	q.anything = q.sorted && strings.TrimSpace(read.Text) == ""
	q.readFacts(text, content)
	var topics []term
	sends := slices.ContainsFunc(tokens, func(t string) bool { return family(t) == "shipping" || family(t) == "send" }) || alsoSends(also)
	for i, t := range tokens {
		when, amount := kindAsked(tokens, i)
		q.when, q.amount = q.when || when || t == "time" || t == "hour", q.amount || amount
		switch {
		case when, amount, t == "time", scaffold(t), factWord(t) && !ofPages(t):
			continue
		case q.facts && digits(t):
			continue // a bound, which the retriever has kept
		case q.bounds && i > 0 && digits(tokens[i-1]) && weightUnit(t):
			continue // of such a bound: under 1 kg
		case t == "back" && sendsBack(tokens[:i]):
			t = "return"
		case (t == "send" || t == "sent" || t == "ship") && slices.Contains(tokens[i:min(len(tokens), i+5)], "back"):
			continue // with the "back" that follows
		case reaches(t) && aPerson(tokens[i+1:]), t == "touch" && i > 0 && tokens[i-1] == "in":
			t = "contact"
		case !content[t]:
			continue
		}
		same := func(have term) bool { return have.token == t }
		if slices.ContainsFunc(q.terms, same) || slices.ContainsFunc(topics, same) {
			continue
		}
		one := term{token: t, family: family(t), number: digits(t), name: names[t], place: sends && whereTo(tokens[:i])}
		one.place = one.place && !one.number && one.family == "" || one.family == "uk" && sends
		for _, a := range also {
			if slices.Contains(a.Of, t) {
				one.also = append(one.also, a.Tokens)
			}
		}
		switch one.family {
		case "contact", "phone", "mail":
			q.reach = true
		case "free":
			q.amount = true
		}
		if general(t) {
			topics = append(topics, one)
		} else {
			q.terms = append(q.terms, one)
		}
	}
	if len(q.terms) == 0 {
		q.terms = topics
	}
	if !slices.ContainsFunc(q.terms, func(t term) bool { return !t.number || len(t.token) > 3 }) {
		q.terms = nil // a small number says nothing alone
	}
	q.facts = q.facts || q.amount
	return q
}

// sortedBy returns how the line of a product's evidence begins that says what
// it is sorted by, "" where that is the price, which every product's line has.
func sortedBy(s retrieval.Sort) string {
	switch s {
	case retrieval.NewestFirst:
		return "In the shop since: "
	case retrieval.BestRatedFirst:
		return "Rating: "
	case retrieval.LightestFirst, retrieval.HeaviestFirst:
		return "Weight: "
	case retrieval.ByRelevance, retrieval.CheapestFirst, retrieval.DearestFirst:
	}
	return ""
}

// contentOf returns the tokens of text that are not in every question.
func contentOf(text string, w words) map[string]bool {
	// A question of nothing but "do you have any" would be searched for just
	// that; the added word, which is then left out, prevents it.
	const none = "0"
	content := map[string]bool{}
	for _, t := range retrieval.QueryTokens(text + " " + none) {
		content[t] = t != none
	}
	for _, t := range retrieval.Tokens(w.stop) {
		delete(content, t)
	}
	// Who writes in another language than the shop's has its stop words, too.
	var most []string
	for _, language := range []string{"de", "fr", "es", "it", "nl"} {
		var hits []string
		for _, t := range retrieval.Tokens(wordsOf(language).stop) {
			if content[t] {
				hits = append(hits, t)
			}
		}
		if len(hits) > len(most) {
			most = hits
		}
	}
	if len(most) > 1 { // one may be a word of this language, as "die" is
		for _, t := range most {
			delete(content, t)
		}
	}
	return content
}

// readFacts sets whether q asks for price, sale or stock, and whether it bounds
// them: "jackets under 80" does, "what does it cost" does not.
func (q *question) readFacts(text string, content map[string]bool) {
	for t := range content {
		if t == "offer" && !strings.Contains(strings.ToLower(text), "on offer") {
			continue // "do you offer"
		}
		q.facts = q.facts || factWord(t)
		q.bounds = q.bounds || factWord(t) && !asksAmount(t)
	}
	if strings.ContainsAny(text, "€$£¥") {
		q.facts = true
		q.bounds = q.bounds || strings.ContainsAny(text, "0123456789")
	}
}

// kindAsked reports whether token i says that a time or an amount is asked for.
func kindAsked(tokens []string, i int) (when, amount bool) {
	t := tokens[i]
	when, amount = asksWhen(t), asksAmount(t)
	if i > 0 && (tokens[i-1] == "how" || tokens[i-1] == "wie") {
		w, a := afterHow(t)
		when, amount = when || w, amount || a
	}
	if t == "temp" && i > 1 && tokens[i-2] == "combien" { // combien de temps
		when = true
	}
	return when, amount
}

func digits(token string) bool { return strings.Trim(token, "0123456789") == "" }

// reaches reports whether token, before a person, asks for a way to contact.
func reaches(token string) bool {
	switch token {
	case "reach", "talk", "speak", "erreiche", "erreichen":
		return true
	}
	return false
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

// alsoSends reports whether a word of the question counts as one of sending.
func alsoSends(also []retrieval.Alternative) bool {
	return slices.ContainsFunc(also, func(a retrieval.Alternative) bool {
		return slices.ContainsFunc(a.Tokens, func(t string) bool { return family(t) == "shipping" })
	})
}

// whereTo reports whether what comes after these tokens is where something is
// sent to.
func whereTo(tokens []string) bool {
	for _, t := range slices.Backward(tokens) {
		switch t {
		case "to", "into", "nach", "naar", "in", "en", "au", "aux", "a":
			return true
		case "the", "die", "le", "la", "les", "el", "los", "gli", "de": // of the country's name
		default:
			return false
		}
	}
	return false
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
	for field := range strings.FieldsSeq(text) {
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

// elsewhere reports whether q asks of a place that none of what covers has.
func (q question) elsewhere(covers uint64) bool {
	for i, t := range q.terms {
		if t.place && covers&(1<<i) == 0 {
			return true
		}
	}
	return false
}

// all returns the bits of all terms.
func (q question) all() uint64 { return 1<<len(q.terms) - 1 }
