package retrieval

import (
	"cmp"
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// Shown is a product that an answer has shown.
type Shown struct {
	Document   DocumentID
	Title      string
	Code       string        // its SKU, "" for none
	Price      catalog.Money // its lowest, as it was shown; not set for none
	Attributes []catalog.Attribute
}

// Earlier is a turn of a conversation, as far as a later question may take it
// up.
type Earlier struct {
	Question string
	Shown    []Shown // in the order in which they were shown
}

// FollowUp is a question as it is meant after what was said before it.
type FollowUp struct {
	// Question is the question in full: what is searched. It is as it was
	// asked where it stands alone.
	Question string
	// About are the products that it speaks of without naming them. Its words
	// are no filter then: "no" is an answer, too.
	About []Shown
	// Beside are the products that were shown already, where others are asked for:
	// an answer leaves them out.
	Beside []Shown
	// Beyond are the products that an answer has to be lighter, heavier, newer or
	// better rated than, whichever Question asks to be first: see Beyond.
	Beyond []Shown
	// Terms is set if it asks for the shop's terms, such as what shipping
	// costs, for About: the answer stands on a page.
	Terms bool
	// Because says what was taken up, and by which words; "" if the question
	// stands alone.
	Because string
}

// Depends reports whether the question is not understood without what was said
// before it.
func (f FollowUp) Depends() bool { return f.Because != "" }

// TakeUp reads a question after earlier ones of the same conversation, oldest
// first. "And in red?" repeats the last question with another colour, "is it
// waterproof?" is about the product that was spoken of, "the cheaper one"
// chooses among those that were shown, "anything lighter?" goes beyond them, "anything else?" repeats the last question
// beside those, and "how much is shipping for that?" keeps what is spoken of beside
// the shop's terms.
//
// A question that names a thing of its own (a product, a code, a category, the
// shop's terms) stands alone, and so does one of which it is not certain: who
// begins anew must not be answered about the last product. The phrases are
// English and German, with the simple ones of French, Spanish, Italian and
// Dutch.
func TakeUp(question string, before []Earlier, v Vocabulary) FollowUp {
	var t thread
	for _, e := range before {
		t = t.after(e, t.takeUp(e.Question, v), v)
	}
	return t.takeUp(question, v)
}

// maxMeant is how many products a question can be about that names none.
const maxMeant = 4

// thread is what a conversation has come to.
type thread struct {
	text  string  // the last question in full
	goods string  // the last one that was not about the shop's terms, in full
	named []Shown // the products that the last question was about
	shown []Shown // those that were shown last
	// beside are those that were shown before them for the same question.
	beside []Shown
}

// after returns the thread after e, whose question is f.
func (t thread) after(e Earlier, f FollowUp, v Vocabulary) thread {
	terms := f.Terms || asksTerms(e.Question) || len(f.About) == 0 && asksTerms(f.Question)
	next := thread{text: f.Question, goods: f.Question, named: f.About, shown: e.Shown, beside: f.Beside}
	if len(next.named) == 0 {
		next.named = namedIn(f.Question, e.Shown)
	}
	if terms {
		next.goods = t.goods
		if len(next.named) == 0 { // who asks about shipping still speaks of the jacket
			next.named, next.shown = t.named, t.shown
		}
	}
	return next
}

// namedIn returns those of shown whose title or code question holds.
func namedIn(question string, shown []Shown) []Shown {
	asked := " " + TitleKey(question) + " "
	var out []Shown
	for _, s := range shown {
		title, code := TitleKey(s.Title), TitleKey(s.Code)
		if title != "" && strings.Contains(asked, " "+title+" ") || code != "" && strings.Contains(asked, " "+code+" ") {
			out = append(out, s)
		}
	}
	return out[:min(len(out), maxMeant)]
}

// meant returns the products that "it", or with several "they", is about.
func (t thread) meant(several bool) []Shown {
	switch {
	case len(t.named) > 1, len(t.named) == 1 && !several:
		return t.named
	case len(t.shown) > 0:
		return t.shown[:min(len(t.shown), maxMeant)]
	}
	return t.named
}

// takeUp reads one question after t.
func (t thread) takeUp(question string, v Vocabulary) FollowUp {
	alone := FollowUp{Question: question}
	if strings.TrimSpace(t.text) == "" || len(question) > maxTakenUp {
		return alone
	}
	h := hear(question, v)
	if len(h.words) == 0 || len(h.words) > maxSpoken || h.ownProduct() || h.sortsAll() {
		return alone
	}
	for _, rule := range []func(*heard) (FollowUp, bool){t.more, t.choice, t.noun, t.which, t.comparison, t.pronoun, t.fact, t.ellipsis} {
		if f, ok := rule(h); ok {
			return f
		}
	}
	return alone
}

const (
	maxTakenUp = 300 // bytes
	maxSpoken  = 16  // words: what is longer says what it means
)

// about returns the follow-up that h is about these products.
func (h *heard) about(products []Shown, why string) FollowUp {
	titles := make([]string, len(products))
	for i, p := range products {
		titles[i] = p.Title
	}
	list := strings.Join(titles, ", ")
	f := FollowUp{Question: list + ": " + h.text, About: slices.Clone(products), Because: why + " is " + list}
	if asksTerms(h.text) {
		f.Question, f.Terms = h.text, true
	}
	return f
}

// goesOn returns the follow-up that h goes on with the words of an earlier
// question.
func (h *heard) goesOn(with, why string) FollowUp {
	with = strings.TrimRight(strings.TrimSpace(with), "?!. ")
	return FollowUp{Question: h.text + " " + with, Because: why + " goes on with the question before"}
}

// choice takes up "the first one", "the cheaper one", "the red one": one of
// those that were shown.
func (t thread) choice(h *heard) (FollowUp, bool) {
	if len(t.shown) == 0 || h.ownThing() {
		return FollowUp{}, false
	}
	why, pick := h.chosen()
	if pick == nil {
		return FollowUp{}, false
	}
	if picked := pick(t.shown); len(picked) > 0 {
		return h.about(picked[:min(len(picked), maxMeant)], why), true
	}
	return FollowUp{}, false
}

// noun takes up "that jacket": the one that is called so among those that were
// spoken of.
func (t thread) noun(h *heard) (FollowUp, bool) {
	for i, w := range h.words[:len(h.words)-1] {
		if !definite(w.word) {
			continue
		}
		next := h.words[i+1]
		if glue(next.word) || attributeWord(next.word) {
			continue
		}
		called := func(all []Shown) []Shown {
			var out []Shown
			for _, s := range all {
				if slices.Contains(Tokens(s.Title), Tokens(next.word)[0]) {
					out = append(out, s)
				}
			}
			return out
		}
		all := called(t.named)
		if len(all) == 0 {
			all = called(t.shown)
		}
		if len(all) > 0 && !h.ownThingBut(next.span) {
			return h.about(all[:min(len(all), maxMeant)], quote(w.word+" "+next.word)), true
		}
	}
	return FollowUp{}, false
}

// which takes up "which one is cheaper?", which chooses among what was spoken of,
// and "which is lighter?", which is about all of it.
func (t thread) which(h *heard) (FollowUp, bool) {
	all := t.shown
	if len(t.named) > 1 {
		all = t.named
	}
	rest := h.compared()
	if len(all) < 2 || rest == "" {
		return FollowUp{}, false
	}
	why := quote("which is " + rest)
	_, order := h.comparative()
	if order == CheapestFirst || order == DearestFirst {
		picked := byPrice(all, order == DearestFirst)
		return h.about(picked, why), len(picked) > 0
	}
	return h.about(all[:min(len(all), maxMeant)], why), order != ByRelevance || adjective(rest)
}

// comparison takes up "anything cheaper?": the last question again, below the
// prices that were shown; and "anything lighter?": the last question in that order,
// up to what was shown.
func (t thread) comparison(h *heard) (FollowUp, bool) {
	word, order := h.comparative()
	if word == "" || h.ownThing() || len(h.reading.prices) > 0 {
		return FollowUp{}, false
	}
	base := cmp.Or(t.goods, t.text)
	if len(t.named) > 0 {
		base = kindOf(t.named[0].Title)
	} else {
		base = hear(base, h.reading.vocabulary).without(replaced{price: order == CheapestFirst || order == DearestFirst, sort: true})
	}
	meant := t.meant(true)
	prices := pricesOf(meant)
	var f FollowUp
	bound := order.asked()
	switch {
	case order == DearestFirst && len(prices) > 0:
		bound = "over " + slices.MaxFunc(prices, catalog.Money.Cmp).String()
	case order == CheapestFirst && len(prices) > 0:
		bound = "under " + slices.MinFunc(prices, catalog.Money.Cmp).String()
	case order != CheapestFirst && order != DearestFirst:
		if len(meant) == 0 {
			return FollowUp{}, false
		}
		f.Beyond = slices.Clone(meant)
	}
	f.Question = strings.TrimSpace(base + " " + bound)
	f.Because = quote(word) + " than what was shown: the question before, " + bound
	return f, true
}

// kindOf returns what a thing is called, by the last word of its title.
func kindOf(title string) string {
	words := strings.Fields(title)
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

func pricesOf(shown []Shown) []catalog.Money {
	var out []catalog.Money
	for _, s := range shown {
		if s.Price.IsSet() && (len(out) == 0 || out[0].Currency == s.Price.Currency) {
			out = append(out, s.Price)
		}
	}
	return out
}

// pronoun takes up "is it waterproof?", "how much is shipping for that?", "do
// you have one for kids?".
func (t thread) pronoun(h *heard) (FollowUp, bool) {
	i, p := h.pronoun()
	if p == noPronoun || h.antecedent(i, p) {
		return FollowUp{}, false
	}
	word := quote(h.words[i].word)
	if p == another { // another one of the same kind
		return t.again(h, word), true
	}
	if meant := t.meant(p == several); len(meant) > 0 {
		return h.about(meant, word), true
	}
	return h.goesOn(t.text, word), true
}

// fact takes up "how much?", "which sizes are there?", "in stock?": what only a
// product has, and no product is named.
func (t thread) fact(h *heard) (FollowUp, bool) {
	word := h.factAsked()
	if word == "" || len(t.named) == 0 && len(t.shown) == 0 {
		return FollowUp{}, false
	}
	return h.about(t.meant(false), "what "+quote(word)+" is asked of"), true
}

// ellipsis takes up "and in red?", "size 42?", "and to Austria?": the last
// question, with another wish in the place of the same kind of wish.
func (t thread) ellipsis(h *heard) (FollowUp, bool) {
	if !h.elliptic() {
		return FollowUp{}, false
	}
	return t.again(h, quote(h.text)), true
}

// again returns the last question with what h says in the place of the same
// kind of wish.
func (t thread) again(h *heard, why string) FollowUp {
	r := h.replaces()
	rest := h.wish()
	base := t.text
	switch {
	case len(t.named) > 0 && !r.price && !r.sort && !r.brand && (r.constrains() || !asksTerms(t.text)):
		titles := make([]string, len(t.named))
		for i, p := range t.named {
			titles[i] = p.Title
		}
		list := strings.Join(titles, ", ")
		return FollowUp{Question: list + " " + rest, About: slices.Clone(t.named), Because: why + " goes on about " + list}
	case len(t.named) > 0 && r.constrains(): // a product has its price: others of its kind
		base = kindOf(t.named[0].Title)
	case r.constrains():
		base = hear(cmp.Or(t.goods, t.text), h.reading.vocabulary).without(r)
	default:
		base = hear(base, h.reading.vocabulary).without(r)
	}
	if first, _, _ := strings.Cut(rest, " "); preposition(fold(first)) {
		base = cutPhrase(base, fold(first))
	} else {
		rest = "and " + rest
	}
	f := FollowUp{Question: strings.TrimSpace(base + " " + rest), Because: why + " goes on with the question before"}
	if names := r.String(); names != "" {
		f.Because += ", with another " + names
	}
	return f
}

// cutPhrase returns text without the few words at its end that begin with the
// given preposition: "to Austria".
func cutPhrase(text, with string) string {
	words := strings.Fields(text)
	for i := len(words) - 1; i > 0 && i >= len(words)-3; i-- {
		if fold(words[i]) == with {
			return strings.Join(words[:i], " ")
		}
	}
	return text
}

func quote(s string) string { return `"` + strings.TrimSpace(s) + `"` }
