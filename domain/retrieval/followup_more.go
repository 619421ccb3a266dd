package retrieval

import (
	"slices"
	"strings"
)

// moreAsked are the questions that ask for others than those that were shown,
// whole, as eachWord has them. Whoever says more than that says what he wants.
const moreAsked = "anything else|something else|anything different|something different|what else|what else do you have|what else have you got|what else is there|" +
	"do you have anything else|do you have something else|have you got anything else|have you anything else|got anything else|is there anything else|" +
	"others|any others|any other|any other ones|other ones|are there others|are there any others|do you have others|do you have any others|do you have other ones|" +
	"any more|more|show more|show me more|do you have more|do you have any more|got any more|are there more|are there any more|" +
	"show me others|show me other ones|show me something else|other options|any other options|more options|do you have other options|show me other options|show me more options|" +
	"alternatives|any alternatives|do you have alternatives|are there alternatives|" +
	"noch was|noch etwas|sonst noch was|sonst noch etwas|was noch|was gibt es noch|was habt ihr noch|was haben sie noch|habt ihr noch was|haben sie noch etwas|" +
	"andere|noch andere|gibt es noch andere|gibt es andere|habt ihr andere|habt ihr noch andere|haben sie andere|haben sie noch andere|zeig mir andere|" +
	"mehr|noch mehr|gibt es noch mehr|gibt es mehr|habt ihr noch mehr|habt ihr mehr|haben sie noch mehr|zeig mir mehr|zeigen sie mir mehr|weitere|gibt es weitere|" +
	"etwas anderes|was anderes|habt ihr etwas anderes|alternativen|gibt es alternativen|" +
	"autre chose|d autres|quoi d autre|avez vous autre chose|vous avez autre chose|avez vous d autres modeles|d autres options|d autres modeles|montrez moi d autres|" +
	"algo mas|otra cosa|otros|otras|que mas|que mas tienes|que mas tienen|tienes otros|tienen otros|hay mas|hay otros|mas opciones|otras opciones|" +
	"altro|altri|altre|che altro|cos altro|qualcos altro|avete altro|avete altri|ce ne sono altri|altre opzioni|" +
	"iets anders|nog iets|nog meer|meer|nog andere|wat nog meer|wat heb je nog|wat hebben jullie nog|heb je nog andere|hebben jullie nog andere|zijn er nog andere|meer opties|andere opties"

// asksMore reports whether h asks for others than were shown, and says nothing
// else but "ok" before it and "please" behind it.
func (h *heard) asksMore() bool {
	from, to := h.begin, len(h.words)
	for from < to && wordIn("ok okay hm hmm no nein non nee", h.word(from)) {
		from = max(from+1, h.after(from+1, connectives))
	}
	for to > from && wordIn("please thanks bitte danke", h.word(to-1)) {
		to--
	}
	words := make([]string, 0, to-from)
	for _, w := range h.words[from:to] {
		words = append(words, w.word)
	}
	asked := strings.Join(words, " ")
	for p := range strings.SplitSeq(moreAsked, "|") {
		if p == asked {
			return true
		}
	}
	return false
}

// more takes up "anything else?": the last question again, without what was
// shown for it.
func (t thread) more(h *heard) (FollowUp, bool) {
	if len(t.shown) == 0 || asksTerms(t.text) || !h.asksMore() {
		return FollowUp{}, false
	}
	f := FollowUp{Question: t.text, Because: quote(h.text) + " repeats the question before, without what was shown"}
	if len(t.named) > 0 && len(t.beside) == 0 { // a product was spoken of: others of its kind
		f.Question = kindOf(t.named[0].Title)
	}
	for _, s := range slices.Concat(t.beside, t.named, t.shown) {
		if !slices.ContainsFunc(f.Beside, func(have Shown) bool { return have.Document == s.Document }) {
			f.Beside = append(f.Beside, s)
		}
	}
	return f, true
}
