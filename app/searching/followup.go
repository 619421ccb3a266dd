package searching

import (
	"context"
	"slices"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// WhyAbout is the reason for looking up a product that a question speaks of
// without naming it.
const WhyAbout = "what the question is about"

// aboutPassages is how many passages of such a product are looked for.
const aboutPassages = 8

// understand returns what q asks for after what was said before it, with slips
// read as the shop's words, and which they were. isWord may be nil.
func understand(q Question, words shopWords, common *retrieval.CommonWords, isWord func(string) bool) (retrieval.FollowUp, retrieval.Understanding, []retrieval.Respelled) {
	if q.Plain {
		return retrieval.FollowUp{Question: q.Text}, retrieval.Understanding{Text: q.Text}, nil
	}
	in := languages(q.ShopLocale, q.Locale, retrieval.GuessLanguage(q.Text))
	words.vocabulary = words.vocabulary.For(in...)
	own := languages(q.ShopLocale, q.Locale) // those in which its words are made
	if len(own) == 0 {
		own = in
	}
	right := func(text string) (string, []retrieval.Respelled) {
		return retrieval.Respell(text, words.vocabulary, words.lexicon, func(word string) bool {
			return isWord != nil && isWord(word) || common.Has(word) || words.lexicon.HasForm(word, in...) || words.lexicon.HasCompound(word, own...) || retrieval.InSynonyms(words.synonyms, word, in...)
		})
	}
	text, read := right(q.Text)
	f := retrieval.TakeUp(text, q.Before, words.vocabulary)
	if f.Depends() { // the words of before may have slips, too
		var more []retrieval.Respelled
		f.Question, more = right(f.Question)
		read = append(read, more...)
	}
	u := asked(f, words.vocabulary)
	for i, w := range read {
		u.Because = slices.Insert(u.Because, i, w.String())
	}
	if len(f.About) == 0 && !u.Terms {
		for _, w := range words.lexicon.Refused(f.Question, own...) {
			if !slices.Contains(u.Filter.Without, w) && !slices.Contains(u.Filter.Free, w) && !u.Filter.Speaks(w) {
				u.Filter.Without = append(slices.Clip(u.Filter.Without), w)
				u.Because = append(u.Because, "without "+w)
				u.Text, u.Open = retrieval.WithoutRefused(u.Text, w), retrieval.WithoutRefused(u.Open, w)
			}
		}
	}
	u.Also = retrieval.MergeAlternatives(words.lexicon.SynonymsOf(u.Text, words.synonyms, in...), common.SynonymsOf(u.Text, words.lexicon, in...), words.lexicon.Forms(u.Text, in...), words.lexicon.Compounds(u.Text, common.Has, own...))
	u.Because = append(u.Because, retrieval.AlsoBecause(u.Also)...)
	return f, u, read
}

// asked returns what f asks for. Of a product that was spoken of before nothing
// is filtered, since "no" is an answer, too: all words of the question are
// searched.
func asked(f retrieval.FollowUp, v retrieval.Vocabulary) retrieval.Understanding {
	if len(f.About) == 0 || f.Terms {
		return retrieval.Understand(f.Question, v)
	}
	return retrieval.Understanding{
		Text: f.Question, Open: f.Question, Pages: true,
		Because: []string{"no filter: the question is about what was spoken of before"},
	}
}

// speech returns the language whose small words say nothing in q: its own, as far
// as that shows, or that of its shop or page. It is "" for English, whose small
// words no index has.
func speech(q Question) string {
	language := retrieval.GuessLanguage(q.Text)
	in := languages(q.ShopLocale, q.Locale)
	switch {
	case q.Plain || len(in) == 0 || language == "en":
		return ""
	case language == "" && slices.Contains(in, "en"):
		return ""
	case language == "":
		return in[0]
	}
	return language
}

// languages returns those of locales, each once.
func languages(locales ...string) []string {
	var out []string
	for _, l := range locales {
		if language := retrieval.LanguageOf(l); language != "" && !slices.Contains(out, language) {
			out = append(out, language)
		}
	}
	return out
}

// about returns found with the passages of the products that f is about: in
// the first places or, where the shop's terms are asked for, behind the best of
// those. A product that was not found is looked up by its title and code.
func (s *Service) about(ctx context.Context, sc tenant.Scope, f retrieval.FollowUp, found []retrieval.Passage, at time.Time, r *Findings) ([]retrieval.Passage, error) {
	var products, rest []retrieval.Passage
	about := slices.Clone(f.About)
	place := func(a retrieval.Shown) int { // what answers best of them comes first
		if at := slices.IndexFunc(found, func(p retrieval.Passage) bool { return p.Ref.Document == a.Document }); at >= 0 {
			return at
		}
		return len(found)
	}
	slices.SortStableFunc(about, func(a, b retrieval.Shown) int { return place(a) - place(b) })
	for _, a := range about {
		of := func(p retrieval.Passage) bool { return p.Ref.Document == a.Document }
		before := len(products)
		for _, p := range found {
			if of(p) {
				products = append(products, p)
			}
		}
		if len(products) > before {
			continue
		}
		q := retrieval.Query{Text: a.Title, Limit: max(aboutPassages, len(found)), At: at}
		if a.Code != "" {
			q.Codes = []string{a.Code}
		}
		ps, err := s.search(ctx, sc, q, WhyAbout, r)
		if err != nil {
			return nil, err
		}
		for _, p := range ps {
			if of(p) && len(products)-before < aboutPassages {
				products = append(products, p)
			}
		}
	}
	for _, p := range found {
		if !slices.ContainsFunc(f.About, func(a retrieval.Shown) bool { return a.Document == p.Ref.Document }) {
			rest = append(rest, p)
		}
	}
	first := 0
	if f.Terms {
		first = min(termsFirst, len(rest))
	}
	return slices.Insert(rest, first, products...), nil
}

// termsFirst is how many passages on the shop's terms come before the product
// that they are asked for.
const termsFirst = 2

// shownFirst is how many products an answer is taken to have shown that nobody
// wrote.
const shownFirst = 3

// earlier returns the turns in which these questions were asked as q is, as if
// each answer had shown the first products that are found for it, or the only one
// that the question names.
func (s *Service) earlier(ctx context.Context, q Question, questions []string) ([]retrieval.Earlier, error) {
	var out []retrieval.Earlier
	for _, text := range questions {
		q.Text, q.Before = text, out
		r, err := s.Search(ctx, q)
		if err != nil {
			return nil, err
		}
		e := retrieval.Earlier{Question: text}
		for _, c := range chat.EvidenceOf(r.Chosen(), s.deps.Now()) {
			if c.Card != nil && len(e.Shown) < shownFirst && !slices.ContainsFunc(e.Shown, func(have retrieval.Shown) bool { return have.Document == c.Card.Document }) {
				e.Shown = append(e.Shown, chat.ShownOf(*c.Card))
			}
		}
		out = append(out, e)
	}
	return out, nil
}
